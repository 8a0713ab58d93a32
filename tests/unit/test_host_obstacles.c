/* What stands in the way of a hand-over, rule by rule, on made-up hosts. */
#include "host_tree.h"

#include <unistd.h>

#include "act/state.h"
#include "base/text.h"
#include "host/obstacles.h"

#define VGPU "c2177883-f1bb-47f0-914d-32a22e3a8804"

static bool seen[OBSTACLE_KINDS]; /* kinds that the keeper was asked about */

/* The keeper, asked for the same set on the same host, refuses it in the same words: in the plan's
 * there is nothing that it would not say, and it has no reason that the plan would not have told.
 */
static void keeper_says_the_same(const struct root *root, const struct pci_set *set,
				 const struct obstacles *v)
{
	struct keeper k = {.fd = -1,
			   .left = -1,
			   .lock = -1,
			   .root = *root,
			   .uid = getuid(),
			   .client = getpid(),
			   .qemu = -1,
			   .journal = journal_new(getuid())};
	struct intent intent = {.kind = STEP_CLAIM, .claim.functions = (uint32_t)set->n};
	struct error *err = NULL;
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		const struct pci_function *f = set->v[i];
		struct step_function *to = &intent.claim.function[i];

		*to = (struct step_function){.domain = f->address.domain,
					     .bus = f->address.bus,
					     .slot = f->address.slot,
					     .function = f->address.function,
					     .vendor = f->vendor,
					     .device = f->device};
		strncpy(to->driver, f->driver ? f->driver : "", sizeof(to->driver) - 1);
	}
	for (size_t i = 0; i < v->n; i++)
		n += obstacle_weight(v->v[i].kind) != WEIGHT_NOTE;
	/* Without an obstacle it would begin. */
	if (n) {
		assert_false(claim_functions(&k, &intent, &err));
		assert_int_equal(error_count(err), 1);
		for (size_t i = 0, told = 0; i < v->n && told < 4; i++) {
			own_free char *sentence = obstacle_sentence(&v->v[i]);

			if (obstacle_weight(v->v[i].kind) == WEIGHT_NOTE)
				continue;
			told++;
			seen[v->v[i].kind] = true;
			if (!strstr(error_message(err, 0), sentence))
				fail_msg("the keeper says \"%s\" and not \"%s\"",
					 error_message(err, 0), sentence);
		}
		assert_int_equal(k.journal->n, 0);
		error_free(err);
	}
	journal_free(k.journal);
}

/* The words for f's obstacles, ended by ';'. */
static char *obstacles(const struct root *root, const char *address, const char *more)
{
	const struct pci_address a = at(address);
	own_scene struct scene scene = {0};
	own_obstacles struct obstacles v = {0};
	own_pci_set struct pci_set set = {0};
	struct buf out = {0};

	scene_read(&scene, root);
	if (scene.vfio == KMODULE_UNKNOWN)
		scene.vfio = KMODULE_THERE;
	pci_board(&set, &scene.pci, pci_list_find(&scene.pci, &a));
	if (more) {
		const struct pci_address b = at(more);

		pci_set_add(&set, pci_list_find(&scene.pci, &b));
	}
	scene_look(&scene, root, set.v, set.n);
	obstacles_of(&v, &scene, &set);
	keeper_says_the_same(root, &set, &v);
	for (size_t i = 0; i < v.n; i++) {
		own_free char *sentence = obstacle_sentence(&v.v[i]);

		buf_addf(&out, "%s: %s;", obstacle_word(v.v[i].kind), sentence);
	}
	return buf_steal(&out);
}

#define assert_obstacles(address, more, text)                               \
	do {                                                                \
		own_free char *said_ = obstacles(&root, (address), (more)); \
		assert_string_equal(said_, text);                           \
	} while (0)

