#!/bin/sh
# Makes docs/examples.md: the programs of examples/ as they are, side by side, and what they print. The names of the
# languages stand alone in front of their code blocks, so that a page can make tabs of them.
#
#   scripts/examples.sh            writes the page
#   scripts/examples.sh --check    fails, with the difference, if the page is not what would be written
set -eu
cd "$(dirname "$0")/.."

# block LANGUAGE FENCE FILE
block() { printf '**%s**\n\n```%s\n' "$1" "$2"; cat "$3"; printf '```\n\n'; }

# printed HEADING FILE
printed() { printf '%s\n\n```text\n' "$1"; cat "$2"; printf '```\n\n'; }

example() {
    name=$1
    printf '## %s\n\n%s\n\n' "$2" "$3"
    block C c "examples/c/$name.c"
    block Go go "examples/go/$name/main.go"
    block Node js "examples/node/$name.mjs"
    said=tests/examples/expected/$name
    heading='All three print:'
    if [ -e "$said.c.txt" ]; then
        printed 'C prints:' "$said.c.txt"
        heading='Go and Node print:'
    fi
    printed "$heading" "$said.txt"
}

page() {
    cat <<'HEAD'
# Twelve programs in three languages

Twelve programs, each in C, Go and Node: complete, short, and doing and printing the same. `make test` builds and runs all of
them, against a server on this machine whose address is their first argument, and compares what they print with what is shown
here. They are in [examples/](../examples), from which `scripts/examples.sh` makes this page.

In C a program is built by `cc 01_get.c $(pkg-config --cflags --libs rq)`, in Go it is run by `go run ./01_get URL`, in Node by
`node 01_get.mjs URL`.

In what they print, BASE is the server's address, HOST:PORT the same without `http://`, VERSION that of librq, N a number that
differs from run to run, and BOUNDARY the text that librq made up to separate the parts of a body.

HEAD
    while IFS='|' read -r name title sentence; do
        example "$name" "$title" "$sentence"
    done <<'EXAMPLES'
01_get|Get a page|Status, headers and text of a page; errors have a code and a message that says what to do.
02_params|Query parameters|What a request says in its URL and its headers, escaped as it has to be.
03_post_form|Post a form|Form fields as a browser sends them, with the headers that every request has.
04_post_json|Post JSON|JSON is sent with its Content-Type, and read in whatever UTF it comes.
05_upload_file|Upload a file|A file as the body, streamed with its length, in constant memory.
06_multipart|A multipart form|Fields and files in one body; the files are streamed too, and may have types and names of their own.
07_stream_lines|Stream lines|A body that comes bit by bit, such as a log or a feed of events, as whole lines.
08_download_progress|Download with progress|A body of any size into a file, with a hook that is told how far it is.
09_session_cookies|Cookies of a session|A session sends the cookies where they belong, and a file keeps them, in the format of curl and wget.
10_digest_auth|Digest authentication|A challenge is answered within the call; the password never goes over the wire.
11_proxy_mtls|A proxy and a client certificate|A tunnel through a proxy, a server that is verified, and a certificate to show to it.
12_cancel_deadline|Cancel and deadline|A limit for all of a call, and an end to it from elsewhere, in every phase.
EXAMPLES
}

case ${1:-} in
    --check)
        mkdir -p target
        page > target/examples.md
        diff -u docs/examples.md target/examples.md ;;
    *) page > docs/examples.md ;;
esac
