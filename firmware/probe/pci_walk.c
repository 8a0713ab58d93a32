/*
 * Finds every PCI function by asking all addresses of all 256 buses.
 *
 * Not only the buses that bridges lead to: extra root buses have no bridge above them. That is
 * 8192 questions, a millisecond under emulation. Functions behind a bridge without a bus
 * number can't be reached this way or any other; verdict.c says so.
 *
 * References: PCI Local Bus 3.0, 6.1 and 6.2 (header type 0); PCI-to-PCI Bridge 1.2, 3.2 (header
 * type 1) and 3.2.5.13 (subsystem capability); PCI Express Base 3.0, 7.8.2 (port type).
 */
#include "pci.h"
#include "probe.h"

#define FUNCTIONS_MAX 1024

#define OFFSET_COMMAND 0x04
#define OFFSET_CLASS 0x08
#define OFFSET_HEADER 0x0e
#define HEADER_MULTIFUNCTION 0x80
#define OFFSET_BUSES 0x18
#define OFFSET_SUBSYSTEM 0x2c

#define CAPABILITY_SUBSYSTEM 0x0d
#define CAPABILITY_EXPRESS 0x10

#define VENDOR_NOBODY 0xffff

struct pci_function *pci_functions;
size_t pci_function_count;
bool pci_truncated;

bool pci_is_bridge(const struct pci_function *f)
{
	return f->header == 1;
}

bool pci_has_memory_bar(const struct pci_function *f)
{
	for (int i = 0; i < PCI_BARS; i++) {
		if (f->bars[i].kind == PCI_BAR_MEM32 || f->bars[i].kind == PCI_BAR_MEM64)
			return true;
	}
	return false;
}

/*
 * Windows: base and limit give the upper bits of the first and last address. The low four bits
 * of I/O and prefetchable ones are 1 when registers with still higher bits exist.
 */
static void read_windows(struct pci_function *f)
{
	pci_address at = f->address;
	uint32_t io = pci_read16(at, 0x1c), memory = pci_read32(at, 0x20);
	uint32_t prefetch = pci_read32(at, 0x24);
	uint32_t io_high = (io & 0xf) == 1 ? pci_read32(at, 0x30) : 0;
	bool wide = (prefetch & 0xf) == 1;

	f->io.first = (io & 0xf0) << 8 | (io_high & 0xffff) << 16;
	f->io.last = (io & 0xf000) | 0xfff | (io_high & 0xffff0000);
	f->memory.first = (memory & 0xfff0) << 16;
	f->memory.last = (memory & 0xfff00000) | 0xfffff;
	f->prefetch.first = (prefetch & 0xfff0) << 16;
	f->prefetch.last = (prefetch & 0xfff00000) | 0xfffff;
	if (wide) {
		f->prefetch.first |= (uint64_t)pci_read32(at, 0x28) << 32;
		f->prefetch.last |= (uint64_t)pci_read32(at, 0x2c) << 32;
	}
}

static void read_bridge(struct pci_function *f)
{
	uint32_t buses = pci_read32(f->address, OFFSET_BUSES);
	unsigned int subsystem = pci_capability(f->address, CAPABILITY_SUBSYSTEM);

	f->primary = buses & 255;
	f->secondary = buses >> 8 & 255;
	f->subordinate = buses >> 16 & 255;
	if (subsystem) {
		f->sub_vendor = pci_read16(f->address, subsystem + 4);
		f->sub_device = pci_read16(f->address, subsystem + 6);
	}
	read_windows(f);
}

static void read_function(struct pci_function *f, pci_address at)
{
	uint32_t class = pci_read32(at, OFFSET_CLASS);
	uint8_t header = pci_read8(at, OFFSET_HEADER);
	unsigned int express = pci_capability(at, CAPABILITY_EXPRESS);

	f->address = at;
	f->vendor = pci_read16(at, 0);
	f->device = pci_read16(at, 2);
	f->command = pci_read16(at, OFFSET_COMMAND);
	f->class = class >> 8;
	f->revision = class & 255;
	f->header = header & 0x7f;
	f->multifunction = header & HEADER_MULTIFUNCTION;
	f->express = express ? pci_read16(at, express + 2) >> 4 & 15 : -1;
	f->behind = PCI_NOWHERE;
	f->known = pci_known_at(at);
	if (f->header == 0) {
		f->sub_vendor = pci_read16(at, OFFSET_SUBSYSTEM);
		f->sub_device = pci_read16(at, OFFSET_SUBSYSTEM + 2);
	} else if (f->header == 1) {
		read_bridge(f);
	}
	pci_size_bars(f);
}

static void walk_device(unsigned int bus, unsigned int device)
{
	unsigned int count = 1;

	for (unsigned int function = 0; function < count; function++) {
		pci_address at = pci_at(bus, device, function);

		if (pci_read16(at, 0) == VENDOR_NOBODY)
			continue;
		if (pci_function_count == FUNCTIONS_MAX) {
			pci_truncated = true;
			return;
		}
		read_function(&pci_functions[pci_function_count], at);
		if (pci_functions[pci_function_count++].multifunction)
			count = 8;
	}
}

/* A bridge leads to exactly one bus; with crooked numbers the first one found counts. */
static void find_parents(void)
{
	for (size_t i = 0; i < pci_function_count; i++) {
		struct pci_function *f = &pci_functions[i];

		for (size_t j = 0; j < pci_function_count && f->address >> 8; j++) {
			const struct pci_function *bridge = &pci_functions[j];

			if (pci_is_bridge(bridge) && bridge->secondary == f->address >> 8 &&
			    bridge->address >> 8 < bridge->secondary) {
				f->behind = bridge->address;
				break;
			}
		}
	}
}

void pci_collect(void)
{
	EFI_BOOT_SERVICES *boot = firmware->BootServices;
	EFI_TPL before;

	pci_known_collect();
	pci_functions = allocate(FUNCTIONS_MAX, sizeof(*pci_functions));
	if (!pci_functions) {
		pci_truncated = true;
		return;
	}
	/* Timers of the firmware's drivers use the same ports, and devices that are off just now.
	 */
	before = boot->RaiseTPL(TPL_HIGH_LEVEL);
	for (unsigned int bus = 0; bus < 256; bus++) {
		for (unsigned int device = 0; device < 32; device++)
			walk_device(bus, device);
	}
	boot->RestoreTPL(before);
	find_parents();
}
