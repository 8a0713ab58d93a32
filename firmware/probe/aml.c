/*
 * Byte code of the ACPI tables, as far as one must read it to find names: scopes, devices and what
 * stands in them.
 *
 * Two things are looked for, since NVIDIA's driver looks for them: a battery (a device whose _HID
 * is PNP0C0A) and an option ROM (a method _ROM), the latter together with whether any table has a
 * device of that path. Nothing is evaluated. A term that is not known here ends the list that it
 * stands in, never more: the length of what encloses it was read before.
 *
 * Reference: ACPI 6.3, chapter 20 (NameString 20.2.2, PkgLength 20.2.4, terms 20.2.5).
 */
#include "io.h"
#include "out.h"
#include "probe.h"
#include "text.h"

#define DEPTH_MAX 12
#define PATH_MAX 96
#define FOUND_MAX 16

#define OP_NAME 0x08
#define OP_SCOPE 0x10
#define OP_METHOD 0x14
#define OP_EXTENDED 0x5b
#define OP_DEVICE 0x82 /* behind OP_EXTENDED */

#define EISA_BATTERY 0x0a0cd041U /* PNP0C0A */

struct span {
	const uint8_t *at, *end;
};

struct found {
	char path[PATH_MAX];
	bool node; /* a table has a device of this path */
};

static struct found roms[FOUND_MAX], batteries[FOUND_MAX];
static size_t rom_count, battery_count;

/* ------------------------------------------------------------------ pieces of a term */

static bool is_lead(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || c == '_';
}

/* Reads a PkgLength; the package ends at *end, which lies inside of the span. */
static bool take_package(struct span *s, const uint8_t **end)
{
	const uint8_t *start = s->at;
	uint32_t length;
	unsigned int more;

	if (s->at >= s->end)
		return false;
	more = *s->at >> 6;
	length = more ? *s->at & 0x0f : *s->at & 0x3f;
	if (more >= (size_t)(s->end - s->at))
		return false;
	for (unsigned int i = 0; i < more; i++)
		length |= (uint32_t)s->at[1 + i] << (4 + 8 * i);
	s->at += 1 + more;
	if (length < 1 + more || length > (size_t)(s->end - start))
		return false;
	*end = start + length;
	return true;
}

/* Cuts the last name off; false at the root. */
static bool go_up(char path[PATH_MAX])
{
	size_t at = text_length(path);

	if (at <= 1)
		return false;
	while (at > 1 && path[at] != '.')
		at--;
	path[at] = '\0';
	return true;
}

/* Adds one name of four bytes without the underscores at its end. */
static bool append(char path[PATH_MAX], const uint8_t *name)
{
	size_t at = text_length(path), length = 4;

	if (at + 6 > PATH_MAX || !is_lead(name[0]))
		return false;
	while (length > 1 && name[length - 1] == '_')
		length--;
	if (at > 1)
		path[at++] = '.';
	for (size_t i = 0; i < length; i++)
		path[at++] = (char)name[i];
	path[at] = '\0';
	return true;
}

/* Reads a NameString; @path, which holds the scope, becomes the path that is meant. */
static bool take_name(struct span *s, char path[PATH_MAX])
{
	size_t count = 1;

	if (s->at < s->end && *s->at == '\\') {
		text_format(path, PATH_MAX, "\\");
		s->at++;
	}
	for (; s->at < s->end && *s->at == '^'; s->at++) {
		if (!go_up(path))
			return false;
	}
	if (s->at >= s->end)
		return false;
	if (*s->at == 0x00) {
		s->at++;
		return true;
	}
	if (*s->at == 0x2e) {
		count = 2;
		s->at++;
	} else if (*s->at == 0x2f) {
		if (s->end - s->at < 2)
			return false;
		count = s->at[1];
		s->at += 2;
	}
	for (; count; count--, s->at += 4) {
		if (s->end - s->at < 4 || !append(path, s->at))
			return false;
	}
	return true;
}

static bool skip(struct span *s, size_t length)
{
	if ((size_t)(s->end - s->at) < length)
		return false;
	s->at += length;
	return true;
}

static bool skip_package(struct span *s)
{
	const uint8_t *end;

	if (!take_package(s, &end))
		return false;
	s->at = end;
	return true;
}

static bool skip_name(struct span *s)
{
	char path[PATH_MAX] = "\\_";

	return take_name(s, path);
}

/* A number, a string, a buffer, a package or a name. */
static bool skip_data(struct span *s)
{
	static const uint8_t widths[] = {[0x0a] = 2, [0x0b] = 3, [0x0c] = 5, [0x0e] = 9};
	uint8_t op;

	if (s->at >= s->end)
		return false;
	op = *s->at;
	if (op == 0x00 || op == 0x01 || op == 0xff)
		return skip(s, 1);
	if (op < sizeof(widths) && widths[op])
		return skip(s, widths[op]);
	if (op == 0x0d) {
		while (s->at < s->end && *s->at)
			s->at++;
		return skip(s, 1);
	}
	if (op >= 0x11 && op <= 0x13) {
		s->at++;
		return skip_package(s);
	}
	return skip_name(s);
}

