"""An embedded tree before and after an isometry, measured: the sheet, distances of all
pairs, fidelity, lengths of moved edges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.errors import PrecisionError
from numerics.hyperbolic import curves, isometries, models, sarkar_trees
from numerics.hyperbolic.fidelity_by_definition import CountedFidelity, counted_fidelity
from numerics.hyperbolic.sarkar_fidelity import Enclosure, Fidelity, fidelity
from numerics.hyperbolic.sarkar_trees import Tree

__all__ = ["COUNTED", "NODES", "RESOLVED", "TIE", "Embedded", "MovedTree"]

Action = Callable[[Tensor, Tensor], Tensor]
Distance = Callable[[Tensor, Tensor], Tensor]
Definition = Callable[..., CountedFidelity]  # from (tree, table, tau=, resolution=)

RESOLVED = 1e-6  # of a distance, in curvature radii: what the errors have to leave
TIE = (
    2.0**-16
)  # distances that differ by less rank as ties: far above rounding, far below the gaps of a tree at moderate tau
NODES = 48  # of the quadrature along an edge
COUNTED = 40  # vertices up to which fidelity is counted once more from its definition


@dataclass(frozen=True)
class Embedded:
    """A tree in the Poincaré ball, the matrix that moves it, and the model in which it
    is read afterwards.

    ``ball`` has shape ``(N, n)``, ``matrix`` ``(n + 1, n + 1)``; ``placed`` says that
    every edge was given the length ``tau``.
    """

    tree: Tree
    ball: Tensor
    matrix: Tensor
    model: str
    tau: float
    placed: bool


class MovedTree:
    """The points on the hyperboloid before and after, and what each contributes to the
    error of a distance.

    Args:
        given: The embedded tree. act: What is done to points of the hyperboloid, in
            place of ``A X``.
        distance: A distance in the model's coordinates, in place of the model's own.
    Raises:
        TypeError, ValueError: a matrix that is no isometry of the forward sheet, points
            outside the ball, an unknown model.
    """

    def __init__(self, given: Embedded, *, act: Action | None = None, distance: Distance | None = None) -> None:
        self.given, self.act = given, act or isometries.apply_lorentz
        stored = isometries.require_isometry(given.matrix)
        self.start = models.ball_to_hyperboloid(given.ball)
        self.raw = self.act(given.matrix, self.start)
        self.travel = models.endpoint_error(self.start, "hyperboloid") + isometries.action_error(
            given.matrix, self.start, stored
        )
        self.before = models.endpoint_error(self.start, "ball")
        self.chart, own, _ = models.MODELS[given.model]
        self.read = distance or own

    def off_the_sheet(self) -> Measurement:
        """The product's own time coordinate against the one that its spatial part
        determines, relatively."""
        expected = models.lift(self.raw[:, 1:])[:, 0]
        eps = torch.finfo(self.raw.dtype).eps
        bound = Bound(
            {"travel": 2 * self.travel / expected, "root": torch.full_like(expected, self.raw.shape[1] * eps)},
            "Both the time coordinate and the root over the spatial part err by at most the Euclidean error of A X (numerics.hyperbolic.isometries.action_error); "
            "the root itself by (n/2 + 2) eps relatively.",
        )
        return Measurement((self.raw[:, 0] - expected).abs() / expected, bound, len(self.raw))

    @property
    def left_the_sheet(self) -> bool:
        """Whether an image is no point of hyperbolic space any more, so that there is
        no distance to measure."""
        return bool((self.raw[:, 0] <= 0).any())

    @cached_property
    def images(self) -> Tensor:
        """The images, time coordinates restored."""
        return models.lift(self.raw[:, 1:])

    @cached_property
    def image(self) -> Tensor:
        """The images in the model's coordinates."""
        return self.chart(self.images)

    @cached_property
    def after(self) -> Tensor:
        """What each image contributes to the error of a distance in the model."""
        return self.travel + models.endpoint_error(self.images, self.given.model)

    def require_precision(self) -> None:
        """Refuse coordinates that leave distances open by more than :data:`RESOLVED`.

        Raises:
            PrecisionError: with the radius that is reached, and what to do.
        """
        worst = 2 * float((self.before + self.after).max())
        if not worst <= RESOLVED:
            radius = float(torch.maximum(self.start[:, 0], self.images[:, 0]).max().acosh())
            raise PrecisionError(
                f"At radius {radius:.4g} the {self.given.ball.dtype} coordinates ({self.given.model}) leave distances open by {worst:.2g}, "
                f"where {RESOLVED:.0e} is asked for. Use a smaller tau or rapidity, another model, or more precision."
            )

    def distances(self) -> Measurement:
        """For each vertex the pair whose distances before and after disagree most, in
        units of its bound."""
        rows = []
        for part in torch.arange(len(self.image), device=self.image.device).split(max(1, 2**22 // self.image.numel())):
            first = models.poincare_distance(self.given.ball[part].unsqueeze(1), self.given.ball)
            change = (first - self.read(self.image[part].unsqueeze(1), self.image)).abs()
            before, after = (ends[part].unsqueeze(1) + ends for ends in (self.before, self.after))
            at = (change / (before + after)).nan_to_num(nan=torch.inf).argmax(1, keepdim=True)
            rows.append([table.gather(1, at).squeeze(1) for table in (change, before, after)])
        residual, before, after = (torch.cat(parts) for parts in zip(*rows, strict=True))
        derivation = (
            "Triangle inequality: rounding moves each end of a pair by at most numerics.hyperbolic.models.endpoint_error (coordinates and formula, of order "
            "n eps cosh r, in the Klein ball n eps cosh^2 r) and, after the matrix, by action_error: (n + 8) eps |A| |X| plus the "
            "matrix's own distance to an isometry; Euclidean error of spatial parts bounds hyperbolic displacement."
        )
        return Measurement(residual, Bound({"before": before, "after": after}, derivation), self._pairs)

    @property
    def _pairs(self) -> int:
        return len(self.given.tree) * (len(self.given.tree) - 1) // 2

    @cached_property
    def fidelities(self) -> tuple[Fidelity, Fidelity]:
        """The three measures before and after.

        Raises:
            PrecisionError: different vertices at distance zero, whose distortion is
                infinite before and after.
        """
        tree, tau = self.given.tree, self.given.tau
        first = fidelity(tree, self.given.ball, models.poincare_distance, tau=tau, error=self.before, resolution=TIE)
        last = fidelity(tree, self.image, self.read, tau=tau, error=self.after, resolution=TIE)
        if first.collapsed or last.collapsed:
            raise PrecisionError(
                f"{max(first.collapsed, last.collapsed)} pairs of different vertices lie at distance 0: their distortion is infinite, before and after."
            )
        return first, last

    def changes(self) -> dict[str, tuple[Measurement, float]]:
        """By how much each measure changes, and the largest bound under which that says
        anything."""
        first, last = self.fidelities
        ends: dict[str, tuple[Enclosure, Enclosure, float]] = {
            "worst-case distortion": (first.worst, last.worst, 1e-4 * first.worst.value),
            "average distortion": (first.average, last.average, 1e-4),
            "MAP": (first.mean_average_precision, last.mean_average_precision, 1e-2),
        }
        return {name: (self._change(low, high), resolves) for name, (low, high, resolves) in ends.items()}

    def _change(self, first: Enclosure, last: Enclosure) -> Measurement:
        bound = Bound(
            {"before": first.width, "after": last.width},
            "Each computed value lies, with the true one, in the enclosure that the errors of the distances allow; for MAP these are all "
            f"rankings that the errors leave open, with distances within {TIE:g} ranked as ties.",
        )
        return Measurement(abs(first.value - last.value), bound, self._pairs)

    def count_measures(self, definition: Definition = counted_fidelity) -> Measurement:
        """The measures after the move against their definitions, counted in plain
        Python on the same table of distances.

        Once as the tree is embedded, where MAP is at or near 1, and once with every
        vertex at the place of the next, where strangers are near. Relatively, in the
        order worst-case distortion, average distortion, MAP.
        """
        residuals = []
        for image, found in ((self.image, self.fidelities[1]), (self._misplaced, self._measured_at_others(TIE))):
            known = definition(
                self.given.tree, self.read(image.unsqueeze(1), image).tolist(), tau=self.given.tau, resolution=TIE
            )
            values = (found.worst.value, found.average.value, found.mean_average_precision.value)
            scale = (known.worst, 1.0 + known.average, 1.0)
            residuals += [abs(a - b) / s for a, b, s in zip(values, known, scale, strict=True)]
        eps = torch.finfo(self.image.dtype).eps
        bound = Bound(
            {"rounding": 2 * (len(self.given.tree) + 16) * eps},
            "The same distances enter both; what is left are N divisions and sums of each row, and their sum over the rows, on either side.",
        )
        return Measurement(torch.tensor(residuals, dtype=torch.float64), bound, self._pairs)

    def open_rankings(self) -> Measurement:
        """MAP with near distances ranked as ties, against all that the errors leave
        open without that rule; vertices at the places of others."""
        ties = self._measured_at_others(TIE).mean_average_precision.value
        least, _, greatest = self._measured_at_others(0.0).mean_average_precision
        bound = Bound(
            {"sums": 2 * (len(self.given.tree) + 16) * torch.finfo(self.image.dtype).eps},
            "Distances that the errors do not tell apart may be ranked either way, as ties too; beyond that only sums round.",
        )
        return Measurement(max(0.0, least - ties, ties - greatest), bound, self._pairs)

    @property
    def _misplaced(self) -> Tensor:
        return self.image.roll(1, 0)

    def _measured_at_others(self, resolution: float) -> Fidelity:
        tree, tau, error = self.given.tree, self.given.tau, self.after.roll(1, 0)
        return fidelity(tree, self._misplaced, self.read, tau=tau, error=error, resolution=resolution)

    def lengths_of_edges(self) -> Measurement:
        """The moved edges' lengths, from the half-space's metric alone, against the
        length that the construction gave them."""
        parent, child = torch.tensor(self.given.tree.edges, device=self.start.device).T
        start, end = self.start[parent], self.start[child]
        read = models.poincare_distance(self.given.ball[parent], self.given.ball[child])
        length = torch.full_like(read, self.given.tau) if self.given.placed else read

        def curve(t: Tensor) -> Tensor:
            point = self.act(self.given.matrix, curves.geodesic(start, end, t))
            return models.hyperboloid_to_half_space(models.lift(point[..., 1:]))

        found, quadrature = curves.curve_length(curve, length, NODES)
        ends = self.travel + models.endpoint_error(self.images, "half-space")
        step = 8 * (1 + length) * torch.maximum(ends[parent], ends[child])
        cosh = self.start[child, 0]
        placing = (
            sarkar_trees.placing_error(self.given.tau, cosh)
            if self.given.placed
            else self.before[parent] + self.before[child]
        )
        bound = Bound(
            {"rounding": step, "quadrature": quadrature, "placing": placing},
            "Gauss-Legendre on an integrand whose poles are known (Trefethen, theorem 19.3). Displacement by e changes the density 1/u_n by at most e "
            "relatively and a velocity's error counts at most its Euclidean length on the sheet; position, velocity and the chart's derivative take "
            "two such errors each, over a length of at most 1 + d, and cosh r along a chord is at most that of its ends. Placing: numerics.hyperbolic.sarkar_trees.",
        )
        return Measurement((found - length).abs(), bound, len(length) * NODES)
