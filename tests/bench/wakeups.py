"""How often QEMU itself wakes up, by thread, with libvirt's argument vector of a published setup and with our plan's.

Both come from tests/golden (libvirt/SETUP.argv and plans/SETUP.text), so that they are of one machine. What this
computer has not is replaced alike on both sides: KVM by emulation, the host's devices by nothing, files by nothing
to read, memory by little. The guest stands still, so that what wakes up is QEMU's own; under emulation a running
one would tell of the emulator.
"""
import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import time

from machines import Monitor

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
# A title, libvirt's setup, our plan, and the goal.
PAIRS = [
    ("RTX 3050 by RDP", "laptop-rtx3050-rdp", "laptop-rtx3050-rdp", 0.1),
    ("RTX 4070", "laptop-rtx4070-looking-glass", "laptop-rtx4070-looking-glass", 0.1),
    # Its libvirt machine has an emulated card beside the GPU, ours without the GPU has one.
    ("an emulated card, SPICE, nobody looks", "laptop-rtx4070-looking-glass", "win11-no-gpu", 0.5),
]
VARS = pathlib.Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
MIB = 1 << 20
GONE = {"vfio-pci", "vfio-pci-nohotplug", "usb-host", "tpm-tis", "tpm-crb", "vhost-user-fs-pci"}
# Options that name a file or a program of another computer, with their value.
WITHOUT = {"-acpitable", "-smbios", "-tpmdev", "-fw_cfg", "-cpu", "-accel", "-m", "-smp", "-uuid", "-sandbox", "-S"}


def libvirts(setup):
    words = (GOLDEN / "libvirt" / f"{setup}.argv").read_text().splitlines()
    return words[1:]


def ours(setup):
    text = (GOLDEN / "plans" / f"{setup}.text").read_text()
    part = text[text.index("\nQEMU, as you:\n"):]
    words = []
    for line in part.splitlines():
        if re.match(r"    -[a-z]", line):
            words += shlex.split(line)
    return words


def options(words):
    """Pairs of an option and its value, which may be none."""
    at = 0
    while at < len(words):
        value = words[at + 1] if at + 1 < len(words) and not words[at + 1].startswith("-") else None
        yield words[at], value
        at += 1 if value is None else 2


def fields(value):
    """The members of a value, of either spelling; what comes first without a name is 'driver'."""
    if value.startswith("{"):
        return json.loads(value)
    found = {}
    for number, word in enumerate(value.split(",")):
        name, sign, rest = word.partition("=")
        if sign:
            found[name] = rest
        elif number == 0:
            found["driver"] = name
        else:
            found[name] = "on"
    return found


