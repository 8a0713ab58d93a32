/* Theory of operation: entries are copied out of json-c one by one and sorted by name, so that the
 * table costs a tenth of what json-c's objects do. Nothing is expanded: types are recursive
 * (blockdev-add), and whoever asks walks as deep as somebody typed.
 *
 * What comes from QEMU is not believed further than it is needed: entries without name or kind are
 * passed over, names of types that are not there are the end of a walk, and variants that lead
 * round in a circle are followed NESTED_MOST deep.
 */
#include "schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/own.h"

#define NESTED_MOST 16
#define ENTRY_DEPTH 16

/* So many words of an enum are written out in schema_words(). */
#define WORDS_MOST 12

struct schema {
	struct schema_entry *entry;
	size_t entries;
};

static const struct {
	const char *word;
	enum schema_kind kind;
} KINDS[] = {
	{"command", SCHEMA_COMMAND}, {"event", SCHEMA_EVENT}, {"object", SCHEMA_OBJECT},
	{"enum", SCHEMA_ENUM},	     {"array", SCHEMA_ARRAY}, {"alternate", SCHEMA_ALTERNATE},
	{"builtin", SCHEMA_BUILTIN},
};

struct schema *schema_new(void)
{
	return xcalloc(1, sizeof(struct schema));
}

static void free_members(struct schema_member *member, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(member[i].name);
		free(member[i].type);
	}
	free(member);
}

static void free_entry(struct schema_entry *entry)
{
	free(entry->name);
	free(entry->tag);
	free(entry->type);
	free_members(entry->member, entry->members);
	free_members(entry->variant, entry->variants);
}

void schema_free(struct schema *schema)
{
	if (!schema)
		return;
	for (size_t i = 0; i < schema->entries; i++)
		free_entry(&schema->entry[i]);
	free(schema->entry);
	free(schema);
}

static json_object *array_member(json_object *object, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) &&
			       json_object_is_type(value, json_type_array)
		       ? value
		       : NULL;
}

static bool has_feature(json_object *object, const char *feature)
{
	json_object *list = array_member(object, "features");
	size_t n = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n; i++) {
		const char *word = json_object_get_string(json_object_array_get_idx(list, i));

		if (word && strcmp(word, feature) == 0)
			return true;
	}
	return false;
}

/* Copies what a list of members, cases or words holds; name is the key of their names. */
static struct schema_member *copy_members(json_object *list, const char *name, size_t *n)
{
	struct schema_member *member = NULL;
	size_t length = list ? json_object_array_length(list) : 0;

	*n = 0;
	for (size_t i = 0; i < length; i++) {
		json_object *item = json_object_array_get_idx(list, i);
		bool word = json_object_is_type(item, json_type_string);

		if (!word && !json_object_is_type(item, json_type_object))
			continue;
		*xappend(member, *n) = (struct schema_member){
			.name = xstrdup(word ? json_object_get_string(item)
					     : json_member_text(item, name)),
			.type = xstrdup(word ? "" : json_member_text(item, "type")),
			/* There at all, and mostly null: it may be left out. */
			.optional = !word && json_object_object_get_ex(item, "default", NULL),
			.unstable = !word && has_feature(item, "unstable"),
			.deprecated = !word && has_feature(item, "deprecated"),
		};
	}
	return member;
}

static const char *type_of(json_object *entry, enum schema_kind kind)
{
	switch (kind) {
	case SCHEMA_COMMAND:
	case SCHEMA_EVENT:
		return json_member_text(entry, "arg-type");
	case SCHEMA_ARRAY:
		return json_member_text(entry, "element-type");
	case SCHEMA_BUILTIN:
		return json_member_text(entry, "json-type");
	default:
		return "";
	}
}

void schema_add(struct schema *schema, json_object *entry)
{
	const char *meta = json_member_text(entry, "meta-type");
	const char *name = json_member_text(entry, "name");
	const char *tag = json_member_text(entry, "tag");
	json_object *list = array_member(entry, "members"), *oob;
	struct schema_entry *new;
	size_t kind = 0;

	while (kind < ARRAY_SIZE(KINDS) && strcmp(KINDS[kind].word, meta) != 0)
		kind++;
	if (kind == ARRAY_SIZE(KINDS) || !*name)
		return;
	if (KINDS[kind].kind == SCHEMA_ENUM && !list)
		list = array_member(entry, "values"); /* before QEMU 6.2 */
	new = xappend(schema->entry, schema->entries);
	new->name = xstrdup(name);
	new->kind = KINDS[kind].kind;
	new->type = xstrdup(type_of(entry, new->kind));
	new->tag = *tag ? xstrdup(tag) : NULL;
	new->member = copy_members(list, "name", &new->members);
	new->variant = copy_members(array_member(entry, "variants"), "case", &new->variants);
	new->unstable = has_feature(entry, "unstable");
	new->deprecated = has_feature(entry, "deprecated");
	new->oob =
		json_object_object_get_ex(entry, "allow-oob", &oob) && json_object_get_boolean(oob);
}

static int order_entries(const void *a, const void *b)
{
	return strcmp(((const struct schema_entry *)a)->name,
		      ((const struct schema_entry *)b)->name);
}

void schema_close(struct schema *schema)
{
	if (schema->entries)
		qsort(schema->entry, schema->entries, sizeof(*schema->entry), order_entries);
}

