"""The irreps of the symmetries of a square: the lecture's matrices over Q(i), and what
makes a list of representations complete.

Element k + 4 j is r^k s^j. Groups beside it (Q8, the abelian C4 x C2) name their
elements alike, so that one list of claims speaks of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from typing import Any

from theory.arithmetic.grammar import parse
from theory.arithmetic.matrices import ExactArray, hstack
from theory.groups import FiniteGroup
from theory.groups.families import commuting_square, dihedral, quaternion
from theory.proof.statements import Enumeration, Family
from theory.representations.character_tables import character_table, modulo, split_prime
from theory.representations.irreducibles import irreps
from theory.representations.matrices import Representation, intertwiners_dimension

Word = Sequence[tuple[int, int]]  # (generator 0 or 1, exponent)
SQUARE: tuple[Word, ...] = (((0, 4),), ((1, 2),), ((1, 1), (0, 1), (1, 1), (0, 1)))  # r^4, s^2, s r s r
COMMUTING: tuple[Word, ...] = (((0, 4),), ((1, 2),), ((1, 1), (0, 1), (1, 1), (0, -1)))  # s r s = r
QUATERNION: tuple[Word, ...] = (((0, 4),), ((0, 2), (1, -2)), ((0, 1), (1, 1), (0, 1), (1, -1)))


@dataclass(frozen=True)
class Irreps:
    """What is claimed: that ``representations`` are all the irreps of ``group``, whose
    relations in r and s are ``relators``.

    ``kinds`` is how many there are by theory: (m + 6)/2 for a dihedral group of order 2
    m with m even, one an element for an abelian group.
    """

    group: FiniteGroup
    relators: tuple[Word, ...]
    representations: tuple[Representation, ...]
    kinds: int = (4 + 6) // 2


def lecture_representations(group: FiniteGroup) -> dict[str, Representation]:
    """R1 (trivial), R2, R3, R4 as printed, an entry for each of e, r, r2, r3, s, rs,
    r2s, r3s, and the missing R5 = R2 (x) R3."""
    i = parse("i")
    rows = {"R1": [1] * 8, "R2": [1, -1, 1, -1, 1, -1, 1, -1], "R3": [1, 1, 1, 1, -1, -1, -1, -1]}
    r4 = [
        [[1, 0], [0, 1]], [[i, 0], [0, -i]], [[-1, 0], [0, -1]], [[-i, 0], [0, i]],
        [[0, 1], [1, 0]], [[0, i], [-i, 0]], [[0, -1], [-1, 0]], [[0, -i], [i, 0]],
    ]  # fmt: skip
    found = {name: Representation.from_matrices(group, [[[x]] for x in row], name=name) for name, row in rows.items()}
    found["R4"] = Representation.from_matrices(group, r4, name="R4")
    found["R5"] = found["R2"].tensor(found["R3"])
    return found


D4 = dihedral(4)
LECTURE = lecture_representations(D4)
COMPLETED = Irreps(D4, SQUARE, tuple(LECTURE.values()))
PRINTED = Irreps(D4, SQUARE, tuple(LECTURE[name] for name in ("R1", "R2", "R3", "R4")))


def quaternion_irreps() -> Irreps:
    """Those of Q8, which has the character table of D4."""
    group = quaternion()
    return Irreps(group, QUATERNION, irreps(group))


def commuting_irreps() -> Irreps:
    """The completed list on C4 x C2, where s r s = r: R4 is no representation of it."""
    group = commuting_square(4)
    return Irreps(group, COMMUTING, tuple(lecture_representations(group).values()), kinds=8)


# -- statements ----------------------------------------------------------------------------------------------------------


def statements(claimed: Irreps) -> list[Enumeration]:
    """Homomorphisms first; what follows speaks of representations only, and is stated
    where they are."""
    first = homomorphisms(claimed)
    if not all(obeys(r, claimed) for r in claimed.representations):
        return [first]
    return [first, rows(claimed), table(claimed), completeness(claimed), columns(claimed), indicators(claimed)]


def _members(claimed: Irreps, name: str) -> Family:
    listed = {r.name: r for r in claimed.representations}
    return Family(f"representations {name}", lambda: iter(listed), claimed.kinds)


def _named(claimed: Irreps) -> dict[str, Representation]:
    return {r.name: r for r in claimed.representations}


def homomorphisms(claimed: Irreps) -> Enumeration:
    """Every product of two elements multiplied out; and, by von Dyck, the relations
    alone with words for the other elements."""
    listed = _named(claimed)
    return Enumeration(
        "homomorphisms",
        _members(claimed, "of the group"),
        lambda name: listed[name].defect() is None,
        lambda name: obeys(listed[name], claimed),
    )


def obeys(r: Representation, claimed: Irreps) -> bool:
    """The relations hold for the matrices of r and s, and every other matrix is the
    word r^k s^j that names its element."""
    r_, s_ = r.matrices[1], r.matrices[4]
    eye = ExactArray.eye(r.degree, r.field)
    for word in claimed.relators:
        value = eye
        for letter, exponent in word:
            base = (r_, s_)[letter]
            base = base if exponent > 0 else base.inverse()
            for _ in range(abs(exponent)):
                value = value @ base
        if value != eye:
            return False
    value = eye
    for k in range(4):
        if r.matrices[k] != value or r.matrices[k + 4] != value @ s_:
            return False
        value = value @ r_
    return True


def rows(claimed: Irreps) -> Enumeration:
    """Irreducible and inequivalent: inner products of characters, and dimensions of
    intertwiners by linear equations, are 0 or 1."""
    listed = _named(claimed)
    of = Family(
        "pairs of representations",
        lambda: combinations_with_replacement(listed, 2),
        claimed.kinds * (claimed.kinds + 1) // 2,
    )
    return Enumeration(
        "irreducible, inequivalent, rows orthogonal",
        of,
        lambda pair: listed[pair[0]].inner(listed[pair[1]]) == int(pair[0] == pair[1]),
        lambda pair: intertwiners_dimension(listed[pair[0]], listed[pair[1]]) == int(pair[0] == pair[1]),
    )


def table(claimed: Irreps) -> Enumeration:
    """Every character that Burnside and Dixon's method finds from the multiplication
    table alone is that of one representation listed.

    By comparing values; and by the sum of conj chi(g) R(g), which vanishes for every
    other irreducible R.
    """
    group, found = claimed.group, claimed.representations
    whole = character_table(group)
    listed = [tuple(r.character.entry(c.representative) for c in group.classes) for r in found]
    on_elements = whole.on_elements()

    def seen(k: int) -> bool:
        alive = 0
        for r in found:
            weights = on_elements[k].conj().reshape(group.order, 1, 1)
            alive += not weights.entrywise(r.matrices).sum().is_zero
        return alive == 1

    of = Family("characters found from the table of the group", lambda: iter(range(len(whole.values))), claimed.kinds)
    return Enumeration("table", of, lambda k: listed.count(tuple(whole.values[k])) == 1, seen)


def completeness(claimed: Irreps) -> Enumeration:
    """The indicator function of each element is a combination of matrix coefficients:
    by ranks modulo a prime; and with the coefficients d_i chi_i/|G|."""
    group, found = claimed.group, claimed.representations
    coefficients = hstack([r.matrices.reshape(group.order, r.degree**2) for r in found])
    p, root = split_prime(coefficients.field.order, 2**20)  # pyright: ignore[reportAttributeAccessIssue]
    residues = modulo(coefficients, p, root)
    rank, unit = residues.rank(), ExactArray.eye(group.order, residues.field)

    def spanned(g: int) -> bool:
        return hstack([residues, unit[:, [g]]]).rank() == rank

    def inverted(g: int) -> bool:
        back = group.table[:, int(group.inverses[g])]  # x g^-1 for every x
        for x in range(group.order):
            total = parse("0")
            for r in found:
                total = total + r.degree * r.character.entry(int(back[x]))
            if total != group.order * int(x == g):
                return False
        return True

    return Enumeration("complete", Family("elements", lambda: iter(range(group.order)), 8), spanned, inverted)


def columns(claimed: Irreps) -> Enumeration:
    """Columns of the table against centralisers; and traces of Kronecker products
    against fixed points of x -> g x h^-1."""
    group, found = claimed.group, claimed.representations
    of = Family("pairs of elements", lambda: product(range(group.order), repeat=2), 8**2)

    def centraliser(g: int, h: int) -> int:
        same = group.class_of[g] == group.class_of[h]
        return group.order // len(group.classes[group.class_of[g]]) if same else 0

    def fixed_points(g: int, h: int) -> int:
        return int((group.table[g] == group.table[:, h]).sum())

    return Enumeration(
        "columns orthogonal",
        of,
        lambda pair: _column_product(found, *pair) == centraliser(*pair),
        lambda pair: _kronecker_trace(found, *pair) == fixed_points(*pair),
    )


def _column_product(found: Sequence[Representation], g: int, h: int) -> Any:
    total = parse("0")
    for r in found:
        total = total + r.character.entry(g) * r.character.entry(h).conjugate()
    return total


def _kronecker_trace(found: Sequence[Representation], g: int, h: int) -> Any:
    """tr of the sum of R(g) (x) conj R(h): G x G acting on all functions on G by x -> g
    x h^-1, if the list is complete."""
    total = parse("0")
    for r in found:
        total = total + r.matrices[g].kron(r.matrices[h].conj()).trace().entry()
    return total


def indicators(claimed: Irreps) -> Enumeration:
    """Frobenius and Schur's indicator is +1: by the mean of chi(g^2); and as the
    invariant bilinear forms are symmetric and not all zero."""
    listed = _named(claimed)
    return Enumeration(
        "indicator +1",
        _members(claimed, "with their indicators"),
        lambda name: listed[name].indicator == 1,
        lambda name: symmetric_form(listed[name]),
    )


def symmetric_form(r: Representation) -> bool:
    """The forms sum_g R(g)^T E R(g), E a matrix unit, are symmetric and not all zero:
    real type by linear algebra."""
    alive = False
    for a, b in product(range(r.degree), repeat=2):
        unit = [[int((a, b) == (i, j)) for j in range(r.degree)] for i in range(r.degree)]
        form = (r.matrices.T @ ExactArray.of(unit)[None] @ r.matrices).sum()
        if form != form.T:
            return False
        alive = alive or not form.is_zero
    return alive
