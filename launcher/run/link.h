/* The supervisor's side of the keeper: starting it with the least ceremony that this session
 * allows, asking, and waiting for its answers. What the keeper does is told to the user as it
 * happens.
 */
#ifndef RUN_LINK_H
#define RUN_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "plan/step.h"

struct link {
	int fd; /* -1: no keeper */
	uint32_t id;
	pid_t keeper;
	uint32_t recovered; /* changes of dead keepers that its greeting has given back */
	bool left_alone;    /* somebody wanted us to end while it was busy: it is not asked again */
};

#define LINK_NONE ((struct link){.fd = -1})

/* Starts a keeper by sudo on a terminal, where purpose stands in the question for the password ("to
 * hand over the devices"), else by pkexec, and greets it; forked is one that was
 * forked while we were root (-1: none), and taken over. It works off what dead keepers left first;
 * what of that it could not give back goes into *left, which is no failure. There is no time limit:
 * somebody may be typing a password.
 */
bool link_open(struct link *link, int forked, const char *purpose, struct error **left,
	       struct error **err);

/* Asks for one step; *value (may be NULL) is the keeper's number. */
bool link_intent(struct link *link, const struct intent *intent, uint64_t *value,
		 struct error **err);

/* From now on nothing is given back while the process, our child, lives. */
bool link_watch(struct link *link, pid_t pid, struct error **err);

/* Has a thread of that process, one of a vCPU's, put into the partition of STEP_ISOLATE. */
bool link_isolate(struct link *link, pid_t thread, struct error **err);

/* Has a thread of that process that came into the partition by itself, as a vCPU's thread made it,
 * put where the others are.
 */
bool link_return(struct link *link, pid_t thread, struct error **err);

/* Asks what the other living keepers hold: those of machines that are well become messages of
 * *held, where something is to be done, of *odd (ERROR_LEFT).
 */
bool link_keepers(struct link *link, struct error **held, struct error **odd, struct error **err);

/* Why a keeper that has ended did so, where it had the time to say it: the caller's, NULL where
 * not. Waits for nothing.
 */
char *link_last_words(int fd);

/* Has everything given back and hangs up; fails with ERROR_LEFT and a line for each thing that
 * could not be. To be called in each case once link_open() succeeded; harmless without a keeper.
 */
bool link_close(struct link *link, struct error **err);

#endif
