"""Positive definite Hermitian forms over Q and Q(zeta_n): when a form is c times a sum of squares, and a basis that shows it.

A representation that keeps the form F is unitary in some basis, over the field it is written in, if F is equivalent to c times the unit form
for some c. Over Q that is decided by the determinant and the Hasse invariants (Hasse & Minkowski). Over an imaginary cyclotomic field K with real
subfield K0 the determinant alone decides, modulo norms from K (Landherr 1936): always possible in odd dimension with c = det F; in even
dimension if and only if det F is a norm (:mod:`theory.cyclotomic_norms`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from math import isqrt, prod
from random import Random

import numpy as np

from theory.cyclotomic import Cyclotomic
from theory.cyclotomic_norms import is_norm
from theory.exact_matrices import CyclotomicField, ExactArray, hstack
from theory.groups import FiniteGroup
from theory.irreducibles import irreps
from theory.matrix_representations import Representation
from theory.primes import is_prime

_TRIALS = 20_000  # combinations of small numbers tried for each number of coordinates
_TRIAL_LIMIT = 10**5
_ATTEMPTS = 10
_CYCLOTOMIC_TRIALS = 1_500
_EVEN_SEARCH = 6  # over larger fields searches in larger even dimensions take seconds and have found nothing
_PLACES = {1: 1000, 2: 200, 3: 60, 4: 6}  # how many choices of coordinates, those with small weights first


@dataclass(frozen=True, eq=False)
class Unitarity:
    """Whether matrices are unitary in some basis over ``field``.

    ``verdict`` is True (``basis`` T with T* F T = c, so that T^-1 R T is unitary, stands there where a search among small numbers found one), False
    (``reason`` names the obstruction) or None: a number of more than 60 digits could not be factored.
    """

    verdict: bool | None
    field: CyclotomicField
    reason: str
    basis: ExactArray | None = None
    scale: Cyclotomic | None = None


def diagonalise(form: ExactArray) -> tuple[ExactArray, list[Cyclotomic]]:
    """T and d with T* F T = diag(d), for a positive definite Hermitian form, by orthogonalising the unit vectors in order.

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


def factor(n: int) -> dict[int, int]:
    """Prime factors with exponents: trial division to 10^5, then a prime or the square of one.

    Raises:
        ValueError: another composite part is left.
    """
    found, n = _trial(n)
    root = isqrt(n)
    if n > 1 and is_prime(n):
        found[n] = 1
    elif n > 1 and root * root == n and is_prime(root):
        found[root] = 2
    elif n > 1:
        raise ValueError(f"{n} has no factor below 10^5 and is not prime; factoring stops there.")
    return found


def _trial(n: int) -> tuple[dict[int, int], int]:
    found: dict[int, int] = {}
    p = 2
    while p * p <= n and p < _TRIAL_LIMIT:
        while n % p == 0:
            found[p] = found.get(p, 0) + 1
            n //= p
        p += 1 if p == 2 else 2
    if 1 < n < p * p:
        found[n], n = found.get(n, 0) + 1, 1
    return found, n


def squarefree(value: Fraction) -> tuple[int, Fraction]:
    """A squarefree integer s and r > 0 with value = s r^2, value > 0."""
    s = prod(p for p, k in factor(value.numerator * value.denominator).items() if k % 2)
    return s, _ratio(value, s)


def nearly_squarefree(value: Fraction) -> tuple[int, Fraction]:
    """As :func:`squarefree`, but s may keep squares of primes beyond 10^5."""
    found, rest = _trial(value.numerator * value.denominator)
    s = prod(p for p, k in found.items() if k % 2)
    if isqrt(rest) ** 2 != rest:
        s *= rest
    return s, _ratio(value, s)


