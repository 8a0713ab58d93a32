#!/usr/bin/env bash
#
# Guess: a machine that is paused is still paused after system_reset: query-status says "paused" until somebody
# says cont.
#
# Seen with QEMU 7.2.22, 10.0.13 and 11.1.3, all alike: the reset is done at once (RESET is told while no processor
# runs), and the state becomes "prelaunch", the word for a machine whose guest has never run. No event tells of that
# change; only query-status does. The other way round, "prelaunch" stays through a stop: a machine that was started
# with -S and stopped is not "paused" either.
# So "prelaunch" is no proof that the guest has not written to its disks yet, and whoever waits for "paused" after
# his own stop may wait for ever.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
./qemus "$place"
python3 - "$place" <<'PYTHON'
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, ".")

from machine import Machine, expect

for version in ("7.2.22", "10.0.13", "11.1.3"):
    m = Machine(f"{sys.argv[1]}/{version}", "-machine", "q35", "-m", "128")

    def status():
        return m.run("query-status")["status"]

    m.run("stop")
    expect(status() == "prelaunch", f"{version}: started with -S and stopped: {status()}")
    m.run("cont")
    m.run("stop")
    expect(status() == "paused", f"{version}: after it has run, and a stop: {status()}")
    m.events.clear()
    m.run("system_reset")
    for _ in range(100):
        if status() != "paused":
            break
    expect(status() == "prelaunch", f"{version}: after system_reset: {status()}")
    expect(m.events == ["RESET"], f"{version}: and told of that: {m.events}")
    m.end()
PYTHON
