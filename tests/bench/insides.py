"""A Linux guest under emulation that runs what it is told, and what that costs the host: processor time of QEMU and of
who helps it, the guest's own processors apart, and how often a thread of theirs gave way to another.
"""
import pathlib
import re
import socket
import subprocess
import sys

import machines
import tap
from network import PROFILE, called, cpu_seconds, free_port

sys.path.insert(0, str(tap.ROOT / "tests/guest"))
import guests  # noqa: E402

PORT = 7
# Whoever connects is a shell's terminal.
INIT = f"""#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin:/
mkdir -p /proc /sys /dev /mnt
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for m in $(cat /modules); do insmod /lib/$m 2>/dev/null; done
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
while :; do nc -l -p {PORT} -e /bin/sh; done
"""
MODULES = ["virtio_pci", "virtio_net", "virtio_blk", "9pnet_virtio", "9p", "virtiofs"]


def initramfs(bench, *programs):
    """programs: C sources beside this file, which lie below the guest's root by their names."""
    more = {}
    for name in programs:
        build = bench.place.dir / name
        source = pathlib.Path(__file__).with_name(f"{name}.c")
        subprocess.run(["gcc", "-O2", "-static", "-o", build, source], check=True)
        more[name] = build.read_bytes()
    return bench.place.write("initramfs", guests.linux_files(INIT, MODULES, more))


def switches(pid):
    """How often the threads of a process have been switched away from."""
    total = 0
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += sum(map(int, re.findall(r"ctxt_switches:\s*(\d+)", (thread / "status").read_text())))
        except OSError:  # it has ended
            pass
    return total


class Guest:
    def __init__(self, bench, initrd, name, more, helper=None):
        self.port, self.shell = free_port(), socket.socket()
        profile = bench.place.write(f"{name}.ini", PROFILE.format(
            name=name, kernel=guests.kernel() / "vmlinux", initrd=initrd, append="", more=
            f"[network lan]\nmode = user\nforward = tcp {self.port}-{PORT}\n{more}"))
        self.machine = machines.Running(bench, profile=profile)
        pid = self.machine.child.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self.pids = [self.machine.qemu, *(int(child) for child in children if helper and called(child).startswith(helper))]

    def run(self, command, seconds=guests.BOOT):
        """What it prints."""
        self.shell.settimeout(seconds)
        self.shell.sendall(f"({command}) 2>&1; echo status $?\n".encode())
        said = b""
        while not re.search(rb"status \d+\n$", said):
            chunk = self.shell.recv(65536)
            if not chunk:
                raise OSError(f"{command}: the guest hung up: {said}")
            said += chunk
        text, _, status = said.decode().rpartition("status ")
        assert status == "0\n", f"{command}: {text}"
        return text

    def wait(self):
        """Until the guest answers, who then stays: QEMU takes a connection before the guest does."""
        def answers():
            try:
                self.shell = socket.create_connection(("127.0.0.1", self.port), 5)
                return self.run("echo here", 5) == "here\n"
            except OSError:
                self.shell.close()
                return False
        tap.wait_for(answers, guests.BOOT, "the guest")

    def cost(self, command):
        """Seconds of processors: QEMU's, with its helpers', and of these what is not the guest's own; switches of all."""
        def now():
            qemu, *others = map(cpu_seconds, self.pids)
            return qemu, qemu + sum(others), cpu_seconds(self.machine.qemu, True), sum(map(switches, self.pids))
        before = now()
        self.run(command)
        qemu, cpu, own, turns = (b - a for a, b in zip(before, now()))
        return {"qemu": qemu, "cpu": cpu, "host": cpu - own, "switches": turns}

    def close(self):
        self.shell.close()
        self.machine.__exit__()
