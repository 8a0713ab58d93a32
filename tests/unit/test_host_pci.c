/* PCI functions: addresses, attributes, choices and selectors. */
#include "host_tree.h"

static void addresses_are_read_whole(void **state)
{
	static const char *const good[][2] = {
		{"0000:01:00.0", "0000:01:00.0"},
		{"01:00.0", "0000:01:00.0"},
		{"10000:e1:00.0", "10000:e1:00.0"},
		{"ffff:FF:1F.7", "ffff:ff:1f.7"},
	};
	static const char *const bad[] = {
		"",
		"01:00",
		"01:00.",
		"01:00.8",
		"01:20.0",
		"1:00.0",
		"001:00.0",
		"0000:01:00.0 ",
		" 01:00.0",
		"01:00.0\n",
		"000:01:00.0",
		"0x00:01:00.0",
		"01:00.00",
		"01.00.0",
		"-1:00.0",
		"000000000:01:00.0",
		"01:00.0=10de:2820",
		"01:0g.0",
		"0000:01:00.0/..",
		"10de:2820",
	};
	struct pci_address a;
	char text[PCI_ADDRESS_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(pci_address_parse(good[i][0], &a));
		assert_string_equal(pci_address_format(&a, text), good[i][1]);
	}
	a = (struct pci_address){7, 7, 7, 7};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(pci_address_parse(bad[i], &a));
		assert_true(a.domain == 7 && a.bus == 7 && a.slot == 7 && a.function == 7);
	}
}

static void addresses_have_an_order(void **state)
{
	static const char *const sorted[] = {"0000:00:00.0", "0000:00:00.7", "0000:00:01.0",
					     "0000:01:00.0", "0001:00:00.0", "10000:00:00.0"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++)
		for (size_t k = 0; k < ARRAY_SIZE(sorted); k++) {
			const struct pci_address a = at(sorted[i]), b = at(sorted[k]);

			assert_int_equal(pci_address_compare(&a, &b), (i > k) - (i < k));
		}
}

static void paths_tell_whose_they_are(void **state)
{
	static const char path[] =
		"/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/drm/card0/card0-DP-1";
	const struct pci_address bridge = at("00:01.0"), gpu = at("01:00.0"), other = at("01:00.1");
	struct pci_address nearest;

	(void)state;
	assert_true(pci_path_below(path, &bridge) && pci_path_below(path, &gpu));
	assert_false(pci_path_below(path, &other));
	assert_true(pci_path_nearest(path, &nearest));
	assert_int_equal(pci_address_compare(&nearest, &gpu), 0);
	assert_false(pci_path_nearest("/sys/devices/virtual/block/dm-0", &nearest));
	/* Only the kernel's own form is an address in a path. */
	assert_false(pci_path_nearest("/sys/devices/01:00.0", &nearest));
}

static void a_whole_function_is_read(void **state)
{
	static const char *const address = "0000:00:02.0";
	const struct pci_address where = at("00:02.0");
	own_pci_function struct pci_function f = {0};
	tree_root(root);

	put_pci(state, address, "10de", "2820", "030000");
	put_attribute(state, address, "subsystem_vendor", "0x1043\n");
	put_attribute(state, address, "subsystem_device", "0x1e6c\n");
	put_attribute(state, address, "revision", "0xa1\n");
	put_attribute(state, address, "numa_node", "-1\n");
	put_attribute(state, address, "boot_vga", "1\n");
	put_attribute(state, address, "rom", "");
	put_attribute(state, address, "driver_override", "(null)\n");
	put_attribute(state, address, "power_state", "D3cold\n");
	put_attribute(state, address, "power/runtime_status", "suspended\n");
	put_attribute(state, address, "power/control", "auto\n");
	put_attribute(state, address, "d3cold_allowed", "1\n");
	put_attribute(state, address, "reset_method", "flr bus\n");
	put_attribute(state, address, "resource",
		      "0x000000005e000000 0x000000005effffff 0x0000000000040200\n"
		      "0x0000006200000000 0x00000063ffffffff 0x000000000014220c\n"
		      "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
		      "0x0000000000000000 0x0000000001ffffff 0x000000002014220c\n"
		      "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
		      "0x0000000000003000 0x000000000000307f 0x0000000000040101\n"
		      "0x00000000000c0000 0x00000000000dffff 0x0000000000000212\n");
	set_driver(state, address, "nvidia");
	set_group(state, address, 15);
	assert_true(pci_function_read(&f, &root, &where));
	assert_int_equal(f.vendor, 0x10de);
	assert_int_equal(f.class, 0x030000);
	assert_true(f.has_subsystem);
	assert_int_equal(f.subdevice, 0x1e6c);
	assert_int_equal(f.revision, 0xa1);
	assert_string_equal(f.driver, "nvidia");
	assert_null(f.driver_override);
	assert_int_equal(f.group, 15);
	assert_int_equal(f.numa_node, -1);
	assert_string_equal(f.path, "/sys/devices/pci0000:00/0000:00:02.0");
	assert_false(f.has_parent);
	assert_true(f.boot_vga && f.has_rom && f.can_reset);
	assert_string_equal(f.power_state, "D3cold");
	assert_int_equal(f.d3cold_allowed, 1);
	assert_int_equal(f.resets, 2);
	assert_string_equal(f.reset[1], "bus");
	assert_int_equal(f.bars, 4);
	assert_int_equal(f.bar[0].kind, PCI_BAR_MEM32);
	assert_int_equal(f.bar[1].size, 8ULL << 30);
	assert_true(f.bar[1].prefetch && f.bar[1].kind == PCI_BAR_MEM64);
	/* One that the firmware gave no address has a size all the same. */
	assert_int_equal(f.bar[2].index, 3);
	assert_int_equal(f.bar[2].size, 32U << 20);
	assert_int_equal(f.bar[3].kind, PCI_BAR_IO);
	assert_int_equal(f.bar[3].size, 128);
}

