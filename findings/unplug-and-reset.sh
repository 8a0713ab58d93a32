#!/usr/bin/env bash
#
# Guess: device_del asks the guest; if no system in it answers (none has booted yet), the device stays, and a reset of the
# machine forgets the question: the guest starts anew with all that it had.
#
# Seen with QEMU 7.2.22, 10.0.13 and 11.1.3, all alike: so it is with the port's own hot-plug. With ACPI's (the default of
# q35), the question is kept, and the next reset takes the device away: DEVICE_DELETED comes then, minutes or days
# after device_del said {}. A guest that ignores the question and is restarted for another reason loses the device.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
./qemus "$place"
python3 - "$place" <<'PYTHON'
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, ".")

import time

from machine import Machine, expect

for version in ("7.2.22", "10.0.13", "11.1.3"):
    for way, switch in (("ACPI's", "on"), ("the port's", "off")):
        m = Machine(f"{sys.argv[1]}/{version}", "-machine", "q35", "-m", "128", "-global",
                    f"ICH9-LPC.acpi-pci-hotplug-with-bridge-support={switch}", "-device",
                    "pcie-root-port,id=rp,bus=pcie.0,addr=4,chassis=1", "-device", "virtio-rng-pci,bus=rp,id=rng")

        def there():
            return "rng" in [child["name"] for child in m.run("qom-list", {"path": "/machine/peripheral"})]

        answer = m.run("device_del", {"id": "rng"})
        m.run("query-status")
        before = there()
        m.run("system_reset")
        end = time.monotonic() + 60
        while "RESET" not in m.events and time.monotonic() < end:
            m.run("query-status")
        while not there() and "DEVICE_DELETED" not in m.events and time.monotonic() < end:
            m.run("query-status")
        expect((answer, before, there(), "DEVICE_DELETED" in m.events) == ({}, True, switch == "off", switch == "on"),
               f"{version}, {way} hot-plug: there before the reset: {before}, after it: {there()}; {m.events}")
        m.end()
PYTHON
