r"""How long the edges of Sarkar's construction have to be for a distortion: the least
tau for all trees of a largest degree, by comparisons of balls."""

from __future__ import annotations

from fractions import Fraction

__all__ = ["least_tau"]

WORKING_BITS = 256


def least_tau(rho: Fraction, degree: int) -> Fraction:
    r"""The least tau for which every tree of this largest degree has distortion below
    rho, rounded up to 2^-30.

    :math:`\cosh\frac\tau{2\rho} \le \cosh\frac\tau2\,\sin\frac\pi\Delta` is one
    comparison of balls, and true for every longer edge.

    Args:
        rho: Above 1.
        degree: At least 3; trees of smaller degree are paths, whose distortion is 1 at
            every tau.
    Raises:
        ValueError: rho <= 1 or a degree below 3.

    >>> round(float(least_tau(Fraction(2), 3)), 8)
    1.28978468
    """
    if not rho > 1 or degree < 3:
        raise ValueError(f"Expected a distortion above 1 and a degree of at least 3, got {rho} and {degree}.")
    step = Fraction(1, 1 << 30)
    low, high = 0, 1 << 30
    while not _enough(high * step, rho, degree):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _enough(middle * step, rho, degree) else (middle, high)
    return high * step


def _enough(tau: Fraction, rho: Fraction, degree: int) -> bool:
    from flint import arb, ctx

    before = ctx.prec
    ctx.prec = WORKING_BITS
    try:
        half = arb(tau.numerator) / arb(2 * tau.denominator)
        return bool((half * rho.denominator / rho.numerator).cosh() <= half.cosh() * (arb.pi() / degree).sin())
    finally:
        ctx.prec = before
