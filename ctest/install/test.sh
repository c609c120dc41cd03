#!/bin/sh
# test.sh ROOT WORK: installs into a prefix under WORK, twice, moves the prefix away, and builds and
# runs consumers against what is there: through pkg-config, through CMake, shared and static; then
# uninstalls. To be run under testd, with RQ_LIB_DIR naming the folder of the built libraries.
set -eu
root=$1 work=$2
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$work"
mkdir -p "$work"
die() { echo "$*"; exit 1; }
files() { (cd "$1" && find . ! -type d | sed 's|^\./||' | LC_ALL=C sort); }

echo "installed, and once more over an older version"
"$root/bindings/c/install.sh" /opt/rq "$work/stage"
stage=$work/stage/opt/rq
files "$stage" | cmp - "$stage/share/rq/installed" || die "the list is not what is there"
files "$stage" >"$work/first"
echo other >"$stage/lib/other.txt"
echo old | tee "$stage/lib/librq.so.0.0.9" >"$stage/include/rq.h"
echo lib/librq.so.0.0.9 >>"$stage/share/rq/installed"
"$root/bindings/c/install.sh" /opt/rq "$work/stage" >/dev/null
rm "$stage/lib/other.txt"
files "$stage" | cmp - "$work/first" || die "an older version was not replaced"
cmp "$root/include/rq.h" "$stage/include/rq.h"

echo "nothing tells where it was built"
for path in "$root" "$work" "${CARGO_HOME:-$HOME/.cargo}/registry"; do
  if told=$(grep -rlaF "$path" "$stage"); then die "$path stands in: $told"; fi
done

# As a packager does it: the prefix is not where the files are put, and they are moved once more.
mv "$stage" "$work/moved"
export PKG_CONFIG_PATH="$work/moved/lib/pkgconfig"

version=$(pkg-config --modversion rq)
test "$(readlink "$work/moved/lib/librq.so")" = librq.so.0
test "$(readlink "$work/moved/lib/librq.so.0")" = "librq.so.$version"

# Manual pages are made from the header: one for each function of it.
if command -v python3 >/dev/null; then
  functions=$(grep -Ec '^[a-z].*[ *]rq_[a-z0-9_]+\(' "$work/moved/include/rq.h")
  test "$functions" -gt 100
  test "$(grep -l 'RETURN VALUE' "$work/moved"/share/man/man3/*.3 | wc -l)" -eq "$functions"
fi

# Runs a consumer and makes sure which library it took.
run() { # PROGRAM shared|static
  "$1" | tee "$work/said"
  grep -q "^$version .*librq" "$work/said"
  library=$(ldd "$1" | awk '$1 == "librq.so.0" { print $3 }')
  case $2 in
    shared) test "$(realpath "$library")" = "$(realpath "$work/moved/lib/librq.so.$version")" ;;
    static) test -z "$library" ;;
  esac
}

echo "pkg-config and make, shared"
make -s -f "$here/Makefile" SOURCE="$here/consumer.c" OUT="$work/by_make"
run "$work/by_make" shared

echo "pkg-config, static: where both libraries are, and where only the static one is"
# shellcheck disable=SC2046  # flags are words
"${CC:-cc}" -std=c99 $(pkg-config --cflags rq) "$here/consumer.c" -o "$work/by_cc" \
  -Wl,-Bstatic $(pkg-config --libs rq) -Wl,-Bdynamic \
  $(pkg-config --static --libs-only-l rq | sed 's/-lrq//')
run "$work/by_cc" static
mkdir "$work/static"
cp -R "$work/moved/include" "$work/moved/lib" "$work/static/"
rm "$work/static/lib"/librq.so*
# shellcheck disable=SC2046  # flags are words
(export PKG_CONFIG_PATH="$work/static/lib/pkgconfig" &&
  "${CC:-cc}" -std=c99 "$here/consumer.c" -o "$work/by_pc" \
    $(pkg-config --static --cflags --libs rq))
run "$work/by_pc" static

echo "CMake package, both"
cmake -S "$here/cmake" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$work/moved" >"$work/cmake.log" 2>&1 ||
  { cat "$work/cmake.log"; exit 1; }
cmake --build "$work/cmake" >>"$work/cmake.log" 2>&1 || { cat "$work/cmake.log"; exit 1; }
run "$work/cmake/consumer" shared
run "$work/cmake/consumer_static" static

echo "the program rq, with its manual"
"$work/moved/bin/rq" "$RQ_TEST_HTTP/json" | grep -q librq
test "$("$work/moved/bin/rq" --version)" = "rq $version (librq $version)"
library=$(ldd "$work/moved/bin/rq" | awk '$1 == "librq.so.0" { print $3 }')
test "$(realpath "$library")" = "$(realpath "$work/moved/lib/librq.so.$version")"
grep -q '^\.TH RQ 1' "$work/moved/share/man/man1/rq.1"

echo "CMake package, versions"
wants() { # VERSION: succeeds if find_package takes it
  mkdir -p "$work/wants"
  cat >"$work/wants/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.20)
project(wants C)
find_package(rq $1 CONFIG REQUIRED)
END
  cmake -S "$work/wants" -B "$work/wants/$1" -DCMAKE_PREFIX_PATH="$work/moved" >/dev/null 2>&1
}
wants 0.1
wants "$version"
for other in 0.0.9 0.2 1.0; do
  if wants "$other"; then die "rq $version was taken for $other"; fi
done

echo "uninstalled"
echo other >"$work/moved/lib/other.txt"
"$root/bindings/c/uninstall.sh" "$work/moved"
test "$(files "$work/moved")" = lib/other.txt || die "left behind: $(files "$work/moved")"
if "$root/bindings/c/uninstall.sh" "$work/moved" 2>"$work/said"; then die "uninstalled twice"; fi
grep -q "nothing is installed" "$work/said"
echo "installed, found, linked, run and removed"
