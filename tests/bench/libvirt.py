"""The same small machine by libvirt, from daemons of our own that see nothing of the system's.

As root the daemons run in namespaces of their own: empty directories lie over /etc/libvirt, /run and
libvirt's places in /var, the network is empty, and the end of the first process there is the end of all.
As a plain user they are session daemons with all directories in the bench's place. Control groups,
security drivers and networks are off, which makes libvirt only faster. An installed libvirt, running or
not, is neither asked nor changed.

Whoever starts the daemons reaps their orphans at once, as an init does: libvirt waits in steps of 200 ms
until a dead QEMU has been reaped.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

from machines import cpu_ms

PACKAGES = "libvirt-daemon-system libvirt-clients"
NAME = "vmlaunch-bench"
# Where the place is for the daemons in namespaces: QEMU is another user there, who needs a way to it.
SEEN = "/run/vmlaunch-bench"
SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


def program(*names):
    for name in names:
        if path := shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SBIN}"):
            return path
    return None


def absent():
    """Why there is no libvirt to compare with; None when there is."""
    if program("virsh") and program("libvirtd", "virtqemud") and program("virtlogd"):
        return None
    return f"libvirt is not installed (Debian and Ubuntu: {PACKAGES})"


def domain(argv, place):
    """The machine of vmlaunch's argument vector, as far as libvirt has words for it."""
    text = "\n".join(argv)
    machine = re.search(r"^(pc-q35-[^,]*)", text, re.M)[1]
    code = re.search(r"node-name=firmware-code,.*file.filename=(.*)", text)[1]
    kind = "kvm" if re.search(r"^-accel\nkvm", text, re.M) else "qemu"
    cpu = "maximum" if kind == "qemu" else "host-passthrough"
    return f"""<domain type='{kind}'>
  <name>{NAME}</name>
  <memory unit='MiB'>512</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='{machine}'>hvm</type>
    <loader readonly='yes' type='pflash'>{code}</loader>
    <nvram>{place}/vars.fd</nvram>
  </os>
  <features><acpi/><apic/></features>
  <cpu mode='{cpu}'/>
  <devices>
    <emulator>{argv[0]}</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='{place}/disk.raw'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
"""


