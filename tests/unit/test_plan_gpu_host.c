/* GPUs and the host: the steps that give them away, and what stands against them. */
#include "plan_world.h"

#define ONE "[gpu]\ndevice = 10de:2820\n"
#define TWO "[gpu a]\ndevice = 10de:2820\n[gpu b]\ndevice = 1002:744c\n"

/* ------------------------------------------------------------------ the host's steps */

static void from_nvidia(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, ONE);
	const struct plan_step *claim = step(plan, STEP_CLAIM);

	(void)state;
	lines_are(
		plan, STEP_CLAIM,
		"modprobe vfio-pci   # unless it is loaded\necho vfio-pci > /sys/bus/pci/devices/0000:01:00.1/driver_override   # now: (null)\necho vfio-pci > /sys/bus/pci/devices/0000:01:00.0/driver_override   # now: (null)\nsystemctl stop nvidia-persistenced nvidia-powerd   # those that run\nrmmod nvidia_drm nvidia_modeset nvidia_uvm nvidia   # proves that nobody uses it\necho 0000:01:00.1 > /sys/bus/pci/drivers/snd_hda_intel/unbind\necho 0000:01:00.1 > /sys/bus/pci/drivers_probe\necho 0000:01:00.0 > /sys/bus/pci/drivers_probe\nsetfacl -m u:$USER:rw /dev/vfio/2\n");
	/* The display last: the others hang on its power. */
	assert_int_equal(claim->intent.claim.functions, 2);
	assert_int_equal(claim->intent.claim.function[0].device, 0x22bd);
	assert_string_equal(claim->intent.claim.function[0].driver, "snd_hda_intel");
	assert_int_equal(claim->intent.claim.function[1].bus, 1);
	assert_int_equal(claim->intent.claim.function[1].function, 0);
	assert_int_equal(claim->intent.claim.function[1].vendor, 0x10de);
	assert_string_equal(claim->intent.claim.function[1].driver, "nvidia");
}

static void from_others(void **state)
{
	struct world w = world();
	own_plan struct plan *bochs = NULL, *bound = NULL, *idle = NULL;

	(void)state;
	w.function[OTHER_GPU].driver = S("bochs-drm");
	w.function[OTHER_GPU].driver_override = S("");
	bochs = planned(&w, "[gpu]\ndevice = 1002:744c\n");
	lines_are(
		bochs, STEP_CLAIM,
		"modprobe vfio-pci   # unless it is loaded\necho vfio-pci > /sys/bus/pci/devices/0000:02:00.0/driver_override   # now: (null)\necho 0000:02:00.0 > /sys/bus/pci/drivers/bochs-drm/unbind\necho 0000:02:00.0 > /sys/bus/pci/drivers_probe\nsetfacl -m u:$USER:rw /dev/vfio/3\n");
	w.function[OTHER_GPU].driver = S("vfio-pci");
	bound = planned(&w, "[gpu]\ndevice = 1002:744c\n");
	lines_are(
		bound, STEP_CLAIM,
		"modprobe vfio-pci   # unless it is loaded\n# 0000:02:00.0 has vfio-pci already, and keeps it afterwards\nsetfacl -m u:$USER:rw /dev/vfio/3\n");
	w.function[NETWORK].driver_override = S("none");
	idle = planned(&w, "[pci]\ndevice = 8086:15f3\n");
	lines_are(
		idle, STEP_CLAIM,
		"modprobe vfio-pci   # unless it is loaded\necho vfio-pci > /sys/bus/pci/devices/0000:04:00.0/driver_override   # now: none\necho 0000:04:00.0 > /sys/bus/pci/drivers_probe\nsetfacl -m u:$USER:rw /dev/vfio/5\n");
	assert_string_equal(step(idle, STEP_CLAIM)->intent.claim.function[0].driver, "");
}

