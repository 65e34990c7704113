"""Faults planted in a claim, in its code and in the kernel: each has to be caught, and the sound claim has to pass.

The claim used here is small enough to see through: the mean of a uniform variable, derived, measured and sampled.
"""

from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from proofs_checks.claim.claim import Claim
from proofs_checks.errors import CatalogueError
from proofs_checks.kernel import Status, Verdict, judging, measurements
from proofs_checks.run.interactive import Catalogue
from proofs_checks.run.results import ClaimResult, summarise

SOUND = """
import sympy
import torch
from hypothesis import strategies as st
from proofs_checks.kernel import Bound, Case, Cases, Control, Equation, Test, measured, tested

CLAIMS = {"toy.halving": {
    "title": "Mean of a uniform variable", "statement": r"X \\sim U(0,1) \\Rightarrow E X = 1/2", "plain": "The mean is one half.",
    "routes": {
        "exact": {"shows": "integration"},
        "numeric": {"shows": "midpoint rule", "covers": {"n": [1, 64]}},
        "statistical": {"shows": "Hoeffding"},
    },
    "controls": {"third": {"statement": "the mean is 1/3", "routes": ["exact", "numeric", "statistical"]}},
}}
cases = {"numeric": Cases(lambda profile: st.builds(Case, n=st.integers(1, 64)), always=[Case(n=1), Case(n=64)])}

def derive(mean=sympy.Rational(1, 2)):
    x = sympy.Symbol("x", real=True)
    return sympy.Integral(x, (x, 0, 1)), mean

def nodes(n):
    return (torch.arange(n, dtype=torch.float64) + 0.5) / n

def draw(stream, n):
    return stream.uniform(n)

def exact(*, mean=sympy.Rational(1, 2)):
    return Equation("mean", *derive(mean))

def numeric(case, stream, *, mean=0.5):
    bound = Bound({"rounding": 4 * case.n * 2.0**-53}, "n additions and a division of numbers below 1")
    return measured(abs(nodes(case.n).mean() - mean), bound, points=case.n, resolves=1e-3, name="midpoints")

def statistical(stream, *, mean=0.5):
    return tested(abs(draw(stream, 100_000).mean() - mean), Test.hoeffding(100_000, 1.0), resolves=0.05, name="draws")

controls = {"third": [
    Control(exact, fails="mean", mean=sympy.Rational(1, 3)), Control(numeric, fails="midpoints", cases=[Case(n=8)], mean=1 / 3),
    Control(statistical, fails="draws", mean=1 / 3),
]}
"""


@pytest.fixture
def claim_with(tmp_path: Path):
    def build(old: str = "", new: str = "") -> Claim:
        assert old in SOUND
        path = tmp_path / f"toy{abs(hash((old, new))):x}.py"
        path.write_text(textwrap.dedent(SOUND.replace(old, new) if old else SOUND))
        return Catalogue(plugins=False).add_file(path)[0]

    return build


def check(claim: Claim) -> ClaimResult:
    return claim.check(device="cpu")


def test_the_sound_claim_holds_on_every_route_and_its_falsehoods_are_refuted(claim_with) -> None:
    result = check(claim_with())
    assert result.holds, result
    assert result.refuted_controls == 3


