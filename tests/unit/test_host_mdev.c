/* Mediated devices as sysfs shows them, and what GVT-g needs. */
#include "host_tree.h"

#include "host/mdev.h"

#define PARENT "0000:00:02.0"
#define UUID "b155147a-663a-4009-ae7f-e9a96805b3ce"

static void put_type(void **state, const char *id, const char *available, const char *api)
{
	const char *const file[][2] = {{"available_instances", available},
				       {"device_api", api},
				       {"name", "A vGPU\n"},
				       {"description", "one: 1\ntwo: 2\n\n"}};

	for (size_t i = 0; i < ARRAY_SIZE(file); i++) {
		own_free char *name = xasprintf("mdev_supported_types/%s/%s", id, file[i][0]);

		put_attribute(state, PARENT, name, file[i][1]);
	}
}

static void put_mdev(void **state, const char *above, const char *uuid, const char *type,
		     const char *group)
{
	own_free char *listed = xasprintf("sys/bus/mdev/devices/%s", uuid);
	own_free char *place = xasprintf("../../../devices/%s/%s", above, uuid);
	own_free char *file = xasprintf("sys/devices/%s/%s/remove", above, uuid);
	own_free char *type_link = xasprintf("sys/devices/%s/%s/mdev_type", above, uuid);
	own_free char *type_target = xasprintf("../mdev_supported_types/%s", type);
	own_free char *group_link = xasprintf("sys/devices/%s/%s/iommu_group", above, uuid);
	own_free char *group_target = xasprintf("../../../../kernel/iommu_groups/%s", group);

	put(state, file, "");
	link_to(state, listed, place);
	link_to(state, type_link, type_target);
	link_to(state, group_link, group_target);
}

static void read_all(void **state, struct mdev_list *mdevs)
{
	own_pci_list struct pci_list list = {0};

	tree_root(root);
	pci_list_read(&list, &root);
	mdev_list_read(mdevs, &root, &list);
}

static void types(void **state)
{
	own_mdev_list struct mdev_list mdevs = {0};
	const struct mdev_type *type;
	struct pci_address parent = at(PARENT), other = at("0000:01:00.0");

	put_pci(state, PARENT, "8086", "591b", "030000");
	put_pci(state, "0000:01:00.0", "10de", "1c8d", "030200");
	put_type(state, "i915-GVTg_V5_4", "1\n", "vfio-pci\n");
	put_type(state, "i915-GVTg_V5_8", "nonsense\n", "vfio-ccw\n");
	/* No kernel makes such; they would go into a path. */
	put_type(state, "a b", "1\n", "vfio-pci\n");
	put_type(state, "a.b", "1\n", "vfio-pci\n");
	put_type(state, "-x", "1\n", "vfio-pci\n");
	read_all(state, &mdevs);
	assert_int_equal(mdevs.parents, 1);
	assert_null(mdev_parent_find(&mdevs, &other));
	assert_int_equal(mdev_parent_find(&mdevs, &parent)->types, 2);
	type = mdev_type_find(&mdevs.parent[0], "i915-GVTg_V5_4");
	assert_string_equal(type->name, "A vGPU");
	assert_string_equal(type->description, "one: 1 two: 2");
	assert_string_equal(type->api, "vfio-pci");
	assert_int_equal(type->available, 1);
	type = mdev_type_find(&mdevs.parent[0], "i915-GVTg_V5_8");
	assert_string_equal(type->api, "vfio-ccw");
	assert_int_equal(type->available, 0);
	assert_null(mdev_type_find(&mdevs.parent[0], "i915-GVTg_V5"));
}

static void devices(void **state)
{
	own_mdev_list struct mdev_list mdevs = {0};
	const struct mdev *mdev;
	struct pci_address parent = at(PARENT);

	put_pci(state, PARENT, "8086", "591b", "030000");
	put_type(state, "i915-GVTg_V5_4", "0\n", "vfio-pci\n");
	put_mdev(state, "pci0000:00/" PARENT, UUID, "i915-GVTg_V5_4", "12");
	put_mdev(state, "virtual/mtty/mtty", "00000000-0000-4000-8000-000000000001", "mtty-2", "x");
	put(state, "sys/bus/mdev/devices/no-uuid/x", "");
	read_all(state, &mdevs);
	assert_int_equal(mdevs.n, 2);
	mdev = mdev_find(&mdevs, UUID);
	assert_true(mdev->has_parent);
	assert_int_equal(pci_address_compare(&mdev->parent, &parent), 0);
	assert_string_equal(mdev->type, "i915-GVTg_V5_4");
	assert_int_equal(mdev->group, 12);
	mdev = mdev_find(&mdevs, "00000000-0000-4000-8000-000000000001");
	assert_false(mdev->has_parent);
	assert_string_equal(mdev->type, "mtty-2");
	assert_int_equal(mdev->group, -1);
	assert_null(mdev_find(&mdevs, "00000000-0000-4000-8000-000000000002"));
}

