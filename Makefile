# Every target installs the toolchain first if it is missing.
run := scripts/toolchain

.PHONY: build serve watch test check check-fast fmt bench size sbom clean help

build: ## build the browser half and the server: target/release/portcullis
	$(run) cargo xtask build

serve: build ## build, then serve
	exec target/release/portcullis serve

watch: ## run a development server, rebuilt and restarted after every change
	$(run) cargo xtask watch

test: ## run all tests, with PostgreSQL and a browser
	@scripts/test

check: ## check formatting, lints, licences and advisories
	@scripts/check

check-fast: ## check formatting and lints of both halves, with development profiles
	$(run) cargo fmt --all --check
	$(run) cargo clippy --features ssr -- -D warnings
	$(run) cargo clippy --lib --no-default-features --features hydrate \
		--target wasm32-unknown-unknown --profile wasm-dev -- -D warnings

fmt: ## format the sources
	$(run) cargo fmt --all

bench: build ## measure performance
	$(run) scripts/postgres run cargo bench --features ssr --bench figures

size: ## list the sizes of the files that a browser loads
	$(run) cargo xtask site
	$(run) cargo xtask size

sbom: ## list all dependencies in target/portcullis.cdx.json (CycloneDX)
	$(run) cargo xtask sbom

clean: ## remove all build output except the tools
	find target -mindepth 1 -maxdepth 1 ! -name tools -exec rm -rf {} +

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12