/* All functions of the board, and none of another section's. */
static void kept_awake(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(
		&w, "[gpu]\ndevice = 10de:2820\nkeep-awake = yes\n[pci]\ndevice = 8086:15f3\n");
	const struct intent *claim = &step(plan, STEP_CLAIM)->intent;

	(void)state;
	assert_int_equal(claim->claim.functions, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(claim->claim.function[i].keep_awake,
				 claim->claim.function[i].vendor == 0x10de);
}

/* Only on the profile's word, and where the computer can wake by itself. */
static void sleeps_between_two_starts(void **state)
{
	static const char profile[] = "[gpu]\ndevice = 10de:2820\nreset = sleep\n";
	static char reason[] = "its clock cannot wake it";
	struct world w = world();
	own_plan struct plan *plan = planned(&w, profile);
	const struct plan_step *claim = step(plan, STEP_CLAIM);
	bool told = false;

	(void)state;
	assert_int_equal(claim->intent.claim.function[1].reset, RESET_SLEEP);
	assert_int_equal(claim->intent.claim.function[0].reset, RESET_AUTO);
	for (size_t i = 0; i < claim->lines; i++)
		told |= strcmp(claim->line[i],
			       "# when the guest has ended: echo +5 > /sys/class/rtc/rtc0/wakealarm; echo mem > /sys/power/state") ==
			0;
	assert_true(told);
	w.facts.devices.sleepless = reason;
	refusal_says(
		&w, profile,
		"this computer cannot be put to sleep for a moment (reset = sleep): its clock cannot wake it");
}

/* The processor's own graphics by Intel where their driver looks for them, the others' ports
 * behind. */
static void at_its_own_place(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = NULL, *behind = NULL;

	(void)state;
	w.function[OTHER_GPU] = world_function(0, 2, 0, 0x8086, 0x46a6, 0x030000, "vfio-pci", 3);
	plan = planned(&w, "[gpu]\ndevice = 8086:46a6\nids = none\nx-igd-opregion = yes\n"
			   "[pci]\ndevice = 8086:15f3\n");
	has(plan, "-device",
	    "vfio-pci,host=0000:00:02.0,id=gpu-0,bus=pcie.0,addr=02.0,x-igd-opregion=on");
	assert_non_null(find(plan, "-device", "pcie-root-port,id=port18,bus=pcie.0,addr=03.0"));
	lacks(plan, "-device", "pcie-root-port,id=port10");
	lacks(plan, "-device", "pcie-root-port,id=gpuport1");
	assert_int_equal(plan->guest.function[0].bus, 0);
	assert_int_equal(plan->guest.function[0].slot, 2);
	behind = planned(&w, "[gpu]\ndevice = 8086:46a6\nids = none\n");
	has(behind, "-device",
	    "vfio-pci,host=0000:00:02.0,id=gpu-0,bus=gpuport1,addr=00.0,x-igd-opregion=off");
}

static void several_in_one_step(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, TWO "[pci]\ndevice = 8086:15f3\n");
	const struct plan_step *claim = step(plan, STEP_CLAIM);

	(void)state;
	assert_int_equal(claim->intent.claim.functions, 4);
	/* Displays behind the others, each group once. */
	assert_int_equal(claim->intent.claim.function[0].device, 0x22bd);
	assert_int_equal(claim->intent.claim.function[1].device, 0x15f3);
	assert_int_equal(claim->intent.claim.function[2].device, 0x2820);
	assert_int_equal(claim->intent.claim.function[3].device, 0x744c);
	assert_string_equal(claim->line[claim->lines - 4],
			    "echo 0000:01:00.0 > /sys/bus/pci/drivers_probe");
	assert_string_equal(claim->line[claim->lines - 3], "setfacl -m u:$USER:rw /dev/vfio/2");
	assert_string_equal(claim->line[claim->lines - 2], "setfacl -m u:$USER:rw /dev/vfio/5");
	assert_string_equal(claim->line[claim->lines - 1], "setfacl -m u:$USER:rw /dev/vfio/3");
}

