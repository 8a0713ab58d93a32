"""What a guest's network costs the host: Linux under emulation, one guest for each way, all of them up at once and each
measured in turn, round by round. What counts is how much goes through for each second of a processor that QEMU and its
helper take: times on a wall are noise where others work as well, and most of a second under emulation is the guest's own
stack, which is told apart.

The host calls the guest at a forwarded port, or at its address on a tap, and sends or takes; the load in the guest is
netload.c.
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import machines
import tap

sys.path.insert(0, str(tap.ROOT / "tests/guest"))
import guests  # noqa: E402

PORT, MIB, REQUESTS, BLOCK = 7, 24, 300, 64
MODULES = ["virtio_pci", "virtio_net"]
INIT = f"""#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /proc /sys
mount -t proc proc /proc
mount -t sysfs sys /sys
for m in $(cat /modules); do insmod /lib/$m 2>/dev/null; done
ip link set lo up
ip link set eth0 up
if grep -q bench.static /proc/cmdline; then
	ip addr add 10.77.0.2/24 dev eth0
else
	until udhcpc -i eth0 -n -q -t 10 -s /lease; do :; done
fi
exec /netload {PORT}
"""
LEASE = """#!/bin/busybox sh
[ "$1" = bound ] || exit 0
[ -z "$mtu" ] || ip link set eth0 mtu $mtu
ip addr add $ip/$mask dev eth0
[ -z "$router" ] || ip route add default via $router dev eth0 onlink
"""
PROFILE = """
[vm]
name = {name}
guest = linux
memory = 256M
[cpu]
accel = tcg
cores = 1
placement = none
[firmware]
uefi = no
[boot]
kernel = {kernel}
initrd = {initrd}
append = "console=ttyS0 quiet panic=0 tsc=unstable {append}"
{more}
"""
TAP, HOST, GUEST = "vmbench0", "10.77.0.1", "10.77.0.2"


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def called(pid):
    return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()


def cpu_seconds(pid, only_guest=False):
    """Processor time of a process, or of its virtual processors' threads alone."""
    total = 0
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            if not only_guest or (thread / "comm").read_text().startswith("CPU "):
                total += int((thread / "schedstat").read_text().split()[0])
        except OSError:  # it has ended
            pass
    return total / 1e9


class Way:
    """A machine with one network, of a kind."""

    def __init__(self, bench, initrd, name, more, append="", helpers=(), address=None):
        self.name, self.helpers = name, list(helpers)
        self.address = address or ("127.0.0.1", self.port(more))
        profile = bench.place.write(f"{name}.ini", PROFILE.format(
            name=name, kernel=guests.kernel() / "vmlinux", initrd=initrd, append=append, more=more))
        self.machine = machines.Running(bench, profile=profile)
        children = pathlib.Path(f"/proc/{self.machine.child.pid}/task/{self.machine.child.pid}/children").read_text().split()
        self.helpers += [int(pid) for pid in children if called(pid).startswith("passt")]
        # What the kernel does for a tap, in threads of its own.
        self.helpers += [int(pid) for pid in filter(str.isdigit, os.listdir("/proc"))
                         if os.path.exists(f"/proc/{pid}/comm") and called(pid) == f"vhost-{self.machine.qemu}"]

    def is_by(self, netdev):
        """Whether QEMU has a network of this kind."""
        return f"\0-netdev\0{netdev}" in pathlib.Path(f"/proc/{self.machine.qemu}/cmdline").read_text()

    @staticmethod
    def port(more):
        return int(more.split("forward = tcp ")[1].split("-")[0]) if "forward = tcp " in more else None

    def connect(self, order, number):
        s = socket.create_connection(self.address, 120)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.sendall(f"{order}{number:07d}".encode())
        return s

    def wait(self):
        """Until the guest answers: whoever forwards a port accepts before the guest does."""
        def answers():
            try:
                with self.connect("e", 1) as s:
                    s.settimeout(5)
                    s.sendall(bytes(BLOCK))
                    return len(s.recv(BLOCK, socket.MSG_WAITALL)) == BLOCK
            except OSError:
                return False
        tap.wait_for(answers, guests.BOOT, f"the guest of {self.name}")

    def cost(self, work):
        """Seconds of processors, those of them that are the guest's own, and seconds by the clock."""
        pids = [self.machine.qemu, *self.helpers]
        before, own, begin = sum(map(cpu_seconds, pids)), cpu_seconds(self.machine.qemu, True), time.monotonic()
        work()
        return (sum(map(cpu_seconds, pids)) - before, cpu_seconds(self.machine.qemu, True) - own, time.monotonic() - begin)

    def down(self):
        with self.connect("d", MIB) as s:
            block = bytes(1 << 18)
            for _ in range(MIB * 4):
                s.sendall(block)
            assert s.recv(1), "the guest hung up"

    def up(self):
        with self.connect("u", MIB) as s:
            left = MIB << 20
            while left:
                got = len(s.recv(1 << 18))
                assert got, "the guest hung up"
                left -= got

    def requests(self):
        with self.connect("e", REQUESTS) as s:
            for _ in range(REQUESTS):
                s.sendall(bytes(BLOCK))
                assert len(s.recv(BLOCK, socket.MSG_WAITALL)) == BLOCK

    def close(self):
        self.machine.__exit__()
        for pid in self.helpers:
            try:
                os.kill(pid, signal.SIGTERM)
            except (ProcessLookupError, PermissionError):
                pass


