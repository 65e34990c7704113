"""Explicit irreducible representations over cyclotomic fields, from subgroups and their
linear characters (Dixon 1993).

For a character chi of degree d find a subgroup H with a linear character lambda that
occurs once in chi restricted to H. Then e = (1/|H|) sum_h lambda(h^-1) h has rank 1 in
the irrep, and with f(x) = tr(e x) = (1/|H|) sum_h lambda(h^-1) chi(h x) and elements
t_i such that the t_i v (v in the image of e) are a basis, R(x) = G^-1 [f(t_i^-1 x
t_j)], G = [f(t_i^-1 t_j)] their Gram matrix, which R preserves. If H has index d, chi
is induced from lambda: R is monomial, its entries are roots of unity, and it is
unitary. Otherwise translates are looked for that are orthogonal to each other; R is
unitary where they are found, and keeps the form G where not. Then
:mod:`theory.representations.hermitian_forms` decides whether a unitary basis exists
over the field, and finds one.

Where no such pair is met, pairs with multiplicities a, b, ... without common factor
take its place: :mod:`theory.representations.coprime_modules` reaches the irrep from the
modules V^a, V^b, ... by Euclid's algorithm, and Brauer's theorem provides the pairs
(:mod:`theory.representations.elementary_subgroups`). So every irrep is found.

One character of each orbit under Galois conjugation and under products with linear
characters is worked out; the others follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, lcm
from random import Random

import numpy as np

from theory.arithmetic.cyclotomic import Cyclotomic, degree, powers, prime_factors
from theory.arithmetic.matrices import CyclotomicField, ExactArray
from theory.arithmetic.primes import split_prime
from theory.groups import FiniteGroup, GroupTooLarge
from theory.groups.subgroups import left_cosets
from theory.groups.table_group import closure
from theory.representations.character_tables import CharacterTable, character_table, linear_characters, modulo
from theory.representations.coprime_modules import LinearPair, rank_one
from theory.representations.elementary_subgroups import (
    elementary_subgroups,
    inducing_subgroup,
    inducing_subgroups,
    subnormal_towers,
)
from theory.representations.hermitian_forms import unitarised_where_possible
from theory.representations.matrices import Representation

__all__ = ["irreps"]

_BIG_PRIME = 2**24
_SETTLED = 12  # subgroups tried without gain once every character is over a field as small as its own
_HOPELESS = 60  # without gain while some field is larger than that of its character
_OTHERS = 8  # subgroups in which orthogonal translates are looked for
_NODES = 400
_BUDGET = 300  # while some character has no subgroup at all; then come stabilisers, towers, elementary subgroups
_TOWERS = 150
MAX_NUMBERS = 2**28  # integers in the matrices of all irreps at all elements: 2 GiB


@dataclass
class _Choice:
    """The best subgroup known for one character: (degree of the field, not monomial),
    H, lambda as exponents of zeta_e on H, e."""

    cost: tuple[int, bool]
    subgroup: np.ndarray
    exponents: np.ndarray
    e: int


@dataclass
class _Search:
    """Multiplicities of linear characters in all rows at once, as residues: they are
    integers below p."""

    table: CharacterTable
    rows: list[int]
    conductors: list[int]
    best: dict[int, _Choice] = field(default_factory=dict)
    others: dict[int, list[_Choice]] = field(default_factory=dict)  # over a field of the same degree as the best
    multiples: dict[int, dict[int, _Choice]] = field(default_factory=dict)  # by multiplicity, where it is above 1

    def __post_init__(self) -> None:
        self.group = self.table.group
        order = self.table.array.root_order
        self.p, self.root = split_prime(order, max(4096, 2 * self.group.order))
        self.order = order
        self.residues = modulo(self.table.array[self.rows], self.p, self.root).numerators[..., 0]
        self.degrees = [self.table.degrees[row] for row in self.rows]
        self.floors = [self._floor(k) for k in range(len(self.rows))]

    def _floor(self, k: int) -> int:
        """No cyclotomic field of smaller degree holds the irrep: its own character's,
        and a real field never holds a quaternionic one."""
        smallest = degree(self.conductors[k])
        return 2 if smallest == 1 and self.table.indicators[self.rows[k]] < 0 else smallest

    @property
    def pending(self) -> list[int]:
        return [k for k in range(len(self.rows)) if k not in self.best]

    @property
    def over_large_fields(self) -> list[int]:
        return [k for k, c in self.best.items() if c.cost[0] > self.floors[k]]

    @property
    def perfect(self) -> bool:
        return not self.pending and all(c.cost == (self.floors[k], False) for k, c in self.best.items())

    def try_subgroup(self, members: np.ndarray) -> bool:
        """Note every character in which a linear character of the subgroup occurs once;
        True if something got better."""
        inner = self.group.restrict(members.tolist())
        e = inner.exponent
        rows = linear_characters(inner)
        values = np.array([pow(self.root, self.order // e * k, self.p) for k in range(e)], dtype=np.int64)[-rows % e]
        restricted = self.residues[:, self.group.class_of[members]]
        multiplicities = restricted @ values.T % self.p * pow(len(members), -1, self.p) % self.p
        gained = False
        orders = e // np.gcd(np.gcd.reduce(rows, axis=1), e)
        waiting = np.array([k not in self.best for k in range(len(self.rows))])
        for k, j in np.argwhere((multiplicities == 1) | (multiplicities > 1) & waiting[:, None]).tolist():
            cost = degree(lcm(self.conductors[k], int(orders[j]))), len(members) * self.degrees[k] != self.group.order
            choice, m = _Choice(cost, members, rows[j], e), int(multiplicities[k, j])
            if m > 1:
                kept_as = self.multiples.setdefault(k, {})
                known = kept_as.get(m)
                if known is None or (cost, -len(members)) < (known.cost, -len(known.subgroup)):
                    kept_as[m] = choice
                continue
            known = self.best.get(k)
            if known is None or cost < known.cost:
                self.best[k], gained = choice, True
            kept = self.others.setdefault(k, [])
            if known is None or cost[0] < known.cost[0]:
                kept.clear()
            if cost[0] == self.best[k].cost[0] and len(kept) < _OTHERS:
                kept.append(choice)
        return gained

    def run(self) -> None:
        seen: set[tuple[int, ...]] = set()
        idle = 0
        for tried, members in enumerate(_candidates(self.group), start=1):
            key = tuple(np.bincount(self.group.class_of[members], minlength=len(self.group.classes)).tolist())
            if key not in seen:
                seen.add(key)
                idle = 0 if self.try_subgroup(members) else idle + 1
                if self.perfect:
                    return
            patience = _BUDGET if self.pending else _HOPELESS if self.over_large_fields else _SETTLED
            if idle > patience or tried > (_BUDGET if self.pending else 8 * patience + 4 * len(self.group.classes)):
                break
        if self.pending:
            self.descend()

    def descend(self) -> None:
        """Stabilisers of eigenspaces, then towers, then what Brauer's theorem names,
        until what is known determines every irrep."""
        for k in self.pending:
            members = inducing_subgroup(self.group, self.table.array[self.rows[k]].smallest()[self.group.class_of])
            if members is not None:
                self.try_subgroup(members)
        for members in subnormal_towers(self.group, _TOWERS):
            if not self.pending:
                return
            self.try_subgroup(members)
        for subgroup in elementary_subgroups(self.group):
            if all(gcd(*self.multiples.get(k, {0: None})) == 1 for k in self.pending):
                return
            for inner in inducing_subgroups(self.group.restrict(subgroup.tolist())):
                self.try_subgroup(subgroup[inner])

    def coprime(self, k: int) -> list[tuple[int, _Choice]]:
        """Multiplicities without common factor and their choices, over fields as small
        as can be."""
        chosen: list[tuple[int, _Choice]] = []
        for m, choice in sorted(self.multiples[k].items(), key=lambda pair: (pair[1].cost, pair[0])):
            if gcd(*(n for n, _ in chosen), m) != gcd(*(n for n, _ in chosen)):
                chosen.append((m, choice))
            if gcd(*(n for n, _ in chosen)) == 1:
                break
        for pair in list(chosen):
            rest = [other for other in chosen if other is not pair]
            if gcd(*(n for n, _ in rest)) == 1:
                chosen = rest
        return sorted(chosen, key=lambda pair: pair[0])


def _candidates(group: FiniteGroup) -> Iterator[np.ndarray]:
    """Cyclic subgroups of class representatives, the group itself, then subgroups
    generated by a representative and another element, in a fixed random order."""
    representatives = [c.representative for c in group.classes]
    for x in reversed(representatives):
        yield np.array(closure(group, [x]))
    yield np.arange(group.order)
    random = Random(group.order)
    for _ in range(_BUDGET):
        x, y = random.choice(representatives), random.randrange(group.order)
        yield np.array(closure(group, [x, y] if random.random() < 0.7 else [x, y, random.randrange(group.order)]))


# -- orbits of characters ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Origin:
    """Row = (row ``base`` under zeta -> zeta^unit) times the linear row ``twist``."""

    base: int
    unit: int
    twist: int


def _origins(table: CharacterTable, conductors: list[int]) -> dict[int, _Origin]:
    """For each row of degree at least 2 the row that it is made from, by breadth-first
    search over generators of both actions."""
    order = table.array.root_order
    p, root = split_prime(order, max(4096, 2 * table.group.order))
    residues = modulo(table.array, p, root).numerators[..., 0]
    place = {row.tobytes(): k for k, row in enumerate(residues)}
    units = [(u, list(table.power_map(u))) for u in _unit_generators(order)]
    linear = [k for k, d in enumerate(table.degrees) if d == 1]
    out: dict[int, _Origin] = {}
    for start, d in enumerate(table.degrees):
        if d == 1 or start in out:
            continue
        out[start] = _Origin(start, 1, 0)
        queue = [start]
        for row in queue:  # grows while it is walked
            here = out[row]
            for u, columns in units:
                image = place[residues[row][columns].tobytes()]
                twist = place[residues[here.twist][columns].tobytes()]
                if image not in out:
                    out[image] = _Origin(start, here.unit * u % order, twist)
                    queue.append(image)
            for t in linear[1:]:
                if conductors[start] % conductors[t] == 0:
                    image = place[(residues[row] * residues[t] % p).tobytes()]
                    if image not in out:
                        twist = place[(residues[here.twist] * residues[t] % p).tobytes()]
                        out[image] = _Origin(start, here.unit, twist)
                        queue.append(image)
    return out


def _unit_generators(n: int) -> list[int]:
    """Generators of the units modulo n."""
    found = []
    for p in prime_factors(n):
        q = p
        while n % (q * p) == 0:
            q *= p
        if p == 2:
            local = [x for x in (-1 % q, 5 % q) if x != 1]
        else:
            phi = q // p * (p - 1)
            local = (
                [
                    next(
                        g
                        for g in range(2, q)
                        if gcd(g, q) == 1 and all(pow(g, phi // r, q) != 1 for r in prime_factors(phi))
                    )
                ]
                if phi > 1
                else []
            )
        rest = n // q
        found += [(x * rest * pow(rest, -1, q) + q * pow(q, -1, rest)) % n if rest > 1 else x for x in local]
    return found


# -- matrices ----------------------------------------------------------------------------------------------------------


def irreps(group: FiniteGroup, *, unitary: bool = True) -> tuple[Representation, ...]:
    """One explicit representation per row of :func:`character_table`, unitary where a
    unitary form exists over its field.

    The field is Q(zeta_N), as small as the subgroups found allow (``.field``). Where no
    unitary form exists over it, ``.form`` is a positive definite form that the matrices
    keep, and :func:`theory.representations.hermitian_forms.unitarity` names the
    obstruction; else ``.form`` is the identity.

    Args:
        group: The group.
        unitary: False leaves the matrices as they come from a subgroup, with shorter
            entries and some other invariant form, and saves the search for a unitary
            basis: seconds for degree 45 over Q, half a minute for degree 16 over
            Q(zeta_11) (M11).

    Raises:
        GroupTooLarge: too many classes for an exact character table, or more than 2^28
            integers in all matrices.
    """
    known = group.__dict__.setdefault("_irreps", {})
    if unitary not in known:
        known[unitary] = _all_irreps(character_table(group), unitary)
    return known[unitary]


def _all_irreps(table: CharacterTable, unitary: bool) -> tuple[Representation, ...]:
    group = table.group
    conductors = [table.array[row].smallest().root_order for row in range(len(table.degrees))]
    numbers = group.order * sum(d * d * degree(n) for d, n in zip(table.degrees, conductors, strict=True))
    if numbers > MAX_NUMBERS:
        raise GroupTooLarge(
            f"The matrices of all irreps at all {group.order} elements hold {numbers} integers or more; irreps stops at {MAX_NUMBERS}. "
            "character_table(group) still answers, and induce and tensor make single representations."
        )
    found = {row: _linear(table, row) for row, d in enumerate(table.degrees) if d == 1}
    origins = _origins(table, conductors)
    bases = sorted({o.base for o in origins.values()})
    if bases:
        search = _Search(table, bases, [conductors[b] for b in bases])
        search.run()
        made = {
            b: _afford(table, b, search.best[k], search.others[k])
            if k in search.best
            else _by_coprime_pairs(table, b, search.coprime(k))
            for k, b in enumerate(bases)
        }
        if unitary:
            made = {b: unitarised_where_possible(part) for b, part in made.items()}
        for row, origin in origins.items():
            found[row] = _moved(group, made[origin.base], origin, found[origin.twist], row)
    return tuple(found[row] for row in range(len(table.degrees)))


def _linear(table: CharacterTable, row: int) -> Representation:
    chi = table.array[row].smallest()[table.group.class_of]
    return Representation(table.group, chi.reshape(-1, 1, 1), ExactArray.eye(1, chi.field), f"chi{row + 1}")


def _moved(
    group: FiniteGroup, base: Representation, origin: _Origin, twist: Representation, row: int
) -> Representation:
    """Entries under a field automorphism, times a linear character: still a
    homomorphism, with the moved form."""
    matrices, form, n = base.matrices, base.form, base.matrices.root_order
    if origin.unit % n != 1 % n:
        matrices, form = matrices.galois(origin.unit % n), None if form is None else form.galois(origin.unit % n)
    if origin.twist:
        matrices = matrices.entrywise(twist.matrices)
    return Representation(group, matrices, form, f"chi{row + 1}")


def _afford(table: CharacterTable, row: int, choice: _Choice, others: list[_Choice]) -> Representation:
    if not choice.cost[1]:
        return _monomial(table.group, choice.subgroup, *_reduced(choice))
    group, size = table.group, table.degrees[row]
    chi = table.array[row].smallest()[group.class_of]
    corners = []
    for option in [choice, *others]:
        corners.append(_corner(group, chi, option.subgroup, *_reduced(option)))
        basis = _orthogonal_translates(group, corners[-1], option.subgroup, size)
        if basis is not None:
            return _in_basis(group, corners[-1], basis)
    return _in_basis(group, corners[0], _spanning_translates(group, corners[0], size))


def _from_corner(group: FiniteGroup, f: ExactArray, size: int, subgroup: np.ndarray) -> Representation:
    basis = _orthogonal_translates(group, f, subgroup, size)
    return _in_basis(group, f, _spanning_translates(group, f, size) if basis is None else basis)


def _in_basis(group: FiniteGroup, f: ExactArray, basis: list[int]) -> Representation:
    """R(x) = G^-1 [f(t_i^-1 x t_j)], which keeps G = [f(t_i^-1 t_j)]."""
    size, inv = len(basis), group.inverses
    left = group.multiply(inv[basis][:, None], np.arange(group.order)[None, :])  # t_i^-1 x
    index = group.multiply(left[:, :, None], np.array(basis)[None, None, :])  # i, x, j
    values = f[np.moveaxis(index, 1, 0)]
    gram = values[0]
    matrices = gram.inverse()[None] @ values
    first = gram.entry(0, 0)
    if (
        not first.is_rational  # pyright: ignore[reportAttributeAccessIssue]
    ):  # real and positive, but not under every automorphism; a form whose first entry is 1 shows its sign as it stands
        gram, first = gram * first.inverse(), Cyclotomic.rational(1)  # pyright: ignore[reportAttributeAccessIssue]
    eye = ExactArray.eye(size, gram.field)
    return Representation(group, matrices, eye if gram == eye * first else gram)


def _by_coprime_pairs(table: CharacterTable, row: int, choices: list[tuple[int, _Choice]]) -> Representation:
    """From linear characters that occur m, m', ... times, without common factor."""
    group = table.group
    chi = table.array[row].smallest()[group.class_of]
    pairs = [LinearPair(group, chi, choice.subgroup, *_reduced(choice), m) for m, choice in choices]
    source, corner = rank_one(pairs)
    return _from_corner(group, corner, table.degrees[row], source.subgroup)


