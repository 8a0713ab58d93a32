"""The four laptops of the example profiles, as made-up machines for plans: what is said of them in public, and
where nothing is said, what such machines have. Read by make-tree, whose Tree they fill.
"""
K, M, G = 1 << 10, 1 << 20, 1 << 30


def processors(tree, name, pairs, small=0, bits=39, memory=32):
    """pairs: siblings in the order of the cores, P-cores all; small: E-cores behind them."""
    first_small = max(n for pair in pairs for n in pair) + 1
    cores = [tuple(pair) for pair in pairs] + [(first_small + n,) for n in range(small)]
    of = {cpu: number for number, core in enumerate(cores) for cpu in core}
    total = len(of)
    tree.file("proc/cpuinfo", "".join(
        f"processor\t: {cpu}\nvendor_id\t: GenuineIntel\nmodel name\t: {name}\n"
        f"physical id\t: 0\ncore id\t\t: {of[cpu]}\n"
        f"flags\t\t: fpu vme sse sse2 ht vmx ept\naddress sizes\t: {bits} bits physical, 48 bits virtual\n\n"
        for cpu in range(total)))
    tree.file("proc/meminfo", f"MemTotal:       {memory << 20} kB\nMemFree:        {memory << 19} kB\n"
                              f"MemAvailable:   {(memory - 3) << 20} kB\nSwapTotal:             0 kB\n")
    for which in ("online", "possible", "present"):
        tree.file(f"sys/devices/system/cpu/{which}", f"0-{total - 1}\n")
    tree.file("sys/devices/system/node/online", "0\n")
    tree.file("sys/devices/system/node/node0/cpulist", f"0-{total - 1}\n")
    if small:
        tree.file("sys/devices/cpu_core/cpus", f"0-{first_small - 1}\n")
        tree.file("sys/devices/cpu_atom/cpus", f"{first_small}-{total - 1}\n")
    for cpu, number in of.items():
        core = cores[number]
        siblings = ",".join(map(str, core)) if len(core) < 2 or core[1] - core[0] > 1 else f"{core[0]}-{core[1]}"
        module = siblings
        if cpu >= first_small:
            start = first_small + (cpu - first_small) // 4 * 4
            module = f"{start}-{min(start + 3, total - 1)}"
        directory = f"sys/devices/system/cpu/cpu{cpu}"
        tree.attributes(f"{directory}/topology", core_id=number, physical_package_id=0, die_id=0,
                        core_cpus_list=siblings, thread_siblings_list=siblings)
        for index, level, kind, size, shared in ((0, 1, "Data", "48K", siblings), (2, 2, "Unified", "2048K", module),
                                                 (3, 3, "Unified", "24576K", f"0-{total - 1}")):
            tree.attributes(f"{directory}/cache/index{index}", level=level, type=kind, size=size,
                            shared_cpu_list=shared)


def host(tree, release, maker, product, **dmi):
    """What every plan asks about: KVM, huge pages, VFIO, whose make it is."""
    tree.file("dev/kvm")
    for size in (2048, 1048576):
        tree.attributes(f"sys/kernel/mm/hugepages/hugepages-{size}kB", nr_hugepages=0, free_hugepages=0,
                        resv_hugepages=0, surplus_hugepages=0)
    tree.attributes("sys/class/dmi/id", sys_vendor=maker, product_name=product, board_vendor=maker,
                    chassis_vendor=maker, chassis_type=10, **dmi)
    tree.file("proc/sys/kernel/osrelease", f"{release}\n")
    tree.file(f"lib/modules/{release}/kernel/drivers/vfio/pci/vfio-pci.ko.zst")


def board(tree, t, port, gpu, audio=None, sub="0000:0000", driver="vfio-pci", group=1, cls="030000", memory=4 * G):
    """A port of the processor's with an NVIDIA board behind it, on a driver since boot or on none."""
    claimed = {"driver": driver, "group": group, "sub": sub, "below": "0000:00:01.0",
               "power": ("D3hot", "suspended", "auto")}
    tree.pci("0000:00:01.0", port, "060400", driver="pcieport", group=group)
    tree.pci("0000:01:00.0", gpu, cls, rom=True, boot_vga=0 if cls == "030000" else None, reset="flr bus", **claimed,
             bars=[(0x5e000000, 16 * M, t.BAR32), (0x6200000000, memory, t.BAR64P), (0, 0, 0),
                   (0x6800000000, 32 * M, t.BAR64P), (0, 0, 0), (0x3000, 128, t.BARIO)])
    if audio:
        tree.pci("0000:01:00.1", audio, "040300", bars=[(0x5f000000, 16 * K, t.BAR32)], **claimed)
    if driver == "vfio-pci":
        tree.node(f"sys/devices/virtual/vfio/{group}", "vfio", f"vfio/{group}", (242, 0))


