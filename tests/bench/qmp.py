"""QEMU's monitor: one command, ten thousand on one connection, and the shell at a terminal.

One command is what a script waits for: from the program's start to its end, on a machine that runs. Beside
`virsh qemu-monitor-command` on libvirt's machine, and QEMU's own qmp-shell on the same monitor as vmlaunch: `qmp-shell`
in PATH, or Python's module qemu.qmp (PYTHONPATH leads to a checkout's python/). Ten thousand commands are sent each
after the answer before; commands.c shows what QEMU itself takes for that. Tab and a key are measured over a pty, from
the key's write to the last byte of what it draws, with the schema of the running QEMU loaded.
"""
import contextlib
import importlib.util
import os
import pathlib
import re
import select
import shutil
import subprocess
import sys
import time

import libvirt
import machines
import tap

sys.path.insert(0, str(tap.ROOT / "tests/fake"))
from screen import Terminal  # noqa: E402

MANY = 20  # machines in a list
STATUS = '{"execute": "query-status"}'


def qmp_shell():
    """The words that start it; None without one."""
    if path := shutil.which("qmp-shell"):
        return [path]
    try:
        there = importlib.util.find_spec("qemu.qmp.qmp_shell")
    except ImportError:
        there = None
    return [sys.executable, "-m", "qemu.qmp.qmp_shell"] if there else None


def timed(words, env, given=""):
    """Wall and processor time in milliseconds of a program with standard input."""
    before, begin = os.times(), time.perf_counter()
    done = subprocess.run([os.fspath(word) for word in words], env=env, input=given.encode(), stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, start_new_session=True)
    took, after = time.perf_counter() - begin, os.times()
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    spent = after.children_user - before.children_user + after.children_system - before.children_system
    return took * 1000, spent * 1000


