#!/bin/sh
# Takes the programs out of README.md, points them at the test server, builds and runs them: what users copy must work.
#
#   scripts/readme.sh "c go node"      (after build.sh; PKG_CONFIG_PATH and the like from env.sh)
set -eu
cd "$(dirname "$0")/.."
. scripts/env.sh
root=$PWD
if [ "${2:-}" != inside ]; then
    exec target/release/testd "$0" "$1" inside
fi
folder=target/readme
mkdir -p $folder/c $folder/go $folder/node/node_modules

# program LANGUAGE FILE: the first code block of that language, with the server's address in place
# of example.org
program() {
    awk -v fence="\`\`\`$1" '$0 == fence { on = 1; next } /^```/ { if (on) exit } on' README.md |
        sed "s|https://example.org/|$RQ_TEST_HTTP/json|" > "$folder/$2"
    grep -q "$RQ_TEST_HTTP/json" "$folder/$2"
}

# fragment LANGUAGE: the second code block of that language
fragment() {
    awk -v fence="\`\`\`$1" '/^```/ && on { exit } on { print } $0 == fence { on = (++count == 2) }' README.md
}

# The five lines for rq, all of them for the server's /echo; what they say, and what everything here says at the end.
command_lines() {
    mkdir -p $folder/rq
    examples/c/rq/build.sh include target/release $folder/rq/rq
    awk '/^## On the command line/ { on = 1 } on && /^rq / { print } /^## C$/ { exit }' README.md |
        sed "s|https://example.org/[a-z/.0-9]*|$RQ_TEST_HTTP/echo|" > $folder/rq/lines
    [ "$(wc -l < $folder/rq/lines)" = 5 ] || { echo 'not five lines'; return; }
    ( cd $folder/rq && rm -f echo cookies.txt && echo sea > a.jpg
      PATH=$PWD:$PATH LD_LIBRARY_PATH=$root/target/release
      export PATH LD_LIBRARY_PATH
      sh -e lines && [ -s echo ] && [ -f cookies.txt ] && rq "$RQ_TEST_HTTP/json" ) 2>&1
}

failed=0
passed=0
for language in $1 rq; do
    case $language in
        rq) output=$(command_lines || :) ;;
        c)
            program c c/main.c
            cc -std=c11 -Wall -Wextra -Werror -o $folder/c/main $folder/c/main.c \
                $(pkg-config --cflags --libs rq)
            { echo '#include <rq.h>'; echo 'void upload(rq_session *s);'
              echo 'void upload(rq_session *s) {'; echo 'rq_error *e = NULL;'; fragment c
              echo 'rq_response_free(r); rq_request_free(q); rq_error_free(e); }'; } > $folder/c/fragment.c
            grep -q rq_part_file $folder/c/fragment.c
            cc -std=c11 -Wall -Wextra -Werror -fsyntax-only $folder/c/fragment.c $(pkg-config --cflags rq)
            output=$($folder/c/main) ;;
        go)
            program go go/main.go
            module=github.com/librq/librq/bindings/go
            printf 'module readme\n\ngo 1.24\n\nrequire %s v0.0.0\n\nreplace %s => %s\n' \
                $module $module ../../../bindings/go > $folder/go/go.mod
            output=$(cd $folder/go && go run .) ;;
        node)
            program js node/main.mjs
            ln -sfn ../../../../bindings/node $folder/node/node_modules/librq
            output=$(cd $folder/node && node main.mjs) ;;
    esac
    case $output in
        *'"hello": "librq"'*) passed=$((passed + 1)) ;;
        *) failed=$((failed + 1)); printf 'README, %s: %s\n' "$language" "$output" ;;
    esac
done
printf '%s passed, %s failed\n' $passed $failed
[ $failed = 0 ]
