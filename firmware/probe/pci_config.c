/*
 * Configuration space by ports 0xCF8 and 0xCFC: the address goes to the first, the data through
 * the second. It reaches the first 256 bytes of every function, needs no driver and no
 * mapping, and works where the firmware's own PCI driver has given up.
 *
 * Two steps are not one: nothing else may use the ports in between. The walk runs at the highest
 * task priority for that, with interrupts off (pci_walk.c).
 *
 * Reference: PCI Local Bus 3.0, 3.2.2.3.2 (mechanism #1) and 6.7 (capabilities).
 */
#include "io.h"
#include "pci.h"

#define PORT_ADDRESS 0xcf8
#define PORT_DATA 0xcfc
#define ENABLE 0x80000000U

#define OFFSET_COMMAND 0x04
#define OFFSET_STATUS 0x06
#define STATUS_CAPABILITIES 0x10
#define OFFSET_CAPABILITIES 0x34
/* 192 bytes behind the header, at least 4 bytes each: a longer list is a loop. */
#define CAPABILITIES_MAX 48

static void select_dword(pci_address at, unsigned int offset)
{
	out32(PORT_ADDRESS, ENABLE | (uint32_t)at << 8 | (offset & 0xfc));
}

uint32_t pci_read32(pci_address at, unsigned int offset)
{
	select_dword(at, offset);
	return in32(PORT_DATA);
}

uint16_t pci_read16(pci_address at, unsigned int offset)
{
	return (uint16_t)(pci_read32(at, offset) >> (offset & 2) * 8);
}

uint8_t pci_read8(pci_address at, unsigned int offset)
{
	return (uint8_t)(pci_read32(at, offset) >> (offset & 3) * 8);
}

void pci_write32(pci_address at, unsigned int offset, uint32_t value)
{
	select_dword(at, offset);
	out32(PORT_DATA, value);
}

/* Sixteen bits only: the other half of the word is the status, where ones clear errors. */
void pci_write_command(pci_address at, uint16_t command)
{
	select_dword(at, OFFSET_COMMAND);
	out16(PORT_DATA, command);
}

unsigned int pci_capability(pci_address at, uint8_t id)
{
	unsigned int offset;

	if (!(pci_read16(at, OFFSET_STATUS) & STATUS_CAPABILITIES))
		return 0;
	offset = pci_read8(at, OFFSET_CAPABILITIES) & 0xfc;
	for (int i = 0; i < CAPABILITIES_MAX && offset >= 0x40; i++) {
		if (pci_read8(at, offset) == id)
			return offset;
		offset = pci_read8(at, offset + 1) & 0xfc;
	}
	return 0;
}
