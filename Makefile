# The commands of a working day; CI runs the same ones. Details in CONTRIBUTING.md.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PRESET ?= release
JOBS ?= $(shell nproc)
SOAK_SECONDS ?= 14400
FUZZ_SECONDS ?= 60

.PHONY: help setup build demo test bench soak fuzz format lint clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20
	@echo '  (PRESET=debug|sanitize|release, JOBS=n, BENCH="options of bench/run.py",'
	@echo '   FETCH_BENCH="options of bench/fetch.py")'

setup: ## install what build and tests need
	@tools/setup build test servers deploy

build: ## build/release/lakegate
	@tools/setup build
	@tools/build $(PRESET) lakegate

demo: build ## a lake in demo-lake/: what landed, what became of it
	@tools/demo

test: setup ## every test: units, contracts, end to end, the checks of the repository
	@tools/build $(PRESET)
	@ctest --preset $(PRESET) -j $(JOBS) --no-label-summary

bench: ## the same work by lakegate and by its peers: tables and a plot
	@tools/setup build bench
	@tools/build release lakegate
	@PATH="$$(dirname "$$(tools/setup --go)"):$$PATH" "$$(tools/setup --python bench)" bench/run.py $(BENCH)
	@PATH="$$(dirname "$$(tools/setup --go)"):$$PATH" "$$(tools/setup --python bench)" bench/fetch.py $(FETCH_BENCH)

soak: ## hours of fuzzing (SOAK_SECONDS for each target)
	@tools/setup build lint
	@tools/fuzz $(SOAK_SECONDS)

fuzz: ## a minute of fuzzing for each target (FUZZ_SECONDS)
	@tools/setup build lint
	@tools/fuzz $(FUZZ_SECONDS)

format: ## lay out the sources
	@tools/setup lint
	@tools/format

lint: ## layout, clang-tidy, layers
	@tools/setup build lint
	@tools/format --check
	@tools/check_layers.py
	@tools/tidy

clean: ## remove build/ and demo-lake/ (the cache of downloads stays)
	rm -rf build demo-lake
