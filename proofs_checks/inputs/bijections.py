"""Reading a bijection of the user's: what gives its images and its log-determinant, and
whether the two agree.

Accepted are functions of a batch, functions that return images and log-determinants
together, objects with ``forward`` and ``log_det``, torch's ``Transform`` and whatever
acts like it. A log-determinant that is not given is taken by autograd.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from numerics.transports.bijections import jacobians
from proofs_checks import kernel
from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.inputs.calls import CALL_ERRORS, call
from proofs_checks.inputs.densities import Model
from proofs_checks.inputs.density_checks import bound_of
from proofs_checks.kernel import Bound, Status, measured
from proofs_checks.wording import short

CHECKED = 16  # points at which a full Jacobian is taken beside a log-determinant that is given
LARGEST_DIM = 256  # for which Jacobians are taken at every point
VOLUME, BACK = "its log-determinant", "its inverse"
Batch = Callable[[Tensor], Any]


@dataclass(frozen=True)
class Through:
    """A bijection as the audits see it, on flat points ``(N, D)``.

    Args:
        forward: Images ``(N, D)``. log_det: log |det df/dx|, ``(N,)``. given: Whether
            the log-determinant is the user's.
        inverse: Preimages, where the object has them.
    """

    forward: Callable[[Tensor], Tensor]
    log_det: Callable[[Tensor], Tensor]
    given: bool
    inverse: Callable[[Tensor], Tensor] | None


def read_bijection(through: Any, log_det: Any, model: Model) -> Through:
    """Read a bijection, and try it on two of the model's points.

    Args:
        through: forward(x); or a function that returns (images, log_det); or an object
            with ``forward`` and, if it has them, ``log_det`` (or
            ``log_abs_det_jacobian(x, y)``) and ``inverse`` (or ``inv``).
        log_det: From points to log |det|, ``(N,)``; None to look for it in ``through``,
            and to differentiate otherwise.
    Raises:
        InputError: nothing callable, another shape of the images, images that are not
            finite, a map cut off from autograd when no log-determinant is given.
    """
    forward = _forward(through)
    images = _Images(forward, model)
    both = _returns_both(forward, model)
    volume = log_det if log_det is not None else _own_log_det(through)
    if volume is not None and not callable(volume):
        raise InputError(
            f"Expected in log_det a function from points to log |det|, one number a point, got {short(volume)}."
        )
    with torch.no_grad():
        images(model.points[:2])
    if volume is not None:
        found: Callable[[Tensor], Tensor] = _Volumes(lambda x: call(volume, _events(x, model), "log_det"))
    elif both:
        found = _Volumes(lambda x: call(forward, _events(x, model), "through")[1])
    else:
        found = _Differentiated(images)
    found(model.points[:2])
    given = volume is not None or both
    return Through(images, found, given, _inverse(through, model))


def _forward(through: Any) -> Batch:
    if isinstance(through, (list, tuple)):
        raise InputError(
            "Expected in through one bijection, got a list. Compose them: through = lambda x: second(first(x))."
        )
    method = getattr(through, "forward", None)
    if callable(method) and not callable(getattr(through, "log_abs_det_jacobian", None)):
        return method if not isinstance(through, torch.nn.Module) else through
    if isinstance(through, type) or not callable(through):
        raise InputError(
            f"Expected in through a function of a batch or an object with forward(x), got {short(through)}."
        )
    return through


def _events(x: Tensor, model: Model) -> Tensor:
    return x.reshape(x.shape[0], *model.event_shape)


def _returns_both(forward: Batch, model: Model) -> bool:
    found = call(forward, _events(model.points[:2], model), "through")
    return isinstance(found, tuple) and len(found) == 2 and all(isinstance(part, Tensor) for part in found)


class _Images:
    def __init__(self, function: Batch, model: Model) -> None:
        self.function, self.model = function, model

    def __call__(self, x: Tensor) -> Tensor:
        try:
            found = self.function(_events(x, self.model))
        except CALL_ERRORS as error:  # a user's own code: reported, not hidden
            line = str(error).splitlines()[0] if str(error) else "no message"
            raise InputError(
                f"through raised {type(error).__name__} on points {tuple(_events(x, self.model).shape)}: {line}"
            ) from error
        found = found[0] if isinstance(found, tuple) and found else found
        if not isinstance(found, Tensor) or found.numel() != x.numel() or found.shape[:1] != x.shape[:1]:
            got = tuple(found.shape) if isinstance(found, Tensor) else short(found)
            raise InputError(
                f"Expected through to send points {tuple(_events(x, self.model).shape)} to as many of the same size, got {got}. A bijection keeps the dimension."
            )
        if found.dtype != x.dtype:
            raise InputError(
                f"through returned {found.dtype} for points of {x.dtype}; give both one precision, best float64."
            )
        if not bool(torch.isfinite(found).all()):
            raise InputError(
                f"through is NaN or infinite at {int((~torch.isfinite(found)).reshape(x.shape[0], -1).any(1).sum())} of {x.shape[0]} points; it has to be defined on the data."
            )
        return found.reshape(x.shape[0], -1)


def _own_log_det(through: Any) -> Batch | None:
    if callable(getattr(through, "log_det", None)):
        return through.log_det
    torchlike = getattr(through, "log_abs_det_jacobian", None)
    if callable(torchlike) and callable(through):
        return lambda x: torchlike(x, through(x))
    return None


class _Volumes:
    """One number a point; a transform of coordinates that are not summed over is
    summed."""

    def __init__(self, function: Batch) -> None:
        self.function = function

    def __call__(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            found = self.function(x)
        if not isinstance(found, Tensor) or found.shape[:1] != x.shape[:1]:
            raise InputError(
                f"Expected log_det to return one number a point, shape ({x.shape[0]},), got {tuple(found.shape) if isinstance(found, Tensor) else short(found)}."
            )
        if found.numel() == x.numel() and found.ndim > 1:
            found = found.reshape(x.shape[0], -1).sum(1)
        if found.shape != x.shape[:1]:
            raise InputError(f"Expected log_det of shape ({x.shape[0]},), got {tuple(found.shape)}.")
        return _finite(found.to(x.dtype))


class _Differentiated:
    def __init__(self, images: _Images) -> None:
        self.images = images

    def __call__(self, x: Tensor) -> Tensor:
        if x.shape[1] > LARGEST_DIM:
            raise InputError(
                f"D = {x.shape[1]}: Jacobians by autograd at every point stop at D = {LARGEST_DIM}. Give log_det, from points to log |det|."
            )
        return _finite(
            torch.cat([torch.linalg.slogdet(_jacobian(self.images, part)).logabsdet for part in x.split(256)])
        )


def _jacobian(images: _Images, x: Tensor) -> Tensor:
    try:
        return jacobians(images, x)
    except CALL_ERRORS as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"through could not be differentiated: {str(error).splitlines()[0]} Give log_det, from points to log |det|."
        ) from error


def _finite(values: Tensor) -> Tensor:
    bad = ~torch.isfinite(values)
    if bool(bad.any()):
        raise InputError(
            f"log |det| is {values[bad][0].item()} at {int(bad.sum())} of {values.numel()} points: hypothesis 'det df/dx is nonzero almost everywhere' failed, or the map has no derivative there."
        )
    return values


def _inverse(through: Any, model: Model) -> Callable[[Tensor], Tensor] | None:
    method = getattr(through, "inverse", None)
    if not callable(method):
        try:
            method = getattr(through, "inv", None)
        except NotImplementedError:
            method = None
    if not callable(method):
        return None

    def back(y: Tensor) -> Tensor:
        found = call(method, _events(y, model), "the inverse of through")
        found = (
            found[0] if isinstance(found, (tuple, list)) and found else found
        )  # (points, log|det|), as forward returns
        if not isinstance(found, Tensor) or found.numel() != y.numel():
            raise InputError(
                f"Expected the inverse of through to return points of shape {tuple(_events(y, model).shape)}, got {tuple(found.shape) if isinstance(found, Tensor) else short(found)}."
            )
        return found.reshape(y.shape[0], -1)

    return back


# -- what can be checked of it -----------------------------------------------------------------------------------------------


def check_bijection(chosen: Through, points: Tensor) -> list[Finding]:
    """The log-determinant against autograd's, and the inverse against the points, at a
    few points; unchecked where the object does not say."""
    x = points[:CHECKED]
    return [_volume(chosen, x), _back(chosen, x)]


def _volume(chosen: Through, x: Tensor) -> Finding:
    if not chosen.given:
        return Finding(VOLUME, Status.INAPPLICABLE, "taken by autograd from the map as evaluated")
    try:
        jacobian = jacobians(chosen.forward, x)
    except CALL_ERRORS:
        return Finding(VOLUME, Status.INAPPLICABLE, "unchecked: the map does not let itself be differentiated")
    claimed, found = chosen.log_det(x), torch.linalg.slogdet(jacobian).logabsdet
    bound = _jacobian_bound(claimed, found, jacobian)
    residual = (claimed - found).abs()
    verdict = kernel.judge(measured(residual, bound, points=x.shape[0], resolves=1e-2), route="numeric")
    text = {
        Status.HOLDS: f"agrees with autograd's at {x.shape[0]} points, to {float(residual.max()):.1g}",
        Status.REFUTED: f"differs from autograd's by up to {float(residual.max()):.3g} nats: what it says of the image's density is wrong",
    }.get(verdict.status, verdict.why)
    return Finding(
        VOLUME, verdict.status, text, {"residual": _number(residual.max()), "bound": _number(bound_of(bound).max())}
    )


def _jacobian_bound(claimed: Tensor, found: Tensor, jacobian: Tensor) -> Bound:
    units = 16 * (jacobian.shape[-1] + 8) * torch.finfo(jacobian.dtype).eps
    return Bound(
        {
            "rounding of the logarithms": units * (1 + claimed.abs() + found.abs()),
            "rounding of the Jacobian": units * torch.linalg.cond(jacobian),
        },
        "A relative change d of J moves log|det J| by at most about D d cond(J); autograd and elimination leave d of a few D units of rounding (Higham 2002, ch. 9).",
        assumes=("the entries of J are computed to within 16 (D + 8) units of rounding, relative to the largest",),
    )


def _back(chosen: Through, x: Tensor) -> Finding:
    if chosen.inverse is None:
        return Finding(
            BACK,
            Status.INAPPLICABLE,
            "unchecked: the object shows no inverse; that the map is a bijection is taken from you",
        )
    with torch.no_grad():
        y = chosen.forward(x)
    back = chosen.inverse(y)
    if not isinstance(back, Tensor) or back.shape != x.shape:
        raise InputError(
            f"Expected the inverse of through to return shape {tuple(x.shape)}, got {tuple(getattr(back, 'shape', ()))}."
        )
    try:
        condition = torch.linalg.cond(jacobians(chosen.forward, x))
    except CALL_ERRORS:
        condition = torch.ones_like(x[:, 0])
    size = 1 + x.abs().amax(1) + y.abs().amax(1)
    bound = Bound(
        {"rounding": 64 * (x.shape[1] + 8) * torch.finfo(x.dtype).eps * size * (1 + condition)},
        "Both maps err by a few D units of rounding of their arguments, which the inverse amplifies by the condition of the Jacobian.",
        assumes=(
            "both maps are computed to within 64 (D + 8) units of rounding, and the Jacobian's size is of order one",
        ),
    )
    residual = (back - x).abs().amax(1)
    verdict = kernel.judge(measured(residual, bound, points=x.shape[0], resolves=1e-2), route="numeric")
    text = {
        Status.HOLDS: f"returns to {x.shape[0]} points, to {float(residual.max()):.1g}",
        Status.REFUTED: f"misses points by up to {float(residual.max()):.3g}: it is the inverse of another map, or through is no bijection",
    }.get(verdict.status, verdict.why)
    return Finding(BACK, verdict.status, text, {"residual": _number(residual.max())})


def _number(value: Any) -> float | None:
    number = float(value)
    return number if abs(number) < float("inf") else None
