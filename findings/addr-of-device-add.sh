#!/usr/bin/env bash
#
# Guess: a PCI device's "addr" in JSON (device_add, and -device with JSON) is its slot, and number or text makes no
# difference, as properties of devices have no type in QMP's schema.
#
# Seen with QEMU 7.2.22, 10.0.13 and 11.1.3, all alike: text is "slot.function" in hexadecimal, a number is the register
# value slot * 8 + function. So 8 is slot 1 and "8" is slot 8, 31 is function 7 of slot 3, and "10" is slot 16; each
# without a word. Decimal text that a tool made a number of (or the other way round) puts the device elsewhere.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
./qemus "$place"
python3 - "$place" <<'PYTHON'
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, ".")

import json

from machine import Machine, expect

ASKED = ((8, "01.0"), ("8", "08.0"), (31, "03.7"), ("10", "10.0"), ("0x5.2", "05.2"))

for version in ("7.2.22", "10.0.13", "11.1.3"):
    words = []
    for n, (addr, _) in enumerate(ASKED):
        words += ["-device", json.dumps({"driver": "virtio-rng-pci", "id": f"d{n}", "bus": "pcie.0", "addr": addr})]
    m = Machine(f"{sys.argv[1]}/{version}", "-machine", "q35", "-m", "128", *words)
    for n, (addr, wanted) in enumerate(ASKED):
        devfn = m.run("qom-get", {"path": f"/machine/peripheral/d{n}", "property": "addr"})
        place = f"{devfn >> 3:02x}.{devfn & 7}"
        expect(place == wanted, f"{version}: \"addr\": {json.dumps(addr)} is slot.function {place}")
    m.end()
PYTHON
