"""A machine whose QEMU is the fake one (README.md in this folder): its profile, script and records."""
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402
from tap import wait_for  # noqa: E402

PROFILE = """[vm]
name = {name}
memory = 64M
[memory]
hugepages = off
[cpu]
cores = 1
accel = tcg
[firmware]
uefi = no
[qemu]
binary = {binary}
may-open = {dir}
may-open = {fake}
{more}
"""

# It runs until it is told to end, and takes no notice of the power button.
STAYS = "on system_powerdown reply {}\n"

# Any step of a start or an end that works takes far less, on a slow and busy machine too; what hangs takes for ever.
SOON = 90


def shutdown(reason, wait="wait cont\n"):
    """Script lines: the event that QEMU sends when it ends for this reason, as soon as it runs."""
    data = '{"event": "SHUTDOWN", "data": {"guest": true, "reason": "%s"}}' % reason
    return f"{wait}event {data}\n"


class Machine:
    def __init__(self, place, script="", more="", name="fake", binary=None):
        self.place, self.name = place, name
        self.binary = binary or tap.FAKE_QEMU
        self.profile = place.write(f"{name}.ini", PROFILE.format(
            name=name, binary=self.binary, dir=place.dir, fake=tap.FAKE_QEMU, more=more))
        self.log_path = place.dir / f"{name}.log"
        self.argv_path = place.dir / f"{name}.argv"
        self.fds_path = place.dir / f"{name}.fds"
        self.env = {
            "FAKE_QEMU_LOG": str(self.log_path),
            "FAKE_QEMU_ARGV": str(self.argv_path),
            "FAKE_QEMU_FDS": str(self.fds_path),
            "FAKE_QEMU_SCRIPT": str(place.write(f"{name}.script", script)),
        }
        self.child = None
        self.said_path = place.dir / f"{name}.said"

    def run(self, *words, **kwargs):
        """Runs it to its end: a completed process, with .said as text."""
        done = self.place.run(self.profile, *words, env={**self.env, **kwargs.pop("env", {})}, **kwargs)
        done.said = done.stderr.decode()
        return done

    def start(self, *words, running=True, **kwargs):
        """Starts it, and waits until the guest runs."""
        with open(self.said_path, "wb") as said:
            self.child = self.place.start(self.profile, *words, env={**self.env, **kwargs.pop("env", {})},
                                          stderr=kwargs.pop("stderr", said), **kwargs)
        if running:
            self.wait_said("running (QEMU ")
        return self

    def said(self):
        return self.said_path.read_text()

    def wait_said(self, text, seconds=SOON):
        def there():
            if text in self.said():
                return True
            assert self.child.poll() is None, f"ended without {text!r}:\n{self.said()}"
            return False
        wait_for(there, seconds, f"{text!r}")

    def log(self):
        """(milliseconds, what) of what the fake did as a machine; as a probe it has other pids."""
        if not self.log_path.exists():
            return []
        lines = [line.split(" ", 2) for line in self.log_path.read_text().splitlines()]
        probes = {pid for _, pid, what in lines if what == "probe"}
        return [(int(ms), what) for ms, pid, what in lines if pid not in probes]

    def did(self):
        return [what for _, what in self.log()]

    def times(self, what):
        return [ms for ms, done in self.log() if done == what]

    def wait_did(self, what, times=1, seconds=SOON):
        wait_for(lambda: self.did().count(what) >= times, seconds, f"{times} x {what!r} in the fake's log")

    def qemu(self):
        """QEMU's pid, as the last start told it."""
        return int(re.findall(r"running \(QEMU (\d+)\)", self.said())[-1])

    def record(self):
        return json.loads((self.place.instance(self.name) / "run.json").read_text())

    def signal(self, number):
        self.child.send_signal(number)

    def ends(self, seconds=SOON):
        """The exit status, when it has ended by itself."""
        return self.child.wait(seconds)

    def status(self, *words):
        done = self.place.run("status", self.name, "--json", *words)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def abandon(self):
        """SIGKILL for vmlaunch; QEMU goes on."""
        pid = self.qemu()
        self.child.kill()
        self.child.wait()
        return pid

    def shell(self, text):
        """Puts a script in place of the binary; it is to exec "$FAKE"."""
        path = self.place.write(f"{self.name}-qemu", f"#!/bin/sh\nFAKE='{tap.FAKE_QEMU}'\n{text}\n")
        path.chmod(0o755)
        self.profile.write_text(self.profile.read_text().replace(f"binary = {self.binary}", f"binary = {path}"))
        return self


def alive(pid):
    """Whether there is such a process; one that nobody has waited for yet is dead."""
    try:
        stat = pathlib.Path("/proc", str(pid), "stat").read_text()
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] not in "ZX"

