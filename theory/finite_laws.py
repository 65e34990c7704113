r"""Laws on finitely many points or cells, exhaustively: maps and masses, sets of a given mass, sets of least volume.

Masses are exact integers. A statement about *every* law on n points is decided with the weights 1, 2, 4, ..., whose subset sums
determine the subset: two sets have the same mass under every law exactly if they have the same mass under these. Each decision
comes twice, by two algorithms that share no step, so that a caller can hold one against the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise, permutations, product
from math import comb
from random import Random

Image = tuple[int, ...]  # f as the tuple (f(0), f(1), ...), of natural numbers
Real = int | Fraction

__all__ = [
    "Histogram", "atoms_and_dust", "bijections", "cantor_by_cylinders", "cantor_by_digits", "classifier_by_lookup",
    "classifier_by_sorting", "count_by_subsets", "count_by_sums", "cylinders", "gram_is_identity", "growing",
    "least_by_knapsack", "least_by_subsets", "least_overlap_by_counting", "least_overlap_by_pairs", "masses_by_law",
    "masses_by_subsets", "merges_charged_points", "merging_pairs_charged", "random_histograms", "self_maps",
    "small_histograms", "splits_dust", "splits_dust_by_choice", "squares",
]  # fmt: skip


# -- maps and masses ----------------------------------------------------------------------------------------------------


def bijections(most: int) -> Iterator[Image]:
    """Every bijection of {0..n-1}, for n = 1..``most``."""
    for n in range(1, most + 1):
        yield from permutations(range(n))


def self_maps(most: int) -> Iterator[Image]:
    """Every map of {0..n-1} into itself, for n = 1..``most``."""
    for n in range(1, most + 1):
        yield from product(range(n), repeat=n)


def squares(most: int) -> Iterator[Image]:
    """x -> x^2 on the integers -k..k, for k = 0..``most``."""
    for k in range(most + 1):
        yield tuple(x * x for x in range(-k, k + 1))


def masses_by_subsets(image: Image, charged: int | None = None) -> bool:
    r"""Whether :math:`P_X(A) = P_{f(X)}(f(A))` for every set A, and for every law that charges the points in ``charged`` (a bit mask).

    The law of f(X) is pushed with the weights 1, 2, 4, ..; each f(A) is built from f of A less a point, its mass from that one's.
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


def gram_is_identity(image: Image) -> bool:
    r"""The same for laws that charge every point: the 0/1 matrix M of the map has :math:`M^T M = I`, no two columns meeting in a row."""
    columns = [1 << y for y in image]
    return all((columns[i] & columns[j] != 0) == (i == j) for i in range(len(image)) for j in range(len(image)))


def masses_by_law(image: Image, charged: int) -> bool:
    """:func:`masses_by_subsets` for the uniform law on the points in ``charged``, with sets and fractions; its masses say the same of all."""
    points = [x for x in range(len(image)) if charged >> x & 1]
    weight = {x: Fraction(1, len(points)) for x in points}
    for size in range(1, len(image) + 1):
        for subset in combinations(range(len(image)), size):
            reached = {image[x] for x in subset}
            if sum(w for x, w in weight.items() if image[x] in reached) != sum(weight.get(x, 0) for x in subset):
                return False
    return True


def merges_charged_points(image: Image, charged: int) -> bool:
    """Whether a point of positive mass shares its image with another point, charged or not."""
    fibres: dict[int, list[int]] = {}
    for x, y in enumerate(image):
        fibres.setdefault(y, []).append(x)
    return any(len(fibre) > 1 and any(charged >> x & 1 for x in fibre) for fibre in fibres.values())


def merging_pairs_charged(image: Image, charged: int) -> bool:
    """The same, pair by pair."""
    return any(image[i] == image[j] and charged & (1 << i | 1 << j) for i, j in combinations(range(len(image)), 2))


def classifier_by_lookup(image: Image) -> bool:
    """Whether c'(f(x)) = c(x) for c' = c o f^-1, where c tells all points apart (every classifier is a function of that one)."""
    inverse = {y: x for x, y in enumerate(image)}
    return all(inverse[y] == x for x, y in enumerate(image))


def classifier_by_sorting(image: Image) -> bool:
    """The same, by asking whether some function on the image reproduces the labels: sorted by image, no label changes within a tie."""
    order = sorted(range(len(image)), key=image.__getitem__)
    return all(image[a] != image[b] for a, b in pairwise(order))


