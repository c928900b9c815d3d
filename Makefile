# Everything is reached from here; `make` alone lists it. Needs make and Python 3.11 or newer with venv, nothing else.
.DEFAULT_GOAL := help
.PHONY: help run test check bench proof messages fmt clean
SHELL := /bin/sh
BIN := .venv/bin
# Modules are compiled when first imported, which is sooner than compiling them all.
PIP := $(BIN)/python -m pip install -qq --no-compile --disable-pip-version-check
# Modules are compiled once and kept in __pycache__, even where the machine is told not to: every one of the many
# processes of run, test and check would compile them all again, which takes longer than the rest of their start.
unexport PYTHONDONTWRITEBYTECODE
# More for pytest, such as: make test ARGS="-k booking"
ARGS ?=

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-15s %s\n", $$1, $$2 }'

run: .venv/.local ## start the clinic on this machine, with a demo clinic in it (PORT=8001 make run for another port)
	@exec $(BIN)/python -m clinic.local run --parent $$PPID

test: .venv/.dev ## run all tests but the long trials
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "not long" --ignore=tests/proof tests $(ARGS)

check: .venv/.dev ## style, types, templates, layers, migrations, translations
	@$(BIN)/python -m clinic.local.checks

bench: .venv/.dev ## measure speed against bare Flask and bare SQL
	@$(BIN)/python -m tests.benchmarks $(ARGS)

proof: .venv/.dev ## the long and timed trials, all examples of any input, the README's commands in a fresh clone
	@$(BIN)/python -m pytest -n0 tests/proof $(ARGS)

messages: .venv/.dev ## collect the texts to translate and compile the translations
	@$(BIN)/python -m clinic.local.catalogs update

fmt: .venv/.dev ## format the code
	@$(BIN)/python -m ruff check -q --fix-only .
	@$(BIN)/python -m ruff format -q .

clean: ## remove what was installed and generated; the data in var/ stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.local: requirements.txt requirements-local.txt .venv/.python
	@echo "Installing what Sutra needs (about a minute, once) …"
	@$(PIP) -r requirements-local.txt
	@touch $@

.venv/.dev: requirements.txt requirements-local.txt requirements-dev.txt .venv/.python
	@echo "Installing what tests and checks need (about a minute, once) …"
	@$(PIP) -r requirements-dev.txt
	@touch $@ .venv/.local

# A virtual environment whose Python is gone is made anew.
.venv/.python: $(shell .venv/bin/python -c '' 2>/dev/null || echo no-python)
	@suits='import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'; \
	if $(BIN)/python -c "$$suits" 2>/dev/null; then touch $@; exit; fi; \
	for python in "$$PYTHON" python3.14 python3.13 python3.12 python3.11 python3 python /usr/local/bin/python3 /usr/bin/python3; do \
	  if [ -n "$$python" ] && "$$python" -c "$$suits" 2>/dev/null; \
	  then "$$python" -m venv --clear .venv && touch $@; exit; fi; \
	done; \
	echo "Sutra needs Python 3.11 or newer with its venv module, and found none." >&2; \
	echo "Debian and Ubuntu: apt install python3-venv. macOS: brew install python. Or name one: PYTHON=/path/to/python make run" >&2; \
	exit 1

.PHONY: no-python
no-python:
