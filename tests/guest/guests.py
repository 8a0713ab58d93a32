"""What the tests with a real QEMU share: what must be there, the probe's report, disks that boot."""
import ctypes
import functools
import glob
import gzip
import json
import lzma
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402
from tap import Skip  # noqa: E402

PROBE = tap.ROOT / "build/probe.efi"
QEMU = "qemu-system-x86_64"

# Debian keeps some programs out of a plain user's PATH.
os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"

# Emulation on a slow machine that others use as well; what hangs takes for ever.
BOOT = 400


def need(*programs, probe=True):
    for program in programs:
        if not shutil.which(program):
            raise Skip(f"no {program}")
    if probe and not PROBE.exists():
        raise Skip("no build/probe.efi: gnu-efi is not installed")


def has_io_uring():
    """Whether the kernel makes a ring for us (io_uring_setup(2), whose parameters take 120 bytes)."""
    ring = ctypes.CDLL(None).syscall(425, 1, ctypes.create_string_buffer(120))
    if ring >= 0:
        os.close(ring)
    return ring >= 0


def queue_threads(device="virtio-blk-pci"):
    """Among how many threads a disk's queues can be divided with this QEMU: 2, or 1 before 9.0 (virtio-scsi: 10.0)."""
    said = subprocess.run([QEMU, "-device", f"{device},help"], capture_output=True, text=True).stdout
    return 2 if "iothread-vq-mapping" in said else 1


def need_spice():
    """Distributions have it in a package of its own."""
    need(QEMU, probe=False)
    said = subprocess.run([QEMU, "-spice", "help"], capture_output=True, text=True)
    if "disable-ticketing" not in said.stdout + said.stderr:
        raise Skip("this QEMU has no SPICE (Debian 13: package qemu-system-modules-spice)")


def firmware_files():
    """The descriptors of the firmware that counts."""
    return sorted(glob.glob(f"{tap.MATRIX}/firmware/*.json" if tap.MATRIX else "/usr/share/qemu/firmware/*.json"))


@functools.cache
def descriptors():
    """Features of each x86-64 firmware for q35 that the distribution describes."""
    found = []
    for path in firmware_files():
        with open(path) as file:
            d = json.load(file)
        machines = [m for t in d["targets"] if t["architecture"] == "x86_64" for m in t["machines"]]
        if any(machine.startswith("pc-q35") for machine in machines):
            if "uefi" in d["interface-types"] and "nvram-template" in d["mapping"]:
                found.append(set(d["features"]))
    return found


def need_uefi(secure_boot=False):
    need(QEMU)
    wanted = {"secure-boot", "enrolled-keys"} if secure_boot else set()
    if not any(wanted <= features for features in descriptors()):
        raise Skip(f"no UEFI firmware described in /usr/share/qemu/firmware {' '.join(sorted(wanted))}".strip())


class Report:
    """The probe's lines: kind and key=value, with %XX in the values."""

    def __init__(self, text):
        self.lines = []
        lines = [line for line in text.splitlines() if line.startswith("VMPROBE ")]
        assert lines and lines[0].startswith("VMPROBE begin version=") and lines[-1] == "VMPROBE end", text[-2000:]
        for line in lines[1:-1]:
            kind, *pairs = line.split(" ")[1:]
            values = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
            self.lines.append((kind, {key: urllib.parse.unquote(value) for key, value in values.items()}))
        self.mark = lines[0].split("version=")[1]

    def all(self, kind, **wanted):
        return [values for k, values in self.lines if k == kind and wanted.items() <= values.items()]

    def one(self, kind, **wanted):
        found = self.all(kind, **wanted)
        assert len(found) == 1, f"{len(found)} lines {kind} {wanted}: {self.all(kind)}"
        return found[0]

    def ids(self):
        return {values["address"]: values["id"] for values in self.all("pci")}


