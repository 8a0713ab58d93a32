#!/usr/bin/env python3
"""handover_rounds.py PROFILE ROUNDS DIRECTORY ADDRESS... - how long PCI functions take to a guest and back, by whom.

In the lab, as root: vmlaunch, a shell script and libvirt in turn, round by round, the host as it was between. The
script is made of what vmlaunch says that it does: each `echo` of its to a file of the kernel's, with builtins of the
shell alone, and its argument vector. It looks at nothing, keeps no record, gives no rights to a user and runs QEMU as
root: less cannot be done.

All find vfio-pci loaded, and take their huge pages within the time; libvirt takes none by itself, so a write of the
same number goes before virsh. A start ends with QEMU's answer to `cont`, for virsh with its own end. The guest's end is
SIGINT at QEMU, and over when the kernel has said that each function is bound to its driver again. What comes after
that (huge pages, for instance) is counted to the end of the launcher, where that ends.

Prints a line after each round, HANDOVER and JSON: milliseconds by name of all rounds so far, and vmlaunch's steps. The
round before the first warms the caches.
"""
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import time

import libvirt
from machines import MONITOR_FD, TOOLS_FD, Monitor, listen, reserve_descriptors

PCI = pathlib.Path("/sys/bus/pci/devices")
POOL = pathlib.Path("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")
KOBJECT_UEVENT = 15  # linux/netlink.h
PATIENCE = 180
HOST = "vmlaunch: host: "
TIMED = re.compile(r"vmlaunch: debug: host: ([0-9.]+) ms \(the kernel or the program ([0-9.]+)\): (.*)")
WHOLE = re.compile(r"vmlaunch: debug: host: ([0-9.]+) ms in all \(the kernel or the program ([0-9.]+)\)")


def now():
    return time.perf_counter() * 1000


class Watch:
    """When functions get their drivers, as the kernel tells it, and processes end, stamped as it comes."""

    def __init__(self, drivers):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, KOBJECT_UEVENT)
        self.socket.bind((0, 1))
        self.missing = dict(drivers)
        self.pidfds = {}
        self.at = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        for fd in self.pidfds:
            os.close(fd)

    def end_of(self, name, pid):
        self.pidfds[os.pidfd_open(pid)] = name

    def hear(self):
        words = self.socket.recv(65536).decode(errors="replace").split("\0")
        fields = dict(word.partition("=")[::2] for word in words[1:])
        address = fields.get("PCI_SLOT_NAME")
        if words[0].startswith("bind@") and self.missing.get(address) == fields.get("DRIVER"):
            del self.missing[address]
            if not self.missing:
                self.at["back"] = now()

    def wait(self, name):
        while name not in self.at:
            ready, _, _ = select.select([self.socket, *self.pidfds], [], [], PATIENCE)
            if not ready:
                raise TimeoutError(f"{name} does not come; without its driver: {self.missing}")
            for fd in ready:
                if fd is self.socket:
                    self.hear()
                else:
                    self.at[self.pidfds.pop(fd)] = now()
                    os.close(fd)
        return self.at[name]


def driver_of(address):
    link = PCI / address / "driver"
    return os.path.basename(os.readlink(link)) if link.is_symlink() else ""


class Hand:
    """What the three have in common. `start` returns QEMU's pid and the time; `ended` waits for what comes last."""

    launcher = None

    def measure(self, drivers):
        begin = now()
        qemu, running = self.start()
        taken = {address: driver_of(address) for address in drivers}
        assert set(taken.values()) == {"vfio-pci"}, taken
        found = {"start": running - begin}
        with Watch(drivers) as watch:
            watch.end_of("qemu", qemu)
            if self.launcher:
                watch.end_of("launcher", self.launcher.pid)
            order = now()
            os.kill(qemu, signal.SIGINT)  # vmlaunch keeps SIGTERM from it
            back, gone = watch.wait("back"), watch.wait("qemu")
            found.update(back=back - order, after=back - gone)
            if self.launcher:
                found["over"] = watch.wait("launcher") - gone
        self.ended()
        return found


