/* Every term is an opcode, then perhaps a length that counts itself and all that follows, then the
 * operands. Since the operands are there already when a term is made, its length is known, and one
 * pass suffices. The copying this costs is nothing beside reading the files that go in.
 */
#include "aml.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define SEGMENT 4
#define SEGMENTS_MAX 255
#define EXT 0x5b00 /* opcodes behind the ExtOpPrefix */

enum op {
	OP_ZERO = 0x00,
	OP_ONE = 0x01,
	OP_NAME = 0x08,
	OP_BYTE = 0x0a,
	OP_WORD = 0x0b,
	OP_DWORD = 0x0c,
	OP_STRING = 0x0d,
	OP_SCOPE = 0x10,
	OP_BUFFER = 0x11,
	OP_PACKAGE = 0x12,
	OP_METHOD = 0x14,
	OP_DUAL_NAME = 0x2e,
	OP_MULTI_NAME = 0x2f,
	OP_LOCAL0 = 0x60,
	OP_ARG0 = 0x68,
	OP_STORE = 0x70,
	OP_ADD = 0x72,
	OP_CONCATENATE = 0x73,
	OP_SUBTRACT = 0x74,
	OP_DIVIDE = 0x78,
	OP_SIZE_OF = 0x87,
	OP_EQUAL = 0x93,
	OP_GREATER = 0x94,
	OP_LESS = 0x95,
	OP_MID = 0x9e,
	OP_IF = 0xa0,
	OP_RETURN = 0xa4,
	OP_DEVICE = EXT | 0x82,
};

static void must(bool promise)
{
	if (!promise)
		abort();
}

/* ------------------------------------------------------------------ pieces */

static void add_op(struct buf *to, enum op op)
{
	if (op & EXT)
		buf_addc(to, (char)(op >> 8));
	buf_addc(to, (char)op);
}

/* Moves the bytes of a term behind those of another. */
static void take(struct buf *to, struct buf *from)
{
	buf_add(to, from->data ? from->data : "", from->len);
	buf_free(from);
}

static void add_little(struct buf *to, uint32_t value, unsigned bytes)
{
	for (; bytes; bytes--, value >>= 8)
		buf_addc(to, (char)value);
}

/* 20.2.4: up to 63 in one byte; else its two high bits say how many more follow, and its four low
 * ones are the lowest of the value. What is counted includes these bytes.
 */
static void add_length(struct buf *to, size_t content)
{
	size_t value = content + 1;
	unsigned more = 0;

	must(content < 1U << 28);
	if (value > 0x3f)
		for (more = 1; (value = content + 1 + more) >= (size_t)1 << (4 + 8 * more);)
			more++;
	must(more <= 3);
	if (!more) {
		buf_addc(to, (char)value);
		return;
	}
	buf_addc(to, (char)(more << 6 | (value & 0xf)));
	add_little(to, (uint32_t)(value >> 4), more);
}

/* An opcode with a length before its content. */
static struct buf package_term(enum op op, struct buf content)
{
	own_buf struct buf body = content;
	struct buf out = {0};

	add_op(&out, op);
	add_length(&out, body.len);
	take(&out, &body);
	return out;
}

/* An opcode with its operands behind it. */
static struct buf plain_term(enum op op, struct buf operands)
{
	struct buf out = {0};

	add_op(&out, op);
	take(&out, &operands);
	return out;
}

struct buf aml_list_(struct buf *term, size_t n)
{
	struct buf out = {0};

	for (size_t i = 0; i < n; i++)
		take(&out, &term[i]);
	return out;
}

/* ------------------------------------------------------------------ names */

