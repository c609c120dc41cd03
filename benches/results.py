"""The file of results: each part says which run it is of; a run replaces what it has measured."""

import json
import os
import platform
import re
import subprocess
import time

from places import CLIENTS, ROOT, WORK

SIGNIFICANT_DIGITS = 4


def read(path):
    return json.loads(path.read_text()) if path.exists() else {"runs": {}, "workloads": {}}


def write(path, results):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(rounded(results), indent=1)
    # A row on a line of its own: what a run has changed is then seen in a diff.
    text = re.sub(r"\{\s+\"(client|many)\"[^{}]*(?:\{[^{}]*\}[^{}]*)*\}",
                  lambda row: re.sub(r"\s*\n\s*", " ", row[0]), text)
    fresh = path.with_suffix(".new")
    fresh.write_text(text + "\n")
    fresh.replace(path)


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return value


def merged(old, run, new):
    """`old` with the parts of `new`, which are of `run`; runs that nothing is of are dropped."""
    results = {**old, "workloads": dict(old.get("workloads", {}))}
    for part, content in new.items():
        if part == "workloads":
            for key, load in content.items():
                results["workloads"][key] = {"run": run["date"], **load}
        elif part == "size":
            # The time of a build is measured seldom: it stays.
            fresh = {name: {"run": run["date"], **one} for name, one in content.items()}
            results["size"] = {**results.get("size", {}), **fresh}
        else:
            results[part] = {"run": run["date"], **content}
    runs = {**old.get("runs", {}), run["date"]: run}
    results["runs"] = {date: runs[date] for date in sorted(used(results)) if date in runs}
    return results


def used(results):
    """The runs that something is still of."""
    parts = list(results.get("workloads", {}).values()) + list(results.get("size", {}).values())
    parts += [results[part] for part in ("instructions", "syscalls", "check", "growth")
              if part in results]
    return {part["run"] for part in parts}


def said(*command):
    """What a program prints; None if it is not there, or fails."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
    try:
        done = subprocess.run([str(word) for word in command], text=True, check=False,
                              env={**os.environ, "PATH": path}, cwd=ROOT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def version_of(*command):
    version = re.search(r"\d+(?:\.\d+)+", said(*command) or "")
    return version[0] if version else None


def pinned_versions():
    found = {}
    cargo = (CLIENTS / "rust" / "Cargo.toml").read_text()
    for name in ("reqwest", "ureq"):
        found[name] = re.search(rf'{name} = {{ version = "=([^"]+)"', cargo)[1]
    wanted = (CLIENTS / "python" / "requirements.txt").read_text()
    for name in ("requests", "pycurl"):
        found[name] = re.search(rf"(?m)^{name}==(.+)$", wanted)[1]
    lock = json.loads((CLIENTS / "node" / "package-lock.json").read_text())
    found["undici"] = lock["packages"]["node_modules/undici"]["version"]
    return found


def versions():
    workspace = (ROOT / "Cargo.toml").read_text()
    found = {
        "librq": re.search(r'(?m)^version = "(.+)"', workspace)[1],
        "libcurl": version_of("pkg-config", "--modversion", "libcurl"),
        "OpenSSL": version_of("pkg-config", "--modversion", "openssl"),
        "zlib": version_of("pkg-config", "--modversion", "zlib"),
        "nginx": version_of("nginx", "-v"),
        "cc": version_of("cc", "--version"),
        "rustc": version_of("rustc", "--version"),
        "Go": version_of("go", "env", "GOVERSION"),
        "Node": version_of("node", "--version"),
        "Python": version_of(WORK / "python" / "bin" / "python", "--version"),
        "libcurl of pycurl": version_of(WORK / "python" / "bin" / "python", "-c",
                               "import pycurl; print(pycurl.version.split()[1])"),
        **pinned_versions(),
    }
    return {name: version for name, version in found.items() if version}


def distribution():
    try:
        with open("/etc/os-release") as release:
            return re.search(r'(?m)^PRETTY_NAME="?([^"\n]+)', release.read())[1]
    except OSError:
        return platform.system()


def machine():
    try:
        with open("/proc/cpuinfo") as cpuinfo:
            cpu = re.search(r"model name\s*:\s*(.+)", cpuinfo.read())
    except OSError:
        cpu = None
    with open("/proc/meminfo") as memory:
        kib = int(re.search(r"MemTotal:\s+(\d+)", memory.read())[1])
    return {
        "cpu": cpu[1].strip() if cpu else platform.machine(),
        "cpus": os.cpu_count(),
        "memory_gib": round(kib / (1 << 20)),
        "kernel": re.match(r"[\d.]+", platform.release())[0].rstrip("."),
        "system": distribution(),
    }


def this_run(command, quick):
    return {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "command": command,
        "revision": (said("git", "rev-parse", "--short", "HEAD") or "unknown").strip(),
        "load_before": round(os.getloadavg()[0], 1),
        "quick": quick,
        "machine": machine(),
        "versions": versions(),
    }
