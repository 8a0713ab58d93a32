#include "usb_selector.h"

#include <ctype.h>
#include <string.h>

#include "alloc.h"
#include "own.h"
#include "text.h"

/* "xxxx:xxxx" and nothing else. */
static bool parse_ids(const char *text, struct usb_selector *selector)
{
	own_free char *vendor = strlen(text) == 9 && text[4] == ':' ? xstrndup(text, 4) : NULL;
	uint64_t v, p;

	if (!vendor || !text_u64(vendor, 16, &v) || !text_u64(text + 5, 16, &p))
		return false;
	selector->has_ids = true;
	selector->vendor = (uint16_t)v;
	selector->product = (uint16_t)p;
	return true;
}

/* Numbers with dots between them, as the kernel names the ports on the way. */
static bool is_port(const char *s)
{
	if (strlen(s) >= USB_PORT_SIZE)
		return false;
	for (bool digit = false;; s++) {
		if (isdigit((unsigned char)*s)) {
			digit = true;
			continue;
		}
		if (!digit || (*s && *s != '.'))
			return false;
		if (!*s)
			return true;
		digit = false;
	}
}

static bool parse_place(const char *text, struct usb_selector *selector)
{
	size_t n = strspn(text, "0123456789");
	own_free char *bus = xstrndup(text, n);
	uint64_t number;

	if (!text_u64(bus, 10, &number) || number < 1 || number > 999)
		return false;
	selector->bus = (unsigned)number;
	if (text[n] == '-' && is_port(text + n + 1)) {
		strcpy(selector->port, text + n + 1);
		return true;
	}
	if (text[n] != '.' || !text_u64(text + n + 1, 10, &number) || number < 1 || number > 127)
		return false;
	selector->number = (unsigned)number;
	return true;
}

bool usb_selector_parse(const char *text, struct usb_selector *selector)
{
	const char *equals = strchr(text, '=');
	own_free char *place = equals ? xstrndup(text, (size_t)(equals - text)) : xstrdup(text);

	*selector = (struct usb_selector){0};
	if (!equals && parse_ids(text, selector))
		return true;
	/* Its number is another one after the next time that it is plugged in. */
	return parse_place(place, selector) &&
	       (equals ? parse_ids(equals + 1, selector) : !selector->number);
}

char *usb_selector_text(const struct usb_selector *selector)
{
	own_free char *ids =
		xasprintf("%04x:%04x", (unsigned)selector->vendor, (unsigned)selector->product);
	const char *equals = selector->has_ids ? "=" : "", *id = selector->has_ids ? ids : "";

	if (!selector->bus)
		return xstrdup(id);
	if (selector->number)
		return xasprintf("%03u.%03u%s%s", selector->bus, selector->number, equals, id);
	return xasprintf("%u-%s%s%s", selector->bus, selector->port, equals, id);
}

bool usb_selector_equal(const struct usb_selector *a, const struct usb_selector *b)
{
	own_free char *one = usb_selector_text(a), *other = usb_selector_text(b);

	return strcmp(one, other) == 0;
}
