"""D-Bus for the stand-ins of a desktop's and a system's services: the wire format of the D-Bus specification, so far as
they speak it. A body's first bytes and what is read from one are the callers' business."""
import os
import re
import socket
import struct
import sys

CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY, DESTINATION, SENDER, SIGNATURE, FDS = 1, 2, 3, 4, 5, 6, 7, 8, 9


class Writer:
    def __init__(self):
        self.data = bytearray()

    def align(self, to):
        self.data += bytes(-len(self.data) % to)

    def u32(self, value):
        self.align(4)
        self.data += struct.pack("<I", value)

    def string(self, value):
        self.u32(len(value.encode()))
        self.data += value.encode() + b"\0"

    def field(self, code, kind, value):
        self.align(8)
        self.data += bytes([code, len(kind)]) + kind.encode() + b"\0"
        if kind == "g":
            self.data += bytes([len(value)]) + value.encode() + b"\0"
        elif kind == "u":
            self.u32(value)
        else:
            self.string(value)


def message(kind, serial, fields, body=b""):
    head, w = Writer(), Writer()
    for field in fields:
        w.field(*field)
    head.data += struct.pack("<BBBBII", ord("l"), kind, 0, 1, len(body), serial)
    head.u32(len(w.data))
    head.data += w.data
    head.align(8)
    return bytes(head.data) + body


class Reader:
    def __init__(self, data, order, at=0):
        self.data, self.order, self.at = data, order, at

    def align(self, to):
        self.at += -self.at % to

    def take(self, form, to):
        self.align(to)
        (value,) = struct.unpack_from(self.order + form, self.data, self.at)
        self.at += struct.calcsize(form)
        return value

    def string(self):
        size = self.take("I", 4)
        value = self.data[self.at : self.at + size].decode()
        self.at += size + 1
        return value

    def signature(self):
        size = self.take("B", 1)
        value = self.data[self.at : self.at + size].decode()
        self.at += size + 1
        return value

    def value(self, kind):
        return {"s": self.string, "o": self.string, "g": self.signature, "y": lambda: self.take("B", 1),
                "u": lambda: self.take("I", 4), "i": lambda: self.take("i", 4),
                "x": lambda: self.take("q", 8)}[kind]()

    def array(self, to, one):
        size = self.take("I", 4)
        self.align(to)
        end, values = self.at + size, []
        while self.at < end:
            self.align(to)
            values.append(one())
        return values


class Bus:
    def __init__(self, address):
        path = re.search(r"unix:(?:path|abstract)=([^,;]+)", address)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(("\0" if "abstract" in path[0] else "") + path[1])
        uid = str(os.getuid()).encode().hex()
        self.socket.sendall(b"\0AUTH EXTERNAL " + uid.encode() + b"\r\n")
        assert self.socket.recv(200).startswith(b"OK ")
        self.socket.sendall(b"NEGOTIATE_UNIX_FD\r\n")
        assert self.socket.recv(200).startswith(b"AGREE_UNIX_FD")
        self.socket.sendall(b"BEGIN\r\n")
        self.serial = 0

    def send(self, kind, fields, body=b"", fds=()):
        self.serial += 1
        data = message(kind, self.serial, fields + ([(FDS, "u", len(fds))] if fds else []), body)
        sent = socket.send_fds(self.socket, [data], fds)
        self.socket.sendall(data[sent:])

    def ask(self, member, body=b"", signature=""):
        fields = [(PATH, "o", "/org/freedesktop/DBus"), (DESTINATION, "s", "org.freedesktop.DBus"), (MEMBER, "s", member),
                  (INTERFACE, "s", "org.freedesktop.DBus")]
        self.send(CALL, fields + ([(SIGNATURE, "g", signature)] if signature else []), body)

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                sys.exit(0)
            data += more
        return data

    def receive(self):
        """Kind, serial, fields and a reader of the body."""
        head = self.exactly(16)
        order = "<" if head[:1] == b"l" else ">"
        body_size, serial, fields_size = struct.unpack(order + "III", head[4:])
        rest = self.exactly(fields_size + -fields_size % 8 + body_size)
        fields, r = {}, Reader(head + rest, order, 16)
        while r.at < 16 + fields_size:
            r.align(8)
            code = r.take("B", 1)
            fields[code] = r.value(r.signature())
        return head[1], serial, fields, Reader(rest[-body_size or len(rest):], order)

    def own(self, name):
        """Becomes the service of that name; the answer comes with the others."""
        body = Writer()
        body.string(name)
        body.u32(0)
        self.ask("RequestName", bytes(body.data), "su")
