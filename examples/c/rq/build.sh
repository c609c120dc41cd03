#!/bin/sh
# build.sh INCLUDE LIB OUT: builds the program rq with $CC, $CFLAGS and $LDFLAGS, for the librq in the folder LIB.
# It looks for librq.so in ../lib of where it is itself, then where the system looks: what is installed may be moved.
set -eu
[ $# = 3 ] || { echo "usage: $0 INCLUDE LIB OUT" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC2086  # flags are words
"${CC:-cc}" -std=c11 -D_XOPEN_SOURCE=700 ${CFLAGS:--O2} "-I$1" "$here"/*.c \
    -o "$3" ${LDFLAGS:-} "-L$2" '-Wl,-rpath,$ORIGIN/../lib' -lrq -pthread
