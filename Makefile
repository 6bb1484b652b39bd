# One command for each thing a developer does. `make demo` and `make test` set everything up by themselves.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test setup lint types layering unit torture bench-smoke kills lock clean distclean
SHELL := /bin/bash

VENV     := .venv/bin
PACKAGES := $(wildcard offline map comms console)

# The tests' windows need no screen and no graphics card; Chromium's sandbox cannot start as root (users keep it).
TESTS := unit torture bench-smoke
$(TESTS): export QT_QPA_PLATFORM := offscreen
$(TESTS): export QTWEBENGINE_CHROMIUM_FLAGS := --disable-gpu$(if $(filter 0,$(shell id -u)), --no-sandbox)
$(TESTS): export LC_ALL := C.UTF-8
# Real alerts and feeds to test with, when they lie beside the checkout; tests pass without them.
FENGHUO_TEST_DATA ?= $(realpath ../shared/data)
ifneq ($(FENGHUO_TEST_DATA),)
export FENGHUO_TEST_DATA
endif

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

demo: setup ## city, county and town on this machine; without a display, pictures in out/demo
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then $(VENV)/fenghuo demo; \
	else echo "No display: playing the demo without one."; \
	  $(VENV)/fenghuo demo --headless --out out/demo && echo "The pictures and report.json are in $(CURDIR)/out/demo"; fi

test: setup lint types layering unit torture bench-smoke ## everything that must hold
	@echo "All tests passed."

setup: ## Debian packages, .venv, page libraries: only what is missing
	@bash resources/set-up/set-up.sh

lint: ## ruff
	$(VENV)/ruff check --quiet .

types: ## mypy, strict on offline, comms and map
	$(VENV)/mypy --no-error-summary $(PACKAGES)

layering: ## the floors may only look down
	$(VENV)/lint-imports --no-logo

unit: ## pytest
	$(VENV)/python -m pytest -q

torture: ## a short run of kills, power losses and bad networks
	@$(VENV)/python -m tests.torture short

bench-smoke: ## every benchmark starts, runs small and reports
	@$(VENV)/python -m tests.bench smoke

kills: setup ## the demo twenty times, each with a process killed at a drawn moment; reports in out/kills
	@mkdir -p out && for seed in $$(seq 1 20); do \
	  $(VENV)/fenghuo demo --headless --out out/kills/$$seed --kill-seed $$seed >out/kills-$$seed.log 2>&1 \
	    && echo "seed $$seed: nothing lost" || { echo "seed $$seed failed: out/kills-$$seed.log"; exit 1; }; done

lock: ## write requirements.lock again from pyproject.toml (needs pip-tools)
	$(VENV)/pip-compile --quiet --allow-unsafe --build-deps-for=wheel --extra=test --generate-hashes --no-emit-find-links \
	  --no-emit-index-url --no-emit-options --output-file=requirements.lock --strip-extras pyproject.toml

clean: ## what tools and runs left behind
	rm -rf out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find $(PACKAGES) tests -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## and what set-up made in this folder
	rm -rf .venv resources/node_modules
