"""A user's bijection whose log-determinant has a known range, so that its mean over
draws has an error bound at finite n."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from numerics.detection.typicality import log_det_interval
from numerics.streams import Stream
from numerics.transports import bijections
from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.kernel import Case, Cases


def bounded_bijection(f: Any, case: Case, seeded: Stream) -> tuple[Any, tuple[float, float]]:
    """The user's bijection, or without one that of the case, with an interval that
    holds its log-determinant."""
    if f is None:
        chosen = bijections.bijection(case.f, case.D, seeded.fork("f"))
        return chosen, log_det_interval(chosen)
    missing = [name for name in ("forward", "inverse", "log_det", "log_det_range") if not hasattr(f, name)]
    if missing:
        raise InputError(
            f"Expected f with forward(x), inverse(y), log_det(x) and log_det_range, a pair (low, high) that bounds log_det; it has no {', '.join(missing)}. "
            "Without a range, a mean of log|J| has no error bound at finite n."
        )
    low, high = map(float, f.log_det_range)
    if not low < high:
        raise InputError(f"Expected log_det_range = (low, high) with low < high, got {(low, high)}.")
    return f, (low, high)


def cases_of_bijection(declared: Cases) -> Callable[..., list[Case]]:
    """A page's ``cases_for``: the dimensions 1 and 2 that the user's bijection accepts;
    the declared cases without one."""

    def cases_for(*, f: Any = None, **others: object) -> list[Case]:
        if f is None:
            return list(declared.always)
        fitting = [dim for dim in (1, 2) if _accepts(f, dim)]
        if not fitting:
            raise InputError(
                "f.forward accepted points (2, D) for neither D = 1 nor D = 2. Expected a map from (N, D) to (N, D)."
            )
        return [Case(D=dim, seed=1, size=100_000) for dim in fitting]

    return cases_for


def _accepts(f: Any, dim: int) -> bool:
    try:
        return f.forward(torch.zeros(2, dim, dtype=torch.float64)).shape == (2, dim)
    except CALL_ERRORS:
        return False
