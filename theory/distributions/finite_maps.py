r"""Maps of finite sets, exhaustively: what they do to masses of sets, to classifiers
and to ratios of two distributions.

A statement about *every* distribution on n points is decided with the weights 1, 2, 4,
..., whose subset sums determine the subset: two sets have the same mass under every
distribution exactly if they have it under these. Each decision comes twice, by
algorithms that share no step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import combinations, pairwise, permutations, product
from math import factorial

import sympy as sp

from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion

Image = tuple[int, ...]  # f as the tuple (f(0), f(1), ...), of natural numbers
Charged = tuple[Image, int]  # a map, and the points of positive mass as a bit mask
Criterion = Callable[[Image, int], bool]

__all__ = [
    "bijections", "charged_pair_meets", "fibre_of_a_point", "image_of_charged_points_shrinks", "invariances", "keeps_masses", "keeps_masses_by_sets",
    "larger_fibres", "merges_charged_points", "merging_pairs_charged", "self_maps", "sharp_hypothesis", "squares",
]  # fmt: skip


# -- families -------------------------------------------------------------------------------------------------------------


def bijections(most: int) -> Family:
    """Every bijection of {0..n-1}, for n = 1..``most``."""
    return Family(
        f"bijections of n <= {most} points, each with every set, every distribution and every classifier",
        lambda: (image for n in range(1, most + 1) for image in permutations(range(n))),
        sum(factorial(n) for n in range(1, most + 1)),
    )


def squares(most: int) -> Family:
    """x -> x^2 on the integers -k..k, for k = 0..``most``."""
    return Family(
        f"maps x -> x^2 of -k..k, k <= {most}",
        lambda: (tuple(x * x for x in range(-k, k + 1)) for k in range(most + 1)),
        most + 1,
    )


def self_maps(most: int) -> Iterator[Image]:
    """Every map of {0..n-1} into itself, for n = 1..``most``; there are n^n of them for
    each n."""
    for n in range(1, most + 1):
        yield from product(range(n), repeat=n)


# -- decisions ------------------------------------------------------------------------------------------------------------


def keeps_masses(image: Image, charged: int | None = None) -> bool:
    r"""Whether :math:`P_X(A) = P_{f(X)}(f(A))` for every set A and every distribution
    that charges the points in ``charged`` (a bit mask; all unless given).

    The distribution of f(X) is pushed with the weights 1, 2, 4, ..; each f(A) is built
    from f of A less a point, its mass from that one's.
    """
    n = len(image)
    charged = (1 << n) - 1 if charged is None else charged
    pushed: dict[int, int] = {}
    for x, y in enumerate(image):
        pushed[y] = pushed.get(y, 0) + ((1 << x) & charged)
    images, masses = [0] * (1 << n), [0] * (1 << n)
    for subset in range(1, 1 << n):
        low = subset & -subset
        rest, y = subset ^ low, image[low.bit_length() - 1]
        seen = images[rest] >> y & 1
        images[subset] = images[rest] | 1 << y
        masses[subset] = masses[rest] if seen else masses[rest] + pushed[y]
        if masses[subset] != subset & charged:
            return False
    return True


def keeps_masses_by_sets(image: Image, charged: int) -> bool:
    """:func:`keeps_masses` for the uniform distribution on the points in ``charged``,
    with sets and fractions; its masses say the same of all."""
    points = [x for x in range(len(image)) if charged >> x & 1]
    weight = {x: Fraction(1, len(points)) for x in points}
    for size in range(1, len(image) + 1):
        for subset in combinations(range(len(image)), size):
            reached = {image[x] for x in subset}
            if sum(w for x, w in weight.items() if image[x] in reached) != sum(weight.get(x, 0) for x in subset):
                return False
    return True


def has_orthonormal_columns(image: Image) -> bool:
    r""":func:`keeps_masses` where all points are charged: the 0/1 matrix M of the map
    has :math:`M^T M = I`, no two columns meeting in a row."""
    columns = [1 << y for y in image]
    return all((columns[i] & columns[j] != 0) == (i == j) for i in range(len(image)) for j in range(len(image)))


def carries_classifiers(image: Image) -> bool:
    """Whether c'(f(x)) = c(x) for c' = c o f^-1, where c tells all points apart (every
    classifier is a function of that one)."""
    inverse = {y: x for x, y in enumerate(image)}
    return all(inverse[y] == x for x, y in enumerate(image))


def separates_labels(image: Image) -> bool:
    """The same, by asking whether some function on the image reproduces the labels:
    sorted by image, no label changes within a tie."""
    order = sorted(range(len(image)), key=image.__getitem__)
    return all(image[a] != image[b] for a, b in pairwise(order))


def carries_ratios(image: Image) -> bool:
    """Whether P_f(f(x)) / Q_f(f(x)) = P(x) / Q(x) where P(x) = x + 1 and Q(x) = 1, up
    to factors: both pushed, then divided."""
    first: dict[int, int] = {}
    second: dict[int, int] = {}
    for x, y in enumerate(image):
        first[y], second[y] = first.get(y, 0) + x + 1, second.get(y, 0) + 1
    return all(Fraction(first[y], second[y]) == x + 1 for x, y in enumerate(image))


def averages_one_ratio(image: Image) -> bool:
    """The same: P_f/Q_f at y is the mean of P/Q over the fibre of y, which is its value
    at each point only if it is constant on the fibre."""
    return all(image[a] != image[b] for a, b in combinations(range(len(image)), 2))


def merges_charged_points(image: Image, charged: int) -> bool:
    """Whether a point of positive mass shares its image with another point, charged or
    not."""
    fibres: dict[int, list[int]] = {}
    for x, y in enumerate(image):
        fibres.setdefault(y, []).append(x)
    return any(len(fibre) > 1 and any(charged >> x & 1 for x in fibre) for fibre in fibres.values())


def merging_pairs_charged(image: Image, charged: int) -> bool:
    """The same, pair by pair."""
    return any(image[i] == image[j] and charged & (1 << i | 1 << j) for i, j in combinations(range(len(image)), 2))


def charged_pair_meets(image: Image, charged: int) -> bool:
    """Whether two points of positive mass share an image: less than what loses
    masses."""
    return any(image[i] == image[j] and charged >> i & charged >> j & 1 for i, j in combinations(range(len(image)), 2))


def image_of_charged_points_shrinks(image: Image, charged: int) -> bool:
    """The same, by counting the images of the points of positive mass."""
    points = [k for k in range(len(image)) if charged >> k & 1]
    return len({image[k] for k in points}) < len(points)


# -- statements -----------------------------------------------------------------------------------------------------------


def invariances(maps: Family) -> Enumeration:
    """Each map keeps masses of sets, decisions of classifiers and ratios of two
    distributions."""
    return Enumeration(
        "masses of sets, decisions of classifiers, ratios", maps,
        lambda image: keeps_masses(image) and carries_classifiers(image) and carries_ratios(image),
        lambda image: has_orthonormal_columns(image) and separates_labels(image) and averages_one_ratio(image),
    )  # fmt: skip


def sharp_hypothesis(
    merges: Criterion = merges_charged_points, again: Criterion = merging_pairs_charged, *, most: int = 4
) -> Enumeration:
    """Masses are kept exactly if no point of positive mass shares its image with any
    other point: the criterion ``merges``, by two algorithms."""
    family = Family(
        f"pairs of a map of n <= {most} points into themselves and a set of charged points",
        lambda: ((image, charged) for image in self_maps(most) for charged in range(1, 1 << len(image))),
        sum(n**n * (2**n - 1) for n in range(1, most + 1)),
    )
    return Enumeration(
        "injective on charged fibres: sufficient and necessary", family,
        lambda item: keeps_masses(*item) is not merges(*item),
        lambda item: keeps_masses_by_sets(*item) is not again(*item),
    )  # fmt: skip


def fibre_of_a_point(size: int) -> Enumeration:
    """In any space: x in A can be read off f(x) in f(A), for every way in which A may
    meet a fibre of ``size`` points, x first."""

    def by_union(members: Image) -> bool:
        return max(members) == members[0]

    def by_inclusion_and_exclusion(members: Image) -> bool:
        return _union(members) == members[0]

    family = Family(
        f"ways in which a set meets a fibre of {size} point{'s' * (size > 1)}, in any space",
        lambda: product((0, 1), repeat=size), 2**size,
    )  # fmt: skip
    return Enumeration("f(x) lies in f(A) exactly if x lies in A", family, by_union, by_inclusion_and_exclusion)


def _union(members: Iterable[int] | Iterable[sp.Expr]) -> sp.Expr:
    """The indicator of a union from those of its members, by inclusion and
    exclusion."""
    listed, total = list(members), sp.S.Zero
    for count in range(1, len(listed) + 1):
        for chosen in combinations(listed, count):
            total += (-1) ** (count + 1) * sp.Mul(*chosen)
    return total


def larger_fibres() -> Induction:
    """What a map adds to the mass of A where the fibre of x has k further points: (1 -
    1_A)(1 - Q), Q = 1 where A misses them all, for every k.

    1 at f(A) is defined by inclusion and exclusion over the fibre, and Q as the product
    of 1 - 1_A over the further points. With no further point nothing is added.
    """
    k = sp.Symbol("k", integer=True, nonnegative=True)
    reached, missed = sp.Function("R", real=True), sp.Function("Q", real=True)
    own, member = sp.Symbol("1_A", real=True), sp.Function("b", real=True)
    objects = (
        Recursion(
            reached(k), (own,), reached(k) + (1 - reached(k)) * member(k + 1),
            lambda size: _union([own, *(member(i) for i in range(1, size + 1))]),
        ),
        Recursion(
            missed(k), (sp.S.One,), missed(k) * (1 - member(k + 1)),
            lambda size: sp.Mul(*(1 - member(i) for i in range(1, size + 1))),
        ),
    )  # fmt: skip
    claim = Equation("", reached(k), own + (1 - own) * (1 - missed(k)))
    return Induction("what a map with larger fibres adds to a mass", k, (claim,), objects, start=0)
