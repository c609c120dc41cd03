# cases_ways.sh: redirects, times, credentials, cookies, proxies, TLS; what fails as what. Sourced
# by test.sh, which explains it.

case_redirects() {
  rq 0 "$H/redirect/3"
  has out 'GET /echo HTTP/1.1'
  rq 0 --no-follow "$H/redirect/3"
  is out 'elsewhere'
  rq 11 --max-redirs 2 "$H/redirect/3"
  has err 'rq: '
  rq 0 --max-redirs=4 "$H/redirect/3"
}

case_times() {
  rq 8 --deadline 0.2 "$H/stall-body"
  rq 8 --read-timeout 0.2 "$H/stall-head"
  rq 8 --connect-timeout 0.2 "$RQ_TEST_BLACKHOLE/"
  rq 0 --connect-timeout 5 --read-timeout 5 --deadline 20 "$H/json"
}

case_retries() {
  rq 0 "$P/flaky?key=none"
  is out later
  rq 0 --retries 2 "$P/flaky?key=two"
  is out 'try 2'
}

# An error of each class has an exit status of its own, and a message that says what.
case_errors() {
  rq 4 http://missing.invalid/
  rq 5 "$RQ_TEST_REFUSED/"
  has err 'connection refused'
  rq 9 "$H/truncated"
  has err 'truncated'
  rq 9 "$H/rst-head"
  rq 9 "$RQ_TEST_HTTP/raw"
  rq 6 "$RQ_TEST_PLAIN_AS_TLS/"
  last='rq -d @- to a challenge'
  printf x | "$rq" "$P/digest" -d @- -u ann:secret --digest >out 2>err
  same $? 10
  has err 'rq: '
}

case_credentials() {
  rq 0 -u ann:s3cret:too "$P/authorization"
  is out 'Basic ann:s3cret:too'
  rq 0 --bearer t0ken "$P/authorization"
  is out 'Bearer t0ken'
  rq 0 --user ann:secret --digest "$P/digest"
  is out welcome
  rq 0 --user ann:wr0ng --digest "$P/digest"
  is out 'who?'
  rq 0 -v --trace -u ann:secret --digest "$P/digest?x"
  is out welcome
  hasnt err secret
  hasnt err 'response='
  last='setsid rq -u ann' # without a terminal
  python3 -c 'import os, sys; os.setsid(); os.execv(sys.argv[1], sys.argv[1:])' "$rq" -u ann "$P/" >out 2>err
  same $? 2
  has err 'no terminal to ask'
  rq 2 --digest "$P/authorization"
  rq 2 --bearer t0ken -u a:b "$P/authorization"
  hasnt err t0ken
  rq 2 --bearer 't0ken
x' "$P/authorization"
  hasnt err t0ken
  rq 5 -u ann:s3cret "http://bob:pa55@${RQ_TEST_REFUSED#http://}/"
  hasnt err s3cret
  hasnt err pa55
}

