"""So much of systemd, on the bus of DBUS_SYSTEM_BUS_ADDRESS, as its logind asks before it shuts a computer down: each
unit is there, and is started without any effect."""
import os

from message_bus import CALL, DESTINATION, MEMBER, REPLY, RETURN, SENDER, SIGNATURE, Bus, Writer

bus = Bus(os.environ["DBUS_SYSTEM_BUS_ADDRESS"])
bus.ask("Hello")
bus.own("org.freedesktop.systemd1")
while True:
    kind, serial, fields, body = bus.receive()
    if kind != CALL:
        continue
    answer, value = [(REPLY, "u", serial), (DESTINATION, "s", fields[SENDER])], Writer()
    if fields[MEMBER] == "Get":
        value.data += b"\1s\0"
        value.string("loaded")
        bus.send(RETURN, answer + [(SIGNATURE, "g", "v")], bytes(value.data))
    elif fields[MEMBER] in ("LoadUnit", "StartUnit", "GetUnit"):
        value.string("/org/freedesktop/systemd1/unit")
        bus.send(RETURN, answer + [(SIGNATURE, "g", "o")], bytes(value.data))
    else:
        bus.send(RETURN, answer)
