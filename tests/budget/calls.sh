#!/bin/sh
# The system calls of a warm request, by strace: what it sends and receives, and whatever else it asks of the kernel.
. tests/budget/measure.sh
ca=$RQ_TEST_CA_FILE

# Answers of some bytes leave the server in one piece: whether a second one needs a second recv would be chance.
get=$(each 100 1100 calls warm get "$RQ_TEST_HTTP/sha256/100" N)
get_tls=$(each 100 1100 calls warm get "$RQ_TEST_HTTPS/sha256/100" N "$ca")
post=$(each 100 1100 calls warm post "$RQ_TEST_HTTP/sink" N)
post_tls=$(each 100 1100 calls warm post "$RQ_TEST_HTTPS/sink" N "$ca")
# One of 64 KiB is read when all of it has arrived (gate.h), for which `warm whole` makes three system calls of its own.
whole=$(each 20 320 calls warm whole "$RQ_TEST_HTTP/bytes/65536" N)
whole_tls=$(each 20 320 calls warm whole "$RQ_TEST_HTTPS/bytes/65536" N "$ca")
# To a tenth: the few that are read before the length of an answer is known are chance.
without_own() { awk -v found="$1" 'BEGIN { if (found > 3) printf "%.1f", found - 3 }'; }

# One that is sent and answered. A look at the kept connection comes before only where it has rested, which it does here
# when another process has the CPU: now and then. What must not be sent twice looks always.
check "a warm GET" "$get" 2.2
check "a warm GET over TLS" "$get_tls" 2.2
check "a warm POST of 1 KiB" "$post" 3
# Head and body leave together, in one record.
check "a warm POST of 1 KiB over TLS" "$post_tls" 3
# The head, with what comes behind it, and the rest.
check "a warm GET of 64 KiB" "$(without_own "$whole")" 3.2
check "a warm GET of 64 KiB over TLS" "$(without_own "$whole_tls")" 3.2
truncate -s 16777216 "$folder/16MiB"
# A piece of 256 KiB is read, sent, and an answer looked for; now and then the socket is full.
check "an upload of 16 MiB from a file" "$(each 1 4 calls bulk "$folder/16MiB" "$RQ_TEST_HTTP/sink" N)" 320
rm -f "$folder/16MiB"
close
