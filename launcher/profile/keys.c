/* To add a key: a field in profile.h, a row here, and the plan file that reads it. The FIELD macro
 * makes the compiler check that the field has the type that the kind writes.
 */
#include "keys.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/reset_way.h"
#include "keys_kind.h"
#include "keys_words.h"

#define MIB (1ULL << 20)
#define TIB (1ULL << 40)

/* clang-format off */
static const struct key VM[] = {
	{"name", NAME(vm_section, name), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "the machine's name, for status, stop and its files; auto: the profile's file name"},
	{"guest", CHOICE(vm_section, guest, GUEST), .dflt = "other",
	 .help = "what runs inside; chooses the clock and, for windows, what Windows expects"},
	{"memory", SIZE(vm_section, memory, 16 * MIB, 16 * TIB), .dflt = "4G",
	 .help = "memory of the guest"},
	{"user", NAME(vm_section, user),
	 .help = "the user that QEMU runs as when root starts vmlaunch without sudo or pkexec"},
	{"uuid", UUID(vm_section, uuid), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "identity of the hardware; auto: made from the name and this host's machine-id"},
	{"machine", MACHINE(vm_section, machine), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "machine version; auto: the newest at the first start, kept from then on"},
};

static const struct key CPU[] = {
	{"cores", COUNT(cpu_section, cores, 1, 512), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "cores of the guest; auto: those that boot options isolate (isolcpus), else all of the placement that the host can spare, or half of the host's processors where nothing is pinned"},
	{"threads", COUNT(cpu_section, threads, 1, 2), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "threads of each core; auto: as many as the host's cores have, or 1 where nothing is pinned"},
	{"placement", CPUS(cpu_section, placement, PLACEMENT), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "the host's processors that the guest's are pinned to: P-cores, E-cores, any, or those of a list such as 0-15; of these the isolated ones (isolcpus, nohz_full) first; none: not pinned; auto: where a host device is passed performance, or efficiency where boot options isolate cores of that kind alone; else none"},
	{"emulator", CPUS(cpu_section, emulator, NULL), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "where QEMU's own threads run; auto: processors not given to the guest and not isolated, E-cores if there are"},
	{"iothread", CPUS(cpu_section, iothread, NULL), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "where the threads of disks run; auto: with QEMU's own"},
	{"model", NAME(cpu_section, model), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "QEMU's CPU model; auto: host with KVM, max without"},
	{"flags", FLAGS(cpu_section, flags),
	 .help = "features of the processors switched on and off by QEMU's names, such as +invtsc -vmx"},
	{"phys-bits", COUNT(cpu_section, phys_bits, 32, 52), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "width of the guest's addresses; auto: the host's, and with a host device no more than its IOMMU has"},
	{"hide-hypervisor", CHOICE(cpu_section, hide_hypervisor, WHEN), .dflt = "auto",
	 .help = "neither KVM nor the emulation says its name; auto: where a GPU is passed"},
	{"hypervisor-bit", FLAG(cpu_section, hypervisor_bit), .dflt = "yes",
	 .help = "no: the guest is not told that there is a hypervisor at all; Hyper-V needs it told"},
	{"accel", CHOICE(cpu_section, accel, ACCEL), .dflt = "auto",
	 .help = "auto: KVM where it works, else TCG (emulation: slow, and never with a host device)"},
	{"irqchip", CHOICE(cpu_section, irqchip, IRQCHIP), .dflt = "auto",
	 .help = "where KVM keeps the interrupt controllers: all in the kernel, split with QEMU, or off, which is slow and which newer QEMUs refuse; auto: QEMU's choice, the kernel"},
	{"cpu-pm", CHOICE(cpu_section, cpu_pm, WHEN), .dflt = "auto",
	 .help = "yes: the guest idles the host's cores by itself, which spares exits, but the host takes them for busy all the time and can lend them to nobody; auto: no"},
	{"isolate", FLAG(cpu_section, isolate), .dflt = "no",
	 .help = "yes: while the guest runs, nothing of the host's runs on the guest's processors"},
	{"move-irqs", FLAG(cpu_section, move_irqs), .dflt = "no",
	 .help = "yes: the host's interrupts go to its other processors, those of passed devices to the guest's"},
	{"governor", NAME(cpu_section, governor),
	 .help = "frequency governor of the guest's processors, such as performance"},
	{"energy-preference", NAME(cpu_section, preference),
	 .help = "their energy preference, such as balance_performance"},
	{"realtime", FLAG(cpu_section, realtime), .dflt = "no",
	 .help = "yes: the guest's processors come before everything on the host's that they are pinned to; a guest that spins there can make the host stutter"},
};

