"""Made-up machines for what may be taken and what goes along with it: where a board ends, what shares a group, what the
kernel or the host keeps. Read by make-tree, whose Tree they fill; T is make-tree itself.
"""
K, M, G = 1 << 10, 1 << 20, 1 << 30
RELEASE = "6.12.1-made-up"
UNSET = 0x20000000  # the kernel found no address for it


def host(tree):
    tree.file("dev/kvm")
    tree.file("proc/sys/kernel/osrelease", f"{RELEASE}\n")
    tree.file(f"lib/modules/{RELEASE}/kernel/drivers/vfio/pci/vfio-pci.ko.zst")
    tree.process(1, "systemd")


def keyboard(tree, t, controller, number):
    bus = f"usb{number}"
    tree.usb(controller, bus, "1d6b:0002", 1, cls="09", interfaces=[("09", "hub")])
    device = tree.usb(controller, f"{number}-4", "0951:16d2", 2, parent=f"{bus}/", speed="12", product="Keyboard",
                      interfaces=[("03", "usbhid")])
    tree.input(f"{device}/{number}-4:1.0/0003:0951:16D2.000{number}", number, "Keyboard", t.KEYBOARD, ids="0951:16d2")


def desktop_apu(tree, t):
    """A card with the host's screens, and a processor's graphics that share their slot with the security processor, the
    USB controller that the keyboard hangs on, another one, and the board's sound; each in a group of its own."""
    host(tree)
    tree.iommu("ivhd0")
    tree.pci("0000:00:01.0", "1022:14ea", "060000", group=0)
    tree.pci("0000:00:01.1", "1022:14ed", "060400", group=1, driver="pcieport")
    tree.pci("0000:01:00.0", "1002:7480", "030000", below="0000:00:01.1", sub="1da2:e475", driver="amdgpu", group=12,
             boot_vga=1, reset="bus", bars=[(0xf800000000, 8 * G, t.BAR64P)])
    tree.drm("0000:01:00.0", 1, 128, [("DP-2", "connected", "enabled")])
    tree.framebuffer("0000:01:00.0", 0)
    # Its functions have groups of their own, and are one board all the same.
    tree.pci("0000:01:00.1", "1002:ab30", "040300", below="0000:00:01.1", sub="1002:ab30", driver="snd_hda_intel",
             group=13, bars=[(0xfb000000, 16 * K, t.BAR32)])
    tree.pci("0000:00:08.1", "1022:14eb", "060400", group=8, driver="pcieport")
    functions = (("1002:15bf", "030000", None), ("1002:1640", "040300", "snd_hda_intel"), ("1022:15c7", "108000", "ccp"),
                 ("1022:15b9", "0c0330", "xhci_hcd"), ("1022:15ba", "0c0330", "xhci_hcd"), None,
                 ("1022:15e3", "040300", "snd_hda_intel"))
    for i, function in enumerate(functions):
        if function:
            ids, cls, driver = function
            tree.pci(f"0000:0e:00.{i}", ids, cls, below="0000:00:08.1", sub="1458:d000", driver=driver, group=20 + i,
                     boot_vga=0 if i == 0 else None, bars=[(0xf6000000 + i * M, M, t.BAR32)])
    keyboard(tree, t, "0000:0e:00.3", 2)


