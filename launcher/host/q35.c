/* The versions of QEMU's q35 machine. */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "facts.h"

/* Reads "pc-q35-MAJOR.MINOR" and nothing else: a distribution's own ("pc-q35-rhel9.2.0") and
 * "pc-q35-4.0.1" do not count.
 */
bool q35_version(const char *name, uint64_t version[2])
{
	static const char prefix[] = "pc-q35-";
	own_free char *major = NULL;
	const char *dot;

	if (!text_starts(name, prefix))
		return false;
	name += sizeof(prefix) - 1;
	dot = strchr(name, '.');
	if (!dot)
		return false;
	major = xstrndup(name, (size_t)(dot - name));
	return text_u64(major, 10, &version[0]) && text_u64(dot + 1, 10, &version[1]);
}

int q35_compare(const char *a, const char *b)
{
	uint64_t x[2] = {0}, y[2] = {0};

	q35_version(a, x);
	q35_version(b, y);
	for (size_t i = 0; i < 2; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

/* The newest (sign 1) or oldest (-1). */
static const char *outermost(const struct qemu_facts *qemu, int sign)
{
	const struct qemu_names *machines = &qemu->offers[QEMU_MACHINES];
	const char *best = NULL;
	uint64_t version[2];

	for (size_t i = 0; i < machines->n; i++)
		if (q35_version(machines->name[i], version) &&
		    (!best || q35_compare(machines->name[i], best) * sign > 0))
			best = machines->name[i];
	return best;
}

const char *qemu_newest_q35(const struct qemu_facts *qemu)
{
	return outermost(qemu, 1);
}

const char *qemu_oldest_q35(const struct qemu_facts *qemu)
{
	return outermost(qemu, -1);
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
