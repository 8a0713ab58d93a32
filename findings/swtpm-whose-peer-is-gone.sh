#!/usr/bin/env bash
#
# Guess: swtpm that was given one end of a socketpair (--ctrl type=unixio,clientfd=N) and --terminate ends as soon as the
# other end is closed: nobody else can ever reach it, and a QEMU that fails before it has opened its TPM closes just that.
#
# Seen with swtpm 0.7.1 of Debian 12 and of Debian 13, both alike: it goes on for ever. --terminate speaks of the data
# channel, which QEMU hands over (CMD_SET_DATAFD) when the TPM is made; of the control channel's end swtpm takes
# no notice before. After CMD_SET_DATAFD the end of both does end it, with status 0.
# So whoever starts swtpm for a QEMU has to end it himself when QEMU fails early.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
./unpack "$place/12" bookworm swtpm=0.7.1-1.3
./unpack "$place/13" trixie swtpm=0.7.1-1.5
python3 - "$place" <<'PYTHON'
import array
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
sys.dont_write_bytecode = True
sys.path.insert(0, ".")

from machine import expect

# QEMU, backends/tpm/tpm_ioctl.h: commands of the control channel, each with a result of 4 bytes.
CMD_SET_DATAFD = 0x10
# Long enough for a program that has nothing else to do: it ends within milliseconds where it does.
PATIENCE = 10


def swtpm(root, state):
    lib = root / "usr/lib/x86_64-linux-gnu"
    ours, its = socket.socketpair()
    process = subprocess.Popen(
        [root / "usr/lib64/ld-linux-x86-64.so.2", "--library-path", f"{lib}:{lib}/swtpm", root / "usr/bin/swtpm", "socket",
         "--tpm2", "--ctrl", f"type=unixio,clientfd={its.fileno()}", "--tpmstate", f"dir={state}", "--terminate"],
        pass_fds=[its.fileno()])
    its.close()
    return process, ours


def status_of(process):
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


for debian in ("12", "13"):
    root = pathlib.Path(sys.argv[1], debian)
    with tempfile.TemporaryDirectory() as state:
        process, ours = swtpm(root, state)
        ours.close()
        expect(status_of(process) is None, f"Debian {debian}: its peer is gone, and {PATIENCE} s later it still runs")
        process, ours = swtpm(root, state)
        data, its = socket.socketpair()
        ours.sendmsg([struct.pack(">I", CMD_SET_DATAFD)],
                     [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [its.fileno()]))])
        result = struct.unpack(">I", ours.recv(4))[0]
        its.close()
        data.close()
        ours.close()
        expect((result, status_of(process)) == (0, 0), f"Debian {debian}: with a data channel it ends with its peer")
PYTHON
