/* Tab's candidates against a brute-force walk of the schema, for every command and every argument:
 * the schema is that of the QEMU of this computer, and of each release that tests/matrix has
 * unpacked. The walk uses json-c's objects as they came, and nothing of qmp/schema.c.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/own.h"
#include "base/text.h"
#include "qmp/complete.h"

/* So few commands have none of the QEMUs that count. */
#define COMMANDS_LEAST 200

struct walk {
	json_object *types; /* name: entry */
	struct schema *schema;
	json_object *seen; /* types of the present command that have been walked through */
	size_t lines;
};

/* ------------------------------------------------------------------ the schema, as it came */

static json_object *schema_of(const char *binary)
{
	own_free char *line = xasprintf(
		"printf '%%s' '{\"execute\":\"qmp_capabilities\"}{\"execute\":\"query-qmp-schema\"}"
		"{\"execute\":\"quit\"}' | '%s' -machine none -nodefaults -no-user-config -display none"
		" -qmp stdio 2>/dev/null",
		binary);
	own_free char *answer = NULL;
	size_t room = 0;
	json_object *found = NULL;
	FILE *p = popen(line, "re");

	assert_non_null(p);
	while (getline(&answer, &room, p) > 0) {
		own_json json_object *message = json_tokener_parse(answer);
		json_object *list = NULL;

		if (json_object_object_get_ex(message, "return", &list) &&
		    json_object_is_type(list, json_type_array))
			found = json_object_get(list);
	}
	pclose(p);
	return found;
}

static json_object *member(json_object *object, const char *key)
{
	json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return value;
}

