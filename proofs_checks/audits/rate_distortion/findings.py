"""Findings about a decoder's curve. HOLDS and REFUTED rest on certified bounds at the
audit's level; what rests on chains alone is UNDECIDED or says that it is an
expectation."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch import distributions as td

from numerics.streams import Stream
from proofs_checks.audits.rate_distortion.curve import Row, gap_of
from proofs_checks.audits.rate_distortion.measurements import Annealed, Drawn, distances
from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.latent_models import LatentModel
from proofs_checks.kernel import Status

READ, SOURCE, USES, BAND, LEAST, LIKELIHOOD, TIGHT, ENCODER, PRIOR, CODES = (
    "how it was read",
    "what the numbers speak of",
    "the decoder uses its code",
    "the band",
    "least distortion",
    "negative log-likelihood",
    "annealing is tight",
    "the encoder is on the curve",
    "no other prior saves a quarter nat",
    "every code unit is used",
)
DRAWS = 64  # of an encoder's distribution, a datum
EFFECTS = 128  # draws by which the effect of a code unit is estimated
IGNORED = 1e-4  # of the variance of the distortion
WORTH = 0.25  # nats that another prior has to save to be worth fitting
SMALL = 0.05  # nats a code unit: a gap that nobody acts on


def read(model: LatentModel) -> Finding:
    """Distortion, beta and the prior, in words."""
    prior = "a continuous prior" if model.book is None else f"a code book of {len(model.book.masses)} codes"
    text = f"d is {model.distortion.words}; {prior} of k = {model.k}, data of shape {model.shape}; rates are in nats a datum (divide by 0.6931 for bits)"
    return Finding(READ, Status.INAPPLICABLE, "; ".join([text, *model.notes]))


def source(x: Tensor, given: int) -> Finding:
    """The n data as a source: R is at most log n, and repeated rows lower it."""
    n, distinct = len(x), len(torch.unique(x, dim=0))
    text = f"every bound is about these n = {n} data with equal weights{'' if n == given else f' (of {given}, drawn at random)'}, not about the distribution that they came from; such a source has R <= log n = {math.log(n):.2f} nats"
    text += " for reproductions of any kind, while R of this decoder with this prior may be larger"
    if distinct < n:
        text += f"; {n - distinct} of them repeat another"
    whole = bool((x == x.round()).all())  # levels of pixels, bits: rows of few coordinates repeat by nature
    return Finding(
        SOURCE, Status.REFUTED if distinct < n / 2 and not whole else Status.HOLDS, text, {"n": n, "distinct": distinct}
    )


def uses_its_code(spread: float, mean: float) -> Finding:
    """Whether the distortion depends on the code at all."""
    if spread > 2.0**-40 * max(mean, 2.0**-100):
        return Finding(
            USES,
            Status.HOLDS,
            f"distortions of draws of the prior spread by {spread:.4g} around {mean:.4g} for a datum",
        )
    return Finding(
        USES,
        Status.REFUTED,
        f"the distortion of a datum is the same at every code that was drawn, {mean:.4g} on average: D_min = D_max, and the curve is one point of rate 0",
    )


def bounds(rows: list[Row], level: float, limit: float | None) -> Finding:
    """The band in a sentence, and whether its sides are in order."""
    crossed = [row for row in rows if row.high is not None and row.low > row.high]
    witness = {"level": level, "black_box_limit": limit}
    if crossed:
        row = crossed[0]
        text = f"the lower bound {row.low:.4g} exceeds the upper {row.high:.4g} at D = {row.distortion:.4g}: an assumption fails, d >= 0 or that a call returns the same twice"
        return Finding(BAND, Status.REFUTED, text, witness)
    known = [row for row in rows if row.high is not None]
    middle = known[len(known) // 3] if known else rows[-1]
    high = "unknown" if middle.high is None else f"{middle.high:.4g}"
    text = f"at D = {middle.distortion:.4g} the rate is between {middle.low:.4g} and {high} nats (certified together with every other bound, at level {level:g})"
    if limit is None:
        text = f"{len(rows)} points of the curve from D = {rows[0].distortion:.4g} (rate {rows[0].low:.4g} nats) to D = {rows[-1].distortion:.4g}, exact sums over the code book"
    else:
        text += f"; at D = {rows[0].distortion:.4g} chains reach {rows[0].chains or 0:.4g} nats, which is an upper bound in expectation; no lower bound from these draws goes beyond {limit:.3g} nats, whatever the decoder (`preality show compression.black-box-limit`)"
    return Finding(BAND, Status.HOLDS if known else Status.UNDECIDED, text, witness)


def least_distortion(below: Drawn, above: Annealed, spread: float) -> Finding:
    """The least distortion that was met; D_min is at most that."""
    value = float(torch.minimum(below.least, above.least).mean())
    text = f"{value:.5g}, the mean over data of the smallest distortion that draws or chains met: D_min is at most that; draws alone reach {float(below.least.mean()):.5g}"
    return Finding(
        LEAST, Status.INAPPLICABLE, text, {"least": value, "draws": float(below.least.mean()), "spread": spread}
    )


def likelihood(model: LatentModel, slope: float, above: Annealed) -> Finding:
    """-log p of the data at the slope that is the likelihood's."""
    normaliser = model.distortion.log_normaliser
    at = above.plan.slopes.index(slope)
    constant = normaliser(slope, math.prod(model.shape)) if normaliser else 0.0
    upper, chains = float(above.upper[at]) + constant, float(above.estimate[at]) + constant
    text = f"at beta = {slope:.4g}, where exp(-beta d) is the likelihood, rate + distortion is at most {upper:.5g} nats a datum (certified), {chains:.5g} by the chains"
    return Finding(LIKELIHOOD, Status.INAPPLICABLE, text, {"upper": upper, "chains": chains, "beta": slope})


