"""How much harder an image pulls on shared parameters than its label does, at
probability one half."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from numerics.errors import HypothesisError
from numerics.likelihoods import gradient_sizes
from numerics.likelihoods.bernoulli import imbalance, one_colour_images, shares_parameters, threshold_images
from numerics.likelihoods.gradient_sizes import Images
from numerics.streams import Stream
from proofs_checks.catalogue.hybrid.figures import gradient_imbalance as figure
from proofs_checks.inputs.networks import cases_of_models, logits_at_one_half
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, measured, tested
from proofs_checks.strategies.hybrid import network_cases, patch_cases
from theory.likelihoods import gradients
from theory.likelihoods.gradients import SQUARED_RATIOS, SquaredRatio

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric", "statistical"]

Ratios = Mapping[str, SquaredRatio]

LISTED = 12  # pixels up to which all images are listed
PAIRED = 1024  # pixels up to which all pairs are looked at
SPECTRAL = 2**14  # pixels up to which the operator norm is measured beside the ratio
FITTED = 2**14  # pixels from which the exponent of drawn images is fitted
USERS = "yours"  # the family of a user's own model, where a case names one
SMALL = [Case(family=family, D=size) for family in ("generic", "unshared") for size in (1, 256)]
LARGE = [Case(family=family, D=size) for family in ("agreeing", "orthogonal") for size in (1, 2**20)]
PATCHES = [Case(D=1, K=1, size=2**18), Case(D=16, K=16, size=2**22), Case(D=2**20, K=4, size=2**20)]
STATED = {
    "agreeing": gradients.agreeing_rows,
    "generic": gradients.mean_square,
    "orthogonal": gradients.orthogonal_rows,
    "unshared": gradients.unshared_logits,
}
cases = {"numeric": Cases(network_cases, always=[*SMALL, *LARGE]), "statistical": Cases(patch_cases, always=PATCHES)}
cases_for = cases_of_models([*SMALL, *LARGE], PATCHES, family=USERS)


def exact(
    *,
    ratios: Ratios = SQUARED_RATIOS,
    ceiling: gradients.Ceiling = gradients.SPECTRAL,
    support: gradients.Support = gradients.every_image,
    reached: int = 2,
) -> list[Any]:
    """Gradient, moments, ceiling and ratios for every D; and all images of up to twelve
    pixels.

    Where something is replaced, what speaks of it alone is stated: nothing is proved
    once more.
    """
    of_images = gradients.every_table(range(1, LISTED + 1), ratios, ceiling, support, reached)
    by_family = {family: ratio for family, ratio in ratios.items() if ratio is not SQUARED_RATIOS[family]}
    if by_family:
        return [*(STATED[family](ratio) for family, ratio in by_family.items()), of_images[1]]
    for given, own, which in ((support, gradients.every_image, 0), (reached, 2, 1), (ceiling, gradients.SPECTRAL, 2)):
        if given != own:
            return [of_images[which]]
    return [
        gradients.masses_of_a_pixel(),
        gradients.score(),
        gradients.moments(),
        gradients.residual_at_one_half(),
        gradients.ceiling(),
        gradients.agreement(),
        gradients.orthogonality(),
        *(stated(ratios[family]) for family, stated in STATED.items()),
        of_images,
    ]


def numeric(
    case: Case, stream: Stream, *, ratios: Ratios = SQUARED_RATIOS, model: nn.Module | None = None
) -> list[Evidence]:
    """Ratios and their exponents by autograd; moments over uncorrelated signs, and the
    ceiling by the logits' derivative."""
    if model is not None:
        return _moments(_checked(model, case), stream, estimated=True)
    family, squared = case.family, ratios[case.family]
    steps = gradient_sizes.Ladder(family, case.D, stream)
    found = [measured(steps.ratio(squared), resolves=1e-3, name="ratio of the gradients")]
    if family == "generic":
        found += _moments(steps.network, stream, estimated=False)
    elif family != "unshared" and case.D <= SPECTRAL:
        lifted, below = steps.ceiling()
        found += [
            measured(lifted, resolves=1e-3, name="<r, J J^T r> = |J^T r|^2"),
            measured(below, resolves=1e-3, name="|J^T r| <= sqrt(D)/2 |J|_op"),
        ]
    if case.D > 1 and family != "unshared":
        found.append(measured(steps.exponent(squared), resolves=1e-3, name="fitted exponent"))
    return found


