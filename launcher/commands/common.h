/* What several commands share. */
#ifndef COMMANDS_COMMON_H
#define COMMANDS_COMMON_H

#include "command.h"
#include "plan/plan.h"
#include "qmp/client.h"
#include "run/lock.h"
#include "run/machine.h"

/* The options by which a command takes a profile. */
#define PROFILE_OPTIONS                                                                     \
	{"set", "SECTION[/NAME].KEY=VALUE", "override a key of the profile", .many = true}, \
	{                                                                                   \
		"variant", "NAME", "apply the profile's [variant NAME]"                     \
	}

#define EPHEMERAL_OPTION                                                                         \
	{                                                                                        \
		"ephemeral", NULL, "throw away what the guest writes to its disks and variables" \
	}

#define SANDBOX_OPTION                                                                    \
	{                                                                                 \
		"sandbox", "enforce|log|off",                                             \
			"Landlock and filters; log, off: for reports of faults (enforce)" \
	}

/* Everything that a plan is made from, and the plan. */
struct gathered {
	struct profile *profile;
	struct root root;
	struct dirs dirs;
	struct facts facts;
	struct firmware_list firmware;
	char *recorded_machine;
	struct plan_file *file;
	size_t files;
	struct image **image;
	size_t images;
	struct plan_store *store;
	size_t stores;
	struct plan_program *program;
	size_t programs;
	struct plan_block *block;
	size_t blocks;
	struct plan_node *node;
	size_t nodes;
	char *glass_release, *glass_owner; /* of struct plan_input */
	struct plan_seat seat;		   /* likewise; input has it as it is here */
	struct plan_input input;
	struct plan *plan;
	int keeper; /* forked while we were root, -1: none */
	struct link
		link; /* to a keeper that has given back what others left; none if nobody had to */
};

#define GATHERED_NONE ((struct gathered){.root = ROOT_REAL, .keeper = -1, .link = LINK_NONE})

/* What a plan is gathered for. */
struct gather_for {
	enum purpose purpose;
	bool acts;	 /* a start will follow: a keeper may be wanted */
	bool no_devices; /* leave out the host's devices */
	bool looks;	 /* nothing is started: what QEMU alone would open need not be there */
	bool places;	 /* likewise, and the plan is only where threads run */
	const char *probe_program, *probe_parameters;
};

/* The machine's version for life, of its state directory, which the caller owns; NULL: there is
 * none that makes sense, and that is told.
 */
char *recorded_version(const char *state_dir);

/* Reads the profile named by the command's first word, becomes its user, collects facts and
 * composes the plan.
 */
bool gather(struct gathered *g, const struct arguments *args, const struct gather_for *what,
	    struct error **err);

/* What of the host may have changed since gather(), read again for a start. */
bool gather_anew(struct gathered *g, struct error **err);

/* Parts of gather(): the machine version of the first start, by the profile's name; and firmware,
 * behind the facts about QEMU.
 */
void gather_record(struct gathered *g);
void gather_firmware(struct gathered *g);

/* Whether all that was looked for so far could be looked at: false (ERROR_HOST) where descriptors
 * or memory were wanting, and something that is there was taken for absent. Asked before anything
 * is made of it.
 */
bool saw_all(struct error **err);

/* Tells a plan's warnings and notes. */
void tell_notes(const struct plan *plan);

/* Tells the plan's notes and runs it; where huge pages that it could do without cannot be had, the
 * plan without them.
 */
bool run_gathered(struct gathered *g, const struct supervise_options *supervise,
		  struct ending *ending, struct error **err);
void gathered_free(struct gathered *g);
#define own_gathered own_with(gathered_free)

/* The runtime directory of the instance called name, which the caller owns; NULL (ERROR_FAILED)
 * when no such machine runs. *record is then filled.
 */
char *running(const char *name, struct run_record *record, struct error **err);

/* The same, whether or not its QEMU lives: what a machine left counts as well. */
char *instance(const char *name, struct run_record *record, struct error **err);

/* The name of the machine that the first word names: it, its profile's path, or how the name of one
 * that runs begins, where it is the only such; without a word, of the only one that runs. The
 * caller owns it; NULL with an error.
 */
char *machine_named(const struct arguments *args, struct error **err);

/* A connected and negotiated client of the instance in dir, or NULL. */
struct qmp *tools_monitor(const char *dir, struct error **err);
/* Milliseconds in which QEMU has answered a small question. */
#define TOOLS_ANSWER_MS 10000

/* Has the guest of the machine called name, whose runtime directory is dir, go on where it is
 * paused or sleeps, and says so: *woken. Where QEMU does not say so, nothing is done.
 */
bool wake_machine(const char *name, const char *dir, bool *woken, struct error **err);

/* The names of all instances that have a runtime directory; *dir is where they are. */
char **instances(size_t *n, char **dir, struct error **err);

#endif
