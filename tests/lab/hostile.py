"""A client of the keeper's that does not keep to the rules: run as root in L1 by test_hostile.

Prints "ok - TEXT" or "not ok - TEXT" with "# ..." lines. The client is labuser's process; another one, root's,
starts keepers for it with what sudo would bring (descriptor 0, no environment) and looks at the host.
"""
import ctypes
import glob
import os
import random
import resource
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from packets import (  # noqa: E402
    BLOCK, CLAIM, DONE, EVENT, FREQUENCY, GRANT, HELLO, HUGEPAGES, INTENT, IRQS, ISOLATE, ISOLATE_THREAD, KEEPERS, KVM, KVMFR, MDEV, PACKET, PCI,
    REFUSED, RELEASE, REQUEST, RETURN_THREAD, TAP, TPM, UNION, USB, VERSION, VF, VHOST, WATCH, claim, facts, frequency, function, grant, hugepages, intent,
    irqs, isolate, mdev, memlock, network, next_report, numbers, read, request)

GPU, AUDIO, NVME = sys.argv[1:4]
MOUNTED = sys.argv[4]  # a partition that the host has mounted
PARENT = sys.argv[5]  # a function that makes mediated devices, "" for none


# ------------------------------------------------------------------ root's side


def keepers():
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        if read(path) == "/usr/local/bin/vmlaunch\0--keeper\0".strip("\0"):
            found.append(int(path.split("/")[2]))
    return [pid for pid in found if not read(f"/proc/{pid}/stat").rsplit(")", 1)[-1].lstrip().startswith("Z")]


def settle(seconds):
    """Waits until no keeper is left; their names, else."""
    end = time.monotonic() + seconds
    while (keepers() or os.path.exists("/run/vmlaunch")) and time.monotonic() < end:
        time.sleep(0.05)
    return keepers()


def serve(control):
    before = facts()
    while True:
        message, fds, _, _ = socket.recv_fds(control, 100, 1)
        if not message:
            return
        word, *words = message.decode().split()
        if word == "keeper":
            env = dict(w.split("=") for w in words)
            status = subprocess.run(["/usr/local/bin/vmlaunch", "--keeper"], stdin=fds[0], env=env, stderr=subprocess.DEVNULL, check=False).returncode
            os.close(fds[0])
            control.send(str(status).encode())
        elif word == "changed":
            left = settle(float(words[0]))
            now = facts()
            control.send(("" if now == before and not left else f"keepers {left}\n{before}\n--- now\n{now}").encode()[:60000] or b"no")


# ------------------------------------------------------------------ the client's side

control = None
failures = 0


def check(text, good, *why):
    global failures
    print(f"{'ok' if good else 'not ok'} - {text}", flush=True)
    if not good:
        failures += 1
        for line in "\n".join(str(w) for w in why).splitlines():
            print(f"# {line}")


class Keeper:
    def __init__(self, env="", hello=True, kind=socket.SOCK_SEQPACKET):
        self.ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
        socket.send_fds(control, [f"keeper {env}".encode()], [theirs.fileno()])
        theirs.close()
        self.status = int(control.recv(100))
        self.ours.settimeout(120)
        if hello:
            assert self.ask(request(HELLO))[0] == DONE

    def send(self, packet, fds=()):
        try:
            return socket.send_fds(self.ours, [packet], list(fds))
        except OSError as problem:
            return problem

    def answer(self):
        """Kind and text of the next answer; None at the end of the session."""
        while report := next_report(self.ours):
            _, kind, *_, text = report
            if kind in (DONE, REFUSED):
                return kind, text.split(b"\0")[0].decode()
        return None, ""

    def ask(self, packet, fds=()):
        self.send(packet, fds)
        return self.answer()

    def ended(self):
        """Whether the session is over, whatever was said before."""
        while True:
            kind, _ = self.answer()
            if kind is None:
                return True
            if kind == DONE:
                return False

    def close(self):
        self.ours.close()


