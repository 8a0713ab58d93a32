"""Starts and stops of one small machine, by bare QEMU and by vmlaunch, timed alike.

Both run in sessions of their own, because the scheduler weighs sessions against each other, and both are
spawned without a fork of this interpreter. Bare QEMU gets its orders before it has even greeted: nothing
that uses a monitor can be faster.
"""
import json
import os
import pathlib
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

PROFILE = """
[vm]
name   = bench
memory = 512M
[cpu]
cores  = 1
[disk system]
path   = disk.raw
"""
DISK_BYTES = 64 << 20
# The numbers at which a plan hands the two monitors' sockets to QEMU.
MONITOR_FD, TOOLS_FD = 3, 4


def reserve_descriptors():
    """Keeps the numbers of the plan free for what is handed over. To be called before files are opened."""
    null = os.open("/dev/null", os.O_RDWR)
    for number in (MONITOR_FD, TOOLS_FD):
        if number != null:
            os.dup2(null, number, inheritable=True)


def cpu_ms(pid):
    """Processor time of a process, all its living threads, in milliseconds; None where it is not told."""
    try:
        threads = list(pathlib.Path(f"/proc/{pid}/task").iterdir())
        return sum(int((t / "schedstat").read_text().split()[0]) for t in threads) / 1e6
    except (OSError, IndexError):
        return None


class Monitor:
    """The little of QMP that a bench needs."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rwb")

    def send(self, *names):
        self.file.write(b"".join(json.dumps({"execute": name}).encode() + b"\n" for name in names))
        self.file.flush()

    def answer(self):
        """The next reply; None at the end of the stream."""
        while line := self.file.readline():
            message = json.loads(line)
            assert "error" not in message, message
            if "return" in message:
                return message["return"]
        return None

    def close(self):
        self.file.close()
        self.socket.close()


def listen(path):
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(4)
    return listener


class Bench:
    """The place with the profile, the disk and everything that vmlaunch keeps."""

    def __init__(self, accel="auto"):
        self.place = tap.Place()
        # The runtime directory in memory, as a user's is.
        memory = os.environ.get("XDG_RUNTIME_DIR", "/dev/shm")
        self.runtime = pathlib.Path(tempfile.mkdtemp(prefix="vmlaunch-bench.",
                                                     dir=memory if os.access(memory, os.W_OK) else None))
        self.place.runtime = self.runtime
        self.place.env["XDG_RUNTIME_DIR"] = str(self.runtime)
        self.profile = self.place.write("bench.ini", PROFILE.replace("[cpu]", f"[cpu]\naccel = {accel}"))
        with open(self.place.dir / "disk.raw", "wb") as disk:
            disk.truncate(DISK_BYTES)

    def close(self):
        self.place.clean()
        shutil.rmtree(self.runtime, ignore_errors=True)

    def plan(self, *words):
        done = self.place.run("plan", self.profile, *words)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    def argv(self, *words):
        return [os.fsdecode(word) for word in self.plan("--format", "argv0", *words).split(b"\0")[:-1]]


def run_bare(bench, argv):
    """Milliseconds to the running guest, and from `quit` to the end."""
    paths = [bench.runtime / "bare-monitor", bench.runtime / "bare-tools"]
    listeners = [listen(path) for path in paths]
    for listener, number in zip(listeners, (MONITOR_FD, TOOLS_FD)):
        os.dup2(listener.fileno(), number, inheritable=True)
        listener.close()
    monitor = Monitor(paths[0])
    begin = time.perf_counter()
    child = subprocess.Popen(argv, pass_fds=(MONITOR_FD, TOOLS_FD), start_new_session=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    reserve_descriptors()
    try:
        monitor.send("qmp_capabilities", "cont")
        for _ in range(2):
            assert monitor.answer() is not None, "bare QEMU ended early"
        start = time.perf_counter() - begin
        begin = time.perf_counter()
        monitor.send("quit")
        child.wait()
        stop = time.perf_counter() - begin
    finally:
        child.kill()
        child.wait()
        monitor.close()
    return {"start": start * 1000, "stop": stop * 1000}


class Running:
    """A machine started by vmlaunch; to be used with `with`, which ends it in any case."""

    def __init__(self, bench, *words, profile=None):
        self.bench = bench
        self.qemu = None
        begin = time.perf_counter()
        self.child = bench.place.start(profile or bench.profile, *words, stdout=subprocess.DEVNULL,
                                       start_new_session=True)
        said = []
        for line in self.child.stderr:
            said.append(line)
            if b": running (QEMU " in line:
                self.start = (time.perf_counter() - begin) * 1000
                self.name = line.split(b": ")[1].decode()
                self.qemu = int(line.rsplit(b" ", 1)[1].rstrip(b")\n"))
                break
        assert self.qemu, b"".join(said).decode(errors="replace")
        self.cpu = cpu_ms(self.child.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        try:
            os.kill(self.qemu, 9)
        except ProcessLookupError:
            pass
        if not self.child.stderr.closed:
            self.child.communicate()

    def kill(self):
        """`vmlaunch kill`. Milliseconds until the supervisor has ended, and from QEMU's end to its."""
        ended = {}
        watched = {os.pidfd_open(self.qemu): "qemu", os.pidfd_open(self.child.pid): "vmlaunch"}
        poll = select.poll()
        for fd in watched:
            poll.register(fd, select.POLLIN)
        begin = time.perf_counter()
        command = subprocess.Popen([tap.VMLAUNCH, "kill", self.name], env=self.bench.place.env,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        while len(ended) < 2:
            for fd, _ in poll.poll():
                ended[watched[fd]] = time.perf_counter()
                poll.unregister(fd)
        command.wait()
        for fd in watched:
            os.close(fd)
        self.child.communicate()
        return (ended["vmlaunch"] - begin) * 1000, (ended["vmlaunch"] - ended["qemu"]) * 1000


def run_vmlaunch(bench, *options):
    with Running(bench, *options) as machine:
        stop, end = machine.kill()
        return {"start": machine.start, "cpu": machine.cpu, "stop": stop, "end": end}


def run_shell():
    """From the end of a shell's child to the shell's own: what any parent takes on this machine."""
    shell = subprocess.Popen(["sh", "-c", "sleep 0.05 & echo $!; wait $!; exit 0"], stdout=subprocess.PIPE,
                             start_new_session=True)
    pid = int(shell.stdout.readline())
    watched = {os.pidfd_open(pid): "child", os.pidfd_open(shell.pid): "shell"}
    ended, poll = {}, select.poll()
    for fd in watched:
        poll.register(fd, select.POLLIN)
    while len(ended) < 2:
        for fd, _ in poll.poll():
            ended[watched[fd]] = time.perf_counter()
            poll.unregister(fd)
    for fd in watched:
        os.close(fd)
    shell.communicate()
    return (ended["shell"] - ended["child"]) * 1000
