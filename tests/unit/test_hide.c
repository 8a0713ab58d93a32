/* What a report replaces, and what it leaves. */
#include "unit.h"

#include <string.h>

#include "base/alloc.h"
#include "commands/hide.h"

static void assert_hidden(const struct hiding *h, const char *text, const char *want)
{
	size_t len = strlen(text);
	own_free char *got = hide_in(h, text, &len, true);

	assert_string_equal(got, want);
	assert_int_equal(len, strlen(want));
}

static void uuids_and_macs_are_found(void **state)
{
	static const char text[] =
		"a 7d1f3c52-9b0e-4a77-8c11-3a5be0c4d9f1, A0:36:bc:1d:2e:3f/7d1f3c52-9b0e-4a77-8c11-3a5be0c4d9f1";
	own_hiding struct hiding h = {0};

	(void)state;
	hide_found(&h, text, strlen(text));
	assert_int_equal(h.of[HIDDEN_UUID], 1);
	assert_int_equal(h.of[HIDDEN_MAC], 1);
	assert_hidden(
		&h, text,
		"a 00000000-0000-4000-8000-000000000001, 02:00:00:00:00:01/00000000-0000-4000-8000-000000000001");
	/* In whatever case. */
	assert_hidden(&h, "a0:36:BC:1D:2E:3F", "02:00:00:00:00:01");
}

static void what_looks_alike_stays(void **state)
{
	static const char *const text[] = {
		"0000:01:00.0",
		"LoaderInfo-4a67b082-0a4c-41cf-b6c7-486feadeed4e",
		"SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
		"a0:36:bc:1d:2e:3f:11", /* longer */
		"7d1f3c52-9b0e-4a77-8c11-3a5be0c4d9f1a",
		"a0:36:bc:1d:2e",
	};
	own_hiding struct hiding h = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(text); i++)
		hide_found(&h, text[i], strlen(text[i]));
	assert_int_equal(h.n, 0);
}

static void serials_in_names_of_links(void **state)
{
	static const char *const has[] = {
		"nvme-Samsung_SSD_980_PRO_S5GXNX0R123456-part1",
		"usb-SanDisk_Ultra_4C530001230-0:0",
		"usb-Maker_Mouse_S5GXNX0R123456-event-mouse",
		"wwn-0x5002538e09a1b2c3",
	};
	static const char *const none[] = {"usb-Logitech_G502_HERO-event-mouse",
					   "dm-name-cryptroot"};
	own_hiding struct hiding h = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		hide_in_id(&h, none[i]);
	assert_int_equal(h.n, 0);
	for (size_t i = 0; i < ARRAY_SIZE(has); i++)
		hide_in_id(&h, has[i]);
	assert_int_equal(h.of[HIDDEN_SERIAL], 3);
	assert_hidden(&h, has[0], "nvme-Samsung_SSD_980_PRO_SERIAL1-part1");
	assert_hidden(&h, has[1], "usb-SanDisk_Ultra_SERIAL2-0:0");
	assert_hidden(&h, has[3], "wwn-SERIAL3");
}

static void words_stand_alone(void **state)
{
	own_hiding struct hiding h = {0};
	size_t len = strlen("of anna");
	own_free char *tree = NULL;

	(void)state;
	hide_word(&h, HIDDEN_USER, "anna", 4);
	hide_word(&h, HIDDEN_USER, "anna-maria", 10);
	hide_word(&h, HIDDEN_USER, "al", 2); /* too short */
	assert_int_equal(h.n, 2);
	assert_hidden(&h, "/home/anna/savanna, anna_2 annas anna-maria",
		      "/home/user1/savanna, user1_2 annas user2");
	/* A tree's own words are no names. */
	tree = hide_in(&h, "of anna", &len, false);
	assert_string_equal(tree, "of anna");
}

static void any_bytes(void **state)
{
	own_hiding struct hiding h = {0};
	size_t len = 8;
	own_free char *got = NULL;

	(void)state;
	hide_word(&h, HIDDEN_HOST, "host.x", 6);
	got = hide_in(&h, "\0host.x\xff", &len, true);
	assert_int_equal(len, 7);
	assert_memory_equal(got, "\0host1\xff", 7);
	len = 0;
	free(got);
	got = hide_in(&h, "", &len, true);
	assert_string_equal(got, "");
}

/* What boot options and fstab have: a card by its address, a disk by its link. */
static void names_made_of_numbers(void **state)
{
	static const char text[] =
		"ip=:::::enxa036bc1d2e3f resume=/dev/disk/by-id/ata-Disk_S5GXNX0R123456-part2,x enx12";
	own_hiding struct hiding h = {0};

	(void)state;
	hide_found(&h, text, strlen(text));
	assert_hidden(
		&h, text,
		"ip=:::::enx020000000001 resume=/dev/disk/by-id/ata-Disk_SERIAL1-part2,x enx12");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uuids_and_macs_are_found),
		cmocka_unit_test(what_looks_alike_stays),
		cmocka_unit_test(serials_in_names_of_links),
		cmocka_unit_test(names_made_of_numbers),
		cmocka_unit_test(words_stand_alone),
		cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
