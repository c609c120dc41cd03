#!/bin/sh
# What a warm GET costs through the C API, in counts: system calls (strace), user instructions (callgrind), and that
# descriptors and memory stay flat. Costs are differences of two run lengths, so start-up does not count.
#
#   tests/budget/run.sh LIB_DIR INCLUDE_DIR TESTD
set -eu
cd "$(dirname "$0")/../.."
lib=$1 include=$2 testd=$3
if [ "${4:-}" != inside ]; then
    exec "$testd" "$0" "$@" inside
fi
folder=target/budget
mkdir -p $folder
ln -sf "$PWD/$lib/librq.so" $folder/librq.so.0
cc -std=gnu11 -O2 -Wall -Wextra -I"$include" -o $folder/warm_get tests/budget/warm_get.c \
    $folder/librq.so.0 -Wl,-rpath,"$PWD/$folder"
http=$RQ_TEST_HTTP/bytes/100
https=$RQ_TEST_HTTPS/bytes/100
passed=0 failed=0

# check WHAT FOUND BUDGET
check() {
    if awk -v found="$2" -v budget="$3" 'BEGIN { exit !(found <= budget) }'; then
        passed=$((passed + 1)); verdict=ok
    else
        failed=$((failed + 1)); verdict=OVER
    fi
    printf '%-46s %10s  (budget %s) %s\n' "$1" "$2" "$3" $verdict
}

# calls N ARGS…: the system calls of N requests
calls() {
    strace -f -o $folder/strace $folder/warm_get "$@"
    wc -l < $folder/strace
}

# instructions N ARGS…: the user instructions of N requests
instructions() {
    valgrind --tool=callgrind --callgrind-out-file=$folder/callgrind.out $folder/warm_get "$@" \
        2> $folder/callgrind.log
    awk '/^(summary|totals):/ { n = $2 } END { print n }' $folder/callgrind.out
}

# each WHAT FEW MANY URL [CA_FILE]: (cost of MANY - cost of FEW) / (MANY - FEW)
each() {
    what=$1 few=$2 many=$3 url=$4
    shift 4
    less=$($what "$url" "$few" "$@")
    more=$($what "$url" "$many" "$@")
    awk -v a="$less" -v b="$more" -v n=$((many - few)) 'BEGIN { printf "%.2f", (b - a) / n }'
}

check "system calls of a warm GET" "$(each calls 100 1100 "$http")" 3
check "system calls of a warm GET over TLS" \
    "$(each calls 100 1100 "$https" "$RQ_TEST_CA_FILE")" 3
check "user instructions of a warm GET" "$(each instructions 50 250 "$http")" 12000
check "user instructions of a warm GET over TLS" \
    "$(each instructions 50 250 "$https" "$RQ_TEST_CA_FILE")" 30000
# shellcheck disable=SC2046
set -- $($folder/warm_get --flat "$http" 10000)
check "descriptors more after 10,000 requests" "$1" 0
check "KiB more after 10,000 requests" "$2" 256
# shellcheck disable=SC2046
set -- $($folder/warm_get --flat "$https" 10000 "$RQ_TEST_CA_FILE")
check "descriptors more after 10,000 over TLS" "$1" 0
check "KiB more after 10,000 requests over TLS" "$2" 256
printf '%s passed, %s failed\n' $passed $failed
[ $failed = 0 ]
