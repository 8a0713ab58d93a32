#!/usr/bin/env bash
#
# Guess: where nobody looks at a display and nothing in it changes, QEMU has nothing to do for it; bochs-display, which
# is VGA without its past, costs no more than VGA does.
#
# Seen with QEMU 7.2.22 and 10.0.13, both alike, a held guest that has set a mode of 1024 x 768, and a viewer's socket to
# which nobody has connected: with VNC QEMU wakes less than once a second. With SPICE it wakes for every refresh, some 30
# times a second, for VGA, and all its threads together 4 to 6 times as often for bochs-display. Before a mode is set the two
# are alike.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
./unpack "$place/7.2.22" bookworm qemu-system-x86=1:7.2+dfsg-7+deb12u18+b3
./unpack "$place/10.0.13" trixie qemu-system-{x86,modules-spice}=1:10.0.13+ds-0+deb13u1
python3 - "$place" <<'PYTHON'
import pathlib
import sys
import tempfile
import time
sys.dont_write_bytecode = True
sys.path.insert(0, ".")

from machine import Machine, expect

MEASURED = 5
SLOT, MEMORY, REGISTERS = 2, 0xc0000000, 0xd0000000
# QEMU, docs/specs/standard-vga.rst: VBE's registers of 2 bytes from 0x500 of BAR 2: number and value.
VBE, ENABLE, MODE = 0x500, 4, ((1, 1024), (2, 768), (3, 32), (4, 0x41))


def wakes(process):
    """How often its threads went from waiting to running (proc(5), voluntary_ctxt_switches)."""
    return sum(int(line.split()[1]) for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir()
               for line in (task / "status").read_text().splitlines() if line.startswith("voluntary_"))


def set_mode(m):
    m.pci_write(SLOT, 0, 0x10, MEMORY)
    m.pci_write(SLOT, 0, 0x18, REGISTERS)
    m.pci_write(SLOT, 0, 0x04, 3)
    for number, value in ((ENABLE, 0), *MODE):
        m.test(f"writew {REGISTERS + VBE + 2 * number:#x} {value:#x}")
    assert int(m.test(f"readw {REGISTERS + VBE + 2:#x}")[0], 16) == MODE[0][1]


def a_second(version, viewer, display, mode):
    with tempfile.TemporaryDirectory() as here:
        words = {"spice": ["-spice", f"unix=on,addr={here}/spice,disable-ticketing=on"], "vnc": ["-vnc", f"unix:{here}/vnc"]}
        m = Machine(f"{sys.argv[1]}/{version}", "-machine", "q35", "-m", "128", "-device", f"{display},addr={SLOT}",
                    *words[viewer])
        if mode:
            set_mode(m)
        time.sleep(1)
        before, start = wakes(m.process), time.monotonic()
        time.sleep(MEASURED)
        rate = (wakes(m.process) - before) / (time.monotonic() - start)
        m.end()
    return rate


for version in ("7.2.22", "10.0.13"):
    vnc = {display: a_second(version, "vnc", display, True) for display in ("VGA", "bochs-display")}
    expect(max(vnc.values()) < 2, f"{version}, VNC: wakes {vnc['VGA']:.1f} times a second for VGA, "
           f"{vnc['bochs-display']:.1f} for bochs-display")
    for mode, least, most in ((False, 0.6, 1.6), (True, 2.5, 9)):
        vga, bochs = (a_second(version, "spice", display, mode) for display in ("VGA", "bochs-display"))
        expect(vga > 10 and least < bochs / vga < most,
               f"{version}, SPICE, {'a' if mode else 'no'} mode set: wakes {vga:.1f} times a second for VGA, "
               f"{bochs / vga:.1f} times as often for bochs-display")
PYTHON
