"""A user's log density and log score, for the map that realises the score: tried on
points, and given the cases that fit them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from numerics.streams import Stream
from numerics.transports.arbitrary_score_measurements import ScoredDensity, declared_scored_density
from numerics.transports.domain import LogFunction
from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import log_densities
from proofs_checks.kernel import Case, Cases

DIMENSIONS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)  # at which a user's functions are tried

__all__ = ["cases_of_scores", "scored_density"]


def scored_density(
    case: Case, stream: Stream, *, p: LogFunction | None, s: LogFunction | None, base: Any, points: Tensor | None
) -> ScoredDensity:
    """The pair that a case names, with what the user gave in the place of its parts;
    standard normal points for a user's ``p``.

    Raises:
        InputError: ``p`` or ``s`` cannot be evaluated on the points, or returns
            something else than one log density a point.
    """
    seeded = Stream(case.get("seed", 0), stream.device, stream.dtype)
    dim = case.D if points is None else points.shape[-1]
    kinds = case.get("p", "mixture"), case.get("s", "wide")
    named = declared_scored_density(kinds, dim, case.size, seeded, stream)
    own = named.base if base is None and p is None else 0.0 if base is None else base
    if points is None:
        points = named.points if p is None else stream.fork("points").normal(case.size, dim)
    for name, function in (("p", p), ("s", s)):
        if function is not None:
            log_densities(name, function, points[:2])
    exponents = named.exponents if p is None and s is None else None
    return ScoredDensity(p or named.log_prob, s or named.log_score, points, own, exponents)


def cases_of_scores(declared: Cases) -> Callable[..., list[Case]]:
    """A page's ``cases_for``: the least, a middle and the largest dimension that ``p``
    and ``s`` accept, and no name of what the user gave."""

    def cases_for(
        *,
        p: LogFunction | None = None,
        s: LogFunction | None = None,
        points: Any = None,
        distribution: Any = None,
        **others: object,
    ) -> list[Case]:
        given = {"p": p, "s": s}
        if p is s is points is distribution is None:
            return list(declared.always)
        if distribution is not None or points is not None:
            fitting = [distribution.dim if distribution is not None else torch.as_tensor(points).shape[-1]]
        else:
            fitting = [dim for dim in DIMENSIONS if all(_accepts(function, dim) for function in (p, s) if function)]
        if not fitting:
            for name, function in given.items():
                if function is not None:
                    log_densities(name, function, torch.zeros(2, 2, dtype=torch.float64))
            raise InputError(
                f"p and s accept no common dimension among {', '.join(map(str, DIMENSIONS))}; say which with case=Case(D=.., size=..), or give points."
            )
        chosen = dict.fromkeys((fitting[0], fitting[len(fitting) // 2], fitting[-1]))
        labels = {
            name: label for name, label, own in (("p", "mixture", p or distribution), ("s", "wide", s)) if own is None
        }
        return [Case(D=dim, **labels, seed=1, size=512 if distribution is None else 20_000) for dim in chosen]

    return cases_for


def _accepts(function: LogFunction, dim: int) -> bool:
    try:
        log_densities("it", function, torch.linspace(-1, 1, 2 * dim, dtype=torch.float64).view(2, dim))
    except InputError:
        return False
    return True
