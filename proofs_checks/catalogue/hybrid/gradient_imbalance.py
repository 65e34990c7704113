"""How much harder an image pulls on shared parameters than its label does, at probability one half."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from numerics.likelihoods import (
    fit_exponent,
    gradient_ratios,
    image_gradients,
    imbalance,
    ladder,
    logit_jacobian,
    logits_along,
    one_colour_images,
    pairwise_sum,
    shares_parameters,
    threshold_images,
    uncorrelated_signs,
)
from numerics.random import Stream
from numerics.shared_networks import evaluate, patch_network, shared_network
from proofs_checks.errors import InputError
from proofs_checks.kernel import (
    Bound,
    Case,
    Cases,
    Control,
    Test,
    finite,
    identity,
    inapplicable,
    measured,
    structural,
    tested,
)
from proofs_checks.strategies.likelihoods import network_cases, patch_cases
from theory import shared_gradients
from theory.shared_gradients import SQUARED_RATIOS, D, Induction, Law, Obligation, Rows, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import nn

    from proofs_checks.evidence import Evidence

Laws = Mapping[str, Law]
Images = Callable[[Tensor, int, Stream], Tensor]
Ceiling = Callable[[Rows, Table], bool]
Support = Callable[[int], Iterable[int]]

LISTED = 12  # pixels up to which all images are listed
PAIRED = 1024  # pixels up to which all pairs are looked at
SPECTRAL = 2**14  # pixels up to which the operator norm is measured beside the ratio
FEW = 32  # parameters up to which the covariance is compared entry by entry, and not in random directions
YOURS = "yours"  # the family of a reader's own model, where a case names one
FITTING = 2**23  # pixels drawn for one point of that fit, at most
FITTED = 2**14  # pixels from which the exponent of drawn images is fitted
SMALL = [Case(family=family, D=size) for family in ("generic", "unshared") for size in (1, 256)]
LARGE = [Case(family=family, D=size) for family in ("agreeing", "orthogonal") for size in (1, 2**20)]
PATCHES = [Case(D=1, K=1, size=2**16), Case(D=16, K=16, size=2**20), Case(D=2**20, K=4, size=2**17)]

cases = {"numeric": Cases(network_cases, always=[*SMALL, *LARGE]), "statistical": Cases(patch_cases, always=PATCHES)}


def cases_for(*, model: nn.Module | None = None, images: Images | None = None, **others: object) -> list[Case]:
    """The cases that a reader's own object is run at: for a model, the one of its size, so that no other enters the scope."""
    if others or (model is None) == (images is None):
        raise InputError(
            f"Expected a model or images, got {', '.join(others) or 'both'}. Controls alone substitute the rest."
        )
    return PATCHES if model is None else [Case(family=YOURS, D=_pixels_of(model))]


def _pixels_of(model: nn.Module) -> int:
    try:
        return evaluate(model)[0].numel()
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error


# ---- exact


def every_image(size: int) -> Iterable[int]:
    """Numbers of the images over which a mean is taken: all of them, so that signs are independent."""
    return range(2**size)


def one_colour(size: int) -> Iterable[int]:
    """All black and all white: every pixel is still fair, but no two are independent."""
    return (0, 2**size - 1)


def exact(
    *,
    laws: Laws = SQUARED_RATIOS,
    ceiling: Ceiling = shared_gradients.spectral_bound_holds,
    support: Support = every_image,
) -> list[Evidence]:
    def obeys(family: str, rows: Rows, table: Table) -> bool:
        label = shared_gradients.equal_norm_rows(family, len(rows))[1]
        return shared_gradients.ratio_law_holds(family, label, table, len(rows), laws[family])

    def below(family: str, rows: Rows, table: Table) -> bool:
        return ceiling(rows, table)

    def moments(family: str, rows: Rows, table: Table) -> bool:
        return shared_gradients.moments_hold(rows, table)

    small, every = range(1, 6), tuple(SQUARED_RATIOS)
    laws_small = {family: _tables((family,), small, obeys, support) for family in SQUARED_RATIOS}
    return [
        _induction(shared_gradients.score_induction()),
        _induction(shared_gradients.moments_induction(), _tables(every, small, moments, support)),
        _induction(shared_gradients.ceiling_induction(), _tables(every, small, below, support)),
        _induction(shared_gradients.agreement_induction()),
        _induction(shared_gradients.agreeing_induction(laws["agreeing"]), laws_small["agreeing"]),
        _induction(shared_gradients.mean_square_induction(laws["generic"]), laws_small["generic"]),
        _induction(shared_gradients.orthogonal_induction(laws["orthogonal"]), laws_small["orthogonal"]),
        _stated(shared_gradients.orthogonality()),
        _stated(shared_gradients.unshared(laws["unshared"])),
        _tables(every, range(1, LISTED + 1), lambda *it: moments(*it) and obeys(*it) and below(*it), support),
    ]


