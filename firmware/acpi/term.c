/* What stands in lists. Lists nest by lengths that are each checked to lie in the one around, so
 * what is not understood in one ends that list alone. Calls have no end mark in AML: how many
 * operands belong to one only its method's declaration says, which may come later. So the table is
 * gone through twice, the first time for declarations.
 */
#include "term.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "words.h"

/* More text than anybody reads. Bytes. */
#define TEXT_MAX (4U << 20)
#define INDENT 4

bool trouble(struct telling *t, const struct span *s, const char *what)
{
	t->trouble = what;
	t->trouble_at = (size_t)(s->at - t->start);
	return false;
}

/* ------------------------------------------------------------------ declarations */

void known_add(struct telling *t, uint32_t segment, unsigned args)
{
	if (t->collecting)
		*xappend(t->known, t->n) = (struct known){segment, (uint8_t)args, false};
}

static int by_segment(const void *a, const void *b)
{
	uint32_t x = ((const struct known *)a)->segment, y = ((const struct known *)b)->segment;

	return x < y ? -1 : x > y;
}

void known_sort(struct telling *t)
{
	size_t kept = 0;

	if (t->n)
		qsort(t->known, t->n, sizeof(*t->known), by_segment);
	for (size_t i = 0; i < t->n; i++)
		if (kept && t->known[kept - 1].segment == t->known[i].segment)
			t->known[kept - 1].ambiguous |= t->known[kept - 1].args != t->known[i].args;
		else
			t->known[kept++] = t->known[i];
	t->n = kept;
}

const struct known *known_find(const struct telling *t, uint32_t segment)
{
	struct known key = {.segment = segment};

	/* Not sorted yet in the first pass. */
	return t->collecting || !t->n
		       ? NULL
		       : bsearch(&key, t->known, t->n, sizeof(*t->known), by_segment);
}

/* ------------------------------------------------------------------ lines */

__attribute__((format(printf, 2, 3))) static void line(struct telling *t, const char *fmt, ...)
{
	own_free char *text = NULL;
	va_list args;

	if (t->collecting || t->out->len > TEXT_MAX)
		return;
	va_start(args, fmt);
	text = xvasprintf(fmt, args);
	va_end(args);
	buf_addf(t->out, "%*s%s\n", (int)(t->indent * INDENT), "", text);
	if (t->out->len > TEXT_MAX)
		buf_adds(t->out, "(the rest is left out: too much to read)\n");
}

/* "NAME, what it means" */
static char *title(const char *name, const char *behind, const char *word)
{
	return word ? xasprintf("%s%s, %s", name, behind, word) : xasprintf("%s%s", name, behind);
}

/* The last segment of a name that was told as text. */
static const char *last_segment(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name + strspn(name, "\\^");
}

static void set_object(struct telling *t, const char *name)
{
	own_free char *last = xstrndup(last_segment(name), 4);

	memset(t->object, 0, sizeof(t->object));
	memcpy(t->object, last, strlen(last));
}

/* ------------------------------------------------------------------ values */

/* "PNP0C0A" of the four bytes that say it (19.6, EISAID). */
static void eisa_text(uint64_t value, char text[8])
{
	uint32_t v = __builtin_bswap32((uint32_t)value);

	for (unsigned i = 0; i < 3; i++)
		text[i] = (char)('@' + (v >> (26 - 5 * i) & 0x1f));
	for (unsigned i = 0; i < 4; i++)
		text[3 + i] = "0123456789ABCDEF"[v >> (12 - 4 * i) & 0xf];
	text[7] = '\0';
}

static bool is_id(const char *object)
{
	return strcmp(object, "_HID") == 0 || strcmp(object, "_CID") == 0;
}

/* The device id at s, if there is one in either form; steps over it. */
static bool device_id(struct span *s, char id[16])
{
	struct span rest = *s;
	uint64_t value;

	if (span_peek(s) == 0x0c && constant(&rest, &value)) {
		eisa_text(value, id);
	} else if (span_peek(s) == 0x0d) {
		const uint8_t *end = memchr(s->at, '\0', span_left(s));
		size_t len = end ? (size_t)(end - s->at) - 1 : 16;

		if (len > 15)
			return false;
		memcpy(id, s->at + 1, len + 1);
		rest.at = end + 1;
	} else {
		return false;
	}
	if (!text_is_printable(id))
		return false;
	*s = rest;
	return true;
}

/* The value of a name or of a method that does nothing but return it, with what it means. */
static bool value(struct telling *t, struct span *s, struct buf *out, int place, unsigned depth)
{
	struct span before = *s;
	char id[16];
	uint64_t number;

	if (is_id(t->object) && device_id(s, id)) {
		const char *word = acpi_id_word(id);

		buf_addf(out, word ? "%s (%s)" : "%s", id, word);
		return true;
	}
	if (!expression(t, s, out, depth))
		return false;
	if (constant(&before, &number))
		acpi_add_value_word(out, t->object, place, number);
	return true;
}