static void little_is_needed(void **state)
{
	const struct pci_address there = at("00:03.0"), gone = at("00:04.0");
	own_pci_function struct pci_function f = {0};
	tree_root(root);

	put_pci(state, "0000:00:03.0", "8086", "1234", "060400");
	put_attribute(state, "0000:00:03.0", "resource", "nonsense\n");
	put_attribute(state, "0000:00:03.0", "reset", "");
	put_attribute(state, "0000:00:03.0", "driver_override", "\n");
	assert_true(pci_function_read(&f, &root, &there));
	assert_true(pci_is_bridge(&f) && !f.has_subsystem && !f.driver && !f.driver_override);
	assert_true(f.group == -1 && f.d3cold_allowed == -1 && !f.bars && !f.power_state);
	assert_true(f.can_reset && !f.resets);
	pci_function_free(&f);
	assert_false(pci_function_read(&f, &root, &gone));
}

static void lists_sort_and_group(void **state)
{
	own_pci_list struct pci_list list = {0};
	own_pci_set struct pci_set board = {0}, group = {0};
	const struct pci_address gpu = at("01:00.0");
	tree_root(root);

	put_pci(state, "0000:01:00.1", "10de", "22bd", "040300");
	put_pci(state, "0000:01:00.0", "10de", "2820", "030000");
	put_pci(state, "0000:00:01.0", "8086", "a70d", "060400");
	put_pci(state, "0000:01:01.0", "10de", "2820", "030000");
	set_group(state, "0000:00:01.0", 2);
	set_group(state, "0000:01:00.0", 2);
	set_group(state, "0000:01:00.1", 2);
	pci_list_read(&list, &root);
	assert_int_equal(list.n, 4);
	assert_int_equal(list.v[1].device, 0x2820);
	assert_ptr_equal(pci_list_find(&list, &gpu), &list.v[1]);
	pci_board(&board, &list, &list.v[1]);
	assert_int_equal(board.n, 2);
	assert_true(pci_set_has(&board, &list.v[2]));
	assert_false(pci_set_has(&board, &list.v[3]));
	pci_group(&group, &list, 2);
	assert_int_equal(group.n, 3);
}

static void nothing_gives_an_empty_list(void **state)
{
	own_pci_list struct pci_list list = {0};
	const struct pci_address a = at("00:00.0");
	tree_root(root);

	pci_list_read(&list, &root);
	assert_int_equal(list.n, 0);
	assert_null(pci_list_find(&list, &a));
}