class Vmlaunch(Hand):
    def __init__(self, profile):
        self.profile, self.said, self.started = profile, [], 0

    def start(self):
        env = {**os.environ, "SUDO_UID": "1000", "SUDO_GID": "1000"}
        self.launcher = subprocess.Popen(["vmlaunch", "--verbose", self.profile], env=env, stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        self.said = []
        for line in self.launcher.stderr:
            self.said.append(line.decode(errors="replace"))
            if b": running (QEMU " in line:
                return int(line.rsplit(b" ", 1)[1].rstrip(b")\n")), now()
        raise RuntimeError("".join(self.said))

    def ended(self):
        self.started = len(self.said)
        self.said += self.launcher.stderr.read().decode(errors="replace").splitlines(True)
        assert self.launcher.wait() == 0, "".join(self.said)

    def times(self, way):
        """Milliseconds of the keeper's and of the kernel's, and of each step."""
        lines = self.said[:self.started] if way == "start" else self.said[self.started:]
        whole = [tuple(map(float, m.groups())) for m in map(WHOLE.match, lines) if m]
        steps = [(m[3], float(m[1]), float(m[2])) for m in map(TIMED.match, lines) if m]
        return sum(ms for ms, _ in whole), sum(ms for _, ms in whole), steps

    def script(self, argv):
        """What it did, as a script."""
        lines = [line[len(HOST):].strip() for line in self.said]
        told = [line.startswith(HOST) for line in self.said]
        begin, end = (self.shell(line for line, is_host in list(zip(lines, told))[part] if is_host)
                      for part in (slice(0, self.started), slice(self.started, None)))
        quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in argv)
        return f"#!/bin/sh\nread -r pages <{POOL}\n{begin}ulimit -l unlimited\n{quoted} &\nwait $!\n{end}"

    @staticmethod
    def shell(lines):
        text = ""
        for line in lines:
            if reserving := re.match(r"reserving (\d+) huge pages of 2048 KiB", line):
                text += f"echo $((pages + {reserving[1]})) >{POOL}\n"
            elif line.startswith("giving back"):
                text += f"echo $pages >{POOL}\n"
            elif re.match(r"echo \S+ > /sys/\S+$", line):
                text += line + "\n"
        return text


