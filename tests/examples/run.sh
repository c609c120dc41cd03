#!/bin/sh
# Builds and runs the programs of examples/, in C and in each language that is named, and compares what they print with
# tests/examples/expected: NAME.txt for all languages, NAME.LANGUAGE.txt where a language's habits differ, NAME.left.txt for
# what is there afterwards. They have the same names, are short, and docs/examples.md shows them as they are. Needs a
# release build.
#
#   tests/examples/run.sh [go] [node]
set -eu
cd "$(dirname "$0")/../.."
. scripts/env.sh
if [ "${RQ_EXAMPLES:-}" != inside ]; then
    RQ_EXAMPLES=inside exec target/release/testd tests/examples/run.sh "$@"
fi
root=$PWD
folder=$root/target/examples
expected=$root/tests/examples/expected
names=$(cd examples/c && ls -- *.c | sed 's/\.c$//')
passed=0
failed=0

fail() { printf '%s\n' "$*"; failed=$((failed + 1)); }

# What the programs find where they run.
lay_out() {
    rm -rf "$folder/run"
    mkdir -p "$folder/run" "$folder/c" "$folder/go" examples/node/node_modules
    seq 20000 > "$folder/run/report.txt"
    echo 'All is well.' > "$folder/run/note.txt"
    cp "$RQ_TEST_CA_FILE" "$folder/run/ca.pem"
    cp "$RQ_TEST_CLIENT_CERT" "$folder/run/client.pem"
    cp "$RQ_TEST_CLIENT_KEY" "$folder/run/client.key"
    ln -sfn ../../../bindings/node examples/node/node_modules/librq
}

start_proxy() {
    mkfifo "$folder/run/input" "$folder/run/output"
    python3 tests/examples/proxy.py "$folder/connects" < "$folder/run/input" > "$folder/run/output" &
    exec 9> "$folder/run/input" # open until we end, and then so does the proxy
    read -r proxy < "$folder/run/output"
}

# What differs from run to run, or from version to version, in other words.
plainly() {
    sed -e "s|$1|BASE|g" -e "s|${1#*://}|HOST:PORT|g" -e 's/\r$//' -e 's|librq/[0-9][0-9.]*|librq/VERSION|' \
        -e 's/"connection": [0-9]*/"connection": N/' -e 's/boundary=[^ ]*/boundary=BOUNDARY/' \
        -e 's/^--[0-9A-Za-z]\{16,\}/--BOUNDARY/'
}

# same WHAT EXPECTED: whether what was noted is that; a file that does not exist stands for an empty one
same() {
    [ -e "$2" ] || set -- "$1" /dev/null
    plainly "$base" < "$folder/$1" > "$folder/plain"
    diff -u "$2" "$folder/plain"
}

# Whether a program whose server refuses to connect says so, and ends with 1.
owns_up() {
    status=0
    (cd "$folder/run" && timeout 60 "$@" "$RQ_TEST_REFUSED" "$proxy") > "$folder/said" 2>&1 9>&- || status=$?
    [ $status = 1 ] && grep -q 'cannot connect to .*: connection refused' "$folder/said" ||
        { echo "exit code $status without a server:"; cat "$folder/said"; return 1; }
}

# judge LANGUAGE NAME COMMAND…: by what it says, the files that it leaves, what the proxy was asked for, and how it fails
judge() {
    language=$1 name=$2
    shift 2
    case $name in *mtls) base=$RQ_TEST_MTLS ;; *) base=$RQ_TEST_HTTP ;; esac
    : > "$folder/connects"
    rm -f "$folder/run/download.bin" "$folder/run/cookies.txt"
    (cd "$folder/run" && timeout 60 "$@" "$base" "$proxy") > "$folder/said" 2>&1 9>&- ||
        echo "exit code $?" >> "$folder/said"
    {
        [ ! -e "$folder/run/download.bin" ] || sha256sum < "$folder/run/download.bin"
        [ ! -e "$folder/run/cookies.txt" ] || cat "$folder/run/cookies.txt"
        sed 's/^/proxy: /' "$folder/connects"
    } > "$folder/left"
    right=$expected/$name.txt
    [ ! -e "$expected/$name.$language.txt" ] || right=$expected/$name.$language.txt
    if same said "$right" && same left "$expected/$name.left.txt" && owns_up "$@"; then
        passed=$((passed + 1))
    else
        fail "$language, $name: not as expected"
    fi
}

# short LANGUAGE LINES FILE: programs that are shown have to fit
short() {
    [ "$(wc -l < "$3")" -le "$2" ] || fail "$1, $3: longer than $2 lines"
}

# same_names LANGUAGE NAMES
same_names() {
    [ "$2" = "$names" ] || fail "$1: examples/$1 does not have the programs of examples/c"
}

c_programs() {
    for name in $names; do
        short c 60 "examples/c/$name.c"
        # shellcheck disable=SC2046  # flags are words
        cc -std=c99 -O1 -g -Wall -Wextra -Werror -pedantic -fsanitize=address,undefined -pthread \
            -o "$folder/c/$name" "examples/c/$name.c" $(pkg-config --cflags --libs rq)
        judge c "$name" "$folder/c/$name"
    done
}

go_programs() {
    same_names go "$(cd examples/go && ls -d -- */ | tr -d /)"
    (cd examples/go && go vet ./... && go build -o "$folder/go/" ./...)
    for name in $names; do
        short go 40 "examples/go/$name/main.go"
        judge go "$name" "$folder/go/$name"
    done
}

node_programs() {
    build_node
    same_names node "$(cd examples/node && ls -- *.mjs | sed 's/\.mjs$//')"
    for name in $names; do
        short node 40 "examples/node/$name.mjs"
        judge node "$name" node "$root/examples/node/$name.mjs"
    done
    if bindings/node/node_modules/.bin/tsc -p tests/examples/types; then
        passed=$((passed + 1))
    else
        fail "node: the programs do not fit the types"
    fi
}

lay_out
start_proxy
c_programs
for language in "$@"; do
    case $language in
        c) ;; # always
        go) go_programs ;;
        node) node_programs ;;
    esac
done
if scripts/examples.sh --check; then passed=$((passed + 1)); else fail "docs/examples.md is not what examples/ holds"; fi
printf '%s passed, %s failed\n' $passed $failed
[ $failed = 0 ]
