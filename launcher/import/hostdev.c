/* Devices of the host. libvirt names each function by its address; here a GPU is one section with
 * its board, and by the id where this host has such a device, which survives renumbering.
 */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"

#define HOSTDEVS 64

/* One <hostdev type='pci'>. */
struct host_function {
	xmlNode *node;
	char *alias; /* hostdev0, by which the raw command line names it */
	struct pci_address address;
	bool done;
};

static bool read_number(xmlNode *node, const char *name, unsigned limit, unsigned *value)
{
	own_free char *text = xml_attr(node, name);
	const char *digits = text && text_starts(text, "0x") ? text + 2 : text;
	uint64_t v = 0;

	if (!text || !text_u64(digits, digits == text ? 10 : 16, &v) || v > limit)
		return false;
	*value = (unsigned)v;
	return true;
}

bool import_pci_address(xmlNode *node, struct pci_address *address)
{
	unsigned domain = 0, bus, slot, function;

	read_number(node, "domain", UINT32_MAX, &domain);
	if (!read_number(node, "bus", 255, &bus) || !read_number(node, "slot", 31, &slot) ||
	    !read_number(node, "function", 7, &function))
		return false;
	*address = (struct pci_address){domain, (uint8_t)bus, (uint8_t)slot, (uint8_t)function};
	return true;
}

/* By the id where it is the only one here; by the address where it is not, or is not here. */
static char *device_words(const struct draft *d, const struct pci_address *address)
{
	const struct pci_function *f = pci_list_find(&d->pci, address);
	char text[PCI_ADDRESS_SIZE];
	size_t same = 0;

	pci_address_format(address, text);
	if (!f)
		return xstrdup(text);
	for (size_t i = 0; i < d->pci.n; i++)
		same += d->pci.v[i].vendor == f->vendor && d->pci.v[i].device == f->device;
	if (same == 1)
		return xasprintf("%04x:%04x", f->vendor, f->device);
	return xasprintf("%s=%04x:%04x", text, f->vendor, f->device);
}

/* A display by its class; on another host by what is done to GPUs alone: a ROM, other ids, or a
 * second function in its slot.
 */
static bool is_gpu(const struct draft *d, xmlNode *domain, const struct host_function *h,
		   const struct host_function *all, size_t n)
{
	const struct pci_function *f = pci_list_find(&d->pci, &h->address);

	if (f)
		return pci_is_display(f);
	if (h->address.function)
		return false;
	if (xml_child(h->node, "rom") || import_property(domain, h->alias, "x-pci-device-id") ||
	    import_property(domain, h->alias, "romfile"))
		return true;
	for (size_t i = 0; i < n; i++)
		if (&all[i] != h && pci_same_slot(&all[i].address, &h->address))
			return true;
	return false;
}

static bool property_number(xmlNode *domain, const char *alias, const char *property, uint64_t *v)
{
	const char *text = import_property(domain, alias, property);

	return text &&
	       (text_starts(text, "0x") ? text_u64(text + 2, 16, v) : text_u64(text, 10, v)) &&
	       *v <= 0xffff;
}

/* Ids that the raw command line gave it: all four, or those that are missing from the host. */
static void put_ids(struct draft *d, xmlNode *domain, const struct host_function *h,
		    const char *name)
{
	static const char *const property[4] = {"x-pci-vendor-id", "x-pci-device-id",
						"x-pci-sub-vendor-id", "x-pci-sub-device-id"};
	const struct pci_function *f = pci_list_find(&d->pci, &h->address);
	uint64_t id[4] = {f ? f->vendor : 0, f ? f->device : 0, f ? f->subvendor : 0,
			  f ? f->subdevice : 0};
	size_t given = 0;

	for (size_t i = 0; i < 4; i++)
		given += property_number(domain, h->alias, property[i], &id[i]);
	if (given && (given == 4 || f))
		draft_putf(d, "gpu", name, "ids", "%04x:%04x:%04x:%04x", (unsigned)id[0],
			   (unsigned)id[1], (unsigned)id[2], (unsigned)id[3]);
	else if (given)
		draft_left(
			d,
			"%s: some of its ids, and this host has no such device to tell the others",
			h->alias);
}

