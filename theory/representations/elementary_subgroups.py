"""Elementary subgroups, towers of normalising elements, and the subgroups from which
irreps of nilpotent groups are induced.

Brauer: every character is an integer combination of characters induced from elementary
subgroups H = <x> x P, x of order prime to p, P a p-group. H is nilpotent, so each of
its irreps is induced from a linear character of a subgroup K, found by descending
through stabilisers (Blichfeldt). For an irreducible chi the multiplicities <chi
restricted to K, mu> of all linear characters mu of these K then have greatest common
divisor 1: combining them with Brauer's coefficients gives <chi, chi>. Sources: Serre
1977, 8.5 and 10.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random

import numpy as np

from theory.arithmetic.cyclotomic import powers, prime_factors
from theory.arithmetic.matrices import CyclotomicField, ExactArray
from theory.groups import FiniteGroup
from theory.groups.table_group import closure
from theory.representations.character_tables import character_table

_FIRST_LOOK = 8  # elements against which all candidates are tried before one is tried against everything


def elementary_subgroups(group: FiniteGroup) -> Iterator[np.ndarray]:
    """<x> x P for every prime p, class representatives x of order prime to p, P a Sylow
    p-subgroup of the centraliser of x; each is maximal for x and p."""
    everything = np.arange(group.order)
    for p in prime_factors(group.order):
        for c in group.classes:
            if c.order % p:
                x = c.representative
                centraliser = everything[group.conjugate(everything, x) == everything]
                sylow = sylow_subgroup(group, p, centraliser)
                yield np.array(closure(group, [x, *sylow.tolist()]))


def sylow_subgroup(group: FiniteGroup, p: int, within: np.ndarray) -> np.ndarray:
    """A Sylow p-subgroup of the subgroup ``within``, grown by p-elements that normalise
    what is there (one exists until it is whole)."""
    target, orders = 1, group.orders[within]
    while len(within) % (target * p) == 0:
        target *= p
    pool = within[[target % int(o) == 0 for o in orders]]
    inside = np.zeros(group.order, dtype=bool)
    inside[0] = True
    chosen: list[int] = []
    while inside.sum() < target:
        normal = ~inside[pool]
        for g in chosen:
            normal &= inside[group.conjugate(np.full(len(pool), g), pool)]
        chosen.append(int(pool[np.flatnonzero(normal)[0]]))
        inside[list(closure(group, chosen))] = True
    return np.flatnonzero(inside)


def subnormal_towers(group: FiniteGroup, count: int) -> Iterator[np.ndarray]:
    """Different subgroups along chains that start from <x> and add an element of the
    normaliser at a time: every soluble subgroup ends such a chain."""
    random, everything = Random(group.order), np.arange(group.order)
    representatives = [c.representative for c in group.classes[1:]]
    seen: set[bytes] = set()
    for k in range(count if representatives else 0):
        chosen = [representatives[k % len(representatives)]]
        while True:
            inside = np.zeros(group.order, dtype=bool)
            inside[list(closure(group, chosen))] = True
            if inside.all():
                break
            if inside.tobytes() not in seen:
                seen.add(inside.tobytes())
                yield np.flatnonzero(inside)
            normal = ~inside
            for h in chosen:
                normal &= inside[group.conjugate(np.full(group.order, h), everything)]
            pool = np.flatnonzero(normal)
            if not pool.size:
                break
            chosen.append(int(random.choice(pool.tolist())))


def inducing_subgroups(group: FiniteGroup) -> Iterator[np.ndarray]:
    """For a nilpotent group: subgroups such that every irrep is induced from a linear
    character of one of them (the group itself for the linear ones)."""
    table = character_table(group)
    yield np.arange(group.order)
    for row, d in enumerate(table.degrees):
        if d > 1:
            found = inducing_subgroup(group, table.array[row].smallest()[group.class_of])
            if found is None:
                raise ArithmeticError(
                    f"{group!r} was expected to be nilpotent, but the descent for chi{row + 1} stopped."
                )
            yield found


def inducing_subgroup(group: FiniteGroup, chi: ExactArray) -> np.ndarray | None:
    """K such that chi is induced from a linear character of K, for an irreducible chi
    given on all elements; None where the descent stops.

    Take T = G, psi = chi. An element a of T, not scalar in psi, whose commutators with
    T all are, has eigenspaces that T permutes (psi is irreducible): psi is induced from
    the stabiliser T' of one of them, psi'(t) = (1/o) sum_k zeta^-k psi(a^k t). It is
    repeated until the degree is 1. In a nilpotent group such an a always exists: in T
    modulo the scalars the centre is not trivial.
    """
    members, psi = np.arange(group.order), chi
    while True:
        size = psi.entry(0)
        if size == 1:
            return members
        squares = psi.entrywise(psi.conj())
        scalar = np.zeros(group.order, dtype=bool)
        scalar[members] = ~(squares[members] - ExactArray.of([size * size], psi.field)).nonzero()
        a = _central_modulo(group, members, scalar)
        if a is None:
            return None
        commutators = group.multiply(group.conjugate(np.full(len(members), a), members), int(group.inverses[a]))
        members = members[~(psi[commutators] - ExactArray.of([size], psi.field)).nonzero()]
        psi = _first_eigenspace(group, psi, a)


def _central_modulo(group: FiniteGroup, members: np.ndarray, scalar: np.ndarray) -> int | None:
    """An element of T, not scalar, whose commutators with T are: a few of them are
    looked at for all elements at once, then all. Small orders come first, for their
    eigenvalues lie in small fields."""

    def commutes(a: np.ndarray, t: np.ndarray) -> np.ndarray:
        return scalar[group.multiply(group.multiply(a, t), group.inverses[group.multiply(t, a)])]

    pool = members[~scalar[members]]
    pool = pool[np.argsort(group.orders[pool], kind="stable")]
    for t in members[:: max(1, len(members) // _FIRST_LOOK)].tolist():
        pool = pool[commutes(pool, np.full(len(pool), t))]
    return next((a for a in pool.tolist() if commutes(np.full(len(members), a), members).all()), None)


def _first_eigenspace(group: FiniteGroup, psi: ExactArray, a: int) -> ExactArray:
    """t -> (1/o) sum_k zeta^-sk psi(a^k t) for the least s with a value at the
    identity: the trace of t on that eigenspace of a, if t keeps it."""
    order, everything = int(group.orders[a]), np.arange(group.order)
    shifted, x = [], 0
    for _ in range(order):
        shifted.append(psi[group.multiply(x, everything)])
        x = int(group.multiply(x, a))
    roots = powers(order)
    for s in range(order):
        total = ExactArray.zeros((group.order,), psi.field)
        for k, values in enumerate(shifted):
            root = ExactArray(CyclotomicField(order), roots[-s * k % order][None])
            total = total + root.entrywise(values)
        if total.numerators[0].any():
            return (total * Fraction(1, order)).smallest()
    raise ArithmeticError("No eigenvalue; the values are no character.")