/* A group with a bridge, a board of two, an idle host bridge and a neighbour. */
static void crowd(void **state)
{
	static const char *const v[][3] = {
		{"0000:00:01.0", "1632", "060000"}, {"0000:00:01.1", "1633", "060400"},
		{"0000:01:00.0", "2820", "030000"}, {"0000:01:00.1", "22bd", "040300"},
		{"0000:02:00.0", "8168", "020000"},
	};

	put(state, "proc/self/mountinfo", "");
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		put_pci(state, v[i][0], "10de", v[i][1], v[i][2]);
		set_group(state, v[i][0], 3);
	}
}

#define TOGETHER "all of a group go together, "

static void the_group(void **state)
{
	tree_root(root);

	crowd(state);
	assert_obstacles("00:01.1", NULL, "bridge: 0000:00:01.1 is a PCI bridge: the host's own;");
	assert_obstacles("00:01.0", NULL,
			 "chipset: 0000:00:01.0 is a host bridge: the host's own;");
	assert_obstacles(
		"02:00.0", NULL,
		"foreign: 0000:02:00.0 shares IOMMU group 3 with 0000:01:00.0 (10de:2820, VGA controller), 0000:01:00.1 (10de:22bd, audio device): " TOGETHER
		"so give these a [pci] section of their own, or leave the device to the host;");
	assert_obstacles("01:00.0", "02:00.0", "");
	/* What is no PCI function but has a driver is foreign too, and cannot be given. */
	put(state, "sys/kernel/iommu_groups/3/devices/INTC1055:00/driver/x", "");
	put(state, "sys/kernel/iommu_groups/3/devices/INTC1056:00/idle", "");
	assert_obstacles(
		"02:00.0", "01:00.0",
		"foreign: 0000:02:00.0 shares IOMMU group 3 with 0000:01:00.1 (10de:22bd, audio device), INTC1055:00: " TOGETHER
		"and what is no PCI device cannot be passed, so leave the device to the host;foreign: 0000:01:00.0 shares IOMMU group 3 with 0000:01:00.1 (10de:22bd, audio device), INTC1055:00: " TOGETHER
		"and what is no PCI device cannot be passed, so leave the device to the host;");
}

/* What the host needs is no device to give along. */
static void a_group_with_the_hosts_own(void **state)
{
#define KEPT                                                                                    \
	TOGETHER "and the host needs some of these itself, so leave the device to the host; a " \
		 "card may have a group of its own in another slot;"
	tree_root(root);

	crowd(state);
	set_driver(state, "0000:01:00.0", "nouveau");
	put_attribute(state, "0000:01:00.0", "boot_vga", "1\n");
	assert_obstacles(
		"02:00.0", NULL,
		"foreign: 0000:02:00.0 shares IOMMU group 3 with 0000:01:00.0 (10de:2820, VGA controller), 0000:01:00.1 (10de:22bd, audio device): " KEPT);
	/* A group of a virtual function and of what makes it. */
	put_pci(state, "0000:03:00.0", "8086", "7dd1", "030000");
	put_pci(state, "0000:03:00.1", "8086", "7dd1", "030000");
	link_to(state, "sys/devices/pci0000:00/0000:03:00.1/physfn", "../0000:03:00.0");
	set_group(state, "0000:03:00.0", 4);
	set_group(state, "0000:03:00.1", 4);
	assert_obstacles(
		"03:00.1", NULL,
		"foreign: 0000:03:00.1 shares IOMMU group 4 with 0000:03:00.0 (8086:7dd1, VGA controller): " KEPT);
}

#define DIRECT                                                                                     \
	": the firmware keeps memory mapped for IOMMU group 3 ('direct' in its reserved_regions, " \
	"an RMRR), so the kernel refuses it to VFIO: look in the firmware setup for what uses it " \
	"there (remote management, legacy USB), or leave the device to the host;"