/* A ROM of function 0, or of another one. */
static void put_rom(struct draft *d, xmlNode *domain, const struct host_function *h,
		    const char *name)
{
	xmlNode *rom = xml_child(h->node, "rom");
	own_free char *file = xml_attr(rom, "file"), *bar = xml_attr(rom, "bar");
	own_free char *enabled = xml_attr(rom, "enabled");
	own_free char *key =
		h->address.function ? xasprintf("rom-%u", h->address.function) : xstrdup("rom");
	const char *romfile = import_property(domain, h->alias, "romfile");
	const char *rombar = import_property(domain, h->alias, "rombar");

	if (romfile || file)
		draft_put(d, "gpu", name, key, romfile ? romfile : file);
	if (h->address.function)
		return;
	if ((bar && strcmp(bar, "off") == 0) || (enabled && strcmp(enabled, "no") == 0) ||
	    (rombar && strcmp(rombar, "0") == 0))
		draft_put(d, "gpu", name, "rom-bar", "no");
}

static void put_flag(struct draft *d, xmlNode *domain, const struct host_function *h,
		     const char *name, const char *property)
{
	const char *value = import_property(domain, h->alias, property);

	if (value)
		draft_put(d, "gpu", name, property,
			  strcmp(value, "on") == 0 || strcmp(value, "true") == 0 ? "yes" : "no");
}

static void put_gpu(struct draft *d, xmlNode *domain, struct host_function *h,
		    struct host_function *all, size_t n, const char *name)
{
	own_free char *device = device_words(d, &h->address);
	own_buf struct buf functions = {0};
	own_pci_set struct pci_set board = {0};
	const struct pci_function *f = pci_list_find(&d->pci, &h->address);

	draft_comment(
		d, "gpu", name,
		"With all functions of its board, in one slot of the guest, as on the board.");
	draft_put(d, "gpu", name, "device", device);
	if (f)
		pci_board(&board, &d->pci, f);
	put_ids(d, domain, h, name);
	put_flag(d, domain, h, name, "x-vga");
	put_flag(d, domain, h, name, "x-igd-opregion");
	/* Its board goes along by itself; fewer functions than that have to be named. */
	for (size_t i = 0; i < n; i++) {
		if (all[i].done || !pci_same_slot(&all[i].address, &h->address))
			continue;
		all[i].done = true;
		put_rom(d, domain, &all[i], name);
		buf_addf(&functions, "%s%u", functions.len ? "," : "", all[i].address.function);
	}
	if (!board.n)
		return;
	size_t here = 0, there = 0;

	for (size_t i = 0; i < board.n; i++)
		here += pci_same_slot(&board.v[i]->address, &h->address);
	for (const char *c = functions.data; c && *c; c++)
		there += *c != ',';
	if (there < here)
		draft_note(
			d,
			"GPU %s goes with all functions of its board, not with %s alone: gpu.functions says otherwise",
			device, functions.data);
}

static void put_pci(struct draft *d, struct host_function *h, size_t *pcis)
{
	own_free char *device = device_words(d, &h->address);
	own_free char *name = xasprintf("device%zu", (*pcis)++);

	h->done = true;
	draft_put(d, "pci", name, "device", device);
	import_boot(d, h->node, "pci", name);
	if (xml_child(h->node, "rom"))
		draft_left(d, "%s: an option ROM of a device that is no GPU", h->alias);
}

/* ------------------------------------------------------------------ vGPUs and USB */

static void import_mdev(struct draft *d, xmlNode *domain, xmlNode *node, const char *alias)
{
	own_free char *uuid = xml_attr(xml_at(node, "source/address"), "uuid");
	own_free char *display = xml_attr(node, "display"), *ramfb = xml_attr(node, "ramfb");
	const char *x = import_property(domain, alias, "xres");
	const char *y = import_property(domain, alias, "yres");
	const char *raw = import_property(domain, alias, "ramfb");
	own_buf struct buf more = {0};

	xml_take(node);
	if (xml_child(node, "boot"))
		draft_left(d, "the boot order of the vGPU %s", uuid ? uuid : "?");
	if (display)
		buf_addf(&more, " display = %s,", display);
	if (ramfb || raw)
		buf_addf(&more, " ramfb = %s,",
			 strcmp(ramfb ? ramfb : raw, "on") == 0 ? "yes" : "no");
	if (x && y)
		buf_addf(&more, " xres = %s, yres = %s,", x, y);
	if (import_property(domain, alias, "x-igd-opregion"))
		buf_adds(&more, " x-igd-opregion = yes,");
	import_property(domain, alias, "driver");
	import_property(domain, alias, "display");
	if (import_property(domain, alias, "romfile"))
		buf_addf(&more, " rom = %s,", import_property(domain, alias, "romfile"));
	draft_left(
		d,
		"the vGPU %s: a [gpu vgpu] section with%s uuid = %s, and as device and mdev the GPU and the type that 'vmlaunch devices' shows",
		uuid ? uuid : "?", more.len ? more.data : "", uuid ? uuid : "?");
}