static const struct key HYPERV[] = {
	{"enabled", CHOICE(hyperv_section, enabled, WHEN), .dflt = "auto",
	 .help = "what Windows knows how to use of a hypervisor; auto: for guest = windows, with KVM. What KVM does not offer is left out, and refused where it is asked for by name"},
	{"vendor-id", VENDOR(hyperv_section, vendor_id), .dflt = "GenuineIntel",
	 .help = "the name that the hypervisor gives itself, at most 12 characters"},
	{"relaxed", FLAG(hyperv_section, relaxed), .dflt = "yes",
	 .help = "no watchdog where the host may pause a processor"},
	{"vapic", FLAG(hyperv_section, vapic), .dflt = "yes", .help = "cheaper interrupts"},
	{"spinlocks", COUNT(hyperv_section, spinlocks, 0, 0xffffffff), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "tries before a waiting processor tells the hypervisor; 0: never; auto: never where cpu.isolate keeps a thread of the host for each, so that whoever has the lock runs, else 8191"},
	{"time", FLAG(hyperv_section, time), .dflt = "yes", .help = "a clock that costs no exit"},
	{"vpindex", FLAG(hyperv_section, vpindex), .dflt = "yes",
	 .help = "processor numbers; synic, tlbflush and ipi need them"},
	{"synic", FLAG(hyperv_section, synic), .dflt = "yes",
	 .help = "synthetic interrupts; stimer needs them"},
	{"stimer", FLAG(hyperv_section, stimer), .dflt = "yes", .help = "synthetic timers"},
	{"runtime", FLAG(hyperv_section, runtime), .dflt = "yes",
	 .help = "how long each processor has run"},
	{"reset", FLAG(hyperv_section, reset), .dflt = "yes", .help = "reset by the hypervisor"},
	{"frequencies", FLAG(hyperv_section, frequencies), .dflt = "yes",
	 .help = "frequencies of TSC and APIC told"},
	{"tlbflush", FLAG(hyperv_section, tlbflush), .dflt = "yes",
	 .help = "flushes on other processors by the hypervisor"},
	{"ipi", FLAG(hyperv_section, ipi), .dflt = "yes",
	 .help = "interrupts to other processors by the hypervisor"},
	{"xmm-input", FLAG(hyperv_section, xmm_input), .dflt = "yes",
	 .help = "calls of the hypervisor with their input in registers"},
	{"tlbflush-ext", FLAG(hyperv_section, tlbflush_ext), .dflt = "yes",
	 .help = "flushes of ranges of addresses; needs tlbflush"},
	{"stimer-direct", FLAG(hyperv_section, stimer_direct), .dflt = "yes",
	 .help = "synthetic timers that come as interrupts of their own; needs stimer"},
	{"emsr-bitmap", FLAG(hyperv_section, emsr_bitmap), .dflt = "yes",
	 .help = "for a Hyper-V of the guest's own (its memory integrity, WSL): fewer looks at what its guests may access"},
	{"tlbflush-direct", FLAG(hyperv_section, tlbflush_direct), .dflt = "yes",
	 .help = "for a Hyper-V of the guest's own: its guests' flushes go past it; needs vapic"},
	{"evmcs", FLAG(hyperv_section, evmcs), .dflt = "no",
	 .help = "for a Hyper-V of the guest's own on an Intel processor: its guests' state in memory; it loses posted interrupts for that, so measure; needs vapic"},
	{"avic", CHOICE(hyperv_section, avic, WHEN), .dflt = "auto",
	 .help = "interrupts past the hypervisor beside synic; auto: where the host's KVM has APICv or AVIC switched on, without which it costs"},
	{"no-nonarch-coresharing", CHOICE(hyperv_section, no_nonarch_coresharing, WHEN), .dflt = "auto",
	 .help = "the guest is told that no core is shared but as it sees it, and does without a guard against its neighbours; auto: where cpu.isolate is on and whole cores are pinned as the guest sees them"},
	{"reenlightenment", FLAG(hyperv_section, reenlightenment), .dflt = "no",
	 .help = "a guest that moves to another host is told of its clock; nothing moves here"},
	{"crash", FLAG(hyperv_section, crash), .dflt = "no",
	 .help = "yes: Windows tells its stop code when it crashes, which ends the machine with words; it writes no dump of its own then"},
};

static const struct key MACHINE_KEYS[] = {
	{"rtc", CHOICE(machine_section, rtc, RTC), .dflt = "auto",
	 .help = "what the clock shows; auto: the local time for Windows, else UTC"},
	{"rtc-drift-fix", FLAG(machine_section, rtc_drift_fix), .dflt = "yes",
	 .help = "ticks of the clock that the guest missed come later; no: they are lost"},
	{"pit-lost-ticks", CHOICE(machine_section, pit_lost_ticks, TICKS), .dflt = "auto",
	 .help = "ticks of the old timer that the guest missed: come later, or are lost; auto: QEMU's choice"},
	{"hpet", CHOICE(machine_section, hpet, WHEN), .dflt = "auto",
	 .help = "the high precision timer; auto: not for Windows, which would use it although it has cheaper ones"},
	{"smm", CHOICE(machine_section, smm, WHEN), .dflt = "auto",
	 .help = "System Management Mode; auto: where the firmware needs it, for Secure Boot"},
	{"vmport", FLAG(machine_section, vmport), .dflt = "no",
	 .help = "yes: the port by which a guest knows VMware's mouse, and a hypervisor"},
	{"s3", CHOICE(machine_section, s3, WHEN), .dflt = "auto",
	 .help = "whether the guest can sleep (suspend to RAM); auto: not with a host device, which seldom wakes up"},
	{"s4", CHOICE(machine_section, s4, WHEN), .dflt = "auto",
	 .help = "whether the guest can hibernate (suspend to disk); auto: as s3"},
	{"watchdog", CHOICE(machine_section, watchdog, WATCHDOG), .dflt = "none",
	 .help = "what the chipset's watchdog (iTCO) does when the guest let it run out"},
	{"pvpanic", FLAG(machine_section, pvpanic), .dflt = "no",
	 .help = "yes: a device by which the guest's system says that it crashed, which ends the machine with words"},
	{"vmcoreinfo", FLAG(machine_section, vmcoreinfo), .dflt = "no",
	 .help = "yes: a Linux guest leaves there what tools need to read a dump of its memory"},
};

