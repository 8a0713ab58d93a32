/* Fuzzes what QEMU says of its own commands, and what the QMP shell makes of it. The first line is
 * what somebody has typed, the rest are the schema's entries, one a line, as they are kept.
 * Besides memory errors this looks for candidates that do not fit the line, and for a schema that
 * is another one when it has been written out and read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "qmp/complete.h"
#include "qmp/help.h"
#include "qmp/line.h"
#include "qmp/schema.h"
#include "qmp/typed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
	if (!promise)
		abort();
}

/* Each type in words, and each object's members with whatever variant. */
static void check_types(const struct schema *schema)
{
	own_json json_object *none = json_object_new_object();
	const struct schema_entry *entry;
	size_t kinds = 0, all = 0;

	for (; (entry = schema_at(schema, all)); all++) {
		own_free char *words = schema_words(schema, entry->name);
		own_free const struct schema_member **member = NULL;
		size_t n;

		must(schema_find(schema, entry->name) && words);
		member = schema_members(schema, entry, schema_tag_given, none, &n);
		for (size_t i = 0; i < n; i++)
			must(member[i]->name && member[i]->type);
	}
	for (enum schema_kind kind = SCHEMA_COMMAND; kind <= SCHEMA_BUILTIN; kind++) {
		size_t n;

		free(schema_names(schema, kind, &n));
		kinds += n;
	}
	must(kinds == all);
}

static void check_completion(const struct schema *schema, const char *line)
{
	static const char *const own[] = {"help", "quit", NULL};
	const struct completing completing = {.schema = schema, .words = own};
	own_qmp_candidates struct qmp_candidates found = {0};
	size_t len = strlen(line);

	qmp_complete(&completing, line, len, &found);
	must(found.from <= len);
	own_free char *common = qmp_common_start(&found);
	for (size_t i = 0; i < found.n; i++)
		must(*found.v[i].text && found.v[i].note &&
		     strncmp(found.v[i].text, common, strlen(common)) == 0);
}

static void check_typing(const struct schema *schema, const char *line)
{
	own_qmp_line struct qmp_line split = {0};
	own_free char **words = NULL;
	own_qmp_fault struct qmp_fault fault = {0};
	const struct typing typing = {.schema = schema};
	const struct schema_entry *command;
	own_json json_object *typed = NULL;

	qmp_split(line, &split);
	if (!split.words || split.open)
		return;
	command = schema_command(schema, split.word[0].text);
	if (!command)
		return;
	words = qmp_line_words(&split);
	typed = qmp_typed_arguments(&typing, command, words, split.words - 1, &fault);
	must(!typed == !!fault.text && fault.word <= split.words);
}

/* Written out, and read again: the same. */
static void check_again(const char *text, size_t len)
{
	own_json json_object *answer = json_object_new_array();
	own_free char *once = NULL, *twice = NULL;
	own_schema struct schema *schema = NULL, *again = NULL;
	size_t n, m;

	for (const char *at = text, *end; at < text + len; at = end + 1) {
		json_object *entry;

		end = memchr(at, '\n', (size_t)(text + len - at));
		end = end ? end : text + len;
		own_free char *line = xstrndup(at, (size_t)(end - at));
		entry = json_tokener_parse(line);
		if (entry)
			json_object_array_add(answer, entry);
	}
	once = schema_lines(answer, &n);
	schema = schema_from_lines(once, n);
	for (size_t i = 0; schema && schema_at(schema, i); i++)
		must(*schema_at(schema, i)->name);
	twice = xstrndup(once, n);
	m = strlen(twice);
	must(m == n);
	again = schema_from_lines(twice, m);
	must(!schema == !again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t typed = end ? (size_t)(end - data) : size, rest = end ? size - typed - 1 : 0;
	own_free char *line = xstrndup((const char *)data, typed), *text = xmalloc(rest + 1);
	own_schema struct schema *schema = NULL;

	/* Ends where it ends, so that one byte too much is seen. */
	memcpy(text, data + size - rest, rest);
	text = realloc(text, rest ? rest : 1);
	schema = schema_from_lines(text, rest);
	if (schema) {
		own_free char *help = qmp_help(schema, line, NULL, NULL);
		own_free char *found = qmp_search(schema, line);

		must(!help || *help);
		check_types(schema);
		check_typing(schema, line);
	}
	check_completion(schema, line);
	check_again(text, rest);
	return 0;
}
