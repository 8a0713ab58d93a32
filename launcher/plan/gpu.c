/* Where the guest finds the host's devices, and as what.
 *
 * A GPU's functions sit in one slot, as on its board, behind a root port of their own. The firmware
 * gives bus numbers in the order of the ports, and GPUs have the first ones (from slot 01 of the
 * root bus on): so the first GPU is at 01:00, and one that is wanted at a later bus gets empty
 * ports before it. Without hotplug the port's ACPI node holds nothing but its address, under
 * QEMU 7.2 and 10 alike, and tables of ours can add to it.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"
#include "devices.h"

#define FIRST_SLOT 1 /* of the root bus, for GPUs */
#define IGD_SLOT 2   /* where Intel's graphics sit in every machine: 00:02.0 */
#define VENDOR_INTEL 0x8086

/* The nth port (from 0), behind which is bus n + 1. NULL for why: one that is only counted. */
static char *add_port(struct composer *c, unsigned n, const char *why)
{
	unsigned slot = FIRST_SLOT + n / 8, function = n % 8;
	char *id = xasprintf("gpuport%u", n + 1);
	struct option o = option_new("pcie-root-port");

	option_text(&o, "id", id);
	option_text(&o, "bus", "pcie.0");
	option_slot(&o, "addr", slot, function);
	option_number(&o, "chassis", slot * 8 + function);
	option_number(&o, "port", slot * 8 + function);
	option_on(&o, "hotplug", false);
	if (function == 0)
		option_on(&o, "multifunction", true);
	compose_fixed(c, "-device", option_done(&o), why);
	return id;
}

/* The bus for the next board of a GPU: the wanted one, or the first that is free; with a layout of
 * its own each function asks, and the nth (from 0) follows the one before it.
 */
char *devices_gpu_bus(struct composer *c, const struct wanted *w, size_t n)
{
	const struct guest_slot *wanted = &w->gpu->guest_slot;
	own_free char *name = item_text(w->item);
	own_free char *why = xasprintf(_("a root port for %s alone"), name);
	unsigned bus = wanted->bus && n == 0 ? wanted->bus : c->gpu_ports + 1;

	if (bus <= c->gpu_ports)
		compose_wrong(
			c, wanted->at,
			"%s: %02x:00 is taken, or not behind the GPU before it: slots go up in the order of the sections",
			compose_key(c, &wanted->at), bus);
	while (c->gpu_ports + 1 < bus)
		free(add_port(c, c->gpu_ports++,
			      N_("empty: the GPU behind it is wanted at a later bus")));
	return add_port(c, c->gpu_ports++, why);
}

/* ------------------------------------------------------------------ as what */

void devices_add_ids(struct option *o, const unsigned id[4], unsigned from)
{
	static const char *const key[4] = {"x-pci-vendor-id", "x-pci-device-id",
					   "x-pci-sub-vendor-id", "x-pci-sub-device-id"};

	for (unsigned i = from; i < 4; i++) {
		own_free char *text = xasprintf("0x%04x", id[i]);

		option_text(o, key[i], text);
	}
}

/* id is what the function shows, which explicit ids change.
 *
 * The driver in the guest looks at the subsystem as well, and a card may show it only after its own
 * firmware has run: so it is always said.
 */
static void identify_gpu(struct composer *c, struct option *o, const struct gpu *gpu,
			 const struct pci_set *found, size_t n, unsigned id[4])
{
	const struct pci_function *f = found->v[n], *first = found->v[0];
	const struct pci_ids *ids = &gpu->ids;
	char address[PCI_ADDRESS_SIZE];

	if (ids->kind == IDS_NONE)
		return;
	if (ids->kind == IDS_GIVEN) {
		/* One for the board: the others keep who they are, and have its subsystem. */
		const unsigned *given = ids->v[n < ids->n ? n : ids->n - 1];
		unsigned from = n < ids->n ? 0 : 2;

		for (unsigned i = from; i < 4; i++)
			id[i] = given[i];
		devices_add_ids(o, id, from);
		return;
	}
	if (f->has_subsystem)
		devices_add_ids(o, id, 2);
	else if (n && first->has_subsystem)
		compose_refuse(
			c, ids->at,
			"%s has no subsystem ids here (0000:0000): give %s = %04x:%04x:%04x:%04x, and it has those of its board",
			pci_address_format(&f->address, address), compose_key(c, &ids->at),
			first->vendor, first->device, first->subvendor, first->subdevice);
	else if (!n)
		compose_refuse(
			c, ids->at,
			"%s has no subsystem ids here (0000:0000): give %s = %04x:%04x:SUBVENDOR:SUBDEVICE; Windows on the bare machine shows them as SUBSYS, the device before the vendor",
			pci_address_format(&f->address, address), compose_key(c, &ids->at),
			f->vendor, f->device);
}

void devices_add_opregion(struct option *o, const struct gpu *gpu, uint16_t vendor)
{
	if (vendor == VENDOR_INTEL || gpu->igd_opregion.v)
		option_on(o, "x-igd-opregion", gpu->igd_opregion.v);
}

