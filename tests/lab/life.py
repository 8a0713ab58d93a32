"""Lives of a keeper in which one thing goes wrong: run as root in L1 by test_faults, test_stopped and test_full.

    life.py faults|stopped|full POINT.SO GPU AUDIO

Each life claims the GPU and huge pages for labuser, watches a process in QEMU's place, which then ends, and asks for
the release. Afterwards the host is looked at: where the keeper said that all is back, it must be; and after
`vmlaunch recover` it must be in any case. Prints "ok - TEXT" or "not ok - TEXT" with "# ..." lines.
"""
import os
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from packets import (  # noqa: E402
    DONE, HELLO, INTENT, KVM, LEFT, RELEASE, WATCH, claim, facts, function, grant, hugepages, next_report, read, request)

PART, POINT_SO, GPU, AUDIO = sys.argv[1:5]
VMLAUNCH = "/usr/local/bin/vmlaunch"
SOAK = bool(os.environ.get("SOAK"))
POINT_FILE, FAIL_FILE = "/tmp/work/point", "/tmp/work/calls"
LONG = 120


def check(text, problems):
    print(f"{'not ok' if problems else 'ok'} - {text}", flush=True)
    for line in "\n".join(problems).splitlines():
        print(f"# {line}")


def wait_for(condition, seconds=LONG):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class Life:
    """One keeper, with those variables in its environment, and a process in QEMU's place."""

    def __init__(self, **env):
        for path in (POINT_FILE, FAIL_FILE):
            if os.path.exists(path):
                os.unlink(path)
        # Whoever makes the socket is the user; his process is this one.
        os.seteuid(1000)
        self.ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        os.seteuid(0)
        self.ours.settimeout(LONG)
        self.qemu = None
        self.left = []
        env = dict(env, LD_PRELOAD=POINT_SO, POINT_FILE=POINT_FILE, FAIL_FILE=FAIL_FILE)
        subprocess.run([VMLAUNCH, "--keeper"], stdin=theirs, env=env, check=False)
        theirs.close()

    def answer(self):
        """Kind and number of the next answer; None at the end of the session."""
        while report := next_report(self.ours):
            _, kind, number, _, value, _, _, text = report
            if kind == LEFT and number:
                self.left.append(text.split(b"\0")[0].decode())
            elif kind <= 2 and kind:
                return kind, value
        return None, 0

    def send(self, packet):
        try:
            self.ours.send(packet)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def ask(self, packet):
        self.send(packet)
        return self.answer()

    def prepare(self):
        """Up to the moment at which a guest would run; whether it was reached."""
        if self.ask(request(HELLO))[0] != DONE:
            return False
        kind, pages = self.ask(request(INTENT, hugepages(2048, 16)))
        for body in (claim(function(GPU), function(AUDIO)), grant(KVM)):
            if kind != DONE or pages < 16:
                return False
            kind, _ = self.ask(request(INTENT, body))
        self.qemu = subprocess.Popen(["sleep", "1000"], user=1000)  # pylint: disable=consider-using-with
        return kind == DONE and self.ask(request(WATCH, pid=self.qemu.pid))[0] == DONE

    def end_qemu(self):
        if self.qemu:
            self.qemu.kill()
            self.qemu.wait()

    def release(self):
        """Whether the keeper says that all is back."""
        kind, value = self.ask(request(RELEASE))
        return kind == DONE and value == 0 and not self.left

    def close(self):
        self.end_qemu()
        self.ours.close()
        wait_for(lambda: not keepers())


def keepers():
    return [p for p in subprocess.run(["pgrep", "-x", "vmlaunch"], stdout=subprocess.PIPE, check=False).stdout.decode().split()
            if read(f"/proc/{p}/stat").rsplit(")", 1)[-1].split()[:1] != ["Z"]]


def differs(before, when, spared=()):
    """What is not as it was, once drivers have made their nodes; of files in /run/vmlaunch those of spared do not count."""
    def left():
        try:
            names = os.listdir("/run/vmlaunch")
        except FileNotFoundError:
            return False
        return not spared or set(names) - set(spared)

    if wait_for(lambda: facts() == before and not left(), 30):
        return []
    now = facts()
    lines = [f"- {x}" for x in before.splitlines() if x not in now.splitlines()] + [f"+ {x}" for x in now.splitlines() if x not in before.splitlines()]
    return [f"{when}:"] + lines + [f"/run/vmlaunch: {os.listdir('/run/vmlaunch') if os.path.exists('/run/vmlaunch') else 'gone'}"]


