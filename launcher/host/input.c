#include "input.h"

#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "base/tongue.h"

#define CLASS "/sys/class/input"
#define WORDS 16 /* 64 bits each; KEY_MAX is 0x2ff */

/* A capability bitmap: the kernel prints its words in hexadecimal, the highest first, without
 * leading zeros and without empty words at the front.
 */
struct bits {
	uint64_t word[WORDS];
};

static bool has_bit(const struct bits *bits, unsigned bit)
{
	return bits->word[bit / 64] >> bit % 64 & 1;
}

static struct bits read_bits(const struct root *root, const char *event, const char *what)
{
	own_free char *text = root_line(root, CLASS "/%s/device/%s", event, what);
	struct bits bits = {0};
	char *end = text ? text + strlen(text) : NULL;

	for (size_t i = 0; text && end > text && i < WORDS; i++) {
		char *start;

		while (end > text && end[-1] == ' ')
			end--;
		*end = '\0';
		start = end;
		while (start > text && start[-1] != ' ')
			start--;
		if (!text_u64(start, 16, &bits.word[i]))
			return (struct bits){0};
		end = start;
	}
	return bits;
}

/* The tests of udev's input_id: who has all of Esc, the digits and the upper letters is a keyboard.
 */
static unsigned pointer_kinds(const struct bits *key, const struct bits *abs,
			      const struct bits *rel, const struct bits *prop)
{
	if (has_bit(abs, ABS_X) && has_bit(abs, ABS_Y)) {
		if (has_bit(key, BTN_TOOL_PEN) || has_bit(key, BTN_STYLUS))
			return INPUT_TABLET;
		if (has_bit(key, BTN_TOOL_FINGER) && !has_bit(prop, INPUT_PROP_DIRECT))
			return INPUT_TOUCHPAD;
		if (has_bit(key, BTN_TRIGGER) || has_bit(key, BTN_SOUTH))
			return INPUT_GAMEPAD;
		if (has_bit(key, BTN_TOUCH) || has_bit(prop, INPUT_PROP_DIRECT))
			return INPUT_TOUCHSCREEN;
		if (has_bit(key, BTN_LEFT))
			return INPUT_MOUSE; /* a virtual machine's tablet */
	}
	return has_bit(rel, REL_X) && has_bit(rel, REL_Y) && has_bit(key, BTN_LEFT) ? INPUT_MOUSE
										    : 0;
}

static unsigned read_kinds(const struct root *root, const char *event)
{
	const struct bits key = read_bits(root, event, "capabilities/key");
	const struct bits abs = read_bits(root, event, "capabilities/abs");
	const struct bits rel = read_bits(root, event, "capabilities/rel");
	const struct bits prop = read_bits(root, event, "properties");
	unsigned kinds = pointer_kinds(&key, &abs, &rel, &prop);

	/* KEY_ESC (1) to KEY_S (31) */
	if ((key.word[0] & 0xfffffffe) == 0xfffffffe)
		kinds |= INPUT_KEYBOARD;
	return kinds;
}

/* The part of a path that is a USB port: digits, '-', digits and dots. */
static char *usb_port(const char *path)
{
	char *port = NULL;

	for (const char *at = path; *at;) {
		size_t len = strcspn(at, "/"), bus = strspn(at, "0123456789");

		if (bus && bus + 1 < len && at[bus] == '-' &&
		    bus + 1 + strspn(at + bus + 1, "0123456789.") == len) {
			free(port);
			port = xstrndup(at, len);
		}
		at += len;
		at += *at == '/';
	}
	return port;
}

static uint16_t read_id(const struct root *root, const char *event, const char *what)
{
	own_free char *text = root_line(root, CLASS "/%s/device/id/%s", event, what);
	uint64_t value;

	return text && text_u64(text, 16, &value) ? (uint16_t)value : 0;
}

#define BUS_OF_BLUETOOTH 5 /* BUS_BLUETOOTH of linux/input.h */

/* Where the only Bluetooth adapter is, as its class's link says; NULL where there is none, or more
 * than one: which of them a keyboard talks to the kernel does not know.
 */
static char *only_adapter(const struct root *root)
{
	char **names, *adapter = NULL;
	size_t n, adapters = 0;

	names = root_list(root, &n, "/sys/class/bluetooth");
	for (size_t i = 0; i < n; i++) {
		/* "hci0:256" is a connection. */
		if (strchr(names[i], ':'))
			continue;
		free(adapter);
		adapter = adapters++ ? NULL
				     : root_readlink(root, "/sys/class/bluetooth/%s", names[i]);
	}
	names_free(names, n);
	return adapter;
}

/* What the event's link says; of a keyboard whose program is Bluetooth's, the adapter's, as the
 * keyboard goes with that.
 */
static char *way_to(const struct root *root, const char *event)
{
	own_free char *target = root_readlink(root, CLASS "/%s", event), *adapter = NULL;

	if (target && strstr(target, "/devices/virtual/misc/uhid/") &&
	    read_id(root, event, "bustype") == BUS_OF_BLUETOOTH)
		adapter = only_adapter(root);
	return adapter ? steal(&adapter) : steal(&target);
}

