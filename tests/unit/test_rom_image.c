/* Taking option ROMs apart: whole ones, hidden ones, hostile ones. */
#include "test_rom_make.h"

#include "scratch.h"

static void a_legacy_image(void **state)
{
	own_buf struct buf rom = {0};
	struct rom_report r;

	(void)state;
	add_image(&rom, (struct make){.blocks = 120, .last = true});
	r = parsed(&rom);
	assert_int_equal(r.refusal, ROM_FINE);
	assert_int_equal(r.size, 61440);
	assert_int_equal(r.start, 0);
	assert_int_equal(r.end, 61440);
	assert_int_equal(r.lead, ROM_LEAD_NONE);
	assert_int_equal(r.ending, ROM_END_LAST);
	assert_int_equal(r.images, 1);
	assert_int_equal(r.image[0].kind, ROM_X86);
	assert_int_equal(r.image[0].vendor, 0x10de);
	assert_int_equal(r.image[0].device, 0x2820);
	assert_int_equal(r.image[0].class, 0x030000);
	assert_int_equal(r.image[0].revision, 0x0105);
	assert_int_equal(r.image[0].checksum, ROM_SUM_GOOD);
	assert_true(r.image[0].last);
	assert_false(rom_has_gop(&r));
	assert_true(rom_can_trim(&r));

	rom.data[5000] ^= 1;
	r = parsed(&rom);
	assert_int_equal(r.image[0].checksum, ROM_SUM_BAD);
	rom.data[2] = 121;
	assert_int_equal(parsed(&rom).image[0].checksum, ROM_SUM_BEYOND);
	rom.data[2] = 0;
	assert_int_equal(parsed(&rom).image[0].checksum, ROM_SUM_NONE);
}

static void no_pci_data(void **state)
{
	own_buf struct buf rom = {0};

	(void)state;
	/* In the header itself. */
	add_image(&rom, (struct make){.last = true});
	memmove(rom.data + 2, rom.data + PCIR_AT, 22);
	set_16(rom.data + 24, 2);
	assert_int_equal(parsed(&rom).refusal, ROM_NO_PCI_DATA);
	set_16(rom.data + 24, PCIR_AT);
	assert_int_equal(parsed(&rom).refusal, ROM_FINE);
	/* Without a length. */
	set_16(rom.data + PCIR_AT + 16, 0);
	assert_int_equal(parsed(&rom).refusal, ROM_NO_PCI_DATA);
}

static void efi_images(void **state)
{
	static const struct {
		unsigned at, value;
		bool gop;
	} row[] = {
		{10, 0x8664, true}, {10, 0x014c, false},    {10, 0xaa64, false},
		{8, 12, true},	    {8, 10, false},	    {4, 0x0ef2, false},
		{22, 20, false},    {22, PE_AT + 1, false}, {22, 0xffff, false},
		{22, 4095, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_buf struct buf rom = {0};
		struct rom_report r;

		add_image(&rom, (struct make){.blocks = 8, .type = 3, .last = true});
		set_16(rom.data + row[i].at, row[i].value);
		r = parsed(&rom);
		assert_int_equal(r.images, 1);
		assert_int_equal(r.image[0].kind, ROM_EFI);
		assert_int_equal(rom_has_gop(&r), row[i].gop);
	}
}

static void a_compressed_efi_image(void **state)
{
	own_buf struct buf rom = {0};
	struct rom_report r;

	(void)state;
	add_image(&rom, (struct make){.blocks = 8, .type = 3, .last = true});
	set_16(rom.data + 12, 1);
	memset(rom.data + PE_AT, 0x99, 2);
	r = parsed(&rom);
	assert_int_equal(r.image[0].efi.compression, 1);
	assert_true(rom_has_gop(&r));
	set_16(rom.data + 22, 8 * BLOCK - 4);
	r = parsed(&rom);
	assert_false(rom_has_gop(&r));
}

static void code_types(void **state)
{
	static const enum rom_kind kinds[256] = {
		[0] = ROM_X86, [1] = ROM_OPEN_FIRMWARE, [2] = ROM_PA_RISC,
		[3] = ROM_EFI, [0x70] = ROM_NBSI,	[0xe0] = ROM_NVIDIA_EXTENSION,
	};

	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		own_buf struct buf rom = {0};
		enum rom_kind want = i && !kinds[i] ? ROM_OTHER : kinds[i];

		add_image(&rom, (struct make){.type = (uint8_t)i, .last = true});
		assert_int_equal(parsed(&rom).image[0].kind, want);
		assert_int_equal(parsed(&rom).image[0].code_type, i);
	}
}

