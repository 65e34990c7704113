"""Copies of the model trained with several weights on half of the rows: what each does
to both losses on the other half."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.streams import Stream
from proofs_checks.audits.budget import Budget
from proofs_checks.findings import Finding
from proofs_checks.inputs.hybrid_models import Hybrid
from proofs_checks.kernel import Status

TRAINING = "held-out losses after training"
STEPS, RATE = 150, 1e-3


@dataclass(frozen=True)
class Trained:
    """A weight, its name, the steps made, and mean losses on held-out rows with their
    standard errors, in nats."""

    name: str
    weight: float
    steps: int
    label: float
    label_error: float
    image: float
    image_error: float


def weights_of(star: tuple[float, float, float] | None, weight: float) -> dict[str, float]:
    """The weights that are tried, by name."""
    tried = {"no training": 0.0, "classifier alone": 0.0, "naive": 1.0, "convex with the joint, l = 1/2": 0.5}
    if star is not None:
        tried["balanced"] = star[0]
    if weight not in tried.values():
        tried["yours"] = weight
    return tried


def train_with_weights(
    given: Hybrid, star: tuple[float, float, float] | None, weight: float, budget: Budget, seed: int
) -> list[Trained]:
    """A copy for each weight, the same steps for all: as many as the time allows for
    the slowest."""
    order = Stream(seed).fork("halves").permutation(len(given.x))
    train, test = order[: len(order) // 2], order[len(order) // 2 :]
    tried, found = weights_of(star, weight), []
    share = 0.9 * budget.remaining / max(1, len(tried) - 1)
    steps = STEPS
    for name, value in tried.items():
        if not budget.open:
            break
        budget.tell(f"training: {name}")
        model = copy.deepcopy(given.model)
        made = (
            _train(given, model, train, value, steps=steps, budget=Budget(max(share, 1e-3)))
            if name != "no training"
            else 0
        )
        if name != "no training" and made < steps:
            steps = made
        label, image = _losses(given, model, test)
        found.append(Trained(name, value, made, *label, *image))
    return found


def _train(given: Hybrid, model: torch.nn.Module, rows: Tensor, weight: float, *, steps: int, budget: Budget) -> int:
    """Adam on log p(y|x) + weight log p(x), all rows in each step; returns the steps
    made.

    Written out (Kingma & Ba 2015, algorithm 1): importing ``torch.optim`` for its first
    step takes longer than all of these.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    first, second = ([torch.zeros_like(parameter) for parameter in parameters] for _ in range(2))
    x, y = given.x[rows], given.y[rows]
    for step in range(1, steps + 1):
        if not budget.open:
            return step - 1
        label, image = given.objectives(model, x, y)
        loss = -(label.mean() + weight * image.mean()) if weight else -label.mean()
        if not bool(torch.isfinite(loss)):
            return step - 1
        found = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
        with torch.no_grad():
            for parameter, m, v, g in zip(parameters, first, second, found, strict=True):
                m.mul_(0.9).add_(g, alpha=0.1)
                v.mul_(0.999).addcmul_(g, g, value=0.001)
                parameter.sub_(RATE * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8))
    return steps


def _losses(given: Hybrid, model: torch.nn.Module, rows: Tensor) -> tuple[tuple[float, float], tuple[float, float]]:
    with torch.no_grad():
        parts = given.objectives(model, given.x[rows], given.y[rows])
    label, image = ((-float(part.mean()), float(part.std() / len(part) ** 0.5)) for part in parts)
    return label, image


def training_losses(outcomes: list[Trained], *, asked: bool) -> Finding:
    """Both losses for each weight."""
    if not outcomes:
        why = "was not asked for (train=False)" if not asked else "no time was left (seconds=)"
        return Finding(TRAINING, Status.INAPPLICABLE, f"unchecked: training {why}")
    parts = [
        f"{it.name}{f' (lambda = {it.weight:.3g}, {it.steps} steps)' if it.steps else ''}: {it.label:.3g} +- {it.label_error:.2g} and {it.image:.4g} +- {it.image_error:.2g}"
        for it in outcomes
    ]
    text = f"nats of -log p(y|x) and -log p(x), mean and standard error over held-out rows: {'; '.join(parts)}"
    return Finding(TRAINING, Status.HOLDS, text, {"outcomes": [vars(it) for it in outcomes]})
