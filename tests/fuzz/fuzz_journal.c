/* Fuzzes the journal, which root reads after a crash: what is accepted names nothing but drivers,
 * modules and device nodes, and is written again as it was read.
 */
#include <json-c/json.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "act/journal.h"
#include "base/alloc.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
	if (!promise)
		abort();
}

static void check_change(const struct change *change)
{
	must((unsigned)change->kind < CHANGES && change->names <= CHANGE_NAMES);
	for (size_t i = 0; i < change->names; i++)
		must(memchr(change->name[i], '\0', CHANGE_NAME) &&
		     !strpbrk(change->name[i], "/. \n") && change->name[i][0] != '-');
	must(memchr(change->path, '\0', sizeof(change->path)));
	must(!*change->path || text_starts(change->path, "/dev/"));
	must(!strstr(change->path, "/../"));
	must(change->before.len <= sizeof(change->before.value));
}

/* ------------------------------------------------------------------ texts */

struct input {
	const uint8_t *data;
	size_t size;
};

static uint8_t byte(struct input *in)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++;
}

/* A good value, or some bytes. */
static json_object *text_of(struct input *in, const char *good)
{
	uint8_t n = byte(in);
	own_free char *text = NULL;

	if (n < 160 || !in->size)
		return json_object_new_string(good);
	n %= 128;
	text = xstrndup((const char *)in->data, n < in->size ? n : in->size);
	in->data += strlen(text);
	in->size -= strlen(text);
	return json_object_new_string(text);
}

static json_object *number_of(struct input *in, int64_t good)
{
	int64_t value = 0;
	uint8_t what = byte(in);

	if (what < 160)
		return json_object_new_int64(good);
	if (what < 180)
		return text_of(in, "none");
	for (int i = 0; i < 8; i++)
		value = (int64_t)((uint64_t)value << 8 | byte(in));
	return json_object_new_int64(value);
}

static json_object *change_of(struct input *in)
{
#define WORD_OF(change, word, undo, function) word,
	static const char *const kind[] = {CHANGE_ROWS(WORD_OF)};
#undef WORD_OF
	json_object *o = json_object_new_object(), *names = json_object_new_array();
	uint8_t n = byte(in) % (CHANGE_NAMES + 2);

	json_object_object_add(o, "kind", text_of(in, kind[byte(in) % CHANGES]));
	json_object_object_add(o, "address", text_of(in, "0000:01:00.0"));
	for (uint8_t i = 0; i < n; i++)
		json_object_array_add(names, text_of(in, i ? "b155147a-663a-4009-ae7f-e9a96805b3ce"
							   : "snd_hda_intel"));
	json_object_object_add(o, "names", names);
	json_object_object_add(o, "path", text_of(in, byte(in) & 1 ? "/dev/kvm" : ""));
	json_object_object_add(o, "uid", number_of(in, 1000));
	json_object_object_add(o, "acl", text_of(in, "0600:-"));
	json_object_object_add(o, "size-kb", number_of(in, 2048));
	json_object_object_add(o, "node", number_of(in, -1));
	json_object_object_add(o, "number", number_of(in, 32));
	json_object_object_add(o, "pool", number_of(in, 0));
	return o;
}

static json_object *process_of_input(struct input *in)
{
	json_object *o = json_object_new_object();

	json_object_object_add(o, "pid", number_of(in, 4711));
	json_object_object_add(o, "start", number_of(in, 12345));
	return o;
}

/* What a keeper could have written, with some of it spoilt. The caller owns it. */
static char *made_of(struct input *in)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();
	uint8_t n = byte(in) % 6;
	char *text;

	json_object_object_add(o, "version", number_of(in, 1));
	json_object_object_add(o, "boot-id", text_of(in, "b"));
	json_object_object_add(o, "uid", number_of(in, 1000));
	json_object_object_add(o, "keeper", process_of_input(in));
	json_object_object_add(o, "qemu", process_of_input(in));
	for (uint8_t i = 0; i < n; i++)
		json_object_array_add(list, change_of(in));
	json_object_object_add(o, "changes", list);
	text = xstrdup(json_object_to_json_string(o));
	json_object_put(o);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	/* One in eight is any text. */
	own_free char *text = byte(&in) % 8 ? made_of(&in) : xstrndup((const char *)data, size);
	own_free char *first = NULL, *second = NULL;
	own_error struct error *err = NULL;
	own_journal struct journal *journal = journal_parse(text, &err), *again = NULL;

	must(!journal == !!err);
	if (!journal)
		return 0;
	must(journal->n <= JOURNAL_CHANGES);
	for (size_t i = 0; i < journal->n; i++)
		check_change(&journal->change[i]);
	first = journal_text(journal);
	again = journal_parse(first, &err);
	must(again);
	second = journal_text(again);
	must(strcmp(first, second) == 0);
	return 0;
}
