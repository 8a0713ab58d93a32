/*
 * What the firmware's PCI driver knows: one EFI_PCI_IO handle for each function that it has given
 * resources to.
 *
 * When the BARs do not fit into the firmware's window it gives up all functions, not one, and there
 * is no handle at all: that is why the walk by ports comes first and this is only joined to it.
 * Expansion ROMs are the other way round: the driver has copied them to memory while it had them
 * mapped, and nobody else can read them any more.
 *
 * Whether a driver has taken a function tells of a card that is not what it was at the last start:
 * its ROM's driver starts it once, and a second time only if something has reset it meanwhile.
 *
 * References: UEFI 2.7, 7.3 (OpenProtocolInformation), 12.9 (graphics output), 14.4
 * (EFI_PCI_IO_PROTOCOL), table 124 (QWORD address space descriptor, from ACPI 6.3, 6.4.3.5.1).
 */
#include "io.h"
#include "pci.h"
#include "probe.h"

#define DESCRIPTOR_QWORD 0x8a
#define DESCRIPTOR_LENGTH 46 /* 3 bytes of tag and 0x2b behind them */
#define RESOURCE_IO 1	     /* type at 3; minimum at 14, length at 38 */

/* The largest ROM image that is believed: QEMU's own limit for a ROM file is 2 GiB, OVMF's less. */
#define ROM_MAX (64ULL << 20)

static const EFI_GUID pci_io_guid = {
	0x4cf5b200, 0x68b8, 0x4ca5, {0x9e, 0xec, 0xb2, 0x3e, 0x3f, 0x50, 0x02, 0x9a}};
static const EFI_GUID graphics_guid = {
	0x9042a9de, 0x23dc, 0x4a38, {0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a}};

static struct pci_known *known;
static size_t known_count;

static void add_resource(struct pci_known *k, EFI_PCI_IO *io, uint8_t index)
{
	struct pci_resource *r = &k->resources[k->count];
	void *list = NULL;
	const uint8_t *at;

	if (EFI_ERROR(io->GetBarAttributes(io, index, NULL, &list)) || !list)
		return;
	at = list;
	if (at[0] == DESCRIPTOR_QWORD && get16(at + 1) + 3 == DESCRIPTOR_LENGTH) {
		r->io = at[3] == RESOURCE_IO;
		r->base = get64(at + 14);
		r->size = get64(at + 38);
		k->count++;
	}
	firmware->BootServices->FreePool(list);
}

static bool is_screen(EFI_HANDLE handle)
{
	EFI_GUID guid = graphics_guid;
	void *graphics;

	return !EFI_ERROR(firmware->BootServices->HandleProtocol(handle, &guid, &graphics));
}

/* A driver that has taken the function, the firmware's own or one of the card's ROM, holds its
 * EFI_PCI_IO; so does each thing that it has made of it, as whose parent the function stands.
 */
static void add_users(struct pci_known *k, EFI_HANDLE handle)
{
	EFI_BOOT_SERVICES *boot = firmware->BootServices;
	EFI_OPEN_PROTOCOL_INFORMATION_ENTRY *users = NULL;
	EFI_GUID guid = pci_io_guid;
	UINTN count = 0;

	if (EFI_ERROR(boot->OpenProtocolInformation(handle, &guid, &users, &count)) || !users)
		return;
	for (UINTN i = 0; i < count; i++) {
		if (users[i].Attributes & EFI_OPEN_PROTOCOL_BY_DRIVER)
			k->driven = true;
		if (users[i].Attributes & EFI_OPEN_PROTOCOL_BY_CHILD_CONTROLLER)
			k->screens += is_screen(users[i].ControllerHandle);
	}
	boot->FreePool(users);
}

static void add_known(EFI_HANDLE handle, EFI_PCI_IO *io)
{
	struct pci_known *k = &known[known_count];
	UINTN segment, bus, device, function;

	if (EFI_ERROR(io->GetLocation(io, &segment, &bus, &device, &function)) || segment ||
	    bus > 255 || device > 31 || function > 7)
		return;
	k->address = pci_at((unsigned int)bus, (unsigned int)device, (unsigned int)function);
	if (io->RomImage && io->RomSize <= ROM_MAX &&
	    memory_readable((uintptr_t)io->RomImage, io->RomSize)) {
		k->rom = io->RomImage;
		k->rom_length = io->RomSize;
	}
	for (uint8_t i = 0; i < PCI_BARS; i++)
		add_resource(k, io, i);
	add_users(k, handle);
	known_count++;
}

void pci_known_collect(void)
{
	EFI_BOOT_SERVICES *boot = firmware->BootServices;
	EFI_GUID guid = pci_io_guid;
	EFI_HANDLE *handles = NULL;
	UINTN count = 0;
	EFI_PCI_IO *io;

	if (EFI_ERROR(boot->LocateHandleBuffer(ByProtocol, &guid, NULL, &count, &handles)))
		return;
	known = allocate(count, sizeof(*known));
	for (UINTN i = 0; known && i < count; i++) {
		if (!EFI_ERROR(boot->HandleProtocol(handles[i], &guid, (void **)&io)))
			add_known(handles[i], io);
	}
	boot->FreePool(handles);
}

size_t pci_known_count(void)
{
	return known_count;
}

const struct pci_known *pci_known_at(pci_address at)
{
	for (size_t i = 0; i < known_count; i++) {
		if (known[i].address == at)
			return &known[i];
	}
	return NULL;
}