def tightness(found: list[tuple[float, float, float, float]]) -> Finding:
    """How far annealing from both sides is apart on data that the decoder made."""
    text = "; ".join(
        f"at beta = {b:.4g} F is between {lo:.4g} and {hi:.4g} (each side in expectation, difference {hi - lo:.2g} with standard error {e:.1g})"
        for b, hi, lo, e in found
    )
    worst = max(hi - lo + 3 * e for _, hi, lo, e in found)
    scale = max(abs(hi) for _, hi, _, _ in found)
    status = Status.HOLDS if worst <= max(0.02 * scale, SMALL) else Status.UNDECIDED
    return Finding(TIGHT, status, f"on data simulated by the decoder itself: {text}", {"worst": worst})


def encoder_point(  # noqa: PLR0917
    model: LatentModel, codes: Any, x: Tensor, rows: list[Row], prior: Any, stream: Stream
) -> tuple[Finding, dict[str, Any]]:
    """Rate and distortion of the user's encoder, and its distance above the curve."""
    if isinstance(codes, Tensor):
        with torch.no_grad():
            D = float(model.distortion.each(x, model.decode(codes)).mean())
        text = f"codes without noise reach D = {D:.5g}; their rate is infinite under a continuous prior, so that there is no point to compare"
        return Finding(ENCODER, Status.INAPPLICABLE, text, {"distortion": D}), {"distortion": D, "rate": None}
    D, rate, error = _spent(model, codes, x, prior, stream)
    if not math.isfinite(rate):
        text = "Hypothesis 'q(z|x) is absolutely continuous with respect to the prior' failed: the encoder draws codes where the prior has no density, and its rate is infinite"
        return Finding(ENCODER, Status.REFUTED, text, {"distortion": D}), {"distortion": D, "rate": None}
    least, most = gap_of(rows, D, rate)
    status = (
        Status.REFUTED
        if least is not None and least - 4 * error > SMALL * model.k
        else Status.HOLDS
        if most is not None and most + 4 * error <= SMALL * model.k
        else Status.UNDECIDED
    )
    sides = f"at least {max(0.0, least):.3g}" if least is not None else "an unknown amount"
    text = f"D = {D:.5g}, rate {rate:.4g} nats ({error:.1g} standard error, {DRAWS} draws a datum): it lies {sides} and at most {most:.3g} nats above the curve of its own decoder and prior"
    return Finding(ENCODER, status, text, {"distortion": D, "rate": rate, "least": least, "most": most}), {
        "distortion": D,
        "rate": rate,
        "least": least,
        "most": most,
    }