static void nvidias_chain(void **state)
{
	own_buf struct buf rom = {0};
	struct rom_report r;

	(void)state;
	make_nvidia(&rom);
	r = parsed(&rom);
	assert_int_equal(r.images, 5);
	assert_int_equal(r.ending, ROM_END_LAST);
	assert_int_equal(r.end, NVIDIA_SIZE);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(r.image[i].beyond, i > 1);
		assert_int_equal(r.image[i].npde, 0x101);
	}
	assert_int_equal(r.image[2].kind, ROM_NVIDIA_EXTENSION);
	assert_int_equal(r.image[3].kind, ROM_NBSI);
	assert_int_equal(r.image[4].signature, ROM_SIGNATURE_VN);
	assert_true(rom_has_gop(&r));
	assert_int_equal(rom_bar_size(r.size), 262144);

	rom.len = NVIDIA_STANDARD;
	r = parsed(&rom);
	assert_int_equal(r.images, 2);
	assert_int_equal(r.ending, ROM_END_PRIVATE);
	assert_int_equal(r.end, NVIDIA_STANDARD);
	assert_true(rom_can_trim(&r));
}

/* The extension's length and mark replace the others, but only where it is believed. */
static void the_extension(void **state)
{
	own_buf struct buf rom = {0};
	struct rom_report r;

	(void)state;
	add_image(&rom, (struct make){.blocks = 2, .standard = 3, .npde_blocks = 2, .last = true});
	add_image(&rom, (struct make){.type = 0xe0, .npde_blocks = 1, .npde_last = 0x80});
	r = parsed(&rom);
	assert_int_equal(r.images, 2);
	assert_int_equal(r.image[0].length, 2 * BLOCK);
	assert_int_equal(r.image[0].standard_length, 3 * BLOCK);
	assert_int_equal(r.image[1].offset, 2 * BLOCK);
	assert_int_equal(r.ending, ROM_END_LAST);

	/* Too short for a mark: there is more if the length is smaller than PCIR's. */
	set_16(rom.data + NPDE_AT + 6, 10);
	assert_int_equal(parsed(&rom).images, 2);
	set_16(rom.data + PCIR_AT + 16, 2);
	assert_int_equal(parsed(&rom).images, 1);

	/* Of a revision that nobody knows, of length 0, or out of its own image: not there. */
	set_16(rom.data + PCIR_AT + 16, 3);
	set_16(rom.data + NPDE_AT + 6, 12);
	set_16(rom.data + NPDE_AT + 4, 0x102);
	assert_int_equal(parsed(&rom).image[0].length, 3 * BLOCK);
	assert_int_equal(parsed(&rom).image[0].npde, 0);
	set_16(rom.data + NPDE_AT + 4, 0x100);
	assert_int_equal(parsed(&rom).image[0].length, 2 * BLOCK);
	set_16(rom.data + NPDE_AT + 8, 0);
	assert_int_equal(parsed(&rom).image[0].length, 3 * BLOCK);
	memcpy(rom.data + 0x380, rom.data + NPDE_AT, 12);
	set_16(rom.data + 0x380 + 8, 1);
	set_16(rom.data + PCIR_AT + 10, 0x340);
	assert_int_equal(parsed(&rom).image[0].length, 3 * BLOCK);
}

static void no_checksum_where_the_extension_says_so(void **state)
{
	own_buf struct buf rom = {0};

	(void)state;
	add_image(&rom, (struct make){.npde_blocks = 1, .npde_last = 0x80, .npde_flags = 4});
	assert_int_equal(parsed(&rom).image[0].checksum, ROM_SUM_GOOD);
	rom.data[300] ^= 1;
	assert_int_equal(parsed(&rom).image[0].checksum, ROM_SUM_OFF);
	rom.data[NPDE_AT + 11] = 0;
	assert_int_equal(parsed(&rom).image[0].checksum, ROM_SUM_BAD);
}

