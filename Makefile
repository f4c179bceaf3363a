# Needs Python 3.11 or newer, make, and a package index that pip can reach; everything else is installed into .venv.

PYTHON ?= python3
BIN := .venv/bin
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url

.PHONY: help demo test lint format lock clean

help:
	@echo "make demo     index a dozen photos and search them"
	@echo "make test     check style, types and imports, and run all tests"
	@echo "make format   lay out the code"
	@echo "make lock     pin the newest versions of all requirements"
	@echo "make clean    remove what the demo and tools left in ./build and ./.*_cache; your own files stay"

demo: .venv/installed
	@$(BIN)/python scripts/demo.py

# The tests of a file stay in one process: they share browsers and trained models.
test: lint
	$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile

lint: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/mypy

format: .venv/installed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The environment: pinned and hashed packages (by uv, which is fast, or else by pip), then imsearch itself, compiled as
# pip would compile it from a wheel: where Python may not write bytecode, each start would compile it anew.
.venv/installed: requirements/all.txt requirements/uv.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "imsearch needs Python 3.11 or newer: make PYTHON=python3.12")'
	@echo "Setting up .venv; the first time this downloads a few gigabytes (PyTorch)."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt || echo "uv cannot be installed; going on with pip"
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/all.txt \
	|| $(BIN)/python -m pip install --quiet --require-hashes -r requirements/all.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q imsearch || true
	@touch $@

lock: .venv/installed
	$(BIN)/$(LOCK) --upgrade --extra dev --output-file requirements/all.txt pyproject.toml
	echo uv | $(BIN)/$(LOCK) --upgrade --output-file requirements/uv.txt -

# Neither pictures, nor a library, nor the environment: a person may have put something of their own there.
LEFTOVERS := build/demo-library .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

clean:
	@for each in $(LEFTOVERS); do if [ -e "$$each" ]; then echo "Removing $$each"; rm -rf "$$each"; fi; done
	@rmdir build 2>/dev/null || true
	@echo "Left alone: ./photos (the demo's pictures) and ./.venv (the environment); delete them yourself if you want to."
