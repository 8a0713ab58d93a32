/* Whether the running kernel has a module: by what modprobe reads, wherever it lies, and never "no"
 * where nothing can be seen.
 */
#include "host_tree.h"

#include "host/kmodule.h"

#define VFIO "kernel/drivers/vfio/pci/vfio-pci"

static enum kmodule look(void **state, const char *path)
{
	tree_root(root);
	return kmodule_look(&root, path);
}

static void nothing_to_be_seen(void **state)
{
	assert_int_equal(look(state, VFIO), KMODULE_UNKNOWN);
	put(state, "lib/modules/6.1/modules.dep", VFIO ".ko:\n");
	put(state, "lib/modules/6.1/modules.builtin", "");
	assert_int_equal(look(state, VFIO), KMODULE_UNKNOWN);
	/* The kernel that runs has been removed by an update. */
	put(state, "proc/sys/kernel/osrelease", "6.0\n");
	assert_int_equal(look(state, VFIO), KMODULE_UNKNOWN);
	put(state, "proc/sys/kernel/osrelease", "6.1\n");
	assert_int_equal(look(state, VFIO), KMODULE_THERE);
}

static void by_the_lists(void **state)
{
	put(state, "proc/sys/kernel/osrelease", "6.1\n");
	put(state, "usr/lib/modules/6.1/modules.dep",
	    "kernel/drivers/vfio/pci/vfio-pci-core.ko.xz: " VFIO ".ko.xz\n"
	    "kernel/drivers/gpu/drm/xe/xe.ko.zst:\n"
	    "updates/kvmgt.ko.gz: a b\n"
	    "extra/nvidia_drm.ko");
	/* Both are needed for a "no". */
	assert_int_equal(look(state, VFIO), KMODULE_UNKNOWN);
	put(state, "usr/lib/modules/6.1/modules.builtin", "kernel/drivers/char/mem.ko\n");
	assert_int_equal(look(state, VFIO), KMODULE_NONE);
	assert_int_equal(look(state, "kernel/drivers/gpu/drm/xe/xe"), KMODULE_THERE);
	assert_int_equal(look(state, "kernel/drivers/gpu/drm/i915/kvmgt"), KMODULE_THERE);
	assert_int_equal(look(state, "nvidia-drm"), KMODULE_THERE);
	assert_int_equal(look(state, "drm"), KMODULE_NONE);
	assert_int_equal(look(state, "nvidia"), KMODULE_NONE);
	assert_int_equal(look(state, "a"), KMODULE_NONE);
	assert_int_equal(look(state, "mem"), KMODULE_THERE);
	put(state, "usr/lib/modules/6.1/modules.builtin", VFIO ".ko");
	assert_int_equal(look(state, VFIO), KMODULE_THERE);
}

/* A distribution's list is long. */
static void a_long_list(void **state)
{
	own_buf struct buf list = {0};

	for (unsigned i = 0; i < 30000; i++)
		buf_addf(&list,
			 "kernel/drivers/net/ethernet/somebody/driver-%u.ko.zst: kernel/a.ko\n", i);
	put(state, "proc/sys/kernel/osrelease", "6.1\n");
	put(state, "lib/modules/6.1/modules.builtin", "");
	put(state, "lib/modules/6.1/modules.dep", list.data);
	assert_int_equal(look(state, VFIO), KMODULE_NONE);
	buf_adds(&list, VFIO ".ko.zst: \n");
	put(state, "lib/modules/6.1/modules.dep", list.data);
	assert_int_equal(look(state, VFIO), KMODULE_THERE);
}

static void by_the_files(void **state)
{
	static const char *const end[] = {".ko", ".ko.gz", ".ko.xz", ".ko.zst"};

	put(state, "proc/sys/kernel/osrelease", "6.1\n");
	put(state, "lib/modules/6.1/" VFIO "-core.ko", "");
	assert_int_equal(look(state, VFIO), KMODULE_UNKNOWN);
	for (size_t i = 0; i < ARRAY_SIZE(end); i++) {
		own_free char *name = xasprintf("lib/modules/6.1/" VFIO "%s", end[i]);
		own_free char *path = in_dir(state, name);

		put(state, name, "");
		assert_int_equal(look(state, VFIO), KMODULE_THERE);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(look(state, VFIO), KMODULE_UNKNOWN);
}

/* By links through the store, as each start makes them anew. */
static void as_on_nixos(void **state)
{
	put(state, "proc/sys/kernel/osrelease", "6.12.30\n");
	put(state, "nix/store/a-kernel-modules/lib/modules/6.12.30/modules.dep", VFIO ".ko.xz:\n");
	link_to(state, "nix/store/b-nixos-system/kernel-modules", "/nix/store/a-kernel-modules");
	assert_int_equal(look(state, VFIO), KMODULE_UNKNOWN);
	link_to(state, "run/booted-system", "/nix/store/b-nixos-system");
	assert_int_equal(look(state, VFIO), KMODULE_THERE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(nothing_to_be_seen), in_scratch(by_the_lists), in_scratch(a_long_list),
		in_scratch(by_the_files),	in_scratch(as_on_nixos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
