"""Schur orthogonality under Haar measure on U(1), SU(2) and SO(3), and the product quadrature that is exact to twice the degree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from numerics import haar
from numerics.random import Stream
from proofs_checks.kernel import Bound, Case, Cases, Control, Test, finite, identity, measured, structural, tested
from proofs_checks.strategies.equivariance import COMPACT, MAX_DEGREE, band_limits, sampled_band_limits
from theory import compact_groups

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

RESOLVES = 1e-6  # means that differ do so by 1/91 at least
DERIVATION = (
    "coefficients from exponentials by Taylor and squaring, each within e: products move by 2 e + e^2; "
    "weights within what their enclosures leave; Q products summed within gamma_Q"
)
cases = {
    "numeric": Cases(band_limits, always=[Case(group=group, l=l) for group in COMPACT for l in (0, MAX_DEGREE)]),
    "statistical": Cases(
        sampled_band_limits,
        always=[Case(group=group, l=l, size=16384) for group, l in (("U(1)", 3), ("SU(2)", 2), ("SO(3)", 1))],
    ),
}


def exact(*, rule: compact_groups.Rule | None = None, mass: Fraction = Fraction(1)) -> list[Evidence]:
    """Every degree by symbols, then every pair of coefficients of low degree by two algorithms.

    With an object substituted only the obligations that speak of it are gathered.
    """
    found: list[Evidence] = []
    if rule is None:
        of = "pairs of coefficients, degree l <= 6, 3, 2 on U(1), SU(2), SO(3)"
        found.append(
            finite(
                Instances(),
                lambda i: mass * i.mean == i.expected,
                second=lambda i: mass * i.by_rule() == i.expected,
                of=of,
                name="orthogonality",
            )
        )
    if mass == 1:
        chosen = compact_groups.product_rule if rule is None else rule
        of = "pairs of coefficients under the product rule"
        found.append(
            finite(
                Instances(),
                lambda i: i.by_rule(chosen) == i.expected,
                second=lambda i: i.by_rule(chosen, literal=True) == i.expected,
                of=of,
                name="quadrature",
            )
        )
    return [*found, *_every_degree()] if rule is None and mass == 1 else found


def _every_degree() -> list[Evidence]:
    equations = [
        *compact_groups.measure_equations(),
        *compact_groups.class_equations(),
        *compact_groups.circle_equations(),
        *compact_groups.ladder_equations(),
        *compact_groups.weyl_equations(),
        *compact_groups.moment_equations(),
        *compact_groups.lagrange_equations(),
    ]
    inductions = {
        "geometric sums": compact_groups.geometric_induction,
        "diagonals with equal neighbours": compact_groups.trace_induction,
        "characters": compact_groups.character_induction,
        "Legendre's equation": compact_groups.legendre_induction,
        "number of coefficients": compact_groups.counting_induction,
    }
    return [*_identities(equations), *(_induction(name, *law()) for name, law in inductions.items())]


def _identities(equations: list[compact_groups.Equation]) -> list[Evidence]:
    return [identity(left, right, name=name) for left, right, name in equations]


def _induction(name: str, variable: Any, *parts: list[compact_groups.Equation]) -> Evidence:
    base, step, small = (_identities(part) for part in parts)
    return structural(variable, base=base, step=step, small=small, name=name)


@dataclass(frozen=True)
class Instance:
    """A pair of matrix coefficients of a group, of degree at most l: two frequencies on U(1)."""

    group: str
    l: int
    pair: Any

    @property
    def expected(self) -> Fraction:
        """What Schur's orthogonality says of the mean of c conj(c')."""
        return (
            Fraction(int(self.pair[0] == self.pair[1])) if self.group == "U(1)" else compact_groups.expected(self.pair)
        )

    @property
    def mean(self) -> Fraction:
        """The mean under Haar measure: a wave of nonzero frequency has none, and polynomials are integrated over the sphere."""
        if self.group == "U(1)":
            return Fraction(int(self.pair[0] - self.pair[1] == 0))
        return compact_groups.sphere_mean(self.pair)

    def by_rule(self, rule: compact_groups.Rule = compact_groups.product_rule, *, literal: bool = False) -> Fraction:
        """The sum over the rule's nodes, exactly; ``literal`` chooses the second algorithm."""
        angles, nodes = rule(self.group, self.l)
        if self.group == "U(1)":
            return Fraction(compact_groups.circle_mean(self.pair[0] - self.pair[1], angles, literal=literal))
        return compact_groups.quadrature_mean(self.pair, self.group, angles, nodes, literal=literal)


class Instances:
    """Every unordered pair, every degree up to a limit of the group's own."""

    def __iter__(self) -> Iterator[Instance]:
        for l in range(7):
            for pair in combinations_with_replacement(range(-l, l + 1), 2):
                yield Instance("U(1)", l, pair)
        for group, top in (("SU(2)", 3), ("SO(3)", 2)):
            for l in range(top + 1):
                for pair in compact_groups.pairs(group, l):
                    yield Instance(group, l, pair)