/* ------------------------------------------------------------------ what is looked for */

static void keep(struct found *list, size_t *count, const char *path)
{
	for (size_t i = 0; i < *count; i++) {
		if (text_same(list[i].path, path))
			return;
	}
	if (*count < FOUND_MAX)
		text_format(list[(*count)++].path, PATH_MAX, "%s", path);
}

static bool ends_in(const char *path, const char *name)
{
	size_t length = text_length(path), own = text_length(name);

	return length > own && text_same(path + length - own, name) &&
	       (path[length - own - 1] == '.' || path[length - own - 1] == '\\');
}

/* @path is that of the name, @s behind it. */
static void see_name(struct span s, char path[PATH_MAX])
{
	size_t left = (size_t)(s.end - s.at);

	if (!ends_in(path, "_HID"))
		return;
	if ((left >= 5 && s.at[0] == 0x0c && get32(s.at + 1) == EISA_BATTERY) ||
	    (left >= 9 && s.at[0] == 0x0d && bytes_same(s.at + 1, "PNP0C0A", 8))) {
		go_up(path);
		keep(batteries, &battery_count, path);
	}
}

static void see_method(char path[PATH_MAX])
{
	if (!ends_in(path, "_ROM"))
		return;
	go_up(path);
	keep(roms, &rom_count, path);
}

static void see_device(const char *path)
{
	for (size_t i = 0; i < rom_count; i++) {
		if (text_same(roms[i].path, path))
			roms[i].node = true;
	}
}

/* ------------------------------------------------------------------ the walk */

static void walk(struct span list, const char *scope, int depth);

/* A scope, a device or a method, whose opcode was read. */
static bool take_named(struct span *s, const char *scope, int depth, uint8_t op)
{
	char path[PATH_MAX];
	struct span inside;

	text_format(path, PATH_MAX, "%s", scope);
	inside.at = s->at;
	inside.end = s->end;
	if (!take_package(&inside, &s->at))
		return false;
	inside.end = s->at;
	if (!take_name(&inside, path))
		return true;
	if (op == OP_METHOD) {
		see_method(path);
		return true;
	}
	if (op == OP_DEVICE)
		see_device(path);
	if (depth < DEPTH_MAX)
		walk(inside, path, depth + 1);
	return true;
}

static bool take_extended(struct span *s, const char *scope, int depth)
{
	uint8_t op;

	if (s->at >= s->end)
		return false;
	op = *s->at++;
	switch (op) {
	case OP_DEVICE:
		return take_named(s, scope, depth, op);
	case 0x01: /* Mutex */
		return skip_name(s) && skip(s, 1);
	case 0x02: /* Event */
		return skip_name(s);
	case 0x80: /* OperationRegion */
		return skip_name(s) && skip(s, 1) && skip_data(s) && skip_data(s);
	case 0x81: /* Field, Processor, PowerResource, ThermalZone, IndexField, BankField */
	case 0x83:
	case 0x84:
	case 0x85:
	case 0x86:
	case 0x87:
		return skip_package(s);
	default:
		return false;
	}
}

static bool take_term(struct span *s, const char *scope, int depth)
{
	char path[PATH_MAX];
	uint8_t op = *s->at++;

	switch (op) {
	case OP_SCOPE:
	case OP_METHOD:
		return take_named(s, scope, depth, op);
	case OP_EXTENDED:
		return take_extended(s, scope, depth);
	case OP_NAME:
		text_format(path, PATH_MAX, "%s", scope);
		if (!take_name(s, path))
			return false;
		see_name(*s, path);
		return skip_data(s);
	case 0x06: /* Alias */
		return skip_name(s) && skip_name(s);
	case 0x15: /* External */
		return skip_name(s) && skip(s, 2);
	case 0xa0: /* If, Else, While */
	case 0xa1:
	case 0xa2:
		return skip_package(s);
	default:
		return false;
	}
}

static void walk(struct span list, const char *scope, int depth)
{
	while (list.at < list.end) {
		if (!take_term(&list, scope, depth))
			return;
	}
}

/* Twice: a device may be told of in a later table than what stands on it. */
void aml_collect(void)
{
	const uint8_t *at;
	uint32_t length;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; acpi_code(i, &at, &length); i++) {
			if (at)
				walk((struct span){at, at + length}, "\\", 0);
		}
	}
}

void aml_people(void)
{
	for (size_t i = 0; i < battery_count; i++)
		people("  battery at %s\n", batteries[i].path);
	for (size_t i = 0; i < rom_count; i++)
		people("  option ROM by _ROM at %s%s\n", roms[i].path,
		       roms[i].node ? "" : ", which no table has as a device");
}

void aml_lines(void)
{
	for (size_t i = 0; i < battery_count; i++) {
		line_begin("acpi-battery");
		line_value("path", "%s", batteries[i].path);
		line_end();
	}
	for (size_t i = 0; i < rom_count; i++) {
		line_begin("acpi-rom");
		line_value("path", "%s", roms[i].path);
		line_value("node", "%u", roms[i].node ? 1 : 0);
		line_end();
	}
}
