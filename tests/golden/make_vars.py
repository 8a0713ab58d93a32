"""Variable stores made byte by byte, as firmware/varstore.h says they lie in flash: boot entries and Secure Boot's keys.
Certificates are as far as they are read; their ends are long past or far away, so that no golden depends on the day."""
import struct
import uuid

GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c").bytes_le
DATABASE = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f").bytes_le
ENABLE = uuid.UUID("f0a30bc7-af08-4556-99c4-001009c93a44").bytes_le
X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072").bytes_le
SHA256 = uuid.UUID("c1c41626-504c-4092-aca9-41f936934328").bytes_le
VOLUME = uuid.UUID("fff12b8d-7696-4c8b-a985-2747075b4f50").bytes_le
AUTHENTICATED = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792").bytes_le

SIZE = 131072
ENDED, LASTS = "160624204129Z", "390302202151Z"
OLD = {
    "KEK": [("Microsoft Corporation KEK CA 2011", ENDED)],
    "db": [("Microsoft Windows Production PCA 2011", ENDED), ("Microsoft Corporation UEFI CA 2011", ENDED)],
}
NEW = {
    "KEK": OLD["KEK"] + [("Microsoft Corporation KEK 2K CA 2023", LASTS)],
    "db": OLD["db"] + [(name, LASTS) for name in (
        "Windows UEFI CA 2023", "Microsoft UEFI CA 2023", "Microsoft Option ROM UEFI CA 2023")],
}


def element(tag, content):
    """DER around content."""
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else b"\x82" + struct.pack(">H", size)
    return bytes([tag]) + length + content


def certificate(name, end):
    common = element(0x30, b"\x06\x03\x55\x04\x03" + element(0x0C, name.encode()))
    subject = element(0x30, element(0x31, common))
    body = (element(0xA0, b"\x02\x01\x02") + element(2, b"\x01") + element(0x30, b"\x06\x01\x2a") + subject
            + element(0x30, element(0x17, b"110624204129Z") + element(0x17, end.encode())) + subject
            + element(0x30, b"a public key"))
    return element(0x30, element(0x30, body) + element(0x30, b"algorithm") + element(3, b"signature"))


def signatures(kind, *data):
    """One list of signatures, all of one size."""
    size = 16 + len(data[0])
    return kind + struct.pack("<III", 28 + len(data) * size, 0, size) + b"".join(bytes(16) + one for one in data)


def keys(names):
    return b"".join(signatures(X509, certificate(*name)) for name in names)


def entry(name, file="", active=True):
    """EFI_LOAD_OPTION: a description and a device path with the file alone."""
    path = file.encode("utf-16-le") + b"\0\0"
    nodes = (struct.pack("<BBH", 4, 4, 4 + len(path)) + path if file else b"") + b"\x7f\xff\x04\x00"
    return struct.pack("<IH", int(active), len(nodes)) + name.encode("utf-16-le") + b"\0\0" + nodes


def store(lists=None, enabled=None, boot=(), more=()):
    """lists: of OLD or NEW, and then there is a platform key; boot: entries in their order; more: other variables."""
    found = list(more)
    if lists:
        found += [(GLOBAL, "PK", keys([("The platform", LASTS)])), (GLOBAL, "KEK", keys(lists["KEK"]))]
        found += [(DATABASE, "db", keys(lists["db"])), (DATABASE, "dbx", signatures(SHA256, bytes(32), bytes(32)))]
    if enabled is not None:
        found.append((ENABLE, "SecureBootEnable", bytes([enabled])))
    if boot:
        found += [(GLOBAL, f"Boot{i:04X}", one) for i, one in enumerate(boot)]
        found.append((GLOBAL, "BootOrder", struct.pack(f"<{len(boot)}H", *range(len(boot)))))
    data = bytes(16) + VOLUME + struct.pack("<Q4sIH6xQQ", SIZE, b"_FVH", 0x4FEFF, 72, 0x20000000020, 0)
    data += AUTHENTICATED + struct.pack("<IQ", 57344, 0xFE5A)
    for vendor, name, value in found:
        name = name.encode("utf-16-le") + b"\0\0"
        data += struct.pack("<HHI28xII", 0x55AA, 0x3F, 7, len(name), len(value)) + vendor + name + value
        data += bytes(-len(data) % 4)
    return data.ljust(SIZE, b"\xff")