class Daemons:
    """Daemons of our own, that keep what they make in `place`, and virsh for them. env and runtime are those of the
    user; machine: what virsh is to define; kvm: they may see /dev/kvm."""

    def __init__(self, place, env, runtime, machine, kvm):
        self.dir = place
        self.root = os.geteuid() == 0
        (self.dir / "domain.xml").write_text(machine)
        self.env = {**env, "PATH": f"{os.environ.get('PATH', '')}:{SBIN}"}
        self.log = open(self.dir / "log", "wb")
        daemon = program("libvirtd", "virtqemud")
        words = [sys.executable, __file__, self.dir, daemon, program("virtlogd")]
        if self.root:
            self.uri = f"qemu:///system?socket={self.dir}/sock/{self.socket_name(daemon)}"
            words = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc",
                     "--propagation", "private", "--", *words, "apart", "kvm" if kvm else "tcg"]
            self.socket = self.dir / "sock" / self.socket_name(daemon)
        else:
            self.uri = "qemu:///session"
            self.socket = runtime / "libvirt" / self.socket_name(daemon)
        # The pipe's end, which comes even if we are killed, is the end of them all.
        end, self.alive = os.pipe()
        self.process = subprocess.Popen([os.fspath(w) for w in words], env=self.env, stdin=end,
                                        stdout=self.log, stderr=self.log, start_new_session=True)
        os.close(end)

    @staticmethod
    def socket_name(daemon):
        name = pathlib.Path(daemon).name
        return "libvirt-sock" if name == "libvirtd" else f"{name}-sock"

    def virsh(self, *words):
        """Runs virsh; returns its time in milliseconds, and its own processor time."""
        before = os.times()
        begin = time.perf_counter()
        done = subprocess.run([program("virsh"), "-q", "-c", self.uri, *words], env=self.env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              start_new_session=True)
        took = time.perf_counter() - begin
        after = os.times()
        self.check(done, words)
        spent = after.children_user - before.children_user + after.children_system - before.children_system
        return took * 1000, spent * 1000

    def says(self, *words):
        """What virsh prints."""
        done = subprocess.run([program("virsh"), "-q", "-c", self.uri, *words], env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.check(done, words)
        return done.stdout.decode(errors="replace")

    @staticmethod
    def check(done, words):
        assert done.returncode == 0, f"virsh {' '.join(words)}: {done.stderr.decode(errors='replace')}"

    def open(self, seconds=30):
        """Waits for the daemons and defines the machine. False when they do not come up."""
        end = time.monotonic() + seconds
        while not self.socket.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                return False
            time.sleep(0.01)
        self.virsh("define", str(self.dir / "domain.xml"))
        return True

    def why(self):
        self.log.flush()
        lines = (self.dir / "log").read_text(errors="replace").splitlines()
        return "its daemons do not start here: " + (lines[-1] if lines else "no word from them")

    def close(self):
        os.close(self.alive)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Libvirt(Daemons):
    """The bench's small machine by them."""

    def __init__(self, bench, argv):
        # Each time anew.
        place = bench.place.dir / f"libvirt{len(list(bench.place.dir.glob('libvirt*')))}"
        place.mkdir()
        place.chmod(0o711)
        shutil.copy(bench.place.state("bench", "vars.fd"), place / "vars.fd")
        shutil.copy(bench.place.dir / "disk.raw", place / "disk.raw")
        machine = domain(argv, SEEN if os.geteuid() == 0 else place)
        super().__init__(place, bench.place.env, bench.place.runtime, machine, "type='kvm'" in machine)

    def start_more(self, n):
        """n small machines more, which stand still: no disk, no firmware's variables."""
        one = (self.dir / "domain.xml").read_text()
        for part in (r"<loader.*</loader>", r"<nvram>.*</nvram>", r"<disk.*</disk>"):
            one = re.sub(part, "", one, flags=re.S)
        one = one.replace("<memory unit='MiB'>512<", "<memory unit='MiB'>64<")
        for number in range(n):
            path = self.dir / "more.xml"
            path.write_text(one.replace(NAME, f"{NAME}-{number}"))
            self.virsh("define", str(path))
            self.virsh("start", f"{NAME}-{number}", "--paused")

    def daemons(self):
        """Pids, in our own namespace."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                comm = pathlib.Path("/proc", pid, "comm").read_text().strip()
                env = pathlib.Path("/proc", pid, "environ").read_bytes()
            except OSError:
                continue
            if comm in ("libvirtd", "virtqemud", "virtlogd") and b"=" + os.fsencode(self.env["HOME"]) in env:
                found.append(int(pid))
        return found

    def run(self):
        daemons = self.daemons()
        before = sum(cpu_ms(pid) or 0 for pid in daemons)
        start, virsh = self.virsh("start", NAME)
        cpu = sum(cpu_ms(pid) or 0 for pid in daemons) - before + virsh
        stop, _ = self.virsh("destroy", NAME)
        return {"start": start, "cpu": cpu, "stop": stop}


# ---------------------------------------------------------------- the daemons' parent


def hide_kvm():
    """A /dev without KVM. Where a QEMU that is not root cannot use it, libvirt never trusts what it knows of
    QEMU and asks it again at each start, which takes it seconds."""
    nodes = ["null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm"]
    nodes = [name for name in nodes if os.path.exists(f"/dev/{name}")]
    made = "/run/dev"
    os.mkdir(made)
    for name in nodes:
        target = pathlib.Path(made, name)
        target.mkdir() if os.path.isdir(f"/dev/{name}") else target.touch()
        subprocess.run(["mount", "--bind", f"/dev/{name}", target], check=True)
    subprocess.run(["mount", "--rbind", made, "/dev"], check=True)


def lay_over(place, kvm):
    """Empty directories over all that is libvirt's. Only in a mount namespace of our own."""
    there = ["/run", "/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt"]
    for path in there:
        if os.path.isdir(path):
            subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "bench", path], check=True)
    os.mkdir(SEEN)
    subprocess.run(["mount", "--bind", place, SEEN], check=True)
    if not kvm:
        hide_kvm()
    sock = place / "sock"
    sock.mkdir(mode=0o700)
    pathlib.Path("/etc/libvirt/qemu.conf").write_text(
        'cgroup_controllers = []\nsecurity_driver = "none"\nremember_owner = 0\n')
    for name in ("libvirtd", "virtqemud"):
        pathlib.Path(f"/etc/libvirt/{name}.conf").write_text(
            f'unix_sock_dir = "{sock}"\nauth_unix_ro = "none"\nauth_unix_rw = "none"\n')


def parent(place, daemon, virtlogd, apart="", accel=""):
    import ctypes
    import select

    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    if apart:
        lay_over(place, accel == "kvm")
    env = dict(os.environ)
    for name in [n for n in env if n.startswith("LIBVIRT")]:
        del env[name]
    children = [subprocess.Popen([virtlogd], env=env, stdin=subprocess.DEVNULL),
                subprocess.Popen([daemon], env=env, stdin=subprocess.DEVNULL)]
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([0, wake], [], [])
        if wake in ready:
            os.read(wake, 64)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        if 0 in ready:  # the bench has ended
            break
    for child in reversed(children):
        try:
            os.kill(child.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.02)
        except ChildProcessError:
            return


if __name__ == "__main__":
    parent(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3], *sys.argv[4:])
