"""Rational primes: factorisation, and primes that split Q(zeta_n), over which exact
linear algebra of cyclotomic numbers is carried out."""

from __future__ import annotations

from functools import lru_cache

from theory.arithmetic.cyclotomic import prime_factors

_TRIAL = 10**5
_DIGITS = 60  # numbers without small factors are factored up to this length
_WITNESSES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)


class TooLongToFactor(ValueError):
    """A part without small factors has more digits than are worked on, and is no prime
    power."""


def is_prime(n: int) -> bool:
    """Whether n is a prime; decided for every n below 3e24 (the strong test to the
    first twelve primes, Sorenson & Webster 2017)."""
    if n < 2:
        return False
    for q in _WITNESSES:
        if n % q == 0:
            return n == q
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for a in _WITNESSES:
        x = pow(a, d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def factor(n: int) -> dict[int, int]:
    """The primes that divide an integer, not zero, with their exponents, ascending.

    Raises:
        ValueError: n is zero.
        TooLongToFactor: a part of more than 60 digits without factors below 10^5 is no
            prime power.
    """
    from flint import fmpz

    if n == 0:
        raise ValueError("Expected an integer other than zero to factor.")
    n, found, p = abs(n), {}, 2
    while p < _TRIAL and p * p <= n:
        while n % p == 0:
            found[p], n = found.get(p, 0) + 1, n // p
        p += 1 if p == 2 else 2
    if n == 1:
        return found
    rest = fmpz(n)
    if rest.is_prime() or len(str(n)) <= _DIGITS:
        return found | {int(p): int(k) for p, k in sorted(rest.factor())}
    for k in range(2, n.bit_length() // 16 + 1):
        root = rest.root(k)
        if root**k == rest and root.is_prime():
            return found | {int(root): k}
    raise TooLongToFactor(f"a part of {len(str(n))} digits has no factor below 10^5, and factoring stops there")


def prime_divisors(n: int) -> list[int]:
    """The primes that divide an integer, ascending; raises as :func:`factor`."""
    return list(factor(n))


@lru_cache(maxsize=4096)
def split_prime(order: int, above: int) -> tuple[int, int]:
    """The least prime p > ``above`` with p = 1 mod ``order``, and an element of that
    multiplicative order in F_p."""
    p = above + (1 - above) % order
    while p <= above or not is_prime(p):
        p += order
    for g in range(2, p):
        z = pow(g, (p - 1) // order, p)
        if all(pow(z, order // q, p) != 1 for q in prime_factors(order)):
            return p, z
    return p, 1
