"""A domain of libvirt's to a command line: `vmlaunch import` and `vmlaunch plan`, beside `virsh domxml-to-native` with its
daemon running. The domain is that of the starts."""
import subprocess
import time

import libvirt
import machines
import tap


def taken(words, env, given=b""):
    """What it prints, and its wall time in milliseconds."""
    begin = time.perf_counter()
    done = subprocess.run(words, env=env, input=given, capture_output=True, start_new_session=True)
    took = (time.perf_counter() - begin) * 1000
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout, took


def ours(bench, domain, profile):
    text, first = taken([tap.VMLAUNCH, "import"], bench.place.env, domain)
    # Disks and firmware as they are called here.
    profile.write_bytes(text)
    argv, second = taken([tap.VMLAUNCH, "plan", profile, "--format", "argv"], bench.place.env)
    assert b"virtio-blk-pci" in argv
    return first, second


def measure(report, bench, rounds):
    why, rival = libvirt.absent(), None
    machines.run_vmlaunch(bench)  # makes the variable store and the probe's cache
    argv = bench.argv()
    domain = libvirt.domain(argv, bench.place.dir).encode()
    profile = bench.place.dir / "imported.ini"
    try:
        if not why:
            rival = libvirt.Libvirt(bench, argv)
            why = None if rival.open() else rival.why()
        for number in range(rounds + 1):
            first, second = ours(bench, domain, profile)
            native = None if why else rival.virsh("domxml-to-native", "qemu-argv", "--domain", libvirt.NAME)[0]
            if number:
                report.add("import.import", [first])
                report.add("import.plan", [second])
                report.add("import.both", [first + second])
                report.add("import.virsh", [native])
    finally:
        if rival:
            rival.close()
    both, native = report.median("import.both"), report.median("import.virsh")
    report.title(f"A domain's XML to QEMU's arguments: medians of {rounds} rounds in turn")
    report.table(["vmlaunch", "virsh"], [
        ("import", "ms", [report.median("import.import"), None]),
        ("plan", "ms", [report.median("import.plan"), None]),
        ("both; virsh domxml-to-native", "ms", [both, native]),
    ])
    if why:
        report.lacks("virsh domxml-to-native", why)
    report.goal("import and plan, of virsh domxml-to-native", native and both / native, "x", 0.5, "<= 0.5")
