/* A QMP client over one connected stream socket. The caller polls; nothing waits but
 * qmp_handshake() and qmp_execute(). The protocol is QEMU's docs/interop/qmp-spec.
 *
 *	while (poll(qmp_fd(), qmp_poll_events())) {
 *		qmp_receive();
 *		while (qmp_next(&message) != QMP_NOTHING)
 *			...
 *	}
 */
#ifndef QMP_CLIENT_H
#define QMP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "base/error.h"
#include "base/own.h"

/* The largest message in bytes that a tool takes (query-qmp-schema has 0.2 MiB; HMP's dumps of
 * memory are as large as somebody asks for), and that somebody takes who only asks small questions.
 */
#define QMP_LIMIT_TOOL (80 << 20)
#define QMP_LIMIT_SUPERVISOR (1 << 20)

/* Milliseconds in which a monitor that nobody holds has greeted long ago, on a busy machine too. */
#define QMP_GREETING_MS 5000

/* How many events a waiting function puts aside, and how many bytes of them: the oldest go first.
 */
#define QMP_ASIDE_EVENTS 4096
#define QMP_ASIDE_BYTES (4 << 20)

struct qmp;

enum qmp_kind {
	QMP_NOTHING,  /* nothing more has arrived yet */
	QMP_GREETING, /* data: the greeting's "QMP" object */
	QMP_REPLY,    /* id, data: the value of "return" */
	QMP_FAILURE,  /* id (0: QEMU could not tell which command), name: class, text: desc */
	QMP_EVENT,    /* name, data (may be NULL), seconds, microseconds */
	QMP_GARBAGE, /* text: what it was and why it is none of these; nothing is lost but itself */
	QMP_CLOSED,  /* text: why. Comes once, after all that had arrived before the end */
};

/* All pointers belong to the message; who wants to keep data takes a reference of it. */
struct qmp_message {
	enum qmp_kind kind;
	uint64_t id;
	const char *name;
	const char *text;
	json_object *data;
	int64_t seconds; /* QEMU's wall clock since the epoch, -1 where it had none */
	int64_t microseconds;
	json_object *whole; /* the message as it came */
	char *made;	    /* text, where it is ours */
	bool answer; /* of QMP_GARBAGE: meant as a reply or failure, maybe; to id, 0: to any */
};

/* Frees what a message holds; an empty message holds nothing. */
void qmp_message_clear(struct qmp_message *message);
#define own_qmp_message own_with(qmp_message_clear)

/* Takes over fd; message_limit is in bytes. The descriptor's flags stay as they are. */
struct qmp *qmp_new(int fd, size_t message_limit);
/* Closes the connection; accepts NULL. */
void qmp_free(struct qmp *qmp);

static inline void own_qmp_(struct qmp **qmp)
{
	qmp_free(*qmp);
}
#define own_qmp own_with(own_qmp_)

/* Connects to the monitor at a Unix socket's path without waiting; returns a close-on-exec
 * descriptor that the caller owns, or -1. QEMU greets only when no other client is there.
 */
int qmp_connect(const char *path, struct error **err);

/* What to poll, and for what: POLLIN, and POLLOUT while output waits. The descriptor is -1, which
 * poll(2) passes over, once the connection is closed.
 */
int qmp_fd(const struct qmp *qmp);
short qmp_poll_events(const struct qmp *qmp);

/* Reads what there is now, at most 256 KiB of it, and goes on writing what waits. The end of the
 * connection, also a reset one, is no failure: qmp_next() tells it in its turn. Take everything
 * that qmp_next() has before calling again: unread messages stop the reading when they are as much
 * as one call and the largest message.
 */
bool qmp_receive(struct qmp *qmp, struct error **err);

/* The next message, in the order of arrival; message is overwritten, clear it afterwards. Replies
 * are matched with commands by id alone; one with an id that nobody waits for is garbage.
 */
enum qmp_kind qmp_next(struct qmp *qmp, struct qmp_message *message);

/* The next command carries a copy of this descriptor, as QEMU's getfd wants it; it has to stay open
 * until the command was answered. -1: none does any more.
 */
void qmp_attach_fd(struct qmp *qmp, int fd);

/* Queues a command and writes what can be written at once. Takes over arguments (may be NULL) also
 * on failure; *id (may be NULL) is what the reply will carry. The first command of a connection
 * must be "qmp_capabilities", after QMP_GREETING.
 */
bool qmp_send(struct qmp *qmp, const char *command, json_object *arguments, uint64_t *id,
	      struct error **err);

/* The same out of band: QEMU performs it before what waits (the schema's allow-oob says which
 * commands can). For a connection that negotiated so.
 */
bool qmp_send_oob(struct qmp *qmp, const char *command, json_object *arguments, uint64_t *id,
		  struct error **err);
/* qmp_handshake() is to ask for out-of-band commands, where QEMU offers them. */
void qmp_want_oob(struct qmp *qmp);

/* Before qmp_handshake(): sends what that would send, and a command without arguments behind it,
 * while the greeting is still on its way; *id is the command's, for qmp_collect() after the
 * handshake. QEMU reads what has come once it has greeted.
 */
bool qmp_hasten(struct qmp *qmp, const char *command, uint64_t *id, struct error **err);
/* Waits for the reply to a command that was sent, as qmp_execute() does. */
bool qmp_collect(struct qmp *qmp, const char *command, uint64_t id, int timeout_ms,
		 json_object **ret, struct error **err);

/* True once the reply to "qmp_capabilities" has been seen: QEMU takes commands and sends events. */
bool qmp_ready(const struct qmp *qmp);
/* True once the connection has ended, though messages may still be there to take. */
bool qmp_closed(const struct qmp *qmp);
/* The greeting's "QMP" object (version, capabilities), or NULL before it; valid as long as qmp. */
json_object *qmp_greeting(const struct qmp *qmp);
/* QEMU's version and package from the greeting as one line of JSON, which the caller owns. */
char *qmp_build(const struct qmp *qmp);
/* The other end is a guest agent, which neither greets nor negotiates: it takes commands now. */
void qmp_start_agent(struct qmp *qmp);
/* How many events were dropped because too many came while a function below waited. */
uint64_t qmp_dropped(const struct qmp *qmp);

/* Waits for the greeting and negotiates, in at most timeout_ms (-1: as long as it takes). When
 * also_fd (a pidfd; -1: none) becomes readable first, the wait ends as a failure.
 */
bool qmp_handshake(struct qmp *qmp, int timeout_ms, int also_fd, struct error **err);

/* Sends a command and waits for its reply, at most timeout_ms (-1: as long as it takes). *ret (may
 * be NULL) becomes a reference to the value of "return" that the caller owns. QEMU's refusal
 * becomes the error "QEMU: CLASS: DESC". Messages that come meanwhile are put aside, in order, for
 * qmp_next(). Takes over arguments (may be NULL) also on failure.
 */
bool qmp_execute(struct qmp *qmp, const char *command, json_object *arguments, int timeout_ms,
		 json_object **ret, struct error **err);

/* The same out of band. */
bool qmp_execute_oob(struct qmp *qmp, const char *command, json_object *arguments, int timeout_ms,
		     json_object **ret, struct error **err);

/* The class of the error with which QEMU refused the last qmp_execute() or qmp_handshake()
 * ("GenericError", "CommandNotFound", ...), or NULL if that did not fail so; valid until the next.
 */
const char *qmp_error_class(const struct qmp *qmp);

#endif
