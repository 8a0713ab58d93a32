/* Terms that have a value, and statements that are written like them. Most are one row of a table:
 * the opcode, what its operands are, and how to say it. The depth is bounded, and no byte is read
 * twice, so the time is bounded by the table's length.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "term.h"
#include "words.h"

/* How much of a string, a buffer and a package is told. */
#define STRING_TOLD 80
#define BYTES_TOLD 16
#define ELEMENTS_TOLD 64

#define OPERANDS_MAX 6

/* Operands: t a term; s what is named, not called; T a target, which may be left out; n a new name;
 * b w d a number of 1, 2, 4 bytes. %0 to %5 is where they are told; targets follow by themselves.
 * ACPI 6.4, 20.2.5.
 */
static const struct form {
	uint16_t op;
	const char *operands, *says;
} forms[] = {
	{0x06, "nn", "%1 is another name of %0"},
	{0x70, "ts", "%1 = %0"},
	{0x71, "s", "RefOf(%0)"},
	{0x72, "ttT", "(%0 + %1)"},
	{0x73, "ttT", "Concatenate(%0, %1)"},
	{0x74, "ttT", "(%0 - %1)"},
	{0x75, "s", "%0++"},
	{0x76, "s", "%0--"},
	{0x77, "ttT", "(%0 * %1)"},
	{0x78, "ttTT", "(remainder and quotient of %0 / %1)"},
	{0x79, "ttT", "(%0 << %1)"},
	{0x7a, "ttT", "(%0 >> %1)"},
	{0x7b, "ttT", "(%0 & %1)"},
	{0x7c, "ttT", "~(%0 & %1)"},
	{0x7d, "ttT", "(%0 | %1)"},
	{0x7e, "ttT", "~(%0 | %1)"},
	{0x7f, "ttT", "(%0 ^ %1)"},
	{0x80, "tT", "~%0"},
	{0x81, "tT", "FindSetLeftBit(%0)"},
	{0x82, "tT", "FindSetRightBit(%0)"},
	{0x83, "t", "DerefOf(%0)"},
	{0x84, "ttT", "ConcatenateResTemplate(%0, %1)"},
	{0x85, "ttT", "(%0 %% %1)"},
	{0x86, "st", "notify %0 of %1"},
	{0x87, "s", "SizeOf(%0)"},
	{0x88, "ttT", "%0[%1]"},
	{0x89, "tbtbtt", "Match(%0, %1, %2, %3, %4, %5)"},
	{0x8a, "ttn", "%2 = the 4 bytes of %0 from byte %1 on"},
	{0x8b, "ttn", "%2 = the 2 bytes of %0 from byte %1 on"},
	{0x8c, "ttn", "%2 = byte %1 of %0"},
	{0x8d, "ttn", "%2 = bit %1 of %0"},
	{0x8e, "s", "ObjectType(%0)"},
	{0x8f, "ttn", "%2 = the 8 bytes of %0 from byte %1 on"},
	{0x90, "tt", "(%0 and %1)"},
	{0x91, "tt", "(%0 or %1)"},
	{0x92, "t", "not %0"},
	{0x93, "tt", "(%0 == %1)"},
	{0x94, "tt", "(%0 > %1)"},
	{0x95, "tt", "(%0 < %1)"},
	{0x96, "tT", "ToBuffer(%0)"},
	{0x97, "tT", "ToDecimalString(%0)"},
	{0x98, "tT", "ToHexString(%0)"},
	{0x99, "tT", "ToInteger(%0)"},
	{0x9c, "ttT", "ToString(%0, %1)"},
	{0x9d, "ts", "%1 = copy of %0"},
	{0x9e, "tttT", "Mid(%0, from %1, %2)"},
	{0x9f, "", "continue"},
	{0xa3, "", "nothing"},
	{0xa4, "t", "return %0"},
	{0xa5, "", "break"},
	{0xcc, "", "breakpoint"},
	{0x5b01, "nb", "mutex %0"},
	{0x5b02, "n", "event %0"},
	{0x5b12, "sT", "CondRefOf(%0)"},
	{0x5b13, "tttn", "%3 = %2 bits of %0 from bit %1 on"},
	{0x5b1f, "tttttt", "LoadTable(%0, %1, %2, %3, %4, %5)"},
	{0x5b20, "ns", "load %0, status to %1"},
	{0x5b21, "t", "wait %0 us"},
	{0x5b22, "t", "sleep %0 ms"},
	{0x5b23, "sw", "Acquire(%0, %1 ms)"},
	{0x5b24, "s", "signal %0"},
	{0x5b25, "st", "Wait(%0, %1 ms)"},
	{0x5b26, "s", "reset %0"},
	{0x5b27, "s", "release %0"},
	{0x5b28, "tT", "FromBCD(%0)"},
	{0x5b29, "tT", "ToBCD(%0)"},
	{0x5b2a, "s", "unload %0"},
	{0x5b30, "", "Revision"},
	{0x5b31, "", "Debug"},
	{0x5b32, "bdt", "fatal error %0, %1, %2"},
	{0x5b33, "", "Timer"},
	{0x5b80, "nbtt", "region %0 in space %1 from %2, %3 bytes"},
	{0x5b88, "nttt", "region %0 is the table %1, %2, %3"},
};

