#!/bin/sh
# Finds or installs what `make demo`, `make test` and `make bench` need, and prints the languages that can be built:
# "c go node".
#
#   scripts/need.sh demo|test|bench
#   scripts/need.sh proxies      prints "yes" if the proxies are there that tests/ways goes through
#   scripts/need.sh browser      prints "yes" if the pages of the documentation can be opened
#
# What comes from Debian is installed if we are root, else the exact command is named. Rust, Go and Node are too new for
# Debian's packages: where one is missing or too old it is named and its language left out. Under CI=true everything is
# required.
set -eu
purpose=${1:?usage: need.sh demo|test|bench|proxies|browser}
say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
# Debian keeps nginx in a folder that is not on everybody's PATH.
has() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }

# at_least WANTED FOUND: versions like 1.24.3
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

packages=
want() { has "$1" || packages="$packages $2"; }

want_proxies() {
    want nginx nginx; want squid squid; want tinyproxy tinyproxy; want danted dante-server; want microsocks microsocks
    want haproxy haproxy; want stunnel4 stunnel4
}

# What benches/ compiles against: libraries are asked for by their development files.
want_benches() {
    want nginx nginx; want python3 python3; want openssl openssl
    [ -e /etc/ssl/certs/ca-certificates.crt ] || packages="$packages ca-certificates"
    for library in libcurl:libcurl4-openssl-dev openssl:libssl-dev zlib:zlib1g-dev; do
        pkg-config --exists "${library%%:*}" 2>/dev/null || packages="$packages ${library#*:}"
    done
    # Python's own: where it cannot make environments, Debian has that in a package.
    python3 -c 'import ensurepip' 2>/dev/null || packages="$packages python3-venv"
}

debian() {
    want cc gcc; want c++ g++; want cmake cmake; want make make; want pkg-config pkg-config
    if [ "$purpose" = test ]; then
        want valgrind valgrind; want strace strace; want apache2 apache2; want nm binutils
        want mandoc mandoc; want groff groff-base
        want_benches
        [ -e /usr/share/doc/libc6-dbg ] || packages="$packages libc6-dbg"
        # Nobody has to become root for these.
        if [ "$(id -u)" = 0 ] || [ "${CI:-}" = true ]; then want_proxies; want chromium chromium; fi
    fi
    if [ "$purpose" = bench ]; then
        want valgrind valgrind; want strace strace; want strip binutils
        want_benches
    fi
    [ -n "$packages" ] || return 0
    has apt-get || die "missing:$packages. Install them with this system's package manager and run again."
    # shellcheck disable=SC2086
    if [ "$(id -u)" = 0 ]; then
        say "installing:$packages"
        { apt-get update -q && DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -q --no-install-recommends $packages; } >&2
    else
        die "missing:$packages. Run: sudo apt-get install -y$packages"
    fi
}

rust() {
    has cargo || die "cargo is missing. Install Rust 1.88 or newer from https://rustup.rs and run again."
    found=$(cargo --version | cut -d' ' -f2)
    at_least 1.88.0 "$found" || die "cargo is $found, 1.88 is needed. Run: rustup update stable"
}

# leave_out WHAT WHY: fatal under CI
leave_out() {
    [ "${CI:-}" != true ] || die "$1: $2 (CI needs everything)"
    say "note: $1 is left out: $2"
}

go_language() {
    has go || { leave_out Go "go is missing; install 1.24 or newer from https://go.dev/dl"; return; }
    found=$(go env GOVERSION | sed 's/^go//')
    at_least 1.24 "$found" || { leave_out Go "go is $found, 1.24 is needed (https://go.dev/dl)"; return; }
    languages="$languages go"
}

node_language() {
    for tool in node npm; do
        has $tool || { leave_out Node "$tool is missing; install Node 20 or newer from https://nodejs.org"; return; }
    done
    found=$(node --version | sed 's/^v//')
    at_least 20 "$found" || { leave_out Node "node is $found, 20 is needed (https://nodejs.org)"; return; }
    languages="$languages node"
}

if [ "$purpose" = proxies ]; then
    want_proxies
    [ -z "$packages" ] || leave_out "the matrix of proxies" "missing:$packages. Run: sudo apt-get install -y$packages"
    [ -n "$packages" ] || printf 'yes\n'
    exit
fi
if [ "$purpose" = browser ]; then
    want chromium chromium; want node nodejs
    [ -z "$packages" ] || leave_out "the browser's test" "missing:$packages. Run: sudo apt-get install -y$packages"
    [ -n "$packages" ] || printf 'yes\n'
    exit
fi
debian
rust
languages=c
go_language
node_language
printf '%s\n' "$languages"
