/* Firmware for programs. Dates are text, "YYYY-MM-DDTHH:MM:SSZ"; sizes are bytes, null: unknown. */
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "firmware.h"

/* What is no UTF-8 or could paint a terminal is quoted. */
static json_object *text_json(const char *s)
{
	own_free char *shown = s ? text_quote(s, 4096) : NULL;

	return shown ? json_object_new_string(shown) : NULL;
}

static void add_text(json_object *o, const char *key, const char *s)
{
	json_object_object_add(o, key, text_json(s));
}

static json_object *texts_json(char *const *s, size_t n)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, text_json(s[i]));
	return list;
}

static json_object *image_json(const char *path, enum firmware_format format, uint64_t size)
{
	json_object *o = json_object_new_object();

	add_text(o, "path", path);
	add_text(o, "format", format == FIRMWARE_QCOW2 ? "qcow2" : "raw");
	json_object_object_add(o, "size", size ? json_object_new_int64((int64_t)size) : NULL);
	return o;
}

static json_object *build_json(const struct firmware *fw)
{
	json_object *o = json_object_new_object();

	add_text(o, "descriptor", fw->descriptor);
	json_object_object_add(o, "code", image_json(fw->code, fw->code_format, fw->code_size));
	json_object_object_add(o, "variables",
			       image_json(fw->vars, fw->vars_format, fw->vars_size));
	json_add_bool(o, "secure-boot", fw->secure_boot);
	json_add_bool(o, "enrolled-keys", fw->enrolled);
	json_add_bool(o, "requires-smm", fw->needs_smm);
	json_object_object_add(o, "features", texts_json(fw->feature, fw->features));
	json_object_object_add(o, "machines", texts_json(fw->machine, fw->machines));
	return o;
}

static json_object *choices_json(const struct firmware_view *view)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < view->choices; i++) {
		const struct choice_view *choice = &view->choice[i];
		json_object *o = json_object_new_object();

		json_add_bool(o, "secure-boot", choice->secure_boot);
		json_object_object_add(o, "firmware",
				       choice->firmware ? build_json(choice->firmware) : NULL);
		add_text(o, "why", choice->why);
		json_object_array_add(list, o);
	}
	return list;
}

static void add_date(json_object *o, const char *key, int64_t seconds)
{
	time_t when = (time_t)seconds;
	char text[64] = "";
	struct tm tm;

	if (gmtime_r(&when, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	add_text(o, key, *text ? text : NULL);
}

static json_object *keys_json(const struct key_list *keys)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; i < keys->certificates; i++) {
		json_object *c = json_object_new_object();

		add_text(c, "name", keys->certificate[i].name);
		add_date(c, "not-after", keys->certificate[i].not_after);
		json_object_array_add(list, c);
	}
	json_object_object_add(o, "certificates", list);
	json_add_number(o, "hashes", keys->hashes);
	json_add_number(o, "others", keys->others);
	return o;
}

static json_object *entries_json(const struct store_view *s)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < s->entries; i++) {
		json_object *o = json_object_new_object();

		json_add_number(o, "number", s->entry[i].number);
		add_text(o, "name", s->entry[i].name);
		add_text(o, "file", s->entry[i].file);
		json_add_bool(o, "active", s->entry[i].active);
		json_add_bool(o, "in-order", s->entry[i].ordered);
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *store_json(const struct store_view *s)
{
	static const char *const state[] = {
		[SECURE_BOOT_SETUP] = "setup", [SECURE_BOOT_OFF] = "off", [SECURE_BOOT_ON] = "on"};
	json_object *o = json_object_new_object(), *keys, *missing;

	add_text(o, "path", s->path);
	json_add_bool(o, "template", !s->whose);
	add_text(o, "unreadable", s->why);
	if (s->why)
		return o;
	add_text(o, "secure-boot", state[s->secure_boot.state]);
	keys = json_object_new_object();
	for (size_t i = 0; i < KEY_LISTS; i++)
		json_object_object_add(keys, key_list_word[i], keys_json(&s->secure_boot.list[i]));
	json_object_object_add(o, "keys", keys);
	missing = json_object_new_array();
	for (size_t i = 0; i < s->missings; i++)
		json_object_array_add(missing, text_json(s->missing[i]));
	json_object_object_add(o, "missing", missing);
	json_object_object_add(o, "boot", entries_json(s));
	return o;
}

char *firmware_json(const struct firmware_view *view)
{
	json_object *o = json_object_new_object(), *found = json_object_new_array();
	char *text;

	json_add_number(o, "version", 1);
	add_text(o, "machine", view->machine);
	for (size_t i = 0; view->found && i < view->list->n; i++)
		json_object_array_add(found, build_json(&view->list->item[i]));
	json_object_object_add(o, "found", found);
	json_object_object_add(o, "passed-over",
			       view->found ? texts_json(view->list->skipped, view->list->skips)
					   : json_object_new_array());
	json_object_object_add(o, "chosen", choices_json(view));
	json_object_object_add(o, "store", view->has_store ? store_json(&view->store) : NULL);
	text = json_document(o);
	json_object_put(o);
	return text;
}
