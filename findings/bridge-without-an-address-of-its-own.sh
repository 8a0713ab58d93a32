#!/usr/bin/env bash
#
# Guess: a bridge keeps the address that the kernel made for it, whatever ports come and go; and where one was given a
# port's, it has its old one back when that goes. Neighbours that somebody entered as permanent stay for as long as the
# interface is up and has its IP addresses.
#
# Seen with Linux 6.18.44, asked by ip of Debian 12 (6.1.0) and 13 (6.15.0), both alike: the first port's address takes the
# place of the bridge's. When the last port goes the bridge has 00:00:00:00:00:00, is up all the same, and has it after
# down and up as well. Each of these changes of its address throws away all neighbours, permanent ones too; its IP
# addresses stay.
# A bridge whose address was set once, were it to what it was already, keeps it, and its permanent neighbours: so that is
# what to do before a machine's tap becomes its first port.
#
# The kernel is this computer's; where a user may not make a bridge in a namespace of his own the status is 77.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
if ! unshare -Urn ip link add bridge0 type bridge 2>"$place/log"; then
	echo "no bridge can be made in a namespace here: $(tail -n 1 "$place/log")" >&2
	exit 77
fi
./unpack "$place/12" bookworm iproute2=6.1.0-3
./unpack "$place/13" trixie iproute2=6.15.0-1
unshare -Urn python3 - "$place" <<'PYTHON'
import json
import os
import pathlib
import subprocess
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, ".")

from machine import expect

NONE, PORT = "00:00:00:00:00:00", "06:00:00:00:00:05"


class Ip:
    def __init__(self, root):
        lib = root / "usr/lib/x86_64-linux-gnu"
        self.words = [root / "usr/lib64/ld-linux-x86-64.so.2", "--library-path", lib, root / "bin/ip"]

    def __call__(self, words):
        subprocess.run(self.words + words.split(), check=True)

    def ask(self, words):
        return json.loads(subprocess.check_output([*self.words, "-json", *words.split()]))

    def seen(self):
        """The bridge's address, whether it is up, its IPv4 addresses and its permanent neighbours."""
        link = self.ask("address show dev bridge0")[0]
        return (link["address"], "UP" in link["flags"], [a["local"] for a in link["addr_info"] if a["family"] == "inet"],
                [n["dst"] for n in self.ask("neigh show dev bridge0 nud permanent")])


kernel = os.uname().release
for debian in ("12", "13"):
    ip = Ip(pathlib.Path(sys.argv[1], debian))
    for set_once in (False, True):
        who = f"Linux {kernel}, ip of Debian {debian}, {'set once' if set_once else 'never set'}"
        ip("link add bridge0 type bridge")
        own = ip.seen()[0]
        if set_once:
            ip(f"link set bridge0 address {own}")
        ip("address add 192.0.2.1/24 dev bridge0")
        ip("link set bridge0 up")
        ip(f"link add port0 address {PORT} type veth peer name far0")
        ip("link set port0 up")
        ip("link set far0 up")

        def neighbour(host):
            ip(f"neigh replace 192.0.2.{host} lladdr 06:00:00:00:00:0{host} dev bridge0 nud permanent")

        def expect_seen(when, address, neighbours):
            seen = ip.seen()
            expect(seen == (address, True, ["192.0.2.1"], neighbours),
                   f"{who}, {when}: {'its own address' if seen[0] == own else seen[0]}, up, 192.0.2.1, "
                   f"permanent neighbours {', '.join(seen[3]) or 'none'}")

        kept = ["192.0.2.2"] if set_once else []
        neighbour(2)
        expect_seen("without a port", own, ["192.0.2.2"])
        ip("link set port0 master bridge0")
        expect_seen("with its first port", own if set_once else PORT, kept)
        neighbour(2)
        ip("link delete port0")
        expect_seen("without one again", own if set_once else NONE, kept)
        ip("link set bridge0 down")
        ip("link set bridge0 up")
        expect(ip.seen()[0] == (own if set_once else NONE), f"{who}, down and up again: {'its own' if set_once else NONE}")
        ip("link delete bridge0")
PYTHON