class Machine:
    """One argument vector, made fit for this computer, in a directory of its own."""

    def __init__(self, words, place):
        self.place, self.argv, self.dropped = place, ["qemu-system-x86_64", "-S", "-accel", "tcg"], set()
        self.argv += ["-cpu", "max", "-m", "256M", "-smp", "4"]
        self.monitor = None
        for option, value in options(words):
            if option not in WITHOUT:
                self.take(option, value)

    def take(self, option, value):
        change = getattr(self, "take" + option.replace("-", "_"), None)
        value = change(value) if change else value
        if change and value is None:
            return
        self.argv += [option] if value is None else [option, value]

    def take_machine(self, value):
        value = re.sub(r"^(type=)?pc-q35-[0-9.]+", "q35", value)
        return re.sub(r",(kernel_irqchip|kernel-irqchip|accel)=[a-z]+", "", value)

    def take_blockdev(self, value):
        f = fields(value)
        name = f.get("filename") or f.get("file.filename")
        only = str(f.get("read-only", "off")).lower() in ("on", "true")
        if name and "CODE" in name:
            return value
        if name and "vars" in name.lower():
            copy = self.place / "vars.fd"
            shutil.copy(VARS, copy)
            return f"driver=raw,node-name={f['node-name']},file.driver=file,file.filename={copy}"
        if name or f["driver"] in ("host_device", "null-co"):
            return f"driver=null-co,node-name={f['node-name']},size={1024 * MIB},read-only={'on' if only else 'off'}"
        f["driver"] = "raw"
        return json.dumps({k: v for k, v in f.items() if k in ("driver", "node-name", "file", "read-only")})

    def take_object(self, value):
        f = fields(value)
        kind = f.get("qom-type", f.get("driver"))
        if kind in ("secret", "thread-context"):
            return None
        if not kind.startswith("memory-backend"):
            return value
        size = 64 * MIB if int(f["size"]) == 64 * MIB else 256 * MIB
        return f"memory-backend-memfd,id={f['id']},size={size}"

    def take_device(self, value):
        f = fields(value)
        if f["driver"] in GONE:
            self.dropped.add(f["driver"])
            return None
        return value

    def take_netdev(self, value):
        return f"user,id={fields(value)['id']}"

    def take_chardev(self, value):
        f = fields(value)
        if f["driver"] != "socket":
            return value
        if f["id"] in ("charmonitor", "monitor"):
            self.monitor = self.place / "monitor"
        if f["id"] in ("charmonitor", "monitor", "tools"):
            return f"socket,id={f['id']},path={self.place}/{'tools' if f['id'] == 'tools' else 'monitor'},server=on,wait=off"
        return None

    def take_spice(self, value):
        return f"unix=on,addr={self.place}/spice,disable-ticketing=on"

    def take_audiodev(self, value):
        f = fields(value)
        kind = f["driver"] if f["driver"] in ("spice", "none") else "none"
        return f"{kind},id={f['id']}"

    @contextlib.contextmanager
    def running(self):
        log = self.place / "log"
        with open(log, "wb") as out:
            child = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            monitor = None
            while not monitor and child.poll() is None:
                # It may be there, and nobody listens yet.
                with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                    monitor = Monitor(self.monitor)
                time.sleep(0.02)
            if not monitor:
                raise RuntimeError(log.read_text(errors="replace").strip() or "no word")
            monitor.send("qmp_capabilities", "query-status")
            monitor.answer()
            monitor.answer()
            yield child.pid
            monitor.close()
        finally:
            child.kill()
            child.wait()


def wakeups(pid, seconds):
    """By name of the thread, how often each woke up in a second."""
    def now():
        found = {}
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            try:
                text = (task / "status").read_text()
                name = (task / "comm").read_text().strip()
            except OSError:
                continue
            # It goes to sleep of its own will, and so has been woken up; to be preempted is the load's doing.
            found[task.name] = name, int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", text, re.M)[1])
        return found

    time.sleep(1)
    before = now()
    time.sleep(seconds)
    by_name = {}
    for task, (name, count) in now().items():
        if task in before:
            by_name[name] = by_name.get(name, 0) + (count - before[task][1]) / seconds
    return by_name


def measure(report, seconds):
    if not shutil.which("qemu-system-x86_64") or not VARS.exists():
        report.lacks("QEMU's own wake-ups", "QEMU and OVMF are not installed")
        return
    for title, setup, plan, goal in PAIRS:
        found = {}
        for who, words in (("libvirt", libvirts(setup)), ("vmlaunch", ours(plan))):
            place = pathlib.Path(tempfile.mkdtemp(prefix="vmlaunch-wakeups."))
            try:
                with Machine(words, place).running() as pid:
                    found[who] = wakeups(pid, seconds)
            except RuntimeError as e:
                report.lacks(f"{title}: {who}'s argument vector", str(e).splitlines()[-1])
            finally:
                shutil.rmtree(place, ignore_errors=True)
        if len(found) == 2:
            show(report, title, goal, found, seconds)


def show(report, title, limit, found, seconds):
    report.title(f"QEMU's own wake-ups a second, {title}; the guest stands still, {seconds} s")
    names = sorted(set(found["libvirt"]) | set(found["vmlaunch"]))
    sums = {who: sum(by_name.values()) for who, by_name in found.items()}
    rows = [(name, "/s", [found[who].get(name) for who in ("libvirt", "vmlaunch")]) for name in names
            if any(found[who].get(name) for who in found)]
    report.table(["libvirt's", "vmlaunch's"], rows + [("all", "/s", [sums["libvirt"], sums["vmlaunch"]])])
    for who, value in sums.items():
        report.add(f"wakeups.{title}.{who}", [value])
    ratio = sums["vmlaunch"] / sums["libvirt"] if sums["libvirt"] else None
    report.goal(f"wake-ups, {title}", ratio, "x", limit, f"<= {limit} x libvirt's")
