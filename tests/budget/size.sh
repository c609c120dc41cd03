#!/bin/sh
# How large librq.so is, as it is installed: stripped, with all that it holds.
. tests/budget/measure.sh

check "bytes of librq.so" "$(wc -c < "$folder/librq.so.0")" 3000000
close
