#!/usr/bin/env bash
#
# Guess: whether virtiofsd is ready is found out by connecting to its socket and closing again; it then waits for the
# next one, which is QEMU.
#
# Seen with virtiofsd 1.13.2 of Debian 13: it serves one client in its life. Whoever connects first is that one, and
# when he closes, virtiofsd ends with status 0, as after a guest's end: QEMU, started then, finds nobody. Its socket's
# file is there from before it listens to after its end, and says nothing either. What can be waited for without harm
# is none of these: give it a socket that listens already (--fd), to which QEMU may connect at any time.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
./unpack "$place/13" trixie virtiofsd=1.13.2-1+deb13u1
python3 - "$place" <<'PYTHON'
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
sys.dont_write_bytecode = True
sys.path.insert(0, ".")

from machine import expect

root = pathlib.Path(sys.argv[1], "13")
PATIENCE = 60


def virtiofsd(here, *words, **more):
    return subprocess.Popen(
        [root / "usr/lib64/ld-linux-x86-64.so.2", "--library-path", root / "usr/lib/x86_64-linux-gnu",
         root / "usr/libexec/virtiofsd", "--shared-dir", here, "--sandbox", "none", "--log-level", "error", *words], **more)


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    end = time.monotonic() + PATIENCE
    while True:
        try:
            s.connect(path)
            return s
        except (FileNotFoundError, ConnectionRefusedError):
            assert time.monotonic() < end
            time.sleep(0.01)


with tempfile.TemporaryDirectory() as here:
    path = f"{here}/s"
    process = virtiofsd(here, "--socket-path", path)
    connect(path).close()
    expect(process.wait(PATIENCE) == 0, "one connects and closes: virtiofsd ends, with status 0")
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        answered = True
    except (ConnectionRefusedError, FileNotFoundError):
        answered = False
    expect(not answered, "the next one finds nobody")

    path = f"{here}/listening"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()
    early = connect(path)
    process = virtiofsd(here, "--fd", str(listening.fileno()), pass_fds=[listening.fileno()])
    listening.close()
    early.close()
    expect(process.wait(PATIENCE) == 0, "with --fd, a client that connected before it was started was served")
PYTHON
