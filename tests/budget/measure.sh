#!/bin/sh
# Sourced by the subjects of run.sh: how something is counted, how it is held to its budget. Leaves what is counted, and
# the budgets, to them.
set -eu
: "${folder:?run.sh says where the programs are}"
passed=0 failed=0

# check WHAT FOUND BUDGET: FOUND must be a number, and BUDGET at most
check() {
    if awk -v found="$2" -v budget="$3" \
        'BEGIN { exit !(found ~ /^-?[0-9]+(\.[0-9]+)?$/ && found + 0 <= budget + 0) }'; then
        passed=$((passed + 1)) verdict=ok
    else
        failed=$((failed + 1)) verdict=FAILED
    fi
    printf '  %-60s %10s  (budget %s) %s\n' "$1" "${2:-none}" "$3" $verdict
}

# The closing line; fails if anything did.
close() {
    printf '%s passed, %s failed\n' $passed $failed
    [ $failed = 0 ]
}

# calls PROGRAM WORD…: the system calls of the program
calls() {
    program=$folder/$1
    shift
    strace -f -o "$folder/strace" "$program" "$@" && wc -l < "$folder/strace"
}

# instructions PROGRAM WORD…: its user instructions
instructions() {
    program=$folder/$1
    shift
    valgrind --quiet --tool=callgrind --callgrind-out-file="$folder/callgrind.out" "$program" "$@" &&
        awk '/^totals:/ { print $2 }' "$folder/callgrind.out"
}

# counted NAME PROGRAM WORD…: what counting.so has counted under that name
counted() {
    name=$1 program=$folder/$2
    shift 2
    rm -f "$folder/counts"
    RQ_COUNTS=$folder/counts LD_PRELOAD=$folder/counting.so "$program" "$@" &&
        awk -v name="$name" '$1 == name { print $2 }' "$folder/counts"
}

# at COUNT WORD…: runs the words as a command, COUNT in place of the word N
at() {
    count=$1
    shift
    for word; do
        shift
        [ "$word" = N ] && word=$count
        set -- "$@" "$word"
    done
    "$@"
}

# each FEW MANY WORD…: (what the command says for MANY in place of N - what it says for FEW) / (MANY - FEW); nothing if
# that is nonsense
each() {
    few=$1 many=$2
    shift 2
    less=$(at "$few" "$@") && more=$(at "$many" "$@") || return 0
    awk -v less="$less" -v more="$more" -v count=$((many - few)) \
        'BEGIN { if (less > 0 && more > less) printf "%.2f", (more - less) / count }'
}
