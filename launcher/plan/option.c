#include "option.h"

#include <string.h>

#include "base/alloc.h"

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

void option_text(struct option *o, const char *key, const char *s)
{
	if (o->text.len)
		buf_addc(&o->text, ',');
	buf_adds(&o->text, key);
	buf_addc(&o->text, '=');
	add_value(o, s);
}

void option_number(struct option *o, const char *key, uint64_t number)
{
	struct buf digits = {0};

	buf_addf(&digits, "%lu", number);
	option_text(o, key, digits.data);
	buf_free(&digits);
}

void option_on(struct option *o, const char *key, bool on)
{
	option_text(o, key, on ? "on" : "off");
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

char *option_read(const char *text, const char *key)
{
	size_t len = key ? strlen(key) : 0;

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