static void device_lists(void **state)
{
	static const uint16_t list[] = {0x2820, 0x2860, 0x28a0, 0};
	own_buf struct buf rom = {0};
	struct rom_report r;

	(void)state;
	add_image(&rom, (struct make){.list = list, .last = true});
	r = parsed(&rom);
	assert_int_equal(r.image[0].listed_n, 3);
	assert_true(rom_image_fits(&r.image[0], 0x10de, 0x28a0));
	assert_false(rom_image_fits(&r.image[0], 0x1002, 0x28a0));
	assert_false(rom_image_fits(&r.image[0], 0x10de, 0x28a1));

	/* For any device of the maker. */
	set_16(rom.data + PCIR_AT + 6, 0xffff);
	r = parsed(&rom);
	assert_true(rom_image_fits(&r.image[0], 0x10de, 0x28a1));
	assert_false(rom_image_fits(&r.image[0], 0x1002, 0x28a1));
	set_16(rom.data + PCIR_AT + 6, 0x2820);

	/* Before revision 3 the field meant something else. */
	rom.data[PCIR_AT + 12] = 0;
	assert_int_equal(parsed(&rom).image[0].listed_n, 0);
	rom.data[PCIR_AT + 12] = 3;
	/* Too long, and without an end: the rest of the image is full of 11s. */
	memset(rom.data + LIST_AT, 0x11, 512 - LIST_AT);
	r = parsed(&rom);
	assert_int_equal(r.image[0].listed_n, ROM_LISTED);
	assert_true(r.image[0].more_listed && !r.image[0].bad_list);
	set_16(rom.data + PCIR_AT + 8, 512 - PCIR_AT - 6);
	r = parsed(&rom);
	assert_int_equal(r.image[0].listed_n, 3);
	assert_true(r.image[0].bad_list);
	set_16(rom.data + PCIR_AT + 8, 0xffff);
	r = parsed(&rom);
	assert_int_equal(r.image[0].listed_n, 0);
	assert_true(r.image[0].bad_list);
}

static void containers(void **state)
{
	own_buf struct buf rom = {0};

	(void)state;
	make_nvidia(&rom);
	for (unsigned version = 0; version <= 5; version++) {
		own_buf struct buf full = {0};
		struct rom_report r;

		make_container(&full, version, &rom);
		r = parsed(&full);
		assert_int_equal(r.refusal, ROM_FINE);
		assert_int_equal(r.lead, ROM_LEAD_NVGI);
		assert_int_equal(r.container_version, version);
		assert_int_equal(r.start, 0x600);
		assert_int_equal(r.images, 5);
		assert_int_equal(r.end, 0x600 + NVIDIA_SIZE);
	}
}

/* What the container says goes before what is found, as something that looks like a ROM can be
 * anywhere; where it leads to nothing, what is found counts.
 */
static void the_containers_word(void **state)
{
	own_buf struct buf rom = {0}, decoy = {0}, full = {0};
	static const uint32_t wild[] = {0, 2, 0x600 + 512, 0xfffffffc, 0x7ffffffc, 0x10000};

	(void)state;
	add_image(&decoy, (struct make){.device = 0xbad, .last = true});
	make_nvidia(&rom);
	make_container(&full, 1, &rom);
	memcpy(full.data + 0x200, decoy.data, BLOCK);
	assert_int_equal(parsed(&full).start, 0x600);
	for (size_t i = 0; i < ARRAY_SIZE(wild); i++) {
		set_32(full.data + 0x44, wild[i]);
		assert_int_equal(parsed(&full).start, 0x200);
	}
	/* An image indeed, but where NVIDIA's own walk would not go. */
	memcpy(full.data + 0x402, decoy.data, 0x600 - 0x402);
	set_32(full.data + 0x44, 0x402);
	assert_int_equal(parsed(&full).start, 0x200);
	/* Of version 3, with each of its steps out of the file. */
	full.data[5] = 3;
	for (size_t i = 0; i < ARRAY_SIZE(wild); i++) {
		set_32(full.data + 8, wild[i]);
		assert_int_equal(parsed(&full).start, 0x200);
		set_32(full.data + 8, 0x100);
		set_32(full.data + 0x100, wild[i]);
		assert_int_equal(parsed(&full).start, 0x200);
	}
}