/* Whether s begins a package whose elements have names of their own. */
static bool at_record(const struct telling *t, const struct span *s)
{
	return span_peek(s) == 0x12 && acpi_element_word(t->object, 0);
}

/* Such a package, a line an element. */
static bool record(struct telling *t, struct span *s, unsigned depth)
{
	struct span inside;
	uint64_t count;
	bool good = true;

	s->at++;
	if (!span_package(s, &inside) || !span_number(&inside, 1, &count))
		return trouble(t, s, "a length that leads too far");
	t->indent++;
	for (unsigned i = 0; good && span_left(&inside); i++) {
		const char *word = acpi_element_word(t->object, i);
		own_buf struct buf text = {0};
		uint64_t number;
		struct span before = inside;

		good = value(t, &inside, &text, (int)i, depth + 1);
		/* Figures of a battery are decimal to everybody. */
		if (good && constant(&before, &number) && number >= 10 && number <= UINT32_MAX)
			line(t, "%-31s %llu", word ? word : "more", (unsigned long long)number);
		else if (good)
			line(t, "%-31s %s", word ? word : "more", text.data);
	}
	t->indent--;
	return good;
}

/* ------------------------------------------------------------------ names and methods */

static bool declared_name(struct telling *t, struct span *s, unsigned depth)
{
	own_buf struct buf name = {0}, text = {0};
	own_free char *head = NULL;
	uint32_t segment;

	span_skip_opcode(s);
	if (!span_name(s, &name, &segment))
		return trouble(t, s, "a name that is none");
	known_add(t, segment, 0);
	set_object(t, name.data);
	head = title(name.data, "", acpi_name_word(t->object));
	if (at_record(t, s)) {
		line(t, "%s:", head);
		return record(t, s, depth + 1);
	}
	if (!value(t, s, &text, -1, depth + 1))
		return false;
	line(t, "%s: %s", head, text.data);
	return true;
}

/* A body that is one Return and nothing else, told on the method's own line; false: it is not so.
 */
static bool told_in_a_line(struct telling *t, struct span body, const char *head, unsigned depth)
{
	own_buf struct buf text = {0};

	if (span_peek(&body) != 0xa4)
		return false;
	body.at++;
	if (at_record(t, &body)) {
		struct span rest = body, inside;

		rest.at++;
		if (!span_package(&rest, &inside) || span_left(&rest))
			return false;
		line(t, "%s, returns:", head);
		if (!record(t, &body, depth + 1))
			line(t, "    (not understood: %s)", t->trouble);
		return true;
	}
	if (!value(t, &body, &text, -1, depth + 1) || span_left(&body))
		return false;
	line(t, "%s: returns %s", head, text.data);
	return true;
}

static bool method(struct telling *t, struct span *s, unsigned depth)
{
	own_buf struct buf name = {0};
	own_free char *head = NULL, *args = NULL;
	struct span body;
	uint32_t segment;
	uint64_t flags;

	span_skip_opcode(s);
	if (!span_package(s, &body) || !span_name(&body, &name, &segment) ||
	    !span_number(&body, 1, &flags))
		return trouble(t, s, "a method that is cut off");
	known_add(t, segment, flags & 7);
	if (t->collecting)
		return true;
	set_object(t, name.data);
	args = flags & 7 ? xasprintf("(%u argument%s)", (unsigned)flags & 7,
				     (flags & 7) > 1 ? "s" : "")
			 : xstrdup("()");
	head = title(name.data, args, acpi_name_word(t->object));
	if (told_in_a_line(t, body, head, depth))
		return true;
	if (t->detail == ACPI_NAMES || !span_left(&body)) {
		line(t, "%s: %zu bytes of code", head, span_left(&body));
		return true;
	}
	line(t, "%s:", head);
	t->indent++;
	term_list(t, body, depth + 1);
	t->indent--;
	return true;
}

/* ------------------------------------------------------------------ what has a list in it */

/* The word for the device whose _HID is the first thing in its body. */
static const char *device_word(struct span body)
{
	uint32_t segment;
	own_buf struct buf name = {0};
	char id[16];

	if (span_peek(&body) != 0x08)
		return NULL;
	body.at++;
	if (!span_name(&body, &name, &segment) || strcmp(name.data, "_HID") != 0 ||
	    !device_id(&body, id))
		return NULL;
	return acpi_id_word(id);
}

/* skip: bytes between the name and the list. */
static bool container(struct telling *t, struct span *s, const char *what, unsigned skip,
		      unsigned depth)
{
	own_buf struct buf name = {0};
	const char *word;
	struct span body;
	uint64_t skipped;

	span_skip_opcode(s);
	if (!span_package(s, &body) || !span_name(&body, &name, NULL) ||
	    !span_number(&body, skip, &skipped))
		return trouble(t, s, "a length that leads too far, or no name");
	word = device_word(body);
	line(t, word ? "%s %s, %s:" : "%s %s:", what, name.data, word);
	t->indent++;
	term_list(t, body, depth + 1);
	t->indent--;
	return true;
}

