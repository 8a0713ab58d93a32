#include "option.h"

#include <string.h>

#include "base/alloc.h"
#include "base/json.h"

/* No device's properties nest deeper. */
#define DEPTH 8

static void add_value(struct option *o, const char *s)
{
	for (; *s; s++) {
		if (*s == ',')
			buf_addc(&o->text, ',');
		buf_addc(&o->text, *s);
	}
}

struct option option_new(const char *first)
{
	struct option o = {0};

	if (first)
		add_value(&o, first);
	return o;
}

struct option option_new_json(const char *driver)
{
	struct option o = {.json = json_object_new_object()};

	json_add_text(o.json, "driver", driver);
	return o;
}

void option_text(struct option *o, const char *key, const char *s)
{
	if (o->json) {
		json_add_text(o->json, key, s);
		return;
	}
	if (o->text.len)
		buf_addc(&o->text, ',');
	buf_adds(&o->text, key);
	buf_addc(&o->text, '=');
	add_value(o, s);
}

void option_number(struct option *o, const char *key, uint64_t number)
{
	struct buf digits = {0};

	if (o->json) {
		json_add_unsigned(o->json, key, number);
		return;
	}
	buf_addf(&digits, "%lu", number);
	option_text(o, key, digits.data);
	buf_free(&digits);
}

void option_on(struct option *o, const char *key, bool on)
{
	if (o->json)
		json_object_object_add(o->json, key, json_object_new_boolean(on));
	else
		option_text(o, key, on ? "on" : "off");
}

void option_list(struct option *o, const char *key, const char *member, char *const *value,
		 size_t n)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < n; i++) {
		struct json_object *item = json_object_new_object();

		json_add_text(item, member, value[i]);
		json_object_array_add(list, item);
	}
	json_object_object_add(o->json, key, list);
}

void option_slot(struct option *o, const char *key, unsigned slot, unsigned function)
{
	struct buf address = {0};

	buf_addf(&address, "%02x.%x", slot, function);
	option_text(o, key, address.data);
	buf_free(&address);
}

char *option_done(struct option *o)
{
	if (o->json) {
		buf_adds(&o->text,
			 json_object_to_json_string_ext(
				 o->json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(steal(&o->json));
	}
	return buf_steal(&o->text);
}

/* One part, up to a comma that is not doubled; returns where the next one begins, NULL for none. */
static const char *take_part(const char *text, struct buf *part)
{
	buf_adds(part, "");
	for (; *text; text++) {
		if (*text == ',' && *++text != ',')
			return text;
		buf_addc(part, *text);
	}
	return NULL;
}

static char *read_json(const char *text, const char *key)
{
	own_json struct json_object *all = NULL;
	struct json_object *value;

	if (!json_read(text, strlen(text), DEPTH, &all, NULL))
		return NULL;
	value = json_member(all, key ? key : "driver", json_type_string);
	return value ? xstrdup(json_object_get_string(value)) : NULL;
}

char *option_read(const char *text, const char *key)
{
	size_t len = key ? strlen(key) : 0;

	if (*text == '{')
		return read_json(text, key);
	while (text) {
		own_buf struct buf part = {0};

		text = take_part(text, &part);
		if (!key)
			return strchr(part.data, '=') ? NULL : buf_steal(&part);
		if (strncmp(part.data, key, len) == 0 && part.data[len] == '=')
			return xstrdup(part.data + len + 1);
	}
	return NULL;
}