static void a_start_that_must_be_looked_for(void **state)
{
	static const unsigned before[] = {1, 2, 511, 512, 513, 70000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		own_buf struct buf rom = {0};
		struct rom_report r;

		for (unsigned k = 0; k < before[i]; k++)
			buf_addc(&rom, k % 3 ? '\x55' : '\xaa');
		make_small(&rom);
		r = parsed(&rom);
		assert_int_equal(r.refusal, ROM_FINE);
		assert_int_equal(r.lead, ROM_LEAD_UNKNOWN);
		assert_int_equal(r.start, before[i]);
		assert_int_equal(r.images, 3);
	}
}

static void ends(void **state)
{
	own_buf struct buf rom = {0}, many = {0};
	struct rom_report r;

	(void)state;
	add_image(&rom, (struct make){.blocks = 2});
	r = parsed(&rom);
	assert_int_equal(r.ending, ROM_END_UNMARKED);
	assert_int_equal(r.end, 1024);
	for (unsigned i = 0; i < 700; i++)
		buf_addc(&rom, '\xff');
	r = parsed(&rom);
	assert_int_equal(r.ending, ROM_END_UNMARKED);
	assert_int_equal(r.end, 1024);
	assert_true(r.padded);
	rom.data[1700] = 0;
	assert_false(parsed(&rom).padded);
	memcpy(rom.data + 1024, "\x55\xaa", 2);
	r = parsed(&rom);
	assert_int_equal(r.ending, ROM_END_BROKEN);
	assert_false(rom_can_trim(&r));

	for (unsigned i = 0; i < ROM_IMAGES + 1; i++)
		add_image(&many, (struct make){.type = 1});
	r = parsed(&many);
	assert_int_equal(r.images, ROM_IMAGES);
	assert_int_equal(r.ending, ROM_END_MANY);
	assert_false(rom_can_trim(&r));
}

/* What holds of each report, whatever it was made from. */
static void check_bounds(const char *data, size_t len, const struct rom_report *r)
{
	uint32_t at = r->start;

	(void)data;
	assert_int_equal(r->size, len);
	if (r->refusal != ROM_FINE)
		return;
	assert_true(r->images >= 1 && r->images <= ROM_IMAGES);
	assert_true(r->start < r->end && r->end <= r->size);
	for (size_t i = 0; i < r->images; i++) {
		assert_int_equal(r->image[i].offset, at);
		assert_true(r->image[i].length >= BLOCK && at < len);
		assert_true(r->image[i].listed_n <= ROM_LISTED);
		at += r->image[i].length;
	}
	if (r->ending == ROM_END_CUT)
		assert_true(at > len && r->end == len);
	else
		assert_int_equal(at, r->end);
}

static void each_pointer_out_of_bounds(void **state)
{
	/* Of an image: byte 2, the EFI program, PCIR; of PCIR: list, own length, length; of NPDE:
	 * own length, length.
	 */
	static const unsigned field[] = {
		2, 22, 24, PCIR_AT + 8, PCIR_AT + 10, PCIR_AT + 16, NPDE_AT + 6, NPDE_AT + 8};
	own_buf struct buf rom = {0};

	(void)state;
	make_small(&rom);
	for (size_t image = 0; image < 3; image++)
		for (size_t i = 0; i < ARRAY_SIZE(field); i++)
			for (unsigned value = 0; value < 0x10000;
			     value += value < 0x700 ? 1 : 0x3f) {
				char *at = rom.data + image * BLOCK + field[i];
				char old[2] = {at[0], at[1]};
				struct rom_report r;

				set_16(at, value);
				r = parsed(&rom);
				check_bounds(rom.data, rom.len, &r);
				memcpy(at, old, 2);
			}
}

