/* The versions of QEMU's q35 machine. */
#include "base/q35_version.h"
#include "facts.h"

int q35_compare(const char *a, const char *b)
{
	struct q35_version x = {0}, y = {0};

	q35_version_parse(a, &x);
	q35_version_parse(b, &y);
	return q35_version_compare(&x, &y);
}

/* The newest (sign 1) or oldest (-1). */
static const char *outermost_q35(const struct qemu_facts *qemu, int sign)
{
	const struct qemu_names *machines = &qemu->offers[QEMU_MACHINES];
	const char *best = NULL;
	struct q35_version found, outer = {0};

	for (size_t i = 0; i < machines->n; i++) {
		if (!q35_version_parse(machines->name[i], &found) ||
		    (best && q35_version_compare(&found, &outer) * sign <= 0))
			continue;
		best = machines->name[i];
		outer = found;
	}
	return best;
}

const char *qemu_newest_q35(const struct qemu_facts *qemu)
{
	return outermost_q35(qemu, 1);
}

const char *qemu_oldest_q35(const struct qemu_facts *qemu)
{
	return outermost_q35(qemu, -1);
}

enum q35_standing qemu_q35_standing(const struct qemu_facts *qemu, const char *name)
{
	const char *newest = qemu_newest_q35(qemu), *oldest = qemu_oldest_q35(qemu);

	if (qemu_offers(qemu, QEMU_MACHINES, name))
		return qemu_offers(qemu, QEMU_DEPRECATED, name) ? Q35_DEPRECATED : Q35_CURRENT;
	if (newest && q35_compare(name, newest) > 0)
		return Q35_TOO_NEW;
	return oldest && q35_compare(name, oldest) < 0 ? Q35_GONE : Q35_MISSING;
}
