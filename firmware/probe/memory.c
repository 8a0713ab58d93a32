/*
 * Memory as the firmware lists it, and the answer to "may this address be read?".
 *
 * The map is read once, early, and kept. Tables that are read later were made before this program
 * started, so an old map is as good as a new one for them. Touching an address outside the map can
 * be a page fault, which under UEFI is a machine that hangs for ever: hence memory_readable().
 */
#include "io.h"
#include "out.h"
#include "probe.h"
#include "text.h"

#define PAGE 4096ULL
#define FOUR_GIB (4ULL << 30)

static uint8_t *map;
static UINTN map_size, descriptor_size;

static struct {
	uint64_t ram, conventional, above_4g, top;
} found;

static const EFI_MEMORY_DESCRIPTOR *descriptor(UINTN offset)
{
	return (const EFI_MEMORY_DESCRIPTOR *)(map + offset);
}

static uint64_t end_of(const EFI_MEMORY_DESCRIPTOR *d)
{
	return d->PhysicalStart + d->NumberOfPages * PAGE;
}

/* UEFI 2.7, 7.2 table 29: the types that are made of RAM an operating system gets to see. */
static bool is_ram(uint32_t type)
{
	switch (type) {
	case EfiLoaderCode:
	case EfiLoaderData:
	case EfiBootServicesCode:
	case EfiBootServicesData:
	case EfiRuntimeServicesCode:
	case EfiRuntimeServicesData:
	case EfiConventionalMemory:
	case EfiACPIReclaimMemory:
	case EfiACPIMemoryNVS:
		return true;
	default:
		return false;
	}
}

static void read_map(void)
{
	EFI_BOOT_SERVICES *boot = firmware->BootServices;
	UINTN size = 0, key;
	UINT32 version;

	if (boot->GetMemoryMap(&size, NULL, &key, &descriptor_size, &version) !=
	    EFI_BUFFER_TOO_SMALL)
		return;
	/* Allocating may split an entry or two. */
	size += 8 * descriptor_size;
	map = allocate(1, size);
	if (!map || EFI_ERROR(boot->GetMemoryMap(&size, (EFI_MEMORY_DESCRIPTOR *)map, &key,
						 &descriptor_size, &version)))
		return;
	if (descriptor_size >= sizeof(EFI_MEMORY_DESCRIPTOR))
		map_size = size / descriptor_size * descriptor_size;
}

void memory_collect(void)
{
	read_map();
	for (UINTN at = 0; at < map_size; at += descriptor_size) {
		const EFI_MEMORY_DESCRIPTOR *d = descriptor(at);
		uint64_t bytes = d->NumberOfPages * PAGE;

		if (!is_ram(d->Type))
			continue;
		found.ram += bytes;
		if (d->Type == EfiConventionalMemory)
			found.conventional += bytes;
		if (d->PhysicalStart >= FOUR_GIB)
			found.above_4g += bytes;
		if (end_of(d) > found.top)
			found.top = end_of(d);
	}
}

/* The end of the listed stretch that holds @address, or 0. */
static uint64_t stretch_end(uint64_t address)
{
	for (UINTN at = 0; at < map_size; at += descriptor_size) {
		const EFI_MEMORY_DESCRIPTOR *d = descriptor(at);

		if (!is_ram(d->Type) && d->Type != EfiReservedMemoryType)
			continue;
		if (address >= d->PhysicalStart && address < end_of(d))
			return end_of(d);
	}
	return 0;
}

bool memory_readable(uint64_t address, uint64_t length)
{
	uint64_t end = address + length;

	/* Page 0 is listed, but a pointer into it is a mistake (and OVMF may guard it). */
	if (address < PAGE || end < address)
		return false;
	/* A table may lie across descriptors; each step goes forward. */
	while (address < end) {
		uint64_t next = stretch_end(address);

		if (next <= address)
			return false;
		address = next;
	}
	return true;
}

void memory_people(void)
{
	char ram[TEXT_SHORT], conventional[TEXT_SHORT], above[TEXT_SHORT];

	people("Memory       %s of RAM, %s free", text_size(ram, found.ram),
	       text_size(conventional, found.conventional));
	if (found.above_4g)
		people(", %s above 4 GiB", text_size(above, found.above_4g));
	people("; ends at 0x%lx\n", found.top);
}

void memory_lines(void)
{
	line_begin("memory");
	line_value("ram", "%lu", found.ram);
	line_value("conventional", "%lu", found.conventional);
	line_value("above-4g", "%lu", found.above_4g);
	line_value("highest", "0x%lx", found.top);
	line_end();
}
