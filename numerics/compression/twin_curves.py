r"""Decoders of two Gaussian code units and their entangled twins: free energies by the
trapezoidal rule on a square lattice.

The lattice does not know of the rotation: model and twin are summed over one grid, at
different values of the decoder.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.streams import Stream

STEP = 0.125  # of the lattice
REACH = 9.0  # of the lattice to every side
WAVES = 1.0  # largest frequency of the decoder

Decoder = Callable[[Tensor], Tensor]


def random_decoder(stream: Stream) -> Decoder:
    """A decoder of two code units into two pixels: sines of frequency at most 1 along
    random directions.

    >>> random_decoder(Stream(0))(torch.zeros(3, 2, dtype=torch.float64)).shape
    torch.Size([3, 2])
    """
    directions = torch.nn.functional.normalize(stream.normal(2, 2), dim=0) * WAVES
    phases = stream.uniform(2)
    return lambda z: torch.sin(z @ directions.to(z) + phases.to(z))


def rotation(stream: Stream) -> Tensor:
    """A rotation of the plane by an angle between 0.3 and 1.2, ``(2, 2)``."""
    angle = 0.3 + 0.9 * float(stream.uniform(1))
    return torch.tensor(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]],
        dtype=stream.dtype,
        device=stream.device,
    )


def log_normaliser(x: Tensor, decoder: Decoder, beta: float) -> Tensor:
    """log E exp(-beta |x - f(z)|^2 / 2) for data ``(n, 2)`` under a standard normal
    prior, ``(n,)``."""
    axis = torch.arange(-REACH, REACH + STEP / 2, STEP, dtype=x.dtype, device=x.device)
    z = torch.cartesian_prod(axis, axis)
    log_prior = -z.square().sum(1) / 2 - math.log(2 * math.pi) + 2 * math.log(STEP)
    squares = (x[:, None, :] - decoder(z)).square().sum(-1) / 2
    return torch.logsumexp(log_prior - beta * squares, 1)


def change_under_rotation(data: int, beta: float, stream: Stream, claimed: float = 0.0) -> Measurement:
    """``|F - F'|`` of a decoder f and its twin f(Rz), or, with ``claimed``, by how much
    they differ by less than that.

    Args:
        data: How many data. beta: The slope.
    """
    f, R = random_decoder(stream), rotation(stream.fork("R"))
    x = f(stream.normal(data, 2)) + 0.3 * stream.normal(data, 2)
    own, turned = log_normaliser(x, f, beta), log_normaliser(x, lambda z: f(z @ R.T), beta)
    change = (own.mean() - turned.mean()).abs()
    residual = (claimed - change).clamp(min=0) if claimed else change
    return Measurement(residual, _lattice_error(x, float(own.min()), beta), data)


def _lattice_error(x: Tensor, least: float, beta: float) -> Bound:
    r"""Of a mean of log normalisers.

    The integrand continues to the strip :math:`|\mathrm{Im} z_j| < a` in either
    coordinate, where the prior grows by :math:`e^{a^2/2}` and a pixel :math:`\sin(v z +
    c)`, |v| <= 1, has modulus at most cosh(a) and a square whose real part is at least
    -sinh(a)^2, so that
    :math:`|e^{-\beta (x - f)^2/2}| \le e^{\beta \sinh^2(a) /2}` for each pixel; a
    rotation turns an imaginary part without making it longer.
    """
    a = 1.0
    growth = a * a / 2 + beta * math.sinh(a) ** 2  # both pixels
    rule = 2 * 2 * math.exp(growth) / math.expm1(2 * math.pi * a / STEP)  # both axes, M <= exp(growth)
    ends = 4 * math.exp(-REACH * REACH / 2) / REACH
    nodes = (2 * REACH / STEP + 1) ** 2
    rounding = (
        nodes * torch.finfo(x.dtype).eps
        + 64 * (beta * float((x.abs() + 1).square().sum(1).max()) + REACH**2) * torch.finfo(x.dtype).eps
    )
    scale = math.exp(-least)  # from an absolute error of Z to one of its logarithm
    return Bound(
        {"trapezoidal rule": 2 * rule * scale, "ends": 2 * ends * scale, "rounding": 2 * rounding},
        "The trapezoidal rule for a function bounded in a strip errs by 2 M/(exp(2 pi a/h) - 1) along each axis (Trefethen & Weideman 2014, theorem "
        "5.1); the Gaussian tails beyond the lattice; exponents within 64 unit roundoffs of their size, a sum of N positive terms within N.",
    )