/* Whoever drives it: the kernel refuses the group. */
static void memory_of_the_firmware(void **state)
{
	tree_root(root);

	crowd(state);
	put(state, "sys/kernel/iommu_groups/3/reserved_regions",
	    "0x000000007d000000 0x000000007f7fffff direct\n");
	set_driver(state, "0000:01:00.0", "vfio-pci");
	assert_obstacles("01:00.0", "02:00.0",
			 "reserved-memory: 0000:01:00.0" DIRECT
			 "reserved-memory: 0000:01:00.1" DIRECT
			 "reserved-memory: 0000:02:00.0" DIRECT);
}

/* The kernel's IORESOURCE_UNSET, whatever start it left. */
static void a_bar_without_an_address(void **state)
{
	tree_root(root);

	put(state, "proc/self/mountinfo", "");
	put_pci(state, "0000:01:00.0", "10de", "2820", "030000");
	set_group(state, "0000:01:00.0", 1);
	set_driver(state, "0000:01:00.0", "vfio-pci");
	put_attribute(
		state, "0000:01:00.0", "resource",
		"0x0000000080000000 0x0000000083ffffff 0x0000000000040200\n0x0000000000000000 0x00000007ffffffff 0x000000002014220c\n");
	assert_obstacles(
		"01:00.0", NULL,
		"bar: 0000:01:00.0 has no address for BAR 1: 32G mem64 prefetchable, so no driver, and vfio-pci neither, can switch its memory on: switch 'Above 4G decoding' on in the firmware setup, or Resizable BAR off; the boot option pci=realloc may help too;");
	put_attribute(
		state, "0000:01:00.0", "resource",
		"0x0000000080000000 0x0000000083ffffff 0x0000000000040200\n0x0000000000000000 0x00000007ffffffff 0x000000000014220c\n");
	assert_obstacles("01:00.0", NULL, "");
	/* No setting of the firmware's makes room for I/O ports. */
	put_attribute(state, "0000:01:00.0", "resource",
		      "0x0000000000000000 0x000000000000007f 0x0000000020040101\n");
	assert_obstacles(
		"01:00.0", NULL,
		"bar: 0000:01:00.0 has no address for BAR 0: 128 io, so no driver, and vfio-pci neither, can switch it on: the computer's I/O ports are used up: try the boot option pci=realloc, or take out or switch off what else has some;");
}

/* What the kernel found no room for it shows as if it were not there. */
static void a_bar_that_is_forgotten(void **state)
{
	tree_root(root);

	put(state, "proc/self/mountinfo", "");
	put_pci(state, "0000:01:00.0", "10de", "2820", "030000");
	set_group(state, "0000:01:00.0", 1);
	put_attribute(state, "0000:01:00.0", "resource",
		      "0x0000000c80000000 0x0000000c81ffffff 0x000000000014220c\n");
	/* The second one is the upper half of the first. */
	put_config(state, "0000:01:00.0", (const uint32_t[6]){0x8000000c, 0xc, 0xc, 0, 0, 1});
	assert_obstacles("01:00.0", NULL, "");
	put_attribute(state, "0000:01:00.0", "power_state", "D3cold\n");
	assert_obstacles("01:00.0", NULL, "");
	put_attribute(state, "0000:01:00.0", "power_state", "D0\n");
	assert_obstacles(
		"01:00.0", NULL,
		"bar: 0000:01:00.0 has no address for BAR 2: mem64 prefetchable: the kernel found no room for it, so the guest would not have it either: switch 'Above 4G decoding' on in the firmware setup, or Resizable BAR off; the boot option pci=realloc may help too;");
}

#define FIRST "make the other GPU the first one in the firmware setup;"
#define ALONE \
	"the host has no GPU beside it: over ssh, stop the desktop (systemctl isolate multi-user.target) and "

/* A GPU, and one beside it where the test is not about that. */
static void gpu(void **state, bool other)
{
	put(state, "proc/self/mountinfo", "");
	put_pci(state, "0000:01:00.0", "10de", "2820", "030000");
	put_pci(state, "0000:01:00.1", "10de", "22bd", "040300");
	set_group(state, "0000:01:00.0", 1);
	set_group(state, "0000:01:00.1", 1);
	put_attribute(state, "0000:01:00.0", "boot_vga", "1\n");
	if (other) {
		put_pci(state, "0000:02:00.0", "1002", "744c", "030000");
		set_group(state, "0000:02:00.0", 2);
	}
}

