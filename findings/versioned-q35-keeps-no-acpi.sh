#!/usr/bin/env bash
#
# Guess: pc-q35-7.2 is the same hardware in every QEMU, its ACPI tables included, because a versioned machine is there
# to be just that.
#
# Seen with QEMU 7.2.22 (Debian 12), 10.0.13 (Debian 13) and 11.1.3 (Debian 13 backports): the tables come of the QEMU
# and not of the machine's version. pc-q35-7.2 has a DSDT of 8096, 8208 and 8195 bytes in the three, and a MADT of
# revision 1, 3 and 3; while in one QEMU (10.0.13) pc-q35-7.2 and pc-q35-8.2 have the same tables, byte for byte.
# SMBIOS, which does have switches by version (the anchor is 2.8 for 7.2, 3.0 for 8.2), changes beside them: the
# processor's family is 0x01 in 7.2.22 and 0xfe from 10.0.13 on, for the same machine.
# So a guest that hashes its firmware tables sees another computer after an upgrade of QEMU, however its machine is kept.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
./unpack "$place/12" bookworm qemu-system-x86=1:7.2+dfsg-7+deb12u18+b3
./unpack "$place/13" trixie qemu-system-x86=1:10.0.13+ds-0+deb13u1
./unpack "$place/bpo" trixie qemu-system-{x86,common,data}=1:11.1.3+ds-1~bpo13+1 seabios=1.17.0-1~bpo13+1
python3 - "$place" <<'PYTHON'
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, ".")
from machine import Machine, expect, tables


def look(release, version):
    m = Machine(f"{sys.argv[1]}/{release}", "-machine", version, "-cpu", "qemu64", "-m", "512")
    found = tables(m.file("etc/acpi/tables")), m.file("etc/smbios/smbios-anchor"), m.file("etc/smbios/smbios-tables")
    said = m.end()
    print(release, version, {name: (len(t), f"revision {t[8]}") for name, t in found[0].items()}, said.strip())
    return found


def processor_family(smbios):
    """Byte 6 of the structure of type 4 (DSP0134, 7.5)."""
    at = 0
    while smbios[at] != 4:
        at = smbios.index(b"\0\0", at + smbios[at + 1]) + 2
    return smbios[at + 6]


seen = {release: look(release, "pc-q35-7.2") for release in ("12", "13", "bpo")}
later = look("13", "pc-q35-8.2")
expect([len(seen[r][0]["DSDT"]) for r in seen] == [8096, 8208, 8195], "pc-q35-7.2 has another DSDT in each QEMU")
expect([seen[r][0]["APIC"][8] for r in seen] == [1, 3, 3], "its MADT is of revision 1, 3, 3")
expect(seen["13"][0] == later[0], "in QEMU 10.0.13 pc-q35-7.2 and pc-q35-8.2 have the same ACPI tables")
expect((seen["13"][1][:4], later[1][:5]) == (b"_SM_", b"_SM3_"), "SMBIOS' anchor is by the machine's version")
expect([processor_family(seen[r][2]) for r in seen] == [1, 0xFE, 0xFE], "its processor's family changes with QEMU")
PYTHON
