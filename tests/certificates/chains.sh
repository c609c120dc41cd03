# Part of make.sh: certificates by who signed them, what they are for, and how they are signed.

# Chains.
authority inner root
authority innermost inner
server by-inner DNS:good.rq.test inner
server by-innermost DNS:good.rq.test innermost
good one-intermediate good.rq.test "by-inner inner"
good two-intermediates good.rq.test "by-innermost innermost inner"
good root-sent-too good.rq.test "by-inner inner root"
good wrong-order good.rq.test "by-innermost root inner innermost" leaf root "as everybody by now"
good junk-in-chain good.rq.test "by-inner other-root inner wrong-host"
bad missing-intermediate good.rq.test unknown_issuer by-inner
bad untrusted-root good.rq.test unknown_issuer "by-inner inner root" other-root
authority old-inner root "$CA" "$FROM" "$PAST"
server by-old-inner DNS:good.rq.test old-inner
bad expired-intermediate good.rq.test expired "by-old-inner old-inner" root expired
authority old-root self "$CA" "$FROM" "$PAST"
server by-old-root DNS:good.rq.test old-root
bad expired-root good.rq.test expired by-old-root old-root unknown_issuer "as OpenSSL and Go"
authority future-root self "$CA" 20900101000000Z
server by-future-root DNS:good.rq.test future-root
bad root-not-yet-valid good.rq.test not_yet_valid by-future-root future-root
issue renewed-root old-root self "$CA" "" "" -subj /CN=old-root
good expired-root-renewed good.rq.test by-old-root leaf "old-root renewed-root" \
    "the same name and key, with new dates"

# Two authorities that vouch for each other: a loop, unless one of them is trusted.
authority east self
authority west self
issue east-by-west east west "$CA" "" "" -subj /CN=east
issue west-by-east west east "$CA" "" "" -subj /CN=west
server by-east DNS:good.rq.test east
bad cross-signed-loop good.rq.test unknown_issuer "by-east east-by-west west-by-east"
good cross-signed good.rq.test "by-east west-by-east east-by-west" leaf west

# Self-signed.
key lonely
issue lonely lonely self "$SERVER|subjectAltName=DNS:good.rq.test"
row self-signed good.rq.test lonely lonely root self_signed self_signed accept ""
row self-signed-in-bundle good.rq.test lonely lonely "root lonely" accept self_signed accept \
    "verify='self.pem' is how Requests trusts one server"
row self-signed-other-host other.rq.test lonely lonely lonely wrong_host self_signed accept ""
issue self-old leaf self "$SERVER|subjectAltName=DNS:good.rq.test" "$FROM" "$PAST"
bad self-signed-expired good.rq.test expired self-old self-old expired
issue self-ca leaf self "basicConstraints=critical,CA:TRUE|subjectAltName=DNS:good.rq.test"
bad self-signed-ca good.rq.test self_signed self-ca root self_signed
row self-signed-ca-in-bundle good.rq.test self-ca leaf self-ca accept self_signed accept \
    "what openssl req -x509 makes"
bad self-signed-ca-other-host other.rq.test wrong_host self-ca self-ca self_signed

good server-in-bundle good.rq.test good-ec leaf good-ec "as Go, and Python from 3.13 on"
issue lonely-client lonely self "$CLIENT|subjectAltName=DNS:good.rq.test"
row self-signed-for-clients good.rq.test lonely-client lonely lonely-client not_for_servers \
    not_for_servers accept "being in the bundle does not widen what it is for"

# Who may sign.
issue ca-leaf leaf root "basicConstraints=CA:TRUE|extendedKeyUsage=serverAuth|subjectAltName=\
DNS:good.rq.test"
bad ca-as-server good.rq.test ca_as_server ca-leaf root ca_as_server "OpenSSL and Go accept it"
key server-that-signs
issue server-that-signs server-that-signs root "$SERVER|subjectAltName=DNS:other.rq.test"
server by-server DNS:good.rq.test server-that-signs
bad signed-by-a-server good.rq.test not_a_ca "by-server server-that-signs" root not_a_ca
bad signed-by-a-server-in-bundle good.rq.test not_a_ca by-server server-that-signs \
    unknown_issuer "a server that is trusted for itself vouches for nobody else"
server by-lonely DNS:good.rq.test lonely
bad signed-by-self-signed-in-bundle good.rq.test not_a_ca by-lonely lonely
good intermediate-in-bundle good.rq.test by-inner leaf inner "as Go, and Python from 3.13 on"
authority crl-signer root "basicConstraints=critical,CA:TRUE|keyUsage=critical,cRLSign"
server by-crl-signer DNS:good.rq.test crl-signer
bad no-key-cert-sign good.rq.test not_a_ca "by-crl-signer crl-signer"
authority crl-root self "basicConstraints=critical,CA:TRUE|keyUsage=critical,cRLSign"
server by-crl-root DNS:good.rq.test crl-root
bad no-key-cert-sign-root good.rq.test not_a_ca by-crl-root crl-root
authority no-usage-root self basicConstraints=critical,CA:TRUE
server by-no-usage-root DNS:good.rq.test no-usage-root
good root-without-key-usage good.rq.test by-no-usage-root leaf no-usage-root
key v1-root
issue_v1 v1-root v1-root
server by-v1-root DNS:good.rq.test v1-root
good root-of-version-1 good.rq.test by-v1-root leaf v1-root "old private authorities; as OpenSSL"
for serial in 0 -5 0x7fffffffffffffffffffffffffffffffffffffffffffffffff; do
    odd=serial${serial%%f*}
    key "$odd"
    openssl req -x509 -config ca.cnf -key "$odd.key" -subj "/CN=$odd" -days 20000 \
        -set_serial "$serial" -addext basicConstraints=critical,CA:TRUE -out "$odd.crt"
    server "by-$odd" DNS:good.rq.test "$odd"
    good "root-of-$odd" good.rq.test "by-$odd" leaf "$odd" "old private authorities; as OpenSSL"
