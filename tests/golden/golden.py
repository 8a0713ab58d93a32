"""The golden plans: for each case a profile, a host tree and arguments; what `vmlaunch plan` says of it
in each format is a committed file in plans/. `update` writes them anew, on purpose; test_plans compares.

A host is a directory below hosts/, or a made-up machine of devices/make-tree over the firmware of hosts/laptop,
with the processors of the published laptop, or else of an i9-13900HX. A case runs in a place of its own. What differs from machine to machine and
from run to run has a name in the files: @HOME@, @RUN@ (the runtime directory) and @DIR@ (where the profile lies). The programs that
run beside QEMU are there, and so is a display, and a bus.
"""
import functools
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from tap import FAKE_QEMU, ROOT, qcow2, scratch  # noqa: E402



def module(name, path):
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    found = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(found)
    return found


make_tree = module("make_tree", HERE / "devices/make-tree")
make_cpus = module("make_cpus", HERE / "cpus/make-tree")
make_rom = module("make_rom", HERE / "rom/make-rom")

PLANS = HERE / "plans"
FORMATS = ("text", "argv", "json", "html")

# A plan is kept as text, which says all of it; test_plans.all_formats_tell_the_same holds the others to the text. One
# case keeps its JSON, its page and its text in Chinese, and one its words: what their bytes look like.
TEXT, JSON, WORDS = ("text",), ("text", "json", "html", "chinese"), ("text", "argv", "argv0")

# The example profiles that are somebody's laptop, each with a made-up machine of its name, and what they name.
LAPTOPS = {
    "laptop-rtx3050-rdp": ["windows-partition", "rtx3050.rom"],
    "laptop-gtx1050-muxless": ["win10.img", "virtio-win.iso", "gtx1050.rom"],
    "laptop-rtx3070-looking-glass": ["win11.qcow2", "virtio-win.iso"],
    "laptop-rtx4070-looking-glass": [
        "win10.qcow2", "Win10_22H2_Chinese_Simplified_x64v1.iso", "virtio-win.iso", "rtx4070.rom",
    ],
}

# Whose plan has a part of each kind.
SHOWN = "laptop-rtx4070-looking-glass"

LAPTOP_FILES = ["disks/win11.qcow2", "roms/nvidia.rom"]

# name: profile (here, or one of the examples), host, arguments, files that the profile names, formats
CASES = {
    "minimal": ("minimal", "laptop", [], [], TEXT),
    "minimal-virtual": ("minimal", "virtual", [], [], TEXT),
    "windows": (
        "windows",
        "laptop",
        [],
        ["disks/win11.qcow2", "disks/Win11_23H2.iso", "disks/virtio-win.iso", "logs/serial.log"],
        TEXT,
    ),
    # The same machine in a throw-away start.
    "windows-ephemeral": (
        "windows", "laptop", ["--ephemeral"],
        ["disks/win11.qcow2", "disks/Win11_23H2.iso", "disks/virtio-win.iso", "logs/serial.log"],
        TEXT,
    ),
    "linux-kernel": (
        "linux-kernel",
        "laptop",
        [],
        ["boot/vmlinuz", "boot/initrd.img", "disks/root.img"],
        TEXT,
    ),
    "secure-boot": ("secure-boot", "laptop", [], [], TEXT),
    "shares": ("shares", "laptop", [], ["docs/read me"], TEXT),
    "seabios": ("seabios", "bare", [], ["disks/old.img"], TEXT),
    "variants": ("variants", "laptop", [], ["disks/system.img"], TEXT),
    "variants-offline": (
        "variants",
        "laptop",
        ["--variant", "offline"],
        ["disks/system.img"],
        TEXT,
    ),
    "variants-big": (
        "variants",
        "laptop",
        ["--variant", "big", "--set", "vm.memory=4G", "--set", "disk/extra.media=cdrom"]
        + ["--set", "network/lan.model=e1000e", "--set", "qemu.arg=-no-reboot"],
        ["disks/system.img", "disks/extra.qcow2"],
        TEXT,
    ),
    "devices": (
        "devices", "laptop", [],
        ["disks/system.qcow2", "disks/dvd.iso"] +
        [f"disks/{name}.img" for name in ("scsi", "busy", "nvme", "second", "sata", "stick")],
        TEXT,
    ),
    "disk-threads": ("disk-threads", "laptop", [], ["disks/system.img", "disks/data.img"], TEXT),
    "odd-bytes": (
        "odd-bytes",
        "laptop",
        [],
        [
            "disks/a, b,,c=d.img",
            "disks/it's \"quoted\" \\ 100%.img",
            "disks/Größe €.img",
            b"disks/latin-\xe4 line\nbreak\ttab.img",
            "boot/my kernel, 1",
        ],
        WORDS,
    ),
    "laptop-gpu": ("laptop-gpu", "laptop-idle", [], LAPTOP_FILES, TEXT),
    "laptop-gpu-no-gpu": ("laptop-gpu", "laptop-idle", ["--variant", "no-gpu"], LAPTOP_FILES, TEXT),
    # A window for a large BAR, and what has to be said of each section.
    "laptop-gpu-egpu": ("laptop-gpu", "laptop-two-nvidia", ["--variant", "egpu"], LAPTOP_FILES, TEXT),
    "laptop-usb": ("laptop-usb", "laptop-idle", [], [], TEXT),
    "board": ("board", "laptop", [], [], TEXT),
    "window": ("window", "laptop", [], [], TEXT),
    # A vGPU beside the card: one that is made, and one that is there already.
    "laptop-vgpu": ("laptop-vgpu", "laptop-muxless", [], ["roms/nvidia.rom"], TEXT),
    "laptop-vf": ("laptop-vf", "laptop-sriov", [], [], TEXT),
    "laptop-vf-asleep": ("laptop-vf", "laptop-sriov", ["--set", "host.sleep=pause"], [], ("refused",)),
    "laptop-vgpu-there": ("laptop-vgpu", "laptop-muxless", ["--variant", "there"], ["roms/nvidia.rom"], TEXT),
    "vgpu-refused": ("vgpu-refused", "laptop-muxless", [], ["roms/nvidia.rom"], ("refused",)),
    "vgpu-refused-whole": ("vgpu-refused", "laptop-muxless", ["--variant", "whole"], ["roms/nvidia.rom"], ("refused",)),
    "laptop-vgpu-no-gvt": ("laptop-vgpu", "laptop-no-gvt", [], ["roms/nvidia.rom"], ("refused",)),
    **{name: (name, name, [], files, JSON if name == SHOWN else TEXT) for name, files in LAPTOPS.items()},
    "win11": ("win11", "laptop-idle", [], ["win11.qcow2"], TEXT),
    "win11-install": (
        "win11", "laptop-idle", ["--variant", "install"], ["win11.qcow2", "Win11.iso", "virtio-win.iso"], TEXT),
    "win11-no-gpu": ("win11", "laptop-idle", ["--variant", "no-gpu"], ["win11.qcow2"], TEXT),
    # Refused: every reason in one run. 2 is the profile's fault, 3 the host's.
    "wrong": ("wrong", "laptop", ["--set", "cpu.accel=xen", "--set", "oops"], [], ("refused",)),
    "wrong-variant": ("variants", "laptop", ["--variant", "bgi"], ["disks/system.img"], ("refused",)),
    "refused": ("refused", "bare", [], [], ("refused",)),
    "laptop-refused": ("laptop-refused", "laptop-two-nvidia", [], [], ("refused",)),
    "too-much": ("too-much", "laptop", [], ["disks/x.iso"], ("refused",)),
}

