#!/bin/sh
# Builds the documentation, target/docs/site, and the manual pages, target/man. docs/make has what does it.
#
#   scripts/docs.sh                      builds both; RQ_BLESS=1 also writes docs/errors.md anew
#   scripts/docs.sh check c go node      builds, then checks: links, completeness, manual pages, the code of the guides
#   scripts/docs.sh browse               opens every page that was built in headless Chromium, through Node
#
# Markdown and colours come from PyPI, the browser's driver from npm, both in fixed versions into target/.
set -eu
cd "$(dirname "$0")/.."
export PYTHONDONTWRITEBYTECODE=1
python=target/docs/python/bin/python

install_python() {
    [ ! -e target/docs/python/ready-1 ] || return 0
    python3 -c 'import ensurepip' 2>/dev/null || {
        echo "error: Python with venv is missing. On Debian: sudo apt-get install -y python3 python3-venv" >&2
        exit 1
    }
    python3 -m venv target/docs/python
    $python -m pip install --quiet --disable-pip-version-check markdown-it-py==3.0.0 Pygments==2.19.2 >&2
    touch target/docs/python/ready-1
}

build() {
    install_python
    if [ -n "${RQ_BLESS:-}" ]; then
        python3 docs/make/errors.py > target/docs/errors.md
        cp target/docs/errors.md docs/errors.md
    fi
    python3 docs/make/man.py target/man
    $python docs/make/build.py target/docs/site
}

# What mandoc and groff say of the manual pages: nothing, but that a version that is not out yet has no date.
manual_pages() {
    said=$(mandoc -T lint -W warning target/man/man3/*.3 examples/c/rq/rq.1 | grep -v 'missing date' || true)
    [ -z "$said" ] || { echo "mandoc: $said" >&2; exit 1; }
    said=$(groff -ww -man -K utf8 -T utf8 -z target/man/man3/*.3 examples/c/rq/rq.1 2>&1)
    [ -z "$said" ] || { echo "groff: $said" >&2; exit 1; }
}

browse() {
    [ -d target/docs/browser/node_modules/playwright-core ] || {
        mkdir -p target/docs/browser
        echo '{ "private": true }' > target/docs/browser/package.json
        (cd target/docs/browser &&
            npm install --no-audit --no-fund --ignore-scripts --loglevel=error playwright-core@1.56.1 >/dev/null)
    }
    RQ_DOCS_NODE=target/docs/browser \
        scripts/alone.sh node docs/make/browse.mjs target/docs/site "$(command -v chromium)" target/docs/shots
}

case ${1:-} in
    "") build ;;
    check)
        shift
        build
        . scripts/env.sh
        python3 docs/make/check.py target/docs/site target/man target/release/librq.so
        manual_pages
        case " $* " in *" node "*) build_node ;; esac
        python3 docs/make/snippets.py target/docs/snippets "$@" ;;
    browse) browse ;;
    *) echo "usage: $0 [check LANGUAGE... | browse]" >&2; exit 2 ;;
esac
