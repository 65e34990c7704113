"""Images of products under known maps: their entropy, and their density against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from numerics.detection import mapped_distributions, typicality
from numerics.streams import Stream

EPS = torch.finfo(torch.float64).eps
seeds = st.integers(0, 2**40)


@settings(max_examples=20)
@given(
    st.sampled_from(["affine", "exp", "sinh", "logit", "minus-log", "gumbel", "normal-cdf", "exponential-cdf"]), st.integers(1, 4), seeds
)  # fmt: skip
def test_the_entropy_of_an_image_gains_the_mean_log_slope(kind: str, dim: int, seed: int) -> None:
    mapped = mapped_distributions.mapped_distribution(kind, dim, Stream(seed))
    source, image = (typicality.entropy_and_variance(side)[1] for side in (mapped.source, mapped.image))
    (mean,) = typicality.column_means(mapped.source, (mapped.log_slope,))
    room = source.estimate + image.estimate + mean.estimate + 4096 * EPS
    assert bool(((source.value + mean.value - image.value).abs() <= room).all())


def test_an_unknown_map_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected one of affine"):
        mapped_distributions.mapped_distribution("cubic", 1, Stream(1))


@pytest.mark.parametrize("kind", ["exp", "sinh"])
def test_images_written_in_their_own_coordinate_are_scipys(kind: str) -> None:
    mapped = mapped_distributions.mapped_distribution(kind, 3, Stream(4))
    m, s = mapped.source.loc.numpy(), mapped.source.scale.numpy()
    foreign = stats.lognorm(s, scale=np.exp(m)) if kind == "exp" else stats.johnsonsu(-m / s, 1 / s)
    x = mapped.source.sample(200, Stream(5))
    y = mapped.forward(x)
    expected = torch.from_numpy(foreign.logpdf(y.numpy()))
    # (log y - m)/s, or (arsinh y - m)/s, is formed from numbers this large, a few units of roundoff each, and then squared
    reach = (1 + x.abs() + mapped.source.loc.abs()) / mapped.source.scale
    assert bool(
        ((mapped.image.log_density(y) - expected).abs() <= 16 * EPS * (8 + reach.square() + expected.abs())).all()
    )
    middle = torch.from_numpy(foreign.median())
    assert bool(((mapped.image.median() - middle).abs() <= 16 * EPS * (1 + middle.abs())).all())
    low, high = (np.broadcast_to(end, 3).tolist() for end in foreign.support())
    assert (mapped.image.low.tolist(), mapped.image.high.tolist()) == (low, high)
