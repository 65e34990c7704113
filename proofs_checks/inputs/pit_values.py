"""Values of distribution functions that a model's own parts give: one distribution for
each observation, a flow's latents, breaks of a simplex, ranks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol, TypeGuard

import numpy as np
import torch
from scipy import special
from torch import Tensor
from torch.distributions import (
    Beta,
    Dirichlet,
    Distribution,
    Independent,
    MultivariateNormal,
    StudentT,
    VonMises,
    constraints,
)

from numerics.log_tails import Tail, normal_tail, side_of
from numerics.streams import Stream
from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.narrow_formats import narrow_unit
from proofs_checks.wording import short

CIRCLE = "circle"


class HasCdf(Protocol):
    """What torch's and SciPy's distributions share."""

    def cdf(self, value: Any, /) -> Any:
        """F at an array or tensor of values."""
        ...


def tails_of(u: Tensor) -> Tail:
    """The tails of values in [0, 1]."""
    lower = u <= 0.5
    return Tail(torch.where(lower, u, 1.0 - u).log(), side_of(lower, u))


def one_for_each(source: Any, points: Tensor) -> Tensor | None:
    """u_n = F_n(y_n) where there is one distribution for each of the N observations,
    ``(N, D)``; None where there is not.

    Raises:
        InputError: there are as many distributions as observations, and they have no
            distribution function.
    """
    n = len(points)
    flat = points.reshape(n, -1).double()
    if (
        isinstance(source, (list, tuple))
        and len(source) == n > 1
        and flat.shape[1] == 1
        and all(_has_cdf(one) for one in source)
    ):
        return torch.stack(
            [
                torch.as_tensor(one.cdf(y), dtype=torch.float64).reshape(1)
                for one, y in zip(source, flat[:, 0], strict=True)
            ]
        )
    if isinstance(source, Distribution):
        return _of_batch(source, points, flat) if n > 1 and source.batch_shape[:1] == (n,) else None
    if _has_cdf(source) and not hasattr(source, "log_prob"):  # scipy's, with arrays of parameters
        try:
            values = np.asarray(
                source.cdf(
                    points.reshape(n, -1).numpy() if points.ndim > 1 and flat.shape[1] > 1 else flat[:, 0].numpy()
                )
            )
        except CALL_ERRORS as error:
            raise InputError(f"{type(source).__name__}.cdf could not be evaluated at the samples: {error}.") from None
        if values.size == flat.numel():
            return torch.from_numpy(values.astype(np.float64)).reshape(flat.shape)
    return None


def _has_cdf(one: Any) -> TypeGuard[HasCdf]:
    return callable(getattr(one, "cdf", None))


def _of_batch(source: Distribution, points: Tensor, flat: Tensor) -> Tensor:
    try:
        support = source.support
    except (NotImplementedError, AttributeError):
        support = None
    if support is not None and support.is_discrete:
        raise InputError(
            f"{type(source).__name__} is discrete: values of its distribution function have ties. Give F(y-) + U (F(y) - F(y-)), U uniform, as pit=."
        )
    if isinstance(source, MultivariateNormal):
        away = (flat - source.mean.reshape(flat.shape).double())[..., None]
        white = torch.linalg.solve_triangular(source.scale_tril.double(), away, upper=False)[..., 0]
        return torch.special.ndtr(white)
    while isinstance(source, Independent):
        source = source.base_dist
    wanted = tuple(source.batch_shape) + tuple(source.event_shape)
    if math.prod(wanted) != flat.numel():
        raise InputError(
            f"Expected one distribution for each sample, got batch and event shape {wanted} for samples of shape {tuple(points.shape)}."
        )
    value = distribution_function(source, points.reshape(wanted))
    if value is None:
        raise InputError(
            f"{type(source).__name__} has no cdf. Give pit= with the values of its conditional distribution functions at the samples."
        )
    return value.double().reshape(flat.shape)


def distribution_function(source: Distribution, values: Tensor) -> Tensor | None:
    """F at values of the distribution's own shape, by its ``cdf``, or by SciPy where
    torch has none; None where neither has one."""
    values = values.to(_dtype(source))
    try:
        return source.cdf(values).detach()
    except NotImplementedError:
        pass
    y = values.double().numpy()
    if isinstance(source, StudentT):
        df, loc, scale = (x.detach().double().numpy() for x in (source.df, source.loc, source.scale))
        return torch.from_numpy(special.stdtr(df, (y - loc) / scale))
    if isinstance(source, Beta):
        a, b = (x.detach().double().numpy() for x in (source.concentration1, source.concentration0))
        return torch.from_numpy(np.asarray(special.betainc(a, b, y)))
    return None


def by_coordinate(source: Any, points: Tensor) -> Tensor | None:
    """u of one distribution of a real variable, or of independent ones, by its own
    distribution function, ``(N, D)``; None where there is none."""
    one = source
    while isinstance(one, Independent):
        one = one.base_dist
    if not isinstance(one, Distribution) or one.event_shape or isinstance(one, VonMises):
        return None
    flat = points.reshape(len(points), -1)
    if one.batch_shape.numel() not in (1, flat.shape[1]):
        return None
    value = distribution_function(
        one, flat.reshape(len(flat), *one.batch_shape) if one.batch_shape.numel() > 1 else flat
    )
    return None if value is None else value.double().reshape(flat.shape)


def _dtype(source: Distribution) -> torch.dtype:
    values = [v for v in vars(source).values() if isinstance(v, Tensor) and v.is_floating_point()]
    return values[0].dtype if values else torch.float64


def latents(to_base: Callable[[Tensor], Tensor], points: Tensor, chunk: int = 4096) -> tuple[Tensor, Tail]:
    """Phi of a flow's latents under a standard normal base: independent uniforms if and
    only if the samples are the flow's, whatever its coordinates."""
    with torch.no_grad():
        z = torch.cat([to_base(part) for part in points.split(chunk)]).double()
    return torch.special.ndtr(z), normal_tail(z)