/* Where its driver, and QEMU's own help for it, look for it (QEMU, docs/igd-assign.txt). */
static bool sits_on_root(const struct composer *c, const struct wanted *w,
			 const struct pci_function *f)
{
	return w->gpu && w->gpu->igd_opregion.v && !w->gpu->guest_slot.bus &&
	       f->vendor == VENDOR_INTEL && pci_is_display(f) &&
	       pci_is_of_processor(&c->facts->devices.pci, f);
}

struct place {
	const char *bus;
	unsigned slot;		   /* of that bus */
	unsigned function, number; /* number: where they share a slot, the same */
	bool multifunction;
	bool shares; /* the slot with others of its board */
};

/* Keeps in mind what the guest should find. */
static void note_function(struct composer *c, const struct wanted *w, const struct pci_function *f,
			  size_t n, const struct place *place, const unsigned id[4])
{
	struct guest_function *g = xappend(c->plan->guest.function, c->plan->guest.functions);

	*g = (struct guest_function){
		.section = item_text(w->item),
		.bus = place->slot ? 0 : c->gpu_ports,
		.slot = place->slot,
		.function = place->function,
		.id = {id[0], id[1]},
		.subsystem = {id[2], id[3]},
		.has_subsystem = id[2] || id[3],
		.shares = place->shares,
		.first = n == 0,
		.rom_hidden = !w->gpu->rom_bar.v,
		.rom_given = place->number < GPU_FUNCTIONS && w->gpu->rom[place->number].v,
		.rom_own = f->has_rom,
		.no_outputs = f->class >> 8 == 0x0302,
		.is_vf = f->is_vf,
		.x_vga = n == 0 && w->gpu->x_vga.v,
		.of_processor = n == 0 && pci_is_of_processor(&c->facts->devices.pci, f),
	};
}

static void add_function(struct composer *c, const struct wanted *w, const struct pci_set *found,
			 size_t n, const struct place *place)
{
	const struct pci_function *f = found->v[n];
	own_free char *id = compose_id(w->item), *own_id = xasprintf("%s-%zu", id, n);
	unsigned guest_id[4] = {f->vendor, f->device, f->subvendor, f->subdevice};
	struct option o = option_new("vfio-pci");

	devices_add_source(c, &o, &f->address);
	option_text(&o, "id", own_id);
	option_text(&o, "bus", place->bus);
	option_slot(&o, "addr", place->slot, place->function);
	if (place->multifunction)
		option_on(&o, "multifunction", true);
	if (!w->gpu && n == 0 && compose_bootindex(c, w->item))
		option_number(&o, "bootindex", compose_bootindex(c, w->item));
	if (w->gpu) {
		identify_gpu(c, &o, w->gpu, found, n, guest_id);
		note_function(c, w, f, n, place, guest_id);
		devices_add_rom(c, &o, w->gpu, place->number, guest_id);
		if (w->gpu->x_vga.v && n == 0)
			option_on(&o, "x-vga", true);
		if (n == 0)
			devices_add_opregion(&o, w->gpu, f->vendor);
	}
	compose_argument(c, "-device", option_done(&o), &w->device->at, pci_class_words(f->class));
}

/* Functions keep their numbers; without a function 0 a guest would find none, so then they are
 * counted from 0. What has a slot of its own on the card comes behind those of the first one's.
 */
static unsigned guest_function(const struct pci_set *found, size_t n)
{
	const struct pci_address *first = &found->v[0]->address, *mine = &found->v[n]->address;

	if (first->function != 0)
		return (unsigned)n;
	return pci_same_slot(first, mine) ? mine->function : guest_function(found, n - 1) + 1;
}

static void add_board(struct composer *c, const struct wanted *w, const struct pci_set *found)
{
	bool separate = w->gpu && w->gpu->layout.v == LAYOUT_SEPARATE;
	bool on_root = sits_on_root(c, w, found->v[0]);
	own_free char *bus = NULL;
	unsigned numbers = 0;

	for (size_t i = 0; i < found->n; i++) {
		unsigned number = guest_function(found, i);
		struct place place = {.function = separate ? 0 : number, .number = number};

		numbers |= 1U << number % 32;

		if (on_root && i == 0) {
			bus = xstrdup("pcie.0");
			place.slot = IGD_SLOT;
			c->igd = true;
		} else if (!bus || separate || on_root) {
			free(bus);
			on_root = false;
			bus = w->gpu ? devices_gpu_bus(c, w, i) : compose_port(c, w->item);
		}
		place.bus = bus;
		place.shares = !separate && !place.slot && found->n > 1;
		place.multifunction = place.shares && number == 0;
		add_function(c, w, found, i, &place);
		/* What the tables of ours add to is a port's. */
		if (w->gpu && i == 0 && !place.slot && c->gpus < ARRAY_SIZE(c->gpu))
			c->gpu[c->gpus++] = (struct gpu_place){w->gpu, found->v[i],
							       c->gpu_ports - 1, place.function};
	}
	if (w->gpu)
		devices_check_roms(c, w->gpu, numbers);
	if (w->gpu && w->gpu->ids.n > found->n)
		compose_wrong(c, w->gpu->ids.at, "%s: %zu ids for %zu functions",
			      compose_key(c, &w->gpu->ids.at), w->gpu->ids.n, found->n);
}

