#!/usr/bin/env python3
"""A QEMU out of an unpacked root, held before its first instruction, for the findings: QMP, qtest and fw_cfg.

qtest lets the one who asks touch ports and memory as the guest's firmware would, without any guest.
"""
import json
import os
import pathlib
import socket
import struct
import subprocess
import tempfile

# fw_cfg (QEMU, docs/specs/fw_cfg.rst): selector of the directory, ports of the DMA interface, its commands.
FW_CFG_DIRECTORY = 0x19
FW_CFG_DMA_HIGH, FW_CFG_DMA_LOW = 0x514, 0x518
FW_CFG_DMA_READ, FW_CFG_DMA_SELECT = 2, 8
# Guest memory that nobody uses before the firmware runs.
DMA_REQUEST, DMA_BUFFER = 0x8000, 0x100000


class Machine:
    def __init__(self, root, *words):
        self.place = tempfile.TemporaryDirectory()
        here = pathlib.Path(self.place.name)
        root = pathlib.Path(root).resolve()
        lib = root / "usr/lib/x86_64-linux-gnu"
        listening = [self.listen(here / name) for name in ("qmp", "qtest")]
        self.log = here / "log"
        self.process = subprocess.Popen(
            [root / "usr/lib64/ld-linux-x86-64.so.2", "--library-path", lib, root / "usr/bin/qemu-system-x86_64",
             "-L", root / "usr/share/qemu", "-L", root / "usr/share/seabios", "-nodefaults", "-no-user-config",
             "-display", "none", "-S", "-qmp", f"unix:{here}/qmp", "-qtest", f"unix:{here}/qtest", "-qtest-log", "none",
             *words],
            env={**os.environ, "QEMU_MODULE_DIR": str(lib / "qemu")}, stdin=subprocess.DEVNULL, stderr=open(self.log, "w"))
        self.events = []
        try:
            self.qmp, self.qtest = (s.accept()[0].makefile("rw") for s in listening)
        except TimeoutError:
            self.process.kill()
            raise SystemExit(f"QEMU did not start: {self.log.read_text()}") from None
        json.loads(self.qmp.readline())
        self.run("qmp_capabilities")

    @staticmethod
    def listen(path):
        s = socket.socket(socket.AF_UNIX)
        s.bind(str(path))
        s.listen()
        s.settimeout(60)
        return s

    def run(self, command, arguments=None):
        """The command's answer; an error is returned as QEMU sent it."""
        self.qmp.write(json.dumps({"execute": command, "arguments": arguments or {}}) + "\n")
        self.qmp.flush()
        while True:
            message = json.loads(self.qmp.readline())
            if "event" not in message:
                return message.get("return", message)
            self.events.append(message["event"])

    def test(self, words):
        """One qtest command; the words behind OK."""
        self.qtest.write(words + "\n")
        self.qtest.flush()
        while True:
            answer = self.qtest.readline().split()
            if answer[0] != "IRQ":
                assert answer[0] == "OK", answer
                return answer[1:]

    def port(self, width, number):
        return int(self.test(f"in{width} {number:#x}")[0], 16)

    def pci_write(self, slot, function, register, value):
        self.test(f"outl 0xcf8 {1 << 31 | slot << 11 | function << 8 | register & 0xfc:#x}")
        self.test(f"outl 0xcfc {value:#x}")

    def fw_cfg(self, selector, size):
        request = struct.pack(">IIQ", selector << 16 | FW_CFG_DMA_SELECT | FW_CFG_DMA_READ, size, DMA_BUFFER)
        self.test(f"write {DMA_REQUEST:#x} {len(request)} 0x{request.hex()}")
        self.test(f"outl {FW_CFG_DMA_HIGH:#x} 0x0")
        self.test(f"outl {FW_CFG_DMA_LOW:#x} {int.from_bytes(struct.pack('>I', DMA_REQUEST), 'little'):#x}")
        return bytes.fromhex(self.test(f"read {DMA_BUFFER:#x} {size:#x}")[0][2:]) if size else b""

    def file(self, name):
        """A file of fw_cfg, as the firmware reads it."""
        count = struct.unpack(">I", self.fw_cfg(FW_CFG_DIRECTORY, 4))[0]
        directory = self.fw_cfg(FW_CFG_DIRECTORY, 4 + 64 * count)[4:]
        for entry in struct.iter_unpack(">IHH56s", directory):
            if entry[3].split(b"\0")[0].decode() == name:
                return self.fw_cfg(entry[1], entry[0])
        raise KeyError(name)

    def end(self):
        """What it wrote to standard error."""
        self.run("quit")
        self.process.wait(60)
        return self.log.read_text()


def tables(blob):
    """The ACPI tables of etc/acpi/tables, by signature (ACPI specification, 5.2.6)."""
    found, at = {}, 0
    while at < len(blob) and blob[at]:
        size = struct.unpack_from("<I", blob, at + 4)[0]
        found[blob[at:at + 4].decode()] = blob[at:at + size]
        at += size
    return found


def expect(good, words):
    print("seen:" if good else "CHANGED, not seen:", words)
    if not good:
        raise SystemExit(1)
