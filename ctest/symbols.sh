#!/bin/sh
# symbols.sh LIBRARY HEADER SONAME: the library exports the functions that the header declares, all
# of them and nothing else, and bears the name that programs are linked to.
set -eu
library=$1 header=$2 soname=$3
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
readelf -d "$library" | grep SONAME | grep -qF "[$soname]" ||
  { echo "the SONAME is not $soname"; exit 1; }
echo "$(wc -l <"$folder/exported") functions, $soname"