static void kvm_is_granted_along(void **state)
{
	struct world w = world();
	own_plan struct plan *mine = planned(&w, ONE), *theirs = NULL, *without = NULL;

	(void)state;
	assert_null(step(mine, STEP_GRANT));
	w.facts.kvm.state = KVM_NOT_PERMITTED;
	theirs = planned(&w, ONE);
	assert_true(theirs->kvm);
	lines_are(theirs, STEP_GRANT, "setfacl -m u:$USER:rw /dev/kvm\n");
	assert_int_equal(step(theirs, STEP_GRANT)->intent.grant.node, NODE_KVM);
	/* No keeper for that alone. */
	without = planned(&w, "");
	assert_false(without->kvm);
	assert_int_equal(without->steps, 0);
}

/* ------------------------------------------------------------------ what stands against it */

static void devices_that_are_not_there(void **state)
{
	struct world w = world();
	struct error *err = NULL;

	(void)state;
	assert_null(compose(&w, "[gpu]\ndevice = 10de:1234\n[pci x]\ndevice = 09:00.0\n", &err));
	assert_int_equal(error_kind(err), ERROR_HOST);
	assert_int_equal(error_count(err), 2);
	assert_non_null(strstr(error_message(err, 0), "p.ini:2:10: gpu.device: "));
	assert_non_null(strstr(error_message(err, 1), "p.ini:4:10: pci x.device: "));
	error_free(err);
}

static void a_host_that_cannot(void **state)
{
	struct world w = world();
	own_free char *want = NULL;

	(void)state;
	w.facts.devices.vfio = KMODULE_NONE;
	refused(&w, ONE, ERROR_HOST,
		"the kernel has no module vfio-pci: install the one that belongs to it, or build it with CONFIG_VFIO_PCI\n");
	/* What cannot be seen is no reason to refuse: modprobe will say. */
	w.facts.devices.vfio = KMODULE_UNKNOWN;
	own_plan struct plan *plan = planned(&w, ONE);

	notes_are(
		plan,
		"whether there is a module vfio-pci cannot be told: the running kernel's modules are not to be seen; if the kernel was updated since the last start of the computer, start it anew\n");
	w = world();
	w.facts.kvm.state = KVM_NO_NODE;
	want = xasprintf("p.ini:4:9: cpu.accel = kvm, but %s\n", kvm_reason(&w.facts.kvm));
	refused(&w, ONE "[cpu]\naccel = kvm\n", ERROR_HOST, want);
}

static void no_iommu(void **state)
{
	struct world w = world();
	own_free char *want = NULL;

	(void)state;
	w.facts.devices.iommu.state = IOMMU_NONE;
	want = xasprintf("no device can be passed: %s\n", iommu_reason(&w.facts.devices.iommu));
	refused(&w, ONE, ERROR_HOST, want);
}

static void a_group_with_strangers(void **state)
{
	struct world w = world();

	(void)state;
	w.function[NVME].group = 2;
	refused(&w, ONE, ERROR_HOST,
		"p.ini:2:10: 0000:01:00.0 shares IOMMU group 2 with 0000:03:00.0 (144d:a80a, NVMe controller): all of a group go together, so give these a [pci] section of their own, or leave the device to the host\np.ini:2:10: 0000:01:00.1 shares IOMMU group 2 with 0000:03:00.0 (144d:a80a, NVMe controller): all of a group go together, so give these a [pci] section of their own, or leave the device to the host\n");
	w = world();
	refused(&w, ONE "functions = 0\n", ERROR_HOST,
		"p.ini:2:10: 0000:01:00.0 shares IOMMU group 2 with 0000:01:00.1 (10de:22bd, audio device): all of a group go together, so give these a [pci] section of their own, or leave the device to the host\n");
}

