#include "plugged.h"

#include <unistd.h>

#include "base/alloc.h"
#include "host/input.h"
#include "host/storage.h"
#include "host/usb_pick.h"

void plugged_find(const char *device, struct plugged *found)
{
	struct root real = ROOT_REAL;
	own_usb_list struct usb_list list = {0};
	own_input_list struct input_list input = {0};
	own_storage struct storage storage = {0};
	struct usb_selector selector;
	const struct usb_device *d;
	size_t matches;

	*found = (struct plugged){0};
	if (!usb_selector_parse(device, &selector))
		return;
	usb_list_read(&list, &real);
	d = usb_find(&list, &selector, &matches);
	if (!d)
		return;
	input_list_read(&input, &real);
	storage_read(&storage, &real);
	found->bus = d->bus;
	found->number = d->number;
	found->vendor = d->vendor;
	found->product = d->product;
	found->node = xstrdup(d->node);
	found->accessible = access(d->node, R_OK | W_OK) == 0;
	found->use = usb_in_use(d, &input, &storage);
}
