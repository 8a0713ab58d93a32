/*
 * The firmware: who made it, which UEFI it speaks, how it stands on Secure Boot.
 */
#include "io.h"
#include "out.h"
#include "probe.h"
#include "text.h"

/* Entries of the configuration table that are looked at; OVMF has about a dozen. */
#define TABLES_MAX 256
#define VENDOR_UNITS 64

/* UEFI 2.7, 3.3: SecureBoot and SetupMode are bytes below this GUID. */
static const EFI_GUID global_variable_guid = {
	0x8be4df61, 0x93ca, 0x11d2, {0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c}};

static char vendor[VENDOR_UNITS * 3 + 1];
static char uefi[TEXT_SHORT];
static const char *secure_boot;

/* The variable's single byte, or -1 where there is none. */
static int byte_variable(CHAR16 *name)
{
	EFI_GUID guid = global_variable_guid;
	UINT8 byte;
	UINTN size = sizeof(byte);

	if (EFI_ERROR(firmware->RuntimeServices->GetVariable(name, &guid, NULL, &size, &byte)))
		return -1;
	return byte;
}

static const char *find_secure_boot(void)
{
	static CHAR16 secure_boot_name[] = L"SecureBoot", setup_mode_name[] = L"SetupMode";
	int on = byte_variable(secure_boot_name);

	if (on < 0)
		return "none";
	if (on == 1)
		return "on";
	return byte_variable(setup_mode_name) == 1 ? "setup" : "off";
}

void firmware_collect(void)
{
	/* UEFI 2.7, 4.2: major in the upper half; the lower is two decimal digits, 2.3.1 is 31. */
	unsigned int major = firmware->Hdr.Revision >> 16;
	unsigned int minor = firmware->Hdr.Revision & 0xffff;

	if (minor % 10)
		text_format(uefi, sizeof(uefi), "%u.%u.%u", major, minor / 10, minor % 10);
	else
		text_format(uefi, sizeof(uefi), "%u.%u", major, minor / 10);
	if (firmware->FirmwareVendor)
		text_from_utf16(vendor, sizeof(vendor), (const uint16_t *)firmware->FirmwareVendor,
				VENDOR_UNITS);
	secure_boot = find_secure_boot();
}

const void *firmware_table(const EFI_GUID *guid)
{
	UINTN count = firmware->NumberOfTableEntries;

	for (UINTN i = 0; i < count && i < TABLES_MAX; i++) {
		const EFI_CONFIGURATION_TABLE *table = &firmware->ConfigurationTable[i];

		if (bytes_same(&table->VendorGuid, guid, sizeof(*guid)))
			return table->VendorTable;
	}
	return NULL;
}

void firmware_people(void)
{
	const char *words = "not supported by this firmware";

	if (text_same(secure_boot, "on"))
		words = "on";
	if (text_same(secure_boot, "off"))
		words = "off";
	if (text_same(secure_boot, "setup"))
		words = "off, no keys enrolled";
	people("What this guest sees\n\n");
	people("Firmware     %s, revision 0x%08x, UEFI %s\n", vendor, firmware->FirmwareRevision,
	       uefi);
	people("             Secure Boot: %s\n", words);
}

void firmware_lines(void)
{
	line_begin("firmware");
	line_value("vendor", "%s", vendor);
	line_value("revision", "%08x", firmware->FirmwareRevision);
	line_value("uefi", "%s", uefi);
	line_value("secure-boot", "%s", secure_boot);
	line_end();
}
