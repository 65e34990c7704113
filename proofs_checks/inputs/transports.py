"""A user's density with points, for the Knothe-Rosenblatt map by quadrature."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from numerics.transports.domain import HypothesisError, LogFunction
from numerics.transports.rosenblatt import KnotheRosenblatt
from numerics.transports.rosenblatt_measurements import MeasuredMap
from proofs_checks.errors import InputError
from proofs_checks.kernel import Case, Cases


def density_at_points(log_prob: LogFunction, points: Tensor | None) -> MeasuredMap:
    """The map of a log density of which only values are known, measured at the points.

    Raises:
        InputError: points of another shape, or a function that cannot be evaluated.
            HypothesisError: no density on an interval there.
    """
    near = _required_points(points, most=3)
    try:
        transport = KnotheRosenblatt.from_log_prob(log_prob, near.shape[1], near=near)
        units = 32 * (near.shape[1] + 8) * (1 + log_prob(near).detach().abs())
        return MeasuredMap.of(transport, log_prob, near, units)
    except HypothesisError:
        raise
    except ValueError as refused:
        raise InputError(str(refused)) from None


def _required_points(points: Tensor | None, most: int) -> Tensor:
    if not isinstance(points, Tensor) or points.ndim != 2 or points.shape[0] == 0 or points.shape[1] > most:
        raise InputError(
            "Give points=, a float64 tensor of shape (N, D) with D = 1, 2 or 3, at which your density is positive."
        )
    return points


def cases_of_density(declared: Cases) -> Any:
    """A page's ``cases_for``: one case of the dimension of the user's points; the
    declared cases without a density."""

    def cases_for(*, log_prob: Any = None, points: Any = None, **others: object) -> list[Case]:
        if log_prob is None:
            return list(declared.always)
        if not isinstance(points, Tensor) or points.ndim != 2:
            raise InputError("Give points=, a float64 tensor of shape (N, D), beside log_prob.")
        return [Case(D=points.shape[1], by="quadrature", size=points.shape[0])]

    return cases_for