# -- sets of a given mass -----------------------------------------------------------------------------------------------


def count_by_subsets(weights: Sequence[int], mass: int) -> int:
    """How many sets of atoms have this mass, one set at a time."""
    return sum(total == mass for total in _subset_sums(tuple(weights)))


def count_by_sums(weights: Sequence[int], mass: int) -> int:
    """The same from the coefficients of the product of 1 + z^weight."""
    coefficients = {0: 1}
    for weight in weights:
        grown = dict(coefficients)
        for total, ways in coefficients.items():
            grown[total + weight] = grown.get(total + weight, 0) + ways
        coefficients = grown
    return coefficients.get(mass, 0)


@cache
def _subset_sums(weights: tuple[int, ...]) -> tuple[int, ...]:
    """Sums over every subset, by its bit mask."""
    sums = [0]
    for weight in weights:
        sums += [total + weight for total in sums]
    return tuple(sums)


def atoms_and_dust(most: int, heaviest: int) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """(atoms, dust, mass): up to ``most`` atoms of weight 1..``heaviest``, an atomless part of weight 0..``heaviest``, a mass strictly between none and all."""
    for n in range(most + 1):
        for atoms in product(range(1, heaviest + 1), repeat=n):
            if list(atoms) == sorted(atoms):
                for dust in range(heaviest + 1):
                    for mass in range(1, sum(atoms) + dust):
                        yield atoms, dust, mass


Count = Callable[[Sequence[int], int], int]


def growing(atoms: Sequence[int], dust: int, mass: int, count: Count) -> bool:
    """Whether the sets of that mass grow in number as the atomless part is cut finer, from 1 to 2 cells a unit.

    With finitely many atoms that is whether there are infinitely many up to null sets.
    """
    coarse, fine = (
        count((*(weight * cells for weight in atoms), *[1] * (dust * cells)), mass * cells) for cells in (1, 2)
    )
    return fine > coarse


def splits_dust(atoms: Sequence[int], dust: int, mass: int) -> bool:
    """Whether some set S of atoms leaves a proper part of the atomless part to be taken: mass - dust < P(S) < mass."""
    reachable = {0}
    for weight in atoms:
        reachable |= {total + weight for total in reachable}
    return any(mass - dust < total < mass for total in reachable)


def splits_dust_by_choice(atoms: Sequence[int], dust: int, mass: int) -> bool:
    """The same, one set of atoms at a time: what it lacks is some of the atomless part and not all of it."""
    lacking = (mass - sum(chosen) for size in range(len(atoms) + 1) for chosen in combinations(atoms, size))
    return any(0 < lack < dust for lack in lacking)


def least_overlap_by_pairs(n: int, k: int) -> int:
    """The least number of points that two sets of k among n points share, pair by pair."""
    sets = [sum(1 << i for i in chosen) for chosen in combinations(range(n), k)]
    return min((first & second).bit_count() for first in sets for second in sets)


def least_overlap_by_counting(n: int, k: int) -> int:
    """The same: the least j for which j points can be chosen inside a set of k and k - j outside it."""
    return min(j for j in range(k + 1) if comb(k, j) * comb(n - k, k - j) > 0)