static void the_console(void **state)
{
	tree_root(root);

	gpu(state, true);
	assert_obstacles("01:00.0", NULL, "shown: 0000:01:00.0: boot VGA;");
	/* The firmware's frame buffer under the console lies on it, though no driver does. */
	link_to(state, "sys/class/graphics/fb0",
		"../../devices/platform/efi-framebuffer.0/graphics/fb0");
	put(state, "sys/devices/platform/efi-framebuffer.0/graphics/fb0/name", "EFI VGA\n");
	put(state, "sys/class/vtconsole/vtcon1/name", "(M) frame buffer device\n");
	put(state, "sys/class/vtconsole/vtcon1/bind", "0\n");
	assert_obstacles("01:00.0", NULL, "shown: 0000:01:00.0: boot VGA;");
	put(state, "sys/class/vtconsole/vtcon1/bind", "1\n");
	assert_obstacles("01:00.0", NULL,
			 "console: 0000:01:00.0 is in use: the kernel's console is on fb0: " FIRST);
	set_driver(state, "0000:01:00.0", "vfio-pci");
	assert_obstacles("01:00.0", NULL, "");
}

static void a_driven_boot_vga(void **state)
{
	tree_root(root);

	gpu(state, true);
	set_driver(state, "0000:01:00.0", "nouveau");
	assert_obstacles("01:00.1", NULL, "console: 0000:01:00.0 is in use: boot VGA: " FIRST);
}

/* "The other GPU" would be no help. A virtual function is none. */
static void the_only_gpu(void **state)
{
	tree_root(root);

	gpu(state, false);
	put_pci(state, "0000:02:00.1", "8086", "7dd1", "030000");
	link_to(state, "sys/devices/pci0000:00/0000:02:00.1/physfn", "../0000:02:00.0");
	set_driver(state, "0000:01:00.0", "nouveau");
	assert_obstacles("01:00.0", NULL,
			 "console: 0000:01:00.0 is in use: boot VGA: " ALONE "unload its driver;");
	link_to(state, "sys/class/graphics/fb0",
		"../../devices/pci0000:00/0000:01:00.0/graphics/fb0");
	put(state, "sys/class/vtconsole/vtcon1/name", "(M) frame buffer device\n");
	put(state, "sys/class/vtconsole/vtcon1/bind", "1\n");
	assert_obstacles(
		"01:00.0", NULL,
		"console: 0000:01:00.0 is in use: the kernel's console is on fb0: " ALONE
		"take the console away (echo 0 > /sys/class/vtconsole/vtconN/bind, of the one whose name says frame buffer);");
}

/* Only who has the physical one open could set its token. */
static void a_virtual_function_of_vfio(void **state)
{
	tree_root(root);

	gpu(state, false);
	put_pci(state, "0000:02:00.1", "8086", "7dd1", "030000");
	link_to(state, "sys/devices/pci0000:00/0000:02:00.1/physfn", "../0000:01:00.0");
	set_group(state, "0000:02:00.1", 3);
	assert_obstacles("02:00.1", NULL, "");
	set_driver(state, "0000:01:00.0", "vfio-pci");
	assert_obstacles(
		"02:00.1", NULL,
		"virtual-functions: 0000:02:00.1 is a virtual function of 0000:01:00.0, which "
		"vfio-pci has: VFIO opens it for nobody without a token of that one's: take that "
		"one's id out of the boot options (vfio-pci.ids), and start the computer anew, so "
		"that its own driver makes them;");
}

#define NVIDIA                                                                                   \
	"nvidia: 0000:01:00.0: the nvidia driver also drives 0000:02:00.0, so it cannot be "     \
	"unloaded, and taking one GPU from it can hang the kernel: have vfio-pci take this one " \
	"at boot "

