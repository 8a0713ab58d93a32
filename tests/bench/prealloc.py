"""How long QEMU takes to preallocate, beside the time in which this machine can clear memory at all.

The start of a guest of that size with preallocated memory, less the start of one without; the limit is
clear.c with as many threads. With 2 MiB huge pages where the pool may be enlarged (as root), which is put
back by subtraction; else with transparent ones and QEMU's prealloc, which a plan with a host device has.
"""
import os
import pathlib
import re
import statistics
import subprocess

import machines

POOL = pathlib.Path("/sys/kernel/mm/hugepages/hugepages-2048kB")


class Pages:
    """So many huge pages more in the pool while it lives. enough is False when they could not be had."""

    def __init__(self, pages):
        self.added, self.enough = 0, False
        try:
            free, reserved, before = (int((POOL / f"{n}_hugepages").read_text()) for n in ("free", "resv", "nr"))
            missing = max(0, pages - (free - reserved))
            if missing:
                (POOL / "nr_hugepages").write_text(str(before + missing))
            self.added = int((POOL / "nr_hugepages").read_text()) - before
            self.enough = self.added >= missing
        except OSError:
            pass
        if not self.enough:
            self.close()

    def close(self):
        if self.added > 0:
            now = int((POOL / "nr_hugepages").read_text())
            (POOL / "nr_hugepages").write_text(str(max(0, now - self.added)))
        self.added = 0


def available_mib():
    text = pathlib.Path("/proc/meminfo").read_text()
    return int(re.search(r"MemAvailable: *(\d+)", text)[1]) // 1024


def started(bench, *words):
    with machines.Running(bench, *words) as machine:
        machine.kill()
        return machine.start


def measure(report, bench, rounds, mib):
    if available_mib() < 2 * mib:
        report.lacks("preallocation", f"{mib} MiB of memory twice over are not free here")
        return
    clear = bench.place.dir / "clear"
    subprocess.run(["cc", "-O2", "-pthread", "-o", clear, pathlib.Path(__file__).parent / "clear.c"], check=True)
    pages = Pages(mib // 2)
    try:
        size = ["--set", f"vm.memory={mib}M"]
        huge, off = [*size, "--set", "memory.hugepages=2M"], [*size, "--set", "memory.hugepages=off"]
        if pages.enough:
            kind, who = "HUGE", "vmlaunch"
            machines.run_vmlaunch(bench)
            runs = {"without": lambda: started(bench, *off), "with": lambda: started(bench, *huge)}
            threads = prealloc_threads(bench.argv(*huge))
        else:
            kind, who = "THP", "bare QEMU"
            machines.run_vmlaunch(bench)
            plain = bench.argv(*off)
            threads = min(8, len(os.sched_getaffinity(0)))
            full = [re.sub(r"^(memory-backend-ram,.*)", rf"\1,prealloc=on,prealloc-threads={threads}", a)
                    for a in plain]
            runs = {"without": lambda: machines.run_bare(bench, plain)["start"],
                    "with": lambda: machines.run_bare(bench, full)["start"]}
        runs["limit"] = lambda: float(subprocess.run([clear, kind, str(mib), str(threads)], check=True,
                                                     stdout=subprocess.PIPE).stdout)
        for number in range(rounds + 1):
            for name, run in runs.items():
                took = run()
                if number:  # the first round is the machine's own first touch of that memory
                    report.add(f"prealloc.{name}", [took])
    finally:
        pages.close()
    show(report, rounds, mib, threads, kind, who)


def prealloc_threads(argv):
    return int(next(m for m in (re.search(r"prealloc-threads=(\d+)", a) for a in argv) if m)[1])


def show(report, rounds, mib, threads, kind, who):
    took = report.difference("prealloc.with", "prealloc.without")
    limit = report.median("prealloc.limit")
    ratio = statistics.median(
        (a - b) / c for a, b, c in zip(*(report.series[f"prealloc.{n}"] for n in ("with", "without", "limit"))))
    report.add("prealloc.ratio", [ratio])
    report.title(f"Preallocation of {mib} MiB by {threads} threads, {who}, "
                 f"{'2 MiB huge pages' if kind == 'HUGE' else 'transparent huge pages'}: medians of {rounds} rounds in turn")
    report.table(["milliseconds"], [
        ("start without preallocation", "ms", [report.median("prealloc.without")]),
        ("start with it", "ms", [report.median("prealloc.with")]),
        ("preallocation, the difference", "ms", [took]),
        ("clearing that much memory, the limit", "ms", [limit]),
        ("    ratio, median of rounds", "x", [ratio]),
    ])
