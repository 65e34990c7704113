"""What a user may substitute in ``disentanglement.identical-marginals``: refused by the name of the hypothesis, or judged."""

from __future__ import annotations

import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from torch import distributions as td

from numerics.distributions.marginals import Normal, SplitUniform
from numerics.latents.entangling import check_rotation
from numerics.latents.rotations import householder
from numerics.streams import Stream
from proofs_checks import claims, kernel
from proofs_checks.catalogue.disentanglement import identical_marginals as page
from proofs_checks.errors import InputError
from proofs_checks.kernel import Case
from proofs_checks.run.checks import PROFILES
from proofs_checks.strategies.disentanglement import sampled_twin_cases, twin_cases

CASE = Case(D=3, seed=1, size=20_000)


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ({"A": torch.ones(3, 3).double()}, "A is orthogonal"),
        ({"A": torch.eye(3).double()}, "A has no zero entry"),
        ({"A": torch.eye(3).half()}, "float16"),
        ({"marginals": []}, "d = 0"),
        ({"marginals": [td.Normal(0.0, 1.0)]}, "d >= 2"),
        ({"marginals": [td.Poisson(3.0)] * 2}, "discrete"),
        ({"marginals": [SplitUniform(), Normal()]}, "gap in the support"),
        ({"marginals": [Normal()] * 2, "A": householder(torch.tensor([1.0, 2.0, 3.0]).double())}, r"shape \(2, 2\)"),
    ],
)
@pytest.mark.parametrize("route", [page.numeric, page.statistical])
def test_an_object_that_misses_a_hypothesis_is_refused_by_name(route, objects, words):
    with pytest.raises(InputError, match=words):
        route(Case(D=3, families=("logistic",), seed=1, size=1000), Stream(1), **objects)


def test_the_readers_prior_rotation_and_decoder_are_judged():
    prior = [td.Laplace(0.0, 1.0), scipy.stats.gamma(3.0), td.Gumbel(0.0, 1.0)]
    A = householder(torch.tensor([1.0, 2.0, 3.0]).double())
    assert kernel.judge(
        page.numeric(Case(D=3, seed=1, size=128), Stream(1), marginals=prior, A=A), route="numeric"
    ).holds
    found = page.statistical(
        CASE, Stream(1), marginals=prior, A=A, decoder=lambda z: torch.sin(z).prod(1, keepdim=True)
    )
    assert kernel.judge(found, route="statistical").holds


def test_a_case_is_of_the_readers_dimension():
    assert page.cases_for(marginals=td.Normal(torch.zeros(5), 1.0))[0].D == 5
    assert page.cases_for(A=torch.eye(7))[0].D == 7
    with pytest.raises(InputError, match="marginals or A"):
        page.cases_for()


@given(twin_cases(PROFILES["quick"]) | sampled_twin_cases(PROFILES["quick"]))
@settings(max_examples=30)
def test_every_drawn_case_meets_the_hypotheses(case):
    A = check_rotation(page.rotation_of(case, Stream(case.seed)))
    assert len(A) == case.D >= 2
    assert case.rotation != "equal" or (A.abs() - case.D**-0.5).abs().max() <= 4 * 2.0**-53


def test_the_figure_fits_the_report():
    from proofs_checks.report.figures import figure_svg

    drawing = figure_svg(claims["disentanglement.identical-marginals"], "f")
    assert drawing.svg is not None, drawing.note
    assert len(drawing.svg) < 20_000