static const struct form *find(int op)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (forms[i].op == op)
			return &forms[i];
	return NULL;
}

/* ------------------------------------------------------------------ data */

bool constant(struct span *s, uint64_t *value)
{
	struct span rest = *s;
	unsigned bytes = 0;

	switch (span_peek(s)) {
	case 0x00:
	case 0x01:
		*value = *s->at++;
		return true;
	case 0xff:
		s->at++;
		*value = UINT64_MAX;
		return true;
	case 0x0a:
		bytes = 1;
		break;
	case 0x0b:
		bytes = 2;
		break;
	case 0x0c:
		bytes = 4;
		break;
	case 0x0e:
		bytes = 8;
		break;
	default:
		return false;
	}
	rest.at++;
	if (!span_number(&rest, bytes, value))
		return false;
	*s = rest;
	return true;
}

void add_integer(struct buf *out, uint64_t value)
{
	if (value == UINT64_MAX)
		buf_adds(out, "all ones");
	else if (value < 10)
		buf_addf(out, "%u", (unsigned)value);
	else
		buf_addf(out, "0x%llX", (unsigned long long)value);
}

static bool string(struct telling *t, struct span *s, struct buf *out)
{
	const uint8_t *begin = s->at + 1;
	const uint8_t *end = memchr(begin, '\0', (size_t)(s->end - begin));
	own_free char *quoted = NULL;

	if (!end)
		return trouble(t, s, "a string without end");
	quoted = text_quote((const char *)begin, STRING_TOLD);
	buf_addf(out, "\"%s\"", quoted);
	s->at = end + 1;
	return true;
}

static void add_uuid(struct buf *out, const uint8_t *b)
{
	own_free char *uuid =
		xasprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			  b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11],
			  b[12], b[13], b[14], b[15]);
	const char *word = acpi_uuid_word(uuid);

	buf_addf(out, "UUID %s", uuid);
	if (word)
		buf_addf(out, " (%s)", word);
}

static bool buffer(struct telling *t, struct span *s, struct buf *out, unsigned depth)
{
	own_buf struct buf size = {0};
	struct span inside;
	uint64_t known;
	bool is_known;

	span_skip_opcode(s);
	if (!span_package(s, &inside))
		return trouble(t, s, "a length that leads too far");
	is_known = constant(&inside, &known);
	if (is_known)
		buf_addf(&size, "%llu", (unsigned long long)known);
	else if (!expression(t, &inside, &size, depth + 1))
		return false;
	if (span_left(&inside) == 16 && strcmp(t->object, "_DSM") == 0) {
		add_uuid(out, inside.at);
		return true;
	}
	buf_addf(out, "buffer of %s byte%s", size.data, is_known && known == 1 ? "" : "s");
	for (size_t i = 0; i < span_left(&inside) && i < BYTES_TOLD; i++)
		buf_addf(out, "%s%02X", i ? " " : ": ", inside.at[i]);
	if (span_left(&inside) > BYTES_TOLD)
		buf_addf(out, " and %zu more", span_left(&inside) - BYTES_TOLD);
	return true;
}

static bool element(struct telling *t, struct span *s, struct buf *out, unsigned depth)
{
	/* A name in a package is a reference, never a call. */
	if (span_at_name(s))
		return span_name(s, out, NULL) || trouble(t, s, "a name that is none");
	return expression(t, s, out, depth);
}

static bool package(struct telling *t, struct span *s, struct buf *out, unsigned depth)
{
	bool variable = span_opcode(s) == 0x13;
	own_buf struct buf rest = {0};
	struct span inside;
	uint64_t count;
	size_t n = 0;

	span_skip_opcode(s);
	if (!span_package(s, &inside))
		return trouble(t, s, "a length that leads too far");
	if (variable ? !expression(t, &inside, &rest, depth + 1) : !span_number(&inside, 1, &count))
		return variable ? false : trouble(t, &inside, "a package without a count");
	buf_adds(out, "{");
	for (; span_left(&inside); n++) {
		struct buf *to = n < ELEMENTS_TOLD ? out : &rest;

		buf_adds(to, n ? ", " : " ");
		if (!element(t, &inside, to, depth + 1))
			return false;
		rest.len = 0;
	}
	if (n > ELEMENTS_TOLD)
		buf_addf(out, " and %zu more", n - ELEMENTS_TOLD);
	buf_adds(out, n ? " }" : "}");
	return true;
}

