"""The keeper's packets, as launcher/act/protocol.h and launcher/plan/step.h have them, for clients in L1."""
import glob
import os
import struct

VERSION, PACKET = 6, 4096
HELLO, INTENT, WATCH, RELEASE, ISOLATE_THREAD, RETURN_THREAD, KEEPERS = range(7)
PROGRESS, DONE, REFUSED, LEFT, HELD = range(5)
HUGEPAGES, MEMLOCK, CLAIM, GRANT, ISOLATE, IRQS, FREQUENCY, REALTIME, MDEV, VF, TAP = range(11)
KVM, BLOCK, KVMFR, USB, EVENT, VHOST, TPM = range(7)
UNION = 8 + 16 * 48
REQUEST = 16 + 8 + UNION
REPORT = struct.Struct("<IIIIQQQ2048s")
PCI = "/sys/bus/pci/devices/"


def next_report(keeper):
    """What the keeper says next, unpacked; None at the end of the session."""
    try:
        packet = keeper.recv(PACKET)
    except ConnectionResetError:
        packet = b""
    return REPORT.unpack(packet) if packet else None


def intent(kind, body=b""):
    return struct.pack("<II", kind, 0) + body.ljust(UNION, b"\0")


def request(verb, body=b"", version=VERSION, number=7, pid=0):
    return struct.pack("<IIIi", version, verb, number, pid) + body.ljust(8 + UNION, b"\0")


def hugepages(size_kb, pages, node=-1):
    return intent(HUGEPAGES, struct.pack("<IiQBB6x", size_kb, node, pages, 0, 0))


def memlock(size):
    return intent(MEMLOCK, struct.pack("<Q", size))


def cpu_set(cpus):
    bits = 0
    for cpu in cpus:
        bits |= 1 << cpu
    return bits.to_bytes(128, "little")


def isolate(*cpus, balanced=0):
    return intent(ISOLATE, cpu_set(cpus) + bytes([balanced]))


def irqs(*cpus):
    return intent(IRQS, cpu_set(cpus))


def frequency(cpus, governor=b"", preference=b""):
    return intent(FREQUENCY, cpu_set(cpus) + governor.ljust(32, b"\0")[:32] + preference.ljust(32, b"\0")[:32])


def grant(node, a=0, b=0):
    return intent(GRANT, struct.pack("<III", node, a, b))


def network(way, name, lower, mac=b"\xfe\0\0\0\0\1", queues=0):
    return intent(TAP, struct.pack("<IBx6s16s16s", way, queues, mac, name, lower))


def mdev(parent, uuid, name):
    return intent(MDEV, parent + uuid.ljust(16, b"\0") + name.ljust(64, b"\0"))


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read().strip()
    except OSError:
        return ""


def driver(address):
    try:
        return os.path.basename(os.readlink(f"{PCI}{address}/driver"))
    except OSError:
        return ""


def function(address, vendor=None, device=None, name=None):
    domain, bus, rest = address.split(":")
    slot, number = rest.split(".")
    vendor = int(read(f"{PCI}{address}/vendor") or "0", 16) if vendor is None else vendor
    device = int(read(f"{PCI}{address}/device") or "0", 16) if device is None else device
    name = driver(address).encode() if name is None else name
    return struct.pack("<IBBBBB3xHH32s", int(domain, 16), int(bus, 16), int(slot, 16), int(number), 0, 0, vendor, device, name)


def claim(*functions, n=None):
    return intent(CLAIM, struct.pack("<II", len(functions) if n is None else n, 0) + b"".join(functions))


def numbers(node):
    st = os.stat(node)
    return os.major(st.st_rdev), os.minor(st.st_rdev)


def facts():
    """The host, as far as a keeper could have changed it."""
    lines = [f"{a} {driver(a)} {read(f'{PCI}{a}/driver_override')} {read(f'{PCI}{a}/power/control')}" for a in sorted(os.listdir(PCI))]
    for pattern in ("/sys/kernel/mm/hugepages/*/nr_hugepages", "/proc/irq/*/smp_affinity_list", "/proc/irq/default_smp_affinity"):
        lines += [f"{p} {read(p)}" for p in sorted(glob.glob(pattern))]
    lines += sorted(glob.glob("/sys/fs/cgroup/*")) + [read("/sys/fs/cgroup/cgroup.subtree_control"), read("/sys/fs/cgroup/cpuset.cpus.effective")]
    for node in sorted(glob.glob("/dev/nvme*") + glob.glob("/dev/sd*") + glob.glob("/dev/vfio/*") + glob.glob("/dev/bus/usb/*/*") + glob.glob("/dev/vhost-net") + ["/dev/kvm", "/dev/mem"]):
        try:
            mode = os.stat(node).st_mode
            acl = os.getxattr(node, "system.posix_acl_access").hex()
        except FileNotFoundError:  # it goes meanwhile
            continue
        except OSError:
            acl = "-"
        lines.append(f"{node} {mode:o} {acl}")
    lines += sorted(glob.glob("/sys/bus/mdev/devices/*")) + sorted(glob.glob("/sys/class/net/*"))
    lines += sorted(line.split()[0] for line in read("/proc/modules").splitlines())
    return "\n".join(lines)
