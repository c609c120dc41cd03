"""How the cost of a warm GET grows: with hosts in the pool, with idle connections, with threads."""

import re
import statistics
import subprocess
from dataclasses import replace

import counts
import measure
import peers
from places import WORK
from servers import last_cpu
from workloads import LOADS

HOSTS = (1, 10, 100, 1000, 10000)
IDLE = (1, 10, 100, 1000)
THREADS = (1, 2, 4, 8, 16, 32, 64)
REQUESTS = 20000
COUNTED_REQUESTS = 2000
COST_CLIENTS = {"hosts": ("librq", "floor", "curl"), "idle": ("librq", "floor")}
THREAD_CLIENTS = ("floor", "librq", "curl")


def once(client, kind, many, requests, ports, prefix=(), cpu=None):
    """The figures of one run, and what the tool before it said."""
    command = [*prefix, str(WORK / f"growth_{client}"), kind, str(many), str(requests),
               str(ports["http"])]
    environment = peers.environment_of("librq", WORK / "ca.pem")
    if prefix:
        done = subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        code, out, told = done.returncode, done.stdout, done.stderr
    else:
        (code, out, _), told = measure.spawn(command, environment, cpu), ""
    figures = {name: float(value) for name, value in measure.FIGURE.findall(out)}
    if code != 0 or figures.get("bytes") != 100 * requests:
        raise measure.Failed(f"{client}: exit {code}, {figures.get('bytes')} bytes {told[-200:]}")
    return figures, told


def cpu_us(run):
    return 1e6 * (run["user"] + run["sys"]) / REQUESTS


def cost_at(kind, many, ports, repeats):
    """CPU and user instructions of one request. callgrind counts in `measured` only."""
    runs = [{client: once(client, kind, many, REQUESTS, ports, cpu=last_cpu())[0]
             for client in COST_CLIENTS[kind]} for _ in range(repeats)]
    prefix = (*counts.CALLGRIND, "--toggle-collect=measured")
    _, told = once("librq", kind, many, max(COUNTED_REQUESTS, many), ports, prefix)
    collected = int(re.search(r"Collected : (\d+)", told)[1])
    cpu = {client: statistics.median(cpu_us(run[client]) for run in runs)
           for client in COST_CLIENTS[kind]}
    return {
        "many": many,
        "cpu_us": cpu,
        "user_us": statistics.median(1e6 * run["librq"]["user"] / REQUESTS for run in runs),
        # Of the same round each: the machine is not the same in all.
        "per_floor": statistics.median(cpu_us(run["librq"]) / cpu_us(run["floor"])
                                       for run in runs),
        "instructions": collected / max(COUNTED_REQUESTS, many),
    }


def costs(ports, repeats, say):
    """Needs servers that are pinned to the last CPU."""
    made = {}
    for kind, sizes in (("hosts", HOSTS), ("idle", IDLE)):
        made[kind] = []
        for many in sizes:
            try:
                made[kind].append(cost_at(kind, many, ports, repeats))
            except measure.Failed as failure:
                made[kind].append({"many": many, "failed": True})
                say(f"{kind} {many}: {failure}")
                continue
            say(f"{kind} {many}: {made[kind][-1]}")
    return made


def threads(ports, folder, repeats, say):
    """Requests a second, and CPU a request, on one session from so many threads."""
    made = []
    for many in THREADS:
        load = replace(LOADS["W3"], threads=many)
        clients = [name for name in THREAD_CLIENTS]
        runs = measure.rounds(load, clients, ports, folder, repeats)
        for row in measure.rows(load, runs):
            made.append({"many": many, **row})
        rates = {row["client"]: round(row.get("per_second", 0)) for row in made[-len(clients):]}
        say(f"threads {many}: {rates}")
    return made
