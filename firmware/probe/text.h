/*
 * Text and bytes without a C library.
 */
#ifndef PROBE_TEXT_H
#define PROBE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for any text_size() or "bb:dd.f". */
#define TEXT_SHORT 16

size_t text_length(const char *text);
bool text_same(const char *a, const char *b);
bool bytes_same(const void *a, const void *b, size_t length);

/* Length of @text without the NULs and spaces that pad a fixed field of @length bytes. */
size_t text_unpadded(const char *text, size_t length);

/*
 * A printf of %s %c %u %x %% with width, '-', '0', '*', precision for %s, and 'l' for 64 bits.
 * Always ends @to with a NUL, cuts what does not fit, returns the length written.
 */
size_t text_format_list(char *to, size_t size, const char *format, va_list list);
size_t text_format(char *to, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Writes "64 GiB", "1.5 MiB", "36 B"; returns @to. */
const char *text_size(char to[TEXT_SHORT], uint64_t bytes);

/* At most @units of UTF-16 up to a NUL become UTF-8; a lone surrogate becomes '?'. */
void text_from_utf16(char *to, size_t size, const uint16_t *from, size_t units);

/* The CRC-32 of zip and zlib (IEEE 802.3, polynomial 0xEDB88320 reflected). */
uint32_t bytes_crc32(const void *bytes, size_t length);

/* The sum of all bytes modulo 256: zero in every good ACPI table. */
uint8_t bytes_sum(const void *bytes, size_t length);

#endif
