/* A connection of `vmlaunch qmp` to one monitor, and what is known of the QEMU behind it. */
#ifndef COMMANDS_SESSION_H
#define COMMANDS_SESSION_H

#include <sys/types.h>

#include "command.h"
#include "qmp/client.h"
#include "qmp/schema.h"
#include "qmp/typed.h"

/* How vmlaunch qmp ends, beside 0, ERROR_FAILED (QEMU's error) and ERROR_USAGE (nothing was sent).
 */
#define QMP_NO_CONNECTION ERROR_HOST
#define QMP_LOST ERROR_LEFT

struct session {
	char *name; /* the machine's, or the socket's path */
	char *dir;  /* the machine's runtime directory; NULL for a socket of somebody else's */
	struct qmp *qmp;
	pid_t qemu; /* 0: not known */
	bool agent; /* a guest agent, which has no schema */
	bool read_only;
	bool lines; /* lines will come, which may be out of band: a script's or a person's */
	struct schema *schema;
	bool schema_asked;
	json_object *properties; /* the last answer to device-list-properties, for the driver */
	char *driver;
	int patience;	  /* milliseconds for questions about QEMU itself, other than its schema */
	int64_t deadline; /* milliseconds of the monotonic clock for all that is asked; -1: none */
};

/* Connects to --socket, or to the machine that the first word names; an error otherwise. *words is
 * how many words that took.
 */
bool session_open(struct session *session, const struct arguments *args, size_t *words,
		  struct error **err);
void session_close(struct session *session);
#define own_session own_with(session_close)

/* Begins to talk to a guest's agent: it has neither greeting nor events, and keeps what an earlier
 * client left half said. False with an error where nobody answers within ms milliseconds.
 */
bool session_greet_agent(struct qmp *agent, int ms, struct error **err);

/* The schema of this QEMU, from the cache or asked for now; NULL where there is none. */
const struct schema *session_schema(struct session *session);
/* The answer to device-list-properties, NULL where QEMU has none; it belongs to the session. */
json_object *session_properties(struct session *session, const char *driver);

/* The arguments of a command from n words, typed by the schema; the caller owns them. NULL with
 * *fault, and nothing was sent. Where the schema does not know the command, or there is none:
 * untyped.
 */
json_object *session_arguments(struct session *session, const char *command, char *const *words,
			       size_t n, struct qmp_fault *fault);
/* The same for a command line: the fault becomes the error. */
json_object *session_typed(struct session *session, const char *command, char *const *words,
			   size_t n, struct error **err);

/* Sends a command and waits for what it returns, which the caller owns. An error's kind is the exit
 * status. oob: before what waits.
 */
bool session_execute(struct session *session, const char *command, json_object *arguments, bool oob,
		     json_object **answer, struct error **err);

/* Milliseconds until the deadline, -1 for none. */
int session_left(const struct session *session);

/* A sentence on a command that ends or disturbs the machine, NULL for one that does not. */
const char *session_danger(const char *command, json_object *arguments);
/* False with an error where the session is read only and the command changes something. */
bool session_may(const struct session *session, const char *command, json_object *arguments,
		 struct error **err);

/* The sentence about a command that QEMU does not have. */
char *session_unknown(struct session *session, const char *command);

#endif
