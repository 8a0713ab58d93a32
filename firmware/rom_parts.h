/* Between the files that take a ROM apart. Private to this room.
 *
 * Bytes are only reached through struct span: a reader that is asked for what is not there answers
 * false (or 0 where the caller has looked before), so that no pointer of a hostile file is ever
 * followed out of it.
 */
#ifndef FIRMWARE_ROM_PARTS_H
#define FIRMWARE_ROM_PARTS_H

#include <string.h>

#include "rom.h"

struct span {
	const uint8_t *data;
	size_t len;
};

static inline bool span_has(struct span s, uint64_t at, uint64_t len)
{
	return at <= s.len && len <= s.len - at;
}

/* The part from at on, at most len bytes; empty where there is none. */
static inline struct span span_part(struct span s, uint64_t at, uint64_t len)
{
	if (at >= s.len)
		return (struct span){s.data, 0};
	return (struct span){s.data + at, len < s.len - at ? len : s.len - at};
}

static inline uint8_t span_8(struct span s, uint64_t at)
{
	return span_has(s, at, 1) ? s.data[at] : 0;
}

static inline uint16_t span_16(struct span s, uint64_t at)
{
	return span_has(s, at, 2) ? (uint16_t)(s.data[at] | s.data[at + 1] << 8) : 0;
}

static inline uint32_t span_32(struct span s, uint64_t at)
{
	return span_has(s, at, 4) ? span_16(s, at) | (uint32_t)span_16(s, at + 2) << 16 : 0;
}

static inline bool span_is(struct span s, uint64_t at, const char *text, size_t len)
{
	return span_has(s, at, len) && memcmp(s.data + at, text, len) == 0;
}

#define ROM_BLOCK 512U

/* What is at an offset. */
enum rom_found {
	ROM_FOUND,
	ROM_NOTHING, /* not even a signature */
	ROM_NO_DATA, /* a signature, but no PCI data structure where it points to, or no length */
};

/* Reads the image at offset, beyond of it left false; *image is untouched when there is none. */
enum rom_found rom_image_read(struct span rom, uint32_t offset, struct rom_image *image);

/* NVIDIA's extension to the PCI data structure at pcir of an image that reaches to the end of rest:
 * its length and mark replace those that the image has by PCIR.
 */
void rom_nvidia_extend(struct span rest, uint32_t pcir, struct rom_image *image, bool *no_checksum);

/* Whether the file begins with NVIDIA's container, of which version, and where that says that the
 * first image is (0: it does not say).
 */
bool rom_nvidia_container(struct span rom, uint8_t *version, uint32_t *offset);

/* What a file is that cannot be a ROM, by its first bytes; ROM_FINE: it could be one. */
enum rom_refusal rom_sniff(struct span rom);

#endif
