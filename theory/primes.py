"""Primes that split Q(zeta_n): the prime fields in which exact linear algebra over cyclotomic numbers is carried out."""

from __future__ import annotations

from functools import lru_cache

from theory.cyclotomic import prime_factors

_WITNESSES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)


def is_prime(n: int) -> bool:
    """Whether n is a prime; decided for every n below 3e24 (the strong test to the first twelve primes, Sorenson & Webster 2017)."""
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


@lru_cache(maxsize=4096)
def split_prime(order: int, above: int) -> tuple[int, int]:
    """The least prime p > ``above`` with p = 1 mod ``order``, and an element of that multiplicative order in F_p."""
    p = above + (1 - above) % order
    while p <= above or not is_prime(p):
        p += order
    for g in range(2, p):
        z = pow(g, (p - 1) // order, p)
        if all(pow(z, order // q, p) != 1 for q in prime_factors(order)):
            return p, z
    return p, 1
