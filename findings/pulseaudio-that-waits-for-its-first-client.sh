#!/usr/bin/env bash
#
# Guess: QEMU's sound by PulseAudio (-audiodev pa) finds the server as every client does, by the socket pulse/native in
# XDG_RUNTIME_DIR or by PULSE_SERVER.
#
# Seen with QEMU 10.0.13 (Debian 13) and 11.1.3 (its backports), and PulseAudio 17.0: without server= QEMU wants a file
# pulse/pid in XDG_RUNTIME_DIR first, "could not stat pidfile", with PULSE_SERVER set as well, and does not start. A server
# that a session starts at its first client (systemd's pulseaudio.socket and pipewire-pulse.socket, which listen from the
# login on) has made no such file by then, and one that is told not to (--use-pid-file=no) never does. With server= and the
# very same socket it starts, and is the server's client.
#
# A user who may not have namespaces of his own gets status 77.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
if ! unshare -Urmpf --kill-child true 2>"$place/log"; then
	echo "no namespaces can be had here: $(tail -n 1 "$place/log")" >&2
	exit 77
fi
./unpack "$place/10.0.13" trixie qemu-system-{x86,gui}=1:10.0.13+ds-0+deb13u1 pulseaudio=17.0+dfsg1-2+b1
./unpack "$place/11.1.3" trixie qemu-system-{x86,common,data,gui,modules-opengl}=1:11.1.3+ds-1~bpo13+1 \
	seabios=1.17.0-1~bpo13+1 pulseaudio=17.0+dfsg1-2+b1
unshare -Urmpf --kill-child python3 - "$place" <<'PYTHON'
import pathlib
import shutil
import subprocess
import sys
import time
sys.dont_write_bytecode = True
sys.path.insert(0, ".")

from machine import expect

PATIENCE = 60
CHROOT = shutil.which("chroot") or "/usr/sbin/chroot"
ENVIRONMENT = {"HOME": "/tmp", "PATH": "/usr/bin", "XDG_RUNTIME_DIR": "/tmp/run"}
SERVER = "unix:/tmp/run/pulse/native"


def start(root, log, *words, **env):
    return subprocess.Popen([CHROOT, root, *words], stdin=subprocess.PIPE, stdout=open(log, "w"), stderr=subprocess.STDOUT,
                            env={**ENVIRONMENT, **env})


def clients(root):
    """How many are connected to the server's socket."""
    rows = [line.split() for line in pathlib.Path("/proc/net/unix").read_text().splitlines()]
    return sum(row[5] == "03" and row[-1] == "/tmp/run/pulse/native" for row in rows)


def attempt(root, option, **env):
    """What a machine that is to play sound says, and whether it has come to the server."""
    log = root / "tmp/qemu"
    qemu = start(root, log, "/usr/bin/qemu-system-x86_64", "-nodefaults", "-no-user-config", "-machine", "q35", "-display", "none",
                 "-S", "-L", "/usr/share/qemu", "-L", "/usr/share/seabios", "-audiodev", option, "-device", "ich9-intel-hda",
                 "-device", "hda-duplex,audiodev=sound", "-qmp", "stdio", **env)
    end = time.monotonic() + PATIENCE
    while qemu.poll() is None and not clients(root):
        assert time.monotonic() < end, f"it does neither: {log.read_text()}"
        time.sleep(0.05)
    came = clients(root) > 0
    qemu.kill()
    qemu.wait()
    return "could not stat pidfile /tmp/run/pulse/pid" in log.read_text(), came


subprocess.run(["mount", "-t", "proc", "proc", "/proc"], check=True)
for version in ("10.0.13", "11.1.3"):
    root = pathlib.Path(sys.argv[1], version)
    for name, source in (("dev", "/dev"), ("proc", "/proc")):
        (root / name).mkdir(exist_ok=True)
        subprocess.run(["mount", "--rbind", source, root / name], check=True)
    (root / "tmp/run").mkdir(parents=True, mode=0o700)
    server = start(root, root / "tmp/server", "/usr/bin/pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1",
                   "--use-pid-file=no", "-L", "module-null-sink", "-L", "module-native-protocol-unix")
    end = time.monotonic() + PATIENCE
    while not (root / "tmp/run/pulse/native").exists():
        assert time.monotonic() < end and server.poll() is None, (root / "tmp/server").read_text()
        time.sleep(0.05)
    expect(attempt(root, "pa,id=sound") == (True, False), f"{version}, pa: wants the file pulse/pid, and ends")
    expect(attempt(root, "pa,id=sound", PULSE_SERVER=SERVER) == (True, False),
           f"{version}, pa with PULSE_SERVER: wants it as well")
    expect(attempt(root, f"pa,id=sound,server={SERVER}") == (False, True), f"{version}, pa with server=: connects")
    server.kill()
    server.wait()
PYTHON
