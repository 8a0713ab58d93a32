/* What QEMU's words mean. Each text is one that QEMU really prints: of the version at its end. */
#include "unit.h"

#include <string.h>

#include "base/alloc.h"
#include "base/own.h"
#include "run/explain.h"

static const struct {
	const char *text, *remedy;
	bool late;
} ROWS[] = {
	{"qemu-system-x86_64: VFIO_MAP_DMA failed: Invalid argument" /* 7.2 */,
	 "cpu.phys-bits at auto", true},
	{"qemu-system-x86_64: vfio_dma_map(0x55d1, 0x381800000000, 0x4000, 0x7f1) = -22 (Invalid argument)" /* 7.2 */
	 ,
	 "cpu.phys-bits at auto", true},
	{"qemu-system-x86_64: vfio_container_dma_map(0x55d1, 0x100000000, 0x80000000, 0x7f1) = -12 (Cannot allocate memory)" /* 10 */
	 ,
	 "ulimit -l", true},
	{"qemu-system-x86_64: vfio: Unable to power on device, stuck in D3" /* all */,
	 "put the computer to sleep", true},
	{"qemu-system-x86_64: -device vfio-pci,host=0000:01:00.0: vfio 0000:01:00.0: group 1 is not viable" /* all */
	 ,
	 "'vmlaunch devices' lists the group", false},
	{"qemu-system-x86_64: -device vfio-pci,host=01:00.0: vfio 0000:01:00.0: no iommu_group found: No such file or directory" /* 7.2 */
	 ,
	 "VT-d", false},
	{"qemu-system-x86_64: -device vfio-pci,host=01:00.0: vfio 0000:01:00.0: failed to setup container for group 7: No available IOMMU models" /* all */
	 ,
	 "vfio_iommu_type1", false},
	{"qemu-system-x86_64: -device vfio-pci,host=01:00.0: vfio 0000:01:00.0: failed to open /dev/vfio/7: Permission denied" /* 7.2 */
	 ,
	 "[gpu] or [pci]", false},
	{"qemu-system-x86_64: -device vfio-pci,host=01:00.0: vfio 0000:01:00.0: Could not open '/dev/vfio/7': Device or resource busy" /* 10 */
	 ,
	 "fuser", false},
	{"qemu-system-x86_64: Address space limit 0xfffffffff < 0x387fffffffff phys-bits too low (36)" /* 7.2 */
	 ,
	 "more bits", false},
	{"qemu-system-x86_64: -device virtio-blk-pci,drive=d: Failed to get \"write\" lock\nIs another process using the image [d.qcow2]?" /* all */
	 ,
	 "fuser -v FILE", false},
	{"qemu-system-x86_64: -blockdev driver=file: Failed to get shared \"write\" lock" /* all */,
	 "fuser -v FILE", false},
	{"qcow2: Image is corrupt: L2 table offset 0x2a00 unaligned; further non-fatal corruption events will be suppressed" /* all */
	 ,
	 "qemu-img check", true},
	{"qemu-system-x86_64: unsupported machine type\nUse -machine help to list supported machines" /* 7.2 */
	 ,
	 "--raise", false},
	{"qemu-system-x86_64: unsupported machine type: \"pc-q35-4.2\"" /* 11.1 */, "--raise",
	 false},
	{"qemu-system-x86_64: Display 'gtk' is not available. Perhaps you want to install qemu-system-gui package?" /* 11.1, Debian's */
	 ,
	 "install what QEMU names", false},
	{"qemu-system-x86_64: -display gtk: Display 'gtk' is not available." /* 7.2 */,
	 "qemu-system-gui", false},
	{"qemu-system-x86_64: -device qxl-vga: 'qxl-vga' is not a valid device model name" /* all */
	 ,
	 "qemu-system-modules-spice", false},
	{"qemu-system-x86_64: -spice unix=on: There is no option group 'spice'" /* all */,
	 "qemu-system-modules-spice", false},
	{"qemu-system-x86_64: -spice: invalid option" /* 10 */, "another display.type", false},
	{"qemu-system-x86_64: device requires 3653632 bytes, block backend provides 1966080 bytes" /* 7.2 */
	 ,
	 "firmware.reset-vars", false},
	{"qemu-system-x86_64: cfi.pflash01 device '/machine/system.flash0' requires 3653632 bytes, pflash0 block backend provides 1966080 bytes" /* 11.1 */
	 ,
	 "firmware.reset-vars", false},
	{"qemu: could not load PC BIOS 'bios.bin'" /* all */, "'vmlaunch firmware'", false},
	{"qemu-system-x86_64: can't open backing store /dev/shm/looking-glass for guest RAM: Permission denied" /* all */
	 ,
	 "sudo rm", false},
	{"qemu-system-x86_64: unable to map backing store for guest RAM: Cannot allocate memory" /* all */
	 ,
	 "memory.hugepages = off", false},
	{"qemu-system-x86_64: cannot set up guest memory 'ram': Cannot allocate memory" /* all */,
	 "less vm.memory", false},
	{"qemu-system-x86_64: qemu_prealloc_mem: preallocating memory failed: Bad address" /* 7.2 */
	 ,
	 "memory.hugepages = off", false},
	{"Could not access KVM kernel module: Permission denied" /* all */, "usermod -aG kvm",
	 false},
	{"Could not access KVM kernel module: No such file or directory" /* all */, "modprobe",
	 false},
	{"qemu-system-x86_64: -netdev user,id=n: Could not set up host forwarding rule 'tcp:127.0.0.1:22-:22'" /* all */
	 ,
	 "network.forward", false},
	{"vfio-pci: Cannot read device rom at 0000:01:00.0\nDevice option ROM contents are probably invalid (check dmesg).\nSkip option ROM probe with rombar=0, or load from file with romfile=" /* all */
	 ,
	 "gpu.rom", false},
};

static void each_has_its_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		own_explained struct explained e = {0}, later = {0};
		own_free char *log = xasprintf("warning: something else\n%s\nlast\n", ROWS[i].text);

		assert_true(explain(log, false, &e));
		if (!strstr(e.remedy, ROWS[i].remedy))
			fail_msg("%s: %s", ROWS[i].text, e.remedy);
		assert_non_null(strstr(ROWS[i].text, e.line));
		/* A guest that ran did not end of what was said before. */
		assert_int_equal(explain(log, true, &later), ROWS[i].late);
	}
}

static void the_cause_and_not_what_came_of_it(void **state)
{
	own_explained struct explained e = {0};

	(void)state;
	assert_true(explain("Device option ROM contents are probably invalid (check dmesg).\n"
			    "x: vfio 0000:01:00.0: group 1 is not viable\n",
			    false, &e));
	assert_non_null(strstr(e.line, "is not viable"));
}

static void nothing_is_known(void **state)
{
	static const char *const text[] = {
		"", "\n\n", "qemu: hardware error\n", "_dma_map(1) = 0\n = -22 (Invalid)\n",
		"vmlaunch: 2026-11-30 08:00:00: group 1 is not viable\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(text); i++) {
		own_explained struct explained e = {0};

		assert_false(explain(text[i], false, &e));
		assert_null(e.line);
	}
}

static void a_line_is_fit_for_a_terminal(void **state)
{
	own_explained struct explained e = {0};

	(void)state;
	assert_true(explain("a\033[2J group 1 is not viable", false, &e));
	assert_string_equal(e.line, "a\\x1b[2J group 1 is not viable");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_remedy),
		cmocka_unit_test(the_cause_and_not_what_came_of_it),
		cmocka_unit_test(nothing_is_known),
		cmocka_unit_test(a_line_is_fit_for_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
