/* What NVIDIA adds to option ROMs: a container ("NVGI", the init-from-ROM data that the card's
 * hardware reads) before the first image in full dumps of the flash, and behind each PCI data
 * structure an extension ("NPDE"). Layouts and rules are those of the open kernel modules, where
 * s_romImgFindPciHeader_TU102() and s_locateExpansionRoms() walk the flash.
 */
#include "rom_parts.h"

#define NPDE_REVISION_1_0 0x100
#define NPDE_REVISION_1_1 0x101
#define NPDE_LENGTH 6	     /* of the structure, bytes */
#define NPDE_IMAGE_LENGTH 8  /* in blocks */
#define NPDE_PRIVATE_LAST 10 /* bit 7 */
#define NPDE_FLAGS 11
#define NPDE_NO_CHECKSUM 0x04
#define NPDE_SIZE 12

/* It stands at the next 16-byte boundary behind the PCI data structure. One that lies outside of
 * the length that it gives itself would be lost when the ROM is trimmed by that length: not
 * believed.
 */
void rom_nvidia_extend(struct span rest, uint32_t pcir, struct rom_image *image, bool *no_checksum)
{
	uint32_t at = (pcir + span_16(rest, pcir + 10) + 15U) & ~15U;
	uint16_t revision = span_16(rest, at + 4), size = span_16(rest, at + NPDE_LENGTH);
	uint32_t length = span_16(rest, at + NPDE_IMAGE_LENGTH) * ROM_BLOCK;

	*no_checksum = false;
	if (!span_has(rest, at, NPDE_SIZE) || !span_is(rest, at, "NPDE", 4))
		return;
	if (revision != NPDE_REVISION_1_0 && revision != NPDE_REVISION_1_1)
		return;
	if (at + NPDE_SIZE > length)
		return;
	image->npde = revision;
	image->length = length;
	if (size > NPDE_PRIVATE_LAST)
		image->ends = span_8(rest, at + NPDE_PRIVATE_LAST) & 0x80;
	else if (length < image->standard_length)
		image->ends = false;
	if (size > NPDE_FLAGS)
		*no_checksum = span_8(rest, at + NPDE_FLAGS) & NPDE_NO_CHECKSUM;
}

/* Versions 1 and 2: behind the fixed part, whose size is in 15 bits at 6, the second word. */
static uint32_t offset_by_fixed_part(struct span rom)
{
	return span_32(rom, (span_16(rom, 6) & 0x7fffU) + 4U);
}

/* Version 3: behind all of the data, whose size is in 20 bits at 8, stands where the flash's status
 * is; one page on is the directory ("RFRD"), whose third word it is.
 */
static uint32_t offset_by_directory(struct span rom)
{
	uint64_t directory = (uint64_t)span_32(rom, span_32(rom, 8) & 0xfffffU) + 4096;

	return span_is(rom, directory, "RFRD", 4) ? span_32(rom, directory + 8) : 0;
}

bool rom_nvidia_container(struct span rom, uint8_t *version, uint32_t *offset)
{
	if (!span_is(rom, 0, "NVGI", 4))
		return false;
	*version = span_8(rom, 5);
	*offset = *version == 1 || *version == 2 ? offset_by_fixed_part(rom)
		  : *version == 3		 ? offset_by_directory(rom)
						 : 0;
	if (*offset % 4)
		*offset = 0;
	return true;
}
