# Two commands: `make verify` and `make test`. Both make .venv first where it is missing or out of date.
PYTHON ?= python3
BIN := .venv/bin
JOBS ?= auto

.PHONY: verify test mutants fuzz endure audits docs setup bench lint clean
verify: setup
	$(BIN)/preality verify --profile quick --html verification.html --json verification.json --md verification.md \
	  $(patsubst %,--audit %,$(wildcard examples/results/*.json))

# On all cores, one torch thread a process, compiled code kept; what measures time or sends signals comes afterwards, alone.
test: setup
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not alone"
	$(BIN)/python -m pytest -m alone

# Structured files without end (see tests/quality/endurance/structured.py), until one makes a reader fail.
fuzz: setup
	seed=0; while PYTHONPATH=. $(BIN)/python tests/quality/endurance/fuzz.py 20000 $$seed; do seed=$$((seed + 1)); done

# The long forms whose short ones `make test` runs; some hours on two cores. Their last figures stand in docs/reliability.md.
endure: setup
	$(BIN)/python tests/quality/endurance/digests.py --files 40
	$(BIN)/python tests/quality/endurance/refusals.py
	$(BIN)/python tests/quality/endurance/poor.py
	$(BIN)/python tests/quality/endurance/kills.py 100
	PYTHONPATH=. $(BIN)/python tests/quality/endurance/fuzz.py 100000

# Every declared fault (tests/quality/faults) planted in a copy and judged by the claims that have to notice it: within an hour on two
# cores, and carried on where it was interrupted.
mutants: setup
	$(BIN)/preality verify --mutants --resume --md docs/faults.md

# The models of examples/, trained and audited anew (five minutes on two cores); `make verify` shows what was found.
audits: setup
	$(BIN)/preality audit density examples/digits_flow.py --json examples/results/digits_flow.json
	$(BIN)/preality audit entangle examples/digits_decoder.py --json examples/results/digits_decoder.json
	$(BIN)/preality audit fit examples/two_flows.py --json examples/results/two_flows.json
	$(BIN)/preality audit score examples/score_networks.py --json examples/results/score_networks.json

# The site, into docs/_build/html; no network is used. Its notebooks are run while it is built, and its verdicts are those of a run.
docs: setup
	mkdir -p docs/_build
	$(BIN)/preality verify --profile quick --json docs/_build/verification.json
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

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
