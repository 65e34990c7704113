"""How many sets hold a mass of 1 - alpha: a continuum, when no point has mass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp
import torch
from torch import Tensor

from numerics.detection import inlier_sets as measurements
from numerics.distributions.declared import declared_sampler
from numerics.distributions.singular import Spiked
from numerics.streams import Stream
from proofs_checks.catalogue.anomaly.figures import inliers_not_unique as figure
from proofs_checks.inputs import sets
from proofs_checks.kernel import Case, Cases, Control, Evidence, Family, Test, measured, tested
from proofs_checks.strategies.anomaly import family_cases, quantile_cases
from theory.detection import inlier_sets as theorem

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric", "statistical"]

Difference = Callable[[Any, Any], Any]
CRITERION = (theorem.splits_dust, theorem.splits_dust_set_by_set)

cases = {
    "numeric": Cases(quantile_cases, always=[Case(distribution="normal", alpha=Fraction(1, 16), size=33), Case(distribution="laplace", alpha=Fraction(15, 16), size=33), Case(distribution="split", alpha=Fraction(1, 3), size=33)]),
    "statistical": Cases(family_cases, always=[
        Case(D=1, distribution="cantor", alpha=Fraction(1, 16), seed=1, size=25_000), Case(D=4, distribution="cross", alpha=Fraction(1, 4), seed=1, size=25_000),
        Case(D=64, distribution="mixture", alpha=Fraction(15, 16), seed=1, size=25_000),
    ]),
}  # fmt: skip
cases_for = sets.inlier_cases("mixture")


def twice_the_lesser(gap: Any, mass: Any) -> Any:
    """Mass of the symmetric difference of two members ``gap`` apart, of ``mass`` each:
    2 min(gap, mass)."""
    return 2 * (torch.clamp(gap, max=mass) if isinstance(gap, Tensor) else sp.Min(gap, mass))


def exact(
    *,
    difference: Difference = twice_the_lesser,
    atoms: Callable[[], Family] = theorem.equal_cells,
    criterion: tuple[theorem.Criterion, theorem.Criterion] = CRITERION,
) -> list[Evidence]:
    """Intervals between quantiles, in every D; Cantor's distribution; which
    distributions with atoms still have a continuum."""
    return [
        theorem.members(difference),
        theorem.masses_of_intervals(),
        theorem.cylinders_in_every_dimension(),
        theorem.cantor_members(),
        theorem.more_than_one(atoms),
        theorem.infinitely_many(criterion),
        theorem.overlaps(),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    difference: Difference = twice_the_lesser,
    marginal: Any = None,
    kinks: Sequence[float] | None = None,
) -> list[Evidence]:
    """The density integrated between quantiles, and over what tells two members apart;
    the density is not made from the quantiles."""
    distribution = (
        sets.line(marginal) if marginal is not None else measurements.LINES[case.get("distribution", "normal")]()
    )
    corners = tuple(kinks) if kinks is not None else measurements.KINKS.get(case.get("distribution", ""), ())
    like = torch.zeros(1, dtype=stream.dtype, device=stream.device)
    masses, apart = measurements.members_between_quantiles(
        distribution, corners, case.alpha, size=case.size, difference=difference, like=like
    )
    return [
        measured(masses, resolves=1e-3, name="mass of each member"),
        measured(apart, resolves=1e-3, name="what tells two members apart"),
    ]


@torch.no_grad()
def statistical(
    case: Case,
    stream: Stream,
    *,
    distribution: Any = None,
    direction: Tensor | None = None,
    difference: Difference = twice_the_lesser,
) -> list[Evidence]:
    """Members cut by quantiles of one sample along a random direction, weighed and
    compared with another sample: no distribution function."""
    seeded = Stream(case.get("seed", 0), stream.device, stream.dtype)
    chosen = (
        distribution if distribution is not None else declared_sampler(case.distribution, case.D, seeded.fork("law"))
    )
    along = (
        measurements.random_direction(case.D, seeded.fork("direction"))
        if direction is None
        else direction.to(stream.device, stream.dtype)
    )
    family = measurements.WeighedFamily(chosen, along, case.alpha, size=case.size, stream=stream, difference=difference)
    test = Test.dkw_two_sample(case.size, case.size)
    return [
        tested(
            family.masses,
            test,
            resolves=0.06,
            slack=family.slack,
            name="mass of each member (two values of a distribution function)",
        ),
        tested(
            family.differences,
            test,
            resolves=0.06,
            slack=family.slack,
            name="what tells two members apart (four values)",
        ),
    ]


def none(gap: Any, mass: Any) -> Any:
    """No difference: one set and no other."""
    return 0 * gap


def unbounded_gap(gap: Any, mass: Any) -> Any:
    """Twice the gap, as if members could differ by more than they hold."""
    return 2 * gap


_APART = "what tells two members apart"
_NORMAL, _GUMBEL = (
    Case(distribution="normal", alpha=Fraction(1, 4), size=9),
    Case(distribution="gumbel", alpha=Fraction(2, 3), size=9),
)
_HALF = [Case(D=dim, distribution="mixture", alpha=Fraction(1, 2), seed=2, size=100_000) for dim in (1, 8)]
_LARGE = Case(D=2, distribution="mixture", alpha=Fraction(15, 16), seed=2, size=100_000)
_FIRST_OF_FOUR = torch.tensor([1.0, 0.0, 0.0, 0.0], dtype=torch.float64)
controls = {
    "unique": [
        Control(exact, fails="mass of the symmetric difference of overlapping members", difference=none),
        Control(numeric, fails=_APART, cases=[_NORMAL, _GUMBEL], difference=none),
        Control(statistical, fails=_APART, cases=_HALF, difference=none),
    ],
    "as-much-as-one-likes": [
        Control(exact, fails="mass of the symmetric difference of disjoint members", difference=unbounded_gap),
        Control(numeric, fails=_APART, cases=[Case(distribution="gumbel", alpha=Fraction(2, 3), size=9)], difference=unbounded_gap),
        Control(statistical, fails=_APART, cases=[_LARGE], difference=unbounded_gap),
    ],
    "atoms-are-harmless": [
        Control(exact, fails="more than one set", atoms=theorem.two_atoms),
        *(Control(statistical, fails="mass of each member", cases=[Case(D=dim, alpha=Fraction(2, 5), seed=3, size=100_000)], distribution=Spiked(dim)) for dim in (1, 8)),
    ],
    "everything-counts": Control(exact, fails="more than one set", atoms=theorem.whole),
    "atomless-is-necessary": Control(exact, fails="infinitely many sets", criterion=(theorem.no_atoms, lambda atoms, dust, mass: len(atoms) == 0)),
    "an-atomless-part-suffices": Control(exact, fails="infinitely many sets", criterion=(theorem.some_dust, lambda atoms, dust, mass: dust != 0)),
    "any-coordinate-will-do": Control(
        statistical, fails="mass of each member", cases=[Case(D=4, distribution="cross", alpha=Fraction(1, 4), seed=4, size=50_000)], direction=_FIRST_OF_FOUR
    ),
}  # fmt: skip
