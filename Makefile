# The commands of a working day; CI runs the same ones. Details in CONTRIBUTING.md.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PRESET ?= release
JOBS ?= $(shell nproc)
SOAK_SECONDS ?= 14400
FUZZ_SECONDS ?= 60

HOST_ARCH := $(patsubst aarch64,arm64,$(shell uname -m))
ARCH ?= $(HOST_ARCH)
# `make test` tries everything. ARM64=OFF leaves out the other architecture, which is a second build;
# SIMULATION=100 has so many arrivals in the simulated queue instead of a thousand.
ARM64 ?= $(if $(filter x86_64-release,$(HOST_ARCH)-$(PRESET)),ON,OFF)
SIMULATION ?= full

.PHONY: help setup build demo test package bench soak fuzz format lint clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20
	@echo '  (PRESET=debug|sanitize|release, ARCH=x86_64|arm64, JOBS=n, ARM64=OFF and SIMULATION=100 for shorter tests, BENCH="options of bench/run.py",'
	@echo '   BENCH_LOAD="options of bench/load.py", FETCH_BENCH="options of bench/fetch.py")'

setup: ## install what build and tests need
	@tools/setup build test servers deploy

build: ## build/release/lakegate
	@tools/setup build
	@tools/build $(PRESET) lakegate

demo: build ## a lake in demo-lake/: what landed, what became of it
	@tools/demo

test: setup ## every test: units, contracts, end to end, the checks of the repository
	@$(if $(filter ON,$(ARM64)),tools/setup arm64)
	@cmake --preset $(PRESET) -DLAKEGATE_TEST_ARM64=$(ARM64) >/dev/null
	@tools/build $(PRESET)
	@LAKEGATE_SIMULATION=$(SIMULATION) ctest --preset $(PRESET) -j $(JOBS) --no-label-summary

package: ## build/lakegate-ARCH.zip for Lambda, .tar.gz for laptops
	@tools/setup build $(if $(filter-out $(HOST_ARCH),$(ARCH)),arm64)
	@tools/package $(ARCH)

bench: ## the same work by lakegate and by its peers: tables, a plot, and what it costs
	@tools/setup build bench test servers
	@tools/build release lakegate load_endpoint
	@tools/package $(HOST_ARCH)
	@export PATH="$$(dirname "$$(tools/setup --go)"):$$PATH" python="$$(tools/setup --python bench)"; \
	  "$$python" bench/run.py $(BENCH) && "$$python" bench/load.py $(BENCH_LOAD) && \
	  "$$python" bench/fetch.py $(FETCH_BENCH) && \
	  "$$(tools/setup --python test)" bench/s3.py && \
	  GO="$$(tools/setup --go)" "$$python" bench/start.py && "$$python" bench/dollars.py

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
