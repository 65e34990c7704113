"""The audit of a latent-variable model by its entangled twin: what it says, what it refuses, and what it catches."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import scipy.stats
import torch
from torch import distributions as td
from torch import nn

from numerics.distributions.marginals import Logistic, SplitUniform
from numerics.latents.rotations import flat_rotation, householder, near_permutation, spike
from numerics.log_tails import Tail
from numerics.streams import Stream
from proofs_checks.audits.entangle import audit_entangle
from proofs_checks.errors import InputError

PLANE = td.Normal(torch.zeros(2), 1.0)
SAMPLES = 4000


def identity(z: torch.Tensor) -> torch.Tensor:
    return z


def findings(report) -> dict[str, str]:
    return {finding.name: str(finding.status) for finding in report.findings}


# -- what it says -------------------------------------------------------------------------------------------------------


def test_a_sound_model_holds_and_its_twin_is_an_object():
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
    report = audit_entangle(net, td.Laplace(torch.zeros(4), 1.0), samples=SAMPLES)
    assert report.status == "HOLDS"
    twin = report.twin
    z = twin.prior.sample(50, Stream(1))
    assert (twin.latent(twin.entangle(z)) - z).abs().max() < 2.0**-30
    assert torch.equal(twin(twin.entangle(z)).detach(), net(twin.latent(twin.entangle(z)).float()).detach())
    drawn, x = twin.sample(7, Stream(2))
    assert (drawn.shape, x.shape) == ((7, 4), (7, 3))
    assert twin.encode(lambda image: image[:, :4])(z).shape == (50, 4)
    assert net[0].weight.dtype == torch.float32


def test_scores_fall_to_their_level_and_the_images_do_not_change():
    report = audit_entangle(identity, td.Gumbel(torch.zeros(4), 1.0), samples=SAMPLES)
    levels = dict(report.facts["levels"])
    assert (levels.pop("MIG"), levels.pop("FactorVAE")) == (0, 0.25)  # told by the entries, which are all equal
    # of 1 - (entropy of 4 equal shares) / log 4: four terms, their sum, two logarithms, a quotient
    rounding = 8 * 2.0**-52
    assert levels.keys() == {"DCI disentanglement", "DCI completeness"}
    assert all(0 <= level <= rounding for level in levels.values())
    before, after = (report.facts["scores"][name] for name in ("before", "after"))
    assert after["MIG"] < 0.1 < before["MIG"]
    assert before["FactorVAE"] == 1.0
    assert findings(report)["scores at their levels"] == "HOLDS"


def test_near_a_permutation_everything_holds_and_scores_stay():
    report = audit_entangle(identity, PLANE, A=near_permutation(2, 0.01), samples=SAMPLES)
    assert report.status == "HOLDS"
    assert report.facts["scores"]["after"]["DCI disentanglement"] > 0.8
    assert report.facts["levels"]["FactorVAE"] == 1.0
    assert "one large entry" in report.meaning


def test_the_report_is_plain_data():
    report = audit_entangle(identity, [scipy.stats.gamma(2.0), td.Uniform(0.0, 1.0)], samples=SAMPLES)
    text = json.dumps(report.plain(), allow_nan=False)
    assert "twin" not in json.loads(text)
    assert report.status == "HOLDS"
    assert report.facts["marginals by differences"] == ["scipy.stats.gamma"]
    assert "1/1024" in report.text()


def test_the_same_seed_gives_the_same_report():
    first, second = (audit_entangle(torch.tanh, PLANE, samples=SAMPLES, seed=3).plain() for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    "decoder",
    [
        lambda z: td.Normal(z, 1.0),
        lambda z: z.sum(1),
        lambda z: torch.zeros(len(z), 3),
        lambda z: (z > 0).long(),
        lambda z: z.numpy(),
        lambda z: z.repeat(1, 400),
        lambda z: z.repeat(1, 8).view(-1, 1, 4, 4),
        nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)).eval(),
        nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5)).train(),
    ],
    ids=[
        "distribution",
        "vector",
        "constant",
        "integers",
        "numpy",
        "800 outputs",
        "images",
        "batch norm in eval",
        "noise",
    ],
)
def test_decoders_of_every_kind_are_read(decoder):
    assert audit_entangle(decoder, PLANE, samples=SAMPLES).status == "HOLDS"


@pytest.mark.parametrize(
    "prior",
    [
        td.Independent(PLANE, 1),
        td.MultivariateNormal(torch.zeros(2), torch.diag(torch.tensor([1.0, 4.0]))),
        td.Cauchy(torch.zeros(2), 1e30),
        [td.HalfNormal(torch.tensor(1.0, dtype=torch.float64)), scipy.stats.t(3)],
    ],
    ids=["independent", "diagonal", "heavy", "mixed"],
)
def test_product_priors_of_every_kind_are_read(prior):
    assert audit_entangle(torch.tanh, prior, samples=SAMPLES).status == "HOLDS"


def test_an_encoder_is_scored_on_data_and_on_samples():
    z = Stream(1).normal(600, 2)
    factors = torch.stack([(z[:, 0] > 0).double(), z[:, 1]], 1)
    report = audit_entangle(identity, PLANE, encoder=identity, data=z, factors=factors, samples=SAMPLES)
    assert report.facts["scores"]["before"]["MIG"] > report.facts["scores"]["after"]["MIG"]
    assert findings(report)["codes of the encoder"] == "INAPPLICABLE"
    generated = audit_entangle(identity, PLANE, encoder=identity, factors=lambda w: w > 0, samples=SAMPLES)
    assert generated.facts["scores"]["before"]["FactorVAE"] == 1.0


def test_one_factor_has_no_dci_and_constant_ones_are_left_out():
    z = Stream(1).normal(600, 2)
    table = torch.stack([(z[:, 0] > 0).double(), torch.zeros(600).double()], 1)
    report = audit_entangle(identity, PLANE, encoder=identity, data=z, factors=table, samples=SAMPLES)
    assert report.facts["scores"]["after"]["DCI disentanglement"] is None
    text = report.text()
    assert "DCI needs two factors" in text
    assert "1 constant factors left out" in text


def test_too_few_samples_are_undecided_and_told_how_many_would_do():
    report = audit_entangle(identity, PLANE, samples=100)
    assert report.status == "UNDECIDED"
    assert "give samples=" in report.text()


# -- what it catches ----------------------------------------------------------------------------------------------------


class _Tempered(Logistic):
    """A distribution function that is not the density's."""

    @staticmethod
    def _tail(w: torch.Tensor) -> Tail:
        return Logistic._tail(w / 2)


