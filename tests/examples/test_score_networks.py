"""Score networks and flows of two moons, with a short training: what the examples say of their kinds does not depend on how well they were trained."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torch

from proofs_checks.audits.fit import audit_fit
from proofs_checks.audits.score import audit_score
from proofs_checks.inputs.code_files import arguments

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("data", ["moons", "digits"])
def test_a_gradient_network_has_no_defect_and_a_free_one_has(data) -> None:
    example = load("score_networks")
    statuses = {}
    for kind in ("free", "gradient"):
        network = example.trained.__wrapped__(data, kind, 0, 20)
        report = audit_score(network, example.rows_of(data)[1:400:2], sigma=example.NOISE[data])
        statuses[kind] = next(f.status for f in report.findings if f.name == "gradient field")
    assert (statuses["free"], statuses["gradient"]) == ("REFUTED", "HOLDS")


def test_training_is_a_function_of_the_seed_and_leaves_the_global_generator_alone() -> None:
    example = load("score_networks")
    before = torch.random.get_rng_state()
    first, second = (example.trained.__wrapped__("moons", "free", 3, 2).state_dict() for _ in range(2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(weight, second[name]) for name, weight in first.items())


def test_the_file_names_what_the_audit_is_given() -> None:
    given = arguments(EXAMPLES / "score_networks.py", audit_score)
    assert {"score", "data", "sigma"} <= set(given)


@pytest.mark.filterwarnings("ignore")  # of zuko, when it is imported
def test_two_flows_are_read_by_their_likelihood_and_their_draws(tmp_path) -> None:
    short = tmp_path / "two_flows.py"
    source = (EXAMPLES / "two_flows.py").read_text(encoding="utf-8")
    short.write_text(source.replace("SHIFT, STEPS = 0.22, 200", "SHIFT, STEPS = 0.22, 3"), encoding="utf-8")
    report = audit_fit(**arguments(short, audit_fit), permutations=99)
    names = {f.name: f for f in report.findings}
    assert set(names["which model each measure prefers"].witness) == {"KL", "MMD", "JSD (by a classifier)"}
    assert (report.facts["D"], report.facts["points"]) == (2, 2000)
