"""Other libraries' distributions with known conditionals are recognised, and unknown ones are not guessed."""

from __future__ import annotations

import pytest
import torch
from scipy import stats
from torch import distributions as td

from numerics.distributions import mixtures
from numerics.streams import Stream
from numerics.transports.conditionals import (  # fmt: skip
    Conditionals,
    MixtureConditionals,
    ProductConditionals,
)
from numerics.transports.library_conditionals import closed_form


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        (td.MultivariateNormal(torch.zeros(3), torch.eye(3)), MixtureConditionals),
        (td.Independent(td.Normal(torch.zeros(2), torch.ones(2)), 1), MixtureConditionals),
        (
            td.MixtureSameFamily(
                td.Categorical(torch.ones(2)), td.Independent(td.Normal(torch.zeros(2, 3), torch.ones(2, 3)), 1)
            ),
            MixtureConditionals,
        ),
        (td.Independent(td.Laplace(torch.zeros(2), torch.ones(2)), 1), ProductConditionals),
        (mixtures.random_mixture(2, 3, Stream(1)), MixtureConditionals),
        ([td.Normal(0.0, 1.0), stats.expon()], ProductConditionals),
    ],
)
def test_foreign_laws_with_known_conditionals_are_recognised(
    distribution: object, expected: type[Conditionals]
) -> None:
    assert isinstance(closed_form(distribution), expected)


def test_unknown_laws_are_not_guessed() -> None:
    assert closed_form(td.Normal(0.0, 1.0).log_prob) is None
    assert closed_form(td.Independent(td.StudentT(3.0 * torch.ones(2)), 1)) is None