static const struct key SMBIOS[] = {
	{"copy-host", FLAG(smbios_section, copy_host), .dflt = "no",
	 .help = "yes: what is not given below is what this host's own firmware says (without serial numbers)"},
	{"manufacturer", STRING(smbios_section, manufacturer), .help = "maker of the machine"},
	{"product", STRING(smbios_section, product), .help = "its model"},
	{"version", STRING(smbios_section, version), .help = "the model's version"},
	{"serial", STRING(smbios_section, serial), .help = "its serial number"},
	{"sku", STRING(smbios_section, sku), .help = "its stock number"},
	{"family", STRING(smbios_section, family), .help = "its family"},
	{"board-manufacturer", STRING(smbios_section, board_manufacturer), .help = "maker of the main board"},
	{"board-product", STRING(smbios_section, board_product), .help = "its model"},
	{"board-version", STRING(smbios_section, board_version), .help = "the model's version"},
	{"board-serial", STRING(smbios_section, board_serial), .help = "its serial number"},
	{"chassis-type", COUNT(smbios_section, chassis_type, 1, 36), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "kind of case, 10 is a notebook; auto: notebook with a battery, else not said"},
	{"chassis-manufacturer", STRING(smbios_section, chassis_manufacturer), .help = "maker of the case"},
	{"chassis-version", STRING(smbios_section, chassis_version), .help = "its version"},
	{"chassis-serial", STRING(smbios_section, chassis_serial), .help = "its serial number"},
	{"bios-vendor", STRING(smbios_section, bios_vendor), .help = "maker of the firmware"},
	{"bios-version", STRING(smbios_section, bios_version), .help = "its version"},
	{"bios-date", STRING(smbios_section, bios_date), .help = "its date, as 01/31/2024"},
	{"oem-string", STRINGS(smbios_section, oem_strings), .help = "free words that programs in the guest read (type 11)"},
};

static const struct key MEMORY[] = {
	{"hugepages", CHOICE(memory_section, hugepages, HUGEPAGES), .dflt = "auto",
	 .help = "auto: huge pages that are free, of any size, or can be had at once, where a host device is passed, else transparent ones; a size: those or no start"},
	{"iommu", CHOICE(memory_section, iommu, IOMMU), .dflt = "auto",
	 .help = "how devices of the host reach the guest's memory; group: by VFIO's groups; iommufd: by descriptors that QEMU is handed, which Linux may have (CONFIG_IOMMUFD, CONFIG_VFIO_DEVICE_CDEV) and QEMU has from 9.0 on; auto: group wherever the kernel has it"},
	{"shared", CHOICE(memory_section, shared, WHEN), .dflt = "auto",
	 .help = "whether programs beside QEMU may have the guest's memory: a [share] by virtiofs needs it, and a [network] by passt is faster by it; auto: for a share, and for passt where that costs the guest no huge pages; yes: in any case; no: a share is by 9p, and passt by a stream"},
	{"host-reserve", SIZE(memory_section, host_reserve, 0, 16 * TIB), .dflt = "2G",
	 .help = "what must stay for the host: a machine with a host device holds all its memory"},
	{"drop-caches", FLAG(memory_section, drop_caches), .dflt = "no",
	 .help = "yes: the host's file cache may be dropped to get huge pages of a given size"},
	{"lock", FLAG(memory_section, lock), .dflt = "no",
	 .help = "yes: all of QEMU stays in memory, also without a host device; the guest's memory is then in use from the start"},
};

#define ROM(n) PATH(gpu, rom[n]), .flags = KEY_READ | KEY_LOADED | KEY_ROM

