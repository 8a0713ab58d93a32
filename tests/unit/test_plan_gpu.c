/* Composing GPUs and other host devices from hand-made facts: where the guest finds them, as what,
 * and the window for their BARs.
 */
#include "plan_world.h"

#define ONE "[gpu]\ndevice = 10de:2820\n"
#define IDS ",x-pci-sub-vendor-id=0x1043,x-pci-sub-device-id=0x1e6c"

static void devices_are(struct world *w, const char *text, const char *want)
{
	own_plan struct plan *plan = planned(w, text);

	values_are(plan, "-device", "vfio-pci,", want);
}

/* ------------------------------------------------------------------ where */

static void a_board_behind_a_port_of_its_own(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, ONE);
	const struct argument *video = find(plan, "-device", "vfio-pci,host=0000:01:00.0");

	(void)state;
	values_are(
		plan, "-device", "pcie-root-port,id=gpuport",
		"pcie-root-port,id=gpuport1,bus=pcie.0,addr=01.0,chassis=8,port=8,hotplug=off,multifunction=on\n");
	values_are(plan, "-device", "vfio-pci,",
		   "vfio-pci,host=0000:01:00.0,id=gpu-0,bus=gpuport1,addr=00.0,multifunction=on" IDS
		   "\nvfio-pci,host=0000:01:00.1,id=gpu-1,bus=gpuport1,addr=00.1" IDS "\n");
	assert_string_equal(video->cause.key, "gpu.device");
	assert_string_equal(video->cause.at, "p.ini:2:10");
	assert_string_equal(video->cause.why, "VGA controller");
}

/* With two groups, one function may stay at the host. */
static struct world split_world(void)
{
	struct world w = world();

	w.function[GPU_AUDIO].group = 7;
	return w;
}

static void functions(void **state)
{
	struct world w = split_world();

	(void)state;
	devices_are(&w, ONE "functions = 0\n",
		    "vfio-pci,host=0000:01:00.0,id=gpu-0,bus=gpuport1,addr=00.0" IDS "\n");
	/* A guest would not find function 1 of a slot without 0. */
	devices_are(&w, ONE "functions = 1\n",
		    "vfio-pci,host=0000:01:00.1,id=gpu-0,bus=gpuport1,addr=00.0" IDS "\n");
	devices_are(
		&w, ONE "functions = 0,1\n",
		"vfio-pci,host=0000:01:00.0,id=gpu-0,bus=gpuport1,addr=00.0,multifunction=on" IDS
		"\nvfio-pci,host=0000:01:00.1,id=gpu-1,bus=gpuport1,addr=00.1" IDS "\n");
	refused(&w, ONE "functions = 2\n", ERROR_USAGE,
		"p.ini:2:10: gpu.device: its board has none of the functions 2\n");
	misread(ONE "functions = 0;1\n",
		"p.ini:3:13: gpu.functions: '0;1' is not all, or function numbers such as 0,1\n");
}

static void separate(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, ONE "layout = separate\n"), *later = NULL;

	(void)state;
	values_are(plan, "-device", "vfio-pci,",
		   "vfio-pci,host=0000:01:00.0,id=gpu-0,bus=gpuport1,addr=00.0" IDS
		   "\nvfio-pci,host=0000:01:00.1,id=gpu-1,bus=gpuport2,addr=00.0" IDS "\n");
	values_are(
		plan, "-device", "pcie-root-port,id=gpuport2,",
		"pcie-root-port,id=gpuport2,bus=pcie.0,addr=01.1,chassis=9,port=9,hotplug=off\n");
	/* The place is the first function's, the others follow. */
	later = planned(&w, ONE "layout = separate\nguest-slot = 05:00\n");
	values_are(later, "-device", "vfio-pci,",
		   "vfio-pci,host=0000:01:00.0,id=gpu-0,bus=gpuport5,addr=00.0" IDS
		   "\nvfio-pci,host=0000:01:00.1,id=gpu-1,bus=gpuport6,addr=00.0" IDS "\n");
}

