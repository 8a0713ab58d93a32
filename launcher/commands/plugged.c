#include "plugged.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "host/input.h"
#include "host/storage.h"
#include "host/usb_pick.h"

static bool is_named(const struct input_device *d, const char *path)
{
	for (size_t i = 0; i < d->links; i++)
		if (strcmp(d->link[i], path) == 0)
			return true;
	return strcmp(d->node, path) == 0;
}

static void find_input(const char *path, struct plugged *found)
{
	struct root real = ROOT_REAL;
	own_input_list struct input_list list = {0};

	input_list_read(&list, &real);
	for (size_t i = 0; i < list.n; i++) {
		const struct input_device *d = &list.v[i];
		uint64_t number;
		struct stat st;

		if (!is_named(d, path) || stat(d->node, &st) < 0 ||
		    !text_u64(d->event + strlen("event"), 10, &number))
			continue;
		*found = (struct plugged){
			.bus = (unsigned)st.st_ino,
			.number = (unsigned)number + 1,
			.vendor = d->vendor,
			.product = d->product,
			.keyboard = d->kinds & INPUT_KEYBOARD,
			.node = xstrdup(d->node),
			.accessible = access(d->node, R_OK | W_OK) == 0,
		};
		return;
	}
}

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
	if (*device == '/') {
		find_input(device, found);
		return;
	}
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
