"""Certificates of trees: the values known from balls, what is refused, and what a fault in a joint does."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flint import arb, ctx

from theory.hyperbolic import tree_certificates as certificates
from theory.hyperbolic.edge_lengths import least_tau
from theory.hyperbolic.perpendiculars import exp_of_arcosh_below
from theory.hyperbolic.rational_words import FALSE_BOUNDS, chebyshev_square, half_chords, sharp, spatial_words

ONE = 1 << certificates.BITS


@pytest.mark.parametrize(
    ("a", "b", "turns", "degree", "D"),
    [(1, 2, 1, 3, 2.65744618429090), (1, 1, 1, 3, 1.59754776672922), (6, 6, 1, 16, 8.73110407066259), (1.5, 1.5, 1, 4, 2.19232426475354)],
)  # fmt: skip
def test_joints_are_those_of_cosh_d(a: float, b: float, turns: int, degree: int, D: float) -> None:
    found = certificates.joint_below(certificates.units(a), certificates.units(b), turns, degree) / ONE
    before = ctx.prec
    ctx.prec = 300
    try:
        x, y, theta = arb(a), arb(b), 2 * arb.pi() * turns / degree
        exactly = (x.sinh() * y.sinh() - x.cosh() * y.cosh() * theta.cos()).acosh()
        below = (
            exactly - arb(certificates.joint_below(certificates.units(a), certificates.units(b), turns, degree)) / ONE
        )
        assert 0 <= below < arb(2) ** -certificates.BITS
    finally:
        ctx.prec = before
    if (a, b) != (1.5, 1.5):
        assert found == pytest.approx(D, rel=1e-14)


def test_a_straight_joint_loses_nothing_and_crossing_ones_are_refused() -> None:
    assert certificates.joint_below(ONE, 2 * ONE, 1, 2) == 3 * ONE
    assert certificates.joint_below(ONE, 2 * ONE, 2, 4) == 3 * ONE
    with pytest.raises(certificates.Crossing, match="degree 3 cross"):
        certificates.joint_below(ONE // 4, ONE // 4, 1, 3)


def test_the_certificate_is_accepted_and_nothing_less_is() -> None:
    parents = (0, 0, 0, 0, 1, 1, 2, 4, 4)
    tree = certificates.tree_of_lengths(parents, Fraction(3), [Fraction(1 + v % 3) for v in range(9)])
    cuts = certificates.shift_cuts(tree)
    found = certificates.certificate(tree, cuts, ordered=True)
    assert certificates.accepts(tree, cuts, found.rho, ordered=True)
    assert not certificates.accepts(tree, cuts, found.rho - Fraction(1, 10**6), ordered=True)
    assert found.length / found.bound <= found.rho


def test_lengths_that_are_no_multiples_of_the_unit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"multiple of 2\^-60"):
        certificates.units(Fraction(1, 3))
    with pytest.raises(ValueError, match="positive"):
        certificates.units(-1)


@pytest.mark.parametrize(("rho", "degree", "tau"), [(Fraction(2), 3, 1.28978468285676), (Fraction(2), 16, 6.67195582881041), (Fraction(11, 10), 4, 7.63526032605325), (Fraction(11, 10), 16, 35.9544380322906)])  # fmt: skip
def test_least_tau_is_rounded_up(rho: Fraction, degree: int, tau: float) -> None:
    found = least_tau(rho, degree)
    assert 0 <= float(found) - tau < 2e-9
    with pytest.raises(ValueError, match="above 1"):
        least_tau(Fraction(1), degree)


def test_squares_of_chebyshev_polynomials() -> None:
    x = Fraction(5, 4)
    assert [chebyshev_square(x, m)[0] for m in range(4)] == [1, 4 * x, (4 * x - 1) ** 2, x * (8 * x - 4) ** 2]


def test_every_false_bound_differs_from_the_sharp_one() -> None:
    assert sharp not in FALSE_BOUNDS.values()
    assert all(half_chords("", spatial_words()).holds(member) for member in spatial_words())


def test_exp_of_arcosh_is_rounded_down() -> None:
    for g in (Fraction(5, 4), Fraction(7, 3), Fraction(1)):
        E = exp_of_arcosh_below(g)
        assert E >= 1
        assert 2 * g >= E + 1 / E
