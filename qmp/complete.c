/* Theory of operation: the words before the cursor make the same tree as they would if the command
 * were sent (words.c). The key that is typed leads from the command's arguments into that tree and,
 * beside it, into the schema; at its end stand the members of an object, the places of a list, or a
 * value. A union's members depend on its tag, which is looked up in the tree.
 */
#include "complete.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "base/own.h"
#include "base/text.h"
#include "line.h"
#include "typed.h"
#include "words.h"

/* A place in the arguments: the schema's type there, and what has been given of it (may be NULL).
 */
struct place {
	const struct schema_entry *type; /* NULL: not known */
	json_object *given;
};

void qmp_candidates_free(struct qmp_candidates *candidates)
{
	for (size_t i = 0; i < candidates->n; i++) {
		free(candidates->v[i].text);
		free(candidates->v[i].note);
	}
	free(candidates->v);
	*candidates = (struct qmp_candidates){0};
}

/* Adds a candidate if it begins as it is typed; takes over text and note. */
static void offer_candidate(struct qmp_candidates *out, const char *typed, char *text, char *note,
			    bool ends)
{
	if (!text_starts(text, typed)) {
		free(text);
		free(note);
		return;
	}
	*xappend(out->v, out->n) = (struct qmp_candidate){text, note, ends};
}

/* ------------------------------------------------------------------ the way down */

/* The kind of an alternate that has members or places of its own; any other type is itself. */
static const struct schema_entry *container_of(const struct schema *schema,
					       const struct schema_entry *type)
{
	for (size_t i = 0; type && type->kind == SCHEMA_ALTERNATE && i < type->members; i++) {
		const struct schema_entry *kind = schema_find(schema, type->member[i].type);

		if (kind && (kind->kind == SCHEMA_OBJECT || kind->kind == SCHEMA_ARRAY))
			return kind;
	}
	return type;
}

static bool has_parts(const struct schema *schema, const char *type)
{
	const struct schema_entry *entry = container_of(schema, schema_find(schema, type));

	return entry && (entry->kind == SCHEMA_OBJECT || entry->kind == SCHEMA_ARRAY);
}

/* Whether a value can stand behind "=" without being JSON. */
static bool has_plain(const struct schema *schema, const char *type)
{
	const struct schema_entry *entry = schema_find(schema, type);

	return !entry || (entry->kind != SCHEMA_OBJECT && entry->kind != SCHEMA_ARRAY);
}

/* One part of a key further down. */
static struct place step_down(const struct schema *schema, struct place at, const char *part)
{
	const struct schema_entry *type = container_of(schema, at.type);
	own_free const struct schema_member **all = NULL;
	struct place next = {0};
	uint64_t index;
	size_t n;

	if (!type)
		return next;
	if (type->kind == SCHEMA_ARRAY && text_u64(part, 10, &index)) {
		next.type = schema_find(schema, type->type);
		if (json_object_is_type(at.given, json_type_array))
			next.given = json_object_array_get_idx(at.given, index);
		return next;
	}
	all = schema_members(schema, type, schema_tag_given, at.given, &n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i]->name, part) == 0)
			next.type = schema_find(schema, all[i]->type);
	if (json_object_is_type(at.given, json_type_object))
		json_object_object_get_ex(at.given, part, &next.given);
	return next;
}

/* Down all parts of key that end with a dot. */
static struct place walk_down(const struct schema *schema, struct place at, const char *key)
{
	const char *dot;

	for (; (dot = strchr(key, '.')); key = dot + 1) {
		own_free char *part = xstrndup(key, (size_t)(dot - key));

		at = step_down(schema, at, part);
	}
	return at;
}

/* ------------------------------------------------------------------ keys */

static char *member_note(const struct schema *schema, const struct schema_member *member)
{
	own_free char *words = schema_words(schema, member->type);

	return xasprintf("%s%s%s%s", words, member->optional ? "" : ", required",
			 member->deprecated ? ", deprecated" : "",
			 member->unstable ? ", unstable" : "");
}

static void offer_member(const struct schema *schema, const struct schema_member *member,
			 const char *path, const char *typed, struct qmp_candidates *out)
{
	if (has_plain(schema, member->type))
		offer_candidate(out, typed, xasprintf("%s%s=", path, member->name),
				member_note(schema, member), false);
	if (has_parts(schema, member->type))
		offer_candidate(out, typed, xasprintf("%s%s.", path, member->name),
				member_note(schema, member), false);
}