def _stated(obligation: Obligation) -> Evidence:
    return identity(obligation.left, obligation.right, name=obligation.name)


def _induction(induction: Induction, *small: Evidence) -> Evidence:
    return structural(
        D,
        base=[_stated(obligation) for obligation in induction.base],
        step=[_stated(obligation) for obligation in induction.step],
        small=[*(_stated(obligation) for obligation in induction.small), *small],
        name=induction.name,
    )


def _tables(
    families: tuple[str, ...], sizes: range, law: Callable[[str, Rows, Table], bool], support: Support
) -> Evidence:
    """A statement about every image of every size, in whole numbers, on tables made by two enumerations."""

    def holds(instance: tuple[str, int], enumerate_all: Callable[[Rows], Table]) -> bool:
        rows, _ = shared_gradients.equal_norm_rows(*instance)
        return law(instance[0], rows, enumerate_all(rows)[list(support(instance[1]))])

    return finite(
        [(family, size) for size in sizes for family in families],
        lambda it: holds(it, shared_gradients.gradients_by_signs),
        second=lambda it: holds(it, shared_gradients.gradients_by_walsh_transform),
        of=f"tables of all 2^D images, rows {', '.join(families)}, D = 1..{sizes[-1]}",
    )


# ---- numeric


def numeric(
    case: Case, stream: Stream, *, laws: Laws = SQUARED_RATIOS, model: nn.Module | None = None
) -> list[Evidence] | Evidence:
    if model is not None:
        return _of_model(model, case, stream)
    law = laws[case.family]
    sizes = ladder(case.D)
    if case.family == "generic":
        networks = {size: shared_network("generic", size, stream.fork(size))[0] for size in sizes}
        found = _second_moments(networks[case.D], stream, estimated=False)
        ratios = [_rms_ratio(network) for network in networks.values()]
        relative, why = [_paired_roundoff(size, stream) for size in sizes], PAIRED_SUMS
    else:
        ratios = [_one_image_ratio(case.family, size, stream) for size in sizes]
        found = _spectral_bound(case.family, case.D, stream) if case.family != "unshared" and case.D <= SPECTRAL else []
        relative, why = [_structured_roundoff(size, stream) for size in sizes], STRUCTURED
    found.append(
        _ratio(
            ratios[-1], law(case.D), Bound({"rounding": relative[-1] * max(ratios[-1], math.sqrt(law(case.D)))}, why)
        )
    )
    if case.D > 1 and case.family != "unshared":
        found.append(_exponent(sizes, ratios, law, max(relative)))
    return found


def _one_image_ratio(family: str, size: int, stream: Stream) -> float:
    network, image = shared_network(family, size, stream.fork(size))
    return imbalance(network, image).gradient_ratio


def _rms_ratio(network: nn.Module) -> float:
    """Root mean square over images with independent signs' first and second moments, gradients by autograd."""
    pixels, _ = evaluate(network)
    gradients = image_gradients(network, (uncorrelated_signs(pixels.numel(), pixels.detach()) + 1) / 2)
    label = imbalance(network, torch.zeros_like(pixels)).label_gradient
    return float(pairwise_sum(gradients.square()).mean().sqrt()) / label


STRUCTURED = (
    "At zero trunk every logit is 0, every residual +-1/2 and every derivative of tanh 1, all exactly; a sum of residuals with small whole "
    "coefficients is exact in any order. What is left: at most 12 roundings in each derivative, relative to a vector whose norm the reflection keeps, "
    "and two norms summed by halving, log2 m + 2 each over m <= 2 (D + 8) parameters and one latent."
)
PAIRED_SUMS = (
    "A derivative is a sum over D pixels in any order, so it errs by (D + 16) eps sum_i |r_i| |J_i| entry by entry (Higham, section 4.2); that sum is at "
    "most sqrt(D) times the RMS gradient when rows have equal norm; norms and the mean over images add log2 terms, below D + 32 in all."
)


def _structured_roundoff(size: int, stream: Stream) -> float:
    return (2 * math.log2(2 * (size + 8)) + 32) * torch.finfo(stream.dtype).eps


