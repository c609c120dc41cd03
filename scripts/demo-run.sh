#!/bin/sh
# Runs the built demo programs one after the other beside the demo server; called by demo.sh under testd.
# The last line that a program prints is its summary; all of them are shown once more at the end. Progress bars go to
# standard error, so that they stay on the terminal.
set -u
summaries=
failed=0
for language in $1; do
    printf '\n== %s ==\n' "$language"
    case $language in
        node) set -- node bindings/node/examples/demo.mjs ;;
        *) set -- "target/demo/$language" ;;
    esac
    { "$@"; echo $? > target/demo/status; } | tee target/demo/output
    summary=$(tail -n 1 target/demo/output)
    if [ "$(cat target/demo/status)" != 0 ]; then
        failed=1
        summary="$language: FAILED: $summary"
    fi
    summaries="$summaries$summary
"
done
printf '\n== summary ==\n%s' "$summaries"
exit $failed