static void what_the_host_uses(void **state)
{
	struct world w = world();
	struct pci_address at = {0, 3, 0, 0};
	struct storage_use use = {STORAGE_MOUNTED, S("/")};
	struct block disk = {.name = S("nvme0n1"),
			     .node = S("/dev/nvme0n1"),
			     .path = S("/sys/devices/made-up/nvme0n1"),
			     .use = &use,
			     .uses = 1,
			     .function = &at,
			     .functions = 1};

	(void)state;
	w.facts.devices.storage = (struct storage){&disk, 1};
	refused(&w, "[pci disk]\ndevice = 144d:a80a\n", ERROR_HOST,
		"p.ini:2:10: 0000:03:00.0: the host uses what hangs on it: nvme0n1 is mounted at /\n");
	refused(&w, "[pci]\ndevice = 00:00.0\n", ERROR_HOST,
		"p.ini:2:10: 0000:00:00.0 is a host bridge: the host's own\n");
	w.function[GPU_VIDEO].locked = true;
	refused(&w, ONE, ERROR_HOST,
		"p.ini:2:10: 0000:01:00.0: the kernel is still busy taking it from a driver or giving it to one, most likely because somebody holds it\n");
	w = world();
	w.function[OTHER_GPU].vfs = 3;
	refused(&w, "[gpu]\ndevice = 1002:744c\n", ERROR_HOST,
		"p.ini:2:10: 0000:02:00.0 has 3 virtual functions switched on: pass one of them instead (vf = yes), or switch them off first (echo 0 > /sys/bus/pci/devices/0000:02:00.0/sriov_numvfs)\n");
}

static void who_holds_it(void **state)
{
	struct world w = world();
	struct holder_node node = {.function = {0, 1, 0, 0}, .path = S("/dev/nvidia0")};
	struct holder holder = {.pid = 3000, .comm = S("game\x1b"), .user = S("anna")};
	struct soft_holder dark = {SOFT_CONNECTED, S("HDMI-A-1")};
	struct soft_holder lit = {SOFT_ENABLED, S("HDMI-A-1")};
	struct soft_holder boot = {SOFT_BOOT_VGA, S("")};
	struct scene_function seen = {.address = {0, 1, 0, 0}, .soft = {&dark, 1}};
	own_plan struct plan *plan = NULL;

	(void)state;
	w.facts.devices.nodes = (struct holder_nodes){&node, 1};
	w.facts.devices.holders = (struct holders){.v = &holder, .n = 1};
	refused(&w, ONE, ERROR_HOST,
		"p.ini:2:10: 0000:01:00.0 is in use by game\\x1b (pid 3000, user anna, /dev/nvidia0)\n");
	/* Others of the same host are nobody's business. */
	plan = planned(&w, "[gpu]\ndevice = 1002:744c\n");
	w.facts.devices.holders = (struct holders){.unseen = 2};
	plan_free(plan);
	plan = planned(&w, ONE);
	notes_are(
		plan,
		"2 processes of other users cannot be looked into: the keeper looks again before it changes anything\n");
	w.facts.devices.holders.unseen = 0;
	w.facts.devices.seen = &seen;
	w.facts.devices.n_seen = 1;
	plan_free(plan);
	plan = planned(&w, ONE);
	notes_are(plan, "");
	seen.soft.v = &lit;
	refused(&w, ONE, ERROR_HOST,
		"p.ini:2:10: 0000:01:00.0 is in use: connector HDMI-A-1 shows a picture: switch that screen off in the desktop's settings, or unplug it\n");
	seen.soft.v = &boot;
	refused(&w, ONE, ERROR_HOST,
		"p.ini:2:10: 0000:01:00.0 is in use: boot VGA: make the other GPU the first one in the firmware setup\n");
	/* On vfio-pci already: nothing can be in use any more. */
	w.function[GPU_VIDEO].driver = S("vfio-pci");
	plan_free(plan);
	plan = planned(&w, ONE);
	notes_are(plan, "");
}

