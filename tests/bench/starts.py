"""Start and stop: bare QEMU, vmlaunch and libvirt in turn, round by round."""
import libvirt
import machines


def measure(report, bench, rounds):
    machines.run_vmlaunch(bench)  # makes the variable store and the probe's cache
    argv = bench.argv()
    runs = {"bare": lambda: machines.run_bare(bench, argv), "vmlaunch": lambda: machines.run_vmlaunch(bench),
            "open": lambda: machines.run_vmlaunch(bench, "--sandbox=off")}
    why, rival = libvirt.absent(), None
    try:
        if not why:
            rival = libvirt.Libvirt(bench, argv)
            why = None if rival.open() else rival.why()
        if not why:
            runs["libvirt"] = rival.run
        for number in range(rounds + 1):
            names = list(runs)
            for name in names[number % len(names):] + names[:number % len(names)]:
                taken = runs[name]()
                if number:  # the first round warms the caches
                    for what, value in taken.items():
                        report.add(f"{name}.{what}", [value])
            if number:
                report.add("shell.end", [machines.run_shell()])
    finally:
        if rival:
            rival.close()
    show(report, rounds, why)


def show(report, rounds, why):
    columns = ["bare", "vmlaunch", "libvirt"]
    bare = report.median("bare.start")

    def row(what):
        return [report.median(f"{name}.{what}") for name in columns]

    def over(what):
        return [None] + [report.difference(f"{name}.{what}", f"bare.{what}") for name in columns[1:]]

    report.title(f"Start and stop: medians of {rounds} rounds in turn; one virtual CPU, 512 MiB, OVMF, one disk")
    report.table(["bare QEMU", "vmlaunch", "virsh"], [
        ("command to guest running", "ms", row("start")),
        ("    ratio to bare QEMU", "x", [v / bare if v else None for v in row("start")]),
        ("    over bare QEMU, median of rounds", "ms", over("start")),
        ("    processor time of the launcher's own", "ms", row("cpu")),
        ("order to stop until all is over", "ms", row("stop")),
        ("    over bare QEMU, median of rounds", "ms", over("stop")),
        ("QEMU's end to the launcher's", "ms", row("end")),
    ])
    report.note(f"a shell's end after its child's, here and now: {report.median('shell.end'):.2f} ms")
    closed, opened = report.median("vmlaunch.start"), report.median("open.start")
    report.note(f"with --sandbox=off in the same rounds: {opened:.2f} ms, so that Landlock and the filter cost "
                f"{report.difference('vmlaunch.start', 'open.start'):.2f} ms ({closed / opened:.3f} x)")
    report.goal("start, what Landlock and the filter add", report.difference("vmlaunch.start", "open.start"), "ms", 1, "<= 1")
    if why:
        report.lacks("virsh", why)
    ours, theirs = over("start")[1:]
    limit = 1.05 * bare + 5
    report.goal("start, vmlaunch", report.median("vmlaunch.start"), "ms", limit,
                f"<= {limit:.1f} (1.05 x + 5)")
    # A difference below what can be told apart counts as that, 0.1 ms.
    report.goal("start, virsh's overhead to vmlaunch's", theirs and theirs / max(ours, 0.1), "x", 20, ">= 20",
                at_least=True)
    report.goal("QEMU's end to vmlaunch's", report.median("vmlaunch.end"), "ms", 5, "<= 5")
