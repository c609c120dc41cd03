#!/bin/sh
# Installs Twisted, whose proxy is a peer that speaks SOCKS4a, into target/twisted: a Python environment of its own.
set -eu
cd "$(dirname "$0")/.."
folder=target/twisted
[ ! -e "$folder/ready" ] || exit 0
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check twisted==25.5.0 >&2
touch "$folder/ready"
