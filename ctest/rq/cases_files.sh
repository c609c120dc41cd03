# cases_files.sh: where the body goes: files whole or not at all, going on, names, bars, Ctrl-C.
# Sourced by test.sh, which explains it.

case_save() {
  rq 0 -o saved "$H/bytes/3000000"
  same "$(size saved)" 3000000
  is out ''
  has err 'rq: 100 % of 3000000 bytes'
  has err 'rq: 3000000 bytes in saved'
  hasnt err "$(printf '\r')"
  rq 0 -q --output=saved "$H/chunked/50000"
  same "$(size saved)" 50000
  is err ''
  rq 9 -o saved "$H/truncated"
  same "$(size saved)" 50000
  rq 9 --quiet -o fresh "$H/truncated"
  that [ ! -e fresh ]
  same "$(find . -name 'fresh*' -o -name 'saved.*' | wc -l)" 0
  rq 0 -o - "$H/json"
  has out librq
  rq 0 -i -o saved "$H/json"
  has out 'HTTP/1.1 200 OK'
  has saved librq
  rq 3 -o missing/file "$H/json"
  rq 3 -o . "$H/json"
  rq 2 -o a -O "$H/json"
}

# A pipe that has a name is written to, not replaced. So is /dev/null, which no test puts at risk.
case_special() {
  mkfifo pipe
  cat pipe >through &
  reader=$!
  rq 0 -q -o pipe "$H/json"
  [ -p pipe ] || kill $reader # nobody will write to it
  wait $reader
  has through librq
  that [ -p pipe ]
  if [ -c /dev/full ]; then
    last='rq >/dev/full'
    "$rq" "$H/json" >/dev/full 2>err
    same $? 3
  fi
}

case_links() {
  echo old >target
  ln -s target link
  rq 0 -q -o link "$H/json"
  that [ -L link ]
  has target librq
  ln -s nowhere dangling
  rq 0 -q -o dangling "$H/json"
  has dangling librq
}

# A closed stream's number must not become a socket's: the body would be sent to the server.
case_closed() {
  last='rq >&-'
  "$rq" "$H/json" 2>err >&-
  same $? 0
  "$rq" "$RQ_TEST_REFUSED" >out 2>&-
  same $? 5
  "$rq" "$H/echo" -d @- >out 2>err <&-
  same $? 0
  has out 'POST /echo'
}

# resumed SIZE ARGUMENT...: the file has that size, and is the beginning of the server's.
resumed() {
  same "$(size part)" "$1"
  checks=$((checks + 1))
  head -c "$1" whole | cmp -s - part || bad 'part is not what the server has'
}

case_resume() {
  rq 0 -q -o whole "$P/file?size=5000"
  rq 9 -C -o part "$P/file?size=5000&cut=2000"
  resumed 2000
  is part.rq-etag '"v1"'
  rq 9 -i --continue -o part "$P/file?size=5000&cut=1000"
  has out '206 Partial Content'
  has out 'X-If-Range: "v1"'
  resumed 3000
  rq 0 -C -o part "$P/file?size=5000"
  resumed 5000
  has err 'rq: 100 % of 5000 bytes'
  that [ ! -e part.rq-etag ]
  rq 0 -i -C -o part "$P/file?size=5000"
  has out '416 '
  resumed 5000
}

case_resume_changed() {
  # The file has changed: from the beginning.
  rm -f part
  rq 9 -C -o part "$P/file?size=5000&cut=2000"
  rq 0 -i -C -o part "$P/file?size=5000&tag=v2"
  has out '200 OK'
  resumed 5000
  # The server knows no ranges: from the beginning.
  head -c 1000 whole >part
  rq 0 -C -o part "$P/file?size=5000&whole=1"
  resumed 5000
  # Nothing is known of the file's tag: no condition.
  head -c 1000 whole >part
  rq 0 -i -C -o part "$P/file?size=5000"
  has out 'X-If-Range: none'
  resumed 5000
}

# A server may send less than the rest.
case_resume_short() {
  head -c 1000 whole >part
  rq 9 -C -o part "$P/file?size=5000&short=1500"
  has err 'sent 2500 of 5000 bytes of part'
  resumed 2500
  rq 0 -C -o part "$P/file?size=5000&short=4000"
  resumed 5000
}

# What must not be added to a file is not.
case_resume_refused() {
  head -c 1000 whole >part
  rq 9 -C -o part "$P/file?size=5000&from=500"
  resumed 1000
  rq 22 -C -o part "$P/file?size=900"
  resumed 1000
  rq 22 -C -o part "$P/nothing"
  resumed 1000
  rq 22 -C --fail -o part "$P/nothing"
  resumed 1000
  rq 9 -C -o part "$P/encoded"
  has err 'encoded'
  resumed 1000
  rq 9 -C -o fresh "$P/encoded"
  that [ ! -e fresh ]
  rq 5 -C -o part "$RQ_TEST_REFUSED/"
  resumed 1000
  rq 2 -C "$P/file?size=5000"
  rq 2 -C -o - "$P/file?size=5000"
  rq 3 -C -o . "$P/file?size=5000"
}