case_environment() {
  host=${P#http://}
  printf 'machine 127.0.0.1 login nina password n3trc\n' >netrc
  chmod 600 netrc
  NETRC=$work/netrc
  rq 0 "$P/authorization"
  is out 'Basic nina:n3trc'
  rq 0 --no-env "$P/authorization"
  is out none
  NETRC=/dev/null
  http_proxy=http://$host
  export http_proxy
  rq 0 http://example.invalid/a
  is out 'proxied GET http://example.invalid/a'
  rq 4 --no-env http://example.invalid/a
  rq 7 --proxy "$RQ_TEST_REFUSED" http://example.invalid/a
  rq 4 --proxy '' http://example.invalid/a
  unset http_proxy
  SSL_CERT_FILE=$RQ_TEST_CA_FILE
  export SSL_CERT_FILE
  rq 0 "$S/json"
  rq 6 --no-env "$S/json"
  unset SSL_CERT_FILE
}

case_proxies() {
  rq 0 --proxy "$P" http://example.invalid/a
  is out 'proxied GET http://example.invalid/a'
  rq 0 --proxy "$P" --noproxy 127.0.0.1 "$H/json"
  has out librq
  rq 0 --proxy "$P" --noproxy other.example "$H/json"
  has out proxied
  rq 7 --proxy "http://ann:s3cret@${P#http://}" https://example.invalid/
  hasnt err s3cret
  rq 2 --proxy ftp://example.org http://example.invalid/
  rq 2 --proxy http:// http://example.invalid/
  rq 2 --proxy "$P" --noproxy x --no-env http://example.invalid/
  rq 7 --proxy "socks5h://${RQ_TEST_REFUSED#http://}" http://example.invalid/
}

case_resolve() {
  port=${H##*:}
  rq 0 --resolve "example.invalid:$port:127.0.0.1" "http://example.invalid:$port/echo"
  has out "Host: example.invalid:$port"
  rq 0 --resolve "[::1]:80:127.0.0.1:$port" "http://[::1]/echo"
  rq 2 --resolve example.invalid "$H/"
  rq 2 --resolve example.invalid:x:127.0.0.1 "$H/"
  rq 2 --resolve example.invalid:99999:127.0.0.1 "$H/"
  rq 2 --resolve example.invalid:80:nowhere "$H/"
}

case_socket() {
  rq 0 --unix-socket "$RQ_PEER_SOCKET" /socket
  is out 'host localhost'
  rq 0 --unix-socket "$RQ_PEER_SOCKET" example.invalid/socket
  is out 'host example.invalid'
  rq 5 --unix-socket "$work/nowhere" example.invalid/
  rq 2 --unix-socket '' example.invalid/
}

case_tls() {
  rq 6 "$S/json"
  has err 'rq: '
  rq 0 --ca "$RQ_TEST_CA_FILE" "$S/json"
  has out librq
  rq 0 --ca="$RQ_TEST_CA_DIR" "$S/json"
  rq 0 -k "$RQ_TEST_HTTPS_UNTRUSTED/json"
  rq 0 --insecure "$RQ_TEST_HTTPS_EXPIRED/json"
  rq 6 --ca "$RQ_TEST_CA_FILE" "$RQ_TEST_HTTPS_WRONG_HOST/json"
  rq 3 --ca missing "$S/json"
  rq 0 --ca "$RQ_TEST_CA_FILE" --tls1.3 "$S/json"
  rq 6 --ca "$RQ_TEST_CA_FILE" --tls1.3 "$RQ_TEST_HTTPS_TLS12/json"
  rq 0 --ca "$RQ_TEST_CA_FILE" --pin "$RQ_TEST_SERVER_PIN" "$S/json"
  other=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
  rq 6 --ca "$RQ_TEST_CA_FILE" --pin $other "$S/json"
  rq 0 --ca "$RQ_TEST_CA_FILE" --pin $other --pin "$RQ_TEST_SERVER_PIN" "$S/json"
  rq 2 --pin nothing "$S/json"
}

case_client_certificates() {
  rq 6 --ca "$RQ_TEST_CA_FILE" "$RQ_TEST_MTLS/json"
  rq 0 --ca "$RQ_TEST_CA_FILE" --cert "$RQ_TEST_CLIENT_CERT" --key "$RQ_TEST_CLIENT_KEY" "$RQ_TEST_MTLS/json"
  cat "$RQ_TEST_CLIENT_CERT" "$RQ_TEST_CLIENT_KEY" >both.pem
  rq 0 --ca "$RQ_TEST_CA_FILE" --cert both.pem "$RQ_TEST_MTLS/json"
  set -- --ca "$RQ_TEST_CA_FILE" --cert "$RQ_TEST_CLIENT_CERT" --key "$RQ_TEST_CLIENT_KEY_LOCKED"
  rq 0 "$@" --pass "$RQ_TEST_CLIENT_PASSWORD" "$RQ_TEST_MTLS/json"
  rq 3 "$@" --pass wr0ng "$RQ_TEST_MTLS/json"
  hasnt err wr0ng
  rq 3 "$@" "$RQ_TEST_MTLS/json"
  rq 2 --key "$RQ_TEST_CLIENT_KEY" "$S/json"
  rq 2 --pass x "$S/json"
}

case_cookies() {
  rq 0 -c jar "$P/keep"
  same "$(stat -c %a jar)" 600
  has jar s3cret
  rq 0 --cookies jar "$P/cookie"
  is out 'session=s3cret'
  rq 0 "$P/cookie"
  is out none
  rq 0 -v -c jar "$P/cookie"
  hasnt err s3cret
  echo 'no cookies' >notes
  rq 3 -c notes "$P/cookie"
  is notes 'no cookies'
  rq 3 -c missing/jar "$P/keep"
}
