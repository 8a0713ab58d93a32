/* How a machine that runs is: asked over the tools' monitor, which is free whether or not a
 * supervisor lives.
 */
#ifndef COMMANDS_CONDITION_H
#define COMMANDS_CONDITION_H

#include "common.h"
#include "run/held.h"

/* "running", "paused", ... as QEMU says (QAPI: RunState), or a word of ours when it does not
 * answer. The caller owns it.
 */
char *condition_ask(struct qmp *qmp, struct error **err);

/* How the machine is, in QEMU's word, and what holds its guest. */
struct condition {
	char *state;
	struct held held; /* of no state where nothing does */
};

void condition_free(struct condition *condition);
#define own_condition own_with(condition_free)

struct condition condition_of(const char *dir, const struct run_record *record);

/* Whether the guest waits for the cont of its start. */
bool condition_is_starting(const struct run_record *record, const char *state);

#endif
