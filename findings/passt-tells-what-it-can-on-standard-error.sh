#!/usr/bin/env bash
#
# Guess: passt of 2025, which can be a back end of vhost-user, answers `--print-capabilities` as QEMU's conventions for such
# programs have it (docs/interop/vhost-user.rst: a JSON object on its standard output, status 0), so who wants to know
# whether a passt has vhost-user reads that.
#
# Seen with passt of 2025-05-03 (Debian 13): status 0, nothing on its standard output, and the object on its standard error.
# That of 2023-03-09 (Debian 12), which has no vhost-user, knows no such option: status 1, nothing on its standard output
# either. The status tells them apart, and the standard output does not.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
./unpack "$place/12" bookworm passt=0.0~git20230309.7c7625d-1
./unpack "$place/13" trixie passt=0.0~git20250503.587980c-2+deb13u1
python3 - "$place" <<'PYTHON'
import json
import pathlib
import subprocess
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, ".")

from machine import expect


def asked(debian):
    root = pathlib.Path(sys.argv[1], debian)
    return subprocess.run(
        [root / "usr/lib64/ld-linux-x86-64.so.2", "--library-path", root / "usr/lib/x86_64-linux-gnu", root / "usr/bin/passt",
         "--print-capabilities"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


old, new = asked("12"), asked("13")
# Under this name of its linker it finds no build of its own for AVX2, and says so first.
told = new.stderr[new.stderr.find("{"):]
expect(new.returncode == 0 and new.stdout == "" and json.loads(told or "null") == {"type": "net"},
       f"Debian 13: status {new.returncode}, on standard output {new.stdout!r}, on standard error {' '.join(told.split())}")
expect(old.returncode == 1 and old.stdout == "",
       f"Debian 12: status {old.returncode}, on standard output {old.stdout!r}")
PYTHON
