/* Theory of operation: the words make a tree first (words.c), as what a value means depends on its
 * neighbours: a union's tag says which members there are. The tree is then walked beside the
 * schema, from the command's arguments down; each leaf becomes what its type wants. The first fault
 * ends the walk, and says which word it is about.
 *
 * Where the schema says "any", or says nothing, a value is what words.c sees in it. device_add is
 * such: its properties are typed by device-list-properties. "addr" of a PCI device is a number
 * there and a slot to people: QEMU reads 8 as device 1, function 0, but the text "8" as slot 8. It
 * goes as text.
 */
#include "typed.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/own.h"
#include "base/text.h"
#include "base/tongue.h"
#include "words.h"

#define DEPTH 32
#define SHOWN 60

/* So many names are listed in a sentence. */
#define NAMES_MOST 12

struct walk {
	const struct typing *typing;
	struct qmp_fault *fault;
	size_t words;
	bool properties; /* of the object that is walked now */
};

static json_object *type_node(const struct walk *walk, const char *type, json_object *node,
			      const char *path, bool *ok);

void qmp_fault_free(struct qmp_fault *fault)
{
	free(fault->text);
	*fault = (struct qmp_fault){0};
}

bool qmp_takes_properties(const char *command)
{
	return strcmp(command, "device_add") == 0;
}

/* Sets the fault, about a node's word; returns NULL. */
static json_object *refuse_node(const struct walk *walk, json_object *node, bool value,
				const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static json_object *refuse_node(const struct walk *walk, json_object *node, bool value,
				const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	qmp_fault_free(walk->fault);
	walk->fault->text = xvasprintf(tongue(fmt), args);
	walk->fault->word = node ? qmp_word_number(node) : walk->words;
	walk->fault->value = value;
	va_end(args);
	return NULL;
}

/* ------------------------------------------------------------------ leaves */

/* The power of 1024 that a suffix means, -1 for none that we know. */
static int power_of(const char *suffix)
{
	static const char letters[] = "KMGTPE";
	const char *at = *suffix ? strchr(letters, *suffix & ~0x20) : NULL;

	if (!*suffix)
		return 0;
	if (!at || (suffix[1] && strcmp(suffix + 1, "iB") != 0 && strcmp(suffix + 1, "B") != 0))
		return -1;
	return (int)(at - letters) + 1;
}

json_object *qmp_integer(const char *text)
{
	bool negative = *text == '-';
	const char *digits = text + negative;
	bool hex = text_starts(digits, "0x") || text_starts(digits, "0X");
	own_free char *number = NULL;
	uint64_t value;
	int power;

	digits += hex ? 2 : 0;
	number = xstrndup(digits, strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789"));
	power = hex && digits[strlen(number)] ? -1 : power_of(digits + strlen(number));
	if (power < 0 || !text_u64(number, hex ? 16 : 10, &value))
		return NULL;
	for (; power > 0; power--)
		if (__builtin_mul_overflow(value, 1024, &value))
			return NULL;
	if (negative)
		return value <= (uint64_t)INT64_MAX + 1
			       ? json_object_new_int64((int64_t)(0 - value))
			       : NULL;
	return value > INT64_MAX ? json_object_new_uint64(value)
				 : json_object_new_int64((int64_t)value);
}

/* A boolean's word: 1, 0, or -1 for none. */
static int truth_of(const char *text)
{
	static const char *const words[] = {"off", "on", "no", "yes", "false", "true"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i], text) == 0)
			return i & 1;
	return -1;
}

/* A string; in double quotes, what JSON makes of that. */
static json_object *make_string(const char *text)
{
	json_object *value;

	if (*text == '"' && json_read(text, strlen(text), 1, &value, NULL))
		return value;
	return json_object_new_string(text);
}

static json_object *refuse_leaf(const struct walk *walk, json_object *node, const char *path,
				const char *type)
{
	own_free char *words = schema_words(walk->typing->schema, type);
	own_free char *shown = text_quote(json_object_get_string(node), SHOWN);

	return refuse_node(walk, node, true, "%s wants %s%s, not \"%s\"", path, words,
			   strcmp(words, "integer") == 0 ? " such as 512 or 80G" : "", shown);
}

