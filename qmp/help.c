#include "help.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/own.h"
#include "line.h"
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

char *qmp_help(const struct schema *schema, const char *line)
{
	own_qmp_line struct qmp_line split = {0};
	own_error struct error *unused = NULL;
	own_json json_object *given = NULL;
	own_free char **words = NULL;
	const struct schema_entry *command;
	struct buf out = {0};
	size_t wrong;

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
	return buf_steal(&out);
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
