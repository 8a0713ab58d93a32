/* The IOMMU, its groups, and what stands in a device's way. */
#include "host_tree.h"

#include "host/iommu.h"
#include "host/pci_verdict.h"

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

/* The words for f's obstacles, ended by ';'. */
static char *obstacles(const struct pci_scene *scene, const char *address, const char *more)
{
	const struct pci_address a = at(address);
	const struct pci_function *f = pci_list_find(&scene->list, &a);
	own_pci_obstacles struct pci_obstacles v = {0};
	own_pci_set struct pci_set set = {0};
	struct buf out = {0};

	pci_board(&set, &scene->list, f);
	if (more) {
		const struct pci_address b = at(more);

		pci_set_add(&set, pci_list_find(&scene->list, &b));
	}
	pci_obstacles_of(&v, scene, f, &set);
	for (size_t i = 0; i < v.n; i++)
		buf_addf(&out, "%s: %s;", pci_obstacle_word(v.v[i].kind), v.v[i].text);
	return buf_steal(&out);
}

#define assert_obstacles(address, more, text)                \
	do {                                                 \
		own_pci_scene struct pci_scene scene_ = {0}; \
		own_free char *said_ = NULL;                 \
		pci_scene_read(&scene_, &root);              \
		said_ = obstacles(&scene_, address, more);   \
		assert_string_equal(said_, text);            \
	} while (0)

static void verdicts(void **state)
{
	tree_root(root);

	crowd(state);
	assert_obstacles("00:01.1", NULL, "bridge: it is a bridge, and may stay in its group;");
	assert_obstacles("00:01.0", NULL, "chipset: it is part of the chipset;");
	assert_obstacles("01:00.0", NULL,
			 "foreign: IOMMU group 3 also holds 0000:02:00.0 (Ethernet controller, no "
			 "driver);");
	assert_obstacles("01:00.0", "02:00.0", "");
	/* What is no PCI function but has a driver is foreign too. */
	put(state, "sys/kernel/iommu_groups/3/devices/INTC1055:00/driver/x", "");
	assert_obstacles("01:00.0", "02:00.0", "foreign: IOMMU group 3 also holds INTC1055:00;");
}

static void boot_vga_matters_while_it_is_driven(void **state)
{
	tree_root(root);

	put(state, "sys/kernel/iommu_groups/1/type", "DMA\n");
	put(state, "proc/self/mountinfo", "");
	put_pci(state, "0000:01:00.0", "10de", "2820", "030000");
	set_group(state, "0000:01:00.0", 1);
	put_attribute(state, "0000:01:00.0", "boot_vga", "1\n");
	assert_obstacles("01:00.0", NULL, "");
	/* The firmware's frame buffer under the console lies on it, though no driver does. */
	link_to(state, "sys/class/graphics/fb0",
		"../../devices/platform/efi-framebuffer.0/graphics/fb0");
	put(state, "sys/devices/platform/efi-framebuffer.0/graphics/fb0/name", "EFI VGA\n");
	put(state, "sys/class/vtconsole/vtcon1/name", "(M) frame buffer device\n");
	put(state, "sys/class/vtconsole/vtcon1/bind", "0\n");
	assert_obstacles("01:00.0", NULL, "");
	put(state, "sys/class/vtconsole/vtcon1/bind", "1\n");
	assert_obstacles(
		"01:00.0", NULL,
		"console: the kernel's console is on fb0: make the other GPU the first one "
		"in the firmware setup;");
}

static void a_driven_boot_vga_stays(void **state)
{
	tree_root(root);

	put(state, "sys/kernel/iommu_groups/1/type", "DMA\n");
	put(state, "proc/self/mountinfo", "");
	put_pci(state, "0000:01:00.0", "10de", "2820", "030000");
	put_pci(state, "0000:01:00.1", "10de", "22bd", "040300");
	set_group(state, "0000:01:00.0", 1);
	set_group(state, "0000:01:00.1", 1);
	put_attribute(state, "0000:01:00.0", "boot_vga", "1\n");
	set_driver(state, "0000:01:00.0", "nouveau");
	assert_obstacles("01:00.0", NULL,
			 "console: it is the boot VGA: make the other GPU the first one in the "
			 "firmware setup;");
	assert_obstacles(
		"01:00.1", NULL,
		"companion: 0000:01:00.0 goes with it, and cannot: it is the boot VGA: make "
		"the other GPU the first one in the firmware setup;");
}

static void virtual_functions_and_no_group(void **state)
{
	tree_root(root);

	put(state, "sys/kernel/iommu_groups/1/type", "DMA\n");
	put(state, "proc/self/mountinfo", "");
	put_pci(state, "0000:03:00.0", "8086", "1572", "020000");
	put_attribute(state, "0000:03:00.0", "sriov_numvfs", "4\n");
	set_group(state, "0000:03:00.0", 1);
	put_pci(state, "0000:04:00.0", "8086", "1572", "020000");
	assert_obstacles("03:00.0", NULL,
			 "virtual-functions: its 4 virtual functions are switched on: pass one of "
			 "these;");
	assert_obstacles("04:00.0", NULL, "no-group: it is in no IOMMU group: no IOMMU covers it;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(states),
		in_scratch(amd_width_is_unknown),
		in_scratch(foreign_members_count),
		in_scratch(verdicts),
		in_scratch(boot_vga_matters_while_it_is_driven),
		in_scratch(a_driven_boot_vga_stays),
		in_scratch(virtual_functions_and_no_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
