/* Each parser takes the whole token, writes a fresh value into *out and says nothing, or leaves it
 * alone and returns the sentence for the message. Nothing inside a value is altered, except that
 * relative paths become absolute.
 */
#include "value_parts.h"

#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "base/tongue.h"

char *value_wrong(const struct token *t, const char *right)
{
	own_free char *found = text_quote(t->text, 40);
	bool any_auto = t->key->flags & KEY_AUTO;

	return xasprintf(_("'%s' is not %s%s"), found, tongue(right),
			 any_auto ? _(", or auto") : "");
}

void value_set(struct text *out, char *value)
{
	free(out->v);
	out->v = value;
}

bool value_matches(const char *s, const char *pattern)
{
	for (; *pattern; s++, pattern++)
		if (*pattern == 'x' ? !isxdigit((unsigned char)*s) : *s != *pattern)
			return false;
	return !*s;
}

/* ------------------------------------------------------------------ texts */

static void clear_text(void *field)
{
	free(((struct text *)field)->v);
}

static char *parse_text(const struct token *t, void *out)
{
	value_set(out, xstrdup(t->text));
	return NULL;
}

bool value_is_name(const char *s)
{
	size_t n = strlen(s);

	if (!n || n > 48 || *s == '.' || *s == '-')
		return false;
	for (; *s; s++)
		if (!isascii(*s) || (!isalnum((unsigned char)*s) && !strchr("._-", *s)))
			return false;
	return true;
}

static char *parse_name(const struct token *t, void *out)
{
	if (!value_is_name(t->text))
		return value_wrong(
			t,
			"a name of 1 to 48 letters, digits, '.', '_' or '-', beginning with a letter, a digit or '_'");
	value_set(out, xstrdup(t->text));
	return NULL;
}

char *value_absolute(const struct token *t)
{
	own_free char *joined = path_join(t->dir, t->text);

	return path_tidy(joined);
}

static char *parse_path(const struct token *t, void *out)
{
	if (!*t->text)
		return value_wrong(t, "a path");
	value_set(out, value_absolute(t));
	return NULL;
}

static char *parse_program(const struct token *t, void *out)
{
	if (!*t->text)
		return value_wrong(t, "a program's name or path");
	value_set(out, strchr(t->text, '/') ? value_absolute(t) : xstrdup(t->text));
	return NULL;
}

static char *parse_uuid(const struct token *t, void *out)
{
	struct uuid *uuid = out;

	if (!uuid_parse(t->text, uuid->v))
		return value_wrong(t, "a UUID such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8");
	uuid->given = true;
	return NULL;
}

static char *parse_mac(const struct token *t, void *out)
{
	uint8_t found[MAC_BYTES];
	struct mac *mac = out;

	if (!mac_parse(t->text, found))
		return value_wrong(t, "a MAC address such as 52:54:00:12:34:56");
	if (mac_is_group(found))
		return value_wrong(t, "an address of one card: its second digit must be even");
	memcpy(mac->v, found, sizeof(found));
	mac->given = true;
	return NULL;
}

static char *parse_string(const struct token *t, void *out)
{
	size_t n = strlen(t->text);

	if (n < 1 || n > 64 || !text_is_printable(t->text))
		return value_wrong(t, "1 to 64 printable characters");
	value_set(out, xstrdup(t->text));
	return NULL;
}

static char *parse_resolution(const struct token *t, void *out)
{
	own_free char *copy = xstrdup(t->text);
	struct resolution *resolution = out;
	uint64_t width = 0, height = 0;
	char *x = strchr(copy, 'x');

	if (x)
		*x = '\0';
	if (strcmp(t->text, "none") != 0 &&
	    (!x || !text_u64(copy, 10, &width) || !text_u64(x + 1, 10, &height) || width < 320 ||
	     height < 200 || width > 16384 || height > 16384))
		return value_wrong(t, "none or a resolution such as 2560x1440");
	resolution->width = (unsigned)width;
	resolution->height = (unsigned)height;
	return NULL;
}

/* The three registers of CPUID leaf 0x40000000 hold 12 bytes. */
static char *parse_vendor(const struct token *t, void *out)
{
	size_t n = strlen(t->text);
	bool good = n >= 1 && n <= 12 && !strchr(t->text, ',');

	for (const char *c = t->text; good && *c; c++)
		good = *c > 0x20 && *c < 0x7f;
	if (!good)
		return value_wrong(t, "1 to 12 printable characters without space and comma");
	value_set(out, xstrdup(t->text));
	return NULL;
}

/* What each of QEMU's disks takes whole (QEMU, hw/block, hw/ide, hw/scsi, hw/nvme: 20 is ATA's and
 * NVMe's field; beyond that one cuts and another refuses).
 */
static char *parse_serial(const struct token *t, void *out)
{
	size_t n = strlen(t->text);
	bool good = n >= 1 && n <= 20;

	for (const char *c = t->text; good && *c; c++)
		good = *c > 0x20 && *c < 0x7f;
	if (!good)
		return value_wrong(t, "1 to 20 printable characters without space");
	value_set(out, xstrdup(t->text));
	return NULL;
}

