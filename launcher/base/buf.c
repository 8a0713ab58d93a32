#include "buf.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"

static void buf_reserve(struct buf *b, size_t more)
{
	size_t need = b->len + more + 1;

	if (need < more)
		no_memory();
	if (need <= b->room)
		return;
	size_t room = b->room ? b->room : 64;
	while (room < need) {
		if (room > SIZE_MAX / 2)
			no_memory();
		room *= 2;
	}
	b->data = realloc(b->data, room);
	if (!b->data)
		no_memory();
	b->room = room;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	buf_reserve(b, len);
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

char *buf_room(struct buf *b, size_t more)
{
	buf_reserve(b, more);
	return b->data + b->len;
}

void buf_filled(struct buf *b, size_t n)
{
	b->len += n;
	b->data[b->len] = '\0';
}

void buf_addc(struct buf *b, char c)
{
	*buf_room(b, 1) = c;
	buf_filled(b, 1);
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	size_t room = b->room - b->len;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(room ? b->data + b->len : NULL, room, fmt, args);
	va_end(args);
	if (n < 0)
		no_memory();
	if ((size_t)n >= room) {
		va_start(args, fmt);
		vsnprintf(buf_room(b, (size_t)n), (size_t)n + 1, fmt, args);
		va_end(args);
	}
	b->len += (size_t)n;
}

char *buf_steal(struct buf *b)
{
	if (!b->data)
		return xstrdup("");
	b->len = b->room = 0;
	return steal(&b->data);
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}
