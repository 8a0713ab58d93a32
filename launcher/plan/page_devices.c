/* The host's groups beside the guest's tree, and what moves from one to the other. */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"
#include "option.h"
#include "page.h"

/* ------------------------------------------------------------------ what the guest has */

/* "01.0" of a root port, as a number that orders ports as firmware counts them. */
static unsigned slot_order(const char *addr)
{
	char *end;
	unsigned slot = (unsigned)strtoul(addr, &end, 16);

	return slot * 8 + (*end == '.' ? (unsigned)strtoul(end + 1, NULL, 16) : 0);
}

static bool is_port(const struct page_device *d)
{
	return d->driver && strcmp(d->driver, "pcie-root-port") == 0 && d->addr && d->bus &&
	       strcmp(d->bus, "pcie.0") == 0;
}

/* Firmware numbers buses in the order of the ports on the root bus. */
static void number_buses(struct page *p)
{
	for (size_t i = 0; i < p->devices; i++) {
		struct page_device *d = &p->device[i];

		if (!is_port(d))
			continue;
		d->bus_number = 1;
		for (size_t k = 0; k < p->devices; k++)
			if (is_port(&p->device[k]) &&
			    slot_order(p->device[k].addr) < slot_order(d->addr))
				d->bus_number++;
	}
}

void page_devices(struct page *p)
{
	unsigned marks = 0;

	for (size_t i = 0; i < p->plan->arguments; i++) {
		const struct argument *a = &p->plan->argument[i];
		struct page_device *d;
		struct pci_address address;

		if (strcmp(a->option, "-device") != 0 || !a->value)
			continue;
		d = xappend(p->device, p->devices);
		*d = (struct page_device){
			.driver = option_read(a->value, NULL),
			.id = option_read(a->value, "id"),
			.bus = option_read(a->value, "bus"),
			.addr = option_read(a->value, "addr"),
			.argument = a,
		};
		if (!d->driver || !text_starts(d->driver, "vfio-pci"))
			continue;
		d->host_address = option_read(a->value, "host");
		if (!d->host_address)
			d->host_address = option_read(a->value, "sysfsdev");
		d->mark = ++marks;
		if (d->host_address && pci_address_parse(d->host_address, &address))
			d->host = pci_list_find(&p->in->facts->devices.pci, &address);
	}
	number_buses(p);
}

void page_devices_free(struct page *p)
{
	for (size_t i = 0; i < p->devices; i++) {
		struct page_device *d = &p->device[i];

		free(d->driver);
		free(d->id);
		free(d->bus);
		free(d->addr);
		free(d->host_address);
	}
	free(steal(&p->device));
	p->devices = 0;
}

static const struct page_device *device_of(const struct page *p, const char *id, size_t len)
{
	for (size_t i = 0; i < p->devices; i++)
		if (p->device[i].id && strlen(p->device[i].id) == len &&
		    strncmp(p->device[i].id, id, len) == 0)
			return &p->device[i];
	return NULL;
}

/* The device whose bus this is: "gpuport1" is the port's own name, "usb.0" a bus of usb's. */
static const struct page_device *owner_of(const struct page *p, const char *bus)
{
	const char *dot = strrchr(bus, '.');
	const struct page_device *d = device_of(p, bus, strlen(bus));

	return d || !dot ? d : device_of(p, bus, (size_t)(dot - bus));
}

/* "01:00.0", or "" where QEMU or the device's bus says where it is. */
static char *guest_address(const struct page *p, const struct page_device *d)
{
	const struct page_device *owner = d->bus ? owner_of(p, d->bus) : NULL;
	unsigned bus = owner ? owner->bus_number : 0;

	if (!d->addr || !d->bus || (!bus && strcmp(d->bus, "pcie.0") != 0))
		return xstrdup("");
	return xasprintf("%02x:%s", bus, d->addr);
}

/* ------------------------------------------------------------------ the guest's tree */

static void put_mark(struct page *p, unsigned mark)
{
	if (mark)
		html_elementf(&p->h, "span", "mark", "%u", mark);
}

static const char *name_of(const struct page *p, const struct pci_function *f)
{
	return p->name ? p->name[f - p->in->facts->devices.pci.v] : NULL;
}