static const struct key GPU[] = {
	{"enabled", FLAG(gpu, item.enabled), .dflt = "yes",
	 .help = "no: as if the section were not there"},
	{"device", DEVICE(gpu, device), .flags = KEY_REQUIRED,
	 .help = "the GPU: 10de:2820, with @SUBVENDOR:SUBDEVICE or #2 where there are several; or 01:00.0, or 01:00.0=10de:2820 to be sure"},
	{"functions", SLOTS(gpu, functions), .dflt = "all",
	 .help = "which functions of its board go along"},
	{"ids", IDS(gpu, ids), .dflt = "host",
	 .help = "what the guest reads: host, with the subsystem ids that the host sees; none, the card's own; or 10de:25a2:1d05:1178, for each function one"},
	{"guest-slot", PLACE(gpu, guest_slot), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "where the guest finds it, such as 01:00; auto: 01:00, the next GPU at 02:00"},
	{"layout", CHOICE(gpu, layout, LAYOUT), .dflt = "one-slot",
	 .help = "all functions in one slot of the guest, as on the board, or each in its own"},
	{"rom", ROM(0), .help = "option ROM that the guest gets instead of the card's own"},
	{"rom-1", ROM(1),
	 .help = "the same for its board's function 1: the sound function of a processor's graphics has the driver of its outputs (AMDGopDriver.rom)"},
	{"rom-2", ROM(2), .help = "of function 2, and so on"},
	{"rom-3", ROM(3), .help = "of function 3"},
	{"rom-4", ROM(4), .help = "of function 4"},
	{"rom-5", ROM(5), .help = "of function 5"},
	{"rom-6", ROM(6), .help = "of function 6"},
	{"rom-7", ROM(7), .help = "of function 7"},
	{"rom-bar", FLAG(gpu, rom_bar), .dflt = "yes",
	 .help = "no: the guest sees no option ROM"},
	{"rom-acpi", CHOICE(gpu, rom_acpi, WHEN), .dflt = "auto",
	 .help = "the ROM by ACPI's _ROM as well, as a muxless card's driver asks for it; auto: where rom is given and the card is a 3D controller"},
	{"dsm", PATH(gpu, dsm), .flags = KEY_READ | KEY_LOADED,
	 .help = "recorded answers of the host's _DSM that the guest gets: lines of UUID, function, bytes"},
	{"x-vga", FLAG(gpu, x_vga), .dflt = "no",
	 .help = "yes: with the legacy VGA ranges, for a guest that starts with SeaBIOS"},
	{"x-igd-opregion", FLAG(gpu, igd_opregion), .dflt = "no",
	 .help = "yes: with Intel's OpRegion, where an Intel GPU's driver looks for its screens; one of the processor's own sits at 00:02.0 then, as in every computer"},
	{"keep-awake", FLAG(gpu, keep_awake), .dflt = "no",
	 .help = "yes: it and the port above it stay switched on while nobody uses them (power/control, d3cold_allowed), for a card that does not come back from D3; what disable_idle_d3 does for all devices"},
	{"reset", CHOICE(gpu, reset, RESET_WORDS), .dflt = "auto",
	 .help = "how it is reset between two guests, of the kernel's ways that vmlaunch devices shows; auto: what is known of this card, else the kernel's first; bus: all functions at once; none: no way of its own; sleep: as auto, and this computer sleeps two seconds when the guest has ended"},
	{"vf", FLAG(gpu, vf), .dflt = "no",
	 .help = "yes: a virtual function (SR-IOV) of it is made for the guest and removed afterwards, and the GPU stays the host's; one that is there and free is taken as it is"},
	{"vf-count", COUNT(gpu, vf_count, 1, 64), .dflt = "1",
	 .help = "with vf: how many are made where there is none yet; each further start, another user's too, takes one of these, and the last one's end removes all"},
	{"vf-time", COUNT(gpu, vf_time, 1, 1000), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "with vf: for how many milliseconds at a turn the guest may keep the GPU busy, where its driver lets that be said (xe of Linux 6.19 and newer); auto: the driver's own, which is for as long as it likes"},
	{"vf-memory", SIZE(gpu, vf_memory, 64 * MIB, TIB), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "with vf: how much of the GPU's own memory the guest has, where its driver lets that be said (xe of Linux 7 and newer, on cards); auto: an equal share"},
	{"mdev", NAME(gpu, mdev),
	 .help = "a vGPU of this type is made for the guest, such as i915-GVTg_V5_4, and the GPU stays the host's; vmlaunch devices shows the types"},
	{"uuid", UUID(gpu, uuid), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "of the vGPU; auto: made from the names and this host's machine-id"},
	{"display", CHOICE(gpu, display, ON_OFF), .dflt = "auto",
	 .help = "whether QEMU shows the vGPU's picture; auto: where ramfb or xres asks for it, and Intel's with display.gl"},
	{"ramfb", FLAG(gpu, ramfb), .dflt = "no",
	 .help = "yes: the firmware's picture as well, until the guest has a driver for the vGPU"},
	{"xres", COUNT(gpu, xres, 320, 16384), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "width of the vGPU's screen, with yres; auto: what its driver says"},
	{"yres", COUNT(gpu, yres, 200, 16384), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "height of the vGPU's screen, with xres"},
};

static const struct key PCI[] = {
	{"enabled", FLAG(pci, item.enabled), .dflt = "yes",
	 .help = "no: as if the section were not there"},
	{"device", DEVICE(pci, device), .flags = KEY_REQUIRED,
	 .help = "any other PCI device, named as in [gpu]"},
};

static const struct key FIRMWARE[] = {
	{"uefi", FLAG(firmware_section, uefi), .dflt = "yes",
	 .help = "no: start with SeaBIOS instead"},
	{"secure-boot", FLAG(firmware_section, secure_boot), .dflt = "no",
	 .help = "firmware with Secure Boot and enrolled keys; some GPU drivers do not load with it"},
	{"code", PATH(firmware_section, code), .flags = KEY_AUTO | KEY_READ, .dflt = "auto",
	 .help = "firmware image; auto: by the descriptors that the distribution installed"},
	{"vars", PATH(firmware_section, vars), .flags = KEY_AUTO | KEY_READ, .dflt = "auto",
	 .help = "template of the variable store that belongs to code"},
	{"reset-vars", FLAG(firmware_section, reset_vars), .dflt = "no",
	 .help = "yes: start with a fresh variable store; the old one is kept beside it as vars.fd.old"},
	{"mmio64", SIZE(firmware_section, mmio64, 1UL << 30, 16 * TIB), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "window for large BARs above 4G; auto: computed from the passed devices"},
};

