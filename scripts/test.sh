#!/bin/sh
# Runs everything; each runner prints its own closing line. Stops at the first runner that fails.
set -eu
cd "$(dirname "$0")/.."
languages=$(scripts/need.sh test)
step() { printf '\n== %s ==\n' "$*"; }

step "rust: format, lints"
cargo fmt --all --check
cargo clippy --workspace --all-targets --locked --quiet -- -D warnings

step "rust: units, integration, peers, tidy, header, doctests"
cargo test --workspace --locked --quiet

step "release build"
scripts/build.sh
. scripts/env.sh

step "c: ctest, plain and under valgrind"
jobs=$(getconf _NPROCESSORS_ONLN)
cmake -S ctest -B target/ctest -DRQ_VALGRIND=ON >/dev/null
cmake --build target/ctest -j "$jobs" >/dev/null
ctest --test-dir target/ctest --output-on-failure -j "$jobs"

step "c: ctest under ASan and UBSan"
cmake -S ctest -B target/ctest-asan -DRQ_ASAN=ON >/dev/null
cmake --build target/ctest-asan -j "$jobs" >/dev/null
ctest --test-dir target/ctest-asan --output-on-failure -j "$jobs"

step "budgets: system calls, instructions, descriptors, memory"
tests/budget/run.sh target/release include target/release/testd

for language in $languages; do
    case $language in
        go)
            step "go: vet, race detector, garbage collector torture"
            unformatted=$(gofmt -l bindings/go tests/conformance/go)
            [ -z "$unformatted" ] || { echo "not as gofmt has it: $unformatted"; exit 1; }
            (cd bindings/go && go vet ./... && go test -race ./... && GOGC=1 go test -count=1 -tags rqdebug ./...)
            (cd tests/conformance/go && go vet ./... && go test ./...) ;;
        node)
            step "node: node --test"
            build_node
            (cd bindings/node && npm test --silent) ;;
    esac
done

step "conformance: what Requests does, in every language"
# shellcheck disable=SC2086  # languages are words
tests/conformance/all tests/conformance/vectors rust $languages

step "the programs of README.md"
scripts/readme.sh "$languages"

step "the demo"
scripts/demo.sh
