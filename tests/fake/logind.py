"""logind for tests: the D-Bus service org.freedesktop.login1 on the bus of DBUS_SYSTEM_BUS_ADDRESS, as far as inhibitor locks
go. `logind.py LOG [deny]`: LOG gets a line "lock WHAT MODE" for each lock that it gives and "gone WHAT MODE" when
nobody holds that any more; "ready" says that it is there. With deny no lock that blocks is given. Each line on standard
input is a signal to send, such as "PrepareForSleep 1"."""
import os
import select
import struct
import sys

from message_bus import (CALL, DESTINATION, ERROR, ERROR_NAME, INTERFACE, MEMBER, PATH, REPLY, RETURN, SENDER, SIGNAL, SIGNATURE, Bus,
                         Writer)

MANAGER = "org.freedesktop.login1.Manager"


class Logind:
    def __init__(self, log, deny):
        self.bus, self.log, self.deny, self.locks = Bus(os.environ["DBUS_SYSTEM_BUS_ADDRESS"]), log, deny, {}
        self.bus.ask("Hello")
        self.bus.own("org.freedesktop.login1")

    def note(self, text):
        with open(self.log, "a") as file:
            file.write(text + "\n")

    def inhibit(self, answer, body):
        what, _, _, mode = (body.string() for _ in range(4))
        if self.deny and mode == "block":
            why = Writer()
            why.string("Access denied by the test")
            self.bus.send(ERROR, answer + [(ERROR_NAME, "s", "org.freedesktop.DBus.Error.AccessDenied"),
                                           (SIGNATURE, "g", "s")], bytes(why.data))
            return
        ours, theirs = os.pipe()
        self.locks[ours] = f"{what} {mode}"
        self.note(f"lock {what} {mode}")
        self.bus.send(RETURN, answer + [(SIGNATURE, "g", "h")], struct.pack("<I", 0), [theirs])
        os.close(theirs)

    def take_message(self):
        kind, serial, fields, body = self.bus.receive()
        if kind == RETURN and fields.get(REPLY) == 2:
            self.note("ready")
        if kind != CALL:
            return
        answer = [(REPLY, "u", serial), (DESTINATION, "s", fields[SENDER])]
        if fields[MEMBER] == "Inhibit":
            assert fields[SIGNATURE] == "ssss", fields
            self.inhibit(answer, body)
        elif fields[MEMBER] == "Get":
            assert (body.string(), body.string()) == (MANAGER, "InhibitDelayMaxUSec")
            value = Writer()
            value.data += b"\1t\0"
            value.align(8)
            value.data += struct.pack("<Q", 5000000)
            self.bus.send(RETURN, answer + [(SIGNATURE, "g", "v")], bytes(value.data))

    def tell(self, line):
        member, value = line.split()
        self.bus.send(SIGNAL, [(PATH, "o", "/org/freedesktop/login1"), (INTERFACE, "s", MANAGER), (MEMBER, "s", member),
                               (SIGNATURE, "g", "b")], struct.pack("<I", int(value)))

    def serve(self):
        while True:
            for fd in select.select([self.bus.socket.fileno(), 0, *self.locks], [], [])[0]:
                if fd == self.bus.socket.fileno():
                    self.take_message()
                elif fd:
                    os.close(fd)
                    self.note("gone " + self.locks.pop(fd))
                else:
                    lines = os.read(0, 4096).decode()
                    if not lines:
                        return
                    for line in lines.splitlines():
                        self.tell(line)


Logind(sys.argv[1], "deny" in sys.argv[2:]).serve()
