/* run.json in an instance's runtime directory: who runs, and what a supervisor that takes over must
 * know of the start. Processes are named by pid, start time and boot id, so that a number that was
 * given to another one since is never taken for ours.
 */
#ifndef RUN_RECORD_H
#define RUN_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/process.h"
#include "plan/plan.h"

#define RECORD_FORWARDS 256 /* lines of forward = ..., of a record that has an end */

/* A function of the host that the keeper took, and the driver that it is to have again. */
struct run_function {
	char *address; /* "0000:01:00.0" */
	char *driver;  /* "" for none */
};

/* Memory that the machine holds; a file has to be removed afterwards, if it is still the same one.
 */
struct run_file {
	char *path; /* NULL: none */
	uint64_t device, inode;
};

/* The way down, in seconds since the epoch, 0: none. */
struct run_down {
	int64_t since; /* the first order */
	int64_t quits; /* when QEMU is told to quit; 0: whenever the guest is down */
};

/* A guest that its supervisor found held (held.h). */
struct run_held {
	char *state;   /* QAPI: RunState; "" while it runs */
	int64_t since; /* seconds since the epoch */
};

struct run_record {
	char *name;    /* the machine's */
	char *profile; /* its profile's path */
	char *log;     /* QEMU's messages */
	char *boot_id;
	struct process supervisor, qemu, keeper; /* keeper: none where nothing was asked of one */
	int64_t started;			 /* seconds since the epoch */
	struct run_down down;
	struct run_held held;
	struct shutdown_times times;	  /* all 0 where they make no sense */
	bool terminal;			  /* the supervisor's terminal had a port of the guest's */
	struct plan_companion *companion; /* of those that run beside QEMU: when, name, argv, log
					   * and loss */
	struct process
		*beside; /* as many: those of COMPANION_BEFORE; the others are started anew */
	size_t companions;
	struct plan_usb *usb;
	size_t usbs;
	struct run_file shared;
	struct placement placement; /* for a guest that was not let go yet */
	bool let_go; /* the guest was let go once: "prelaunch" is then no start that goes on */
	enum host_sleep sleep; /* what becomes of the guest when the host is to sleep */
	struct plan_idle idle; /* of a guest that nobody uses */
	bool idle_paused;      /* it was paused for that, and has not gone on since */
	struct plan_forward *forward;
	size_t forwards; /* at most RECORD_FORWARDS */
	bool quiet;	 /* its vCPUs were to be isolated, or realtime */
	struct run_function *function;
	size_t functions;
};

void run_record_free(struct run_record *record);
#define own_run_record own_with(run_record_free)

/* Adds a companion, which it takes over, and the process that it is. */
void run_record_add_companion(struct run_record *record, struct plan_companion companion,
			      struct process process);

/* Fills in what the plan knows; who the companions are it does not. */
void run_record_plan(struct run_record *record, const struct plan *plan);

/* Writes dir/run.json, for this boot. */
bool run_record_write(const char *dir, const struct run_record *record, struct error **err);

/* Writes it anew with that way down; where that cannot be done, nobody is told. */
void run_record_tell_down(const char *dir, struct run_down down);

/* Writes it anew with a guest that is held in that state since now, or as long as it stands there
 * already; "" for one that goes on. Likewise.
 */
void run_record_tell_held(const char *dir, const char *state);

/* Writes it anew with whether the guest is paused because nobody uses it, likewise. */
void run_record_tell_idle_paused(const char *dir, bool paused);

/* Writes it anew with the guest let go, likewise. */
void run_record_tell_let_go(const char *dir);

/* Reads dir/run.json; false when there is none that makes sense. */
bool run_record_read(const char *dir, struct run_record *record);

/* Whether the record is of this boot and its QEMU lives. */
bool run_record_alive(const struct run_record *record);

#endif