def dirichlet(source: Dirichlet, points: Tensor) -> tuple[Tensor, Tail]:
    r"""The breaks of a Dirichlet distribution, ``(N, K - 1)``: :math:`x_k / (1 - x_1 -
    \dots - x_{k-1}) \sim \mathrm{Beta}(a_k, a_{k+1} + \dots + a_K)`, independent.

    Source: Devroye 1986, XI.4 (Dirichlet distribution).
    """
    a = source.concentration.detach().double()
    x = points.double()
    left = x.flip(-1).cumsum(-1).flip(-1)  # what remains before each break, without cancellation
    share = (x[:, :-1] / left[:, :-1]).clamp(0, 1).numpy()
    after = a.flip(-1).cumsum(-1).flip(-1)[1:]
    shapes = a[:-1].numpy(), after.numpy()
    low, high = special.betainc(*shapes, share), special.betaincc(*shapes, share)
    u = torch.from_numpy(low)
    lower = u <= 0.5
    with np.errstate(divide="ignore"):
        log_p = torch.where(lower, torch.from_numpy(np.log(low)), torch.from_numpy(np.log(high)))
    return u, Tail(log_p, side_of(lower, u))


def on_simplex(source: Any, points: Tensor) -> bool:
    """Whether the samples lie on the simplex, of which the distribution says that it is
    its support."""
    try:
        simplex = source.support is constraints.simplex
    except (NotImplementedError, AttributeError):
        simplex = False
    return simplex and points.ndim == 2


def circle_of(source: Any, support: Any, points: Tensor) -> tuple[float, float] | None:
    """One period, where the distribution is one of angles: as support=, or by its kind;
    that of the samples."""
    if not (isinstance(source, VonMises) or (isinstance(support, str) and support == CIRCLE)):
        return None
    if support is not None and not isinstance(support, str):
        return None
    low = 0.0 if float(points.min()) >= 0 and float(points.max()) > math.pi else -math.pi
    high = low + 2 * math.pi
    if float(points.min()) < low - 1e-6 or float(points.max()) > high + 1e-6:
        raise InputError(
            f"The samples are angles from {float(points.min()):.4g} to {float(points.max()):.4g}, more than one period. Bring them to one: torch.remainder(x, 2 * math.pi)."
        )
    return low, high


def read_ranks(pit: Any, draws: Any) -> Tensor:
    """Ranks among ``draws`` draws, 0..draws, as (rank + U) / (draws + 1) with U
    uniform: uniform on [0, 1] if the ranks are uniform on 0..draws.

    Source: Talts and others 2018, theorem 1; Czado, Gneiting and Held 2009 for the
        randomised transform.
    """
    if not isinstance(draws, int) or isinstance(draws, bool) or draws < 1:
        raise InputError(f"Expected draws as the number of draws among which each rank was taken, got {short(draws)}.")
    ranks = torch.as_tensor(np.asarray(pit.detach().cpu() if isinstance(pit, Tensor) else pit))
    if (
        ranks.is_complex()
        or ranks.numel() == 0
        or bool((ranks != ranks.round()).any())
        or float(ranks.min()) < 0
        or float(ranks.max()) > draws
    ):
        raise InputError(f"Expected ranks as whole numbers 0..{draws} with draws={draws}, got {short(pit)}.")
    values = ranks.double()
    return (values + Stream(0, values.device).uniform(*values.shape)) / (draws + 1)


def lattice(values: Tensor, most: int = 20_000) -> int:
    """The least L for which all values lie a multiple of 1/L apart, to rounding, as
    ranks over a number of draws do; 0 where there is none up to ``most``."""
    levels = torch.unique(values.flatten())
    if len(levels) < 2 or len(levels) > most:
        return 0
    unit = narrow_unit(levels.numpy()) or torch.finfo(values.dtype).eps
    step, above = float((levels[1:] - levels[:-1]).min()), levels - levels[0]
    for whole in (round(1 / step) + k for k in (0, -1, 1)) if step > 1 / most / 2 else ():
        error = (above * whole - (above * whole).round()).abs()
        if whole > 0 and bool((error <= 8 * whole * unit).all()):
            return whole
    return 0
