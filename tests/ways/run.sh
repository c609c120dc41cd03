#!/bin/sh
# Every way out of this machine, through real proxies to real servers: in C and in each language that is named; what is
# refused on the way, in Rust. Needs a release build of librq, testd and rig, what `scripts/need.sh proxies` asks for, and
# scripts/twisted.sh.
#
#   tests/ways/run.sh [go] [node]
set -eu
cd "$(dirname "$0")/../.."
folder=$PWD/target/ways
mkdir -p "$folder"
if [ "${RQ_WAYS:-}" != inside ]; then
    status=0
    RQ_WAYS=inside target/release/rig tests/ways/run.sh "$@" || status=$?
    for pid in $(cat "$folder/pids"); do
        ! kill -0 "$pid" 2>/dev/null || { echo "FAILED: peer $pid outlived rig"; status=1; }
    done
    exit $status
fi
echo "$RQ_WAY_PIDS" > "$folder/pids"
. scripts/env.sh
failed=0

# judge LANGUAGE COMMAND…
judge() {
    language=$1
    shift
    "$@" > "$folder/said" || failed=$((failed + 1))
    sed "s/^/$language: /" "$folder/said"
}

# shellcheck disable=SC2046  # flags are words
cc -std=c99 -O2 -Wall -Wextra -Werror -pedantic -o "$folder/ways" tests/ways/c/ways.c $(pkg-config --cflags --libs rq)
judge c "$folder/ways"
for language in "$@"; do
    case $language in
        c) ;; # always
        go)
            (cd tests/ways/go && go build -o "$folder/ways_go" .)
            judge go "$folder/ways_go" ;;
        node)
            build_node
            judge node node tests/ways/node/ways.mjs ;;
    esac
done
judge rust cargo test --workspace --locked --quiet --offline --test ways
[ $failed = 0 ]
