/* Names of hardware: PCI functions as the host has them, processors, places and boards as the guest
 * gets them. By shape alone; whether there is such a thing is for the plan to say.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/cpu_set.h"
#include "base/text.h"
#include "value_parts.h"

char *parse_device(const struct token *t, void *out)
{
	struct pci_pick *pick = out;

	if (!pci_selector_parse(t->text, &pick->v, NULL))
		return value_wrong(
			t,
			"a PCI device such as 10de:2820, 10de:2820@1043:1e6c, 01:00.0 or 01:00.0=10de:2820");
	pick->given = true;
	return NULL;
}

char *parse_usb(const struct token *t, void *out)
{
	struct usb_pick *pick = out;
	struct usb_selector selector;

	if (!usb_selector_parse(t->text, &selector))
		return value_wrong(
			t,
			"a USB device such as 046d:c52b, 1-4.2, 1-4.2=046d:c52b or 001.004=046d:c52b");
	pick->v = selector;
	pick->given = true;
	return NULL;
}

char *parse_slots(const struct token *t, void *out)
{
	struct slots *slots = out;
	bool all = strcmp(t->text, "all") == 0, good = true;
	unsigned v = 0;

	for (const char *s = all ? "0" : t->text;; s += 2) {
		good = *s >= '0' && *s <= '7' && (!s[1] || s[1] == ',');
		if (good)
			v |= 1U << (*s - '0');
		if (!good || !s[1])
			break;
	}
	if (!good)
		return value_wrong(t, "all, or function numbers such as 0,1");
	slots->all = all;
	slots->v = all ? 0 : v;
	return NULL;
}

char *slots_text(const struct slots *slots)
{
	struct buf out = {0};

	if (slots->all)
		buf_adds(&out, "all");
	for (unsigned i = 0; i < GPU_FUNCTIONS; i++)
		if (slots->v >> i & 1U)
			buf_addf(&out, "%s%u", out.len ? "," : "", i);
	return buf_steal(&out);
}

/* One set, of vendor, device and the subsystem's two. */
static bool read_ids(const char *word, size_t n, unsigned id[4])
{
	own_free char *text = xstrndup(word, n);

	if (!value_matches(text, "xxxx:xxxx:xxxx:xxxx"))
		return false;
	for (unsigned i = 0; i < 4; i++)
		id[i] = (unsigned)strtoul(text + (size_t)i * 5, NULL, 16);
	return true;
}

char *parse_ids(const struct token *t, void *out)
{
	struct pci_ids ids = {.kind = strcmp(t->text, "host") == 0   ? IDS_HOST
				      : strcmp(t->text, "none") == 0 ? IDS_NONE
								     : IDS_GIVEN};
	bool good = true;

	for (const char *s = t->text; ids.kind == IDS_GIVEN && good && *s;) {
		size_t n = strcspn(s, WORD_ENDS);

		good = !n || (ids.n < ARRAY_SIZE(ids.v) && read_ids(s, n, ids.v[ids.n]));
		ids.n += n > 0;
		s += n;
		s += *s != '\0';
	}
	if (!good || (ids.kind == IDS_GIVEN && !ids.n))
		return value_wrong(
			t, "host, none, or ids such as 10de:25a2:1d05:1178, separated by spaces");
	*(struct pci_ids *)out = ids;
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
	struct cpus *cpus = out;
	struct cpu_set set = {0};

	while (word && *word && strcmp(*word, t->text) != 0)
		word++;
	if ((!word || !*word) &&
	    (strchr(t->text, '\n') || !cpu_set_parse(&set, t->text) || cpu_set_is_empty(&set)))
		return wrong_cpus(t);
	cpus->given = true;
	cpus->word = word && *word ? (int)(word - t->key->choice) : CPUS_LISTED;
	cpus->v = set;
	return NULL;
}

/* Behind a root port there is device 00 alone. */
char *parse_place(const struct token *t, void *out)
{
	struct guest_slot *slot = out;
	uint64_t bus;

	if (!value_matches(t->text, "xx:00") ||
	    !text_u64((char[]){t->text[0], t->text[1], 0}, 16, &bus) || bus < 1 || bus > 0x20)
		return value_wrong(t, "a slot from 01:00 to 20:00 (hexadecimal)");
	slot->bus = (unsigned)bus;
	return NULL;
}

char *parse_machine(const struct token *t, void *out)
{
	struct machine_version *machine = out;
	struct q35_version found;

	if (!q35_version_parse(t->text, &found) || !found.major)
		return value_wrong(t, "a versioned q35 machine such as pc-q35-7.2");
	if (q35_version_compare(&found, &(struct q35_version){6, 1}) < 0)
		return value_wrong(
			t,
			"pc-q35-6.1 or newer: older ones lack the ACPI nodes that a GPU's tables hang on");
	machine->v = found;
	q35_version_format(&found, machine->name);
	machine->given = true;
	return NULL;
}
