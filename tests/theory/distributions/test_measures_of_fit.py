"""Divergences, discrepancies and scores in exact arithmetic: definitions by numbers, and false forms that are refuted."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import sympy as sp

from proofs_checks.kernel import Status, judge
from theory.distributions import (
    divergences,
    gaussian_likelihood,
    jensen_shannon,
    mean_embeddings,
    ornstein_uhlenbeck,
    rankings,
    scores,
)


def status(*items: object) -> Status:
    return judge(list(items), route="exact").status


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.1), (0.9, 1e-6), (0.2, 0.7)])
def test_two_cells_by_their_masses(a, b) -> None:
    odds = [sp.Float(p) / (1 - sp.Float(p)) for p in (a, b)]
    kl = a * math.log(a / b) + (1 - a) * math.log((1 - a) / (1 - b))
    assert float(divergences.relative_entropy_of_two_cells(*odds)) == pytest.approx(kl, rel=1e-9)
    jsd = float(divergences.jensen_shannon_of_two_cells(*odds))
    assert 0 < jsd <= math.log(2)


def test_the_integral_form_of_jsd_by_quadrature() -> None:
    from scipy.integrate import quad

    for x, y in ((0.3, 2.0), (1.0, 1.0), (5.0, 0.01)):
        found = quad(
            lambda t, x=x, y=y: (math.exp(-t * x / 2) - math.exp(-t * y / 2)) ** 2 / t**2, 0, math.inf, limit=200
        )[0]
        assert float(jensen_shannon.pointwise(sp.Float(x), sp.Float(y))) == pytest.approx(found, abs=1e-7)


def test_both_ways_to_a_divergence_are_one_ball() -> None:
    for p, q in (((1, 3), (2, 2)), ((4, 0), (0, 4)), ((0, 1, 1), (1, 1, 0))):
        first, second = jensen_shannon.divergence_ball(p, q), jensen_shannon.divergence_by_entropies(p, q)
        assert first.overlaps(second)
        assert abs(float(first) - float(second)) < 1e-30


@pytest.mark.parametrize(("power", "expected"), [(Fraction(1, 2), Status.HOLDS), (Fraction(1), Status.REFUTED)])
def test_the_root_of_jsd_is_a_metric_and_jsd_is_none(power, expected) -> None:
    assert status(jensen_shannon.every_small_triple(power)) is expected


def test_the_expected_kernel_by_quadrature() -> None:
    from scipy.integrate import dblquad

    h, s1, s2, m = 0.7, 1.0, 1.5, 1.2

    def integrand(y: float, x: float) -> float:
        p = math.exp(-(x**2) / (2 * s1)) / math.sqrt(2 * math.pi * s1)
        q = math.exp(-((y - m) ** 2) / (2 * s2)) / math.sqrt(2 * math.pi * s2)
        return p * q * math.exp(-((x - y) ** 2) / (2 * h))

    found = dblquad(integrand, -9, 9, -9, 9, epsabs=1e-8)[0]
    assert float(mean_embeddings.expected_kernel(h, s1 + s2, m**2, 1)) == pytest.approx(found, abs=1e-6)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (scores.on_a_box(1), scores.on_a_box(1, scores.no_boundary_term)),
        (scores.exponential(), scores.exponential(scores.no_boundary_term)),
        (ornstein_uhlenbeck.reversed_equation(), ornstein_uhlenbeck.reversed_equation(1)),
        (mean_embeddings.kernel_of_n_coordinates(), mean_embeddings.kernel_of_n_coordinates(lambda D: D)),
        (
            gaussian_likelihood.gap_to_the_best()[0],
            gaussian_likelihood.gap_to_the_best(gaussian_likelihood.largest_variance)[0],
        ),
        (ornstein_uhlenbeck.decay()[0], ornstein_uhlenbeck.decay(ornstein_uhlenbeck.thrice_the_time)[0]),
    ],
    ids=["a box", "Exp(1)", "reversal", "expected kernel", "best variance", "decay"],
)
def test_a_statement_holds_and_its_neighbour_is_refuted(right, wrong) -> None:
    assert status(right) is Status.HOLDS
    assert status(wrong) is Status.REFUTED


def test_measures_of_a_model_by_numbers() -> None:
    p, q = [m / 20 for m in rankings.DATA], [m / 20 for m in rankings.MODELS["q2"]]
    kl = sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a)
    assert float(rankings.relative_entropy(rankings.DATA, rankings.MODELS["q2"])) == pytest.approx(kl, rel=1e-12)
    off = [a - b for a, b in zip(p, q, strict=True)]
    mmd = sum(off[i] * off[j] * math.exp(-((i - j) ** 2) / 8) for i in range(5) for j in range(5))
    assert float(rankings.squared_discrepancy(rankings.DATA, rankings.MODELS["q2"])) == pytest.approx(mmd, rel=1e-10)


def test_an_infinite_divergence_is_refused() -> None:
    with pytest.raises(ValueError, match="infinite"):
        rankings.relative_entropy((1, 1), (2, 0))
    with pytest.raises(ValueError, match="one sum"):
        rankings.jensen_shannon((1, 1), (2, 1))


def test_the_other_divergence_of_a_model_that_misses_a_share_is_finite_and_not_zero() -> None:
    assert status(divergences.price_of_a_missed_cell()) is Status.HOLDS
    a = 0.3  # q is p given the complement: KL(q||p) = log(1/(1 - a))
    alpha, beta = sp.Float(a / (1 - a)), sp.Float(1e-12)
    assert float(divergences.relative_entropy_of_two_cells(beta, alpha)) == pytest.approx(-math.log(1 - a), abs=1e-9)


def test_neighbours_of_the_ranked_models_are_23_and_not_25_percent_apart() -> None:
    for times, expected in ((Fraction(1), True), (Fraction(25, 23), False)):
        rooms = [ball > 0 for name, order in rankings.ORDERS.items() for *_, ball in rankings.neighbours(name, order, times=times)]  # fmt: skip
        assert all(rooms) is expected
