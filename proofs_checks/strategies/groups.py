"""Cases for groups: permutation groups by generators, conjugated by random integer
matrices with integer inverse; placed squares, pairs of conjugate representations,
invariant subspaces; band limits of compact groups; equivariant layers.

A case holds generators as tuples of 0-based images and the number of elementary row
operations ("shears") in the change of basis: none leaves permutation matrices, 24 give
condition numbers up to about a thousand. ``basis`` says whether that change is one of
integers or of Gaussian integers, ``phases`` turns permutations into monomial matrices:
exponents of i, as many as images, or none.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile
from theory.groups import FiniteGroup
from theory.groups.families import alternating, cyclic, dicyclic, dihedral, direct_product, small_groups, symmetric

Images = tuple[tuple[int, ...], ...]
MAX_SHEARS = 24
SMALL_SEEDS = st.integers(0, 2**16)
SMALLEST, LARGEST = Fraction(1, 1000), Fraction(1000)
MAX_PAIR_DEGREE = 8  # of a pair in a quick run; the equations for intertwiners have its square as unknowns
MAX_LARGE_DEGREE = 12
COMPACT = ("U(1)", "SU(2)", "SO(3)")
MAX_BAND = 6
LAYERS = (
    "conv1d", "conv2d", "mean pooling", "deep set", "C4 convolution", "averaged matrix", "complex conv1d", "averaged complex matrix",
)  # fmt: skip
MAX_POSITIONS = 64
REAL, COMPLEX = "integers", "Gaussian integers"  # bases in which matrices stay exact
# images and exponents of i for each generator: irreducible over C where not permutations alone, of complex or quaternionic type
MONOMIAL: dict[str, tuple[Images, Images]] = {
    "C4": (((0,),), ((1,),)),
    "Q8": (((0, 1), (1, 0)), ((1, 3), (0, 2))),
    "Pauli": (((1, 0), (0, 1), (0, 1)), ((0, 0), (0, 2), (1, 1))),
    "clock and shift": (((1, 2, 3, 0), (0, 1, 2, 3)), ((0, 0, 0, 0), (0, 1, 2, 3))),
    "D4 x C3": (
        ((3, 4, 5, 0, 1, 2), (0, 1, 2, 3, 4, 5), (1, 2, 0, 4, 5, 3)),
        ((0, 0, 0, 2, 2, 2), (0, 0, 0, 2, 2, 2), (0, 0, 0, 0, 0, 0)),
    ),
    "Q8 x C3": (
        ((0, 1, 2, 3, 4, 5), (3, 4, 5, 0, 1, 2), (1, 2, 0, 4, 5, 3)),
        ((1, 1, 1, 3, 3, 3), (0, 0, 0, 2, 2, 2), (0, 0, 0, 0, 0, 0)),
    ),
}


def polygon_generators(n: int) -> Images:
    """Rotation and reflection of the corners of an n-gon, n >= 3: generators of D_n in
    degree n."""
    return tuple((k + 1) % n for k in range(n)), tuple(-k % n for k in range(n))


def regular_generators(group: FiniteGroup) -> Images:
    """The generators of a group as left multiplications of its own elements."""
    chosen = group.generators or (0,)
    return tuple(tuple(int(y) for y in group.table[g]) for g in chosen)


def permutation_generators(max_points: int = 4) -> st.SearchStrategy[Images]:
    """One or two arbitrary permutations of 1..max_points points: every permutation
    group that two elements generate, order at most max_points!."""
    return st.integers(1, max_points).flatmap(
        lambda m: st.lists(st.permutations(range(m)).map(tuple), min_size=1, max_size=2).map(tuple)
    )


def named_permutation_groups() -> st.SearchStrategy[Images]:
    """Regular and natural actions of C_n, D_n, Dic_n, A_4, S_4, C_2 x C_4, ... of order
    at most 24 and degree at most 12."""
    regular = st.one_of(
        st.integers(1, 12).map(cyclic),
        st.integers(1, 6).map(dihedral),
        st.integers(2, 3).map(dicyclic),
        st.just(direct_product(cyclic(2), cyclic(2))),
        st.just(direct_product(cyclic(4), cyclic(2))),
        st.just(direct_product(cyclic(3), cyclic(3))),
        st.just(alternating(4)),
    ).map(regular_generators)
    natural = st.one_of(
        st.integers(3, 12).map(polygon_generators), st.sampled_from([3, 4]).map(lambda n: _natural(symmetric(n)))
    )
    return st.one_of(regular, natural)


def _natural(group: FiniteGroup) -> Images:
    return tuple(tuple(int(x) for x in group.elements[g]) for g in group.generators)


def shears() -> st.SearchStrategy[int]:
    """How many elementary row operations make the change of basis: 0 leaves the
    matrices alone."""
    return st.integers(0, MAX_SHEARS)


def change_of_basis_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(d, shears, generators, seed)``: two copies of a permutation representation
    of degree d/2, in a random integer basis."""
    return st.builds(
        lambda g, k, seed: Case(d=2 * len(g[0]), shears=k, generators=g, seed=seed),
        st.one_of(named_permutation_groups(), permutation_generators()),
        shears(),
        SMALL_SEEDS,
    )