static void guest_slots(void **state)
{
	struct world w = world();
	own_plan struct plan *first = planned(&w, ONE "guest-slot = 01:00\n");
	own_plan struct plan *sixth = planned(&w, ONE "guest-slot = 06:00\n[network]\n");
	own_plan struct plan *tenth = planned(&w, ONE "guest-slot = 0A:00\n[network]\n");
	size_t empty = 0;

	(void)state;
	assert_non_null(
		find(first, "-device", "vfio-pci,host=0000:01:00.0,id=gpu-0,bus=gpuport1,"));
	assert_null(find(first, "-device", "pcie-root-port,id=gpuport2"));
	assert_non_null(
		find(sixth, "-device", "vfio-pci,host=0000:01:00.0,id=gpu-0,bus=gpuport6,"));
	for (size_t i = 0; i < sixth->arguments; i++) {
		const struct argument *a = &sixth->argument[i];

		empty += a->cause.why &&
			 strcmp(a->cause.why,
				"empty: the GPU behind it is wanted at a later bus") == 0;
	}
	assert_int_equal(empty, 5);
	has(sixth, "-device",
	    "pcie-root-port,id=gpuport6,bus=pcie.0,addr=01.5,chassis=13,port=13,hotplug=off");
	assert_string_equal(find(sixth, "-device", "pcie-root-port,id=gpuport6")->cause.why,
			    "a root port for gpu alone");
	has(sixth, "-device",
	    "pcie-root-port,id=port10,bus=pcie.0,addr=02.0,chassis=16,port=16,multifunction=on");
	/* Eight ports fill a slot; those of the others come behind. */
	has(tenth, "-device",
	    "pcie-root-port,id=gpuport9,bus=pcie.0,addr=02.0,chassis=16,port=16,hotplug=off,multifunction=on");
	assert_non_null(
		find(tenth, "-device", "vfio-pci,host=0000:01:00.0,id=gpu-0,bus=gpuport10,"));
	has(tenth, "-device",
	    "pcie-root-port,id=port18,bus=pcie.0,addr=03.0,chassis=24,port=24,multifunction=on");
	misread(ONE "guest-slot = 01:01\n",
		"p.ini:3:14: gpu.guest-slot: '01:01' is not a slot from 01:00 to 20:00 (hexadecimal), or auto\n");
}

#define TWO "[gpu a]\ndevice = 10de:2820\n[gpu b]\ndevice = 1002:744c\n"

static void two_gpus(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, TWO), *placed = NULL;

	(void)state;
	values_are(
		plan, "-device", "vfio-pci,",
		"vfio-pci,host=0000:01:00.0,id=gpu-a-0,bus=gpuport1,addr=00.0,multifunction=on" IDS
		"\nvfio-pci,host=0000:01:00.1,id=gpu-a-1,bus=gpuport1,addr=00.1" IDS
		"\nvfio-pci,host=0000:02:00.0,id=gpu-b-0,bus=gpuport2,addr=00.0" IDS "\n");
	placed = planned(
		&w,
		"[gpu a]\ndevice = 10de:2820\nguest-slot = 02:00\n[gpu b]\ndevice = 1002:744c\n");
	assert_non_null(
		find(placed, "-device", "vfio-pci,host=0000:02:00.0,id=gpu-b-0,bus=gpuport3,"));
	refused(&w, TWO "guest-slot = 01:00\n", ERROR_USAGE,
		"p.ini:5:14: gpu b.guest-slot: 01:00 is taken, or not behind the GPU before it: slots go up in the order of the sections\n");
	refused(&w,
		"[gpu a]\ndevice = 10de:2820\nguest-slot = 03:00\n[gpu b]\ndevice = 1002:744c\nguest-slot = 02:00\n",
		ERROR_USAGE,
		"p.ini:6:14: gpu b.guest-slot: 02:00 is taken, or not behind the GPU before it: slots go up in the order of the sections\n");
}

static void gpus_come_before_others(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, "[pci card]\ndevice = 8086:15f3\n" ONE);

	(void)state;
	/* Not its board, not its ids, and behind the GPUs' ports. */
	values_are(plan, "-device", "vfio-pci,host=0000:04:00.0",
		   "vfio-pci,host=0000:04:00.0,id=pci-card-0,bus=port10,addr=00.0\n");
	values_are(plan, "-device", "vfio-pci,host=0000:01:00.1",
		   "vfio-pci,host=0000:01:00.1,id=gpu-1,bus=gpuport1,addr=00.1" IDS "\n");
	assert_ptr_equal(find(plan, "-device", "pcie-root-port,"),
			 find(plan, "-device", "pcie-root-port,id=gpuport1,"));
}