/* Ids in the boot options would take the host's own GPU too. */
static void another_nvidia_gpu(void **state)
{
	tree_root(root);

	put(state, "proc/self/mountinfo", "");
	put_pci(state, "0000:01:00.0", "10de", "1be1", "030000");
	put_pci(state, "0000:02:00.0", "10de", "2820", "030000");
	set_group(state, "0000:01:00.0", 1);
	set_group(state, "0000:02:00.0", 2);
	set_driver(state, "0000:01:00.0", "nvidia");
	set_driver(state, "0000:02:00.0", "nvidia");
	assert_obstacles("01:00.0", NULL, NVIDIA "(vfio-pci.ids=10de:1be1);");
	assert_obstacles("01:00.0", "02:00.0", "");
	put_attribute(state, "0000:02:00.0", "device", "0x1be1\n");
	assert_obstacles(
		"01:00.0", NULL,
		NVIDIA
		"by its address, as 0000:02:00.0 has the same ids (driverctl --noprobe set-override 0000:01:00.0 vfio-pci, and a restart);");
}

static void keyboard(void **state, const char *controller, unsigned number)
{
	own_free char *real = xasprintf("sys/devices/pci0000:00/%s/usb1/1-1/input/input%u/event%u",
					controller, number, number);
	own_free char *key = xasprintf("%s/device/capabilities/key", real);
	own_free char *name = xasprintf("sys/class/input/event%u", number);
	own_free char *target = xasprintf("../../../%s", real);

	put(state, key, "402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe\n");
	link_to(state, name, target);
}

#define KEYBOARD ": the host's only keyboard hangs on it: plug in another elsewhere;"

/* Neither controller alone has the last one. */
static void keyboards(void **state)
{
	tree_root(root);

	put(state, "proc/self/mountinfo", "");
	put_pci(state, "0000:03:00.0", "1022", "15b6", "0c0330");
	put_pci(state, "0000:04:00.0", "1022", "15b7", "0c0330");
	set_group(state, "0000:03:00.0", 3);
	set_group(state, "0000:04:00.0", 4);
	set_driver(state, "0000:03:00.0", "xhci_hcd");
	set_driver(state, "0000:04:00.0", "xhci_hcd");
	keyboard(state, "0000:03:00.0", 3);
	assert_obstacles("03:00.0", NULL, "keyboard: 0000:03:00.0" KEYBOARD);
	assert_obstacles("04:00.0", NULL, "");
	keyboard(state, "0000:04:00.0", 4);
	assert_obstacles("03:00.0", NULL, "");
	assert_obstacles("03:00.0", "04:00.0",
			 "keyboard: 0000:03:00.0" KEYBOARD "keyboard: 0000:04:00.0" KEYBOARD);
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
	assert_obstacles(
		"03:00.0", NULL,
		"virtual-functions: 0000:03:00.0 has 4 virtual functions switched on: pass one of them instead, or switch them off first (echo 0 > /sys/bus/pci/devices/0000:03:00.0/sriov_numvfs);");
	assert_obstacles("04:00.0", NULL,
			 "no-group: 0000:04:00.0 is in no IOMMU group: no IOMMU covers it;");
}

/* A function with a driver, in a group of its own. */
static void alone(void **state, const char *class, const char *driver)
{
	put(state, "proc/self/mountinfo", "");
	put_pci(state, "0000:01:00.0", "8086", "591b", class);
	set_group(state, "0000:01:00.0", 1);
	set_driver(state, "0000:01:00.0", driver);
}

