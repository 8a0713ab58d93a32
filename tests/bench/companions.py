"""How much longer a start takes with the programs beside QEMU: a TPM (swtpm), a shared folder (virtiofsd) and a network
(passt), each alone and all together, beside the same machine without; in turn, round by round.
"""
import shutil

import machines

PARTS = {"tpm": ("swtpm", "[tpm]\ntype = emulated\n"), "share": (None, "[share shared]\npath = shared\ntype = virtiofs\n"),
         "passt": ("passt", "[network lan]\nmode = passt\n")}


def profiles(report, bench):
    """Name to profile; all together last."""
    (bench.place.dir / "shared").mkdir(exist_ok=True)
    found, together = {"without": machines.PROFILE}, ""
    for name, (program, section) in PARTS.items():
        text = machines.PROFILE + section
        done = bench.place.run("plan", bench.place.write("try.ini", text))
        if (program and not shutil.which(program)) or done.returncode != 0:
            report.lacks(f"a start with {name}", done.stderr.decode(errors="replace").strip().splitlines()[-1] if done.returncode else
                         f"no {program}")
            continue
        found[name] = text
        together += section
    found["all"] = machines.PROFILE + together
    return {name: bench.place.write(f"with-{name}.ini", text) for name, text in found.items()}


def measure(report, bench, rounds):
    made = profiles(report, bench)
    for number in range(rounds + 1):
        for name, profile in made.items():
            with machines.Running(bench, profile=profile) as machine:
                machine.kill()
                if number:  # the first round makes a TPM's state
                    report.add(f"companions.{name}.start", [machine.start])
    report.title(f"Command to guest running with programs beside QEMU: medians of {rounds} rounds in turn")
    value = {name: report.median(f"companions.{name}.start") for name in made}
    more = {name: report.difference(f"companions.{name}.start", "companions.without.start") for name in made}
    report.table(["start", "more"], [(f"with {name}" if name != "without" else name, "ms", [value[name], more[name]]) for name in made])
    report.goal("start with TPM, share and passt", value["all"], "ms", 1.1 * value["without"] + 20, "<= 1.10 x without + 20 ms")
