#!/usr/bin/env bash
#
# Guess: the newer a q35 machine, the newer its SMBIOS: since it once went from the 32-bit entry point (2.8) to the 64-bit one
# (3.0), which has no limit of 64 KiB, all later machines have that.
#
# Seen with QEMU 10.0.13 and 11.1.3, both alike: pc-q35-8.1 and 8.2 have the 64-bit one, and nothing else: 8.0 and older
# have the 32-bit one, and so have 9.0, 9.2 and 10.0 again (since 9.0 the default is to take the newer only where the
# tables need it). A tool in a guest that knows one kind alone works, fails and works again with the machine's version.
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

ANCHORS = {"8.0": b"_SM_", "8.1": b"_SM3_", "8.2": b"_SM3_", "9.0": b"_SM_", "9.2": b"_SM_", "10.0": b"_SM_"}

for version in ("10.0.13", "11.1.3"):
    for machine, wanted in ANCHORS.items():
        m = Machine(f"{sys.argv[1]}/{version}", "-machine", f"pc-q35-{machine}", "-m", "128")
        anchor = m.file("etc/smbios/smbios-anchor")
        m.end()
        said = b"_SM3_" if anchor.startswith(b"_SM3_") else anchor[:4]
        expect(said == wanted, f"{version}, pc-q35-{machine}: {said.decode()}")
PYTHON
