"""Runs the clients in paired rounds and makes figures of them.

A round runs every client once, in turn. A ratio is formed inside its round, and the median over the
rounds is what counts: what slows the machine for a while slows all of a round.
"""

import os
import re
import resource
import statistics
import sys
import time

import peers
from places import WORK
from servers import pinned

UNIT_BYTES = {"GiB": 1 << 30, "MB": 10 ** 6}
FIGURE = re.compile(r"(\w+)=([\d.-]+)")


class Failed(Exception):
    """What a client did that makes its figures void."""


def command_of(client, load, count, ports, folder):
    files = [str(folder / name) for name in load.files]
    return [*peers.ALL[client].command, load.mode, load.url(ports), str(count), str(load.threads),
            *files]


def warm_url(load, ports):
    """What is fetched before the clock starts: from the server that the workload goes to."""
    return None if load.cold else load.url(ports).rsplit("/", 1)[0] + "/100"


def run(client, load, ports, folder, cpu=None):
    """One run: a dictionary of figures. Raises Failed if it did not do what it was to do."""
    count = load.count_for(client)
    command = command_of(client, load, count, ports, folder)
    environment = peers.environment_of(client, WORK / load.ca, warm_url(load, ports))
    code, out, outside = spawn(command, environment, cpu)
    if code != 0:
        raise Failed(f"exit {code}")
    figures = {name: float(value) for name, value in FIGURE.findall(out)}
    least, most = load.bytes_of(count, folder)
    if not least <= figures.get("bytes", -1) <= most:
        raise Failed(f"{figures.get('bytes', 'no')} bytes, not {least}")
    if load.cold:
        figures.update(outside)
    return figures


def spawn(command, environment, cpu=None):
    """Runs it, and tells its exit status, what it printed, and its time as seen from outside."""
    reading, writing = os.pipe()
    actions = [(os.POSIX_SPAWN_DUP2, writing, 1), (os.POSIX_SPAWN_CLOSE, reading)]
    with pinned(cpu):
        began = time.perf_counter()
        pid = os.posix_spawnp(command[0], command, environment, file_actions=actions)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        out = pipe.read()
    _, status, usage = os.wait4(pid, 0)
    outside = {"wall": time.perf_counter() - began, "user": usage.ru_utime, "sys": usage.ru_stime}
    return os.waitstatus_to_exitcode(status), out, outside


def rounds(load, clients, ports, folder, counted, uncounted=1, cpu=None):
    """The figures of each counted round by client: None where it failed."""
    runs = {client: [] for client in clients}
    for at in range(uncounted + counted):
        for client in clients:
            try:
                figures = run(client, load, ports, folder, cpu)
            except Failed as failure:
                print(f"  {client}: {failure}", file=sys.stderr, flush=True)
                figures = None
            if at >= uncounted:
                runs[client].append(figures)
    return runs


def units(load, figures):
    if load.unit in UNIT_BYTES:
        return figures["bytes"] / UNIT_BYTES[load.unit]
    return figures["n"]


def wall(load, figures):
    return figures["wall"] / units(load, figures)


def cpu_time(load, figures):
    return (figures["user"] + figures["sys"]) / units(load, figures)


def median_ratio(load, runs, base_runs, cost):
    """The median over the rounds of cost / cost of the base; None without a common round."""
    pairs = [(mine, base) for mine, base in zip(runs, base_runs) if mine and base]
    ratios = [cost(load, mine) / cost(load, base) for mine, base in pairs if cost(load, base)]
    return statistics.median(ratios) if ratios else None


def rows(load, runs):
    """A row of figures for each client; one whose every round failed says so."""
    made = []
    for client, figures in runs.items():
        good = [one for one in figures if one]
        if not good:
            made.append({"client": client, "failed": True})
            continue

        def median(of):
            return statistics.median(of(one) for one in good)

        row = {
            "client": client,
            "per_second": 1 / median(lambda one: wall(load, one)),
            "cpu_us": 1e6 * median(lambda one: cpu_time(load, one)),
            "user_us": 1e6 * median(lambda one: one["user"] / units(load, one)),
            "peak_mib": median(lambda one: one["peak_kib"] / 1024),
            "speed": {}, "cpu": {},
        }
        if load.mode == "idle":
            row["idle_kib"] = median(lambda one: one["idle_kib"])
        if len(good) < len(figures):
            row["rounds_failed"] = len(figures) - len(good)
        for base in (name for name in peers.BASES if name in runs):
            slower = median_ratio(load, figures, runs[base], wall)
            if slower is not None:
                row["speed"][base] = 1 / slower
                row["cpu"][base] = median_ratio(load, figures, runs[base], cpu_time)
        made.append(row)
    return made


def raise_descriptor_limit():
    """As many open files as there may be: thousands of connections are held."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