static void a_vgpu_of_it(void **state)
{
	static const char vgpu[] = "sys/devices/pci0000:00/0000:01:00.0/" VGPU;
	own_free char *remove = xasprintf("%s/remove", vgpu);
	own_free char *type = xasprintf("%s/mdev_type", vgpu);
	tree_root(root);

	alone(state, "030000", "i915");
	put(state, remove, "");
	link_to(state, type, "../mdev_supported_types/i915-GVTg_V5_4");
	link_to(state, "sys/bus/mdev/devices/" VGPU,
		"../../../devices/pci0000:00/0000:01:00.0/" VGPU);
	put(state, "sys/devices/pci0000:00/0000:01:00.0/mdev_supported_types/i915-GVTg_V5_4/name",
	    "GVTg_V5_4\n");
	assert_obstacles("01:00.0", NULL,
			 "mediated-device: 0000:01:00.0: the vGPU " VGPU
			 " is made of it: remove that first (echo 1 > /sys/bus/mdev/devices/" VGPU
			 "/remove);");
}

static void a_disk_in_use(void **state)
{
	static const char disk[] = "sys/devices/pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1";
	own_free char *dev = xasprintf("%s/dev", disk), *size = xasprintf("%s/size", disk);
	tree_root(root);

	alone(state, "010802", "nvme");
	put(state, dev, "259:0\n");
	put(state, size, "2048\n");
	link_to(state, "sys/class/block/nvme0n1",
		"../../devices/pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1");
	assert_obstacles("01:00.0", NULL, "");
	put(state, "proc/self/mountinfo", "30 1 259:0 / /home rw - ext4 /dev/nvme0n1 rw\n");
	assert_obstacles(
		"01:00.0", NULL,
		"storage: 0000:01:00.0: the host uses what hangs on it: nvme0n1 is mounted at /home;");
}

static void a_picture(void **state)
{
	tree_root(root);

	alone(state, "030000", "i915");
	put_attribute(state, "0000:01:00.0", "drm/card0/card0-DP-1/enabled", "disabled\n");
	assert_obstacles("01:00.0", NULL, "");
	put_attribute(state, "0000:01:00.0", "drm/card0/card0-eDP-1/enabled", "enabled\n");
	own_free char *said = obstacles(&root, "01:00.0", NULL);

	assert_string_equal(
		said, "screen: 0000:01:00.0 is in use: connector eDP-1 shows a picture: " ALONE
		      "unload its driver;");
	/* Beside another one. */
	put_pci(state, "0000:02:00.0", "1002", "744c", "030000");
	assert_obstacles(
		"01:00.0", NULL,
		"screen: 0000:01:00.0 is in use: connector eDP-1 shows a picture: this is the computer's own panel, which another GPU can have only where a MUX switches it (hybrid or discrete graphics, in the firmware setup or by the maker's tool);");
	put_attribute(state, "0000:01:00.0", "drm/card0/card0-eDP-1/enabled", "disabled\n");
	put_attribute(state, "0000:01:00.0", "drm/card0/card0-DP-1/enabled", "enabled\n");
	assert_obstacles(
		"01:00.0", NULL,
		"screen: 0000:01:00.0 is in use: connector DP-1 shows a picture: switch that screen off in the desktop's settings, or unplug it;");
}

/* Only a kernel keeps a function locked: nobody can have one in a tree. */
static void a_function_that_the_kernel_moves(void **state)
{
	const struct pci_address a = at("0000:01:00.0");
	own_scene struct scene scene = {0};
	own_obstacles struct obstacles v = {0};
	own_pci_set struct pci_set set = {0};
	own_free char *said = NULL;
	tree_root(root);

	alone(state, "030000", "i915");
	scene_read(&scene, &root);
	scene.vfio = KMODULE_THERE;
	for (size_t i = 0; i < scene.pci.n; i++)
		scene.pci.v[i].locked = true;
	pci_set_add(&set, pci_list_find(&scene.pci, &a));
	obstacles_of(&v, &scene, &set);
	assert_int_equal(v.n, 1);
	assert_int_equal(v.v[0].kind, OBSTACLE_BUSY);
	said = obstacle_sentence(&v.v[0]);
	assert_string_equal(
		said,
		"0000:01:00.0: the kernel is still busy taking it from a driver or giving it to one, most likely because somebody holds it");
}