/* ------------------------------------------------------------------ names and operators */

/* A name that stands for its value: a call, if it is a method's. */
static bool value_of_name(struct telling *t, struct span *s, struct buf *out, unsigned depth)
{
	const struct known *known;
	uint32_t segment;

	if (!span_name(s, out, &segment))
		return trouble(t, s, "a name that is none");
	known = known_find(t, segment);
	if (!known || (!known->args && !known->ambiguous))
		return true;
	if (known->ambiguous)
		return trouble(t, s, "a call of what has several declarations");
	buf_adds(out, "(");
	for (unsigned i = 0; i < known->args; i++) {
		buf_adds(out, i ? ", " : "");
		if (!expression(t, s, out, depth + 1))
			return false;
	}
	buf_adds(out, ")");
	return true;
}

static bool super_name(struct telling *t, struct span *s, struct buf *out, unsigned depth)
{
	if (span_at_name(s))
		return span_name(s, out, NULL) || trouble(t, s, "a name that is none");
	return expression(t, s, out, depth);
}

static bool operand(struct telling *t, struct span *s, char kind, struct buf *out, unsigned depth)
{
	uint64_t value;

	switch (kind) {
	case 't':
		return expression(t, s, out, depth);
	case 's':
		return super_name(t, s, out, depth);
	case 'T':
		if (span_peek(s) != 0)
			return super_name(t, s, out, depth);
		s->at++;
		return true;
	case 'n':
		return span_name(s, out, NULL) || trouble(t, s, "a name that is none");
	default:
		if (!span_number(s, kind == 'b' ? 1 : kind == 'w' ? 2 : 4, &value))
			return trouble(t, s, "the end in the middle of a number");
		add_integer(out, value);
		return true;
	}
}

/* "%1 = %0" with the operands' texts in it, then " -> TARGET" for each target. */
static void say_operator(const struct form *row, const struct buf *text, struct buf *out)
{
	for (const char *c = row->says; *c; c++) {
		const struct buf *operand;

		if (*c != '%') {
			buf_addc(out, *c);
			continue;
		}
		c++;
		if (*c == '%') {
			buf_addc(out, '%');
			continue;
		}
		operand = &text[*c - '0'];
		buf_add(out, operand->data ? operand->data : "", operand->len);
	}
	for (size_t i = 0; row->operands[i]; i++)
		if (row->operands[i] == 'T' && text[i].len)
			buf_addf(out, " -> %s", text[i].data);
}

static bool operation(struct telling *t, struct span *s, struct buf *out, unsigned depth)
{
	const struct form *row = find(span_opcode(s));
	struct buf text[OPERANDS_MAX] = {0};
	bool good = true;

	if (!row)
		return trouble(t, s, "a byte that begins nothing");
	span_skip_opcode(s);
	for (size_t i = 0; good && row->operands[i]; i++)
		good = operand(t, s, row->operands[i], &text[i], depth + 1);
	if (good)
		say_operator(row, text, out);
	for (size_t i = 0; i < OPERANDS_MAX; i++)
		buf_free(&text[i]);
	return good;
}

bool expression(struct telling *t, struct span *s, struct buf *out, unsigned depth)
{
	int op = span_opcode(s);
	uint64_t value;

	if (depth > DEPTH_MAX)
		return trouble(t, s, "terms nested too deep");
	if (op < 0)
		return trouble(t, s, "the end in the middle of a term");
	if (constant(s, &value)) {
		add_integer(out, value);
		return true;
	}
	if (span_at_name(s))
		return value_of_name(t, s, out, depth);
	if ((op >= 0x60 && op <= 0x67) || (op >= 0x68 && op <= 0x6e)) {
		buf_addf(out, "%s%d", op < 0x68 ? "Local" : "Arg",
			 op < 0x68 ? op - 0x60 : op - 0x68);
		s->at++;
		return true;
	}
	switch (op) {
	case 0x0d:
		return string(t, s, out);
	case 0x11:
		return buffer(t, s, out, depth);
	case 0x12:
	case 0x13:
		return package(t, s, out, depth);
	default:
		return operation(t, s, out, depth);
	}
}