def unchanged(text):
    control.send(b"changed 120")
    told = control.recv(65536).decode()
    check(f"{text}: nothing changed", told == "no", told)


def breaks(text, packet, hello=True, fds=()):
    """Ends the session."""
    keeper = Keeper(hello=hello)
    keeper.send(packet, fds)
    check(f"{text} ends the session", keeper.ended())
    keeper.close()


def refused(keeper, text, body, words=""):
    """Refused in words, and the session goes on."""
    kind, said = keeper.ask(request(INTENT, body))
    check(f"{text} is refused", kind == REFUSED and words in said, f"answer {kind}: {said}")


def form():
    good = request(INTENT, grant(KVM))
    breaks("an empty packet", b"")
    breaks("one byte", b"\1")
    breaks("a packet that is too short", good[:-1])
    breaks("a packet that is too long", good + b"\0")
    breaks("a packet of 4 KiB", good.ljust(PACKET, b"\0"))
    breaks("a packet of 64 KiB", good.ljust(65536, b"\0"))
    for version in (0, VERSION + 1, 0xFFFFFFFF):
        breaks(f"version {version}", request(HELLO, version=version), hello=False)
    for verb in (KEEPERS + 1, 99, 0xFFFFFFFF):
        breaks(f"verb {verb}", request(verb))
    for verb, name in ((INTENT, "an intent"), (WATCH, "a watch"), (RELEASE, "a release"), (ISOLATE_THREAD, "a thread"),
                       (RETURN_THREAD, "a thread back"), (KEEPERS, "a question for the others")):
        breaks(f"{name} before the greeting", request(verb, grant(KVM), pid=os.getpid() if verb == WATCH else 0), hello=False)
    breaks("a second greeting", request(HELLO))
    breaks("a thread before the watch", request(ISOLATE_THREAD, pid=os.getpid()))
    for kind in (TAP + 1, 255, 0xFFFFFFFF):
        breaks(f"intent {kind}", request(INTENT, intent(kind)))
    for _ in range(20):
        keeper = Keeper(hello=False)
        keeper.send(random.randbytes(REQUEST))
        keeper.close()
    unchanged("malformed and out of place")


def descriptors():
    root = os.open("/", os.O_RDONLY)
    for n in (1, 2, 5, 200):
        keeper = Keeper()
        keeper.send(request(INTENT, grant(KVM, 0, 0)), [root] * n)
        kind, _ = keeper.answer()
        check(f"{n} smuggled descriptors do no harm", kind in (DONE, REFUSED, None))
        keeper.close()
    os.close(root)
    unchanged("smuggled descriptors")
    # One whose last close takes an hour: unsent bytes, and a reader who never reads.
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        for packet in (request(INTENT, grant(KVM)), b"malformed", b""):
            lingers = socket.create_connection(deaf.getsockname())
            lingers.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 3600))
            lingers.setblocking(False)
            try:
                while True:
                    lingers.send(bytes(65536))
            except BlockingIOError:
                pass
            keeper = Keeper()
            # The first one ends the session, the second one stays unread.
            keeper.send(packet, [lingers.fileno()])
            keeper.send(packet, [lingers.fileno()])
            lingers.close()
            check("a descriptor that lingers ends the session", keeper.ended())
            keeper.close()
            unchanged("a descriptor that lingers")


