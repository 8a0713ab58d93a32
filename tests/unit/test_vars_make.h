/* Variable stores and certificates, made byte by byte for tests. */
#ifndef TEST_VARS_MAKE_H
#define TEST_VARS_MAKE_H

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "firmware/varstore.h"

#define STORE_LEN 131072U
#define STORE_HEAD 72U
#define VARIABLES_LEN 57344U

static inline void add_le(struct buf *b, uint64_t value, unsigned n)
{
	for (; n; n--, value >>= 8)
		buf_addc(b, (char)(value & 0xff));
}

static inline void add_utf16(struct buf *b, const char *ascii)
{
	do {
		buf_addc(b, *ascii);
		buf_addc(b, 0);
	} while (*ascii++);
}

/* The start of an empty store with authenticated variables, or of the older kind. */
static inline void start_store(struct buf *b, bool is_signed)
{
	static const unsigned char volume[] = {0x8d, 0x2b, 0xf1, 0xff, 0x96, 0x76, 0x8b, 0x4c,
					       0xa9, 0x85, 0x27, 0x47, 0x07, 0x5b, 0x4f, 0x50};
	static const unsigned char kind[2][16] = {{0x16, 0x36, 0xcf, 0xdd, 0x75, 0x32, 0x64, 0x41,
						   0x98, 0xb6, 0xfe, 0x85, 0x70, 0x7f, 0xfe, 0x7d},
						  {0x78, 0x2c, 0xf3, 0xaa, 0x7b, 0x94, 0x9a, 0x43,
						   0xa1, 0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92}};

	add_le(b, 0, 8);
	add_le(b, 0, 8);
	buf_add(b, volume, sizeof(volume));
	add_le(b, STORE_LEN, 8);
	buf_add(b, "_FVH", 4);
	add_le(b, 0x4feff, 4);
	add_le(b, STORE_HEAD, 2);
	add_le(b, 0, 6);
	add_le(b, 0x20000000020, 8);
	add_le(b, 0, 8);
	buf_add(b, kind[is_signed], 16);
	add_le(b, VARIABLES_LEN, 4);
	add_le(b, 0xfe5a, 8);
}

static inline void add_variable(struct buf *b, bool is_signed, unsigned state,
				const struct guid *vendor, const char *name, const void *data,
				size_t size)
{
	add_le(b, 0x55aa, 2);
	add_le(b, state, 2);
	add_le(b, 7, 4);
	for (int i = 0; is_signed && i < 28; i++)
		buf_addc(b, 0);
	add_le(b, 2 * strlen(name) + 2, 4);
	add_le(b, size, 4);
	buf_add(b, vendor->byte, 16);
	add_utf16(b, name);
	buf_add(b, data, size);
	while (b->len % 4)
		buf_addc(b, 0);
}

/* Fills the rest with what erased flash holds. The caller owns the STORE_LEN bytes. */
static inline unsigned char *finish_store(struct buf *b)
{
	while (b->len < STORE_LEN)
		buf_addc(b, (char)0xff);
	return (unsigned char *)buf_steal(b);
}

/* An element of DER around content. */
static inline void add_element(struct buf *b, unsigned tag, const void *content, size_t len)
{
	buf_addc(b, (char)tag);
	if (len > 0xff) {
		buf_addc(b, (char)0x82);
		buf_addc(b, (char)(len >> 8));
	} else if (len > 0x7f) {
		buf_addc(b, (char)0x81);
	}
	buf_addc(b, (char)(len & 0xff));
	buf_add(b, content, len);
}

/* A name with one attribute, 2.5.4.kind. */
static inline void add_name(struct buf *b, unsigned kind, unsigned string_tag, const char *text,
			    size_t len)
{
	own_buf struct buf pair = {0}, set = {0}, all = {0};
	const unsigned char oid[] = {0x06, 3, 0x55, 4, (unsigned char)kind};

	buf_add(&pair, oid, sizeof(oid));
	add_element(&pair, string_tag, text, len);
	add_element(&set, 0x30, pair.data, pair.len);
	add_element(&all, 0x31, set.data, set.len);
	add_element(b, 0x30, all.data, all.len);
}

/* A certificate as far as it is read, with the given subject and end. */
static inline void add_certificate(struct buf *b, const struct buf *subject, unsigned time_tag,
				   const char *end)
{
	own_buf struct buf body = {0}, all = {0}, validity = {0};

	add_element(&body, 0xa0, "\x02\x01\x02", 3);
	add_element(&body, 0x02, "\x61\x08\xd3\xc4", 4);
	add_element(&body, 0x30, "\x06\x01\x2a", 3);
	add_name(&body, 3, 0x0c, "an issuer", 9);
	add_element(&validity, 0x17, "110627212245Z", 13);
	add_element(&validity, time_tag, end, strlen(end));
	add_element(&body, 0x30, validity.data, validity.len);
	buf_add(&body, subject->data, subject->len);
	add_element(&body, 0x30, "a public key, and more", 22);
	add_element(&all, 0x30, body.data, body.len);
	add_element(&all, 0x30, "algorithm", 9);
	add_element(&all, 0x03, "signature", 9);
	add_element(b, 0x30, all.data, all.len);
}

static inline void add_named_certificate(struct buf *b, const char *name, const char *end)
{
	own_buf struct buf subject = {0};

	add_name(&subject, 3, 0x13, name, strlen(name));
	add_certificate(b, &subject, strlen(end) == 15 ? 0x18 : 0x17, end);
}

/* A signature list with n signatures of size bytes each; x509 or SHA-256. */
static inline void add_signatures(struct buf *b, bool x509, const void *data, size_t size, size_t n)
{
	static const unsigned char kind[2][16] = {{0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40,
						   0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28},
						  {0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a,
						   0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72}};

	buf_add(b, kind[x509], 16);
	add_le(b, 28 + n * (16 + size), 4);
	add_le(b, 0, 4);
	add_le(b, 16 + size, 4);
	for (; n; n--) {
		buf_add(b, "an owner's GUID.", 16);
		buf_add(b, data, size);
	}
}

/* A list of one certificate, as each of Microsoft's stands in a list of its own. */
static inline void add_key(struct buf *b, const char *name, const char *end)
{
	own_buf struct buf certificate = {0};

	add_named_certificate(&certificate, name, end);
	add_signatures(b, true, certificate.data, certificate.len, 1);
}

#endif
