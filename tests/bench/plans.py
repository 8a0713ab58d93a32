"""The time of a plan against the number of the machine's devices, and the plan of the largest setup.

The hosts are made up, so that the figures do not hang on this computer's devices: the golden tests' laptop
with more PCI functions, each in an IOMMU group of its own, of which the profile takes as many as a plan
allows; that number of disks, and of network cards. Times are those of `vmlaunch plan` from its exec to its end, with the
fake QEMU's answers in the cache; the bare cost of a process is that of `vmlaunch --version`.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import time

import machines

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"
sys.path.insert(0, str(GOLDEN))
import golden  # noqa: E402
import tap  # noqa: E402

NUMBERS = [1, 10, 38, 100]
# What a machine takes of each at most; the host may have more functions.
MOST = {"functions": 16, "disks": 38, "networks": 38}
KINDS = {"PCI functions of the host, up to 16 taken": "functions", "disks": "disks", "networks": "networks"}


def functions_tree(place, number):
    """The golden laptop with that many network functions more, sixteen virtual functions a card or so."""
    tree = place.dir / f"functions-{number}.host"
    if not tree.exists():
        shutil.copytree(GOLDEN / "hosts/laptop", tree)
        host = golden.make_tree.Tree(tree)
        golden.make_tree.laptop_idle(host)
        for n in range(number):
            host.pci(address(n), "8086:1515", "020000", sub="1043:1515", group=100 + n, reset="flr",
                     driver="vfio-pci", bars=[(0x7000000000 + n * 0x10000, 0x4000, golden.make_tree.BAR64P)])
            host.node(f"sys/devices/virtual/vfio/{100 + n}", "vfio", f"vfio/{100 + n}", (242, n))
    return tree


def address(n):
    return f"0000:{0x40 + n // 32:02x}:{n % 32:02x}.0"


def profile_of(place, kind, number):
    text = "[vm]\nname = many\nmemory = 2G\n[cpu]\ncores = 2\n[memory]\nhugepages = off\n"
    for n in range(min(number, MOST[kind])):
        if kind == "functions":
            text += f"[pci f{n}]\ndevice = {address(n)}\n"
        elif kind == "disks":
            (place.dir / f"{n}.qcow2").write_bytes(tap.qcow2())
            text += f"[disk d{n}]\npath = {n}.qcow2\n"
        else:
            text += f"[network n{n}]\nmode = user\n"
    return place.write(f"{kind}-{number}.ini", text)


def timed(place, words):
    begin = time.perf_counter()
    done = subprocess.run([tap.VMLAUNCH, *words], env=place.env, cwd=place.dir, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    took = (time.perf_counter() - begin) * 1000
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return took


def plan_words(place, kind, number):
    profile = profile_of(place, kind, number)
    host = functions_tree(place, number if kind == "functions" else 0)
    return ["--host-root", host, "plan", profile, "--set", f"qemu.binary={place.dir}/qemu"]


def largest(place):
    """The golden case whose plan takes longest to print, which is the one with most in it."""
    cases = [c for c, (_, _, _, _, formats) in golden.CASES.items() if "refused" not in formats]
    plans = {c: (GOLDEN / f"plans/{c}.text").stat().st_size for c in cases
             if (GOLDEN / f"plans/{c}.text").exists()}
    name = max(plans, key=plans.get)
    return name, golden.prepare(place, name)


def measure(report, rounds):
    place = tap.Place()
    try:
        os.symlink(tap.FAKE_QEMU, place.dir / "qemu")
        runs = {"process": ["--version"]}
        for kind in KINDS.values():
            for number in NUMBERS if kind == "functions" else [n for n in NUMBERS if n <= MOST[kind]]:
                runs[f"{kind}.{number}"] = plan_words(place, kind, number)
        setup, runs["largest"] = largest(place)
        for number in range(rounds + 1):
            for name, words in runs.items():
                took = timed(place, words)
                if number:
                    report.add(f"plan.{name}", [took])
    finally:
        place.clean()
    report.title(f"vmlaunch plan, exec to exit: medians of {rounds} rounds in turn, milliseconds")
    report.table([f"{n}" for n in NUMBERS], [
        (title, "ms", [report.median(f"plan.{kind}.{n}") for n in NUMBERS])
        for title, kind in KINDS.items()])
    report.note(f"a process that only prints its version: {report.median('plan.process'):.2f} ms")
    report.note(f"the largest setup is the golden plan '{setup}'")
    report.goal("plan of the largest setup", report.median("plan.largest"), "ms", 10, "<= 10")
