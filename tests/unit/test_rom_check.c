/* What is said of ROMs that a guest could not use, or not fully. */
#include "test_rom_make.h"

#include "base/text.h"

#define WEIGHT(p) rom_weight_name((p)->weight)
#define KIND(p) rom_problem_name((p)->kind)

static const struct rom_device RTX4070 = {0x10de, 0x2820};

/* All problems as "weight kind" lines. */
static char *kinds(const struct rom_report *r, const struct rom_device *device,
		   enum rom_source source)
{
	own_rom_problems struct rom_problems problems = {0};
	struct buf out = {0};

	rom_problems_of(&problems, r, device, source);
	buf_adds(&out, "");
	for (size_t i = 0; i < problems.n; i++) {
		assert_true(text_is_printable(problems.v[i].text));
		buf_addf(&out, "%s %s\n", WEIGHT(&problems.v[i]), KIND(&problems.v[i]));
	}
	return buf_steal(&out);
}

#define assert_kinds(rom, device, source, want)                         \
	do {                                                            \
		struct rom_report r_ = parsed(rom);                     \
		own_free char *found_ = kinds(&r_, (device), (source)); \
		assert_string_equal(found_, want);                      \
	} while (0)

/* The text of the one problem of a kind. */
static char *text_of(const struct buf *rom, const struct rom_device *device, enum rom_source source,
		     enum rom_problem_kind kind)
{
	own_rom_problems struct rom_problems problems = {0};
	struct rom_report r = parsed(rom);

	rom_problems_of(&problems, &r, device, source);
	for (size_t i = 0; i < problems.n; i++)
		if (problems.v[i].kind == kind)
			return steal(&problems.v[i].text);
	fail_msg("no %s", rom_problem_name(kind));
	return NULL;
}

static void a_good_one(void **state)
{
	own_buf struct buf rom = {0};

	(void)state;
	add_image(&rom, (struct make){.blocks = 120});
	add_image(&rom, (struct make){.blocks = 8, .type = 3, .last = true});
	assert_kinds(&rom, &RTX4070, ROM_FROM_FILE, "");
}

static void nvidias_whole_one(void **state)
{
	own_buf struct buf rom = {0};

	(void)state;
	make_nvidia(&rom);
	assert_kinds(&rom, &RTX4070, ROM_FROM_FILE, "note rounded-up\n");
	assert_kinds(&rom, &RTX4070, ROM_FROM_SYSFS, "note rounded-up\n");
}

static void the_kernel_cuts(void **state)
{
	own_buf struct buf rom = {0}, plain = {0}, whole = {0}, other = {0};
	own_free char *text = NULL;

	(void)state;
	/* By NVIDIA's own mark the file is not whole, whoever made it. */
	make_nvidia(&rom);
	rom.len = NVIDIA_STANDARD;
	assert_kinds(&rom, NULL, ROM_FROM_FILE, "warning private-cut\nnote rounded-up\n");
	assert_kinds(&rom, NULL, ROM_FROM_SYSFS, "warning private-cut\nnote rounded-up\n");
	text = text_of(&rom, NULL, ROM_FROM_FILE, ROM_PRIVATE_CUT);
	assert_non_null(strstr(text, "private images are missing"));
	/* Without one it may or may not be. */
	add_image(&plain, (struct make){.blocks = 120});
	add_image(&plain, (struct make){.blocks = 8, .type = 3, .last = true});
	assert_kinds(&plain, NULL, ROM_FROM_FILE, "");
	assert_kinds(&plain, NULL, ROM_FROM_SYSFS, "note private-cut\n");
	/* And by NVIDIA's mark it may be whole. */
	add_image(&whole, (struct make){.blocks = 120, .npde_blocks = 120});
	add_image(
		&whole,
		(struct make){
			.blocks = 8, .type = 3, .last = true, .npde_blocks = 8, .npde_last = 0x80});
	assert_kinds(&whole, NULL, ROM_FROM_SYSFS, "");
	/* Only NVIDIA has such. */
	add_image(&other, (struct make){.blocks = 8, .type = 3, .last = true});
	set_16(other.data + PCIR_AT + 4, 0x1002);
	assert_kinds(&other, NULL, ROM_FROM_SYSFS, "");
}

