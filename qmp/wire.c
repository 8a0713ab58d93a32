/* Theory of operation.
 *
 * Bytes wait in one buffer, data[at..len). wire_next() walks it in one of three states: between
 * messages, inside an object, or skipping garbage. An object begins with "{" and ends where
 * base/json says, so it may be spread over lines (pretty=on) and over any number of reads; no byte
 * is looked at twice, whatever the split.
 *
 * json-c's incremental parser makes the objects, and sees only bytes that vetted() and base/json
 * let through: whole UTF-8 sequences without NUL that are JSON so far. What is no UTF-8 ends a
 * message, and by the protocol 0xFF is meant for just that.
 *
 * After an error the rest of the line is skipped, up to newline or 0xFF: QEMU ends every message
 * with CR LF, and JSON never holds a raw newline inside a string. If the error is a "{" at the
 * start of a line, the message before it was cut short and this one is read.
 *
 * Three bounds hold: the bytes of a message, its nesting, and its weight, an estimate from above of
 * what it costs as json-c objects: "{}," is 3 bytes on the wire and 800 in memory.
 */
#include "wire.h"

#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/own.h"
#include "base/text.h"

/* How much is vetted and parsed at a time. */
#define WINDOW 65536

/* How many first bytes of garbage are shown. */
#define SAMPLE 60

/* Memory per byte of the limit, and what json-c 0.16 on a 64-bit machine takes at most for an
 * object (its table starts with 16 places), a list (32 places) and one more member of either.
 */
#define WEIGHT_LIMIT 32
#define WEIGHT_OBJECT 800
#define WEIGHT_LIST 400
#define WEIGHT_MEMBER 192

enum state { BETWEEN, INSIDE, SKIPPING };

struct wire {
	struct json_tokener *tokener;
	size_t limit;
	char *data;
	size_t at, len, room;
	size_t clean; /* data[at..clean) was vetted */
	enum state state;
	size_t size;		 /* of the present object or garbage, up to at */
	struct json_check check; /* of the present object */
	char first[SAMPLE];
	char last;	 /* the byte before at */
	const char *why; /* it is garbage */
	unsigned run;	 /* pieces of garbage in a row */
	bool ended;
	const char *broken;
};

static struct json_tokener *new_tokener(void)
{
	struct json_tokener *tokener =
		json_tokener_new_ex(WIRE_DEPTH + 2); /* never the one that counts */

	if (!tokener)
		abort();
	return tokener;
}

struct wire *wire_new(size_t limit)
{
	struct wire *wire = xcalloc(1, sizeof(*wire));

	wire->tokener = new_tokener();
	wire->limit = limit;
	return wire;
}

void wire_free(struct wire *wire)
{
	if (!wire)
		return;
	json_tokener_free(wire->tokener);
	free(wire->data);
	free(wire);
}

