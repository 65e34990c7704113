"""PIT values from what people have: a distribution for each observation, a flow's latents, ranks, angles, shares, poles and heavy tails."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
import torch
import zuko
from torch.distributions import (
    Beta,
    Categorical,
    Dirichlet,
    Gamma,
    HalfCauchy,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    Poisson,
    StudentT,
    VonMises,
)

from proofs_checks.audits.pit import audit_pit
from proofs_checks.errors import InputError
from proofs_checks.inputs.samples import read_uniforms
from proofs_checks.kernel import Status


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def observed(n=600):
    x = torch.randn(n)
    mean, spread = 2 * x, torch.exp(0.3 * x)
    return mean, spread, mean + spread * torch.randn(n)


def test_one_distribution_for_each_observation_in_every_form():
    mean, spread, y = observed()
    normal = Normal(mean, spread)
    mixed = MixtureSameFamily(
        Categorical(torch.ones(600, 2)), Normal(mean[:, None] + torch.tensor([-1.0, 1.0]), torch.ones(600, 2))
    )
    wide = mean[:, None] + torch.randn(600, 3)
    forms = [
        (y, {"conditionals": normal}), (y, {"log_prob": normal}), (y.numpy(), {"conditionals": scipy.stats.norm(mean.numpy(), spread.numpy())}),
        (y[:150], {"conditionals": [Normal(m, s) for m, s in zip(mean[:150], spread[:150], strict=True)]}), (mixed.sample(), {"conditionals": mixed}),
        (wide, {"conditionals": Independent(Normal(mean[:, None].expand(-1, 3), torch.ones(600, 3)), 1)}),
        (wide, {"log_prob": MultivariateNormal(mean[:, None].expand(-1, 3), torch.eye(3).expand(600, 3, 3))}),
        (StudentT(5.0, mean, spread).sample(), {"conditionals": StudentT(torch.full((600,), 5.0), mean, spread)}),
    ]  # fmt: skip
    for samples, given in forms:
        assert audit_pit(samples, **given).status is Status.HOLDS
    assert audit_pit(y, conditionals=Normal(mean, torch.full((600,), 0.4))).status is Status.REFUTED
    with pytest.raises(InputError, match="discrete"):
        audit_pit(y, conditionals=Poisson(spread))


def test_ranks_are_read_or_asked_for():
    rank = torch.randint(0, 100, (1000,))
    assert audit_pit(pit=rank, draws=99).status is Status.HOLDS
    assert audit_pit(pit=rank.numpy(), draws=99).status is Status.HOLDS
    assert audit_pit(pit=(rank.double() ** 2 / 99).long(), draws=99).status is Status.REFUTED
    for spaced in (rank / 99, (rank.double() + 0.5) / 100, (rank.numpy() + 1) / 101):
        report = audit_pit(pit=spaced)
        assert report.status is Status.UNDECIDED
        assert "(rank + rng.random(rank.shape)) / (draws + 1)" in report.next_step
    assert audit_pit(pit=(rank + torch.rand(1000)) / 100).status is Status.HOLDS
    with pytest.raises(InputError, match="draws=99 for ranks"):
        audit_pit(pit=rank)
    for draws in (50, 0, True, "many"):
        with pytest.raises(InputError, match="draws"):
            audit_pit(pit=rank, draws=draws)


def test_latents_of_a_flow_serve_where_no_rosenblatt_map_is_known():
    for flow in (zuko.flows.MAF(6), zuko.flows.NSF(6, transforms=2)):
        with torch.no_grad():
            x = flow().sample((500,))
        report = audit_pit(x, log_prob=flow)
        assert report.status is Status.HOLDS
        assert "latents" in report.facts["method"]
        assert audit_pit(1.5 * x, log_prob=flow).status is Status.REFUTED


def test_angles_have_one_period():
    for loc, concentration in ((-2.5, 6.0),):
        angles = VonMises(torch.tensor(loc).double(), torch.tensor(concentration).double())
        x = angles.sample((400,))
        exact = scipy.stats.vonmises(concentration, loc=loc)
        cut = torch.tensor(exact.cdf(x.numpy()) - exact.cdf(-math.pi))
        for given in (
            {"log_prob": angles},
            {"log_prob": lambda v, a=angles: a.log_prob(v).reshape(-1), "support": "circle"},
            {"log_prob": angles, "support": (-math.pi, math.pi)},
        ):
            found = read_uniforms(x, **given)
            assert float((found.u[:, 0] - cut).abs().max()) < 1e-6  # as said by the users' own expectation of this map
            assert audit_pit(x, **given).status is Status.HOLDS
        assert audit_pit(torch.remainder(x, 2 * math.pi), log_prob=angles).status is Status.HOLDS
        assert audit_pit(torch.remainder(x + 1, 2 * math.pi), log_prob=angles).status is Status.REFUTED
    with pytest.raises(InputError, match="more than one period"):
        audit_pit(x + 5, log_prob=angles)


def test_shares_are_tested_by_their_breaks():
    shares = Dirichlet(torch.tensor([2.0, 3.0, 4.0, 0.5]))
    x = shares.sample((500,))
    assert audit_pit(x, log_prob=shares).status is Status.HOLDS
    assert audit_pit(x, log_prob=Dirichlet(torch.tensor([3.0, 3.0, 4.0, 0.5]))).status is Status.REFUTED
    with pytest.raises(InputError, match="add up to 1"):
        audit_pit(torch.rand(50, 4), log_prob=shares)


def test_poles_and_heavy_tails_are_followed():
    for distribution in (
        Gamma(torch.tensor(0.4).double(), torch.tensor(1.0).double()),
        HalfCauchy(torch.tensor(1.0).double()),
    ):
        assert audit_pit(distribution.sample((300,)), log_prob=distribution).status is Status.HOLDS
    pole = Beta(torch.tensor(0.3).double(), torch.tensor(0.3).double())
    report = audit_pit(pole.sample((300,)), log_prob=pole, support=(0, 1))
    assert report.status in (Status.HOLDS, Status.UNDECIDED)
    assert next(f for f in report.findings if f.name == "coordinates uniform").status is Status.HOLDS


def test_supports_that_are_no_box_are_explained():
    x = np.random.default_rng(0).normal(size=(50, 1))
    for support in ("sphere", 3, (1, 2, 3)):
        with pytest.raises(InputError, match="support="):
            audit_pit(x, log_prob=Normal(0.0, 1.0).log_prob, support=support)
