"""The Knothe-Rosenblatt map in symbols: explicit maps, what masses force, and the falsehoods next door."""

from __future__ import annotations

import pytest
import sympy as sp

from proofs_checks import kernel
from proofs_checks.kernel import Status
from theory.proof.statements import Equation
from theory.transports import rosenblatt


def status(statement: object) -> Status:
    return kernel.judge(statement, route="exact").status


def test_the_slopes_multiply_to_the_density_in_every_dimension() -> None:
    verdict = kernel.judge(rosenblatt.product_of_slopes(rosenblatt.conditional_cdf), route="exact")
    assert verdict.holds
    assert "every D >= 1" in verdict.scope.quantifiers[0]
    assert status(rosenblatt.product_of_slopes(rosenblatt.unconditional_cdf)) is Status.REFUTED


def test_masses_force_an_increasing_coordinate_and_a_decreasing_one_is_another() -> None:
    assert status(rosenblatt.uniqueness(1)) is Status.HOLDS
    assert status(rosenblatt.uniqueness(-1)) is Status.REFUTED


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


def test_an_infinite_marginal_flattens_the_slope_and_a_finite_one_does_not() -> None:
    assert status(rosenblatt.finite_marginals()) is Status.HOLDS
    assert status(rosenblatt.finite_marginals(sp.sqrt)) is Status.REFUTED


def test_weierstrass_function_has_no_bounded_difference_quotients() -> None:
    assert status(rosenblatt.differentiable_in_earlier_coordinates()) is Status.HOLDS
    broken = rosenblatt.differentiable_in_earlier_coordinates(rosenblatt.weierstrass_modulation)
    assert status(broken) is Status.REFUTED


def test_a_coordinate_of_twice_the_slope_is_not_the_map() -> None:
    doubled = rosenblatt.product_of_slopes(lambda j, at: 2 * rosenblatt.conditional_cdf(j, at))
    assert status(doubled) is Status.REFUTED
    assert isinstance(rosenblatt.determinant_of_an_explicit_map(2), Equation)