def recover():
    run = subprocess.run([VMLAUNCH, "recover"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return run.returncode, run.stdout.decode()


def end_and_look(life, before, says_whole):
    """The two promises, of a life that has come to its release."""
    # The lock says nothing of the host.
    problems = differs(before, "the keeper said that all is back", ["lock"]) if says_whole else []
    life.close()
    status, said = recover()
    if status != 0:
        problems += [f"recover ended with {status}:", said]
    return problems + differs(before, "after recover")


def number_in(path):
    return int(read(path) or 0)


def whole_life(**env):
    life = Life(**env)
    life.prepare()
    life.end_qemu()
    says = life.release()
    return life, says


# ------------------------------------------------------------------ one call fails


def faults(before):
    # Each one of a kind that a keeper makes in its own process; of the many, the ordinary run tries a few.
    rare = (("mkostemp", 1), ("socketpair", 1)) if SOAK else ()
    for call, few in (("fork", 2), ("rename", 1), ("unlink", 1), ("open", 1)) + rare:
        life, says = whole_life(FAIL=f"{call}:0")
        n = number_in(FAIL_FILE)
        problems = end_and_look(life, before, says)
        check(f"a life with {n} calls of {call} leaves the host as it was", problems if says else problems + ["it says that something is left"])
        step = 1 if SOAK else max(1, n // few)
        for i in range(1 + (0 if SOAK else step // 2), n + 1, step):
            life, says = whole_life(FAIL=f"{call}:{i}")
            check(f"{call} {i} of {n} fails: {'all is' if says else 'not all is'} said to be back", end_and_look(life, before, says))


# ------------------------------------------------------------------ nobody asks for the release


def stopped(before):
    life = Life()
    good = life.prepare()
    life.end_qemu()
    problems = differs(before, "nobody asked for the release")
    check("QEMU ends, and its vmlaunch does not run: the host is as it was", problems if good else ["it did not get so far"])
    says = life.release()
    check("a late release is answered with that", end_and_look(life, before, says) if says else ["it says that something is left"])


# ------------------------------------------------------------------ no room


def fill_run():
    with open("/run/filler", "wb", buffering=0) as filler:
        for size in (1 << 20, 4096, 1):
            try:
                while filler.write(bytes(size)):
                    pass
            except OSError:
                pass
    for i in range(100000):
        try:
            os.close(os.open(f"/run/filler-{i}", os.O_CREAT | os.O_WRONLY))
        except OSError:
            return


def empty_run():
    for name in os.listdir("/run"):
        if name.startswith("filler"):
            os.unlink(f"/run/{name}")


def stopped_keeper():
    for pid in keepers():
        if read(f"/proc/{pid}/stat").rsplit(")", 1)[-1].split()[:1] == ["T"]:
            return int(pid)
    return 0


def full(before):
    life, says = whole_life()
    n = number_in(POINT_FILE)
    check(f"a life of {n} changes of the journal leaves the host as it was", end_and_look(life, before, says) if says else ["it says that something is left"])
    for i in range(0, n + 1, 1 if SOAK else 12):
        if i == 0:
            fill_run()
        filler = os.fork()
        if filler == 0:
            # At that change of the journal the keeper waits for us.
            wait_for(lambda point=i: point and number_in(POINT_FILE) >= point and stopped_keeper(), 60)
            fill_run()
            if stopped_keeper():
                os.kill(stopped_keeper(), signal.SIGCONT)
            os._exit(0)
        life, says = whole_life(POINT=str(i))
        os.waitpid(filler, 0)
        problems = differs(before, "while /run is full") if os.path.exists("/run/filler") else ["/run was not filled"]
        if not says and i:
            problems.append("it says that something is left: " + "; ".join(life.left))
        problems += end_and_look(life, before, says)
        empty_run()
        check(f"/run is full from change {i} of {n} on", problems)


def main():
    before = facts()
    {"faults": faults, "stopped": stopped, "full": full}[PART](before)
    print("# the end", flush=True)


main()