def _reduced(choice: _Choice) -> tuple[np.ndarray, int]:
    """lambda as exponents of the smallest root of unity that holds its values."""
    shared = int(np.gcd.reduce(np.append(choice.exponents, choice.e)))
    return choice.exponents // shared, choice.e // shared


def _orthogonal_translates(group: FiniteGroup, f: ExactArray, subgroup: np.ndarray, size: int) -> list[int] | None:
    """Elements t_i, the identity first, with f(t_i^-1 t_j) = 0 for i != j: then the t_i
    v are orthogonal and equally long. Depth first, within a budget."""
    zero = ~f.nonzero()
    transversal, _ = left_cosets(group, subgroup.tolist())
    t = np.array(transversal)
    apart = zero[group.multiply(group.inverses[t][:, None], t[None, :])]
    nodes = 0

    def extend(chosen: list[int], allowed: np.ndarray) -> list[int] | None:
        nonlocal nodes
        if len(chosen) == size:
            return chosen
        if len(chosen) + len(allowed) < size:
            return None
        for k, x in enumerate(allowed.tolist()):
            nodes += 1
            if nodes > _NODES:
                return None
            found = extend([*chosen, x], allowed[k + 1 :][apart[x, allowed[k + 1 :]]])
            if found is not None:
                return found
        return None

    found = extend([0], np.flatnonzero(apart[0]))
    return None if found is None else [transversal[k] for k in found]