static json_object *type_builtin(const struct walk *walk, const struct schema_entry *entry,
				 json_object *node, const char *path, bool *ok)
{
	const char *text = json_object_get_string(node), *json = entry->type;
	json_object *value = NULL;
	int truth = truth_of(text);

	*ok = true;
	if (strcmp(json, "string") == 0)
		return make_string(text);
	if (strcmp(json, "value") == 0)
		return qmp_untyped(node);
	if (strcmp(json, "null") == 0 && strcmp(text, "null") == 0)
		return NULL;
	if (strcmp(json, "boolean") == 0 && truth >= 0)
		return json_object_new_boolean(truth);
	if (strcmp(json, "int") == 0)
		value = qmp_integer(text);
	if (strcmp(json, "number") == 0 && json_read(text, strlen(text), 1, &value, NULL) &&
	    !json_object_is_type(value, json_type_double) &&
	    !json_object_is_type(value, json_type_int)) {
		json_object_put(value);
		value = NULL;
	}
	*ok = value != NULL;
	return *ok ? value : refuse_leaf(walk, node, path, entry->name);
}

static bool has_word(const struct schema_entry *entry, const char *word)
{
	for (size_t i = 0; i < entry->members; i++)
		if (strcmp(entry->member[i].name, word) == 0)
			return true;
	return false;
}

static json_object *type_enum(const struct walk *walk, const struct schema_entry *entry,
			      json_object *node, const char *path, bool *ok)
{
	own_json json_object *value = make_string(json_object_get_string(node));
	const char *word = json_object_get_string(value), *nearest;
	own_free char *shown = text_quote(word, SHOWN);
	own_free const char **names = xcalloc(entry->members + 1, sizeof(*names));

	*ok = has_word(entry, word);
	if (*ok)
		return steal(&value);
	for (size_t i = 0; i < entry->members; i++)
		names[i] = entry->member[i].name;
	nearest = text_nearest(word, names, entry->members);
	if (!nearest)
		return refuse_leaf(walk, node, path, entry->name);
	return refuse_node(walk, node, true, "%s is never \"%s\"; did you mean %s?", path, shown,
			   nearest);
}

/* A list or an object that was typed as JSON. */
static json_object *type_literal(const struct walk *walk, const struct schema_entry *entry,
				 json_object *node, const char *path, bool *ok)
{
	const char *text = json_object_get_string(node);
	bool list = entry->kind == SCHEMA_ARRAY;
	struct json_fault fault;
	json_object *value = NULL;

	*ok = json_read(text, strlen(text), DEPTH, &value, &fault);
	if (!*ok && (*text == '{' || *text == '['))
		return refuse_node(walk, node, true, "%s: %s at byte %zu", path, fault.why,
				   fault.at + 1);
	*ok = *ok && json_object_is_type(value, list ? json_type_array : json_type_object);
	if (*ok)
		return value;
	json_object_put(value);
	return refuse_node(walk, node, true, "%s is %s: give it as %s%s, or as JSON", path,
			   list ? "a list" : "an object", path, list ? ".0=..." : ".KEY=...");
}

/* ------------------------------------------------------------------ alternates */

/* How well a kind of an alternate goes with a node; 0: not at all. */
static unsigned fit_of(const struct walk *walk, const char *type, json_object *node)
{
	const struct schema_entry *entry = schema_find(walk->typing->schema, type);
	bool leaf = json_object_is_type(node, json_type_string);
	const char *text = leaf ? json_object_get_string(node) : "";
	own_json json_object *number = NULL;

	if (!entry)
		return 0;
	if (entry->kind == SCHEMA_OBJECT)
		return json_object_is_type(node, json_type_object) || *text == '{' ? 9 : 0;
	if (entry->kind == SCHEMA_ARRAY)
		return json_object_is_type(node, json_type_array) || *text == '[' ? 9 : 0;
	if (!leaf)
		return 0;
	if (entry->kind == SCHEMA_ENUM)
		return has_word(entry, text) ? 7 : 1;
	if (strcmp(entry->type, "null") == 0)
		return strcmp(text, "null") == 0 ? 8 : 0;
	if (strcmp(entry->type, "boolean") == 0)
		return truth_of(text) >= 0 ? 6 : 0;
	if (strcmp(entry->type, "int") == 0) {
		number = qmp_integer(text);
		return number ? 5 : 0;
	}
	return 2; /* a string may be all that the others are not */
}

