# Part of make.sh: certificates by key, dates and name; one certificate each, issued by `root`.

# Keys.
server good-ec DNS:good.rq.test
good good-ec good.rq.test good-ec
key rsa RSA -pkeyopt rsa_keygen_bits:2048
issue good-rsa rsa root "$SERVER|subjectAltName=DNS:good.rq.test"
good good-rsa good.rq.test good-rsa rsa
key ed25519 ED25519
issue good-ed25519 ed25519 root "$SERVER|subjectAltName=DNS:good.rq.test"
good good-ed25519 good.rq.test good-ed25519 ed25519
key p384 EC -pkeyopt ec_paramgen_curve:P-384
issue good-p384 p384 root "$SERVER|subjectAltName=DNS:good.rq.test"
good good-p384 good.rq.test good-p384 p384

# Dates.
server expired DNS:good.rq.test root "$FROM" "$PAST"
bad expired good.rq.test expired expired root expired
server not-yet-valid DNS:good.rq.test root 20900101000000Z
bad not-yet-valid good.rq.test not_yet_valid not-yet-valid root not_yet_valid
server expires-today DNS:good.rq.test root "$FROM" "$(date -u -d '+1 hour' +%Y%m%d%H%M%SZ)"
good expires-today good.rq.test expires-today

# Names that fit.
server wildcard 'DNS:*.rq.test'
good wildcard anything.rq.test wildcard
server ipv4 IP:192.0.2.7
good ipv4 192.0.2.7 ipv4
server ipv6 IP:2001:db8::7
good ipv6 '[2001:db8::7]' ipv6
server idn DNS:xn--bcher-kva.rq.test
good idn bücher.rq.test idn
server many-names "$(seq -s, -f 'DNS:n%g.rq.test' 100)"
good many-names n100.rq.test many-names
server upper-case DNS:GOOD.RQ.TEST
good upper-case good.rq.test upper-case
good host-with-a-dot good.rq.test. good-ec leaf root "the root label is no part of the name"

# Names that do not.
server wrong-host DNS:other.rq.test
bad wrong-host good.rq.test wrong_host wrong-host
server longer-host DNS:good.rq.test.evil.test,DNS:notgood.rq.test
bad longer-host good.rq.test wrong_host longer-host
issue cn.rq.test leaf root "$SERVER"
bad cn-only cn.rq.test wrong_host cn.rq.test root unknown_issuer "the common name is never looked at"
bad wildcard-above rq.test wrong_host wildcard
bad wildcard-two-levels a.b.rq.test wrong_host wildcard
server wildcard-twice 'DNS:*.*.rq.test'
bad wildcard-twice a.b.rq.test wrong_host wildcard-twice
server wildcard-inside 'DNS:a.*.rq.test'
bad wildcard-inside a.b.rq.test wrong_host wildcard-inside
server wildcard-partial 'DNS:f*.rq.test'
bad wildcard-partial foo.rq.test wrong_host wildcard-partial
server wildcard-tld 'DNS:*.test'
bad wildcard-tld rq.test wrong_host wildcard-tld root unknown_issuer "as OpenSSL; Go accepts it"
server wildcard-alone 'DNS:*'
bad wildcard-alone rq wrong_host wildcard-alone
server wildcard-idn 'DNS:xn--*.rq.test'
bad wildcard-idn bücher.rq.test wrong_host wildcard-idn
server wildcard-ip 'DNS:*.0.2.7'
bad wildcard-ip 192.0.2.7 wrong_host wildcard-ip
server ip-as-dns DNS:192.0.2.7
bad ip-as-dns 192.0.2.7 wrong_host ip-as-dns
server dns-as-ip IP:192.0.2.8
bad other-ip 192.0.2.7 wrong_host dns-as-ip
issue nul leaf root "$SERVER|subjectAltName=$(raw_dns 'good.rq.test\0.evil.test')"
bad nul-in-name good.rq.test wrong_host nul
server dot DNS:good.rq.test.
bad dot-in-san good.rq.test wrong_host dot root unknown_issuer "no dNSName ends so (RFC 5280)"

# X.509 v1 has no SAN, so it names no host; OpenSSL says so.
issue_v1 v1.rq.test leaf root
bad v1 v1.rq.test malformed v1.rq.test root malformed "webpki reads v3 alone"