class _Shifted(Logistic):
    """A sampler of another distribution."""

    def sample(self, n: int, stream: Stream) -> torch.Tensor:
        return 2.0 + super().sample(n, stream)


def test_a_prior_whose_distribution_function_is_not_its_own_is_refuted():
    found = findings(audit_entangle(identity, [_Tempered(), _Tempered()], samples=SAMPLES))
    assert found["f preserves the prior"] == "REFUTED"


def test_a_prior_whose_sampler_is_not_its_own_is_refuted_on_x():
    report = audit_entangle(identity, [_Shifted(), _Shifted()], samples=SAMPLES)
    assert findings(report)["identical samples: each coordinate of x"] == "REFUTED"


# -- what it refuses ----------------------------------------------------------------------------------------------------

DATA = Stream(4).normal(100, 2)


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ({"A": torch.ones(2, 2).double()}, "A is orthogonal"),
        ({"A": torch.eye(2).double()}, "no zero entry"),
        ({"A": torch.eye(2).half()}, "float16"),
        ({"A": torch.eye(2).long()}, "int64"),
        ({"A": [[0.6, 0.8], [0.8, -0.6]]}, "float tensor"),
        ({"A": torch.full((2, 2), math.nan).double()}, "NaN"),
        ({"A": torch.zeros(2, 2, device="meta").double()}, "are on cpu, A is on meta"),
        ({"A": householder(spike(3, 3.0))}, r"shape \(2, 2\)"),
        ({"prior": td.Gamma(torch.ones(2), 1.0)}, "inverse distribution function"),
        ({"prior": [td.Bernoulli(0.5)] * 2}, "discrete"),
        ({"prior": [scipy.stats.poisson(3)] * 2}, "discrete"),
        ({"prior": [SplitUniform(), SplitUniform()]}, "gap in the support"),
        ({"prior": td.Normal(0.0, 1.0)}, "d >= 2"),
        ({"prior": []}, "d = 0"),
        ({"prior": td.MultivariateNormal(torch.zeros(2), torch.tensor([[1.0, 0.5], [0.5, 1.0]]))}, "independent marginals"),
        ({"prior": td.Dirichlet(torch.ones(3))}, "independent marginals"),
        ({"prior": td.MixtureSameFamily(td.Categorical(torch.ones(2)), td.Normal(torch.zeros(2), 1.0))}, "mixture"),
        ({"prior": scipy.stats.multivariate_normal(np.zeros(2))}, "independent marginals"),
        ({"prior": torch.zeros(100, 2)}, "Samples alone"),
        ({"prior": lambda n: torch.zeros(n, 2)}, "Samples alone"),
        ({"prior": None}, "NoneType"),
        ({"prior": td.Normal(torch.zeros(2), torch.tensor([0.0, 1.0]), validate_args=False)}, "positive finite scales"),
        ({"samples": 0}, "at least 1"),
        ({"samples": 10}, "no test could say anything"),
        ({"samples": 1e4}, "integer"),
        ({"bins": 1}, "bins"),
        ({"tile": 0}, "tile"),
        ({"decoder": nn.Linear(2, 3).half()}, "float16"),
        ({"decoder": nn.Linear(2, 3, device="meta")}, "meta device"),
        ({"decoder": nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)).train()}, r"train\(\) mode"),
        ({"decoder": lambda z: z - z.mean(0)}, "other latents in the batch"),
        ({"decoder": nn.Linear(5, 3)}, "RuntimeError"),
        ({"decoder": torch.log}, "NaN or an infinity"),
        ({"decoder": lambda z: z.sum()}, "batch of 32"),
        ({"decoder": lambda z: (z, z)}, "tuple"),
        ({"decoder": lambda z: z[:, :0]}, "at least one number"),
        ({"decoder": lambda z: torch.complex(z, z)}, "real observations"),
        ({"decoder": lambda z: 1 / 0}, "ZeroDivisionError"),
        ({"decoder": 3}, "function or module"),
        ({"data": DATA}, "without an encoder"),
        ({"factors": DATA}, "need the data and the encoder"),
        ({"encoder": identity, "data": DATA}, "Data come without factors"),
        ({"encoder": identity, "factors": DATA}, "need the data"),
        ({"encoder": 3, "data": DATA, "factors": DATA}, "function or module"),
        ({"encoder": lambda x: x[:, :1], "data": DATA, "factors": DATA}, r"shape \(n, 2\)"),
        ({"encoder": identity, "data": DATA, "factors": DATA[:99]}, "one row of factors"),
        ({"encoder": identity, "data": DATA, "factors": torch.zeros(100, 1)}, "constant"),
        ({"encoder": identity, "data": DATA, "factors": ["a", "b"]}, "table"),
        ({"encoder": torch.zeros_like, "data": DATA, "factors": DATA}, "Every code is constant"),
        ({"encoder": identity, "data": DATA[:0], "factors": DATA[:0]}, "at least 2"),
        ({"encoder": nn.Linear(2, 2, device="meta"), "decoder": nn.Linear(2, 2)}, "several devices"),
        ({"encoder": lambda x: 3 * x, "prior": td.Uniform(torch.zeros(2), 1.0)}, "outside the prior's open support"),
    ],
)  # fmt: skip
def test_an_object_that_misses_a_hypothesis_is_refused_by_name(objects, words):
    given = {"decoder": identity, "prior": PLANE, "samples": 200, **objects}
    with pytest.raises(InputError, match=words):
        audit_entangle(given.pop("decoder"), given.pop("prior"), **given)


def test_nothing_of_the_readers_is_changed():
    net = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.1))
    weights, mode = [w.clone() for w in net.parameters()], net.training
    A = flat_rotation(2)
    kept = A.clone()
    audit_entangle(net, PLANE, A=A, samples=SAMPLES)
    assert all(torch.equal(a, b) for a, b in zip(weights, net.parameters(), strict=True))
    assert net.training == mode
    assert torch.equal(A, kept)
    assert all(w.grad is None for w in net.parameters())


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_decoder_on_cuda_is_audited_there():
    report = audit_entangle(nn.Linear(2, 3).cuda(), PLANE, samples=SAMPLES)
    assert report.status == "HOLDS"
    assert report.twin.mapping.A.is_cuda
