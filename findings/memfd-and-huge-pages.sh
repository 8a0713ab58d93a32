#!/usr/bin/env bash
#
# Guess: memory-backend-memfd and memory-backend-ram,share=on are the same memory under two names (QEMU makes a memfd of
# both), so that a guest whose memory is shared with a helper gets transparent huge pages from either, where the kernel
# gives them to shared memory.
#
# Seen with QEMU 7.2.22, 10.0.13 and 11.1.3, all alike: the mapping of memory-backend-ram begins at a multiple of 2 MiB,
# that of memory-backend-memfd 4 KiB below one. A large page of a memfd has to lie at the same place in the file and in
# memory, modulo 2 MiB: so no page of such a guest can be one, whatever shmem_enabled says. (That of 10.0.13 and 11.1.3
# with share=on is a memfd as well, in 7.2.22 it is /dev/zero and has no descriptor to share.)
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
./qemus "$place"
python3 - "$place" <<'PYTHON'
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, ".")

import os
import pathlib

from machine import Machine, expect

MIB = 1 << 20
SIZE = 512 * MIB

for version in ("7.2.22", "10.0.13", "11.1.3"):
    for backend, wanted in (("memory-backend-ram", 0), ("memory-backend-memfd", 2 * MIB - 4096)):
        m = Machine(f"{sys.argv[1]}/{version}", "-machine", "q35,memory-backend=m", "-m", str(SIZE // MIB),
                    "-object", f"{backend},id=m,size={SIZE},share=on")
        lines = pathlib.Path(f"/proc/{m.process.pid}/maps").read_text().splitlines()
        m.end()
        ranges = [[int(end, 16) for end in line.split()[0].split("-")] + line.split()[5:6] for line in lines]
        found = [r for r in ranges if r[1] - r[0] == SIZE]
        assert len(found) == 1, found
        expect(found[0][0] % (2 * MIB) == wanted,
               f"{version}, {backend}, a mapping of {found[0][2]}: begins {found[0][0] % (2 * MIB) // 1024} KiB behind a multiple of 2 MiB")
PYTHON
