"""Runs workloads, prints the ratios and the goals that are not reached, and keeps the results.

Without a workload: all of them but `build`. A run replaces only its own parts of the results. Those
of a quick run go to target/bench/quick, and those of a run with fewer clients are only printed.
"""

import argparse
import shlex
import signal
import sys

import build
import check
import counts
import data
import goals
import growth
import measure
import peers
import plots
import results
import size
import tables
from places import HERE, WORK
from servers import Servers, last_cpu
from workloads import LOADS

SITE = WORK / "site"
ROUNDS, QUICK_ROUNDS = 7, 2
PARTS = ("instr", "syscalls", "check", "growth", "size", "build")


def arguments():
    parser = argparse.ArgumentParser(prog="benches/run", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD",
                        help=" ".join((*LOADS, *PARTS)))
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--quick", action="store_true", help="smaller amounts, two rounds")
    parser.add_argument("--clients", help="only these, by commas: " + ",".join(peers.ALL))
    parser.add_argument("--redraw", action="store_true",
                        help="measure nothing: pages and plots anew from results.json")
    parser.add_argument("--languages", default="c go node", help=argparse.SUPPRESS)
    given = parser.parse_args()
    for name in given.workloads:
        if name not in LOADS and name not in PARTS:
            parser.error(f"there is no workload {name}")
    for name in (given.clients or "").split(","):
        if name and name not in peers.ALL:
            parser.error(f"there is no client {name}")
    given.workloads = given.workloads or [*LOADS, *(part for part in PARTS if part != "build")]
    given.rounds = given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS)
    return given


def say(text):
    print(text, file=sys.stderr, flush=True)


def command_of(given):
    """The command that does the same again."""
    words = ["make", "bench"]
    everything = [*LOADS, *(part for part in PARTS if part != "build")]
    if given.workloads != everything:
        words.append(f"WORKLOAD={shlex.quote(' '.join(given.workloads))}")
    if given.rounds != (QUICK_ROUNDS if given.quick else ROUNDS):
        words.append(f"ROUNDS={given.rounds}")
    if given.quick:
        words.append("QUICK=1")
    return " ".join(words)


def measured_load(key, given, available):
    load = LOADS[key].smaller() if given.quick else LOADS[key]
    clients = [name for name in load.clients if name in available]
    cpu = last_cpu() if load.pin else None
    say(f"{key}: {load.what}; {', '.join(clients)}")
    with Servers(SITE, cpu) as servers:
        runs = measure.rounds(load, clients, servers.ports, SITE, given.rounds, cpu=cpu)
    return {"what": load.what, "rounds": given.rounds, "pinned": load.pin,
            "rows": measure.rows(load, runs)}


def measured_growth(given):
    repeats = given.rounds
    with Servers(SITE, last_cpu()) as servers:
        costs = growth.costs(servers.ports, repeats, say)
    with Servers(SITE) as servers:
        return {"costs": costs, "threads": growth.threads(servers.ports, SITE, repeats, say)}


def measured(name, given, available):
    """The part of the results that is of this name."""
    if name in LOADS:
        return {"workloads": {name: measured_load(name, given, available)}}
    if name == "check":
        return {"check": {"tables": check.run(available, SITE, say)}}
    if name == "growth":
        return {"growth": measured_growth(given)}
    if name == "size":
        return {"size": {"library": size.library()}}
    if name == "build":
        return {"size": {"library": size.library(), "build": size.build()}}
    part, of = {"instr": ("instructions", counts.instructions),
                "syscalls": ("syscalls", counts.syscalls)}[name]
    with Servers(SITE) as servers:
        return {part: {"tables": of(available, servers.ports, SITE, say)}}


def keep(found, folder):
    """Writes the results, RESULTS.md and the plots; README.md too where the folder is benches."""
    results.write(folder / "results.json", found)
    found = results.read(folder / "results.json")
    tables.write(found, folder, LOADS)
    plots.write(found, folder / "plots", LOADS)


def show(found, names):
    rows = list(tables.ratio_rows(found.get("workloads", {}), names))
    if rows:
        print(tables.aligned(tables.HEAD, rows))
    parts = [{"instr": "instructions", "build": "size"}.get(name, name) for name in names]
    print("", *tables.sections(found, parts), sep="\n\n")
    judged = goals.judged(found)
    lines = list(tables.missed(judged))
    print(f"\n{sum(goal['reached'] is True for goal in judged)} goals reached, {len(lines)} not, "
          f"{sum(goal['reached'] is None for goal in judged)} not measured")
    print("\n".join(lines))


def main():
    given = arguments()
    if given.redraw:
        return keep(results.read(HERE / "results.json"), HERE)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    measure.raise_descriptor_limit()
    build.everything(given.languages.split())
    data.files(SITE)
    data.certificates()
    available = peers.available(given.languages.split())
    if given.clients:
        available = [name for name in available if name in given.clients.split(",")]
    folder = WORK / "quick" if given.quick else HERE
    run = results.this_run(command_of(given), given.quick)
    found = results.read(folder / "results.json")
    if given.clients:
        found = {"runs": {}, "workloads": {}}
    for name in given.workloads:
        found = results.merged(found, run, measured(name, given, available))
        if not given.clients:
            keep(found, folder)
    show(found, given.workloads)


if __name__ == "__main__":
    main()
