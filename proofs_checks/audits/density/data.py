"""What a density audit is given, read and checked: points, log densities, scores, and
the coordinate along which the bijections work."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from numerics.streams import Stream
from proofs_checks.audits.budget import Budget
from proofs_checks.audits.density.maps import REVERSED, UNIFORM, Frame
from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.charted_densities import Charted
from proofs_checks.inputs.densities import Model, read_density
from proofs_checks.wording import short

TIMED = (32, 256, 1024)  # points whose evaluation is timed, a larger batch where it takes less than a second
SHARE = 0.5  # of the time, for the bijections
EVALUATIONS = 170  # of log p a point, as the standard normal takes them
FEWEST = 8  # inliers and outliers
PILOT = 4  # inliers and outliers that are followed to see how long it takes
SHARED = 0.6  # of the time of the first bijection's panels: the slopes, the way back and the refinement of each
TRIED = 4  # coordinates, when the audit chooses one
LogFunction = Callable[[Tensor], Tensor]

__all__ = [
    "affordable",
    "base_of",
    "draw_rows",
    "frame_of",
    "log_densities",
    "no_gradient",
    "per_batch",
    "scores_of",
    "thin",
]


def affordable(model: Model, budget: Budget, bijections: int, points: Any) -> tuple[int, tuple[float, int], list[str]]:
    """How many inliers and outliers half of the time suffices for; what an evaluation
    of log p takes in seconds, and the batch in which it takes least; and a note where
    fewer are audited than asked for."""
    _refuse_number(points)
    cost, batch = _cost(model, TIMED[0]), TIMED[0]
    for size in TIMED[1:]:
        if cost * size >= 1.0:
            break
        cost, batch = min((cost, batch), (_cost(model, size), size))
    most = int(SHARE * min(budget.remaining, 1e9) / (2 * bijections * EVALUATIONS * cost))
    if most >= points:
        return points, (cost, batch), []
    most = max(FEWEST, most)
    seconds = 2 * points * bijections * EVALUATIONS * cost / SHARE
    note = f"an evaluation of log p takes {1e3 * cost:.2g} ms: at most {most} inliers and outliers are audited in {budget.seconds:g} s ({points} take seconds={seconds:.0f})"
    return most, (cost, batch), [note]


def thin(
    data: tuple[Tensor, Tensor], follow: Callable[[Tensor], Any], budget: Budget, bijections: int, seed: int
) -> tuple[tuple[Tensor, Tensor], list[str]]:
    """Inliers and outliers, fewer where following some of them along their fibres shows
    that all take more than half of the time; and a note where they are fewer.

    Args:
        follow: What a bijection does to points, evaluations included. bijections: How
            many are built; one that shares its evaluations with another costs
            ``SHARED`` of it.
    """
    stream = Stream(seed, data[0].device).fork("pilot")
    some = torch.cat([part[stream.permutation(len(part))[:PILOT]] for part in data])
    clock = time.perf_counter if some.is_cuda else time.process_time
    started = clock()
    follow(some)
    each = 2 * (clock() - started) / len(some) * (1 + SHARED * bijections)
    most = max(FEWEST, int(SHARE * min(budget.remaining, 1e9) / max(each, 1e-9)))
    if most >= max(map(len, data)):
        return data, []
    kept = tuple(part[stream.fork("kept").permutation(len(part))[:most]] for part in data)
    note = f"an inlier and an outlier take {each:.2g} s: {most} of each are audited in {budget.seconds:g} s (all take seconds={each * max(map(len, data)) / SHARE:.0f})"
    return kept, [note]  # type: ignore[return-value]


def _cost(model: Model, size: int) -> float:
    """Seconds that log p of a point takes in a batch of ``size``."""
    x = model.points.repeat(-(-size // model.points.shape[0]), 1)[:size]
    clock = time.perf_counter if x.is_cuda else time.process_time  # what else the machine does is not the model's
    started = clock()
    with torch.no_grad():
        model.log_prob(x)
    return max(clock() - started, 1e-6) / size


def _refuse_number(points: Any) -> None:
    if isinstance(points, bool) or not isinstance(points, int) or points < 2:
        raise InputError(f"Expected in points how many inliers and outliers to audit, at least 2, got {short(points)}.")


def draw_rows(model: Model, inliers: Tensor, outliers: Tensor, points: int, seed: int) -> tuple[Tensor, Tensor]:
    """At most ``points`` inliers and outliers, drawn at random."""
    stream = Stream(seed, model.points.device)

    def some(x: Tensor, label: str) -> Tensor:
        return x if x.shape[0] <= points else x[stream.fork(label).permutation(x.shape[0])[:points]]

    return some(inliers, "inliers"), some(outliers, "outliers")


def log_densities(model: Model, data: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """log p of inliers and outliers, nats; -inf where p is zero."""
    found = []
    for name, x in zip(("inliers", "outliers"), data, strict=True):
        with torch.no_grad():
            try:
                value = torch.cat([model.log_prob(part) for part in x.split(1 << 12)])
            except InputError:
                raise
            except CALL_ERRORS as error:  # the user's own code: told, not swallowed
                line = str(error).strip().splitlines()[0] if str(error).strip() else "no message"
                raise InputError(f"log_prob raised {type(error).__name__} on the {name}: {line}") from error
        bad = torch.isnan(value) | (value == torch.inf)
        if bool(bad.any()):
            raise InputError(
                f"log p is NaN or +inf at {int(bad.sum())} of {value.numel()} {name}, first in row {int(bad.nonzero()[0])}: there is no density there."
            )
        found.append(value)
    if bool((found[0] == -torch.inf).all()):
        raise InputError(
            "log p is -inf at every inlier: the inliers lie outside the support of the model. Is a preprocessing step missing?"
        )
    return found[0], found[1]


def scores_of(model: Model, score: Any, data: tuple[Tensor, Tensor]) -> dict[str, LogFunction]:
    """The user's scores by name, as log s on flat points: in a chart's coordinates
    where the model has one."""
    if isinstance(model, Charted):
        on_support = scores_of(model.original, score, (model.chart.leave(data[0]), model.chart.leave(data[1])))
        return {name: model.in_chart(log_s) for name, log_s in on_support.items()}
    if score is None:
        return {}
    if not isinstance(score, Mapping):
        score = {"score": score}
    found = {}
    for name, function in score.items():
        if not isinstance(name, str) or name in (UNIFORM, REVERSED):
            raise InputError(
                f"Expected names of scores as text other than {UNIFORM!r} and {REVERSED!r}, got {short(name)}."
            )
        read = read_density(function, data[0].reshape(data[0].shape[0], *model.event_shape), what=f"the score {name!r}")
        values = torch.cat([read.log_prob(x.to(read.dtype)).detach() for x in data])
        bad = ~torch.isfinite(values)
        if bool(bad.any()):
            at = int(bad.nonzero()[0])
            raise InputError(
                f"The score {name!r} is {values[at].item()} at {int(bad.sum())} of {values.numel()} points. It is read as log s, and the theorem needs "
                "0 < s < inf: a score that vanishes has log s = -inf there. Add a positive constant to s, or give another score."
            )
        if read.dtype != model.dtype:
            raise InputError(
                f"The score {name!r} works in {read.dtype} and the model in {model.dtype}; give both one precision, best float64."
            )
        found[name] = read.log_prob
    return found


def no_gradient(model: Model) -> bool:
    """Whether log p varies and carries no gradient."""
    if model.differentiable:
        return False
    with torch.no_grad():
        values = model.log_prob(model.points)
    return bool((values != values[0]).any())


def frame_of(coordinate: Any, model: Model, data: tuple[Tensor, Tensor]) -> Frame:
    """The coordinate to change, with the median and the spread of the inliers in it."""
    inliers, dim = data[0], model.dim
    centre = inliers.median(0).values
    spread = (inliers - centre).abs().mean(0)
    if coordinate is None:
        farthest = ((torch.cat(data) - centre).abs() / spread).amax(0).nan_to_num(nan=math.inf)
        nearest = [int(k) for k in farthest.argsort()[:TRIED]]
        coordinate = min(nearest, key=lambda k: _deepest(model, torch.cat(data), k, float(centre[k])))
    if isinstance(coordinate, bool) or not isinstance(coordinate, int) or not 0 <= coordinate < dim:
        raise InputError(f"Expected in coordinate one of 0..{dim - 1}, or None, got {short(coordinate)}.")
    scale = float(spread[coordinate])
    return Frame(dim, coordinate, float(centre[coordinate]), scale if scale > 0 else 1.0)


def _deepest(model: Model, x: Tensor, k: int, centre: float) -> float:
    """How far log p falls, from its largest value between the median and a point to the
    point itself, at the worst point."""
    steps = torch.linspace(0, 1, 5, dtype=x.dtype, device=x.device)
    between = x[:, None].repeat(1, steps.numel(), 1)
    between[:, :, k] = centre + steps * (x[:, k : k + 1] - centre)
    with torch.no_grad():
        log_p = model.log_prob(between.view(-1, model.dim)).view(x.shape[0], -1)
    return float((log_p.amax(1) - log_p[:, -1]).nan_to_num(nan=0.0).amax())


def base_of(base: Any, frame: Frame) -> float | LogFunction:
    """The base point in the user's coordinates."""
    if isinstance(base, str) and base == "median":
        return frame.centre
    if callable(base):
        return base
    if isinstance(base, (int, float)) and not isinstance(base, bool) and abs(base) < math.inf:
        return float(base)
    raise InputError(
        f'Expected in base a finite number inside the fibres, a function from the other coordinates to one, or "median", got {short(base)}. '
        "A base point at infinity makes the map infinite for some densities."
    )


def per_batch(tile: Any, dim: int, fastest: int = TIMED[-1]) -> int:
    """How many points are evaluated at once where ``tile`` numbers may be held: fewer
    where a smaller batch was ``fastest``."""
    if isinstance(tile, bool) or not isinstance(tile, int) or tile < 1:
        raise InputError(f"Expected in tile how many numbers may be held at once, at least 1, got {short(tile)}.")
    return max(15, tile // dim if fastest == TIMED[-1] else min(tile // dim, fastest))
