/* A growing run of bytes, always followed by a NUL that does not count. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "own.h"

struct buf {
	char *data; /* NULL while empty and never written to */
	size_t len;
	size_t room;
};

void buf_add(struct buf *b, const void *data, size_t len);
void buf_addc(struct buf *b, char c);
void buf_adds(struct buf *b, const char *s);
/* Room for more bytes behind what is there, for the caller to fill; buf_filled() says how many of
 * them count then.
 */
char *buf_room(struct buf *b, size_t more);
void buf_filled(struct buf *b, size_t n);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The content as a string that the caller owns; the buffer is empty afterwards. */
char *buf_steal(struct buf *b);
void buf_free(struct buf *b);

#define own_buf own_with(buf_free)

#endif
