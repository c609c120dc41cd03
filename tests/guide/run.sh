#!/bin/sh
# Runs the code of docs/from-requests.md: Python's with Requests, and in C and each language that is named, against testd;
# and compares docs/differences.md with the cases of tests/conformance. Needs a release build.
#
#   tests/guide/run.sh install            a Python environment of its own with Requests, target/guide/python
#   tests/guide/run.sh [c] [go] [node]
set -eu
cd "$(dirname "$0")/../.."
folder=target/guide
if [ "${1:-}" = install ]; then
    [ ! -e $folder/python/ready-1 ] || exit 0
    python3 -m venv $folder/python
    $folder/python/bin/pip install --quiet --disable-pip-version-check requests==2.34.2 PySocks==1.7.1 >&2
    touch $folder/python/ready-1
    exit
fi
. scripts/env.sh
case " $* " in *" node "*) build_node ;; esac
PYTHONDONTWRITEBYTECODE=1 exec target/release/testd $folder/python/bin/python tests/guide/guide.py $folder "$@"