static const struct key BOOT[] = {
	{"kernel", PATH(boot_section, kernel), .flags = KEY_READ,
	 .help = "a kernel or UEFI program to start instead of a boot device"},
	{"initrd", PATH(boot_section, initrd), .flags = KEY_READ,
	 .help = "initial RAM disk of the kernel"},
	{"append", TEXT(boot_section, append),
	 .help = "command line of the kernel"},
	{"order", ORDER(boot_section, order), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "what is started from, the first one first, such as: disk/system network/lan pci/nvme usb/stick; auto: disks, then cdroms, as the profile has them; a network or a passed device is booted from only where it is named here (a device also where there is nothing else), and a network has no option ROM else"},
	{"menu", FLAG(boot_section, menu), .dflt = "no",
	 .help = "yes: the firmware offers its boot menu"},
};

static const struct key DISK[] = {
	{"enabled", FLAG(disk, item.enabled), .dflt = "yes",
	 .help = "no: as if the section were not there"},
	{"path", PATH(disk, path), .flags = KEY_REQUIRED | KEY_EXISTS,
	 .help = "image file or block device"},
	{"format", CHOICE(disk, format, FORMAT), .dflt = "auto",
	 .help = "auto: qcow2 if the path ends in .qcow2, else raw; never guessed from what the guest could have written: an image of another kind is refused, unless this is given. vmdk: read-only, as a crash of the host could damage what QEMU writes to one"},
	{"create", SIZE(disk, create, MIB, 512 * TIB), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "size of the image that qemu-img makes at the start when there is none; one that is there stays as it is; auto: none is made"},
	{"media", CHOICE(disk, media, MEDIA), .dflt = "disk",
	 .help = "cdrom: a drive that only reads"},
	{"bus", CHOICE(disk, bus, BUS), .dflt = "auto",
	 .help = "what the guest finds it on; auto: virtio-blk, which Windows has no driver for, and sata for a cdrom. Windows boots from nvme and sata as it is"},
	{"serial", SERIAL(disk, serial), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "its serial number, by which a guest can name it (/dev/disk/by-id), at most 20 characters; auto: none, and for nvme, which needs one, made from the names and this host's machine-id"},
	{"rotation", CHOICE(disk, rotation, ROTATION), .dflt = "auto",
	 .help = "whether the guest takes it for one without moving parts, on virtio-scsi and sata; auto: not said"},
	{"removable", FLAG(disk, removable), .dflt = "no",
	 .help = "yes: the guest takes it for a stick that can be pulled out, on usb; Windows' installer looks for its answers on such ones"},
	{"read-only", FLAG(disk, read_only), .dflt = "no",
	 .help = "yes: the guest cannot write to it"},
	{"cache", CHOICE(disk, cache, CACHE), .dflt = "writeback",
	 .help = "what the host keeps in memory; none and directsync: nothing; writethrough and directsync: a write is done when it is on the medium; unsafe: flushes are ignored"},
	{"io", CHOICE(disk, io, IO), .dflt = "auto",
	 .help = "how QEMU reads and writes it; native goes with cache none or directsync; auto: native with these, else io_uring where the kernel and QEMU have it, else threads; not io_uring for a volume of LVM or LUKS, nor on SMB, nor where its threads could run on the guest's own processors"},
	{"discard", FLAG(disk, discard), .dflt = "no",
	 .help = "yes: what the guest frees (TRIM) is given back to the file system or the SSD"},
	{"detect-zeroes", FLAG(disk, detect_zeroes), .dflt = "no",
	 .help = "yes: zeroes that the guest writes take no room, and with discard give room back; costs a look at all that is written"},
	{"iothread", FLAG(disk, iothread), .dflt = "no",
	 .help = "yes: a thread of its own does the disk's work; for virtio-blk and virtio-scsi"},
	{"iothreads", COUNT(disk, iothreads, 1, 16), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "threads among which the disk's queues are divided, on the processors of cpu.iothread; several need QEMU 9.0 for virtio-blk, 10.0 for virtio-scsi; auto: one where iothread = yes, else none"},
	{"queues", COUNT(disk, queues, 1, 256), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "queues of virtio-blk or virtio-scsi; auto: one for each of the guest's processors"},
};

static const struct key NETWORK[] = {
	{"enabled", FLAG(network, item.enabled), .dflt = "yes",
	 .help = "no: as if the section were not there"},
	{"mode", CHOICE(network, mode, MODE), .dflt = "auto",
	 .help = "user: NAT inside QEMU, no privilege; passt: the same by the program of that name, which is faster, and the guest has the host's own address; bridge: a port of a bridge of the host's, made by root for the machine's life; macvtap: likewise beside a card of the host's, with whose network the guest talks, but not with this host; tap: an interface of the host's that is there already and yours; none: no card; auto: the fastest without a password: tap where the key tap names one, passt where it is installed and the start is no root's own, else user"},
	{"mac", MAC(network, mac), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "auto: made from the names and this host's machine-id"},
	{"model", CHOICE(network, model, MODEL), .dflt = "virtio",
	 .help = "the card that the guest sees; e1000e needs no driver in Windows"},
	{"forward", FORWARDS(network, forward),
	 .help = "a port of the host that leads to the guest: tcp 3389, tcp 2222-22 (the host's 2222 to the guest's 22), udp 5000..5009 (a range), tcp 192.168.1.2:3389-3389; from this host alone where no address is given, 0.0.0.0 is all addresses; none: without those of the lines above"},
	{"tap", NAME(network, tap),
	 .help = "the tap interface, made once by: ip tuntap add dev vmtap0 mode tap user YOU; it may be a port of a bridge"},
	{"bridge", NAME(network, bridge),
	 .help = "of mode = bridge: the bridge, such as br0, which is there already"},
	{"interface", NAME(network, interface),
	 .help = "of mode = macvtap: the card, such as enp3s0; a wireless one cannot carry another's frames"},
	{"queues", COUNT(network, queues, 1, 16), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "pairs of queues of a virtio card on a bridge, a macvtap, or a tap that was made with multi_queue; auto: one for each of the guest's processors up to 8, or 1"},
};

