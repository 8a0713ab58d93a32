#!/usr/bin/env bash
#
# Guess: passt serves a stream that it is handed (--fd) as it does one that it accepts on a socket of its own, so the way
# in which QEMU and passt are joined makes no difference to what passes between them.
#
# Seen with passt of 2023-03-09 (Debian 12) and of 2025-05-03 (Debian 13), both alike, on Linux 6.18.44, whose
# net.core.wmem_max is 4 MiB: passt gives the stream that it accepts the largest buffers that the kernel allows, and lets
# the one that it is handed keep the usual 208 KiB. While nobody reads, of 3000 datagrams of 1000 bytes that the host sends
# to a forwarded port less than 200 are kept for the guest on the stream handed over, and all 3000 on the other: passt drops
# what finds no room.
# All 3000 are kept where whoever makes the pair has SO_SNDBUF of passt's end enlarged before he hands it over.
#
# Where wmem_max is lower it was not tried, and the status is 77; so it is where a user may not make a network interface in
# a namespace of his own.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
if [ "$(cat /proc/sys/net/core/wmem_max)" -lt $((4 << 20)) ]; then
	echo "net.core.wmem_max is less than 4 MiB here" >&2
	exit 77
fi
if ! unshare -Urn ip link add outer type veth 2>"$place/log"; then
	echo "no interface can be made in a namespace here: $(tail -n 1 "$place/log")" >&2
	exit 77
fi
./unpack "$place/12" bookworm passt=0.0~git20230309.7c7625d-1
./unpack "$place/13" trixie passt=0.0~git20250503.587980c-2+deb13u1
unshare -Urn python3 - "$place" <<'PYTHON'
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import time
sys.dont_write_bytecode = True
sys.path.insert(0, ".")

from machine import expect

COUNT, SIZE, PORT = 3000, 1000, 5000
# So many datagrams fit the buffer of passt's own socket, whose state the kernel tells: none is lost before passt.
BATCH = 16
# More than the kernel allows; it gives what it has (socket(7)).
LARGEST = 64 << 20
PATIENCE = 30
# Behind the frame's length on the stream: EtherType, IPv4's protocol, UDP's port of destination and its payload.
TYPE, PROTOCOL, DESTINATION, PAYLOAD = 4 + 12, 4 + 14 + 9, 4 + 14 + 20 + 2, 4 + 14 + 20 + 8


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.001)


def waiting_for_passt():
    """Bytes in its socket of the forwarded port, None before it is bound (proc(5), /proc/net/udp)."""
    for line in pathlib.Path("/proc/net/udp").read_text().splitlines()[1:]:
        words = line.split()
        if words[1].endswith(f":{PORT:04X}"):
            return int(words[4].split(":")[1], 16)
    return None


def passt(root, *words, **more):
    lib = root / "usr/lib/x86_64-linux-gnu"
    return subprocess.Popen(
        [root / "usr/lib64/ld-linux-x86-64.so.2", "--library-path", lib, root / "usr/bin/passt", "--foreground", "--one-off",
         "--udp-ports", f"127.0.0.1/{PORT}", *words], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)


def handed(root, enlarged):
    ours, its = socket.socketpair()
    if enlarged:
        its.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGEST)
    before = its.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    process = passt(root, "--fd", str(its.fileno()), pass_fds=[its.fileno()])
    wait_for(lambda: waiting_for_passt() is not None, "passt did not start")
    assert its.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == before
    its.close()
    return process, ours


def accepted(root, here):
    process = passt(root, "--socket", f"{here}/passt")
    ours = socket.socket(socket.AF_UNIX)
    wait_for(lambda: not ours.connect_ex(f"{here}/passt"), "passt did not start")
    wait_for(lambda: waiting_for_passt() is not None, "passt did not start")
    return process, ours


def send():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for number in range(COUNT):
            s.sendto(struct.pack(">I", number).ljust(SIZE, b"\0"), ("127.0.0.1", PORT))
            if number % BATCH == BATCH - 1 or number == COUNT - 1:
                wait_for(lambda: waiting_for_passt() == 0, "passt does not read its socket")


def kept(ours):
    """The numbers of the datagrams on the stream."""
    stream = bytearray()
    ours.settimeout(3)
    try:
        while more := ours.recv(1 << 20):
            stream += more
    except TimeoutError:
        pass
    numbers, at = [], 0
    while at < len(stream):
        if stream[at + TYPE:at + TYPE + 2] == b"\x08\0" and stream[at + PROTOCOL] == socket.IPPROTO_UDP \
                and struct.unpack_from(">H", stream, at + DESTINATION)[0] == PORT:
            numbers.append(struct.unpack_from(">I", stream, at + PAYLOAD)[0])
        at += 4 + struct.unpack_from(">I", stream, at)[0]
    return numbers


# passt of 2023 starts only on a host that has a network.
for words in ("link set lo up", "link add outer type veth peer name far", "address add 192.0.2.2/24 dev outer",
              "link set outer up", "link set far up", "route add default via 192.0.2.1"):
    subprocess.run(["ip", *words.split()], check=True)

for debian in ("12", "13"):
    root = pathlib.Path(sys.argv[1], debian)
    for way, fewest, most in (("handed over", 1, 199), ("accepted", COUNT, COUNT),
                              ("enlarged, then handed over", COUNT, COUNT)):
        with tempfile.TemporaryDirectory() as here:
            process, ours = accepted(root, here) if way == "accepted" else handed(root, way != "handed over")
            try:
                send()
                numbers = kept(ours)
            finally:
                ours.close()
                process.wait(PATIENCE)
        expect(numbers == list(range(len(numbers))) and fewest <= len(numbers) <= most,
               f"Debian {debian}, stream {way}: the first {len(numbers)} of {COUNT} datagrams are kept for the guest")
PYTHON
