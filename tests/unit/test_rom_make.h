/* Option ROMs made of code: what the tests of the parser share. An image is filled with a byte of
 * its own, so that one taken for another would show.
 */
#ifndef TESTS_ROM_MAKE_H
#define TESTS_ROM_MAKE_H

#include "unit.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "firmware/rom.h"

#define BLOCK 512U

struct make {
	unsigned blocks;       /* 0: one */
	uint8_t type, fill;    /* code type */
	bool last;	       /* the standard's mark */
	uint16_t device;       /* 0: 2820, of vendor 10de */
	const char *signature; /* NULL: 55 AA */
	const char *pcir;      /* NULL: "PCIR" */
	unsigned npde_blocks;  /* 0: no NPDE */
	unsigned npde_size;    /* 0: 12 */
	uint8_t npde_last, npde_flags;
	const uint16_t *list; /* ended by 0 */
	uint32_t class;	      /* 0: 030000 */
	unsigned standard;    /* blocks by PCIR, 0: the same */
};

#define PCIR_AT 0x40U
#define NPDE_AT 0x60U /* the 16-byte boundary behind a structure of 28 bytes */
#define LIST_AT 0x80U
#define PE_AT 0x100U

static inline void set_16(char *at, unsigned value)
{
	at[0] = (char)value;
	at[1] = (char)(value >> 8);
}

static inline void set_32(char *at, uint32_t value)
{
	set_16(at, value & 0xffff);
	set_16(at + 2, value >> 16);
}

/* Makes the sum over byte 2's size zero, by the image's last byte. */
static inline void fix_sum(char *image)
{
	size_t size = (uint8_t)image[2] * BLOCK;
	uint8_t sum = 0;

	image[size - 1] = 0;
	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + (uint8_t)image[i]);
	image[size - 1] = (char)-sum;
}

static inline void make_pcir(char *pcir, const struct make *m, unsigned blocks)
{
	memcpy(pcir, m->pcir ? m->pcir : "PCIR", 4);
	set_16(pcir + 4, 0x10de);
	set_16(pcir + 6, m->device ? m->device : 0x2820);
	set_16(pcir + 8, m->list ? LIST_AT - PCIR_AT : 0);
	set_16(pcir + 10, 28);
	pcir[12] = 3;
	pcir[13] = (char)m->class;
	set_16(pcir + 14, m->class ? m->class >> 8 : 0x0300);
	set_16(pcir + 16, m->standard ? m->standard : blocks);
	set_16(pcir + 18, 0x0105);
	pcir[20] = (char)m->type;
	pcir[21] = (char)(m->last ? 0x80 : 0);
}

static inline void make_npde(char *npde, const struct make *m)
{
	memcpy(npde, "NPDE", 4);
	set_16(npde + 4, 0x101);
	set_16(npde + 6, m->npde_size ? m->npde_size : 12);
	set_16(npde + 8, m->npde_blocks);
	npde[10] = (char)m->npde_last;
	npde[11] = (char)m->npde_flags;
}

static inline void make_efi(char *image, unsigned blocks)
{
	set_16(image + 2, blocks);
	set_32(image + 4, 0x0ef1);
	set_16(image + 8, 11);
	set_16(image + 10, 0x8664);
	set_16(image + 12, 0);
	set_16(image + 22, PE_AT);
	memcpy(image + PE_AT, "MZ", 2);
}

/* Appends an image; returns where it begins. */
static inline size_t add_image(struct buf *rom, struct make m)
{
	size_t at = rom->len;
	unsigned blocks = m.blocks ? m.blocks : 1;
	own_free char *image = xmalloc((size_t)blocks * BLOCK);

	memset(image, m.fill ? m.fill : 0x11, (size_t)blocks * BLOCK);
	memcpy(image, m.signature ? m.signature : "\x55\xaa", 2);
	set_16(image + 24, PCIR_AT);
	make_pcir(image + PCIR_AT, &m, blocks);
	if (m.npde_blocks)
		make_npde(image + NPDE_AT, &m);
	for (size_t i = 0; m.list && (i == 0 || m.list[i - 1]); i++)
		set_16(image + LIST_AT + 2 * i, m.list[i]);
	if (m.type == 3)
		make_efi(image, blocks);
	if (m.type == 0) {
		image[2] = (char)blocks;
		fix_sum(image);
	}
	buf_add(rom, image, (size_t)blocks * BLOCK);
	return at;
}

/* 60 KiB of BIOS code, 64 KiB of EFI code: the end for the standard, and for the kernel. Then three
 * private images of NVIDIA's.
 */
static inline void make_nvidia(struct buf *rom)
{
	add_image(rom, (struct make){.blocks = 120, .npde_blocks = 120, .fill = 0x21});
	add_image(rom, (struct make){.blocks = 128, .type = 3, .last = true, .npde_blocks = 128});
	add_image(rom, (struct make){.blocks = 40, .type = 0xe0, .npde_blocks = 40, .fill = 0x23});
	add_image(rom, (struct make){.blocks = 8, .type = 0x70, .npde_blocks = 8, .pcir = "NPDS"});
	add_image(rom, (struct make){.blocks = 4,
				     .type = 0xe0,
				     .npde_blocks = 4,
				     .npde_last = 0x80,
				     .signature = "VN"});
}
#define NVIDIA_STANDARD (248U * BLOCK)
#define NVIDIA_SIZE (300U * BLOCK)

/* Three small images with an NPDE each, for tests that try every byte. */
static inline void make_small(struct buf *rom)
{
	static const uint16_t list[] = {0x2860, 0x28a0, 0};

	add_image(rom, (struct make){.npde_blocks = 1, .list = list});
	add_image(rom, (struct make){.type = 3, .last = true, .npde_blocks = 1, .fill = 0x44});
	add_image(rom, (struct make){.type = 0xe0, .npde_blocks = 1, .npde_last = 0x80});
}

/* NVIDIA's container of a version before a ROM that begins at byte 0x600 of it. */
static inline void make_container(struct buf *out, unsigned version, const struct buf *rom)
{
	char head[0x600] = "NVGI";

	head[5] = (char)version;
	if (version == 3) {
		set_32(head + 8, 0x100);
		/* The flash's status, and one page behind it the directory. */
		set_32(head + 0x100, 0x600 + (uint32_t)rom->len - 4096);
	} else {
		set_16(head + 6, 0x8000 | 0x40);
		set_32(head + 0x44, 0x600);
	}
	buf_add(out, head, sizeof(head));
	buf_add(out, rom->data, rom->len);
	if (version == 3) {
		char directory[12] = "RFRD";

		set_32(directory + 8, 0x600);
		buf_add(out, directory, sizeof(directory));
	}
}

/* Parses a copy that ends where memory does, so that a byte behind it is noticed. */
static inline void parse_bytes(const char *data, size_t len, struct rom_report *report)
{
	own_free char *copy = xmalloc(len ? len : 1);

	if (len)
		memcpy(copy, data, len);
	rom_parse(len ? copy : NULL, len, report);
}

static inline struct rom_report parsed(const struct buf *rom)
{
	struct rom_report report;

	parse_bytes(rom->data, rom->len, &report);
	return report;
}

#endif
