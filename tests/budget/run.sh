#!/bin/sh
# What librq costs through the C API, in counts, never in time: calls.sh, instructions.sh, allocations.sh, memory.sh,
# copies.sh and size.sh, which measure.sh helps to count. Costs are differences of two run lengths, so start-up does not
# count. A figure that cannot be had is a failure, and so is one that says a request is free. Each subject prints its
# closing line.
#
#   tests/budget/run.sh LIB_DIR INCLUDE_DIR TESTD [SUBJECT…]
#
# LIB_DIR holds a librq.so built in release mode: budgets are for that. A SUBJECT is one of the files, without its .sh.
set -eu
if [ "${RQ_BUDGET:-}" != inside ]; then
    testd=$(cd "$(dirname "$3")" && pwd)/$(basename "$3")
    # The program and the server hold 1,000 connections each.
    files=$(ulimit -S -n)
    [ "$files" = unlimited ] || [ "$files" -ge 4096 ] || ulimit -S -n 4096
    RQ_BUDGET=inside exec "$testd" "$0" "$@"
fi
lib=$(cd "$1" && pwd)
include=$(cd "$2" && pwd)
shift 3
[ $# -gt 0 ] || set -- calls instructions allocations memory copies size
cd "$(dirname "$0")/../.."
folder=$PWD/target/budget
mkdir -p "$folder"
# Linked by its path, found by its SONAME: the library that is measured is the one that was given.
ln -sf "$lib/librq.so" "$folder/librq.so.0"
for program in warm prepare multipart pool bulk; do
    cc -std=gnu11 -O2 -Wall -Wextra -Werror -I"$include" -o "$folder/$program" "tests/budget/$program.c" \
        "$folder/librq.so.0" -Wl,-rpath,"$folder"
done
cc -std=gnu11 -O2 -Wall -Wextra -Werror -fno-builtin -fPIC -shared -o "$folder/counting.so" tests/budget/counting.c
export folder
failed=0
for subject in "$@"; do
    printf '%s:\n' "$subject"
    "tests/budget/$subject.sh" || failed=1
done
[ $failed = 0 ]
