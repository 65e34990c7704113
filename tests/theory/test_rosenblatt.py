"""The Knothe-Rosenblatt map in symbols: slopes, explicit maps, what masses force, and the falsehoods next door."""

from __future__ import annotations

import pytest
import sympy as sp

from proofs_checks import kernel
from proofs_checks.kernel import Status, identity
from theory import rosenblatt


def status(left: sp.Expr, right: sp.Expr) -> Status:
    return kernel.judge(identity(left, right), route="exact").status


SOUND = rosenblatt.AddedCoordinate(rosenblatt.conditional_cdf())


def test_the_coordinate_runs_from_0_to_1_and_its_determinant_is_the_joint_density() -> None:
    low, high = SOUND.at_ends()
    assert (low, high) == (0, 1)
    assert status(*SOUND.determinant()) is Status.HOLDS
    assert status(*SOUND.balance(SOUND.cdf)) is Status.HOLDS


def test_masses_force_an_increasing_coordinate_and_a_decreasing_one_is_another() -> None:
    assert status(*SOUND.forced(1)) is Status.HOLDS
    assert status(*SOUND.forced(-1)) is Status.REFUTED


def test_the_law_rejects_unconditional_distribution_functions() -> None:
    marginal = rosenblatt.AddedCoordinate(rosenblatt.unconditional_cdf())
    assert status(*marginal.determinant()) is Status.REFUTED
    assert status(*marginal.balance(marginal.cdf)) is Status.REFUTED


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_explicit_maps_of_dependent_densities_are_triangular_with_determinant_p(dim: int) -> None:
    image, xs, density = rosenblatt.explicit_map(dim)
    jacobian = image.jacobian(sp.Matrix(xs))
    assert all(jacobian[i, j] == 0 for i in range(dim) for j in range(i + 1, dim))
    assert sp.simplify(jacobian.det(method="berkowitz") - density) == 0
    ones = dict.fromkeys(xs, 1)
    assert list(image.subs(ones)) == [1] * dim


@pytest.mark.parametrize("dim", [2, 3])
def test_explicit_unconditional_maps_have_another_determinant(dim: int) -> None:
    image, xs, density = rosenblatt.explicit_map(dim, conditional=False)
    assert sp.simplify(image.jacobian(sp.Matrix(xs)).det() - density) != 0


def test_a_jump_leaves_levels_that_are_not_reached_and_a_gap_splits_the_inverse() -> None:
    c, alpha, gamma = sp.symbols("c alpha gamma", positive=True)
    assert rosenblatt.pushed_mass(c, c, sp.S.Zero) == c
    assert status(rosenblatt.pushed_mass(c + alpha / 2, c, alpha), c + alpha / 2) is Status.REFUTED
    low, high, u, first, second = rosenblatt.gap_quantile(gamma)
    assert (high - low).subs(u, sp.Rational(1, 2)) == gamma
    assert sp.simplify(first.subs(rosenblatt.ADDED, low) - u) == 0
    assert sp.simplify(second.subs(rosenblatt.ADDED, high) - u) == 0
