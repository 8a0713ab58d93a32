/* UUIDs as 16 bytes in the order in which they are written (RFC 9562), and their text. */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UUID_BYTES 16
#define UUID_TEXT 37 /* with the NUL */

/* The kernel's form, in lower case; returns text. */
char *uuid_format(const uint8_t id[UUID_BYTES], char text[UUID_TEXT]);

/* Reads the whole of that form, in either case; id is untouched on failure. */
bool uuid_parse(const char *s, uint8_t id[UUID_BYTES]);

/* Marks 16 bytes of a digest as a UUID that was made by a rule of our own (version 8). */
void uuid_mark(uint8_t id[UUID_BYTES]);

#endif
