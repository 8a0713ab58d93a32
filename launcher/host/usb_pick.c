#include "usb_pick.h"

#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

static bool device_matches(const struct usb_device *d, const struct usb_selector *selector)
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
		if (!device_matches(&list->v[i], selector))
			continue;
		first = first ? first : &list->v[i];
		++*found;
	}
	return first;
}

/* And not what one is joined by, as Bluetooth's adapter. */
static bool is_keyboard(const struct usb_device *device, const struct input_list *input)
{
	for (size_t i = 0; i < input->n; i++) {
		const struct input_device *d = &input->v[i];

		if (d->kinds & INPUT_KEYBOARD && d->usb_port &&
		    strcmp(d->usb_port, device->port) == 0 && d->vendor == device->vendor &&
		    d->product == device->product)
			return true;
	}
	return false;
}

char *usb_in_use(const struct usb_device *device, const struct input_list *input,
		 const struct storage *storage)
{
	own_free char *below = device->path ? xasprintf("%s/", device->path) : NULL;

	if (device->hub)
		return xstrdup("is a hub: name what is plugged into it");
	if (input_last_keyboard_below(input, NULL, (const char *const *)&device->port, 1))
		return xstrdup(
			is_keyboard(device, input)
				? "is the host's only keyboard: plug in another one"
				: "takes the host's only keyboard along: plug in another one");
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
