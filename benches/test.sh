#!/bin/sh
# The runner's own tests, and every mode of the clients in C (bare sockets, libcurl, librq) with tiny counts, against the
# servers of the benchmarks. Needs a release build. Measures nothing: that is `make bench`.
set -eu
cd "$(dirname "$0")/.."
. scripts/env.sh
PYTHONDONTWRITEBYTECODE=1 exec python3 benches/test_bench.py