static void other_devices(void **state)
{
	static const uint16_t list[] = {0x2860, 0x28a0, 0};
	static const struct rom_device other = {0x10de, 0x28a1}, listed = {0x10de, 0x28a0},
				       amd = {0x1002, 0x2820};
	own_buf struct buf rom = {0};
	own_free char *text = NULL;

	(void)state;
	add_image(&rom, (struct make){.list = list});
	add_image(&rom, (struct make){.type = 3, .last = true, .list = list});
	assert_kinds(&rom, &listed, ROM_FROM_FILE, "");
	assert_kinds(&rom, NULL, ROM_FROM_FILE, "");
	assert_kinds(&rom, &amd, ROM_FROM_FILE, "problem wrong-device\n");
	assert_kinds(&rom, &other, ROM_FROM_FILE, "problem wrong-device\n");
	text = text_of(&rom, &other, ROM_FROM_FILE, ROM_WRONG_DEVICE);
	assert_non_null(strstr(text, "it is for 10de:2820, the device is 10de:28a1: "));
	/* One that is for any device of its maker is for this one. */
	set_16(rom.data + PCIR_AT + 6, ROM_ANY_DEVICE);
	set_16(rom.data + BLOCK + PCIR_AT + 6, ROM_ANY_DEVICE);
	fix_sum(rom.data);
	assert_kinds(&rom, &other, ROM_FROM_FILE, "");
	assert_kinds(&rom, &amd, ROM_FROM_FILE, "problem wrong-device\n");
	set_16(rom.data + PCIR_AT + 6, 0x2820);
	fix_sum(rom.data);
	/* One image of two. */
	set_16(rom.data + BLOCK + PCIR_AT + 6, 0x9999);
	set_16(rom.data + BLOCK + PCIR_AT + 8, 0);
	assert_kinds(&rom, &RTX4070, ROM_FROM_FILE, "warning other-device\n");
	/* A list that is not looked at to its end could hold the device. */
	memset(rom.data + LIST_AT, 0x11, 512 - LIST_AT);
	fix_sum(rom.data);
	assert_kinds(&rom, &other, ROM_FROM_FILE, "warning wrong-device\n");
}

/* NVIDIA's private images may have ids of their own. */
static void private_images_are_not_compared(void **state)
{
	own_buf struct buf rom = {0};

	(void)state;
	add_image(&rom, (struct make){.npde_blocks = 1});
	add_image(&rom, (struct make){.type = 3, .npde_blocks = 1, .last = true});
	add_image(&rom, (struct make){.type = 0xe0,
				      .device = 1,
				      .npde_blocks = 2,
				      .blocks = 2,
				      .npde_last = 0x80});
	assert_kinds(&rom, &RTX4070, ROM_FROM_FILE, "");
}

static void a_changed_one(void **state)
{
	own_buf struct buf rom = {0};
	own_free char *text = NULL;

	(void)state;
	add_image(&rom, (struct make){.type = 3});
	add_image(&rom, (struct make){.blocks = 7, .last = true});
	rom.data[1000] ^= 1;
	assert_kinds(&rom, NULL, ROM_FROM_FILE, "problem bad-checksum\n");
	text = text_of(&rom, NULL, ROM_FROM_FILE, ROM_BAD_CHECKSUM);
	assert_non_null(strstr(text, "image 2 is wrong"));
	rom.data[512 + 2] = 8;
	rom.data[4] = 0;
	assert_kinds(&rom, NULL, ROM_FROM_FILE,
		     "warning bad-image\nwarning bad-image\nwarning no-gop\n");
}