def watching():
    for text, pid in (("root's process", 1), ("no process", 0), ("a negative one", -1), ("one that is not there", 4194303), ("the keeper's kernel thread", 2)):
        keeper = Keeper()
        kind, said = keeper.ask(request(WATCH, pid=pid))
        check(f"watching {text} is refused", kind == REFUSED, said)
        keeper.close()
    with subprocess.Popen(["sleep", "1000"]) as sleep:
        keeper = Keeper()
        check("watching one's own is done", keeper.ask(request(WATCH, pid=sleep.pid))[0] == DONE)
        kind, said = keeper.ask(request(INTENT, grant(USB, 1, 127)))
        check("a USB device may come after it, if there is one", kind == REFUSED and "no longer the device" in said, said)
        kind, said = keeper.ask(request(INTENT, grant(KVM)))
        check("another intent after it is refused", kind == REFUSED, said)
        check("and ends the session", keeper.ended())
        keeper.close()
        sleep.kill()
    with subprocess.Popen(["sleep", "1000"]) as sleep:
        keeper = Keeper()
        keeper.ask(request(WATCH, pid=sleep.pid))
        kind, said = keeper.ask(request(RELEASE))
        check("a release while it lives is refused", kind == REFUSED and "lives" in said, said)
        sleep.kill()
        sleep.wait()
        check("and done afterwards", keeper.ask(request(RELEASE))[0] == DONE)
        kind, said = keeper.ask(request(INTENT, grant(KVM)))
        check("nothing comes after it", kind != DONE, said)
        keeper.close()
    unchanged("watching")


def claims():
    keeper = Keeper()
    good = function(GPU), function(AUDIO)
    for n in (0, 17, 0xFFFFFFFF):
        refused(keeper, f"a claim of {n} functions", claim(*good, n=n))
    refused(keeper, "half a group", claim(good[0]))
    refused(keeper, "a function twice", claim(*good, good[0]), "twice")
    for address in ("ffffffff:00:00.0", "0000:ff:1f.7", "0000:01:1f.0", "0000:01:00.7"):
        refused(keeper, f"{address}", claim(function(address, 0x1234, 0x1111, b"")), "no PCI function")
    odd = struct.pack("<IBBBBHH32s", 0, 1, 255, 255, 255, 0x1234, 0x1111, b"")
    refused(keeper, "a slot out of range", claim(odd))
    refused(keeper, "another id", claim(function(GPU, device=0x1112), good[1]), "and not")
    for name in (b"vfio-pci", b"", b"bochs-drm\n", b"../../../etc", b"A" * 32, b"bochs-drm" + b"\0" + b"x" * 22 + b"y"):
        kind, said = keeper.ask(request(INTENT, claim(function(GPU, name=name), good[1])))
        # What stands behind the NUL is not looked at: then it is the right one.
        check(f"the driver {name[:12]!r} is compared, not used", kind == REFUSED or name.startswith(b"bochs-drm\0"), said)
        if kind == DONE:
            keeper.ask(request(RELEASE))
            keeper.close()
            keeper = Keeper()
    bridges = [a for a in sorted(os.listdir(PCI)) if read(f"{PCI}{a}/class").startswith("0x06")]
    for address in bridges:
        refused(keeper, f"the bridge {address}", claim(function(address)))
    refused(keeper, "the controller of a mounted disk", claim(function(NVME)), "mounted")
    # With what is allowed beside it.
    refused(keeper, "it together with the GPU", claim(*good, function(NVME)), "mounted")
    keeper.close()
    unchanged("claims")


def grants():
    keeper = Keeper()
    for node in (TPM + 1, 255, 0xFFFFFFFF):
        refused(keeper, f"node kind {node}", grant(node), "no such kind")
    for node, name in ((USB, "USB device"), (EVENT, "input device")):
        for a, b in ((0, 0), (1, 999), (0xFFFFFFFF, 0xFFFFFFFF)):
            refused(keeper, f"{name} {a}:{b}", grant(node, a, b))
    major, minor = numbers(MOUNTED)
    refused(keeper, "a mounted partition", grant(BLOCK, major, minor), "mounted")
    refused(keeper, "its disk", grant(BLOCK, *numbers(MOUNTED[:-2])), "mounted")
    for a, b in ((0, 0), (0xFFFFFFFF, 0xFFFFFFFF), (major, minor + (1 << 20)), (1, 1), (major + (1 << 12), minor)):
        refused(keeper, f"block device {a}:{b}", grant(BLOCK, a, b))
    for a in (0xFFFFFFFF, 99999):
        refused(keeper, f"kvmfr {a}", grant(KVMFR, a))
    refused(keeper, "a TPM that is not there", grant(TPM))
    keeper.close()
    unchanged("grants")


