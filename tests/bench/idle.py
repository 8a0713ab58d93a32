"""What the supervisor and the keeper cost while a guest idles."""
import os
import pathlib
import time

import machines

QUIET_SECONDS = 5
# Of supervisor and keeper together.
GOAL_KIB = 2048


def switches(pid):
    """Context switches of all threads so far: each wake-up is one at least."""
    total = 0
    for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status"):
        lines = status.read_text().splitlines()
        total += sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)
    return total


def pss_kib(pid):
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))


def settle(pid, limit=60):
    """Waits until a process has slept for a while: the firmware's events come while it boots."""
    before, quiet, end = switches(pid), time.monotonic(), time.monotonic() + limit
    while time.monotonic() - quiet < QUIET_SECONDS and time.monotonic() < end:
        time.sleep(0.5)
        if switches(pid) != before:
            before, quiet = switches(pid), time.monotonic()


def cost(pid, seconds):
    before = switches(pid)
    time.sleep(seconds)
    return {"pss": pss_kib(pid), "threads": len(os.listdir(f"/proc/{pid}/task")),
            "wakeups": switches(pid) - before}


def measure(report, bench, seconds):
    with machines.Running(bench) as machine:
        settle(machine.child.pid)
        found = cost(machine.child.pid, seconds)
        machine.kill()
    for what, value in found.items():
        report.add(f"supervisor.{what}", [value])
    report.title(f"The supervisor of an idle guest, {seconds} s; no host device, so no keeper")
    report.table(["supervisor"], [
        ("memory, its share of it (PSS)", "KiB", [found["pss"]]),
        ("threads", "", [found["threads"]]),
        ("wake-ups", "", [found["wakeups"]]),
    ])
    report.goal("supervisor, wake-ups while the guest idles", found["wakeups"], "", 0, "none")
