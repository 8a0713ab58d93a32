/* Fuzzes option ROMs. Half of the inputs are files as they stand; the other half are changes (where
 * and what, four bytes each) to a chain of four images with all that there is to point wrongly, so
 * that checks behind the first ones are reached. Besides memory errors this looks for images that
 * are not one behind the other inside of the file, for a chain that trimming changes, for a refusal
 * without words, and for bytes that a terminal could take for an order.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "firmware/rom.h"

#define BLOCK 512U
#define IMAGES 4U
#define LEAD 0x80U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
	if (!promise)
		abort();
}

static void check_chain(const struct rom_report *r)
{
	uint64_t at = r->start;

	must(r->images >= 1 && r->images <= ROM_IMAGES);
	must(r->start < r->end && r->end <= r->size);
	for (size_t i = 0; i < r->images; i++) {
		must(r->image[i].offset == at && r->image[i].length >= BLOCK && at < r->size);
		must(r->image[i].listed_n <= ROM_LISTED);
		at += r->image[i].length;
	}
	must(r->ending == ROM_END_CUT ? at > r->size && r->end == r->size : at == r->end);
}

static void check_trimmed(const uint8_t *data, const struct rom_report *was)
{
	struct rom_report is;

	rom_parse(data + was->start, was->end - was->start, &is);
	/* Cut to its own size it can look like some other thing, but only by its first bytes. */
	must(is.refusal == ROM_FINE || was->image[0].signature != ROM_SIGNATURE_STANDARD);
	if (is.refusal != ROM_FINE)
		return;
	check_chain(&is);
	must(is.start == 0 && is.end == is.size && is.images == was->images);
	must(is.ending == was->ending && rom_has_gop(&is) == rom_has_gop(was));
	for (size_t i = 0; i < is.images; i++)
		must(is.image[i].checksum == was->image[i].checksum &&
		     is.image[i].listed_n == was->image[i].listed_n &&
		     is.image[i].beyond == was->image[i].beyond);
}

static void check_problems(const struct rom_report *r)
{
	static const struct rom_device device = {0x10de, 0x2820};

	for (int i = 0; i < 4; i++) {
		own_rom_problems struct rom_problems problems = {0};

		rom_problems_of(&problems, r, i & 1 ? &device : NULL,
				i & 2 ? ROM_FROM_SYSFS : ROM_FROM_FILE);
		for (size_t k = 0; k < problems.n; k++) {
			must(*problems.v[k].text && text_is_printable(problems.v[k].text));
			must(k == 0 || problems.v[k].weight <= problems.v[k - 1].weight);
		}
	}
}

static void check(const uint8_t *data, size_t size)
{
	struct rom_report r;

	rom_parse(data, size, &r);
	must(r.size == size && *rom_refusal_words(r.refusal));
	check_problems(&r);
	if (r.refusal != ROM_FINE) {
		must(r.images == 0);
		return;
	}
	check_chain(&r);
	if (rom_can_trim(&r))
		check_trimmed(data, &r);
}

static void put_16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

/* Legacy, EFI and two private ones, behind a container of version 1. */
static void make(uint8_t rom[LEAD + IMAGES * BLOCK])
{
	static const uint8_t type[IMAGES] = {0, 3, 0xe0, 0x70};

	memset(rom, 0, LEAD + IMAGES * BLOCK);
	memcpy(rom, "NVGI\0\1\x20\x80", 8);
	put_16(rom + 0x24, LEAD);
	for (unsigned i = 0; i < IMAGES; i++) {
		uint8_t *image = rom + LEAD + i * BLOCK;

		memcpy(image, "\x55\xaa\1\0\xf1\x0e\0\0\x0b\0\x64\x86", 12);
		put_16(image + 22, 0x100);
		put_16(image + 24, 0x20);
		memcpy(image + 0x20, "PCIR\xde\x10\x20\x28\x60\0\x1c\0\3\0\0\3\1", 17);
		image[0x20 + 20] = type[i];
		image[0x20 + 21] = i == 1 ? 0x80 : 0;
		memcpy(image + 0x40, "NPDE\1\1\x0c\0\1\0", 10);
		image[0x40 + 10] = i + 1 == IMAGES ? 0x80 : 0;
		put_16(image + 0x80, 0x2860);
		memcpy(image + 0x100, "MZ", 2);
	}
}

static void check_changed(const uint8_t *data, size_t size)
{
	uint8_t rom[LEAD + IMAGES * BLOCK];
	size_t begin = size % 2 ? LEAD : 0, end = sizeof(rom);
	own_free uint8_t *copy = NULL;

	make(rom);
	for (; size >= 4; data += 4, size -= 4) {
		unsigned at = (data[0] | (unsigned)data[1] << 8) % (sizeof(rom) - 1);

		put_16(rom + at, data[2] | (unsigned)data[3] << 8);
	}
	if (size >= 2)
		end -= (data[0] | (unsigned)data[1] << 8) % BLOCK;
	/* So that a byte too far is noticed. */
	copy = xmalloc(end - begin);
	memcpy(copy, rom + begin, end - begin);
	check(copy, end - begin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && data[0] == 'c')
		check_changed(data + 1, size - 1);
	else
		check(data, size);
	return 0;
}
