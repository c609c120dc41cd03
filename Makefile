# Two commands do everything: `make demo` shows librq at work, `make test` proves it. The logic is in scripts/.

PREFIX ?= /usr/local

help:       ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

demo:       ## build, then C, Go and Node programs against a demo server on this machine
	@scripts/demo.sh

test:       ## build, then every test: Rust, C (valgrind, ASan), budgets, real servers and proxies, Go (race), Node, conformance, the demo
	@scripts/test.sh

bench:      ## speed, CPU, memory against peers and bare sockets: make bench [WORKLOAD="W1 W4s"] [ROUNDS=n] [QUICK=1]
	@benches/run $(WORKLOAD) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(QUICK),--quick)

check:      ## the quick part of it: format, lints, Rust tests
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy --workspace --test ways --locked -- -D warnings
	cargo test --workspace --locked --no-run
	scripts/alone.sh cargo test --workspace --locked

header:     ## make include/rq.h anew from bindings/c/src; additions go into the baseline of the ABI
	RQ_BLESS=1 cargo test --quiet -p rq-c --test header
	RQ_BLESS=1 cargo test --quiet -p rq-c --test abi

abi:        ## take include/rq.h as the baseline of the ABI, although it breaks programs
	RQ_BLESS=abi cargo test --quiet -p rq-c --test abi

conformance: ## what Requests does, in every language: make conformance [VECTORS=DIR]
	@tests/conformance/all $(if $(VECTORS),"$(VECTORS)")

docs:       ## build the documentation, target/docs/site/index.html, and the manual pages, target/man
	@scripts/docs.sh

install:    ## install header, library, rq.pc, CMake package, the program rq and manual pages below PREFIX (and DESTDIR)
	@scripts/build.sh
	@bindings/c/install.sh "$(PREFIX)" $(if $(DESTDIR),"$(DESTDIR)")

uninstall:  ## remove what was installed below PREFIX (and DESTDIR)
	@bindings/c/uninstall.sh "$(PREFIX)" $(if $(DESTDIR),"$(DESTDIR)")

.PHONY: help demo test bench check header abi conformance docs install uninstall