static void take_event(struct input_list *list, const struct root *root, const char *event)
{
	own_free char *target = way_to(root, event);
	const char *s = target;
	struct input_device d = {
		.event = xstrdup(event),
		.node = xasprintf("/dev/input/%s", event),
		.name = root_line(root, CLASS "/%s/device/name", event),
		.kinds = read_kinds(root, event),
		.vendor = read_id(root, event, "vendor"),
		.product = read_id(root, event, "product"),
	};

	while (s && text_starts(s, "../"))
		s += 3;
	if (s) {
		d.path = xasprintf("/sys/%s", s);
		d.usb_port = usb_port(d.path);
		d.has_controller = pci_path_nearest(d.path, &d.controller);
	}
	*xappend(list->v, list->n) = d;
}

static void take_links(struct input_list *list, const struct root *root, const char *dir)
{
	size_t n;
	char **names = root_list(root, &n, "/dev/input/%s", dir);

	for (size_t i = 0; i < n; i++) {
		own_free char *target = root_readlink(root, "/dev/input/%s/%s", dir, names[i]);

		for (size_t k = 0; target && k < list->n; k++) {
			struct input_device *d = &list->v[k];

			if (strcmp(path_base(target), d->event) == 0)
				*xappend(d->link, d->links) =
					xasprintf("/dev/input/%s/%s", dir, names[i]);
		}
	}
	names_free(names, n);
}

void input_list_read(struct input_list *list, const struct root *root)
{
	size_t n;
	char **names = root_list(root, &n, CLASS);

	*list = (struct input_list){0};
	for (size_t i = 0; i < n; i++)
		if (text_starts(names[i], "event"))
			take_event(list, root, names[i]);
	names_free(names, n);
	take_links(list, root, "by-id");
	take_links(list, root, "by-path");
}

void input_list_free(struct input_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct input_device *d = &list->v[i];

		free(d->event);
		free(d->node);
		free(d->path);
		free(d->name);
		free(d->usb_port);
		names_free(d->link, d->links);
	}
	free(list->v);
	*list = (struct input_list){0};
}

char *input_kind_words(unsigned kinds)
{
	static const char *const word[] = {N_("keyboard"),    N_("mouse"),  N_("touchpad"),
					   N_("touchscreen"), N_("tablet"), N_("gamepad")};
	struct buf out = {0};

	for (size_t i = 0; i < ARRAY_SIZE(word); i++)
		if (kinds >> i & 1)
			buf_addf(&out, "%s%s", out.len ? ", " : "", tongue(word[i]));
	return out.len ? buf_steal(&out) : xstrdup(_("other"));
}

/* What a program made up is no keyboard, unless it is Bluetooth's (uhid). */
static bool is_real_keyboard(const struct input_device *d)
{
	bool made_up = d->path && strstr(d->path, "/devices/virtual/") &&
		       !strstr(d->path, "/devices/virtual/misc/uhid/");

	return d->kinds & INPUT_KEYBOARD && !made_up;
}

/* Whether some keyboards are taken and none is left; taken(d, what) says which go. */
static bool last_keyboard(const struct input_list *list,
			  bool (*taken)(const struct input_device *d, const void *what),
			  const void *what)
{
	size_t gone = 0, left = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (!is_real_keyboard(&list->v[i]))
			continue;
		if (taken(&list->v[i], what))
			gone++;
		else
			left++;
	}
	return gone && !left;
}

struct words {
	const char *const *word;
	size_t n;
};

static bool among_events(const struct input_device *d, const void *what)
{
	const struct words *event = what;

	for (size_t i = 0; i < event->n; i++)
		if (strcmp(event->word[i], d->event) == 0)
			return true;
	return false;
}

struct places {
	const struct pci_set *functions; /* may be NULL */
	const char *const *port;
	size_t ports;
};

/* A hub takes with it what hangs on it: "1-4" is above "1-4.2". */
static bool below_places(const struct input_device *d, const void *what)
{
	const struct places *places = what;

	for (size_t i = 0; d->path && places->functions && i < places->functions->n; i++)
		if (pci_path_below(d->path, &places->functions->v[i]->address))
			return true;
	for (size_t i = 0; d->usb_port && i < places->ports; i++) {
		size_t len = strlen(places->port[i]);

		if (strncmp(d->usb_port, places->port[i], len) == 0 &&
		    (!d->usb_port[len] || d->usb_port[len] == '.'))
			return true;
	}
	return false;
}

bool input_last_keyboard(const struct input_list *list, const char *const *event, size_t n)
{
	const struct words events = {event, n};

	return last_keyboard(list, among_events, &events);
}

bool input_last_keyboard_below(const struct input_list *list, const struct pci_set *functions,
			       const char *const *port, size_t n)
{
	const struct places places = {functions, port, n};

	return last_keyboard(list, below_places, &places);
}