/* A drive behind a controller of its own, say. */
static void a_device_that_is_booted_from(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(
		&w, "[boot]\norder = network/b pci/a\n[pci a]\ndevice = 8086:15f3\n[network b]\n");

	(void)state;
	values_are(plan, "-device", "vfio-pci,host=0000:04:00.0",
		   "vfio-pci,host=0000:04:00.0,id=pci-a-0,bus=port10,addr=00.0,bootindex=2\n");
}

static void switched_off(void **state)
{
	struct world w = world();
	own_plan struct plan *off = planned(&w, ONE "enabled = no\n"), *without = NULL;

	(void)state;
	lacks(off, "-device", "vfio-pci");
	assert_int_equal(off->steps, 0);
	has(off, "-cpu", "host");
	w.in.no_devices = true;
	without = planned(&w, ONE);
	lacks(without, "-device", "vfio-pci");
	assert_int_equal(without->steps, 0);
}

static void a_function_is_given_once(void **state)
{
	struct world w = world();

	(void)state;
	refused(&w, ONE "[pci audio]\ndevice = 01:00.1\n", ERROR_USAGE,
		"p.ini:4:10: pci audio.device: another section passes 0000:01:00.1 already\n");
	refused(&w, "[gpu a]\ndevice = 1002:744c\n[gpu b]\ndevice = 02:00.0\n", ERROR_USAGE,
		"p.ini:4:10: gpu b.device: another section passes 0000:02:00.0 already\n");
	/* As two sections, that is well. */
	devices_are(&w, ONE "functions = 0\n[pci audio]\ndevice = 01:00.1\n",
		    "vfio-pci,host=0000:01:00.0,id=gpu-0,bus=gpuport1,addr=00.0" IDS
		    "\nvfio-pci,host=0000:01:00.1,id=pci-audio-0,bus=port10,addr=00.0\n");
}

/* ------------------------------------------------------------------ as what */

static void ids(void **state)
{
	struct world w = split_world();
	static const char video[] =
		"vfio-pci,host=0000:01:00.0,id=gpu-0,bus=gpuport1,addr=00.0,multifunction=on";
	static const char audio[] = "vfio-pci,host=0000:01:00.1,id=gpu-1,bus=gpuport1,addr=00.1";
	own_free char *own = xasprintf("%s\n%s\n", video, audio);
	own_free char *one = xasprintf(
		"%s,x-pci-vendor-id=0x10de,x-pci-device-id=0x25a2,x-pci-sub-vendor-id=0x1d05,x-pci-sub-device-id=0x1178\n%s,x-pci-sub-vendor-id=0x1d05,x-pci-sub-device-id=0x1178\n",
		video, audio);
	own_free char *two = xasprintf(
		"%s,x-pci-vendor-id=0x10de,x-pci-device-id=0x25a2,x-pci-sub-vendor-id=0x1d05,x-pci-sub-device-id=0x1178\n%s,x-pci-vendor-id=0x10de,x-pci-device-id=0x2291,x-pci-sub-vendor-id=0xabcd,x-pci-sub-device-id=0x0001\n",
		video, audio);

	(void)state;
	devices_are(&w, ONE "ids = none\n", own);
	devices_are(&w, ONE "ids = 10de:25a2:1d05:1178\n", one);
	devices_are(&w, ONE "ids = 10de:25a2:1d05:1178 10DE:2291:ABCD:0001\n", two);
	refused(&w, ONE "functions = 0\nids = 10de:25a2:1d05:1178 10de:2291:1d05:1178\n",
		ERROR_USAGE, "p.ini:4:7: gpu.ids: 2 ids for 1 functions\n");
	misread(ONE "ids = 10de:25a2\n",
		"p.ini:3:7: gpu.ids: '10de:25a2' is not host, none, or ids such as 10de:25a2:1d05:1178, separated by spaces\n");
}

