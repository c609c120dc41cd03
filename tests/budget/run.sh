#!/bin/sh
# What a warm GET and preparing a request cost through the C API, in counts: system calls (strace), user instructions
# (callgrind); that descriptors and memory stay flat, and that a multipart body of 500 MB is streamed. Costs are differences of two run lengths, so start-up does not count. A figure that
# cannot be had is a failure, and so is one that says a request is free.
#
#   tests/budget/run.sh LIB_DIR INCLUDE_DIR TESTD
#
# LIB_DIR holds a librq.so built in release mode: budgets are for that.
set -eu
lib=$(cd "$1" && pwd)
include=$(cd "$2" && pwd)
testd=$(cd "$(dirname "$3")" && pwd)/$(basename "$3")
cd "$(dirname "$0")/../.."
if [ "${4:-}" != inside ]; then
    exec "$testd" tests/budget/run.sh "$lib" "$include" "$testd" inside
fi
folder=$PWD/target/budget
mkdir -p "$folder"
# Linked by its path, found by its SONAME: the library that is measured is the one that was given.
ln -sf "$lib/librq.so" "$folder/librq.so.0"
cc -std=gnu11 -O2 -Wall -Wextra -Werror -I"$include" -o "$folder/warm_get" tests/budget/warm_get.c \
    "$folder/librq.so.0" -Wl,-rpath,"$folder"
cc -std=gnu11 -O2 -Wall -Wextra -Werror -I"$include" -o "$folder/prepare" tests/budget/prepare.c \
    "$folder/librq.so.0" -Wl,-rpath,"$folder"
cc -std=gnu11 -O2 -Wall -Wextra -Werror -I"$include" -o "$folder/multipart" tests/budget/multipart.c \
    "$folder/librq.so.0" -Wl,-rpath,"$folder"
# An answer of 64 bytes that leaves the server in one piece: whether a second one needs a second recv is chance.
http=$RQ_TEST_HTTP/sha256/100
https=$RQ_TEST_HTTPS/sha256/100
passed=0 failed=0

# check WHAT FOUND BUDGET: FOUND must be a number, and BUDGET at most
check() {
    if awk -v found="$2" -v budget="$3" \
        'BEGIN { exit !(found ~ /^-?[0-9]+(\.[0-9]+)?$/ && found + 0 <= budget + 0) }'; then
        passed=$((passed + 1)) verdict=ok
    else
        failed=$((failed + 1)) verdict=FAILED
    fi
    printf '%-48s %8s  (budget %s) %s\n' "$1" "${2:-none}" "$3" $verdict
}

# calls URL N [CA_FILE]: the system calls of N requests
calls() {
    strace -f -o "$folder/strace" "$folder/warm_get" "$@" && wc -l < "$folder/strace"
}

# instructions URL N [CA_FILE]: the user instructions of N requests
instructions() {
    valgrind --quiet --tool=callgrind --callgrind-out-file="$folder/callgrind.out" \
        "$folder/${program:-warm_get}" "$@" && awk '/^totals:/ { print $2 }' "$folder/callgrind.out"
}

# each WHAT FEW MANY URL [CA_FILE]: (cost of MANY - cost of FEW) / (MANY - FEW); nothing if that is nonsense
each() {
    what=$1 few=$2 many=$3 url=$4
    shift 4
    less=$($what "$url" "$few" "$@") && more=$($what "$url" "$many" "$@") || return 0
    awk -v less="$less" -v more="$more" -v count=$((many - few)) \
        'BEGIN { if (more > less) printf "%.2f", (more - less) / count }'
}

# flat WHERE URL [CA_FILE]: what 10,000 requests leave behind
flat() {
    where=$1 url=$2
    shift 2
    left=$("$folder/warm_get" --flat "$url" 10000 "$@") || left=
    check "descriptors more after 10,000 requests$where" "${left% *}" 0
    check "KiB more after 10,000 requests$where" "${left#* }" 256
}

check "system calls of a warm GET" "$(each calls 100 1100 "$http")" 3
check "system calls of a warm GET over TLS" "$(each calls 100 1100 "$https" "$RQ_TEST_CA_FILE")" 3
check "user instructions of a warm GET" "$(each instructions 50 250 "$http")" 12700
check "user instructions of a warm GET over TLS" \
    "$(each instructions 50 250 "$https" "$RQ_TEST_CA_FILE")" 20000
program=prepare
check "user instructions of preparing a GET" "$(each instructions 50 250 get)" 3900
check "user instructions of preparing a large POST" "$(each instructions 50 250 post)" 22000
program=
flat "" "$http"
flat " over TLS" "$https" "$RQ_TEST_CA_FILE"
truncate -s 100000000 "$folder/100MB"
check "KiB at the peak of a multipart upload of 5 x 100 MB" \
    "$("$folder/multipart" "$RQ_TEST_HTTP/upload" "$folder/100MB")" 4096
rm -f "$folder/100MB"
printf '%s passed, %s failed\n' $passed $failed
[ $failed = 0 ]