/* ------------------------------------------------------------------ numbers */

static char *out_of_range(const struct token *t, const char *low, const char *high)
{
	own_free char *found = text_quote(t->text, 40);

	return xasprintf("'%s' is out of range; %s to %s", found, low, high);
}

static char *parse_count(const struct token *t, void *out)
{
	struct number *number = out;
	uint64_t v;

	if (!text_u64(t->text, 10, &v))
		return value_wrong(t, "a whole number");
	if (v < t->key->min || v > t->key->max) {
		own_free char *low = xasprintf("%lu", t->key->min),
			      *high = xasprintf("%lu", t->key->max);

		return out_of_range(t, low, high);
	}
	number->v = v;
	return NULL;
}

static char *parse_size(const struct token *t, void *out)
{
	static const char unit[] = "KMGT";
	own_free char *digits = xstrdup(t->text);
	size_t n = strlen(digits);
	const char *u = n ? strchr(unit, toupper((unsigned char)digits[n - 1])) : NULL;
	struct number *number = out;
	unsigned shift;
	uint64_t v;

	if (n && text_u64(digits, 10, &v)) {
		own_free char *found = text_quote(t->text, 40);

		return xasprintf("'%s' has no unit; write %sM or %sG", found, found, found);
	}
	if (!u || !*u)
		return value_wrong(t, "a size: a whole number with K, M, G or T, such as 16G");
	digits[n - 1] = '\0';
	if (!text_u64(digits, 10, &v))
		return value_wrong(t, "a size: a whole number with K, M, G or T, such as 16G");
	shift = 10 * (unsigned)(u - unit + 1);
	if (v > t->key->max >> shift || v << shift < t->key->min) {
		own_free char *low = text_size(t->key->min), *high = text_size(t->key->max);

		return out_of_range(t, low, high);
	}
	number->v = v << shift;
	return NULL;
}

static char *parse_duration(const struct token *t, void *out)
{
	own_free char *digits = xstrdup(t->text);
	struct number *number = out;
	uint64_t v, unit = 1000;
	size_t n = strlen(digits);

	if (n > 1 && digits[n - 1] == 'm')
		unit = 60000;
	if (n > 1 && (digits[n - 1] == 's' || digits[n - 1] == 'm'))
		digits[n - 1] = '\0';
	if (!text_u64(digits, 10, &v))
		return value_wrong(t, "a time in seconds or minutes, such as 30s or 3m");
	if (v > t->key->max / unit || v * unit < t->key->min) {
		own_free char *low = xasprintf("%lus", t->key->min / 1000);
		own_free char *high = xasprintf("%lus", t->key->max / 1000);

		return out_of_range(t, low, high);
	}
	number->v = v * unit;
	return NULL;
}

/* ------------------------------------------------------------------ words */

static char *parse_flag(const struct token *t, void *out)
{
	struct flag *flag = out;

	if (strcmp(t->text, "yes") != 0 && strcmp(t->text, "no") != 0)
		return value_wrong(t, "yes or no");
	flag->v = *t->text == 'y';
	return NULL;
}

static char *parse_choice(const struct token *t, void *out)
{
	struct choice *choice = out;
	size_t n = 0;

	for (; t->key->choice[n]; n++) {
		if (strcmp(t->text, t->key->choice[n]) == 0) {
			choice->v = (int)n;
			return NULL;
		}
	}
	own_free char *all = key_values(t->key), *found = text_quote(t->text, 40);
	const char *nearest = text_nearest(t->text, t->key->choice, n);

	if (nearest)
		return xasprintf("'%s' is none of %s; did you mean %s?", found, all, nearest);
	return xasprintf("'%s' is none of %s", found, all);
}

static void clear_target(void *field)
{
	free(((struct target *)field)->path);
}

static char *parse_target(const struct token *t, void *out)
{
	struct target *target = out;

	if (!*t->text)
		return value_wrong(t, "terminal, socket, none or a file");
	free(steal(&target->path));
	if (strcmp(t->text, "none") == 0) {
		target->kind = TARGET_NONE;
	} else if (strcmp(t->text, "terminal") == 0) {
		target->kind = TARGET_TERMINAL;
	} else if (strcmp(t->text, "socket") == 0) {
		target->kind = TARGET_SOCKET;
	} else {
		target->kind = TARGET_FILE;
		target->path = value_absolute(t);
	}
	return NULL;
}

/* ------------------------------------------------------------------ by kind */

#define OF(type) .size = sizeof(struct type), .at = offsetof(struct type, at)
#define OR_AUTO(type) OF(type), .automatic = offsetof(struct type, automatic)
#define TEXT OR_AUTO(text), .clear = clear_text
#define NUMBER OR_AUTO(number)
#define STRINGS .size = sizeof(struct strings), .clear = clear_strings

