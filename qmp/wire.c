/* Theory of operation.
 *
 * QMP is lines: QEMU ends each message with CR LF, and JSON never holds a raw newline inside a
 * string. Bytes wait in one buffer, data[at..len), and nothing is judged before the end of its line
 * is there, so what comes out does not depend on how the bytes were split. A line that is good JSON
 * and not at its end goes on in the next one (pretty=on). A "{" at the start of a line, where the
 * message before it cannot go on, means that that one was cut short.
 *
 * By the protocol 0xFF ends whatever was there, as the end of a line does; JSON cannot go on behind
 * it. What is no message is garbage up to the end of its line.
 *
 * base/json judges each byte once; json-c sees whole messages alone, and only those that were found
 * good. Three bounds hold: the bytes of a message, its nesting, and its weight, an estimate from
 * above of what it costs as json-c objects: "{}," is 3 bytes on the wire and 800 in memory.
 */
#include "wire.h"

#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/own.h"
#include "base/text.h"

/* What the buffer may keep when nothing waits. */
#define ROOM_KEPT 65536

/* How many first bytes of garbage are shown. */
#define SAMPLE 60

/* Memory per byte of the limit, and what json-c 0.16 on a 64-bit machine takes at most for an
 * object (its table starts with 16 places), a list (32 places) and one more member of either.
 */
#define WEIGHT_LIMIT 32
#define WEIGHT_MOST (512UL << 20)
#define WEIGHT_OBJECT 800
#define WEIGHT_LIST 400
#define WEIGHT_MEMBER 192

struct wire {
	size_t limit;
	char *data;
	size_t at, len, room;
	size_t line; /* data[at..line) are the earlier lines of the present message, all good */
	size_t seen; /* data[line..seen) holds no end of a line */
	struct json_check check; /* of the present message, up to line */
	unsigned run;		 /* pieces of garbage in a row */
	bool ended;
	const char *broken;
};

struct wire *wire_new(size_t limit)
{
	struct wire *wire = xcalloc(1, sizeof(*wire));

	wire->limit = limit;
	return wire;
}

void wire_free(struct wire *wire)
{
	if (!wire)
		return;
	free(wire->data);
	free(wire);
}

/* Moves what waits to the start of the buffer. */
static void close_gap(struct wire *wire)
{
	if (!wire->at)
		return;
	memmove(wire->data, wire->data + wire->at, wire->len - wire->at);
	wire->len -= wire->at;
	wire->line -= wire->at;
	wire->seen -= wire->at;
	wire->at = 0;
	if (wire->len == 0 && wire->room > ROOM_KEPT) {
		free(steal(&wire->data)); /* what a flood needed */
		wire->room = 0;
	}
}

void wire_add(struct wire *wire, const void *data, size_t len)
{
	if (wire->broken || len == 0)
		return;
	close_gap(wire);
	if (wire->room - wire->len < len) {
		size_t room = wire->len + len;
		char *bigger;

		if (room < 2 * wire->room)
			room = 2 * wire->room;
		bigger = realloc(wire->data, room);
		if (!bigger)
			no_memory();
		wire->data = bigger;
		wire->room = room;
	}
	memcpy(wire->data + wire->len, data, len);
	wire->len += len;
}

void wire_end(struct wire *wire)
{
	wire->ended = true;
}

size_t wire_waiting(const struct wire *wire)
{
	return wire->len - wire->at;
}

size_t wire_limit(const struct wire *wire)
{
	return wire->limit;
}

void wire_item_clear(struct wire_item *item)
{
	json_object_put(item->object);
	free(item->text);
	*item = (struct wire_item){.kind = WIRE_NOTHING};
}

static enum wire_kind give_up(struct wire *wire, struct wire_item *item, const char *why)
{
	free(steal(&wire->data));
	wire->at = wire->len = wire->line = wire->seen = wire->room = 0;
	wire->broken = why;
	item->kind = WIRE_BROKEN;
	item->text = xstrdup(why);
	return item->kind;
}

/* The present message, or what is none, ends before data[end]. */
static size_t finish_item(struct wire *wire, size_t end)
{
	size_t size = end - wire->at;

	wire->at = wire->line = end;
	wire->seen = wire->seen < end ? end : wire->seen;
	return size;
}