# -- measured ----------------------------------------------------------------------------------------------------------


def numeric(case: Case, stream: Stream, *, rule: haar.Rule = haar.product_rule, mass: float = 1.0) -> Evidence:
    """All means of products of two coefficients, by the product rule, against Schur's orthogonality."""
    angles, nodes = rule(case.group, case.l)
    found = haar.product_means(case.group, case.l, angles, nodes, stream)
    return measured(
        _defect(case, found, mass),
        Bound(found.terms, DERIVATION),
        points=found.points,
        resolves=RESOLVES,
        name="orthogonality",
    )


def _defect(case: Case, found: haar.Gram, mass: float) -> Tensor:
    return (mass * found.means - haar.schur(case.group, case.l, found.means.real)).abs()


def statistical(
    case: Case, stream: Stream, *, sampler: haar.Sampler = haar.haar_quaternions, mass: float = 1.0
) -> Evidence:
    """The same means over random elements; real and imaginary parts of a product lie in [-1, 1]."""
    found = haar.random_means(case.group, case.l, case.size, stream, sampler=sampler)
    defect = mass * found.means - haar.schur(case.group, case.l, found.means.real)
    worst = max(float(defect.real.abs().max()), float(defect.imag.abs().max()))
    count = len(found.means)
    test = Test.hoeffding(case.size, 2.0, tests=count * (count + 1))
    return tested(worst, test, resolves=0.1, slack=Bound(found.terms, DERIVATION), name="orthogonality")


def flat_angles(n: int, stream: Stream) -> Tensor:
    """Three Euler angles, each uniform: the density sin beta is forgotten."""
    a, b, c = (
        stream.uniform(n, 3)
        * torch.tensor([4 * torch.pi, torch.pi, 4 * torch.pi], dtype=stream.dtype, device=stream.device)
    ).T
    up, down = (b / 2).cos(), (b / 2).sin()
    return torch.stack(
        [up * ((a + c) / 2).cos(), down * ((c - a) / 2).sin(), down * ((c - a) / 2).cos(), up * ((a + c) / 2).sin()], 1
    )


def fewer_nodes(group: str, l: int) -> tuple[int, int]:
    """One Gauss-Legendre node less than the degree asks for."""
    angles, nodes = haar.product_rule(group, l)
    return angles, max(1, nodes - 1)


def fewer_angles(group: str, l: int) -> tuple[int, int]:
    """One angle less than 2l + 1 on U(1), two less elsewhere: the frequencies -l and l, or their neighbours, look alike."""
    angles, nodes = haar.product_rule(group, l)
    return max(1, angles - (1 if group == "U(1)" else 2)), nodes


def fewer_on_the_circle(group: str, l: int) -> tuple[int, int]:
    """The same on U(1) alone: elsewhere what aliases may be no polynomial in cos beta, which exact sums cannot take."""
    return fewer_angles(group, l) if group == "U(1)" else haar.product_rule(group, l)


_DOUBLED = Fraction(2)  # the volume of SU(2) in the normalisation of SO(3), 16 pi^2 over 8 pi^2
_POWERED = [
    Case(group="U(1)", l=3, size=16384),
    Case(group="SU(2)", l=2, size=32768),
    Case(group="SO(3)", l=1, size=32768),
]
controls = {
    "unnormalised": [
        Control(exact, mass=_DOUBLED),
        Control(numeric, cases=[Case(group=group, l=3) for group in COMPACT], mass=2.0),
        Control(statistical, cases=_POWERED[:1], mass=2.0),
    ],
    "beyond-the-band": [
        Control(exact, rule=fewer_nodes),
        Control(exact, rule=fewer_on_the_circle),
        Control(numeric, cases=[Case(group="SU(2)", l=4), Case(group="SO(3)", l=3)], rule=fewer_nodes),
        Control(numeric, cases=[Case(group=group, l=3) for group in COMPACT], rule=fewer_angles),
    ],
    "flat-angles": [Control(statistical, cases=_POWERED[1:], sampler=flat_angles)],
}


def figure() -> Figure:
    """Means of products of all coefficients of SO(3) up to degree 2: with enough nodes, and with one too few."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(6.0, 3.1), layout="constrained")
    panels = drawing.subplots(1, 2)
    stream = Stream(0)
    for axes, rule, title in zip(
        panels, (haar.product_rule, fewer_nodes), ("3 nodes in cos β", "2 nodes: degree 2l is beyond them"), strict=True
    ):
        means = haar.product_means("SO(3)", 2, *rule("SO(3)", 2), stream).means.abs()
        picture = axes.imshow(means.numpy(), cmap="magma_r", vmin=0, vmax=1, interpolation="nearest")
        picture.set_rasterized(True)
        axes.set_title(title, fontsize=9)
        axes.set_xticks([0, 5, 22], ["1", "D¹", "D²"])
        axes.set_yticks([0, 5, 22], ["1", "D¹", "D²"])
    drawing.colorbar(picture, ax=panels, shrink=0.8, label="|mean of c conj c'|")
    return drawing
