#!/usr/bin/env bash
#
# Guess: a controller for USB 3 (qemu-xhci) has room for every device that a machine has; how fast each is does not depend
# on how many came before.
#
# Seen with QEMU 7.2.22, 10.0.13 and 11.1.3, all alike: it has four ports for USB 2, and QEMU makes a hub at the last of
# them when the fourth device comes. That is a full-speed one: from the fourth device on, all of them share 12 Mb/s, a
# USB 3 disk among them. With p2=15,p3=15 each has a port of its own, and the disk its 5000 Mb/s.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
./qemus "$place"
python3 - "$place" <<'PYTHON'
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, ".")

from machine import Machine, expect

for version in ("7.2.22", "10.0.13", "11.1.3"):
    for ports, speed in (("", "12 Mb/s"), (",p2=15,p3=15", "5000 Mb/s")):
        words = ["-device", f"qemu-xhci,id=usb{ports}"]
        for n in range(4):
            words += ["-device", f"usb-mouse,bus=usb.0,id=mouse{n}"]
        m = Machine(f"{sys.argv[1]}/{version}", "-machine", "q35", "-m", "128", *words, "-blockdev",
                    "null-co,node-name=null,size=1048576,read-zeroes=on", "-device", "usb-storage,bus=usb.0,drive=null,id=disk")
        text = m.run("human-monitor-command", {"command-line": "info usb"})
        m.end()
        hub, disk = "USB Hub" in text, next(line for line in text.splitlines() if "ID: disk" in line)
        expect((f"Speed {speed}" in disk, hub) == (True, not ports),
               f"{version}, qemu-xhci{ports}: a hub: {hub}; the fifth device: {' '.join(disk.split())}")
PYTHON
