/* vGPUs in the plan: as what the guest finds them, the step that makes them, and what stands
 * against it. (The sentences of the refusals are golden.)
 */
#include "plan_world.h"

#define PARENT "[gpu v]\ndevice = 02:00.0\nmdev = amdgpu-small\n"
#define UUID "b155147a-663a-4009-ae7f-e9a96805b3ce"

/* The other GPU makes vGPUs of two types. */
struct mdev_world {
	struct world w;
	struct mdev_type type[2];
	struct mdev_parent parent;
	struct mdev there;
};

static void mdev_world(struct mdev_world *m)
{
	*m = (struct mdev_world){
		.w = world(),
		.type = {{S("amdgpu-small"), NULL, NULL, S("vfio-pci"), 2},
			 {S("amdgpu-ccw"), NULL, NULL, S("vfio-ccw"), 1}},
		.there = {.uuid = UUID, .has_parent = true, .type = S("amdgpu-small"), .group = 12},
	};
	m->w.function[OTHER_GPU].driver = S("amdgpu");
	m->parent = (struct mdev_parent){m->w.function[OTHER_GPU].address, m->type, 2};
	m->there.parent = m->parent.address;
	m->w.facts.devices.mdev.parent = &m->parent;
	m->w.facts.devices.mdev.parents = 1;
}

static void one_behind_a_port_of_its_own(void **state)
{
	struct mdev_world m;

	(void)state;
	mdev_world(&m);
	own_plan struct plan *plan = planned(&m.w, PARENT "uuid = " UUID "\n");

	values_are(plan, "-device", "pcie-root-port,",
		   "pcie-root-port,id=gpuport1,bus=pcie.0,addr=01.0,chassis=8,port=8,hotplug=off,"
		   "multifunction=on\n"
		   "pcie-root-port,id=port10,bus=pcie.0,addr=02.0,chassis=16,port=16,"
		   "multifunction=on\n");
	values_are(plan, "-device", "vfio-pci",
		   "vfio-pci,sysfsdev=/sys/bus/mdev/devices/" UUID
		   ",id=gpu-v,bus=gpuport1,addr=00.0\n");
	notes_are(plan, "");
	assert_null(step(plan, STEP_CLAIM));
	assert_non_null(step(plan, STEP_MEMLOCK));
	lines_are(plan, STEP_MDEV,
		  "modprobe vfio_iommu_type1   # unless it is loaded\n"
		  "echo " UUID " > /sys/bus/pci/devices/0000:02:00.0/mdev_supported_types/"
		  "amdgpu-small/create\n"
		  "setfacl -m u:$USER:rw /dev/vfio/$(basename $(readlink "
		  "/sys/bus/mdev/devices/" UUID "/iommu_group))\n");
}

static void the_intent(void **state)
{
	struct mdev_world m;
	char text[UUID_TEXT];

	(void)state;
	mdev_world(&m);
	own_plan struct plan *plan = planned(&m.w, PARENT "uuid = " UUID "\n");
	const struct plan_step *made = step(plan, STEP_MDEV);

	assert_string_equal(made->intent.mdev.type, "amdgpu-small");
	assert_string_equal(uuid_format(made->intent.mdev.uuid, text), UUID);
	assert_int_equal(made->intent.mdev.parent.bus, 2);
	assert_int_equal(made->intent.mdev.parent.vendor, 0x1002);
	assert_int_equal(made->intent.mdev.parent.device, 0x744c);
	assert_string_equal(made->intent.mdev.parent.driver, "amdgpu");
	assert_string_equal(made->cause.key, "gpu v.mdev");
}

