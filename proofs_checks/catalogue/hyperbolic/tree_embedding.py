"""Sarkar's embedding: the sharp lower bound for every path, and the exact worst
distortion over all trees of given degree and diameter."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics.hyperbolic import sarkar_measurements as measurements
from numerics.hyperbolic.sarkar_measurements import LeastDistances, Ratio, SarkarTree, least_distances, ratio_of, tau_of
from numerics.hyperbolic.tree_frames import PlantedTree
from numerics.streams import Stream
from proofs_checks.catalogue.hyperbolic.figures_trees import tree_embedding as figure
from proofs_checks.inputs.planted_trees import cases_of_planted, planted_tree
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.hyperbolic import balanced_tree
from proofs_checks.strategies.planted_trees import caterpillar, planted_trees
from theory.hyperbolic import planted_trees as right_angles
from theory.hyperbolic import rational_words as words
from theory.hyperbolic import turning_chains as chains

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric"]

WIDE = Fraction(3)  # exp(tau/2) of the trees at right angles: zeta = 1.18
RESOLVES = 1e-4  # of distances of one edge and more


def exact(
    *,
    bound: words.HalfChord = words.sharp,
    turnings: Sequence[words.Turning] = words.VALID,
    half_chord: chains.HalfChord = chains.times,
    root: Fraction = WIDE,
    ends: chains.Ends = chains.one_tau,
) -> list[Any]:
    """The constant turn for every k, the order of states, its orbit, what follows; and
    chains and trees one by one in fractions."""
    replaced = {
        "bound": bound is not words.sharp or tuple(turnings) != words.VALID, "half_chord": half_chord is not chains.times, "root": root != WIDE, "ends": ends is not chains.one_tau,
    }  # fmt: skip
    parts = {
        "bound": lambda: _one_by_one(bound, turnings),
        "half_chord": lambda: chains.constant_turn(half_chord),
        "root": lambda: [right_angles.precision_is_one(root), right_angles.delaunay(root)],
        "ends": lambda: chains.ends_of_the_chain(ends),
    }
    if any(replaced.values()):
        return [
            part() for name, part in parts.items() if replaced[name]
        ]  # the rest speaks of nothing that was replaced
    return [
        *(part() for part in parts.values()),
        chains.order_is_kept(),
        chains.orbit(0),
        chains.orbit(1),
        chains.chebyshev_signs(),
        chains.longest_ratio(),
        chains.threshold(),
        chains.rules_for_tau(),
    ]


def _one_by_one(bound: words.HalfChord, turnings: Sequence[words.Turning]) -> list[Any]:
    flat = words.flat_words(turnings)
    return [
        words.half_chords("plane chains: the sharp bound", flat, bound),
        words.half_chords("chains in space: the sharp bound", words.spatial_words(), bound),
        words.equality_of_words("plane chains: equality for constant turns alone", flat, bound),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    least: LeastDistances = least_distances,
    ratio: Ratio = ratio_of,
    spacing: Callable[[PlantedTree], PlantedTree] = measurements.CORRECT_SPACING,
    tree: Any = None,
    tau: float | None = None,
) -> list[Evidence]:
    """All pairs of a planted tree, from edges and angles alone, against the bounds for
    their numbers of edges."""
    del stream
    found = planted_tree(case, tree)
    edge = tau_of(float(case.excess), case.Delta) if tau is None else float(tau)
    seen = SarkarTree(found, edge, case.Delta, spacing=spacing)
    rho = ratio(seen.diameter, edge, case.Delta)
    return [
        measured(seen.shortfall(least), resolves=RESOLVES, name="distances are at least the bound"),
        measured(seen.excess(), resolves=RESOLVES, name="distances are at most k tau"),
        measured(seen.ratio_below(rho), resolves=RESOLVES, name="distortion is at most that of the constant turn"),
        *([measured(seen.ratio_reached(rho), resolves=RESOLVES, name="the caterpillar reaches it")] if case.get("reached") else []),
        measured(seen.nearness_of_strangers(), resolves=RESOLVES, name="strangers are farther than neighbours"),
        measured(seen.greedy(), resolves=RESOLVES, name="greedy steps come nearer"),
        measured(seen.two_ways(), resolves=RESOLVES, name="measures by two ways to each distance"),
    ]  # fmt: skip


def of_the_worst_pair_at_two(diameter: int, tau: float, degree: int) -> float:
    """The distortion of two neighbours of a vertex, for every pair."""
    return ratio_of(min(2, diameter), tau, degree)


def by_midpoints(most: int, tau: float, degree: int) -> Tensor:
    """k times the distance of neighbouring midpoints."""
    return 2 * math.asinh(math.sinh(tau / 2) * math.sin(math.pi / degree)) * torch.arange(most + 1).double()


def by_the_limit(most: int, tau: float, degree: int) -> Tensor:
    """k times tau + 2 log sin(pi/Delta)."""
    return max(0.0, tau + 2 * math.log(math.sin(math.pi / degree))) * torch.arange(most + 1).double()


def by_the_whole_angle(most: int, tau: float, degree: int) -> Tensor:
    """The sine of the angle between edges in place of that of its half."""
    zeta = math.cosh(tau / 2) * math.sin(2 * math.pi / degree)
    y = math.acosh(max(1.0, zeta))
    return 2 * y * torch.arange(most + 1).double()


def crowded_tree(planted: PlantedTree) -> PlantedTree:
    """One empty slot at every vertex: angles of 2 pi/(deg + 1)."""
    around = planted.degrees[planted.parents].double()
    return replace(planted, directions=planted.directions * around / (around + 1))


def _case(degree: int, excess: Fraction, tree: tuple[int, ...], **more: bool) -> Case:
    return Case(Delta=degree, N=len(tree), excess=excess, tree=tree, **more)


TENTH, TINY = Fraction(1, 10), Fraction(1, 10**9)
TWO = Fraction("0.336")  # tau = 2.0 at degree 3
LONG = [_case(3, TWO, caterpillar(3, k)) for k in (5, 12)]
FOUR = [_case(4, Fraction(1), caterpillar(4, 2)), _case(4, Fraction(1), caterpillar(4, 6))]
cases = {"numeric": Cases(planted_trees, always=[
    _case(3, TENTH, (0, 0)), _case(3, TINY, caterpillar(3, 16), reached=True), _case(16, Fraction(1, 3), caterpillar(16, 6), reached=True),
    _case(4, Fraction(1), balanced_tree(3, 3)), _case(40, Fraction(1000), balanced_tree(39, 1)), _case(3, Fraction(10), tuple(max(0, k - 1) for k in range(24))),
])}  # fmt: skip
cases_for = cases_of_planted(cases["numeric"])
SIXTEEN = [_case(16, Fraction("0.965"), caterpillar(16, 28))]  # tau = 6.0
controls = {
    "straight": [Control(exact, fails="plane chains: the sharp bound", bound=words.FALSE_BOUNDS["as if straight"])],
    "two-taus-at-the-ends": [Control(exact, fails="ends: sinh x sinh ky", ends=lambda k: (k - 1, 2))],
    "half-chord-one-off": [Control(exact, fails="constant turn", half_chord=lambda sinh_half, u: sinh_half * u + 1)],
    "midpoints": [
        *(
            Control(exact, fails=name, bound=words.FALSE_BOUNDS["midpoints"])
            for name in ("plane chains: the sharp bound", "plane chains: equality", "chains in space: the sharp bound")
        ),
        Control(numeric, fails="distances are at least", cases=[*LONG, *SIXTEEN], least=by_midpoints),
    ],
    "limit-of-the-defect": [
        Control(exact, fails="plane chains: the sharp bound", bound=words.FALSE_BOUNDS["limit"]),
        Control(numeric, fails="distances are at least", cases=[*LONG, *SIXTEEN], least=by_the_limit),
    ],
    "whole-angle": [
        Control(exact, fails="plane chains: the sharp bound", bound=words.FALSE_BOUNDS["whole angle"]),
        Control(numeric, fails="distances are at least", cases=FOUR, least=by_the_whole_angle),
    ],
    "cosine-for-sine": [Control(exact, fails="plane chains: the sharp bound", bound=words.FALSE_BOUNDS["cosine"])],
    "size-after-closing": [
        Control(exact, fails="plane chains: the sharp bound", bound=words.FALSE_BOUNDS["size after closing"], turnings=words.CLOSING),
    ],
    "neighbours-of-a-vertex": [Control(numeric, fails="distortion is at most", cases=LONG, ratio=of_the_worst_pair_at_two)],
    "one-slot-empty": [Control(numeric, fails="distances are at least", cases=[*LONG, *SIXTEEN], spacing=crowded_tree)],
    "below-the-threshold": [
        Control(exact, fails="MAP = 1 at right angles", root=Fraction(11, 10)),
        Control(exact, fails="the tree is the Delaunay graph", root=Fraction(11, 10)),
    ],
}  # fmt: skip