def cantor_by_digits(x: Fraction, depth: int) -> Fraction:
    """Cantor's distribution function at x in [0, 1], by ternary digits; exact where x is a multiple of 3**-depth."""
    value, half, rest = Fraction(0), Fraction(1, 2), x
    for _ in range(depth):
        rest *= 3
        digit = min(int(rest), 2)
        rest -= digit
        if digit == 1:
            return value + half
        value += half * (digit // 2)
        half /= 2
    return value + 2 * half * (rest >= 1)


def cantor_by_cylinders(x: Fraction, depth: int) -> Fraction:
    """The same by counting the 2**depth intervals of that generation, each of equal mass, that end at or before x."""
    return Fraction(sum(right <= x for _, right in cylinders(depth)), 2**depth)


@cache
def cylinders(depth: int) -> tuple[tuple[Fraction, Fraction], ...]:
    """The intervals of one generation of Cantor's construction, from left to right."""
    intervals = [(Fraction(0), Fraction(1))]
    for _ in range(depth):
        thirds = [(low, (high - low) / 3, high) for low, high in intervals]
        intervals = [part for low, step, high in thirds for part in ((low, low + step), (high - step, high))]
    return tuple(intervals)


# -- sets of least volume -----------------------------------------------------------------------------------------------

Chart = Callable[[Real], Real]


@dataclass(frozen=True)
class Histogram:
    """A density that is constant on cells with integer edges; it need not be normalised.

    Args:
        edges: Increasing integers, one more than there are cells. densities: Nonnegative integers.
    """

    edges: tuple[int, ...]
    densities: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.edges) != len(self.densities) + 1 or any(a >= b for a, b in pairwise(self.edges)):
            raise ValueError(
                f"Expected n densities and n + 1 increasing edges, got {len(self.densities)} and {self.edges}."
            )
        if any(density < 0 for density in self.densities):
            raise ValueError(f"Expected nonnegative densities, got {self.densities}.")

    def masses(self) -> tuple[int, ...]:
        """Mass of each cell; no chart changes it."""
        lengths = (b - a for a, b in pairwise(self.edges))
        return tuple(density * length for density, length in zip(self.densities, lengths, strict=True))

    def volumes(self, chart: Chart) -> tuple[Real, ...]:
        """Length of each cell's image under an increasing map of the line, from the images of its ends."""
        images = [chart(edge) for edge in self.edges]
        return tuple(b - a for a, b in pairwise(images))

    def above(self, level: Real) -> int:
        """{density > level} in the coordinates of the edges, as a bit mask."""
        return sum(1 << k for k, density in enumerate(self.densities) if density > level)


def small_histograms(most: int, widths: Sequence[int], densities: Sequence[int], start: int) -> Iterator[Histogram]:
    """Every histogram from ``start`` on with n = 1..``most`` cells of these widths and densities, not all zero."""
    for n in range(1, most + 1):
        for lengths in product(widths, repeat=n):
            edges = [start]
            for length in lengths:
                edges.append(edges[-1] + length)
            for heights in product(densities, repeat=n):
                if any(heights):
                    yield Histogram(tuple(edges), heights)


def random_histograms(least: int, most: int, seed: int = 0) -> Iterator[Histogram]:
    """One histogram for each number of cells from ``least`` to ``most``: widths 1..5, densities 0..9, starting at 1."""
    for n in range(least, most + 1):
        draw = Random(f"{seed}/{n}")
        edges = [1]
        for _ in range(n):
            edges.append(edges[-1] + draw.randint(1, 5))
        yield Histogram(tuple(edges), (*(draw.randint(0, 9) for _ in range(n - 1)), draw.randint(1, 9)))


def least_by_subsets(law: Histogram, level: Real, chart: Chart) -> bool:
    """Whether {density > level} alone has the least volume, in the chart, among all 2**n unions of cells with at least its mass."""
    chosen = law.above(level)
    masses, volumes = _subset_sums(law.masses()), _subset_sums(law.volumes(chart))
    wanted, volume = masses[chosen], volumes[chosen]
    return not any(
        volumes[other] <= volume and masses[other] >= wanted and other != chosen for other in range(len(masses))
    )


def least_by_knapsack(law: Histogram, level: Real, chart: Chart) -> bool:
    """The same by dynamic programming over masses: the least volume for each mass and in how many ways, a cell at a time."""
    best: dict[int, tuple[Real, int]] = {0: (0, 1)}
    masses, volumes = law.masses(), law.volumes(chart)
    for mass, volume in zip(masses, volumes, strict=True):
        grown = dict(best)
        for total, (least, ways) in best.items():
            grown[total + mass] = _lesser(grown.get(total + mass), (least + volume, ways))
        best = grown
    inside = [density > level for density in law.densities]
    wanted = sum(mass for mass, chosen in zip(masses, inside, strict=True) if chosen)
    winner: tuple[Real, int] | None = None
    for total, candidate in best.items():
        if total >= wanted:
            winner = _lesser(winner, candidate)
    return winner == (sum(volume for volume, chosen in zip(volumes, inside, strict=True) if chosen), 1)


def _lesser(first: tuple[Real, int] | None, second: tuple[Real, int]) -> tuple[Real, int]:
    """The pair (volume, ways) of lesser volume; ways add up in a tie."""
    if first is None or second[0] < first[0]:
        return second
    return (first[0], first[1] + second[1]) if first[0] == second[0] else first