static void one(void **state)
{
	own_mdev struct mdev mdev = {0};

	put_pci(state, PARENT, "8086", "591b", "030000");
	put_mdev(state, "pci0000:00/" PARENT, UUID, "i915-GVTg_V5_4", "12");
	tree_root(root);
	assert_false(mdev_read(&mdev, &root, "00000000-0000-4000-8000-000000000001"));
	assert_false(mdev_read(&mdev, &root, "../../../devices/pci0000:00/" PARENT));
	assert_int_equal(mdev.group, -1);
	assert_true(mdev_read(&mdev, &root, "B155147A-663A-4009-AE7F-E9A96805B3CE"));
	assert_string_equal(mdev.uuid, UUID);
}

static void names(void **state)
{
	own_free char *longest = xmalloc(MDEV_TYPE + 1);

	(void)state;
	memset(longest, 'a', MDEV_TYPE);
	longest[MDEV_TYPE] = '\0';
	assert_false(mdev_type_is_good(longest));
	longest[MDEV_TYPE - 1] = '\0';
	assert_true(mdev_type_is_good(longest));
	assert_true(mdev_type_is_good("nvidia-63"));
	assert_false(mdev_type_is_good(""));
	assert_false(mdev_type_is_good(".."));
	assert_false(mdev_type_is_good("a/b"));
	assert_false(mdev_type_is_good("a\nb"));
	assert_false(mdev_type_is_good("-a"));
}

static struct gvt gvt(void **state)
{
	struct gvt found;

	tree_root(root);
	gvt_read(&found, &root);
	return found;
}

#define ENABLE "sys/module/i915/parameters/enable_gvt"

static void gvt_by_its_parameter(void **state)
{
	assert_int_equal(gvt(state).state, GVT_ABSENT);
	assert_false(gvt(state).kvm);
	put(state, ENABLE, "N\n");
	assert_int_equal(gvt(state).state, GVT_OFF);
	put(state, ENABLE, "Y\n");
	put(state, "sys/module/kvm/parameters/ignore_msrs", "N\n");
	assert_int_equal(gvt(state).state, GVT_ON);
	assert_true(gvt(state).kvm);
	assert_false(gvt(state).ignores_msrs);
	assert_false(gvt(state).loaded);
	assert_int_equal(gvt(state).module, KMODULE_UNKNOWN);
	put(state, "sys/module/kvm/parameters/ignore_msrs", "Y\n");
	put(state, "sys/module/kvmgt/initstate", "live\n");
	put(state, "proc/sys/kernel/osrelease", "6.1\n");
	put(state, "lib/modules/6.1/kernel/drivers/gpu/drm/i915/kvmgt.ko", "");
	assert_true(gvt(state).ignores_msrs);
	assert_true(gvt(state).loaded);
	assert_int_equal(gvt(state).module, KMODULE_THERE);
}

/* The parameter is root's to read: what a plain user can tell. A directory in its place cannot be
 * read by anybody.
 */
static void gvt_by_its_options(void **state)
{
	put(state, ENABLE "/x", "");
	assert_int_equal(gvt(state).state, GVT_UNKNOWN);
	put(state, "proc/cmdline", "quiet xi915.enable_gvt=1 i915.enable_gvt=0\n");
	assert_int_equal(gvt(state).state, GVT_UNKNOWN);
	put(state, "proc/cmdline", "quiet i915.enable_gvt=0 i915.enable_gvt=1\n");
	assert_int_equal(gvt(state).state, GVT_ON);
	put(state, "proc/cmdline", "quiet\n");
	put(state, "etc/modprobe.d/a.conf",
	    "# options i915 enable_gvt=1\noptions kvm enable_gvt=1\n");
	put(state, "etc/modprobe.d/b", "options i915 enable_gvt=1\n");
	assert_int_equal(gvt(state).state, GVT_UNKNOWN);
	put(state, "etc/modprobe.d/c.conf", "\noptions i915 enable_guc=3 enable_gvt=Y");
	assert_int_equal(gvt(state).state, GVT_ON);
	put(state, "etc/modprobe.d/c.conf", "");
	assert_int_equal(gvt(state).state, GVT_UNKNOWN);
	put(state, "usr/lib/modprobe.d/d.conf", "options i915 enable_gvt=1");
	assert_int_equal(gvt(state).state, GVT_ON);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(types),
		in_scratch(devices),
		in_scratch(one),
		cmocka_unit_test(names),
		in_scratch(gvt_by_its_parameter),
		in_scratch(gvt_by_its_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
