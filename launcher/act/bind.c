/* The order for one function: override first (it detaches nothing and closes the window in which
 * udev would bind the old driver again), then unbind, then probe. Back: the override is aimed at
 * the driver that the function had, and cleared only when that has it again, so that no poller
 * meets a driver in the middle of its start.
 *
 * drivers_probe reports no failure and unbind can block for ever: each write is a worker's, and
 * each is read back.
 */
#include "bind.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "base/tongue.h"
#include "modules.h"
#include "sysfs.h"

#define QUICK_MS 5000	/* for what only waits for locks */
#define UNBIND_MS 10000 /* a driver's remove */
#define PROBE_MS 60000	/* a driver's probe, with firmware to load and a GPU to wake */

/* ------------------------------------------------------------------ looking */

char *driver_of(const struct keeper *k, const struct pci_address *address)
{
	char text[PCI_ADDRESS_SIZE];
	own_free char *link = root_readlink(&k->root, "/sys/bus/pci/devices/%s/driver",
					    pci_address_format(address, text));

	return xstrdup(link ? path_base(link) : "");
}

char *override_of(const struct keeper *k, const struct pci_address *address)
{
	char text[PCI_ADDRESS_SIZE];
	char *value = root_line(&k->root, "/sys/bus/pci/devices/%s/driver_override",
				pci_address_format(address, text));

	/* What an empty one reads as. */
	if (value && strcmp(value, "(null)") == 0)
		*value = '\0';
	return value ? value : xstrdup("");
}

char *power_of(const struct keeper *k, const struct pci_address *address)
{
	char text[PCI_ADDRESS_SIZE];
	char *value = root_line(&k->root, "/sys/bus/pci/devices/%s/power/control",
				pci_address_format(address, text));

	return value ? value : xstrdup("");
}

/* The module that a driver is in; "" for one that is built in or not there. The caller owns it. */
static char *driver_module(const struct keeper *k, const char *driver)
{
	own_free char *link = root_readlink(&k->root, "/sys/bus/pci/drivers/%s/module", driver);

	return xstrdup(*driver && link ? path_base(link) : "");
}

struct reading {
	const struct keeper *k;
	const struct pci_address *address;
};

static int read_override(void *context)
{
	const struct reading *r = context;

	free(override_of(r->k, r->address));
	return 0;
}

/* driver_override is read under the device's lock, which a worker of a keeper that died may hold
 * for as long as somebody has the device open: so a worker of ours goes first.
 */
static bool is_unlocked(struct keeper *k, const struct pci_address *address, struct error **err)
{
	struct reading r = {k, address};
	struct worker stuck = WORKER_NONE;
	char text[PCI_ADDRESS_SIZE];
	enum worker_end end;
	int errnum;

	end = worker_run(read_override, &r, QUICK_MS, &errnum, &stuck);
	if (end == WORKER_DONE)
		return true;
	keeper_keep_stuck(k, &stuck, address);
	/* One that was killed at its deadline had waited as well. */
	if (end == WORKER_FAILED && errnum != ETIMEDOUT) {
		error_errno(err, ERROR_LEFT, errnum, "cannot look at %s",
			    pci_address_format(address, text));
		return false;
	}
	error_add(
		err, ERROR_LEFT,
		"%s waits in the kernel until whoever holds the device lets go; it is given back then",
		pci_address_format(address, text));
	return false;
}

/* ------------------------------------------------------------------ writing */

bool function_write(struct keeper *k, const struct pci_address *address, const char *attribute,
		    const char *value, int deadline_ms, struct error **err)
{
	char text[PCI_ADDRESS_SIZE];
	own_free char *path = xasprintf("/sys/bus/pci/devices/%s/%s",
					pci_address_format(address, text), attribute);
	struct worker stuck = WORKER_NONE;
	bool good;

	keeper_report(k, REPORT_PROGRESS, 0, "echo %s > %s", *value ? value : "''", path);
	good = sysfs_write(&k->root, path, value, deadline_ms, &stuck, err);
	keeper_keep_stuck(k, &stuck, address);
	return good;
}

bool override_set(struct keeper *k, const struct pci_address *address, const char *value,
		  struct error **err)
{
	own_free char *now = NULL;
	char text[PCI_ADDRESS_SIZE];

	if (!function_write(k, address, "driver_override", value, QUICK_MS, err))
		return false;
	now = override_of(k, address);
	if (strcmp(now, value) == 0)
		return true;
	error_add(err, ERROR_HOST, "%s: driver_override is '%s' after '%s' was written",
		  pci_address_format(address, text), now, value);
	return false;
}

/* Written to the file of the driver that is expected: should another one have it by now, the kernel
 * says so (ENODEV) instead of asking that one, which could be NVIDIA's.
 */
bool driver_unbind(struct keeper *k, const struct pci_address *address, const char *expected,
		   struct error **err)
{
	own_free char *before = driver_of(k, address), *path = NULL, *now = NULL;
	char text[PCI_ADDRESS_SIZE];
	struct worker stuck = WORKER_NONE;
	bool good;

