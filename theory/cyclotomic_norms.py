r"""Norms from an imaginary cyclotomic field K = Q(zeta_n) to its real subfield K0: a decision by valuations at inert primes.

A number x of K0, not zero, is :math:`y \bar y` for some y in K if and only if it is so at every place of K0 (Hasse's norm theorem, K/K0 being cyclic).

- At the real places: x is positive in every embedding.
- At a prime that splits in K every number is a norm; at one that is inert, exactly those of even valuation (Serre 1979, V.2).
- At most one prime ramifies in K/K0, and only for n a power of a prime p: the one over p. There the symbol is the product of all the others (reciprocity),
  so it takes care of itself.

The primes of K0 over q are inert exactly when -1 is a power of q modulo n', the part of n prime to q, and n' > 2; valuations are then taken in Z[zeta_n], which
is the ring of integers: a prime over q is (q, g(zeta)) for a factor g of Phi_n modulo q, and b = (Phi_n / g)(zeta) satisfies b P in q Z[zeta_n]
(Dedekind), so that P divides x if and only if q divides x b.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import gcd, prod

from theory.cyclotomic import Cyclotomic, cyclotomic_polynomial, degree, zeta

_TRIAL = 10**5
_DIGITS = 60  # numbers without small factors are factored up to this length


def is_norm(*factors: Cyclotomic) -> tuple[bool, str]:
    """Whether the product of the factors is y y* for some y of their field Q(zeta_n), and the place that decides.

    Args:
        factors: Real (fixed by complex conjugation), not zero, of one order n with Q(zeta_n) imaginary. They are factored one by one.

    Raises:
        ValueError: a factor is zero or not real, or its norm has no known factorisation (a part of more than 60 digits without factors below 10^5).
    """
    order = factors[0].order
    for x in factors:
        if not x or not x.is_real or x.order != order or degree(order) < 2:
            raise ValueError(
                f"Expected nonzero real numbers of one imaginary cyclotomic field, got {x} of Q(zeta_{x.order})."
            )
    if not is_totally_positive(prod(factors[1:], start=factors[0])):
        return False, "it is negative in some real embedding"
    reduced = [_odd(x) for x in factors]
    whole = [Cyclotomic(x.order, x.numerators) * x.denominator for x in reduced]  # times squares of the denominators
    order = whole[0].order
    candidates = sorted({q for x in whole for q in prime_divisors(norm(x)) if inert(q, order)})
    for q in candidates:
        sums = [sum(column) for column in zip(*(valuations(x, q) for x in whole), strict=True)]
        odd = [v for v in sums if v % 2]
        if odd:
            return False, f"its valuation at an inert prime over {q} is {odd[0]}, which is odd"
    if not candidates:
        return True, "no inert prime divides it"
    return True, f"its valuations at the inert primes over {', '.join(map(str, candidates))} are even"


def _odd(x: Cyclotomic) -> Cyclotomic:
    """The same number with n odd or divisible by four."""
    if x.order % 4 != 2:
        return x
    half = x.order // 2
    total = Cyclotomic.build(half, (0,) * degree(half), 1)
    for k, c in enumerate(x.numerators):  # zeta_2m = -zeta_m^((m+1)/2)
        total = total + (-1) ** k * zeta(half, k * (half + 1) // 2 % half) * c
    return total / x.denominator


def norm(x: Cyclotomic) -> int:
    """The product of all conjugates of an integer of Q(zeta_n) over Q."""
    product = Cyclotomic.rational(1)
    for k in range(1, x.order + 1):
        if gcd(k, x.order) == 1:
            product = product * x.galois(k)
    return int(product.as_fraction())


def is_totally_positive(x: Cyclotomic) -> bool:
    """Whether a real number of Q(zeta_n) is positive in every embedding: the elementary symmetric functions of its conjugates, all real, are positive."""
    size = degree(x.order)
    sums, power = [], Cyclotomic.rational(1)
    for _ in range(size):
        power = power * x
        sums.append(
            sum(
                (power.galois(k) for k in range(1, x.order + 1) if gcd(k, x.order) == 1), Cyclotomic.rational(0)
            ).as_fraction()
        )
    symmetric = [Fraction(1)]
    for k in range(1, size + 1):  # Newton's identities
        total = sum((symmetric[k - j] * sums[j - 1] * (1 if j % 2 else -1) for j in range(1, k + 1)), Fraction(0))
        symmetric.append(total / k)
        if symmetric[-1] <= 0:
            return False
    return True


def inert(q: int, n: int) -> bool:
    """Whether the primes of the real subfield over q stay prime in Q(zeta_n): -1 is a power of q modulo the part of n prime to q, which is above 2."""
    while n % q == 0:
        n //= q
    power = q % n
    seen = 1
    while n > 2 and power != n - 1:
        if power == 1 or seen > n:
            return False
        power, seen = power * q % n, seen + 1
    return n > 2


def valuations(x: Cyclotomic, q: int) -> list[int]:
    """The valuations of an integer x of Z[zeta_n] at the primes over q, in the order of the factors of Phi_n modulo q."""
    found = []
    for b in _helpers(x.order, q):
        count, current = 0, x
        while True:
            product = current * b
            if product.denominator != 1 or any(c % q for c in product.lift(x.order).numerators):
                break
            current = product / q
            count += 1
        found.append(count)
    return found


@lru_cache(maxsize=512)
def _helpers(n: int, q: int) -> tuple[Cyclotomic, ...]:
    """(Phi_n / g)(zeta) modulo q for the irreducible factors g of Phi_n modulo q."""
    from flint import fmpz_mod_ctx, fmpz_mod_poly_ctx

    ring = fmpz_mod_poly_ctx(fmpz_mod_ctx(q))
    whole = ring([int(c) for c in cyclotomic_polynomial(n)])
    helpers = []
    for g, _ in whole.factor()[1]:
        coefficients = [int(c) for c in (whole // g).coeffs()]
        helpers.append(Cyclotomic.build(n, tuple(coefficients + [0] * (degree(n) - len(coefficients))), 1))
    return tuple(helpers)


def prime_divisors(n: int) -> list[int]:
    """The primes that divide n.

    Raises:
        ValueError: a part of more than 60 digits without factors below 10^5 that is no prime power.
    """
    from flint import fmpz

    n, found, p = abs(n), [], 2
    while p < _TRIAL and p * p <= n:
        if n % p == 0:
            found.append(p)
            while n % p == 0:
                n //= p
        p += 1 if p == 2 else 2
    if n == 1:
        return found
    rest = fmpz(n)
    if not rest.is_prime() and len(str(n)) > _DIGITS:
        base, exponent = n, 1
        for k in range(2, n.bit_length() // 16 + 1):
            root = int(fmpz(n).root(k))
            if root**k == n and fmpz(root).is_prime():
                base, exponent = root, k
        if exponent == 1:
            raise ValueError(f"a part of {len(str(n))} digits has no factor below 10^5, and factoring stops there")
        return [*found, base]
    return sorted([*found, *(int(p) for p, _ in rest.factor())])