static enum wire_kind finish_garbage(struct wire *wire, struct wire_item *item, const char *why,
				     size_t end)
{
	const char *first = wire->data + wire->at;
	size_t len = end - wire->at;
	own_free char *sample = NULL, *shown = NULL;

	if (++wire->run >= WIRE_GARBAGE_RUN)
		return give_up(wire, item, "so much garbage in a row is no QMP");
	while (len && (first[len - 1] == '\n' || first[len - 1] == '\r'))
		len--;
	sample = xstrndup(first, len > SAMPLE ? SAMPLE + 1 : len);
	shown = text_quote(sample, SAMPLE);
	item->kind = WIRE_GARBAGE;
	item->text = xasprintf("%s: %s", why, shown);
	item->spoilt = !wire->ended && *first == '{';
	item->size = finish_item(wire, end);
	return item->kind;
}

static enum wire_kind finish_object(struct wire *wire, struct wire_item *item, size_t end,
				    size_t line_end)
{
	const char *p = wire->data + wire->at;
	size_t size = end - wire->at;

	if (size > wire->limit)
		return give_up(wire, item, "a message is larger than the limit");
	if (text_utf8(p, size) < size)
		return finish_garbage(wire, item, "a byte that is not UTF-8", line_end);
	if (!json_make(p, size, WIRE_DEPTH, &item->object))
		return finish_garbage(wire, item, "json-c cannot read it", line_end);
	wire->run = 0;
	item->kind = WIRE_OBJECT;
	item->size = finish_item(wire, end);
	return item->kind;
}

/* What the present message costs at most as json-c objects. */
static size_t weigh_message(const struct wire *wire)
{
	return wire->check.objects * WEIGHT_OBJECT + wire->check.arrays * WEIGHT_LIST +
	       wire->check.commas * WEIGHT_MEMBER;
}

/* Judges the present line, which ends before data[end]. WIRE_NOTHING: it goes on in the next. */
static enum wire_kind judge_line(struct wire *wire, struct wire_item *item, size_t end)
{
	bool last = end == wire->len, newline = !last && wire->data[end] == '\n';
	size_t n = end + newline - wire->line, good;

	good = json_check_add(&wire->check, wire->data + wire->line, n);
	if (weigh_message(wire) / WEIGHT_LIMIT > wire->limit || weigh_message(wire) > WEIGHT_MOST)
		return give_up(wire, item, "a message needs more memory than the limit");
	if (wire->check.state == JSON_WHOLE)
		return finish_object(wire, item, wire->line + good, end);
	if (wire->check.state == JSON_BAD && good == 0 && wire->data[wire->line] == '{')
		return finish_garbage(wire, item, wire->check.why, wire->line);
	if (wire->check.state == JSON_BAD)
		return finish_garbage(wire, item, wire->check.why, end);
	if (!newline)
		return finish_garbage(wire, item, last ? "cut short" : "a byte that is not UTF-8",
				      end);
	wire->line = wire->seen = end + 1;
	return WIRE_NOTHING;
}

static bool is_line_end(char c)
{
	return c == '\n' || c == '\xff';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Between messages: goes to the first byte of the next. */
static void start_item(struct wire *wire)
{
	size_t at = wire->at;

	while (at < wire->len && (is_blank(wire->data[at]) || is_line_end(wire->data[at])))
		at++;
	finish_item(wire, at);
	json_check_start(&wire->check, WIRE_DEPTH);
}

enum wire_kind wire_next(struct wire *wire, struct wire_item *item)
{
	*item = (struct wire_item){.kind = WIRE_NOTHING};
	if (wire->broken)
		return give_up(wire, item, wire->broken);
	while (item->kind == WIRE_NOTHING) {
		if (wire->line == wire->at)
			start_item(wire);
		if (wire->at == wire->len)
			break;
		while (wire->seen < wire->len && !is_line_end(wire->data[wire->seen]))
			wire->seen++;
		/* CR is no part of a message, and "\n" is not in sight yet. */
		if (wire->seen - wire->at > wire->limit + 1)
			return give_up(wire, item,
				       wire->data[wire->at] == '{'
					       ? "a message is larger than the limit"
					       : "so much garbage is no QMP");
		if (wire->seen == wire->len && !wire->ended)
			break;
		if (wire->data[wire->at] == '{')
			judge_line(wire, item, wire->seen);
		else
			finish_garbage(wire, item, "no JSON object", wire->seen);
	}
	return item->kind;
}