static const struct key USB[] = {
	{"enabled", FLAG(usb, item.enabled), .dflt = "yes",
	 .help = "no: as if the section were not there"},
	{"device", USB_DEVICE(usb, device), .flags = KEY_REQUIRED,
	 .help = "by its ids, 046d:c52b; by its port, 1-4.2; with both to be sure, 1-4.2=046d:c52b; vmlaunch devices shows them. One that is not plugged in is given to the guest when it comes"},
};

static const struct key INPUT[] = {
	{"enabled", FLAG(input, item.enabled), .dflt = "yes",
	 .help = "no: as if the section were not there"},
	{"device", PATH(input, device), .flags = KEY_REQUIRED,
	 .help = "a keyboard or mouse in /dev/input/by-id or /dev/input/by-path; vmlaunch devices shows them"},
	{"grab-toggle", CHOICE(input, grab_toggle, TOGGLE), .dflt = "ctrl-ctrl",
	 .help = "keys of this keyboard that, pressed together, give it back to the host and to the guest again"},
	{"grab-all", FLAG(input, grab_all), .dflt = "yes",
	 .help = "the other input devices go along with this keyboard"},
	{"repeat", FLAG(input, repeat), .dflt = "yes",
	 .help = "a key that is held repeats"},
};

static const struct key SHARE[] = {
	{"enabled", FLAG(share, item.enabled), .dflt = "yes",
	 .help = "no: as if the section were not there"},
	{"path", PATH(share, path), .flags = KEY_REQUIRED | KEY_FOLDER,
	 .help = "a directory of the host; the guest has your rights in it"},
	{"tag", STRING(share, tag), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "what the guest mounts it by, at most 36 bytes; auto: the section's name"},
	{"read-only", FLAG(share, read_only), .dflt = "no",
	 .help = "the guest cannot write to it"},
	{"type", CHOICE(share, type, SHARE_TYPE), .dflt = "auto",
	 .help = "virtiofs: by virtiofsd, fast; 9p: by QEMU, for Linux guests; auto: virtiofs where it can be had"},
};

static const struct key CONSOLE[] = {
	{"serial", TARGET(console_section, serial), .dflt = "none",
	 .help = "the guest's first serial port; terminal: where vmlaunch was started; socket: serial.sock in the machine's runtime directory, for one program at a time"},
	{"virtio", TARGET(console_section, virtio), .dflt = "none",
	 .help = "a console that Linux has as hvc0, many times faster than a serial port; socket: console.sock"},
	{"debug-port", TARGET(console_section, debug_port), .dflt = "none",
	 .help = "I/O port 0x402, where firmware and the guest's-eye program write; socket: debug.sock"},
	{"guest-agent", FLAG(console_section, guest_agent), .dflt = "no",
	 .help = "yes: a channel to QEMU's guest agent (qemu-ga) in the guest, as the socket guest-agent.sock in the machine's runtime directory"},
};

static const struct key TPM_KEYS[] = {
	{"type", CHOICE(tpm_section, type, TPM), .dflt = "auto",
	 .help = "emulated: a TPM 2.0, by swtpm, with a state of the machine's own; host: this computer's (/dev/tpm0), which one machine can have at a time, and whose measurements and keys the guest can change; auto: with guest = windows, where swtpm is installed"},
};

static const struct key FW_CFG[] = {
	{"enabled", FLAG(fw_cfg, item.enabled), .dflt = "yes",
	 .help = "no: as if the section were not there"},
	{"name", TEXT(fw_cfg, name), .flags = KEY_REQUIRED,
	 .help = "its name, which begins with opt/; Linux shows it in /sys/firmware/qemu_fw_cfg/by_name"},
	{"string", TEXT(fw_cfg, string), .help = "what the guest reads there"},
	{"file", PATH(fw_cfg, file), .flags = KEY_READ, .help = "or a file of which it reads all"},
};

static const struct key SOUND_KEYS[] = {
	{"type", CHOICE(sound_section, type, SOUND), .dflt = "auto",
	 .help = "where the guest's sound goes; dbus: to the viewer of display.type = dbus; auto: where the picture goes, with SPICE and D-Bus; with a window, a GPU or a keyboard passed, to PulseAudio (or PipeWire in its place), PipeWire or ALSA, the first that runs and that QEMU has its part for; else there is no card"},
	{"model", CHOICE(sound_section, model, SOUND_MODEL), .dflt = "hda",
	 .help = "the card that the guest sees: Intel's HDA on the board, a USB one, or virtio's (QEMU 8.2; Linux has a driver for it, Windows none of its own)"},
};