void wire_add(struct wire *wire, const void *data, size_t len)
{
	if (wire->broken || len == 0)
		return;
	if (wire->at) {
		memmove(wire->data, wire->data + wire->at, wire->len - wire->at);
		wire->len -= wire->at;
		wire->clean -= wire->clean < wire->at ? wire->clean : wire->at;
		wire->at = 0;
	}
	if (wire->len == 0 && wire->room > WINDOW) {
		free(steal(&wire->data)); /* what a flood needed */
		wire->room = 0;
	}
	if (wire->room - wire->len < len) {
		size_t room = wire->len + len;
		char *bigger;

		if (room < 2 * wire->room)
			room = 2 * wire->room;
		bigger = realloc(wire->data, room);
		if (!bigger)
			abort();
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

void wire_item_clear(struct wire_item *item)
{
	json_object_put(item->object);
	free(item->text);
	*item = (struct wire_item){.kind = WIRE_NOTHING};
}

/* Counts n bytes at the present position to the present item. */
static void use(struct wire *wire, size_t n)
{
	const char *p = wire->data + wire->at;

	if (n == 0)
		return;
	if (wire->size < SAMPLE) {
		size_t more = SAMPLE - wire->size;

		memcpy(wire->first + wire->size, p, n < more ? n : more);
	}
	wire->size += n;
	wire->last = p[n - 1];
	wire->at += n;
}

/* The first bytes of the present item for a reader; text_quote() would stop at a NUL. */
static void add_sample(const struct wire *wire, struct buf *out)
{
	size_t len = wire->size < SAMPLE ? wire->size : SAMPLE, at = 0;

	while (len && (wire->first[len - 1] == '\n' || wire->first[len - 1] == '\r'))
		len--;
	while (at < len) {
		own_free char *piece = xstrndup(wire->first + at, len - at);
		own_free char *quoted = text_quote(piece, len);

		buf_adds(out, quoted);
		at += strlen(piece);
		if (at < len)
			buf_adds(out, "\\x00"), at++;
	}
	if (wire->size > SAMPLE)
		buf_adds(out, "...");
}

static enum wire_kind broken(struct wire *wire, struct wire_item *item, const char *why)
{
	if (!wire->broken) {
		free(steal(&wire->data));
		wire->at = wire->len = wire->clean = wire->room = 0;
		json_tokener_free(wire->tokener);
		wire->tokener = new_tokener();
		wire->broken = why;
	}
	item->kind = WIRE_BROKEN;
	item->text = xstrdup(why);
	return item->kind;
}

static enum wire_kind finish_garbage(struct wire *wire, struct wire_item *item)
{
	own_buf struct buf text = {0};

	if (++wire->run >= WIRE_GARBAGE_RUN)
		return broken(wire, item, "so much garbage in a row is no QMP");
	buf_addf(&text, "%s: ", wire->why);
	add_sample(wire, &text);
	item->kind = WIRE_GARBAGE;
	item->size = wire->size;
	item->spoilt = !wire->ended && wire->first[0] == '{';
	item->text = buf_steal(&text);
	wire->state = BETWEEN;
	return item->kind;
}

/* The present object turns out to be garbage; the rest of it is skipped next. */
static void start_garbage(struct wire *wire, const char *why)
{
	json_tokener_reset(wire->tokener);
	wire->why = why;
	wire->state = SKIPPING;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Goes to the start of the next thing; false when there is none. */
static bool seek_start(struct wire *wire)
{
	/* 0xFF between messages separates and is nothing by itself (guest-sync-delimited). */
	while (wire->at < wire->len &&
	       (is_space(wire->data[wire->at]) || wire->data[wire->at] == '\xff'))
		wire->at++;
	if (wire->at == wire->len)
		return false;
	wire->size = 0;
	json_check_start(&wire->check, WIRE_DEPTH);
	if (wire->data[wire->at] == '{')
		wire->state = INSIDE;
	else
		start_garbage(wire, "no JSON object");
	return true;
}

/* Skips to the end of garbage; true when it was found. */
static bool skip(struct wire *wire)
{
	const char *p = wire->data + wire->at;
	size_t n = 0, most = wire->len - wire->at;

	while (n < most && p[n] != '\n' && p[n] != '\xff')
		n++;
	use(wire, n);
	if (n < most && p[n] == '\n')
		use(wire, 1);
	return n < most || wire->ended;
}

/* Whether more bytes could still make a UTF-8 sequence of the n at s, where none is whole. */
static bool maybe_cut(const char *s, size_t n)
{
	unsigned char lead = (unsigned char)s[0];
	size_t need = lead >= 0xf8 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;

	for (size_t i = 1; i < n && i < need; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return false;
	return n < need;
}

static bool is_number_byte(char c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* How many bytes from the present position on are fit for json-c. */
static size_t vetted(struct wire *wire)
{
	if (wire->clean <= wire->at) {
		const char *p = wire->data + wire->at;
		size_t n = wire->len - wire->at;

		n = strnlen(p, n < WINDOW ? n : WINDOW);
		wire->clean = wire->at + text_utf8(p, n);
	}
	return wire->clean - wire->at;
}

/* How many of n vetted bytes to show to json-c now: what may be the start of a number waits for the
 * rest of it, as no message ends with one.
 */
static size_t without_cut_number(struct wire *wire, size_t n)
{
	const char *p = wire->data + wire->at;
	size_t tail = 0;

	if (wire->ended || (wire->clean < wire->len && !is_number_byte(p[n])))
		return n;
	while (tail < n && tail <= JSON_NUMBER_MOST && is_number_byte(p[n - 1 - tail]))
		tail++;
	return tail <= JSON_NUMBER_MOST ? n - tail : n;
}

/* What the present object costs at most as json-c objects. */
static size_t weight(const struct wire *wire)
{
	return wire->check.objects * WEIGHT_OBJECT + wire->check.arrays * WEIGHT_LIST +
	       wire->check.commas * WEIGHT_MEMBER;
}

static void finish_object(struct wire *wire, struct wire_item *item, json_object *object)
{
	/* The parser keeps room for the longest string it saw; a great one should not stay. */
	if (wire->size > WINDOW) {
		json_tokener_free(wire->tokener);
		wire->tokener = new_tokener();
	}
	wire->state = BETWEEN;
	wire->run = 0;
	item->kind = WIRE_OBJECT;
	item->size = wire->size;
	item->object = object;
}

/* No byte can be shown to the parser: none is there, a sequence is cut, or one is not allowed. True
 * if there is something to go on with.
 */
static bool bad_byte(struct wire *wire)
{
	size_t n = wire->len - wire->at;
	bool cut = n == 0 || maybe_cut(wire->data + wire->at, n);

	if (cut && !wire->ended)
		return false;
	start_garbage(wire, cut ? "cut short" : "a byte that is not UTF-8");
	return true;
}

/* Judges what is there and gives the parser what is good; true with *object set when one is whole.
 */
static bool parse(struct wire *wire, size_t n, json_object **object)
{
	const char *p = wire->data + wire->at;
	size_t good = json_check_add(&wire->check, p, n);
	enum json_tokener_error error = json_tokener_continue;

	if (good) {
		*object = json_tokener_parse_ex(wire->tokener, p, (int)good);
		error = json_tokener_get_error(wire->tokener);
	}
	use(wire, good);
	if (wire->check.state == JSON_WHOLE && error == json_tokener_success)
		return true;
	if (wire->check.state == JSON_BAD)
		start_garbage(wire, wire->check.why);
	else if (wire->check.state == JSON_WHOLE || error != json_tokener_continue)
		start_garbage(wire, "json-c cannot read it");
	return false;
}

/* One step inside an object; true when there is an item or nothing more to do now. */
static bool step(struct wire *wire, struct wire_item *item)
{
	size_t n = vetted(wire), left = wire->limit - wire->size;
	json_object *object = NULL;
	bool whole;

	if (n == 0)
		return !bad_byte(wire);
	n = without_cut_number(wire, n);
	if (n == 0 && wire->clean == wire->len)
		return true;
	if (n == 0) { /* the window ends here, the bytes do not */
		wire->clean = wire->at;
		return false;
	}
	if (left == 0) {
		broken(wire, item, "a message is larger than the limit");
		return true;
	}
	whole = parse(wire, n < left ? n : left, &object);
	if (weight(wire) / WEIGHT_LIMIT > wire->limit) {
		json_object_put(object);
		broken(wire, item, "a message needs more memory than the limit");
		return true;
	}
	if (whole)
		finish_object(wire, item, object);
	return whole;
}

/* Whether the garbage up to here ends before a new message: a "{" at the start of a line. */
static bool at_new_message(const struct wire *wire)
{
	return wire->size && wire->last == '\n' && wire->at < wire->len &&
	       wire->data[wire->at] == '{';
}

enum wire_kind wire_next(struct wire *wire, struct wire_item *item)
{
	bool found;

	*item = (struct wire_item){.kind = WIRE_NOTHING};
	for (;;) {
		if (wire->broken)
			return broken(wire, item, wire->broken);
		switch (wire->state) {
		case BETWEEN:
			if (!seek_start(wire))
				return WIRE_NOTHING;
			break;
		case INSIDE:
			if (step(wire, item))
				return item->kind;
			if (wire->state == SKIPPING && at_new_message(wire))
				return finish_garbage(wire, item);
			break;
		case SKIPPING:
			found = skip(wire);
			if (wire->size > wire->limit)
				return broken(wire, item, "so much garbage is no QMP");
			if (found)
				return finish_garbage(wire, item);
			return WIRE_NOTHING;
		}
	}
}
