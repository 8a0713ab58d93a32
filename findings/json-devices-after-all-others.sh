#!/usr/bin/env bash
#
# Guess: devices are made in the order of the command line, a controller before the disk on it, in whichever of the two
# spellings each -device stands.
#
# Seen with QEMU 7.2.22, 10.0.13 and 11.1.3, all alike: all that are in JSON are made after all others. A disk as
# "scsi-hd,bus=c.0" behind its controller in JSON is refused ("Bus 'c.0' not found"); the other way round, the disk in
# JSON and its controller as words far behind it, starts. Where no address is said, the slot of a device changes with its
# spelling. So who needs JSON for a list (iothread-vq-mapping) has to say in JSON all that is on that device.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
./qemus "$place"
python3 - "$place" <<'PYTHON'
import os
import pathlib
import subprocess
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, ".")

from machine import Machine, expect

NULL = ["-blockdev", "null-co,node-name=null,size=1048576,read-zeroes=on"]
CONTROLLER = {False: "virtio-scsi-pci,id=c", True: '{"driver": "virtio-scsi-pci", "id": "c"}'}
DISK = {False: "scsi-hd,bus=c.0,drive=null", True: '{"driver": "scsi-hd", "bus": "c.0", "drive": "null"}'}


def options(devices):
    return ["-machine", "q35", "-m", "128", *NULL, *(word for device in devices for word in ("-device", device))]


def slots(version, *devices):
    m = Machine(f"{sys.argv[1]}/{version}", *options(devices))
    found = {d["qdev_id"]: d["slot"] for bus in m.run("query-pci") for d in bus["devices"] if d["qdev_id"]}
    m.end()
    return found


def refusal(version, *devices):
    root = pathlib.Path(f"{sys.argv[1]}/{version}/usr")
    done = subprocess.run([root / "lib64/ld-linux-x86-64.so.2", "--library-path", root / "lib/x86_64-linux-gnu",
                           root / "bin/qemu-system-x86_64", "-L", root / "share/qemu", "-L", root / "share/seabios",
                           "-nodefaults", "-no-user-config", "-display", "none", "-S", "-qmp", "stdio", *options(devices)],
                          env={**os.environ, "QEMU_MODULE_DIR": str(root / "lib/x86_64-linux-gnu/qemu")},
                          input='{"execute": "qmp_capabilities"}\n{"execute": "quit"}\n', capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else "it starts"


for version in ("7.2.22", "10.0.13", "11.1.3"):
    for json in (False, True):
        said = slots(version, CONTROLLER[json], DISK[json])
        expect(said == {"c": 1}, f"{version}, controller and disk {'in JSON' if json else 'as words'}: {said}")
    said = refusal(version, CONTROLLER[True], DISK[False])
    expect("Bus 'c.0' not found" in said, f"{version}, controller in JSON, then its disk as words: {said}")
    said = slots(version, DISK[True], CONTROLLER[False])
    expect(said == {"c": 1}, f"{version}, disk in JSON, then its controller as words: {said}")
    said = slots(version, '{"driver": "virtio-rng-pci", "id": "first"}', "virtio-rng-pci,id=second")
    expect(said == {"second": 1, "first": 2}, f"{version}, slots of the first, in JSON, and the second, as words: {said}")
PYTHON
