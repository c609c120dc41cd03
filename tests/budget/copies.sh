#!/bin/sh
# How often a byte of a body is copied in this process, as counting.so counts what memcpy and memmove do. What the kernel
# copies, and what a cipher writes, is not counted.
. tests/budget/measure.sh
ca=$RQ_TEST_CA_FILE
upload=16777216 download=16777216 moved=268435456

# copies BYTES WHAT BUDGET WORD…: of a byte of the bodies of so many bytes that the program moves; none at all may be true
copies() {
    bytes=$1 what=$2 budget=$3
    shift 3
    less=$(at 1 counted copied bulk "$@") && more=$(at $((1 + moved / bytes)) counted copied bulk "$@") || less=
    check "copies of a byte: $what" "$(awk -v less="$less" -v more="$more" -v moved=$moved \
        'BEGIN { if (less > 0) printf "%.2f", (more - less) / moved }')" "$budget"
}

truncate -s $upload "$folder/16MiB"
# Goals: none of ours, but for what lay in the buffer of heads with the head, and the last chunk, which is not like the
# others. Over TLS 1.3, one: from where a record was opened to the caller.
copies $download "download of known length" 0.02 download "$RQ_TEST_HTTP/bytes/$download" N
copies $download "chunked download" 0.03 download "$RQ_TEST_HTTP/chunked/$download" N
copies $download "download over TLS" 1.02 download "$RQ_TEST_HTTPS/bytes/$download" N "$ca"
copies $download "chunked download over TLS" 1.02 download "$RQ_TEST_HTTPS/chunked/$download" N "$ca"
# Goals: none of ours; over TLS 1.3 one, to where it is sealed and sent from.
copies $upload "upload from memory" 0.01 memory "$RQ_TEST_HTTP/sink" N
copies $upload "upload from memory over TLS" 1.02 memory "$RQ_TEST_HTTPS/sink" N "$ca"
copies $upload "upload from a file" 0.01 "$folder/16MiB" "$RQ_TEST_HTTP/sink" N
copies $upload "upload from a file over TLS" 1.02 "$folder/16MiB" "$RQ_TEST_HTTPS/sink" N "$ca"
# The request takes a copy of a body of memory, once: a counter that does not see it sees nothing.
once=$(counted copied bulk memory "$RQ_TEST_HTTP/sink" 1) || once=0
check "bodies that the counter missed" \
    "$(awk -v once="$once" -v bytes=$upload 'BEGIN { print once < bytes }')" 0
rm -f "$folder/16MiB"
close