def memory():
    keeper = Keeper()
    total = int(read("/proc/meminfo").split()[1]) * 1024
    for size in (0, 4, 2047, 0xFFFFFFFF):
        refused(keeper, f"huge pages of {size} KiB", hugepages(size, 1))
    for pages in ((1 << 64) - 1, 1 << 63, 1 << 50, total >> 21):
        refused(keeper, f"{pages} of them", hugepages(2048, pages))
    for node in (99, -2, (1 << 31) - 1, -(1 << 31)):
        refused(keeper, f"of node {node}", hugepages(2048, 1, node))
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    for size in (total + 4096, 1 << 63, (1 << 64) - 1):
        refused(keeper, f"{size} locked bytes", memlock(size))
    check("the limit is what it was", resource.getrlimit(resource.RLIMIT_MEMLOCK) == limit)
    keeper.close()
    unchanged("memory")


def quieting():
    online = range(os.sysconf("SC_NPROCESSORS_ONLN"))
    last = online[-1]
    keeper = Keeper()
    for kind, name in ((isolate, "isolating"), (irqs, "interrupts off")):
        refused(keeper, f"{name} no processor", kind(), "no processors")
        refused(keeper, f"{name} all processors", kind(*online), "would have less than")
        refused(keeper, f"{name} one that is not there", kind(last, last + 1), "not online")
        refused(keeper, f"{name} the last that there can be", kind(1023), "not online")
    refused(keeper, "a frequency of nothing", frequency((), b"performance"), "no processors")
    for word in (b"../../../x", b"a b", b"a\nb", b"-n", b"A", b"a" * 32, b"\xff"):
        refused(keeper, f"the governor {word!r}", frequency((last,), word), "no name")
        refused(keeper, f"the preference {word!r}", frequency((last,), b"", word), "no name")
    refused(keeper, "a frequency without a policy", frequency((last,), b"performance"), "frequency policy")
    check("one processor is isolated", keeper.ask(request(INTENT, isolate(last)))[0] == DONE)
    refused(keeper, "isolating twice", isolate(last), "already")
    other = Keeper()
    refused(other, "what another has isolated", isolate(last), "another machine's")
    other.close()
    check("interrupts are moved", keeper.ask(request(INTENT, irqs(last)))[0] == DONE)
    refused(keeper, "moving them twice", irqs(last), "already")
    with subprocess.Popen(["sleep", "1000"]) as sleep, subprocess.Popen(["sleep", "1000"]) as bystander:
        check("watching one's own is done", keeper.ask(request(WATCH, pid=sleep.pid))[0] == DONE)
        for text, pid in (("root's process", 1), ("a kernel thread", 2), ("none", 0), ("a negative one", -1), ("one's own other process", bystander.pid)):
            kind, said = keeper.ask(request(ISOLATE_THREAD, pid=pid))
            check(f"isolating {text} is refused", kind == REFUSED and "no thread of QEMU's" in said, said)
            kind, said = keeper.ask(request(RETURN_THREAD, pid=pid))
            check(f"returning {text} is refused", kind == REFUSED and "no thread of QEMU's" in said, said)
        check("isolating its thread is done", keeper.ask(request(ISOLATE_THREAD, pid=sleep.pid))[0] == DONE)
        check("it is where it belongs", os.sched_getaffinity(sleep.pid) == {last}, os.sched_getaffinity(sleep.pid))
        check("the bystander is not", last not in os.sched_getaffinity(bystander.pid))
        check("returning it is done", keeper.ask(request(RETURN_THREAD, pid=sleep.pid))[0] == DONE)
        # Kernel 6.1 lets whoever comes back into the root cpuset run on all processors, the isolated one too.
        check("it may go elsewhere then", os.sched_getaffinity(sleep.pid) - {last}, os.sched_getaffinity(sleep.pid))
        sleep.kill()
        sleep.wait()
        kind, said = keeper.ask(request(ISOLATE_THREAD, pid=sleep.pid))
        check("isolating the dead is refused", kind == REFUSED and "gone" in said, said)
        bystander.kill()
    keeper.close()
    unchanged("quieting")


