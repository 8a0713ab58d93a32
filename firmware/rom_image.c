/* One image of an option ROM: its header, its PCI data structure, what NVIDIA adds to that, the sum
 * of legacy code and the header of EFI code.
 *
 * The structure must lie inside of the image that it describes. Firmware does not always ask that,
 * but then what an image says would depend on what happens to stand behind it.
 */
#include "rom_parts.h"

/* Image header */
#define LEGACY_BLOCKS 2 /* one byte */
#define EFI_SIGNATURE 4
#define EFI_SUBSYSTEM 8
#define EFI_MACHINE 10
#define EFI_COMPRESSION 12
#define EFI_PROGRAM 22 /* where the PE file begins */
#define DATA_POINTER 24
#define HEADER_SIZE 26

/* PCI data structure */
#define DATA_VENDOR 4
#define DATA_DEVICE 6
#define DATA_DEVICE_LIST 8 /* from the structure's first byte; since revision 3 */
#define DATA_REVISION 12
#define DATA_CLASS 13
#define DATA_BLOCKS 16
#define DATA_ROM_REVISION 18
#define DATA_CODE_TYPE 20
#define DATA_INDICATOR 21
#define DATA_SIZE 24

static bool read_signature(struct span rest, enum rom_signature *signature)
{
	static const char *const bytes[] = {
		[ROM_SIGNATURE_STANDARD] = "\x55\xaa",
		[ROM_SIGNATURE_VN] = "VN",
		[ROM_SIGNATURE_BB77] = "\x77\xbb",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
		if (!span_is(rest, 0, bytes[i], 2))
			continue;
		*signature = (enum rom_signature)i;
		return true;
	}
	return false;
}

static bool has_data_signature(struct span rest, uint32_t pcir)
{
	return span_is(rest, pcir, "PCIR", 4) || span_is(rest, pcir, "NPDS", 4) ||
	       span_is(rest, pcir, "RGIS", 4);
}

static enum rom_kind kind_of(uint8_t code_type)
{
	switch (code_type) {
	case 0x00:
		return ROM_X86;
	case 0x01:
		return ROM_OPEN_FIRMWARE;
	case 0x02:
		return ROM_PA_RISC;
	case 0x03:
		return ROM_EFI;
	case 0x70:
		return ROM_NBSI;
	case 0xe0:
		return ROM_NVIDIA_EXTENSION;
	default:
		return ROM_OTHER;
	}
}

/* Ids up to a zero. */
static void read_device_list(struct span whole, uint32_t pcir, struct rom_image *image)
{
	uint32_t list = span_16(whole, pcir + DATA_DEVICE_LIST);
	uint64_t at = (uint64_t)pcir + list;

	if (span_8(whole, pcir + DATA_REVISION) < 3 || list == 0)
		return;
	for (;; at += 2) {
		if (!span_has(whole, at, 2)) {
			image->bad_list = true;
			return;
		}
		if (span_16(whole, at) == 0)
			return;
		if (image->listed_n == ROM_LISTED) {
			image->more_listed = true;
			return;
		}
		image->listed[image->listed_n++] = span_16(whole, at);
	}
}

static enum rom_checksum checksum_of(struct span whole, bool no_checksum)
{
	uint32_t size = span_8(whole, LEGACY_BLOCKS) * ROM_BLOCK;
	uint8_t sum = 0;

	if (size == 0)
		return ROM_SUM_NONE;
	if (size > whole.len)
		return ROM_SUM_BEYOND;
	for (uint32_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + whole.data[i]);
	if (sum == 0)
		return ROM_SUM_GOOD;
	return no_checksum ? ROM_SUM_OFF : ROM_SUM_BAD;
}

/* A compressed program cannot be told by its first bytes, another begins as all PE files do. */
static void read_efi(struct span whole, struct rom_efi *efi)
{
	uint16_t program = span_16(whole, EFI_PROGRAM);

	efi->subsystem = span_16(whole, EFI_SUBSYSTEM);
	efi->machine = span_16(whole, EFI_MACHINE);
	efi->compression = span_16(whole, EFI_COMPRESSION);
	efi->valid =
		span_32(whole, EFI_SIGNATURE) == 0x0ef1 && program >= HEADER_SIZE &&
		(efi->compression ? span_has(whole, program, 8) : span_is(whole, program, "MZ", 2));
}

static void read_data(struct span rest, uint32_t pcir, struct rom_image *image)
{
	uint8_t type = span_8(rest, pcir + DATA_CODE_TYPE);

	image->vendor = span_16(rest, pcir + DATA_VENDOR);
	image->device = span_16(rest, pcir + DATA_DEVICE);
	image->class = span_8(rest, pcir + DATA_CLASS) |
		       (uint32_t)span_16(rest, pcir + DATA_CLASS + 1) << 8;
	image->revision = span_16(rest, pcir + DATA_ROM_REVISION);
	image->code_type = type;
	image->kind = kind_of(type);
	image->standard_length = span_16(rest, pcir + DATA_BLOCKS) * ROM_BLOCK;
	image->length = image->standard_length;
	image->last = span_8(rest, pcir + DATA_INDICATOR) & 0x80;
	image->ends = image->last;
}

enum rom_found rom_image_read(struct span rom, uint32_t offset, struct rom_image *image)
{
	struct span rest = span_part(rom, offset, UINT32_MAX), whole;
	struct rom_image found = {.offset = offset};
	uint32_t pcir = span_16(rest, DATA_POINTER);
	bool no_checksum;

	if (!read_signature(rest, &found.signature))
		return ROM_NOTHING;
	if (pcir < HEADER_SIZE || !span_has(rest, pcir, DATA_SIZE) ||
	    !has_data_signature(rest, pcir))
		return ROM_NO_DATA;
	read_data(rest, pcir, &found);
	rom_nvidia_extend(rest, pcir, &found, &no_checksum);
	if (pcir + DATA_SIZE > found.length)
		return ROM_NO_DATA;
	whole = span_part(rest, 0, found.length);
	read_device_list(whole, pcir, &found);
	if (found.kind == ROM_X86)
		found.checksum = checksum_of(whole, no_checksum);
	if (found.kind == ROM_EFI)
		read_efi(whole, &found.efi);
	*image = found;
	return ROM_FOUND;
}

bool rom_image_is_gop(const struct rom_image *image)
{
	/* Boot and runtime drivers; an application (10) is not started from a ROM. */
	return image->kind == ROM_EFI && image->efi.valid && image->efi.machine == 0x8664 &&
	       (image->efi.subsystem == 11 || image->efi.subsystem == 12) && !image->beyond;
}

bool rom_image_fits(const struct rom_image *image, uint16_t vendor, uint16_t device)
{
	if (image->vendor != vendor)
		return false;
	if (image->device == device || image->device == ROM_ANY_DEVICE)
		return true;
	for (size_t i = 0; i < image->listed_n; i++)
		if (image->listed[i] == device)
			return true;
	return false;
}
