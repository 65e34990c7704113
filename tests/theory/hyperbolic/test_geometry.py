"""Charts, exponential map, curvature and checkerboard: the statements hold, and neighbours of theirs are refuted."""

from __future__ import annotations

from fractions import Fraction

import pytest
from sympy import log

from proofs_checks.kernel import Status, judge
from theory.hyperbolic import charts, checkerboard, curvature, exponential_map, four_points, wrapped_mass
from theory.proof import balls


def status(statement: object) -> Status:
    return judge(statement, route="exact").status


@pytest.mark.parametrize(
    "statements",
    [charts.metrics_agree, charts.volume_elements_agree, charts.there_and_back, charts.normal_coordinates_agree, exponential_map.jacobi_field],
)  # fmt: skip
def test_every_statement_holds_and_none_by_construction(statements) -> None:
    for statement in statements():
        verdict = judge(statement, route="exact")
        assert verdict.status is Status.HOLDS, statement.name
        assert not verdict.constructed


def test_a_further_log_R_and_another_exponent_are_refuted() -> None:
    right = exponential_map.density_times_volume()[0]
    extra = exponential_map.density_times_volume(
        lambda n, rho, R: exponential_map.log_stretch(n, rho, R) + (n - 1) * log(R)
    )[0]
    assert status(right) is Status.HOLDS
    assert status(extra) is Status.REFUTED


def test_masses_by_balls() -> None:
    assert balls.contains_zero(wrapped_mass.mass_minus_one(3, Fraction(2), Fraction(1)))
    wrong = wrapped_mass.mass_minus_one(
        3, Fraction(2), Fraction(1), lambda n, rho, R: wrapped_mass.log_stretch(n, rho, R) * R
    )
    assert balls.excludes_zero(wrong)


def test_curvature_and_its_neighbours() -> None:
    assert status(curvature.curvature_of_the_ball()) is Status.HOLDS
    assert status(curvature.curvature_of_the_ball(1)) is Status.REFUTED
    assert status(curvature.distances_scale(lambda gram: gram)[1]) is Status.REFUTED


def test_the_checkerboard_needs_floored_division() -> None:
    assert [checkerboard.truncated_remainder(k) for k in (-3, -2, -1, 0, 1)] == [-1, 0, -1, 0, 1]
    assert status(checkerboard.sampler_meets_even_cells((2, 4))) is Status.HOLDS
    assert status(checkerboard.sampler_meets_even_cells((2, 4), checkerboard.truncated_remainder)) is Status.REFUTED


def test_distances_by_balls_agree_with_a_known_one() -> None:
    pair = ([Fraction(1000), Fraction(0)], [Fraction(0), Fraction(1000)])
    assert charts.distances_by_balls([pair], Fraction(1))[0] == pytest.approx(1999.3068528194400547, rel=1e-16)


def test_a_disk_exceeds_euclid_s_by_an_integral_of_something_positive() -> None:
    assert judge(four_points.growth(), route="exact").status is Status.HOLDS
    assert judge(four_points.growth(four_points.flat_area), route="exact").status is Status.REFUTED
