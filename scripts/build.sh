#!/bin/sh
# Builds librq.so and the test server in release mode, and what the bindings link against in the tree.
#
# Beside target/release/librq.so there will be the link librq.so.0 (its SONAME) and an rq.pc that points there, for
# PKG_CONFIG_PATH. Nothing is installed. Arguments are for cargo, in place of the two packages.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
# The library is given to others: it shall not tell where this machine keeps its crates.
crates=${CARGO_HOME:-$HOME/.cargo}/registry/src
RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$crates=crates"
export RUSTFLAGS
[ $# -gt 0 ] || set -- -p rq-c -p rq-testd
cargo build --release --locked --quiet "$@"
ln -sf librq.so target/release/librq.so.0
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
cat > target/release/rq.pc.new <<PC
Name: rq
Description: HTTP for humans, in every language that can call C (in the build tree)
Version: $version
Cflags: -I$root/include
Libs: -L$root/target/release -Wl,-rpath,$root/target/release -lrq
PC
# Kept if equal: a newer file would have the bindings rebuilt.
cmp -s target/release/rq.pc.new target/release/rq.pc || cp target/release/rq.pc.new target/release/rq.pc
rm -f target/release/rq.pc.new
