"""How late a guest's processor wakes up, placed and not placed, while the host is busy.

The guest is the metronome: it halts for a millisecond and measures how long that was; late is what is
longer than the shortest of a run. The load is
one busy process for each processor, each in a session of its own, as programs of a desktop are. In turn:

  quiet     no load of ours, nothing pinned
  free      load everywhere, nothing pinned
  placed    load everywhere; the guest's processor pinned to the host's last, QEMU's threads to the others
  apart     placed, and the load kept off that processor and its siblings, which is what isolation does

Pinned and not isolated, a guest cannot make way for the load; only with isolation does placing pay under a
load that fills the machine. The bench says which of these this machine shows.
"""
import os
import pathlib
import subprocess
import sys


sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
PROFILE = """
[vm]
name   = metronome
memory = 32M
[cpu]
cores  = 1
[firmware]
uefi   = no
[boot]
kernel = metronome
[console]
debug-port = metronome.out
"""
# Milliseconds of 23864 ticks of a timer of 1193182 Hz: over these the guest counts its own ticks.
CALIBRATION_MS = 23864 / 1193.182
SHARES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
SECONDS = 60


def latencies(text):
    """Microseconds by which each wake-up was later than the soonest, from the metronome's output."""
    lines = text[text.rindex("METRONOME "):].splitlines()
    words = dict(word.split("=") for word in lines[0].split()[1:])
    samples = [int(line) for line in lines[1:lines.index("END")]]
    assert len(samples) == int(words["samples"]), "the metronome's output is not whole"
    ticks_per_us = int(words["calibration"]) / CALIBRATION_MS / 1000
    return [(s - min(samples)) / ticks_per_us for s in samples]


def shares(values):
    ordered = sorted(values)
    return {name: ordered[min(len(ordered) - 1, int(share * len(ordered)))] for name, share in SHARES.items()}


def siblings(cpu):
    try:
        return cpu_list(pathlib.Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text())
    except OSError:
        return {cpu}


def cpu_list(text):
    found = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


class Load:
    """Busy processes, which end with us, however we end."""

    def __init__(self, number, cpus=None):
        words = ["setpriv", "--pdeathsig", "KILL", "sh", "-c", "while :; do :; done"]
        self.children = [subprocess.Popen(words, start_new_session=True) for _ in range(number)]
        for child in self.children:
            if cpus:
                os.sched_setaffinity(child.pid, cpus)

    def close(self):
        for child in self.children:
            child.kill()
            child.wait()


def beat(place, words):
    out = place.dir / "metronome.out"
    out.unlink(missing_ok=True)
    done = place.run(place.dir / "metronome.ini", *words, timeout=SECONDS)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return latencies(out.read_text(errors="replace"))


def measure(report, rounds):
    cpus = os.sched_getaffinity(0)
    guest = max(cpus)
    others = cpus - siblings(guest)
    if not others:
        report.lacks("jitter", "it takes a processor for the guest and another one for the rest")
        return
    place = tap.Place()
    try:
        made = subprocess.run([HERE / "metronome/build", place.dir / "metronome"], stderr=subprocess.PIPE)
        if made.returncode:
            report.lacks("jitter", "the compiler makes no 32-bit programs: " + made.stderr.decode().splitlines()[0])
            return
        place.write("metronome.ini", PROFILE)
        pins = ["--set", f"cpu.placement={guest}", "--set",
                "cpu.emulator=" + ",".join(map(str, sorted(others)))]
        free = ["--set", "cpu.placement=none"]
        variants = {"quiet": (free, 0, None), "free": (free, len(cpus), None), "placed": (pins, len(cpus), None),
                    "apart": (pins, len(cpus), others)}
        late = {name: [] for name in variants}
        for _ in range(rounds):
            for name, (words, number, where) in variants.items():
                load = Load(number, where)
                try:
                    late[name] += beat(place, words)
                finally:
                    load.close()
    finally:
        place.clean()
    show(report, late, rounds, len(cpus))


def show(report, late, rounds, number):
    found = {name: shares(values) for name, values in late.items()}
    for name, values in found.items():
        for share, value in values.items():
            report.add(f"jitter.{name}.{share}", [value])
    report.title(f"How late the guest's processor wakes up, microseconds: {len(late['free'])} wake-ups each in "
                 f"{rounds} rounds in turn, {number} busy processes")
    report.table(list(SHARES), [(title, "us", [found[name][share] for share in SHARES]) for name, title in (
        ("quiet", "no load of ours, not placed"), ("free", "load everywhere, not placed"),
        ("placed", "load everywhere, placed"), ("apart", "load kept apart, placed"))])
    gains = {share: found["free"][share] / max(found["apart"][share], 1) for share in ("p99", "p99.9")}
    for share, gain in gains.items():
        report.add(f"jitter.gain.{share}", [gain])
    report.note("not placed : placed with the load kept apart = " +
                ", ".join(f"{gain:.2f} : 1 at {share}" for share, gain in gains.items()))
    if max(gains.values()) < 1.5:
        report.note("this machine, as busy as it was, shows no gain")
