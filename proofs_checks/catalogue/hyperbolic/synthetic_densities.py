"""Three synthetic densities on hyperbolic space: what the samplers draw has the
densities stated."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics.hyperbolic import charts, synthetic_measurements, wrapped_measurements
from numerics.hyperbolic.synthetic import Checkerboard, TangentDensity, floored_remainder, synthetic_density
from numerics.hyperbolic.wrapped_normal import WrappedNormal
from numerics.statistics.kolmogorov import ks_to_uniform
from numerics.streams import Stream
from proofs_checks.catalogue.hyperbolic.geometry_figures import synthetic_densities as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, measured, tested
from proofs_checks.strategies.hyperbolic_geometry import density_cases, drawn_density_cases
from theory.hyperbolic import checkerboard, exponential_map

__all__ = ["cases", "controls", "exact", "figure", "numeric", "statistical"]

Declared = WrappedNormal | TangentDensity


def own_log_density(density: Declared, points: Tensor) -> Tensor:
    """The density's own log p."""
    return density.log_prob(points)


def own(density: Declared, size: int, stream: Stream) -> Tensor:
    """The density's own draws."""
    return density.sample(size, stream)


def exact(*, remainder: checkerboard.Remainder = checkerboard.floored_remainder, correction: exponential_map.Correction = exponential_map.log_stretch) -> list[Any]:  # fmt: skip
    """The board's cells one by one; densities under the exponential map in every
    dimension."""
    return [
        checkerboard.sampler_meets_even_cells(remainder=remainder),
        exponential_map.density_times_volume(correction),
    ]


def numeric(
    case: Case, stream: Stream, *, density: Callable[[Declared, Tensor], Tensor] = own_log_density
) -> list[Evidence]:
    """log p of a pattern at draws, against the Jacobian; the checkerboard's mass and
    its white cells."""
    R = float(case.R)
    made = synthetic_density(case.which, case.n, R, case.chart)
    assert isinstance(made, TangentDensity)

    def log_prob(points: Tensor) -> Tensor:
        return density(made, points)

    x = charts.to_normal(made.sample(32, stream), case.chart, R)
    kept = synthetic_measurements.tangent_density_kept(made, log_prob, x)
    found = [measured(kept, resolves=1e-5, name="log p = log q - log volume")]
    if case.which == "checkerboard" and case.n == 2:
        mass = synthetic_measurements.mass_of_the_board(made, log_prob, R)
        white = synthetic_measurements.white_cells(log_prob, R, R, case.chart)
        found += [
            measured(mass, resolves=1e-5, name="mass of the board"),
            measured(white, resolves=1e-5, name="density off the even cells"),
        ]
    return found


def statistical(
    case: Case, stream: Stream, *, density: Callable[[Declared, Tensor], Tensor] = own_log_density, drawn: Callable[[Tensor], Tensor] = floored_remainder,
    sample: Callable[[Declared, int, Stream], Tensor] = own,
) -> Evidence | list[Evidence]:  # fmt: skip
    """Draws counted by cells of the board, with further coordinates by themselves, or
    in rings and sectors about another point."""
    R = float(case.R)
    made = synthetic_density(case.which, case.n, R, "ball")
    if isinstance(made, TangentDensity) and isinstance(made.pattern, Checkerboard):
        made.pattern = Checkerboard(R, drawn)
    points = charts.to_normal(sample(made, case.size, stream), "ball", R)
    if case.which == "checkerboard":
        distance = synthetic_measurements.board_shares(points, R)
        rest = synthetic_measurements.rest_of_the_coordinates(made, points)
        return [
            tested(distance, Test.dkw(case.size), resolves=0.05, name="each even cell holds an eighth of the draws"),
            *(
                tested(ks_to_uniform(column), Test.dkw(case.size), resolves=0.05, name="further coordinates")
                for column in rest.mT
            ),
        ]
    centre = torch.tensor([0.3 * R, 0.2 * R], dtype=points.dtype, device=points.device)
    cells = wrapped_measurements.polar_cells(
        lambda x: density(made, charts.from_normal(x, "ball", R)), centre, 3.5 * R, R, (10, 8)
    )
    distance, slack = wrapped_measurements.shares(cells, points)
    return tested(distance, Test.dkw(case.size), resolves=0.05, slack=slack, name="shares of draws in cells")


def of_the_plane(density: Declared, points: Tensor) -> Tensor:
    """The pattern's density, without the volume element."""
    x = charts.to_normal(points, density.chart, density.radius)
    return density.log_prob(points) + charts.log_volume_element(x, "normal", density.radius)


def everywhere(density: Declared, points: Tensor) -> Tensor:
    """Half of an even cell's density on all cells."""
    x = charts.to_normal(points, density.chart, density.radius)
    return -math.log(16 * density.radius**2) - charts.log_volume_element(x, "normal", density.radius)


def one_arm(density: Declared, size: int, stream: Stream) -> Tensor:
    """Draws of one spiral alone."""
    assert isinstance(density, TangentDensity)
    curve = density.pattern.curve(density.pattern.TURNS * stream.uniform(size).sqrt())  # type: ignore[attr-defined]
    x = curve + density.pattern.noise * stream.normal(size, 2)  # type: ignore[attr-defined]
    return charts.from_normal(x, density.chart, density.radius)


def _case(which: str, n: int = 2, R: Fraction = Fraction(1), chart: str = "ball") -> Case:
    return Case(which=which, n=n, R=R, chart=chart)


def _draws(which: str, R: Fraction = Fraction(1), n: int = 2) -> Case:
    return Case(which=which, n=n, R=R, size=100_000)


TWO, HALF = Fraction(2), Fraction(1, 2)
PATTERNS = [
    _case("checkerboard", 2, TWO),
    _case("spirals", 3, HALF, "half-space"),
    _case("checkerboard", 16, TWO, "hyperboloid"),
]
BOARDS = [_case("checkerboard", 2, TWO), _case("checkerboard", 2, HALF, "half-space")]
cases = {
    "numeric": Cases(density_cases, always=[*PATTERNS, BOARDS[1]]),
    "statistical": Cases(drawn_density_cases, always=[_draws("wrapped", TWO), _draws("checkerboard", HALF), _draws("checkerboard", Fraction(1), 3), _draws("spirals")]),
}  # fmt: skip
controls = {
    "truncated-remainder": [
        Control(exact, fails="the sampler meets", remainder=checkerboard.truncated_remainder),
        Control(statistical, fails="each even cell", cases=[_draws("checkerboard"), _draws("checkerboard", TWO)], drawn=lambda k: torch.fmod(k, 2)),
    ],
    "density-of-the-plane": [
        Control(exact, fails="log p + log volume", correction=lambda n, rho, R: 0 * n),
        Control(numeric, fails="log p", cases=PATTERNS, density=of_the_plane),
        Control(statistical, fails="shares", cases=[_draws("wrapped", TWO)], density=of_the_plane),
    ],
    "uniform-on-the-board": [Control(numeric, fails=name, cases=BOARDS, density=everywhere) for name in ("density off", "mass of the board")],
    "one-spiral": Control(statistical, fails="shares", cases=[_draws("spirals")], sample=one_arm),
}  # fmt: skip
