"""What a shared folder costs the host: virtiofs beside 9p, one Linux guest under emulation for each, both up at once and
measured in turn: a large file, and many small ones. And whether a guest with a share keeps its huge pages.
"""
import pathlib
import re
import shutil

import insides
import machines
import prealloc
import tap

LARGE_MIB, SMALL = 32, 2000
FORGET = "echo 3 >/proc/sys/vm/drop_caches; "
TASKS = (
    ("large-write", f"{LARGE_MIB} MiB written", "rm -f /mnt/large; dd if=/dev/zero of=/mnt/large bs=1M conv=fsync count={large}"),
    ("large-read", f"{LARGE_MIB} MiB read", FORGET + "cat /mnt/large >/dev/null"),
    ("small-write", f"{SMALL} small files made", "rm -rf /mnt/d; mkdir /mnt/d; i=0; while [ $i -lt {small} ]; do echo $i >/mnt/d/$i; i=$((i+1)); done"),
    ("small-read", f"{SMALL} small files read", FORGET + "cat /mnt/d/* >/dev/null"),
)
MOUNT = {"virtiofs": "mount -t virtiofs shared /mnt", "9p": "mount -t 9p -o trans=virtio,msize=512000 shared /mnt"}
MEMORY_MIB = 128


def share(bench, kind):
    path = bench.place.dir / f"shared-{kind}"
    path.mkdir(exist_ok=True)
    return f"[share shared]\npath = {path}\ntype = {kind}\n"


def cost(report, bench, rounds, quick):
    """The ways that could be measured here."""
    amount = {"large": LARGE_MIB // 4 if quick else LARGE_MIB, "small": SMALL // 10 if quick else SMALL}
    up = {}
    try:
        initrd = insides.initramfs(bench)
        for kind in MOUNT:
            up[kind] = insides.Guest(bench, initrd, kind.replace("9p", "nine"), share(bench, kind), helper="virtiofsd")
        for kind, guest in up.items():
            guest.wait()
            guest.run(MOUNT[kind])
        for _ in range(rounds):
            for task, _, command in TASKS:
                for kind, guest in up.items():
                    command = command.format(**amount)
                    for what, value in guest.cost(command).items():
                        report.add(f"share.{kind}.{task}.{what}", [value])
    finally:
        for guest in up.values():
            guest.close()
    return amount


def huge_kib(qemu, mib):
    """How much of the guest's memory, the one mapping of its size, is in pages of 2 MiB."""
    for part in re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", pathlib.Path(f"/proc/{qemu}/smaps").read_text()):
        field = {name: int(kib) for name, kib in re.findall(r"^(\w+): +(\d+) kB", part, re.M)}
        if field.get("Size") == mib << 10:
            pages = field["KernelPageSize"] == 2048
            huge = field.get("Shared_Hugetlb", 0) + field.get("Private_Hugetlb", 0)
            return huge if pages else field.get("AnonHugePages", 0) + field.get("ShmemPmdMapped", 0)
    return None


def keeps_pages(report, bench):
    pages = prealloc.Pages(MEMORY_MIB // 2)
    if not pages.enough:
        report.lacks("huge pages of a guest with a share", "the pool of 2 MiB pages cannot be enlarged here")
        return
    try:
        profile = bench.place.write("pages.ini", machines.PROFILE.replace("memory = 512M", f"memory = {MEMORY_MIB}M")
                                    + share(bench, "virtiofs") + "[memory]\nhugepages = 2M\n")
        with machines.Running(bench, profile=profile) as machine:
            found = huge_kib(machine.qemu, MEMORY_MIB)
            report.add("share.huge", [found])
            report.goal("memory in 2 MiB pages, with a share", found and found / (MEMORY_MIB << 10), "", 1, "all of it", at_least=True)
    finally:
        pages.close()


def measure(report, bench, rounds, quick):
    if not shutil.which("gcc"):
        report.lacks("shares", "no gcc")
        return
    done = bench.place.run("plan", bench.place.write("try.ini", machines.PROFILE + share(bench, "virtiofs")))
    if done.returncode != 0:
        report.lacks("shares", done.stderr.decode(errors="replace").strip().splitlines()[-1])
        return
    try:
        keeps_pages(report, bench)
        amount = cost(report, bench, rounds, quick)
    except tap.Skip as why:
        report.lacks("shares", str(why))
        return
    report.title(f"A shared folder, {rounds} rounds in turn: {amount['large']} MiB, and {amount['small']} files; seconds of processors")
    rows = []
    for task, title, _ in TASKS:
        for what, words in (("qemu", "QEMU"), ("cpu", "with virtiofsd"), ("host", "    beside the guest's own")):
            rows.append((f"{title.split(' ', 1)[1]}, {words}"[:36], "s", [report.median(f"share.{kind}.{task}.{what}") for kind in MOUNT]))
        ours, theirs = (report.median(f"share.{kind}.{task}.qemu") for kind in MOUNT)
        report.goal(f"share, {title.split(' ', 1)[1]}: QEMU's time by 9p's", ours / theirs if theirs else None, "x", 1 / 3, "<= a third of 9p's")
    report.table(list(MOUNT), rows)
