"""Character tables, exact, by the method of Burnside, Dixon and Schneider.

The class sums span the centre of the group algebra; its characters are the simultaneous
eigenvectors of the class multiplication matrices. They are found modulo a prime p = 1
mod exponent, and lifted: the multiplicity of an eigenvalue of R(g) is a small integer,
which its residue determines. Source: Dixon 1967; Schneider 1990.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import gcd, isqrt
from random import Random

import numpy as np

from theory.arithmetic.cyclotomic import Cyclotomic, degree, powers, prime_factors
from theory.arithmetic.matrices import CyclotomicField, ExactArray, PrimeField
from theory.arithmetic.primes import split_prime
from theory.groups import FiniteGroup, GroupTooLarge

MAX_CLASSES = 1200
_ATTEMPTS = 60


@dataclass(frozen=True, eq=False)
class CharacterTable:
    """The irreducible characters of a group.

    Rows are ordered by degree, the trivial character first, then by values; columns are
    ``group.classes``. ``array`` has shape ``(k, k)``; ``indicators`` are the
    Frobenius-Schur numbers (1/n) sum_g chi(g^2): 1 real, -1 quaternionic, 0 complex.
    """

    group: FiniteGroup
    array: ExactArray

    @cached_property
    def degrees(self) -> tuple[int, ...]:
        """The values at the identity, ascending."""
        return tuple(int(self.array.fraction(row, 0)) for row in range(len(self.array)))

    @cached_property
    def class_sizes(self) -> tuple[int, ...]:
        """How many elements each class has."""
        return tuple(len(c) for c in self.group.classes)

    @cached_property
    def class_orders(self) -> tuple[int, ...]:
        """The order of the elements of each class."""
        return tuple(c.order for c in self.group.classes)

    def power_map(self, k: int) -> tuple[int, ...]:
        """For each class the class of the k-th powers of its members."""
        powers = self.group.powers(np.array([c.representative for c in self.group.classes]), k)
        return tuple(self.group.class_of[powers].tolist())

    @cached_property
    def indicators(self) -> tuple[int, ...]:
        """The Frobenius-Schur numbers, one a row."""
        sizes = np.array(self.class_sizes)
        sums = (self.array.numerators[:, list(self.power_map(2))] * sizes[None, :, None]).sum(axis=1)
        return tuple(int(row[0]) // (self.group.order * self.array.denominator) for row in sums)

    @cached_property
    def values(self) -> tuple[tuple[Cyclotomic, ...], ...]:
        """The entries as numbers, each in its smallest field."""
        known: dict[tuple[int, ...], Cyclotomic] = {}
        rows = []
        for row in self.array.numerators.tolist():
            entries = []
            for vector in map(tuple, row):
                if vector not in known:
                    known[vector] = Cyclotomic.build(
                        self.array.root_order, vector, self.array.denominator
                    ).in_least_field
                entries.append(known[vector])
            rows.append(tuple(entries))
        return tuple(rows)

    def on_elements(self) -> ExactArray:
        """The characters on all elements, shape ``(k, n)``."""
        return self.array[:, self.group.class_of]

    @cached_property
    def power_maps(self) -> dict[int, tuple[int, ...]]:
        """For each prime that divides the exponent, the classes of the p-th powers;
        together they give every power map."""
        return {p: self.power_map(p) for p in prime_factors(self.group.exponent)}

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The Schur type of each row: "real", "complex" or "quaternionic"."""
        return tuple({1: "real", 0: "complex", -1: "quaternionic"}[s] for s in self.indicators)

    @cached_property
    def fields(self) -> tuple[CyclotomicField, ...]:
        """For each row the smallest cyclotomic field that holds its values (a
        representation may need a larger one, see ``irreps``)."""
        return tuple(CyclotomicField(self.array[row].smallest().root_order) for row in range(len(self.degrees)))

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """Names as in the ATLAS: the order of the members, then a letter counting the
        classes of that order in canonical order, ``"2a"``."""
        names, count = [], {}
        for o in self.class_orders:
            count[o] = count.get(o, 0) + 1
            names.append(f"{o}{_letters(count[o] - 1).lower()}")
        return tuple(names)

    @cached_property
    def legend(self) -> dict[str, Cyclotomic]:
        """Letters for the values that are no integers, in order of appearance; ``-A``,
        ``/A`` (conjugate) and ``-/A`` share a letter."""
        found: dict[str, Cyclotomic] = {}
        known: set[Cyclotomic] = set()
        for value in (v for row in self.values for v in row):
            if not value.is_rational and value not in known:
                found[_letters(len(found))] = value
                bar = value.conjugate().in_least_field
                known |= {value, (-value).in_least_field, bar, (-bar).in_least_field}
        return found

    def __repr__(self) -> str:
        return self.text()

    def text(self) -> str:
        """The table under sizes, orders, power maps and representatives of the classes,
        with a legend of the values that are no integers."""
        cells: dict[Cyclotomic, str] = {}
        for letter, value in self.legend.items():
            bar = value.conjugate()
            for number, name in ((-bar, f"-/{letter}"), (bar, f"/{letter}"), (-value, f"-{letter}"), (value, letter)):
                cells[number.in_least_field] = name
        names = self.class_names
        head = [["", *names], ["size", *map(str, self.class_sizes)]]
        head += [[f"^{p}", *(names[k] for k in row)] for p, row in self.power_maps.items()]
        head += [["e.g.", *(self.group.names[c.representative] for c in self.group.classes)]]
        signs = {1: "+", 0: "o", -1: "-"}
        body = [
            [f"chi{k + 1} {signs[s]}", *(cells.get(v, str(v)) for v in row)]
            for k, (row, s) in enumerate(zip(self.values, self.indicators, strict=True))
        ]
        widths = [max(len(line[k]) for line in head + body) for k in range(len(head[0]))]
        lines = [
            "  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in head + body
        ]
        lines += [f"{letter} = {value}" for letter, value in self.legend.items()]
        lines.append(
            "+ real, - quaternionic, o complex"
            + ("; zeta(n) = exp(2 pi i/n), /A the conjugate of A" if self.legend else "")
        )
        return "\n".join(lines)