static json_object *type_alternate(const struct walk *walk, const struct schema_entry *entry,
				   json_object *node, const char *path, bool *ok)
{
	const char *best = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < entry->members; i++) {
		unsigned fit = fit_of(walk, entry->member[i].type, node);

		if (fit > most) {
			most = fit;
			best = entry->member[i].type;
		}
	}
	if (best)
		return type_node(walk, best, node, path, ok);
	*ok = false;
	own_free char *words = schema_words(walk->typing->schema, entry->name);

	return refuse_node(walk, node, true, "%s wants %s", path, words);
}

/* ------------------------------------------------------------------ a device's properties */

json_object *qmp_property(json_object *properties, const char *name)
{
	size_t n = json_object_is_type(properties, json_type_array)
			   ? json_object_array_length(properties)
			   : 0;

	for (size_t i = 0; i < n; i++) {
		json_object *property = json_object_array_get_idx(properties, i);

		if (strcmp(json_member_text(property, "name"), name) == 0)
			return property;
	}
	return NULL;
}

static json_object *type_property(json_object *property, json_object *node, const char *path,
				  bool *ok)
{
	const char *type = json_member_text(property, "type");
	bool slot = text_starts(json_member_text(property, "description"), "Slot and") ||
		    strcmp(path, "addr") == 0;
	bool number =
		text_starts(type, "int") || text_starts(type, "uint") || strcmp(type, "size") == 0;
	const char *text;
	json_object *value;

	*ok = true;
	if (!json_object_is_type(node, json_type_string))
		return qmp_untyped(node);
	text = json_object_get_string(node);
	if (strcmp(type, "bool") == 0 && truth_of(text) >= 0)
		return json_object_new_boolean(truth_of(text));
	if (*text == '{' || *text == '[')
		return qmp_untyped(node);
	if (!number || slot)
		return make_string(text);
	value = qmp_integer(text);
	/* Some numbers have words as well; QEMU knows them. */
	return value ? value : make_string(text);
}

/* What QEMU did not tell about: a slot is text all the same. */
static json_object *type_unknown(const char *name, json_object *node)
{
	if (strcmp(name, "addr") == 0 && json_object_is_type(node, json_type_string))
		return make_string(json_object_get_string(node));
	return qmp_untyped(node);
}

/* ------------------------------------------------------------------ objects and lists */

/* The text of an object's member that is a tag, for schema_members(). */
static const char *tag_text(void *node, const char *tag)
{
	json_object *value;

	return json_object_object_get_ex(node, tag, &value) &&
			       json_object_is_type(value, json_type_string)
		       ? json_object_get_string(value)
		       : NULL;
}

static const struct schema_member *member_of(const struct schema_member **all, size_t n,
					     const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

static json_object *refuse_member(const struct walk *walk, json_object *node, const char *key,
				  const char *path, const struct schema_member **all, size_t n)
{
	own_free char *shown = text_quote(key, SHOWN);
	own_free const char **names = NULL;
	size_t known = 0;
	const char *nearest;
	own_buf struct buf list = {0};

	for (size_t i = 0; i < n; i++)
		*xappend(names, known) = all[i]->name;
	for (size_t i = 0; walk->properties && walk->typing->properties &&
			   i < json_object_array_length(walk->typing->properties);
	     i++)
		*xappend(names, known) = json_member_text(
			json_object_array_get_idx(walk->typing->properties, i), "name");
	nearest = text_nearest(key, names, known);
	for (size_t i = 0; i < known && i < NAMES_MOST; i++)
		buf_addf(&list, "%s%s", i ? ", " : "", names[i]);
	if (nearest)
		return refuse_node(walk, node, false, "%s has no %s; did you mean %s?", path, shown,
				   nearest);
	return refuse_node(walk, node, false, "%s has no %s; it takes %s%s", path, shown,
			   known ? list.data : "nothing", known > NAMES_MOST ? ", ..." : "");
}

/* What is required and not there. */
static bool misses_member(const struct walk *walk, json_object *node, const char *path,
			  const struct schema_member **all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		own_free char *words = NULL;

		if (all[i]->optional || json_object_object_get_ex(node, all[i]->name, NULL))
			continue;
		words = schema_words(walk->typing->schema, all[i]->type);
		refuse_node(walk, NULL, false, "%s needs %s=%s", path, all[i]->name, words);
		return true;
	}
	return false;
}