static const struct key BATTERY[] = {
	{"present", CHOICE(battery_section, present, WHEN), .dflt = "auto",
	 .help = "a battery, full and plugged in, and a notebook's case; auto: where a GPU is passed on a laptop"},
	{"capacity", COUNT(battery_section, capacity, 1000, 1000000), .dflt = "50000", .help = "what the guest believes that it holds, in mWh"},
	{"nvidia-power-acpi", FLAG(battery_section, nvidia_power), .dflt = "no",
	 .help = "yes: the power devices of a published RTX 3050 setup, which its author says were needed"},
};

static const struct key ACPI[] = {
	{"enabled", FLAG(acpi_item, item.enabled), .dflt = "yes",
	 .help = "no: as if the section were not there"},
	{"file", PATH(acpi_item, file), .flags = KEY_REQUIRED | KEY_READ | KEY_LOADED,
	 .help = "a compiled ACPI table for the guest"},
};

static const struct key DISPLAY_KEYS[] = {
	{"type", CHOICE(display_section, type, DISPLAY), .dflt = "auto",
	 .help = "spice: keyboard, mouse, sound and clipboard over a socket of yours; vnc: keyboard and mouse alone, likewise; gtk, sdl: a window of QEMU's own in your session; dbus: on your session's bus, for viewers that speak QEMU's interface there; egl-headless: drawn by the GPU of render-node and shown to nobody but vmlaunch screenshot; auto: spice with Looking Glass, else none"},
	{"video", CHOICE(display_section, video, WHEN), .dflt = "auto",
	 .help = "an emulated graphics card; auto: where there is a display and no GPU is passed, to see something"},
	{"usb-mouse", FLAG(display_section, usb_mouse), .dflt = "yes",
	 .help = "a USB mouse and keyboard; Windows takes others for touchpads where it sees a battery"},
	{"usb-redirect", COUNT(display_section, usb_redirect, 0, 8), .dflt = "0",
	 .help = "so many USB devices of SPICE's client can be given to the guest while it runs, by the client's menu"},
	{"gl", CHOICE(display_section, gl, WHEN), .dflt = "auto",
	 .help = "QEMU draws with OpenGL: hands SPICE's client or D-Bus' the picture in the host's video memory, shows it in its window, or reads it back for VNC; auto: where render-node is given, or a GVT-g vGPU shows its picture"},
	{"render-node", PATH(display_section, render_node), .flags = KEY_AUTO | KEY_NODE, .dflt = "auto",
	 .help = "the GPU of the host that QEMU draws with, such as /dev/dri/renderD128; auto: the first"},
	{"start-viewer", FLAG(display_section, start_viewer), .dflt = "no",
	 .help = "yes: the viewer is started when the guest runs, and ended with it"},
	{"viewer", CHOICE(display_section, viewer, VIEWER), .dflt = "auto",
	 .help = "auto: remote-viewer, for SPICE without Looking Glass; rdp: FreeRDP's xfreerdp3 or xfreerdp, beside Looking Glass as well, as soon as the guest's port 3389 answers to which [network] has a forward; it asks for the password by the program that FREERDP_ASKPASS names (FreeRDP 3)"},
	{"rdp-user", STRING(display_section, rdp_user),
	 .help = "the guest's account that xfreerdp is for, such as me or DOMAIN\\me"},
};

static const struct key GLASS_KEYS[] = {
	{"resolution", RESOLUTION(glass_section, resolution),
	 .help = "largest picture of the guest, such as 2560x1440; switches Looking Glass on, none: off again"},
	{"backend", CHOICE(glass_section, backend, GLASS), .dflt = "auto",
	 .help = "auto: the kvmfr module's device if it is large enough, else a shared memory file"},
	{"size", SIZE(glass_section, size, MIB, 1UL << 32), .flags = KEY_AUTO, .dflt = "auto",
	 .help = "of the shared memory, a power of two; auto: computed from the resolution"},
	{"file", PATH(glass_section, file), .dflt = "/dev/shm/looking-glass",
	 .help = "the shared memory file, where the client looks for it"},
	{"start-client", FLAG(glass_section, start_client), .dflt = "yes",
	 .help = "the client is started when the guest runs, and ended with it; no: it is yours to start"},
	{"client", PROGRAM(glass_section, client), .dflt = "looking-glass-client",
	 .help = "the client's program: a path, or a name looked up in PATH"},
};

static const struct key HOST[] = {
	{"sleep", CHOICE(host_section, sleep, SLEEP), .dflt = "auto",
	 .help = "when the host is to sleep while the machine runs; block: it does not, whoever asks, nor when its lid is closed; pause: the guest is paused until it wakes; shutdown: the guest's power button is pressed, and the host waits as long as logind lets it (5 s; InhibitDelayMaxSec); quit: the same, and a guest that does not end in time is switched off, so that its devices, virtual functions too, are the host's again when it sleeps; ignore: nothing; auto: block where a device of the host's is passed, else ignore"},
};

static const struct key IDLE_KEYS[] = {
	{"action", CHOICE(idle_section, action, IDLE), .dflt = "none",
	 .help = "what becomes of a guest that nobody uses; pause: it stands still until 'vmlaunch resume', 'vmlaunch run --wait-port', or SPICE's or VNC's next client; shutdown: its power button is pressed. A client is a connection to a forwarded TCP port of this computer, one of SPICE's or VNC's, and a viewer that vmlaunch has started; who comes by a bridge, or uses the guest without a connection, is not seen"},
	{"after", SECONDS(idle_section, after, 1, 604800), .dflt = "15m",
	 .help = "so long without a client"},
};

