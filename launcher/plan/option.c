#include "option.h"

static void value(struct option *o, const char *s)
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
		value(&o, first);
	return o;
}

void option_text(struct option *o, const char *key, const char *s)
{
	if (o->text.len)
		buf_addc(&o->text, ',');
	buf_adds(&o->text, key);
	buf_addc(&o->text, '=');
	value(o, s);
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