static void nobody_filled_in_the_subsystem(void **state)
{
	struct world w = split_world();

	(void)state;
	w.function[GPU_AUDIO].has_subsystem = false;
	w.function[GPU_AUDIO].subvendor = w.function[GPU_AUDIO].subdevice = 0;
	refused(&w, ONE "ids = host\n", ERROR_HOST,
		"p.ini:3:7: 0000:01:00.1 has no subsystem ids here (0000:0000): give gpu.ids = 10de:2820:1043:1e6c, and it has those of its board\n");
	w.function[GPU_VIDEO].has_subsystem = false;
	/* One remedy for both. */
	refused(&w, ONE, ERROR_HOST,
		"0000:01:00.0 has no subsystem ids here (0000:0000): give gpu.ids = 10de:2820:SUBVENDOR:SUBDEVICE; Windows on the bare machine shows them as SUBSYS, the device before the vendor\n");
	devices_are(&w, ONE "ids = none\nfunctions = 0\n",
		    "vfio-pci,host=0000:01:00.0,id=gpu-0,bus=gpuport1,addr=00.0\n");
}

/* A ROM of one image for one device: PCI Firmware Specification 3.0, 5.1. */
static void set_pcir(char rom[512], unsigned vendor, unsigned device)
{
	const unsigned char pcir[24] = {'P',
					'C',
					'I',
					'R',
					(unsigned char)vendor,
					(unsigned char)(vendor >> 8),
					(unsigned char)device,
					(unsigned char)(device >> 8),
					0,
					0,
					24,
					0,
					0,
					0,
					0,
					3,
					1,
					0,
					0,
					0,
					3,
					0x80};

	rom[0x18] = 0x1c;
	memcpy(rom + 0x1c, pcir, sizeof(pcir));
}

static void option_roms(void **state)
{
	struct world w = world();
	own_free char *rom = in_dir(state, "a, b.rom"), *with = NULL;
	own_free char *profile = xasprintf(ONE "ids = none\nrom = %s\n", rom);
	own_free char *no_bar = xasprintf("%srom-bar = no\n", profile);

	put(state, "a, b.rom", "x");
	/* The board's ROM is the first function's. */
	with = xasprintf(
		"vfio-pci,host=0000:01:00.0,id=gpu-0,bus=gpuport1,addr=00.0,multifunction=on,romfile=%s/a,, b.rom\nvfio-pci,host=0000:01:00.1,id=gpu-1,bus=gpuport1,addr=00.1\n",
		(char *)*state);
	devices_are(&w, profile, with);
	/* With a file QEMU would hand it to the firmware all the same. */
	devices_are(
		&w, no_bar,
		"vfio-pci,host=0000:01:00.0,id=gpu-0,bus=gpuport1,addr=00.0,multifunction=on,rombar=0\nvfio-pci,host=0000:01:00.1,id=gpu-1,bus=gpuport1,addr=00.1,rombar=0\n");
	devices_are(
		&w, ONE "x-vga = yes\nids = none\n",
		"vfio-pci,host=0000:01:00.0,id=gpu-0,bus=gpuport1,addr=00.0,multifunction=on,x-vga=on\nvfio-pci,host=0000:01:00.1,id=gpu-1,bus=gpuport1,addr=00.1\n");
}