/* Whether nothing more of a member can be given. */
static bool is_given(json_object *given, const char *name)
{
	json_object *value;

	return json_object_is_type(given, json_type_object) &&
	       json_object_object_get_ex(given, name, &value) &&
	       json_object_is_type(value, json_type_string);
}

static void offer_members(const struct schema *schema, const struct place *at, const char *path,
			  const char *typed, struct qmp_candidates *out)
{
	own_free const struct schema_member **all = NULL;
	size_t n;

	all = schema_members(schema, container_of(schema, at->type), schema_tag_given, at->given,
			     &n);
	for (int optional = 0; optional < 2; optional++)
		for (size_t i = 0; i < n; i++)
			if (all[i]->optional == optional && !is_given(at->given, all[i]->name))
				offer_member(schema, all[i], path, typed, out);
}

/* The next place of a list. */
static void offer_place(const struct schema *schema, const struct place *at,
			const struct schema_entry *list, const char *path, const char *typed,
			struct qmp_candidates *out)
{
	size_t next = json_object_is_type(at->given, json_type_array)
			      ? json_object_array_length(at->given)
			      : 0;

	if (has_plain(schema, list->type))
		offer_candidate(out, typed, xasprintf("%s%zu=", path, next),
				schema_words(schema, list->type), false);
	if (has_parts(schema, list->type))
		offer_candidate(out, typed, xasprintf("%s%zu.", path, next),
				schema_words(schema, list->type), false);
}

static void offer_properties(json_object *properties, json_object *given, const char *typed,
			     struct qmp_candidates *out)
{
	size_t n = json_object_is_type(properties, json_type_array)
			   ? json_object_array_length(properties)
			   : 0;

	for (size_t i = 0; i < n; i++) {
		json_object *property = json_object_array_get_idx(properties, i);
		const char *name = json_member_text(property, "name");
		const char *about = json_member_text(property, "description");

		if (*name && !is_given(given, name))
			offer_candidate(out, typed, xasprintf("%s=", name),
					xasprintf("%s%s%s", json_member_text(property, "type"),
						  *about ? ": " : "", about),
					false);
	}
}

static void complete_key(const struct completing *completing, const struct schema_entry *command,
			 json_object *tree, const char *typed, struct qmp_candidates *out)
{
	const struct schema *schema = completing->schema;
	struct place top = {schema_find(schema, command->type), tree};
	struct place at = walk_down(schema, top, typed);
	const struct schema_entry *type = container_of(schema, at.type);
	const char *dot = strrchr(typed, '.');
	own_free char *path = xstrndup(typed, dot ? (size_t)(dot + 1 - typed) : 0);
	const char *driver;

	if (type && type->kind == SCHEMA_ARRAY)
		offer_place(schema, &at, type, path, typed, out);
	else if (type && type->kind == SCHEMA_OBJECT)
		offer_members(schema, &at, path, typed, out);
	driver = !dot && qmp_takes_properties(command->name) ? schema_tag_given(tree, "driver")
							     : NULL;
	if (driver && completing->properties)
		offer_properties(completing->properties(completing->what, driver), tree, typed,
				 out);
}

/* ------------------------------------------------------------------ values */

static void offer_words(const char *const *words, const char *typed, struct qmp_candidates *out)
{
	for (; *words; words++)
		offer_candidate(out, typed, xstrdup(*words), xstrdup(""), true);
}

static const char *const BOOLEAN[] = {"on", "off", NULL};

static void offer_values(const struct schema *schema, const struct schema_entry *type,
			 const char *typed, unsigned depth, struct qmp_candidates *out)
{
	static const char *const null[] = {"null", NULL};

	if (!type || depth > 2)
		return;
	for (size_t i = 0; type->kind == SCHEMA_ENUM && i < type->members; i++)
		offer_candidate(out, typed, xstrdup(type->member[i].name),
				xstrdup(type->member[i].deprecated ? "deprecated"
					: type->member[i].unstable ? "unstable"
								   : ""),
				true);
	if (type->kind == SCHEMA_BUILTIN && strcmp(type->type, "boolean") == 0)
		offer_words(BOOLEAN, typed, out);
	if (type->kind == SCHEMA_BUILTIN && strcmp(type->type, "null") == 0)
		offer_words(null, typed, out);
	for (size_t i = 0; type->kind == SCHEMA_ALTERNATE && i < type->members; i++)
		offer_values(schema, schema_find(schema, type->member[i].type), typed, depth + 1,
			     out);
}

