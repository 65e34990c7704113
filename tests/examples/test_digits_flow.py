"""The digits example: seeded data and training, scores with the areas they are named after, and an audit that sees through them."""

from __future__ import annotations

import functools
import importlib.util
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest
import torch

from numerics.detection.roc import auroc
from proofs_checks.audits.density import DensityReport, audit_density
from proofs_checks.kernel import Status

FILE = Path(__file__).parents[2] / "examples" / "digits_flow.py"


@functools.cache
def example() -> ModuleType:
    import sys

    spec = importlib.util.spec_from_file_location("digits_flow_example", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["digits_flow_example"] = module
    spec.loader.exec_module(module)
    return module


@functools.cache
def short_audit(spline: bool) -> DensityReport:
    digits = example().data()
    flow = example().train(epochs=4, spline=spline)
    score = {"AUROC 1": example().scores(digits)["AUROC 1"]}
    return audit_density(flow, digits.inliers, digits.outliers, score=score, points=6 if spline else 12)


def test_the_data_are_seeded_dequantised_and_apart() -> None:
    first, again = example().data(), example().data()
    assert torch.equal(first.inliers, again.inliers)
    assert not torch.equal(first.inliers, example().data(1).inliers)
    levels = torch.floor(torch.sigmoid(2 * first.inliers - 1) * 17)
    assert bool(((levels >= 0) & (levels <= 16)).all())
    trained = {tuple(row) for row in first.pixels.tolist()}
    assert not any(tuple(row) in trained for row in levels.tolist())
    assert torch.unique(first.inliers).numel() == first.inliers.numel()


def test_training_is_seeded_leaves_the_generator_alone_and_lowers_the_loss() -> None:
    state = torch.random.get_rng_state()
    flow, again = example().train(epochs=2), example().train(epochs=2)
    assert torch.equal(state, torch.random.get_rng_state())
    x = example().data().inliers
    with torch.no_grad():
        assert torch.equal(flow().log_prob(x), again().log_prob(x))
        assert float(flow().log_prob(x).mean()) > float(example().train(epochs=0)().log_prob(x).mean())


@pytest.mark.parametrize(("name", "area"), [("AUROC 1", 1.0), ("AUROC 0", 0.0), ("AUROC 3/4", 0.75)])
def test_scores_have_the_areas_they_are_named_after(name: str, area: float) -> None:
    digits = example().data()
    score = example().scores(digits)[name]
    assert float(auroc(score(digits.inliers), score(digits.outliers))) == area


@pytest.mark.parametrize("spline", [False, True])
def test_the_short_training_audits_to_every_area(spline: bool) -> None:
    report = short_audit(spline)
    rows = {row["name"]: Fraction(row["auroc"]["exact"]) for row in report.facts["representations"]}
    assert rows["uniformized"] == Fraction(1, 2)
    assert rows["reversed"] == 1 - rows["as given"]
    assert rows["AUROC 1"] == 1
    statuses = {finding.name: finding.status for finding in report.findings}
    for name in ("uniformized", "reversed", "score AUROC 1", "change of variables", "no atoms in the data"):
        assert statuses[name] is Status.HOLDS, (name, report.text())


def test_the_file_names_what_the_command_line_reads() -> None:
    from proofs_checks.inputs.code_files import arguments

    given = arguments(FILE, audit_density)
    assert {"log_prob", "inliers", "outliers", "score", "subject", "points"} <= set(given)