def panel(tree, t, ids, sub, group=0):
    """The processor's own GPU, which has the panel."""
    tree.iommu("dmar0", cap="1c0000c40660462")
    tree.pci("0000:00:00.0", "8086:4641", "060000", group=0)
    tree.pci("0000:00:02.0", ids, "030000", sub=sub, driver="i915", group=group, boot_vga=1,
             bars=[(0x6000000000, 16 * M, t.BAR64), (0, 0, 0), (0x4000000000, 256 * M, t.BAR64P)])
    tree.drm("0000:00:02.0", 1, 128, [("eDP-1", "connected", "enabled")])
    tree.framebuffer("0000:00:02.0", 0)
    tree.input("sys/devices/platform/i8042/serio0", 3, "AT Translated Set 2 keyboard", t.KEYBOARD, ids="0001:0001",
               links=["by-path/platform-i8042-serio-0-event-kbd"])


def disk(tree, *parts):
    """The host's: the first part is mounted."""
    tree.pci("0000:00:06.0", "8086:464d", "060400", driver="pcieport", group=12)
    tree.pci("0000:02:00.0", "144d:a80a", "010802", below="0000:00:06.0", driver="nvme", group=13, reset="flr bus")
    tree.block(tree.paths["0000:02:00.0"] + "/nvme/nvme0", "nvme0n1", 0, 1000 * G, parts)
    tree.mounts("259:1 / / rw - ext4 /dev/nvme0n1p1 rw")


def rtx3050_rdp(tree, t):
    """i7-12450H, both functions on vfio-pci by the kernel's command line, Resizable BAR on."""
    processors(tree, "12th Gen Intel(R) Core(TM) i7-12450H", [(2 * n, 2 * n + 1) for n in range(4)], small=4, memory=16)
    host(tree, "6.17.0-14-generic", "MECHREVO", "JiXieGeMing")
    panel(tree, t, "8086:46a3", "1d05:1178")
    board(tree, t, "8086:460d", "10de:25a2", "10de:2291", sub="1d05:1178", group=14)
    disk(tree, 400 * G, 16 * G, G, 500 * G)
    tree.process(1, "systemd")
    tree.file("proc/cmdline", "quiet splash intel_iommu=on iommu=pt vfio-pci.ids=10de:25a2,10de:2291\n")


def gtx1050_muxless(tree, t):
    """i7-7700HQ, a card without outputs on vfio-pci since boot."""
    processors(tree, "Intel(R) Core(TM) i7-7700HQ CPU @ 2.80GHz", [(n, n + 4) for n in range(4)], memory=16)
    host(tree, "5.7.6-arch1-1", "LENOVO", "80WW", product_version="Lenovo R720-15IKBN")
    panel(tree, t, "8086:591b", "17aa:39d1", group=2)
    board(tree, t, "8086:1901", "10de:1c8d", cls="030200", memory=256 * M)
    tree.gvt()
    size = "low_gm_size: {0}MB\nhigh_gm_size: {1}MB\nfence: 4\nresolution: {2}\nweight: {3}"
    tree.mdev_types("0000:00:02.0", ("i915-GVTg_V5_4", "GVTg_V5_4", size.format(128, 512, "1920x1200", 4), 1),
                    ("i915-GVTg_V5_8", "GVTg_V5_8", size.format(64, 384, "1024x768", 2), 2))
    disk(tree, 400 * G)
    tree.process(1, "systemd")
    tree.file("proc/cmdline", "i915.enable_gvt=1 kvm.ignore_msrs=1 intel_iommu=on\n")


def rtx3070_looking_glass(tree, t):
    """i7-11800H on NixOS: the drivers are on the black list, so the GPU's functions have none; kvmfr is loaded."""
    processors(tree, "11th Gen Intel(R) Core(TM) i7-11800H @ 2.30GHz", [(n, n + 8) for n in range(8)])
    host(tree, "6.1.27", "HP", "OMEN by HP Laptop 17-ck0xxx")
    panel(tree, t, "8086:9a60", "103c:88f7", group=2)
    board(tree, t, "8086:9a01", "10de:249d", "10de:228b", sub="103c:88f7", driver=None, memory=8 * G)
    disk(tree, 900 * G)
    tree.process(1, "systemd")
    tree.file("dev/kvmfr0")
    # Of two devices.
    tree.file("sys/module/kvmfr/parameters/static_size_mb", "128,64\n")
    tree.file("dev/tpm0")


def rtx4070_looking_glass(tree, t):
    """i9-13900HX, whose GPU its own driver has and nobody uses: raptor_lake of make-tree."""
    t.raptor_lake(tree)
    processors(tree, "13th Gen Intel(R) Core(TM) i9-13900HX", [(2 * n, 2 * n + 1) for n in range(8)], small=16, bits=46)
    host(tree, "6.12.1-zen1", "ASUSTeK COMPUTER INC.", "ROG Strix G614JI")


LAPTOPS = {
    "laptop-rtx3050-rdp": rtx3050_rdp,
    "laptop-gtx1050-muxless": gtx1050_muxless,
    "laptop-rtx3070-looking-glass": rtx3070_looking_glass,
    "laptop-rtx4070-looking-glass": rtx4070_looking_glass,
}