/* Made from the names and the machine-id: the same every time, another for another section. */
static void a_uuid_of_its_own(void **state)
{
	struct mdev_world m;
	char first[UUID_TEXT], second[UUID_TEXT], other[UUID_TEXT];

	(void)state;
	mdev_world(&m);
	own_plan struct plan *a = planned(&m.w, PARENT), *b = planned(&m.w, PARENT);
	own_plan struct plan *two =
		planned(&m.w, "[gpu w]\ndevice = 02:00.0\nmdev = amdgpu-small\n" PARENT);

	uuid_format(step(a, STEP_MDEV)->intent.mdev.uuid, first);
	uuid_format(step(b, STEP_MDEV)->intent.mdev.uuid, second);
	uuid_format(step(two, STEP_MDEV)->intent.mdev.uuid, other);
	assert_string_equal(first, second);
	assert_string_not_equal(first, other);
	assert_int_equal(first[14], '8');
	has(two, "-device",
	    "pcie-root-port,id=gpuport2,bus=pcie.0,addr=01.1,chassis=9,port=9,hotplug=off");
	refused(&m.w,
		PARENT "uuid = " UUID
		       "\n[gpu w]\ndevice = 02:00.0\nmdev = amdgpu-small\nuuid = " UUID "\n",
		ERROR_USAGE, "p.ini:8:8: gpu w.uuid: another section has " UUID " already\n");
}

static void its_picture(void **state)
{
	struct mdev_world m;
	char *device[] = {S("vfio-pci-nohotplug")};
	static const char note[] =
		"gpu v: if the vGPU's picture is a dma-buf, QEMU needs OpenGL to show it and ends "
		"at once without: display.gl = yes\n";

	(void)state;
	mdev_world(&m);
	own_plan struct plan *on = planned(&m.w, PARENT "uuid = " UUID "\ndisplay = on\n");

	has(on, "-device",
	    "vfio-pci,sysfsdev=/sys/bus/mdev/devices/" UUID
	    ",id=gpu-v,bus=gpuport1,addr=00.0,display=on");
	notes_are(on, note);
	refused(&m.w, PARENT "ramfb = yes\n", ERROR_HOST,
		"p.ini:4:9: gpu v.ramfb: QEMU 7.2.22 has no device vfio-pci-nohotplug\n");
	m.w.facts.qemu.offers[QEMU_DEVICES] = (struct qemu_names){device, 1};
	own_plan struct plan *all = planned(
		&m.w, PARENT "uuid = " UUID "\nramfb = yes\nxres = 1920\nyres = 1080\n"
			     "x-igd-opregion = yes\nids = 1234:5678:9abc:def0\nrom-bar = no\n");

	has(all, "-device",
	    "vfio-pci-nohotplug,sysfsdev=/sys/bus/mdev/devices/" UUID
	    ",id=gpu-v,bus=gpuport1,addr=00.0,x-pci-vendor-id=0x1234,x-pci-device-id=0x5678,"
	    "x-pci-sub-vendor-id=0x9abc,x-pci-sub-device-id=0xdef0,rombar=0,display=on,ramfb=on,"
	    "xres=1920,yres=1080,x-igd-opregion=on");
	notes_are(all, note);
	own_plan struct plan *gl =
		planned(&m.w, PARENT "display = on\n[qemu]\narg = -display\narg = egl-headless\n");

	notes_are(gl, "");
}

/* SPICE's own OpenGL, unless the profile has QEMU do it in another way. */
static void its_picture_by_opengl(void **state)
{
	struct mdev_world m;

	(void)state;
	mdev_world(&m);
	m.w.function[OTHER_GPU].driver = S("i915");
	m.w.facts.devices.gvt.ignores_msrs = true;
	refused(&m.w, PARENT "display = on\n", ERROR_HOST,
		"p.ini:4:11: gpu v.display: GVT-g's picture (a dma-buf) needs OpenGL in QEMU: "
		"display.type = spice, without display.gl = no\n");
	refused(&m.w, PARENT "display = on\n[display]\ntype = spice\ngl = no\n", ERROR_HOST,
		"p.ini:4:11: gpu v.display: GVT-g's picture (a dma-buf) needs OpenGL in QEMU: "
		"display.type = spice, without display.gl = no\n");
	own_plan struct plan *spice =
		planned(&m.w, PARENT "display = on\n[display]\ntype = spice\n");
	own_plan struct plan *raw = planned(&m.w, PARENT "display = on\n[display]\ntype = spice\n"
							 "[qemu]\narg = -display\n"
							 "arg = egl-headless\n");
	assert_non_null(strstr(find(spice, "-spice", NULL)->value, ",gl=on"));
	assert_null(strstr(find(raw, "-spice", NULL)->value, "gl=on"));
	lacks(spice, "-device", "VGA");

	own_plan struct plan *automatic =
		planned(&m.w, PARENT "uuid = " UUID "\n[display]\ntype = spice\ngl = yes\n");

	has(automatic, "-device",
	    "vfio-pci,sysfsdev=/sys/bus/mdev/devices/" UUID
	    ",id=gpu-v,bus=gpuport1,addr=00.0,display=on");
	own_plan struct plan *off = planned(
		&m.w, PARENT "uuid = " UUID "\ndisplay = off\n[display]\ntype = spice\ngl = yes\n");

	has(off, "-device",
	    "vfio-pci,sysfsdev=/sys/bus/mdev/devices/" UUID ",id=gpu-v,bus=gpuport1,addr=00.0");
}

