/* The modules of VFIO: what a start brings goes when the last machine that uses them has ended. */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "bind.h"
#include "modules.h"

static const char *const VFIO_MODULE[] = {"irqbypass",	 "iommufd",	     "vfio",
					  "vfio_virqfd", "vfio_iommu_type1", "vfio_pci_core",
					  "vfio_pci"};

static bool is_vfio_module(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(VFIO_MODULE); i++)
		if (strcmp(name, VFIO_MODULE[i]) == 0)
			return true;
	return false;
}

/* What another machine's start has brought and this one uses as well stands in both journals:
 * whoever ends last takes it away.
 */
static bool join_loaded(struct keeper *k, struct error **err)
{
	size_t n;
	struct journal **others = journal_others(k->journal, &n);
	bool good = true;

	for (size_t i = 0; i < n && good && !journal_find(k->journal, CHANGE_LOADED); i++) {
		const struct change *theirs = journal_find(others[i], CHANGE_LOADED);

		if (theirs)
			good = journal_add(k->journal, theirs, err);
	}
	journals_free(others, n);
	return good;
}

/* Which modules come with vfio-pci is known only afterwards; before, all that may come and are not
 * here yet are written down. What else came in that moment is not ours. Undoing removes only what
 * nobody uses.
 */
static bool load_module(struct keeper *k, const char *module, const char *sign, struct error **err)
{
	struct change change = {.kind = CHANGE_LOADED};
	char **come = NULL;
	size_t n = 0;
	bool good;

	if (root_exists(&k->root, "%s", sign))
		return join_loaded(k, err);
	for (size_t i = 0; i < ARRAY_SIZE(VFIO_MODULE); i++)
		if (!module_is_loaded(&k->root, VFIO_MODULE[i]))
			change_name(&change, VFIO_MODULE[i]);
	if (!journal_add(k->journal, &change, err))
		return false;
	keeper_report(k, REPORT_PROGRESS, 0, "modprobe %s", module);
	good = modules_load(module, &come, &n, err);
	change.names = 0;
	for (size_t i = 0; i < n; i++)
		if (is_vfio_module(come[i]))
			change_name(&change, come[i]);
	names_free(come, n);
	if (!good || !journal_amend(k->journal, &change, err))
		return false;
	if (root_exists(&k->root, "%s", sign))
		return true;
	error_add(err, ERROR_HOST, "modprobe %s succeeded, but there is no %s", module, sign);
	return false;
}

bool load_vfio(struct keeper *k, struct error **err)
{
	return load_module(k, VFIO, "/sys/bus/pci/drivers/" VFIO, err);
}

bool load_vfio_container(struct keeper *k, struct error **err)
{
	return load_module(k, "vfio_iommu_type1", "/sys/module/vfio_iommu_type1", err);
}

/* A function that is bound but not open does not count as a use of the module: unloading it would
 * take the driver from somebody else's device.
 */
static bool vfio_has_devices(const struct keeper *k)
{
	size_t n;
	char **name = root_list(&k->root, &n, "/sys/bus/pci/drivers/%s", VFIO);
	struct pci_address address;
	bool has = false;

	for (size_t i = 0; i < n; i++)
		has = has || pci_address_parse(name[i], &address);
	names_free(name, n);
	return has;
}

/* One that this journal has moved and not moved back yet. */
static bool has_moved_function(const struct journal *journal)
{
	return journal_find(journal, CHANGE_OVERRIDE) || journal_find(journal, CHANGE_BOUND);
}

bool undo_loaded(struct keeper *k, const struct change *change, struct error **err)
{
	for (size_t i = change->names; i-- > 0;) {
		struct worker stuck = WORKER_NONE;
		enum module_removed how;
		bool good;

		if (!module_is_loaded(&k->root, change->name[i]))
			continue;
		/* In use by then: by what is ours and not back yet, whose own record is told, or
		 * somebody else's now, with all that it needs.
		 */
		if (vfio_has_devices(k))
			return !has_moved_function(k->journal);
		good = module_unload(change->name[i], &how, &stuck, err);
		keeper_keep_stuck(k, &stuck, NULL);
		if (!good)
			return false;
		if (how == MODULE_REMOVED)
			keeper_report(k, REPORT_PROGRESS, 0, "rmmod %s", change->name[i]);
	}
	return true;
}
