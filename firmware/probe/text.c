/*
 * Text and bytes without a C library.
 *
 * The program is freestanding. The compiler may still call memcpy and memset on its own account,
 * so both are here; they are string instructions because a plain loop is what the compiler
 * would turn back into a call of the very function. Weak, since later gnu-efi libraries have
 * their own.
 */
#include "text.h"

void *memcpy(void *to, const void *from, size_t length);
void *memset(void *to, int byte, size_t length);

__attribute__((weak)) void *memcpy(void *to, const void *from, size_t length)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(length) : : "memory");
	return to;
}

__attribute__((weak)) void *memset(void *to, int byte, size_t length)
{
	void *at = to;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(length) : "a"(byte) : "memory");
	return to;
}

size_t text_length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

bool text_same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

bool bytes_same(const void *a, const void *b, size_t length)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < length; i++) {
		if (x[i] != y[i])
			return false;
	}
	return true;
}

size_t text_unpadded(const char *text, size_t length)
{
	while (length && (text[length - 1] == '\0' || text[length - 1] == ' '))
		length--;
	return length;
}

/* Where formatted text goes; counts no further than the room it has. */
struct sink {
	char *to;
	size_t size, length;
};

static void sink_byte(struct sink *sink, char byte)
{
	if (sink->length + 1 < sink->size)
		sink->to[sink->length++] = byte;
}

/* One conversion: "%-08lx" and the like. */
struct conversion {
	bool left, zero, wide;
	int width, precision; /* precision -1: none */
};

static void sink_padded(struct sink *sink, const struct conversion *c, const char *text,
			size_t length)
{
	size_t width = c->width > 0 ? (size_t)c->width : 0;
	size_t padding = width > length ? width - length : 0;

	for (size_t i = 0; !c->left && i < padding; i++)
		sink_byte(sink, c->zero ? '0' : ' ');
	for (size_t i = 0; i < length; i++)
		sink_byte(sink, text[i]);
	for (size_t i = 0; c->left && i < padding; i++)
		sink_byte(sink, ' ');
}

static void sink_number(struct sink *sink, const struct conversion *c, uint64_t value,
			unsigned int base)
{
	char digits[20]; /* 2^64 has 20 decimal digits */
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	sink_padded(sink, c, digits + at, sizeof(digits) - at);
}

static void sink_string(struct sink *sink, const struct conversion *c, const char *text)
{
	size_t length = 0;

	while ((c->precision < 0 || length < (size_t)c->precision) && text[length])
		length++;
	sink_padded(sink, c, text, length);
}

/* Reads digits at *@at, or takes @star's value for '*'. */
static int read_number(const char **at, int star)
{
	int value = 0;

	if (**at == '*') {
		(*at)++;
		return star;
	}
	while (**at >= '0' && **at <= '9')
		value = value * 10 + *(*at)++ - '0';
	return value;
}

size_t text_format_list(char *to, size_t size, const char *format, va_list list)
{
	struct sink sink = {to, size, 0};

	for (const char *at = format; *at; at++) {
		struct conversion c = {.precision = -1};
		char one;

		if (*at != '%') {
			sink_byte(&sink, *at);
			continue;
		}
		for (at++; *at == '-' || *at == '0'; at++) {
			c.left |= *at == '-';
			c.zero |= *at == '0';
		}
		c.width = read_number(&at, *at == '*' ? va_arg(list, int) : 0);
		if (*at == '.') {
			at++;
			c.precision = read_number(&at, *at == '*' ? va_arg(list, int) : 0);
		}
		for (; *at == 'l'; at++)
			c.wide = true;
		switch (*at) {
		case 's':
			sink_string(&sink, &c, va_arg(list, const char *));
			break;
		case 'c':
			one = (char)va_arg(list, int);
			sink_padded(&sink, &c, &one, 1);
			break;
		case 'u':
		case 'x':
			sink_number(&sink, &c,
				    c.wide ? va_arg(list, uint64_t) : va_arg(list, unsigned int),
				    *at == 'u' ? 10 : 16);
			break;
		default:
			sink_byte(&sink, '%');
			break;
		}
		if (!*at)
			break;
	}
	if (size)
		to[sink.length] = '\0';
	return sink.length;
}

size_t text_format(char *to, size_t size, const char *format, ...)
{
	va_list list;
	size_t length;

	va_start(list, format);
	length = text_format_list(to, size, format, list);
	va_end(list);
	return length;
}

const char *text_size(char to[TEXT_SHORT], uint64_t bytes)
{
	static const char units[][4] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	unsigned int unit = 0;
	uint64_t one = 1;
	unsigned int tenths;

	while (unit + 1 < sizeof(units) / sizeof(units[0]) && bytes / one >= 1024) {
		one *= 1024;
		unit++;
	}
	tenths = (unsigned int)(bytes % one * 10 / one);
	if (tenths)
		text_format(to, TEXT_SHORT, "%lu.%u %s", bytes / one, tenths, units[unit]);
	else
		text_format(to, TEXT_SHORT, "%lu %s", bytes / one, units[unit]);
	return to;
}

void text_from_utf16(char *to, size_t size, const uint16_t *from, size_t units)
{
	struct sink sink = {to, size, 0};

	for (size_t i = 0; i < units && from[i]; i++) {
		uint16_t unit = from[i];

		if (unit >= 0xd800 && unit <= 0xdfff)
			unit = '?';
		if (unit < 0x80) {
			sink_byte(&sink, (char)unit);
		} else if (unit < 0x800) {
			sink_byte(&sink, (char)(0xc0 | unit >> 6));
			sink_byte(&sink, (char)(0x80 | (unit & 0x3f)));
		} else {
			sink_byte(&sink, (char)(0xe0 | unit >> 12));
			sink_byte(&sink, (char)(0x80 | (unit >> 6 & 0x3f)));
			sink_byte(&sink, (char)(0x80 | (unit & 0x3f)));
		}
	}
	if (size)
		to[sink.length] = '\0';
}

uint32_t bytes_crc32(const void *bytes, size_t length)
{
	/* By half bytes: entry i is i divided four times by the polynomial. */
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const uint8_t *at = bytes;
	uint32_t crc = ~0U;

	for (size_t i = 0; i < length; i++) {
		crc = crc >> 4 ^ table[(crc ^ at[i]) & 15];
		crc = crc >> 4 ^ table[(crc ^ at[i] >> 4) & 15];
	}
	return ~crc;
}

uint8_t bytes_sum(const void *bytes, size_t length)
{
	const uint8_t *at = bytes;
	uint8_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + at[i]);
	return sum;
}
