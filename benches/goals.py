"""What librq is to reach (goals.json), held against what was measured."""

import json

from places import HERE

WORDS = {
    "speed": "speed", "cpu": "CPU", "wall": "time", "instructions": "user instructions a request",
    "syscalls": "system calls a request", "futex": "futex calls a request",
    "peak_mib": "MiB at the peak", "idle_kib": "KiB an idle connection",
}


def read():
    return json.loads((HERE / "goals.json").read_text())


def row_of(rows, client):
    return next((row for row in rows if row["client"] == client), None)


def counted(results, goal):
    """A figure of the tables of counts, None if it is not there."""
    kind = "instructions" if goal["figure"] == "instructions" else "syscalls"
    row = row_of(results.get(kind, {}).get("tables", {}).get(goal["workload"], []), goal["client"])
    if row is None or row.get("failed"):
        return None
    if goal["figure"] == "futex":
        return row["each"].get("futex", 0.0)
    return sum(row["each"].values())


def measured(results, goal):
    """The figure that the goal is about, None if it was not measured."""
    figure = goal["figure"]
    if figure in ("instructions", "syscalls", "futex"):
        return counted(results, goal)
    load = results.get("workloads", {}).get(goal["workload"], {})
    row = row_of(load.get("rows", []), goal["client"])
    if row is None or row.get("failed"):
        return None
    if figure == "wall":
        speed = row["speed"].get(goal["of"])
        return 1 / speed if speed else None
    return row[figure].get(goal["of"]) if "of" in goal else row.get(figure)


def reached(goal, figure):
    """Whether it is; None if there is no figure."""
    if figure is None:
        return None
    return figure >= goal["least"] if "least" in goal else figure <= goal["most"]


def described(goal):
    bound = f"at least {goal['least']}" if "least" in goal else f"at most {goal['most']}"
    base = f" of {'the ' if goal['of'] == 'floor' else ''}{goal['of']}'s" if "of" in goal else ""
    return f"{bound}{base}", WORDS[goal["figure"]]


def judged(results):
    """Each goal with its figure and whether it is reached."""
    found = [(goal, measured(results, goal)) for goal in read()]
    return [{**goal, "measured": figure, "reached": reached(goal, figure)}
            for goal, figure in found]
