"""What a guest's reads cost the host: virtio-blk as it is composed by default (by io_uring, where the kernel has it) and
with other ways of I/O, beside the same image as libvirt gives it to QEMU in two published setups (tests/golden/libvirt),
in a machine that is else the same. The guests are up at once and read in turn. The image is in the host's page cache; where the cache is passed by, the host's
disk answers, whose time is nobody's processor time.
"""
import json
import os
import pathlib
import shutil

import insides
import tap

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden/libvirt"
IMAGE_BYTES = 64 << 20
# Those whose image is raw, as ours is here.
SETUPS = {"RTX 3050": "laptop-rtx3050-rdp", "GTX 1050": "laptop-gtx1050-muxless"}
WAYS = {"default": "", "threads": "io = threads\n", "iothread": "iothread = yes\n", "native": "cache = none\n",
        "direct": "cache = none\nio = io_uring\n"}
DEPTHS = (1, 16)


def libvirts(setup, image):
    """Its block node and disk, as raw arguments of a profile."""
    words = (GOLDEN / f"{setup}.argv").read_text().splitlines()
    found = [json.loads(word) for word in words if word.startswith("{")]
    disk = next(f for f in found if f.get("driver") == "virtio-blk-pci")
    node = next(f for f in found if f.get("node-name") == disk["drive"])
    node |= {"driver": "file", "filename": str(image)}
    # Where it is on the bus is the other machine's.
    disk = {key: value for key, value in disk.items() if key not in ("bus", "addr", "bootindex")}
    args = "".join(f"arg = {word}\n" for word in ("-blockdev", json.dumps(node), "-device", json.dumps(disk)))
    return f"[qemu]\nmay-open = {image}\n{args}"


def machines_of(bench):
    image = bench.place.dir / "reads.img"
    image.write_bytes(os.urandom(1 << 20) * (IMAGE_BYTES >> 20))
    found = {name: f"[disk system]\npath = {image}\nread-only = yes\n{more}" for name, more in WAYS.items()}
    # Read-only, as several machines have it.
    for name, setup in SETUPS.items():
        found[name] = libvirts(setup, image).replace('"read-only": false', '"read-only": true')
    return found


def measure(report, bench, rounds, reads):
    if not shutil.which("gcc"):
        report.lacks("disks", "no gcc")
        return
    up = {}
    try:
        initrd = insides.initramfs(bench, "diskload")
        for number, (name, more) in enumerate(machines_of(bench).items()):
            up[name] = insides.Guest(bench, initrd, f"disk{number}", more)
        for guest in up.values():
            guest.wait()
            guest.run(f"diskload {reads // 10} 16")
        for _ in range(rounds):
            for depth in DEPTHS:
                for name, guest in up.items():
                    for what, value in guest.cost(f"diskload {reads} {depth}").items():
                        report.add(f"disk.{name}.{depth}.{what}", [value * 100000 / reads])
    except tap.Skip as why:
        report.lacks("disks", str(why))
        return
    finally:
        for guest in up.values():
            guest.close()
    show(report, list(up), reads, rounds)


def show(report, names, reads, rounds):
    report.title(f"100,000 reads of 4 KiB by a Linux guest under emulation ({reads} were made, {rounds} rounds in turn); "
                 f"{' and '.join(SETUPS)} are libvirt's")
    for depth in DEPTHS:
        value = {what: [report.median(f"disk.{name}.{depth}.{what}") for name in names] for what in ("cpu", "host", "switches")}
        report.note(f"{depth} at a time")
        report.table(names, [
            ("QEMU's processor time", "s", value["cpu"]), ("    beside the guest's own", "s", value["host"]),
            ("context switches", "k", [v / 1000 for v in value["switches"]])])
        for other in SETUPS:
            for what, words in (("host", "time beside the guest"), ("switches", "switches")):
                ours, theirs = (report.median(f"disk.{name}.{depth}.{what}") for name in ("default", other))
                report.goal(f"{depth} at a time, {words}, {other}", ours / theirs if theirs else None, "x", 0.8,
                            "<= 0.8 x libvirt's")
