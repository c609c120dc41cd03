#!/bin/sh
# install.sh PREFIX [DESTDIR]: installs what was built (cargo build --release -p rq-c) under PREFIX,
# or under DESTDIR/PREFIX for packagers: headers, librq.so with its links, librq.a, pkg-config and
# CMake files, the program rq, and the manual pages, which Python makes from the header. Of these it
# builds rq alone, with $CC; what it installs may be moved. RQ_LIB_DIR names another folder than
# target/release to take the libraries from.
#
# Everything is put together in a folder of its own first, then takes its places at once: files of
# an earlier version that this one has not are removed. PREFIX/share/rq/installed lists what there
# is, for the next install and for uninstall.sh.
set -eu
[ $# -ge 1 ] && [ $# -le 2 ] || { echo "usage: $0 PREFIX [DESTDIR]" >&2; exit 2; }

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
from=${RQ_LIB_DIR:-${CARGO_TARGET_DIR:-$root/target}/release}
place=${2:-}$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
into=$scratch/files
version=$(sed -n 's/^version = "\([0-9][^"]*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
soversion=${version%%.*}

for file in "$root/include/rq.h" "$from/librq.so" "$from/librq.a"; do
  [ -f "$file" ] || { echo "$file is missing: build it first" >&2; exit 1; }
done

fill() { # TEMPLATE FILE: the template with the versions put in
  sed -e "s/@VERSION@/$version/g" -e "s/@SOVERSION@/$soversion/g" "$here/$1" >"$2"
  chmod 644 "$2"
}

umask 022
mkdir -p "$into/include" "$into/lib/pkgconfig" "$into/lib/cmake/rq"
install -m 644 "$root/include/rq.h" "$here/include/rq_sugar.h" "$into/include/"
install -m 755 "$from/librq.so" "$into/lib/librq.so.$version"
ln -sf "librq.so.$version" "$into/lib/librq.so.$soversion"
ln -sf "librq.so.$soversion" "$into/lib/librq.so"
install -m 644 "$from/librq.a" "$into/lib/"
# What is written in C in there has debugging information, with the folders of this machine.
"${STRIP:-strip}" --strip-debug "$into/lib/librq.a"
fill rq.pc.in "$into/lib/pkgconfig/rq.pc"
fill rqConfig.cmake.in "$into/lib/cmake/rq/rqConfig.cmake"

if command -v python3 >/dev/null 2>&1; then
  python3 -B "$root/docs/make/man.py" "$scratch/pages"
  mkdir -p "$into/share/man/man3"
  install -m 644 "$scratch"/pages/man3/*.3 "$into/share/man/man3/"
else
  echo "python3 is missing: the manual pages are left out" >&2
fi

# Until 1.0 a minor version may change the ABI: 0.1.x serves who asks for 0.1, and nobody else.
cat >"$into/lib/cmake/rq/rqConfigVersion.cmake" <<END
set(PACKAGE_VERSION "$version")
string(REGEX MATCH "^[0-9]+\\\\.[0-9]+" _rq_minor "\${PACKAGE_VERSION}")
if(PACKAGE_FIND_VERSION VERSION_GREATER PACKAGE_VERSION
    OR PACKAGE_FIND_VERSION VERSION_LESS _rq_minor)
  set(PACKAGE_VERSION_COMPATIBLE FALSE)
else()
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
  if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)
    set(PACKAGE_VERSION_EXACT TRUE)
  endif()
endif()
unset(_rq_minor)
END
chmod 644 "$into/lib/cmake/rq/rqConfigVersion.cmake"

mkdir -p "$into/bin" "$into/share/man/man1"
"$root/examples/c/rq/build.sh" "$into/include" "$into/lib" "$into/bin/rq"
install -m 644 "$root/examples/c/rq/rq.1" "$into/share/man/man1/"

list=share/rq/installed
mkdir -p "$into/share/rq" "$place"
: >"$into/$list"
(cd "$into" && find . ! -type d | sed 's|^\./||' | LC_ALL=C sort) >"$scratch/list"
cp "$scratch/list" "$into/$list"
if [ -f "$place/$list" ]; then
  grep -vxFf "$into/$list" "$place/$list" | while IFS= read -r old; do rm -f "$place/$old"; done
fi
# Files are replaced, not written over: programs that run keep the library that they have loaded.
tar -C "$into" -cf - -T "$into/$list" | tar -C "$place" --no-same-owner -xf -
echo "rq $version installed in $place"