def _letters(k: int) -> str:
    """A, B, ..., Z, AA, AB, ..."""
    out = ""
    k += 1
    while k:
        k, r = divmod(k - 1, 26)
        out = chr(65 + r) + out
    return out


def linear_characters(group: FiniteGroup) -> np.ndarray:
    """All homomorphisms into the roots of unity, as exponents: row c holds a with c(x)
    = zeta_e^a(x), e the exponent of the group.

    Starting from the derived subgroup, where all are trivial, a character is extended
    by one generator g at a time: if m is the least power with g^m inside, its values at
    g are the m-th roots of its value at g^m.
    """
    n, e = group.order, group.exponent
    inside = np.zeros(n, dtype=bool)
    inside[list(group.derived_subgroup)] = True
    rows = np.zeros((1, n), dtype=np.int64)
    for g in group.generators:
        if inside[g]:
            continue
        members = np.flatnonzero(inside)
        m, power = 1, g
        while not inside[power]:
            m, power = m + 1, int(group.multiply(power, g))
        base = rows[:, power] // m
        values = (base[:, None] + np.arange(m) * (e // m)) % e  # row c, choice t
        extended = np.repeat(rows, m, axis=0)
        chosen = values.reshape(-1)
        shift = 0
        for j in range(1, m):
            shift = int(group.multiply(shift, g))
            coset = group.multiply(shift, members)
            extended[:, coset] = (extended[:, members] + j * chosen[:, None]) % e
            inside[coset] = True
        rows = extended
    return rows


def modulo(array: ExactArray, p: int, root: int) -> ExactArray:
    """The image over F_p of an array over Q(zeta_n) under zeta -> root; a rank over F_p
    never exceeds the true one.

    Raises:
        ValueError: p divides the denominator.
    """
    if array.denominator % p == 0:
        raise ValueError(f"{p} divides the denominator; take another prime.")
    image = np.array([pow(root, k, p) for k in range(array.field.degree)], dtype=np.int64)
    reduced = (array.numerators % p).astype(np.int64)
    total = np.zeros(reduced.shape[:-1], dtype=np.int64)
    for k, z in enumerate(image.tolist()):
        total = (total + reduced[..., k] * z) % p
    return ExactArray.build(PrimeField(p), total[..., None], array.denominator % p)


def character_table(group: FiniteGroup) -> CharacterTable:
    """The exact character table, in canonical order.

    Raises:
        GroupTooLarge: more than 1200 conjugacy classes.
    """
    known = group.__dict__.get("_character_table")
    if known is None:
        e = group.exponent
        if group.is_abelian:
            classes = [c.representative for c in group.classes]
            numerators = powers(e)[linear_characters(group)[:, classes]]
        else:
            if len(group.classes) > MAX_CLASSES:
                raise GroupTooLarge(
                    f"The group has {len(group.classes)} conjugacy classes; exact tables stop at {MAX_CLASSES}. Ask for linear_characters, or for the table of a quotient."
                )
            numerators = _burnside_dixon(group, e)
        known = CharacterTable(group, ExactArray(CyclotomicField(e), _sorted_rows(numerators)))
        group.__dict__["_character_table"] = known
    return known


def _sorted_rows(numerators: np.ndarray) -> np.ndarray:
    trivial = np.zeros_like(numerators[0])
    trivial[:, 0] = 1

    def key(row: np.ndarray) -> tuple[int, bool, tuple[int, ...]]:
        return int(row[0, 0]), bool((row != trivial).any()), tuple((-row).ravel().tolist())

    return np.stack(sorted(numerators, key=key))


def _burnside_dixon(group: FiniteGroup, e: int) -> np.ndarray:
    """Characters as integer vectors, shape ``(k, k, phi(e))``, rows in the order in
    which the roots were met."""
    k = len(group.classes)
    p, z = split_prime(e, max(4 * k * k, 2 * isqrt(group.order) + 2, 257))
    omega = _central_characters(group, p)
    sizes = np.array([len(c) for c in group.classes], dtype=np.int64)
    inverse_size = np.array([pow(int(s), -1, p) for s in sizes], dtype=np.int64)
    inverse_class = group.class_of[group.inverses[[c.representative for c in group.classes]]]
    norms = (omega * omega[:, inverse_class] % p * inverse_size % p).sum(axis=1) % p
    degrees = np.array(
        [_square_root(group.order * pow(int(v), -1, p) % p, group.order, p) for v in norms], dtype=np.int64
    )
    residues = omega * inverse_size % p * degrees[:, None] % p
    return _lift(group, e, residues, p, z)


def _square_root(square: int, order: int, p: int) -> int:
    for d in range(1, isqrt(order) + 1):
        if order % d == 0 and d * d % p == square:
            return d
    raise ArithmeticError("No degree has this square; the eigenvectors are wrong.")


def _central_characters(group: FiniteGroup, p: int) -> np.ndarray:
    """omega_chi(C) = |C| chi(C) / chi(1) modulo p, one row a character: eigenvectors of
    a random combination of class matrices.

    A combination has k different eigenvalues for most coefficients; the Krylov space of
    a random vector then is everything, and its relation is the characteristic
    polynomial, whose roots are read off by evaluating it on all of F_p.
    """
    k = len(group.classes)
    random = Random(group.order * 1000 + k)
    first, columns = group.class_of, []
    for c in group.classes:  # y = x^-1 z for every x: how the class of x meets the class of y over z
        columns.append(first[group.multiply(group.inverses, c.representative)])
    for _ in range(_ATTEMPTS):
        weights = np.array([random.randrange(p) for _ in range(k)], dtype=np.int64)[first]
        matrix = np.zeros((k, k), dtype=np.int64)
        for j, classes in enumerate(columns):
            np.add.at(matrix[:, j], classes, weights)
        found = _eigenvectors(matrix % p, p, random)
        if found is not None and found[0].all():
            scale = np.array([pow(int(v), -1, p) for v in found[0]], dtype=np.int64)
            return (found * scale % p).T
    raise ArithmeticError(f"No combination of class sums separated the characters in {_ATTEMPTS} tries modulo {p}.")


def _eigenvectors(matrix: np.ndarray, p: int, random: Random) -> np.ndarray | None:
    """Columns: eigenvectors of a matrix with k different eigenvalues in F_p; None when
    it is not seen to be one."""
    k = len(matrix)
    krylov = np.empty((k, k + 1), dtype=np.int64)
    krylov[:, 0] = [random.randrange(1, p) for _ in range(k)]
    for j in range(k):
        krylov[:, j + 1] = matrix @ krylov[:, j] % p
    reduced, pivots = ExactArray(PrimeField(p), krylov[..., None]).echelon()
    if pivots != tuple(range(k)):
        return None
    polynomial = np.append(-reduced.numerators[:, k, 0] % p, 1)
    points = np.arange(p, dtype=np.int64)
    values = np.ones(p, dtype=np.int64)
    for c in polynomial[-2::-1].tolist():
        values = (values * points + c) % p
    roots = np.flatnonzero(values == 0)
    if len(roots) != k:
        return None
    quotient = np.ones(
        (k, k), dtype=np.int64
    )  # row i: coefficient of x^i in polynomial / (x - root), a column per root
    for i in range(k - 1, 0, -1):
        quotient[i - 1] = (polynomial[i] + roots * quotient[i]) % p
    return krylov[:, :k] @ quotient % p


def _lift(group: FiniteGroup, e: int, residues: np.ndarray, p: int, z: int) -> np.ndarray:
    """Values in Z[zeta_e] from residues modulo p: m_s = (1/o) sum_t chi(g^t) z_o^(-st)
    is the multiplicity of zeta_o^s."""
    k = len(group.classes)
    values = np.zeros((k, k, degree(e)), dtype=np.int64)
    done = np.zeros(k, dtype=bool)
    rows = powers(e)
    for j, c in enumerate(group.classes):
        if done[j]:
            continue
        o, power, classes = c.order, 0, []
        for _ in range(c.order):
            classes.append(int(group.class_of[power]))
            power = int(group.multiply(power, c.representative))
        zo = pow(z, e // o, p)
        table = np.array([pow(zo, -s, p) for s in range(o)], dtype=np.int64)
        exponents = np.arange(o)
        transform = table[np.outer(exponents, exponents) % o]
        multiplicities = residues[:, classes] @ transform % p * pow(o, -1, p) % p
        for u in range(1, o + 1):  # the powers of g that generate the same group have the same multiplicities, permuted
            if gcd(u, o) == 1 and not done[classes[u % o]]:
                done[classes[u % o]] = True
                values[:, classes[u % o]] = multiplicities @ rows[exponents * u % o * (e // o)]
    return values