def one_command(report, bench, rounds, socket, shell):
    env = bench.place.env
    runs = {"vmlaunch": lambda: timed([tap.VMLAUNCH, "qmp", "bench", "query-status"], env)[0]}
    if shell:
        runs["qmp-shell"] = lambda: timed([*shell, socket], {**env, "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
                                          "query-status\n")[0]
    why, rival = libvirt.absent(), None
    try:
        if not why:
            rival = libvirt.Libvirt(bench, bench.argv())
            why = None if rival.open() else rival.why()
        if not why:
            rival.virsh("start", libvirt.NAME)
            runs["virsh"] = lambda: rival.virsh("qemu-monitor-command", libvirt.NAME, STATUS)[0]
        for number in range(rounds + 1):
            for name, run in runs.items():
                taken = run()
                if number:
                    report.add(f"qmp.one.{name}", [taken])
        if not why:
            rival.virsh("destroy", libvirt.NAME)
    finally:
        if rival:
            rival.close()
    if why:
        report.lacks("virsh", why)


def many_commands(report, bench, rounds, socket, shell, n):
    client = bench.place.dir / "commands"
    subprocess.run(["cc", "-O2", "-o", client, pathlib.Path(__file__).parent / "commands.c"], check=True)
    script = bench.place.write("many", "query-status\n" * n)
    env = bench.place.env
    for number in range(rounds + 1):
        said = subprocess.run([client, socket, str(n)], check=True, capture_output=True, text=True).stdout.split()
        ours = timed([tap.VMLAUNCH, "qmp", "bench", "-f", script], env)
        if number:
            for name, pair in (("bare", (float(said[0]), float(said[1]))), ("vmlaunch", ours)):
                report.add(f"qmp.many.{name}", pair[:1])
                report.add(f"qmp.many.{name}.cpu", pair[1:])
    if shell:
        taken = timed([*shell, socket], {**env, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}, "query-status\n" * n)
        report.add("qmp.many.qmp-shell", taken[:1])
        report.add("qmp.many.qmp-shell.cpu", taken[1:])


SMALL = """
[vm]
name = bench{0}
memory = 64M
[cpu]
cores = 1
[firmware]
uefi = no
"""


def list_of_many(report, bench, rounds, n):
    """`vmlaunch list`, which asks each machine, and `virsh list`, which asks libvirt's daemon."""
    env = bench.place.env
    why, rival = libvirt.absent(), None
    with contextlib.ExitStack() as stack:
        for number in range(n):
            profile = bench.place.write(f"bench{number}.ini", SMALL.format(number))
            stack.enter_context(machines.Running(bench, profile=profile))
            assert bench.place.run("pause", f"bench{number}").returncode == 0
        if not why:
            rival = libvirt.Libvirt(bench, bench.argv())
            stack.callback(rival.close)
            why = None if rival.open() else rival.why()
        if not why:
            rival.start_more(n)
        told = bench.place.run("list").stdout.decode()
        assert told.count(" paused ") == n, told
        for number in range(rounds + 1):
            ours = timed([tap.VMLAUNCH, "list"], env)[0]
            theirs = None if why else rival.virsh("list")[0]
            if number:
                report.add("list.vmlaunch", [ours])
                if theirs:
                    report.add("list.virsh", [theirs])
    if why:
        report.lacks("virsh", why)


def answer_time(terminal, keys, done):
    """Milliseconds from the write of keys until done(bytes that came)."""
    came, begin = b"", time.perf_counter()
    os.write(terminal.ours, keys)
    while not done(came):
        assert select.select([terminal.ours], [], [], 30)[0], came
        came += os.read(terminal.ours, 65536)
    return (time.perf_counter() - begin) * 1000


def peak_kib(pid):
    return int(re.search(r"VmHWM:\s*(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def at_a_terminal(report, bench, rounds):
    for path in (bench.place.home / ".cache/vmlaunch").glob("*.schema"):
        path.unlink()
    prompt = "bench [running] >"
    for schema in ("asked", "kept"):
        terminal = Terminal(bench.place, "qmp", "bench").wait_line(prompt)
        # The line is drawn whole at each key: its end is the cursor's move.
        for _ in range(3 * rounds):
            report.add("shell.key", [answer_time(terminal, b"x", lambda came: came.endswith(b"C") and b"x" in came)])
            answer_time(terminal, b"\x7f", lambda came: came.endswith(b"C"))
        for line, ends in (("blockdev-add driver=qcow2 ", b"driver=qcow2 \r\x1b[44C"), ("", b"> \r\x1b[18C")):
            terminal.type("\x15" + line).wait_line((prompt + " " + line).rstrip())
            time.sleep(0.05)
            while terminal.read(0):
                pass
            for _ in range(rounds):
                report.add("shell.tab", [answer_time(terminal, b"\t", lambda came: came.endswith(ends))])
        report.add(f"shell.peak.{schema}", [peak_kib(terminal.child.pid) / 1024])
        terminal.type("\x15\x04")
        terminal.ends()
        terminal.hang_up()


def measure(report, bench, rounds, n):
    shell = qmp_shell()
    with machines.Running(bench) as machine:
        socket = bench.place.instance("bench") / "qmp.sock"
        one_command(report, bench, rounds, socket, shell)
        many_commands(report, bench, max(1, rounds // 6), socket, shell, n)
        at_a_terminal(report, bench, rounds)
        machine.kill()
    list_of_many(report, bench, rounds, MANY)
    show(report, rounds, n)
    if not shell:
        report.lacks("qmp-shell", "neither qmp-shell nor Python's qemu.qmp is installed")


def ratio(report, ours, theirs):
    a, b = report.median(ours), report.median(theirs)
    return a / b if a is not None and b else None


def show(report, rounds, n):
    columns = ["bare", "vmlaunch", "virsh", "qmp-shell"]
    report.title(f"QEMU's monitor: medians of {rounds} rounds in turn; {n} commands on one connection")
    report.table(["bare socket", "vmlaunch", "virsh", "qmp-shell"], [
        ("query-status, start to end of program", "ms", [report.median(f"qmp.one.{c}") for c in columns]),
        (f"{n} commands", "ms", [report.median(f"qmp.many.{c}") for c in columns]),
        ("    processor time of the client", "ms", [report.median(f"qmp.many.{c}.cpu") for c in columns]),
        (f"list of {MANY} machines", "ms", [None, report.median("list.vmlaunch"), report.median("list.virsh"), None]),
        ("shell: key to redraw", "ms", [None, report.median("shell.key"), None, None]),
        ("shell: Tab to its list and the line again", "ms", [None, report.median("shell.tab"), None, None]),
        ("shell: peak memory, schema asked for", "MiB", [None, report.median("shell.peak.asked"), None, None]),
        ("    schema kept from before", "MiB", [None, report.median("shell.peak.kept"), None, None]),
    ])
    report.goal("one command, to virsh's", ratio(report, "qmp.one.vmlaunch", "qmp.one.virsh"), "x", 0.15, "<= 0.15")
    report.goal("one command, to qmp-shell's", ratio(report, "qmp.one.vmlaunch", "qmp.one.qmp-shell"), "x", 0.03, "<= 0.03")
    report.goal(f"{n} commands, to a bare socket's", ratio(report, "qmp.many.vmlaunch", "qmp.many.bare"), "x", 1.1, "<= 1.1")
    report.goal("    processor time, to qmp-shell's", ratio(report, "qmp.many.vmlaunch.cpu", "qmp.many.qmp-shell.cpu"), "x",
                0.1, "<= 0.1")
    bare = ratio(report, "qmp.many.bare.cpu", "qmp.many.qmp-shell.cpu")
    if bare:
        report.note(f"a bare socket's client takes {bare:.2f} of qmp-shell's processor time itself, in the kernel")
    report.goal(f"list of {MANY} machines, to virsh's", ratio(report, "list.vmlaunch", "list.virsh"), "x", 0.2, "<= 0.2")
    report.goal("shell, key to redraw", report.median("shell.key"), "ms", 2, "< 2")
    report.goal("shell, Tab", report.median("shell.tab"), "ms", 5, "< 5")
    peaks = [report.median(f"shell.peak.{schema}") for schema in ("asked", "kept")]
    report.goal("shell, peak memory", max(p for p in peaks if p) if any(peaks) else None, "MiB", 8, "< 8")
