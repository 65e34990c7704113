"""A distortion bound for one given tree, by nested perpendiculars and one pass over the
tree in whole numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

from numerics.hyperbolic.sarkar_measurements import SarkarTree, tau_of
from numerics.streams import Stream
from proofs_checks.catalogue.hyperbolic.figures_trees import tree_certificate as figure
from proofs_checks.inputs.planted_trees import cases_of_weighted, planted_tree
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured, undecided
from proofs_checks.strategies.hyperbolic import Parents, balanced_tree
from proofs_checks.strategies.planted_trees import caterpillar, weighted_case, weighted_trees
from theory.hyperbolic import perpendiculars, tree_certificates
from theory.hyperbolic.tree_certificates import Rooted

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric"]

Certify = Callable[[Rooted], "Fraction | None"]
HALVES = (Fraction(5, 4), Fraction(7))  # exp of half-edges
TURNS = tuple((Fraction(x), Fraction(y)) for x, y in (("1", "0"), ("3/5", "4/5"), ("0", "1"), ("-3/5", "-4/5")))
RESOLVES = 1e-6


def exact(
    *,
    of: perpendiculars.CoshOfJoint = perpendiculars.cosh_of_the_joint,
    bound: perpendiculars.Bounded = perpendiculars.nested_bound,
    absolute: bool = False,
    cut: Callable[[Rooted], tree_certificates.HalfEdges] = tree_certificates.shift_cuts,
) -> list[Any]:
    """Joints, nesting and their sum by Gram matrices, in every dimension; chains and
    trees one by one in fractions and whole numbers."""
    chains = perpendiculars.rational_chains(HALVES, TURNS, 3)
    replaced = {
        "joint": of is not perpendiculars.cosh_of_the_joint, "chains": bound is not perpendiculars.nested_bound, "sides": absolute, "cuts": cut is not tree_certificates.shift_cuts,
    }  # fmt: skip
    parts = {
        "joint": lambda: perpendiculars.joint(of),
        "chains": lambda: [perpendiculars.chain_bounds("chains of unequal edges: x_1 + sum D_i + y_k", chains, bound)],
        "sides": lambda: [perpendiculars.forward_cuts(absolute=absolute)],
        "cuts": lambda: [
            tree_certificates.certificates_of_labelled_trees(4, cut=way) for way in (cut, tree_certificates.midpoints)
        ],
    }
    if any(replaced.values()):
        return [
            part() for name, part in parts.items() if replaced[name]
        ]  # the rest speaks of nothing that was replaced
    return [
        *(part() for part in parts.values()),
        perpendiculars.joint_grows(),
        perpendiculars.joint_without_overflow(),
        perpendiculars.signed_distance(),
        perpendiculars.nesting(),
        perpendiculars.telescoping_sum(),
    ]


def certified(tree: Rooted) -> Fraction | None:
    """The least distortion that moved or middle cuts certify, checked once more in
    whole numbers; None where perpendiculars cross."""
    found = tree_certificates.best_or_none(tree)
    return None if found is None else found.rho


def numeric(
    case: Case, stream: Stream, *, certify: Certify = certified, tree: Any = None, tau: float | None = None
) -> list[Evidence]:
    """The distortion of a planted tree over all its pairs against its certificate."""
    del stream
    found = planted_tree(case, tree)
    weights = [1.0] * len(found) if tree is not None else [float(case.weights[vertex]) for vertex in found.labels]
    edge = tau or float(case.factor) * tau_of(0.0, case.Delta) / min(weights[1:])
    rooted = tree_certificates.tree_of_lengths(found.parents, 1, [Fraction(edge * weight) for weight in weights])
    rho = certify(rooted)
    if rho is None:
        return [
            undecided(f"perpendiculars cross at edge length {edge:.6g}: nothing is certified. A larger tau may do.")
        ]
    seen = SarkarTree(found, edge, case.Delta, weights=weights)
    return [
        measured(seen.ratio_below(float(rho)), resolves=RESOLVES, name="distortion is at most what was certified"),
        measured(seen.two_ways(), resolves=RESOLVES, name="measures by two ways to each distance"),
    ]


def by_the_rule_for_unit_weights(tree: Rooted) -> Fraction:
    """What tau = (1+e)/e 2 log(2 Delta/pi) promises for e = 1/10 when weights below 1
    are left out of the rule."""
    del tree
    return Fraction(11, 10)


def _even(tree: Parents, factor: Fraction, weight: Fraction = Fraction(1)) -> Case:
    return weighted_case(tree, factor, (weight,) * len(tree))


def _long_leaves(edges: int) -> Case:
    """A spine of short edges whose leaves hang far: the mean half-edge of a vertex is
    long, the turn along the spine short."""
    tree = caterpillar(3, edges)
    weights = tuple(Fraction(1) if vertex <= edges else Fraction(200, 13) for vertex in range(len(tree)))
    return weighted_case(tree, Fraction(13, 10) / Fraction(math.log(3)), weights)


SPINE = [_long_leaves(40)]
TENTHS = [_even(caterpillar(3, 40), Fraction("1.29577"), Fraction(1, 10))]  # edges of 1.4235
cases = {"numeric": Cases(weighted_trees, always=[
    _even((0, 0), Fraction(2)), _even(balanced_tree(3, 3), Fraction(21, 20)), _even(caterpillar(5, 8), Fraction(3)), _long_leaves(12),
])}  # fmt: skip
cases_for = cases_of_weighted(cases["numeric"])
controls = {
    "mean-half-edges": [
        Control(exact, fails="chains of unequal edges", bound=partial(perpendiculars.nested_bound, of=perpendiculars.cosh_of_mean_halves)),
        Control(numeric, fails="distortion is at most", cases=SPINE, certify=tree_certificates.by_mean_halves),
    ],
    "whole-cosine": [Control(exact, fails="joint: Gram matrix", of=lambda sa, ca, sb, cb, cos: sa * sb + ca * cb * cos)],
    "clamped": [Control(exact, fails="chains of unequal edges", bound=partial(perpendiculars.nested_bound, clamped=True))],
    "size-for-nesting": [
        Control(exact, fails="chains of unequal edges", bound=partial(perpendiculars.nested_bound, absolute=True)),
        Control(exact, fails="sigma_1 >= sigma_2 + D", absolute=True),
    ],
    "weights-below-one": [Control(numeric, fails="distortion is at most", cases=TENTHS, certify=by_the_rule_for_unit_weights)],
}  # fmt: skip
