# Sourced by run and all: builds the library, the driver and the agents, and knows how an agent is
# started. Everything is a debug build: librq's own assertions are on. Does nothing where all is up
# to date.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
agents=$target/conformance
driver=$target/debug/rq-conformance
conformance=$root/tests/conformance

# The library under its SONAME, an rq.pc that leads to it, and the driver.
build_driver() {
    (cd "$root" && cargo build --quiet --locked -p rq-c -p rq-conformance)
    mkdir -p "$agents"
    ln -sf librq.so "$target/debug/librq.so.0"
    local pc=$agents/rq.pc
    cat > "$pc.new" <<PC
Name: rq
Description: HTTP for humans, in every language that can call C (debug build in the tree)
Version: $(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
Cflags: -I$root/include
Libs: -L$target/debug -Wl,-rpath,$target/debug -lrq
PC
    # Kept if equal: a newer file would have the bindings rebuilt.
    cmp -s "$pc.new" "$pc" || cp "$pc.new" "$pc"
    rm -f "$pc.new"
}

# build_agent LANG: needs build_driver before it.
build_agent() {
    case $1 in
        rust) ;; # with the driver, one package
        c) build_c ;;
        go) (bindings && cd "$conformance/go" && go build -o "$agents/agent-go" .) ;;
        node) (bindings && build_node) ;;
        *) printf 'no such language: %s (rust, c, go, node)\n' "$1" >&2; return 2 ;;
    esac
}

build_c() {
    local program=$agents/agent-c
    if [[ -z $(find "$conformance"/c "$root/include/rq.h" -type f -newer "$program" 2>&1) ]]; then
        return # where there is no program yet, find says so
    fi
    # shellcheck disable=SC2046  # pkg-config's answer is words
    "${CC:-cc}" -std=c11 -g -Wall -Wextra -Werror -pedantic -o "$program" "$conformance"/c/*.c \
        $(PKG_CONFIG_PATH=$agents pkg-config --cflags --libs rq)
}

# The settings of scripts/env.sh, but for the debug library.
bindings() {
    cd "$root"
    . scripts/env.sh
    export PKG_CONFIG_PATH=$agents
    # Go's build cache does not look at what pkg-config says either: another library, other flags.
    export CGO_CFLAGS="$CGO_CFLAGS -DRQ_LIBRARY_DEBUG"
}

# conform LANG FILE: runs a built agent; its exit code is the driver's.
conform() {
    local agent
    case $1 in
        rust) agent=("$target/debug/rq-conformance-agent") ;;
        node) agent=("$(command -v node)" "$conformance/node/agent.cjs") ;;
        *) agent=("$agents/agent-$1") ;;
    esac
    "$driver" "$conformance/disputed.txt" "$2" "${agent[@]}"
}
