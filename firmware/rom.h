/* PCI option ROMs ("VBIOS"), as files and as the kernel dumps them.
 *
 * A ROM is a chain of images, each with a header (55 AA) that points to a PCI data structure
 * ("PCIR") with ids, length and a mark on the last one: PCI Firmware Specification 3.0, chapter 5;
 * EFI images: UEFI Specification, chapter "PCI Bus Support". NVIDIA puts a container in front, adds
 * an "NPDE" that overrides length and mark, and hangs private images behind the last standard one:
 * pci_exp_table.h and kernel_gsp_vbios_tu102.c of its open kernel modules.
 *
 * Everything here is a pure function of bytes that anybody may have made: nothing outside of them
 * is read, and what is kept of them has a fixed size.
 */
#ifndef FIRMWARE_ROM_H
#define FIRMWARE_ROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/own.h"

#define ROM_MAX (16U << 20) /* bytes; the PCI specifications allow no larger ROM */
#define ROM_IMAGES 32	    /* more are not looked at */
#define ROM_LISTED 32	    /* ids of a device list; more are not kept */

/* Why a file is no ROM. */
enum rom_refusal {
	ROM_FINE,
	ROM_EMPTY,
	ROM_TOO_SMALL,
	ROM_TOO_LARGE,
	ROM_ALL_FF,
	ROM_ALL_00,
	ROM_HTML, /* or XML */
	ROM_TEXT,
	ROM_GZIP,
	ROM_ZIP,
	ROM_ARCHIVE, /* of another kind */
	ROM_EXE,
	ROM_NO_IMAGE,	 /* no image header anywhere that points to a PCI data structure */
	ROM_NO_PCI_DATA, /* 55 AA at the start, but nothing usable behind it */
	ROM_REFUSALS
};

/* What stands before the first image. */
enum rom_lead { ROM_LEAD_NONE, ROM_LEAD_NVGI, ROM_LEAD_UNKNOWN, ROM_LEADS };

/* How the chain ends. */
enum rom_end {
	ROM_END_LAST,	  /* with an image that is marked as the last */
	ROM_END_UNMARKED, /* with one that is not, but no image comes behind it */
	ROM_END_PRIVATE,  /* where the standard mark stands; NVIDIA's own says that more should come
			   */
	ROM_END_CUT,	  /* inside an image: the file is too short */
	ROM_END_BROKEN,	  /* before something that begins like an image and is none */
	ROM_END_MANY,	  /* nowhere yet, after ROM_IMAGES images */
	ROM_ENDS
};

enum rom_kind {
	ROM_X86, /* legacy BIOS code */
	ROM_OPEN_FIRMWARE,
	ROM_PA_RISC,
	ROM_EFI,
	ROM_NVIDIA_EXTENSION, /* code type 0xe0 */
	ROM_NBSI,	      /* code type 0x70: NVIDIA's system information */
	ROM_OTHER,
	ROM_KINDS
};

enum rom_signature {
	ROM_SIGNATURE_STANDARD, /* 55 AA */
	ROM_SIGNATURE_VN,	/* NVIDIA's 56 4E */
	ROM_SIGNATURE_BB77,	/* NVIDIA's 77 BB */
};

/* The sum of a legacy image over the size that its header has. */
enum rom_checksum {
	ROM_SUM_NONE, /* not of this kind, or no size to sum over */
	ROM_SUM_GOOD,
	ROM_SUM_BAD,
	ROM_SUM_OFF,	/* bad, but NVIDIA's extension says that there is none */
	ROM_SUM_BEYOND, /* the size reaches out of the image */
	ROM_SUMS
};

struct rom_efi {
	bool valid; /* it has EFI's own signature, and a program inside of the image */
	uint16_t subsystem, machine, compression; /* machine 0x8664: x64 */
};

struct rom_image {
	uint32_t offset; /* from the file's first byte */
	uint32_t length; /* bytes up to the next image; may lead out of the file in the last one */
	uint32_t standard_length; /* what PCIR says, whom NVIDIA's extension may override */
	enum rom_signature signature;
	enum rom_kind kind;
	uint8_t code_type;
	uint16_t vendor, device;
	uint16_t listed[ROM_LISTED]; /* further device ids that it is for */
	size_t listed_n;
	bool more_listed;  /* the list goes on */
	bool bad_list;	   /* the list leads out of the image */
	uint32_t class;	   /* 24 bits: 0x030000 */
	uint16_t revision; /* of the vendor's ROM */
	bool last;	   /* by the standard mark */
	bool ends;	   /* by NVIDIA's where there is one */
	bool beyond; /* behind an image with the standard mark: only NVIDIA's programs look there */
	uint16_t npde; /* revision of NVIDIA's extension, 0: none */
	enum rom_checksum checksum;
	struct rom_efi efi;
};

