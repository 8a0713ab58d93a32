#!/usr/bin/env bash
#
# Guess: a PCI device's "addr" in JSON is its slot, number or text alike (properties of devices have no type in QMP's
# schema), and device_add means the same by it as -device with JSON.
#
# Seen with QEMU 7.2.22, 10.0.13 and 11.1.3: text is "slot.function" in hexadecimal; a number is the register value
# slot * 8 + function, so that 8 is slot 1 and "8" is slot 8, each without a word. So it is in all three with -device, and
# in 10.0.13 and 11.1.3 with device_add. 7.2.22 makes text of what device_add has first: 8 is slot 8 there, and 24 (slot 3
# for the others) is refused, as no slot is called so.
# A tool that sends numbers puts a device into another slot after an upgrade of QEMU; text is the same everywhere.
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

BRIDGE = "pci-bridge,id=br,bus=pcie.0,addr=3,chassis_nr=1"

for version in ("7.2.22", "10.0.13", "11.1.3"):
    for addr, slot, added in ((8, 1, 8), ("8", 8, 8), (24, 3, None), ("10", 16, 16)):
        device = {"driver": "virtio-rng-pci", "id": "d", "bus": "br", "addr": addr}
        for way in ("-device", "device_add"):
            words = ["-machine", "q35", "-m", "128", "-device", BRIDGE]
            wanted = added if way == "device_add" and version == "7.2.22" else slot
            if way == "-device":
                words += ["-device", json.dumps(device)]
            m = Machine(f"{sys.argv[1]}/{version}", *words)
            answer = m.run("device_add", device) if way == "device_add" else {}
            devfn = m.run("qom-get", {"path": "/machine/peripheral/d", "property": "addr"}) if answer == {} else None
            m.end()
            expect(devfn == (None if wanted is None else wanted * 8),
                   f"{version}, {way}, \"addr\": {json.dumps(addr)}: {'refused' if devfn is None else f'slot {devfn // 8}'}")
PYTHON
