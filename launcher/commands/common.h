/* What several commands share. */
#ifndef COMMANDS_COMMON_H
#define COMMANDS_COMMON_H

#include "command.h"
#include "plan/plan.h"
#include "run/lock.h"

/* The options by which a command takes a profile. */
#define PROFILE_OPTIONS                                                                     \
	{"set", "SECTION[/NAME].KEY=VALUE", "override a key of the profile", .many = true}, \
	{                                                                                   \
		"variant", "NAME", "apply the profile's [variant NAME]"                     \
	}

/* Everything that a plan is made from, and the plan. */
struct gathered {
	struct profile *profile;
	struct root root;
	struct dirs dirs;
	struct facts facts;
	struct firmware_list firmware;
	char *recorded_machine;
	char **block;
	size_t blocks;
	struct plan *plan;
};

#define GATHERED_NONE ((struct gathered){.root = ROOT_REAL})

/* Reads the profile named by the command's first word, becomes its user, collects facts and
 * composes the plan.
 */
bool gather(struct gathered *g, const struct arguments *args, enum purpose purpose,
	    const char *probe_program, const char *probe_parameters, struct error **err);
void gathered_free(struct gathered *g);
#define own_gathered own_with(gathered_free)

/* The runtime directory of the instance called name, which the caller owns; NULL (ERROR_FAILED)
 * when no such machine runs. *record is then filled.
 */
char *running(const char *name, struct run_record *record, struct error **err);

/* The names of all instances that have a runtime directory; *dir is where they are. */
char **instances(size_t *n, char **dir, struct error **err);

#endif
