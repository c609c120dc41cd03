"""nginx with one worker, and the sink twice, on ports of 127.0.0.1 that were free."""

import os
import random
import socket
import subprocess
import time

from places import HERE, WORK

NAMES = ("http", "https", "fresh", "sink", "sinks")
NGINX_PLACES = ("/usr/sbin", "/usr/local/sbin")
STARTING_SECONDS = 10
PORTS = range(20000, 32000)


def free_ports(count):
    """Ports that were free, from below those that the kernel gives to connections that go out."""
    found = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise SystemExit("there are no free ports")


class Servers:
    """A context: `ports` by name. `cpu` pins all of them to one CPU; `log` is nginx's."""

    def __init__(self, folder, cpu=None, log="off"):
        self.folder, self.cpu, self.log = folder, cpu, log
        self.processes, self.ports = [], {}

    def __enter__(self):
        self.ports = dict(zip(NAMES, free_ports(len(NAMES))))
        configuration = WORK / "nginx.conf"
        configuration.write_text(self.configuration())
        nginx_log = str(WORK / "nginx-error.log")
        leaf = (str(WORK / "leaf.pem"), str(WORK / "leaf.key"))
        self.start("nginx", "-p", str(WORK), "-c", str(configuration), "-e", nginx_log)
        self.start(str(WORK / "sink"), str(self.ports["sink"]))
        self.start(str(WORK / "sink"), str(self.ports["sinks"]), *leaf)
        try:
            for name in NAMES:
                self.wait_for(name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            process.wait()

    def configuration(self):
        text = (HERE / "server" / "nginx.conf.in").read_text()
        filled = {"WORK": WORK, "SITE": self.folder, "LOG": self.log,
                  **{name.upper(): port for name, port in self.ports.items()}}
        for name, value in filled.items():
            text = text.replace(f"@{name}@", str(value))
        # As root nginx would give its worker away to a user who may not read the folder.
        return ("user root;\n" if os.getuid() == 0 else "") + text

    def start(self, *command):
        path = os.pathsep.join((os.environ.get("PATH", ""), *NGINX_PLACES))
        with pinned(self.cpu):
            self.processes.append(subprocess.Popen(command, env={**os.environ, "PATH": path}))

    def wait_for(self, name):
        until = time.monotonic() + STARTING_SECONDS
        while True:
            if any(process.poll() is not None for process in self.processes):
                raise SystemExit("a server ended: target/bench/nginx-error.log may say why")
            try:
                socket.create_connection(("127.0.0.1", self.ports[name])).close()
                return
            except OSError:
                if time.monotonic() > until:
                    raise SystemExit(f"the server {name} does not listen") from None
                time.sleep(0.02)


class pinned:
    """While it is entered, what this process starts is bound to that CPU; None: to none."""

    def __init__(self, cpu):
        self.cpu = cpu

    def __enter__(self):
        self.before = os.sched_getaffinity(0)
        if self.cpu is not None:
            os.sched_setaffinity(0, {self.cpu})

    def __exit__(self, *_):
        os.sched_setaffinity(0, self.before)


def last_cpu():
    return max(os.sched_getaffinity(0))