static bool segment_char(char c, bool first)
{
	return (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

static size_t segment_length(const char *s)
{
	size_t len = 0;

	while (len < SEGMENT && segment_char(s[len], len == 0))
		len++;
	return len;
}

bool aml_is_segment(const char *s)
{
	size_t len = segment_length(s);

	return len > 0 && !s[len];
}

/* Moves over the root or parent signs at the start of a path. */
static const char *skip_prefix(const char *s)
{
	return *s == '\\' ? s + 1 : s + strspn(s, "^");
}

bool aml_is_path(const char *path)
{
	const char *s = skip_prefix(path);
	unsigned segments = 0;

	if (!*s)
		return s > path;
	for (;; s++) {
		size_t len = segment_length(s);

		s += len;
		if (len == 0 || ++segments > SEGMENTS_MAX)
			return false;
		if (*s != '.')
			return !*s;
	}
}

static void add_segment(struct buf *to, const char *s)
{
	size_t len = segment_length(s);

	buf_add(to, s, len);
	buf_add(to, "____", SEGMENT - len);
}

struct buf aml_path(const char *path)
{
	const char *s = skip_prefix(path);
	struct buf out = {0};
	unsigned segments = *s ? 1 : 0;

	must(aml_is_path(path));
	buf_add(&out, path, (size_t)(s - path));
	for (const char *dot = strchr(s, '.'); dot; dot = strchr(dot + 1, '.'))
		segments++;
	if (segments == 0) {
		buf_addc(&out, OP_ZERO); /* NullName */
		return out;
	}
	if (segments == 2)
		buf_addc(&out, OP_DUAL_NAME);
	if (segments > 2) {
		buf_addc(&out, OP_MULTI_NAME);
		buf_addc(&out, (char)segments);
	}
	for (; segments; segments--) {
		add_segment(&out, s);
		s += segment_length(s) + 1;
	}
	return out;
}

/* ------------------------------------------------------------------ data */

struct buf aml_int(uint32_t value)
{
	struct buf out = {0};

	if (value <= 1) {
		buf_addc(&out, value ? OP_ONE : OP_ZERO);
	} else if (value <= UINT8_MAX) {
		buf_addc(&out, OP_BYTE);
		add_little(&out, value, 1);
	} else if (value <= UINT16_MAX) {
		buf_addc(&out, OP_WORD);
		add_little(&out, value, 2);
	} else {
		buf_addc(&out, OP_DWORD);
		add_little(&out, value, 4);
	}
	return out;
}

bool aml_is_string(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s >= 0x7f)
			return false;
	return true;
}

struct buf aml_string(const char *s)
{
	struct buf out = {0};

	must(aml_is_string(s));
	buf_addc(&out, OP_STRING);
	buf_add(&out, s, strlen(s) + 1);
	return out;
}

struct buf aml_buffer(uint32_t size, const void *data, size_t len)
{
	struct buf content = aml_int(size);

	must(len <= size);
	buf_add(&content, data, len);
	return package_term(OP_BUFFER, content);
}

struct buf aml_zeros(struct buf size)
{
	return package_term(OP_BUFFER, size);
}

static unsigned hex_digit(char c)
{
	uint64_t value;

	must(text_u64((char[]){c, '\0'}, 16, &value));
	return (unsigned)value;
}

struct buf aml_uuid(const char *uuid)
{
	/* Where in the text each byte stands: the first three groups are little endian. */
	static const uint8_t at[16] = {6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34};
	char bytes[16];

	must(strlen(uuid) == 36);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(hex_digit(uuid[at[i]]) << 4 | hex_digit(uuid[at[i] + 1]));
	return aml_buffer(sizeof(bytes), bytes, sizeof(bytes));
}

/* Five bits a letter, four bits a digit, high byte first; so it is written whatever its value is.
 */
struct buf aml_eisa_id(const char *id)
{
	struct buf out = {0};
	uint32_t value = 0;

	must(strlen(id) == 7);
	for (size_t i = 0; i < 3; i++) {
		must(id[i] >= 'A' && id[i] <= 'Z');
		value = value << 5 | (uint32_t)(id[i] - '@');
	}
	for (size_t i = 3; i < 7; i++)
		value = value << 4 | hex_digit(id[i]);
	buf_addc(&out, OP_DWORD);
	add_little(&out, __builtin_bswap32(value), 4);
	return out;
}

struct buf aml_package_(struct buf *element, size_t n)
{
	struct buf content = {0}, elements = aml_list_(element, n);

	must(n <= UINT8_MAX);
	buf_addc(&content, (char)n);
	take(&content, &elements);
	return package_term(OP_PACKAGE, content);
}

/* ------------------------------------------------------------------ objects */

struct buf aml_scope(const char *path, struct buf body)
{
	return package_term(OP_SCOPE, aml_list(aml_path(path), body));
}

struct buf aml_device(const char *name, struct buf body)
{
	return package_term(OP_DEVICE, aml_list(aml_path(name), body));
}

struct buf aml_name(const char *name, struct buf value)
{
	return plain_term(OP_NAME, aml_list(aml_path(name), value));
}

struct buf aml_method(const char *name, unsigned args, struct buf body)
{
	struct buf content = aml_path(name);

	must(args <= 7);
	buf_addc(&content, (char)args);
	take(&content, &body);
	return package_term(OP_METHOD, content);
}

/* ------------------------------------------------------------------ code */

struct buf aml_arg(unsigned n)
{
	must(n <= 6);
	return plain_term(OP_ARG0 + n, (struct buf){0});
}

struct buf aml_local(unsigned n)
{
	must(n <= 7);
	return plain_term(OP_LOCAL0 + n, (struct buf){0});
}

struct buf aml_return(struct buf value)
{
	return plain_term(OP_RETURN, value);
}

struct buf aml_if(struct buf condition, struct buf body)
{
	return package_term(OP_IF, aml_list(condition, body));
}

struct buf aml_store(struct buf value, struct buf target)
{
	return plain_term(OP_STORE, aml_list(value, target));
}

/* Targets that are not wanted are a NullName, which is the same byte as zero. */
static struct buf no_target(void)
{
	return aml_int(0);
}

struct buf aml_add(struct buf a, struct buf b)
{
	return plain_term(OP_ADD, aml_list(a, b, no_target()));
}

struct buf aml_subtract(struct buf a, struct buf b)
{
	return plain_term(OP_SUBTRACT, aml_list(a, b, no_target()));
}

struct buf aml_divide(struct buf a, struct buf b, struct buf remainder, struct buf quotient)
{
	return plain_term(OP_DIVIDE, aml_list(a, b, remainder, quotient));
}

struct buf aml_mid(struct buf source, struct buf index, struct buf length)
{
	return plain_term(OP_MID, aml_list(source, index, length, no_target()));
}

struct buf aml_concatenate(struct buf a, struct buf b, struct buf target)
{
	return plain_term(OP_CONCATENATE, aml_list(a, b, target));
}

struct buf aml_size_of(struct buf object)
{
	return plain_term(OP_SIZE_OF, object);
}

struct buf aml_equal(struct buf a, struct buf b)
{
	return plain_term(OP_EQUAL, aml_list(a, b));
}

struct buf aml_less(struct buf a, struct buf b)
{
	return plain_term(OP_LESS, aml_list(a, b));
}

struct buf aml_greater(struct buf a, struct buf b)
{
	return plain_term(OP_GREATER, aml_list(a, b));
}

struct buf aml_call(const char *path, struct buf args)
{
	return aml_list(aml_path(path), args);
}