static void cut_at_every_byte(void **state)
{
	own_buf struct buf rom = {0};

	(void)state;
	make_small(&rom);
	for (size_t len = 0; len < rom.len; len++) {
		struct rom_report r;

		parse_bytes(rom.data, len, &r);
		check_bounds(rom.data, len, &r);
		if (len < BLOCK) {
			assert_int_not_equal(r.refusal, ROM_FINE);
			continue;
		}
		assert_int_equal(r.refusal, ROM_FINE);
		assert_int_not_equal(r.ending, ROM_END_LAST);
		/* Two bytes of the next image tell that something is missing; one does not. */
		if (len % BLOCK > 1)
			assert_false(rom_can_trim(&r));
	}
}

static void every_byte_changed(void **state)
{
	own_buf struct buf rom = {0};

	(void)state;
	make_small(&rom);
	for (size_t at = 0; at < rom.len; at++)
		for (unsigned flip = 1; flip < 256; flip = flip * 2 + 1) {
			struct rom_report r;

			rom.data[at] = (char)(rom.data[at] ^ (int)flip);
			r = parsed(&rom);
			check_bounds(rom.data, rom.len, &r);
			rom.data[at] = (char)(rom.data[at] ^ (int)flip);
		}
}

/* Cutting away what surrounds a chain leaves the same chain, and cutting again changes nothing. */
static void trimmed_is_the_same(void **state)
{
	own_buf struct buf rom = {0}, full = {0};
	struct rom_report before, after;

	(void)state;
	make_nvidia(&rom);
	make_container(&full, 2, &rom);
	for (unsigned i = 0; i < 3000; i++)
		buf_addc(&full, '\xff');
	before = parsed(&full);
	assert_true(rom_can_trim(&before));
	assert_int_equal(before.end - before.start, rom.len);
	assert_memory_equal(full.data + before.start, rom.data, rom.len);
	parse_bytes(full.data + before.start, before.end - before.start, &after);
	assert_int_equal(after.start, 0);
	assert_int_equal(after.end, after.size);
	assert_int_equal(after.images, before.images);
	assert_int_equal(after.ending, before.ending);
	for (size_t i = 0; i < after.images; i++) {
		const struct rom_image *is = &after.image[i], *was = &before.image[i];

		assert_int_equal(is->offset + before.start, was->offset);
		assert_int_equal(is->length, was->length);
		assert_int_equal(is->kind, was->kind);
		assert_int_equal(is->signature, was->signature);
		assert_int_equal(is->checksum, was->checksum);
		assert_int_equal(is->npde, was->npde);
		assert_int_equal(is->last, was->last);
		assert_int_equal(is->ends, was->ends);
		assert_int_equal(is->beyond, was->beyond);
		assert_int_equal(rom_image_is_gop(is), rom_image_is_gop(was));
	}
}

