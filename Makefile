# Every target gets the toolchain first where it is missing.
run := scripts/toolchain

.PHONY: build serve watch test check fmt bench size sbom clean help

build: ## the browser half and the server: target/release/portcullis
	$(run) cargo xtask build

serve: build ## build, then serve
	exec target/release/portcullis serve

watch: ## rebuild and restart on every change (needs cargo-leptos)
	@cargo leptos --version >/dev/null 2>&1 || \
		{ echo "missing: cargo-leptos; cargo install --locked cargo-leptos"; exit 1; }
	$(run) cargo leptos watch

test: ## all tests, with PostgreSQL and a browser
	@scripts/test

check: ## formatting, lints, licences and advisories
	$(run) cargo fmt --all --check
	$(run) cargo clippy --release --features ssr --all-targets -- -D warnings
	$(run) cargo clippy --package xtask --profile xtask --all-targets -- -D warnings
	for features in hydrate hydrate,split; do \
		$(run) cargo clippy --lib --no-default-features --features $$features \
			--target wasm32-unknown-unknown --profile wasm-release -- -D warnings || exit 1; \
	done
	$(run) scripts/deny

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
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10
