"""A user's distributions and charts, for claims about sets of inliers: read, probed,
and given the cases that fit them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from numerics.distributions.library_marginals import as_product
from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.kernel import Case, Cases


def line(marginal: Any) -> Any:
    """A user's distribution of the line, with density and quantile function."""
    return columns([marginal]).blocks[0]


def columns(distribution: Any) -> Any:
    """A user's product of one-dimensional distributions."""
    try:
        return as_product(distribution)
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error


def inlier_cases(declared: str) -> Callable[..., list[Case]]:
    """``cases_for`` of sets of a given mass: one case of the dimension of the user's
    distribution, with a quarter of outliers."""

    def cases_for(
        *, distribution: Any = None, marginal: Any = None, direction: Tensor | None = None, **others: object
    ) -> list[Case]:
        if marginal is not None:
            return [Case(alpha=Fraction(1, 4), size=33)]
        dim = len(direction) if direction is not None else getattr(distribution, "dim", 1)
        if dim < 1:
            raise InputError(f"Expected a distribution on R^D with D >= 1, got D = {dim}.")
        label = {} if distribution is not None else {"distribution": declared}
        return [Case(D=dim, **label, alpha=Fraction(1, 4), seed=1, size=50_000)]

    return cases_for


def volume_cases(declared: str) -> Callable[..., list[Case]]:
    """``cases_for`` of level sets: the dimension that the user's distribution names, or
    those of 1..6 that p accepts."""

    def cases_for(*, p: Any = None, distribution: Any = None, **others: object) -> list[Case]:
        if distribution is not None:
            return [Case(D=distribution.dim, share=Fraction(1, 2), size=50_000)]
        fitting = [dim for dim in range(1, 7) if p is None or _accepts(p, dim)]
        if not fitting:
            raise InputError(
                "p accepted points (2, D) for no D = 1..6, and returned (2,). Expected a log density from (N, D) to (N,); for larger D give distribution=, with a sampler."
            )
        label = {} if p is not None else {"p": declared}
        ends, shares = (fitting[0], fitting[-1]), (Fraction(1, 4), Fraction(3, 4))
        return [Case(D=dim, **label, share=share, seed=1, size=1 << 14) for dim in ends for share in shares]

    return cases_for


def _accepts(p: Callable[[Tensor], Tensor], dim: int) -> bool:
    try:
        return p(torch.linspace(-1, 1, 2 * dim, dtype=torch.float64).view(2, dim)).shape == (2,)
    except CALL_ERRORS:
        return False


def increasing_chart(chart: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A user's chart of the line, tried on integers, since the exact route applies it
    to integers and symbols."""
    try:
        images = [chart(at) for at in range(1, 9)]
        increases = all(bool(a < b) for a, b in pairwise(images))
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"The exact route applies the chart to integers and symbols, and it failed: {error}. Ask for another route, or write it with + * ** alone."
        ) from error
    if not increases:
        raise InputError(f"Expected a chart that increases, got the values {', '.join(map(str, images))} at 1..8.")
    return chart


def sequence_cases(declared: Cases) -> Callable[..., list[Case]]:
    """``cases_for`` of typical sets: sequences of one and of sixteen points of the
    user's distribution; the declared cases without one."""

    def cases_for(*, distribution: Any = None, **others: object) -> list[Case]:
        if distribution is None:
            return list(declared.always)
        dim = columns(distribution).dim
        return [Case(D=dim, N=n, k=2, seed=1, size=20_000 if dim * n <= 256 else 2_000) for n in (1, 16)]

    return cases_for
