#!/bin/sh
# How much memory it takes to move bodies of 1 GiB: down, up from a stream, and decoded from a gzip of a thousandth. In C
# and in each language that is named: the peak of the resident memory beyond that of the idle program.
#
#   tests/budget/streams.sh LIB_DIR INCLUDE_DIR TESTD [go] [node]
#
# LIB_DIR holds a librq.so built in release mode. For go and node, their bindings find it as scripts/env.sh says.
set -eu
if [ "${RQ_STREAMS:-}" != inside ]; then
    testd=$(cd "$(dirname "$3")" && pwd)/$(basename "$3")
    RQ_STREAMS=inside exec "$testd" "$0" "$@"
fi
lib=$(cd "$1" && pwd)
include=$(cd "$2" && pwd)
shift 3
cd "$(dirname "$0")/../.."
folder=$PWD/target/budget
mkdir -p "$folder"
ln -sf "$lib/librq.so" "$folder/librq.so.0"
bytes=1073741824 budget_kib=8192 passed=0 failed=0

# judge LANGUAGE COMMAND…: it prints "WHAT KIB" for each of three streams
judge() {
    language=$1
    shift
    "$@" "$RQ_TEST_HTTP" $bytes > "$folder/streams" || failed_in "$language"
    for what in download upload bomb; do found "$language" $what; done
}

# judge_each LANGUAGE COMMAND…: it prints "WHAT KIB" for the one that it is told. The middle one of three processes is
# judged: when a garbage collector makes its heap larger is chance.
judge_each() {
    language=$1
    shift
    for what in download upload bomb; do
        for _ in 1 2 3; do
            "$@" $what "$RQ_TEST_HTTP" $bytes || failed_in "$language" >&2
        done > "$folder/three"
        sort -k 2n "$folder/three" | sed -n 2p > "$folder/streams"
        found "$language" $what
    done
}

failed_in() { echo "$1: a stream failed"; failed=$((failed + 1)); }

# found LANGUAGE WHAT: holds its figure to the budget
found() {
    kib=$(awk -v what="$2" '$1 == what { print $2 }' "$folder/streams")
    if awk -v kib="$kib" -v budget=$budget_kib 'BEGIN { exit !(kib ~ /^-?[0-9]+$/ && kib + 0 <= budget) }'; then
        passed=$((passed + 1)) verdict=ok
    else
        failed=$((failed + 1)) verdict=FAILED
    fi
    printf '%-48s %8s  (budget %s) %s\n' "$1: KiB at the peak of 1 GiB, $2" "${kib:-none}" $budget_kib $verdict
}

cc -std=gnu11 -O2 -Wall -Wextra -Werror -I"$include" -o "$folder/stream" tests/budget/stream.c \
    "$folder/librq.so.0" -Wl,-rpath,"$folder"
judge c "$folder/stream"
for language in "$@"; do
    case $language in
        go)
            (cd tests/budget/stream_go && go build -o "$folder/stream_go" .)
            judge go "$folder/stream_go" ;;
        node) judge_each node node tests/budget/stream.mjs ;;
    esac
done
printf '%s passed, %s failed\n' $passed $failed
[ $failed = 0 ]
