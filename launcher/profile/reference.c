/* The profile reference, from the table. */
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/roff.h"
#include "keys.h"
#include "value.h"

char *key_values(const struct key *key)
{
	struct buf out = {0};

	if (key->kind == KIND_CHOICE) {
		for (size_t i = 0; key->choice[i]; i++)
			buf_addf(&out, "%s%s", i ? " | " : "", key->choice[i]);
		return buf_steal(&out);
	}
	if (key->flags & KEY_AUTO)
		buf_adds(&out, "auto | ");
	for (size_t i = 0; key->choice && key->choice[i]; i++)
		buf_addf(&out, "%s | ", key->choice[i]);
	buf_adds(&out, kind_words(key->kind));
	return buf_steal(&out);
}

static const char *dflt_words(const struct key *key)
{
	return key->dflt ? key->dflt : key->flags & KEY_REQUIRED ? "(must be given)" : "(none)";
}

char *reference_text(const char *section)
{
	struct buf out = {0};
	size_t n;
	const struct section_keys *table = section_table(&n);

	for (size_t i = 0; i < n; i++) {
		if (section && strcmp(section, table[i].name) != 0)
			continue;
		buf_addf(&out, "%s[%s%s]  %s\n", out.len ? "\n" : "", table[i].name,
			 table[i].items ? " NAME" : "", table[i].help);
		for (size_t k = 0; k < table[i].n; k++) {
			const struct key *key = &table[i].key[k];
			own_free char *values = key_values(key);

			buf_addf(&out, "  %-13s %-28s default: %s\n  %-13s   %s\n", key->name,
				 values, dflt_words(key), "", key->help);
		}
	}
	if (section)
		return buf_steal(&out);
	buf_adds(&out, "\n[variant NAME]  overrides, chosen by --variant NAME\n"
		       "  SECTION[/NAME].KEY = VALUE, as in: disk/system.read-only = yes\n"
		       "  List keys (arg, env, forward) are appended to.\n");
	return buf_steal(&out);
}

/* '|' would end the table's cell. */
static char *table_cell(const char *s)
{
	struct buf out = {0};

	for (; *s; s++)
		buf_addf(&out, "%s%c", *s == '|' ? "\\" : "", *s);
	return buf_steal(&out);
}

char *reference_markdown(void)
{
	struct buf out = {0};
	size_t n;
	const struct section_keys *table = section_table(&n);

	buf_adds(
		&out,
		"# Profile keys\n\nWritten by `vmlaunch keys --format markdown` from the table that the parser uses.\n");
	for (size_t i = 0; i < n; i++) {
		buf_addf(&out,
			 "\n## [%s%s]\n\n%s\n\n| key | values | default | |\n|---|---|---|---|\n",
			 table[i].name, table[i].items ? " NAME" : "", table[i].help);
		for (size_t k = 0; k < table[i].n; k++) {
			const struct key *key = &table[i].key[k];
			own_free char *values = key_values(key), *value_cell = table_cell(values),
				      *help = table_cell(key->help);

			buf_addf(&out, "| `%s` | %s | %s | %s |\n", key->name, value_cell,
				 dflt_words(key), help);
		}
	}
	buf_adds(
		&out,
		"\n## [variant NAME]\n\nOverrides, chosen by `--variant NAME`: lines of the form `SECTION[/NAME].KEY = VALUE`.\nThe same left side serves `--set`. List keys (`arg`, `env`, `forward`) are appended to.\n");
	return buf_steal(&out);
}

char *reference_man(void)
{
	struct buf out = {0};
	size_t n;
	const struct section_keys *table = section_table(&n);

	for (size_t i = 0; i < n; i++) {
		buf_addf(&out, ".Ss [%s%s]\n", table[i].name, table[i].items ? " NAME" : "");
		roff_line(&out, table[i].help);
		buf_adds(&out, ".Bl -tag -width Ds\n");
		for (size_t k = 0; k < table[i].n; k++) {
			const struct key *key = &table[i].key[k];
			own_free char *values = key_values(key);

			buf_addf(&out, ".It Ic %s No = ", key->name);
			roff_words(&out, values);
			buf_addc(&out, '\n');
			roff_line(&out, key->help);
			buf_adds(&out, ".br\nDefault: ");
			roff_line(&out, dflt_words(key));
		}
		buf_adds(&out, ".El\n");
	}
	return buf_steal(&out);
}

static json_object *key_json(const struct key *key)
{
	own_free char *values = key_values(key);
	json_object *o = json_object_new_object();

	json_add_text(o, "name", key->name);
	json_add_text(o, "values", values);
	json_add_text(o, "default", key->dflt);
	json_add_bool(o, "required", key->flags & KEY_REQUIRED);
	json_add_bool(o, "list", kind_is_list(key->kind));
	json_add_text(o, "help", key->help);
	return o;
}

char *reference_json(void)
{
	json_object *top = json_object_new_object(), *sections = json_object_new_array();
	size_t n;
	const struct section_keys *table = section_table(&n);
	char *text;

	json_add_number(top, "version", 1);
	json_object_object_add(top, "sections", sections);
	for (size_t i = 0; i < n; i++) {
		json_object *section = json_object_new_object(), *keys = json_object_new_array();

		json_add_text(section, "name", table[i].name);
		json_add_bool(section, "items", table[i].items);
		json_add_text(section, "help", table[i].help);
		json_object_object_add(section, "keys", keys);
		for (size_t k = 0; k < table[i].n; k++)
			json_object_array_add(keys, key_json(&table[i].key[k]));
		json_object_array_add(sections, section);
	}
	text = json_document(top);
	json_object_put(top);
	return text;
}