def laptop_twins(tree, t):
    """Two GPUs of the same ids and subsystem; and what the kernel will not give: a function in no group, one in a group
    with a device that is none of PCI's, one that the firmware keeps memory for, one that has no room for its BAR."""
    host(tree)
    tree.iommu("dmar0", cap="1c0000c40660462")
    tree.pci("0000:00:00.0", "8086:5910", "060000", group=0)
    for n, (port, bus) in enumerate((("0000:00:01.0", 1), ("0000:00:01.1", 2))):
        tree.pci(port, f"8086:190{1 + 4 * n}", "060400", group=1 + n, driver="pcieport")
        shared = {"below": port, "group": 1 + n, "sub": "1462:11ce"}
        tree.pci(f"0000:0{bus}:00.0", "10de:1c20", "030000", driver="nvidia", boot_vga=int(not n), rom=True, **shared,
                 bars=[(0xdc000000 - n * 64 * M, 16 * M, t.BAR32), (0x90000000 + n * 512 * M, 256 * M, t.BAR64P)])
        tree.pci(f"0000:0{bus}:00.1", "10de:10f1", "040300", driver="snd_hda_intel", **shared,
                 bars=[(0xdd080000 - n * 64 * M, 16 * K, t.BAR32)])
    tree.drm("0000:01:00.0", 0, 128, [("eDP-1", "connected", "enabled")])
    tree.framebuffer("0000:01:00.0", 0)
    tree.pci("0000:03:00.0", "1b21:2142", "0c0330", sub="1462:11ce", driver="xhci_hcd", bars=[(0xdb000000, 32 * K, t.BAR64)])
    tree.pci("0000:00:15.0", "8086:a160", "118000", sub="1462:11ce", driver="intel-lpss", group=5,
             bars=[(0xdf000000, 4 * K, t.BAR64)])
    tree.attributes("sys/devices/platform/INTC1234:00", driver_override="(null)")
    tree.link("sys/devices/platform/INTC1234:00/driver", "sys/bus/pci/drivers/nvidia")
    tree.link("sys/kernel/iommu_groups/5/devices/INTC1234:00", "sys/devices/platform/INTC1234:00")
    tree.pci("0000:04:00.0", "104c:8241", "0c0330", sub="1462:11ce", driver="xhci_hcd", group=6,
             bars=[(0xde000000, 64 * K, t.BAR64)])
    tree.file("sys/kernel/iommu_groups/6/reserved_regions",
              "0x000000007d000000 0x000000007f7fffff direct\n0x00000000fee00000 0x00000000feefffff msi\n")
    tree.pci("0000:05:00.0", "10de:2c58", "030200", sub="1462:11ce", driver="nouveau", group=7, reset="flr bus",
             bars=[(0xd8000000, 64 * M, t.BAR32), (0, 32 * G, t.BAR64P | UNSET)])
    tree.input("sys/devices/platform/i8042/serio0", 3, "AT Translated Set 2 keyboard", t.KEYBOARD)


def laptop_slices(tree, t, maker="i915"):
    """Graphics with three virtual functions switched on, and a card whose sound function has a slot of its own behind the
    card's switch, in a box that has a switch of the same maker's."""
    host(tree)
    tree.iommu("dmar0", cap="1c0000c40690462")
    tree.pci("0000:00:00.0", "8086:7d06", "060000", group=1)
    tree.pci("0000:00:02.0", "8086:7d51", "030000", sub="17aa:5134", driver=maker, group=0, boot_vga=1, sriov_numvfs=3,
             bars=[(0x5018000000, 16 * M, t.BAR64P), (0, 0, 0), (0x4000000000, 256 * M, t.BAR64P)])
    tree.drm("0000:00:02.0", 0, 128, [("eDP-1", "connected", "enabled")])
    tree.framebuffer("0000:00:02.0", 0)
    for n, driver in ((1, "vfio-pci"), (2, "vfio-pci"), (3, None)):
        path = tree.pci(f"0000:00:02.{n}", "8086:7d51", "030000", sub="17aa:5134", driver=driver, group=16 + n,
                        boot_vga=0, reset="flr", bars=[(0x5010000000 + n * 16 * M, 16 * M, t.BAR64P)])
        tree.link(f"{path}/physfn", tree.paths["0000:00:02.0"])
    bridges = (("0000:00:07.0", None, "7ec4"), ("0000:20:00.0", "0000:00:07.0", "5780"),
               ("0000:21:01.0", "0000:20:00.0", "5780"), ("0000:21:02.0", "0000:20:00.0", "5780"),
               ("0000:22:00.0", "0000:21:01.0", "4fa1"), ("0000:23:01.0", "0000:22:00.0", "4fa4"),
               ("0000:23:04.0", "0000:22:00.0", "4fa4"))
    for n, (address, below, device) in enumerate(bridges):
        tree.pci(address, f"8086:{device}", "060400", below=below, driver="pcieport", group=30 + n)
    tree.pci("0000:24:00.0", "8086:56a0", "030000", below="0000:23:01.0", sub="8086:1020", group=40, boot_vga=0, rom=True,
             reset="flr bus", bars=[(0x6040000000, 16 * M, t.BAR64), (0, 0, 0), (0x6000000000, 256 * M, t.BAR64P)])
    tree.pci("0000:25:00.0", "8086:4f90", "040300", below="0000:23:04.0", sub="8086:1020", driver="snd_hda_intel",
             group=41, bars=[(0x84000000, 16 * K, t.BAR64)])
    # In the box, and not on the card.
    tree.pci("0000:26:00.0", "8086:5781", "0c0330", below="0000:21:02.0", driver="xhci_hcd", group=42,
             bars=[(0x84100000, 64 * K, t.BAR64)])
    tree.pci("0000:27:00.0", "8086:51c8", "040300", below="0000:21:02.0", driver="snd_hda_intel", group=43,
             bars=[(0x84200000, 16 * K, t.BAR64)])
    tree.input("sys/devices/platform/i8042/serio0", 3, "AT Translated Set 2 keyboard", t.KEYBOARD)


def laptop_slices_vfio(tree, t):
    """The same, whose graphics vfio-pci has as well."""
    laptop_slices(tree, t, maker="vfio-pci")


