r"""A certificate for one tree in Sarkar's embedding: an upper bound of its worst-case
distortion, exact, in one pass over the tree.

By nested perpendiculars (:mod:`.perpendiculars`) the distance of two vertices is at
least :math:`B = x_1 + \sum D_i + y_k`, the sum over the joints of their path, so the
distortion is at most the largest T/B. For a number rho the least of rho B - T over all
paths is found from the leaves up; it is nonnegative exactly when rho B >= T on every
path, and that comparison of integers is the proof. rho itself comes from the path that
attains the least (Dinkelbach).

Lengths are whole multiples of 2^-60 and every D is rounded down to one, from a ball, so
that nothing below is a float.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from theory.hyperbolic.trees import labelled_trees
from theory.proof.statements import Enumeration, Family

__all__ = [
    "BITS",
    "Certificate",
    "Crossing",
    "HalfEdges",
    "Rooted",
    "accepts",
    "best",
    "best_or_none",
    "by_mean_halves",
    "certificate",
    "certificates_of_labelled_trees",
    "joint_below",
    "midpoints",
    "ratio_of_moved_cuts",
    "shift_cuts",
    "tree_of_lengths",
    "units",
]  # fmt: skip

BITS = 60  # lengths are multiples of 2^-60
RATIO_BITS = 40  # rho is a multiple of 2^-40
WORKING_BITS = 256
SQUARE_OF_SLOTS = 64  # children beyond which the order of slots is not looked at: it costs their square


class Crossing(ValueError):
    """Perpendiculars at the joints of a vertex cross: these cuts certify nothing."""


class Rooted(NamedTuple):
    """A rooted tree: ``parents[v] <= v``, the root 0 its own parent; the length of the
    edge above each vertex in units of 2^-60."""

    parents: tuple[int, ...]
    lengths: tuple[int, ...]

    @property
    def degrees(self) -> list[int]:
        """Number of neighbours, vertex by vertex."""
        found = [0] * len(self.parents)
        for child in range(1, len(self.parents)):
            found[child] += 1
            found[self.parents[child]] += 1
        return found


class HalfEdges(NamedTuple):
    """Where each edge is cut: its part at the child and its part at the parent, in
    units of 2^-60."""

    near: tuple[int, ...]
    far: tuple[int, ...]


class Certificate(NamedTuple):
    """The distortion is at most ``rho``; the path that needs it has this length and
    this lower bound."""

    rho: Fraction
    length: Fraction
    bound: Fraction


def units(length: Fraction | float) -> int:
    """A length in units of 2^-60.

    Raises:
        ValueError: it is no multiple of 2^-60, or not positive.

    >>> units(0.5) == 1 << 59
    True
    """
    scaled = Fraction(length) * (1 << BITS)
    if scaled.denominator != 1 or scaled <= 0:
        raise ValueError(f"Expected a positive length that is a multiple of 2^-{BITS}, got {length}. Round it first.")
    return int(scaled)


# --- joints ----------------------------------------------------------------------------------------------------------------


@lru_cache(1 << 16)
def joint_below(a: int, b: int, turns: int, degree: int) -> int:
    r"""D of the perpendiculars at half-edges a and b of a vertex whose edges make the
    angle :math:`2\pi\,\mathrm{turns}/\deg`, rounded down.

    .. math:: D = a + b + \log\tfrac12\bigl(G + \sqrt{G^2 - 4E}\bigr),\; E = e^{-2(a+b)},\; G = \sin^2\tfrac\theta2\,(1+E) - \cos^2\tfrac\theta2\,(e^{-2a}+e^{-2b})

    Raises:
        Crossing: they are not surely disjoint.

    >>> half = units(1)
    >>> round(joint_below(half, half, 1, 3) / 2**60, 13)  # ell for tau = 2 at degree 3
    1.5975477667292
    """
    from flint import arb, ctx

    turns = min(turns % degree, -turns % degree)
    if 2 * turns == degree:
        return a + b  # straight on: the two perpendiculars belong to one geodesic
    before = ctx.prec
    ctx.prec = WORKING_BITS
    try:
        x, y = arb(a) / (1 << BITS), arb(b) / (1 << BITS)
        half = arb.pi() * turns / degree
        s, c = half.sin() ** 2, half.cos() ** 2
        E, G = (-2 * (x + y)).exp(), arb(0)
        G = s * (1 + E) - c * ((-2 * x).exp() + (-2 * y).exp())
        room = G * G - 4 * E
        if not (room >= 0 and G > 0):
            raise Crossing(
                f"The perpendiculars at a vertex of degree {degree} cross: half-edges {float(x):.6g} and {float(y):.6g}, {turns} of {degree} slots apart."
            )
        D = x + y + ((G + room.sqrt()) / 2).log()
        return max(0, int((D.lower() * (1 << BITS)).floor().lower().unique_fmpz()))
    finally:
        ctx.prec = before


def midpoints(tree: Rooted) -> HalfEdges:
    """Every edge cut in the middle."""
    near = tuple(length // 2 for length in tree.lengths)
    return HalfEdges(near, tuple(length - part for length, part in zip(tree.lengths, near, strict=True)))


def shift_cuts(tree: Rooted) -> HalfEdges:
    r"""Cuts moved towards the end that needs less: :math:`\frac\tau2 +
    \frac12\log(\cot\frac\pi{\deg u}/\cot\frac\pi{\deg v})` at u, all of the edge where
    v has degree at most 2.

    Any cuts certify; these certify more than midpoints where degrees differ.
    """
    degrees = tree.degrees
    near = [0] * len(tree.parents)
    for child in range(1, len(tree.parents)):
        near[child] = _part(degrees[child], degrees[tree.parents[child]], tree.lengths[child])
    return HalfEdges(tuple(near), tuple(length - part for length, part in zip(tree.lengths, near, strict=True)))


@lru_cache(1 << 14)
def _part(here: int, there: int, length: int) -> int:
    """The part at the end of degree ``here``."""
    from flint import arb

    if here <= 2 or there <= 2:
        return length // 2 if here <= 2 and there <= 2 else 0 if here <= 2 else length
    quotient = (arb.pi() / there).tan() / (arb.pi() / here).tan()
    wanted = length // 2 + int((quotient.log() / 2 * (1 << BITS)).mid().floor().unique_fmpz())
    return min(max(wanted, 0), length)


# --- the pass over the tree ------------------------------------------------------------------------------------------------


class _Path(NamedTuple):
    """A part of a path: its lower bound and its length."""

    bound: int
    length: int

    def value(self, ratio: int) -> int:
        return ratio * self.bound - (self.length << RATIO_BITS)

    def join(self, other: _Path) -> _Path:
        return _Path(self.bound + other.bound, self.length + other.length)


def _least_path(tree: Rooted, cuts: HalfEdges, ratio: int, *, ordered: bool) -> _Path:
    """The path with the least ``rho B - T``, from the leaves up; a path down to a cut
    counts up to the cut of the edge above."""
    children = _children(tree.parents)
    degrees = tree.degrees
    down: list[_Path] = [_Path(0, 0)] * len(tree.parents)  # from the cut above v to the best end below it
    best: _Path | None = None
    for v in range(len(tree.parents) - 1, -1, -1):
        near = cuts.near[v]
        options = [_Path(near, near)] if v else []  # the path ends at v
        arms = _arms(children[v], v > 0, cuts, down, ratio, ordered=ordered)
        for part, slot, arm in arms:
            if v:
                gap = joint_below(near, part, slot, degrees[v])
                options.append(arm.join(_Path(gap, near + part)))
        ends = [
            down[c].join(_Path(cuts.far[c], cuts.far[c])) for c in children[v]
        ]  # the path ends at v, coming from below
        for i, (part, slot, arm) in enumerate(arms):
            for other, its, second in arms[:i]:
                gap = joint_below(
                    part, other, slot - its if ordered and len(children[v]) <= SQUARE_OF_SLOTS else 1, degrees[v]
                )
                ends.append(arm.join(second).join(_Path(gap, part + other)))
        for end in ends:
            if best is None or end.value(ratio) < best.value(ratio):
                best = end
        if v:
            down[v] = min(options, key=lambda path: path.value(ratio))
    assert best is not None
    return best


def _arms(
    below: Sequence[int], hangs: bool, cuts: HalfEdges, down: Sequence[_Path], ratio: int, *, ordered: bool
) -> list[tuple[int, int, _Path]]:
    """(half-edge at v, slot, path below) of the children that can matter: all of them,
    or the two best of each half-edge."""
    if ordered and len(below) <= SQUARE_OF_SLOTS:
        return [(cuts.far[c], rank, down[c]) for rank, c in enumerate(below, int(hangs))]
    classes: dict[int, list[_Path]] = {}
    for c in below:
        kept = classes.setdefault(cuts.far[c], [])
        kept.append(down[c])
        kept.sort(key=lambda path: path.value(ratio))
        del kept[2:]
    return [(part, 1, path) for part, paths in classes.items() for path in paths]


def _children(parents: Sequence[int]) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in parents]
    for child in range(1, len(parents)):
        found[parents[child]].append(child)
    return found


def certificate(tree: Rooted, cuts: HalfEdges, *, ordered: bool = False) -> Certificate:
    """The least distortion that these cuts certify, rounded up to 2^-40.

    Args:
        tree: The tree with its edge lengths.
        cuts: Where each edge is cut.
        ordered: Use the angles between the slots of children in their order, and not
            only the least angle of each vertex.
    Raises:
        Crossing: some perpendiculars cross; other cuts or a larger tau may do.

    >>> path = tree_of_lengths([0, 0, 1], 1.0)
    >>> certificate(path, midpoints(path)).rho
    Fraction(1, 1)
    """
    ratio = 1 << RATIO_BITS
    while True:
        path = _least_path(tree, cuts, ratio, ordered=ordered)
        if path.value(ratio) >= 0:
            break
        ratio = -(-(path.length << RATIO_BITS) // path.bound)
    scale = 1 << BITS
    return Certificate(Fraction(ratio, 1 << RATIO_BITS), Fraction(path.length, scale), Fraction(path.bound, scale))


def best(tree: Rooted) -> Certificate:
    """By moved cuts and the order of the children; by midpoints where those cross.

    Raises:
        Crossing: both do.
    """
    try:
        return certificate(tree, shift_cuts(tree), ordered=True)
    except Crossing:
        return certificate(tree, midpoints(tree), ordered=True)


def ratio_of_moved_cuts(parents: Sequence[int], tau: float) -> Fraction | None:
    """What moved cuts certify for a tree whose edges have one length, None where
    perpendiculars cross."""
    tree = tree_of_lengths(parents, tau)
    try:
        return certificate(tree, shift_cuts(tree), ordered=True).rho
    except Crossing:
        return None


def best_or_none(tree: Rooted) -> Certificate | None:
    """:func:`best`, or None where perpendiculars cross."""
    try:
        return best(tree)
    except Crossing:
        return None


def by_mean_halves(tree: Rooted) -> Fraction:
    """What the mean half-edge of a vertex in the place of its shortest would certify
    (false): the largest (a + b)/D over all vertices."""
    degrees, halves = tree.degrees, [list[int]() for _ in tree.parents]
    for child in range(1, len(tree.parents)):
        for end in (child, tree.parents[child]):
            halves[end].append(tree.lengths[child] // 2)
    found = Fraction(1)
    for vertex, parts in enumerate(halves):
        if len(parts) > 1:
            mean = sum(parts) // len(parts)
            found = max(found, Fraction(2 * mean, joint_below(mean, mean, 1, degrees[vertex])))
    return found


def accepts(tree: Rooted, cuts: HalfEdges, rho: Fraction, *, ordered: bool = False) -> bool:
    """Whether rho B >= T on every path: the proof that the distortion is at most rho,
    in whole numbers.

    Raises:
        Crossing: as :func:`certificate`.
    """
    ratio = int(rho * (1 << RATIO_BITS))  # rounded down, so that what is accepted holds for rho
    return _least_path(tree, cuts, ratio, ordered=ordered).value(ratio) >= 0


def tree_of_lengths(
    parents: Sequence[int], tau: Fraction | float, weights: Sequence[Fraction | float] | None = None
) -> Rooted:
    """The tree with edges of length tau times their weights."""
    heavy = [Fraction(1)] * len(parents) if weights is None else [Fraction(weight) for weight in weights]
    return Rooted(tuple(parents), (0, *(units(Fraction(tau) * weight) for weight in heavy[1:])))


# --- against all paths ------------------------------------------------------------------------------------------------------


JointBelow = Callable[[int, int, int, int], int]


def largest_ratio_by_paths(
    tree: Rooted, cuts: HalfEdges, *, ordered: bool, joint: JointBelow = joint_below
) -> Fraction:
    """The largest T/B over all paths, one by one from each of their ends; O(n^2) and
    more."""
    size, degrees = len(tree.parents), tree.degrees
    around: list[list[tuple[int, int, int, int]]] = [[] for _ in range(size)]  # other end, part here, part there, slot
    ranks = [int(v > 0) for v in range(size)]
    for child in range(1, size):
        parent = tree.parents[child]
        around[parent].append((child, cuts.far[child], cuts.near[child], ranks[parent]))
        around[child].append((parent, cuts.near[child], cuts.far[child], 0))
        ranks[parent] += 1
    found = Fraction(1)
    for start in range(size):
        walk = [(other, start, here, there, here, here + there) for other, here, there, _ in around[start]]
        for v, before, here, there, bound, length in walk:  # bound up to the cut of the last edge
            del here
            found = max(found, Fraction(length, bound + there))
            slot = next(slot for other, _, _, slot in around[v] if other == before)
            for other, part, rest, its in around[v]:
                if other != before:
                    turns = its - slot if ordered else 1
                    gap = joint(there, part, turns, degrees[v])
                    walk.append((other, v, part, rest, bound + gap, length + part + rest))
    return found


def certificates_of_labelled_trees(largest: int = 5, tau: Fraction = Fraction(5, 2), cut: Callable[[Rooted], HalfEdges] = shift_cuts) -> Enumeration:  # fmt: skip
    """Every labelled tree, hung from each vertex, unit weights and unequal ones: the
    pass over the tree against a walk along every path."""
    size = sum(2 * 2 * n * n ** (n - 2) for n in range(2, largest + 1))

    def members() -> Iterator[tuple[tuple[int, ...], bool, bool, int, int]]:
        for order in range(2, largest + 1):
            for number, edges in enumerate(labelled_trees(order)):
                for root in range(order):
                    for uneven in (False, True):
                        for ordered in (False, True):
                            yield _hung_from(root, edges, order), uneven, ordered, number, root

    def built(member: tuple[tuple[int, ...], bool, bool, int, int]) -> tuple[Rooted, HalfEdges, Fraction]:
        parents, uneven, ordered, _, _ = member
        weights = [Fraction(2 + v % 3, 2) if uneven else Fraction(1) for v in range(len(parents))]
        tree = tree_of_lengths(parents, tau, weights)
        cuts = cut(tree)
        return tree, cuts, certificate(tree, cuts, ordered=ordered).rho

    def holds(member: tuple[tuple[int, ...], bool, bool, int, int]) -> bool:
        """The pass accepts rho and refuses the next smaller number."""
        tree, cuts, rho = built(member)
        less = rho - Fraction(1, 1 << RATIO_BITS)
        return accepts(tree, cuts, rho, ordered=member[2]) and (
            rho == 1 or not accepts(tree, cuts, less, ordered=member[2])
        )

    def second(member: tuple[tuple[int, ...], bool, bool, int, int]) -> bool:
        """The largest ratio over all paths is rho, rounded up."""
        tree, cuts, rho = built(member)
        largest_ratio = largest_ratio_by_paths(tree, cuts, ordered=member[2])
        return largest_ratio <= rho < largest_ratio + Fraction(1, 1 << RATIO_BITS)

    text = f"labelled trees of order 2 to {largest}, from every root, even and uneven edges, by degree and by slots"
    return Enumeration("certificate by one pass = by all paths", Family(text, members, size), holds, second)


def _hung_from(root: int, edges: Sequence[tuple[int, int]], size: int) -> tuple[int, ...]:
    near: list[list[int]] = [[] for _ in range(size)]
    for u, v in edges:
        near[u].append(v)
        near[v].append(u)
    order, parents, number = [root], [0], {root: 0}
    for u in order:
        for v in near[u]:
            if v not in number:
                number[v] = len(order)
                order.append(v)
                parents.append(number[u])
    return tuple(parents)