static void offer_property_values(json_object *property, const char *typed,
				  struct qmp_candidates *out)
{
	static const char *const automatic[] = {"on", "off", "auto", NULL};
	const char *type = json_member_text(property, "type");

	if (strcmp(type, "bool") == 0)
		offer_words(BOOLEAN, typed, out);
	if (strcmp(type, "OnOffAuto") == 0)
		offer_words(automatic, typed, out);
}

static void complete_value(const struct completing *completing, const struct schema_entry *command,
			   json_object *tree, const char *path, const char *typed,
			   struct qmp_candidates *out)
{
	const struct schema *schema = completing->schema;
	struct place top = {schema_find(schema, command->type), tree};
	own_free char *whole = xasprintf("%s.", path);
	struct place at = walk_down(schema, top, whole);
	const char *driver =
		qmp_takes_properties(command->name) ? schema_tag_given(tree, "driver") : NULL;
	size_t n = 0;
	char **names;

	offer_values(schema, at.type, typed, 0, out);
	if (!at.type && driver && completing->properties)
		offer_property_values(
			qmp_property(completing->properties(completing->what, driver), path), typed,
			out);
	if (out->n || !completing->names)
		return;
	names = completing->names(completing->what, command->name, path, typed, &n);
	for (size_t i = 0; i < n; i++)
		offer_candidate(out, typed, names[i], xstrdup(""), !text_ends(names[i], "/"));
	free(names);
}

/* ------------------------------------------------------------------ lines */

static void complete_command(const struct completing *completing, const char *typed,
			     struct qmp_candidates *out)
{
	for (size_t i = 0; schema_at(completing->schema, i); i++) {
		const struct schema_entry *entry = schema_at(completing->schema, i);

		if (entry->kind == SCHEMA_COMMAND)
			offer_candidate(out, typed, xstrdup(entry->name),
					xstrdup(entry->deprecated ? "deprecated"
						: entry->unstable ? "unstable"
								  : ""),
					true);
	}
	for (size_t i = 0; completing->words && completing->words[i]; i++)
		offer_candidate(out, typed, xstrdup(completing->words[i]), xstrdup(""), true);
}

/* The tree of the words behind the first and before the last; what is wrong there is left out. */
static json_object *tree_before(const struct qmp_line *line, size_t words)
{
	own_free char **list = xcalloc(words + 1, sizeof(*list));
	own_error struct error *unused = NULL;
	json_object *tree;
	size_t wrong, n = 0;

	for (size_t i = 1; i < words; i++)
		if (strchr(line->word[i].text, '='))
			list[n++] = line->word[i].text;
	tree = qmp_word_tree(list, n, &wrong, &unused);
	return tree ? tree : json_object_new_object();
}

void qmp_complete(const struct completing *completing, const char *line, size_t cursor,
		  struct qmp_candidates *candidates)
{
	own_free char *text = xstrndup(line, cursor);
	own_qmp_line struct qmp_line split = {0};
	const struct schema_entry *command;
	own_json json_object *tree = NULL;
	bool begins;
	const char *typed, *value;

	*candidates = (struct qmp_candidates){.from = cursor};
	qmp_split(text, &split);
	if (split.open)
		return;
	begins = !split.words || split.word[split.words - 1].end < cursor;
	typed = begins ? "" : split.word[split.words - 1].text;
	if (!begins && strlen(typed) != cursor - split.word[split.words - 1].at)
		return; /* there are quotes in it */
	candidates->from = cursor - strlen(typed);
	if (split.words == 0 || (split.words == 1 && !begins)) {
		complete_command(completing, typed, candidates);
		return;
	}
	command = schema_command(completing->schema, split.word[0].text);
	if (!command)
		return;
	tree = tree_before(&split, begins ? split.words : split.words - 1);
	value = strchr(typed, '=');
	if (value) {
		own_free char *path = xstrndup(typed, (size_t)(value - typed));

		candidates->from = cursor - strlen(value + 1);
		complete_value(completing, command, tree, path, value + 1, candidates);
	} else {
		complete_key(completing, command, tree, typed, candidates);
	}
}

char *qmp_common_start(const struct qmp_candidates *candidates)
{
	const char *first = candidates->n ? candidates->v[0].text : "";
	size_t len = strlen(first);

	for (size_t i = 1; i < candidates->n; i++) {
		size_t same = 0;

		while (same < len && candidates->v[i].text[same] == first[same])
			same++;
		len = same;
	}
	return xstrndup(first, len);
}
