/* What the files of the client share, and nobody else sees. */
#ifndef QMP_PRIVATE_H
#define QMP_PRIVATE_H

#include "base/buf.h"
#include "client.h"
#include "wire.h"

/* A command that waits for its reply. */
struct pending {
	uint64_t id;
	bool abandoned; /* whoever sent it has given up: the reply is dropped */
};

/* A message put aside by a function that waits for another one. */
struct aside {
	struct qmp_message message;
	size_t size; /* bytes on the wire */
	struct aside *next;
};

struct qmp {
	int fd;
	struct wire *wire;
	struct buf out; /* from out_at on still to be written */
	size_t out_at;
	bool deaf;    /* the other end reads no more */
	int attached; /* goes along with the next bytes; -1: none */
	bool waits;   /* the socket is one that waits where it is not told otherwise */

	uint64_t last_id;
	struct pending *pending;
	size_t n_pending;
	uint64_t capabilities_id;
	bool ready, wants_oob;
	json_object *greeting;

	struct aside *first, **end; /* messages for qmp_next(), before those on the wire */
	size_t n_aside, aside_bytes;
	uint64_t dropped;

	char *why_closed; /* NULL: it is not */
	bool told_closed;
	char *error_class; /* of the last synchronous command */
};

/* Reads what kind of message an object is; takes the object over. A reply or failure has the id
 * that stands in it, 0 if none.
 */
void message_read(struct qmp_message *message, json_object *whole);
/* Makes garbage of a message, keeping its first bytes and its id; message->answer where it looks
 * like the answer to a command, to that with its id or (0) to any.
 */
void message_reject(struct qmp_message *message, const char *why);

/* qmp_send(), with the command as the value of key. */
bool send_message(struct qmp *qmp, const char *key, const char *command, json_object *arguments,
		  uint64_t *id, struct error **err);

/* qmp_receive(), of who waits for nothing else and for as long as it takes: one call less for each
 * answer than with poll(2).
 */
bool qmp_await(struct qmp *qmp, struct error **err);

/* The next message from the wire alone, with its size there; QMP_NOTHING if none is whole yet. */
enum qmp_kind qmp_arrived(struct qmp *qmp, struct qmp_message *message, size_t *size);
/* Puts a message aside and leaves *message empty. */
void qmp_put_aside(struct qmp *qmp, struct qmp_message *message, size_t size);
/* Whoever waited for the reply to id waits no more. */
void qmp_abandon(struct qmp *qmp, uint64_t id);

#endif
