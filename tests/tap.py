"""Tests of the whole program: functions marked @test, run in order, printed as TAP.

Each test gets a Place: a directory of its own with a home, a runtime directory and a state directory
in it, and ways to run vmlaunch there. A test fails by an assertion or any other exception.
"""
import functools
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent
VMLAUNCH = os.environ.get("VMLAUNCH", str(ROOT / "build/san/vmlaunch"))
FAKE_QEMU = os.environ.get("FAKE_QEMU", str(ROOT / "build/san/fake-qemu"))

# Where tests/matrix/setup has put another release's QEMU and firmware; None: this computer's own count.
MATRIX = os.environ.get("VMLAUNCH_MATRIX") and pathlib.Path(os.environ["VMLAUNCH_MATRIX"])

# Debian 13 gives plain users 0002: what a test makes is the same for everybody.
os.umask(0o022)

_tests = []


class Skip(Exception):
    """Raised with the reason why a test cannot run here."""


def test(function):
    _tests.append(function)
    return function


def qcow2(mib=1, backing=b"", backing_format=b"", **fields):
    """An empty qcow2 image, as QEMU reads it: clusters of 512 bytes, so that it is small. fields: of its header."""
    values = dict(magic=b"QFI\xfb", version=3, backing_at=0, backing_size=len(backing), cluster_bits=9, size=mib << 20, crypt=0,
                  l1_size=mib * 32, l1_at=0x800, refcount_at=0x400, refcount_clusters=1, snapshots=0, snapshots_at=0,
                  incompatible=0, compatible=0, autoclear=0, refcount_order=4, header_length=104)
    more = b""
    if backing_format:
        more += struct.pack(">II", 0xE2792ACA, len(backing_format)) + backing_format + bytes(-len(backing_format) % 8)
    more += bytes(8)
    if backing:
        values["backing_at"] = 104 + len(more)
    values.update(fields)
    head = struct.pack(">4sIQIIQIIQQIIQQQQII", *values.values()) + more + backing
    l1 = bytes(-(-mib * 256 // 512) * 512)
    counts = (1, 0, 1, 1) + (1,) * (len(l1) // 512)  # of references: header, nothing, both tables of counts, L1
    return (head.ljust(0x400, b"\0") + struct.pack(">Q", 0x600).ljust(512, b"\0")
            + struct.pack(f">{len(counts)}H", *counts).ljust(512, b"\0") + l1)


def stretched(seconds):
    """The limit for this computer: where more wants to run than there are processors, the longer, up to five times."""
    return seconds * min(max(os.getloadavg()[0] / len(os.sched_getaffinity(0)), 1), 5)


class Child(subprocess.Popen):
    def wait(self, timeout=None):
        return super().wait(timeout and stretched(timeout))


def words_of(process):
    """A process's arguments and environment. While it becomes another program the kernel tells neither: it is read again then."""
    for _ in range(100):
        text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        if text:
            break
        # That is an OSError where it has ended, or is the kernel's own.
        os.readlink(process / "exe")
        time.sleep(0.001)
    return text


class Place:
    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="vmlaunch-test."))
        self.home = self.dir / "home"
        self.runtime = self.dir / "run"
        for path in (self.home, self.runtime):
            path.mkdir(mode=0o700)
        self.env = {
            key: value
            for key, value in os.environ.items()
            # No window of a test's on somebody's screen.
            if not key.startswith(("XDG_", "SUDO_", "PKEXEC_", "FAKE_", "DISPLAY", "WAYLAND_", "LANG", "LC_"))
        }
        self.env.update(HOME=str(self.home), XDG_RUNTIME_DIR=str(self.runtime), LC_ALL="C.UTF-8",
                        # No test holds off this computer's shutdown.
                        DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={self.dir}/no-bus")
        self.children = []
        if MATRIX:
            self.use_firmware(MATRIX / "firmware")

    def use_firmware(self, folder):
        """Descriptors of folder, and none of the system's: an empty file hides one of its name."""
        own = self.home / ".config/qemu/firmware"
        own.mkdir(parents=True)
        for path in pathlib.Path("/usr/share/qemu/firmware").glob("*.json"):
            (own / path.name).touch()
        for path in folder.glob("*.json"):
            shutil.copyfile(path, own / path.name)

    def state(self, name, file=""):
        return self.home / ".local/state/vmlaunch" / name / file

    def instance(self, name):
        return self.runtime / "vmlaunch" / name

    def write(self, name, text):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    @staticmethod
    def words(words):
        """Another release's QEMU lies where no plan looks, and may be opened there."""
        words = [os.fspath(word) for word in words]
        starts = words and (words[0] in ("run", "probe") or os.fsdecode(words[0]).endswith(".ini"))
        return [*words[:1], "--set", f"qemu.may-open={MATRIX}", *words[1:]] if MATRIX and starts else words

    def run(self, *words, env=None, timeout=300, **kwargs):
        return subprocess.run(
            [VMLAUNCH, *self.words(words)],
            env={**self.env, **(env or {})},
            cwd=kwargs.pop("cwd", self.dir),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=stretched(timeout),
            **kwargs,
        )

    def start(self, *words, env=None, **kwargs):
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        kwargs.setdefault("stdout", subprocess.PIPE)
        kwargs.setdefault("stderr", subprocess.PIPE)
        child = Child(
            [VMLAUNCH, *self.words(words)],
            env={**self.env, **(env or {})},
            cwd=self.dir,
            **kwargs,
        )
        self.children.append(child)
        return child

    def leftovers(self):
        """What a run may not leave: sockets, locks, records, temporary files anywhere in the place."""
        left = [path for path in self.runtime.rglob("*") if path.name != "vmlaunch"]
        for path in self.home.rglob("*"):
            if path.name == ".config" or path.suffix == ".schema":  # as long as a temporary file's ending
                continue
            kind = path.name.endswith(".sock") or path.name in ("lock", "run.json")
            if kind or path.parent.name == "run" or re.search(r"\.[A-Za-z0-9]{6}$", path.name):
                left.append(path)
        return [str(path) for path in left]

    def processes(self):
        """Pids of living processes, other than ours, that have the place in arguments or environment."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            base = pathlib.Path("/proc", pid)
            try:
                text = words_of(base)
            except OSError:
                continue
            if os.fsencode(self.dir) in text and int(pid) != os.getpid():
                found.append(int(pid))
        return found

    def assert_clean(self):
        """Nothing of a run is there any more."""
        left = self.leftovers()
        assert not left, f"left behind: {left}"
        # Whom init has not reaped yet is still listed for a moment.
        wait_for(lambda: not self.processes(), 90, f"the end of processes {self.processes()}")

    def clean(self):
        for child in self.children:
            if child.poll() is None:
                child.kill()
                child.wait()
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        shutil.rmtree(self.dir, ignore_errors=True)


@functools.cache
def scratch():
    """For what many tests of a program read, as a made-up machine (tests/run has goldens' temporary files in memory)."""
    return tempfile.TemporaryDirectory(prefix="vmlaunch hosts.")


def wait_for(condition, seconds=90, what="condition"):
    seconds = stretched(seconds)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")


def figure(text):
    print("# figure:", text, flush=True)


def main():
    wanted = sys.argv[1:]
    bad = 0
    for number, function in enumerate(_tests, 1):
        name = function.__name__.replace("_", " ")
        if wanted and not any(word in function.__name__ for word in wanted):
            continue
        place = Place()
        try:
            function(place)
            print(f"ok {number} - {name}", flush=True)
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        except Exception:
            bad += 1
            for line in traceback.format_exc().splitlines():
                print("#", line)
            print(f"not ok {number} - {name}", flush=True)
        finally:
            place.clean()
    print(f"1..{len(_tests)}")
    sys.exit(bad > 0)
