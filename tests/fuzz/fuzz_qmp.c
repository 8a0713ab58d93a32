/* Fuzzes the framing of QMP and the reading of its messages. The first byte says how the rest is
 * split. Besides memory errors this looks for results that depend on the split, for work without
 * end, and for items that break the promises of wire.h.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "qmp/private.h"
#include "qmp/wire.h"

/* Small, so that the bounds are within reach. */
#define LIMIT 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
	if (!promise)
		abort();
}

static void take_object(struct wire_item *item, struct buf *out)
{
	struct qmp_message message;

	must(json_object_is_type(item->object, json_type_object));
	must(item->size >= 2 && item->size <= LIMIT);
	buf_addf(out, "O%zu %s\n", item->size,
		 json_object_to_json_string_ext(item->object, JSON_C_TO_STRING_PLAIN));
	message_read(&message, item->object);
	item->object = NULL;
	must(message.kind != QMP_NOTHING && message.kind != QMP_CLOSED);
	must((message.kind == QMP_GARBAGE) == (message.made != NULL));
	must((message.kind != QMP_FAILURE && message.kind != QMP_EVENT) || message.name);
	must(message.kind != QMP_REPLY || message.id);
	qmp_message_clear(&message);
}

/* Takes what there is; false once the wire has broken. */
static bool take_all(struct wire *wire, struct buf *out)
{
	for (;;) {
		struct wire_item item;
		size_t before = wire_waiting(wire);
		enum wire_kind kind = wire_next(wire, &item);

		must(kind == item.kind);
		if (kind == WIRE_OBJECT)
			take_object(&item, out);
		else if (kind == WIRE_GARBAGE)
			buf_addf(out, "G%zu %s\n", item.size, item.text);
		else if (kind == WIRE_BROKEN)
			buf_addf(out, "B %s\n", item.text);
		wire_item_clear(&item);
		if (kind == WIRE_NOTHING || kind == WIRE_BROKEN) {
			must(wire_waiting(wire) <= LIMIT + 1);
			return kind == WIRE_NOTHING;
		}
		must(wire_waiting(wire) <= before);
	}
}

static void run(const uint8_t *data, size_t size, unsigned seed, struct buf *out)
{
	struct wire *wire = wire_new(LIMIT);
	bool whole = true;

	for (size_t at = 0, n; whole && at < size; at += n) {
		seed = seed * 1103515245 + 12345;
		n = seed ? 1 + (seed >> 16) % 32 : size;
		if (n > size - at)
			n = size - at;
		wire_add(wire, data + at, n);
		whole = take_all(wire, out);
	}
	wire_end(wire);
	if (whole)
		take_all(wire, out);
	must(wire_waiting(wire) == 0);
	wire_free(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf split = {0}, bytes = {0};

	if (size < 1)
		return 0;
	run(data + 1, size - 1, data[0] + 1U, &split);
	run(data + 1, size - 1, data[0] + 1000U, &bytes);
	must(split.len == bytes.len && (!split.len || !memcmp(split.data, bytes.data, split.len)));
	buf_free(&split);
	buf_free(&bytes);
	return 0;
}
