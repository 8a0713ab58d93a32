#!/usr/bin/env bash
#
# Guess: system_powerdown does nothing to a machine that is held (paused, or stopped by an I/O error): no processor
# runs that could notice.
#
# Seen with QEMU 7.2.22, 10.0.13 and 11.1.3, all alike: the button is latched. If the guest has ACPI's power button
# switched on (PM1 enable, bit 8), PM1 status gets the bit while the machine is held, and keeps it: the guest hears
# the button in the moment in which it is let go on. If the guest has not switched it on yet, the press is lost for
# good. QMP says {} and the event POWERDOWN in both cases, so neither tells whether anybody will ever hear.
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

# Of the chipset (ICH9, function 1f.0): where its power management has its ports, and the bit that opens them.
PMBASE, ACPI_CNTL, ACPI_EN, BASE = 0x40, 0x44, 0x80, 0x600
POWER_BUTTON = 1 << 8  # of PM1 status and enable (ACPI specification, 4.8.3.1)

for version in ("7.2.22", "10.0.13", "11.1.3"):
    for enabled in (False, True):
        m = Machine(f"{sys.argv[1]}/{version}", "-machine", "q35", "-m", "128")
        m.pci_write(0x1F, 0, PMBASE, BASE | 1)
        m.pci_write(0x1F, 0, ACPI_CNTL, ACPI_EN)
        if enabled:
            m.test(f"outw {BASE + 2:#x} {POWER_BUTTON:#x}")
        answer, status = m.run("system_powerdown"), m.run("query-status")["status"]
        # Two answers: the main loop, which presses the button, has been round since.
        m.run("query-status")
        latched = bool(m.port("w", BASE) & POWER_BUTTON)
        expect((answer, status, "POWERDOWN" in m.events, latched) == ({}, "prelaunch", True, enabled),
               f"{version}, held, button {'' if enabled else 'not '}switched on: POWERDOWN, latched: {latched}")
        m.end()
PYTHON