struct rom_report {
	enum rom_refusal refusal; /* all else is set only where this is ROM_FINE */
	uint32_t size;		  /* of the file, bytes; set always */
	uint32_t start, end;	  /* of the chain, from the file's first byte */
	enum rom_lead lead;
	uint8_t container_version; /* of ROM_LEAD_NVGI */
	enum rom_end ending;
	bool padded; /* all bytes behind the chain are FF, or all are 00 */
	struct rom_image image[ROM_IMAGES];
	size_t images;
};

/* Reads a ROM of len bytes; everything there is to say about it is in the report. */
void rom_parse(const void *data, size_t len, struct rom_report *report);

/* Reads the file (regular, at most ROM_MAX bytes) and parses it; the caller owns *data. NULL with
 * words (ERROR_FAILED) when it cannot be read or is no ROM; report is filled in either case.
 */
char *rom_load(const char *path, struct rom_report *report, struct error **err);

/* "is a web page, not a ROM: ...": what the file is and what to do, to stand behind its name. */
const char *rom_refusal_words(enum rom_refusal refusal);
/* Stable names for programs. */
const char *rom_refusal_name(enum rom_refusal refusal);
const char *rom_lead_name(enum rom_lead lead);
const char *rom_end_name(enum rom_end end);
const char *rom_kind_name(enum rom_kind kind);
const char *rom_checksum_name(enum rom_checksum checksum);

/* Whether an image is an EFI driver for x64, as the one for a GPU's outputs under OVMF (GOP) has to
 * be; what the code does cannot be seen.
 */
bool rom_image_is_gop(const struct rom_image *image);
bool rom_has_gop(const struct rom_report *report);
/* Whether it is a ROM of a GPU, by the class that its first image has. */
bool rom_is_display(const struct rom_report *report);
/* A device id of an image that is for any device of its maker: what EfiRom's "-i 0xffff" makes, as
 * GOP drivers for a whole family of GPUs have it. No device has this id: PCI Local Bus
 * Specification 3.0, 6.2.1 (FFFF is what a vendor register that is not there reads as).
 */
#define ROM_ANY_DEVICE 0xffff

/* Whether an image is for the device, by its own id, as one for all of the maker's, or by its list.
 * This one rule is asked by all who compare.
 */
bool rom_image_fits(const struct rom_image *image, uint16_t vendor, uint16_t device);
/* Whether the end of the chain is known, so that what surrounds it can be cut away. */
bool rom_can_trim(const struct rom_report *report);
/* The size of the guest's ROM BAR for a file: the next power of two, bytes. */
uint32_t rom_bar_size(uint32_t size);

enum rom_weight {
	ROM_NOTE,    /* nothing to do */
	ROM_WARNING, /* may be right */
	ROM_PROBLEM, /* the guest will not be able to use it as it is */
	ROM_WEIGHTS
};

enum rom_problem_kind {
	ROM_WRONG_DEVICE,
	ROM_SOME_OTHER_DEVICE, /* one of its images is for another device */
	ROM_BAD_CHECKSUM,
	ROM_NO_GOP,
	ROM_PRIVATE_CUT,
	ROM_LEADING_BYTES,
	ROM_TRAILING_BYTES,
	ROM_ODD_SIGNATURE, /* the first image does not begin with 55 AA */
	ROM_BAD_CHAIN,
	ROM_BAD_IMAGE,
	ROM_ROUNDED_UP,
	ROM_PROBLEM_KINDS
};

struct rom_problem {
	enum rom_problem_kind kind;
	enum rom_weight weight;
	char *text; /* what, and what to do; printable */
};

struct rom_problems {
	struct rom_problem *v;
	size_t n;
};

/* The ids that the guest will see. */
struct rom_device {
	uint16_t vendor, device;
};

enum rom_source { ROM_FROM_FILE, ROM_FROM_SYSFS };

/* Appends all that is wrong, doubtful or worth knowing about a ROM that was not refused, the
 * gravest first; device may be NULL where none is known.
 */
void rom_problems_of(struct rom_problems *problems, const struct rom_report *report,
		     const struct rom_device *device, enum rom_source source);
void rom_problems_free(struct rom_problems *problems);
#define own_rom_problems own_with(rom_problems_free)

const char *rom_problem_name(enum rom_problem_kind kind);
const char *rom_weight_name(enum rom_weight weight);

#endif
