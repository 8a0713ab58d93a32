"""A desktop's notification daemon for tests: the D-Bus service org.freedesktop.Notifications, on the bus of
DBUS_SESSION_BUS_ADDRESS. What it is asked to show becomes lines of JSON
in the file that it is given: `notifications.py FILE`. An empty file says that it is there."""
import json
import os
import struct
import sys

from message_bus import CALL, DESTINATION, MEMBER, REPLY, RETURN, SENDER, SIGNATURE, Bus, Writer


def notification(r):
    app, replaces = r.string(), r.take("I", 4)
    icon, summary, body = r.string(), r.string(), r.string()
    actions = r.array(4, r.string)
    hints = dict(r.array(8, lambda: (r.string(), r.value(r.signature()))))
    return dict(app=app, replaces=replaces, icon=icon, summary=summary, body=body, actions=actions, hints=hints,
                expires=r.take("i", 4))


def main(path):
    bus = Bus(os.environ["DBUS_SESSION_BUS_ADDRESS"])
    bus.ask("Hello")
    bus.own("org.freedesktop.Notifications")
    number = 0
    while True:
        kind, serial, fields, body = bus.receive()
        if kind == RETURN and fields.get(REPLY) == 2:
            open(path, "w").close()
        if kind != CALL:
            continue
        answer = [(REPLY, "u", serial), (DESTINATION, "s", fields[SENDER])]
        if fields[MEMBER] == "GetServerInformation":
            about = Writer()
            for text in ("tests", "vmlaunch", "1", "1.2"):
                about.string(text)
            bus.send(RETURN, answer + [(SIGNATURE, "g", "ssss")], bytes(about.data))
            continue
        if fields[MEMBER] != "Notify":
            bus.send(RETURN, answer)
            continue
        assert fields[SIGNATURE] == "susssasa{sv}i", fields
        shown = notification(body)
        number += 1
        shown["number"] = shown["replaces"] or number
        with open(path, "a") as file:
            file.write(json.dumps(shown) + "\n")
        bus.send(RETURN, answer + [(SIGNATURE, "g", "u")], struct.pack("<I", shown["number"]))


main(sys.argv[1])
