#include "help.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/own.h"
#include "format.h"
#include "line.h"
#include "typed.h"
#include "words.h"

static const char *marks_of(bool unstable, bool deprecated)
{
	return unstable && deprecated ? "  (unstable, deprecated)"
	       : unstable	      ? "  (unstable)"
	       : deprecated	      ? "  (deprecated)"
				      : "";
}

static void add_members(struct buf *out, const struct schema *schema,
			const struct schema_entry *object, json_object *given)
{
	own_free const struct schema_member **all = NULL;
	size_t n, width = 0;

	all = schema_members(schema, object, schema_tag_given, given, &n);
	for (size_t i = 0; i < n; i++)
		width = strlen(all[i]->name) > width ? strlen(all[i]->name) : width;
	for (int optional = 0; optional < 2; optional++)
		for (size_t i = 0; i < n; i++) {
			own_free char *words = schema_words(schema, all[i]->type);

			if (all[i]->optional == optional)
				buf_addf(out, "  %-*s  %s  %s%s\n", (int)width, all[i]->name,
					 optional ? "optional" : "required", words,
					 marks_of(all[i]->unstable, all[i]->deprecated));
		}
	if (!n)
		buf_adds(out, "  no arguments\n");
	if (object && object->tag && !schema_tag_given(given, object->tag))
		buf_addf(out, "  more with %s=...\n", object->tag);
}

/* QEMU's own order is that of a hash table. */
static int order_properties(const void *a, const void *b)
{
	return strcmp(json_member_text(*(json_object *const *)a, "name"),
		      json_member_text(*(json_object *const *)b, "name"));
}

static void add_properties(struct buf *out, json_object *properties)
{
	size_t n = json_object_is_type(properties, json_type_array)
			   ? json_object_array_length(properties)
			   : 0;

	own_free json_object **sorted = xcalloc(n + 1, sizeof(json_object *));

	for (size_t i = 0; i < n; i++)
		sorted[i] = json_object_array_get_idx(properties, i);
	qsort(sorted, n, sizeof(json_object *), order_properties);
	buf_addf(out, "  properties of this device:%s\n", n ? "" : " QEMU has none");
	for (size_t i = 0; i < n; i++) {
		json_object *property = sorted[i], *value = NULL;
		const char *about = json_member_text(property, "description");
		own_free char *shown = NULL;

		if (json_object_object_get_ex(property, "default-value", &value))
			shown = qmp_plain(value);
		buf_addf(out, "  %-26s  %s%s%s%s%s%s\n", json_member_text(property, "name"),
			 json_member_text(property, "type"), *about ? ": " : "", about,
			 shown ? " (" : "", shown ? shown : "", shown ? " by default)" : "");
	}
}

char *qmp_help(const struct schema *schema, const char *line,
	       json_object *(*properties)(void *what, const char *driver), void *what)
{
	own_qmp_line struct qmp_line split = {0};
	own_error struct error *unused = NULL;
	own_json json_object *given = NULL;
	own_free char **words = NULL;
	const struct schema_entry *command;
	struct buf out = {0};
	size_t wrong;
	char *text;

	qmp_split(line, &split);
	command = split.words ? schema_command(schema, split.word[0].text) : NULL;
	if (!command)
		return NULL;
	words = qmp_line_words(&split);
	given = qmp_word_tree(words, split.words - 1, &wrong, &unused);
	if (!given)
		given = json_object_new_object();
	buf_addf(&out, "%s%s%s\n", command->name, marks_of(command->unstable, command->deprecated),
		 command->oob ? "  (may be sent out of band)" : "");
	add_members(&out, schema, schema_find(schema, command->type), given);
	if (properties && qmp_takes_properties(command->name)) {
		const char *driver = schema_tag_given(given, "driver");

		if (driver)
			add_properties(&out, properties(what, driver));
		else
			buf_adds(&out, "  more with driver=...\n");
	}
	text = qmp_screen(out.data);
	buf_free(&out);
	return text;
}

static void search_entry(struct buf *out, const struct schema *schema,
			 const struct schema_entry *entry, const char *pattern)
{
	const struct schema_entry *object = schema_find(schema, entry->type);
	bool command = entry->kind == SCHEMA_COMMAND;

	if (strcasestr(entry->name, pattern))
		buf_addf(out, "%s  %s%s\n", entry->name, command ? "command" : "event",
			 marks_of(entry->unstable, entry->deprecated));
	for (size_t i = 0; object && object->kind == SCHEMA_OBJECT && i < object->members; i++) {
		const struct schema_member *member = &object->member[i];
		const struct schema_entry *type = schema_find(schema, member->type);

		if (strcasestr(member->name, pattern))
			buf_addf(out, "%s  %s\n", entry->name, member->name);
		for (size_t w = 0; type && type->kind == SCHEMA_ENUM && w < type->members; w++)
			if (strcasestr(type->member[w].name, pattern))
				buf_addf(out, "%s  %s=%s\n", entry->name, member->name,
					 type->member[w].name);
	}
}

char *qmp_search(const struct schema *schema, const char *pattern)
{
	struct buf out = {0};

	buf_adds(&out, "");
	for (size_t i = 0; schema_at(schema, i); i++) {
		const struct schema_entry *entry = schema_at(schema, i);

		if (entry->kind == SCHEMA_COMMAND || entry->kind == SCHEMA_EVENT)
			search_entry(&out, schema, entry, pattern);
	}
	return buf_steal(&out);
}