static const struct key SHUTDOWN[] = {
	{"again", SECONDS(shutdown_section, again, 1, 3600), .dflt = "30s",
	 .help = "time from the first press of the power button to the second"},
	{"force-within", SECONDS(shutdown_section, force_within, 1, 60), .dflt = "3s",
	 .help = "a second Ctrl-C within this time quits at once"},
	{"quit", SECONDS(shutdown_section, quit, 1, 86400), .dflt = "75s",
	 .help = "after SIGTERM: time from the first press until QEMU is told to quit; systemd kills after 90 s when a session or the host ends"},
	{"terminate", SECONDS(shutdown_section, terminate, 1, 3600), .dflt = "10s",
	 .help = "time from then until QEMU gets SIGINT"},
	{"kill", SECONDS(shutdown_section, kill, 1, 3600), .dflt = "10s",
	 .help = "time from then until QEMU gets SIGKILL"},
};

static const struct key QEMU[] = {
	{"binary", PROGRAM(qemu_section, binary), .dflt = "qemu-system-x86_64",
	 .help = "the QEMU to run: a path, or a name looked up in PATH"},
	{"arg", STRINGS(qemu_section, arg),
	 .help = "one more argument for QEMU, passed on as it is, behind all others"},
	{"env", ENV(qemu_section, env),
	 .help = "one more variable of QEMU's environment"},
	{"may-open", PATHS(qemu_section, may_open),
	 .help = "one more file, device or directory that QEMU may open, read, write and run, such as one that an argument of your own leads to; all else of yours is closed to it (Landlock)"},
};

#define SINGLE(word, member, keys) \
	{.name = (word), .offset = offsetof(struct profile, member), \
	 .size = sizeof(((struct profile *)0)->member), .key = (keys), .n = ARRAY_SIZE(keys)
#define MANY(word, member, type, keys) \
	{.name = (word), .items = true, .offset = offsetof(struct profile, member), \
	 .size = sizeof(struct type), .key = (keys), .n = ARRAY_SIZE(keys)

static const struct section_keys TABLE[] = {
	SINGLE("vm", vm, VM), .help = "the machine as a whole"},
	SINGLE("cpu", cpu, CPU), .help = "processors"},
	SINGLE("hyperv", hyperv, HYPERV), .help = "enlightenments for Windows"},
	SINGLE("machine", machine, MACHINE_KEYS), .help = "the board: clock, timers, sleep"},
	SINGLE("memory", memory, MEMORY), .help = "where the guest's memory comes from"},
	SINGLE("smbios", smbios, SMBIOS), .help = "what the machine says of its make (dmidecode)"},
	SINGLE("firmware", firmware, FIRMWARE), .help = "UEFI and its variables"},
	SINGLE("boot", boot, BOOT), .help = "what is started, in which order"},
	MANY("gpu", gpu, gpu, GPU), .help = "a GPU of the host, given to the guest with its board"},
	MANY("pci", pci, pci, PCI), .help = "another PCI device of the host"},
	MANY("disk", disk, disk, DISK), .help = "a disk or a CD-ROM drive"},
	MANY("network", network, network, NETWORK), .help = "a network card"},
	MANY("share", share, share, SHARE), .help = "a directory of the host's that the guest mounts"},
	SINGLE("tpm", tpm, TPM_KEYS), .help = "the guest's TPM"},
	MANY("usb", usb, usb, USB), .help = "a USB device of the host, given to the guest"},
	MANY("input", input, input, INPUT), .help = "a keyboard or mouse of the host that the guest has at the press of keys (evdev)"},
	SINGLE("console", console, CONSOLE), .help = "text in and out of the guest"},
	SINGLE("battery", battery, BATTERY), .help = "what makes the guest take the machine for a laptop"},
	MANY("acpi", acpi, acpi_item, ACPI), .help = "a table of your own"},
	MANY("fw-cfg", fw_cfg, fw_cfg, FW_CFG), .help = "a text or a file that the guest reads from QEMU's firmware configuration"},
	SINGLE("display", display, DISPLAY_KEYS), .help = "picture and input of the guest"},
	SINGLE("sound", sound, SOUND_KEYS), .help = "the guest's sound"},
	SINGLE("looking-glass", glass, GLASS_KEYS), .help = "the GPU's picture in a window of the host"},
	SINGLE("host", host, HOST), .help = "the host, while the machine runs"},
	SINGLE("idle", idle, IDLE_KEYS), .help = "a guest that nobody uses"},
	SINGLE("shutdown", shutdown, SHUTDOWN), .help = "how long the guest may take to end"},
	SINGLE("qemu", qemu, QEMU), .help = "QEMU itself"},
};
/* clang-format on */

const struct section_keys *section_table(size_t *n)
{
	*n = ARRAY_SIZE(TABLE);
	return TABLE;
}

const struct section_keys *section_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(TABLE); i++)
		if (strcmp(TABLE[i].name, name) == 0)
			return &TABLE[i];
	return NULL;
}

const struct key *key_find(const struct section_keys *section, const char *name)
{
	for (size_t i = 0; i < section->n; i++)
		if (strcmp(section->key[i].name, name) == 0)
			return &section->key[i];
	return NULL;
}
