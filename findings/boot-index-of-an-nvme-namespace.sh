#!/usr/bin/env bash
#
# Guess: a boot index may stand on the NVMe controller or on its namespace (nvme-ns takes one like any disk), and names the
# same thing to the firmware: the namespace behind the controller.
#
# Seen with QEMU 7.2.22, 10.0.13 and 11.1.3: on the controller it does, in all three. On nvme-ns the path that the firmware
# gets leads nowhere: 7.2.22 writes the word "bootindex" into it, 10.0.13 and 11.1.3 leave out the controller, and the
# namespace is number 0, which no NVMe disk has. No version says a word, so the firmware starts something else.
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

GOOD = "/pci@i0cf8/pci1b36,0010@4/namespace@1,0"
OF_NAMESPACE = {
    "7.2.22": "/pci@i0cf8/pci1b36,0010@4/nvme-nsbootindex",
    "10.0.13": "/nvme-ns/namespace@0,0",
    "11.1.3": "/nvme-ns/namespace@0,0",
}

for version, bad in OF_NAMESPACE.items():
    for on_controller, on_namespace, wanted in ((",bootindex=1", "", GOOD), ("", ",bootindex=1", bad)):
        m = Machine(f"{sys.argv[1]}/{version}", "-machine", "q35", "-m", "128", "-blockdev",
                    "null-co,node-name=null,size=1073741824,read-zeroes=on", "-device",
                    f"nvme,id=nvme,serial=s,addr=4{on_controller}", "-device", f"nvme-ns,bus=nvme,drive=null{on_namespace}")
        path = m.file("bootorder").rstrip(b"\0").decode()
        m.end()
        expect(path == wanted, f"{version}, bootindex on the {'controller' if on_controller else 'namespace'}: {path}")
PYTHON