	if (!*before)
		return true;
	pci_address_format(address, text);
	if (strcmp(before, expected) != 0 || strcmp(before, "nvidia") == 0) {
		error_add(err, ERROR_HOST, "%s has driver %s by now, which is not asked to let go",
			  text, before);
		return false;
	}
	path = xasprintf("/sys/bus/pci/drivers/%s/unbind", expected);
	keeper_report(k, REPORT_PROGRESS, 0, "echo %s > %s", text, path);
	good = sysfs_write(&k->root, path, text, UNBIND_MS, &stuck, err);
	keeper_keep_stuck(k, &stuck, address);
	if (!good)
		return false;
	now = driver_of(k, address);
	if (strcmp(now, before) != 0)
		return true;
	error_add(err, ERROR_HOST, "%s: %s did not let go", text, before);
	return false;
}

bool driver_probe(struct keeper *k, const struct pci_address *address, const char *driver,
		  struct error **err)
{
	own_free char *now = driver_of(k, address);
	char text[PCI_ADDRESS_SIZE];
	struct worker stuck = WORKER_NONE;
	bool good;

	if (strcmp(now, driver) == 0)
		return true;
	pci_address_format(address, text);
	keeper_report(k, REPORT_PROGRESS, 0, "echo %s > /sys/bus/pci/drivers_probe", text);
	good = sysfs_write(&k->root, "/sys/bus/pci/drivers_probe", text, PROBE_MS, &stuck, err);
	keeper_keep_stuck(k, &stuck, address);
	if (!good)
		return false;
	free(steal(&now));
	now = driver_of(k, address);
	if (strcmp(now, driver) == 0)
		return true;
	error_add(err, ERROR_HOST, "%s: bound to %s and not to %s", text,
		  *now ? now : N_("no driver"), driver);
	return false;
}

/* ------------------------------------------------------------------ there */

/* Whether how the function was before us is written down already: in a record that was another
 * keeper's, whose device did not come back (claim.c).
 */
static bool has_record(const struct journal *journal, enum change_kind kind,
		       const struct pci_address *address)
{
	for (size_t i = 0; i < journal->n; i++)
		if (journal->change[i].kind == kind &&
		    pci_address_compare(&journal->change[i].address, address) == 0)
			return true;
	return false;
}

bool aim_at_vfio(struct keeper *k, const struct pci_function *f, struct error **err)
{
	unsigned long seen = root_shortages();
	own_free char *before = override_of(k, &f->address), *power = power_of(k, &f->address);
	own_free char *module = driver_module(k, f->driver ? f->driver : "");
	struct change change = {.kind = CHANGE_OVERRIDE, .address = f->address};
	const char *const names[] = {before, f->driver ? f->driver : "", power, module};
	char text[PCI_ADDRESS_SIZE];

	if (root_shortages() != seen) {
		error_errno(err, ERROR_HOST, EMFILE, "cannot look at %s",
			    pci_address_format(&f->address, text));
		return false;
	}
	if (has_record(k->journal, CHANGE_OVERRIDE, &f->address))
		return override_set(k, &f->address, VFIO, err);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		own_free char *shown = text_quote(names[i], CHANGE_NAME);

		if (change_name(&change, names[i]))
			continue;
		error_add(err, ERROR_HOST,
			  "%s: '%s' is in the place of a driver's name, and could not be put back",
			  pci_address_format(&f->address, text), shown);
		return false;
	}
	return journal_add(k->journal, &change, err) && override_set(k, &f->address, VFIO, err);
}

bool bind_to_vfio(struct keeper *k, const struct pci_function *f, struct error **err)
{
	struct change change = {.kind = CHANGE_BOUND, .address = f->address};

	change_name(&change, f->driver ? f->driver : "");
	return journal_add(k->journal, &change, err) &&
	       driver_unbind(k, &f->address, change.name[0], err) &&
	       driver_probe(k, &f->address, VFIO, err);
}

/* ------------------------------------------------------------------ and back */

bool undo_bound(struct keeper *k, const struct change *change, struct error **err)
{
	const struct pci_address *address = &change->address;
	const char *old = change->names ? change->name[0] : "";
	own_free char *now = driver_of(k, address), *aim = NULL;
	own_error struct error *unused = NULL;
	char text[PCI_ADDRESS_SIZE];

	if (!is_unlocked(k, address, err))
		return false;
	aim = override_of(k, address);
	if (strcmp(now, VFIO) == 0) {
		function_reset(k, address);
		if (keeper_is_stuck(k, address)) {
			error_add(err, ERROR_LEFT, "the reset is stuck in the kernel");
			return false;
		}
		if (!function_answers(k, address)) {
			error_add(
				err, ERROR_LEFT,
				"%s does not answer any more, no reset has brought it back, and no driver is let near it: put the computer to sleep for a moment (systemctl suspend), or start it anew; 'vmlaunch recover' gives it back then",
				pci_address_format(address, text));
			return false;
		}
		/* Aimed before it is let go, or udev's next look would bring it back to vfio-pci.
		 */
		if ((*old && strcmp(aim, VFIO) == 0 && !override_set(k, address, old, err)) ||
		    !driver_unbind(k, address, VFIO, err))
			return false;
	} else if (*now || !*old) {
		return true;
	} else if (strcmp(aim, VFIO) == 0 && !override_set(k, address, old, err)) {
		return false;
	}
	/* Without its module there is no driver yet; whether it has it in the end is asked when the
	 * override is cleared.
	 */
	if (*old)
		driver_probe(k, address, old, &unused);
	if (!keeper_is_stuck(k, address))
		return true;
	error_add(err, ERROR_LEFT, "%s is stuck in the kernel while it takes its device back", old);
	return false;
}

