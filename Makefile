PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .stamps
TORCH := torch==2.13.0
SECONDS ?= 0
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help venv demo test lint bench lock screenshots clean

help:
	@echo "make demo [SECONDS=60]  simulated cameras, worker, API and pages; Ctrl-C ends it"
	@echo "make test               lint, types and every test"
	@echo "make venv | lint | bench | lock | screenshots | clean"

$(STAMPS)/system-run: deploy/system-packages.sh
	@mkdir -p $(STAMPS)
	@deploy/system-packages.sh run
	@touch $@

$(STAMPS)/system-test: deploy/system-packages.sh
	@mkdir -p $(STAMPS)
	@deploy/system-packages.sh run test
	@touch $@

$(BIN)/python: | $(STAMPS)/system-run
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "streetwarden: $(PYTHON) is older than 3.11: set PYTHON=python3.11" >&2; exit 2; }
	@echo "streetwarden: making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(STAMPS)/lean: requirements/lean.lock pyproject.toml | $(BIN)/python
	@mkdir -p $(STAMPS)
	@echo "streetwarden: installing the run-time packages"
	@$(PIP) --require-hashes --no-deps -r requirements/lean.lock
	@$(PIP) --no-deps --no-build-isolation -e . 2>/dev/null || $(PIP) --no-deps -e .
	@touch $@

$(STAMPS)/dev: requirements/dev.lock $(STAMPS)/lean
	@echo "streetwarden: installing torch and the development packages (the first time takes minutes)"
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(PIP) $(TORCH)
	@$(PIP) --require-hashes --no-deps -r requirements/dev.lock
	@touch $@

venv: $(STAMPS)/dev

demo: $(STAMPS)/system-run $(STAMPS)/lean
	@exec $(BIN)/streetwarden demo $(if $(filter-out 0,$(SECONDS)),--seconds $(SECONDS))

test: $(STAMPS)/system-test $(STAMPS)/dev lint
	@$(BIN)/python -m pytest

lint: $(STAMPS)/dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(STAMPS)/system-test $(STAMPS)/dev
	@$(BIN)/python -m benchmarks all

lock:
	@requirements/lock.sh

# Every page in both languages, for docs/guide.
screenshots: $(STAMPS)/system-test $(STAMPS)/dev
	@$(BIN)/python -m tests.pages.screenshots

clean:
	rm -rf $(VENV) $(STAMPS) build dist *.egg-info