static size_t length(json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

static json_object *type_named(const struct walk *walk, const char *name)
{
	json_object *type = member(walk->types, name);

	assert_non_null(type);
	return type;
}

static bool is_kind(json_object *type, const char *kind)
{
	return strcmp(json_member_text(type, "meta-type"), kind) == 0;
}

/* ------------------------------------------------------------------ what has to be offered */

/* Notes a text, and whether it has to be given. */
static void want(json_object *wanted, const char *typed, char *text, bool required)
{
	if (text_starts(text, typed))
		json_object_object_add(wanted, text, json_object_new_boolean(required));
	free(text);
}

/* A key that leads to a type: "=" where a word can stand for it, "." where it has parts. */
static void want_key(const struct walk *walk, json_object *wanted, const char *typed,
		     const char *key, json_object *type, bool required)
{
	bool plain = false, parts = false;
	json_object *kinds = member(type, "members");

	for (size_t i = 0; is_kind(type, "alternate") && i < length(kinds); i++) {
		json_object *kind = type_named(
			walk, json_member_text(json_object_array_get_idx(kinds, i), "type"));
		bool nested = is_kind(kind, "object") || is_kind(kind, "array");

		plain |= !nested;
		parts |= nested;
	}
	if (!is_kind(type, "alternate")) {
		parts = is_kind(type, "object") || is_kind(type, "array");
		plain = !parts;
	}
	if (plain)
		want(wanted, typed, xasprintf("%s=", key), required);
	if (parts)
		want(wanted, typed, xasprintf("%s.", key), required);
}

/* The members of an object but for those in given (KEY: VALUE), and its variant's. */
static void want_members(const struct walk *walk, json_object *wanted, const char *typed,
			 const char *path, json_object *object, json_object *given)
{
	const char *tag = json_member_text(object, "tag");
	const char *value = json_member_text(given, tag);
	json_object *list = member(object, "members"), *cases = member(object, "variants");

	for (size_t i = 0; i < length(list); i++) {
		json_object *item = json_object_array_get_idx(list, i);
		own_free char *key = xasprintf("%s%s", path, json_member_text(item, "name"));

		if (!member(given, json_member_text(item, "name")))
			want_key(walk, wanted, typed, key,
				 type_named(walk, json_member_text(item, "type")),
				 !json_object_object_get_ex(item, "default", NULL));
	}
	for (size_t i = 0; *value && i < length(cases); i++) {
		json_object *item = json_object_array_get_idx(cases, i);

		if (strcmp(json_member_text(item, "case"), value) == 0)
			want_members(walk, wanted, typed, path,
				     type_named(walk, json_member_text(item, "type")), given);
	}
}

static void want_values(const struct walk *walk, json_object *wanted, json_object *type)
{
	json_object *list = member(type, "members");
	const char *json = json_member_text(type, "json-type");

	for (size_t i = 0; i < length(list); i++) {
		json_object *item = json_object_array_get_idx(list, i);

		if (is_kind(type, "enum"))
			want(wanted, "", xstrdup(json_member_text(item, "name")), false);
		if (is_kind(type, "alternate"))
			want_values(walk, wanted, type_named(walk, json_member_text(item, "type")));
	}
	if (strcmp(json, "boolean") == 0) {
		want(wanted, "", xstrdup("on"), false);
		want(wanted, "", xstrdup("off"), false);
	}
	if (strcmp(json, "null") == 0)
		want(wanted, "", xstrdup("null"), false);
}

/* ------------------------------------------------------------------ the comparison */

/* Completes line, and expects what is wanted: all of it, once, and first what has to be given. */
static void compare(struct walk *walk, const char *line, json_object *wanted)
{
	own_qmp_candidates struct qmp_candidates found = {0};
	struct completing completing = {.schema = walk->schema};
	own_json json_object *once = json_object_new_object();
	bool optional = false;

	walk->lines++;
	qmp_complete(&completing, line, strlen(line), &found);
	for (size_t i = 0; i < found.n; i++) {
		json_object *required = member(wanted, found.v[i].text);

		if (!required || member(once, found.v[i].text))
			fail_msg("\"%s\": %s is offered", line, found.v[i].text);
		if (json_object_get_boolean(required) && optional)
			fail_msg("\"%s\": %s comes late", line, found.v[i].text);
		optional |= !json_object_get_boolean(required);
		json_object_object_add(once, found.v[i].text, json_object_new_boolean(1));
	}
	json_object_object_foreach(wanted, key, unused)
	{
		(void)unused;
		if (!member(once, key))
			fail_msg("\"%s\": %s is not offered", line, key);
	}
}

static void walk_object(struct walk *walk, const char *line, const char *path, json_object *object);

/* All that stands behind a key: its values, the parts of what it leads to. */
static void walk_key(struct walk *walk, const char *line, const char *key, json_object *type)
{
	own_json json_object *values = json_object_new_object(), *keys = json_object_new_object();
	own_free char *value = xasprintf("%s%s=", line, key);
	own_free char *path = xasprintf("%s.", key), *place = xasprintf("%s.0", key);
	own_free char *below = xasprintf("%s%s", line, path);
	json_object *kinds = member(type, "members");

	if (is_kind(type, "object")) {
		walk_object(walk, line, path, type);
		return;
	}
	if (is_kind(type, "array")) {
		json_object *element = type_named(walk, json_member_text(type, "element-type"));

		want_key(walk, keys, path, place, element, false);
		compare(walk, below, keys);
		walk_key(walk, line, place, element);
		return;
	}
	want_values(walk, values, type);
	compare(walk, value, values);
	for (size_t i = 0; is_kind(type, "alternate") && i < length(kinds); i++) {
		json_object *kind = type_named(
			walk, json_member_text(json_object_array_get_idx(kinds, i), "type"));

		if (is_kind(kind, "object") || is_kind(kind, "array"))
			walk_key(walk, line, key, kind);
	}
}

static void walk_members(struct walk *walk, const char *line, const char *path, json_object *object)
{
	json_object *list = member(object, "members");

	for (size_t i = 0; i < length(list); i++) {
		json_object *item = json_object_array_get_idx(list, i);
		own_free char *key = xasprintf("%s%s", path, json_member_text(item, "name"));

		walk_key(walk, line, key, type_named(walk, json_member_text(item, "type")));
	}
}

/* Half a name is typed: of each member, what begins so is offered. */
static void walk_halves(struct walk *walk, const char *line, const char *path, json_object *object)
{
	json_object *list = member(object, "members");

	for (size_t i = 0; i < length(list); i++) {
		own_json json_object *wanted = json_object_new_object();
		const char *name = json_member_text(json_object_array_get_idx(list, i), "name");
		own_free char *half = xasprintf("%s%.*s", path, (int)(strlen(name) / 2), name);
		own_free char *typed = xasprintf("%s%s", line, half);

		want_members(walk, wanted, half, path, object, NULL);
		compare(walk, typed, wanted);
	}
}

/* An object's members, and with each value of its tag those of the variant as well. */
static void walk_object(struct walk *walk, const char *line, const char *path, json_object *object)
{
	own_json json_object *wanted = json_object_new_object();
	own_free char *typed = xasprintf("%s%s", line, path);
	const char *tag = json_member_text(object, "tag");
	json_object *cases = member(object, "variants");

	want_members(walk, wanted, path, path, object, NULL);
	compare(walk, typed, wanted);
	/* Types are recursive: each is walked through once for each command. */
	if (member(walk->seen, json_member_text(object, "name")))
		return;
	json_object_object_add(walk->seen, json_member_text(object, "name"),
			       json_object_new_boolean(1));
	walk_halves(walk, line, path, object);
	walk_members(walk, line, path, object);
	for (size_t i = 0; i < length(cases); i++) {
		json_object *item = json_object_array_get_idx(cases, i);
		const char *value = json_member_text(item, "case");
		own_json json_object *more = json_object_new_object();
		own_json json_object *given = json_object_new_object();
		own_free char *with = xasprintf("%s%s%s=%s ", line, path, tag, value);
		own_free char *behind = xasprintf("%s%s", with, path);

		json_object_object_add(given, tag, json_object_new_string(value));
		want_members(walk, more, path, path, object, given);
		compare(walk, behind, more);
		walk_members(walk, with, path, type_named(walk, json_member_text(item, "type")));
	}
}

/* ------------------------------------------------------------------ the whole of it */

static void walk_commands(struct walk *walk)
{
	json_object_object_foreach(walk->types, name, entry)
	{
		own_json json_object *wanted = json_object_new_object();
		own_free char *half = xstrndup(name, strlen(name) / 2);
		own_free char *line = xasprintf("%s ", name);
		json_object *arguments;

		if (!is_kind(entry, "command"))
			continue;
		json_object_object_foreach(walk->types, other, its)
		{
			if (is_kind(its, "command"))
				want(wanted, half, xstrdup(other), false);
		}
		compare(walk, half, wanted);
		json_object_put(walk->seen);
		walk->seen = json_object_new_object();
		arguments = type_named(walk, json_member_text(entry, "arg-type"));
		walk_object(walk, line, "", arguments);
	}
}

/* Compares all with one QEMU; false where there is none. */
static bool check_qemu(const char *binary)
{
	own_json json_object *list = schema_of(binary), *types = json_object_new_object();
	own_schema struct schema *schema = schema_from_answer(list);
	struct walk walk = {.types = types, .schema = schema, .seen = json_object_new_object()};
	own_free const char **names = NULL;
	size_t n;

	if (!list) {
		json_object_put(walk.seen);
		return false;
	}
	for (size_t i = 0; i < length(list); i++) {
		json_object *entry = json_object_array_get_idx(list, i);

		json_object_object_add(types, json_member_text(entry, "name"),
				       json_object_get(entry));
	}
	names = schema_names(schema, SCHEMA_COMMAND, &n);
	assert_true(n >= COMMANDS_LEAST);
	walk_commands(&walk);
	json_object_put(walk.seen);
	assert_true(walk.lines > 10 * n);
	printf("# figure: %zu commands, %zu lines completed\n", n, walk.lines);
	return true;
}

static void test_of_this_computer(void **state)
{
	(void)state;
	if (!check_qemu("qemu-system-x86_64"))
		skip_test("no qemu-system-x86_64");
}

static void test_of_other_releases(void **state)
{
	static const char *const suites[] = {"trixie", "trixie-backports", "testing"};
	const char *cache = getenv("VMLAUNCH_MATRIX_CACHE"), *home = getenv("HOME");
	own_free char *place =
		cache ? xstrdup(cache) : xasprintf("%s/.cache/vmlaunch-matrix", home ? home : "");
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(suites); i++) {
		own_free char *binary = xasprintf("%s/%s/bin/qemu-system-x86_64", place, suites[i]);

		found += check_qemu(binary);
	}
	if (!found)
		skip_test("tests/matrix/setup has unpacked no other QEMU");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_this_computer),
		cmocka_unit_test(test_of_other_releases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
