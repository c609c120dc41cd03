#!/bin/sh
# The user instructions of a warm request and of preparing one, by callgrind; and that a request costs the same beside
# many pooled hosts and connections.
. tests/budget/measure.sh
ca=$RQ_TEST_CA_FILE
get=$RQ_TEST_HTTP/sha256/100

check "a warm GET" "$(each 50 250 instructions warm get "$get" N)" 6300
# Of what a server sends again and again the head is read once.
check "a warm GET of the same" "$(each 50 250 instructions warm get "$RQ_TEST_HTTP/same/100" N)" 5100
check "a warm GET over TLS" "$(each 50 250 instructions warm get "$RQ_TEST_HTTPS/sha256/100" N "$ca")" 10900
check "a warm POST of 1 KiB" "$(each 50 250 instructions warm post "$RQ_TEST_HTTP/sink" N)" 6600
check "a warm POST of 1 KiB over TLS" "$(each 50 250 instructions warm post "$RQ_TEST_HTTPS/sink" N "$ca")" 13500
# Read when all of it has arrived: how many reads it takes would be chance. A trace hook, which that needs, is included.
check "a warm GET of 64 KiB" "$(each 20 720 instructions warm whole "$RQ_TEST_HTTP/bytes/65536" N)" 27600
check "a warm GET of 64 KiB over TLS" \
    "$(each 20 120 instructions warm whole "$RQ_TEST_HTTPS/bytes/65536" N "$ca")" 457000
check "preparing a GET" "$(each 50 250 instructions prepare get N)" 3900
check "preparing a large POST" "$(each 50 250 instructions prepare post N)" 25000

# ratio OF TO: of two costs; nothing if one of them is none
ratio() { awk -v of="$1" -v to="$2" 'BEGIN { if (of > 0 && to > 0) printf "%.3f", of / to }'; }

# beside HOW MANY: what a warm GET costs while MANY connections are pooled
beside() { each 100 4100 instructions pool "$1" "$get" "$2" N; }

# The only idle connection is found with less: the second one is where looking begins.
many=$(beside hosts 1000)
check "a warm GET beside 1,000 pooled hosts" "$many" 7150
check "a warm GET beside 1,000 pooled hosts, relative to two" "$(ratio "$many" "$(beside hosts 2)")" 1.02
check "a warm GET beside 500 idle connections, relative to two" "$(ratio "$(beside same 500)" "$(beside same 2)")" 1.02
check "more for a GET in turn to two hosts with 500 connections each" \
    "$(awk -v many="$(beside two 1000)" -v few="$(beside two 2)" \
        'BEGIN { if (few > 0 && many > 0) printf "%.2f", many - few }')" 60
close
