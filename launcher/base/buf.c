#include "buf.h"

#include <stdint.h>
#include <string.h>

#include "alloc.h"

static void reserve(struct buf *b, size_t more)
{
	size_t need = b->len + more + 1;

	if (need < more)
		abort();
	if (need <= b->room)
		return;
	size_t room = b->room ? b->room : 64;
	while (room < need) {
		if (room > SIZE_MAX / 2)
			abort();
		room *= 2;
	}
	b->data = realloc(b->data, room);
	if (!b->data)
		abort();
	b->room = room;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	reserve(b, len);
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	own_free char *s = NULL;
	va_list args;

	va_start(args, fmt);
	s = xvasprintf(fmt, args);
	va_end(args);
	buf_adds(b, s);
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
