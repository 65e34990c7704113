"""The wrapped normal's density on hyperbolic space: the Gaussian's over the volume that
the exponential map makes."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from sympy import Expr, log, sinh
from torch import Tensor

from numerics.hyperbolic import charts, normal_coordinates, wrapped_measurements
from numerics.hyperbolic.models import norm
from numerics.hyperbolic.wrapped_normal import gaussian_log_density
from numerics.streams import Stream
from proofs_checks.catalogue.hyperbolic.geometry_figures import wrapped_normal as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, enclosed, measured, tested
from proofs_checks.strategies.hyperbolic_geometry import drawn_wrapped_cases, mass_cases, wrapped_cases
from theory.hyperbolic import exponential_map, wrapped_mass

__all__ = ["cases", "certified", "controls", "exact", "figure", "numeric", "statistical"]

Taken = Callable[[int, Tensor, float], Tensor]


def exact(*, correction: exponential_map.Correction = exponential_map.log_stretch) -> list[Any]:
    """What the exponential map does to lengths, to volumes in every dimension, and so
    to the density."""
    density = exponential_map.density_times_volume(correction)
    if correction is not exponential_map.log_stretch:  # the map is what it is, whatever is subtracted
        return [density]
    return [
        exponential_map.pulled_back_metric(),
        exponential_map.jacobi_field(),
        exponential_map.rank_one_determinant(),
        density,
    ]


def certified(case: Case, stream: Stream, *, factor: wrapped_mass.LogCorrection = wrapped_mass.log_stretch) -> Evidence:
    """The mass of an isotropic wrapped normal over the Poincaré ball, minus one."""
    del stream
    return enclosed(wrapped_mass.mass_minus_one(case.n, case.R, case.R * case.sigma, factor), name="mass = 1")


def numeric(case: Case, stream: Stream, *, taken: Taken | None = None) -> Evidence:
    """log p at draws against the Jacobian of the map that makes them."""
    wrapped = _wrapped(case, stream)
    log_prob = wrapped.log_prob if taken is None else _density(wrapped, taken)
    change = wrapped_measurements.change_of_volume(wrapped, log_prob, 32, stream.fork("draws"))
    return measured(change, resolves=1e-5, name="log p = log N - log volume")


def statistical(case: Case, stream: Stream, *, taken: Taken | None = None) -> Evidence:
    """Draws in rings and sectors about another point, against the density's integrals
    over them."""
    wrapped = _wrapped(case, stream)
    R, chart = wrapped.radius, wrapped.chart
    density = wrapped.log_prob if taken is None else _density(wrapped, taken)
    centre = wrapped.centre.flip(0) / 2
    far = R * float(case.offset + 4 * case.sigma)
    cells = wrapped_measurements.polar_cells(lambda x: density(charts.from_normal(x, chart, R)), centre, far, R)
    draws = charts.to_normal(wrapped.sample(case.size, stream.fork("draws")), chart, R)
    distance, slack = wrapped_measurements.shares(cells, draws)
    return tested(distance, Test.dkw(case.size), resolves=0.05, slack=slack, name="shares of draws in cells")


def _wrapped(case: Case, stream: Stream) -> wrapped_measurements.WrappedNormal:
    made = {"sigma": float(case.sigma), "offset": float(case.offset), "chart": case.chart}
    return wrapped_measurements.draw_wrapped(case.n, float(case.R), stream.fork("distribution"), **made)


def _density(wrapped: wrapped_measurements.WrappedNormal, taken: Taken) -> Callable[[Tensor], Tensor]:
    def log_prob(points: Tensor) -> Tensor:
        v = wrapped.tangent(points)
        return gaussian_log_density(v, wrapped.scale_tril) - taken(wrapped.dimension, norm(v), wrapped.radius)

    return log_prob


def extra_log_radius(n: Expr, rho: Expr, radius: Expr) -> Expr:
    """The correction and a further (n - 1) log R."""
    return exponential_map.log_stretch(n, rho, radius) + (n - 1) * log(radius)


def curvature_one(n: Expr, rho: Expr, radius: Expr) -> Expr:
    """The correction of curvature -1."""
    return (n - 1) * log(sinh(rho) / rho) + 0 * radius


def _stretch(n: int, rho: Tensor, radius: float) -> Tensor:
    return (n - 1) * normal_coordinates.log_sinhc(rho / radius)


def _case(n: int, R: Fraction, chart: str = "ball", sigma: Fraction = Fraction(1, 4)) -> Case:
    return Case(n=n, R=R, chart=chart, sigma=sigma, offset=Fraction(1, 2))


TWO, HALF, ONE = Fraction(2), Fraction(1, 2), Fraction(1)
DRAWN = [Case(**_case(2, R, chart, HALF), size=40_000) for R, chart in ((TWO, "ball"), (Fraction(1, 4), "normal"))]
MASSES = [Case(n=n, R=R, sigma=ONE) for n, R in ((1, TWO), (2, HALF), (10, HALF))]
CURVED = [_case(2, TWO), _case(8, HALF, "half-space"), _case(3, Fraction(5), "normal")]
cases = {
    "certified": Cases(mass_cases, always=MASSES),
    "numeric": Cases(wrapped_cases, always=[_case(1, ONE), _case(2, HALF, "klein"), _case(3, ONE, "hyperboloid"), *CURVED, _case(16, TWO, "half-space")]),
    "statistical": Cases(drawn_wrapped_cases, always=DRAWN),
}  # fmt: skip
controls = {
    "extra-log-R": [
        Control(exact, fails="log p + log volume", correction=extra_log_radius),
        Control(certified, fails="mass", cases=MASSES[1:2], factor=lambda n, rho, R: wrapped_mass.log_stretch(n, rho, R) * R ** (n - 1)),
        Control(numeric, fails="log p", cases=CURVED, taken=lambda n, rho, R: _stretch(n, rho, R) + (n - 1) * math.log(R)),
        Control(statistical, fails="shares", cases=DRAWN, taken=lambda n, rho, R: _stretch(n, rho, R) + (n - 1) * math.log(R)),
    ],
    "exponent-n": [
        Control(exact, fails="log p + log volume", correction=lambda n, rho, R: exponential_map.log_stretch(n + 1, rho, R)),
        Control(certified, fails="mass", cases=MASSES[1:2], factor=lambda n, rho, R: wrapped_mass.log_stretch(n + 1, rho, R)),
        Control(numeric, fails="log p", cases=[*CURVED, _case(1, ONE)], taken=lambda n, rho, R: _stretch(n + 1, rho, R)),
    ],
    "density-of-the-tangent-space": [
        Control(certified, fails="mass", cases=MASSES[1:2], factor=lambda n, rho, R: wrapped_mass.log_stretch(1, rho, R)),
        Control(numeric, fails="log p", cases=CURVED, taken=lambda n, rho, R: _stretch(1, rho, R)),
        Control(statistical, fails="shares", cases=[Case(**{**DRAWN[0], "sigma": ONE})], taken=lambda n, rho, R: _stretch(1, rho, R)),
    ],
    "curvature-one": [
        Control(exact, fails="log p + log volume", correction=curvature_one),
        Control(numeric, fails="log p", cases=CURVED, taken=lambda n, rho, R: _stretch(n, rho, 1.0)),
    ],
}  # fmt: skip
