/* Which version of QEMU's q35 machine. A machine must stay the same hardware for its guest's sake:
 * what the profile says, else what is recorded since the first start, else the newest that this
 * QEMU has. A version that this QEMU lacks never becomes another one in silence: it is said why it
 * is missing, and `vmlaunch machine` changes the record on purpose.
 */
#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"
#include "compose.h"

/* What this QEMU makes of a version that is there no more, or not for long; NULL: nothing. */
static char *what_is_wrong(const struct qemu_facts *qemu, enum q35_standing standing)
{
	const char *newest = qemu_newest_q35(qemu), *oldest = qemu_oldest_q35(qemu);

	switch (standing) {
	case Q35_CURRENT:
		break;
	case Q35_DEPRECATED:
		return xasprintf(_("is deprecated in QEMU %s and will be gone in a later one"),
				 qemu->version);
	case Q35_GONE:
		return xasprintf(_("QEMU %s no longer has (its oldest is %s)"), qemu->version,
				 oldest);
	case Q35_MISSING:
		return xasprintf(_("QEMU %s does not have (it offers %s to %s)"), qemu->version,
				 oldest, newest);
	case Q35_TOO_NEW:
		return xasprintf(_("QEMU %s is too old for (its newest is %s)"), qemu->version,
				 newest);
	}
	return NULL;
}

/* How to go on with another version, on purpose. */
static char *way_out(const struct composer *c, enum q35_standing standing, bool recorded)
{
	const char *newest = qemu_newest_q35(&c->facts->qemu);
	own_free char *name = text_word(c->p->vm.name.v);

	if (standing == Q35_TOO_NEW && recorded)
		return xasprintf(
			_("install the newer QEMU again, or go back to older hardware with 'vmlaunch machine %s --raise %s'"),
			name, newest);
	if (standing == Q35_TOO_NEW)
		return xstrdup(_("install a newer QEMU, or give an older version"));
	if (recorded)
		return xasprintf(
			_("'vmlaunch machine %s --raise' makes it %s, which is other hardware to the guest"),
			name, newest);
	return xasprintf(_("give another one, up to %s"), newest);
}

static void judge_version(struct composer *c, const char *machine, bool recorded)
{
	enum q35_standing standing = qemu_q35_standing(&c->facts->qemu, machine);
	own_free char *what = what_is_wrong(&c->facts->qemu, standing);
	own_free char *way = way_out(c, standing, recorded);
	const char *whose =
		recorded ? "this machine's recorded version" : compose_key(c, &c->p->vm.machine.at);

	if (standing == Q35_DEPRECATED)
		compose_note(c, "%s is %s, which %s: %s", whose, machine, what, way);
	else if (what)
		compose_refuse(c, c->p->vm.machine.at, "%s is %s, which %s: %s", whose, machine,
			       what, way);
}

void compose_version(struct composer *c)
{
	const struct machine_version *wanted = &c->p->vm.machine;
	const char *recorded = c->in->recorded_machine;
	const char *newest = qemu_newest_q35(&c->facts->qemu);
	struct q35_version before = {0};

	if (!newest) {
		compose_refuse(c, wanted->at, "%s offers no pc-q35 machine", c->facts->qemu.path);
		return;
	}
	c->machine = wanted->given ? wanted->name : recorded ? recorded : newest;
	if (recorded)
		q35_version_parse(recorded, &before);
	if (wanted->given && recorded && q35_version_compare(&before, &wanted->v) != 0)
		c->machine_why = N_("instead of the one recorded at the first start");
	else if (!wanted->given && recorded)
		c->machine_why = N_("recorded at the first start");
	else if (!wanted->given)
		c->machine_why =
			c->in->ephemeral
				? N_("the newest of this QEMU")
				: N_("the newest of this QEMU; kept from the first start on");
	if (wanted->given || recorded)
		judge_version(c, c->machine, !wanted->given);
}
