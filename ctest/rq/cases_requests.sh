# cases_requests.sh: what is sent, and what is shown. Sourced by test.sh, which explains it.

case_plain() {
  rq 0 "$H/json"
  has out '"hello": "librq"'
  is err ''
  rq 0 GET "$H/echo"
  has out 'GET /echo HTTP/1.1'
  rq 0 -X purge "$H/echo"
  has out 'PURGE /echo HTTP/1.1'
  rq 0 --request=M-SEARCH "$H/echo"
  has out 'M-SEARCH /echo HTTP/1.1'
  rq 0 DELETE "$H/echo"
  has out 'DELETE /echo HTTP/1.1'
  rq 0 "$H/status/404"
  is out 'status 404'
  rq 0 -X head --no-follow "$H/redirect/1"
  rq 2 -X 'a b' "$H/echo"
  has err 'rq: '
}

# A scheme that is left out: this machine in the clear, others by TLS.
case_urls() {
  port=${H##*:}
  rq 0 "localhost:$port/echo"
  has out "Host: localhost:$port"
  rq 0 "127.0.0.1:$port/echo?a=b"
  has out 'GET /echo?a=b HTTP/1.1'
  rq 0 ":$port/echo"
  has out "Host: localhost:$port"
  rq 0 --curl example.org/a
  has out ' https://example.org/a'
  rq 0 --curl ':/a'
  has out ' http://localhost/a'
  rq 0 --curl 'example.org/?to=http://x/'
  has out "'https://example.org/?to=http://x/'"
  rq 0 --curl 127.example.org/
  has out ' https://127.example.org/'
  rq 0 --curl localhost.example.org/
  has out ' https://localhost.example.org/'
  rq 0 --curl 'ann:pw@localhost/'
  has out 'https://***@localhost/'
  rq 0 --curl '[::1]:81/'
  has out 'http://[::1]:81/'
  rq 2 'http://'
  rq 2 'gopher://example.org/'
}

case_headers() {
  rq 0 "$H/echo" X-A:b 'X-C: d' -H 'X-E: f' --header='X-G:h'
  for line in 'X-A: b' 'X-C: d' 'X-E: f' 'X-G: h'; do has out "$line"; done
  rq 0 "$H/echo" -H 'User-Agent: mine' Accept: -H 'X-Empty;' -HX-Twice:1 X-Twice:2
  has out 'User-Agent: mine'
  hasnt out 'librq/'
  hasnt out 'Accept:'
  has out 'X-Empty:'
  has out 'X-Twice: 1'
  has out 'X-Twice: 2'
  rq 2 "$H/echo" -H nothing
  rq 2 "$H/echo" -H 'a b: c'
  rq 2 "$H/echo" "X-A: b
c"
  is out ''
}

case_query() {
  rq 0 "$H/echo?z=1" a==b 'c d==e&f' a==2
  has out 'GET /echo?z=1&a=b&c+d=e%26f&a=2 HTTP/1.1'
}

case_json() {
  printf 'line\n"two"\t\\' >text
  printf '[1, 2]' >list
  rq 0 "$H/echo" name=Ann age:=42 'tags:=["a", {"b": null}]' 'q\:x=1' text=@text list:=@list age:=43
  has out 'POST /echo HTTP/1.1'
  has out 'Content-Type: application/json'
  has out '{"name": "Ann", "tags": ["a", {"b": null}], "q:x": "1", '
  has out '"text": "line\u000a\"two\"\u0009\\", "list": [1, 2], "age": 43}'
  rq 0 PUT "$H/echo" a=
  has out 'PUT /echo HTTP/1.1'
  has out '{"a": ""}'
  rq 0 -j "$H/echo" -d '{"raw": 1}'
  has out 'Content-Type: application/json'
  has out '{"raw": 1}'
  rq 0 --json "$H/echo" ü=é Content-Type:application/x-mine
  has out '{"ü": "é"}'
  has out 'Content-Type: application/x-mine'
  rq 2 "$H/echo" 'n:=1, "x": 2'
  has err 'the value of n is not JSON'
  rq 2 "$H/echo" n:=
  rq 3 "$H/echo" n=@missing
  has err 'missing cannot be read: No such file'
  printf 'a\0b' >nul
  rq 3 "$H/echo" n=@nul
  rq 2 "$H/echo" nothing
  has err '"nothing" is no item'
  rq 2 "$H/echo" =x
  rq 2 -j "$H/echo" f@text
}

case_form() {
  rq 0 "$H/echo" -f a=b 'c d=e&f' a=2
  has out 'POST /echo HTTP/1.1'
  has out 'Content-Type: application/x-www-form-urlencoded'
  has out 'a=b&c+d=e%26f&a=2'
  rq 0 --form "$H/echo" -d a=b
  has out 'Content-Type: application/x-www-form-urlencoded'
  rq 0 -f "$H/echo"
  has out 'GET /echo'
  rq 2 -f "$H/echo" n:=1
  rq 2 -f -j "$H/echo" a=b
}

case_data() {
  rq 0 "$H/echo" -d 'as it is'
  has out 'as it is'
  has out 'Content-Length: 8'
  hasnt out 'Content-Type'
  head -c 300000 /dev/zero >zeros
  rq 0 PUT "$H/upload" --data @zeros
  has out '"bytes": 300000'
  last='rq -d @-'
  printf 'from a pipe' | "$rq" "$H/echo" -d @- >out 2>err
  has out 'Transfer-Encoding: chunked'
  has out 'from a pipe'
  "$rq" "$H/upload" -d @- <zeros >out 2>err
  has out '"bytes": 300000'
  rq 3 "$H/echo" -d @missing
  rq 2 "$H/echo" -d a b=c
  rq 2 "$H/echo" -F -d a
}

case_multipart() {
  printf 'the file' >'a;b.txt'
  rq 0 "$H/echo" title=Sea 'photo@a;b.txt' 'other@a;b.txt;filename=x.png;type=image/png'
  has out 'Content-Type: multipart/form-data; boundary='
  has out 'form-data; name="title"'
  has out 'form-data; name="photo"; filename="a;b.txt"'
  has out 'form-data; name="other"; filename="x.png"'
  has out 'Content-Type: image/png'
  has out 'the file'
  rq 0 -F "$H/echo" a=b 'c=@a;b.txt' d=e
  same "$(sed -n 's/.*form-data; name="\(.\)".*/\1/p' out | tr -d '\n')" acd
  has out 'name="c"; filename="a;b.txt"'
  rq 0 --multipart "$H/echo" a=b
  has out 'multipart/form-data'
  rq 3 "$H/echo" a@missing
  rq 2 -F "$H/echo" n:=1
  rq 2 "$H/echo" 'a@a;b.txt;type=im
age'
}

# What people read must not change unseen: the heads, to the letter.
case_golden() {
  rq 0 -v -i "$H/redirect/0?x" -u ann:s3cret -H 'Cookie: word=s3cret' Proxy-Authorization:s3cret X-A:b
  normal() { sed "s/127.0.0.1:[0-9]*/HOST/; s|librq/[0-9.]*|librq/V|; s/\(X-Connection:\) .*/\1 N/; s/\r//
    s/\(Content-Length:\) [0-9][0-9][0-9]/\1 NNN/" "$1" >"$1.normal"; }
  normal err
  is err.normal '> GET /redirect/0?x HTTP/1.1
> Host: HOST
> User-Agent: librq/V
> Accept-Encoding: gzip, deflate, br, zstd
> Accept: */*
> Connection: keep-alive
> Cookie: ***
> Proxy-Authorization: ***
> X-A: b
> Authorization: Basic ***
>
< HTTP/1.1 302 Found
< Server: testd
< X-Connection: N
< X-Request: 1
< Location: /echo?x
< Set-Cookie: hop0=x; Path=/
< Content-Type: text/plain
< Content-Length: 10
<
> GET /echo?x HTTP/1.1
> Host: HOST
> User-Agent: librq/V
> Accept-Encoding: gzip, deflate, br, zstd
> Accept: */*
> Connection: keep-alive
> X-A: b
> Authorization: Basic ***
> Cookie: ***
>
< HTTP/1.1 200 OK
< Server: testd
< X-Connection: N
< X-Request: 2
< Content-Type: text/plain
< Content-Length: NNN
<'
  rq 0 --include "$H/headers"
  normal out
  is out.normal "HTTP/1.1 200 OK
Server: testd
X-Connection: N
X-Request: 1
X-Odd-CASE: a
x-odd-case: b
Set-Cookie: a=1; Path=/
Set-Cookie: b=2
X-Latin: caf$(printf '\351')
X-Empty: 
Content-Type: text/plain
Content-Length: 2

ok"
  same "$(grep -c "$(printf '\r')" out)" 13
}

case_head() {
  rq 0 -I "$H/bytes/100"
  has out 'HTTP/1.1 200 OK'
  has out 'Content-Length: 100'
  rq 0 --head "$H/redirect/1"
  has out 'HTTP/1.1 302 Found'
  rq 0 -I --follow "$H/redirect/1"
  has out 'HTTP/1.1 200 OK'
  rq 2 -I GET "$H/json"
}

# Names are stable, times are not.
case_trace() {
  rq 0 --trace "$H/redirect/0"
  same "$(awk '$2 == "ms" { printf "%s ", $3 }' err)" 'connect sent head body redirect reused sent head body '
  has err "$H/echo"
  rq 0 --verbose --trace "$P/to?url=${P%%:*}://ann:s3cret@${P#*//}/authorization"
  is out none
  hasnt err 'redirect  http://ann'
}

case_curl() {
  rq 0 --curl -u ann:s3cret "$H/echo" a=b
  has out 'curl --request POST'
  has out "'{\"a\": \"b\"}' $H/echo"
  hasnt out s3cret
}

case_raw() {
  rq 0 "$P/encoded"
  is out 'plain text'
  rq 0 --raw "$P/encoded"
  same "$(gzip -dc <out)" 'plain text'
}

case_fail() {
  rq 22 --fail "$H/status/404"
  is out ''
  has err 'rq: 404 Client Error: Not Found'
  rq 0 --fail "$H/status/302"
  rq 22 --fail -o never "$H/status/500"
  that [ ! -e never ]
}

case_bad_options() {
  rq 2
  has err 'a URL is missing'
  has err 'rq --help'
  rq 2 GET
  rq 2 --nothing "$H/"
  has err 'there is no option --nothing'
  rq 2 -Z "$H/"
  has err 'there is no option -Z'
  rq 2 --out x "$H/"
  rq 2 --quiet=1 "$H/"
  has err '--quiet takes no value'
  rq 2 "$H/" -o
  has err '--output needs a value'
  rq 2 "$H/" ''
  rq 2 "$H/" --follow --no-follow
  rq 0 -qi -- "$H/json"
  rq 2 "$H/json" -- -q
  rq 2 "$H/" --max-redirs -1
  for number in '' . x 1x 1.5 -1 +1 1e3 ' 1' 4294967295 99999999999999999999; do
    rq 2 "$H/json" "--retries=$number"
  done
  for number in '' . x 1x 1.2.3 -1 inf nan 0x10 4294968; do rq 2 "$H/json" --deadline "$number"; done
  for number in 5 0 .5 5. 5.25 5.123456 4294967; do rq 0 "$H/json" --deadline "$number"; done
}

case_help() {
  rq 0 --help
  that [ "$(wc -l <out)" -le 24 ]
  that [ "$(awk 'length > 80' out | wc -l)" = 0 ]
  rq 0 -h
  rq 0 --version
  same "$(sed 's/[0-9][0-9.]*/V/g' out)" 'rq V (librq V)'
  rq 0 -V
}

# What a server says is not a terminal's command.
case_escapes() {
  rq 9 -v -i "$H/status/200?reason=a%1b%5b2Jb"
  hasnt err "$(printf '\033')"
  hasnt out "$(printf '\033')"
  rq 2 "$(printf 'a\033[2Jb')://example.org/" "$(printf 'c\033d')"
  has err 'c?d'
}