def _monomial(group: FiniteGroup, subgroup: np.ndarray, exponents: np.ndarray, e: int) -> Representation:
    """Induced from a linear character: R(x) t_j = t_i lambda(h) where x t_j = t_i h."""
    transversal, where = left_cosets(group, subgroup.tolist())
    size, t = len(transversal), np.array(transversal)
    on_group = np.zeros(group.order, dtype=np.int64)
    on_group[subgroup] = exponents
    moved = group.multiply(np.arange(group.order)[:, None], t[None, :])  # x t_j
    i = where[moved]
    values = powers(e)[on_group[group.multiply(group.inverses[t[i]], moved)]]
    numerators = np.zeros((group.order, size, size, values.shape[-1]), dtype=np.int64)
    numerators[np.arange(group.order)[:, None], i, np.arange(size)[None, :]] = values
    matrices = ExactArray(CyclotomicField(e), numerators).smallest()
    return Representation(group, matrices, ExactArray.eye(size, matrices.field))


def _corner(group: FiniteGroup, chi: ExactArray, subgroup: np.ndarray, exponents: np.ndarray, e: int) -> ExactArray:
    """f(x) = (1/|H|) sum_h lambda(h^-1) chi(h x) on all x."""
    shifted = chi[group.multiply(subgroup[:, None], np.arange(group.order)[None, :])]
    if exponents.any():
        shifted = ExactArray(CyclotomicField(e), powers(e)[-exponents % e]).reshape(-1, 1).entrywise(shifted)
    return (shifted.sum() * Fraction(1, len(subgroup))).smallest()


def _spanning_translates(group: FiniteGroup, f: ExactArray, size: int) -> list[int]:
    """Elements t_i whose vectors t_i v are independent: independent columns of the Gram
    matrix [f(x^-1 y)] of a growing pool."""
    p, root = split_prime(f.root_order, _BIG_PRIME)
    image = modulo(f, p, root)
    pool_size = min(group.order, 4 * size)
    while True:
        pool = np.arange(group.order)[:: max(1, group.order // pool_size)]
        gram = image[group.multiply(group.inverses[pool][:, None], pool[None, :])]
        pivots = gram.echelon()[1]
        if len(pivots) == size:
            return [int(pool[k]) for k in pivots]
        if len(pool) == group.order:
            raise ArithmeticError(
                "The translates do not span; the prime divides a Gram determinant or the character is wrong."
            )
        pool_size = min(group.order, 2 * pool_size)
