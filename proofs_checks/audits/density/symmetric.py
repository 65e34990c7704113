"""The density audit under a group of isometries: equivariant bijections of the model
averaged over the group, and the score within orbits, which they leave alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics.detection.roc import auroc
from numerics.transports.orbit_scores import OrthogonalGroup, OverOrbits, invariance_defect
from numerics.transports.radial_maps import RadialMap
from proofs_checks.audits.budget import Budget
from proofs_checks.findings import Finding
from proofs_checks.kernel import Status
from proofs_checks.wording import count, number_text

LogFunction = Callable[[Tensor], Tensor]
NODES = 12  # of each panel of the sum over shells
SHELLS = 64  # such nodes in few dimensions, for what the time suffices
MOST = 64  # inliers and outliers
INVARIANT = 1e-6  # relative size of |s(gx) - s(x)| beyond which a score is called another one
RECOVERED = 1e-4  # of |log density of the image - log s|, in nats
SHARE = 0.4  # of the time that is left
RADIUS = "times a power of the radius equivariantly"
AVERAGED, WITHIN = "model averaged over the group", "score within an orbit"


@dataclass(frozen=True)
class EquivariantBijection:
    """x -> lambda(x) x, which commutes with the group and gives the averaged model the
    density s.

    ``forward`` and ``inverse`` map points ``(N, D)``; ``log_det`` and ``log_density`` (of
    the image of the averaged model, at the image of x) are those of the map as evaluated.
    """

    map: RadialMap
    log_mean: LogFunction
    log_s: LogFunction

    def forward(self, x: Tensor) -> Tensor:
        """Images of points ``(N, D)``."""
        with torch.no_grad():
            return self.map(x)

    def inverse(self, y: Tensor) -> Tensor:
        """Preimages of points ``(N, D)``, along their rays."""
        with torch.no_grad():
            return self.map.inverse(y)[0]

    def log_det(self, x: Tensor) -> Tensor:
        """log |det Df(x)|, shape ``(N,)``."""
        return self.map.log_det(x)

    def log_density(self, x: Tensor) -> Tensor:
        """log density of the image of the averaged model at f(x), shape ``(N,)``."""
        with torch.no_grad():
            before = self.log_mean(x)
        return before - self.log_det(x)


class SymmetricFindings:
    """What a group says of a density model; :attr:`bijections` and :attr:`facts` are
    filled on the way."""

    def __init__(
        self,
        log_p: LogFunction,
        group: OrthogonalGroup,
        data: tuple[Tensor, Tensor],
        scores: dict[str, LogFunction],
        *,
        cost: float,
        budget: Budget,
    ) -> None:
        self.over, self.group, self.scores, self.budget = OverOrbits(log_p, group), group, scores, budget
        each = len(group) * SHELLS * (len(group) + 2) * max(cost, 1e-6) * (2 + len(scores)) * 3
        most = max(4, min(MOST, int(SHARE * min(budget.remaining, 1e9) / (2 * each))))
        self.data = tuple(part[:most] for part in data)
        self.bijections: dict[str, EquivariantBijection] = {}
        self.facts: dict[str, Any] = {"elements": len(group), "points": [len(part) for part in self.data]}

    def run(self) -> list[Finding]:
        """The group and the averaged model, the star, the bijections, the score within
        orbits."""
        with torch.no_grad():
            found = [self._averaged()]
            star = self._star()
        if star is not None:
            return [*found, star]
        wanted: dict[str, LogFunction] = {
            "uniformized equivariantly": lambda x: torch.zeros_like(x[:, 0]),
            "reversed equivariantly": lambda x: -self.over.log_mean(x),
        }
        for name, log_s in self.scores.items():
            with torch.no_grad():
                gap, g, k = invariance_defect(log_s, self.group, torch.cat(self.data))
            if gap > INVARIANT:
                text = f"the score changes by {number_text(gap)} of its size under element {g} at point {k}: no equivariant map has it for its density"
                found.append(Finding(f"{name} equivariantly", Status.INAPPLICABLE, text, {"element": g, "point": k}))
            else:
                wanted[f"{name} equivariantly"] = log_s
        found.append(self._by_radius())
        found += [self._bijection(name, log_s) for name, log_s in wanted.items()]
        return [*found, *self._within()]

    def _areas(self, score: LogFunction) -> Fraction:
        with torch.no_grad():
            return auroc(*(score(part) for part in self.data)).value

    def _averaged(self) -> Finding:
        before, after = self._areas(self.over.log_p), self._areas(self.over.log_mean)
        self.facts |= {"auroc": float(before), "auroc_averaged": float(after)}
        text = f"{count(len(self.group), 'element')}; its AUROC is {float(after):.4f}, that of the model {float(before):.4f} ({len(self.data[0])} and {len(self.data[1])} points)"
        return Finding(AVERAGED, Status.HOLDS, text)

    def _star(self) -> Finding | None:
        """A point whose ray to the origin leaves the support, which the maps need."""
        x = torch.cat(self.data)
        for t in (1.0, 0.75, 0.5, 0.25, 0.1, 0.01):
            bad = ~torch.isfinite(self.over.log_mean(t * x))
            if bool(bad.any()):
                k = int(bad.nonzero()[0])
                text = f"the support is no star about the origin: at {t:g} times point {k} the density is 0 or infinite. Centre the data on a fixed point of the group"
                return Finding("support", Status.INAPPLICABLE, text, {"point": k, "times": t})
        return None

    def _by_radius(self) -> Finding:
        """The score p h with h = (1 + |x|^2/D)^-D, whose map needs no evaluation of the
        model."""
        dim = self.data[0].shape[1]

        def log_ratio(x: Tensor) -> Tensor:
            return dim * torch.log1p(x.square().sum(1) / dim)

        return self._bijection(RADIUS, lambda x: self.over.log_mean(x) - log_ratio(x), log_ratio)

    def _bijection(self, name: str, log_s: LogFunction, log_ratio: LogFunction | None = None) -> Finding:
        if self.budget.interrupted or self.budget.remaining <= 0:
            return Finding(name, Status.UNDECIDED, "not reached in the time given; seconds= gives more")
        dim = self.data[0].shape[1]
        made = EquivariantBijection(
            RadialMap(log_ratio or (lambda x: self.over.log_mean(x) - log_s(x)), dim, nodes=NODES),
            self.over.log_mean,
            log_s,
        )
        recovered = [made.log_density(part) for part in self.data]
        with torch.no_grad():
            wanted = [log_s(part) for part in self.data]
        off = max(float((a - b).abs().max()) for a, b in zip(recovered, wanted, strict=True))
        self.bijections[name] = made
        if not all(bool(torch.isfinite(part).all()) for part in recovered):
            text = "along some rays the images crowd below rounding (p/s at the point is too small beside its mean over the shells inside), so that no determinant is resolved"
            return Finding(name, Status.UNDECIDED, text)
        area = auroc(*recovered).value
        self.facts.setdefault("auroc_equivariant", {})[name] = float(area)
        if not off <= RECOVERED:
            text = f"the density of the images misses s by up to {number_text(off)} nats: {len(made.map.t)} shells do not resolve p/s along the rays"
            return Finding(name, Status.UNDECIDED, text)
        promised = "" if name.startswith("uniform") else f"; its AUROC is {float(area):.4f}"
        return Finding(
            name,
            Status.HOLDS,
            f"the density of the images, from the map as evaluated, is s within {number_text(off)} nats{promised}",
        )

    def _within(self) -> list[Finding]:
        """The area of the score within an orbit under the model, and after each
        bijection with the volume factors of the map as evaluated."""
        with torch.no_grad():
            before = [self._without_rounding(self.over.within(part), part) for part in self.data]
        area = auroc(*before).value
        self.facts |= {"auroc_within": float(area), "auroc_within_after": {}}
        worst, crowded = 0.0, 0
        for name, made in self.bijections.items():
            if self.budget.remaining <= 0:
                break
            after = [self._without_rounding(self._after(made, part), part) for part in self.data]
            lost = sum(int((~torch.isfinite(part)).sum()) for part in after)
            crowded = max(crowded, lost)
            if lost:  # an area of fewer points is another one
                continue
            worst = max(worst, *(float((a - b).abs().max()) for a, b in zip(after, before, strict=True)))
            self.facts["auroc_within_after"][name] = float(auroc(*after).value)
        listed = ", ".join(f"{value:.4f} ({name})" for name, value in self.facts["auroc_within_after"].items())
        text = f"AUROC {float(area):.4f} before, {listed or 'not measured'} after; the score moved by at most {number_text(worst)} nats: what an equivariant map cannot change"
        if crowded:
            text += f" (not measured where images crowd below rounding, at up to {count(crowded, 'point')})"
        measured = bool(self.facts["auroc_within_after"])
        return [Finding(WITHIN, Status.HOLDS if measured and worst <= RECOVERED else Status.UNDECIDED, text)]

    def _without_rounding(self, values: Tensor, x: Tensor) -> Tensor:
        """Scores within orbits, 0 where they are rounding: of a model that is invariant
        all of them tie."""
        with torch.no_grad():
            size = 1 + self.over.log_p(x).abs()
        unit = 64 * (x.shape[1] + len(self.group)) * torch.finfo(values.dtype).eps
        return torch.where(values.abs() <= unit * size, torch.zeros_like(values), values)

    def _after(self, made: EquivariantBijection, x: Tensor) -> Tensor:
        """log q(f(x)) - log mean_g q(g f(x)), q = p/|det Df| the density of the model's
        image, at g f(x) = f(gx)."""
        n, (size, D) = len(self.group), x.shape
        moved = self.group.move(x).reshape(n * size, D)
        with torch.no_grad():
            log_p = self.over.log_p(moved)
        values = (log_p - made.log_det(moved)).reshape(n, size)
        return values[0] - torch.logsumexp(values, 0) + math.log(n)
