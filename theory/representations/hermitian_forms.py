"""Positive definite Hermitian forms over Q and Q(zeta_n): when a form is c times a sum
of squares, and a basis that shows it.

A representation that keeps the form F is unitary in some basis, over the field it is
written in, if F is equivalent to c times the unit form for some c. Over Q that is
decided by the determinant and the Hasse invariants (Hasse & Minkowski). Over an
imaginary cyclotomic field K with real subfield K0 dimension and determinant alone
decide, the latter modulo norms from K (Landherr 1936): two positive definite forms with
the same are equivalent. So it is always possible in odd dimension, with c = det F; in
even dimension c^n is a norm, and det F has to be one (:mod:`theory.arithmetic.norms`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import gcd, isqrt, prod

from theory.arithmetic.cyclotomic import Cyclotomic
from theory.arithmetic.matrices import CyclotomicField, ExactArray, hstack
from theory.arithmetic.norms import is_norm
from theory.arithmetic.primes import TooLongToFactor, factor, prime_divisors
from theory.representations.hermitian_lattices import FormLattice, orthonormal_basis, short_scale
from theory.representations.matrices import Representation

__all__ = [
    "Unitarity",
    "diagonalise",
    "hasse",
    "hilbert",
    "rational_scale",
    "squarefree",
    "unitarised_where_possible",
    "unitarity",
    "unitary_form",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Unitarity:
    """Whether matrices are unitary in some basis over ``field``.

    ``verdict`` is True (``basis`` T with T* F T = c, so that T^-1 R T is unitary; None
    where the search came to its end), False (``reason`` names the obstruction) or None:
    a number of more than 60 digits could not be factored.
    """

    verdict: bool | None
    field: CyclotomicField
    reason: str
    basis: ExactArray | None = None
    scale: Cyclotomic | None = None


def diagonalise(form: ExactArray) -> tuple[ExactArray, list[Cyclotomic]]:
    """T and d with T* F T = diag(d), for a positive definite Hermitian form, by
    orthogonalising the unit vectors in order.

    Raises:
        ValueError: not Hermitian, or a vector of square zero: not definite.
    """
    if form != form.H:
        raise ValueError("Expected a Hermitian form, F = F*; got one that differs from its adjoint.")
    size = form.shape[0]
    eye = ExactArray.eye(size, form.field)
    columns: list[ExactArray] = []
    values: list[Cyclotomic] = []
    for k in range(size):
        v = eye[:, k : k + 1]
        image = form @ v
        for u, d in zip(columns, values, strict=True):
            inner = (u.H @ image).entry(0, 0)
            if inner:
                v = v - u * (inner / d)
        square = (v.H @ form @ v).entry(0, 0)
        if not square:
            raise ValueError(f"Expected a definite form; vector {k + 1} of the orthogonal basis has square 0.")
        columns.append(v)
        values.append(square)
    return hstack(columns), values


# -- over Q ------------------------------------------------------------------------------------------------------------


def squarefree(value: Fraction) -> tuple[int, Fraction]:
    """A squarefree integer s and r > 0 with value = s r^2, value > 0; raises as
    :func:`theory.arithmetic.primes.factor`."""
    whole = value.numerator * value.denominator
    s = prod(p for p, k in factor(whole).items() if k % 2)
    return s, Fraction(isqrt(whole // s), value.denominator)


def hilbert(a: int, b: int, p: int) -> int:
    """The Hilbert symbol (a, b)_p of nonzero integers at a prime p: 1 if a x^2 + b y^2
    = z^2 has a solution over Q_p, else -1 (Serre, Cours d'arithmétique, III)."""
    alpha, beta = 0, 0
    while a % p == 0:
        a, alpha = a // p, alpha + 1
    while b % p == 0:
        b, beta = b // p, beta + 1
    if p == 2:
        sign = (a - 1) // 2 * ((b - 1) // 2) + alpha * ((b * b - 1) // 8) + beta * ((a * a - 1) // 8)
        return -1 if sign % 2 else 1
    legendre = lambda u: 1 if pow(u, (p - 1) // 2, p) == 1 else -1  # noqa: E731
    out = -1 if alpha * beta % 2 and p % 4 == 3 else 1
    return out * (legendre(a) if beta % 2 else 1) * (legendre(b) if alpha % 2 else 1)


def hasse(diagonal: Sequence[int], p: int) -> int:
    """The product of (a_i, a_j)_p over i < j."""
    return prod(hilbert(a, b, p) for a, b in combinations(diagonal, 2))


def rational_scale(diagonal: Sequence[int], primes: Iterable[int] | None = None) -> tuple[int | None, str]:
    """c with <a_1, ..., a_n> equivalent to c <1, ..., 1> over Q, for integers a_i > 0;
    or None and the obstruction.

    Args:
        diagonal: a_1, ..., a_n.
        primes: Primes outside of which the form is unimodular over Z_p in some basis:
            there its Hasse invariant and that of c <1, ..., 1> are 1. They spare the
            factorisation of the a_i. Those that divide an a_i, unless given; 2 is
            added.
    """
    n = len(diagonal)
    places = sorted({2, *(primes if primes is not None else (p for a in diagonal for p in prime_divisors(a)))})
    odd = {p: sum(_power(a, p) for a in diagonal) % 2 for p in places}
    core = prod(p for p in places if odd[p])
    if n % 2 == 0 and core != 1:
        return None, f"the determinant is {core} modulo squares, and in even dimension it would have to be a square"
    if n % 2:
        scale = core
        wrong = [p for p in places if hasse(diagonal, p) != hilbert(scale, -1, p) ** (n * (n - 1) // 2)]
    elif n % 4 == 0:
        scale, wrong = 1, [p for p in places if hasse(diagonal, p) != 1]
    else:
        scale = prod(p for p in places if p % 4 == 3 and hasse(diagonal, p) == -1)
        wrong = [p for p in places if p % 4 == 1 and hasse(diagonal, p) == -1]
    if wrong:
        return None, f"the Hasse invariant at {wrong[0]} differs from that of every multiple of the unit form"
    return (
        scale,
        f"determinant and Hasse invariants at {', '.join(map(str, places))} are those of {scale} times the unit form",
    )


def _power(a: int, p: int) -> int:
    count = 0
    while a % p == 0:
        a, count = a // p, count + 1
    return count


# -- irreducible representations ---------------------------------------------------------------------------------------


def unitarity(representation: Representation) -> Unitarity:
    """Decide whether an irreducible representation with an invariant form is unitary in
    some basis over its own field.

    An irreducible representation keeps one form only, up to a factor from the real
    subfield (Schur), so a multiple of ``form`` is all there is to try.

    Raises:
        ValueError: no form is known, or the representation is reducible over C.
    """
    form, field = representation.form, representation.field
    if form is None or not isinstance(field, CyclotomicField) or not representation.is_irreducible:
        raise ValueError(
            "Expected an irreducible representation over Q(zeta_n) with an invariant form, as irreps returns; see theory.representations.modules.unitarising_form."
        )
    if representation.is_unitary:
        eye = ExactArray.eye(representation.degree, field)
        return Unitarity(True, field, "the matrices are unitary as they stand", eye, Cyclotomic.rational(1))
    primitive, content = _primitive(form.over(field))
    try:
        possible, scale, reason = (_over_q if field.order <= 2 else _over_cyclotomic)(primitive)
    except TooLongToFactor as error:
        return Unitarity(None, field, f"the determinant could not be factored: {error}")
    if not possible:
        return Unitarity(False, field, reason)
    if scale is None:
        scale = short_scale(FormLattice.of(primitive), _determinant(primitive))
    # F is c times the unit form, so that c F is c^2 times it, and that is the unit form in another basis
    basis = None if scale is None else orthonormal_basis(primitive * scale)
    if scale is None or basis is None:
        return Unitarity(True, field, f"{reason}; the search for a basis came to its end")
    return Unitarity(True, field, reason, basis * scale, scale * content)


def _primitive(form: ExactArray) -> tuple[ExactArray, Fraction]:
    """Integral entries without common factor, and that factor."""
    common = gcd(*(int(c) for c in form.numerators.flat))
    return ExactArray.build(form.field, form.numerators // common), Fraction(common, form.denominator)


def _over_q(form: ExactArray) -> tuple[bool, Cyclotomic | None, str]:
    """An integral form is unimodular at the primes that do not divide its
    determinant."""
    values = [d.as_fraction() for d in diagonalise(form)[1]]
    determinant = prod(values, start=Fraction(1))
    scale, reason = rational_scale([d.numerator * d.denominator for d in values], prime_divisors(int(determinant)))
    return scale is not None, None if scale is None else Cyclotomic.rational(scale), reason


def _over_cyclotomic(form: ExactArray) -> tuple[bool, Cyclotomic | None, str]:
    """In even dimension scale 1 does if any does, c^n being a norm; in odd dimension a
    short one is looked for later."""
    if len(form) % 2:
        return True, None, f"in odd dimension over {form.field} the form is det F times the unit form"
    possible, where = is_norm(_determinant(form))
    one = Cyclotomic.rational(1, form.root_order)
    return possible, one, f"the determinant {'is a norm' if possible else 'is no norm'} from {form.field}: {where}"


def _determinant(form: ExactArray) -> Cyclotomic:
    values = diagonalise(form)[1]
    return prod(values[1:], start=values[0]).lift(form.root_order)


def unitary_form(representation: Representation) -> Representation:
    """The same representation in a basis in which it is unitary over its field.

    Raises:
        ValueError: there is none, or none was found; the message is the reason.
    """
    found = unitarity(representation)
    if found.basis is None:
        words = "No unitary form exists" if found.verdict is False else "No unitary form was found"
        raise ValueError(
            f"{words} over {found.field}: {found.reason}. Keep the invariant form, or extend the field by a square root of the determinant."
        )
    return _moved(representation, found.basis)


def unitarised_where_possible(representation: Representation) -> Representation:
    """:func:`unitary_form`, or the representation itself where no unitary basis exists or
    none is found."""
    basis = unitarity(representation).basis
    return representation if basis is None or representation.is_unitary else _moved(representation, basis)


def _moved(representation: Representation, basis: ExactArray) -> Representation:
    moved = representation.change_basis(basis.inverse())
    return Representation(
        representation.group, moved.matrices, ExactArray.eye(representation.degree, moved.field), representation.name
    )