def like_libvirt(bench, initrd):
    """passt as libvirt 12.8 starts it: a daemon at a socket, to which QEMU connects."""
    path, pid, port = bench.runtime / "passt.sock", bench.runtime / "passt.pid", free_port()
    root = ["--runas", "0:0"] if os.geteuid() == 0 else []
    subprocess.run(["passt", "--one-off", "--socket", path, "--pid", pid, *root, "--tcp-ports", f"127.0.0.1/{port}:{PORT}"],
                   check=True, capture_output=True, timeout=60)
    tap.wait_for(lambda: pid.exists() and pid.read_text().strip(), 60, "passt's number")
    more = (f"[qemu]\narg = -netdev\narg = stream,id=net,server=off,addr.type=unix,addr.path={path}\n"
            "arg = -device\narg = virtio-net-pci,netdev=net,romfile=\n")
    return Way(bench, initrd, "libvirt", more, helpers=[int(pid.read_text())], address=("127.0.0.1", port))


def by_tap(bench, initrd):
    ip("tuntap", "add", "dev", TAP, "mode", "tap", "user", str(os.geteuid()))
    ip("addr", "add", f"{HOST}/24", "dev", TAP)
    ip("link", "set", TAP, "up")
    return Way(bench, initrd, "tap", f"[network lan]\nmode = tap\ntap = {TAP}\n", append="bench.static", address=(GUEST, PORT))


def start(report, bench, ways):
    """Those that can be had here, each as soon as it is up: whoever calls closes them however this ends."""
    build = bench.place.dir / "netload"
    subprocess.run(["gcc", "-O2", "-static", "-o", build, pathlib.Path(__file__).with_name("netload.c")], check=True)
    initrd = bench.place.write("initramfs", guests.linux_files(
        INIT, MODULES, {"lease": LEASE.encode(), "netload": build.read_bytes()}))
    forward = "[network lan]\nmode = {}\nforward = tcp {}-{}\n"
    ways["default"] = Way(bench, initrd, "default", forward.format("auto", free_port(), PORT))
    # What the default is where the guest's memory can be shared without the loss of its huge pages, as few kernels have it.
    ways["shared"] = Way(bench, initrd, "shared", "[memory]\nshared = yes\n" + forward.format("auto", free_port(), PORT))
    if not ways["shared"].is_by("vhost-user,"):
        report.lacks("vhost-user", "no passt that has it, or no QEMU of 10 and later: shared is by a stream, as the default")
    ways["user"] = Way(bench, initrd, "user", forward.format("user", free_port(), PORT))
    if shutil.which("passt"):
        ways["libvirt"] = like_libvirt(bench, initrd)
    else:
        report.lacks("libvirt's way", "no passt")
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun") or not shutil.which("ip"):
        report.lacks("a tap", "needs root, /dev/net/tun and ip")
    else:
        ways["tap"] = by_tap(bench, initrd)
        if not os.path.exists("/dev/vhost-net"):
            report.lacks("vhost", "no /dev/vhost-net: the tap is QEMU's to read")
    for way in ways.values():
        way.wait()


TASKS = (("down", "host to guest", "MB/s", MIB << 20), ("up", "guest to host", "MB/s", MIB << 20),
         ("requests", "64-byte requests", "k/s", REQUESTS * 1000))


def measure(report, bench, rounds):
    ways = {}
    try:
        guests.kernel()
        start(report, bench, ways)
        for _ in range(rounds):
            for task, _, _, _ in TASKS:
                for name, way in ways.items():
                    cpu, own, wall = way.cost(getattr(way, task))
                    for what, seconds in (("cpu", cpu), ("host", cpu - own), ("wall", wall)):
                        report.add(f"network.{name}.{task}.{what}", [seconds])
    except tap.Skip as why:
        report.lacks("networks", str(why))
        return
    finally:
        for way in ways.values():
            way.close()
        subprocess.run(["ip", "link", "delete", TAP], capture_output=True)
    show(report, list(ways))


def per(report, name, task, what, amount):
    seconds = report.median(f"network.{name}.{task}.{what}")
    return amount / 1e6 / seconds if seconds else None


def show(report, names):
    report.title(f"Networks of a Linux guest under emulation: {MIB} MiB each way, {REQUESTS} requests")
    rows = []
    for what, words in (("cpu", "per CPU second"), ("host", "per CPU second beside the guest's"), ("wall", "by the clock")):
        rows += [(f"{title} {words}"[:36], unit, [per(report, name, task, what, amount) for name in names])
                 for task, title, unit, amount in TASKS]
    report.table(names, rows)
    share = [1 - report.median(f"network.{name}.down.host") / report.median(f"network.{name}.down.cpu") for name in names]
    report.note("of a CPU second on the way down the guest's own processor, emulated, takes "
                + ", ".join(f"{name} {value:.0%}" for name, value in zip(names, share))
                + ": so much no network can save")
    for task, title, _, amount in TASKS[:2]:
        rates = {name: per(report, name, task, "cpu", amount) for name in names}
        for one, other, limit, words in (("shared", "user", 2.2, ">= 2.2 x QEMU's user"), ("shared", "libvirt", 0.95, ">= libvirt's passt"),
                                         ("default", "libvirt", 0.95, ">= libvirt's passt"),
                                         ("tap", "user", 3, ">= 3 x QEMU's user")):
            if one == "tap" and not os.path.exists("/dev/vhost-net"):
                continue
            ratio = rates[one] / rates[other] if rates.get(one) and rates.get(other) else None
            report.goal(f"{one} network, {title}, over {other}", ratio, "x", limit, words, at_least=True)
