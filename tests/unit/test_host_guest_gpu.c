/* Which of a host's GPUs a guest would get. */
#include "host_tree.h"

#include "host/guest_gpu.h"

static char *chosen(const struct root *root)
{
	own_scene struct scene scene = {0};
	own_guest_gpu struct guest_gpu gpu = {0};
	char text[PCI_ADDRESS_SIZE];

	guest_gpu_look(&scene, root);
	guest_gpu_find(&gpu, &scene);
	return xstrdup(gpu.function ? pci_address_format(&gpu.function->address, text) : "none");
}

#define assert_chosen(address)                     \
	do {                                       \
		own_free char *is = chosen(&root); \
		assert_string_equal(is, address);  \
	} while (0)

/* Of two that are alike the one that shows the host's picture is the host's. */
static void of_twins_the_idle_one(void **state)
{
	static const char *const twin[] = {"0000:01:00.0", "0000:02:00.0"};

	tree_root(root);
	put(state, "proc/self/mountinfo", "");
	for (unsigned i = 0; i < 2; i++) {
		put_pci(state, twin[i], "10de", "24b0", "030000");
		set_group(state, twin[i], (int)i + 1);
		set_driver(state, twin[i], i ? "vfio-pci" : "nouveau");
	}
	assert_chosen("0000:01:00.0");
	put_attribute(state, "0000:01:00.0", "drm/card0/card0-DP-1/enabled", "enabled\n");
	assert_chosen("0000:02:00.0");
	/* The larger one, though a screen has to be unplugged first. */
	put_attribute(state, "0000:01:00.0", "resource",
		      "0x0000006000000000 0x00000063ffffffff 0x000000000014220c\n");
	assert_chosen("0000:01:00.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {in_scratch(of_twins_the_idle_one)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
