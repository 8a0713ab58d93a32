/* Fuzzes the parsers of values: the first byte picks a key of the table, the rest is the value.
 * Looks for a field that is touched by a refusal, for numbers out of their range, and for texts
 * that mean something else when they are read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "profile/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
	if (!promise)
		abort();
}

static const struct key *pick(unsigned which, const struct section_keys **section)
{
	size_t n, all = 0;
	const struct section_keys *table = section_table(&n);

	for (size_t i = 0; i < n; i++)
		all += table[i].n;
	which %= all;
	for (size_t i = 0;; which -= table[i++].n)
		if (which < table[i].n) {
			*section = &table[i];
			return &table[i].key[which];
		}
}

static bool is_number(enum kind kind)
{
	return kind == KIND_COUNT || kind == KIND_SIZE || kind == KIND_DURATION;
}

/* What a text key made of the value, given again, must stay what it is. */
static void again(const struct key *key, const struct text *first)
{
	struct text second = {0};
	own_free char *problem = NULL;

	if (!first->v)
		return;
	problem = value_parse(key, first->v, "/other", (struct origin){0}, &second);
	must(!problem);
	must(second.automatic ? strcmp(first->v, "auto") == 0 : strcmp(first->v, second.v) == 0);
	value_clear(key->kind, &second);
}

static void must_be_ports(const struct forwards *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct forward *f = &list->v[i];

		must(f->host && f->guest && f->ports && f->ports <= FORWARD_PORTS);
		must(f->host + f->ports - 1 <= UINT16_MAX && f->guest + f->ports - 1 <= UINT16_MAX);
	}
}

/* What was understood, given again, must be understood as the same. */
static void must_be_order(const struct boot_order *order)
{
	const struct key key = {.kind = KIND_ORDER};

	for (size_t i = 0; i < order->n; i++) {
		own_free char *word = boot_device_text(&order->v[i]), *problem = NULL;
		struct boot_order second = {0};

		problem = value_parse(&key, word, "/", (struct origin){0}, &second);
		must(!problem && second.n == 1);
		must(second.v[0].kind == order->v[i].kind);
		must(strcmp(second.v[0].name, order->v[i].name) == 0);
		value_clear(KIND_ORDER, &second);
	}
}

static void must_be_flags(const struct cpu_flags *flags)
{
	for (size_t i = 0; i < flags->n; i++)
		must(*flags->v[i].name && !strpbrk(flags->v[i].name, ",= \t"));
}

static bool is_text(enum kind kind)
{
	static const enum kind TEXTS[] = {KIND_TEXT,   KIND_NAME,   KIND_PATH,	KIND_PROGRAM,
					  KIND_STRING, KIND_VENDOR, KIND_SERIAL};

	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++)
		if (TEXTS[i] == kind)
			return true;
	return false;
}

static void check(const struct key *key, const void *field)
{
	const struct number *number = field;
	const struct choice *choice = field;
	const struct target *target = field;

	if (is_number(key->kind))
		must(number->automatic || (number->v >= key->min && number->v <= key->max));
	else if (key->kind == KIND_CHOICE)
		must(choice->v >= 0 && key->choice[choice->v]);
	else if (key->kind == KIND_TARGET)
		must((target->kind == TARGET_FILE) == !!target->path);
	else if (key->kind == KIND_FORWARDS)
		must_be_ports(field);
	else if (key->kind == KIND_ORDER)
		must_be_order(field);
	else if (key->kind == KIND_FLAGS)
		must_be_flags(field);
	else if (is_text(key->kind))
		again(key, field);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct section_keys *section;
	const struct key *key;
	own_free char *text = NULL, *problem = NULL, *of_section = NULL, *before = NULL;
	char *field;

	if (size < 1)
		return 0;
	key = pick(data[0], &section);
	text = xstrndup((const char *)data + 1, size - 1);
	of_section = xcalloc(1, section->size);
	before = xcalloc(1, section->size);
	field = of_section + key->offset;
	problem = value_parse(key, text, "/dir", (struct origin){ORIGIN_FILE, 1, 1}, field);
	if (problem)
		must(*problem && text_is_printable(problem) &&
		     memcmp(of_section, before, section->size) == 0);
	else
		check(key, field);
	value_clear(key->kind, field);
	return 0;
}
