# Everything runs from .venv, which is made from requirements.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.from-lock

export DAGSTER_DISABLE_TELEMETRY := yes

.PHONY: setup demo test ui lint lock bench soak breakages

setup: $(SETUP)

$(SETUP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -qq --require-hashes -r requirements.lock
	$(BIN)/pip install -qq --no-deps --no-build-isolation -e .
	touch $@

demo: $(SETUP)
	$(BIN)/sitoo-netsuite demo

test: $(SETUP)
	$(BIN)/pytest -n 4 --dist worksteal

ui: $(SETUP)
	$(BIN)/sitoo-netsuite up --sandbox

lint: $(SETUP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(SETUP)
	$(BIN)/python -m benchmarks

# Kills the poster 200 times at random moments under a storm; the oracle has the last word. Then 2,000 sequences of
# whatever can happen to stock; at rest both systems must agree.
soak: $(SETUP)
	$(BIN)/python -m benchmarks soak --kills 200
	$(BIN)/python -m benchmarks soak-stock --sequences 2000

# Breaks a copy of the package in every listed way and expects a test to fail (sitoo_netsuite_tests/breakages).
breakages: $(SETUP)
	$(BIN)/python -m sitoo_netsuite_tests.breakages

# Needs uv on the path. Re-resolves every version; read the diff before committing it.
lock:
	uv pip compile pyproject.toml --extra dev --generate-hashes --universal --python-version 3.11 --no-strip-extras \
	  --no-header --no-annotate --upgrade -o requirements.lock
