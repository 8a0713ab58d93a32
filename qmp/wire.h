/* The framing of QMP: bytes as they come in, whole JSON objects out, one at a time. By QEMU's
 * docs/interop/qmp-spec each message ends with CR LF; it is taken once the LF is there.
 */
#ifndef QMP_WIRE_H
#define QMP_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

/* How deep arrays and objects may nest. QEMU's own reader allows 1024; the deepest thing it sends,
 * a chain of block nodes, stays far below this.
 */
#define WIRE_DEPTH 64

/* So many pieces of garbage in a row, and nobody at the other end speaks QMP. */
#define WIRE_GARBAGE_RUN 64

struct wire;

enum wire_kind {
	WIRE_NOTHING, /* more bytes are needed */
	WIRE_OBJECT,  /* one whole JSON object */
	WIRE_GARBAGE, /* something else, skipped to the next newline or 0xFF */
	WIRE_BROKEN,  /* given up for good: too large a message or too much garbage */
};

struct wire_item {
	enum wire_kind kind;
	size_t size;	     /* bytes that the object or the garbage had on the wire */
	json_object *object; /* of WIRE_OBJECT */
	char *text;	     /* printable: why it is garbage and its first bytes; why broken */
	bool spoilt;	     /* garbage that began as an object */
};

/* A reader for messages of at most limit bytes each; what one message may take as json-c objects is
 * bounded by it too, at 32 times that, and by 512 MiB.
 */
struct wire *wire_new(size_t limit);
/* Accepts NULL. */
void wire_free(struct wire *wire);

/* Takes over a copy of len bytes, split anyhow. The caller bounds what waits, see wire_waiting().
 */
void wire_add(struct wire *wire, const void *data, size_t len);
/* No more bytes will come: what is unfinished becomes garbage. */
void wire_end(struct wire *wire);
/* Bytes that were added and not yet used up. */
size_t wire_waiting(const struct wire *wire);
/* The most bytes of a message. */
size_t wire_limit(const struct wire *wire);

/* The next thing on the wire; item is overwritten, and what it holds is the caller's to clear. Once
 * WIRE_BROKEN, always WIRE_BROKEN.
 */
enum wire_kind wire_next(struct wire *wire, struct wire_item *item);
/* Frees what an item holds. */
void wire_item_clear(struct wire_item *item);

#endif