def networks():
    """br0 is a bridge that the test made, dummy0 none, and vm-theirs somebody's."""
    keeper = Keeper()
    for name in (b"", b"eth0", b"br0", b"vm", b"vm-\1", b"vm-a/b", b"vm-../..", b"vm-a b", b"vm-a\nb", b"vm-%d", b"vm-\xff", b"vm-" + b"a" * 13, b"-f"):
        refused(keeper, f"the interface {name!r}", network(0, name, b"br0"), "no interface that is made")
    for lower in (b"", b"../br0", b"br0/", b"b r", b"-all", b"b" * 16):
        refused(keeper, f"a port of {lower!r}", network(0, b"vm-x", lower), "no interface that is made")
    refused(keeper, "another way", network(2, b"vm-x", b"br0"), "no interface that is made")
    refused(keeper, "the address of a group", network(0, b"vm-x", b"br0", b"\xff" * 6), "of a group")
    refused(keeper, "a bridge that is not there", network(0, b"vm-x", b"br7"), "no interface br7")
    refused(keeper, "a bridge that is none", network(0, b"vm-x", b"dummy0"), "no bridge")
    refused(keeper, "a macvtap on what is no Ethernet", network(1, b"vm-x", b"lo"), "no Ethernet")
    refused(keeper, "somebody's name", network(0, b"vm-theirs", b"br0"), "already")
    check("one is made", keeper.ask(request(INTENT, network(0, b"vm-x", b"br0")))[0] == DONE)
    refused(keeper, "it once more", network(0, b"vm-x", b"br0"), "already")
    check("and one beside a card", keeper.ask(request(INTENT, network(1, b"vm-y", b"dummy0", b"\x52\x54\0\0\0\1")))[0] == DONE)
    check("vhost is granted", keeper.ask(request(INTENT, grant(VHOST)))[0] == DONE)
    keeper.close()
    unchanged("networks")


def mediated():
    """The parent that the test made: one type that can be had, one that somebody has."""
    keeper, parent = Keeper(), function(PARENT)
    types = f"{PCI}{PARENT}/mdev_supported_types/"
    good = sorted(os.listdir(types))[0].encode()
    new = random.randbytes(16)
    for name in (b"", b".", b"..", b"../" + good, good + b"/", good + b"/../" + good, good + b"\n", b"-" + good, good[:-1], good + b"x",
                 b"\xff" * 64, b"A" * 64, b"A" * 63, b"../../../../../../kernel/mm/hugepages/hugepages-2048kB"):
        refused(keeper, f"the type {name[:20]!r}", mdev(parent, new, name))
    refused(keeper, "a UUID of zeros", mdev(parent, b"", good), "zeros")
    for address in (GPU, AUDIO, NVME):
        refused(keeper, f"a device of {address}, which makes none", mdev(function(address), new, good), "offers no")
    for text, other in (("another id", function(PARENT, device=0x1112)), ("another driver", function(PARENT, name=b"i915")),
                        ("no driver", function(PARENT, name=b"")), ("nobody", function("0000:01:1f.0", 0x1234, 0x1111, b"")),
                        ("a slot out of range", struct.pack("<IBBBBHH32s", 0, 0, 255, 255, 255, 0x1234, 0x1111, b""))):
        refused(keeper, f"a device of {text}", mdev(other, new, good))
    theirs = os.listdir("/sys/bus/mdev/devices")[0]
    kind = os.path.basename(os.readlink(f"/sys/bus/mdev/devices/{theirs}/mdev_type"))
    wrong = next(n for n in sorted(os.listdir(types)) if n != kind)
    refused(keeper, "one that is there, of another type", mdev(parent, bytes.fromhex(theirs.replace("-", "")), wrong.encode()), "already")
    refused(keeper, "its parent as a whole", claim(parent))
    keeper.close()
    unchanged("mediated devices")
    keeper = Keeper()
    check("one that is there can be used", keeper.ask(request(INTENT, mdev(parent, bytes.fromhex(theirs.replace("-", "")), kind.encode())))[0] == DONE)
    refused(keeper, "twice", mdev(parent, bytes.fromhex(theirs.replace("-", "")), kind.encode()))
    made = 0
    while made < 40 and keeper.ask(request(INTENT, mdev(parent, random.randbytes(16), good)))[0] == DONE:
        made += 1
    check("as many as there are can be made, and not one more", 0 < made < 40, made)
    check("and are there", len(os.listdir("/sys/bus/mdev/devices")) == made + 1)
    keeper.close()
    unchanged("mediated devices that were made")


