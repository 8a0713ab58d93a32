#!/usr/bin/env bash
#
# Guess: how much of a q35 guest's memory lies below 4 GiB grows with its size up to a limit (some 2.75 or 3 GiB), and what is
# over that lies above 4 GiB.
#
# Seen with QEMU 7.2.22, 10.0.13 and 11.1.3, all alike: up to 2815 MiB all of it lies below; with one MiB more, 2816, only
# 2048 MiB do, and 768 lie above. It stays at 2048 for all larger guests. So a guest of 2816 MiB has less memory below
# 4 GiB than one of 2815, and a part of it out of reach for what addresses 32 bits.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
./qemus "$place"
python3 - "$place" <<'PYTHON'
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, ".")

import struct

from machine import Machine, expect

RAM, FOUR_GIB = 1, 1 << 32

for version in ("7.2.22", "10.0.13", "11.1.3"):
    for size, wanted in ((2815, (2815, 0)), (2816, (2048, 768)), (8192, (2048, 6144))):
        m = Machine(f"{sys.argv[1]}/{version}", "-machine", "q35", "-m", str(size))
        entries = [entry for entry in struct.iter_unpack("<QQI", m.file("etc/e820")) if entry[2] == RAM]
        m.end()
        below = sum(length for base, length, _ in entries if base < FOUR_GIB) >> 20
        above = sum(length for base, length, _ in entries if base >= FOUR_GIB) >> 20
        expect((below, above) == wanted, f"{version}, {size} MiB: {below} below 4 GiB, {above} above")
PYTHON
