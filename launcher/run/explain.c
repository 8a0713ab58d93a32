/* Rows stand by rank: of several in one log the first row counts, not the first line, as QEMU's
 * last words are often about what came of the cause. The texts are those of QEMU 7.2 to 11.1 (as
 * they stand in the binaries of Debian 12, 13 and testing); where they differ by version, both are
 * here.
 */
#include "explain.h"

#include <string.h>

#include "base/alloc.h"
#include "base/own.h"
#include "base/text.h"
#include "log.h"

#define QUOTED 400 /* of a line */

static const struct meaning {
	const char *words, *also; /* in one line; NULL: the first is enough */
	bool late;		  /* also of a guest that ran */
	const char *cause, *remedy;
} MEANING[] = {
	/* hw/vfio: container.c, listener.c, pci.c, container-legacy.c */
	{"VFIO_MAP_DMA failed: Invalid argument", NULL, true,
	 "the guest's firmware put a device's memory where this host's IOMMU does not translate",
	 "leave cpu.phys-bits at auto, or give it fewer bits"},
	{"_dma_map(", "= -22 (", true,
	 "the guest's firmware put a device's memory where this host's IOMMU does not translate",
	 "leave cpu.phys-bits at auto, or give it fewer bits"},
	{"VFIO_MAP_DMA failed: Cannot allocate memory", NULL, true,
	 "QEMU may not lock as much memory as the devices reach",
	 "raise the limit for locked memory (ulimit -l)"},
	{"_dma_map(", "= -12 (", true, "QEMU may not lock as much memory as the devices reach",
	 "raise the limit for locked memory (ulimit -l)"},
	{"_dma_map(", "= -28 (", true, "the kernel has no more mappings for the device's IOMMU",
	 "a greater dma_entry_limit of the module vfio_iommu_type1, or huge pages for the guest"},
	{"Unable to power on device, stuck in D", NULL, true,
	 "the device did not wake up from its sleep (D3)",
	 "put the computer to sleep and wake it, or turn it off: nothing less brings it back; 'vmlaunch devices' tells its power, 'dmesg' what the kernel saw"},
	{"is not viable", NULL, false,
	 "a device of the same IOMMU group still has a driver of the host's",
	 "'vmlaunch devices' lists the group: all of it has to be the guest's, or be without a driver"},
	{"no iommu_group found", NULL, false, "the kernel has no IOMMU in front of this device",
	 "switch VT-d or AMD-Vi on in the firmware's setup; 'vmlaunch doctor' tells what the kernel lacks"},
	{"No available IOMMU models", NULL, false,
	 "vfio has no driver for this host's IOMMU at hand",
	 "sudo modprobe vfio_iommu_type1; without interrupt remapping it refuses, and 'dmesg' says so"},
	{"/dev/vfio/", "Permission denied", false, "the device's node is not open to you",
	 "give the device in [gpu] or [pci], so that the keeper opens it, and not in [qemu] arg"},
	{"/dev/vfio/", "Device or resource busy", false, "another program has the device's group",
	 "end that first: 'sudo fuser -v /dev/vfio/*' names it"},
	{"error getting device from group", NULL, false,
	 "the device is not vfio-pci's, or somebody else has it",
	 "'vmlaunch devices' tells who; 'dmesg' why the kernel refused"},
	{"phys-bits too low", NULL, false,
	 "the guest's processor has too few address bits for its memory and the windows of large BARs",
	 "leave cpu.phys-bits at auto, or give it more bits"},
	{"no slot/function available", NULL, false, "the machine has no free place for a device",
	 "leave out slot keys and [qemu] arg that place devices, or some devices"},

	/* block/file-posix.c */
	{"Failed to get \"", "\" lock", false, "another program has this disk open for writing",
	 "end the other machine, qemu-img or backup first; 'fuser -v FILE' names it"},
	{"Failed to get shared \"", "\" lock", false, "another program has this disk for itself",
	 "end the other machine, qemu-img or backup first; 'fuser -v FILE' names it"},
	{"Image is corrupt", NULL, true, "the disk's image is damaged",
	 "copy it first, then look with 'qemu-img check' and mend the copy with 'qemu-img check -r all'"},

	/* system/vl.c, util/module.c, qdev-monitor.c, ui, audio */
	{"unsupported machine type", NULL, false,
	 "this QEMU has not (or not yet) the machine version that the guest was made with",
	 "'vmlaunch machine NAME --raise' gives the guest one that it has"},
	{"Perhaps you want to install ", NULL, false,
	 "a part of QEMU that the profile asks for is a package of its own, and not installed",
	 "install what QEMU names"},
	{"is not a valid device model name", NULL, false,
	 "this QEMU has no such device: it is newer, left out, or in a package of its own",
	 "look at the packages qemu-system-modules-spice, qemu-system-gui and the like"},
	{"-spice: invalid option", NULL, false, "this QEMU has no SPICE, or its package is missing",
	 "install qemu-system-modules-spice, or take another display.type"},
	{"There is no option group 'spice'", NULL, false,
	 "this QEMU has no SPICE, or its package is missing",
	 "install qemu-system-modules-spice, or take another display.type"},
	{"Display '", "is not available", false,
	 "this QEMU has no such display, or its package is missing",
	 "install qemu-system-gui, or take another display.type"},
	{"Unknown audio driver", NULL, false,
	 "this QEMU has no such sound, or its package is missing",
	 "install the qemu-system-modules or -gui package, or take another driver in [sound]"},
	{"unable to find CPU model", NULL, false, "this QEMU does not know that processor",
	 "take cpu.model = host, or one of 'qemu-system-x86_64 -cpu help'"},

	/* hw/block/pflash_cfi01.c, hw/block/block.c, hw/i386/pc_sysfw.c */
	{"requires ", "block backend provides", false,
	 "the firmware and the machine's variable store are not of one size: the firmware was changed (another package, or with and without Secure Boot)",
	 "name the firmware that it had, or start once with --set firmware.reset-vars=yes: the old store is kept beside it"},
	{"system firmware block device", "invalid size", false, "the firmware's file is none",
	 "'vmlaunch firmware' tells which files were found and chosen"},
	{"could not load PC BIOS", NULL, false, "the firmware's file is gone, or cannot be read",
	 "'vmlaunch firmware' tells which files were found and chosen"},

	/* memory */
	{"can't open backing store", "Permission denied", false,
	 "the shared memory's file is another user's, as a start by sudo or by another program leaves it",
	 "when nothing uses it any more, remove it (sudo rm), or name another file"},
	{"unable to map backing store", "Cannot allocate memory", false,
	 "the host has not as many free huge pages, or as much room for the guest's memory, as it had when they were asked for",
	 "give the guest less vm.memory, end what else takes memory, or memory.hugepages = off"},
	{"cannot set up guest memory", NULL, false, "the host has not as much memory to give",
	 "give the guest less vm.memory, or end what else takes memory"},
	{"preallocating memory failed", NULL, false,
	 "the host ran out of free pages while the guest's memory was taken",
	 "give the guest less vm.memory, or memory.hugepages = off"},

	/* accel/kvm, net */
	{"Could not access KVM kernel module", "Permission denied", false,
	 "/dev/kvm is not open to you",
	 "become one of its group (sudo usermod -aG kvm $USER) and log in anew"},
	{"Could not access KVM kernel module", NULL, false, "the kernel offers no KVM",
	 "switch virtualization (VT-x, AMD-V) on in the firmware's setup, then 'sudo modprobe kvm_intel' or kvm_amd; cpu.accel = tcg does without, slowly"},
	{"Could not set up host forwarding rule", NULL, false,
	 "a port of the host's is taken, or below 1024 and not yours",
	 "another port in network.forward; 'ss -tulpn' names who has it"},
	{"could not configure /dev/net/tun", "busy", false,
	 "another machine or program has this tap interface", "end it, or name another tap"},
	{"could not configure /dev/net/tun", NULL, false, "this tap interface is not yours",
	 "sudo ip tuntap add dev NAME mode tap user $USER"},
	{"failed to find romfile", NULL, false, "an option ROM's file is missing",
	 "name another file in gpu.rom; that of a network card comes with the package ipxe-qemu"},
	{"too large for ROM size", NULL, false,
	 "an option ROM's file is larger than the card's window",
	 "'vmlaunch rom show FILE' tells what is in it, 'rom trim' cuts it"},

	/* Nothing that QEMU ends for, but which is missed later: behind all that is a cause. */
	{"Address already in use", NULL, false, "a port or a socket is taken by another program",
	 "another port in [display] or network.forward; 'ss -lpn' names who has it"},
	{"Device option ROM contents are probably invalid", NULL, false,
	 "the card's option ROM cannot be read as the host's start has left it, and the guest gets none",
	 "give it as a file, gpu.rom: 'vmlaunch rom dump' reads it while the card is awake"},
	{"Cannot read device rom", NULL, false,
	 "the card's option ROM cannot be read as the host's start has left it, and the guest gets none",
	 "give it as a file, gpu.rom: 'vmlaunch rom dump' reads it while the card is awake"},
	{"No space left on device", NULL, true, "a file system of the host's is full",
	 "'df -h' tells which: the disks', the state directory's, or /dev/shm"},
	{"Permission denied", NULL, false,
	 "QEMU, who is you, may open what its profile names and what is the system's",
	 "if it is right to open what it asked for, 'vmlaunch keys qemu' tells the key for that; else 'namei -l FILE' tells whose it is"},
};

