#include "usb_pick.h"

#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

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

static bool matches(const struct usb_device *d, const struct usb_selector *selector)
{
	own_free char *port = NULL;

	if (text_starts(d->port, "usb") || (selector->bus && d->bus != selector->bus) ||
	    (selector->number && d->number != selector->number) ||
	    (selector->has_ids &&
	     (d->vendor != selector->vendor || d->product != selector->product)))
		return false;
	port = xasprintf("%u-%s", selector->bus, selector->port);
	return !*selector->port || strcmp(d->port, port) == 0;
}

const struct usb_device *usb_find(const struct usb_list *list, const struct usb_selector *selector,
				  size_t *found)
{
	const struct usb_device *first = NULL;

	*found = 0;
	for (size_t i = 0; i < list->n; i++) {
		if (!matches(&list->v[i], selector))
			continue;
		first = first ? first : &list->v[i];
		++*found;
	}
	return first;
}

char *usb_in_use(const struct usb_device *device, const struct input_list *input,
		 const struct storage *storage)
{
	own_free char *below = device->path ? xasprintf("%s/", device->path) : NULL;

	if (device->hub)
		return xstrdup("is a hub: name what is plugged into it");
	if (input_last_keyboard_usb(input, device->port))
		return xstrdup("is the host's only keyboard: plug in another one");
	for (size_t i = 0; below && i < storage->n; i++) {
		own_storage_claims struct storage_claims claims = {0};

		if (!storage->v[i].path || !text_starts(storage->v[i].path, below))
			continue;
		storage_claims_of(&claims, storage, &storage->v[i]);
		if (claims.n) {
			own_free char *words = storage_claim_text(&claims.v[0]);

			return xasprintf("is a disk that the host uses: %s", words);
		}
	}
	return NULL;
}
