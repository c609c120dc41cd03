#!/bin/sh
# The blocks and bytes that a warm request asks of the allocator, as counting.so counts them.
. tests/budget/measure.sh
ca=$RQ_TEST_CA_FILE

# asks WHAT BLOCKS BYTES WORD…: what one of the program's requests asks for, held to these budgets
asks() {
    asker=$1 blocks=$2 bytes=$3
    shift 3
    check "blocks for $asker" "$(each 100 1100 counted allocations "$@")" "$blocks"
    check "bytes for $asker" "$(each 100 1100 counted allocated "$@")" "$bytes"
}

asks "a warm GET" 4 1150 warm get "$RQ_TEST_HTTP/sha256/100" N
asks "a warm GET over TLS" 4 1150 warm get "$RQ_TEST_HTTPS/sha256/100" N "$ca"
asks "a warm POST of 1 KiB" 4 1150 warm post "$RQ_TEST_HTTP/sink" N
asks "a warm POST of 1 KiB over TLS" 4 1150 warm post "$RQ_TEST_HTTPS/sink" N "$ca"
close
