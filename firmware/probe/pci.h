/*
 * The PCI functions as found by walking configuration space, joined with what the firmware knows.
 */
#ifndef PROBE_PCI_H
#define PROBE_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

#define PCI_BARS 6

/* Where a function sits: bus << 8 | device << 3 | function. */
typedef uint16_t pci_address;

#define PCI_NOWHERE 0xffff

static inline pci_address pci_at(unsigned int bus, unsigned int device, unsigned int function)
{
	return (pci_address)(bus << 8 | device << 3 | function);
}

struct pci_bar {
	enum { PCI_BAR_NONE, PCI_BAR_IO, PCI_BAR_MEM32, PCI_BAR_MEM64 } kind;
	bool prefetch;
	uint64_t base; /* 0: the firmware gave it no address */
	uint64_t size;
};

/* A bridge's window; closed when last < first. */
struct pci_window {
	uint64_t first, last;
};

/* What EFI_PCI_IO tells of one BAR. */
struct pci_resource {
	bool io;
	uint64_t base, size;
};

/* What the firmware's PCI driver knows of a function. */
struct pci_known {
	pci_address address;
	const uint8_t *rom;
	uint64_t rom_length;
	bool driven;	      /* by a driver of the firmware's or of its ROM */
	unsigned int screens; /* that this driver shows pictures on */
	size_t count;
	struct pci_resource resources[PCI_BARS];
};

struct pci_function {
	pci_address address;
	uint16_t vendor, device, sub_vendor, sub_device, command;
	uint32_t class;
	uint8_t revision, header;
	bool multifunction;
	int express;	    /* port type of the PCI Express capability, -1 without one */
	pci_address behind; /* the bridge above, PCI_NOWHERE on a root bus */
	struct pci_bar bars[PCI_BARS];
	uint64_t rom_bar_size;
	const struct pci_known *known; /* NULL: the firmware has no handle for it */

	/* bridges only (header 1) */
	uint8_t primary, secondary, subordinate;
	struct pci_window io, memory, prefetch;
};

/* pci_config.c: configuration space by ports 0xCF8 and 0xCFC; offsets below 256. */
uint32_t pci_read32(pci_address at, unsigned int offset);
uint16_t pci_read16(pci_address at, unsigned int offset);
uint8_t pci_read8(pci_address at, unsigned int offset);
void pci_write32(pci_address at, unsigned int offset, uint32_t value);
void pci_write_command(pci_address at, uint16_t command);
/* The offset of a capability, 0 when the function has none such. */
unsigned int pci_capability(pci_address at, uint8_t id);

/* pci_bar.c: fills in bars[] and rom_bar_size. */
void pci_size_bars(struct pci_function *f);

/* pci_known.c: asks the firmware's PCI driver. */
void pci_known_collect(void);
size_t pci_known_count(void);
const struct pci_known *pci_known_at(pci_address at);

/* pci_walk.c */
extern struct pci_function *pci_functions;
extern size_t pci_function_count;
extern bool pci_truncated;
bool pci_is_bridge(const struct pci_function *f);
bool pci_has_memory_bar(const struct pci_function *f);

/* pci_words.c: names for people. */
const char *pci_class_words(const struct pci_function *f);
const char *pci_bar_word(const struct pci_bar *bar);
/* Writes "bb:dd.f", or "none" for PCI_NOWHERE; returns @to. */
const char *pci_address_text(char to[TEXT_SHORT], pci_address at);

/* pci_rom.c */
void pci_rom_people(const struct pci_function *f, int indent);
void pci_rom_lines(const struct pci_function *f);

#endif
