"""What is counted and not timed: user instructions (callgrind) and system calls (strace) a request.

A client runs twice, with few and with many requests; the difference is free of start-up. Such
counts hardly depend on what else the machine does.
"""

import re
import subprocess

import measure
import peers
from places import WORK
from workloads import LOADS

INSTRUCTIONS_OF = ("floor", "librq", "curl", "ureq", "reqwest", "requests", "pycurl")
CALLGRIND = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
STRACE = ("strace", "-f", "-c", "-o")
CALL = re.compile(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$")
# Fewer than this a request is what start-up happens to vary by.
NOTICED = 0.005


def execute(prefix, client, load, count, ports, folder):
    command = measure.command_of(client, load, count, ports, folder)
    environment = peers.environment_of(client, WORK / load.ca)
    done = subprocess.run([*prefix, *command], env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise measure.Failed(f"exit {done.returncode}: {done.stderr.strip()[-200:]}")
    return done.stderr


def instructions_of(client, load, count, ports, folder):
    told = execute(CALLGRIND, client, load, count, ports, folder)
    return {"instructions": int(re.search(r"Collected : (\d+)", told)[1])}


def calls_of(client, load, count, ports, folder):
    table = WORK / "strace"
    execute((*STRACE, str(table)), client, load, count, ports, folder)
    found = [CALL.match(line) for line in table.read_text().splitlines()]
    return {call[2]: int(call[1]) for call in found if call and call[2] != "total"}


def each(count_of, client, load, few, many, ports, folder):
    """By name: (of many - of few) / (many - few). The counts are those of each thread."""
    less, more = (count_of(client, load, count * load.threads, ports, folder)
                  for count in (few, many))
    requests = (many - few) * load.threads
    costs = {name: (count - less.get(name, 0)) / requests for name, count in more.items()}
    return {name: cost for name, cost in costs.items() if cost > NOTICED}


def table(count_of, loads, clients, few, many, ports, folder, say):
    """A list of rows for each workload: client, and the costs of a request by name."""
    made = {}
    for key in loads:
        made[key] = []
        for client in clients:
            if client not in LOADS[key].clients:
                continue
            try:
                costs = each(count_of, client, LOADS[key], few, many, ports, folder)
            except measure.Failed as failure:
                say(f"{key} {client}: {failure}")
                made[key].append({"client": client, "failed": True})
                continue
            say(f"{key} {client}: {sum(costs.values()):,.2f}")
            made[key].append({"client": client, "each": costs})
    return made


def instructions(available, ports, folder, say):
    clients = [client for client in INSTRUCTIONS_OF if client in available]
    return table(instructions_of, ("W1", "W2"), clients, 20, 220, ports, folder, say)


def syscalls(available, ports, folder, say):
    clients = [client for client in available if client != "floor-b"]
    return table(calls_of, ("W1", "W2", "W3"), clients, 100, 600, ports, folder, say)