/* A schema without commands is none. */
static struct schema *close_if_good(struct schema *schema)
{
	schema_close(schema);
	for (size_t i = 0; i < schema->entries; i++)
		if (schema->entry[i].kind == SCHEMA_COMMAND)
			return schema;
	schema_free(schema);
	return NULL;
}

struct schema *schema_from_answer(json_object *answer)
{
	struct schema *schema = schema_new();
	size_t n =
		json_object_is_type(answer, json_type_array) ? json_object_array_length(answer) : 0;

	for (size_t i = 0; i < n; i++)
		schema_add(schema, json_object_array_get_idx(answer, i));
	return close_if_good(schema);
}

struct schema *schema_from_lines(const char *text, size_t len)
{
	struct schema *schema = schema_new();

	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;
		own_json json_object *entry = NULL;

		if (json_read(text, n, ENTRY_DEPTH, &entry, NULL))
			schema_add(schema, entry);
		text += n + !!end;
		len -= n + !!end;
	}
	return close_if_good(schema);
}

char *schema_lines(json_object *answer, size_t *len)
{
	size_t n =
		json_object_is_type(answer, json_type_array) ? json_object_array_length(answer) : 0;
	struct buf text = {0};

	buf_adds(&text, "");
	for (size_t i = 0; i < n; i++) {
		json_object *entry = json_object_array_get_idx(answer, i);

		buf_addf(&text, "%s\n",
			 json_object_to_json_string_ext(entry, JSON_C_TO_STRING_PLAIN));
		json_object_array_put_idx(answer, i, NULL);
	}
	*len = text.len;
	return buf_steal(&text);
}

const struct schema_entry *schema_find(const struct schema *schema, const char *name)
{
	struct schema_entry key = {.name = (char *)name};

	if (!schema || !schema->entries)
		return NULL;
	return bsearch(&key, schema->entry, schema->entries, sizeof(key), order_entries);
}

const struct schema_entry *schema_command(const struct schema *schema, const char *name)
{
	const struct schema_entry *entry = schema_find(schema, name);

	return entry && entry->kind == SCHEMA_COMMAND ? entry : NULL;
}

const struct schema_entry *schema_at(const struct schema *schema, size_t i)
{
	return schema && i < schema->entries ? &schema->entry[i] : NULL;
}

const char **schema_names(const struct schema *schema, enum schema_kind kind, size_t *n)
{
	size_t all = schema ? schema->entries : 0;
	const char **names = xcalloc(all + 1, sizeof(*names));

	*n = 0;
	for (size_t i = 0; i < all; i++)
		if (schema->entry[i].kind == kind)
			names[(*n)++] = schema->entry[i].name;
	return names;
}

const char *schema_tag_given(void *object, const char *tag)
{
	const char *text = json_member_text(object, tag);

	return *text ? text : NULL;
}

const struct schema_member **schema_members(const struct schema *schema,
					    const struct schema_entry *object,
					    const char *(*tag_value)(void *what, const char *tag),
					    void *what, size_t *n)
{
	const struct schema_member **all = NULL;

	*n = 0;
	for (unsigned depth = 0; object && object->kind == SCHEMA_OBJECT && depth < NESTED_MOST;
	     depth++) {
		const char *value = object->tag ? tag_value(what, object->tag) : NULL;
		const struct schema_entry *next = NULL;

		for (size_t i = 0; i < object->members; i++)
			*xappend(all, *n) = &object->member[i];
		for (size_t i = 0; value && i < object->variants; i++)
			if (strcmp(object->variant[i].name, value) == 0)
				next = schema_find(schema, object->variant[i].type);
		object = next;
	}
	return all;
}

/* ------------------------------------------------------------------ types in words */

static void add_enum_words(const struct schema_entry *entry, struct buf *out)
{
	for (size_t i = 0; i < entry->members && i < WORDS_MOST; i++)
		buf_addf(out, "%s%s", i ? " | " : "", entry->member[i].name);
	if (entry->members > WORDS_MOST)
		buf_addf(out, " | ... (%zu in all)", entry->members);
}

static void add_words(const struct schema *schema, const char *type, unsigned depth,
		      struct buf *out)
{
	const struct schema_entry *entry = schema_find(schema, type);

	if (!entry || depth > 4) {
		buf_adds(out, "anything");
		return;
	}
	switch (entry->kind) {
	case SCHEMA_BUILTIN:
		buf_adds(out, strcmp(entry->type, "int") == 0	    ? "integer"
			      : strcmp(entry->type, "value") == 0   ? "anything"
			      : strcmp(entry->type, "boolean") == 0 ? "on | off"
								    : entry->type);
		break;
	case SCHEMA_ENUM:
		add_enum_words(entry, out);
		break;
	case SCHEMA_ARRAY:
		buf_adds(out, "list of ");
		add_words(schema, entry->type, depth + 1, out);
		break;
	case SCHEMA_ALTERNATE:
		for (size_t i = 0; i < entry->members; i++) {
			buf_adds(out, i ? " or " : "");
			add_words(schema, entry->member[i].type, depth + 1, out);
		}
		break;
	default:
		buf_adds(out, "object");
		break;
	}
}

char *schema_words(const struct schema *schema, const char *type)
{
	struct buf out = {0};

	add_words(schema, type, 0, &out);
	return buf_steal(&out);
}
