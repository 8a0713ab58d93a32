/*
 * The guest's-eye program: a UEFI application that reports the machine it runs on and then
 * switches it off.
 *
 * Whoever builds a virtual machine knows what was asked for, not what arrived. This program is
 * started by the firmware in place of an operating system (QEMU's -kernel) and looks from the
 * inside: which devices have an address, which ids they show, which tables came through. It
 * reports twice: once for people, once as lines for programs (FORMAT.md).
 *
 * Phases, in this order:
 *  1. channel and parameters;
 *  2. memory map, because every later reader asks it whether a pointer may be followed;
 *  3. collecting: tables first, PCI last of all, since sizing BARs takes devices off the bus for
 *     a moment;
 *  4. printing, from what was collected only;
 *  5. hold, then power off.
 *
 * Nothing the machine says is believed: pointers must lie in listed memory, lengths and counts
 * have limits, loops have an end. A broken table costs its own line, never the report.
 */
#include "out.h"
#include "probe.h"

EFI_SYSTEM_TABLE *firmware;

struct section {
	void (*people)(void);
	void (*lines)(void);
};

/* In the order of printing. The lines' order is no part of the format. */
static const struct section sections[] = {
	{firmware_people, firmware_lines},
	{memory_people, memory_lines},
	{cpu_people, cpu_lines},
	{topology_people, topology_lines},
	{pci_people, pci_lines},
	{smbios_people, smbios_lines},
	{acpi_people, acpi_lines},
	{aml_people, aml_lines},
	{fwcfg_people, fwcfg_lines},
	{verdict_people, verdict_lines},
	{parameters_people, parameters_lines},
};

void *allocate(size_t count, size_t size)
{
	void *memory;

	if (EFI_ERROR(firmware->BootServices->AllocatePool(EfiLoaderData, count * size, &memory)))
		return NULL;
	__builtin_memset(memory, 0, count * size);
	return memory;
}

static void collect(void)
{
	memory_collect();
	firmware_collect();
	acpi_collect();
	aml_collect();
	smbios_collect();
	fwcfg_collect();
	topology_collect();
	pci_collect();
}

static void report(const struct parameters *parameters)
{
	for (size_t i = 0; parameters->people && i < COUNT_OF(sections); i++)
		sections[i].people();
	if (!parameters->lines)
		return;
	if (parameters->people)
		people("\n");
	line_marker("begin version=1");
	for (size_t i = 0; i < COUNT_OF(sections); i++)
		sections[i].lines();
	line_marker("end");
}

/* Waits on a timer event: unlike Stall() this lets the processor sleep. */
static void hold(unsigned int seconds)
{
	EFI_BOOT_SERVICES *boot = firmware->BootServices;
	EFI_EVENT timer;
	UINTN which;

	if (!seconds)
		return;
	if (EFI_ERROR(boot->CreateEvent(EVT_TIMER, TPL_APPLICATION, NULL, NULL, &timer)))
		return;
	/* UEFI 2.7, 7.1 SetTimer: in units of 100 ns. */
	if (!EFI_ERROR(boot->SetTimer(timer, TimerRelative, (UINT64)seconds * 10000000)))
		boot->WaitForEvent(1, &timer, &which);
}

static void finish(int finally)
{
	EFI_RUNTIME_SERVICES *runtime = firmware->RuntimeServices;

	if (finally == FINALLY_POWEROFF)
		runtime->ResetSystem(EfiResetShutdown, EFI_SUCCESS, 0, NULL);
	if (finally == FINALLY_REBOOT)
		runtime->ResetSystem(EfiResetCold, EFI_SUCCESS, 0, NULL);
	for (;;)
		__asm__ volatile("cli; hlt");
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);
EFI_STATUS _entry(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	struct parameters parameters;

	firmware = table;
	out_open();
	/* The boot manager armed it for five minutes (UEFI 2.7, 3.1.2); hold= may be longer. */
	table->BootServices->SetWatchdogTimer(0, 0, 0, NULL);
	parameters = parameters_read(image);
	collect();
	report(&parameters);
	hold(parameters.hold);
	finish(parameters.finally);
	return EFI_SUCCESS;
}

/*
 * The name that later start-up code of gnu-efi calls (3.0.18 does). Its library has one that
 * prepares the library, none of which is used here: half of the file would be that.
 */
EFI_STATUS _entry(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	return efi_main(image, table);
}
