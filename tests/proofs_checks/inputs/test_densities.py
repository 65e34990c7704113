"""Reading a user's density model: every kind of object, and every way in which log p fails to be a function of the point."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
import zuko
from torch import Tensor, nn
from torch import distributions as laws

from numerics.streams import Stream
from proofs_checks.errors import InputError
from proofs_checks.inputs.densities import read_density
from proofs_checks.kernel import Status

X = Stream(1).normal(20, 3)


def gaussian(x: Tensor) -> Tensor:
    return -x.square().sum(1) / 2


class Net(nn.Module):
    def __init__(self, middle: nn.Module) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.layers = nn.Sequential(nn.Linear(3, 5), middle, nn.Linear(5, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class WithLogProb(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(3))

    def log_prob(self, x: Tensor) -> Tensor:
        return gaussian(x - self.mean)


@functools.cache
def flow() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return zuko.flows.NSF(3, transforms=1, hidden_features=[8])


independent = laws.Independent(laws.Normal(torch.zeros(3), 1.0), 1)
GOOD = {
    "a function": gaussian,
    "a distribution": independent,
    "a transformed distribution": laws.TransformedDistribution(independent, [laws.AffineTransform(1.0, 2.0, event_dim=1)]),
    "a module with log_prob": WithLogProb(),
    "a bound method": WithLogProb().log_prob,
    "a module whose forward is log p": Net(nn.SiLU()),
    "a lazy flow": flow(),
    "a function that makes a flow": flow,
    "one number in a column": lambda x: gaussian(x)[:, None],
}  # fmt: skip


@pytest.mark.parametrize("model", GOOD.values(), ids=GOOD)
def test_every_kind_of_object_is_read(model: object) -> None:
    read = read_density(model, X)
    assert read.dim == 3
    assert read.log_prob(X).shape == (20,)
    assert read.log_prob(X).dtype == torch.float64
    assert {finding.status for finding in read.findings} == {Status.HOLDS}


def test_float32_modules_are_audited_as_float64_copies_and_left_alone() -> None:
    read = read_density(flow(), X.float())
    assert read.dtype == torch.float64
    assert "copied to float64" in read.notes[0]
    assert {p.dtype for p in flow().parameters()} == {torch.float32}
    assert flow().training


def test_a_flow_shows_its_transform_and_samples() -> None:
    read = read_density(flow(), X)
    assert read.flow is not None
    z = read.flow.to_base(X)
    assert z.shape == X.shape
    assert read.sampler is not None
    before = torch.random.get_rng_state()
    assert torch.equal(read.sampler(5, 7), read.sampler(5, 7))
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("flat", [False, True], ids=["takes images", "takes flat points"])
def test_events_are_flattened_and_it_is_said(flat: bool) -> None:
    images = Stream(2).normal(6, 1, 8, 8)
    distribution = laws.Independent(
        laws.Normal(torch.zeros(64) if flat else torch.zeros(1, 8, 8), 1.0), 1 if flat else 3
    )
    read = read_density(distribution, images)
    assert read.dim == 64
    assert torch.equal(read.log_prob(read.points), distribution.log_prob(images.flatten(1) if flat else images))
    assert any("flattened to D = 64" in note for note in read.notes)


def test_one_dimensional_laws_take_vectors_and_columns() -> None:
    for points in (X[:, 0], X[:, :1]):
        assert read_density(laws.Normal(0.0, 1.0), points).dim == 1


def test_outside_its_support_a_distribution_has_density_zero() -> None:
    read = read_density(laws.Exponential(1.0), X[:, 0].abs())
    assert read.log_prob(torch.tensor([[-1.0], [1.0]], dtype=torch.float64)).tolist() == [-float("inf"), -1.0]


def test_a_model_that_breaks_under_vmap_is_told_and_read() -> None:
    def looped(x: Tensor) -> Tensor:
        return torch.stack([-row.square().sum() if row[0].item() < 99 else row.sum() for row in x])

    (finding,) = (f for f in read_density(looped, X).findings if "vmap" in f.name)
    assert finding.status is Status.INAPPLICABLE
    assert ".item()" in finding.text


dropped, normed = Net(nn.Dropout(0.5)), Net(nn.BatchNorm1d(5))
BAD = {
    "dropout in train mode": (dropped, X.float(), r"train\(\) mode.*Dropout.*eval\(\)"),
    "batch norm in train mode": (normed, X.float(), r"train\(\) mode.*BatchNorm1d"),
    "a closure over such a module": (lambda x: 2 * normed(x), X.float(), r"train\(\) mode"),
    "noise": (lambda x: gaussian(x) + torch.randn(len(x)), X, "the model is random"),
    "a statistic of the batch": (lambda x: gaussian(x - x.mean(0)), X, "depends on the other rows"),
    "one number a coordinate": (lambda x: -x.square(), X, "sum over the event"),
    "a distribution of coordinates": (laws.Normal(torch.zeros(3), 1.0), X, "Independent"),
    "one number for the batch": (lambda x: -x.square().sum(), X, "one number for the batch"),
    "NaN": (lambda x: x.sum(1).log(), X, "log p is nan"),
    "an atom": (lambda x: -x[:, 0].abs().log(), torch.cat([0 * X[:1], X]), "log p is inf at inlier 0"),
    "a discrete distribution": (laws.Poisson(1.0), X[:, :1].abs(), "discrete"),
    "a conditional flow": (zuko.flows.NSF(3, context=2, hidden_features=[8]), X.float(), "context fixed first"),
    "a class": (zuko.flows.NSF, X, "give an instance"),
    "values": (X, X, "tensor of values"),
    "nothing": (None, X, "Expected in log_prob a function"),
    "integers": (gaussian, torch.ones(4, 3, dtype=torch.long), "Dequantise first"),
    "half precision": (gaussian, X.half(), "keeps two or three digits"),
    "no points": (gaussian, X[:0], "N = 0"),
    "no coordinates": (gaussian, X[:, :0], "D = 0"),
    "a list": (gaussian, [[1.0]], "tensor or NumPy array"),
    "infinite points": (gaussian, X / 0, "has to be finite"),
    "complex points": (gaussian, X + 0j, "view_as_real"),
    "the meta device": (WithLogProb().to("meta"), X.float(), "meta device"),
}  # fmt: skip


@pytest.mark.parametrize(("model", "points", "says"), BAD.values(), ids=BAD)
def test_what_is_no_density_of_the_point_is_refused_with_its_reason(model: object, points: object, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_density(model, points)


@pytest.mark.parametrize("arrays", [True, False], ids=["asks for arrays", "takes tensors"])
def test_a_density_that_answers_in_numpy_is_read_and_has_no_gradient(arrays: bool) -> None:
    def log_prob(x: object) -> np.ndarray:
        assert isinstance(x, np.ndarray) or not arrays
        return -(np.asarray(x) ** 2).sum(1) / 2

    read = read_density(log_prob, X)
    assert torch.equal(read.log_prob(X), gaussian(X))
    assert not read.differentiable


def test_objects_of_scikit_learn_and_scipy_are_read() -> None:
    from scipy.stats import multivariate_normal
    from sklearn.neighbors import KernelDensity

    estimate = KernelDensity(bandwidth=0.5).fit(X.numpy())
    assert np.allclose(read_density(estimate, X).log_prob(X).numpy(), estimate.score_samples(X.numpy()), rtol=2**-50)
    distribution = multivariate_normal(np.zeros(3))
    assert np.allclose(read_density(distribution, X).log_prob(X).numpy(), distribution.logpdf(X.numpy()), rtol=2**-50)


class FirstBatch(nn.Module):
    """A layer that takes its parameters from the first batch it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(3))
        self.register_buffer("ready", torch.tensor(False))

    def log_prob(self, x: Tensor) -> Tensor:
        if not bool(self.ready):
            with torch.no_grad():
                self.shift.copy_(-x.mean(0))
                self.ready.fill_(True)
        return gaussian(x + self.shift)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("through", ["itself", "a function"])
