/* ACPI machine language, written from the leaves up: each function returns the bytes of one term
 * and takes over those that it is given, so a table's source reads like ASL:
 *
 *	aml_device("BAT0", aml_list(aml_name("_HID", aml_eisa_id("PNP0C0A")),
 *				    aml_method("_STA", 0, aml_return(aml_int(0x1f)))))
 *
 * Grammar: ACPI 6.4, 20.2; opcodes: 20.3. Numbers and lengths take their
 * smallest form, as iasl writes them. A name that is none, or a term larger than the grammar can
 * say, is a mistake in our source: these functions abort then, and never write past anything. What
 * comes from a user is checked before, with aml_is_segment() and its kin.
 */
#ifndef FIRMWARE_ACPI_AML_H
#define FIRMWARE_ACPI_AML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* ------------------------------------------------------------------ names (20.2.2) */

/* Whether s is one name segment: 1 to 4 of A-Z, 0-9 and _, not beginning with a digit. */
bool aml_is_segment(const char *s);
/* Whether s is a path of at most 255 segments: "\_SB.PCI0.S08", "^^VR00", "\", with short segments
 * allowed.
 */
bool aml_is_path(const char *s);
/* Whether s is printable ASCII: strings hold bytes 01 to 7F (20.2.3), and ours no control
 * characters.
 */
bool aml_is_string(const char *s);

/* A path, each segment filled up with '_' to 4 bytes. */
struct buf aml_path(const char *path);

/* ------------------------------------------------------------------ data (20.2.3) */

/* At most 32 bits: QEMU's DSDT has revision 1, and its revision sets the width of all integers. */
struct buf aml_int(uint32_t value);
struct buf aml_string(const char *s);
/* Buffer (size) {data}: what data does not fill is zero when it is evaluated. */
struct buf aml_buffer(uint32_t size, const void *data, size_t len);
/* Buffer (size) {}: zeros, as many as the term says at run time. */
struct buf aml_zeros(struct buf size);
/* A buffer of the 16 bytes of "01234567-89ab-cdef-0123-456789abcdef" as ToUUID orders them
 * (19.6).
 */
struct buf aml_uuid(const char *uuid);
/* The compressed form of "PNP0C0A": three capital letters, four capital hex digits (19.6, EISAID).
 */
struct buf aml_eisa_id(const char *id);

/* Any number of terms, one behind the other. */
#define aml_list(...)                          \
	aml_list_((struct buf[]){__VA_ARGS__}, \
		  sizeof((struct buf[]){__VA_ARGS__}) / sizeof(struct buf))
/* Package () {...} of at most 255 elements. */
#define aml_package(...)                          \
	aml_package_((struct buf[]){__VA_ARGS__}, \
		     sizeof((struct buf[]){__VA_ARGS__}) / sizeof(struct buf))

/* ------------------------------------------------------------------ objects (20.2.5) */

struct buf aml_scope(const char *path, struct buf body);
struct buf aml_device(const char *name, struct buf body);
struct buf aml_name(const char *name, struct buf value);
/* Not serialized: ours create no names while they run. */
struct buf aml_method(const char *name, unsigned args, struct buf body);

/* ------------------------------------------------------------------ code (20.2.5.3, 20.2.5.4) */

struct buf aml_arg(unsigned n);	  /* 0 to 6 */
struct buf aml_local(unsigned n); /* 0 to 7 */
struct buf aml_return(struct buf value);
struct buf aml_if(struct buf condition, struct buf body);
struct buf aml_store(struct buf value, struct buf target);
struct buf aml_add(struct buf a, struct buf b);
struct buf aml_subtract(struct buf a, struct buf b);
struct buf aml_divide(struct buf a, struct buf b, struct buf remainder, struct buf quotient);
struct buf aml_mid(struct buf source, struct buf index, struct buf length);
struct buf aml_concatenate(struct buf a, struct buf b, struct buf target);
struct buf aml_size_of(struct buf object);
struct buf aml_equal(struct buf a, struct buf b);
struct buf aml_less(struct buf a, struct buf b);
struct buf aml_greater(struct buf a, struct buf b);
/* A call of a method; args are its arguments, aml_list()ed. */
struct buf aml_call(const char *path, struct buf args);

/* What the macros above call. */
struct buf aml_list_(struct buf *term, size_t n);
struct buf aml_package_(struct buf *element, size_t n);

#endif
