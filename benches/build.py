"""Builds the clients and the sink below target/bench. librq and the Node addon are run's."""

import os
import shutil
import subprocess

from places import CLIENTS, HERE, LIBRARY, WORK

FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")
OPENSSL = ("-lssl", "-lcrypto")


def run(*command, **how):
    subprocess.run([str(word) for word in command], check=True, **how)


def stale(target, *sources):
    if not target.exists():
        return True
    return any(source.stat().st_mtime > target.stat().st_mtime for source in sources)


def compile_c(name, source, *libraries):
    target = WORK / name
    if stale(target, source, CLIENTS / "c" / "bench.h"):
        run("cc", *FLAGS, "-o", target, source, *libraries)


def in_c():
    WORK.mkdir(parents=True, exist_ok=True)
    (WORK / "tmp").mkdir(exist_ok=True)
    folder = CLIENTS / "c"
    rq = subprocess.run(["pkg-config", "--cflags", "--libs", "rq"], check=True, text=True,
                        stdout=subprocess.PIPE).stdout.split()
    compile_c("sink", HERE / "server" / "sink.c", *OPENSSL, "-lpthread")
    compile_c("floor", folder / "floor.c", *OPENSSL, "-lz", "-lpthread")
    compile_c("curl", folder / "curl.c", "-lcurl", "-lpthread")
    compile_c("librq", folder / "librq.c", *rq, "-lpthread")
    compile_c("growth_librq", folder / "growth.c", *rq)
    compile_c("growth_floor", folder / "growth_floor.c")
    compile_c("growth_curl", folder / "growth_curl.c", "-lcurl")


def in_rust():
    environment = {**os.environ, "CARGO_TARGET_DIR": str(WORK / "rust")}
    run("cargo", "build", "--release", "--locked", "--quiet", cwd=CLIENTS / "rust",
        env=environment)


def in_go():
    run("go", "build", "-o", WORK / "go-client", ".", cwd=CLIENTS / "go")


def in_node():
    """undici is installed below target: the tree stays as it is."""
    folder = WORK / "node"
    lock = CLIENTS / "node" / "package-lock.json"
    if not stale(folder / "node_modules" / ".package-lock.json", lock):
        return
    folder.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(CLIENTS / "node" / name, folder)
    run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error",
        cwd=folder, stdout=subprocess.DEVNULL)


def in_python():
    folder, wanted = WORK / "python", CLIENTS / "python" / "requirements.txt"
    ready = folder / "ready"
    if not stale(ready, wanted):
        return
    run("python3", "-m", "venv", folder)
    run(folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted)
    ready.touch()


def everything(languages):
    if not LIBRARY.exists():
        raise SystemExit("there is no librq.so: run scripts/build.sh")
    in_c()
    in_rust()
    in_python()
    if "go" in languages:
        in_go()
    if "node" in languages:
        in_node()
