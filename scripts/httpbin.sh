#!/bin/sh
# Installs httpbin and gunicorn, against which librq is tested, into target/httpbin: a Python environment of its own.
set -eu
cd "$(dirname "$0")/.."
folder=target/httpbin
[ ! -e "$folder/ready" ] || exit 0
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check httpbin==0.10.4 gunicorn==27.0.1 >&2
touch "$folder/ready"
