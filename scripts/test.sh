#!/bin/sh
# Runs everything; each runner prints its own closing line. Stops at the first runner that fails.
set -eu
cd "$(dirname "$0")/.."
languages=$(scripts/need.sh test)
step() { printf '\n== %s ==\n' "$*"; }
root=$PWD
alone() { "$root/scripts/alone.sh" "$@"; }

step "rust: format, lints"
cargo fmt --all --check
cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
cargo clippy --workspace --test ways --locked --quiet -- -D warnings

step "rust: units, integration, peers, tidy, header, doctests"
scripts/httpbin.sh
cargo test --workspace --locked --quiet --no-run
alone cargo test --workspace --locked --quiet --offline

step "release build"
scripts/build.sh
. scripts/env.sh

step "c: ctest, plain and under valgrind"
jobs=$(getconf _NPROCESSORS_ONLN)
cmake -S ctest -B target/ctest -DRQ_VALGRIND=ON >/dev/null
cmake --build target/ctest -j "$jobs" >/dev/null
alone ctest --test-dir target/ctest --output-on-failure -j "$jobs"

step "c: ctest under ASan and UBSan"
cmake -S ctest -B target/ctest-asan -DRQ_ASAN=ON >/dev/null
cmake --build target/ctest-asan -j "$jobs" >/dev/null
alone ctest --test-dir target/ctest-asan --output-on-failure -j "$jobs"

step "benches: the runner, and every mode of the clients in C"
alone benches/test.sh

step "budgets: system calls, instructions, allocations, memory, copies, size"
alone tests/budget/run.sh target/release include target/release/testd

for language in $languages; do
    case $language in
        go)
            step "go: vet, race detector, garbage collector torture, pointers, clients of others"
            unformatted=$(gofmt -l bindings/go benches/clients/go tests/conformance/go tests/budget/stream_go tests/ways/go tests/clients/go examples/go)
            [ -z "$unformatted" ] || { echo "not as gofmt has it: $unformatted"; exit 1; }
            (cd bindings/go && go vet ./... && alone go test -race ./... &&
                GOGC=1 alone go test -count=1 -tags rqdebug ./... &&
                GOEXPERIMENT=cgocheck2 alone go test -count=1 ./...)
            (cd tests/clients/go && go vet ./... && alone go test -race ./...)
            (cd tests/conformance/go && go vet ./... && alone go test ./...)
            (cd tests/budget/stream_go && go vet ./...)
            (cd tests/ways/go && go vet ./...)
            (cd benches/clients/go && go vet ./...) ;;
        node)
            step "node: node --test"
            build_node
            (cd bindings/node && alone npm test --silent) ;;
    esac
done

step "memory: 1 GiB in either direction, and a body that decodes to it"
# shellcheck disable=SC2086  # languages are words
alone tests/budget/streams.sh target/release include target/release/testd $languages

step "ways out: real proxies"
if [ -n "$(scripts/need.sh proxies)" ]; then
    scripts/twisted.sh
    scripts/build.sh -p rq-rig
    cargo test --workspace --locked --quiet --test ways --no-run
    # shellcheck disable=SC2086  # languages are words
    alone tests/ways/run.sh $languages
else
    echo "the ways out through real proxies did not run"
fi

step "conformance: what Requests does, in every language"
# shellcheck disable=SC2086  # languages are words
tests/conformance/all tests/conformance/vectors rust $languages

step "examples: the same twelve programs in every language"
# shellcheck disable=SC2086  # languages are words
alone tests/examples/run.sh $languages

step "docs: built, linked, opened in a browser"
# shellcheck disable=SC2086  # languages are words
scripts/docs.sh check $languages
if [ -n "$(scripts/need.sh browser)" ]; then
    scripts/docs.sh browse
else
    echo "the pages were not opened in a browser"
fi

step "the programs of README.md"
alone scripts/readme.sh "$languages"

step "the guide from Requests: its code in Python and every language, the differences it leads to"
tests/guide/run.sh install
# shellcheck disable=SC2086  # languages are words
alone tests/guide/run.sh $languages

step "the demo"
alone scripts/demo.sh