/* vfio-pci sets it to "auto" and, when it lets go, to "on": a GPU that used to sleep while idle
 * would never again.
 */
static bool power_back(struct keeper *k, const struct pci_address *address, const char *before,
		       struct error **err)
{
	own_free char *now = power_of(k, address);

	return !*before || !*now || strcmp(now, before) == 0 ||
	       function_write(k, address, "power/control", before, QUICK_MS, err);
}

bool override_aim_back(struct keeper *k, const struct change *change, struct error **err)
{
	own_free char *now = NULL;

	if (keeper_is_stuck(k, &change->address) || !is_unlocked(k, &change->address, err))
		return false;
	now = override_of(k, &change->address);
	return strcmp(now, VFIO) != 0 || override_set(k, &change->address, change->name[1], err);
}

/* A driver whose module was removed meanwhile (an update, somebody's hand) comes again once. */
static void load_driver(struct keeper *k, const char *driver, const char *module)
{
	own_error struct error *problem = NULL;
	char **come = NULL;
	size_t n = 0;

	if (!*module || root_exists(&k->root, "/sys/bus/pci/drivers/%s", driver))
		return;
	keeper_report(k, REPORT_PROGRESS, 0, "modprobe %s", module);
	if (!modules_load(module, &come, &n, &problem))
		keeper_report(k, REPORT_PROGRESS, 0, "%s", error_message(problem, 0));
	names_free(come, n);
}

/* The recorded driver is to have its function again. */
static bool give_to_driver(struct keeper *k, const struct change *change, struct error **err)
{
	const struct pci_address *address = &change->address;
	const char *driver = change->name[1], *module = change->names > 3 ? change->name[3] : "";
	own_free char *has = driver_of(k, address);

	if (strcmp(has, driver) == 0)
		return true;
	load_driver(k, driver, module);
	if (override_set(k, address, driver, err) && driver_probe(k, address, driver, err))
		return true;
	error_context(err, "%s did not take its device back ('%s%s%svmlaunch recover' tries again)",
		      driver, *module ? "modprobe " : "", module, *module ? " && " : "");
	return false;
}

bool undo_override(struct keeper *k, const struct change *change, struct error **err)
{
	const struct pci_address *address = &change->address;
	const char *before = change->name[0], *driver = change->name[1], *power = change->name[2];
	own_free char *now = NULL, *has = NULL;
	char text[PCI_ADDRESS_SIZE];

	pci_address_format(address, text);
	if (!root_exists(&k->root, "/sys/bus/pci/devices/%s", text)) {
		/* And what was written to it is gone with it. */
		keeper_report(k, REPORT_PROGRESS, 0, "%s is gone from the bus", text);
		return true;
	}
	if (!is_unlocked(k, address, err))
		return false;
	now = override_of(k, address);
	has = driver_of(k, address);
	/* Told by its other record. */
	if (strcmp(has, VFIO) == 0 && !function_answers(k, address))
		return false;
	/* Somebody else's by now. */
	if (strcmp(now, VFIO) != 0 && strcmp(now, driver) != 0)
		return true;
	if (*driver && !give_to_driver(k, change, err))
		return false;
	if (strcmp(now, before) != 0 && !override_set(k, address, before, err))
		return false;
	return power_back(k, address, power, err);
}

/* Nothing of it is left by now; where it is and whether it is off, its owner would like to know. */
bool undo_claimed(struct keeper *k, const struct change *change, struct error **err)
{
	const struct pci_address *address = &change->address;
	own_free char *driver = driver_of(k, address);
	own_free char *state = NULL, *runtime = NULL, *verdict = NULL;
	char text[PCI_ADDRESS_SIZE];

	(void)err;
	pci_address_format(address, text);
	if (!root_exists(&k->root, "/sys/bus/pci/devices/%s", text))
		return true;
	state = root_line(&k->root, "/sys/bus/pci/devices/%s/power_state", text);
	runtime = root_line(&k->root, "/sys/bus/pci/devices/%s/power/runtime_status", text);
	verdict = verdict_of(k, address);
	keeper_report(k, REPORT_PROGRESS, 0, "%s has %s; power state %s, %s; %s", text,
		      *driver ? driver : N_("no driver"), state ? state : N_("unknown"),
		      runtime ? runtime : N_("unknown"), verdict);
	return true;
}
