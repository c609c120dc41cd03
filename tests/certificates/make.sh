#!/bin/sh
# Makes the certificates of the matrix and the table of what is expected of each.
#
#   tests/certificates/make.sh FOLDER
#
# FOLDER gets PEM files and cases.txt, one line a case, of fields that a tab separates: name, chain,
# key, CA bundle, host of the URL, then the outcome with the CA bundle, with the system's roots and
# without verification, then why. An outcome is `accept` or the reason of the error.
# clients.txt lists client certificates: name, certificate, key, password, outcome; `-` is none.
# What the files hold is fixed but for the keys and serial numbers, and for "expires today", which
# ends in an hour. Every certificate is made by `openssl ca`, which alone lets both dates be chosen
# in OpenSSL 3.0.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:?usage: make.sh FOLDER}"
cd "$1"

cat >ca.cnf <<'CNF'
[ca]
default_ca = any
[any]
database = index.txt
rand_serial = yes
new_certs_dir = issued
unique_subject = no
policy = names
default_md = sha256
[names]
commonName = optional
[req]
distinguished_name = empty
[empty]
CNF
: >index.txt
mkdir -p issued
: >cases.txt
: >clients.txt

CA='basicConstraints=critical,CA:TRUE|keyUsage=critical,keyCertSign,cRLSign'
SERVER='basicConstraints=critical,CA:FALSE|extendedKeyUsage=serverAuth'
CLIENT='basicConstraints=critical,CA:FALSE|extendedKeyUsage=clientAuth'
FROM=20150101000000Z
TO=20990101000000Z
PAST=20200101000000Z

# key NAME [ALGORITHM AND OPTIONS OF openssl genpkey]: NAME.key and NAME.csr. P-256 unless told.
key() {
    name=$1
    shift
    [ $# -gt 0 ] || set -- EC -pkeyopt ec_paramgen_curve:P-256
    openssl genpkey -algorithm "$@" -out "$name.key" 2>/dev/null
    openssl req -new -config ca.cnf -key "$name.key" -subj "/CN=$name" -out "$name.csr"
}

# issue NAME KEY ISSUER EXTENSIONS [FROM [TO [MORE OPTIONS]]]: NAME.crt. The issuer of a self-signed
# one is `self`. Extensions are separated by `|`.
issue() {
    name=$1 key=$2 issuer=$3 extensions=$4 from=${5:-$FROM} to=${6:-$TO}
    shift 4
    [ $# -lt 1 ] || shift
    [ $# -lt 1 ] || shift
    case $issuer in
        self) set -- "$@" -selfsign -keyfile "$key.key" ;;
        *) set -- "$@" -cert "$issuer.crt" -keyfile "$issuer.key" ;;
    esac
    printf '%s\n' "$extensions" | tr '|' '\n' >extensions.cnf
    openssl ca -config ca.cnf -batch -notext -in "$key.csr" -subj "/CN=$name" \
        -startdate "$from" -enddate "$to" -extfile extensions.cnf -out "$name.crt" "$@" 2>ca.log ||
        { cat ca.log >&2; exit 1; }
}

# issue_v1 NAME KEY [ISSUER]: an X.509 v1 certificate, valid from now; without an issuer its own.
issue_v1() {
    set -- "$1" "$2" ${3:+-CA "$3.crt" -CAkey "$3.key"}
    name=$1 key=$2
    shift 2
    # From OpenSSL 3.2 on, no extensions do not make it v1.
    case $(openssl req -help 2>&1) in
        *x509v1*) set -- -x509v1 "$@" ;;
        *) set -- -x509 "$@" ;;
    esac
    openssl req "$@" -config ca.cnf -key "$key.key" -subj "/CN=$name" -days 20000 -out "$name.crt"
}

# authority NAME ISSUER [EXTENSIONS [FROM [TO]]]: a CA with a key of its own, made if there is none.
authority() {
    [ -e "$1.key" ] || key "$1"
    issue "$1" "$1" "$2" "${3-$CA|subjectKeyIdentifier=hash}" "${4:-}" "${5:-}"
}

# server NAME SAN [ISSUER [FROM [TO [MORE OPTIONS]]]]: a server's certificate, with the shared key.
server() {
    name=$1 names=$2 issuer=${3:-root}
    shift 2
    [ $# -lt 1 ] || shift
    issue "$name" leaf "$issuer" "$SERVER|subjectAltName=$names" "$@"
}

# row NAME HOST CHAIN KEY BUNDLE OWN SYSTEM OFF WHY: a case; CHAIN and BUNDLE name certificates.
row() {
    name=$1 host=$2 chain=$3 key=$4 bundle=$5
    shift 5
    for part in $chain; do cat "$part.crt"; done >"$name.chain.pem"
    for part in $bundle; do cat "$part.crt"; done >"$name.ca.pem"
    set -- "$name" "$name.chain.pem" "$key.key" "$name.ca.pem" "$host" "$@"
    line=$(printf '%s\t' "$@")
    printf '%s\n' "$line" >>cases.txt
}

# good NAME HOST CHAIN [KEY [BUNDLE [WHY]]]: one that must be accepted.
good() { row "$1" "$2" "$3" "${4:-leaf}" "${5:-root}" accept unknown_issuer accept "${6:-}"; }

# bad NAME HOST REASON CHAIN [BUNDLE [SYSTEM [WHY]]]: one that must be refused.
bad() { row "$1" "$2" "$4" leaf "${5:-root}" "$3" "${6:-unknown_issuer}" accept "${7:-}"; }

# raw_dns BYTES: a subjectAltName of one dNSName, the bytes (in printf's escapes) as they are.
raw_dns() {
    hex=$(printf "$1" | od -An -v -tx1 | tr -d ' \n')
    length=$((${#hex} / 2))
    printf 'DER:30%02x82%02x%s' $((length + 2)) "$length" "$hex"
}

authority root self
authority other-root self
key leaf

. "$here/names.sh"
. "$here/chains.sh"
. "$here/clients.sh"
