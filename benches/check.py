"""Do the clients do what their rows say? nginx's log tells connections and resumed sessions."""

import subprocess

import measure
import peers
from places import WORK
from servers import Servers
from workloads import LOADS

CASES = (("W1", 40), ("W2", 40), ("W3s", 80), ("W6", 20), ("W6r", 20), ("W8s", 50),
         ("W9", 2))


def lines_of(client, load, count, folder):
    """What nginx noted of each request: protocol, suite, r or ., connection, bytes of the body."""
    log = WORK / "check.log"
    log.unlink(missing_ok=True)
    with Servers(folder, log=f"{log} check") as servers:
        command = measure.command_of(client, load, count, servers.ports, folder)
        done = subprocess.run(command, env=peers.environment_of(client, WORK / load.ca),
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if done.returncode != 0 or not log.exists():
        raise measure.Failed(f"exit {done.returncode}")
    return [line.split() for line in log.read_text().splitlines()]


def observed(lines):
    first = {}
    for protocol, suite, resumed, connection, _ in lines:
        first.setdefault(connection, (resumed, f"{protocol} {suite}"))
    return {
        "requests": len(lines),
        "connections": len(first),
        # Of W9: those of the gzip, if it was asked for.
        "bytes": sum(int(line[-1]) for line in lines),
        "resumed": sum(resumed == "r" for resumed, _ in first.values()),
        "suites": sorted({suite for _, suite in first.values()}),
    }


def run(available, folder, say):
    made = {}
    for key, count in CASES:
        made[key] = []
        for client in LOADS[key].clients:
            if client not in available or client == "floor-b":
                continue
            try:
                row = observed(lines_of(client, LOADS[key], count, folder))
            except measure.Failed as failure:
                row = {"failed": True}
                say(f"{key} {client}: {failure}")
            made[key].append({"client": client, **row})
            say(f"{key} {client}: {row}")
    return made
