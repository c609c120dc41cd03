# Part of make.sh: certificates that clients show.

# client NAME KEY PASSWORD OUTCOME CERTIFICATES: one line of clients.txt.
client() {
    name=$1 key=$2 password=$3 outcome=$4
    shift 4
    for part in "$@"; do cat "$part.crt"; done >"$name.client.pem"
    printf '%s\t' "$name" "$name.client.pem" "$key" "$password" "$outcome" >>clients.txt
    echo >>clients.txt
}

authority client-root self
authority client-inner client-root
issue client-ec leaf client-root "$CLIENT"
client good-ec leaf.key - accept client-ec
issue client-rsa rsa client-root "$CLIENT"
client good-rsa rsa.key - accept client-rsa
openssl rsa -traditional -in rsa.key -out rsa-pkcs1.key 2>/dev/null
client good-rsa-pkcs1 rsa-pkcs1.key - accept client-rsa
openssl ec -in leaf.key -out leaf-sec1.key 2>/dev/null
client good-ec-sec1 leaf-sec1.key - accept client-ec
issue client-ed25519 ed25519 client-root "$CLIENT"
client good-ed25519 ed25519.key - accept client-ed25519
issue client-by-inner leaf client-inner "$CLIENT"
client good-chain leaf.key - accept client-by-inner client-inner
client one-file - - accept client-ec
cat leaf.key >>one-file.client.pem
openssl pkcs8 -topk8 -v2 aes-256-cbc -in leaf.key -out locked.key -passout pass:open-sesame
client encrypted locked.key open-sesame accept client-ec
client encrypted-wrong-password locked.key open-says-me file client-ec
client encrypted-no-password locked.key - file client-ec
openssl pkcs8 -topk8 -scrypt -in leaf.key -out scrypt.key -passout pass:open-sesame
client encrypted-scrypt scrypt.key open-sesame accept client-ec
client key-mismatch stranger.key - mismatch client-ec
client key-of-another-type rsa.key - mismatch client-ec
issue client-old leaf client-root "$CLIENT" "$FROM" "$PAST"
client expired leaf.key - refused client-old
issue client-other leaf other-root "$CLIENT"
client wrong-ca leaf.key - refused client-other
issue_v1 client-v1 leaf client-root
client version-1 leaf.key - refused client-v1
openssl rsa -traditional -aes128 -in rsa.key -out old-locked.key -passout pass:open-sesame \
    2>/dev/null
client encrypted-old old-locked.key open-sesame file client-rsa
cp client-ec.crt no-key.key
client no-key no-key.key - file client-ec
