#!/bin/sh
# test.sh WORK all|few PROGRAM...: what rq(1) promises, option by option, good and bad. PROGRAM is rq,
# or valgrind and rq; `few` are the cases that go through all of its files, for valgrind.
#
# Runs under testd, and under peer.py for what testd does not do. Each case is a function case_...;
# it runs rq, which keeps what was said in out and err, and looks at it. Everything happens in WORK.
set -u
here=$(cd "$(dirname "$0")" && pwd)
source=$here/../../examples/c/rq
[ -n "${RQ_PEER:-}" ] || exec python3 "$here/peer.py" "$0" "$@"
work=$1 which=$2
shift 2
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 1
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY REQUEST_METHOD
unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR
NETRC=/dev/null HOME=$work
export NETRC HOME
H=$RQ_TEST_HTTP S=$RQ_TEST_HTTPS P=$RQ_PEER
checks=0 failed=0 last=

# A script with the program's words in it, so that "$rq" is one word: valgrind's have blanks.
{ echo '#!/bin/sh'; printf 'exec'; printf " '%s'" "$@"; echo ' "$@"'; } >rq
chmod +x rq
rq=$work/rq

bad() { failed=$((failed + 1)); printf 'FAILED: %s: %s\n' "$last" "$1"; sed 's/^/    out: /' out | head -n 20
  sed 's/^/    err: /' err | head -n 20; }
# rq CODE ARGUMENT...: runs it; the exit status must be that.
rq() {
  want=$1; shift
  last="rq $*"
  printf '%s\n' "$@" >>arguments
  "$rq" "$@" >out 2>err </dev/null
  code=$?
  checks=$((checks + 1))
  [ $code = "$want" ] || bad "exit status $code instead of $want"
}
has() { checks=$((checks + 1)); grep -qF -e "$2" "$1" || bad "no \"$2\" in $1"; }
hasnt() { checks=$((checks + 1)); ! grep -qF -e "$2" "$1" || bad "\"$2\" in $1"; }
is() { checks=$((checks + 1)); [ "$(cat "$1")" = "$2" ] || bad "$1 is \"$(head -c 300 "$1")\" instead of \"$2\""; }
that() { checks=$((checks + 1)); "$@" || bad "not so: $*"; }
size() { wc -c <"$1" | tr -d ' '; }
same() { checks=$((checks + 1)); [ "$1" = "$2" ] || bad "\"$1\" instead of \"$2\""; }

. "$here/cases_requests.sh"
. "$here/cases_ways.sh"
. "$here/cases_files.sh"

few="case_golden case_json case_multipart case_resume case_proposed case_cookies case_resolve case_curl case_trace"
[ "$which" = few ] || few=$(sed -n 's/^\(case_[a-z_]*\)() {.*/\1/p' "$here"/cases_*.sh)
for case in $few; do $case; done

# The table of options is in options.c; the help, the manual and these cases must have all of it.
options_are_told() {
  "$rq" --help >help
  sed 's/\\-/-/g; s/\\f.//g' "$source/rq.1" >manual
  sed -n "s/^    {\(.*\), \"\([a-z0-9.-]*\)\", [A-Z]*, AT.*/\2 \1/p" "$source/options.c" >options
  that [ "$(wc -l <options)" -ge 40 ]
  while read -r name letter; do
    last="the option --$name"
    has help "--$name"
    has manual "--$name"
    letter=$(printf '%s' "$letter" | tr -d "'")
    grep -qE -e "^--$name(=.*)?\$" ${letter:+-e "^-[a-zA-Z]*$letter"} arguments || bad "not tried"
  done <options
}
[ "$which" = few ] || options_are_told

printf '%s checks of rq, %s failed\n' $checks $failed
[ $failed = 0 ]
