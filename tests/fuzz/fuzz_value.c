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

static const struct key *pick(unsigned which)
{
	size_t n, all = 0;
	const struct section_keys *table = section_table(&n);

	for (size_t i = 0; i < n; i++)
		all += table[i].n;
	which %= all;
	for (size_t i = 0;; which -= table[i++].n)
		if (which < table[i].n)
			return &table[i].key[which];
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
	else if (value_size(key->kind) == sizeof(struct text) && key->kind != KIND_STRINGS &&
		 key->kind != KIND_WORDS && key->kind != KIND_ENV && key->kind != KIND_FLAG)
		again(key, field);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct key *key;
	own_free char *text = NULL, *problem = NULL;
	own_free void *field = NULL, *before = NULL;
	size_t room;

	if (size < 1)
		return 0;
	key = pick(data[0]);
	text = xstrndup((const char *)data + 1, size - 1);
	room = value_size(key->kind);
	field = xcalloc(1, room);
	before = xcalloc(1, room);
	problem = value_parse(key, text, "/dir", (struct origin){ORIGIN_FILE, 1, 1}, field);
	if (problem)
		must(*problem && text_is_printable(problem) && memcmp(field, before, room) == 0);
	else
		check(key, field);
	value_clear(key->kind, field);
	return 0;
}