static void a_host_without(void **state)
{
	own_scene struct scene scene = {0};
	own_obstacles struct obstacles v = {0};
	const struct pci_set none = {0};
	tree_root(root);

	scene_read(&scene, &root);
	scene.vfio = KMODULE_NONE;
	obstacles_of(&v, &scene, &none);
	assert_int_equal(v.n, 2);
	assert_int_equal(v.v[0].kind, OBSTACLE_NO_IOMMU);
	assert_int_equal(v.v[1].kind, OBSTACLE_NO_VFIO);
	assert_null(v.v[0].function);
}

static void a_host_without_either(void **state)
{
	tree_root(root);

	put(state, "proc/self/mountinfo", "");
	put_pci(state, "0000:01:00.0", "10de", "2820", "030000");
	put(state, "proc/sys/kernel/osrelease", "6.1.0\n");
	put(state, "lib/modules/6.1.0/modules.dep", "kernel/drivers/char/x.ko:\n");
	put(state, "lib/modules/6.1.0/modules.builtin", "kernel/lib/crc.ko\n");
	own_free char *said = obstacles(&root, "01:00.0", NULL);

	assert_true(text_starts(said, "no-iommu: no device can be passed: "));
	assert_non_null(strstr(said, "no-vfio: the kernel has no module vfio-pci"));
}

/* A modprobe that others than root can write to is found out before a password is asked for; that
 * it is missing in a recorded tree says nothing of that host.
 */
static void a_module_that_cannot_be_loaded(void **state)
{
	own_scene struct scene scene = {0};
	own_obstacles struct obstacles v = {0};
	own_free char *said = NULL;
	const struct pci_set none = {0};
	tree_root(root);

	scene_read(&scene, &root);
	assert_null(scene.unloadable);
	scene.vfio = KMODULE_THERE;
	scene.unloadable = xstrdup("/sbin/modprobe: others may write to it");
	obstacles_of(&v, &scene, &none);
	assert_int_equal(obstacle_weight(v.v[v.n - 1].kind), WEIGHT_REFUSED);
	said = obstacle_sentence(&v.v[v.n - 1]);
	assert_string_equal(
		said,
		"the module vfio-pci cannot be loaded: /sbin/modprobe: others may write to it");
}

/* By the tests above, but for a function that is locked, which takes a kernel,
 * and for what only `devices` says, of what goes along (golden/test_boards).
 */
static void the_keeper_was_asked_about_each(void **state)
{
	static const bool elsewhere[OBSTACLE_KINDS] = {
		[OBSTACLE_BUSY] = true,
		[OBSTACLE_COMPANION] = true,
	};

	(void)state;
	for (size_t i = 0; i < OBSTACLE_KINDS; i++)
		if (!seen[i] && !elsewhere[i] &&
		    obstacle_weight((enum obstacle_kind)i) == WEIGHT_REFUSED)
			fail_msg("nobody asked about %s", obstacle_word((enum obstacle_kind)i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(the_group),
		in_scratch(a_group_with_the_hosts_own),
		in_scratch(memory_of_the_firmware),
		in_scratch(a_bar_without_an_address),
		in_scratch(a_bar_that_is_forgotten),
		in_scratch(the_console),
		in_scratch(a_driven_boot_vga),
		in_scratch(the_only_gpu),
		in_scratch(a_virtual_function_of_vfio),
		in_scratch(another_nvidia_gpu),
		in_scratch(keyboards),
		in_scratch(virtual_functions_and_no_group),
		in_scratch(a_vgpu_of_it),
		in_scratch(a_disk_in_use),
		in_scratch(a_picture),
		in_scratch(a_function_that_the_kernel_moves),
		in_scratch(a_host_without),
		in_scratch(a_host_without_either),
		in_scratch(a_module_that_cannot_be_loaded),
		cmocka_unit_test(the_keeper_was_asked_about_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