static void put_function_name(struct page *p, const struct pci_function *f)
{
	const char *name = name_of(p, f);

	html_text(&p->h, pci_class_words(f->class));
	if (name) {
		html_text(&p->h, ": ");
		html_text(&p->h, name);
	}
	html_text(&p->h, " ");
	html_elementf(&p->h, "span", "ids", "[%04x:%04x]", f->vendor, f->device);
}

static void put_children(struct page *p, const struct page_device *owner, unsigned depth);

static void put_device(struct page *p, const struct page_device *d, unsigned depth)
{
	struct html *h = &p->h;
	own_free char *address = guest_address(p, d);

	html_begin(h, "li");
	html_attribute(h, "class", d->mark ? "moves" : is_port(d) ? "port" : "made");
	put_mark(p, d->mark);
	if (*address)
		html_element(h, "span", "address", address);
	html_element(h, "b", NULL, d->host ? "" : d->driver ? d->driver : "?");
	if (d->host)
		put_function_name(p, d->host);
	if (d->id)
		html_element(h, "span", "id", d->id);
	if (d->argument->cause.why && !d->host)
		html_element(h, "small", NULL, tongue(d->argument->cause.why));
	if (d->host_address && !d->host)
		html_element(h, "small", NULL, d->host_address);
	put_children(p, d, depth + 1);
	html_end(h);
}

static bool is_below(const struct page *p, const struct page_device *d,
		     const struct page_device *owner)
{
	const struct page_device *above = d->bus ? owner_of(p, d->bus) : NULL;

	return above == owner && d != owner && (above || !d->bus || strcmp(d->bus, "pcie.0") == 0);
}

/* Raw arguments may name each other's buses in a circle: a depth bounds that. */
static void put_children(struct page *p, const struct page_device *owner, unsigned depth)
{
	bool any = false;

	for (size_t i = 0; i < p->devices && depth < 8; i++) {
		if (!is_below(p, &p->device[i], owner))
			continue;
		if (!any)
			html_begin(&p->h, "ul");
		any = true;
		put_device(p, &p->device[i], depth);
	}
	if (any)
		html_end(&p->h);
}

/* What sits on a bus that no device of ours makes: QEMU's own SATA controller and the like. */
static void put_built_in(struct page *p)
{
	bool any = false;

	for (size_t i = 0; i < p->devices; i++) {
		const struct page_device *d = &p->device[i];

		if (!d->bus || strcmp(d->bus, "pcie.0") == 0 || owner_of(p, d->bus))
			continue;
		if (!any) {
			html_begin(&p->h, "li");
			html_attribute(&p->h, "class", "made");
			html_element(&p->h, "b", NULL, _("the chipset's own controllers"));
			html_begin(&p->h, "ul");
		}
		any = true;
		put_device(p, d, 1);
	}
	if (any) {
		html_end(&p->h);
		html_end(&p->h);
	}
}

void page_guest_tree(struct page *p)
{
	html_begin(&p->h, "div");
	html_attribute(&p->h, "class", "tree");
	html_element(&p->h, "h3", NULL, _("What the guest finds"));
	html_begin(&p->h, "ul");
	for (size_t i = 0; i < p->devices; i++)
		if (is_below(p, &p->device[i], NULL))
			put_device(p, &p->device[i], 0);
	put_built_in(p);
	html_end(&p->h);
	html_end(&p->h);
}

/* ------------------------------------------------------------------ the host's groups */

static const struct page_device *guest_of(const struct page *p, const struct pci_function *f)
{
	for (size_t i = 0; i < p->devices; i++)
		if (p->device[i].host == f)
			return &p->device[i];
	return NULL;
}

/* It has a vGPU that is there already, and the guest's. */
static bool has_vgpu(const struct page *p, const struct pci_function *f)
{
	const struct mdev_list *mdevs = &p->in->facts->devices.mdev;

	for (size_t i = 0; i < mdevs->n; i++) {
		const struct mdev *mdev = &mdevs->v[i];

		if (!mdev->has_parent || pci_address_compare(&mdev->parent, &f->address) != 0)
			continue;
		for (size_t k = 0; k < p->devices; k++)
			if (p->device[k].host_address &&
			    text_ends(p->device[k].host_address, mdev->uuid))
				return true;
	}
	return false;
}

