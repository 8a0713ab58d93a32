/*
 * Expansion ROMs: the copy that the firmware made, image by image.
 *
 * Only the standard chain is followed. The firmware has already cut the copy at the last image of
 * that chain, so private images behind it never get here.
 *
 * References: PCI Firmware 3.0, 5.1 (ROM header, PCI data structure); UEFI 2.7, 14.4.2 (EFI
 * images).
 */
#include "io.h"
#include "out.h"
#include "pci.h"

#define HEADER_LENGTH 0x1a
#define OFFSET_DATA 0x18 /* where the PCI data structure is */
#define DATA_LENGTH 24
#define IMAGES_MAX 16
#define HEAD_BYTES 16
#define INDICATOR_LAST 0x80
#define CODE_EFI 3
#define LISTED_MAX 32 /* ids of a device list that are told */
#define LISTED_TEXT (LISTED_MAX * 5 + 1)

struct image {
	uint16_t vendor, device;
	uint32_t class;
	uint64_t offset, length;
	const uint8_t *listed; /* further device ids, 2 bytes each */
	unsigned int listed_count;
	uint8_t code;
	bool last;
};

/* The device list of a PCI data structure of revision 3: ids up to a zero, inside the @left bytes
 * of the image from the structure on.
 */
static void find_list(const uint8_t *data, uint64_t left, struct image *image)
{
	uint16_t list = get16(data + 8);

	image->listed = data + list;
	image->listed_count = 0;
	if (data[12] < 3 || !list)
		return;
	while (image->listed_count < LISTED_MAX && list + 2ULL * image->listed_count + 2 <= left &&
	       get16(image->listed + 2 * image->listed_count))
		image->listed_count++;
}

/* Reads the image at @offset; false when the copy holds none there. */
static bool image_at(const struct pci_known *rom, uint64_t offset, struct image *image)
{
	const uint8_t *header, *data;
	uint64_t left = rom->rom_length - offset;
	uint16_t pointer;

	if (offset >= rom->rom_length || left < HEADER_LENGTH)
		return false;
	header = rom->rom + offset;
	pointer = get16(header + OFFSET_DATA);
	if (get16(header) != 0xaa55 || pointer + (uint64_t)DATA_LENGTH > left)
		return false;
	data = header + pointer;
	if (!bytes_same(data, "PCIR", 4))
		return false;
	image->vendor = get16(data + 4);
	image->device = get16(data + 6);
	image->class = get32(data + 12) >> 8;
	image->length = get16(data + 16) * 512ULL;
	image->code = data[20];
	image->last = data[21] & INDICATOR_LAST;
	image->offset = offset;
	find_list(data, (image->length < left ? image->length : left) - pointer, image);
	return image->length != 0;
}

static const char *code_word(uint8_t code)
{
	return code == 0 ? "x86" : code == CODE_EFI ? "efi" : "other";
}

void pci_rom_people(const struct pci_function *f, int indent)
{
	const struct pci_known *rom = f->known;
	char size[TEXT_SHORT];
	struct image image = {0};

	if (!f->rom_bar_size && !(rom && rom->rom))
		return;
	people("%*s ROM    %10s", indent, "", text_size(size, f->rom_bar_size));
	if (!rom || !rom->rom) {
		people("  no image read by the firmware\n");
		return;
	}
	people("  holds %s:", text_size(size, rom->rom_length));
	for (int i = 0; i < IMAGES_MAX && !image.last; i++) {
		if (!image_at(rom, image.offset + image.length, &image))
			break;
		people("%s %s for %04x:%04x", i ? "," : "", code_word(image.code), image.vendor,
		       image.device);
	}
	people("\n");
}

static const char *listed_text(char to[LISTED_TEXT], const struct image *image)
{
	size_t at = 0;

	if (!image->listed_count)
		return "none";
	for (unsigned int i = 0; i < image->listed_count; i++)
		at += text_format(to + at, LISTED_TEXT - at, "%s%04x", i ? "," : "",
				  get16(image->listed + 2 * i));
	return to;
}

static void image_lines(const struct pci_function *f, const struct pci_known *rom)
{
	char address[TEXT_SHORT], listed[LISTED_TEXT];
	struct image image = {0};

	for (unsigned int i = 0; i < IMAGES_MAX && !image.last; i++) {
		if (!image_at(rom, image.offset + image.length, &image))
			break;
		line_begin("pci-rom-image");
		line_value("address", "%s", pci_address_text(address, f->address));
		line_value("image", "%u", i);
		line_value("offset", "%lu", image.offset);
		line_value("length", "%lu", image.length);
		line_value("code", "%s", code_word(image.code));
		line_value("id", "%04x:%04x", image.vendor, image.device);
		line_value("also", "%s", listed_text(listed, &image));
		line_value("class", "%06x", image.class);
		line_value("last", "%u", image.last ? 1 : 0);
		line_end();
	}
}

void pci_rom_lines(const struct pci_function *f)
{
	const struct pci_known *rom = f->known && f->known->rom ? f->known : NULL;
	char address[TEXT_SHORT];
	uint64_t length = rom ? rom->rom_length : 0;

	if (!f->rom_bar_size && !rom)
		return;
	line_begin("pci-rom");
	line_value("address", "%s", pci_address_text(address, f->address));
	line_value("size", "%lu", f->rom_bar_size);
	line_value("length", "%lu", length);
	if (length >= 2)
		line_hex("signature", rom->rom, 2);
	else
		line_value("signature", "none");
	if (rom) {
		line_hex("head", rom->rom, length < HEAD_BYTES ? length : HEAD_BYTES);
		line_value("crc32", "%08x", bytes_crc32(rom->rom, length));
	}
	line_end();
	if (rom)
		image_lines(f, rom);
}
