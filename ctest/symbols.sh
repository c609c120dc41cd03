#!/bin/sh
# symbols.sh LIBRARY HEADER SONAME BASELINE: the library exports the functions that the header
# declares, all of them and nothing else, and so every function of the ABI's baseline; it bears the
# name that programs are linked to.
set -eu
library=$1 header=$2 soname=$3 baseline=$4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The preprocessor drops the comments, which may speak of functions too.
"${CC:-cc}" -E -P "$header" | grep -o '\brq_[a-z0-9_]*(' | tr -d '(' | sort -u >"$folder/declared"
nm -D --defined-only "$library" | awk '{ print $NF }' | sort -u >"$folder/exported"

test -s "$folder/declared" || { echo "no function is declared in $header"; exit 1; }
if ! diff -u "$folder/declared" "$folder/exported"; then
  echo "declared (-) and exported (+) differ"
  exit 1
fi
sed -n 's/^function \([a-z0-9_]*\) .*/\1/p' "$baseline" | sort -u >"$folder/promised"
test -s "$folder/promised" || { echo "no function is promised in $baseline"; exit 1; }
gone=$(comm -23 "$folder/promised" "$folder/exported")
test -z "$gone" || { echo "promised by $baseline, but not exported: $gone"; exit 1; }
readelf -d "$library" | grep SONAME | grep -qF "[$soname]" ||
  { echo "the SONAME is not $soname"; exit 1; }
echo "$(wc -l <"$folder/exported") functions, $soname"
