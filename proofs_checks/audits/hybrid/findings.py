"""What is said of a hybrid model: its two heads, what they share, how hard each pulls,
and the weight that balances them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from numerics.likelihoods.per_sample import Pulls, balancing_weight, per_sample_loop
from numerics.streams import Stream
from proofs_checks.findings import Finding
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.hybrid_models import Hybrid
from proofs_checks.kernel import Status
from proofs_checks.wording import count

HEADS, TWICE, ALONE, AGREE = (
    "both heads",
    "same value twice",
    "rows on their own",
    "norms against one backward pass a row",
)
SHARED, BUDGET, BALANCE = "shared parameters", "gradient budget", "balance at your lambda"
CHECKED = 3  # rows whose gradients are formed once more, one by one
ONE_SIDED = 10.0  # a part that pulls so many times as hard as the other leaves it unheard


def root_mean_square(squares: Tensor) -> float:
    """The root of the mean over rows of a sum over parameters, shape ``(P, N)``."""
    return float(squares.sum(0).mean().sqrt()) if squares.numel() else 0.0


def heads_found(given: Hybrid) -> Finding:
    """Both mean log likelihoods, in nats and against a guess."""
    with torch.no_grad():
        label, image = given.objectives(given.model, given.x, given.y)
    text = (
        f"mean log p(y|x) is {float(label.mean()):.4g} nats over {given.classes} classes (a uniform guess: {-math.log(given.classes):.4g}), "
        f"mean log p(x) {float(image.mean()):.4g} over D = {given.dims}"
    )
    return Finding(
        HEADS, Status.HOLDS, text, {"log_label": float(label.mean()), "log_image": float(image.mean()), "D": given.dims}
    )


def repeatability(given: Hybrid) -> Finding:
    """Two calls have to agree: per-sample gradients of a random objective are those of
    nothing in particular."""
    with torch.no_grad():
        first, second = (torch.cat(given.objectives(given.model, given.x, given.y)) for _ in range(2))
    if torch.equal(first, second):
        return Finding(TWICE, Status.HOLDS, "both log likelihoods, bit for bit")
    gap = float((first - second).abs().max())
    return Finding(
        TWICE,
        Status.REFUTED,
        f"two calls differ by {gap:.3g} nats: something is drawn inside, in eval() mode too",
        {"difference": gap},
    )


def rows_alone(given: Hybrid) -> Finding:
    """A row's log likelihoods may not depend on the other rows: then no gradient
    belongs to a sample."""
    n = min(4, len(given.x))
    with torch.no_grad():
        batch = torch.stack(given.objectives(given.model, given.x, given.y))[:, :n]
        try:
            rows = [given.objectives(given.model, given.x[i : i + 1], given.y[i : i + 1]) for i in range(n)]
        except CALL_ERRORS as error:
            line = str(error).splitlines()[0][:160] if str(error) else "no message"
            text = (
                f"a row alone cannot be evaluated ({type(error).__name__}: {line}): statistics of the batch are used in eval() mode too "
                "(batch normalisation without running statistics?)"
            )
            return Finding(ALONE, Status.REFUTED, text)
        single = torch.cat([torch.stack(row) for row in rows], 1)
    gap = float((batch - single).abs().max())
    # another order of the same sums: D sqrt(parameters) products at most, relative to the values
    size = (
        float(batch.abs().max()) + given.dims + sum(parameter.numel() for parameter in given.model.parameters()) ** 0.5
    )
    if gap <= 1024 * torch.finfo(batch.dtype).eps * size:
        return Finding(ALONE, Status.HOLDS, f"{n} rows give the same alone as in the batch")
    text = f"a row alone differs by {gap:.3g} nats from the same row in the batch: batch statistics, or a sum over the batch, in log p"
    return Finding(ALONE, Status.REFUTED, text, {"difference": gap})


def agreement(given: Hybrid, pulls: Pulls) -> Finding:
    """The fast norms against the slow ones on a few rows."""
    slow = per_sample_loop(given.model, given.objectives, given.x[:CHECKED], given.y[:CHECKED])
    fast = torch.stack([pulls.first, pulls.second, pulls.inner])[:, :, :CHECKED]
    gap, scale = float((fast - slow).abs().max()), float(slow[:2].max())
    width = max((parameter.numel() for parameter in given.model.parameters()), default=1)
    formed = f"{len(pulls.by_products)} of {len(pulls.names)} parameters by products of what enters and what comes back"
    if gap <= 64 * (width**0.5 + 64) * torch.finfo(fast.dtype).eps * scale:
        return Finding(AGREE, Status.HOLDS, f"{count(CHECKED, 'row')} agree within rounding; {formed}")
    return Finding(
        AGREE,
        Status.REFUTED,
        f"squared norms differ by {gap:.3g} of {scale:.3g}; {formed}",
        {"difference": gap, "largest": scale},
    )


def sharing(pulls: Pulls) -> Finding:
    """Which groups of parameters both log likelihoods reach."""
    shared = set(pulls.shared_indices)
    groups = [group or "the module itself" for group in pulls.groups if shared & set(pulls.group(group))]
    if shared:
        return Finding(
            SHARED,
            Status.HOLDS,
            f"both log likelihoods reach {', '.join(groups[:6])}{', ..' if len(groups) > 6 else ''}",
            {"groups": groups},
        )
    text = (
        "none: no parameter is reached by both, so that training them together is training them apart (hybrid.separate-parameters), lambda changes no "
        "optimum, and the ratio on shared parameters is undefined. Was a head detached?"
    )
    return Finding(SHARED, Status.INAPPLICABLE, text)


def budget_of_gradients(given: Hybrid, pulls: Pulls) -> Finding:
    """How hard image and label pull on what they share, beside D, sqrt(D) and the ratio
    of values."""
    index = pulls.shared_indices
    if not index:
        return Finding(BUDGET, Status.INAPPLICABLE, "needs parameters that both log likelihoods reach")
    label, image = root_mean_square(pulls.first[index]), root_mean_square(pulls.second[index])
    inner = pulls.inner[index].sum(0)
    against = float((inner < 0).double().mean())
    ratio, D = image / label, given.dims
    with torch.no_grad():
        values = [float(part.mean()) for part in given.objectives(given.model, given.x, given.y)]
    text = f"on shared parameters log p(x) pulls {ratio:.3g} times as hard as log p(y|x) in root mean square; sqrt(D) is {D**0.5:.3g}, D {D}, "
    power = f"that is D^{math.log(ratio) / math.log(D):.2g}; " if D > 1 and ratio > 0 else ""
    text += f"{power}the two log likelihoods stand as {values[1] / values[0]:.3g} to 1, and for {against:.0%} of the rows the gradients oppose each other"
    witness = {
        "label": label,
        "image": image,
        "ratio": ratio,
        "D": D,
        "opposed": against,
        "value_ratio": values[1] / values[0],
    }
    return Finding(BUDGET, Status.HOLDS, text, witness)


def balance(pulls: Pulls, weight: float, seed: int) -> tuple[Finding, tuple[float, float, float] | None]:
    """lambda*, and whether the user's lambda leaves one part unheard."""
    index = pulls.shared_indices
    if not index:
        return Finding(BALANCE, Status.INAPPLICABLE, "needs parameters that both log likelihoods reach"), None
    star = balancing_weight(pulls.first[index].sum(0), pulls.second[index].sum(0), Stream(seed).fork("resamples"))
    low, high = (weight / end for end in (star[2], star[1]))  # how many times as hard the image pulls at this weight
    text = f"lambda* = {star[0]:.3g} balances both in root mean square (bootstrap, 95%: {star[1]:.3g} to {star[2]:.3g}); at lambda = {weight:.3g} "
    witness = {"lambda*": star[0], "low": star[1], "high": star[2], "lambda": weight}
    if weight == 0:
        return Finding(BALANCE, Status.HOLDS, text + "the image is not trained on", witness), star
    if low > ONE_SIDED:
        return Finding(
            BALANCE,
            Status.REFUTED,
            text + f"the image pulls {weight / star[0]:.3g} times as hard: the label is hardly heard",
            witness,
        ), star
    if high < 1 / ONE_SIDED:
        return Finding(
            BALANCE,
            Status.REFUTED,
            text + f"the label pulls {star[0] / weight:.3g} times as hard: the image is hardly heard",
            witness,
        ), star
    return Finding(
        BALANCE, Status.HOLDS, text + f"the image pulls {weight / star[0]:.3g} times as hard as the label", witness
    ), star