static void what_is_no_rom(void **state)
{
	static const struct {
		const char *bytes;
		size_t len, fill; /* zeros behind */
		enum rom_refusal want;
	} row[] = {
		{"", 0, 0, ROM_EMPTY},
		{"", 0, 1, ROM_ALL_00},
		{"", 0, 65536, ROM_ALL_00},
		{"", 0, ROM_MAX, ROM_ALL_00},
		{"", 0, ROM_MAX + 1, ROM_TOO_LARGE},
		{"\xff", 1, 0, ROM_ALL_FF},
		{"\xff\xff\xff\xff", 4, 0, ROM_ALL_FF},
		{"\x55\xaa", 2, 400, ROM_TOO_SMALL},
		{"\x55\xaa", 2, 4000, ROM_NO_PCI_DATA},
		{"\x01", 1, 4000, ROM_NO_IMAGE},
		{"NVGI", 4, 4000, ROM_NO_IMAGE},
		{"VN", 2, 4000, ROM_NO_IMAGE},
		{"<!DOCTYPE html>\n<html>", 22, 0, ROM_HTML},
		{"\xef\xbb\xbf \r\n\t<HTML>", 13, 600, ROM_HTML},
		{"<?xml version='1.0'?>", 21, 4000, ROM_HTML},
		{"404 not found\r\n", 15, 0, ROM_TEXT},
		{"<p>", 3, 0, ROM_TEXT},
		{"\x1f\x8b\x08", 3, 4000, ROM_GZIP},
		{"PK\3\4", 4, 4000, ROM_ZIP},
		{"PK\5\6", 4, 18, ROM_ZIP},
		{"7z\xbc\xaf\x27\x1c", 6, 4000, ROM_ARCHIVE},
		{"Rar!\x1a\x07", 6, 4000, ROM_ARCHIVE},
		{"\xfd\x37zXZ", 6, 4000, ROM_ARCHIVE},
		{"MZ\x90", 3, 4000, ROM_EXE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_free char *data = xcalloc(1, row[i].len + row[i].fill + 1);
		struct rom_report r;

		memcpy(data, row[i].bytes, row[i].len);
		parse_bytes(data, row[i].len + row[i].fill, &r);
		if (r.refusal != row[i].want)
			fail_msg("row %zu: %s", i, rom_refusal_name(r.refusal));
		assert_int_equal(r.images, 0);
		assert_true(strlen(rom_refusal_words(r.refusal)) > 5);
	}
}

/* The largest ROM there can be, full of what the search must look at. */
static void looking_is_quick(void **state)
{
	own_free char *data = xmalloc(ROM_MAX);
	struct rom_report r;

	(void)state;
	for (size_t i = 0; i < ROM_MAX; i += 2)
		memcpy(data + i, "\x55\xaa", 2);
	rom_parse(data, ROM_MAX, &r);
	assert_int_equal(r.refusal, ROM_NO_PCI_DATA);
}

static void files(void **state)
{
	own_buf struct buf rom = {0}, large = {0};
	own_free char *path = in_dir(state, "a\nb.rom"), *page = in_dir(state, "page"),
		      *data = NULL;
	own_free char *want = NULL;
	struct error *err = NULL;
	struct rom_report r;

	make_nvidia(&rom);
	put_bytes(state, "a\nb.rom", rom.data, rom.len);
	data = rom_load(path, &r, &err);
	assert_null(err);
	assert_memory_equal(data, rom.data, rom.len);
	assert_int_equal(r.images, 5);

	put(state, "page", "<html></html>\n");
	assert_null(rom_load(page, &r, &err));
	assert_int_equal(r.refusal, ROM_HTML);
	want = xasprintf("%s is a web page (HTML or XML), not a ROM: the download gave the page "
			 "around the file; follow its link again\n",
			 page);
	assert_messages(err, want);

	assert_null(rom_load(*state, &r, &err));
	free(steal(&want));
	want = xasprintf("cannot read %s: Is a directory\n", (char *)*state);
	assert_messages(err, want);

	while (large.len <= ROM_MAX)
		buf_add(&large, rom.data, rom.len);
	put_bytes(state, "page", large.data, large.len);
	assert_null(rom_load(page, &r, &err));
	assert_int_equal(r.refusal, ROM_TOO_LARGE);
	error_free(err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_legacy_image),
		cmocka_unit_test(no_pci_data),
		cmocka_unit_test(efi_images),
		cmocka_unit_test(a_compressed_efi_image),
		cmocka_unit_test(code_types),
		cmocka_unit_test(nvidias_chain),
		cmocka_unit_test(the_extension),
		cmocka_unit_test(no_checksum_where_the_extension_says_so),
		cmocka_unit_test(device_lists),
		cmocka_unit_test(containers),
		cmocka_unit_test(the_containers_word),
		cmocka_unit_test(a_start_that_must_be_looked_for),
		cmocka_unit_test(ends),
		cmocka_unit_test(each_pointer_out_of_bounds),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(every_byte_changed),
		cmocka_unit_test(trimmed_is_the_same),
		cmocka_unit_test(what_is_no_rom),
		cmocka_unit_test(looking_is_quick),
		in_scratch(files),
	};

	return cmocka_run_group_tests_name("rom_image", tests, NULL, NULL);
}