def _paired_roundoff(size: int, stream: Stream) -> float:
    return (2 * size + 48) * math.sqrt(size) * torch.finfo(stream.dtype).eps


def _ratio(ratio: float, squared: float, bound: Bound) -> Evidence:
    return measured(abs(ratio - math.sqrt(squared)), bound, points=1, resolves=1e-3, name=f"ratio {ratio:.6g}")


def _claimed_exponent(law: Law, size: int) -> float:
    """The power of D that ``law``, a squared ratio, grows by; not by way of a fit, which is on trial here."""
    return math.log(law(size)) / (2 * math.log(size))


def _exponent(sizes: list[int], ratios: list[float], law: Law, relative: float) -> Evidence:
    slope, gain = fit_exponent(sizes, ratios)
    claimed = _claimed_exponent(law, sizes[-1])
    bound = Bound(
        {
            "ratios": 2 * gain * relative,
            "arithmetic": 2 * gain * (len(sizes) + 16) * math.log(sizes[-1]) * torch.finfo(torch.float64).eps,
        },
        "The fitted slope is linear in the logarithms: it moves by at most sum |coefficients| times the largest error of a logarithm, which is the ratios' "
        "relative error r (at most 2r for r < 1/2) and the rounding of logarithms no larger than log D, summed over the sizes; twice, for two fits.",
    )
    return measured(abs(slope - claimed), bound, points=len(sizes), resolves=1e-3, name=f"fitted exponent {slope:.9f}")


def _spectral_bound(family: str, size: int, stream: Stream) -> list[Evidence]:
    """|g|^2 = <r, J g> and |g|^2 <= sqrt(D)/2 |J g|, J g from a derivative of the logits alone."""
    network, image = shared_network(family, size, stream.fork(size))
    gradient = image_gradients(network, image[None])[0]
    along, square = logits_along(network, gradient), float(pairwise_sum(gradient.square()))
    lifted = float(pairwise_sum(along * (image - 0.5)))
    ceiling = math.sqrt(size) / 2 * math.sqrt(float(pairwise_sum(along.square())))
    relative = Bound(
        {"rounding": (4 * size + 64) * torch.finfo(stream.dtype).eps},
        "J g sums at most 2 (D + 8) products in any order, twice for the reflection, of sizes that add up to at most |g|^2 by Cauchy and Schwarz.",
    )
    return [
        measured(abs(lifted / square - 1), relative, points=1, resolves=1e-3, name="<r, J J^T r> = |J^T r|^2"),
        measured(max(0.0, square / ceiling - 1), relative, points=1, resolves=1e-3, name="|J^T r| <= sqrt(D)/2 |J|_op"),
    ]


def _second_moments(network: nn.Module, stream: Stream, *, estimated: bool) -> list[Evidence]:
    """Mean, second moments and largest gradient over uncorrelated fair signs, against J from the logits alone."""
    J = logit_jacobian(network)[:-1]
    pixels = evaluate(network)[0].detach()
    size, eps = J.shape[0], max(torch.finfo(J.dtype).eps, torch.finfo(pixels.dtype).eps)
    signs = uncorrelated_signs(size, pixels)
    gradients = image_gradients(network, (signs + 1) / 2)
    reach = J.abs().sum(0) / 2  # no gradient's entry is larger
    step = (size + len(signs) + 24) * eps * reach
    total = float(reach.norm())
    operator = _operator_norm_from_below(J)
    about = {"derivation": PAIRED_SUMS, "estimated": ("rounding",) if estimated else ()}
    about["assumes"] = ("terms inside the network cancel no more than they do between pixels",) if estimated else ()
    squares = pairwise_sum(gradients.square())
    per_entry, per_square = (
        Bound({"rounding": step}, **about),
        Bound({"rounding": 4 * total * float(step.norm())}, **about),
    )
    found = [
        measured((gradients - (signs.to(J) / 2) @ J).abs().amax(0), per_entry, points=len(signs), resolves=1e-3 * total, name="grad = J^T (x - 1/2)"),
        measured(gradients.mean(0).abs(), per_entry, points=len(signs), resolves=1e-3 * total, name="mean 0"),
        measured((squares.mean() - pairwise_sum(J.square().reshape(-1)) / 4).abs(), per_square, points=len(signs), resolves=1e-3 * total**2, name="RMS = |J|_F / 2"),
        measured((squares.max().sqrt() - math.sqrt(size) / 2 * operator).clamp(min=0), Bound({"rounding": 4 * math.sqrt(size) * float(step.norm())}, **about),
                 points=len(signs), resolves=1e-3 * total * math.sqrt(size), name="norm <= sqrt(D)/2 |J|_op"),
    ]  # fmt: skip
    count = J.shape[1]
    probes = (
        torch.eye(count).to(J) if count <= FEW else stream.fork("probes").normal(count, FEW).to(J) / math.sqrt(count)
    )
    seen, claimed = gradients @ probes, J @ probes
    covariance = (seen.mT @ seen / len(signs) - claimed.mT @ claimed / 4).abs()
    edge = 4 * (step @ probes.abs())[:, None] * (reach @ probes.abs())
    found.append(
        measured(
            covariance,
            Bound({"rounding": torch.maximum(edge, edge.mT)}, **about),
            points=len(signs),
            resolves=1e-3 * total**2,
            name="covariance J^T J / 4",
        )
    )
    return found


