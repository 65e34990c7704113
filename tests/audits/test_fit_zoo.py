"""The zoo of fits and scores: nothing right is refuted or undecided, everything wrong is refuted where it stands, and no object is changed."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from proofs_checks.audits.fit import audit_fit
from proofs_checks.audits.score import audit_score
from proofs_checks.errors import InputError
from proofs_checks.inputs.copies import state_of
from proofs_checks.kernel import Status

PATH = Path(__file__).parent / "zoo" / "fits.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("zoo_of_fits", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["zoo_of_fits"] = module
    spec.loader.exec_module(module)
    return module


ZOO = load()
FEW = {"permutations": 1999, "seconds": 60.0}


@pytest.mark.parametrize("fit", ZOO.RIGHT_FITS, ids=lambda fit: fit.name)
def test_no_right_fit_is_refuted_or_undecided(fit) -> None:
    report = audit_fit(fit.model, fit.data, **FEW, **fit.options)
    assert [f for f in report.findings if f.status in (Status.REFUTED, Status.UNDECIDED)] == []


@pytest.mark.parametrize("fit", ZOO.WRONG_FITS, ids=lambda fit: fit.name)
def test_every_wrong_fit_is_refuted_where_it_stands(fit) -> None:
    report = audit_fit(fit.model, fit.data, **FEW, **fit.options)
    refuted = {f.name for f in report.findings if f.status is Status.REFUTED}
    assert set(fit.refutes) <= refuted, report
    json.dumps(report.plain())
    report.figure()


@pytest.mark.parametrize("score", ZOO.RIGHT_SCORES, ids=lambda score: score.name)
def test_no_right_score_is_refuted_or_undecided(score) -> None:
    before = score.data.clone()
    report = audit_score(score.network, score.data, seconds=60.0, **score.given)
    assert torch.equal(score.data, before)
    assert [f for f in report.findings if f.status in (Status.REFUTED, Status.UNDECIDED)] == []


@pytest.mark.parametrize("score", ZOO.WRONG_SCORES, ids=lambda score: score.name)
def test_every_wrong_score_is_refuted_where_it_stands(score) -> None:
    report = audit_score(score.network, score.data, seconds=60.0, **score.given)
    refuted = {f.name.partition(" (")[0] for f in report.findings if f.status is Status.REFUTED}
    assert set(score.refutes) <= refuted, report
    json.dumps(report.plain())
    report.figure()


def test_two_models_are_compared_measure_by_measure() -> None:
    wide = torch.distributions.MultivariateNormal(ZOO.DATA.mean(0), torch.cov(ZOO.DATA.T))
    report = audit_fit(wide, ZOO.mixture(), ZOO.DATA, **FEW)
    [preferred] = [f for f in report.findings if f.name == "which model each measure prefers"]
    assert {value["prefers"] for value in preferred.witness.values()} == {"b"}
    report.figure()


def test_likelihoods_of_a_density_that_is_not_normalised_are_not_compared() -> None:
    wide = torch.distributions.MultivariateNormal(torch.zeros(2), 12 * torch.eye(2))
    loud = {"samples": wide.sample((2000,)), "log_prob": lambda x: wide.log_prob(x) + 5}
    report = audit_fit(loud, ZOO.mixture(), ZOO.DATA, **FEW)
    [preferred] = [f for f in report.findings if f.name == "which model each measure prefers"]
    assert "KL" not in preferred.witness
    assert "KL says nothing: the log density of model a" in preferred.text
    assert {value["prefers"] for value in preferred.witness.values()} == {"b"}
    assert "not normalised" in report.meaning
    assert "log of the total mass" in report.next_step


def test_a_kernel_beyond_its_range_has_no_interval_by_hoeffding() -> None:
    report = audit_fit(ZOO.draws(500, 1), ZOO.DATA, kernel=lambda a, b: a @ b.T, **FEW)
    [found] = [f for f in report.findings if f.name == "MMD"]
    assert "Hoeffding" not in found.text
    assert found.witness["radius"] is None


def test_models_that_measures_rank_differently_are_said_to_be_so() -> None:
    dropped = {
        "samples": ZOO.draws(3000, 21, shares=torch.tensor([1.0, 1e-9])),
        "log_prob": torch.distributions.MultivariateNormal(ZOO.CENTRES[0], torch.eye(2)).log_prob,
    }
    noise = {
        "samples": 6 * ZOO.draws(3000, 22),
        "log_prob": torch.distributions.MultivariateNormal(torch.zeros(2), 40 * torch.eye(2)).log_prob,
    }
    report = audit_fit(dropped, noise, ZOO.DATA, length=1.0, **FEW)
    [preferred] = [f for f in report.findings if f.name == "which model each measure prefers"]
    assert preferred.witness["KL"]["prefers"] == "b"
    assert preferred.witness["MMD"]["prefers"] == "a"
    assert "disagree" in preferred.text


def test_objects_and_random_states_stay_as_they_were() -> None:
    sampler, network = ZOO.Sampler(), ZOO.Network(dropout=0.5)
    before = [{name: value.clone() for name, value in state_of(one).items()} for one in (sampler, network)]
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    audit_fit(sampler, ZOO.DATA, **FEW)
    audit_score(network, ZOO.DATA)
    assert torch.equal(torch.rand(3), expected)
    for one, kept in zip((sampler, network), before, strict=True):
        assert one.training
        assert all(torch.equal(value, kept[name]) for name, value in state_of(one).items())


def test_equal_seeds_give_equal_reports() -> None:
    assert (
        audit_fit(ZOO.Sampler(), ZOO.DATA, seed=3, **FEW).text()
        == audit_fit(ZOO.Sampler(), ZOO.DATA, seed=3, **FEW).text()
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((ZOO.draws(100, 1),), "Expected data beside the model"),
        ((ZOO.draws(100, 1), torch.zeros(5, 2)), "at least 16 points"),
        ((torch.zeros(100, 3), ZOO.DATA), "D = 2 coordinates"),
        ((ZOO.draws(3, 1), ZOO.DATA), "at least 16 samples"),
        (({"sample": 1}, ZOO.DATA), "Expected a dict with"),
        ((3.0, ZOO.DATA), "Expected model as an array"),
        ((ZOO.DATA, ZOO.DATA.long()), "Dequantise"),
        ((ZOO.DATA, torch.full((20, 2), torch.nan)), "has to be finite"),
        ((lambda n: torch.zeros(n, 3), ZOO.DATA), "neither a sampler"),
        ((ZOO.DATA, torch.zeros(40, 2)), "Pass length="),
    ],
)
def test_what_a_fit_cannot_be_made_of(arguments, message) -> None:
    data = arguments if message != "Pass length=" else (torch.zeros(40, 2), torch.zeros(40, 2))
    with pytest.raises(InputError, match=message):
        audit_fit(*data)


@pytest.mark.parametrize(
    ("network", "given", "message"),
    [
        (ZOO.eps, {}, "Pass noise="),
        (ZOO.eps, {"noise": ZOO.schedule}, "belong together"),
        (ZOO.eps, {**ZOO.TIMED, "prediction": "noise"}, "Expected prediction"),
        (ZOO.score_at, {"prediction": "eps"}, "Pass sigma="),
        (ZOO.v, {"noise": lambda t: (1.0, t), "times": (0.5,), "prediction": "v"}, r"alpha\^2 \+ sigma\^2 = 1"),
        (lambda x: x.sum(1), {}, "one vector a point"),
        (lambda x: x / 0 * 0, {}, "NaN or an infinity"),
        (ZOO.score_at, {"sigma": -1.0}, "at least 0"),
        (3.0, {}, "Expected a score network"),
        (ZOO.eps, {"noise": lambda t: t, "times": (0.5,)}, "alpha, sigma"),
    ],
)
def test_conventions_are_asked_for(network, given, message) -> None:
    with pytest.raises(InputError, match=message):
        audit_score(network, ZOO.DATA, **given)


DOCS = Path(__file__).resolve().parents[2] / "docs" / "zoo-of-fits.md"
HEAD = """# The zoo of fits and scores

Models of two modes in the plane, and scores of them (`tests/audits/zoo/fits.py`), audited by `tests/audits/test_fit_zoo.py`. Nothing right is refuted or
undecided; everything wrong is REFUTED in the findings named.
"""


def table() -> str:
    """The zoo as Markdown; write it to docs/zoo-of-fits.md when the zoo changes."""
    lines = [HEAD]
    for title, right, wrong in (
        ("fits", ZOO.RIGHT_FITS, ZOO.WRONG_FITS),
        ("scores", ZOO.RIGHT_SCORES, ZOO.WRONG_SCORES),
    ):
        lines += [f"| {len(right)} right {title} |", "|---|", *(f"| {one.name} |" for one in right), ""]
        lines += [
            f"| {len(wrong)} wrong {title} | REFUTED |",
            "|---|---|",
            *(f"| {one.name} | {', '.join(one.refutes)} |" for one in wrong),
            "",
        ]
    return "\n".join(lines)


def test_the_table_in_the_documentation_is_the_zoo() -> None:
    assert DOCS.read_text(encoding="utf-8") == table()
