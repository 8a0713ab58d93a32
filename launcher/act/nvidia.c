/* Why this driver is different: its remove callback waits for ever while anybody has the GPU open,
 * and from some versions on even after everybody has let go. Unloading fails politely instead. So:
 *
 *   the override comes first     nobody binds the card while its modules leave
 *   services                     nvidia-persistenced and -powerd hold it on nobody's behalf
 *   nvidia_drm                   first, as it uses modeset; a compositor on the card shows here
 *   nvidia_modeset, nvidia_uvm   each uses the core
 *   nvidia                       unloading it detaches the GPU; "in use" means that somebody has it
 * open
 *
 * When the core refuses, what was unloaded before is loaded again (undo_unloaded), or the user's
 * next session has no GPU.
 */
#include <string.h>

#include "base/alloc.h"
#include "bind.h"
#include "modules.h"
#include "services.h"

static const char *const MODULE[] = {"nvidia_drm", "nvidia_modeset", "nvidia_uvm", "nvidia"};

/* Those that hold a GPU. */
static bool pause_services(struct keeper *k, struct error **err)
{
	return pause_service(k, SERVICE_NVIDIA_PERSISTENCED, err) &&
	       pause_service(k, SERVICE_NVIDIA_POWERD, err);
}

static bool unload_one(struct keeper *k, const char *name, struct error **err)
{
	struct worker stuck = WORKER_NONE;
	struct module_users users = {0};
	enum module_removed how;
	bool good;

	keeper_report(k, REPORT_PROGRESS, 0, "rmmod %s", name);
	good = module_unload(name, &how, &stuck, err);
	keeper_keep_stuck(k, &stuck, NULL);
	if (!good)
		return false;
	if (how != MODULE_IN_USE)
		return true;
	if (module_users(&k->root, name, &users, NULL) && users.holders)
		error_add(err, ERROR_HOST, "module %s is in use by module %s", name,
			  users.holder[0]);
	else
		error_add(
			err, ERROR_HOST,
			"module %s is in use: somebody has the GPU open ('vmlaunch devices' as root names them); nothing was unbound",
			name);
	module_users_free(&users);
	return false;
}

bool unload_nvidia(struct keeper *k, struct error **err)
{
	struct change change = {.kind = CHANGE_UNLOADED};

	if (!pause_services(k, err))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(MODULE); i++)
		if (module_is_loaded(&k->root, MODULE[i]))
			change_name(&change, MODULE[i]);
	if (!change.names)
		return true;
	if (!journal_add(k->journal, &change, err))
		return false;
	for (size_t i = 0; i < change.names; i++)
		if (!unload_one(k, change.name[i], err))
			return false;
	return true;
}

/* nvidia_drm looks for GPUs once, when it is loaded: one that is still aimed elsewhere then would
 * stay without a node. The override itself is cleared later.
 */
static void aim_back(struct keeper *k)
{
	for (size_t i = 0; i < k->journal->n; i++) {
		const struct change *change = &k->journal->change[i];
		own_error struct error *unused = NULL;

		if (change->kind == CHANGE_OVERRIDE && strcmp(change->name[1], "nvidia") == 0)
			override_aim_back(k, change, &unused);
	}
}

bool undo_unloaded(struct keeper *k, const struct change *change, struct error **err)
{
	bool whole = true;

	aim_back(k);
	for (size_t i = change->names; i-- > 0;) {
		struct error *problem = NULL;
		char **come = NULL;
		size_t n = 0;

		if (module_is_loaded(&k->root, change->name[i]))
			continue;
		keeper_report(k, REPORT_PROGRESS, 0, "modprobe %s", change->name[i]);
		/* The others are wanted all the same. */
		whole = modules_load(change->name[i], &come, &n, &problem) && whole;
		names_free(come, n);
		error_merge(err, &problem);
	}
	return whole;
}
