"""What the supervisor, the keeper and who runs its programs cost while a guest idles."""
import json
import os
import pathlib
import time

import machines

QUIET_SECONDS = 5
# Of all of them together.
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


def cost(pid, before):
    return {"pss": pss_kib(pid), "threads": len(os.listdir(f"/proc/{pid}/task")),
            "wakeups": switches(pid) - before}


def keeper_of(bench):
    """Its pid, 0 when there is none."""
    record = json.loads((bench.place.instance("bench") / "run.json").read_text())
    return record.get("keeper", {}).get("pid", 0)


def runner_of(keeper):
    """The pid of who runs a keeper's programs, 0 when there is none."""
    children = pathlib.Path(f"/proc/{keeper}/task/{keeper}/children")
    return int(children.read_text().split()[0]) if keeper and children.exists() else 0


def can_set_pages():
    try:
        with open("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "r+b"):
            return True
    except OSError:
        return False


def measure(report, bench, seconds):
    """As root with huge pages that only a keeper can get, which gives them back; else without a keeper."""
    words = ["--set", "memory.hugepages=2M"] if os.geteuid() == 0 and can_set_pages() else []
    found = {}
    with machines.Running(bench, *words) as machine:
        keeper = keeper_of(bench)
        pids = {"supervisor": machine.child.pid, "keeper": keeper, "runner": runner_of(keeper)}
        pids = {who: pid for who, pid in pids.items() if pid}
        settle(machine.child.pid)
        before = {who: switches(pid) for who, pid in pids.items()}
        time.sleep(seconds)
        for who, pid in pids.items():
            found[who] = cost(pid, before[who])
        machine.kill()
    show(report, found, seconds)


def show(report, found, seconds):
    for who, values in found.items():
        for what, value in values.items():
            report.add(f"{who}.{what}", [value])
    report.title(f"An idle guest, {seconds} s" + ("" if "keeper" in found else "; as this user without a keeper"))
    report.table(list(found), [(title, unit, [values[what] for values in found.values()]) for what, title, unit in (
        ("pss", "memory, its share of it (PSS)", "KiB"), ("threads", "threads", ""), ("wakeups", "wake-ups", ""))])
    report.goal(" + ".join(found) + ", PSS", sum(values["pss"] for values in found.values()), "KiB", GOAL_KIB,
                f"< {GOAL_KIB}")
    for who, values in found.items():
        report.goal(f"{who}, wake-ups while the guest idles", values["wakeups"], "", 0, "none")
