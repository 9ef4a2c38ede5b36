# From a clean clone: `make demo` shows the main job, `make test` proves the parts. Both set up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: setup demo test check bench crash slow lock docs clean

setup: $(STAMP)

$(STAMP): requirements/locked.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/locked.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: setup
	$(BIN)/puhui demo demo --fresh

test: setup
	$(BIN)/pytest -n 2 --dist loadgroup -m "not slow"

# Apache Spark itself (needs Java 17): the client package of the lock gives way to the whole one, in a venv of its own
slow: $(VENV)-spark/.ready
	$(VENV)-spark/bin/pytest -m slow

$(VENV)-spark/.ready: requirements/locked.txt requirements/pyspark.txt
	$(PYTHON) -m venv $(VENV)-spark
	$(VENV)-spark/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/locked.txt
	$(VENV)-spark/bin/pip uninstall --quiet --yes pyspark-client
	$(VENV)-spark/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/pyspark.txt
	$(VENV)-spark/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

crash: setup
	PUHUI_KILLS=200 $(BIN)/pytest -m crash

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.make --check

docs: setup
	$(BIN)/python -m docs.make

bench: setup
	$(BIN)/python -m bench intake --json
	$(BIN)/python -m bench snapshot --json
	$(BIN)/python -m bench reads --json
	$(BIN)/python -m bench invoices --json
	$(BIN)/python -m bench answers --json
	$(BIN)/python -m bench ledger --json

# needs `uv` on the PATH: one lock for Python 3.11 to 3.13, with hashes
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	  requirements/pyspark.in -o requirements/pyspark.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --all-extras --group dev \
	  pyproject.toml requirements/build.in -o requirements/locked.txt

clean:
	rm -rf $(VENV) $(VENV)-spark build dist demo
