/* What is right by itself and wrong beside another value of the profile. */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"
#include "keys.h"

struct check {
	const struct profile *p;
	struct error **err;
	bool good;
};

__attribute__((format(printf, 3, 4))) static void complain(struct check *c, const struct origin *at,
							   const char *fmt, ...)
{
	own_free char *where = origin_text(c->p, *at), *message = NULL;
	va_list args;

	va_start(args, fmt);
	message = xvasprintf(tongue(fmt), args);
	va_end(args);
	error_add(c->err, ERROR_USAGE, "%s: %s", where, message);
	c->good = false;
}

/* The same about a value: the key stands before the words. */
__attribute__((format(printf, 3, 4))) static void
complain_key(struct check *c, const struct origin *at, const char *fmt, ...)
{
	own_free char *key = key_text(at), *message = NULL;
	va_list args;

	va_start(args, fmt);
	message = xvasprintf(tongue(fmt), args);
	va_end(args);
	complain(c, at, "%s: %s", key, message);
}

struct item *items_find(const struct items *items, const char *name)
{
	for (size_t i = 0; i < items->n; i++)
		if (strcmp(items->v[i]->name, name) == 0)
			return items->v[i];
	return NULL;
}

/* Names in boot.order are those of sections that are there. */
static void find_order(struct check *c, struct profile *p)
{
	struct boot_order *order = &p->boot.order;
	const struct items *const items[BOOT_KINDS] = {
		[BOOT_DISK] = &p->disk,
		[BOOT_NETWORK] = &p->network,
		[BOOT_PCI] = &p->pci,
		[BOOT_USB] = &p->usb,
	};

	for (size_t i = 0; i < order->n; i++) {
		struct boot_device *device = &order->v[i];
		own_free char *word = boot_device_text(device), *shown = text_quote(word, 40);

		device->item = items_find(items[device->kind], device->name);
		if (!device->item)
			complain_key(c, &order->at, "'%s' names no section of the profile", shown);
		for (size_t k = 0; device->item && k < i; k++)
			if (order->v[k].item == device->item)
				complain_key(c, &order->at, "'%s' stands twice", shown);
	}
}

/* One key that needs another, or has words instead. */
static void complain_needs(struct check *c, const struct origin *at, const struct origin *needs,
			   const char *value)
{
	own_free char *key = key_text(at), *other = key_text(needs);

	complain(c, at, "%s needs %s%s", key, other, value);
}

/* What is made is empty, for a guest to write to. */
static void check_creation(struct check *c, const struct disk *disk)
{
	bool foreign = disk->format.v == DISK_VMDK || disk->format.v == DISK_VHDX;
	const struct origin *other = disk->media.v == MEDIA_CDROM ? &disk->media.at
				     : disk->read_only.v	  ? &disk->read_only.at
				     : foreign			  ? &disk->format.at
								  : NULL;
	own_free char *key = other ? key_text(other) : NULL;

	if (disk->item.enabled.v && disk->create.v && other)
		complain_key(
			c, &disk->create.at,
			"makes an empty raw or qcow2 disk for a guest to write to, and %s says otherwise",
			key);
}

/* ------------------------------------------------------------------ forwarded ports */

static bool forwards_overlap(const struct forward *a, const struct forward *b)
{
	bool addresses = a->address == b->address || !a->address || !b->address;

	return a->protocol == b->protocol && addresses && a->host < b->host + b->ports &&
	       b->host < a->host + a->ports;
}

/* Whether a port of the host that this forward wants has been given to one of this list, which
 * holds n.
 */
static void check_overlap(struct check *c, const struct forward *forward,
			  const struct forward *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		own_free char *one = NULL, *other = NULL, *where = NULL;

		if (!forwards_overlap(forward, &list[i]))
			continue;
		one = forward_text(forward);
		other = forward_text(&list[i]);
		where = origin_text(c->p, list[i].at);
		complain_key(c, &forward->at, "%s: the host's port is taken by %s (%s)", one, other,
			     where);
		return;
	}
}

/* What a mode needs, and what is of no use to another. */
static void check_mode(struct check *c, const struct network *network)
{
	const struct forwards *forwards = &network->forward;
	bool is_forwarded = network->mode.v == NETWORK_USER || network->mode.v == NETWORK_PASST ||
			    (network->mode.v == NETWORK_AUTO && !network->tap.v);
	const struct {
		enum network_mode mode;
		const struct text *text;
		const char *value;
	} way[] = {
		{NETWORK_TAP, &network->tap, NULL},
		{NETWORK_BRIDGE, &network->bridge, " = bridge"},
		{NETWORK_MACVTAP, &network->interface, " = macvtap"},
	};

	if (forwards->n && !is_forwarded)
		complain_needs(c, &forwards->v[0].at, &network->mode.at, " = user");
	for (size_t i = 0; i < ARRAY_SIZE(way); i++) {
		if (network->mode.v == (int)way[i].mode && !way[i].text->v)
			complain_needs(c, &network->mode.at, &way[i].text->at, "");
		if (network->mode.v == NETWORK_AUTO && way[i].text->v && way[i].value)
			complain_needs(c, &way[i].text->at, &network->mode.at, way[i].value);
	}
}

static void check_forwards(struct check *c)
{
	const struct items *networks = &c->p->network;

	for (size_t i = 0; i < networks->n; i++) {
		const struct network *network = (const struct network *)networks->v[i];
		const struct forwards *forwards = &network->forward;

		if (!network->item.enabled.v)
			continue;
		check_mode(c, network);
		for (size_t k = 0; k < forwards->n; k++) {
			check_overlap(c, &forwards->v[k], forwards->v, k);
			for (size_t j = 0; j < i; j++) {
				const struct network *other =
					(const struct network *)networks->v[j];

				if (other->item.enabled.v)
					check_overlap(c, &forwards->v[k], other->forward.v,
						      other->forward.n);
			}
		}
	}
}

bool profile_check_together(struct profile *p, struct error **err)
{
	struct check check = {.p = p, .err = err, .good = true}, *c = &check;
	const struct text *code = &p->firmware.code, *vars = &p->firmware.vars;

	if (!code->automatic != !vars->automatic) {
		own_free char *one = key_text(&code->at), *other = key_text(&vars->at);

		complain(c, code->automatic ? &vars->at : &code->at,
			 "%s and %s belong together: give both or neither", one, other);
	}
	if (!p->firmware.uefi.v && p->firmware.secure_boot.v)
		complain_needs(c, &p->firmware.secure_boot.at, &p->firmware.uefi.at, " = yes");
	if (p->vm.memory.v % (2U << 20))
		complain_key(c, &p->vm.memory.at, "not a multiple of 2M");
	if (p->boot.initrd.v && !p->boot.kernel.v)
		complain_needs(c, &p->boot.initrd.at, &p->boot.kernel.at, "");
	if (p->boot.append.v && !p->boot.kernel.v)
		complain_needs(c, &p->boot.append.at, &p->boot.kernel.at, "");
	find_order(c, p);
	for (size_t i = 0; i < p->disk.n; i++)
		check_creation(c, (const struct disk *)p->disk.v[i]);
	check_forwards(c);
	return check.good;
}
