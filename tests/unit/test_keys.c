/* The table of keys is sane: whatever loops over it can rely on these. */
#include "scratch.h"

#include <json-c/json.h>

#include "base/text.h"
#include "profile/keys.h"
#include "profile/value.h"

typedef void visit_fn(const struct section_keys *section, const struct key *key);

static void each_key(visit_fn *visit)
{
	size_t n;
	const struct section_keys *table = section_table(&n);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < table[i].n; k++)
			visit(&table[i], &table[i].key[k]);
}

/* cmocka's messages name no key, so a failure says which. */
#define check(section, key, what)                                                           \
	do {                                                                                \
		if (!(what))                                                                \
			fail_msg("%s.%s: not so: %s", (section)->name, (key)->name, #what); \
	} while (0)

static bool is_word(const char *s)
{
	return *s && !s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] && *s != '-' &&
	       !text_ends(s, "-");
}

static void names_and_help(const struct section_keys *section, const struct key *key)
{
	check(section, key, is_word(key->name));
	check(section, key, key->help && strlen(key->help) >= 8);
	check(section, key, !strpbrk(key->help, "\n\t`"));
	check(section, key, !text_ends(key->help, "."));
	check(section, key, text_is_printable(key->help));
	check(section, key, (unsigned)key->kind < KINDS);
	check(section, key, section_find(section->name) == section);
	check(section, key, key_find(section, key->name) == key); /* the only one of that name */
}

static void keys_have_names_and_help(void **state)
{
	(void)state;
	each_key(names_and_help);
}

static void default_parses(const struct section_keys *section, const struct key *key)
{
	own_free char *of_section = xcalloc(1, section->size);
	void *field = of_section + key->offset;
	own_free char *problem = NULL;

	if (!key->dflt)
		return;
	problem = value_parse(key, key->dflt, "/", (struct origin){0}, field);
	value_clear(key->kind, field);
	check(section, key, !problem);
	check(section, key, !(key->flags & KEY_REQUIRED)); /* a default nobody could see */
	/* A relative path would be relative to nothing. */
	check(section, key,
	      key->kind != KIND_PATH || strcmp(key->dflt, "auto") == 0 || *key->dflt == '/');
}

static void defaults_parse(void **state)
{
	(void)state;
	each_key(default_parses);
}

/* A field without a default would be 0, and nothing says that this is what the key means. */
static void plain_kinds_have_a_default(const struct section_keys *section, const struct key *key)
{
	bool needs = key->kind == KIND_FLAG || key->kind == KIND_CHOICE ||
		     key->kind == KIND_TARGET || key->kind == KIND_COUNT ||
		     key->kind == KIND_SIZE || key->kind == KIND_DURATION;

	check(section, key, !needs || key->dflt);
}

static void numbers_flags_and_choices_have_defaults(void **state)
{
	(void)state;
	each_key(plain_kinds_have_a_default);
}

static void auto_parses(const struct section_keys *section, const struct key *key)
{
	own_free char *of_section = xcalloc(1, section->size);
	void *field = of_section + key->offset;
	own_free char *problem = NULL;

	if (!(key->flags & KEY_AUTO))
		return;
	problem = value_parse(key, "auto", "/", (struct origin){0}, field);
	value_clear(key->kind, field);
	check(section, key, !problem);
	/* A choice has the word in its own list, and these know no automatic. */
	check(section, key,
	      key->kind != KIND_CHOICE && key->kind != KIND_FLAG && key->kind != KIND_TARGET &&
		      !kind_is_list(key->kind));
}

static void automatic_keys_take_auto(void **state)
{
	(void)state;
	each_key(auto_parses);
}

static void choice_is_sane(const struct section_keys *section, const struct key *key)
{
	check(section, key, key->choice || key->kind != KIND_CHOICE);
	check(section, key, !key->choice || key->kind == KIND_CHOICE || key->kind == KIND_CPUS);
	for (size_t i = 0; key->choice && key->choice[i]; i++) {
		check(section, key, *key->choice[i] && text_is_printable(key->choice[i]));
		check(section, key, !strpbrk(key->choice[i], " \t\"|#;"));
		for (size_t k = 0; k < i; k++)
			check(section, key, strcmp(key->choice[i], key->choice[k]) != 0);
	}
	if (key->choice)
		check(section, key, key->choice[0] && key->choice[1]);
}

static void choices_are_unique_words(void **state)
{
	(void)state;
	each_key(choice_is_sane);
}

static void range_is_sane(const struct section_keys *section, const struct key *key)
{
	bool number =
		key->kind == KIND_COUNT || key->kind == KIND_SIZE || key->kind == KIND_DURATION;

	check(section, key, number ? key->min < key->max : !key->min && !key->max);
	/* Times go into poll(2) as int milliseconds. */
	check(section, key, key->kind != KIND_DURATION || key->max <= INT32_MAX);
}

static void ranges(void **state)
{
	(void)state;
	each_key(range_is_sane);
}

static void path_flags(const struct section_keys *section, const struct key *key)
{
	unsigned of_paths = KEY_READ | KEY_EXISTS;

	check(section, key, !(key->flags & of_paths) || key->kind == KIND_PATH);
	check(section, key, (key->flags & of_paths) != of_paths);
	check(section, key, !(key->flags & KEY_REQUIRED) || section->items);
}

static void flags_fit_their_kinds(void **state)
{
	(void)state;
	each_key(path_flags);
}

/* Every field lies in its section's struct, and no two keys share one: the table's macros see to it
 * that a row names a whole member, of the kind's type.
 */
