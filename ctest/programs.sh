#!/bin/sh
# programs.sh HEADER FOLDER: writes the program of each section of the header's introduction to
# FOLDER/the_title.c, with the test server's URLs, certificates and pin in place of the header's.
set -eu
header=$1 folder=$2
mkdir -p "$folder"
rm -f "$folder"/*.c

awk -v folder="$folder" '
  /^ \*\// { exit }
  /^ \* [A-Z][A-Z ]+$/ {
    name = tolower(substr($0, 4)); gsub(/ /, "_", name); file = folder "/" name ".c"
    printf "#include \"t.h\"\n" >file
    next
  }
  /^ \*     / { print substr($0, 8) >file; inside = file; next }
  # An empty line belongs to the program that has begun; behind its end it does no harm.
  /^ \*$/ && file != "" && inside == file { print "" >file }
' "$header"

for program in "$folder"/*.c; do
  grep -q 'int main(void)' "$program" || { echo "no program in section ${program##*/}"; exit 1; }
done
for program in "$folder"/*.c; do
  case $program in */tls.c) server=RQ_TEST_MTLS ;; *) server=RQ_TEST_HTTP ;; esac
  sed -e 's|"https://example\.org\(/[^"]*\)"|t_url("'$server'", "\1")|' \
    -e 's|"sha256//[^"]*"|t_env("RQ_TEST_SERVER_PIN")|' \
    -e 's|"ca\.pem"|t_env("RQ_TEST_CA_FILE")|' \
    -e 's|"client\.pem"|t_env("RQ_TEST_CLIENT_CERT")|' \
    -e 's|"client\.key"|t_env("RQ_TEST_CLIENT_KEY")|' "$program" >"$program.new"
  mv "$program.new" "$program"
done