static void a_second_nvidia_gpu(void **state)
{
	struct world w = world();
	own_plan struct plan *both = NULL, *bound = NULL;

	(void)state;
	w.function[OTHER_GPU].vendor = 0x10de;
	w.function[OTHER_GPU].device = 0x2204;
	w.function[OTHER_GPU].driver = S("nvidia");
	refused(&w, ONE, ERROR_HOST,
		"p.ini:2:10: 0000:01:00.0: the nvidia driver also drives 0000:02:00.0, so it cannot be unloaded, and taking one GPU from it can hang the kernel: have vfio-pci take this one at boot (vfio-pci.ids=10de:2820)\n");
	both = planned(&w, ONE "[gpu b]\ndevice = 10de:2204\n");
	assert_non_null(both);
	w.function[GPU_VIDEO].driver = S("vfio-pci");
	bound = planned(&w, ONE);
	assert_non_null(bound);
}

static void all_at_once(void **state)
{
	struct world w = world();

	(void)state;
	w.facts.devices.vfio = KMODULE_NONE;
	w.function[NVME].group = 2;
	w.function[OTHER_GPU].driver = S("nvidia");
	w.function[GPU_AUDIO].has_subsystem = false;
	/* The profile's fault is among them, so that is the kind. */
	refused(&w,
		"[vm]\nmemory = 31G\n" ONE
		"ids = host\nfunctions = 0\nguest-slot = 01:00\n[gpu b]\ndevice = 1002:744c\nguest-slot = 01:00\n",
		ERROR_HOST,
		"the kernel has no module vfio-pci: install the one that belongs to it, or build it with CONFIG_VFIO_PCI\np.ini:4:10: 0000:01:00.0 shares IOMMU group 2 with 0000:01:00.1 (10de:22bd, audio device), 0000:03:00.0 (144d:a80a, NVMe controller): all of a group go together, so give these a [pci] section of their own, or leave the device to the host\np.ini:2:10: vm.memory: 31744M would leave the host less than memory.host-reserve, 2048M, of its 32768M: a machine with a host device holds all its memory\np.ini:10:14: gpu b.guest-slot: 01:00 is taken, or not behind the GPU before it: slots go up in the order of the sections\n");
}

/* ------------------------------------------------------------------ the host's sleep */

static void sleeps(struct world *w, const char *text, enum host_sleep want, bool locked,
		   size_t warnings)
{
	own_plan struct plan *plan = planned(w, text);
	size_t locks = 0;

	assert_int_equal(plan->sleep, want);
	for (size_t i = 0; i < plan->fds; i++)
		locks += plan->fd[i].role == FD_INHIBITOR;
	assert_int_equal(locks, locked);
	assert_int_equal(plan->warnings, warnings);
}

static void the_host_stays_awake(void **state)
{
	struct world w = world();

	(void)state;
	sleeps(&w, ONE, SLEEP_BLOCK, true, 0);
	sleeps(&w, ONE "[host]\nsleep = ignore\n", SLEEP_IGNORE, false, 1);
	sleeps(&w, ONE "[host]\nsleep = pause\n", SLEEP_PAUSE, false, 1);
	sleeps(&w, ONE "[host]\nsleep = quit\n", SLEEP_QUIT, false, 0);
	sleeps(&w, "", SLEEP_IGNORE, false, 0);
	sleeps(&w, "[host]\nsleep = shutdown\n", SLEEP_SHUTDOWN, false, 0);
	sleeps(&w, "[host]\nsleep = block\n", SLEEP_BLOCK, true, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_nvidia),
		cmocka_unit_test(from_others),
		cmocka_unit_test(kept_awake),
		cmocka_unit_test(sleeps_between_two_starts),
		cmocka_unit_test(at_its_own_place),
		cmocka_unit_test(several_in_one_step),
		cmocka_unit_test(kvm_is_granted_along),
		cmocka_unit_test(devices_that_are_not_there),
		cmocka_unit_test(a_host_that_cannot),
		cmocka_unit_test(no_iommu),
		cmocka_unit_test(a_group_with_strangers),
		cmocka_unit_test(what_the_host_uses),
		cmocka_unit_test(who_holds_it),
		cmocka_unit_test(a_second_nvidia_gpu),
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(the_host_stays_awake),
	};

	return cmocka_run_group_tests_name("plan gpu host", tests, NULL, NULL);
}