/* A slice of it goes to the guest, and it stays. */
static bool is_sliced(const struct page *p, const struct pci_function *f)
{
	for (size_t i = 0; i < p->plan->steps; i++) {
		const struct intent *intent = &p->plan->step[i].intent;
		const struct step_function *of = intent->kind == STEP_VF     ? &intent->vf.physical
						 : intent->kind == STEP_MDEV ? &intent->mdev.parent
									     : NULL;

		if (of && of->domain == f->address.domain && of->bus == f->address.bus &&
		    of->slot == f->address.slot && of->function == f->address.function)
			return true;
	}
	return has_vgpu(p, f);
}

static void put_host_function(struct page *p, const struct pci_function *f)
{
	const struct page_device *d = guest_of(p, f);
	struct html *h = &p->h;
	char address[PCI_ADDRESS_SIZE];

	html_begin(h, "li");
	html_attribute(h, "class", d ? "moves" : "stays");
	put_mark(p, d ? d->mark : 0);
	html_element(h, "span", "address", pci_address_format(&f->address, address));
	put_function_name(p, f);
	if (d) {
		own_free char *there = guest_address(p, d);
		bool ready = pci_has_driver(f, "vfio-pci");

		html_elementf(h, "small", NULL, "%s%s → %s", f->driver ? f->driver : _("no driver"),
			      ready ? "" : " → vfio-pci", *there ? there : _("the guest"));
	} else if (is_sliced(p, f)) {
		html_element(h, "small", NULL, _("stays with the host; a slice of it moves"));
	} else {
		html_elementf(h, "small", NULL, "%s",
			      f->driver		 ? f->driver
			      : pci_is_bridge(f) ? _("a bridge, stays")
						 : _("no driver, stays"));
	}
	html_end(h);
}

static bool function_moves(const struct page *p, const struct pci_function *f)
{
	return guest_of(p, f) || is_sliced(p, f);
}

static bool group_moves(const struct page *p, int group)
{
	const struct pci_list *list = &p->in->facts->devices.pci;

	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].group == group && function_moves(p, &list->v[i]))
			return true;
	return false;
}

static void put_group(struct page *p, int group)
{
	const struct pci_list *list = &p->in->facts->devices.pci;
	struct html *h = &p->h;

	html_begin(h, "div");
	html_attribute(h, "class", "group");
	if (group < 0)
		html_element(h, "h4", NULL, _("In no group"));
	else
		html_elementf(h, "h4", NULL, _("Group %d"), group);
	html_begin(h, "ul");
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].group == group)
			put_host_function(p, &list->v[i]);
	html_end(h);
	html_end(h);
}

/* The lowest group above after that does, or does not, move; -2: none. */
static int next_group(const struct page *p, int after, bool wanted)
{
	const struct pci_list *list = &p->in->facts->devices.pci;
	int next = -2;

	for (size_t i = 0; i < list->n; i++) {
		int group = list->v[i].group;

		if (group > after && (next == -2 || group < next) &&
		    group_moves(p, group) == wanted)
			next = group;
	}
	return next;
}

void page_host_groups(struct page *p)
{
	struct html *h = &p->h;
	unsigned others = 0;

	html_begin(h, "div");
	html_attribute(h, "class", "tree");
	html_element(h, "h3", NULL, _("The host's IOMMU groups"));
	for (int g = next_group(p, -2, true); g != -2; g = next_group(p, g, true))
		put_group(p, g);
	for (int g = next_group(p, -2, false); g != -2; g = next_group(p, g, false))
		others++;
	if (others) {
		html_begin(h, "details");
		html_elementf(h, "summary", NULL,
			      others == 1 ? _("%u other group stays with the host")
					  : _("%u other groups stay with the host"),
			      others);
		for (int g = next_group(p, -2, false); g != -2; g = next_group(p, g, false))
			put_group(p, g);
		html_end(h);
	}
	html_end(h);
}