class Script(Hand):
    def __init__(self, path, place):
        self.path, self.place = path, place

    def start(self):
        paths = [self.place / "monitor", self.place / "tools"]
        for path, number in zip(paths, (MONITOR_FD, TOOLS_FD)):
            listener = listen(path)
            os.dup2(listener.fileno(), number, inheritable=True)
            listener.close()
        self.monitor = Monitor(paths[0])
        self.launcher = subprocess.Popen(["sh", self.path], pass_fds=(MONITOR_FD, TOOLS_FD), start_new_session=True,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
        reserve_descriptors()
        self.monitor.send("qmp_capabilities", "cont")
        for _ in range(2):
            assert self.monitor.answer() is not None, "the script's QEMU ended early"
        running = now()
        children = pathlib.Path(f"/proc/{self.launcher.pid}/task/{self.launcher.pid}/children").read_text().split()
        assert len(children) == 1, children
        return int(children[0]), running

    def ended(self):
        self.monitor.close()
        assert self.launcher.wait() == 0


class Virsh(Hand):
    def __init__(self, daemons, pages):
        self.daemons, self.pages = daemons, pages

    def start(self):
        POOL.write_text(f"{self.pages}\n")
        self.daemons.virsh("start", libvirt.NAME)
        running = now()
        found = subprocess.run(["pgrep", "-f", f"guest={libvirt.NAME},"], stdout=subprocess.PIPE, check=True)
        return int(found.stdout), running

    def ended(self):
        end = time.monotonic() + PATIENCE
        while self.daemons.says("domstate", libvirt.NAME).strip() != "shut off":
            assert time.monotonic() < end, "libvirt does not see the machine's end"
        POOL.write_text("0\n")


def domain(argv, drivers):
    """The machine of vmlaunch's argument vector: the same devices in the same place, by libvirt's words."""
    text = "\n".join(argv)
    machine = re.search(r"^(pc-q35-[^,]*)", text, re.M)[1]
    memory = int(re.search(r"^-m\n(?:size=)?(\d+)M", text, re.M)[1])
    devices = ""
    for address in sorted(drivers):
        parts = re.fullmatch(r"(.*):(.*):(.*)\.(.*)", address).groups()
        fields = [f"{name}='0x{value}'" for name, value in zip(("domain", "bus", "slot", "function"), parts)]
        more = " multifunction='on'" if parts[3] == "0" else ""
        devices += f"""    <hostdev mode='subsystem' type='pci' managed='yes'>
      <source><address {' '.join(fields)}/></source>
      <address type='pci' domain='0' bus='1' slot='0' {fields[3]}{more}/>
    </hostdev>
"""
    return f"""<domain type='kvm'>
  <name>{libvirt.NAME}</name>
  <memory unit='MiB'>{memory}</memory>
  <memoryBacking><hugepages/></memoryBacking>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='{machine}'>hvm</type></os>
  <features><acpi/><apic/></features>
  <cpu mode='host-passthrough'/>
  <devices>
    <emulator>{argv[0]}</emulator>
    <controller type='pci' index='0' model='pcie-root'/>
    <controller type='pci' index='1' model='pcie-root-port'/>
{devices}    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
"""


def plan(profile):
    env = {**os.environ, "SUDO_UID": "1000", "SUDO_GID": "1000"}
    done = subprocess.run(["vmlaunch", "plan", profile, "--format", "argv0"], env=env, stdout=subprocess.PIPE, check=True)
    return [os.fsdecode(word) for word in done.stdout.split(b"\0")[:-1]]


def open_libvirt(place, argv, drivers):
    """Daemons that have defined the machine, or the reason why not."""
    why = libvirt.absent()
    if why:
        return None, why
    home = place / "libvirt"
    home.mkdir(mode=0o711)
    env = {**os.environ, "HOME": str(place), "XDG_RUNTIME_DIR": "/run"}
    daemons = libvirt.Daemons(home, env, pathlib.Path("/run"), domain(argv, drivers), True)
    try:
        if daemons.open(PATIENCE):
            return daemons, None
        why = daemons.why()
    except AssertionError as e:
        why = str(e)
    daemons.close()
    return None, why


def main():
    reserve_descriptors()
    profile, rounds, place = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])
    drivers = {address: driver_of(address) for address in sys.argv[4:]}
    argv = plan(profile)
    ours = Vmlaunch(profile)
    hands = {"vmlaunch": ours}
    # The first round warms the caches and says what the script is made of.
    ours.measure(drivers)
    script = place / "script"
    script.write_text(ours.script(argv))
    print(re.sub(r"^'.*' &$", "QEMU's argument vector &", script.read_text(), flags=re.M), file=sys.stderr)
    hands["script"] = Script(script, place)
    daemons, why = open_libvirt(place, argv, drivers)
    if daemons:
        hands["virsh"] = Virsh(daemons, int(re.search(r"pages \+ (\d+)", script.read_text())[1]))
    found, steps = {}, {}
    try:
        for number in range(rounds + 1):
            names = list(hands)
            for name in names[number % len(names):] + names[:number % len(names)]:
                try:
                    measured = hands[name].measure(drivers)
                except AssertionError as e:
                    if name != "virsh" or number:
                        raise
                    # It refused, and so nothing has changed hands.
                    why = str(e) or repr(e)
                    del hands[name]
                    POOL.write_text("0\n")
                    continue
                print(f"round {number}, {name}: {measured}", file=sys.stderr, flush=True)
                if name == "vmlaunch":
                    for way in ("start", "back"):
                        measured[f"{way}.keeper"], measured[f"{way}.kernel"], each = ours.times(way)
                        for text, ms, kernel in each if number else ():
                            steps.setdefault(way, {}).setdefault(text, []).append((ms, kernel))
                for what, value in measured.items() if number else ():
                    found.setdefault(f"{name}.{what}", []).append(value)
            print("HANDOVER", json.dumps({"series": found, "steps": steps, "why": why}), flush=True)
    finally:
        if daemons:
            daemons.close()


main()