def _ratio(value: Fraction, s: int) -> Fraction:
    return Fraction(isqrt(value.numerator * value.denominator // s), value.denominator)


def hilbert(a: int, b: int, p: int) -> int:
    """The Hilbert symbol (a, b)_p of nonzero integers at a prime p: 1 if a x^2 + b y^2 = z^2 has a solution over Q_p, else -1 (Serre, Cours d'arithmétique, III)."""
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


def hasse(diagonal: list[int], p: int) -> int:
    """The product of (a_i, a_j)_p over i < j."""
    return prod(hilbert(a, b, p) for a, b in combinations(diagonal, 2))


def rational_scale(diagonal: list[int]) -> tuple[int | None, str]:
    """c with <a_1, ..., a_n> equivalent to c <1, ..., 1> over Q, for squarefree a_i > 0; or None and the obstruction."""
    n, determinant = len(diagonal), prod(diagonal)
    core = squarefree(Fraction(determinant))[0]
    primes = sorted({2, *(p for a in diagonal for p in factor(a))})
    if n % 2 == 0 and core != 1:
        return None, f"the determinant is {core} modulo squares, and in even dimension it would have to be a square"
    if n % 2:
        scale = core
        wrong = [p for p in primes if hasse(diagonal, p) != hilbert(scale, -1, p) ** (n * (n - 1) // 2)]
    elif n % 4 == 0:
        scale, wrong = 1, [p for p in primes if hasse(diagonal, p) != 1]
    else:
        scale = prod(p for p in primes if p % 4 == 3 and hasse(diagonal, p) == -1)
        wrong = [p for p in primes if p % 4 == 1 and hasse(diagonal, p) == -1]
    if wrong:
        return None, f"the Hasse invariant at {wrong[0]} differs from that of every multiple of the unit form"
    return (
        scale,
        f"determinant and Hasse invariants at {', '.join(map(str, primes))} are those of {scale} times the unit form",
    )


# -- a basis -----------------------------------------------------------------------------------------------------------


def _small_numbers(field: CyclotomicField) -> Iterator[Cyclotomic]:
    """Integers of the field, smallest coefficients first, one of x and -x."""
    size = field.degree
    bound = 1
    seen: set[tuple[int, ...]] = set()
    while True:
        for vector in product(range(-bound, bound + 1), repeat=size):
            lead = next((c for c in vector if c), 0)
            if lead >= 0 and vector not in seen:
                seen.add(vector)
                yield Cyclotomic(field.order, vector)
        bound += 1


class _Norms:
    """x -> x x* on small integers of the field, and back: the quotient of two values is a norm if it is found."""

    def __init__(self, field: CyclotomicField) -> None:
        self.field = field
        self.numbers: list[tuple[Cyclotomic, Cyclotomic]] = []
        self.roots: dict[Cyclotomic, Cyclotomic] = {}
        width = {2: 900, 4: 300}.get(field.degree, 120)
        source = _small_numbers(field)
        for _ in range(width):
            x = next(source)
            value = x * x.conjugate()
            self.numbers.append((x, value))
            self.roots.setdefault(value, x)

    def root(self, value: Cyclotomic) -> Cyclotomic | None:
        """z with z z* = value, if a small one times a rational number is found."""
        if value.is_rational:
            rational = value.as_fraction()
            if rational <= 0:
                return None
            try:
                core, scale = squarefree(rational)
            except ValueError:
                return None
            found = self.roots.get(Cyclotomic.rational(core))
            return None if found is None else found * scale
        common = value.denominator
        found = self.roots.get(value * common * common)
        return None if found is None else found * Fraction(1, common)


def _represent(values: list[Cyclotomic], scale: Cyclotomic, norms: _Norms) -> list[Cyclotomic] | None:
    """x with sum a_i x_i x_i* = c, by trying small integers for up to four coordinates."""
    inverse = scale.inverse()
    for width in range(1, min(4, len(values)) + 1):
        per_axis = 1 if width == 1 else min(len(norms.numbers), max(3, round_root(_CYCLOTOMIC_TRIALS, width)))
        for places in list(combinations(range(len(values)), width))[: _PLACES[width]]:
            for chosen in product(norms.numbers[:per_axis], repeat=width) if width > 1 else [(norms.numbers[1],)]:
                if all(not x for x, _ in chosen):
                    continue
                total = sum((values[k] * v for k, (_, v) in zip(places, chosen, strict=True)), Cyclotomic.rational(0))
                z = norms.root(total * inverse)
                if z is not None and z:
                    out = [Cyclotomic.rational(0)] * len(values)
                    for k, (x, _) in zip(places, chosen, strict=True):
                        out[k] = x / z
                    return out
    return None


def _represent_rational(values: list[int], scale: int) -> list[Fraction] | None:
    """Rational x with sum a_i x_i^2 = c, a_i integers: small integers y with (sum a_i y_i^2) c a square."""
    for width in range(1, min(4, len(values)) + 1):
        chosen = sorted(combinations(range(len(values)), width), key=lambda places: prod(values[k] for k in places))[
            : _PLACES[width]
        ]
        bound = round_root(_TRIALS * (10 if len(values) == width else 1) // len(chosen), width)
        for places in chosen:
            weights = [values[k] for k in places]
            for y in product(range(1, 2 if width == 1 else bound + 1), repeat=width):
                total = scale * sum(a * k * k for a, k in zip(weights, y, strict=True))
                root = isqrt(total)
                if root * root == total:  # sum a y^2 = root^2 / c = c (root / c)^2
                    out = [Fraction(0)] * len(values)
                    for k, x in zip(places, y, strict=True):
                        out[k] = Fraction(x * scale, root)
                    return out
    return None


def round_root(value: int, k: int) -> int:
    """The largest r with r^k <= value."""
    r = 1
    while (r + 1) ** k <= value:
        r += 1
    return r


def scaled_basis(form: ExactArray, scale: Cyclotomic) -> ExactArray | None:
    """T with T* F T = c, or None if small numbers do not give one; over Q with the coordinates in several orders, since luck differs."""
    size = form.shape[0]
    random = Random(size)
    for attempt in range(_ATTEMPTS if form.root_order <= 2 else 1):
        order = list(range(size)) if attempt == 0 else random.sample(range(size), size)
        found = _frame(form[np.ix_(order, order)], scale)
        if found is not None:
            return found[np.argsort(order)]
    return None


def _frame(form: ExactArray, scale: Cyclotomic) -> ExactArray | None:
    """Split off one vector of square c at a time; Witt's cancellation keeps the rest solvable."""
    norms = None if form.root_order <= 2 else _Norms(CyclotomicField(form.root_order))
    frame: list[ExactArray] = []
    rest, whole = form, ExactArray.eye(form.shape[0], form.field)
    while rest.shape[0]:
        T, values = diagonalise(rest)
        if norms is None:
            cores = [nearly_squarefree(d.as_fraction()) for d in values]
            x = _represent_rational([s for s, _ in cores], scale.as_fraction().numerator)
            coordinates = None if x is None else [c / r for c, (_, r) in zip(x, cores, strict=True)]
        else:
            coordinates = _represent(values, scale, norms)
        if coordinates is None:
            return None
        v = T @ ExactArray.of([[c] for c in coordinates]).over(form.field)
        frame.append(whole @ v)
        across = (v.H @ rest).nullspace()
        across = ExactArray(across.field, across.numerators)  # integers keep the next form small
        whole, rest = whole @ across, across.H @ rest @ across
    return hstack(frame)


def unitarity(representation: Representation) -> Unitarity:
    """Decide whether an irreducible representation with an invariant form is unitary in some basis over its own field.

    An irreducible representation keeps one form only, up to a factor from the real subfield (Schur), so a multiple of ``form`` is all there is to try.

    Raises:
        ValueError: no form is known, or the representation is reducible over C.
    """
    form, field = representation.form, representation.field
    if form is None or not isinstance(field, CyclotomicField) or not representation.is_irreducible:
        raise ValueError(
            "Expected an irreducible representation over Q(zeta_n) with an invariant form, as irreps returns; see theory.modules.unitarising_form."
        )
    form = form.over(field)
    if representation.is_unitary:
        return Unitarity(
            True,
            field,
            "the matrices are unitary as they stand",
            ExactArray.eye(representation.degree, field),
            Cyclotomic.rational(1),
        )
    _, values = diagonalise(form)
    try:
        possible, scale, reason = _decide(values, field)
    except ValueError as error:
        return Unitarity(None, field, f"the determinant or a diagonal entry could not be factored: {error}")
    if possible is False:
        return Unitarity(False, field, reason)
    size = representation.degree
    worthwhile = size % 2 == 1 or size <= _EVEN_SEARCH or field.degree <= 2
    basis = scaled_basis(form, scale) if scale is not None and worthwhile else None
    if basis is None:
        tried = "no basis was found among small numbers" if worthwhile else "no basis was looked for"
        return Unitarity(possible, field, f"{reason}; {tried}", None, scale)
    return Unitarity(True, field, reason, basis, scale)


def _decide(values: list[Cyclotomic], field: CyclotomicField) -> tuple[bool | None, Cyclotomic | None, str]:
    determinant = prod(values[1:], start=values[0])
    if field.order <= 2:
        scale, reason = rational_scale([squarefree(d.as_fraction())[0] for d in values])
        return (False, None, reason) if scale is None else (True, Cyclotomic.rational(scale), reason)
    if len(values) % 2:
        return True, determinant, f"in odd dimension over {field} the form is det F times the unit form"
    possible, where = is_norm(*(d.lift(field.order) for d in values))
    verb = "is a norm" if possible else "is no norm"
    reason = f"the determinant {verb} from {field}: {where}"
    return possible, values[0] if possible else None, reason


def unitarised(representation: Representation) -> Representation:
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


def unitary_irreps(group: FiniteGroup) -> tuple[Representation, ...]:
    """:func:`theory.irreducibles.irreps`, each in a unitary basis over its own field where one exists and is found; the others keep their form.

    Unitary bases found by search may have long denominators, which is why ``irreps`` stops at those that come for nothing.
    """
    out = []
    for part in irreps(group):
        found = None if part.is_unitary else unitarity(part)
        out.append(part if found is None or found.basis is None else _moved(part, found.basis))
    return tuple(out)


def _moved(representation: Representation, basis: ExactArray) -> Representation:
    moved = representation.conjugated(basis.inverse())
    return Representation(
        representation.group, moved.matrices, ExactArray.eye(representation.degree, moved.field), representation.name
    )
