/*
 * The two languages of the report and the channel they leave by.
 */
#ifndef PROBE_OUT_H
#define PROBE_OUT_H

#include <stddef.h>
#include <stdint.h>

/* Finds the channel; until then all output is dropped. */
void out_open(void);

/* Text for people: '\n' ends a line, any other byte outside printable ASCII becomes '?'. */
void people(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * A line for programs: "VMPROBE kind key=value key=value". The formatted value is escaped
 * here and nowhere else, so it may hold any byte.
 */
void line_begin(const char *kind);
void line_value(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));
void line_bytes(const char *key, const void *bytes, size_t length);
void line_hex(const char *key, const void *bytes, size_t length);
void line_end(void);

/* The markers around the lines for programs; they carry no '=' escape. */
void line_marker(const char *marker);

#endif
