"""What a user may substitute in ``disentanglement.entangling``: refused by the name of the hypothesis, or judged."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from torch import distributions as td

from numerics.distributions.marginals import Normal, SplitUniform
from numerics.latents.entangling import EntanglingMap, check_rotation
from numerics.latents.rotations import householder
from numerics.streams import Stream
from proofs_checks import claims, kernel
from proofs_checks.catalogue.disentanglement import entangling
from proofs_checks.errors import InputError
from proofs_checks.kernel import Case
from proofs_checks.run.checks import PROFILES
from proofs_checks.strategies.disentanglement import entangling_cases, pushed_entangling_cases

CASE = Case(D=3, families=("logistic",), rotation="reflection", t=Fraction(3), seed=1, size=128)


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ({"A": torch.ones(3, 3).double()}, "A is orthogonal"),
        ({"A": torch.eye(3).double()}, "A has no zero entry"),
        ({"A": torch.full((3, 3), math.nan).double()}, "NaN"),
        ({"A": torch.eye(3).half()}, "float16"),
        ({"A": torch.eye(3).long()}, "int64"),
        ({"A": torch.zeros(0, 0).double()}, "d >= 1"),
        ({"marginals": []}, "d = 0"),
        ({"marginals": [td.Normal(0.0, 1.0)]}, "d >= 2"),
        ({"marginals": [td.Gamma(2.0, 1.0), td.Normal(0.0, 1.0)]}, "inverse distribution function"),
        ({"marginals": [SplitUniform(), Normal()]}, "gap in the support"),
        (
            {"marginals": [td.Normal(0.0, 1.0)] * 2, "A": householder(torch.tensor([1.0, 2.0, 3.0]).double())},
            r"shape \(2, 2\)",
        ),
    ],
)
@pytest.mark.parametrize("route", [entangling.numeric, entangling.statistical])
def test_an_object_that_misses_a_hypothesis_is_refused_by_name(route, objects, words):
    with pytest.raises(InputError, match=words):
        route(CASE, Stream(1), **objects)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[1, 2], [3, 4]], "A is orthogonal"),
        ([[1, 0], [0, 1]], "A has no zero entry"),
        ([[0.6, 0.8], [0.8, -0.6]], "Fraction"),
        ([[-1]], "d >= 2"),
        ([], "at least one row"),
    ],
)
def test_exact_rows_that_miss_a_hypothesis_are_refused_by_name(rows, words):
    with pytest.raises(InputError, match=words):
        entangling.exact(rows=rows)


def test_the_readers_objects_are_judged():
    rows = [[Fraction(3, 5), Fraction(4, 5)], [Fraction(4, 5), Fraction(-3, 5)]]
    assert kernel.judge(entangling.exact(rows=rows), route="exact").holds
    A = householder(torch.tensor([1.0, 2.0, 3.0]).double())
    assert kernel.judge(entangling.numeric(CASE, Stream(1), A=A), route="numeric").holds
    laws = td.Laplace(torch.zeros(4), torch.ones(4))
    assert kernel.judge(entangling.numeric(CASE, Stream(1), marginals=laws), route="numeric").holds


def test_the_identity_meets_the_condition_as_printed_and_not_as_meant():
    control = next(control for control in entangling.controls["identity"] if control.route == "numeric")
    f = EntanglingMap(entangling.prior_of(CASE, Stream(1)), control.objects["rotation"](CASE, Stream(1)))
    jacobian = f.jacobian(f.prior.sample(5, Stream(2)))
    assert (jacobian.diagonal(dim1=1, dim2=2) > 0).all()
    assert kernel.judge(entangling.numeric(CASE, Stream(1), **control.objects), route="numeric").status == "REFUTED"


@given(entangling_cases(PROFILES["quick"]) | pushed_entangling_cases(PROFILES["quick"]))
def test_every_drawn_case_meets_the_hypotheses(case):
    check_rotation(entangling.rotation_of(case, Stream(case.seed)))
    prior = entangling.prior_of(case, Stream(case.seed))
    assert prior.dim == case.D >= 2
    assert all(block.connected for block in prior.blocks)


def test_the_figure_fits_the_report():
    from proofs_checks.report.figures import figure_svg

    drawing = figure_svg(claims["disentanglement.entangling"], "f")
    assert drawing.svg is not None, drawing.note