def laptop_slices_held(tree, t):
    """The same, with two of three in another one's virtual machines."""
    laptop_slices(tree, t)
    for group in (17, 19):
        tree.node(f"sys/devices/virtual/vfio/{group}", "vfio", f"vfio/{group}", (240, group))
        tree.process(700 + group, "qemu-system-x86", 1001, [f"/dev/vfio/{group}"])


def laptop_sriov(tree, t):
    """Graphics whose driver could make virtual functions, and a card that cannot, by drivers that could be others."""
    host(tree)
    tree.iommu("dmar0", cap="1c0000c40690462")
    tree.pci("0000:00:00.0", "8086:4601", "060000", group=1)
    path = tree.pci("0000:00:02.0", "8086:46a6", "030000", sub="17aa:3801", driver="xe", group=0, boot_vga=1, sriov_numvfs=0,
                    bars=[(0x5018000000, 16 * M, t.BAR64P), (0, 0, 0), (0x4000000000, 256 * M, t.BAR64P)])
    tree.attributes(path, sriov_totalvfs=7, sriov_offset=1, sriov_stride=1, sriov_vf_device="46a6", sriov_drivers_autoprobe=1)
    for n in range(1, 8):
        tree.attributes(f"{path}/sriov_admin/vf{n}/profile", exec_quantum_ms=0, preempt_timeout_us=0)
    tree.drm("0000:00:02.0", 0, 128, [("eDP-1", "connected", "enabled")])
    tree.framebuffer("0000:00:02.0", 0)
    tree.pci("0000:00:06.0", "8086:464d", "060400", driver="pcieport", group=2)
    tree.pci("0000:01:00.0", "8086:56a0", "030000", below="0000:00:06.0", sub="8086:1020", driver="i915", group=3, boot_vga=0,
             bars=[(0x6040000000, 16 * M, t.BAR64)])
    # Of another laptop, so that both kinds of i915 are here; and one that a boot option took.
    tree.pci("0000:00:07.0", "8086:464e", "060400", driver="pcieport", group=4)
    tree.pci("0000:03:00.0", "8086:9a49", "030000", below="0000:00:07.0", sub="8086:1021", driver="i915", group=5, boot_vga=0,
             bars=[(0x6050000000, 16 * M, t.BAR64)])
    tree.pci("0000:00:07.1", "8086:464f", "060400", driver="pcieport", group=6)
    tree.pci("0000:04:00.0", "8086:e20b", "030000", below="0000:00:07.1", sub="8086:1022", driver="vfio-pci", group=7, boot_vga=0,
             bars=[(0x6060000000, 16 * M, t.BAR64)])
    tree.input("sys/devices/platform/i8042/serio0", 3, "AT Translated Set 2 keyboard", t.KEYBOARD)


def one_gpu(tree, t, freed=False):
    """One GPU alone, with the firmware's frame buffer under the console; or freed by hand."""
    host(tree)
    tree.iommu("ivhd0")
    tree.pci("0000:40:01.3", "1022:1453", "060400", driver="pcieport", group=30)
    tree.pci("0000:42:00.0", "10de:1b06", "030000", below="0000:40:01.3", sub="1458:3752", rom=True, group=31, boot_vga=1,
             driver=None if freed else "nvidia", bars=[(0x9e000000, 16 * M, t.BAR32), (0x80000000, 256 * M, t.BAR64P)])
    tree.pci("0000:42:00.1", "10de:10ef", "040300", below="0000:40:01.3", sub="1458:3752", driver="snd_hda_intel",
             group=31, bars=[(0x9f080000, 16 * K, t.BAR32)])
    if not freed:
        path = tree.node("sys/devices/platform/efi-framebuffer.0/graphics/fb0", "graphics", "fb0", (29, 0))
        tree.attributes(path, name="EFI VGA")
    tree.attributes("sys/class/vtconsole/vtcon0", name="(S) dummy device", bind=int(freed))
    tree.attributes("sys/class/vtconsole/vtcon1", name="(M) frame buffer device", bind=int(not freed))
    tree.input("sys/devices/platform/i8042/serio0", 3, "AT Translated Set 2 keyboard", t.KEYBOARD)


def one_gpu_freed(tree, t):
    one_gpu(tree, t, freed=True)


BOARDS = {
    "desktop-apu": desktop_apu,
    "laptop-twins": laptop_twins,
    "laptop-slices": laptop_slices,
    "laptop-slices-vfio": laptop_slices_vfio,
    "laptop-slices-held": laptop_slices_held,
    "laptop-sriov": laptop_sriov,
    "one-gpu": one_gpu,
    "one-gpu-freed": one_gpu_freed,
}
