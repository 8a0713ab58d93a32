"""Machines that root starts for a user whom only our mount namespace knows."""
import os
import pathlib
import shlex
import shutil
import subprocess

from fakes import STAYS, Machine
import tap
from tap import Skip, wait_for

UID, GID, EXTRA = 4242, 4243, 4244


class Hers:
    """A place that belongs to the user "tester", with programs that she may run."""

    def __init__(self, place, more="", qemu=STAYS):
        if os.geteuid() != 0:
            raise Skip("needs root")
        self.place = place
        self.session = "true"  # shell words, done before all else
        place.home = place.dir / "her home"
        place.home.mkdir()
        (place.dir / "bin").mkdir()
        for program in (tap.VMLAUNCH, tap.FAKE_QEMU):
            shutil.copy(program, place.dir / "bin")
        place.write("passwd", pathlib.Path("/etc/passwd").read_text() +
                    f"tester:x:{UID}:{GID}:Her:{place.home}:/bin/sh\n")
        place.write("group", pathlib.Path("/etc/group").read_text() +
                    f"tester:x:{GID}:\nextra:x:{EXTRA}:tester\n")
        self.machine = Machine(place, qemu, more=more, binary=place.dir / "bin/fake-qemu")
        # Root's environment does not come so far: what the fake wants to know is told it by a script.
        fake = place.dir / "bin/fake-qemu"
        fake.rename(fake.with_name("fake"))
        told = {key: value for key, value in {**os.environ, **self.machine.env}.items()
                if key.startswith(("FAKE_", "ASAN_", "UBSAN_", "LSAN_"))}
        words = "".join(f"export {key}={shlex.quote(value)}\n" for key, value in told.items())
        fake.write_text(f"#!/bin/sh\n{words}exec {shlex.quote(str(fake.with_name('fake')))} \"$@\"\n")
        fake.chmod(0o755)
        for path in (place.dir, place.home):
            os.chown(path, UID, GID)
        place.dir.chmod(0o755)
        # What sudo leaves of root's own environment.
        self.env = {key: value for key, value in place.env.items() if not key.startswith("XDG_")}
        self.env.update(self.machine.env, HOME="/root", USER="root", LOGNAME="root",
                        XDG_RUNTIME_DIR=str(place.runtime), XDG_STATE_HOME="/root/state",
                        XDG_CACHE_HOME="/root/cache")
        if self.inside("true").wait() != 0:
            raise Skip("no mount namespace here")

    def inside(self, *command, plain=False, **kwargs):
        script = ('mount --bind passwd /etc/passwd && mount --bind group /etc/group && '
                  f'{self.session} && exec "$@"')
        drop = ["setpriv", f"--reuid={UID}", f"--regid={GID}", "--init-groups"] if plain else []
        env = {**self.env, **kwargs.pop("env", {})}
        inside = ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh"]
        child = subprocess.Popen([*inside, *drop, *command],
                                 env={key: value for key, value in env.items() if value is not None},
                                 cwd=self.place.dir, stdin=subprocess.DEVNULL, **kwargs)
        self.place.children.append(child)
        return child

    def vmlaunch(self, *words, plain=False, **env):
        return self.inside(self.place.dir / "bin/vmlaunch", *words, plain=plain, env=env,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *words, **env):
        child = self.vmlaunch(*words, **env)
        out, err = child.communicate(timeout=300)
        return child.returncode, out.decode(), err.decode()

    def start(self, *words, plain=False, **env):
        m = self.machine
        with open(m.said_path, "wb") as said:
            m.child = self.inside(self.place.dir / "bin/vmlaunch", m.profile, *words, plain=plain, env=env,
                                  stderr=said)
        m.wait_said("running (QEMU ")
        return m

    def assert_hers(self, m, supervisor=True):
        """QEMU and its supervisor are hers and nothing more, and so are their files."""
        for pid in (m.qemu(), m.child.pid):
            status = dict(line.split(":\t", 1) for line in
                          pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
            assert status["Uid"].split() == [str(UID)] * 4, (pid, status["Uid"])
            assert status["Gid"].split() == [str(GID)] * 4, (pid, status["Gid"])
            assert status["Groups"].split() == [str(GID), str(EXTRA)], (pid, status["Groups"])
            for caps in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                assert int(status[caps], 16) == 0, (pid, caps, status[caps])
        assert status["Name"] == "vmlaunch"
        children = pathlib.Path(f"/proc/{m.child.pid}/task/{m.child.pid}/children").read_text().split()
        assert children == [str(m.qemu())], f"a child besides QEMU: {children}"
        # Name services are asked elsewhere: what they load would stay.
        maps = pathlib.Path(f"/proc/{m.child.pid}/maps").read_text()
        assert "/libnss_" not in maps, maps
        wait_for(m.fds_path.exists)
        lines = m.fds_path.read_text().splitlines()
        env = dict(line[4:].split("=", 1) for line in lines if line.startswith("env "))
        assert "status NoNewPrivs:\t1" in lines
        state = self.place.home / ".local/state/vmlaunch"
        files = [path for path in self.place.home.rglob("*")]
        assert state / "fake/qemu.log" in files and files, files
        assert {(p.lstat().st_uid, p.lstat().st_gid) for p in files} == {(UID, GID)}, files
        assert not list(self.place.runtime.iterdir()), "root's runtime directory was used"
        return env
