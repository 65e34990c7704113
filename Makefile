# Two commands: `make verify` and `make test`. Both make .venv first where it is missing or out of date.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: verify test audits setup bench lint clean
verify: setup
	$(BIN)/preality verify --profile quick --html verification.html --json verification.json --md verification.md \
	  $(patsubst %,--audit %,$(wildcard examples/results/*.json))

test: setup
	$(BIN)/python -m pytest

# The two models of examples/, trained and audited anew (three minutes on two cores); `make verify` shows what was found.
audits: setup
	$(BIN)/preality audit density examples/digits_flow.py --json examples/results/digits_flow.json
	$(BIN)/preality audit entangle examples/digits_decoder.py --json examples/results/digits_decoder.json

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
