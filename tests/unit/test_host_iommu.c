/* The IOMMU and its groups. */
#include "host_tree.h"

#include "base/vfio_node.h"
#include "host/iommu.h"

static void states(void **state)
{
	own_iommu struct iommu none = {0}, unused = {0}, noiommu = {0}, ready = {0};
	tree_root(root);

	iommu_read(&none, &root);
	assert_int_equal(none.state, IOMMU_NONE);
	assert_non_null(iommu_reason(&none));
	put(state, "sys/class/iommu/dmar0/intel-iommu/cap", "d2008c40660462\n");
	put(state, "sys/class/iommu/dmar1/intel-iommu/cap", "d2008c402f0462\n");
	iommu_read(&unused, &root);
	assert_int_equal(unused.state, IOMMU_NO_GROUPS);
	assert_non_null(iommu_reason(&unused));
	assert_string_equal(unused.kind, "Intel VT-d");
	assert_int_equal(unused.units, 2);
	assert_int_equal(unused.width, 39); /* 0x66 & 0x3f is 38, 0x2f is 47: the lesser counts */
	put(state, "sys/kernel/iommu_groups/0/name", "vfio-noiommu\n");
	iommu_read(&noiommu, &root);
	assert_int_equal(noiommu.state, IOMMU_NO_GROUPS);
	put(state, "sys/kernel/iommu_groups/1/type", "DMA-FQ\n");
	iommu_read(&ready, &root);
	assert_int_equal(ready.state, IOMMU_READY);
	assert_null(iommu_reason(&ready));
}

static void amd_width_is_unknown(void **state)
{
	own_iommu struct iommu iommu = {0};
	tree_root(root);

	put(state, "sys/class/iommu/ivhd0/amd-iommu/cap", "0\n");
	iommu_read(&iommu, &root);
	assert_string_equal(iommu.kind, "AMD-Vi");
	assert_int_equal(iommu.width, 0);
}

/* A group with a bridge, a board of two, an idle host bridge and a neighbour. */
static void crowd(void **state)
{
	static const char *const v[][3] = {
		{"0000:00:01.0", "1632", "060000"}, {"0000:00:01.1", "1633", "060400"},
		{"0000:01:00.0", "2820", "030000"}, {"0000:01:00.1", "22bd", "040300"},
		{"0000:02:00.0", "8168", "020000"},
	};

	put(state, "sys/class/iommu/ivhd0/amd-iommu/cap", "0\n");
	put(state, "proc/self/mountinfo", "");
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		put_pci(state, v[i][0], "10de", v[i][1], v[i][2]);
		set_group(state, v[i][0], 3);
	}
	set_driver(state, "0000:00:01.1", "pcieport");
}

/* "direct-relaxable" is for what needs its memory only until its driver comes. */
static void memory_that_the_firmware_keeps(void **state)
{
	static const char *const name = "sys/kernel/iommu_groups/9/reserved_regions";
	tree_root(root);

	assert_false(iommu_is_direct(&root, 9));
	assert_false(iommu_is_direct(&root, -1));
	put(state, name,
	    "0x000000007d000000 0x000000007f7fffff direct-relaxable\n0x00000000fee00000 0x00000000feefffff msi\n");
	assert_false(iommu_is_direct(&root, 9));
	put(state, name,
	    "0x00000000fee00000 0x00000000feefffff msi\n0x000000007d000000 0x000000007f7fffff direct\n");
	assert_true(iommu_is_direct(&root, 9));
}

static void foreign_members_count(void **state)
{
	own_pci_list struct pci_list list = {0};
	own_pci_set struct pci_set board = {0}, foreign = {0}, none = {0}, chipset = {0};
	tree_root(root);

	crowd(state);
	pci_list_read(&list, &root);
	pci_board(&board, &list, &list.v[2]);
	iommu_foreign(&foreign, &list, &list.v[2], &board);
	assert_int_equal(foreign.n, 1);
	assert_ptr_equal(foreign.v[0], &list.v[4]);
	pci_set_add(&board, &list.v[4]);
	iommu_foreign(&none, &list, &list.v[2], &board);
	assert_int_equal(none.n, 0);
	/* A host bridge with a driver makes VFIO refuse the group. */
	set_driver(state, "0000:00:01.0", "igen6_edac");
	pci_list_free(&list);
	pci_set_free(&board);
	pci_list_read(&list, &root);
	iommu_foreign(&chipset, &list, &list.v[4], &board);
	assert_ptr_equal(chipset.v[0], &list.v[0]);
}

static void interfaces(void **state)
{
	struct iommu iommu;
	tree_root(root);

	/* Of a kernel whose modules are not to be seen nothing is said against groups. */
	iommu_read(&iommu, &root);
	assert_true(iommu.containers);
	assert_false(iommu.iommufd);
	iommu_free(&iommu);
	put(state, "proc/sys/kernel/osrelease", "7.2.0\n");
	put(state, "lib/modules/7.2.0/modules.builtin", "kernel/lib/crc.ko\n");
	put(state, "lib/modules/7.2.0/modules.dep",
	    "kernel/drivers/iommu/iommufd/iommufd.ko.xz:\n");
	iommu_read(&iommu, &root);
	assert_true(iommu.iommufd);
	assert_false(iommu.containers);
	iommu_free(&iommu);
	put(state, "lib/modules/7.2.0/modules.dep",
	    "kernel/drivers/vfio/vfio_iommu_type1.ko.xz:\n");
	iommu_read(&iommu, &root);
	assert_false(iommu.iommufd);
	assert_true(iommu.containers);
	iommu_free(&iommu);
	put(state, "dev/iommu", "");
	iommu_read(&iommu, &root);
	assert_true(iommu.iommufd);
	iommu_free(&iommu);
}

static void nodes_of_devices(void **state)
{
	own_free char *none = NULL, *without = NULL, *node = NULL;
	tree_root(root);

	none = vfio_node(&root, "0000:01:00.0");
	assert_null(none);
	/* The directory alone is there in kernels without the interface. */
	put(state, "sys/bus/pci/devices/0000:01:00.0/vfio-dev/vfio3/uevent", "");
	without = vfio_node(&root, "0000:01:00.0");
	assert_null(without);
	put(state, "sys/bus/pci/devices/0000:01:00.0/vfio-dev/vfio3/dev", "511:3\n");
	node = vfio_node(&root, "0000:01:00.0");
	assert_string_equal(node, "/dev/vfio/devices/vfio3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(states),
		in_scratch(amd_width_is_unknown),
		in_scratch(memory_that_the_firmware_keeps),
		in_scratch(foreign_members_count),
		in_scratch(interfaces),
		in_scratch(nodes_of_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