/* VFIO gives a function once. */
static bool is_given(struct composer *c, const struct wanted *w, const struct pci_set *found,
		     struct pci_set *given)
{
	bool twice = false;

	for (size_t i = 0; i < found->n; i++) {
		char address[PCI_ADDRESS_SIZE];

		if (!pci_set_has(given, found->v[i])) {
			pci_set_add(given, found->v[i]);
			continue;
		}
		twice = true;
		compose_wrong(c, w->device->at, "%s: another section passes %s already",
			      compose_key(c, &w->device->at),
			      pci_address_format(&found->v[i]->address, address));
	}
	return twice;
}

/* GPUs before everything else that has a port: their buses are the first ones. */
void compose_devices(struct composer *c)
{
	struct wanted list[WANTED];
	size_t n = c->claims_device ? devices_wanted(c->p, list) : 0;
	own_pci_set struct pci_set given = {0};

	if (c->iommufd)
		devices_add_iommufd(c);

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < n; i++) {
			own_pci_set struct pci_set found = {0};

			/* What cannot be found was told by compose_claims(). */
			if (!list[i].gpu == !pass)
				continue;
			if (wants_slice(&list[i])) {
				(wants_vf(&list[i]) ? devices_add_vf : devices_add_mdev)(c,
											 &list[i]);
				continue;
			}
			if (!devices_find(c->p, c->facts, &list[i], &found, NULL) ||
			    is_given(c, &list[i], &found, &given))
				continue;
			add_board(c, &list[i], &found);
		}
	}
}

/* ------------------------------------------------------------------ large BARs */

#define GIB (1UL << 30)
#define WINDOW_WITHOUT_ASKING (32 * GIB) /* OVMF's, since 2014 */

static uint64_t above_power(uint64_t n)
{
	uint64_t power = 1;

	while (power <= n)
		power <<= 1;
	return power;
}

static uint64_t large_bars(const struct composer *c)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c->claimed.n; i++)
		for (size_t b = 0; b < c->claimed.v[i]->bars; b++)
			if (c->claimed.v[i]->bar[b].kind == PCI_BAR_MEM64)
				sum += c->claimed.v[i]->bar[b].size;
	return sum;
}

/* What a window of this size has for the GPUs: the firmware keeps a part of it for each root port
 * that a device may be plugged into (edk2, PciHotPlugInitDxe, as seen with QEMU 7.2 to 11.1:
 * 1/256).
 */
static uint64_t room_of(const struct composer *c, uint64_t window)
{
	return window - window / 256 * c->ports;
}

/* A power of two, as the window is aligned to its own size. */
static uint64_t smallest_window(const struct composer *c)
{
	uint64_t bars = large_bars(c), window = above_power(bars);

	while (room_of(c, window) <= bars)
		window <<= 1;
	return window;
}

/* Newer firmware obeys, and then no device of the machine gets an address. */
static void check_window(struct composer *c, uint64_t window)
{
	uint64_t bars = large_bars(c);

	if (bars && room_of(c, window) <= bars)
		compose_refuse(
			c, c->p->firmware.mmio64.at,
			"%s is %lu MiB, but the devices' large BARs take %lu MiB and the root ports %lu MiB of it: give %luM or more, or auto",
			compose_key(c, &c->p->firmware.mmio64.at), window >> 20, bars >> 20,
			(window - room_of(c, window)) >> 20, smallest_window(c) >> 20);
}

/* The window begins at the end of memory, aligned to its own size, and must end below the top of
 * the guest's addresses. (OVMF's PlatformPei; opt/ovmf/X-PciMmio64Mb is decimal, in MiB, at most 16
 * TiB.)
 */
void compose_window(struct composer *c)
{
	const struct number *wanted = &c->p->firmware.mmio64;
	uint64_t need = wanted->automatic ? smallest_window(c) : wanted->v;
	uint64_t memory_end = c->p->vm.memory.v + 4 * GIB, base;
	unsigned bits = c->guest_bits ? c->guest_bits : 40;
	own_free char *mib = NULL;
	struct option o;

	if (!c->firmware || (wanted->automatic && need <= WINDOW_WITHOUT_ASKING))
		return;
	check_window(c, need);
	base = (memory_end + need - 1) / need * need;
	if (base + need > 1UL << bits) {
		compose_refuse(
			c, wanted->at,
			"the devices' large BARs need a window of %lu GiB, which does not fit below the guest's %u address bits beside %lu GiB of memory",
			need / GIB, bits, c->p->vm.memory.v / GIB);
		return;
	}
	mib = xasprintf("%lu", need >> 20);
	o = option_new(NULL);
	option_text(&o, "name", "opt/ovmf/X-PciMmio64Mb");
	option_text(&o, "string", mib);
	compose_argument(c, "-fw_cfg", option_done(&o), &wanted->at,
			 "a window for the devices' large BARs");
}