def many():
    keeper, answers = Keeper(), 0
    for _ in range(150):
        kind, _ = keeper.ask(request(INTENT, intent(random.choice((HUGEPAGES, CLAIM, GRANT, ISOLATE, IRQS, FREQUENCY, MDEV, VF, TAP)), random.randbytes(UNION))))
        answers += kind == REFUSED
    check("150 random intents are all refused", answers == 150, answers)
    keeper.close()
    unchanged("random intents")
    keeper = Keeper()
    sent = 0
    while sent < 1000 and isinstance(keeper.send(request(INTENT, hugepages(3, 1))), int):
        sent += 1
    check("one who does not read is heard, and hung up on", 20 < sent < 1000, sent)
    keeper.close()
    unchanged("one who does not read")
    keeper = Keeper()
    keeper.send(request(INTENT, claim(function(GPU), function(AUDIO))))
    keeper.close()
    unchanged("one who claims and hangs up")
    for _ in range(130):
        keeper = Keeper(hello=False)
        keeper.close()
    unchanged("130 who only call")


def ways_in():
    check("a socket of another kind is no client", Keeper(hello=False, kind=socket.SOCK_STREAM).status == 2)
    for env in ("SUDO_UID=0", "PKEXEC_UID=1001", "SUDO_UID=1000x", "SUDO_UID=-1"):
        check(f"{env} that the kernel does not confirm is refused", Keeper(env=env, hello=False).status == 2)
    keeper = Keeper(env="SUDO_UID=1000 LD_PRELOAD=/tmp/x.so")
    check("the right one is not", keeper.status == 0)
    keeper.close()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    status = subprocess.run(["/usr/local/bin/vmlaunch", "--keeper"], stdin=theirs, stderr=subprocess.DEVNULL, check=False).returncode
    check("a keeper that is not root ends", status == 2, status)
    ours.close()
    unchanged("ways in")


def main():
    global control
    ours, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client = os.fork()
    if client:
        control.close()
        serve(ours)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(client, 0)[1]))
    ours.close()
    os.setgroups([])
    os.setresgid(1000, 1000, 1000)
    os.setresuid(1000, 1000, 1000)
    # As an ordinary program's: else its files in /proc are root's.
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    seed = int(os.environ.get("SEED") or 0) or random.SystemRandom().randrange(1 << 31)
    print(f"# seed {seed}")
    random.seed(seed)
    for part in (form, descriptors, watching, claims, grants, memory, quieting, networks, mediated, many, ways_in):
        if part is not mediated or PARENT:
            part()
    print("# the end", flush=True)
    os._exit(1 if failures else 0)


main()