static void what_gvt_wants(void **state)
{
	struct mdev_world m;

	(void)state;
	mdev_world(&m);
	m.w.function[OTHER_GPU].driver = S("i915");
	m.w.facts.devices.gvt.kvm = true;
	own_plan struct plan *plan = planned(&m.w, PARENT);

	notes_are(plan, "GVT-g wants kvm.ignore_msrs=1, without which a guest's driver may stop "
			"with an error: echo 1 > /sys/module/kvm/parameters/ignore_msrs, or as a "
			"boot option\n");
	m.w.facts.devices.mdev.parents = 0;
	m.w.facts.devices.gvt = (struct gvt){.state = GVT_UNKNOWN, .loaded = true};
	refused(&m.w, PARENT, ERROR_HOST,
		"p.ini:3:8: 0000:02:00.0 offers no vGPUs: whether i915 was loaded with GVT-g "
		"cannot be told without root; if not, boot with i915.enable_gvt=1\n");
	m.w.facts.devices.gvt = (struct gvt){.state = GVT_ABSENT};
	refused(&m.w, PARENT, ERROR_HOST,
		"p.ini:3:8: 0000:02:00.0 offers no vGPUs: this kernel's i915 was built without "
		"GVT-g (CONFIG_DRM_I915_GVT_KVMGT)\n");
	m.w.facts.devices.gvt = (struct gvt){.state = GVT_ON, .module = KMODULE_NONE};
	refused(&m.w, PARENT, ERROR_HOST,
		"p.ini:3:8: 0000:02:00.0 offers no vGPUs: there is no module kvmgt\n");
	m.w.facts.devices.gvt = (struct gvt){.state = GVT_ON, .module = KMODULE_UNKNOWN};
	refused(&m.w, PARENT, ERROR_HOST,
		"p.ini:3:8: 0000:02:00.0 offers no vGPUs: the module kvmgt is not loaded: "
		"modprobe kvmgt, and a line kvmgt in /etc/modules-load.d/ for the next start\n");
	m.w.facts.devices.gvt = (struct gvt){.state = GVT_ON, .loaded = true};
	refused(&m.w, PARENT, ERROR_HOST,
		"p.ini:3:8: 0000:02:00.0 offers no vGPUs although GVT-g is on: it is for Intel's "
		"GPUs from Broadwell to Comet Lake (5th to 10th generation)\n");
}

static void types_that_cannot_be(void **state)
{
	struct mdev_world m;

	(void)state;
	mdev_world(&m);
	refused(&m.w, "[gpu v]\ndevice = 02:00.0\nmdev = amdgpu-ccw\n", ERROR_HOST,
		"p.ini:3:8: 0000:02:00.0: amdgpu-ccw makes no PCI devices (device_api is vfio-ccw "
		"and not vfio-pci)\n");
	m.type[0].available = 1;
	refused(&m.w, PARENT "[gpu w]\ndevice = 02:00.0\nmdev = amdgpu-small\n", ERROR_HOST,
		"p.ini:6:8: 0000:02:00.0 has no room for another amdgpu-small; of these one can be "
		"had: amdgpu-small, amdgpu-ccw\n");
	m.w.facts.devices.mdev.parents = 0;
	refused(&m.w, PARENT, ERROR_HOST,
		"p.ini:3:8: 0000:02:00.0 offers no vGPUs (mediated devices): its driver amdgpu "
		"makes none\n");
}