def test_a_model_that_its_first_call_would_make_is_refused_and_left_alone(dtype: torch.dtype, through: str) -> None:
    model = FirstBatch().to(dtype)
    given = model if through == "itself" else (lambda x: model.log_prob(x))  # noqa: PLW0108  a closure is what is meant
    with pytest.raises(InputError, match=r"first call .*shift.*training data"):
        read_density(given, X.to(dtype))
    assert not bool(model.ready)
    assert not bool(model.shift.any())


def test_what_came_back_says_more_than_a_precision_that_could_not_be_called() -> None:
    net = Net(nn.SiLU())
    with pytest.raises(InputError, match="one number for the batch"):
        read_density(lambda x: net(x).mean(), X.float())


def test_rows_that_an_adaptive_solver_couples_are_read_with_that_error() -> None:
    class Solved(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.atol = 1e-6

        def log_prob(self, x: Tensor) -> Tensor:
            return gaussian(x) * (1 + 1e-5 * x.mean().tanh())

    read = read_density(Solved(), X)
    (rows,) = (finding for finding in read.findings if finding.name == "rows on their own")
    assert rows.status is Status.HOLDS
    assert "adaptive solver" in rows.text
    assert 16 * (3 + 8) * read.precision == pytest.approx(max(rows.witness["coupling"], 30 * 1e-6), rel=2**-50)
    assert rows.witness["coupling"] > 1e-8
    coupled = Solved()
    coupled.atol = 1e-12
    with pytest.raises(InputError, match="depends on the other rows"):
        read_density(coupled, X)


def test_a_refused_module_was_not_called() -> None:
    module = Net(nn.BatchNorm1d(5))
    with pytest.raises(InputError):
        read_density(module, X)
    assert int(module.layers[1].num_batches_tracked) == 0


def test_numpy_points_are_read_and_more_points_are_checked_alike() -> None:
    read = read_density(gaussian, X.numpy())
    assert torch.equal(read.points, X)
    with pytest.raises(InputError, match="events of shape"):
        read.read(np.zeros((3, 2)), "outliers")
    with pytest.raises(InputError, match="whole numbers"):
        read.read(np.zeros((3, 3), dtype=int), "outliers")


@pytest.mark.cuda
def test_devices_that_differ_are_told() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    with pytest.raises(InputError, match="Move one"):
        read_density(WithLogProb().cuda(), X.float())
