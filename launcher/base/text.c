#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "buf.h"

bool text_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *s, const char *suffix)
{
	size_t a = strlen(s), b = strlen(suffix);

	return a >= b && strcmp(s + a - b, suffix) == 0;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

bool text_u64(const char *s, unsigned base, uint64_t *value)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned d = (unsigned)digit_value(*s);

		if (d >= base || v > (UINT64_MAX - d) / base)
			return false;
		v = v * base + d;
	}
	*value = v;
	return true;
}

size_t text_code_point(const char *text, size_t len, uint32_t *code)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)text;
	size_t n = s[0] < 0x80	     ? 1
		   : s[0] >> 5 == 6  ? 2
		   : s[0] >> 4 == 14 ? 3
		   : s[0] >> 3 == 30 ? 4
				     : 0;
	uint32_t c = s[0];

	if (n == 0 || n > len)
		return 0;
	if (n > 1)
		c &= 0xffU >> (n + 1);
	for (size_t i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*code = c;
	return n;
}

size_t text_utf8(const char *s, size_t len)
{
	size_t at = 0;

	while (at < len) {
		uint32_t code;
		size_t n =
			(unsigned char)s[at] < 0x80 ? 1 : text_code_point(s + at, len - at, &code);

		if (!n)
			break;
		at += n;
	}
	return at;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Restricted edit distance: insert, delete, replace, swap of neighbours. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), result;
	size_t *row = xcalloc((lb + 1) * 3, sizeof(*row));
	size_t *two = row, *one = row + lb + 1, *now = row + 2 * (lb + 1);

	for (size_t j = 0; j <= lb; j++)
		now[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *spare = two;

		two = one;
		one = now;
		now = spare;
		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = min3(one[j] + 1, now[j - 1] + 1,
				      one[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    two[j - 2] + 1 < now[j])
				now[j] = two[j - 2] + 1;
		}
	}
	result = now[lb];
	free(row);
	return result;
}

const char *text_nearest(const char *s, const char *const *names, size_t n)
{
	size_t best = (strlen(s) < 6 ? 1 : strlen(s) / 3) + 1;
	const char *found = NULL;

	if (strlen(s) > 64)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t d = strcasecmp(s, names[i]) == 0 ? 0 : edit_distance(s, names[i]);

		if (d < best && d < strlen(names[i])) {
			best = d;
			found = names[i];
		}
	}
	return found;
}

bool text_is_unsafe(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* How many bytes at the start are printable ASCII, as nearly all of all texts are. */
static size_t ascii_run(const char *s)
{
	size_t n = 0;

	while (s[n] >= 0x20 && s[n] < 0x7f)
		n++;
	return n;
}

bool text_is_printable(const char *s)
{
	size_t at = ascii_run(s), len = at + strlen(s + at);

	while (at < len) {
		uint32_t code;
		size_t n = text_code_point(s + at, len - at, &code);

		if (n == 0 || text_is_unsafe(code))
			return false;
		at += n;
	}
	return true;
}

static void add_quoted(struct buf *out, const char *s, size_t len, size_t max, bool lines)
{
	size_t at = 0;

	while (at < len && at < max) {
		uint32_t code;
		size_t n = text_code_point(s + at, len - at, &code);
		bool good = n && (!text_is_unsafe(code) || (lines && code == '\n'));

		if (good)
			buf_add(out, s + at, n);
		for (size_t i = 0; !good && i < (n ? n : 1); i++)
			buf_addf(out, "\\x%02x", (unsigned char)s[at + i]);
		at += n ? n : 1;
	}
	if (at < len)
		buf_adds(out, "...");
}

char *text_quote(const char *s, size_t max)
{
	struct buf out = {0};
	size_t run = ascii_run(s);

	if (run > max)
		run = max;
	buf_add(&out, s, run);
	add_quoted(&out, s + run, strlen(s + run), max - run, false);
	return buf_steal(&out);
}

char *text_lines(const char *s)
{
	struct buf out = {0};

	buf_adds(&out, "");
	add_quoted(&out, s, strlen(s), SIZE_MAX, true);
	return buf_steal(&out);
}

/* What no shell takes for anything else. */
static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '+' && c <= ':') || (c >= '@' && c <= 'Z') ||
	       c == '_' || c == '=' || c == '%';
}

char *text_word(const char *s)
{
	struct buf out = {0};
	const char *odd = s;
	bool control;

	while (is_plain(*odd))
		odd++;
	if (*s && !*odd)
		return xstrdup(s);
	control = !text_is_printable(s);
	buf_adds(&out, control ? "$'" : "'");
	for (; *s; s++) {
		if (control && ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e))
			buf_addf(&out, "\\x%02x", (unsigned char)*s);
		else if (*s == '\'')
			buf_adds(&out, control ? "\\'" : "'\\''");
		else if (control && *s == '\\')
			buf_adds(&out, "\\\\");
		else
			buf_addc(&out, *s);
	}
	buf_addc(&out, '\'');
	return buf_steal(&out);
}

unsigned text_column(const char *line, size_t byte)
{
	unsigned column = 1;

	for (size_t i = 0; i < byte && line[i]; i++)
		if (((unsigned char)line[i] & 0xc0) != 0x80)
			column++;
	return column;
}

char *text_size(uint64_t bytes)
{
	static const char unit[] = " KMGTP";
	size_t i = 0;

	while (bytes >= 1024 && bytes % 1024 == 0 && unit[i + 1]) {
		bytes /= 1024;
		i++;
	}
	return i ? xasprintf("%llu%c", (unsigned long long)bytes, unit[i])
		 : xasprintf("%llu", (unsigned long long)bytes);
}
