#!/bin/sh
# The demo: builds everything, starts the demo server (http and https, a CA made on the spot), and lets a C, a Go and a
# Node program each fetch, post, download 256 MiB and fail on purpose. Ends with a line for each language.
set -eu
cd "$(dirname "$0")/.."
languages=$(scripts/need.sh demo)
scripts/build.sh
. scripts/env.sh
mkdir -p target/demo
for language in $languages; do
    case $language in
        c) cc -std=gnu11 -O2 -Wall -Wextra -o target/demo/c bindings/c/examples/demo.c \
               $(pkg-config --cflags --libs rq) ;;
        go) (cd bindings/go && go build -o ../../target/demo/go ./examples/demo) ;;
        node) build_node ;;
    esac
done
exec target/release/testd scripts/demo-run.sh "$languages"
