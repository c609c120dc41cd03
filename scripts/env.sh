# Sourced by the other scripts, from the root of the tree: how the bindings find the library in the tree.
export PKG_CONFIG_PATH="$PWD/target/release${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
export RQ_TESTD="$PWD/target/release/testd"
# Go's build cache does not look at headers outside the module: a changed rq.h must change the flags.
CGO_CFLAGS="-O2 -g -DRQ_HEADER_SUM=$(cksum < include/rq.h | cut -d' ' -f1)"
export CGO_CFLAGS

# Builds the Node addon; does nothing if it is up to date.
build_node() {
    [ bindings/node/node_modules/.package-lock.json -nt bindings/node/package-lock.json ] ||
        (cd bindings/node && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null)
    (cd bindings/node && npm run --silent build >/dev/null)
}
