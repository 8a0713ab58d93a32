"""What a bench found: series of measurements, figures with their goals, and what could not be measured."""
import json
import os
import pathlib
import platform
import statistics


def load():
    return os.getloadavg()[0]


class Report:
    def __init__(self, quick):
        self.quick = quick
        self.series = {}
        self.figures = []
        self.missing = []
        self.begin_load = load()

    def add(self, name, values):
        """A series of measurements under a name; those that are None (could not be told) are left out."""
        self.series.setdefault(name, []).extend(v for v in values if v is not None)

    def median(self, name):
        values = self.series.get(name)
        return statistics.median(values) if values else None

    def difference(self, name, other):
        """The median of the differences, round by round."""
        pairs = list(zip(self.series.get(name, []), self.series.get(other, [])))
        return statistics.median(a - b for a, b in pairs) if pairs else None

    def title(self, text):
        print(f"\n{text}", flush=True)

    def table(self, columns, rows):
        """rows: a title, a unit and a value for each column; None is shown as a dash."""
        print(f"  {'':<40}" + "".join(f"{c:>14}" for c in columns))
        for title, unit, values in rows:
            shown = ["-" if v is None else f"{v:.2f}" if abs(v) < 100 else f"{v:.0f}" for v in values]
            print(f"  {title:<36}{unit:>4}" + "".join(f"{v:>14}" for v in shown), flush=True)

    def goal(self, name, value, unit, limit, words, at_least=False):
        """One of the goals: reached when value is at most limit (or at least it). value None: not measured."""
        reached = None if value is None else (value >= limit if at_least else value <= limit)
        self.figures.append({"name": name, "value": value, "unit": unit, "goal": words, "limit": limit,
                             "reached": reached})

    def note(self, text):
        print(f"  # {text}", flush=True)

    def lacks(self, what, why):
        self.missing.append({"what": what, "why": why})
        self.note(f"{what} left out: {why}")

    def goals(self):
        self.title("Goals, each computed from this run")
        for f in self.figures:
            value = "-" if f["value"] is None else f"{f['value']:.2f}"
            verdict = {None: "not measured", True: "reached", False: "MISSED"}[f["reached"]]
            print(f"  {f['name']:<46}{value:>10} {f['unit']:<4} {f['goal']:<24} {verdict}")
        now = load()
        if max(now, self.begin_load) > os.cpu_count() / 2:
            self.note(f"other work ran meanwhile (load {self.begin_load:.1f} to {now:.1f} on {os.cpu_count()} "
                      "processors): ratios say more than times, and misses of times mean little")

    def write(self, path):
        pathlib.Path(path).write_text(json.dumps({
            "version": 1,
            "quick": self.quick,
            "host": {"processors": os.cpu_count(), "kernel": platform.release(),
                     "load": [self.begin_load, load()]},
            "series": self.series,
            "figures": self.figures,
            "missing": self.missing,
        }, indent=1) + "\n")