def fat(path, files):
    """Writes an 8 MiB disk without partitions, FAT16, holding files: names such as EFI/BOOT/BOOTX64.EFI."""
    sector, total, fat_sectors, root_entries = 512, 16384, 64, 512
    tree = {}
    for name, data in files.items():
        at = tree
        *parents, last = name.split("/")
        for parent in parents:
            at = at.setdefault(parent, {})
        at[last] = data
    clusters, table = [], [0xFFF8, 0xFFFF]

    def store(data):
        first = len(table)
        count = max(1, -(-len(data) // sector))
        clusters.append(data.ljust(count * sector, b"\0"))
        table.extend([*range(first + 1, first + count), 0xFFFF])
        return first

    def entry(name, attributes, first, size):
        base, _, extension = name.partition(".") if name.strip(".") else (name, "", "")
        return struct.pack("<8s3sB8xHHHHI", base.ljust(8).encode(), extension.ljust(3).encode(), attributes,
                           0, 0, 0x21, first, size)

    def directory(content, own=None, parent=0):
        data = b"" if own is None else entry(".", 0x10, own, 0) + entry("..", 0x10, parent, 0)
        for name, value in content.items():
            if isinstance(value, dict):
                first = store(bytes(sector))  # one sector is enough for what tests put there
                index = len(clusters) - 1
                clusters[index] = directory(value, first, own or 0).ljust(sector, b"\0")
                data += entry(name, 0x10, first, 0)
            else:
                data += entry(name, 0x20, store(value), len(value))
        return data

    root = directory(tree).ljust(root_entries * 32, b"\0")
    boot = struct.pack("<3s8sHBHBHHBHHHIIBBBI11s8s", b"\xeb\x3c\x90", b"vmlaunch", sector, 1, 1, 2, root_entries,
                       total, 0xF8, fat_sectors, 32, 64, 0, 0, 0x80, 0, 0x29, 1, b"PROBE      ", b"FAT16   ")
    boot = boot.ljust(510, b"\0") + b"\x55\xaa"
    fats = struct.pack(f"<{len(table)}H", *table).ljust(fat_sectors * sector, b"\0")
    with open(path, "wb") as file:
        file.write(boot + fats * 2 + root + b"".join(clusters))
        file.truncate(total * sector)
    return path


def bootable(path, mark="1"):
    """A disk that boots the probe, whose report then begins with version=MARK."""
    program = PROBE.read_bytes()
    assert program.count(b"begin version=1") == 1 and len(mark) == 1
    program = program.replace(b"begin version=1", b"begin version=" + mark.encode())
    return fat(path, {"EFI/BOOT/BOOTX64.EFI": program})


def running(child, path, seconds=BOOT):
    """QEMU's pid, when vmlaunch, whose words go to the file, has said it."""
    def said():
        found = re.findall(r"running \(QEMU (\d+)\)", path.read_text())
        assert found or child.poll() is None, path.read_text()
        return found
    return int(tap.wait_for(said, seconds, "a running guest")[0])


def cmdline(pid):
    """Without what another release's QEMU is told behind its arguments of where its data is."""
    line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    if not tap.MATRIX:
        return line
    more = (tap.MATRIX / "arguments").read_bytes().replace(b"\n", b"\0")
    assert line.endswith(more), line
    return line.removesuffix(more)


def is_static(program):
    """Whether an ELF program needs no dynamic linker (no PT_INTERP)."""
    data = pathlib.Path(program).read_bytes()
    offset, size, count = struct.unpack_from("<Q", data, 32)[0], *struct.unpack_from("<HH", data, 54)
    kinds = [struct.unpack_from("<I", data, offset + i * size)[0] for i in range(count)]
    return data[:4] == b"\x7fELF" and 3 not in kinds


@functools.cache
def kernel():
    """The directory that holds vmlinuz, vmlinux, release and lib/modules."""
    need(QEMU, "busybox", "modprobe", probe=False)
    if not is_static(shutil.which("busybox")):
        raise Skip("busybox is not static (package busybox-static)")
    cache = pathlib.Path(os.environ.get("VMLAUNCH_LAB_CACHE") or pathlib.Path(
        os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache", "vmlaunch-lab"))
    if not (cache / "built/release").exists():
        lab = tap.ROOT / "tests/lab/lab"
        if not lab.exists():
            raise Skip("no kernel, and no tests/lab/lab to fetch one")
        done = subprocess.run([lab, "setup"], capture_output=True, timeout=600)
        if done.returncode != 0:
            raise Skip("no kernel can be had: " + done.stderr.decode().strip().split("\n")[-1])
    return cache / "built"


def unpacked(path):
    data = path.read_bytes()
    return {".xz": lzma.decompress, ".gz": gzip.decompress}.get(path.suffix, bytes)(data)


def archive(files):
    """A cpio of the kind that the kernel unpacks (newc): paths to contents, None for a directory."""
    out = b""
    for number, (name, data) in enumerate([*files.items(), ("TRAILER!!!", b"")], 1):
        mode = 0o40755 if data is None else 0o100755
        body = data or b""
        head = "070701" + "".join(f"{field:08x}" for field in (
            number, mode, 0, 0, 1, 0, len(body), 0, 0, 0, 0, len(name) + 1, 0))
        out += head.encode() + name.encode() + b"\0"
        out += bytes(-len(out) % 4) + body
        out += bytes(-len(out) % 4)
    return out


def linux_files(init, modules, more):
    """An initramfs whose first process is a script of busybox's: with these modules, in the order of loading in
    /modules, and more files: paths to contents."""
    built = kernel()
    release = (built / "release").read_text().strip()
    files = {"bin": None, "lib": None, "dev": None, "init": init.encode(),
             "bin/busybox": pathlib.Path(shutil.which("busybox")).read_bytes(), **more}
    order = []
    for module in modules:
        done = subprocess.run(["modprobe", "-d", built, "-S", release, "--show-depends", module],
                              capture_output=True)
        for path in re.findall(r"^insmod (\S+)", done.stdout.decode(), re.M):
            path = pathlib.Path(path)
            name = path.name.split(".ko")[0] + ".ko"
            if f"lib/{name}" not in files:
                files[f"lib/{name}"] = unpacked(path)
                order.append(name)
    files["modules"] = "\n".join(order).encode()
    return archive(files)