def _operator_norm_from_below(J: Tensor) -> Tensor:
    """|J v| / |v| for the leading right singular vector as computed: at most |J|_op whatever the error of v."""
    v = torch.linalg.svd(J, full_matrices=False).Vh[0]
    return (J @ v).norm() / v.norm()


def _of_model(model: nn.Module, case: Case, stream: Stream) -> list[Evidence] | Evidence:
    try:
        pixels, label = evaluate(model)
        if (case.D, case.get("family", YOURS)) != (
            pixels.numel(),
            YOURS,
        ):  # else the scope would name sizes that nobody measured
            return inapplicable(
                f"a case of the model's own size: this one has {pixels.numel()} pixels, the case {case.D}. "
                f"Name it: .check(model=model, case={{'D': {pixels.numel()}}})."
            )
        shared = shares_parameters(model)
        imbalance(model, torch.zeros_like(pixels))
        largest = float(torch.cat([pixels.detach(), label.detach()[None]]).abs().max())
        if largest:
            return inapplicable(
                f"probability one half for every pixel and the label: expected logits 0, got one of size {largest:.3g}. "
                "numerics.shared_networks.Centred(model) moves a model there and keeps its Jacobian."
            )
        if not shared:
            return inapplicable(
                "shared parameters: no parameter of the label reaches a pixel logit, so that the ratio is 0. Was something detached?"
            )
        if pixels.numel() > PAIRED:
            return inapplicable(
                f"at most {PAIRED} pixels for the moments over pairs of pixels, got {pixels.numel()}; numerics.likelihoods.imbalance measures one image."
            )
        return _second_moments(model, stream, estimated=True)
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error


# ---- statistical


def statistical(
    case: Case, stream: Stream, *, laws: Laws = SQUARED_RATIOS, images: Images = threshold_images
) -> list[Evidence]:
    """Images drawn from the network; mean squared ratio against the law for independent signs, and the fitted exponent."""
    law = laws["generic"]
    found = [_mean_squared_ratio(case, law, images, stream)]
    if case.D >= FITTED and case.K > 1:
        found.append(_fitted_exponent(case, law, images, stream))
    return found