static void selectors_round_trip(void **state)
{
	static const char *const good[][2] = {
		{"10de:2820", "10de:2820"},
		{"10DE:2820@1043:1E6C", "10de:2820@1043:1e6c"},
		{"10de:2820#2", "10de:2820#2"},
		{"10de:2820@1043:1e6c#12", "10de:2820@1043:1e6c#12"},
		{"01:00.0", "0000:01:00.0"},
		{"0000:01:00.0=10de:2820", "0000:01:00.0=10de:2820"},
		{"01:00.0=10de:2820@1043:1e6c", "0000:01:00.0=10de:2820@1043:1e6c"},
		{"10000:e1:00.0", "10000:e1:00.0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct pci_selector sel = {0};
		struct error *err = NULL;
		own_free char *text = NULL;

		assert_true(pci_selector_parse(good[i][0], &sel, &err));
		text = pci_selector_text(&sel);
		assert_string_equal(text, good[i][1]);
	}
}

static void bad_selectors_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"10de",
		"10de:",
		"10de:282",
		"10de:28200",
		"10de:2820@",
		"10de:2820@1043",
		"10de:2820#0",
		"10de:2820#",
		"10de:2820#65",
		"10de:2820 ",
		"01:00.0=",
		"01:00.0=10de",
		"01:00.0#2",
		"01:00.0@1043:1e6c",
		"gpu",
		"10de:2820@1:1#1",
		"01:00.0=10de:2820#1",
		"0x10de:0x2820",
		"10de-2820",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct pci_selector sel = {.vendor = 9};
		struct error *err = NULL;

		assert_false(pci_selector_parse(bad[i], &sel, &err));
		assert_int_equal(sel.vendor, 9);
		assert_int_equal(error_kind(err), ERROR_USAGE);
		assert_int_equal(error_count(err), 1);
		error_free(err);
	}
}

static void two_gpus(void **state)
{
	put_pci(state, "0000:01:00.0", "10de", "2820", "030000");
	put_attribute(state, "0000:01:00.0", "subsystem_vendor", "0x1043\n");
	put_attribute(state, "0000:01:00.0", "subsystem_device", "0x1e6c\n");
	put_pci(state, "0000:02:00.0", "10de", "2820", "030000");
	put_pci(state, "0000:03:00.0", "8086", "1533", "020000");
}

/* The address that the text finds, or the error's words. */
static char *found(const struct pci_list *list, const char *text)
{
	struct pci_selector sel;
	struct error *err = NULL;
	const struct pci_function *f;
	char address[PCI_ADDRESS_SIZE];

	assert_true(pci_selector_parse(text, &sel, &err));
	f = pci_find(list, &sel, &err);
	if (f)
		return xstrdup(pci_address_format(&f->address, address));
	assert_int_equal(error_kind(err), ERROR_HOST);
	return messages(&err);
}

static void finding_says_what_is_there(void **state)
{
	static const char *const row[][2] = {
		{"10de:2820@1043:1e6c", "0000:01:00.0"},
		{"10de:2820#2", "0000:02:00.0"},
		{"03:00.0", "0000:03:00.0"},
		{"03:00.0=8086:1533", "0000:03:00.0"},
		{"10de:2820",
		 "10de:2820: there are 2 of them: 0000:01:00.0 [10de:2820@1043:1e6c] VGA "
		 "controller, 0000:02:00.0 [10de:2820] VGA controller; tell them apart "
		 "by #1, #2, ..., by @subsystem or by address\n"},
		{"10de:2820#3",
		 "10de:2820#3: there are only 2: 0000:01:00.0 [10de:2820@1043:1e6c] VGA "
		 "controller, 0000:02:00.0 [10de:2820] VGA controller\n"},
		{"8086:1534", "8086:1534: this host has no such device; of this vendor there is "
			      "0000:03:00.0 [8086:1533] Ethernet controller\n"},
		{"1002:1534", "1002:1534: this host has no such device\n"},
		{"03:00.0=10de:2820@1043:1e6c",
		 "0000:03:00.0=10de:2820@1043:1e6c: there sits 0000:03:00.0 [8086:1533] Ethernet "
		 "controller now; that id sits at 0000:01:00.0 [10de:2820@1043:1e6c] VGA "
		 "controller\n"},
		{"04:00.0", "0000:04:00.0: there is no device at this address now\n"},
	};
	own_pci_list struct pci_list list = {0};
	tree_root(root);

	two_gpus(state);
	pci_list_read(&list, &root);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_free char *text = found(&list, row[i][0]);

		assert_string_equal(text, row[i][1]);
	}
}

static void this_machine_is_read(void **state)
{
	own_pci_list struct pci_list list = {0};
	struct root root = ROOT_REAL;

	(void)state;
	pci_list_read(&list, &root);
	for (size_t i = 0; i < list.n; i++) {
		assert_non_null(list.v[i].path);
		assert_true(i == 0 ||
			    pci_address_compare(&list.v[i - 1].address, &list.v[i].address) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_whole),
		cmocka_unit_test(addresses_have_an_order),
		cmocka_unit_test(paths_tell_whose_they_are),
		in_scratch(a_whole_function_is_read),
		in_scratch(little_is_needed),
		in_scratch(lists_sort_and_group),
		in_scratch(nothing_gives_an_empty_list),
		cmocka_unit_test(selectors_round_trip),
		cmocka_unit_test(bad_selectors_are_refused),
		in_scratch(finding_says_what_is_there),
		cmocka_unit_test(this_machine_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
