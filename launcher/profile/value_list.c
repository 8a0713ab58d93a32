/* Values of several words, and keys that may stand several times. What stands on one line replaces
 * a former layer's; what stands on several is appended.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"
#include "value_parts.h"

/* The next word of a list, which the caller owns, past which *s is moved; NULL: there is none. */
static char *next_word(const char **s)
{
	size_t n;

	*s += strspn(*s, WORD_ENDS);
	n = strcspn(*s, WORD_ENDS);
	if (!n)
		return NULL;
	*s += n;
	return xstrndup(*s - n, n);
}

/* ------------------------------------------------------------------ one a line */

void clear_strings(void *field)
{
	struct strings *list = field;

	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	free(list->at);
}

static void append_string(struct strings *list, char *value, struct origin at)
{
	size_t n = list->n;

	*xappend(list->v, list->n) = value;
	*xappend(list->at, n) = at;
}

char *parse_strings(const struct token *t, void *out)
{
	append_string(out, xstrdup(t->text), t->at);
	return NULL;
}

char *parse_env(const struct token *t, void *out)
{
	const char *equals = strchr(t->text, '=');
	bool good = equals && equals > t->text && !isdigit((unsigned char)*t->text);

	for (const char *c = t->text; good && c < equals; c++)
		good = isascii(*c) && (isalnum((unsigned char)*c) || *c == '_');
	if (!good)
		return value_wrong(t, "an environment variable such as NAME=value");
	append_string(out, xstrdup(t->text), t->at);
	return NULL;
}

char *parse_paths(const struct token *t, void *out)
{
	if (!*t->text)
		return value_wrong(t, "a path");
	append_string(out, value_absolute(t), t->at);
	return NULL;
}

/* ------------------------------------------------------------------ what is booted from */

void clear_order(void *field)
{
	struct boot_order *order = field;

	for (size_t i = 0; i < order->n; i++)
		free(order->v[i].name);
	free(order->v);
}

static const char *const BOOT[] = {
	[BOOT_DISK] = "disk",
	[BOOT_NETWORK] = "network",
	[BOOT_PCI] = "pci",
	[BOOT_USB] = "usb",
};
_Static_assert(ARRAY_SIZE(BOOT) == BOOT_KINDS, "each kind is a section's name");

char *boot_device_text(const struct boot_device *device)
{
	return xasprintf("%s%s%s", BOOT[device->kind], *device->name ? "/" : "", device->name);
}

/* Reads one word; what is wrong with it, which the caller owns, or NULL. */
static char *add_boot_device(struct boot_order *order, const char *word)
{
	size_t n = strcspn(word, "/");
	const char *name = word + n + (word[n] == '/');
	unsigned kind = 0;

	while (kind < BOOT_KINDS && !(n == strlen(BOOT[kind]) && text_starts(word, BOOT[kind])))
		kind++;
	if (kind == BOOT_KINDS) {
		own_free char *shown = text_quote(word, 40);

		return xasprintf(
			_("'%s' is none of disk/NAME, network/NAME, pci/NAME and usb/NAME"), shown);
	}
	if (order->n == BOOT_KINDS * ITEMS_LIMIT)
		return xasprintf(_("more than %d names"), BOOT_KINDS * ITEMS_LIMIT);
	*xappend(order->v, order->n) =
		(struct boot_device){.kind = (enum boot_kind)kind, .name = xstrdup(name)};
	return NULL;
}

char *parse_order(const struct token *t, void *out)
{
	struct boot_order found = {0}, *order = out;
	const char *s = t->text;

	for (char *word; (word = next_word(&s));) {
		char *problem = add_boot_device(&found, word);

		free(word);
		if (problem) {
			clear_order(&found);
			return problem;
		}
	}
	clear_order(order);
	*order = found;
	return NULL;
}

/* ------------------------------------------------------------------ features of processors */

void clear_flags(void *field)
{
	struct cpu_flags *flags = field;

	for (size_t i = 0; i < flags->n; i++)
		free(flags->v[i].name);
	free(flags->v);
}

/* What has a key of its own is not switched beside it. */
static bool has_key(const char *flag)
{
	static const char *const KEYED[] = {
		"kvm",	     "hypervisor", "phys-bits", "host-phys-bits",
		"tcg-cpuid", "vendor",	   "topoext"};

	for (size_t i = 0; i < ARRAY_SIZE(KEYED); i++)
		if (strcmp(flag, KEYED[i]) == 0)
			return true;
	return text_starts(flag, "hv-") || text_starts(flag, "hv_") || text_starts(flag, "x-");
}

char *parse_flags(const struct token *t, void *out)
{
	struct cpu_flags found = {0}, *flags = out;
	const char *s = t->text;
	bool good = true;

	for (char *word; good && (word = next_word(&s));) {
		good = (*word == '+' || *word == '-') && value_is_name(word + 1) &&
		       !has_key(word + 1);
		if (good)
			*xappend(found.v, found.n) =
				(struct cpu_flag){.name = xstrdup(word + 1), .is_on = *word == '+'};
		free(word);
	}
	if (!good) {
		clear_flags(&found);
		return value_wrong(
			t,
			"features of QEMU's processors such as +invtsc -vmx, none that has a key of its own");
	}
	clear_flags(flags);
	*flags = found;
	return NULL;
}