static const struct kind_row {
	parse_fn *parse;
	const char *words;
	size_t size;
	size_t at;	  /* of its origin in it; 0: each of a list has one */
	size_t automatic; /* of the flag; 0: nothing is given then */
	clear_fn *clear;  /* NULL: it holds no memory */
} ROW[] = {
	[KIND_TEXT] = {parse_text, "text", TEXT},
	[KIND_NAME] = {parse_name, "a name", TEXT},
	[KIND_PATH] = {parse_path, "a file", TEXT},
	[KIND_PROGRAM] = {parse_program, "a program", TEXT},
	[KIND_UUID] = {parse_uuid, "a UUID", OF(uuid)},
	[KIND_MAC] = {parse_mac, "a MAC address", OF(mac)},
	[KIND_DEVICE] = {parse_device, "a PCI device", OF(pci_pick)},
	[KIND_USB] = {parse_usb, "a USB device", OF(usb_pick)},
	[KIND_SLOTS] = {parse_slots, "all | numbers", OF(slots)},
	[KIND_PLACE] = {parse_place, "BUS:00", OF(guest_slot)},
	[KIND_STRING] = {parse_string, "text", TEXT},
	[KIND_RESOLUTION] = {parse_resolution, "none | WIDTHxHEIGHT", OF(resolution)},
	[KIND_CPUS] = {parse_cpus, "processors such as 0-7,16", OF(cpus)},
	[KIND_VENDOR] = {parse_vendor, "a name", TEXT},
	[KIND_SERIAL] = {parse_serial, "1 to 20 characters", TEXT},
	[KIND_IDS] = {parse_ids, "host | none | ids", OF(pci_ids)},
	[KIND_MACHINE] = {parse_machine, "pc-q35-VERSION", OF(machine_version)},
	[KIND_COUNT] = {parse_count, "a number", NUMBER},
	[KIND_SIZE] = {parse_size, "a size such as 16G", NUMBER},
	[KIND_DURATION] = {parse_duration, "a time such as 30s", NUMBER},
	[KIND_FLAG] = {parse_flag, "yes | no", OF(flag)},
	[KIND_CHOICE] = {parse_choice, "a word", OF(choice)},
	[KIND_TARGET] = {parse_target, "terminal | socket | none | a file", OF(target),
			 .clear = clear_target},
	[KIND_STRINGS] = {parse_strings, "text, as often as wanted", STRINGS},
	[KIND_ORDER] = {parse_order, "names", OF(boot_order), .clear = clear_order},
	[KIND_FLAGS] = {parse_flags, "+NAME -NAME", OF(cpu_flags), .clear = clear_flags},
	[KIND_ENV] = {parse_env, "NAME=VALUE, as often as wanted", STRINGS},
	[KIND_PATHS] = {parse_paths, "a file, as often as wanted", STRINGS},
	[KIND_FORWARDS] = {parse_forward, "none | a port, as often as wanted",
			   .size = sizeof(struct forwards), .clear = clear_forwards},
};
_Static_assert(ARRAY_SIZE(ROW) == KINDS, "each kind has a row");

static void set_origin(const struct key *key, void *field, struct origin at, bool automatic)
{
	const struct kind_row *row = &ROW[key->kind];
	char *bytes = field;

	if (row->at)
		memcpy(bytes + row->at, &at, sizeof(at));
	if (row->automatic)
		memcpy(bytes + row->automatic, &automatic, sizeof(automatic));
}

char *value_parse(const struct key *key, const char *text, const char *dir, struct origin at,
		  void *field)
{
	struct token t = {.key = key, .text = text, .dir = dir, .at = at};
	bool automatic = (key->flags & KEY_AUTO) && strcmp(text, "auto") == 0;
	char *problem = NULL;

	if (automatic)
		value_clear(key->kind, field);
	else
		problem = ROW[key->kind].parse(&t, field);
	if (!problem)
		set_origin(key, field, at, automatic);
	return problem;
}

char *value_problem(const struct key *key, const char *text, const char *dir)
{
	own_free void *scratch = xcalloc(1, ROW[key->kind].size);
	char *problem = value_parse(key, text, dir, (struct origin){0}, scratch);

	value_clear(key->kind, scratch);
	return problem;
}

char *value_default(const struct key *key, struct origin at, void *field)
{
	if (key->dflt)
		return value_parse(key, key->dflt, "/", at, field);
	set_origin(key, field, at, false);
	return NULL;
}

void value_clear(enum kind kind, void *field)
{
	if (ROW[kind].clear)
		ROW[kind].clear(field);
	memset(field, 0, ROW[kind].size);
}

const char *kind_words(enum kind kind)
{
	return ROW[kind].words;
}

bool kind_is_list(enum kind kind)
{
	return kind == KIND_STRINGS || kind == KIND_ENV || kind == KIND_PATHS ||
	       kind == KIND_FORWARDS;
}