/* A processor's graphics: the driver of their outputs is their sound function's. */
static void option_roms_of_other_functions(void **state)
{
	static char rom[512] = "\x55\xaa\x01", nothing[] = "";
	struct plan_file files[] = {{"/proc/self/exe", rom, sizeof(rom)},
				    {"/proc/self/maps", nothing, 0}};
	struct world w = world();
	own_plan struct plan *told = NULL;

	(void)state;
	devices_are(
		&w, ONE "ids = none\nrom-1 = /proc/self/exe\n",
		"vfio-pci,host=0000:01:00.0,id=gpu-0,bus=gpuport1,addr=00.0,multifunction=on\nvfio-pci,host=0000:01:00.1,id=gpu-1,bus=gpuport1,addr=00.1,romfile=/proc/self/exe\n");
	/* In a slot of its own it stays the function that it is on its board. */
	devices_are(
		&w, ONE "ids = none\nlayout = separate\nrom-1 = /proc/self/exe\n",
		"vfio-pci,host=0000:01:00.0,id=gpu-0,bus=gpuport1,addr=00.0\nvfio-pci,host=0000:01:00.1,id=gpu-1,bus=gpuport2,addr=00.0,romfile=/proc/self/exe\n");
	/* The only one of its board is the guest's function 0. */
	w.function[GPU_AUDIO].group = 9;
	devices_are(
		&w, ONE "ids = none\nfunctions = 1\nrom = /proc/self/exe\n",
		"vfio-pci,host=0000:01:00.1,id=gpu-0,bus=gpuport1,addr=00.0,romfile=/proc/self/exe\n");
	refused(&w, ONE "functions = 0\nrom-1 = /proc/self/exe\nrom-7 = /proc/self/exe\n",
		ERROR_USAGE,
		"p.ini:4:9: gpu.rom-1: no function 1 of its board is passed\np.ini:5:9: gpu.rom-7: no function 7 of its board is passed\n");
	/* Each is held against what the guest reads of its function. */
	set_pcir(rom, 0x10de, 0x22bd);
	w.in.file = files;
	w.in.files = 2;
	told = planned(&w, ONE "rom-1 = /proc/self/exe\n");
	assert_int_equal(told->warnings, 0);
	plan_free(told);
	told = planned(&w, ONE "rom = /proc/self/exe\n");
	assert_int_equal(told->warnings, 1);
	assert_non_null(
		strstr(told->warning[0],
		       "gpu.rom: /proc/self/exe: it is for 10de:22bd, the device is 10de:2820"));
	plan_free(told);
	told = planned(&w, ONE "ids = 10de:22bd:1043:1e6c\nrom = /proc/self/exe\n");
	assert_int_equal(told->warnings, 0);
	/* Nothing in it makes a picture under UEFI. */
	assert_non_null(strstr(told->note[0], "gpu.rom: /proc/self/exe: it has no EFI image"));
	plan_free(told);
	/* Cut off right behind its first image. */
	rom[0x1c + 21] = 0;
	told = planned(&w, ONE "rom-1 = /proc/self/exe\n");
	assert_int_equal(told->notes, 0);
	assert_int_equal(told->warnings, 1);
	assert_non_null(strstr(told->warning[0], "no image is marked as the last one"));
}

/* SeaBIOS would have its tables where QEMU puts the initrd. */
static void a_rom_by_acpi_beside_an_initrd(void **state)
{
	static char bytes[100 << 10] = "\x55\xaa";
	struct plan_file file = {"/proc/self/exe", bytes, sizeof(bytes)};
	struct world w = world();
	own_plan struct plan *uefi = NULL, *small = NULL;

	(void)state;
	w.in.file = &file;
	w.in.files = 1;
#define BOOT                                                                                      \
	"[boot]\nkernel = /proc/self/exe\ninitrd = /proc/self/exe\n" ONE "rom = /proc/self/exe\n" \
	"rom-acpi = yes\n"
	refused(&w, BOOT "[firmware]\nuefi = no\n", ERROR_HOST,
		"p.ini:3:10: with firmware.uefi = no, boot.initrd lies where SeaBIOS has ACPI tables of more than 96 KiB, and these have 100: gpu.rom-acpi = no leaves the largest out\n");
	uefi = planned(&w, BOOT);
	assert_non_null(find(uefi, "-initrd", NULL));
	file.size = 60 << 10;
	small = planned(&w, BOOT "[firmware]\nuefi = no\n");
	assert_non_null(find(small, "-initrd", NULL));
#undef BOOT
}

/* ------------------------------------------------------------------ reset */

static bool has_line(const struct plan_step *step, const char *line)
{
	for (size_t i = 0; i < step->lines; i++)
		if (text_starts(step->line[i], line))
			return true;
	return false;
}