CASES = "st.integers(1, 64)), always=[Case(n=1), Case(n=64)]"
FAULTS = {
    "a wrong derivation": (
        "sympy.Integral(x, (x, 0, 1)), mean",
        "sympy.Integral(x**2, (x, 0, 1)), mean",
        Status.REFUTED,
    ),
    "a derivation that is what it is compared with": (
        "sympy.Integral(x, (x, 0, 1)), mean",
        "sympy.Integral(x, (x, 0, 1)).doit(), mean",
        Status.UNDECIDED,
    ),
    "a control that is refuted elsewhere": (
        'Control(numeric, fails="midpoints"',
        'Control(numeric, fails="ends"',
        Status.UNDECIDED,
    ),
    "a control without teeth": ("cases=[Case(n=8)], mean=1 / 3", "cases=[Case(n=8)], mean=1 / 2", Status.UNDECIDED),
    "a measurement that resolves anything": ("resolves=1e-3", 'resolves=float("inf")', Status.ERRORED),
    "a distance with its sign": (
        "tested(abs(draw(stream, 100_000).mean() - mean)",
        "tested(-abs(draw(stream, 100_000).mean() - mean)",
        Status.ERRORED,
    ),
    "a wrong numeric routine": ("+ 0.5) / n", "+ 0.49) / n", Status.REFUTED),
    "a wrong sampler": ("return stream.uniform(n)", "return 0.95 * stream.uniform(n)", Status.REFUTED),
    "a check that looks at nothing": ("tested(abs(", "tested(0.0 * abs(", Status.UNDECIDED),
    "a check that returns a bool": (
        'return Equation("mean", *derive(mean))',
        "return derive(mean)[0] == mean",
        Status.ERRORED,
    ),
    "a bound without a derivation": ('"n additions and a division of numbers below 1"', '""', Status.ERRORED),
    "a tolerance as wide as the effect": ("4 * case.n * 2.0**-53", "0.5", Status.UNDECIDED),
    "a test without power": ("Test.hoeffding(100_000, 1.0)", "Test.hoeffding(100, 1.0)", Status.UNDECIDED),
    "a route without cases": (f"st.builds(Case, n={CASES}", "st.nothing()", Status.ERRORED),
    "a strategy narrower than the printed scope": (CASES, "st.integers(1, 32)), always=[Case(n=1)]", Status.UNDECIDED),
    "a check that raises": ("abs(nodes(case.n).mean() - mean)", "abs(nodes(None).mean() - mean)", Status.ERRORED),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(claim_with, fault: str) -> None:
    old, new, expected = FAULTS[fault]
    result = check(claim_with(old, new))
    assert result.status is expected, result


def test_a_kernel_that_ignores_its_bound_is_caught_by_the_controls(claim_with, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = judging.judge_measured
    monkeypatch.setattr(judging, "judge_measured", lambda item: replace(honest(item), status=Status.HOLDS))
    result = check(claim_with())
    assert result.status is Status.UNDECIDED
    assert "no teeth" in result.why


def test_a_kernel_that_believes_normal_forms_alone_is_caught_by_the_controls(
    claim_with, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "judge_equation", lambda item: Verdict(Status.HOLDS, "exact"))
    assert check(claim_with()).status is Status.UNDECIDED


def test_a_kernel_whose_radius_is_zero_refutes_what_is_true(claim_with, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurements, "radius", lambda test, alpha, statistic=0.0: 1e-12)
    assert check(claim_with()).status is Status.REFUTED


def test_dropping_a_route_s_records_leaves_the_claim_undecided(claim_with) -> None:
    claim = claim_with()
    records = [record for record in check(claim).records if record["route"] != "statistical"]
    assert summarise(claim, records).status is Status.UNDECIDED


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"routes": ["exact", "numeric", "statistical"]', '"routes": ["exact", "numeric"]', "has no control"),
        ('"plain": "The mean is one half.",', "", "'plain' is missing"),
        ('"title":', '"titel":', "nknown field 'titel'"),
        ('"toy.halving"', '"Toy Halving"', "expected an id"),
        ('"exact": {"shows"', '"formal": {"shows"', "unknown route 'formal'"),
        ('"covers": {"n": [1, 64]}', '"covers": {"n": [64, 1]}', "each range"),
        ('"exact": {"shows": "integration"}', '"exact": {}', "'shows'"),
    ],
)
def test_a_malformed_page_of_data_is_refused(claim_with, old: str, new: str, message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        claim_with(old, new)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"third": {"statement"', '"quarter": {"statement"', "controls of the code and of the page differ"),
        ('Control(exact, fails="mean", mean=sympy.Rational(1, 3)), ', "", "is declared on"),
        (
            'fails="draws", mean=1 / 3),\n]}',
            'fails="draws", mean=1 / 3),\n]}\ndel statistical',
            "defines no function statistical",
        ),
    ],
)
def test_code_that_does_not_carry_what_its_page_declares_is_an_error(
    claim_with, old: str, new: str, message: str
) -> None:
    result = check(claim_with(old, new))
    assert result.status is Status.ERRORED
    assert message in result.why


def test_a_control_that_runs_another_function_of_the_same_name_is_refused(claim_with) -> None:
    foreign = '(f := lambda *, mean=0: Equation("mean", 1, 2), setattr(f, "__name__", "exact"))[0]'
    claim = claim_with(
        'Control(exact, fails="mean", mean=sympy.Rational(1, 3))', f'Control({foreign}, fails="mean", mean=1)'
    )
    with pytest.raises(CatalogueError, match="a control is the route's own check"):
        claim.code_controls  # noqa: B018  reading it checks it
