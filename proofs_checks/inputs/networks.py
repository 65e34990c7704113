"""A network of the user's that answers for an image and for a label: its size, and whether it meets what a claim assumes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from numerics.errors import HypothesisError
from numerics.likelihoods.networks import evaluate
from proofs_checks.errors import InputError
from proofs_checks.kernel import Case


def logits_at_one_half(model: nn.Module, case: Case) -> tuple[Tensor, Tensor]:
    """The model's ``(pixel logits (D,), label logit ())``, detached: of the case's size, and all zero.

    Raises:
        InputError: not what a model returns.
        HypothesisError: another number of pixels than the case's, or a logit other than 0.
    """
    pixels, label = _evaluated(model)
    if pixels.numel() != case.D:  # else the scope would name sizes that nobody measured
        raise HypothesisError(
            f"a case of the model's own size: this one has {pixels.numel()} pixels, the case {case.D}. "
            f"Name it: .check(model=model, case={{'D': {pixels.numel()}}})."
        )
    largest = float(torch.cat([pixels, label[None]]).abs().max())
    if largest:
        raise HypothesisError(
            f"probability one half for every pixel and the label: expected logits 0, got one of size {largest:.3g}. "
            "numerics.likelihoods.networks.Centred(model) moves a model there and keeps its Jacobian."
        )
    return pixels, label


def cases_of_models(
    declared: list[Case], drawn: list[Case], *, optional: tuple[str, ...] = (), **fields: Any
) -> Callable[..., list[Case]]:
    """A page's ``cases_for``: the size of the user's model; ``drawn`` for a sampler of images; else what is ``declared``.

    Args:
        declared: The cases where neither a model nor a sampler is given, but one of the ``optional`` objects.
        drawn: The cases of the statistical route.
        optional: Other objects that may be given, alone or with a model.
        fields: What the model's case says beside its size.
    """

    def cases_for(*, model: Any = None, images: Any = None, **others: Any) -> list[Case]:
        unknown = [name for name in others if name not in optional]
        if (
            unknown
            or (images is not None and (model is not None or others))
            or (model is images is None and not others)
        ):
            given = [*others, *(name for name, it in (("model", model), ("images", images)) if it is not None)]
            raise InputError(
                f"Expected a model{''.join(f', a {name}' for name in optional)}, or images; got {', '.join(given) or 'none'}. "
                "Controls alone substitute the rest."
            )
        if model is None:
            return declared if images is None else drawn
        return [Case(D=_evaluated(model)[0].numel(), **fields)]

    return cases_for


def _evaluated(model: nn.Module) -> tuple[Tensor, Tensor]:
    try:
        pixels, label = evaluate(model)
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error
    return pixels.detach(), label.detach()
