# The commands of this repository. `make run` and `make test` install what they need.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON := .tools/python/bin
FUNCTIONS := $(patsubst functions/%/src/main.rs,%,$(wildcard functions/*/src/main.rs))
SCRIPTS := .ci/run $(wildcard *.sh tools/*.sh)
# The build that `make deployed` deploys: `debug`, which `make test` has built, or `release`, as deploy.sh does.
PROFILE ?= debug
# The build directory of cargo: CARGO_TARGET_DIR, otherwise target/.
TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help
help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

# Builds with the features of the whole workspace, so that `make test` does not compile the dependencies again.
.PHONY: run
run: compiler ## build and start everything on this machine; ARGS="--port 8080" passes flags
	@cargo build --workspace --bin afterword --examples
	exec "$(TARGET)/debug/afterword" serve $(ARGS)

.PHONY: test
test: compiler tools ## run every test, and install what the tests need
	@tools/check-release-tree.sh
	cargo build --workspace --all-targets
	if cargo nextest --version >/dev/null 2>&1; then
		cargo nextest run --workspace --no-fail-fast
	else
		cargo test --workspace --all-targets --no-fail-fast
	fi
	tools/check-template.sh
	$(PYTHON)/shellcheck $(SCRIPTS)
	AFTERWORD="$(abspath $(TARGET))/debug/afterword" $(PYTHON)/python -m unittest discover --start-directory local/tests/python --verbose
	ENGINE="$(abspath $(TARGET))/debug/examples/scripted" $(PYTHON)/python -m unittest discover --start-directory statemachine/tests/python --verbose
	AFTERWORD="$(abspath $(TARGET))/debug/afterword" $(PYTHON)/python -m unittest discover --start-directory docs/tests/python --verbose
	BINARIES="$(abspath $(TARGET))/debug" $(PYTHON)/python -m unittest discover --start-directory benches/functions --verbose

.PHONY: deployed
deployed: compiler tools .tools/ministack/.stamp ## deploy the template to an emulator of AWS and test it
	@cargo build --workspace --all-targets
	if [ "$(PROFILE)" = release ]; then cargo build --release $(FUNCTIONS:%=--package %); fi
	BINARIES="$(abspath $(TARGET))/$(PROFILE)" AFTERWORD="$(abspath $(TARGET))/debug/afterword" \
		$(PYTHON)/python -m unittest discover --start-directory local/tests/ministack --verbose

.PHONY: lint
lint: compiler tools .tools/checkov/.stamp .tools/cargo/.stamp ## check formatting, lints, documentation, template, scripts, secrets and licences
	@cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items
	tools/check-release-tree.sh
	tools/check-template.sh
	$(PYTHON)/cfn-lint template.yaml
	$(PYTHON)/python tools/check-asl.py
	.tools/checkov/bin/checkov --config-file .checkov.yaml --file template.yaml
	$(PYTHON)/shellcheck $(SCRIPTS)
	tools/check-secrets.sh
	export PATH="$$PWD/.tools/cargo/bin:$$PATH"
	cargo machete
	cargo deny check bans licenses sources
	cargo deny check advisories || { echo "The advisories were not checked because their database could not be fetched." >&2; [ -z "$${ADVISORIES:-}" ]; }

.PHONY: simulate
simulate: compiler ## run 100,000 schedules and every double fault of the main journeys; ARGS="--schedules 500"
	@cargo build --workspace
	"$(TARGET)/debug/simulate" $(ARGS)

.PHONY: mutants
mutants: compiler ## remove each safeguard and show which test notices
	@tools/mutants.py $(ARGS)

.PHONY: kill
kill: compiler ## kill -9 at random instants under load, 50 times; KILLS=200 SEED=7 set how often and when
	@AFTERWORD_KILLS=$(or $(KILLS),50) AFTERWORD_SEED=$(or $(SEED),20261121) \
		cargo test --workspace --test it -- --nocapture storm::

.PHONY: load
load: compiler ## run 200 callers on loopback for 60 s, with faults from the middle on; CALLERS=50 LOAD_SECONDS=10 PROFILE=--release
	@AFTERWORD_CALLERS=$(or $(CALLERS),200) AFTERWORD_SECONDS=$(or $(LOAD_SECONDS),60) \
		cargo test $(if $(filter release --release,$(PROFILE)),--release) --workspace --test it -- --nocapture load::

.PHONY: fuzz
fuzz: compiler ## fuzz every entry point, 30 s each; FUZZ_SECONDS=600 TARGETS="sms_body"
	@tools/fuzz.sh $(or $(FUZZ_SECONDS),30) $(TARGETS)

.PHONY: bench
bench: compiler tools ## compare the functions with the same jobs in Python and TypeScript; ARGS="--starts 5 --events 200"
	@cargo build --workspace
	cargo build --release --package ingest --package send
	bundle=()
	if command -v npm >/dev/null; then
		mkdir -p .tools/bench
		cp benches/functions/typescript/* .tools/bench/
		npm --prefix .tools/bench ci --silent
		npm --prefix .tools/bench run --silent build
		bundle=(--bundle .tools/bench/dist)
	else
		echo "npm is missing, so TypeScript is not measured." >&2
	fi
	$(PYTHON)/python benches/functions/bench.py --target "$(TARGET)" "$${bundle[@]}" $(ARGS)

.PHONY: build
build: compiler ## build the functions for Lambda: target/lambda/<function>/bootstrap
	@export AFTERWORD_COMMIT="$$(git describe --always --dirty 2>/dev/null || echo unknown)"
	cargo build --release $(FUNCTIONS:%=--package %)
	for function in $(FUNCTIONS); do
		install -D "$(TARGET)/release/$$function" "target/lambda/$$function/bootstrap"
	done
	for main in target/lambda/*/bootstrap; do
		echo "$$(basename "$$(dirname "$$main")"): $$(stat --format %s "$$main") bytes, $$(gzip --best --stdout "$$main" | wc -c) zipped"
	done

.PHONY: tools
tools: .tools/python/.stamp ## install the Python tools into .tools/

.tools/python/.stamp: tools/requirements.txt tools/python.sh
	@tools/python.sh

.tools/ministack/.stamp: tools/ministack.txt tools/python.sh
	@tools/python.sh ministack

.tools/checkov/.stamp: tools/checkov.txt tools/python.sh
	@tools/python.sh checkov

.tools/cargo/.stamp: tools/cargo-tools.sh
	@tools/cargo-tools.sh

.PHONY: compiler
compiler:
	@tools/compiler.sh
