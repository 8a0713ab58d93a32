/* Kernel modules: which are there, loading with what they need, removing without force. */
#ifndef ACT_MODULES_H
#define ACT_MODULES_H

#include <stdbool.h>
#include <stddef.h>

#include "act/worker.h"
#include "base/error.h"
#include "base/root.h"

enum module_state {
	MODULE_NOT_THERE, /* or built in with nothing to show in /sys/module */
	MODULE_BUILT_IN,
	MODULE_LOADED, /* also while it is coming or going */
};

/* Names may be written with '-' or '_'. */
enum module_state module_state(const struct root *root, const char *name);
bool module_is_loaded(const struct root *root, const char *name);

/* Who uses a module: the count is of the other modules and of all else (open nodes, bound devices
 * do not count).
 */
struct module_users {
	unsigned count;
	bool permanent; /* it cannot be removed at all */
	char **holder;	/* other modules that need it */
	size_t holders;
};

/* What /proc/modules says; false when the module is not in there. */
bool module_users(const struct root *root, const char *name, struct module_users *users,
		  struct error **err);
void module_users_free(struct module_users *users);

/* The names of all loaded modules in the order of loading; *n says how many. Free with
 * names_free(). A kernel without modules gives none.
 */
char **modules_list(const struct root *root, size_t *n);

/* Those of modules_list() that are not among the n of before, in the order of loading. */
char **modules_since(const struct root *root, char *const *before, size_t before_n, size_t *n);

/* Loads a module and what it needs by modprobe (a minute at most). *new_names (free with
 * names_free()) are the modules that were not there before, in the order of loading, so to be
 * removed from the last to the first; both are set on failure too, as some may have come.
 */
bool modules_load(const char *name, char ***new_names, size_t *n, struct error **err);

enum module_removed { MODULE_REMOVED, MODULE_IN_USE, MODULE_ABSENT };

/* Removes a module if nothing uses it, by delete_module(2) with O_NONBLOCK. False when that failed
 * for another reason than being in use or not there, or took longer than ten seconds: then *stuck
 * (NULL: abandoned) may hold the child.
 */
bool module_unload(const char *name, enum module_removed *how, struct worker *stuck,
		   struct error **err);

#endif
