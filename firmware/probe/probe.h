/*
 * What the files of the probe share: the firmware's services and one pair of report functions
 * per section. Each section keeps what it found to itself.
 *
 * X_collect() looks once; X_people() and X_lines() print what was found and touch nothing.
 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include <efi.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern EFI_SYSTEM_TABLE *firmware;

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* An empty table of @count elements of @size bytes, never freed; NULL without memory. */
void *allocate(size_t count, size_t size);

/* parameters.c: the words of -append. */
struct parameters {
	bool people, lines;
	enum { FINALLY_POWEROFF, FINALLY_HALT, FINALLY_REBOOT } finally;
	unsigned int hold; /* seconds */
};
struct parameters parameters_read(EFI_HANDLE image);
void parameters_people(void);
void parameters_lines(void);

/* firmware.c */
void firmware_collect(void);
void firmware_people(void);
void firmware_lines(void);
/* A configuration table of the firmware by its GUID, or NULL. */
const void *firmware_table(const EFI_GUID *guid);

/* memory.c: first of all, since it says which addresses may be read. */
void memory_collect(void);
void memory_people(void);
void memory_lines(void);
/* Whether all of @length bytes at @address lie in memory that the firmware lists. */
bool memory_readable(uint64_t address, uint64_t length);

/* acpi.c */
void acpi_collect(void);
void acpi_people(void);
void acpi_lines(void);
/* The first good table with this signature, or NULL. */
const uint8_t *acpi_find(const char signature[4], uint32_t *length);
/* The byte code of table @index, NULL in *at where it has none; false behind the last table. */
bool acpi_code(size_t index, const uint8_t **at, uint32_t *length);

/* aml.c: what stands in the tables' byte code; after acpi_collect(). */
void aml_collect(void);
void aml_people(void);
void aml_lines(void);

/* cpu.c and topology.c; the latter needs ACPI's list of processors. */
void cpu_people(void);
void cpu_lines(void);
void topology_collect(void);
void topology_people(void);
void topology_lines(void);

/* pci*.c, see pci.h */
void pci_collect(void);
void pci_people(void);
void pci_lines(void);

/* smbios.c */
void smbios_collect(void);
void smbios_people(void);
void smbios_lines(void);

/* fwcfg.c */
void fwcfg_collect(void);
void fwcfg_people(void);
void fwcfg_lines(void);

/* verdict.c: conclusions from what the others found. */
void verdict_people(void);
void verdict_lines(void);

#endif