static bool branch(struct telling *t, struct span *s, const char *what, unsigned depth)
{
	own_buf struct buf condition = {0};
	struct span body;

	span_skip_opcode(s);
	if (!span_package(s, &body))
		return trouble(t, s, "a length that leads too far");
	if (strcmp(what, "else") != 0 && !expression(t, &body, &condition, depth + 1))
		return false;
	line(t, "%s%s%s:", what, condition.len ? " " : "", condition.len ? condition.data : "");
	t->indent++;
	term_list(t, body, depth + 1);
	t->indent--;
	return true;
}

/* One entry of a field list (20.2.5.2), its name behind names. */
static bool field(struct telling *t, struct span *s, struct buf *names)
{
	own_buf struct buf ignored = {0};
	uint64_t number;
	uint32_t segment;
	size_t width;

	switch (span_peek(s)) {
	case 0x00: /* unnamed bits */
		s->at++;
		return span_length(s, &width);
	case 0x01: /* how the next ones are read */
		s->at++;
		return span_number(s, 2, &number);
	case 0x03:
		s->at++;
		return span_number(s, 3, &number);
	case 0x02: /* a connection: a resource, or its name */
		s->at++;
		return span_peek(s) == 0x11 ? expression(t, s, &ignored, 1)
					    : span_name(s, &ignored, NULL);
	default:
		buf_adds(names, names->len ? ", " : "");
		if (!span_name(s, names, &segment) || !span_length(s, &width))
			return false;
		known_add(t, segment, 0);
		buf_addf(names, "[%zu]", width);
		return true;
	}
}

/* names: how many stand before the flags; bank: a value too. */
static bool fields(struct telling *t, struct span *s, unsigned names, bool bank, unsigned depth)
{
	own_buf struct buf where = {0}, list = {0}, value = {0};
	struct span body;
	uint64_t flags;

	span_skip_opcode(s);
	if (!span_package(s, &body))
		return trouble(t, s, "a length that leads too far");
	for (unsigned i = 0; i < names; i++) {
		buf_adds(&where, i ? ", " : "");
		if (!span_name(&body, &where, NULL))
			return trouble(t, &body, "a name that is none");
	}
	if (bank && !expression(t, &body, &value, depth + 1))
		return false;
	if (!span_number(&body, 1, &flags))
		return trouble(t, &body, "the end in the middle of a field list");
	while (span_left(&body))
		if (!field(t, &body, &list))
			return trouble(t, &body, "a field that is none");
	line(t, "fields of %s, in bits: %s", where.data, list.len ? list.data : "none");
	return true;
}

/* ------------------------------------------------------------------ terms */

static bool statement(struct telling *t, struct span *s, unsigned depth)
{
	own_buf struct buf text = {0};

	if (!expression(t, s, &text, depth + 1))
		return false;
	line(t, "%s", text.data);
	return true;
}

static bool external(struct telling *t, struct span *s)
{
	own_buf struct buf name = {0};
	uint64_t type, args;
	uint32_t segment;

	span_skip_opcode(s);
	if (!span_name(s, &name, &segment) || !span_number(s, 1, &type) ||
	    !span_number(s, 1, &args))
		return trouble(t, s, "a declaration that is cut off");
	if (type == 8) /* a method */
		known_add(t, segment, args <= 7 ? (unsigned)args : 0);
	line(t, "%s is declared elsewhere", name.data);
	return true;
}

static bool term(struct telling *t, struct span *s, unsigned depth)
{
	if (depth > DEPTH_MAX)
		return trouble(t, s, "terms nested too deep");
	switch (span_opcode(s)) {
	case 0x08:
		return declared_name(t, s, depth);
	case 0x10:
		return container(t, s, "scope", 0, depth);
	case 0x14:
		return method(t, s, depth);
	case 0x15:
		return external(t, s);
	case 0x5b82:
		return container(t, s, "device", 0, depth);
	case 0x5b83:
		return container(t, s, "processor", 6, depth);
	case 0x5b84:
		return container(t, s, "power resource", 3, depth);
	case 0x5b85:
		return container(t, s, "thermal zone", 0, depth);
	case 0x5b81:
		return fields(t, s, 1, false, depth);
	case 0x5b86:
		return fields(t, s, 2, false, depth);
	case 0x5b87:
		return fields(t, s, 2, true, depth);
	case 0xa0:
		return branch(t, s, "if", depth);
	case 0xa1:
		return branch(t, s, "else", depth);
	case 0xa2:
		return branch(t, s, "while", depth);
	default:
		return statement(t, s, depth);
	}
}

void term_list(struct telling *t, struct span list, unsigned depth)
{
	while (span_left(&list) && t->out->len <= TEXT_MAX) {
		if (term(t, &list, depth))
			continue;
		line(t, "(from byte %zu on not understood: %s)", t->trouble_at, t->trouble);
		return;
	}
}