static void resets(void **state)
{
#define METHOD "/sys/bus/pci/devices/0000:01:00.0/reset_method   # now: flr bus"
	static char *methods[] = {S("flr"), S("bus")};
	struct world w = world();
	own_plan struct plan *kernels = NULL, *flr = NULL, *bus = NULL, *known = NULL;
	const struct plan_step *claim;

	(void)state;
	w.function[GPU_VIDEO].reset = methods;
	w.function[GPU_VIDEO].resets = 2;
	w.function[GPU_VIDEO].has_parent = true;
	kernels = planned(&w, ONE);
	assert_false(has_line(step(kernels, STEP_CLAIM), "echo flr"));
	flr = planned(&w, ONE "reset = flr\n");
	claim = step(flr, STEP_CLAIM);
	assert_true(has_line(claim, "echo flr > " METHOD));
	/* Displays are last; the board's other functions are reset as the kernel has it. */
	assert_int_equal(claim->intent.claim.function[1].reset, RESET_FLR);
	assert_int_equal(claim->intent.claim.function[0].reset, RESET_AUTO);
	bus = planned(&w, ONE "reset = bus\n");
	assert_true(has_line(step(bus, STEP_CLAIM), "echo '' > " METHOD));
	refused(&w, ONE "reset = acpi\n", ERROR_HOST,
		"p.ini:3:9: 0000:01:00.0 cannot be reset by 'acpi': the kernel has no reset 'acpi' for it, but: flr bus\n");
	/* What is known of a card is told, and why its line is there. */
	w.function[GPU_VIDEO].device = 0x2b85;
	known = planned(&w, "[gpu]\ndevice = 01:00.0\n");
	assert_true(has_line(step(known, STEP_CLAIM),
			     "echo '' > " METHOD " (GB202, which does not come back from FLR"));
	notes_are(known, "");
	plan_free(known);
	w.function[GPU_VIDEO].vendor = 0x1002;
	w.function[GPU_VIDEO].device = 0x7590;
	known = planned(&w, "[gpu]\ndevice = 01:00.0\n");
	assert_int_equal(known->notes, 1);
	assert_non_null(strstr(known->note[0],
			       "0000:01:00.0: a second start may fail: Navi 44, of a generation"));
	plan_free(known);
	known = planned(&w, "[gpu]\ndevice = 01:00.0\nreset = flr\n");
	notes_are(known, "");
#undef METHOD
}

/* ------------------------------------------------------------------ large BARs */

static void window_is(struct world *w, const char *text, const char *mib)
{
	own_plan struct plan *plan = planned(w, text);
	own_free char *want = xasprintf("name=opt/ovmf/X-PciMmio64Mb,string=%s", mib ? mib : "");

	if (mib)
		has(plan, "-fw_cfg", want);
	else
		lacks(plan, "-fw_cfg", "name=opt/ovmf/X-PciMmio64Mb");
}

