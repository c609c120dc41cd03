#!/bin/sh
# What librq holds: idle connections, by the heap; descriptors and memory that stay flat; that a multipart body of 500 MB
# is streamed.
. tests/budget/measure.sh
ca=$RQ_TEST_CA_FILE

# idle WHAT BUDGET URL [CA_FILE]: the heap that a connection holds in the pool after an exchange, all having been open at
# once. What the process got resident is told, and has no budget: the allocator gives back what it likes.
idle() {
    what=$1 budget=$2 url=$3
    shift 3
    for column in 1 2; do
        held=$(each 100 400 idle_column $column "$url" N "$@")
        [ $column = 2 ] || check "bytes of the heap for $what" "$held" "$budget"
    done
    printf '  %-60s %10s\n' "KiB resident for each of them" "$held"
}

idle_column() {
    column=$1
    shift
    counted allocations pool idle "$@" | awk -v column="$column" 'NF == 2 { print $column }'
}

# flat WHERE URL [CA_FILE]: what 10,000 requests leave behind
flat() {
    where=$1 url=$2
    shift 2
    left=$("$folder/warm" flat "$url" 10000 "$@") || left=
    check "descriptors more after 10,000 requests$where" "${left% *}" 0
    check "KiB more after 10,000 requests$where" "${left#* }" 256
}

idle "an idle connection" 512 "$RQ_TEST_HTTP/sha256/100"
idle "an idle connection over TLS" 16384 "$RQ_TEST_HTTPS/sha256/100" "$ca"
flat "" "$RQ_TEST_HTTP/sha256/100"
flat " over TLS" "$RQ_TEST_HTTPS/sha256/100" "$ca"
truncate -s 100000000 "$folder/100MB"
peak=$("$folder/multipart" "$RQ_TEST_HTTP/upload" "$folder/100MB") || peak=
check "KiB at the peak of a multipart upload of 5 x 100 MB" "$peak" 4096
rm -f "$folder/100MB"
close
