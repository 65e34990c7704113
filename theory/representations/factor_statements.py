"""Disentanglement of representations as statements: projectors of every size, every
number of factors, sums of irreps in skew bases, and pairs of commuting matrices over
finite fields where subspaces can be listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import combinations_with_replacement, product
from math import prod

import sympy as sp

from theory.arithmetic.matrices import ExactArray, PrimeField, hstack, stack
from theory.groups.factored_groups import FactoredGroup
from theory.groups.families import cyclic, symmetric
from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion
from theory.proof.words import WordTheorem, derivations
from theory.representations.character_tables import character_table
from theory.representations.factor_subspaces import (
    disentangled_dimension,
    entangled_constituents,
    entangled_dimension,
    factor_subspaces,
    fixed_vectors,
    moved_by_two,
    nontrivial_factors,
)
from theory.representations.irreducibles import irreps
from theory.representations.matrices import Representation

Dimension = Callable[[Sequence[int], int], int]

# -- projectors of every size ---------------------------------------------------------------------------------------------

_MEANS = (("aa", "a"), ("bb", "b"), ("cc", "c"), ("ab", "ba"), ("ac", "ca"), ("bc", "cb"))
_MEANING = "a, b: the means over G_1 and G_2, c: that over the product of all other factors, so that bc and ac project onto what G_-1 and G_-2 fix, and abc onto what G fixes"


def projector_derivations() -> Enumeration:
    """Means over commuting factors: P_i is idempotent, P_i P_j = P, P_i P = P, and P_i
    commutes with what commutes with the means."""
    theorems = (
        WordTheorem("P_1 is idempotent", "bcbc", "bc", _MEANS, ("bbcc", "bcc"), meaning=_MEANING),
        WordTheorem("P_1 P_2 = P", "bcac", "abc", _MEANS, ("bacc", "bac"), meaning=_MEANING),
        WordTheorem("P_1 P = P", "bcabc", "abc", _MEANS, ("bacbc", "babcc", "babc", "bbac", "bac"), meaning=_MEANING),
        WordTheorem("P P = P", "abcabc", "abc", _MEANS, ("abacbc", "aabcbc", "aabbcc", "abbcc", "abcc"), meaning=_MEANING),
        WordTheorem(
            "P_1 commutes with R(g)", "bcg", "gbc", (*_MEANS, ("bg", "gb"), ("cg", "gc")), ("bgc",), meaning=_MEANING
        ),
    )  # fmt: skip
    return derivations(theorems, 5, "projectors onto what the other factors fix")


def dimensions_of_outer_products(dimension: Callable[[sp.Expr, sp.Expr, sp.Expr], sp.Expr] | None = None) -> Induction:
    """Every k: for V = V_1 (x) .. (x) V_k, with x_j fixed and y_j further dimensions in
    V_j, the part on which at most one factor acts has dimension sum_i Fix(G_-i) - (k -
    1) Fix(G).

    Every representation of a product is a sum of such V, and dimensions add. ``A`` is
    Fix(G) = x_1 .. x_k, ``F`` the sum of the Fix(G_-i) = (x_i + y_i) prod_(j != i) x_j,
    ``L`` the part that at most one factor moves.

    Args:
        dimension: From (F, A, k) to the dimension claimed.
    """
    claimed = dimension or (lambda F, A, k: F - (k - 1) * A)
    n = sp.Symbol("n", integer=True, positive=True)
    A, L, F = (sp.Function(name) for name in "ALF")
    x, y = sp.Function("x", positive=True), sp.Function("y", positive=True)

    def without(i: int, k: int, own: sp.Expr) -> sp.Expr:
        return sp.Mul(own, *(x(j) for j in range(1, k + 1) if j != i))

    def at_most_one(k: int) -> sp.Expr:
        """All choices of a fixed or a further part of each V_j, at most one of the
        latter."""
        parts = product((0, 1), repeat=k)
        return sp.Add(
            *(sp.Mul(*(y(j + 1) if own else x(j + 1) for j, own in enumerate(c))) for c in parts if sum(c) < 2)
        )

    objects = (
        Recursion(A(n), (x(1),), x(n + 1) * A(n), lambda k: sp.Mul(*(x(j) for j in range(1, k + 1)))),
        Recursion(
            F(n), (x(1) + y(1),), x(n + 1) * F(n) + (x(n + 1) + y(n + 1)) * A(n),
            lambda k: sp.Add(*(without(i, k, x(i) + y(i)) for i in range(1, k + 1))),
        ),
        Recursion(L(n), (x(1) + y(1),), x(n + 1) * L(n) + y(n + 1) * A(n), at_most_one),
    )  # fmt: skip
    claim = (Equation("the part that at most one factor moves", L(n), claimed(F(n), A(n), n)),)
    return Induction("dimension of the disentangled part, for every number of factors", n, claim, objects)


# -- sums of irreps in skew bases -----------------------------------------------------------------------------------------

_PRODUCTS = {
    "C2 x C2": lambda: FactoredGroup.of(cyclic(2), cyclic(2)),
    "C3 x C3": lambda: FactoredGroup.of(cyclic(3), cyclic(3)),
    "C2 x C3": lambda: FactoredGroup.of(cyclic(2), cyclic(3)),
    "C2 x C2 x C2": lambda: FactoredGroup.of(cyclic(2), cyclic(2), cyclic(2)),
    "S3 x C2": lambda: FactoredGroup.of(symmetric(3), cyclic(2)),
    "Klein's group x C2": lambda: FactoredGroup.of(cyclic(2), cyclic(2), cyclic(2)).regroup([(0, 2, 4, 6), (0, 1)]),
    "Klein's group as <a> x <ab>": lambda: FactoredGroup.of(cyclic(2), cyclic(2)).regroup([(0, 2), (0, 3)]),
}
_KINDS = {
    "C2 x C2": 4,
    "C3 x C3": 9,
    "C2 x C3": 6,
    "C2 x C2 x C2": 8,
    "S3 x C2": 6,
    "Klein's group x C2": 8,
    "Klein's group as <a> x <ab>": 4,
}
Member = tuple[str, int, int]
Verdict = Callable[[Member], bool]


@cache
def product_by_name(label: str) -> FactoredGroup:
    """A product by its name."""
    return _PRODUCTS[label]()


@cache
def sum_of_two(member: Member) -> Representation:
    """The sum of two irreps, by their rows, in a basis that is not orthogonal."""
    label, first, second = member
    parts = irreps(product_by_name(label).group)
    whole = parts[first].sum(parts[second])
    size = whole.degree
    skew = [[1 if i == j else (2 if j == i + 1 else 0) + (1 if i == size - 1 and j == 0 and size > 2 else 0) for j in range(size)] for i in range(size)]  # fmt: skip
    return whole.change_basis(ExactArray.of(skew))


def sums_of_irreps() -> Family:
    """Sums of two irreps of the products of groups: r (r + 1)/2 where there are r
    irreps, the product of the numbers of classes."""

    def members() -> Iterator[Member]:
        for label in _PRODUCTS:
            rows = range(len(irreps(product_by_name(label).group)))
            yield from ((label, a, b) for a, b in combinations_with_replacement(rows, 2))

    size = sum(r * (r + 1) // 2 for r in _KINDS.values())
    return Family(
        "sums of two irreps of C2 x C2 (two decompositions), C3 x C3, C2 x C3, C2 x C2 x C2 (also as Klein's group x C2), S3 x C2, in skew bases",
        members,
        size,
    )


def one_factor_each(member: Member) -> bool:
    """Every constituent is nontrivial on at most one factor."""
    label, *rows = member
    table = character_table(product_by_name(label).group)
    return all(len(nontrivial_factors(table, row, product_by_name(label))) < 2 for row in rows)


def into_irreps(member: Member) -> bool:
    """The falsehood that a sum of irreducible subspaces is disentangled."""
    return True


def by_the_group_alone(member: Member) -> bool:
    """The falsehood that the group decides, whatever the decomposition: Klein's group
    always as <a> x <b>."""
    label, *rows = member
    product_ = product_by_name("C2 x C2" if label == "Klein's group as <a> x <ab>" else label)
    table = character_table(product_.group)
    return all(len(nontrivial_factors(table, row, product_)) < 2 for row in rows)


def criterion(claimed: Verdict = one_factor_each, dimension: Dimension = disentangled_dimension) -> Enumeration:
    """A sum of two irreps is disentangled exactly where ``claimed`` says so: by means
    of characters, and by projectors, whose images are kept by G_i and left alone by
    G_-i."""

    def by_characters(member: Member) -> bool:
        V, of = sum_of_two(member), product_by_name(member[0])
        return claimed(member) == (entangled_dimension(V, of) == 0)

    def by_subspaces(member: Member) -> bool:
        answers = {by_projectors(member), by_products(member), by_constituents(member)}
        return answers == {claimed(member)}

    return Enumeration("sums of irreps", sums_of_irreps(), by_characters, by_subspaces)


def by_projectors(member: Member) -> bool:
    """The canonical subspaces fill V, and each is left alone by the other factors."""
    V, of = sum_of_two(member), product_by_name(member[0])
    found, eye = factor_subspaces(V, of), ExactArray.eye(V.degree, V.field)
    moved = [
        (V.matrices[x] - eye) @ part
        for part, others in zip(found.parts[1:], of.others, strict=True)
        if part.shape[1]
        for x in others
    ]
    inside = hstack([part for part in found.parts if part.shape[1]] or [eye[:, :0]])
    return inside.shape[1] == inside.rank() == V.degree - found.entangled_dimension == V.degree and all(
        z.is_zero for z in moved
    )


def by_products(member: Member) -> bool:
    """Every product (R(a) - 1)(R(b) - 1), a and b of different factors, is 0."""
    return moved_by_two(sum_of_two(member), product_by_name(member[0])) is None


def by_constituents(member: Member) -> bool:
    """No irreducible constituent is nontrivial on two factors; and those that are fill
    what the characters' means leave over.

    Raises:
        ArithmeticError: they do not, so that one of the two counts is wrong.
    """
    V, of = sum_of_two(member), product_by_name(member[0])
    entangled = entangled_constituents(V, of)
    size = sum(part.degree * part.multiplicity for part in entangled)
    if size != entangled_dimension(V, of):
        raise ArithmeticError(
            f"Constituents fill {size} dimensions where means of traces leave {entangled_dimension(V, of)}: {member}."
        )
    return not entangled


# -- pairs of commuting matrices over finite fields ------------------------------------------------------------------------

Rows = tuple[tuple[int, ...], ...]
Pair = tuple[int, Rows, Rows]  # p, and the matrices by which the generators of two factors act on F_p^d


def _times(A: Rows, B: Rows, p: int) -> Rows:
    columns = list(zip(*B, strict=True))
    return tuple(tuple(sum(x * y for x, y in zip(row, column, strict=True)) % p for column in columns) for row in A)


def commuting_involutions(p: int = 3, d: int = 2) -> Family:
    """Pairs of commuting involutions of F_p^d, p odd: C_2 x C_2 acting. There are
    sum |GL_d| / prod |GL_(d_i)| over d_1 + .. + d_4 = d, the d_i of the four signs."""
    unit = tuple(tuple(int(i == j) for j in range(d)) for i in range(d))

    def members() -> Iterator[Pair]:
        rows = list(product(range(p), repeat=d))
        roots = [A for A in product(rows, repeat=d) if _times(A, A, p) == unit]
        yield from ((p, A, B) for A in roots for B in roots if _times(A, B, p) == _times(B, A, p))

    def order(m: int) -> int:
        return prod(p**m - p**i for i in range(m))

    signs = [c for c in product(range(d + 1), repeat=4) if sum(c) == d]
    size = sum(order(d) // prod(map(order, c)) for c in signs)
    return Family(f"pairs of commuting involutions of F_{p}^{d}", members, size)


def commuting_shears(primes: Sequence[int] = (2, 3, 5)) -> Family:
    """C_p x C_p on F_p^3 by e_2 -> e_2 + e_1 and e_3 -> e_3 + e_1, for each p: the
    characteristic divides the order."""
    A, B = ((1, 1, 0), (0, 1, 0), (0, 0, 1)), ((1, 0, 1), (0, 1, 0), (0, 0, 1))
    return Family("pairs of commuting shears of F_p^3", lambda: iter([(p, A, B) for p in primes]), len(primes))


def splits(pair: Pair) -> bool:
    """By definition: some invariant V_1, fixed by the second matrix, and some invariant
    V_2, fixed by the first, have the direct sum F_p^d; all subspaces are tried."""
    p, A, B = pair
    d = len(A)
    first = [W for W in _subspaces_fixed_by(B, p) if _keeps(A, W, p)]
    second = [W for W in _subspaces_fixed_by(A, p) if _keeps(B, W, p)]
    return any(len(V) * len(W) == p**d and len(V & W) == 1 for V in first for W in second)


def _image(A: Rows, v: tuple[int, ...], p: int) -> tuple[int, ...]:
    return tuple(sum(a * x for a, x in zip(row, v, strict=True)) % p for row in A)


def _keeps(A: Rows, W: frozenset[tuple[int, ...]], p: int) -> bool:
    return all(_image(A, v, p) in W for v in W)


@cache
def _subspaces_fixed_by(A: Rows, p: int) -> tuple[frozenset[tuple[int, ...]], ...]:
    """Every subspace of the vectors that A fixes, as a set of vectors."""
    fixed = [v for v in product(range(p), repeat=len(A)) if _image(A, v, p) == v]
    zero = (0,) * len(A)
    found = {frozenset([zero])}
    grown = set(found)
    while grown:
        larger = {
            frozenset(tuple((x + t * y) % p for x, y in zip(v, w, strict=True)) for v in W for t in range(p))
            for W in grown
            for w in fixed
            if w not in W
        }
        grown = larger - found
        found |= grown
    return tuple(found)


def split_by_fixed_dimensions(family: Family, dimension: Dimension = disentangled_dimension) -> Enumeration:
    """Where means exist, V splits by definition exactly if dim V = Fix(G_2) + Fix(G_1)
    - Fix(G): by kernels over F_p, and by counting fixed vectors."""

    def by_kernels(pair: Pair) -> bool:
        p, A, B = pair
        field, d = PrimeField(p), len(A)
        unit = [[int(i == j) for j in range(d)] for i in range(d)]
        matrices = stack([ExactArray.of([list(row) for row in M], field) for M in (unit, A, B)])
        V = Representation(cyclic(3), matrices)  # a batch of three matrices: only kernels are asked of it
        fixed = [fixed_vectors(V, x).shape[1] for x in ([2], [1])]
        return splits(pair) == (dimension(fixed, fixed_vectors(V, [1, 2]).shape[1]) == d)

    def by_counting(pair: Pair) -> bool:
        p, A, B = pair
        vectors = list(product(range(p), repeat=len(A)))
        fixed = [{v for v in vectors if _image(M, v, p) == v} for M in (B, A)]
        sizes = [_exponent(len(W), p) for W in (*fixed, fixed[0] & fixed[1])]
        return splits(pair) == (dimension(sizes[:2], sizes[2]) == len(A))

    return Enumeration("direct sums over finite fields", family, by_kernels, by_counting)


def _exponent(size: int, p: int) -> int:
    k = 0
    while size > 1:
        size, k = size // p, k + 1
    return k