# What needs a newer QEMU than the stand-in says it is.
NEWER = {"disk-threads": "11.1.3"}


@functools.cache
def host_tree(host):
    """Where the host's tree is; a made-up one is made once for all that read it."""
    trees = {**make_tree.TREES, **make_tree.PLAN_TREES}
    if host not in trees:
        return HERE / "hosts" / host
    tree = pathlib.Path(scratch().name) / host
    shutil.copytree(HERE / "hosts/laptop", tree)
    trees[host](make_tree.Tree(tree))
    make_cpus.PLAN_TREES.get(host, make_cpus.i9_13900hx)(tree)
    return tree


def prepare(place, case, home=None):
    """Puts a case's profile and files into the place; returns the directory and how to call vmlaunch."""
    profile, host, args, files, _ = CASES[case]
    where = place.dir / "profiles"
    for name in files:
        path = os.path.join(os.fsencode(where), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            if path.endswith(b".rom"):
                file.write(make_rom.ROMS[pathlib.Path(name).stem]())
            if path.endswith(b".qcow2"):
                file.write(qcow2())
    where.mkdir(exist_ok=True)
    (where / "logs").mkdir(exist_ok=True)
    own = HERE / f"{profile}.ini"
    shutil.copy(own if own.exists() else ROOT / f"profiles/{profile}.ini", where)
    # By a link, so that its place is not in the plan; what it answers is remembered by its path.
    qemu = f"qemu-{NEWER[case]}" if case in NEWER else "qemu"
    place.env["FAKE_QEMU_VERSION"] = NEWER.get(case, "7.2.22")
    if not (place.dir / qemu).exists():
        os.symlink(FAKE_QEMU, place.dir / qemu)
    # A session with a display, and the programs that show a guest in it.
    for client in ("looking-glass-client", "remote-viewer", "qemu-img", "swtpm", "swtpm_setup", "virtiofsd", "passt"):
        client = place.write(f"bin/{client}", "")
        client.chmod(0o755)
    place.env.update(DISPLAY=":0", WAYLAND_DISPLAY="", DBUS_SESSION_BUS_ADDRESS="unix:path=/nowhere", PATH=f"{client.parent}:{os.environ['PATH']}")
    words = ["--host-root", host_tree(host), "plan", f"profiles/{profile}.ini", *args]
    return words + ["--set", f"qemu.binary={place.dir}/{qemu}"]


def neutral(place, text):
    for path, name in ((place.home, b"@HOME@"), (place.runtime, b"@RUN@"), (place.dir, b"@DIR@")):
        text = text.replace(os.fsencode(path), name)
    return text


def errors(done):
    """Standard error without the warnings that depend on who runs the tests."""
    lines = done.stderr.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith((b"vmlaunch: warning:", "vmlaunch: 警告：".encode())))


def produce(place, case):
    """What vmlaunch says of a case: a file's name and its bytes for each format."""
    words = prepare(place, case)
    out = {}
    for form in CASES[case][4]:
        if form == "refused":
            done = place.run(*words)
            text = b"exit status %d\n" % done.returncode + errors(done)
            assert done.stdout == b"", "a refused plan is not printed"
        else:
            chinese = {"LC_ALL": "C.UTF-8", "LANGUAGE": "zh_CN"} if form == "chinese" else None
            done = place.run(*words, "--format", "text" if chinese else form, env=chinese)
            text = done.stdout
            if chinese and "虚拟机".encode() not in text:  # this libc translates nothing, or there is no catalogue
                continue
            assert done.returncode == 0 and not errors(done), done.stderr.decode(errors="replace")
        if form == "json":  # its white space is json-c's, and differs between versions
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False).encode() + b"\n"
        out[f"{case}.{form}"] = neutral(place, text)
    return out
