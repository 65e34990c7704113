"""log p of the points of a typicality test: those that give the entropy, those that
are scored, and the outliers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from numerics.detection import typicality as measures
from numerics.detection.roc import Auroc, auroc
from numerics.streams import Stream
from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import call
from proofs_checks.inputs.densities import Model
from proofs_checks.wording import short


@dataclass(frozen=True)
class Scored:
    """log p in nats of the points whose entropy is taken (``pilot``), of the inliers
    that are scored and of the outliers.
    """

    pilot: Tensor
    inliers: Tensor
    outliers: Tensor | None
    entropy: float
    batch: int

    def typicalities(self) -> tuple[Tensor, Tensor | None]:
        """T of inliers and of outliers, point by point or batch by batch."""
        return tuple(  # type: ignore[return-value]
            None if part is None else measures.typicality(part, self.entropy, batch=self.batch)
            for part in (self.inliers, self.outliers)
        )

    def area(self) -> Auroc | None:
        """AUROC of "the smaller |T|, the more of an inlier"."""
        inside, outside = self.typicalities()
        return None if outside is None else auroc(-inside.abs(), -outside.abs())


def check_numbers(whole: dict[str, Any], false_alarms: Any, coordinate: Any, model: Model) -> None:
    """Refuse numbers that mean nothing."""
    for name, value in whole.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < (0 if name == "seed" else 1):
            raise InputError(
                f"Expected in {name} a {'non-negative' if name == 'seed' else 'positive'} integer, got {short(value)}."
            )
    if isinstance(false_alarms, bool) or not isinstance(false_alarms, (int, float)) or not 0 < false_alarms < 1:
        raise InputError(f"Expected in false_alarms a share between 0 and 1, got {short(false_alarms)}.")
    if coordinate is not None and (
        isinstance(coordinate, bool) or not isinstance(coordinate, int) or not 0 <= coordinate < model.dim
    ):
        raise InputError(f"Expected in coordinate one of 0..{model.dim - 1}, or None, got {short(coordinate)}.")


def halves(x: Tensor, entropy: Any, batch: int, seed: int) -> tuple[Tensor, Tensor]:
    """A random half of the inliers for H and the rest to be scored; all of them to
    be scored where H comes from elsewhere.
    """
    shuffled = x[Stream(seed, x.device).fork("halves").permutation(x.shape[0])]
    half = x.shape[0] // 2 if entropy is None else 0
    if x.shape[0] - half < batch or (entropy is None and half < 1):
        need = batch if entropy is not None else max(2, 2 * batch - 1)
        raise InputError(
            f"{x.shape[0]} inliers are too few: {need} are needed for batches of {batch}"
            + (
                ", half of them for H. Give more, or entropy=, or entropy='samples' with a model that can be sampled."
                if entropy is None
                else "."
            )
        )
    return shuffled[:half], shuffled[half:]


def values_of(model: Model, x: Tensor, what: str) -> Tensor:
    """log p, no gradient, NaN and +inf refused."""
    if not x.shape[0]:
        return x.new_empty(0)
    values = torch.cat([call(model.log_prob, part, f"log_prob on the {what}") for part in x.split(1 << 12)])
    bad = torch.isnan(values) | (values == torch.inf)
    if bool(bad.any()):
        raise InputError(
            f"log p is NaN or +inf at {int(bad.sum())} of {values.numel()} {what}, first in row {int(bad.nonzero()[0])}: there is no density there."
        )
    return values


def read_scored(
    model: Model, parts: tuple[Tensor, Tensor], away: Tensor | None, *, entropy: Any, fresh: Tensor | None, batch: int
) -> Scored:
    """log p of all of them, and the entropy."""
    pilot, inside = (values_of(model, x, "inliers") for x in parts)
    outside = None if away is None else values_of(model, away, "outliers")
    for values, what in ((pilot, "inliers"), (inside, "inliers")):
        if zero := int((values == -torch.inf).sum()):
            raise InputError(
                f"p is zero (log p = -inf) at {zero} of {values.numel()} {what}: H = -E log p is then infinite, and no point is typical. Inliers have to lie in the support of the "
                "model; is a preprocessing step missing?"
            )
    if outside is not None and outside.numel() < batch:
        raise InputError(f"{outside.numel()} outliers do not fill a batch of {batch}.")
    if entropy is None:
        value = -float(pilot.mean())
    elif isinstance(entropy, str):
        if entropy != "samples":
            raise InputError(f"Expected in entropy a number of nats, 'samples' or None, got {short(entropy)}.")
        if fresh is None:
            raise InputError(
                "entropy='samples' needs draws of the model, and it cannot be sampled. Give sampler=, from n to n draws."
            )
        pilot, value = fresh, -float(fresh.mean())
    else:
        if isinstance(entropy, bool) or not isinstance(entropy, (int, float)) or not math.isfinite(entropy):
            raise InputError(f"Expected in entropy a finite number of nats, 'samples' or None, got {short(entropy)}.")
        value = float(entropy)
    if not math.isfinite(value):
        raise InputError(
            "The mean of -log p over draws of the model is infinite: hypothesis 'log p is integrable' failed."
        )
    return Scored(pilot, inside, outside, value, batch)
