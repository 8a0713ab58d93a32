/* Names of hardware: PCI functions as the host has them, processors, places and boards as the guest
 * gets them. By shape alone; whether there is such a thing is for the plan to say.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/cpu_set.h"
#include "base/text.h"
#include "value_parts.h"

/* The forms of a selector (host/pci.h), by shape alone. */
static bool device_is_good(const char *s)
{
	size_t n = value_prefix(s, "xxxx:xxxx");
	uint64_t nth;

	if (n && s[n] != ':' && s[n] != '.') {
		s += n;
		if (*s == '@') {
			n = value_prefix(s, "@xxxx:xxxx");
			s += n;
			if (!n)
				return false;
		}
		return !*s || (*s == '#' && text_u64(s + 1, 10, &nth) && nth >= 1 && nth <= 64);
	}
	n = value_prefix(s, "xxxx:");
	n = n ? n : value_prefix(s, "xxxxx:");
	s += n;
	n = value_prefix(s, "xx:xx.x");
	return n && (!s[n] || value_matches(s + n, "=xxxx:xxxx"));
}

char *parse_device(const struct token *t, void *out)
{
	if (!device_is_good(t->text))
		return value_wrong(
			t,
			"a PCI device such as 10de:2820, 10de:2820@1043:1e6c, 01:00.0 or 01:00.0=10de:2820");
	value_set(out, value_lower(t->text));
	return NULL;
}

/* The forms of a selector (host/usb_pick.h), by shape alone. */
static bool usb_is_good(const char *s)
{
	size_t digits = strspn(s, "0123456789"), rest;
	char kind = s[digits];

	if (value_matches(s, "xxxx:xxxx"))
		return true;
	if (!digits || digits > 3 || (kind != '-' && kind != '.'))
		return false;
	s += digits + 1;
	rest = strspn(s, kind == '-' ? "0123456789." : "0123456789");
	if (!rest || rest > 20 || *s == '.' || s[rest - 1] == '.' || strstr(s, ".."))
		return false;
	return value_matches(s + rest, "=xxxx:xxxx") || (!s[rest] && kind == '-');
}

char *parse_usb(const struct token *t, void *out)
{
	if (!usb_is_good(t->text))
		return value_wrong(
			t,
			"a USB device such as 046d:c52b, 1-4.2, 1-4.2=046d:c52b or 001.004=046d:c52b");
	value_set(out, value_lower(t->text));
	return NULL;
}

char *parse_slots(const struct token *t, void *out)
{
	const char *s = t->text;
	bool good = strcmp(s, "all") == 0;

	if (!good) {
		for (good = *s >= '0' && *s <= '7', s++; good && *s; s += 2)
			good = *s == ',' && s[1] >= '0' && s[1] <= '7';
	}
	if (!good)
		return value_wrong(t, "all, or function numbers such as 0,1");
	value_set(out, xstrdup(t->text));
	return NULL;
}

#define CPU_LIST "a list of processors from 0 to 1023 such as 0-7,16"
_Static_assert(CPU_SET_SIZE == 1024, "the message names the last one");

static char *wrong_cpus(const struct token *t)
{
	own_free char *found = text_quote(t->text, 40);
	own_buf struct buf words = {0};
	const char *const *choice = t->key->choice;
	const char *nearest;
	size_t n = 0;

	if (!choice)
		return value_wrong(t, CPU_LIST);
	for (; choice[n]; n++)
		buf_addf(&words, "%s | ", choice[n]);
	buf_adds(&words, "auto");
	nearest = text_nearest(t->text, choice, n);
	return xasprintf("'%s' is none of %s, and not " CPU_LIST "%s%s%s", found, words.data,
			 nearest ? "; did you mean " : "", nearest ? nearest : "",
			 nearest ? "?" : "");
}

/* One of the key's words, or a list of at least one processor. */
char *parse_cpus(const struct token *t, void *out)
{
	const char *const *word = t->key->choice;
	struct cpu_set set;

	while (word && *word && strcmp(*word, t->text) != 0)
		word++;
	if ((!word || !*word) &&
	    (strchr(t->text, '\n') || !cpu_set_parse(&set, t->text) || cpu_set_is_empty(&set)))
		return wrong_cpus(t);
	value_set(out, xstrdup(t->text));
	return NULL;
}

/* Behind a root port there is device 00 alone. */
char *parse_place(const struct token *t, void *out)
{
	uint64_t bus;

	if (!value_prefix(t->text, "xx:00") || t->text[5] ||
	    !text_u64((char[]){t->text[0], t->text[1], 0}, 16, &bus) || bus < 1 || bus > 0x20)
		return value_wrong(t, "a slot from 01:00 to 20:00 (hexadecimal)");
	value_set(out, value_lower(t->text));
	return NULL;
}

char *parse_machine(const struct token *t, void *out)
{
	uint64_t major = 0, minor = 0;
	own_free char *rest = NULL;
	char *dot;

	if (text_starts(t->text, "pc-q35-")) {
		rest = xstrdup(t->text + strlen("pc-q35-"));
		dot = strchr(rest, '.');
		if (dot)
			*dot++ = '\0';
		if (!dot || !text_u64(rest, 10, &major) || !text_u64(dot, 10, &minor))
			major = 0;
	}
	if (!major)
		return value_wrong(t, "a versioned q35 machine such as pc-q35-7.2");
	if (major < 6 || (major == 6 && minor < 1))
		return value_wrong(
			t,
			"pc-q35-6.1 or newer: older ones lack the ACPI nodes that a GPU's tables hang on");
	value_set(out, xstrdup(t->text));
	return NULL;
}
