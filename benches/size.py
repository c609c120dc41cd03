"""How large librq.so is, and how long it takes to build it from nothing."""

import os
import shutil
import subprocess
import time

from places import LIBRARY, ROOT, WORK


def library():
    """Bytes of the library without symbols, and of what gzip makes of it."""
    stripped = WORK / "librq.stripped.so"
    subprocess.run(["strip", "-o", stripped, LIBRARY], check=True)
    packed = subprocess.run(["gzip", "-9", "-c", stripped], check=True, stdout=subprocess.PIPE)
    return {"bytes": stripped.stat().st_size, "gzip_bytes": len(packed.stdout)}


def build():
    """Seconds of the clock and of the CPU for a release build into an empty folder."""
    target = WORK / "clean"
    shutil.rmtree(target, ignore_errors=True)
    before, began = os.times(), time.monotonic()
    subprocess.run([ROOT / "scripts" / "build.sh", "-p", "rq-c"], check=True,
                   env={**os.environ, "CARGO_TARGET_DIR": str(target), "CARGO_NET_OFFLINE": "true"})
    wall, after = time.monotonic() - began, os.times()
    shutil.rmtree(target)
    spent = after.children_user + after.children_system
    spent -= before.children_user + before.children_system
    return {"wall_s": wall, "cpu_s": spent, "cpus": os.cpu_count()}
