"""The part of the bench that runs in the lab: the script `lab` beside this measures, here its figures are read."""
import pathlib
import re
import signal
import subprocess

from idle import GOAL_KIB
from jitter import SHARES

HERE = pathlib.Path(__file__).resolve().parent
LAB = HERE.parent / "lab/lab"
VARIANTS = {"free": "not placed", "placed": "placed", "isolated": "placed and isolated"}


def run(report, what, script, *environment):
    """What a script beside this, which takes itself into the lab, says there; None where there is no lab."""
    asked = subprocess.run([LAB, "check"], stderr=subprocess.PIPE)
    if asked.returncode:
        report.lacks(what, asked.stderr.decode(errors="replace").strip())
        return None
    child = subprocess.Popen(["env", *environment, HERE / script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    try:
        said, words = (text.decode(errors="replace") for text in child.communicate())
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)  # the lab ends its machine
            child.wait()
    bad = re.findall(r"^not ok.*", said, re.M)
    if child.returncode or bad:
        report.lacks(what, "; ".join(bad) or (words.strip().splitlines() or ["it failed"])[-1])
    return said


def measure(report, rounds, seconds):
    said = run(report, "the lab", "lab", f"ROUNDS={rounds}", f"IDLE={seconds}")
    if said is None:
        return
    found = {name: float(value) for name, value in re.findall(r"^BENCH (\S+) ([0-9.]+)$", said, re.M)}
    for name, value in found.items():
        report.add(f"lab.{name}", [value])
    show(report, found, rounds, seconds)


def show(report, found, rounds, seconds):
    whose = ["supervisor", "keeper", "runner"]
    pss = [found.get(f"{who}.pss") for who in whose]
    if None not in pss:
        report.title(f"Supervisor, keeper and its runner of programs, of an idle guest that has a host device, {seconds} s, in the lab")
        report.table(whose, [
            (title, unit, [found[f"{who}.{what}"] for who in whose])
            for what, title, unit in (("pss", "memory, its share of it (PSS)", "KiB"), ("threads", "threads", ""),
                                      ("wakeups", "wake-ups", ""))])
    report.goal(" + ".join(whose) + ", PSS, in the lab", sum(pss) if None not in pss else None, "KiB", GOAL_KIB,
                f"< {GOAL_KIB}")
    report.goal("keeper, wake-ups while idle, in the lab", found.get("keeper.wakeups"), "", 0, "none")
    variants = [name for name in VARIANTS if f"jitter.{name}.p50" in found]
    if variants:
        report.title(f"How late the guest's processor wakes up in the lab, microseconds, {rounds} rounds in turn, "
                     "load on both processors")
        report.table(list(SHARES), [(VARIANTS[name], "us", [found[f"jitter.{name}.{share}"] for share in SHARES])
                                    for name in variants])
        report.note("the lab's processors are threads of an emulator that this machine schedules: "
                    "only the order of the rows means something")
