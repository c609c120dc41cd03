"""The clients that are measured: how each is started, and how much of a workload it gets."""

import os
from dataclasses import dataclass, field

from places import CLIENTS, WORK


@dataclass(frozen=True)
class Client:
    command: tuple
    environment: dict = field(default_factory=dict)
    # A slow client runs a smaller part of a workload of many requests: 1/slowness.
    slowness: int = 1
    needs: str = "c"


def in_c(name):
    return Client((str(WORK / name),))


def in_rust(name, slowness):
    return Client((str(WORK / "rust" / "release" / name),), {}, slowness)


def in_go(api):
    # As on the whole machine: bound to one CPU, Go would run with one thread of Go code, which no
    # program of its users does.
    threads = str(max(os.cpu_count() or 1, 2))
    return Client((str(WORK / "go-client"),), {"BENCH_API": api, "GOMAXPROCS": threads}, 2, "go")


def in_node(api, slowness):
    command = ("node", "--expose-gc", str(CLIENTS / "node" / "client.mjs"))
    modules = str(WORK / "node" / "node_modules")
    return Client(command, {"BENCH_API": api, "BENCH_MODULES": modules}, slowness, "node")


def in_python(api, slowness):
    command = (str(WORK / "python" / "bin" / "python"), str(CLIENTS / "python" / "client.py"))
    return Client(command, {"BENCH_API": api}, slowness)


# floor-b is the floor once more: how far its ratios are from 1 is the noise of a run.
ALL = {
    "floor": in_c("floor"),
    "floor-b": in_c("floor"),
    "librq": in_c("librq"),
    "curl": in_c("curl"),
    "ureq": in_rust("ureq", 1),
    "reqwest": in_rust("reqwest", 2),
    "librq-go": in_go("librq"),
    "go": in_go("net/http"),
    "librq-node": in_node("librq", 4),
    "librq-fetch": in_node("librq-fetch", 8),
    "undici": in_node("undici", 4),
    "fetch": in_node("fetch", 8),
    "requests": in_python("requests", 16),
    "pycurl": in_python("pycurl", 4),
}

TITLES = {
    "floor": "floor (bare sockets, OpenSSL)",
    "floor-b": "the floor again: noise",
    "librq": "librq",
    "curl": "libcurl",
    "ureq": "ureq",
    "reqwest": "reqwest, blocking",
    "librq-go": "librq in Go",
    "go": "Go net/http",
    "librq-node": "librq in Node",
    "librq-fetch": "librq's fetch in Node",
    "undici": "undici.request",
    "fetch": "Node's fetch",
    "requests": "Requests",
    "pycurl": "pycurl",
}

# What ratios are formed to, where it has run in the same rounds.
BASES = ("floor", "curl", "ureq", "reqwest", "go", "undici", "requests", "pycurl")

HIDDEN = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE",
          "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUEST_METHOD",
          "NODE_EXTRA_CA_CERTS", "NODE_OPTIONS", "BENCH_WARM", "BENCH_CA")


def environment_of(name, ca, warm=None):
    """What a client sees: nothing of this machine's proxies, roots and passwords."""
    hidden = {variable.lower() for variable in HIDDEN}
    seen = {key: value for key, value in os.environ.items() if key.lower() not in hidden}
    seen.update(ALL[name].environment, NETRC="/dev/null", BENCH_CA=str(ca))
    if warm:
        seen["BENCH_WARM"] = warm
    if name == "fetch":
        seen["NODE_EXTRA_CA_CERTS"] = str(ca)
    return seen


def available(languages):
    """The names of the clients that can be built here."""
    return [name for name, client in ALL.items() if client.needs in languages]
