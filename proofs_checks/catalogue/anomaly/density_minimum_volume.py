"""Upper level sets of a density have least volume, in the coordinates of that
density."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics.detection.volumes import GridVolumes, SampledVolumes, ShiftedNormal
from numerics.distributions.declared import declared_distribution
from numerics.streams import Stream
from proofs_checks.catalogue.anomaly.figures import density_minimum_volume as figure
from proofs_checks.inputs import sets
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, inapplicable, measured, tested
from proofs_checks.strategies.anomaly import grid_cases, level_set_cases
from theory.detection import level_sets as theorem

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric", "statistical"]

Chart = Callable[[Any], Any]

cases = {
    "numeric": Cases(grid_cases, always=[
        Case(D=1, p="mixture", share=Fraction(1, 20), seed=1, size=1 << 12), Case(D=2, p="logistic", share=Fraction(1, 2), seed=1, size=1 << 14),
        Case(D=6, p="mixture", share=Fraction(19, 20), seed=1, size=1 << 14),
    ]),
    "statistical": Cases(level_set_cases, always=[
        Case(D=1, p="mixture", share=Fraction(1, 2), seed=1, size=25_000), Case(D=4, p="mixture", share=Fraction(9, 10), seed=1, size=25_000),
    ]),
}  # fmt: skip
cases_for = sets.volume_cases("mixture")


def exact(*, chart: Chart = theorem.identity_chart, levels: theorem.Levels = theorem.every_level) -> list[Evidence]:
    """The sign of (p - lambda)(1_A - 1_B); the volume another set wastes, for any
    number of cells; every union of cells against every level set."""
    increasing = sets.increasing_chart(chart)
    return [
        theorem.no_point_favours_another_set(),
        theorem.balance_of_volume(increasing),
        theorem.least_volume(theorem.small_level_sets(levels), increasing),
        theorem.least_volume(theorem.random_level_sets(levels), increasing),
    ]


@torch.no_grad()
def numeric(
    case: Case, stream: Stream, *, p: Callable[[Tensor], Tensor] | None = None, chart: Chart = theorem.identity_chart,
    box: tuple[float, float] = (-8.0, 8.0),
) -> list[Evidence]:  # fmt: skip
    """A density that is constant on the cells of a grid: its level set against sets of
    at least the same mass that know nothing of it."""
    seeded = Stream(case.get("seed", 0), stream.device, stream.dtype)
    log_prob = (
        p if p is not None else declared_distribution(case.get("p", "mixture"), case.D, seeded.fork("p")).log_prob
    )
    grid = GridVolumes(log_prob, case.D, case.share, cells=case.size, box=box, chart=chart, stream=stream)
    if grid.trivial:
        return [
            inapplicable("the level set is the whole grid: p is flat there, or the share too large for so few cells")
        ]
    return [
        measured(
            grid.beyond_the_rivals(),
            resolves=1e-3,
            name="volume of the level set beyond that of sets with at least its mass",
        ),
        measured(
            grid.balance(),
            resolves=1e-3,
            name="volume that another set wastes is the integral of |p - lambda| where the sets differ",
        ),
    ]


@torch.no_grad()
def statistical(
    case: Case, stream: Stream, *, distribution: Any = None, chart: Chart = theorem.identity_chart
) -> list[Evidence]:
    """Inside a box: masses by the distribution's own samples, volumes by points even in
    the chart, which know neither it nor its density."""
    seeded = Stream(case.get("seed", 0), stream.device, stream.dtype)
    chosen = (
        distribution
        if distribution is not None
        else declared_distribution(case.get("p", "mixture"), case.D, seeded.fork("p"))
    )
    found = SampledVolumes(chosen, case.D, case.share, size=case.size, chart=chart, stream=stream)
    masses, volumes = (
        Test.hoeffding(found.size, 2.0, tests=found.rivals),
        Test.hoeffding(found.spread, 2.0, tests=found.rivals),
    )
    return [
        tested(
            found.share_off,
            Test.dkw_two_sample(*found.inside),
            resolves=0.1,
            name="mass of the level set in fresh samples, against the pilot's",
        ),
        tested(found.mass, masses, resolves=0.1, name="competitors have at least the mass of the level set"),
        tested(
            found.volume, volumes, resolves=0.1, name="volume of the level set beyond theirs, as a share of the box"
        ),
    ]


def cube(at: Any) -> Any:
    """x^3: a bijection that keeps every set's mass and no volume."""
    return at**3


_LEAST, _WASTED = "volume of the level set beyond", "volume that another set wastes"
_LINE, _SPACE = (
    Case(D=dim, p="off-centre", share=Fraction(1, 2), seed=2, size=1 << size) for dim, size in ((1, 12), (3, 14))
)
_PLANE = Case(D=2, p="centred", share=Fraction(1, 2), seed=2, size=1 << 14)
_DRAWN = Case(D=3, p="off-centre", share=Fraction(9, 10), seed=2, size=25_000)
controls = {
    "after-a-bijection": [
        Control(exact, fails="volume that another set wastes", chart=cube),
        Control(exact, fails="the level set alone has least volume", chart=cube),
        Control(numeric, fails=_LEAST, cases=[_LINE, _SPACE], chart=cube),
        Control(numeric, fails=_WASTED, cases=[_LINE, _SPACE], chart=cube),
        Control(statistical, fails=_LEAST, cases=[_DRAWN], chart=cube),
    ],
    "after-a-bijection-with-symmetry": Control(numeric, fails=_LEAST, cases=[_PLANE], chart=cube),
    "any-density": [
        Control(statistical, fails=_LEAST, cases=[Case(D=dim, share=Fraction(1, 2), seed=2, size=size)], distribution=ShiftedNormal(dim))
        for dim, size in ((2, 50_000), (4, 25_000))
    ],
    "negative-level": Control(exact, fails="the level set alone has least volume", levels=theorem.negative_level),
}  # fmt: skip
