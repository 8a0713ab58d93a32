#!/usr/bin/env python3
"""The bench's own checks, for make soak: that all parts work and leave nothing behind, not what they find."""
import json
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from tap import ROOT, Skip, main, test, wait_for  # noqa: E402

RUN = ROOT / "tests/bench/run"
LIBVIRT = ["/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt", "/run/libvirt"]
POOLS = pathlib.Path("/sys/kernel/mm/hugepages")


def environment(place):
    """The bench's places are below ours; what it measures is the program without sanitizers."""
    return {**place.env, "TMPDIR": str(place.dir), "VMLAUNCH": str(ROOT / "vmlaunch")}


def host():
    """What a bench must not change: libvirt's directories, the huge pages, the mounts."""
    seen = {}
    for top in LIBVIRT:
        for path in [pathlib.Path(top), *pathlib.Path(top).rglob("*")]:
            if path.exists():
                seen[str(path)] = path.lstat().st_mtime_ns
    seen["pages"] = {str(p): p.read_text() for p in POOLS.glob("*/nr_hugepages")}
    seen["mounts"] = pathlib.Path("/proc/self/mounts").read_text()
    return seen


def bench(place, *words):
    return subprocess.Popen([RUN, *words], env=environment(place), cwd=place.dir, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def nothing_left(place, before, kept=()):
    wait_for(lambda: not place.processes(), 20, f"the end of {place.processes()}")
    left = [p.name for p in place.dir.iterdir() if p not in (place.home, place.runtime) and p.name not in kept]
    assert not left, left
    assert host() == before


@test
def a_quick_run(place):
    before = host()
    out = place.dir / "bench.json"
    child = bench(place, "--rounds", "3", "--json", out, "--only", "starts,idle,wakeups,prealloc,plans,imports,qmp,jitter")
    said, _ = child.communicate(timeout=600)
    assert child.returncode == 0, said.decode(errors="replace")
    found = json.loads(out.read_text())
    assert found["version"] == 1 and found["quick"]
    lacking = {m["what"] for m in found["missing"]}
    for name, values in found["series"].items():
        assert values and all(v >= 0 for v in values), (name, values)
    for name in ["bare.start", "vmlaunch.start", "vmlaunch.end"] + (["libvirt.start"] if "virsh" not in lacking else []):
        assert len(found["series"][name]) == 3, name
        assert all(0.1 < v < 60000 for v in found["series"][name]) or name.endswith("end"), found["series"][name]
    for goal in found["figures"]:
        assert goal["name"] in said.decode(), goal
        assert (goal["reached"] is None) == (goal["value"] is None), goal
    nothing_left(place, before, ["bench.json"])


@test
def a_hand_over(place):
    """In the lab, by all whom this computer has."""
    out = place.dir / "bench.json"
    child = bench(place, "--rounds", "3", "--json", out, "--only", "handover")
    said, _ = child.communicate(timeout=3000)
    assert child.returncode == 0, said.decode(errors="replace")
    found = json.loads(out.read_text())
    lacking = {m["what"] for m in found["missing"]}
    if "the hand-over" in lacking:
        raise Skip(found["missing"][0]["why"])
    for who in ["vmlaunch", "script"] + (["virsh"] if "the hand-over by virsh" not in lacking else []):
        for what in ("start", "back", "after"):
            values = found["series"][f"handover.{who}.{what}"]
            assert len(values) >= 2 and all(0 < v < 180000 for v in values), (who, what, values)
        assert all(end > after for end, after in zip(found["series"][f"handover.{who}.back"],
                                                     found["series"][f"handover.{who}.after"])), who
    for way in ("start", "back"):
        keeper, kernel = (found["series"][f"handover.vmlaunch.{way}.{what}"] for what in ("keeper", "kernel"))
        assert all(0 < b <= a for a, b in zip(keeper, kernel)), (keeper, kernel)


@test
def interrupted(place):
    """Ctrl-C while a machine runs, and while libvirt's daemons do."""
    before = host()
    for part, seconds in (("starts", 2), ("starts", 5), ("idle", 3)):
        child = bench(place, "--only", part)
        time.sleep(seconds)
        child.send_signal(signal.SIGINT)
        said, _ = child.communicate(timeout=60)
        assert child.returncode == 130, said.decode(errors="replace")
        nothing_left(place, before)


@test
def killed(place):
    """Even SIGKILL leaves no daemon behind; QEMU and its supervisor are the place's to end."""
    child = bench(place, "--only", "starts")
    time.sleep(4)
    child.kill()
    child.communicate(timeout=60)

    def daemons():
        names = []
        for pid in place.processes():
            try:
                names.append(pathlib.Path(f"/proc/{pid}/comm").read_text().strip())
            except OSError:
                pass
        return [name for name in names if "virt" in name]

    wait_for(lambda: not daemons(), 20, "the end of libvirt's daemons")


@test
def wrong_usage(place):
    for words in (["--only", "nothing"], ["--rounds", "0"], ["--oops"]):
        child = bench(place, *words)
        said, _ = child.communicate(timeout=60)
        assert child.returncode == 2, said
        assert b"Traceback" not in said, said


main()
