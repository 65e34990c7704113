"""Cases for finite groups: permutation groups by generators, conjugated by random integer matrices with integer inverse.

A case holds generators as tuples of 0-based images and the number of elementary row operations ("shears") in the change of basis: none
leaves permutation matrices, 24 give condition numbers up to about a thousand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile
from theory.groups import FiniteGroup
from theory.groups.families import alternating, cyclic, dicyclic, dihedral, direct_product, small_groups, symmetric

Images = tuple[tuple[int, ...], ...]
MAX_SHEARS = 24


def polygon_generators(n: int) -> Images:
    """Rotation and reflection of the corners of an n-gon, n >= 3: generators of D_n in degree n."""
    return tuple((k + 1) % n for k in range(n)), tuple(-k % n for k in range(n))


def regular_generators(group: FiniteGroup) -> Images:
    """The generators of a group as left multiplications of its own elements."""
    chosen = group.generators or (0,)
    return tuple(tuple(int(y) for y in group.table[g]) for g in chosen)


def permutation_generators(max_points: int = 4) -> st.SearchStrategy[Images]:
    """One or two arbitrary permutations of 1..max_points points: every permutation group that two elements generate, order at most max_points!."""
    return st.integers(1, max_points).flatmap(
        lambda m: st.lists(st.permutations(range(m)).map(tuple), min_size=1, max_size=2).map(tuple)
    )


def named_permutation_groups() -> st.SearchStrategy[Images]:
    """Regular and natural actions of C_n, D_n, Dic_n, A_4, S_4, C_2 x C_4, ... of order at most 24 and degree at most 12."""
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
    """How many elementary row operations make the change of basis: 0 leaves the matrices alone."""
    return st.integers(0, MAX_SHEARS)


def d4_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(shears, seed)``: the regular representation of the square's symmetries in a random integer basis."""
    return st.builds(lambda k, seed: Case(shears=k, seed=seed), shears(), st.integers(0, 2**16))


def conjugated_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(d, shears, generators, seed)``: two copies of a permutation representation of degree d/2, in a random integer basis."""
    return st.builds(
        lambda g, k, seed: Case(d=2 * len(g[0]), shears=k, generators=g, seed=seed),
        st.one_of(named_permutation_groups(), permutation_generators()),
        shears(),
        st.integers(0, 2**16),
    )


def finite_groups(max_order: int = 24) -> st.SearchStrategy[FiniteGroup]:
    """Finite groups with their tables: all of order up to 15, and permutation groups on at most 4 points."""
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
    """Group tables with one entry changed: never a group, since one wrong entry breaks the Latin square."""

    def spoil(table: np.ndarray) -> st.SearchStrategy[np.ndarray]:
        n = len(table)
        change: Callable[..., np.ndarray] = lambda i, j, by: _changed(table, i, j, by)  # noqa: E731
        return st.builds(change, st.integers(0, n - 1), st.integers(0, n - 1), st.integers(1, n - 1))

    return relabelled_tables(max_order).filter(lambda t: len(t) > 1).flatmap(spoil)


def _changed(table: np.ndarray, i: int, j: int, by: int) -> np.ndarray:
    out = np.array(table)
    out[i, j] = (out[i, j] + by) % len(out)
    return out
