# A thin face of CMakePresets.json: what a user types. Developers use the presets themselves.

PRESET ?= release
PREFIX ?= /usr/local
PROMPT ?= Tell me a story about a fox.
FUZZ_SECONDS ?= 60
BENCH ?= --shape llama-3.2-1b --dtype bf16

build := build/$(PRESET)
ferrum := $(build)/ferrum
export PROMPT

.DEFAULT_GOAL := help
.PHONY: help run build test nightly bench install clean packages

help: ## This list
	@echo 'make <target> [NAME=value]'
	@awk -F ':[^#]*## ' '/^[a-z]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' Makefile

run: build ## Answer a prompt from the built-in model: make run PROMPT='Hello'
	@$(ferrum) run -p "$$PROMPT"

build: $(build)/build.ninja ## Build the program: build/release/ferrum
	@cmake --build $(build) --target ferrum

test: ## Install what the tests need, build everything, run the tests
	@tools/install_packages.sh test
	@cmake --preset $(PRESET) -D BUILD_TESTING=ON
	@cmake --build $(build)
	@ctest --preset $(PRESET) --parallel $$(nproc)

nightly: ## Slow tests, all under each sanitizer, each fuzz target: make nightly FUZZ_SECONDS=3600
	@tools/install_packages.sh nightly
	@cmake --workflow --preset nightly
	@cmake --workflow --preset asan
	@cmake --workflow --preset tsan
	@cmake --preset fuzz -D FERRUM_FUZZ_SECONDS=$(FUZZ_SECONDS)
	@cmake --workflow --preset fuzz

bench: build ## Measure this machine: make bench BENCH='MODEL --threads 8'
	@$(ferrum) bench $(BENCH)

install: $(build)/build.ninja ## Install program, library and headers: make install PREFIX=~/.local
	@cmake --build $(build)
	@cmake --install $(build) --prefix $(PREFIX)

clean: ## Remove what was built
	rm -rf $(build)

packages:
	@tools/install_packages.sh build

# Once there, the build keeps itself up to date. The tests wait until `make test` asks for them.
$(build)/build.ninja: | packages
	@cmake --preset $(PRESET) -D BUILD_TESTING=OFF
