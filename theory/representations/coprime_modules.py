"""A vector of an irrep V from linear characters that occur m, m', ... times, where m,
m', ... have no common factor.

A linear character lambda of a subgroup H that occurs m times in V restricted to H gives
e = (1/|H|) sum_h lambda(h^-1) h, of rank m in V, and the module K[G] e, whose V-part is
V^m. Right multiplication by e a e' is a homomorphism to K[G] e', of full rank for most
a. With l m = 1 + k m' + k' m'' + ... the kernel of a homomorphism of full rank from l
copies of V^m to V^(k m' + k' m'' + ...) is V itself: in e K[G] e that is the equations
sum_i u_i (e a_ij e_j) = 0, whose solutions are u_i = alpha beta_i*, alpha any vector of
e V. So u_i u_i* is alpha alpha* times a number: an element of rank one, from which
matrices are read off. Brauer's theorem
(:mod:`theory.representations.elementary_subgroups`) provides the multiplicities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import gcd
from random import Random

import numpy as np

from theory.arithmetic.cyclotomic import powers
from theory.arithmetic.matrices import CyclotomicField, ExactArray, hstack, vstack
from theory.arithmetic.primes import split_prime
from theory.groups import FiniteGroup
from theory.representations.character_tables import modulo

_ATTEMPTS = 40
_CHOICES = 12  # homomorphisms of full rank, of which the one with the shortest solution is taken
_BIG_PRIME = 2**24
_SPARE = 6  # equations beyond those needed
_PIECE = 2**20  # products at once


@dataclass(frozen=True, eq=False)
class LinearPair:
    """(H, lambda) and how often lambda occurs in chi: ``exponents`` of the ``e``-th
    root of unity on the members of ``subgroup``, chi on all elements."""

    group: FiniteGroup
    chi: ExactArray
    subgroup: np.ndarray
    exponents: np.ndarray
    e: int
    multiplicity: int

    def average(self, values: ExactArray, places: np.ndarray) -> ExactArray:
        """(1/|H|) sum_h lambda(h^-1) values(places[..., h]), shape
        ``places.shape[:-1]``; in pieces."""
        roots = ExactArray(CyclotomicField(self.e), powers(self.e)[-self.exponents % self.e])[None]
        flat, step = places.reshape(-1, len(self.subgroup)), max(1, _PIECE // len(self.subgroup))
        sums = [values[flat[at : at + step]].entrywise(roots).sum(1) for at in range(0, len(flat), step)]
        return (hstack(sums) * Fraction(1, len(self.subgroup))).reshape(*places.shape[:-1])

    def before(self, values: ExactArray) -> ExactArray:
        """x -> (1/|H|) sum_h lambda(h^-1) values(h x): from tr(y x) to tr(y e x)."""
        return self.average(values, self.group.multiply(self.subgroup[None, :], np.arange(self.group.order)[:, None]))

    def after(self, values: ExactArray, a: int) -> ExactArray:
        """x -> (1/|H|) sum_h lambda(h^-1) values(x h a): from tr(y x) to tr(y x e
        a)."""
        moved = self.group.multiply(self.subgroup, a)
        return self.average(values, self.group.multiply(np.arange(self.group.order)[:, None], moved[None, :]))

    @cached_property
    def corner(self) -> ExactArray:
        """x -> tr(e x)."""
        return self.before(self.chi)

    def between(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """The products x h y for h in H, shape ``(left, right, |H|)``."""
        first = self.group.multiply(left[:, None], self.subgroup[None, :])
        return self.group.multiply(first[:, None, :], right[None, :, None])

    @cached_property
    def spanning(self) -> np.ndarray:
        """Elements b such that the e b e are a basis of e K[G] e on V: the m^2 pivots
        of the matrix tr(e c^-1 e b) modulo a prime."""
        wanted, rng = self.multiplicity**2, Random(self.group.order)
        size = min(self.group.order - 1, 3 * wanted)
        while True:
            pool = np.array([0, *rng.sample(range(1, self.group.order), size)])
            gram = self.average(self.corner, self.between(self.group.inverses[pool], pool))
            pivots = modulo(gram, *split_prime(gram.field.order, _BIG_PRIME)).echelon()[1]
            if len(pivots) == wanted:
                return pool[list(pivots)]
            if len(pivots) > wanted or size == self.group.order - 1:
                raise ArithmeticError(f"Expected {wanted} independent double translates, found {len(pivots)}.")
            size = min(self.group.order - 1, 2 * size)


def rank_one(pairs: Sequence[LinearPair]) -> tuple[LinearPair, ExactArray]:
    """One of the pairs, and x -> tr(alpha alpha* x) on all elements, alpha a vector
    with h alpha = lambda(h) alpha for that pair.

    Raises:
        ArithmeticError: the multiplicities share a factor, or no homomorphism of full
            rank was met.
    """
    source, copies, targets = _balance(pairs)
    if not targets:
        return source, source.corner
    rng, found = Random(source.group.order), []
    for _ in range(_ATTEMPTS):
        kernel = _equations(source, copies, targets, rng).nullspace()
        if kernel.shape[1] == source.multiplicity:  # never fewer, and then the map has full rank
            found.append(_shortest(kernel, copies))
            if len(found) == _CHOICES:
                break
    if not found:
        raise ArithmeticError(
            f"{_ATTEMPTS} homomorphisms between modules of multiplicities {[p.multiplicity for p in pairs]} had no full rank."
        )
    return source, _squared(source, min(found, key=_size))


def _size(numbers: ExactArray) -> int:
    return int(np.abs(numbers.numerators).max())


def _balance(pairs: Sequence[LinearPair]) -> tuple[LinearPair, int, list[LinearPair]]:
    """A pair, l and a list of pairs, repetitions allowed, with l m = 1 + the sum of the
    multiplicities of the list; few unknowns, l m^2."""
    found: list[tuple[int, int, int, list[int]]] = []
    values = [p.multiplicity for p in pairs]
    if gcd(*values) != 1:
        raise ArithmeticError(f"The multiplicities {values} share the factor {gcd(*values)}.")
    for k, m in enumerate(values):
        for copies in range(1, max(values) + 1):
            parts = _as_sum(copies * m - 1, values)
            if parts is not None:
                found.append((copies * m * m, len(pairs[k].subgroup), k, parts))
                break
    unknowns, _, k, parts = min(found)
    return pairs[k], unknowns // values[k] ** 2, [pairs[j] for j in parts]


def _as_sum(total: int, values: Sequence[int]) -> list[int] | None:
    """Indices, repetitions allowed, whose values add up to ``total``, as few as can
    be."""
    best: list[list[int] | None] = [[]]
    for t in range(1, total + 1):
        options = [[*known, j] for j, v in enumerate(values) if v <= t and (known := best[t - v]) is not None]
        best.append(min(options, key=len, default=None))
    return best[total]


def _equations(source: LinearPair, copies: int, targets: Sequence[LinearPair], rng: Random) -> ExactArray:
    """Rows (target s, y), columns (copy i, basis element b): tr(e_s y e b e a_is), for
    random elements a and y."""
    group = source.group
    rows = []
    for target in targets:
        count = min(group.order, source.multiplicity * target.multiplicity + _SPARE)
        places = source.between(np.array(rng.sample(range(group.order), count)), source.spanning)
        blocks = [
            source.average(source.after(target.corner, rng.randrange(group.order)), places) for _ in range(copies)
        ]
        rows.append(hstack(blocks))
    return vstack(rows)


def _shortest(kernel: ExactArray, copies: int) -> ExactArray:
    """The coefficients of one u_i that is not zero, from the solution with the smallest
    numerators."""
    columns = [ExactArray.build(kernel.field, kernel.numerators[:, k]) for k in range(kernel.shape[1])]
    best = min(columns, key=_size)
    parts = best.reshape(copies, -1)
    return parts[int(np.flatnonzero(parts.nonzero().any(axis=1))[0])]


def _squared(source: LinearPair, coefficients: ExactArray) -> ExactArray:
    """x -> tr(u u* x) for u = sum_j c_j e b_j e, so u* = sum_j conj(c_j) e b_j^-1 e."""
    group, everything = source.group, np.arange(source.group.order)

    def step(values: ExactArray, weights: ExactArray, elements: np.ndarray) -> ExactArray:
        moved = values[group.multiply(elements[:, None], everything[None, :])]
        return source.before(weights.reshape(-1, 1).entrywise(moved).sum())

    whole = step(source.corner, coefficients, source.spanning)  # tr(u x)
    return step(whole, coefficients.conj(), group.inverses[source.spanning]).smallest()
