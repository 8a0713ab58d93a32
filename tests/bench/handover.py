"""The hand-over of a GPU in the lab: vmlaunch, a bare shell script and libvirt in turn. handover_rounds.py measures."""
import json
import re
import statistics

import labs

WHO = {"vmlaunch": "vmlaunch", "script": "bare script", "virsh": "virsh"}
ROWS = [("start", "command to guest running"), ("back", "guest's end to devices back"),
        ("after", "    of it after QEMU's own end"), ("over", "QEMU's end to the launcher's")]
# A step of a shorter time is not worth a line.
SHOWN_MS = 1


def measure(report, rounds):
    said = labs.run(report, "the hand-over", "handover", f"ROUNDS={rounds}")
    line = re.search(r"^HANDOVER (.*)$", said or "", re.M)
    if not line:
        return
    found = json.loads(line[1])
    for name, values in found["series"].items():
        report.add(f"handover.{name}", values)
    if found["why"]:
        report.lacks("the hand-over by virsh", found["why"])
    show(report, found, rounds)


def ratio(report, what, other):
    """The median of the ratios, round by round."""
    ours, theirs = (report.series.get(f"handover.{who}.{what}") for who in ("vmlaunch", other))
    return statistics.median(a / b for a, b in zip(ours, theirs)) if ours and theirs else None


def show(report, found, rounds):
    report.title(f"A GPU and its sound change hands in the lab, medians of {rounds} rounds in turn; 256 MiB of 2 MiB pages")
    report.table(WHO.values(), [(title, "ms", [report.median(f"handover.{who}.{what}") for who in WHO])
                                for what, title in ROWS])
    if report.median("handover.virsh.start"):
        report.note("virsh's start holds whatever its daemon asks QEMU anew, which takes long under emulation: its way back says more")
    for way, title in (("start", "start"), ("back", "way back")):
        values = [report.median(f"handover.vmlaunch.{way}.{what}") for what in ("keeper", "kernel")]
        report.note(f"of the {title} the keeper took {values[0]:.1f} ms, of which the kernel {values[1]:.1f}; by step "
                    "(vmlaunch --verbose says the same of your machine):")
        for text, times in found["steps"].get(way, {}).items():
            whole, kernel = (statistics.median(column) for column in zip(*times))
            if whole >= SHOWN_MS:
                report.note(f"  {whole:8.1f} ms, the kernel {kernel:8.1f}: {text}")
    for what, title in ROWS[:2]:
        report.goal(f"{title}, to the script's", ratio(report, what, "script"), "x", 1.15, "<= 1.15 x")
        report.goal(f"{title}, to virsh's", ratio(report, what, "virsh"), "x", 0.5, "<= 0.5 x")
