/* A line that a person or a script gives to `vmlaunch qmp`, made into what is sent. */
#ifndef COMMANDS_REQUEST_H
#define COMMANDS_REQUEST_H

#include "session.h"

struct request {
	char *command;
	json_object *arguments; /* NULL: none */
	bool oob;		/* out of band: before what QEMU has still to do */
};

void request_free(struct request *request);
#define own_request own_with(request_free)

/* What is wrong with a line, and at which of its bytes. */
struct caret {
	size_t at;
	char *text;
};

void caret_free(struct caret *caret);
#define own_caret own_with(caret_free)

/* Reads COMMAND KEY=VALUE..., "!oob" and that, ":" and a command of HMP, or {"execute": ...}. False
 * with *caret; nothing was sent then but questions about QEMU itself.
 */
bool request_parse(struct session *session, const char *text, struct request *request,
		   struct caret *caret);

/* Whether what a command of HMP answered is an error, which QMP does not tell. */
bool request_failed_as_text(const struct request *request, json_object *answer);

/* The answer as it is printed: pretty JSON with a newline behind it, or HMP's text; the caller owns
 * it.
 */
char *request_answer(const struct request *request, json_object *answer);

#endif
