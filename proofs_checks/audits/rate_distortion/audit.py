"""The audit of a decoder's rate-distortion curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from torch import Tensor

from numerics.blocks import Over
from numerics.streams import Stream
from proofs_checks.audits.budget import Budget, Progress, one_thread
from proofs_checks.audits.rate_distortion import findings as found
from proofs_checks.audits.rate_distortion import measurements
from proofs_checks.audits.rate_distortion.curve import Row, band, csv_of, exact_rows
from proofs_checks.audits.rate_distortion.figure import figure
from proofs_checks.audits.rate_distortion.fitted_prior import FittedPrior, energy_of, fit_prior, least_energy
from proofs_checks.audits.rate_distortion.meanings import meaning, next_step
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport, Finding, Findings
from proofs_checks.inputs.copies import random_states_kept
from proofs_checks.inputs.latent_models import LatentModel, read_codes, read_held_out, read_latent_model
from proofs_checks.inputs.options import read_seed
from proofs_checks.kernel import Status
from proofs_checks.wording import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_SLOPES = 64
SHARE = 1 / 5  # of the level, for each of: bounds from below, from above, and on held-out data at three slopes


@dataclass(repr=False)
class RateDistortionReport(AuditReport):
    """An :class:`AuditReport` with the curve as rows and the fitted prior as an
    object."""

    prior: FittedPrior | None = None
    rows: list[Row] = field(default_factory=list)

    def csv(self) -> str:
        """The curve as CSV: distortion, rate in nats from below, from above, by the
        chains."""
        return csv_of(self.rows)

    def beside(self, *others: AuditReport) -> Figure:
        """Curves of several reports on one pair of axes."""
        return figure({**self.facts, "name": self.subject}, *({**one.facts, "name": one.subject} for one in others))


@dataclass(frozen=True)
class _Effort:
    """How much is drawn, and at what level everything certified holds together."""

    samples: int
    chains: int
    calls: int
    tile: int
    level: float


def audit_rate_distortion(
    decoder: Any,
    prior: Any,
    data: Any,
    *,
    distortion: Any = None,
    encoder: Any = None,
    train: Any = None,
    betas: Sequence[float] | None = None,
    samples: int = 1 << 16,
    chains: int = 4,
    calls: int = 400,
    points: int = 512,
    level: float = 1e-3,
    lower: float = 0.0,
    seconds: float = 60.0,
    seed: int = 0,
    tile: int = 1 << 21,
    subject: str = "",
    progress: Progress | None = None,
    over: Over = map,
) -> RateDistortionReport:
    """Audit what a decoder costs in nats: the rate at each distortion between certified
    bounds, and whose cost it is.

    Args:
        decoder: A function or module from codes ``(C, k)`` to reproductions ``(C,
            ...)``, or to a Normal with one scale or a Bernoulli distribution of them. A
            generator without an encoder will do.
        prior: The number of standard normal codes, a torch distribution over ``(k,)``,
            or a code book: codes ``(M, k)``, or (codes, masses).
        data: Held-out data ``(n, ...)``. distortion: "squared" (the default; a
            decoder's distribution otherwise), "half squared", "mean squared",
            "absolute", "bernoulli", or a function of data and reproductions ``(C,
            ...)`` to ``(C,)``.
        encoder: From data to codes ``(n, k)`` or to a distribution of them. train:
            Other data, on whose codes a better prior is fitted; half of the data when
            left out.
        betas: Slopes; chosen by the scale of the distortion when left out.
        samples: Draws of the prior, for lower bounds. chains: Of every datum. calls:
            Temperatures of a chain, each one forward and backward call.
        points: At most so many data are used. level: Probability that any certified
            bound is wrong. lower: A number that your distortion never falls below.
        seconds: After so many nothing further is begun. seed: Of draws and chains.
            tile: Numbers held at once. subject: What to call the decoder. progress:
            Called with the share of the time spent and what begins. over: What carries
            the chains out in blocks of data: ``with preality.executor("dask",
            jobs=4).blocks() as over``.
    Raises:
        InputError: an object cannot be read; the message names the hypothesis that
            failed and what to do.
    """
    effort = _effort(samples, chains, calls, tile, level)
    budget, stream = Budget(seconds, progress), Stream(read_seed(seed))
    said = Findings(lambda share, what: budget.tell(what), stages=5)
    with one_thread(), random_states_kept(seed):
        with said.stage("the decoder, its prior and the data"):
            held = _thinned(read_held_out(data), points, stream.fork("data"))
            model = read_latent_model(decoder, prior, held, distortion, lower, stream=stream.fork("tried"))
            x = held.reshape(len(held), -1).double()
            slopes = _slopes(betas)
            codes = None if encoder is None else read_codes(encoder, held, model.k)
            others = None if train is None else _flat(train, x, points, stream.fork("train"))
            said += [found.read(model), found.source(x, len(data))]
        on = _On(model, x, others, effort, stream, budget, over)
        facts, rows, fitted = (_of_code_book if model.book is not None else _of_chains)(on, said, slopes, codes)
    facts = {
        "distortion": model.distortion.name,
        "level": level,
        "n": len(x),
        "k": model.k,
        "curve": [asdict(row) for row in rows],
        **facts,
    }
    facts["interrupted"] = budget.interrupted
    name = subject or getattr(decoder, "__name__", type(decoder).__name__)
    return RateDistortionReport(
        "rate_distortion", name, said, meaning(said), next_step(said), facts, prior=fitted, rows=rows
    )


@dataclass(frozen=True)
class _On:
    """What is audited, on what, with how much effort."""

    model: LatentModel
    x: Tensor
    train: Tensor | None
    effort: _Effort
    stream: Stream
    budget: Budget
    over: Over


Made = tuple[dict[str, Any], list[Row], FittedPrior | None]


def _of_chains(on: _On, said: Findings, slopes: list[float] | None, codes: Any) -> Made:
    """A continuous prior: draws from below, chains from above."""
    model, x, effort, stream = on.model, on.x, on.effort, on.stream
    with said.stage("draws of the prior"):
        scale = measurements.scale_of(model, x, stream.fork("scale"))
        if not math.isfinite(scale.mean):
            raise InputError(
                "The distortion is infinite or NaN at some draws of the prior; what is estimated are means of it, which then do not exist. "
                "Bound it (`lambda x, y: distortion(x, y).clamp(max=1e6)`), or hand in finitely many codes, (codes, masses)."
            )
        said.append(found.uses_its_code(scale.spread, scale.mean))
        if said[-1].status is Status.REFUTED:
            row = Row(scale.mean, 0.0, 0.0, 0.0)
            return {"kind": "constant"}, [row], None
        slopes = slopes or measurements.ladder_of(model, scale)
        if model.likelihood and 1.0 not in slopes:
            slopes = sorted([*slopes, 1.0])
        below = measurements.draw_bounds(
            model,
            x,
            slopes,
            samples=effort.samples,
            tile=effort.tile,
            level=effort.level * SHARE,
            stream=stream.fork("draws"),
        )
    with said.stage("annealed chains"):
        above = measurements.anneal_data(
            model, x, slopes, chains=effort.chains, calls=effort.calls, rows=max(effort.chains, effort.tile // max(1, math.prod(model.shape))), level=effort.level * SHARE,
            stream=stream.fork("chains"), over=on.over,
        )  # fmt: skip
        rows = band(slopes, below, above, scale.mean)
        limit = math.log(effort.samples / math.log(below.lower.numel() * len(x) / (SHARE * effort.level)))
        said += [found.bounds(rows, effort.level, limit), found.least_distortion(below, above, scale.spread)]
        if model.likelihood:
            said.append(found.likelihood(model, 1.0, above))
        said.append(found.units(model, x, stream.fork("units")))
    facts: dict[str, Any] = {"kind": "band", "black_box_limit": limit, "slopes": slopes, "acceptance": above.accepted}
    with said.stage("simulated data"):
        said.append(_tight(on, slopes))
    with said.stage("encoder and prior"):
        if codes is not None:
            made, facts["encoder"] = found.encoder_point(model, codes, x, rows, model.prior, stream.fork("encoder"))
            said.append(made)
        made, fitted = _prior(on, slopes, below, above)
        said.append(made)
    return facts, rows, fitted


def _tight(on: _On, slopes: list[float]) -> Finding:
    if on.model.distortion.noise is None:
        return Finding(
            found.TIGHT,
            Status.INAPPLICABLE,
            f"unchecked: no noise is known whose density is exp(-beta d) of the distortion {on.model.distortion.name!r}",
        )
    if not on.budget.open:
        return Finding(found.TIGHT, Status.UNDECIDED, "not begun: the time was over (seconds=)")
    chosen = sorted({slopes[len(slopes) // 2], slopes[-1]})
    made = [
        (
            b,
            *measurements.simulated_gap(
                on.model, b, chains=on.effort.chains, calls=on.effort.calls, stream=on.stream.fork(("gap", b))
            ),
        )
        for b in chosen
    ]
    return found.tightness(made)


def _prior(
    on: _On, slopes: list[float], below: measurements.Drawn, above: measurements.Annealed
) -> tuple[Finding, FittedPrior | None]:
    """A prior fitted on codes of other data (or of half of these), on what was not
    fitted, at three slopes."""
    if not on.budget.open:
        return Finding(found.PRIOR, Status.UNDECIDED, "not begun: the time was over (seconds=)"), None
    model, x, effort = on.model, on.x, on.effort
    half = len(x) // 2
    fit_on = x[half:] if on.train is None else on.train
    chosen = sorted({slopes[len(slopes) // 6], slopes[len(slopes) // 3], slopes[len(slopes) // 2]})
    made, gains, kept = [], [], None
    for slope in chosen:
        run = measurements.anneal_data(
            model, fit_on, [slope], chains=1, calls=max(16, effort.calls // 4), rows=effort.tile, level=0.5, stream=on.stream.fork(("codes", slope)), over=on.over
        )  # fmt: skip
        fitted = fit_prior(model, run.codes[:256, 0], fit_on, slope)
        if fitted is None:
            continue
        held = x if on.train is not None else x[:half]
        lower, chains = _held_energy(on, held, slope, below, above, slopes)
        cost = energy_of(model, fitted, held)
        gains.append(
            {
                "slope": slope,
                "codes": float(len(fitted.masses)),
                "fitted": cost,
                "chains": chains,
                "least": lower - cost,
                "saving": chains - cost,
            }
        )
        made.append(fitted)
    if not gains:
        return Finding(
            found.PRIOR, Status.UNDECIDED, "no prior could be fitted within float64; give betas= that are less steep"
        ), None
    best = max(range(len(gains)), key=lambda k: gains[k]["least"])
    kept = made[best]
    return found.prior_gain(gains, model.k), kept


def _held_energy(  # noqa: PLR0917
    on: _On, held: Tensor, slope: float, below: measurements.Drawn, above: measurements.Annealed, slopes: list[float]
) -> tuple[float, float]:
    """F of the held-out data from below and by the chains."""
    if len(held) == len(on.x):
        return float(below.lower[slopes.index(slope)]), float(above.estimate[above.plan.slopes.index(slope)])
    effort = on.effort
    lower = measurements.draw_bounds(
        on.model,
        held,
        [slope],
        samples=effort.samples,
        tile=effort.tile,
        level=effort.level * SHARE,
        stream=on.stream.fork(("held", slope)),
    )
    return float(lower.lower[0]), float(lower.estimate[0])


def _of_code_book(on: _On, said: Findings, slopes: list[float] | None, codes: Any) -> Made:
    """Finitely many codes: exact sums, and the best prior on them."""
    model, x = on.model, on.x
    book = model.book
    if book is None:
        raise TypeError("Expected a code book.")
    with said.stage("exact sums over the code book"):
        d = measurements.distances(model, book.codes, x).T
        scale = measurements.Scale(
            float((d * book.masses).sum(1).mean()), float(d.std(1).mean()) if d.shape[1] > 1 else 0.0
        )
        said.append(found.uses_its_code(scale.spread, scale.mean))
        if said[-1].status is Status.REFUTED:
            return {"kind": "constant"}, [Row(scale.mean, 0.0, 0.0, 0.0)], None
        slopes = slopes or measurements.ladder_of(model, scale)
        rows = exact_rows(d, book.masses, slopes)
        said.append(found.bounds(rows, on.effort.level, None))
        least = float(d[:, book.masses > 0].amin(1).mean())
        text = f"{least:.5g}, exactly: the mean over data of the distance to the nearest of {int((book.masses > 0).sum())} codes of positive mass"
        said.append(Finding(found.LEAST, Status.INAPPLICABLE, text, {"least": least}))
    with said.stage("the best prior"):
        chosen = [slopes[len(slopes) // 3], slopes[2 * len(slopes) // 3]]
        made = [one for slope in sorted(set(chosen)) if (one := least_energy(d, book.masses, slope)) is not None]
        said.append(
            found.prior_certificate(made)
            if made
            else Finding(found.PRIOR, Status.UNDECIDED, "no interval within float64; give betas= that are less steep")
        )
        fitted = fit_prior(model, book.codes, x, chosen[0])
    facts: dict[str, Any] = {"kind": "exact", "slopes": slopes}
    if codes is not None:
        said.append(
            Finding(
                found.ENCODER,
                Status.INAPPLICABLE,
                "unchecked: an encoder into a code book is compared by handing its codes' frequencies as the prior",
            )
        )
    return facts, rows, fitted


def _effort(samples: Any, chains: Any, calls: Any, tile: Any, level: Any) -> _Effort:
    for name, value, least in (("samples", samples, 16), ("chains", chains, 1), ("calls", calls, 2), ("tile", tile, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 1 << 40:
            raise InputError(f"Expected {name} as a whole number of at least {least}, got {short(value)}.")
    if isinstance(level, bool) or not isinstance(level, float) or not 0 < level < 0.5:
        raise InputError(f"Expected level as a probability between 0 and 1/2, got {short(level)}.")
    return _Effort(samples, chains, calls, tile, level)


def _slopes(betas: Any) -> list[float] | None:
    if betas is None:
        return None
    try:
        listed = sorted({float(b) for b in betas})
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"Expected betas as a list of positive numbers such as [0.5, 1.0, 2.0], got {short(betas)} ({str(error)[:80]})."
        ) from None
    if (
        not listed
        or len(listed) > MOST_SLOPES
        or not all(math.isfinite(b) and b > 0 for b in listed)
        or isinstance(betas, str)
    ):
        raise InputError(
            f"Expected 1 to {MOST_SLOPES} betas, finite and above 0, got {short(betas)}: at beta = 0 the rate is 0, and an infinite one asks for D_min."
        )
    return listed


def _thinned(points: Tensor, most: Any, stream: Stream) -> Tensor:
    if isinstance(most, bool) or not isinstance(most, int) or most < 2:
        raise InputError(f"Expected points as a whole number of at least 2, got {short(most)}.")
    return points if len(points) <= most else points[stream.permutation(len(points))[:most]]


def _flat(train: Any, x: Tensor, most: int, stream: Stream) -> Tensor:
    points = _thinned(read_held_out(train, "training data"), most, stream)
    flat = points.reshape(len(points), -1).double()
    if flat.shape[1] != x.shape[1]:
        raise InputError(
            f"The training data have {flat.shape[1]} coordinates, the data {x.shape[1]}; they have to agree."
        )
    return flat


__all__ = ["RateDistortionReport", "audit_rate_distortion"]