def finite_groups(max_order: int = 24) -> st.SearchStrategy[FiniteGroup]:
    """Finite groups with their tables: all of order up to 15, and permutation groups on
    at most 4 points."""
    listed = st.sampled_from([g for g in small_groups(15) if g.order <= max_order])
    generated = permutation_generators().map(FiniteGroup.from_permutations).filter(lambda g: g.order <= max_order)
    return st.one_of(listed, generated)


def relabelled_tables(max_order: int = 12) -> st.SearchStrategy[np.ndarray]:
    """Multiplication tables of groups with their elements shuffled."""

    def shuffle(group: FiniteGroup) -> st.SearchStrategy[np.ndarray]:
        return st.permutations(range(group.order)).map(lambda p: _relabel(group.table, p))

    return finite_groups(max_order).flatmap(shuffle)


def _relabel(table: np.ndarray, permutation: Any) -> np.ndarray:
    order = np.array(permutation)
    return np.argsort(order)[table[np.ix_(order, order)]]


def broken_tables(max_order: int = 8) -> st.SearchStrategy[np.ndarray]:
    """Group tables with one entry changed: never a group, since one wrong entry breaks
    the Latin square."""

    def spoil(table: np.ndarray) -> st.SearchStrategy[np.ndarray]:
        n = len(table)
        change: Callable[..., np.ndarray] = lambda i, j, by: _changed(table, i, j, by)  # noqa: E731
        return st.builds(change, st.integers(0, n - 1), st.integers(0, n - 1), st.integers(1, n - 1))

    return relabelled_tables(max_order).filter(lambda t: len(t) > 1).flatmap(spoil)


def _changed(table: np.ndarray, i: int, j: int, by: int) -> np.ndarray:
    out = np.array(table)
    out[i, j] = (out[i, j] + by) % len(out)
    return out


def placed_square_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(scale, shift, seed)``: a square of half side ``scale`` about (shift, shift
    / 3), turned by a random angle."""
    sizes = st.fractions(SMALLEST, LARGEST, max_denominator=1000)
    return st.builds(
        lambda scale, shift, seed: Case(scale=scale, shift=shift, seed=seed),
        sizes,
        st.fractions(-1000, 1000, max_denominator=1000),
        SMALL_SEEDS,
    )


def permutation_actions(max_degree: int = MAX_LARGE_DEGREE) -> st.SearchStrategy[Images]:
    """Generators of permutation groups on at most ``max_degree`` points, of order at
    most 24."""
    return st.one_of(named_permutation_groups(), permutation_generators()).filter(lambda g: len(g[0]) <= max_degree)


def band_limits(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(group, l)``: a compact group and a degree in the entries of its defining
    matrices."""
    return st.builds(lambda group, l: Case(group=group, l=l), st.sampled_from(COMPACT), st.integers(0, MAX_BAND))


