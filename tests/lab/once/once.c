/*
 * The driver in the option ROM of a card that has to be reset before each start, as that of many a
 * GPU: it starts the card where it finds it as after power on, and refuses one that was started
 * already. build.sh, which compiles it for several of QEMU's devices, says by what it tells: IDS as
 * the first register of config space has them, and BAR and OFFSET of a register of 32 bits that
 * reads as 0 after power on, and otherwise once 1 was written.
 *
 * References: UEFI 2.7, 11.1 (EFI_DRIVER_BINDING_PROTOCOL), 14.4 (EFI_PCI_IO_PROTOCOL).
 */
#include <efi.h>

#include <stddef.h>
#include <stdint.h>

static const EFI_GUID pci_io_guid = {
	0x4cf5b200, 0x68b8, 0x4ca5, {0x9e, 0xec, 0xb2, 0x3e, 0x3f, 0x50, 0x02, 0x9a}};
static const EFI_GUID binding_guid = {
	0x18a031ab, 0xb443, 0x4d1a, {0xa5, 0xc0, 0x0c, 0x09, 0x26, 0x1e, 0x9f, 0x71}};

static EFI_BOOT_SERVICES *boot;

static EFI_STATUS open_card(EFI_DRIVER_BINDING_PROTOCOL *this, EFI_HANDLE controller,
			    EFI_PCI_IO **io)
{
	EFI_GUID guid = pci_io_guid;
	uint32_t ids = 0;
	EFI_STATUS status =
		boot->OpenProtocol(controller, &guid, (void **)io, this->DriverBindingHandle,
				   controller, EFI_OPEN_PROTOCOL_BY_DRIVER);

	if (EFI_ERROR(status))
		return status;
	(*io)->Pci.Read(*io, EfiPciIoWidthUint32, 0, 1, &ids);
	if (ids == IDS)
		return EFI_SUCCESS;
	boot->CloseProtocol(controller, &guid, this->DriverBindingHandle, controller);
	return EFI_UNSUPPORTED;
}

static void close_card(EFI_DRIVER_BINDING_PROTOCOL *this, EFI_HANDLE controller)
{
	EFI_GUID guid = pci_io_guid;

	boot->CloseProtocol(controller, &guid, this->DriverBindingHandle, controller);
}

static EFI_STATUS EFIAPI supports(EFI_DRIVER_BINDING_PROTOCOL *this, EFI_HANDLE controller,
				  EFI_DEVICE_PATH *rest)
{
	EFI_PCI_IO *io;
	EFI_STATUS status = open_card(this, controller, &io);

	(void)rest;
	if (!EFI_ERROR(status))
		close_card(this, controller);
	return status;
}

static EFI_STATUS EFIAPI start(EFI_DRIVER_BINDING_PROTOCOL *this, EFI_HANDLE controller,
			       EFI_DEVICE_PATH *rest)
{
	EFI_PCI_IO *io;
	uint32_t value = 0;
	EFI_STATUS status = open_card(this, controller, &io);

	(void)rest;
	if (EFI_ERROR(status))
		return status;
	io->Attributes(io, EfiPciIoAttributeOperationEnable, EFI_PCI_IO_ATTRIBUTE_MEMORY, NULL);
	io->Mem.Read(io, EfiPciIoWidthUint32, BAR, OFFSET, 1, &value);
	if (value) {
		close_card(this, controller);
		return EFI_DEVICE_ERROR;
	}
	value = 1;
	io->Mem.Write(io, EfiPciIoWidthUint32, BAR, OFFSET, 1, &value);
	return EFI_SUCCESS;
}

/* The firmware lets go of nobody before it boots. */
static EFI_STATUS EFIAPI stop(EFI_DRIVER_BINDING_PROTOCOL *this, EFI_HANDLE controller,
			      UINTN children, EFI_HANDLE *child)
{
	(void)children;
	(void)child;
	close_card(this, controller);
	return EFI_SUCCESS;
}

static EFI_DRIVER_BINDING_PROTOCOL binding = {
	.Supported = supports,
	.Start = start,
	.Stop = stop,
	.Version = 0x10,
};

/* The firmware itself would offer us displays, and what it boots from. */
static void offer_all(void)
{
	EFI_GUID guid = pci_io_guid;
	EFI_HANDLE *handles = NULL;
	UINTN count = 0;

	if (EFI_ERROR(boot->LocateHandleBuffer(ByProtocol, &guid, NULL, &count, &handles)))
		return;
	for (UINTN i = 0; i < count; i++)
		boot->ConnectController(
			handles[i], (EFI_HANDLE[]){binding.DriverBindingHandle, NULL}, NULL, FALSE);
	boot->FreePool(handles);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);
EFI_STATUS _entry(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	EFI_GUID guid = binding_guid;
	EFI_STATUS status;

	boot = table->BootServices;
	binding.ImageHandle = binding.DriverBindingHandle = image;
	status = boot->InstallProtocolInterface(&image, &guid, EFI_NATIVE_INTERFACE, &binding);
	if (!EFI_ERROR(status))
		offer_all();
	return status;
}

/* The name that later start-up code of gnu-efi calls. */
EFI_STATUS _entry(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	return efi_main(image, table);
}
