# Two commands: `make verify` and `make test`. Both make .venv first where it is missing or out of date.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: verify test setup bench lint clean
verify: setup
	$(BIN)/preality verify --profile quick --html verification.html --json verification.json --md verification.md

test: setup
	$(BIN)/python -m pytest

bench: setup
	$(BIN)/python -m pytest benchmarks -p no:cacheprovider --benchmark-sort=name --benchmark-columns=min,median,max,rounds

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

setup:
	@PYTHON="$(PYTHON)" sh scripts/setup.sh

clean:
	rm -rf .venv verification.html verification.json verification.md