/* The first line with the row's words; NULL. Only what is not ours counts. */
static const char *find_line(const char *text, const struct meaning *meaning)
{
	for (const char *at = text; (at = strstr(at, meaning->words));
	     at += strlen(meaning->words)) {
		const char *start = at, *end = at + strcspn(at, "\n"), *also = NULL;

		while (start > text && start[-1] != '\n')
			start--;
		if (meaning->also)
			also = strstr(at, meaning->also);
		if (!log_is_ours(start) && (!meaning->also || (also && also < end)))
			return start;
	}
	return NULL;
}

bool explain(const char *text, bool ran, struct explained *e)
{
	*e = (struct explained){0};
	for (size_t i = 0; i < ARRAY_SIZE(MEANING); i++) {
		const char *line = ran && !MEANING[i].late ? NULL : find_line(text, &MEANING[i]);
		own_free char *whole = NULL;

		if (!line)
			continue;
		whole = xstrndup(line, strcspn(line, "\n"));
		*e = (struct explained){MEANING[i].cause, MEANING[i].remedy,
					text_quote(whole, QUOTED)};
		return true;
	}
	return false;
}

bool explain_log(const char *path, bool ran, struct explained *e)
{
	own_free char *text = log_end(path);

	*e = (struct explained){0};
	return text && explain(text, ran, e);
}

void explained_free(struct explained *e)
{
	free(e->line);
	*e = (struct explained){0};
}
