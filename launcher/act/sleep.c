/* The host sleeps for a moment when the guest has ended, where the profile says so: all power is
 * off then, which brings cards back that no reset does. It is a record of the journal that is
 * undone by doing it; written last, so that it is undone first, while vfio-pci has the card still
 * and no driver of the host's can meet it dead.
 *
 * Nobody's host falls asleep for a start that failed, for a recovery long afterwards, or under a
 * machine of somebody else's.
 */
#include "host/sleep.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "bind.h"
#include "sysfs.h"

#define QUICK_MS 5000
#define NO_ALARM "0"
#define SLEEP_MS 60000 /* of those that the computer is awake in */

bool want_sleep(struct keeper *k, struct error **err)
{
	struct change change = {.kind = CHANGE_SLEEP};
	own_free char *reason = sleep_reason(&k->root), *words = NULL;

	if (journal_find(k->journal, CHANGE_SLEEP))
		return true;
	if (!reason)
		return journal_add(k->journal, &change, err);
	words = sleep_refusal(reason);
	error_add(err, ERROR_HOST, "%s", words);
	return false;
}

/* Another keeper's machine may run. */
static bool is_alone(const struct keeper *k)
{
	size_t n;
	struct journal **others = journal_others(k->journal, &n);

	journals_free(others, n);
	return n == 0;
}

static char *set_alarm(struct keeper *k)
{
	own_error struct error *err = NULL;
	own_free char *alarm = NULL;

	keeper_report(k, REPORT_PROGRESS, 0, "echo " SLEEP_ALARM_IN " > " SLEEP_ALARM);
	if (!sysfs_write(&k->root, SLEEP_ALARM, SLEEP_ALARM_IN, QUICK_MS, NULL, &err))
		return xstrdup(error_message(err, 0));
	alarm = root_line(&k->root, SLEEP_ALARM);
	return alarm && *alarm ? NULL : xstrdup("its clock did not take the alarm");
}

/* Without an alarm it would sleep until somebody comes. */
static char *fall_asleep(struct keeper *k)
{
	own_error struct error *err = NULL;
	char *reason = is_alone(k) ? sleep_reason(&k->root)
				   : xstrdup("another machine has devices of this computer's");

	reason = reason ? reason : set_alarm(k);
	if (reason)
		return reason;
	keeper_report(k, REPORT_PROGRESS, 0, "echo mem > " SLEEP_STATE);
	if (!sysfs_write(&k->root, SLEEP_STATE, "mem", SLEEP_MS, NULL, &err))
		reason = xstrdup(error_message(err, 0));
	/* One that has rung is gone by itself. */
	sysfs_write(&k->root, SLEEP_ALARM, NO_ALARM, QUICK_MS, NULL, NULL);
	return reason;
}

/* Once: it is no reason to keep anything from its owner that the computer did not sleep. */
bool undo_sleep(struct keeper *k, const struct change *change, struct error **err)
{
	own_free char *reason = NULL;

	(void)change;
	(void)err;
	if (!k->journal->qemu.pid || k->journal->keeper.pid != getpid())
		return true;
	reason = fall_asleep(k);
	if (reason)
		keeper_report(k, REPORT_PROGRESS, 0,
			      "the computer was not put to sleep (reset = sleep): %s", reason);
	return true;
}
