"""A bijection of a user's own with ``forward`` and ``inverse``, and pairs of densities
with samplers: read, and asked at points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from numerics.distributions.interface import log_prob_of, sample_of
from proofs_checks.errors import InputError
from proofs_checks.kernel import Case, Cases

DIMENSIONS = (1, 2, 3, 4, 8, 16, 32, 64)  # that are tried where a map does not say for which D it is made

__all__ = ["GivenDensity", "GivenMap", "cases_of_maps", "cases_of_pairs", "given_density", "given_map"]


class GivenMap:
    """A user's bijection: what it returns keeps the shape of the points and is finite,
    or is refused by name.

    Attributes:
        breaks: Where the images' density is singular, D = 1; None where the map does
            not say.
    """

    def __init__(self, f: Any) -> None:
        self.f, self.breaks = f, getattr(f, "breaks", None)

    def forward(self, points: Tensor) -> Tensor:
        """f(x), of the shape of ``points``."""
        return self._mapped("forward", points)

    def inverse(self, points: Tensor) -> Tensor:
        """f^-1(y), of the shape of ``points``."""
        return self._mapped("inverse", points)

    def log_det(self, points: Tensor) -> Tensor:
        """log|det df/dx|, ``(N,)``."""
        if not callable(getattr(self.f, "log_det", None)):
            raise InputError(
                "The numeric route compares f.log_det(x), shape (N,), with autograd; f has none. Ask for route='statistical', which needs forward and inverse."
            )
        found = self.f.log_det(points)
        if not isinstance(found, Tensor) or found.shape != points.shape[:1]:
            raise InputError(
                f"Expected f.log_det(x) of shape ({len(points)},), got {tuple(getattr(found, 'shape', ()))}."
            )
        if not bool(torch.isfinite(found).all()):
            raise InputError(
                "f.log_det(x) is NaN or infinite at sampled points; the claim needs det df/dx nonzero almost everywhere."
            )
        return found

    def _mapped(self, way: str, points: Tensor) -> Tensor:
        image = getattr(self.f, way)(points)
        if not isinstance(image, Tensor) or image.shape != points.shape:
            raise InputError(
                f"Expected f.{way} to keep the shape {tuple(points.shape)}, got {tuple(getattr(image, 'shape', ()))}."
            )
        if not bool(torch.isfinite(image).all()):
            raise InputError(
                f"f.{way} returned NaN or infinity on points that have mass. A bijection has to be defined there."
            )
        return image


def given_map(f: Any, *methods: str) -> GivenMap | None:
    """A user's bijection that has these methods; None where none was given."""
    if f is None:
        return None
    for method in methods:
        if not callable(getattr(f, method, None)):
            wanted = " and ".join(f"{name}({'y' if name == 'inverse' else 'x'})" for name in methods)
            raise InputError(
                f"Expected f with {wanted} on points (N, D), got {type(f).__name__}, which has no {method}."
            )
    return GivenMap(f)


class GivenDensity:
    """A user's density: normalised log densities in nats, and samples where it has a
    sampler."""

    def __init__(self, name: str, given: Any, dim: int) -> None:
        if not callable(getattr(given, "log_prob", None)):
            raise InputError(
                f"Expected {name} with log_prob(x), from points (N, D) to nats (N,), got {type(given).__name__}."
            )
        if getattr(given, "dim", dim) != dim:
            raise InputError(
                f"Expected {name} of dimension {dim}, got dim = {given.dim}. Give p and q of one dimension, and a case with that D."
            )
        self.given, self.dim, self.name = given, dim, name

    def log_prob(self, points: Tensor) -> Tensor:
        """Nats, ``(N,)``."""
        return log_prob_of(self.given, points)

    def sample(self, size: int, stream: Any) -> Tensor:
        """``size`` draws, ``(size, D)``."""
        return sample_of(self.given, size, stream, self.dim)

    @property
    def samples(self) -> bool:
        """Whether it has a sampler."""
        return callable(getattr(self.given, "sample", None))


def given_density(name: str, given: Any, dim: int) -> GivenDensity | None:
    """A user's density of dimension ``dim``; None where none was given."""
    return None if given is None else GivenDensity(name, given, dim)


def cases_of_maps(declared: Cases) -> Callable[..., list[Case]]:
    """A page's ``cases_for``: dimensions that the user's ``f`` accepts; the declared
    cases where there is none."""

    def cases_for(*, f: Any = None, **others: object) -> list[Case]:
        if f is None:
            return list(declared.always)
        return [Case(D=dim, seed=1, size=64 if dim > 2 else 20_000) for dim in _dimensions(f)]

    return cases_for


def cases_of_pairs(*, f: Any = None, p: Any = None, q: Any = None, **others: object) -> list[Case]:
    """A page's ``cases_for``: the dimension that the user's p or q names, or else
    dimensions that ``f`` accepts."""
    named = sorted({distribution.dim for distribution in (p, q) if hasattr(distribution, "dim")})
    if len(named) > 1:
        raise InputError(f"Expected p and q of one dimension, got {' and '.join(map(str, named))}.")
    kind = {} if f is not None else {"f": "deep"}
    return [Case(D=dim, **kind, seed=1, size=20_000) for dim in named or _dimensions(f)]


def _dimensions(f: Any) -> Sequence[int]:
    """The least, a middle and the largest dimension that ``f`` accepts."""
    fitting = [dim for dim in DIMENSIONS if f is None or _accepts(f, dim)]
    if not fitting:
        raise InputError(
            f"f.forward accepted points (2, D) for no D among {', '.join(map(str, DIMENSIONS))}. Expected a map from (N, D) to (N, D); for another D "
            "say case=Case(D=.., size=..)."
        )
    return list(dict.fromkeys((fitting[0], fitting[len(fitting) // 2], fitting[-1])))


def _accepts(f: Any, dim: int) -> bool:
    points = torch.linspace(0.5, 1, 2 * dim, dtype=torch.float64).view(2, dim)
    try:
        return f.forward(points).shape == points.shape
    except (RuntimeError, IndexError, TypeError, ValueError):
        return False
