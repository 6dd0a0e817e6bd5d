# Every target installs the toolchain first if it is missing.
run := scripts/toolchain

.PHONY: build serve watch test check check-fast fmt bench size sbom clean help

build: ## the browser half and the server: target/release/portcullis
	$(run) cargo xtask build

serve: build ## build, then serve
	exec target/release/portcullis serve

watch: ## a server for development, rebuilt and restarted at every change
	$(run) cargo xtask watch

test: ## all tests, with PostgreSQL and a browser
	@scripts/test

check: ## formatting, lints, licences and advisories
	@scripts/check

check-fast: ## formatting and lints of both halves, as built for development
	$(run) cargo fmt --all --check
	$(run) cargo clippy --features ssr -- -D warnings
	$(run) cargo clippy --lib --no-default-features --features hydrate \
		--target wasm32-unknown-unknown --profile wasm-dev -- -D warnings

fmt: ## format the sources
	$(run) cargo fmt --all

bench: build ## the figures
	$(run) scripts/postgres run cargo bench --features ssr --bench figures

size: ## bytes of what a browser loads
	$(run) cargo xtask site
	$(run) cargo xtask size

sbom: ## what others wrote of the program: target/portcullis.cdx.json (CycloneDX)
	$(run) cargo xtask sbom

clean: ## remove what was built, but for the tools
	find target -mindepth 1 -maxdepth 1 ! -name tools -exec rm -rf {} +

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12
