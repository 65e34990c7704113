"""Equivalent representations: the polar argument and Schur's average as derivations
between words, and exact decisions on small groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, lru_cache
from itertools import combinations_with_replacement, permutations
from math import comb, prod
from random import Random
from typing import Any

import sympy as sp

from theory.arithmetic.cyclotomic import Cyclotomic
from theory.arithmetic.matrices import ExactArray, join
from theory.arithmetic.primes import split_prime
from theory.groups import FiniteGroup
from theory.groups.families import dihedral, quaternion, small_groups
from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion, Statement
from theory.proof.words import WordTheorem, derivations
from theory.representations.character_tables import modulo
from theory.representations.irreducibles import irreps
from theory.representations.matrices import Representation, intertwiners_dimension

_PRIME_ABOVE = 2**24
_ADJOINTS = {"R": "K", "K": "R", "Q": "J", "J": "Q", "S": "T", "T": "S", "Z": "Y", "Y": "Z", "P": "P", "N": "N"}
_MEANING = "R, Q: R(g), R'(g); K, J: their adjoints; S, T: an intertwiner and its adjoint; Z: its inverse; P: the positive root of S*S; N: its inverse"
_MOVES = (("SR", "QS"),)
_UNITARY = (("RK", ""), ("KR", ""), ("QJ", ""), ("JQ", ""))
_ROOT = (("TS", "PP"), ("PN", ""), ("NP", ""))


def _polar(name: str, left: str, right: str, hypotheses: tuple[tuple[str, str], ...], *chain: str) -> WordTheorem:
    return WordTheorem(name, left, right, hypotheses, chain, _ADJOINTS, _MEANING)


POLAR = (
    _polar("S*S commutes with R", "TSR", "RTS", (*_MOVES, *_UNITARY), "TQS", "RKTQS", "RTJQS"),
    _polar(
        "the inverse root commutes with R where the root does", "NR", "RN", (("PR", "RP"), *_ROOT[1:]), "NRPN", "NPRN"
    ),
    _polar("U = S P^-1 is an isometry", "NTSN", "", _ROOT, "NPPN", "PN"),
    _polar("and onto", "SNNT", "", (*_ROOT, ("SZ", ""), ("ZS", "")), "SNNTSZ", "SNNPPZ", "SNPZ", "SZ"),
    _polar("U intertwines", "SNR", "QSN", (*_MOVES, ("NR", "RN")), "SRN"),
    _polar("R' = U R U*", "Q", "SNRNT", (("SNNT", ""), ("SNR", "QSN")), "QSNNT"),
)
# without J Q = 1 and K R = 1 the first of them has no proof
WITHOUT_UNITARITY = replace(POLAR[0], hypotheses=_MOVES)

_AVERAGE_MEANING = "A, B, C: R'(h), R'(g), R'(hg); E, D, F: R(h)^-1, R(g)^-1, R(hg)^-1; H, G: R(h), R(g)"
AVERAGE = (
    WordTheorem(
        "g -> hg is undone by g -> h^-1 g, so it permutes the terms",
        "IHG",
        "G",
        (("IH", ""), ("HI", "")),
        meaning="I: h^-1; H: h; G: g",
    ),
    WordTheorem(
        "R'(h) carries the term of g to the term of hg",
        "ABXDE",
        "CXF",
        (("AB", "C"), ("DE", "F")),
        ("CXDE",),
        meaning=_AVERAGE_MEANING,
    ),
    WordTheorem(
        "an intertwiner is fixed by every term",
        "BXD",
        "X",
        (("XG", "BX"), ("GD", "")),
        ("XGD",),
        meaning=_AVERAGE_MEANING,
    ),
    WordTheorem(
        "what every term fixes is an intertwiner",
        "AX",
        "XH",
        (("AXE", "X"), ("EH", "")),
        ("AXEH",),
        meaning=_AVERAGE_MEANING,
    ),
)


def equivalence_proof(theorems: Sequence[WordTheorem] | None = None) -> Enumeration:
    """The polar argument in six steps and Schur's average in four; or the theorems
    given."""
    return derivations((*POLAR, *AVERAGE), 6 + 4) if theorems is None else derivations(theorems, len(theorems))


def in_general() -> list[Statement]:
    """Matrices of every size, any number of irreps."""
    return [root_commutes(), trace_of_the_average(), multiplicities_agree()]


def root_commutes() -> Equation:
    """Entry (i, j) of [P^2, R] is s + t times that of [P, R], in an orthonormal basis
    of eigenvectors of P with eigenvalues s, t > 0.

    It involves two eigenvalues only, whatever the size of the matrices; as s + t > 0, R
    commutes with P if it does with P^2.
    """
    s, t = sp.symbols("s t", positive=True)
    P, R = sp.diag(s, t), sp.Matrix(2, 2, sp.symbols("r:4"))
    left, right = (s + t) * (P * R - R * P), P * P * R - R * P * P
    return Equation("entries of the root's commutator", left[0, 1], right[0, 1])


def trace_of_the_average() -> Induction:
    """tr(X -> A X B) = tr A tr B, by induction on the size d of A: one more diagonal
    entry a(d + 1) adds a(d + 1) tr B.

    By definition it is the trace of the Kronecker product of A and B^T, here for the
    general B of size 2 and trace beta.
    """
    d = sp.Symbol("d", integer=True, positive=True)
    a, alpha, T = (sp.Function(name) for name in ("a", "alpha", "T"))
    beta, b, c, e = sp.symbols("beta b c e")
    B, j = sp.Matrix([[b, c], [e, beta - b]]), sp.Symbol("j", integer=True, positive=True)

    def kronecker(k: int) -> sp.Expr:
        A = sp.Matrix(k, k, lambda i, j: a(i + 1) if i == j else sp.Symbol(f"a_{i}{j}"))
        return sp.kronecker_product(A, B.T).trace()  # pyright: ignore[reportAttributeAccessIssue]

    objects = (
        Recursion(alpha(d), (a(1),), alpha(d) + a(d + 1), lambda k: sp.Sum(a(j), (j, 1, k))),
        Recursion(T(d), (a(1) * beta,), T(d) + a(d + 1) * beta, kronecker),
    )
    claim = Equation("trace of X -> A X B", T(d), alpha(d) * beta)
    return Induction("trace of X -> A X B", d, (claim,), objects)


def multiplicities_agree() -> Induction:
    """sum_i (m_i - m'_i)^2 = <chi, chi> - 2 <chi, chi'> + <chi', chi'> for the
    multiplicities of k irreps: equal characters make it vanish."""
    k, j = sp.Symbol("k", integer=True, positive=True), sp.Symbol("j", integer=True, positive=True)
    m, n, first, mixed, second, apart = (sp.Function(name) for name in ("m", "n", "first", "mixed", "second", "apart"))

    def summed(function: sp.Function, term: sp.Expr) -> Recursion:
        at = term.subs
        return Recursion(function(k), (at(j, 1),), function(k) + at(j, k + 1), lambda size: sp.Sum(term, (j, 1, size)))  # pyright: ignore[reportCallIssue]

    objects = (
        summed(first, m(j) ** 2),  # pyright: ignore[reportArgumentType]
        summed(mixed, m(j) * n(j)),  # pyright: ignore[reportArgumentType]
        summed(second, n(j) ** 2),  # pyright: ignore[reportArgumentType]
        summed(apart, (m(j) - n(j)) ** 2),  # pyright: ignore[reportArgumentType]
    )
    claim = Equation("distance of multiplicities", apart(k), first(k) - 2 * mixed(k) + second(k))
    return Induction("distance of multiplicities", k, (claim,), objects)


# -- decisions on small groups -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Pair:
    """Two representations of one group."""

    first: Representation
    second: Representation

    def __str__(self) -> str:
        return f"{self.first}, and {self.second}"


def sums_of_two(group: FiniteGroup) -> list[Representation]:
    """Every sum of two irreps."""
    return [replace(a.sum(b), name=f"{a.name}+{b.name}") for a, b in combinations_with_replacement(irreps(group), 2)]


def in_skew_basis(r: Representation) -> Representation:
    """The same in another basis, not orthogonal to the first."""
    shear = [[int(i == j) + 2 * int(j == i + 1) for j in range(r.degree)] for i in range(r.degree)]
    return replace(r.change_basis(ExactArray.of(shear)), name=f"{r.name}, sheared")


def pairs(group: FiniteGroup) -> list[Pair]:
    """All pairs of irreps, and of sums of two irreps of equal degree, the second sum in
    another basis."""
    parts, sums = irreps(group), sums_of_two(group)
    moved = [in_skew_basis(r) for r in sums]
    found = [Pair(a, b) for a, b in combinations_with_replacement(parts, 2)]
    return found + [
        Pair(sums[i], moved[j]) for j in range(len(sums)) for i in range(j + 1) if sums[i].degree == sums[j].degree
    ]


Key = tuple[str, str, str, int]  # group, the two representations, and which of the pairs so named
_SIZES = ((1, 1), (2, 2), (3, 3), (4, 4), (4, 4), (6, 2), (8, 4))  # order, and order of the largest abelian quotient
Invariant = Callable[[Representation], Any]
Product = Callable[["Pair"], Any]


@cache
def _pairs() -> dict[Key, Pair]:
    found: dict[Key, Pair] = {}
    for group in (*small_groups(4), dihedral(3), quaternion()):
        for k, pair in enumerate(pairs(group)):
            found[group.label, pair.first.name, pair.second.name, k] = pair
    return found


def _number_of_pairs(order: int, quotient: int) -> int:
    """Of irreps, and of sums of two irreps of equal degree, for a group whose irreps
    have degrees 1 and 2.

    There are ``quotient`` of degree 1, the characters of the largest abelian quotient,
    and by the sum of squares (order - quotient)/4 of degree 2.
    """
    plane = (order - quotient) // 4
    sums = (comb(quotient + 1, 2), quotient * plane, comb(plane + 1, 2))  # of degree 2, 3, 4
    return comb(quotient + plane + 1, 2) + sum(comb(count + 1, 2) for count in sums)


def small_pairs() -> Family:
    """All pairs of irreps, and of sums of two irreps of equal degree, of the groups of
    order at most 4, of D3 and of Q8."""

    def members() -> Iterator[Key]:
        return iter(_pairs())

    of = "pairs of irreps, and of sums of two of equal degree, for the groups of order <= 4, D3 and Q8"
    return Family(of, members, sum(_number_of_pairs(*sizes) for sizes in _SIZES))


def equivalent_if_equal(invariant: Invariant | None = None) -> Enumeration:
    """Equivalent exactly if the invariant (the characters) agrees: by an averaged
    intertwiner, and by dimensions of spaces of intertwiners."""
    invariant = characters if invariant is None else invariant

    def agrees(key: Key, decision: Callable[[Pair], bool]) -> bool:
        pair = _pairs()[key]
        return decision(pair) == (invariant(pair.first) == invariant(pair.second))

    name = "equivalent exactly if equal there"
    return Enumeration(
        name,
        small_pairs(),
        lambda key: agrees(key, equivalent_by_averaging),
        lambda key: agrees(key, equivalent_by_dimensions),
    )


def intertwiners_number(product: Product | None = None) -> Enumeration:
    """The dimension of the space of intertwiners is the product given: by linear
    equations, and by the rank of averaging."""
    product = hermitian_product if product is None else product

    def counted(key: Key, count: Callable[[Pair], int]) -> bool:
        pair = _pairs()[key]
        return count(pair) == product(pair)

    return Enumeration(
        "dimension of the intertwiners",
        small_pairs(),
        lambda key: counted(key, lambda pair: dimension(pair.first, pair.second)),
        lambda key: counted(key, averaging_rank),
    )


def averaged_intertwiner(pair: Pair, matrix: ExactArray) -> ExactArray:
    """(1/n) sum_g R'(g) X R(g)^-1, which intertwines R and R'."""
    group = pair.first.group
    moved = pair.second.matrices @ matrix[None] @ pair.first.matrices[group.inverses]
    return moved.sum() * Fraction(1, group.order)


def invertible_intertwiner(pair: Pair) -> ExactArray | None:
    """An invertible S with S R(g) = R'(g) S, the average of a random integer matrix;
    None if it was not invertible.

    Invertible modulo a prime is invertible. If one exists, the average of entries up to
    2^20 in size is singular with probability at most d / 2^21 (Schwartz and Zippel).
    """
    random = Random(pair.first.group.order * 1009 + pair.first.degree)
    size = pair.first.degree
    if pair.second.degree != size:
        return None
    found = averaged_intertwiner(
        pair, ExactArray.of([[random.randint(-(2**20), 2**20) for _ in range(size)] for _ in range(size)])
    )
    return found if rank_modulo(found) == size else None


def rank_modulo(array: ExactArray) -> int:
    """The rank over a prime field into which the entries are mapped: never above the
    true one."""
    p, root = split_prime(array.root_order, _PRIME_ABOVE)
    return modulo(array, p, root).rank()


@lru_cache(maxsize=4096)
def equivalent_by_averaging(pair: Pair) -> bool:
    """An invertible intertwiner was found, and it intertwines when multiplied out."""
    found = invertible_intertwiner(pair)
    return found is not None and (found[None] @ pair.first.matrices - pair.second.matrices @ found[None]).is_zero


def equivalent_by_dimensions(pair: Pair) -> bool:
    """dim Hom(R, R) = dim Hom(R, R') = dim Hom(R', R'), by linear equations: with
    multiplicities m, m' that is |m - m'|^2 = 0."""
    a, b = pair.first, pair.second
    return dimension(a, a) == dimension(a, b) == dimension(b, b)


@lru_cache(maxsize=4096)
def dimension(a: Representation, b: Representation) -> int:
    """:func:`theory.representations.intertwiners_dimension`, remembered."""
    return intertwiners_dimension(a, b)


@lru_cache(maxsize=4096)
def averaging_rank(pair: Pair) -> int:
    """The rank of X -> (1/n) sum_g R'(g) X R(g)^-1, modulo a prime: never above the
    dimension of the space of intertwiners.

    In row-major coordinates that map is (1/n) sum_g R'(g) (x) R(g^-1)^T.
    """
    group = pair.first.group
    field = join(pair.first.field, pair.second.field)
    turned = pair.first.matrices[group.inverses].T.over(field)
    return rank_modulo(pair.second.matrices.over(field).kron(turned).sum())


def characters(r: Representation) -> list[Any]:
    """The traces of all matrices."""
    return r.character.tolist()


def determinants(r: Representation) -> list[Any]:
    """The determinants of all matrices, by Leibniz' formula; degree at most 4."""
    return [_determinant(matrix) for matrix in r.matrices.tolist()]


def _determinant(rows: list[list[Any]]) -> Any:
    size, total = len(rows), Cyclotomic.rational(0)
    for order in permutations(range(size)):
        sign = prod(-1 if order[i] > order[j] else 1 for i in range(size) for j in range(i + 1, size))
        term = Cyclotomic.rational(sign)
        for i in range(size):
            term = term * rows[i][order[i]]
        total = total + term
    return total


def hermitian_product(pair: Pair) -> Any:
    """(1/n) sum_g conj(chi(g)) chi'(g)."""
    return pair.second.inner(pair.first)


def bilinear_product(pair: Pair) -> Any:
    """(1/n) sum_g chi(g) chi'(g): without the conjugate."""
    total = pair.second.character.entrywise(pair.first.character).sum()
    return total.entry().as_fraction() / pair.first.group.order  # pyright: ignore[reportAttributeAccessIssue]