def _spent(model: LatentModel, q: td.Distribution, x: Tensor, prior: Any, stream: Stream) -> tuple[float, float, float]:
    """Distortion, rate and its standard error, by draws of the encoder."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(int(stream.integers(0, 2**62, 1)))
        try:
            z = q.sample((DRAWS,))
            log_q = q.log_prob(z).double()
        except CALL_ERRORS as failed:
            raise InputError(
                f"The encoder's distribution could not be sampled and evaluated ({type(failed).__name__}: {str(failed)[:120]})."
            ) from failed
    z = z.double()
    with torch.no_grad():
        d = torch.stack([model.distortion.each(x, model.decode(part)) for part in z])
    log_p = torch.stack([prior.log_density(part) for part in z])
    ratio = log_q - log_p
    return float(d.mean()), float(ratio.mean()), float(ratio.mean(1).std()) / math.sqrt(DRAWS)


def prior_gain(gains: list[dict[str, float]], k: int) -> Finding:
    """What a fitted prior saves on held-out data, from both sides as far as they are
    known."""
    best = max(gains, key=lambda one: one["least"])
    parts = []
    for one in gains:
        sure = f"at least {one['least']:.3g} less (certified)" if one["least"] > 0 else "no saving is certified"
        parts.append(
            f"at beta = {one['slope']:.4g} a prior on {one['codes']:.0f} codes of other data costs at most {one['fitted']:.4g} nats of F, where this one costs {one['chains']:.4g} by the chains: {sure}"
        )
    text = "; ".join(parts)
    text += "; how much the best prior would save is not known from above: sup g over all codes is out of reach for a black box"
    status = Status.REFUTED if best["least"] > WORTH else Status.UNDECIDED
    return Finding(PRIOR, status, text, {"gains": gains, "k": k})


def prior_certificate(found: list[dict[str, float]]) -> Finding:
    """For finitely many codes: the loss of the prior from both sides, and that it lies
    between KL and log sup g."""
    parts = []
    refuted = wrong = False
    for one in found:
        low, high = one["F"] - one["most"], one["F"] - one["least"]
        allowed = 4 * one["rounding"] + 1e-12
        wrong |= not (one["divergence"] - allowed <= high and low <= one["log_sup_gain"] + allowed)
        refuted |= low > WORTH
        parts.append(
            f"at beta = {one['slope']:.4g} it loses {max(0.0, low):.4g} to {max(0.0, high):.4g} nats of {one['F']:.4g} (KL(q(z)||p) = {one['divergence']:.3g}, log sup g = {one['log_sup_gain']:.3g})"
        )
    text = "; ".join(parts)
    if wrong:
        return Finding(
            PRIOR,
            Status.UNDECIDED,
            f"{text}: the two certificates disagree, rounding is larger than was allowed for",
            {"slopes": found},
        )
    settled = max(one["F"] - one["least"] for one in found) <= WORTH
    return Finding(
        PRIOR, Status.REFUTED if refuted else Status.HOLDS if settled else Status.UNDECIDED, text, {"slopes": found}
    )


def units(model: LatentModel, x: Tensor, stream: Stream) -> Finding:
    """Which code units the distortion depends on at all: the total effect of each, the
    variance that redrawing it alone leaves unexplained (Sobol' 1993)."""
    z, other = (model.prior.sample(EFFECTS, stream) for _ in range(2))
    d = distances(model, z, x)
    whole = 2 * d.var(0).clamp_min(1e-300)
    shares = []
    for unit in range(model.k):
        moved = z.clone()
        moved[:, unit] = other[:, unit]
        shares.append(float(((distances(model, moved, x) - d).square().mean(0) / whole).mean()))
    unused = [unit for unit, share in enumerate(shares) if share < IGNORED]
    text = f"{model.k - len(unused)} of {model.k} units change the distortion when they alone are redrawn (total effects from {min(shares):.2g} to {max(shares):.2g} of its variance under the prior, an estimate over {EFFECTS} draws)"
    if unused:
        text += f"; units {', '.join(map(str, unused[:8]))} do not, and an ignored unit changes no curve (`preality show compression.curve-is-pushforward`)"
    return Finding(
        CODES,
        Status.REFUTED if unused else Status.HOLDS,
        text,
        {"ignored": unused, "effects": [round(v, 6) for v in shares[:256]]},
    )


__all__ = [
    "bounds",
    "distances",
    "encoder_point",
    "least_distortion",
    "likelihood",
    "prior_certificate",
    "prior_gain",
    "read",
    "source",
    "tightness",
    "units",
    "uses_its_code",
]
