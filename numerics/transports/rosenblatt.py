r"""The Knothe-Rosenblatt map: a distribution becomes uniform on the cube, one
coordinate after the other.

.. math:: f_d(x) = F(x_d \mid x_1, \dots, x_{d-1}), \qquad \log|\det J_f| = \sum_d \log \partial_d f_d

Made from a log density alone in up to three dimensions (by quadrature), or from
conditional distributions in any dimension. Values are carried as
:class:`numerics.log_tails.Tail`, the logarithm of the smaller of F and 1 - F, so that
neither tail saturates.

Source: Rosenblatt 1952.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.log_tails import Tail, side_of
from numerics.transports.conditionals import Conditionals
from numerics.transports.domain import LogFunction
from numerics.transports.grid_conditionals import ORDER, GridConditionals
from numerics.transports.panels import find_panels

__all__ = ["KnotheRosenblatt", "RoundTrip", "tails_of", "uniforms_of"]


def uniforms_of(tail: Tail) -> Tensor:
    """The numbers in [0, 1] whose tails these are; upper tails below 1e-16 round to 1.

    >>> uniforms_of(tails_of(torch.tensor([0.25, 0.75]).double()))
    tensor([0.2500, 0.7500], dtype=torch.float64)
    """
    share = torch.exp(tail.log_p)
    return torch.where(tail.side > 0, share, 1.0 - share)


def tails_of(u: Tensor) -> Tail:
    """Tails of numbers strictly between 0 and 1.

    Args:
        u: Any shape.
    Raises:
        ValueError: a number outside the open interval, or NaN.

    >>> tails_of(torch.tensor([0.25, 0.75])).side
    tensor([ 1., -1.])
    """
    if not bool(((u > 0) & (u < 1)).all()):
        bad = u[~((u > 0) & (u < 1))]
        raise ValueError(
            f"Expected numbers strictly between 0 and 1, got {bad.numel()} that are not, first {float(bad[0])!r}. Tails that round to 0 or 1 are carried "
            "by Tail(log_p, side): use tails() and inverse_of_tails()."
        )
    lower = u <= 0.5
    return Tail(torch.where(lower, u, 1.0 - u).log(), side_of(lower, u))


@dataclass(frozen=True)
class RoundTrip:
    """Preimages ``(N, D)``, and by how much the logarithm of each tail of the map as
    evaluated misses there, ``(N, D)``."""

    x: Tensor
    residual: Tensor


class KnotheRosenblatt:
    """The increasing triangular map of a distribution onto the cube, for the
    coordinates in the order given.

    Make one by :meth:`from_log_prob` or :meth:`from_conditionals`. Points are ``(N,
    D)``; work goes in tiles of points, so that memory does not grow with N.

    Attributes:
        dim: D. conditionals: The distributions it goes through.
        log_mass: For :meth:`from_log_prob`, the logarithm of the density's integral (0
            for a normalised one); None otherwise.
        limited, gaps: For :meth:`from_log_prob`, whether the panels ran out, and
            intervals without mass inside the support, by coordinate.

    >>> from numerics.transports.conditionals import MixtureConditionals
    >>> pair = torch.tensor([[[1.0, 0.5], [0.5, 1.0]]]).double()
    >>> f = KnotheRosenblatt.from_conditionals(MixtureConditionals(torch.ones(1).double(), torch.zeros(1, 2).double(), pair))
    >>> f.forward(torch.zeros(1, 2).double()).round(decimals=12)
    tensor([[0.5000, 0.5000]], dtype=torch.float64)
    """

    def __init__(self, conditionals: Conditionals, *, tile: int = 1 << 16) -> None:
        if tile < 1:
            raise ValueError(f"Expected a tile of at least one number, got {tile}.")
        self.conditionals, self.dim, self.tile = conditionals, conditionals.dim, tile
        self.limited: bool = False
        self.gaps: list[list[tuple[float, float]]] = [[] for _ in range(self.dim)]
        self._finer: KnotheRosenblatt | None = None

    @classmethod
    def from_conditionals(cls, conditionals: Conditionals, *, tile: int = 1 << 21) -> KnotheRosenblatt:
        """The map through conditional distributions; see
        :mod:`numerics.transports.conditionals`.

        Args:
            tile: Numbers held at once, about; 8 bytes each, several times.
        """
        return cls(conditionals, tile=tile)

    @classmethod
    def from_log_prob(
        cls,
        log_prob: LogFunction,
        dim: int,
        *,
        near: Tensor | None = None,
        support: tuple[Tensor, Tensor] | None = None,
        tolerance: float = 1e-11,
        tile: int = 1 << 16,
        like: Tensor | None = None,
    ) -> KnotheRosenblatt:
        """The map of a density of which only values are known, by quadrature on a
        tensor grid that all points share.

        Args:
            log_prob: From points ``(N, D)`` to nats ``(N,)``; a constant is allowed and
                found, see :attr:`log_mass`.
            dim: 1, 2 or 3.
            near: Points of the distribution, ``(n, D)``, which spare the search for it.
                support: Ends of a box that holds it, tensors ``(D,)``.
            tolerance: Relative error of the panels' rules on the lines tried, at which
                splitting stops.
            tile: Points at which ``log_prob`` is evaluated at once.
            like: A tensor whose dtype and device are used; float64 on the CPU otherwise
                (or those of ``near``).
        Raises:
            ValueError: D beyond 3. HypothesisError: no mass found, NaN or +inf.
        Accuracy:
            :meth:`error_estimate` compares with panels half as wide. Rounding: tails
            are sums of positive terms, so that their relative error is that of
            e^log_prob at the nodes.

        >>> f = KnotheRosenblatt.from_log_prob(lambda x: -x[:, 0] ** 2, 1)
        >>> f.forward(torch.zeros(1, 1).double()).round(decimals=9), round(float(f.log_mass.exp() ** 2), 9)  # pi
        (tensor([[0.5000]], dtype=torch.float64), 3.141592654)
        """
        if dim not in (1, 2, 3):
            raise ValueError(
                f"Quadrature over a tensor grid is for D = 1, 2 or 3, got D = {dim}. In higher dimensions give conditional distributions: from_conditionals."
            )
        for name, given in (("near", near), *(zip(("support", "support"), support, strict=True) if support else ())):
            if given is not None and (given.shape[-1] != dim or not bool(torch.isfinite(given).all())):
                raise ValueError(f"Expected finite {name} with {dim} coordinates, got shape {tuple(given.shape)}.")
        if support is not None and not bool((support[0] < support[1]).all()):
            raise ValueError("Expected support=(low, high) with low < high in every coordinate.")
        like = near if like is None and near is not None else like
        panels = find_panels(log_prob, dim, near=near, support=support, tolerance=tolerance, like=like)
        grid = GridConditionals(log_prob, panels.edges, tolerance=max(1e-8, 10 * tolerance), tile=tile)
        made = cls(grid, tile=tile)
        made.limited, made.gaps = panels.limited, panels.gaps
        return made

    # -- the map --------------------------------------------------------------------------------------------------------

    def forward(self, x: Tensor) -> Tensor:
        """Images in [0, 1]^D of points ``(N, D)``; upper tails below 1e-16 round to 1,
        which :meth:`tails` does not.

        >>> from numerics.distributions.marginals import Uniform
        >>> from numerics.transports.conditionals import ProductConditionals
        >>> f = KnotheRosenblatt.from_conditionals(ProductConditionals([Uniform(0.0, 4.0)]))
        >>> f.forward(torch.tensor([[1.0]]).double())
        tensor([[0.2500]], dtype=torch.float64)
        """
        return uniforms_of(self.tails(x))

    def tails(self, x: Tensor) -> Tail:
        """The images as tails, each of shape ``(N, D)``; log_p is -inf outside the
        support.

        >>> from numerics.distributions.marginals import Uniform
        >>> from numerics.transports.conditionals import ProductConditionals
        >>> f = KnotheRosenblatt.from_conditionals(ProductConditionals([Uniform(0.0, 4.0)]))
        >>> f.tails(torch.tensor([[3.0]]).double()).log_p.exp()  # the upper one
        tensor([[0.2500]], dtype=torch.float64)
        """
        self._check(x)
        with torch.no_grad():
            parts = [self._tails(part) for part in self._tiles(x)]
        return Tail(torch.cat([part.log_p for part in parts]), torch.cat([part.side for part in parts]))

    def inverse(self, u: Tensor) -> Tensor:
        """Points ``(N, D)`` with these images, strictly inside the cube.

        >>> from numerics.distributions.marginals import Uniform
        >>> from numerics.transports.conditionals import ProductConditionals
        >>> f = KnotheRosenblatt.from_conditionals(ProductConditionals([Uniform(0.0, 4.0)]))
        >>> f.inverse(torch.tensor([[0.25]]).double()).round(decimals=12)
        tensor([[1.]], dtype=torch.float64)
        """
        self._check(u)
        return self.inverse_of_tails(tails_of(u)).x

    def inverse_of_tails(self, tail: Tail) -> RoundTrip:
        """Points with these tails, coordinate by coordinate, by Newton's method inside
        a bracket.

        Raises:
            ValueError: log tails that are not negative and finite. HypothesisError:
                tails that no point has.
        """
        self._check(tail.log_p)
        if not bool((torch.isfinite(tail.log_p) & (tail.log_p < 0) & (tail.side.abs() == 1)).all()):
            raise ValueError(
                "Expected finite negative log tails with sides +1 or -1; tails of 0 or 1 belong to the ends of the support, which the map does not reach."
            )
        found = []
        with torch.no_grad():
            for log_p, side in zip(self._tiles(tail.log_p), self._tiles(tail.side), strict=True):
                x, misses = log_p.new_empty(log_p.shape[0], 0), []
                for d in range(self.dim):
                    t, miss = self.conditionals.fibre(x).quantile(Tail(log_p[:, d], side[:, d]))
                    x, misses = torch.cat([x, t[:, None]], 1), [*misses, miss]
                found.append((x, torch.stack(misses, 1)))
        return RoundTrip(torch.cat([x for x, _ in found]), torch.cat([miss for _, miss in found]))

    def log_slopes(self, x: Tensor) -> Tensor:
        """log of the diagonal of the Jacobian, ``(N, D)``: each tail *as evaluated* is
        differentiated by its own coordinate.

        Raises:
            ValueError: the log density (or conditional distribution) carries no
                gradient.

        >>> from numerics.distributions.marginals import Uniform
        >>> from numerics.transports.conditionals import ProductConditionals
        >>> f = KnotheRosenblatt.from_conditionals(ProductConditionals([Uniform(0.0, 4.0)]))
        >>> f.log_slopes(torch.tensor([[1.0]]).double()).exp()
        tensor([[0.2500]], dtype=torch.float64)
        """
        self._check(x)
        return torch.cat([self._log_slopes(part) for part in self._tiles(x, share=8)])

    def log_det(self, x: Tensor) -> Tensor:
        """log |det df/dx| at points ``(N, D)``, shape ``(N,)``; triangular, so that the
        diagonal is enough.

        >>> from numerics.distributions.marginals import Uniform
        >>> from numerics.transports.conditionals import ProductConditionals
        >>> f = KnotheRosenblatt.from_conditionals(ProductConditionals([Uniform(0.0, 4.0)]))
        >>> f.log_det(torch.tensor([[1.0]]).double()).exp()
        tensor([0.2500], dtype=torch.float64)
        """
        return self.log_slopes(x).sum(1)

    def evaluate(self, x: Tensor) -> Tensor:
        """The map as one differentiable function of whole points ``(N, D)``, images in
        [0, 1]^D; one batch. For Jacobians below the diagonal.

        >>> from numerics.distributions.marginals import Uniform
        >>> from numerics.transports.conditionals import ProductConditionals
        >>> f = KnotheRosenblatt.from_conditionals(ProductConditionals([Uniform(0.0, 4.0)]))
        >>> f.evaluate(torch.tensor([[3.0]]).double())
        tensor([[0.7500]], dtype=torch.float64)
        """
        tail = self._tails(x)
        share = torch.exp(tail.log_p)
        return torch.where(tail.side > 0, share, 1.0 - share)

    def tail_jacobian(self, x: Tensor) -> Tensor:
        """Derivatives of the log tails, on the sides they are on, by the coordinates of
        x: ``(N, D, D)``, lower triangular; one batch.

        What sends an error of the tails back into space, and so bounds a round trip.

        >>> from numerics.distributions.marginals import Uniform
        >>> from numerics.transports.conditionals import ProductConditionals
        >>> f = KnotheRosenblatt.from_conditionals(ProductConditionals([Uniform(0.0, 4.0)]))
        >>> f.tail_jacobian(torch.tensor([[2.0 / 3.0]]).double())  # of log(x/4)
        tensor([[[1.5000]]], dtype=torch.float64)
        """
        self._check(x)
        leaf = x.detach().requires_grad_()
        with torch.enable_grad():
            logs = self._tails(leaf).log_p
        rows = [torch.autograd.grad(logs[:, d].sum(), leaf, retain_graph=True)[0] for d in range(self.dim)]
        return torch.stack(rows, 1).detach()

    def preimage_bound(self, x: Tensor, residual: Tensor, rounding: Tensor) -> Tensor:
        r"""How far a round trip may end from points ``(N, D)``, coordinate by
        coordinate, to first order and doubled: ``(N, D)``.

        With J the Jacobian of the log tails and r what they miss, :math:`|\Delta x| \le
        2\,|J^{-1}|\,r + 2\,\mathrm{eps}\,|x|`, where r is the residual reported by the
        inverse, twice the rounding of a log tail (once on either way), and the two
        units of roundoff of the abscissa to which a bracket closes, times the slope.

        Args:
            residual: :attr:`RoundTrip.residual`. rounding: Of a log tail, absolute,
                ``(N,)``.
        """
        eps = torch.finfo(x.dtype).eps
        found = []
        for part, missed, own in zip(
            *(whole.split(self._points(64)) for whole in (x, residual, rounding)), strict=True
        ):
            jacobian = self.tail_jacobian(part)
            steep = torch.diagonal(jacobian, dim1=1, dim2=2).abs()
            landing = 4 * eps * steep * part.abs()
            inverse = torch.linalg.inv(jacobian).abs()
            found.append(2 * ((missed + 2 * own[:, None] + landing)[:, None] @ inverse.mT)[:, 0] + 2 * eps * part.abs())
        return torch.cat(found)

    @property
    def connected(self) -> bool:
        """Whether every conditional distribution is taken to have a positive density on
        an interval, so that the map is a bijection."""
        return self.conditionals.connected and not any(self.gaps)

    # -- what is known about its error ------------------------------------------------------------------------------------

    @property
    def log_mass(self) -> Tensor | None:
        """Logarithm of the integral of the density given; None where conditional
        distributions were given."""
        return self.conditionals.log_mass if isinstance(self.conditionals, GridConditionals) else None

    @property
    def finer(self) -> KnotheRosenblatt:
        """The same map on panels half as wide, for comparison; itself where no panels
        are involved."""
        if not isinstance(self.conditionals, GridConditionals):
            return self
        if self._finer is None:
            self._finer = KnotheRosenblatt(self.conditionals.halve_panels(), tile=self.tile)
        return self._finer

    def error_estimate(self, x: Tensor) -> Tensor:
        """An *estimate* of the error of the log tails, ``(N, D)``; 0 for closed forms.

        Twice the distance to the map on panels half as wide, which bounds the error
        where halving the panels at least halves it.

        >>> from numerics.distributions.marginals import Uniform
        >>> from numerics.transports.conditionals import ProductConditionals
        >>> f = KnotheRosenblatt.from_conditionals(ProductConditionals([Uniform(0.0, 4.0)]))
        >>> f.error_estimate(torch.tensor([[1.0]]).double())
        tensor([[0.]], dtype=torch.float64)
        """
        tail = self.tails(x)
        if self.finer is self:
            return torch.zeros_like(tail.log_p)
        other = torch.cat([self.finer._tails_on(*part) for part in self._both(x, tail.side)])
        difference = 2 * (tail.log_p - other).abs()
        return torch.where(tail.log_p == other, torch.zeros_like(difference), difference)

    def log_mass_estimate(self) -> float:
        """An *estimate* of the error of :attr:`log_mass`: twice its distance to that on
        panels half as wide."""
        if self.log_mass is None:
            return 0.0
        return 2 * abs(float(self.log_mass - self.finer.log_mass))

    # -- inside -----------------------------------------------------------------------------------------------------------

    def _tails(self, x: Tensor) -> Tail:
        parts = [self.conditionals.fibre(x[:, :d]).tail(x[:, d]) for d in range(self.dim)]
        return Tail(torch.stack([part.log_p for part in parts], 1), torch.stack([part.side for part in parts], 1))

    def _tails_on(self, x: Tensor, side: Tensor) -> Tensor:
        """Log tails on the sides asked for."""
        with torch.no_grad():
            columns = [self.conditionals.fibre(x[:, :d]).log_tail(x[:, d], side[:, d]) for d in range(self.dim)]
        return torch.stack(columns, 1)

    def _log_slopes(self, x: Tensor) -> Tensor:
        columns = []
        for d in range(self.dim):
            with torch.no_grad():
                fibre = self.conditionals.fibre(x[:, :d].detach())
            leaf = x[:, d].detach().requires_grad_()
            with torch.enable_grad():
                tail = fibre.tail(leaf)
            if not tail.log_p.requires_grad:
                raise ValueError(
                    "The conditional distributions carry no gradient (log_prob detached, under no_grad, or computed outside torch), so that the Jacobian of the map "
                    "cannot be taken. Compute log_prob in torch with autograd on."
                )
            slope = torch.autograd.grad(tail.log_p.sum(), leaf)[0]
            columns.append((tail.log_p + (slope * tail.side).log()).detach())
        return torch.stack(columns, 1)

    def _check(self, x: Tensor) -> None:
        if not isinstance(x, Tensor) or x.ndim != 2 or x.shape[1] != self.dim or x.shape[0] == 0:
            raise ValueError(
                f"Expected a tensor of shape (N, {self.dim}) with N >= 1, got {tuple(getattr(x, 'shape', ()))}."
            )
        if x.dtype not in (torch.float32, torch.float64) or bool(torch.isnan(x).any()):
            raise ValueError(f"Expected float64 (or float32) without NaN, got {x.dtype}. Convert with .double().")

    def _points(self, share: int = 1) -> int:
        """Points in a tile; ``share`` says how many times a plain evaluation a point
        costs (8 where graphs are kept, 64 for whole Jacobians)."""
        if not isinstance(self.conditionals, GridConditionals):
            return max(1, self.tile // (self.conditionals.numbers * share))
        held = max(nodes.numel() for nodes, _ in self.conditionals.axes)
        if share == 1:
            return max(
                1, 4 * self.tile // held
            )  # evaluations come in tiles of their own; only the panels' logs are kept
        later = max([1, *(rest.shape[0] for rest, _ in self.conditionals.rest[1:-1])])
        graph = (
            ORDER * later if share == 8 else max([held, *(self.conditionals.evaluations(d) for d in range(self.dim))])
        )
        return max(1, 8 * self.tile // graph)

    def _tiles(self, x: Tensor, share: int = 1) -> Iterator[Tensor]:
        return iter(x.split(self._points(share)))

    def _both(self, x: Tensor, side: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        return zip(self._tiles(x), self._tiles(side), strict=True)
