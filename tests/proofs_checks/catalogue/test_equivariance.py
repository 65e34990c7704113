"""The claims on compact groups and on equivariance: they hold throughout their families, and objects of a user's own are judged."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from numerics.representations import compact as haar
from numerics.representations import equivariant_layers as layers
from numerics.representations import tensor_actions
from numerics.streams import Stream
from proofs_checks import claims, kernel
from proofs_checks.catalogue.groups import equivariance, peter_weyl
from proofs_checks.kernel import Case, Status
from proofs_checks.report.figures import figure_svg
from proofs_checks.run import checks
from proofs_checks.strategies.groups import band_limits, layer_cases, sampled_band_limits
from theory.representations import convolutions as exactly

FULL = checks.PROFILES["full"]


def numeric(page, case, seed=0, *, dtype=torch.float64, **objects):
    return kernel.judge(page.numeric(case, Stream(seed, dtype=dtype), **objects), route="numeric", case=case)


@given(band_limits(FULL), st.integers(0, 2**40))
@settings(max_examples=15)
def test_orthogonality_holds_for_every_group_and_degree(case, seed):
    numeric(peter_weyl, case, seed).assert_holds()


@given(layer_cases(FULL), st.integers(0, 2**40))
@settings(max_examples=40)
def test_layers_are_equivariant_throughout_their_family(case, seed):
    numeric(equivariance, case, seed).assert_holds()


@given(st.data())
@settings(max_examples=4)
def test_random_elements_agree_with_schur(data):
    case = data.draw(sampled_band_limits(checks.PROFILES["quick"]))
    evidence = peter_weyl.statistical(case, Stream(data.draw(st.integers(0, 2**40))))
    kernel.judge(evidence, route="statistical", alpha=kernel.level(1), case=case).assert_holds()


@pytest.mark.parametrize("page", [peter_weyl, equivariance])
def test_the_exact_route_holds_and_speaks_of_every_size(page):
    verdict = kernel.judge(page.exact(), route="exact")
    verdict.assert_holds()
    wanted = (
        ["every l >= 1", "every d >= 1", "1,524 of 1,524"]
        if page is peter_weyl
        else ["circulants: every n >= 1", "every k >= 1", "every b >= 1", "55 of 55 actions"]
    )
    for text in wanted:
        assert text in verdict.scope.text


@pytest.mark.parametrize("mass", [Fraction(1, 2), Fraction(16)])
def test_other_normalisations_are_refuted_exactly(mass):
    assert kernel.judge(peter_weyl.exact(mass=mass), route="exact").status is Status.REFUTED


def test_a_larger_rule_is_as_good_and_says_so_of_itself():
    def generous(group, l):
        angles, nodes = haar.product_rule(group, l)
        return angles + 2, nodes + 1

    verdict = kernel.judge(peter_weyl.exact(rule=generous), route="exact")
    verdict.assert_holds()
    assert "every" not in verdict.scope.text
    numeric(peter_weyl, Case(group="SO(3)", l=3), rule=generous).assert_holds()


def test_what_float32_cannot_carry_is_undecided():
    assert numeric(peter_weyl, Case(group="SO(3)", l=4), dtype=torch.float32).status is Status.UNDECIDED


def test_a_layer_of_ones_own_is_judged():
    def softmax_free_attention(case, stream):
        class Mixing(nn.Module):
            """y = x (x^T x): equivariant under permutations of positions, and cubic."""

            def forward(self, x):
                return x @ (x.mT @ x)

        move = tensor_actions.permutation_action(stream.permutation(case.n))
        return layers.Layer(Mixing(), stream.normal(2, 3, case.n), {"a permutation": (move, move)}, 3 * case.n + 8)

    case = Case(layer="own", n=9, channels=3, kernel=1, seed=0)
    numeric(equivariance, case, layer=softmax_free_attention).assert_holds()


def test_odd_objects_are_refuted_exactly():
    for objects in (
        {"stride": 3},
        {"turns": 12},
        {"matrix": lambda n, taps: exactly.circulant(n, taps)[::-1] + 0},
        {"readout": exactly.zero_padded},
    ):
        assert kernel.judge(equivariance.exact(**objects), route="exact").status is Status.REFUTED
    for objects in ({"stride": 1}, {"turns": 2}):
        kernel.judge(equivariance.exact(**objects), route="exact").assert_holds()


@pytest.mark.parametrize("claim_id", ["groups.peter-weyl", "groups.equivariance"])
def test_figures_fit_the_report(claim_id):
    drawing = figure_svg(claims[claim_id], "f")
    assert drawing.svg is not None, drawing.note
    assert len(drawing.svg.encode()) < 20_000
