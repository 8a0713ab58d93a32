#!/usr/bin/env bash
#
# Guess: as q35 plugs devices into its PCI Express ports by ACPI (the default since 6.1), a port does not say that it is
# hot-plug capable, so that the guest's own driver for such ports (pciehp) leaves it alone.
#
# Seen with QEMU 7.2.22, 10.0.13 and 11.1.3, all alike: it depends on the machine's version and not on QEMU's. Under
# pc-q35-6.1 the slot capabilities of a pcie-root-port have no Hot-Plug Capable bit (PCI Express base specification,
# 7.5.3.9, bit 6); under 6.2 and all that is newer the bit is there, with ACPI's hot-plug in charge all the same. What
# keeps pciehp away is only that _OSC of the host bridge does not hand that right over.
# So a machine that goes from 6.1 to a newer version has other ports for its guest, and a guest that does not ask
# _OSC finds two ways of hot-plug for one slot.
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

SLOT = 4
CAPABILITIES, EXPRESS, SLOT_CAPABILITIES, HOT_PLUG = 0x34, 0x10, 0x14, 1 << 6


def config(m, register):
    m.test(f"outl 0xcf8 {1 << 31 | SLOT << 11 | register & 0xfc:#x}")
    return m.port("l", 0xcfc)


def is_hot_plug_capable(m):
    at = config(m, CAPABILITIES) & 0xff
    while at and config(m, at) & 0xff != EXPRESS:
        at = config(m, at) >> 8 & 0xff
    assert at, "no PCI Express capability"
    return bool(config(m, at + SLOT_CAPABILITIES) & HOT_PLUG)


for version in ("7.2.22", "10.0.13", "11.1.3"):
    for machine, wanted in (("pc-q35-6.1", False), ("pc-q35-6.2", True), ("q35", True)):
        m = Machine(f"{sys.argv[1]}/{version}", "-machine", machine, "-m", "128", "-device",
                    f"pcie-root-port,id=rp,bus=pcie.0,addr={SLOT},chassis=1", "-device", "virtio-rng-pci,bus=rp")
        by_acpi = m.run("qom-get", {"path": "/machine/unattached/device[2]", "property": "acpi-pci-hotplug-with-bridge-support"})
        said = is_hot_plug_capable(m)
        m.end()
        expect(said == wanted, f"{version}, {machine}: the port says hot-plug: {said}; ACPI's is on: {by_acpi}")
PYTHON
