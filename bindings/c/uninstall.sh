#!/bin/sh
# uninstall.sh PREFIX [DESTDIR]: removes what install.sh has put there, by the list that it left.
# Folders stay, but for those that are librq's own.
set -eu
[ $# -ge 1 ] && [ $# -le 2 ] || { echo "usage: $0 PREFIX [DESTDIR]" >&2; exit 2; }

place=${2:-}$1
list=$place/share/rq/installed
[ -f "$list" ] || { echo "$list is missing: nothing is installed in $place" >&2; exit 1; }

# The list is the last to go: what was interrupted can be run again.
grep -vx share/rq/installed "$list" | while IFS= read -r file; do rm -f "$place/$file"; done
rm -f "$list"
for folder in lib/cmake/rq share/rq; do rmdir "$place/$folder" 2>/dev/null || true; done
echo "rq removed from $place"
