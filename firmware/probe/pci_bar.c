/*
 * Base address registers: kind, address, size.
 *
 * The size of a BAR with an address comes from the firmware's driver, which has measured it
 * already. The others are measured here, the way every firmware does it: write ones, see which
 * bits stay zero, write back what was there. While a register holds ones the function would
 * answer at a made-up address, so its decoding is off in the meantime. Host bridges are left out:
 * there the same switch can cut off memory.
 *
 * "No address" has two looks. A register nobody set reads zero. OVMF, when it drops a function for
 * which there was no room, leaves the ones of its own measuring in the registers, and decoding off:
 * what looks like an address at the very top of the address space is none.
 *
 * Reference: PCI Local Bus 3.0, 6.2.5.1 (address maps) and 6.2.5.2 (expansion ROM).
 */
#include "pci.h"

#define OFFSET_COMMAND 0x04
#define COMMAND_IO 0x0001
#define COMMAND_MEMORY 0x0002
#define COMMAND_DECODES (COMMAND_IO | COMMAND_MEMORY)
#define OFFSET_BARS 0x10
#define OFFSET_ROM_TYPE_0 0x30
#define OFFSET_ROM_TYPE_1 0x38

#define BAR_IO 0x1
#define BAR_TYPE 0x6
#define BAR_TYPE_64 0x4
#define BAR_PREFETCH 0x8
#define BAR_IO_MASK 0xfffffffcU
#define BAR_MEMORY_MASK 0xfffffff0U
/* Ones for all address bits, zero for the enable bit: a ROM under measurement stays off. */
#define ROM_MASK 0xfffff800U

#define CLASS_HOST_BRIDGE 0x0600

/* The writable bits of one register. */
static uint32_t measure(pci_address at, unsigned int offset, uint32_t ones)
{
	uint32_t before = pci_read32(at, offset), mask;

	pci_write32(at, offset, ones);
	mask = pci_read32(at, offset);
	pci_write32(at, offset, before);
	return mask;
}

static uint64_t size_of_mask(uint64_t mask)
{
	/* The lowest writable bit; 0 for a register that is not there. */
	return mask & -mask;
}

static void decode(struct pci_bar *bar, uint32_t low, uint32_t high)
{
	if (low & BAR_IO) {
		bar->kind = PCI_BAR_IO;
		bar->base = low & BAR_IO_MASK;
		return;
	}
	bar->kind = (low & BAR_TYPE) == BAR_TYPE_64 ? PCI_BAR_MEM64 : PCI_BAR_MEM32;
	bar->prefetch = low & BAR_PREFETCH;
	bar->base = low & BAR_MEMORY_MASK;
	if (bar->kind == PCI_BAR_MEM64)
		bar->base |= (uint64_t)high << 32;
}

/*
 * The firmware's size for this BAR, or 0. Matched by kind and address: the driver counts a 64-bit
 * BAR as one, so its numbers are not those of the registers.
 */
static uint64_t known_size(const struct pci_known *known, const struct pci_bar *bar)
{
	for (size_t i = 0; known && bar->base && i < known->count; i++) {
		const struct pci_resource *r = &known->resources[i];

		if (r->io == (bar->kind == PCI_BAR_IO) && r->base == bar->base)
			return r->size;
	}
	return 0;
}

static bool decodes(const struct pci_function *f, const struct pci_bar *bar)
{
	return f->command & (bar->kind == PCI_BAR_IO ? COMMAND_IO : COMMAND_MEMORY);
}

/* Writes ones; also finds the kind of a BAR whose register reads as zero. */
static void measure_bar(const struct pci_function *f, struct pci_bar *bar, unsigned int offset)
{
	uint64_t base = bar->base, mask;
	uint32_t low = measure(f->address, offset, ~0U), high = 0;

	if (!low) {
		bar->kind = PCI_BAR_NONE;
		return;
	}
	decode(bar, low, 0);
	bar->base = base;
	if (bar->kind == PCI_BAR_MEM64)
		high = measure(f->address, offset + 4, ~0U);
	if (bar->kind == PCI_BAR_IO)
		mask = low & BAR_IO_MASK;
	else
		mask = (uint64_t)high << 32 | (low & BAR_MEMORY_MASK);
	bar->size = size_of_mask(mask);
	if (base == mask && !decodes(f, bar))
		bar->base = 0;
}

void pci_size_bars(struct pci_function *f)
{
	unsigned int count = f->header == 0 ? PCI_BARS : f->header == 1 ? 2 : 0;
	unsigned int rom = f->header == 0 ? OFFSET_ROM_TYPE_0 : OFFSET_ROM_TYPE_1;

	if (!count || f->class >> 8 == CLASS_HOST_BRIDGE)
		return;
	pci_write_command(f->address, f->command & (uint16_t)~COMMAND_DECODES);
	for (unsigned int i = 0; i < count; i++) {
		struct pci_bar *bar = &f->bars[i];
		unsigned int offset = OFFSET_BARS + 4 * i;
		uint32_t low = pci_read32(f->address, offset), high = 0;

		if ((low & (BAR_IO | BAR_TYPE)) == BAR_TYPE_64 && i + 1 < count)
			high = pci_read32(f->address, offset + 4);
		decode(bar, low, high);
		bar->size = known_size(f->known, bar);
		if (!bar->size)
			measure_bar(f, bar, offset);
		if (bar->kind == PCI_BAR_MEM64)
			i++; /* the next register is this one's upper half */
	}
	/* The firmware leaves ones behind in the ROM register, so its value tells no address. */
	f->rom_bar_size = size_of_mask(measure(f->address, rom, ROM_MASK) & ROM_MASK);
	pci_write_command(f->address, f->command);
}
