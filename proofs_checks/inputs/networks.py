"""A network of the user's that answers for an image and for a label: its size, and
whether it meets what a claim assumes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from numerics.errors import HypothesisError
from numerics.likelihoods.networks import evaluate
from numerics.likelihoods.residual_flows import lipschitz_ceiling
from proofs_checks.errors import InputError
from proofs_checks.kernel import Case


def logits_at_one_half(model: nn.Module, case: Case) -> tuple[Tensor, Tensor]:
    """The model's ``(pixel logits (D,), label logit ())``, detached: of the case's
    size, and all zero.

    Raises:
        InputError: not what a model returns.
        HypothesisError: another number of pixels than the case's, or a logit other than
            0.
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
    """A page's ``cases_for``: the size of the user's model; ``drawn`` for a sampler of
    images; else what is ``declared``.

    Args:
        declared: The cases where neither a model nor a sampler is given, but one of the
            ``optional`` objects.
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


def relu_layers(network: nn.Module, case: Case) -> list[tuple[Tensor, Tensor]]:
    """Weights and biases in float64 of a chain of linear layers with ReLU between them;
    of the case's size.

    Raises:
        InputError: no such chain. HypothesisError: another size than the case's.
    """
    layers = _linear_chain(network)
    own = _sizes(layers)
    if (case.D, case.K, case.depth) != own:
        raise HypothesisError(f"a case of the network's own size, D = {own[0]}, K = {own[1]}, depth = {own[2]}")
    return layers


def case_of_relu(network: nn.Module) -> Case:
    """The case of a chain of linear layers with ReLU between them."""
    D, K, depth = _sizes(_linear_chain(network))
    return Case(D=D, K=K, depth=depth)


def _sizes(layers: list[tuple[Tensor, Tensor]]) -> tuple[int, int, int]:
    return layers[0][0].shape[1], layers[-1][0].shape[0], len(layers) - 1


def _linear_chain(network: nn.Module) -> list[tuple[Tensor, Tensor]]:
    form = "Expected a torch.nn.Sequential of nn.Linear and nn.ReLU by turns that ends with a linear layer"
    if not isinstance(network, nn.Sequential):
        raise InputError(f"{form}, got {type(network).__name__}. Hand over its layers as nn.Sequential(*layers).")
    parts = [layer for layer in network if not isinstance(layer, (nn.Identity, nn.Dropout))]
    linear: list[nn.Linear] = []
    for index, layer in enumerate(parts):
        if index % 2 == 0 and isinstance(layer, nn.Linear):
            linear.append(layer)
        elif not (index % 2 and isinstance(layer, nn.ReLU)):
            raise InputError(
                f"{form}, got {type(layer).__name__} as number {index}. The theorem is about piecewise-linear networks."
            )
    if len(parts) % 2 == 0 or linear[-1].out_features < 2:
        raise InputError(f"{form} of two logits or more; a single log-odds a is the pair (0, a).")
    layers = []
    for layer in linear:
        weight = layer.weight.detach().double()
        layers.append((weight, weight.new_zeros(len(weight)) if layer.bias is None else layer.bias.detach().double()))
    return layers


TERMS = 40  # of the power series of a user's block


def residual_block(network: nn.Module, case: Case) -> nn.Sequential:
    """A copy in float64 of the branch of a residual block; of the case's size.

    Raises:
        InputError: no chain of layers from D numbers to D. HypothesisError: another
            size than the case's, or a constant that is not below 1.
    """
    chain, own = _branch(network), case_of_block(network)
    if own.D != case.D:
        raise HypothesisError(f"a case of the block's own size, D = {own.D}")
    made = copy.deepcopy(chain).double().requires_grad_(False)
    if (ceiling := lipschitz_ceiling(made)) >= 1:
        raise HypothesisError(
            f"a Lipschitz constant below 1: the product of the layers' certified norms is {ceiling:.4g}"
        )
    return made


def case_of_block(network: nn.Module) -> Case:
    """The case of a branch: its dimension, the terms that are summed, its certified
    constant."""
    chain = _branch(network)
    try:
        ceiling = lipschitz_ceiling(chain)
    except HypothesisError as error:
        raise InputError(f"The block's Lipschitz constant cannot be certified: expected {error}.") from error
    return Case(D=_linear_layers(chain)[0].in_features, terms=TERMS, lipschitz=float(f"{ceiling:.6g}"))


def _branch(network: nn.Module) -> nn.Sequential:
    """The branch as a chain of layers, of which some are linear, from D numbers to D."""
    form = "Expected the branch g of x + g(x) as a torch.nn.Sequential with linear layers"
    if not isinstance(network, nn.Sequential) or not (linear := _linear_layers(network)):
        raise InputError(f"{form}, got {type(network).__name__}. Hand over its layers as nn.Sequential(*layers).")
    if linear[0].in_features != linear[-1].out_features:
        raise InputError(f"{form} from D numbers to D, got {linear[0].in_features} to {linear[-1].out_features}.")
    return network


def _linear_layers(chain: nn.Sequential) -> list[nn.Linear]:
    return [layer for layer in chain if isinstance(layer, nn.Linear)]
