#!/usr/bin/env bash
#
# Guess: xfreerdp without a terminal that is told the account (/u:NAME) lacks nothing but the password, and has that from
# the program that FREERDP_ASKPASS names.
#
# Seen with FreeRDP 3.15.0 (Debian 13) and 3.33.1 (its backports), both alike, and the package's own server, which wants
# network level authentication: it prints "Domain:", reads the answer from standard input whatever FREERDP_ASKPASS says, and
# where that has come to its end it gives up before anybody is asked for a password. So it is with /u:NAME@DOMAIN, which
# the manual names as a way to give the domain. With an empty /d: beside either, and with /u:DOMAIN\NAME, the program is
# asked.
# The manual tells of FREERDP_ASKPASS in 3.33.1 only, and of the question for a domain in neither.
#
# A user who may not have namespaces of his own gets status 77.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
if ! unshare -Urnmpf --kill-child true 2>"$place/log"; then
	echo "no namespaces can be had here: $(tail -n 1 "$place/log")" >&2
	exit 77
fi
new=3.33.1+dfsg-3~bpo13+1
beside=(xvfb=2:21.1.16-1.3+deb13u4 dash=0.5.12-12)
./unpack "$place/3.15.0" trixie freerdp3-{x11,shadow-x11}=3.15.0+dfsg-2.1+deb13u3 "${beside[@]}"
./unpack "$place/3.33.1" trixie freerdp-{x11,shadow-x11}=$new libfreerdp{,-client,-server,-shadow,-shadow-subsystem}3-3=$new \
	libwinpr{,-tools}3-3=$new "${beside[@]}"
unshare -Urnmpf --kill-child python3 - "$place" <<'PYTHON'
import pathlib
import shutil
import socket
import subprocess
import sys
import time
sys.dont_write_bytecode = True
sys.path.insert(0, ".")

from machine import expect

PATIENCE = 60
DISPLAY, PORT = 7, 3389
CHROOT = shutil.which("chroot") or "/usr/sbin/chroot"
ENVIRONMENT = {"HOME": "/tmp", "PATH": "/usr/bin", "LC_ALL": "C.UTF-8", "DISPLAY": f":{DISPLAY}", "FREERDP_ASKPASS": "/tmp/ask"}


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def answers():
    with socket.socket() as s:
        return not s.connect_ex(("127.0.0.1", PORT))


def start(root, log, *words):
    """A program of the root's, without a terminal and with nothing on its standard input."""
    return subprocess.Popen([CHROOT, root, *words], stdin=subprocess.DEVNULL, stdout=open(log, "w"),
                            stderr=subprocess.STDOUT, env=ENVIRONMENT, start_new_session=True)


def end(process):
    process.kill()
    process.wait()


def attempt(root, client, *words):
    """What the client asked its program, and whether it asked for a domain itself."""
    asked, log = root / "tmp/asked", root / "tmp/client"
    asked.unlink(missing_ok=True)
    process = start(root, log, client, f"/v:127.0.0.1:{PORT}", "/cert:ignore", *words)
    wait_for(lambda: process.poll() is not None or asked.exists() and asked.read_text().endswith("\n"), "it does neither")
    end(process)
    question = " ".join(asked.read_text().split()) if asked.exists() else None
    return question, "Domain:" in log.read_text(errors="replace")


subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
for version, suffix in (("3.15.0", "3"), ("3.33.1", "")):
    root = pathlib.Path(sys.argv[1], version)
    for name in ("dev", "tmp", "tmp/.X11-unix"):
        (root / name).mkdir(exist_ok=True)
    subprocess.run(["mount", "--rbind", "/dev", root / "dev"], check=True)
    ask = root / "tmp/ask"
    ask.write_text("#!/bin/sh\nprintf '%s\\n' \"$*\" >>/tmp/asked\necho password\n")
    ask.chmod(0o755)
    # NAME:DOMAIN:LM:NT, the last one MD4 of "password" in UTF-16.
    (root / "tmp/sam").write_text("guest:::8846f7eaee8fb117ad06bdd830b7586c:::\n")
    screen = start(root, root / "tmp/screen", "/usr/bin/Xvfb", f":{DISPLAY}", "-noreset", "-displayfd", "1")
    wait_for(lambda: f"{DISPLAY}\n" in (root / "tmp/screen").read_text(), "no screen")
    server = start(root, root / "tmp/server", f"/usr/bin/freerdp-shadow-cli{suffix}", f"/port:{PORT}",
                   "/sam-file:/tmp/sam")
    wait_for(answers, "no server")
    for words, domain in ((["/u:guest"], True), (["/u:guest@host"], True), (["/u:guest", "/d:"], False),
                          (["/u:guest@host", "/d:"], False), (["/u:host\\guest"], False)):
        wanted = (None, True) if domain else ("FreeRDP authentication Password:", False)
        expect(attempt(root, f"/usr/bin/xfreerdp{suffix}", *words) == wanted,
               f"{version}, {' '.join(words)}: " + ("asks for a domain, its program for nothing, and ends" if domain
                                                    else "asks its program for the password"))
    end(server)
    end(screen)
PYTHON