static json_object *type_object(const struct walk *walk, const struct schema_entry *entry,
				json_object *node, const char *path, bool top, bool *ok)
{
	own_json json_object *object = json_object_new_object();
	own_free const struct schema_member **all = NULL;
	size_t n;

	*ok = true;
	all = schema_members(walk->typing->schema, entry, tag_text, node, &n);
	json_object_object_foreach(node, key, child)
	{
		const struct schema_member *member = member_of(all, n, key);
		json_object *property =
			walk->properties ? qmp_property(walk->typing->properties, key) : NULL;
		own_free char *below = top ? xstrdup(key) : xasprintf("%s.%s", path, key);
		json_object *value;

		if (member)
			value = type_node(walk, member->type, child, below, ok);
		else if (property)
			value = type_property(property, child, below, ok);
		else if (walk->properties && !walk->typing->properties)
			value = type_unknown(key, child);
		else
			value = refuse_member(walk, child, key, path, all, n), *ok = false;
		if (!*ok)
			return NULL;
		json_object_object_add(object, key, value);
	}
	*ok = !misses_member(walk, node, path, all, n);
	return *ok ? steal(&object) : NULL;
}

static json_object *type_list(const struct walk *walk, const struct schema_entry *entry,
			      json_object *node, const char *path, bool *ok)
{
	own_json json_object *list = json_object_new_array();

	*ok = true;
	for (size_t i = 0; *ok && i < json_object_array_length(node); i++) {
		own_free char *below = xasprintf("%s.%zu", path, i);

		json_object_array_add(list,
				      type_node(walk, entry->type,
						json_object_array_get_idx(node, i), below, ok));
	}
	return *ok ? steal(&list) : NULL;
}

static json_object *type_node(const struct walk *walk, const char *type, json_object *node,
			      const char *path, bool *ok)
{
	const struct schema_entry *entry = schema_find(walk->typing->schema, type);
	struct walk below = *walk;
	bool leaf = json_object_is_type(node, json_type_string);
	bool list = json_object_is_type(node, json_type_array);

	below.properties = false;
	*ok = true;
	if (!entry || (entry->kind == SCHEMA_BUILTIN && strcmp(entry->type, "value") == 0))
		return qmp_untyped(node);
	if (entry->kind == SCHEMA_ALTERNATE)
		return type_alternate(&below, entry, node, path, ok);
	if (entry->kind == SCHEMA_ENUM && leaf)
		return type_enum(&below, entry, node, path, ok);
	if (entry->kind == SCHEMA_BUILTIN && leaf)
		return type_builtin(&below, entry, node, path, ok);
	if ((entry->kind == SCHEMA_OBJECT || entry->kind == SCHEMA_ARRAY) && leaf)
		return type_literal(&below, entry, node, path, ok);
	if (entry->kind == SCHEMA_OBJECT && !list)
		return type_object(&below, entry, node, path, false, ok);
	if (entry->kind == SCHEMA_ARRAY && list)
		return type_list(&below, entry, node, path, ok);
	*ok = false;
	own_free char *words = schema_words(walk->typing->schema, type);

	return refuse_node(walk, node, false, "%s is %s, and has no members of its own", path,
			   words);
}

json_object *qmp_typed_arguments(const struct typing *typing, const struct schema_entry *command,
				 char *const *words, size_t n, struct qmp_fault *fault)
{
	const struct schema_entry *object = schema_find(typing->schema, command->type);
	struct walk walk = {typing, fault, n, qmp_takes_properties(command->name)};
	own_error struct error *err = NULL;
	own_json json_object *tree = NULL;
	bool ok;

	*fault = (struct qmp_fault){0};
	tree = qmp_word_tree(words, n, &fault->word, &err);
	if (!tree) {
		fault->text = xstrdup(error_message(err, 0));
		return NULL;
	}
	if (!object || object->kind != SCHEMA_OBJECT)
		return qmp_untyped(tree);
	return type_object(&walk, object, tree, command->name, true, &ok);
}
