/* See the header. A failed read leaves the span as it was, so that who asked can say where it
 * stood. */
#include "reader.h"

#include <string.h>

#define SEGMENT 4
#define EXT_PREFIX 0x5b

int span_peek(const struct span *s)
{
	return s->at < s->end ? *s->at : -1;
}

int span_opcode(const struct span *s)
{
	if (span_peek(s) != EXT_PREFIX)
		return span_peek(s);
	return span_left(s) >= 2 ? EXT_PREFIX << 8 | s->at[1] : -1;
}

void span_skip_opcode(struct span *s)
{
	s->at += span_peek(s) == EXT_PREFIX ? 2 : 1;
}

bool span_number(struct span *s, unsigned bytes, uint64_t *value)
{
	if (span_left(s) < bytes)
		return false;
	*value = 0;
	for (unsigned i = bytes; i--;)
		*value = *value << 8 | s->at[i];
	s->at += bytes;
	return true;
}

bool span_length(struct span *s, size_t *value)
{
	int first = span_peek(s);
	unsigned more = (unsigned)first >> 6;
	struct span rest = *s;
	uint64_t high;

	if (first < 0)
		return false;
	rest.at++;
	if (!span_number(&rest, more, &high))
		return false;
	*value = more ? (size_t)(high << 4 | ((unsigned)first & 0xf)) : (size_t)first;
	*s = rest;
	return true;
}

bool span_package(struct span *s, struct span *inside)
{
	struct span rest = *s;
	size_t length, itself;

	if (!span_length(&rest, &length))
		return false;
	itself = (size_t)(rest.at - s->at);
	if (length < itself || length > span_left(s))
		return false;
	*inside = (struct span){rest.at, s->at + length};
	s->at += length;
	return true;
}

/* ------------------------------------------------------------------ names */

static bool is_segment(const uint8_t *at)
{
	for (size_t i = 0; i < SEGMENT; i++) {
		bool letter = (at[i] >= 'A' && at[i] <= 'Z') || at[i] == '_';

		if (!letter && (i == 0 || at[i] < '0' || at[i] > '9'))
			return false;
	}
	return true;
}

bool span_at_name(const struct span *s)
{
	int c = span_peek(s);

	return c == '\\' || c == '^' || c == '_' || c == 0x2e || c == 0x2f ||
	       (c >= 'A' && c <= 'Z');
}

/* How many segments follow, by their prefix, which is stepped over; -1: none can. */
static int segment_count(struct span *s)
{
	uint64_t count = 1;

	switch (span_peek(s)) {
	case -1:
		return -1;
	case 0x00: /* NullName */
		s->at++;
		return 0;
	case 0x2e: /* DualNamePrefix */
		s->at++;
		return 2;
	case 0x2f: /* MultiNamePrefix */
		s->at++;
		return span_number(s, 1, &count) && count ? (int)count : -1;
	default:
		return 1;
	}
}

bool span_name(struct span *s, struct buf *out, uint32_t *last)
{
	struct span rest = *s;
	own_buf struct buf text = {0};
	uint32_t segment = 0;
	int count;

	if (span_peek(&rest) == '\\')
		buf_addc(&text, (char)*rest.at++);
	else
		while (span_peek(&rest) == '^')
			buf_addc(&text, (char)*rest.at++);
	count = segment_count(&rest);
	if (count < 0 || span_left(&rest) < (size_t)count * SEGMENT)
		return false;
	for (int i = 0; i < count; i++, rest.at += SEGMENT) {
		size_t len = SEGMENT;

		if (!is_segment(rest.at))
			return false;
		while (len > 1 && rest.at[len - 1] == '_')
			len--;
		if (i)
			buf_addc(&text, '.');
		buf_add(&text, rest.at, len);
		memcpy(&segment, rest.at, SEGMENT);
	}
	buf_add(out, text.data ? text.data : "", text.len);
	if (last)
		*last = segment;
	*s = rest;
	return true;
}
