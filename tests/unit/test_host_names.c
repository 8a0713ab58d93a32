/* Names for ids. */
#include "host_tree.h"

#include "host/names.h"

static const char IDS[] = "# comment\n"
			  "1043  ASUSTeK\n"
			  "10de  NVIDIA Corporation\r\n"
			  "\t2820  AD106M [GeForce]  \n"
			  "\t\t1043 1e6c  ROG\n"
			  "\t\t1043\n"
			  "\t2821\n"
			  "zzzz  no id\n"
			  "\t2820  not NVIDIA's\n"
			  "C 03  Display\n"
			  "\t00  VGA\n"
			  "8086  Intel";

static void names_are_found(void **state)
{
	struct id_name v[] = {
		{0x10de, 0x2820, 0x1043, 0x1e6c}, {0x10de, 0x2821, 0x1043, 0x1e6c},
		{0x8086, 0x0001, 0, 0},		  {0x1002, 0x2820, 0, 0},
		{0x10de, 0x2820, 0x1043, 0x1111},
	};
	tree_root(root);

	put(state, "usr/share/misc/pci.ids", IDS);
	names_pci(v, ARRAY_SIZE(v), &root);
	assert_string_equal(v[0].vendor_name, "NVIDIA Corporation");
	assert_string_equal(v[0].device_name, "AD106M [GeForce]");
	assert_string_equal(v[0].subvendor_name, "ASUSTeK");
	assert_string_equal(v[0].subsystem_name, "ROG");
	assert_null(v[1].device_name);
	assert_string_equal(v[2].vendor_name, "Intel");
	assert_null(v[3].vendor_name);
	assert_null(v[4].subsystem_name);
	assert_string_equal(v[4].device_name, "AD106M [GeForce]");
	id_names_free(v, ARRAY_SIZE(v));
}

static void no_file_no_names(void **state)
{
	struct id_name v[] = {{0x10de, 0x2820, 0, 0}};
	tree_root(root);

	names_pci(v, 1, &root);
	names_usb(v, 1, &root);
	assert_null(v[0].vendor_name);
	put(state, "usr/share/hwdata/usb.ids", "");
	names_usb(v, 1, &root);
	assert_null(v[0].vendor_name);
	names_usb(NULL, 0, &root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {in_scratch(names_are_found),
					   in_scratch(no_file_no_names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