def sampled_band_limits(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(group, l, size)``: low degrees, whose matrices are small, and a number of
    random elements that the profile sets."""
    size = max(16384, profile.samples // 6)
    return st.sampled_from(
        [
            Case(group=group, l=l, size=size)
            for group, top in (("U(1)", 3), ("SU(2)", 2), ("SO(3)", 1))
            for l in range(1, top + 1)
        ]
    )


def layer_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(layer, n, channels, kernel, seed)``: n positions along an axis (n x n in
    the plane), weights and inputs derived from the seed.

    Kernels are odd and no longer than the axis; planes stay at 16 x 16, and averages
    over all permutations at five points.
    """

    def build(layer: str, n: int, channels: int, half: int, seed: int) -> Case:
        n = min(
            n, {"conv2d": 16, "C4 convolution": 16, "averaged matrix": 5, "averaged complex matrix": 4}.get(layer, n)
        )
        return Case(layer=layer, n=n, channels=channels, kernel=min(2 * half + 1, n - 1 + n % 2), seed=seed)

    return st.builds(
        build,
        st.sampled_from(LAYERS),
        st.integers(1, MAX_POSITIONS),
        st.integers(1, 4),
        st.integers(0, 3),
        SMALL_SEEDS,
    )


def matrix_groups(max_degree: int) -> st.SearchStrategy[dict[str, Any]]:
    """Fields ``generators``, ``phases``, ``basis``: permutation matrices in either
    basis, or monomial ones in that of Gaussian integers."""
    permutations = st.builds(
        lambda g, basis: {"generators": g, "phases": (), "basis": basis},
        permutation_actions(max_degree),
        st.sampled_from([REAL, COMPLEX]),
    )
    named = [monomial_fields(name) for name, (images, _) in MONOMIAL.items() if len(images[0]) <= max_degree]
    return st.one_of(permutations, st.sampled_from(named))


def monomial_fields(name: str) -> dict[str, Any]:
    """The fields of a case of this group."""
    images, phases = MONOMIAL[name]
    return {"generators": images, "phases": phases, "basis": COMPLEX}


def module_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(d, shears, generators, phases, basis, seed)``: two copies of a
    representation of degree d/2, in a random basis."""
    return st.builds(
        lambda fields, k, seed: Case(d=2 * len(fields["generators"][0]), shears=k, **fields, seed=seed),
        matrix_groups(MAX_LARGE_DEGREE),
        shears(),
        SMALL_SEEDS,
    )


def splitting_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """:func:`module_cases` with the ground field: "R" where the matrices are real, or
    "C"."""

    def over(case: Case, ground: str) -> Case:
        real = not case.phases and case.basis == REAL
        return Case(**{**case, "ground": ground if real else "C"})

    return st.builds(over, module_cases(profile), st.sampled_from(["C", "R"]))


def d4_basis_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(shears, basis, seed)``: the regular representation of the square's
    symmetries in a random basis."""
    return st.builds(
        lambda k, basis, seed: Case(shears=k, basis=basis, seed=seed),
        shears(),
        st.sampled_from([REAL, COMPLEX]),
        SMALL_SEEDS,
    )


def equivalent_pair_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(d, shears, generators, phases, basis, seed)``: a representation of degree
    d, at most 8 in a quick run and 12 in others."""
    return st.builds(
        lambda fields, k, seed: Case(d=len(fields["generators"][0]), shears=k, **fields, seed=seed),
        matrix_groups(MAX_PAIR_DEGREE if profile.name == "quick" else MAX_LARGE_DEGREE),
        shears(),
        SMALL_SEEDS,
    )


def kept_subspace_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(d, shears, kind, generators, phases, basis, seed)``: W the constants
    ("line"), or a diagonal in two copies ("doubled"), d = 2..24."""

    def build(kind: str, fields: dict[str, Any], k: int, seed: int) -> Case:
        m = len(fields["generators"][0])
        kind = kind if m > 1 and not fields["phases"] else "doubled"  # phases move the constants
        return Case(d=m if kind == "line" else 2 * m, shears=k, kind=kind, **fields, seed=seed)

    return st.builds(
        build, st.sampled_from(["line", "doubled"]), matrix_groups(MAX_LARGE_DEGREE), shears(), SMALL_SEEDS
    )