case_names() {
  mkdir names
  cd names || exit 1
  rq 0 -q -O "$H/bytes/10"
  same "$(size 10)" 10
  rq 0 -q --remote-name "$P/file?size=3"
  same "$(size file)" 3
  rq 9 -O -C "$P/file?size=5000&cut=2000"
  rq 9 -OC "$P/file?size=5000&cut=2000"
  rm -f file
  rq 9 -OC "$P/file?size=5000&cut=2000"
  rq 0 -OC "$P/file?size=5000"
  same "$(size file)" 5000
  rq 2 -O "$H/"
  rq 2 -O "$H"
  rq 2 -O "$H/.."
  cd ..
}

# name HEADER FILE: a Content-Disposition, and the file that comes of it.
name() {
  rq 0 -q -O "$P/named" "as==$1"
  that [ -f "$2" ]
  rm -f "$2"
}

# What a server calls it is a name in this folder, harmless, and new.
case_proposed() {
  mkdir proposed
  cd proposed || exit 1
  name 'attachment; filename="a b.txt"' 'a b.txt'
  name 'attachment; filename=plain.txt; x=y' plain.txt
  name 'attachment; filename="../../etc/up"' up
  name 'attachment; filename="..\\..\\up"' up
  name 'attachment; filename="/abs"' abs
  name 'attachment; filename=".bashrc"' bashrc
  name 'attachment; filename="-rf"' _rf
  name 'attachment; filename="a.txt"; filename*=UTF-8'"''"'%c3%a9%2F..%2fb.txt' b.txt
  name "attachment; filename*=utf-8'en'%e2%82%ac.txt" '€.txt'
  name 'attachment; filename=".."' named
  name 'attachment; filename="q\"q"' 'q"q'
  name inline named
  name "attachment; filename*=UTF-8''caf%e9%ed%a0%80.txt" caf____.txt
  name "attachment; filename*=UTF-8''%00%0a%%zz%4" '%00_%%zz%4'
  echo mine >taken
  rq 3 -O "$P/named" 'as==attachment; filename=taken'
  is taken mine
  has err 'the server calls it taken, which exists'
  cd ..
}

# pty COLUMNS ...: terminal.py's, with what was drawn in out.
pty() { last="a terminal of $*"; python3 "$here/terminal.py" "$@" >out 2>err; code=$?; }

case_bar() {
  pty 80 "$rq" -o barred "$H/drip/300/2"
  same $code 0
  has out '100 % [####'
  has out "$(printf '\r') "
  same "$(tr '\r' '\n' <out | awk 'length > 79' | wc -l)" 0
  has out 'rq: 300 bytes in barred'
  pty 30 "$rq" -o barred "$H/drip/300/2"
  same "$(tr '\r' '\n' <out | awk 'length > 30' | wc -l)" 0
  pty 80 "$rq" -o barred "$H/chunked/50000"
  has out '48.8 KiB'
  hasnt out '[#'
  pty 80 "$rq" -o barred "$H/truncated"
  has out ' 50 % [###'
  pty 80 "$rq" -q -o barred "$H/bytes/50000"
  is out ''
  rq 0 -o barred "$H/drip/300/2"
  hasnt err "$(printf '\r')"
  hasnt err '#'
}

case_terminal() {
  pty 80 "$rq" "$H/bytes/1000"
  same $code 3
  has out 'the body is binary'
  pty 80 "$rq" -o - "$H/bytes/1000"
  same $code 0
  pty 80 "$rq" "$P/body?is=text"
  same "$(tr -d '\r' <out)" text
  same "$(wc -l <out)" 1
}

case_password() {
  pty 80 --type 's3cret^J' 'password of ann: ' "$rq" -u ann -o asked "$P/authorization"
  same $code 0
  is asked 'Basic ann:s3cret'
  hasnt out s3cret
  pty 80 --type 's3cret^C' 'password of ann: ' "$rq" -u ann -o never "$P/authorization"
  same $code 130
  pty 80 --type '^D' 'password of ann: ' "$rq" -u ann -o never "$P/authorization"
  same $code 2
  pty 80 --type 'é^J' 'password of ann: ' sh -c '"$0" -u ann -q -o asked "$1"; stty -a' "$rq" "$P/authorization"
  has out ' echo '
}

# Ctrl-C once something has come: what was saved is gone, but with -C.
case_interrupt() {
  pty 80 --type '^C' '%' "$rq" -o stopped "$H/drip/100000/2"
  same $code 130
  same "$(find . -name 'stopped*' | wc -l)" 0
  pty 80 --type '^C' '%' "$rq" -C -o stopped "$H/drip/100000/2"
  same $code 130
  that [ "$(size stopped)" -gt 0 ]
  has out 'rq: '
  pty 80 --type '^C' '> POST' "$rq" -v "$H/echo" -d @-
  same $code 130
  last='SIGTERM'
  "$rq" -o stopped.too "$H/stall-body" >out 2>err &
  pid=$!
  until [ -n "$(find . -name 'stopped.too.*')" ] || ! kill -0 $pid 2>/dev/null; do sleep 0.05; done
  kill -TERM $pid
  wait $pid
  same $? 143
  same "$(find . -name 'stopped.too*' | wc -l)" 0
}
