"""Exact numbers of the cyclotomic fields Q(zeta_n), zeta_n = exp(2 pi i / n);
:mod:`theory.arithmetic.grammar` reads them.

A number is a vector of integers over one common denominator in the power basis 1, zeta,
..., zeta^(phi(n)-1): two numbers of the same field are equal exactly when their vectors
are. Numbers of different fields meet in Q(zeta_lcm).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property, lru_cache
from math import gcd, lcm

import numpy as np

MAX_ORDER = 2520
MANY = 256  # orders up to here keep their powers


class ExactNumberError(ValueError):
    """A text that is not a number of the grammar, or one beyond its limits."""


@cache
def prime_factors(n: int) -> tuple[int, ...]:
    """The distinct primes that divide ``n >= 1``, ascending."""
    found, p = [], 2
    while p * p <= n:
        if n % p == 0:
            found.append(p)
            while n % p == 0:
                n //= p
        p += 1
    return tuple([*found, n] if n > 1 else found)


@cache
def cyclotomic_polynomial(n: int) -> tuple[int, ...]:
    r"""Integer coefficients, constant term first, of :math:`\Phi_n(x) = \prod_{d \mid
    n} (x^{n/d} - 1)^{\mu(d)}`.

    The factors are applied as power series modulo x^(phi+1): multiplication by x^k - 1
    and division by it are both one pass.
    """
    if n < 1 or n > MAX_ORDER:
        raise ExactNumberError(f"Expected an order 1..{MAX_ORDER} of a root of unity, got {n}.")
    primes = prime_factors(n)
    degree = n
    for p in primes:
        degree = degree // p * (p - 1)
    series = [1] + [0] * degree
    divisors = [(1, 1)]
    for p in primes:
        divisors += [(d * p, -sign) for d, sign in divisors]
    for d, sign in divisors:
        k = n // d
        if sign > 0:  # times (1 - x^k)
            for j in range(degree, k - 1, -1):
                series[j] -= series[j - k]
        else:  # over (1 - x^k)
            for j in range(k, degree + 1):
                series[j] += series[j - k]
    # The signs of (1 - x^k) against (x^k - 1) cancel in pairs except for n = 1.
    return tuple(-c for c in series) if n == 1 else tuple(series)


@cache
def degree(n: int) -> int:
    """phi(n), the degree of Q(zeta_n) over Q."""
    return len(cyclotomic_polynomial(n)) - 1


def powers(n: int) -> np.ndarray:
    """Integer array ``(n, phi(n))``: row k holds zeta_n^k in the power basis
    (read-only)."""
    return _few_powers(n) if n > MANY else _many_powers(n)


def _powers(n: int) -> np.ndarray:
    poly = cyclotomic_polynomial(n)
    size = len(poly) - 1
    low = np.array(poly[:-1], dtype=np.int64)
    rows = np.zeros((n, size), dtype=np.int64)
    rows[0, 0] = 1
    for k in range(1, n):
        top = rows[k - 1, -1]
        rows[k, 1:] = rows[k - 1, :-1]
        rows[k] -= top * low
    rows.setflags(write=False)
    return rows


def _sparse_powers(n: int) -> tuple[tuple[tuple[int, int], ...], ...]:
    return _few_sparse(n) if n > MANY else _many_sparse(n)


def _sparse(n: int) -> tuple[tuple[tuple[int, int], ...], ...]:
    return tuple(tuple((int(j), int(row[j])) for j in np.flatnonzero(row)) for row in powers(n))


# One order up to 2520 takes up to 90 MB: few of the large ones are kept, and all of the small ones.
_many_powers, _many_sparse = cache(_powers), cache(_sparse)
_few_powers, _few_sparse = lru_cache(maxsize=2)(_powers), lru_cache(maxsize=4)(_sparse)


def _fold(n: int, exponents: dict[int, int]) -> tuple[int, ...]:
    """Coordinates of sum c_k zeta^k, given {k: c_k}, in the power basis."""
    out = [0] * degree(n)
    rows = _sparse_powers(n)
    for k, c in exponents.items():
        if c:
            for j, r in rows[k % n]:
                out[j] += c * r
    return tuple(out)


@dataclass(frozen=True, eq=False)
class Cyclotomic:
    """An exact element of Q(zeta_n).

    Args:
        order: n >= 1.
        numerators: phi(n) integers, coordinates on 1, zeta, zeta^2, ...
        denominator: positive, common to all coordinates, in lowest terms.
    Arithmetic with int and Fraction is exact; floats are refused. Equality and hash do
    not depend on the field in which a number is written.
    """

    order: int
    numerators: tuple[int, ...]
    denominator: int = 1

    @classmethod
    def build(cls, order: int, numerators: tuple[int, ...], denominator: int = 1) -> Cyclotomic:
        """The number with these coordinates, brought to lowest terms."""
        if denominator == 0:
            raise ZeroDivisionError("division by zero in a cyclotomic field")
        common = gcd(denominator, *numerators)
        if denominator < 0:
            common = -common
        if common != 1:
            numerators = tuple(c // common for c in numerators)
            denominator //= common
        return cls(order, numerators, denominator)

    @classmethod
    def rational(cls, value: int | Fraction, order: int = 1) -> Cyclotomic:
        """A rational number, written in Q(zeta_order)."""
        value = Fraction(value)
        return cls(order, (value.numerator,) + (0,) * (degree(order) - 1), value.denominator)

    @classmethod
    def root(cls, n: int, k: int = 1) -> Cyclotomic:
        """zeta_n^k."""
        return cls(n, _fold(n, {k % n: 1}))

    def lift(self, order: int) -> Cyclotomic:
        """The same number written in Q(zeta_order); ``order`` is a multiple of the
        present one."""
        if order == self.order:
            return self
        step, rest = divmod(order, self.order)
        if rest:
            raise ExactNumberError(
                f"Q(zeta_{self.order}) is not written inside Q(zeta_{order}): expected a multiple of {self.order}."
            )
        return Cyclotomic(order, _fold(order, {k * step: c for k, c in enumerate(self.numerators)}), self.denominator)

    def _pair(self, other: object) -> tuple[Cyclotomic, Cyclotomic] | None:
        if isinstance(other, bool) or not isinstance(other, (int, Fraction, Cyclotomic)):
            return None
        if not isinstance(other, Cyclotomic):
            return self, Cyclotomic.rational(other, self.order)
        if other.order == self.order:
            return self, other
        order = lcm(self.order, other.order)
        return self.lift(order), other.lift(order)

    def __add__(self, other: Cyclotomic | int | Fraction) -> Cyclotomic:
        if (both := self._pair(other)) is None:
            return NotImplemented
        a, b = both
        numerators = tuple(
            x * b.denominator + y * a.denominator for x, y in zip(a.numerators, b.numerators, strict=True)
        )
        return Cyclotomic.build(a.order, numerators, a.denominator * b.denominator)

    __radd__ = __add__

    def __neg__(self) -> Cyclotomic:
        return Cyclotomic(self.order, tuple(-c for c in self.numerators), self.denominator)

    def __sub__(self, other: Cyclotomic | int | Fraction) -> Cyclotomic:
        return NotImplemented if self._pair(other) is None else self + (-other)

    def __rsub__(self, other: int | Fraction) -> Cyclotomic:
        return -self + other

    def __mul__(self, other: Cyclotomic | int | Fraction) -> Cyclotomic:
        if (both := self._pair(other)) is None:
            return NotImplemented
        a, b = both
        terms: dict[int, int] = {}
        right = [(j, y) for j, y in enumerate(b.numerators) if y]
        for i, x in enumerate(a.numerators):
            if x:
                for j, y in right:
                    terms[i + j] = terms.get(i + j, 0) + x * y
        return Cyclotomic.build(a.order, _fold(a.order, terms), a.denominator * b.denominator)

    __rmul__ = __mul__

    def inverse(self) -> Cyclotomic:
        """1/x, through the conjugates of x: x^{-1} = (product of the other conjugates)
        / norm.

        Raises:
            ZeroDivisionError: x = 0.
        """
        if not self:
            raise ZeroDivisionError("division by zero in a cyclotomic field")
        bar = self.conjugate()
        square = self * bar
        if square.is_rational:  # roots of unity, rationals, quadratic numbers: nearly every number met in practice
            return bar * (1 / square.as_fraction())
        others = Cyclotomic.rational(1, self.order)
        for k in range(2, self.order):
            if gcd(k, self.order) == 1:
                others = others * self.galois(k)
        return others * (1 / (self * others).as_fraction())

    def __truediv__(self, other: Cyclotomic | int | Fraction) -> Cyclotomic:
        if (both := self._pair(other)) is None:
            return NotImplemented
        return both[0] * both[1].inverse()

    def __rtruediv__(self, other: int | Fraction) -> Cyclotomic:
        return self.inverse() * other

    def __pow__(self, exponent: int) -> Cyclotomic:
        base, out = (self if exponent >= 0 else self.inverse()), Cyclotomic.rational(1, self.order)
        exponent = abs(exponent)
        while exponent:
            if exponent & 1:
                out = out * base
            base, exponent = base * base, exponent >> 1
        return out

    def galois(self, k: int) -> Cyclotomic:
        """The image under zeta -> zeta^k; k is prime to the order."""
        if gcd(k, self.order) != 1:
            raise ExactNumberError(
                f"zeta -> zeta^{k} is no automorphism of Q(zeta_{self.order}): {k} and {self.order} share a factor."
            )
        return Cyclotomic(
            self.order,
            _fold(self.order, {j * k % self.order: c for j, c in enumerate(self.numerators)}),
            self.denominator,
        )

    def conjugate(self) -> Cyclotomic:
        """The complex conjugate (zeta -> 1/zeta)."""
        return self.galois(-1)

    @property
    def is_rational(self) -> bool:
        """Whether the number lies in Q."""
        return not any(self.numerators[1:])

    @property
    def is_real(self) -> bool:
        """Whether complex conjugation fixes the number."""
        return self == self.conjugate()

    def as_fraction(self) -> Fraction:
        """The rational value.

        Raises:
            ExactNumberError: the number is not rational.
        """
        if not self.is_rational:
            raise ExactNumberError(f"Expected a rational number, got {self}.")
        return Fraction(self.numerators[0], self.denominator)

    @cached_property
    def in_least_field(self) -> Cyclotomic:
        """The same number in the smallest cyclotomic field that holds it."""
        current = self
        while True:
            for p in prime_factors(current.order):
                smaller = _descend(current, p)
                if smaller is not None:
                    current = smaller
                    break
            else:
                return current

    def __bool__(self) -> bool:
        return any(self.numerators)

    def __eq__(self, other: object) -> bool:
        if (both := self._pair(other)) is None:
            return NotImplemented
        return both[0].numerators == both[1].numerators and both[0].denominator == both[1].denominator

    def __hash__(self) -> int:
        low = self.in_least_field
        return hash(low.as_fraction()) if low.is_rational else hash((low.order, low.numerators, low.denominator))

    def __str__(self) -> str:
        return to_text(self)

    def __repr__(self) -> str:
        return f"Cyclotomic({to_text(self)!r})"


def _descend(number: Cyclotomic, p: int) -> Cyclotomic | None:
    """The number written in Q(zeta_{n/p}), or None when it does not lie there."""
    n = number.order
    m = n // p
    if m % p == 0:  # then Phi_n(x) = Phi_m(x^p): the subfield is spanned by the exponents that p divides
        if any(c for k, c in enumerate(number.numerators) if k % p):
            return None
        return Cyclotomic(m, number.numerators[::p], number.denominator)
    # zeta_n^k = zeta_m^a zeta_p^b with k/n = a/m + b/p mod 1; the only relation among the zeta_p^b is that they sum to zero.
    parts: list[dict[int, int]] = [{} for _ in range(p)]
    for k, c in enumerate(number.numerators):
        if c:
            b = k * pow(m, -1, p) % p
            parts[b][(k - b * m) // p % m] = c
    coordinates = [_fold(m, part) for part in parts]
    if any(other != coordinates[1] for other in coordinates[2:]):
        return None
    return Cyclotomic.build(
        m, tuple(x - y for x, y in zip(coordinates[0], coordinates[1], strict=True)), number.denominator
    )


def _root_text(n: int, k: int) -> str:
    if (n, k) == (4, 1):
        return "i"
    return f"zeta({n})" if k == 1 else f"zeta({n})^{k}"


def to_text(number: Cyclotomic) -> str:
    """The number in the grammar of :func:`theory.arithmetic.grammar.parse`, in its
    smallest field; a rational multiple of a root of unity is one term."""
    low = number.in_least_field
    terms = [(k, Fraction(c, low.denominator)) for k, c in enumerate(low.numerators) if c]
    if len(terms) > 1:  # -1 - zeta(3) reads better as zeta(3)^2
        rows = powers(low.order)
        for k in range(len(low.numerators), low.order):
            first = next(j for j, r in enumerate(rows[k]) if r)
            scale = Fraction(low.numerators[first], low.denominator * int(rows[k][first]))
            if scale and all(
                Fraction(c, low.denominator) == scale * int(r) for c, r in zip(low.numerators, rows[k], strict=True)
            ):
                terms = [(k, scale)]
                break
    pieces = []
    for k, c in terms:
        size = abs(c)
        body = (
            str(size) if k == 0 else (_root_text(low.order, k) if size == 1 else f"{size}*{_root_text(low.order, k)}")
        )
        sign = "-" if c < 0 else "+"
        pieces.append((sign if sign == "-" else "") + body if not pieces else f" {sign} {body}")
    return "".join(pieces) or "0"


zeta = Cyclotomic.root