static void no_gop(void **state)
{
	own_buf struct buf rom = {0}, muxless = {0}, net = {0};

	(void)state;
	add_image(&rom, (struct make){.last = true});
	assert_kinds(&rom, NULL, ROM_FROM_FILE, "warning no-gop\n");
	add_image(&muxless, (struct make){.last = true, .class = 0x030200});
	assert_kinds(&muxless, NULL, ROM_FROM_FILE, "note no-gop\n");
	add_image(&net, (struct make){.last = true, .class = 0x020000});
	assert_kinds(&net, NULL, ROM_FROM_FILE, "");
}

static void what_surrounds_it(void **state)
{
	own_buf struct buf rom = {0}, full = {0}, odd = {0};
	own_free char *text = NULL;

	(void)state;
	add_image(&rom, (struct make){.type = 3, .blocks = 2});
	add_image(&rom, (struct make){.last = true, .blocks = 2});
	make_container(&full, 1, &rom);
	assert_kinds(&full, NULL, ROM_FROM_FILE, "problem leading-bytes\nnote rounded-up\n");
	text = text_of(&full, NULL, ROM_FROM_FILE, ROM_LEADING_BYTES);
	assert_non_null(strstr(text, "first 1536 bytes are NVIDIA's container"));
	assert_non_null(strstr(text, "vmlaunch rom trim"));
	memset(full.data, 0x33, 0x200);
	free(steal(&text));
	text = text_of(&full, NULL, ROM_FROM_FILE, ROM_LEADING_BYTES);
	assert_non_null(strstr(text, "no part of the ROM"));

	for (unsigned i = 0; i < 2048; i++)
		buf_addc(&rom, '\0');
	assert_kinds(&rom, NULL, ROM_FROM_FILE, "note trailing-bytes\n");
	rom.data[4000] = 1;
	assert_kinds(&rom, NULL, ROM_FROM_FILE, "warning trailing-bytes\n");

	add_image(&odd, (struct make){.type = 3, .last = true, .signature = "VN"});
	assert_kinds(&odd, NULL, ROM_FROM_FILE, "problem odd-signature\n");
}

static void bad_chains(void **state)
{
	own_buf struct buf rom = {0}, many = {0};
	own_free char *text = NULL;

	(void)state;
	add_image(&rom, (struct make){.type = 3});
	assert_kinds(&rom, NULL, ROM_FROM_FILE, "warning bad-chain\n");
	add_image(&rom, (struct make){.blocks = 3, .last = true});
	rom.len = 1024;
	assert_kinds(&rom, NULL, ROM_FROM_FILE, "problem bad-chain\n");
	text = text_of(&rom, NULL, ROM_FROM_FILE, ROM_BAD_CHAIN);
	assert_string_equal(text, "it is cut off: image 2 has 1536 bytes, of which 512 are there; "
				  "get it again");
	rom.data[512 + PCIR_AT] = 'Q';
	assert_kinds(&rom, NULL, ROM_FROM_FILE, "problem bad-chain\n");
	for (unsigned i = 0; i < 2 * ROM_IMAGES; i++)
		add_image(&many, (struct make){.type = 3});
	assert_kinds(&many, NULL, ROM_FROM_FILE, "problem bad-chain\n");
}

static void nothing_is_said_of_a_refused_one(void **state)
{
	own_buf struct buf rom = {0};

	(void)state;
	buf_adds(&rom, "<html>");
	assert_kinds(&rom, &RTX4070, ROM_FROM_SYSFS, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_one),
		cmocka_unit_test(nvidias_whole_one),
		cmocka_unit_test(the_kernel_cuts),
		cmocka_unit_test(other_devices),
		cmocka_unit_test(private_images_are_not_compared),
		cmocka_unit_test(a_changed_one),
		cmocka_unit_test(no_gop),
		cmocka_unit_test(what_surrounds_it),
		cmocka_unit_test(bad_chains),
		cmocka_unit_test(nothing_is_said_of_a_refused_one),
	};

	return cmocka_run_group_tests_name("rom_check", tests, NULL, NULL);
}