/* The power of two above the sum of all 64-bit BARs; OVMF has 32 GiB unasked. */
static void a_window_for_large_bars(void **state)
{
	static const struct {
		uint64_t bar, more;
		const char *mib;
	} row[] = {
		{8 * GIB, 32 * MIB, NULL},     {16 * GIB, 32 * MIB, NULL}, {32 * GIB, 0, "65536"},
		{32 * GIB, 64 * MIB, "65536"}, {64 * GIB, 0, "131072"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct world w = world();

		give_bar(&w, GPU_VIDEO, PCI_BAR_MEM32, 16 * MIB);
		give_bar(&w, GPU_VIDEO, PCI_BAR_MEM64, row[i].bar);
		give_bar(&w, GPU_AUDIO, PCI_BAR_MEM64, row[i].more);
		window_is(&w, ONE "[vm]\nmemory = 4G\n", row[i].mib);
	}
}

static void what_counts_for_the_window(void **state)
{
	struct world w = world();

	(void)state;
	give_bar(&w, GPU_VIDEO, PCI_BAR_MEM32, 64 * GIB);
	give_bar(&w, NVME, PCI_BAR_MEM64, 64 * GIB);
	window_is(&w, ONE, NULL);
	/* All that is passed, together. */
	give_bar(&w, GPU_VIDEO, PCI_BAR_MEM64, 16 * GIB);
	give_bar(&w, OTHER_GPU, PCI_BAR_MEM64, 16 * GIB);
	window_is(&w, ONE, NULL);
	window_is(&w, TWO, "65536");
	/* SeaBIOS places them unaided. */
	window_is(&w, TWO "[firmware]\nuefi = no\n", NULL);
	w.in.no_devices = true;
	window_is(&w, TWO, NULL);
}

static void a_window_by_the_profile(void **state)
{
	struct world w = world();

	(void)state;
	window_is(&w, "[firmware]\nmmio64 = 64G\n", "65536");
	window_is(&w, "[firmware]\nmmio64 = 1G\n", "1024");
	give_bar(&w, GPU_VIDEO, PCI_BAR_MEM64, 64 * GIB);
	window_is(&w, ONE "[firmware]\nmmio64 = 256G\n", "262144");
	misread("[firmware]\nmmio64 = 32T\n",
		"p.ini:2:10: firmware.mmio64: '32T' is out of range; 1G to 16T\n");
}

/* Of which the firmware keeps 1/256 for each port that something may be plugged into. */
static void a_window_that_is_too_small(void **state)
{
	struct world w = world();

	(void)state;
	give_bar(&w, GPU_VIDEO, PCI_BAR_MEM64, 8 * GIB);
	refused(&w, ONE "[firmware]\nmmio64 = 2G\n", ERROR_HOST,
		"p.ini:4:10: firmware.mmio64 is 2048 MiB, but the devices' large BARs take 8192 MiB and the root ports 8 MiB of it: give 16384M or more, or auto\n");
	refusal_says(&w, ONE "[firmware]\nmmio64 = 8G\n", "is 8192 MiB, but");
	window_is(&w, ONE "[firmware]\nmmio64 = 9G\n", "9216");
	w.function[GPU_VIDEO].bar[0].size = 64 * GIB - 257 * MIB;
	window_is(&w, ONE, "65536");
	window_is(&w, ONE "[network]\n", "131072");
	refusal_says(&w, ONE "[network]\n[firmware]\nmmio64 = 64G\n",
		     "and the root ports 512 MiB of it: give 131072M or more");
}

static void a_window_that_does_not_fit(void **state)
{
	struct world w = world();

	(void)state;
	/* 39 bits are 512 GiB: a window of half of it begins in the middle or nowhere. */
	give_bar(&w, GPU_VIDEO, PCI_BAR_MEM64, 128 * GIB);
	w.facts.memory.total = w.facts.memory.available = 1024 * GIB;
	window_is(&w, ONE "[vm]\nmemory = 252G\n", "262144");
	refused(&w, ONE "[vm]\nmemory = 253G\n", ERROR_HOST,
		"the devices' large BARs need a window of 256 GiB, which does not fit below the guest's 39 address bits beside 253 GiB of memory\n");
	refused(&w, ONE "[firmware]\nmmio64 = 512G\n", ERROR_HOST,
		"p.ini:4:10: the devices' large BARs need a window of 512 GiB, which does not fit below the guest's 39 address bits beside 4 GiB of memory\n");
	/* With all the processor's own bits it would. */
	window_is(&w, ONE "[vm]\nmemory = 253G\n[cpu]\nphys-bits = 46\n", "262144");
	/* Other models and emulation have 40, whatever the host has. */
	window_is(&w, "[firmware]\nmmio64 = 1T\n", "1048576");
	refused(&w, "[firmware]\nmmio64 = 1T\n[cpu]\naccel = tcg\n", ERROR_HOST,
		"p.ini:2:10: the devices' large BARs need a window of 1024 GiB, which does not fit below the guest's 40 address bits beside 4 GiB of memory\n");
	refused(&w, "[firmware]\nmmio64 = 1T\n[cpu]\nmodel = Skylake-Client\n", ERROR_HOST,
		"p.ini:2:10: the devices' large BARs need a window of 1024 GiB, which does not fit below the guest's 40 address bits beside 4 GiB of memory\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_board_behind_a_port_of_its_own),
		cmocka_unit_test(functions),
		cmocka_unit_test(separate),
		cmocka_unit_test(guest_slots),
		cmocka_unit_test(two_gpus),
		cmocka_unit_test(gpus_come_before_others),
		cmocka_unit_test(a_device_that_is_booted_from),
		cmocka_unit_test(switched_off),
		cmocka_unit_test(a_function_is_given_once),
		cmocka_unit_test(ids),
		cmocka_unit_test(nobody_filled_in_the_subsystem),
		in_scratch(option_roms),
		cmocka_unit_test(option_roms_of_other_functions),
		cmocka_unit_test(resets),
		cmocka_unit_test(a_rom_by_acpi_beside_an_initrd),
		cmocka_unit_test(a_window_for_large_bars),
		cmocka_unit_test(what_counts_for_the_window),
		cmocka_unit_test(a_window_by_the_profile),
		cmocka_unit_test(a_window_that_is_too_small),
		cmocka_unit_test(a_window_that_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
