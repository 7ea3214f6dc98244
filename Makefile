# What can be done here: `make` tells. Needs Python 3.11 or later, git and make; sets up the rest.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

VENV   := .venv
PY     := $(VENV)/bin/python
READY  := $(VENV)/.ready
JOBS   ?= 2
TESTS  ?= tests
PIP    := $(PY) -m pip --disable-pip-version-check install --quiet

help: ## Say what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv with exactly the locked packages

$(READY): requirements.lock pyproject.toml
	@python="$(PYTHON)"; \
	if [ -z "$$python" ]; then \
	  for python in python3 python3.13 python3.12 python3.11 ''; do \
	    [ -n "$$python" ] || break; \
	    "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	  done; \
	fi; \
	if [ -z "$$python" ] || ! "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	  found="$${python:-python3}"; \
	  echo "Onward needs Python 3.11 or later; $$found is $$("$$found" -V 2>&1 || true)." >&2; \
	  echo "Install one, or name it: make setup PYTHON=/path/to/python3.11" >&2; \
	  exit 1; \
	fi; \
	if ! "$(PY)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  echo "Making $(VENV) with $$("$$python" -V)"; \
	  "$$python" -m venv --clear $(VENV) || { \
	    echo "Python could not make a virtual environment (on Debian: apt install python3-venv)." >&2; \
	    exit 1; }; \
	fi
	@echo "Installing the locked packages into $(VENV)"
	@# The lock is whole. Left to look further, pip takes a newer release for a package that is asked
	@# for with extras, and then refuses it, since it has no hash.
	@$(PIP) --no-deps --require-hashes -r requirements.lock
	@$(PY) -m pip --disable-pip-version-check check >/dev/null
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

lint: $(READY) ## Check style, types and the borders between the rooms
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

format: $(READY) ## Put the code into its one form
	$(VENV)/bin/ruff check --fix-only .
	$(VENV)/bin/ruff format .

test: lint ## Lint, then every test; finds or starts RabbitMQ and PostgreSQL, or says what is left out
	$(PY) -m tests.services run -- $(PY) -m pytest -n $(JOBS) $(TESTS)

demo: $(READY) ## Play one day of an office in one process, and check its record
	$(VENV)/bin/onward demo

demo-full: $(READY) ## The same day over RabbitMQ and PostgreSQL
	$(PY) -m tests.services run --require --as-settings -- $(VENV)/bin/onward demo

bench: $(READY) ## Measure rate, latency and memory; writes build/bench.json
	$(PY) -m tests.services run --require -- $(PY) -m bench

faults: $(READY) ## Break things for half an hour or so, and judge; writes build/faults.json
	$(PY) -m tests.faults

schemas: $(READY) ## Write contracts/schemas anew from the contracts
	$(PY) -m contracts.generate

lock: $(READY) ## Look up the newest packages that fit, and pin them in requirements.lock
	$(PIP) 'uv>=0.13'
	@echo '# Every package Onward is built, run and tested with, to the byte. Written by `make lock`.' > requirements.lock.new
	$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate --upgrade --python-version 3.11 --extra sandbox --group dev pyproject.toml \
	  >> requirements.lock.new
	@mv requirements.lock.new requirements.lock

clean: ## Remove what was built or left by runs; keeps .venv
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

.PHONY: help setup lint format test demo demo-full bench faults schemas lock clean