/* What has a meaning without a key, and no more: a driver that is told to do something else is
 * left. */
static void take_host_device(xmlNode *node)
{
	static const char *const attribute[] = {"mode", "type", "managed"};
	static const char *const child[] = {"rom", "address", "alias"};

	for (size_t i = 0; i < ARRAY_SIZE(attribute); i++)
		xml_ignore(node, attribute[i]);
	xml_take_all(xml_child(node, "source"), "address");
	for (size_t i = 0; i < ARRAY_SIZE(child); i++)
		xml_take(xml_child(node, child[i]));
	xml_has(xml_child(node, "driver"), "name", "vfio");
}

static void import_usb(struct draft *d, xmlNode *node, size_t *usbs)
{
	xmlNode *source = xml_child(node, "source");
	unsigned vendor, product;
	own_free char *name = xasprintf("usb%zu", (*usbs)++);
	bool ids = read_number(xml_child(source, "vendor"), "id", 0xffff, &vendor) &&
		   read_number(xml_child(source, "product"), "id", 0xffff, &product);

	if (!ids) {
		xml_take(node);
		draft_left(d, "a USB device by its bus and number, which change with each plug");
		return;
	}
	draft_putf(d, "usb", name, "device", "%04x:%04x", vendor, product);
	import_boot(d, node, "usb", name);
	take_host_device(node);
	/* One that is not there comes when it is plugged in; QEMU resets it, as libvirt's does. */
	xml_ignore(source, "startupPolicy");
}

/* ------------------------------------------------------------------ all of them */

/* The name by which a raw command line knows a device: its own alias, or its place among all. */
static char *alias_of(xmlNode *node, size_t number)
{
	own_free char *own = xml_attr(xml_child(node, "alias"), "name");

	return own && *own ? steal(&own) : xasprintf("hostdev%zu", number);
}

static void place_function(struct draft *d, xmlNode *domain, struct host_function *all, size_t n)
{
	size_t gpus = 0, pcis = 0;

	for (size_t i = 0; i < n; i++) {
		own_free char *name = gpus ? xasprintf("gpu%zu", gpus) : xstrdup("");

		if (all[i].done || !is_gpu(d, domain, &all[i], all, n))
			continue;
		put_gpu(d, domain, &all[i], all, n, name);
		gpus++;
	}
	for (size_t i = 0; i < n; i++)
		if (!all[i].done)
			put_pci(d, &all[i], &pcis);
	for (size_t i = 0; i < n; i++) {
		take_host_device(all[i].node);
		free(all[i].alias);
	}
}

void import_hostdevs(struct draft *d, xmlNode *domain)
{
	xmlNode *devices = xml_child(domain, "devices");
	struct host_function all[HOSTDEVS];
	size_t n = 0, number_of = 0, usbs = 0;

	for (xmlNode *node = xml_child(devices, "hostdev"); node; node = xml_next(node)) {
		own_free char *alias = alias_of(node, number_of++);
		own_free char *type = xml_attr(node, "type");
		struct pci_address address;

		if (type && strcmp(type, "mdev") == 0) {
			import_mdev(d, domain, node, alias);
		} else if (type && strcmp(type, "usb") == 0) {
			import_usb(d, node, &usbs);
		} else if (type && strcmp(type, "pci") == 0 && n < HOSTDEVS &&
			   import_pci_address(xml_at(node, "source/address"), &address)) {
			all[n++] = (struct host_function){node, steal(&alias), address, false};
		} else {
			draft_left(d, "hostdev %s of type %s", alias, type ? type : "?");
			xml_take(node);
		}
	}
	place_function(d, domain, all, n);
}