/* No instance is needed for one that is there, and it stays. */
static void there_already(void **state)
{
	struct mdev_world m;

	(void)state;
	mdev_world(&m);
	m.type[0].available = 0;
	m.w.facts.devices.mdev.v = &m.there;
	m.w.facts.devices.mdev.n = 1;
	own_plan struct plan *plan = planned(&m.w, PARENT "uuid = " UUID "\n");

	lines_are(plan, STEP_MDEV,
		  "# the vGPU " UUID " is there, and stays afterwards\n"
		  "setfacl -m u:$USER:rw /dev/vfio/12\n");
	/* A GPU with a vGPU cannot go as a whole. */
	refused(&m.w, "[gpu]\ndevice = 02:00.0\n", ERROR_HOST,
		"p.ini:2:10: 0000:02:00.0: the vGPU " UUID
		" is made of it: remove that first (echo 1 > "
		"/sys/bus/mdev/devices/" UUID "/remove)\n");
	m.there.parent.bus = 1;
	refused(&m.w, PARENT "uuid = " UUID "\n", ERROR_HOST,
		"p.ini:4:8: there is a mediated device " UUID " already, and it is no amdgpu-small "
		"of 0000:02:00.0 but amdgpu-small: give gpu v.uuid, or remove it (echo 1 > "
		"/sys/bus/mdev/devices/" UUID "/remove)\n");
}

/* Its parent checks what it reaches: neither an IOMMU nor vfio-pci is needed. */
static void a_host_without_iommu(void **state)
{
	struct mdev_world m;

	(void)state;
	mdev_world(&m);
	m.w.facts.devices.iommu = (struct iommu){.state = IOMMU_NONE};
	m.w.facts.devices.vfio = KMODULE_NONE;
	own_plan struct plan *plan = planned(&m.w, PARENT);

	assert_non_null(step(plan, STEP_MDEV));
}

/* What a whole GPU brings along it does not. */
static void no_laptop_for_its_sake(void **state)
{
	struct mdev_world m;

	(void)state;
	mdev_world(&m);
	m.w.facts.dmi[DMI_CHASSIS_TYPE] = S("10");
	own_plan struct plan *plan = planned(&m.w, PARENT);

	lacks(plan, "-acpitable", NULL);
	assert_null(strstr(find(plan, "-cpu", NULL)->value, "kvm=off"));
}

static void beside_a_whole_gpu(void **state)
{
	struct mdev_world m;

	(void)state;
	mdev_world(&m);
	own_plan struct plan *plan = planned(&m.w, "[gpu]\ndevice = 10de:2820\n" PARENT
						   "uuid = " UUID "\nguest-slot = 0a:00\n");

	has(plan, "-device",
	    "vfio-pci,sysfsdev=/sys/bus/mdev/devices/" UUID ",id=gpu-v,bus=gpuport10,addr=00.0");
	assert_int_equal(step(plan, STEP_CLAIM)->intent.claim.functions, 2);
	refused(&m.w, "[gpu]\ndevice = 02:00.0\n" PARENT, ERROR_USAGE,
		"p.ini:4:10: 0000:02:00.0 is passed as a whole by another section: it cannot make "
		"vGPUs then\n");
}

static void switched_off(void **state)
{
	struct mdev_world m;

	(void)state;
	mdev_world(&m);
	own_plan struct plan *plan = planned(&m.w, PARENT "enabled = no\n");

	assert_null(step(plan, STEP_MDEV));
	assert_null(step(plan, STEP_MEMLOCK));
	m.w.in.no_devices = true;
	own_plan struct plan *without = planned(&m.w, PARENT);

	lacks(without, "-device", "vfio-pci");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_behind_a_port_of_its_own),
		cmocka_unit_test(the_intent),
		cmocka_unit_test(a_uuid_of_its_own),
		cmocka_unit_test(its_picture),
		cmocka_unit_test(its_picture_by_opengl),
		cmocka_unit_test(what_gvt_wants),
		cmocka_unit_test(types_that_cannot_be),
		cmocka_unit_test(there_already),
		cmocka_unit_test(a_host_without_iommu),
		cmocka_unit_test(no_laptop_for_its_sake),
		cmocka_unit_test(beside_a_whole_gpu),
		cmocka_unit_test(switched_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