def _moments(model: nn.Module, stream: Stream, *, estimated: bool) -> list[Evidence]:
    moments = gradient_sizes.Moments(model, estimated=estimated)
    size, root = 1e-3 * moments.total, moments.size**0.5
    return [
        measured(moments.score(), resolves=size, name="grad = J^T (x - 1/2)"),
        measured(moments.mean(), resolves=size, name="mean 0"),
        measured(moments.mean_square(), resolves=size * moments.total, name="RMS = |J|_F / 2"),
        measured(moments.ceiling(), resolves=size * root, name="norm <= sqrt(D)/2 |J|_op"),
        measured(moments.covariance(stream.fork("probes")), resolves=size * moments.total, name="covariance J^T J / 4"),
    ]


def _checked(model: nn.Module, case: Case) -> nn.Module:
    """A user's model, where it meets the hypotheses: one half everywhere, shared
    parameters, few enough pixels."""
    pixels, _ = logits_at_one_half(model, case)
    if case.get("family", USERS) != USERS:
        raise HypothesisError(f"a case of the user's model, got one of the family {case.family!r}")
    imbalance(model, torch.zeros_like(pixels))
    if not shares_parameters(model):
        raise HypothesisError(
            "shared parameters: no parameter of the label reaches a pixel logit, so that the ratio is 0. Was something detached?"
        )
    if pixels.numel() > PAIRED:
        raise HypothesisError(
            f"at most {PAIRED} pixels for the moments over pairs of pixels, got {pixels.numel()}; numerics.likelihoods.bernoulli.imbalance measures one image."
        )
    return model


def statistical(
    case: Case, stream: Stream, *, ratios: Ratios = SQUARED_RATIOS, images: Images = threshold_images
) -> list[Evidence]:
    """Images drawn from the network: the mean squared ratio against that of independent
    signs, and its fitted exponent."""
    D, K, squared = case.D, case.K, ratios["generic"]
    square, patches, rounding = gradient_sizes.drawn_mean_square(D, K, case.size, images, stream.fork(D))
    # A patch contributes (its sum of K signs)^2 <= K^2, so (K/D) of that is the average of independent variables in [0, K].
    test = Test.hoeffding(patches, K * D / squared(D))
    found = [tested(abs(square / squared(D) - 1), test, resolves=0.15, slack=rounding, name="mean squared ratio")]
    if D >= FITTED and K > 1:
        off, gain, fewest, sizes = gradient_sizes.drawn_exponent(D, K, case.size, squared, images=images, stream=stream)
        test = Test.hoeffding(fewest, K * gain, tests=sizes)
        found.append(tested(off, test, resolves=min(0.1, gain / 2), name="fitted exponent"))
    return found


ALWAYS_D: Ratios = dict.fromkeys(SQUARED_RATIOS, lambda size: size**2)
VALUES: Ratios = {**SQUARED_RATIOS, "unshared": gradients.squared_value_ratio}
ONE_COLOUR = [Case(D=4, K=4, size=2**18), Case(D=2**12, K=4, size=2**18)]
MANY = [Case(family="orthogonal", D=2), Case(family="orthogonal", D=2**16), Case(family="generic", D=64)]
NOTHING_SHARED = [Case(family="unshared", D=2), Case(family="unshared", D=2**12)]
controls = {
    "ratio-is-always-D": [
        Control(exact, fails="independent signs", ratios={**SQUARED_RATIOS, "generic": ALWAYS_D["generic"]}),
        Control(exact, fails="orthogonal rows", ratios={**SQUARED_RATIOS, "orthogonal": ALWAYS_D["orthogonal"]}),
        Control(exact, fails="every image: the ratio", ratios={**SQUARED_RATIOS, "orthogonal": ALWAYS_D["orthogonal"]}),
        Control(numeric, fails="ratio of the gradients", cases=MANY, ratios=ALWAYS_D),
        Control(numeric, fails="fitted exponent", cases=MANY, ratios=ALWAYS_D),
        Control(statistical, fails="mean squared ratio", cases=[Case(D=4, K=4, size=2**18), Case(D=2**14, K=4, size=2**18)], ratios=ALWAYS_D),
        Control(statistical, fails="fitted exponent", cases=[Case(D=2**14, K=4, size=2**18)], ratios=ALWAYS_D),
    ],
    "values-for-gradients": [
        Control(exact, fails="nothing shared", ratios=VALUES),
        Control(numeric, fails="ratio of the gradients", cases=NOTHING_SHARED, ratios=VALUES),
    ],
    "fair-pixels-suffice": [
        Control(exact, fails="every image: mean 0 and covariance", support=gradients.one_colour),
        Control(statistical, fails="mean squared ratio", cases=ONE_COLOUR, images=one_colour_images),
    ],
    "rms-bounds-every-image": [Control(exact, fails="every image: the ceiling", ceiling=gradients.FROBENIUS)],
    "one-image-reaches-D": [Control(exact, fails="every image: the ratio", reached=1)],
}  # fmt: skip