static void fields_do_not_overlap(const struct section_keys *section, const struct key *key)
{
	check(section, key, key->offset < section->size);
	for (const struct key *other = section->key; other < key; other++)
		check(section, key, key->offset != other->offset);
}

static void fields(void **state)
{
	(void)state;
	each_key(fields_do_not_overlap);
}

static void sections(void **state)
{
	size_t n, end;
	const struct section_keys *table = section_table(&n);

	(void)state;
	/* nearest_section() and nearest_key() have room for so many. */
	assert_within(n, 1, 31);
	for (size_t i = 0; i < n; i++) {
		const struct section_keys *s = &table[i];

		assert_true(is_word(s->name));
		assert_ptr_equal(section_find(s->name), s);
		assert_string_not_equal(s->name, "variant");
		assert_true(strlen(s->help) >= 4);
		assert_within(s->n, 1, 64);
		end = s->offset + (s->items ? sizeof(struct items) : s->size);
		assert_true(end <= sizeof(struct profile));
		for (size_t k = 0; k < i; k++) {
			size_t other = table[k].offset +
				       (table[k].items ? sizeof(struct items) : table[k].size);

			assert_true(s->offset >= other || table[k].offset >= end);
		}
	}
	assert_null(section_find("none"));
	assert_null(key_find(&table[0], "none"));
}

static void every_item_can_be_switched_off(void **state)
{
	size_t n;
	const struct section_keys *table = section_table(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct key *enabled = key_find(&table[i], "enabled");

		/* Elsewhere the word may mean something else, as in [hyperv]. */
		if (!table[i].items)
			continue;
		assert_non_null(enabled);
		assert_int_equal(enabled->offset, offsetof(struct item, enabled));
		assert_string_equal(enabled->dflt, "yes");
	}
}

static void in_text(const struct section_keys *section, const struct key *key)
{
	own_free char *text = reference_text(NULL), *line = xasprintf("\n  %s ", key->name);

	check(section, key, strstr(text, line));
	check(section, key, strstr(text, key->help));
}

static void in_json(const struct section_keys *section, const struct key *key)
{
	own_free char *text = reference_json(), *values = key_values(key);
	json_object *top = json_tokener_parse(text), *all, *keys, *value;
	bool found = false;

	assert_true(json_object_object_get_ex(top, "sections", &all));
	for (size_t i = 0; i < json_object_array_length(all); i++) {
		json_object *s = json_object_array_get_idx(all, i);

		json_object_object_get_ex(s, "name", &value);
		if (strcmp(json_object_get_string(value), section->name) != 0)
			continue;
		json_object_object_get_ex(s, "keys", &keys);
		for (size_t k = 0; k < json_object_array_length(keys); k++) {
			json_object *o = json_object_array_get_idx(keys, k);

			json_object_object_get_ex(o, "name", &value);
			if (strcmp(json_object_get_string(value), key->name) != 0)
				continue;
			found = true;
			json_object_object_get_ex(o, "help", &value);
			assert_string_equal(json_object_get_string(value), key->help);
			json_object_object_get_ex(o, "values", &value);
			assert_string_equal(json_object_get_string(value), values);
			json_object_object_get_ex(o, "required", &value);
			assert_int_equal(json_object_get_boolean(value),
					 !!(key->flags & KEY_REQUIRED));
		}
	}
	json_object_put(top);
	check(section, key, found);
}

static void in_markdown(const struct section_keys *section, const struct key *key)
{
	own_free char *text = reference_markdown(), *row = xasprintf("\n| `%s` | ", key->name);

	check(section, key, strstr(text, row));
}

static void all_are_in_the_reference(void **state)
{
	(void)state;
	each_key(in_text);
	each_key(in_json);
	each_key(in_markdown);
}

/* Each row of a Markdown table has as many cells as its head: bars inside are escaped. */
static void markdown_rows_are_whole(void **state)
{
	own_free char *text = reference_markdown();
	size_t rows = 0;

	(void)state;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		unsigned bars = 0;

		for (char *c = line; *line == '|' && *c; c++)
			bars += *c == '|' && (c == line || c[-1] != '\\');
		if (*line == '|')
			assert_int_equal(bars, 5);
		rows += *line == '|';
	}
	assert_true(rows > 40);
}

static void values_in_words(void **state)
{
	const struct section_keys *vm = section_find("vm"), *cpu = section_find("cpu");
	own_free char *name = key_values(key_find(vm, "name"));
	own_free char *accel = key_values(key_find(cpu, "accel"));
	own_free char *memory = key_values(key_find(vm, "memory"));

	(void)state;
	assert_string_equal(name, "auto | a name");
	assert_string_equal(accel, "auto | kvm | tcg");
	assert_string_equal(memory, "a size such as 16G");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_have_names_and_help),
		cmocka_unit_test(defaults_parse),
		cmocka_unit_test(numbers_flags_and_choices_have_defaults),
		cmocka_unit_test(automatic_keys_take_auto),
		cmocka_unit_test(choices_are_unique_words),
		cmocka_unit_test(ranges),
		cmocka_unit_test(flags_fit_their_kinds),
		cmocka_unit_test(fields),
		cmocka_unit_test(sections),
		cmocka_unit_test(every_item_can_be_switched_off),
		cmocka_unit_test(all_are_in_the_reference),
		cmocka_unit_test(markdown_rows_are_whole),
		cmocka_unit_test(values_in_words),
	};

	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