done
authority short root 'basicConstraints=critical,CA:TRUE,pathlen:0|keyUsage=keyCertSign'
authority below-short short
server by-below-short DNS:good.rq.test below-short
bad path-length good.rq.test path_length "by-below-short below-short short" root path_length
authority short-root self 'basicConstraints=critical,CA:TRUE,pathlen:0|keyUsage=keyCertSign'
authority below-short-root short-root
server by-below-short-root DNS:good.rq.test below-short-root
bad path-length-of-root good.rq.test path_length "by-below-short-root below-short-root" short-root
server by-short-root DNS:good.rq.test short-root
good path-length-kept good.rq.test by-short-root leaf short-root

# Which names an authority may sign.
authority only-rq root "$CA|nameConstraints=critical,permitted;DNS:rq.test"
server by-only-rq DNS:good.rq.test only-rq
good name-constraint-kept good.rq.test "by-only-rq only-rq"
authority only-elsewhere root "$CA|nameConstraints=critical,permitted;DNS:elsewhere.test"
server by-only-elsewhere DNS:good.rq.test only-elsewhere
bad name-constraint-permitted good.rq.test name_constraint "by-only-elsewhere only-elsewhere"
authority not-rq root "$CA|nameConstraints=critical,excluded;DNS:rq.test"
server by-not-rq DNS:good.rq.test not-rq
bad name-constraint-excluded good.rq.test name_constraint "by-not-rq not-rq"
authority elsewhere-root self "$CA|nameConstraints=critical,permitted;DNS:elsewhere.test"
server by-elsewhere-root DNS:good.rq.test elsewhere-root
bad name-constraint-of-root good.rq.test name_constraint by-elsewhere-root elsewhere-root

# What it is for.
issue for-clients leaf root "$CLIENT|subjectAltName=DNS:good.rq.test"
bad eku-client-only good.rq.test not_for_servers for-clients root not_for_servers
issue for-anything leaf root "basicConstraints=CA:FALSE|subjectAltName=DNS:good.rq.test"
good no-eku good.rq.test for-anything
issue with-unknown-critical leaf root \
    "$SERVER|subjectAltName=DNS:good.rq.test|1.2.3.4=critical,DER:0500"
bad unknown-critical good.rq.test malformed with-unknown-critical root malformed \
    "what is critical and not understood refuses (RFC 5280 §4.2)"

# How it is signed.
key ed25519-root ED25519
authority ed25519-root self
server by-ed25519-root DNS:good.rq.test ed25519-root "" "" -md null
good signed-ed25519 good.rq.test by-ed25519-root leaf ed25519-root
key rsa-root RSA -pkeyopt rsa_keygen_bits:3072
authority rsa-root self
server by-rsa-root DNS:good.rq.test rsa-root "" "" -md sha512
good signed-rsa good.rq.test by-rsa-root leaf rsa-root
server by-rsa-root-pss DNS:good.rq.test rsa-root "" "" -sigopt rsa_padding_mode:pss \
    -sigopt rsa_pss_saltlen:-1
good signed-rsa-pss good.rq.test by-rsa-root-pss leaf rsa-root
key p521-root EC -pkeyopt ec_paramgen_curve:P-521
authority p521-root self
server by-p521-root DNS:good.rq.test p521-root
bad signed-p521 good.rq.test weak_algorithm by-p521-root p521-root unknown_issuer \
    "ring does not have this curve; OpenSSL and Go do"
server sha1 DNS:good.rq.test root "" "" -md sha1
bad sha1 good.rq.test weak_algorithm sha1
key short-rsa RSA -pkeyopt rsa_keygen_bits:1024
issue rsa-1024 short-rsa root "$SERVER|subjectAltName=DNS:good.rq.test"
row rsa-1024 good.rq.test rsa-1024 short-rsa root weak_algorithm unknown_issuer accept \
    "ring takes 2048 bits and more"
key stranger
row key-mismatch good.rq.test good-ec stranger root bad_signature unknown_issuer accept \
    "whoever shows the certificate has not its key; without verification nobody is asked who he is"
openssl x509 -in good-ec.crt -outform DER -out forged.der
# The last byte of a certificate is the last one of its signature's s.
last=$(tail -c 1 forged.der | od -An -tu1 | tr -d ' ')
{ head -c -1 forged.der; printf "\\$(printf %o $(((last + 1) % 256)))"; } >forged2.der
openssl x509 -inform DER -in forged2.der -out forged.crt
bad forged-signature good.rq.test bad_signature forged
{ echo '-----BEGIN CERTIFICATE-----'; echo AAAA; echo '-----END CERTIFICATE-----'; } >garbage.crt
bad no-certificate good.rq.test malformed garbage root malformed
row tls-1.1-only good.rq.test good-ec leaf root no_common_version no_common_version \
    no_common_version "served by openssl s_server -tls1_1"
