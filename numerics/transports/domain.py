"""What a transport asks of the functions and points that it is given: how they are
called, and what is said where they fail."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.errors import HypothesisError, PrecisionError

LogFunction = Callable[[Tensor], Tensor]


CONTINUOUS = "the theorem needs {0} continuous and positive there."
BETWEEN = "the theorem needs 0 < {0} < inf between the base point and x. Move the base point, or restrict {0} to where it is positive."
RANGE = (
    "its logarithm leaves the range of {0} there. A constant factor is free: centred(x) or log_unit= scales the first coordinate alike "
    "on all fibres; if the range is wider than that, leave out the rows that inspect(x) names."
)
CAUSES = {  # cause: what is said of it
    "log_prob is NaN": "log_prob returned NaN on {count} fibres; " + CONTINUOUS.format("p"),
    "p is zero": "p is zero (log_prob = -inf) on {count} fibres; " + BETWEEN.format("p"),
    "p is infinite": "p is infinite (log_prob = +inf) on {count} fibres; " + BETWEEN.format("p"),
    "log_score is NaN": "log_score returned NaN on {count} fibres; " + CONTINUOUS.format("s"),
    "s is zero": "s is zero (log_score = -inf) on {count} fibres; " + BETWEEN.format("s"),
    "s is infinite": "s is infinite (log_score = +inf) on {count} fibres; " + BETWEEN.format("s"),
    "integrand is undefined": "The integrand p/s is not finite on {count} fibres although p and s are.",
    "p/s overflows": "p/s overflows on {count} fibres: " + RANGE,
    "p/s underflows": "p/s underflows on {count} fibres, where the computed map is flat and not injective: " + RANGE,
    "not injective": "The computed map is not injective at {count} points: p/s is so small against the integral up to there that neighbours "
    "share an image. Leave out the rows that inspect(x) names, or move the base point towards them.",
}  # fmt: skip
PRECISION = ("p/s overflows", "p/s underflows", "not injective")  # of these the numbers are to blame, and not p or s


@dataclass(frozen=True)
class Trouble:
    """At which points a map can not be trusted, and why.

    Args:
        size: How many points were looked at. device: Where they live, and the rows with
            them.
        causes: For each cause met, the rows, increasing, int64; a row may stand under
            several. The causes are the keys of ``CAUSES``.

    >>> trouble = Trouble(3, {"p is zero": torch.tensor([1])})
    >>> trouble.counts, trouble.sound
    ({'p is zero': 1}, tensor([ True, False,  True]))
    """

    size: int
    causes: Mapping[str, Tensor]
    device: torch.device | str = "cpu"

    @property
    def rows(self) -> Tensor:
        """Every row that is in trouble, once."""
        if not self.causes:
            return torch.zeros(0, dtype=torch.int64, device=self.device)
        return torch.unique(torch.cat([*self.causes.values()]))

    @property
    def counts(self) -> dict[str, int]:
        """How many rows for each cause met."""
        return {cause: rows.numel() for cause, rows in self.causes.items()}

    @property
    def sound(self) -> Tensor:
        """True at the rows without trouble, shape ``(size,)``."""
        mask = torch.ones(self.size, dtype=torch.bool, device=self.device)
        mask[self.rows] = False
        return mask

    def __str__(self) -> str:
        if not self.causes:
            return f"none of {self.size} points in trouble"
        words = "; ".join(f"{cause}: {count}" for cause, count in self.counts.items())
        return f"{self.rows.numel()} of {self.size} points in trouble ({words})"


def within_range(log_r: Tensor, fine: Tensor) -> bool:
    """Whether no exponential in ``log_r`` and no sum in ``fine`` leaves the normal
    numbers of their precision (one pass over ``log_r``).

    Args:
        log_r: Shape ``(m, n)``, not empty. fine: Shape ``(n,)``.

    >>> within_range(torch.zeros(2, 1), torch.ones(1)), within_range(torch.full((2, 1), 200.0), torch.ones(1))
    (True, False)
    """
    low, high = torch.aminmax(log_r)
    kind = torch.finfo(log_r.dtype)
    return bool((low >= math.log(kind.tiny)) & (high <= math.log(kind.max)) & torch.isfinite(fine).all())


def causes_of(logs: tuple[Tensor, Tensor, Tensor], fine: Tensor) -> dict[str, Tensor]:
    """For each cause the mask of the fibres that show it; ``logs`` are log r, log p,
    log s of shape ``(m, n)``, ``fine`` sums ``(n,)``.

    >>> zero = torch.zeros(2, 1)
    >>> causes = causes_of((-zero + torch.inf, zero, zero - torch.inf), torch.full((1,), torch.inf))
    >>> [cause for cause, rows in causes.items() if rows.any()]
    ['s is zero']
    """
    log_r, log_p, log_s = logs
    found = {
        "log_prob is NaN": log_p.isnan().any(0),
        "p is zero": (log_p == -torch.inf).any(0),
        "p is infinite": (log_p == torch.inf).any(0),
        "log_score is NaN": log_s.isnan().any(0),
        "s is zero": (log_s == -torch.inf).any(0),
        "s is infinite": (log_s == torch.inf).any(0),
    }
    explained = torch.stack([*found.values()]).any(0)
    found["integrand is undefined"] = ~torch.isfinite(log_r).all(0) & ~explained
    kind, sound = torch.finfo(log_r.dtype), torch.isfinite(log_r).all(0)
    found["p/s overflows"] = sound & ((log_r > math.log(kind.max)).any(0) | ~torch.isfinite(fine))
    found["p/s underflows"] = sound & (log_r < math.log(kind.tiny)).any(0)
    return {cause: mask for cause, mask in found.items() if bool(mask.any())}


def complaint(cause: str, count: int, size: int, dtype: torch.dtype) -> HypothesisError:
    """The error that says what failed, on how many of how many fibres, and what to do.

    >>> str(complaint("p is zero", 1, 3, torch.float64)).split(" (")[0]
    'p is zero'
    """
    kind = PrecisionError if cause in PRECISION else HypothesisError
    return kind(CAUSES[cause].format(str(dtype).removeprefix("torch."), count=f"{count} of {size}"))


def evaluate(name: str, function: LogFunction, points: Tensor) -> Tensor:
    """``function(points)``, one number a row in the precision and on the device of the
    points, or an error that says what to change.

    Args:
        points: Shape ``(N, D)``.
    Returns:
        Shape ``(N,)``.
    Raises:
        HypothesisError: the function refuses points between data points (a discrete
            distribution, or one of bounded support).
        ValueError: it fails, or returns something else.

    >>> evaluate("log_prob", lambda x: x.sum(1), torch.ones(2, 3))
    tensor([3., 3.])
    """
    try:
        value = function(points)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
        if isinstance(error, HypothesisError):
            raise
        raise _explain(name, points, error) from error
    if not isinstance(value, Tensor):
        raise ValueError(
            f"Expected {name} to return a tensor, got {type(value).__name__}. It has to be computed in torch."
        )
    if value.shape != points.shape[:1]:
        raise ValueError(
            f"Expected {name} to return shape ({points.shape[0]},) for points of shape {tuple(points.shape)}, got "
            f"{tuple(value.shape)}. Sum over the coordinates and return one number a row; wrap an unbatched function in torch.vmap."
        )
    if value.dtype != points.dtype or value.device != points.device:
        raise ValueError(
            f"{name} returned {value.dtype} on {value.device} for points of {points.dtype} on {points.device}. Evaluate it in the precision and on "
            "the device of the points (model.double(), model.to(device), points.to(device)); nothing is converted in silence."
        )
    return value


def _explain(name: str, points: Tensor, error: Exception) -> ValueError:
    text = str(error).splitlines()[0][:300].rstrip(".") + "." if str(error) else f"{type(error).__name__}."
    where = f"{name} failed on points of shape {tuple(points.shape)}, {points.dtype}, on {points.device}: {text}"
    low = str(error).lower()
    if "support" in low:
        return HypothesisError(
            f"{where} The map needs p and s on the whole interval between the base point and x: a density, continuous and positive there. A distribution on "
            "a lattice has none (dequantise it); for a distribution of bounded support move the base point inside, and let it return -inf outside instead "
            "of raising (validate_args=False), for the inverse looks there too."
        )
    if " device" in low:
        return ValueError(
            f"{where} The points and the parameters of {name} have to be on one device: model.to(points.device)."
        )
    if "alloc" in low:
        return ValueError(f"{where} Ask for less memory at once with a smaller tile=.")
    if "dtype" in low or "double" in low or "scalar type" in low:
        return ValueError(
            f"{where} The parameters of {name} and the points have to be of one precision: model.double()."
        )
    return ValueError(f"{where} It has to map points (N, D) to one number a row, (N,).")
