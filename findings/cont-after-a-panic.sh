#!/usr/bin/env bash
#
# Guess: a guest that has crashed (pvpanic, -action panic=pause) is held for good, as one is that has shut down (-action
# shutdown=pause): cont is refused until the machine is reset.
#
# Seen with QEMU 7.2.22, 10.0.13 and 11.1.3, all alike: after a shutdown so it is ("Resetting the Virtual Machine is
# required"). After a panic cont says {} and the crashed kernel runs on, or spins, under the status "running"; what had
# been kept for a look is not kept any more.
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

# pvpanic's port and its bit for a panic (QEMU, docs/specs/pvpanic.rst); of ICH9's power management: where its ports are
# set, the bit that opens them, and "sleep, of type 0, now", which is q35's S5.
PVPANIC, PANICKED = 0x505, 1
PMBASE, ACPI_CNTL, ACPI_EN, BASE, SLEEP_NOW = 0x40, 0x44, 0x80, 0x600, 1 << 13

for version in ("7.2.22", "10.0.13", "11.1.3"):
    for action in ("panic", "shutdown"):
        m = Machine(f"{sys.argv[1]}/{version}", "-machine", "q35", "-m", "128", "-device", "pvpanic", "-action", f"{action}=pause")
        m.run("cont")
        if action == "panic":
            m.test(f"outb {PVPANIC:#x} {PANICKED:#x}")
        else:
            m.pci_write(0x1F, 0, PMBASE, BASE | 1)
            m.pci_write(0x1F, 0, ACPI_CNTL, ACPI_EN)
            m.test(f"outw {BASE + 4:#x} {SLEEP_NOW:#x}")
        while "STOP" not in m.events:
            before = m.run("query-status")["status"]
        before, answer, after = m.run("query-status")["status"], m.run("cont"), m.run("query-status")["status"]
        m.end()
        wanted = ("guest-panicked", {}, "running") if action == "panic" else ("shutdown", None, "shutdown")
        expect((before, answer if action == "panic" else answer.get("error") and None, after) == wanted,
               f"{version}, {before}, cont: {answer or 'done'}, and then {after}")
PYTHON
