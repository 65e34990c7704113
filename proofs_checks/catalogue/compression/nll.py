"""At the posterior, rate and distortion d = -log p(x|z) add up to the negative
log-likelihood."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Independent, Laplace, Normal

from numerics.compression import evidence_bounds as bounds
from numerics.streams import Stream
from proofs_checks.catalogue.compression.figures import nll as figure
from proofs_checks.inputs import distortions as readers
from proofs_checks.inputs.latent_models import read_latent_model
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.compression import decoder_cases
from theory.compression import variational_bounds as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

SIGMA = 0.7  # of the decoders whose distortion is read by name
ALWAYS = [Case(D=1, Z=2, seed=1), Case(D=64, Z=64, seed=2)]
cases = {"numeric": Cases(decoder_cases, always=ALWAYS)}


def exact(*, distortion: exactly.Cost = exactly.half_squares) -> list[Any]:
    """Rate and distortion of k codes; the distortion of a Gaussian decoder."""
    return [exactly.rate_and_distortion(), exactly.gaussian_decoder(distortion)]


def numeric(
    case: Case,
    stream: Stream,
    *,
    distortion: Callable[[Tensor, Tensor], Tensor] = bounds.half_squares,
    slope: Callable[[float], float] = float,
) -> list[Evidence]:
    """A random decoder and eight data near its codes; the distortions that an audit
    reads by name, each at the slope of a likelihood."""
    decoded, data, prior = bounds.random_decoder(case.D, case.Z, 8, stream.fork(case.seed))
    found = bounds.rate_and_distortion(data, decoded, prior, distortion)
    made = measured(found, resolves=1e-3, name="rate + distortion = -log p(x)")
    return [made, *_by_name(data, decoded, prior, slope), _read(data, decoded, prior, slope)]


def _by_name(x: Tensor, y: Tensor, prior: Tensor, slope: Callable[[float], float]) -> list[Evidence]:
    """Squared errors, their half and their mean, and absolute errors: F and the
    normaliser of exp(-beta d), at the slope that the words of the distortion name."""
    m = x.shape[1]
    slopes = {"squared": 1 / (2 * SIGMA**2), "half squared": 1 / SIGMA**2, "mean squared": m / (2 * SIGMA**2)}
    densities = dict.fromkeys(slopes, Normal(y, SIGMA * torch.ones_like(y))) | {"absolute": Laplace(y, torch.full_like(y, SIGMA))}  # fmt: skip
    made = []
    for name, density in densities.items():
        read, beta = readers.NAMED[name], slope(slopes.get(name, 1 / SIGMA))
        constant = read.log_normaliser(beta, m)
        sizes = readers.NAMED[name].pairs(y.abs(), -x.abs()).T + read.pairs(0 * y, x).T
        measure = bounds.energy_and_likelihood(
            read.pairs(y, x).T,
            prior,
            beta,
            constant,
            Independent(density, 1).log_prob(x[:, None]),
            sizes=sizes,
            pixels=m,
        )
        made.append(measured(measure, resolves=1e-3, name=f"F and the normaliser of {name!r}"))
    return made


def _read(x: Tensor, y: Tensor, prior: Tensor, slope: Callable[[float], float]) -> Evidence:
    """A decoder that returns a Gaussian, read as a user's: at beta = 1 it is its
    likelihood."""
    model = read_latent_model(lambda z: Normal(z, SIGMA), (y, prior), x, None, 0.0, stream=Stream(0, x.device))
    d = model.distortion.pairs(model.decode(model.book.codes), x).T
    beta = slope(1.0)
    sizes = (x.abs()[:, None] + y.abs()).square().sum(2) / SIGMA**2
    density = Independent(Normal(y, SIGMA * torch.ones_like(y)), 1).log_prob(x[:, None])
    masses = model.book.masses
    measure = bounds.energy_and_likelihood(
        d,
        masses,
        beta,
        model.distortion.log_normaliser(beta, x.shape[1]),
        density + prior.log() - masses.log(),
        sizes=sizes,
        pixels=x.shape[1],
    )
    return measured(measure, resolves=1e-3, name="a Gaussian decoder as it is read")


def doubled_slope(beta: float) -> float:
    """The slope of a distortion that is taken for one of half the size."""
    return 2 * beta


controls = {
    "bare-squares": [
        Control(exact, fails="a Gaussian decoder", distortion=exactly.bare_squares),
        Control(numeric, fails="rate + distortion", cases=ALWAYS, distortion=bounds.bare_squares),
    ],
    "beta-of-the-half": [
        Control(numeric, fails="F and the normaliser of 'squared'", cases=ALWAYS, slope=doubled_slope)
    ],
}