def _measure(D: int, K: int, size: int, images: Images, stream: Stream) -> tuple[float, int]:
    """Mean squared ratio, and the number of independent patches that it averages."""
    count = max(1, size // D)
    network = patch_network(D, K, stream.fork("network"))
    total = sum(
        float(ratios.square().sum()) for ratios in gradient_ratios(network, images, count, stream.fork("images"))
    )
    return total / count, count * (D // K)


def _mean_squared_ratio(case: Case, law: Law, images: Images, stream: Stream) -> Evidence:
    D, K, size = case.D, case.K, case.size
    square, patches = _measure(D, K, size, images, stream.fork(D))
    slack = Bound(
        {"rounding": _structured_roundoff(D, stream) * 2 + size * 2.0**-52 / D},
        STRUCTURED + " The mean over images is summed in tiles.",
    )
    # A patch contributes (its sum of K signs)^2 <= K^2, so (K/D) of that is the average of independent variables in [0, K].
    test = Test.hoeffding(patches, K * D / law(D))
    return tested(
        abs(square / law(D) - 1),
        test,
        resolves=0.45,
        slack=slack,
        name=f"mean squared ratio {square:.6g} at D = {D}, patches of {K}",
    )


def _fitted_exponent(case: Case, law: Law, images: Images, stream: Stream) -> Evidence:
    """The slope of log RMS ratio over D = 1, 4, 16, ... On the event that every mean square T = ratio^2 / D is within r <= 1/2
    of 1, |log T| <= 2 r log 2 (concavity), so the slope is within gain * r * log 2: r is Hoeffding's radius, scaled."""
    sizes = ladder(case.D)
    means = [
        _measure(size, math.gcd(size, case.K), min(case.size, FITTING), images, stream.fork(("ladder", size)))
        for size in sizes
    ]
    slope, gain = fit_exponent(sizes, [math.sqrt(square) for square, _ in means])
    claimed = _claimed_exponent(law, sizes[-1])
    fewest = min(patches for _, patches in means)
    test = Test.hoeffding(fewest, case.K * gain * math.log(2), tests=len(sizes))
    return tested(
        abs(slope - claimed), test, resolves=min(0.2, gain * math.log(2) / 2), name=f"fitted exponent {slope:.4f}"
    )


# ---- controls and figure


def always(law: Law) -> Laws:
    """One law for every family."""
    return dict.fromkeys(SQUARED_RATIOS, law)


ALWAYS_D = always(lambda size: size**2)
VALUES = {**SQUARED_RATIOS, "unshared": shared_gradients.squared_value_ratio}
ONE_COLOUR_CASES = [Case(D=4, K=4, size=2**18), Case(D=2**12, K=4, size=2**18)]

controls = {
    "ratio-is-always-D": [
        Control(exact, laws=ALWAYS_D),
        Control(
            numeric,
            cases=[Case(family="orthogonal", D=2), Case(family="orthogonal", D=2**16), Case(family="generic", D=64)],
            laws=ALWAYS_D,
        ),
        Control(statistical, cases=[Case(D=4, K=4, size=2**18), Case(D=2**14, K=4, size=2**18)], laws=ALWAYS_D),
    ],
    "values-for-gradients": [
        Control(exact, laws=VALUES),
        Control(numeric, cases=[Case(family="unshared", D=2), Case(family="unshared", D=2**12)], laws=VALUES),
    ],
    "fair-pixels-suffice": [
        Control(exact, support=one_colour),
        Control(statistical, cases=ONE_COLOUR_CASES, images=one_colour_images),
    ],
    "rms-bounds-every-image": [Control(exact, ceiling=shared_gradients.frobenius_bound_holds)],
}


def figure() -> Figure:
    """Ratios of values and of gradients, measured by autograd, with the exponents fitted to them."""
    from matplotlib.figure import Figure

    stream = Stream(0)
    drawing = Figure(figsize=(5.2, 3.6), layout="constrained")
    axes = drawing.subplots()
    sizes = ladder(4**6)
    found: dict[str, list[float]] = {"values": [], "gradients, rows agree": [], "gradients, orthogonal rows": []}
    for size in sizes:
        agreeing, orthogonal = (
            imbalance(*shared_network(family, size, stream.fork((family, size))))
            for family in ("agreeing", "orthogonal")
        )
        found["values"].append(agreeing.value_ratio)
        found["gradients, rows agree"].append(agreeing.gradient_ratio)
        found["gradients, orthogonal rows"].append(orthogonal.gradient_ratio)
    for (name, ratios), marker in zip(found.items(), "s+o", strict=True):
        slope, _ = fit_exponent(sizes, ratios)
        axes.loglog(
            sizes,
            ratios,
            marker,
            markersize=9 if marker == "+" else 5,
            fillstyle="none",
            label=f"{name}: exponent {slope:.3f}",
        )
    for size in sizes[3:]:  # small images may have gradient 0, which no logarithmic axis shows
        network = patch_network(size, 4, stream.fork(("patches", size)))
        ratios_drawn = torch.cat(list(gradient_ratios(network, threshold_images, 8, stream.fork(("drawn", size)))))
        axes.loglog(
            [size] * 8,
            ratios_drawn,
            ".",
            color="C3",
            markersize=2,
            label="gradients, images drawn" if size == sizes[3] else None,
        )
    axes.loglog(sizes, sizes, "-", color="C0", linewidth=0.7)
    axes.loglog(sizes, [math.sqrt(size) for size in sizes], "-", color="C2", linewidth=0.7)
    axes.minorticks_off()
    axes.set(
        xlabel="pixels $D$",
        ylabel="image over label",
        title="Values by $D$, gradients by √D to $D$",
    )
    axes.legend(frameon=False, fontsize=8)
    return drawing
