"""Equivalent representations: the polar argument and Schur's average as derivations between words, and exact decisions on small groups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import combinations_with_replacement, permutations
from math import prod
from random import Random
from typing import Any

import sympy

from theory.cyclotomic import Cyclotomic
from theory.exact_matrices import ExactArray, join
from theory.groups import FiniteGroup
from theory.primes import split_prime
from theory.representations import Representation, intertwiners_dimension, irreps
from theory.representations.character_tables import modulo
from theory.rewriting import WordTheorem

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


def root_commutes() -> tuple[sympy.Expr, sympy.Expr]:
    """Entry (i, j) of [P, R] and of [P^2, R] in an orthonormal basis of eigenvectors of P, eigenvalues s, t > 0.

    The second is (s + t) times the first, for matrices of every size; as s + t > 0, R commutes with P if it does with P^2.
    """
    s, t = sympy.symbols("s t", positive=True)
    r = sympy.Symbol("r")
    return (s + t) * (s * r - r * t), s**2 * r - r * t**2


def trace_of_the_average() -> tuple[Any, ...]:
    """tr(X -> A X B) = tr A tr B, by induction on the size d of A: (d, base, step, small), pairs of expressions.

    ``alpha(d)`` is the sum of the first d diagonal entries ``a(k)`` of A, beta the trace of B; each diagonal entry adds a(k) beta.
    """
    d = sympy.Symbol("d", integer=True, positive=True)
    a, alpha = sympy.Function("a"), sympy.Function("alpha")
    beta = sympy.Symbol("beta")
    base = (a(1) * beta, beta * a(1))
    step = (alpha(d) * beta + a(d + 1) * beta, (alpha(d) + a(d + 1)) * beta)
    small = []
    for m, n in ((1, 3), (2, 2), (3, 2)):
        A, B = (sympy.Matrix(k, k, sympy.symbols(f"{name}:{k * k}")) for name, k in (("a", m), ("b", n)))
        small.append((sympy.kronecker_product(A, B.T).trace(), A.trace() * B.trace()))
    return d, base, step, small


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


def sheared(r: Representation) -> Representation:
    """The same in another basis, not orthogonal to the first."""
    shear = [[int(i == j) + 2 * int(j == i + 1) for j in range(r.degree)] for i in range(r.degree)]
    return replace(r.conjugated(ExactArray.of(shear)), name=f"{r.name}, sheared")


def pairs(group: FiniteGroup) -> list[Pair]:
    """All pairs of irreps, and of sums of two irreps of equal degree, the second sum in another basis."""
    parts, sums = irreps(group), sums_of_two(group)
    moved = [sheared(r) for r in sums]
    found = [Pair(a, b) for a, b in combinations_with_replacement(parts, 2)]
    return found + [
        Pair(sums[i], moved[j]) for j in range(len(sums)) for i in range(j + 1) if sums[i].degree == sums[j].degree
    ]


def averaged_intertwiner(pair: Pair, matrix: ExactArray) -> ExactArray:
    """(1/n) sum_g R'(g) X R(g)^-1, which intertwines R and R'."""
    group = pair.first.group
    moved = pair.second.matrices @ matrix[None] @ pair.first.matrices[group.inverses]
    return moved.sum() * Fraction(1, group.order)


def invertible_intertwiner(pair: Pair) -> ExactArray | None:
    """An invertible S with S R(g) = R'(g) S, the average of a random integer matrix; None if it was not invertible.

    Invertible modulo a prime is invertible. If one exists, the average of entries up to 2^20 in size is singular with probability at most
    d / 2^21 (Schwartz and Zippel).
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
    """The rank over a prime field into which the entries are mapped: never above the true one."""
    p, root = split_prime(array.field.order, _PRIME_ABOVE)
    return modulo(array, p, root).rank()


@lru_cache(maxsize=4096)
def equivalent_by_averaging(pair: Pair) -> bool:
    """An invertible intertwiner was found, and it intertwines when multiplied out."""
    found = invertible_intertwiner(pair)
    return found is not None and (found[None] @ pair.first.matrices - pair.second.matrices @ found[None]).is_zero


def equivalent_by_dimensions(pair: Pair) -> bool:
    """dim Hom(R, R) = dim Hom(R, R') = dim Hom(R', R'), by linear equations: with multiplicities m, m' that is |m - m'|^2 = 0."""
    a, b = pair.first, pair.second
    return dimension(a, a) == dimension(a, b) == dimension(b, b)


@lru_cache(maxsize=4096)
def dimension(a: Representation, b: Representation) -> int:
    """:func:`theory.representations.intertwiners_dimension`, remembered."""
    return intertwiners_dimension(a, b)


@lru_cache(maxsize=4096)
def averaging_rank(pair: Pair) -> int:
    """The rank of X -> (1/n) sum_g R'(g) X R(g)^-1, modulo a prime: never above the dimension of the space of intertwiners.

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
    return total.entry().as_fraction() / pair.first.group.order
