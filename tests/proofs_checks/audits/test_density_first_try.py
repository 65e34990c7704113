"""What a first try of the density audit meets: a reduction over the wrong axis, a solver, a layer that takes its parameters from the first batch, a file without outliers, and how long it takes."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import zuko
from torch import Tensor, nn
from torch import distributions as laws

from numerics.streams import Stream
from proofs_checks import exits
from proofs_checks.audits.density import audit_density
from proofs_checks.cli import main
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status

SECONDS = 20.0  # that an audit of an ordinary model may take


@pytest.mark.parametrize("reduced", [Tensor.mean, Tensor.sum], ids=["mean", "sum"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_number_for_the_whole_batch_is_told_by_its_shape(reduced: Any, dtype: torch.dtype) -> None:
    """float64 is tried first, and fails in a float32 layer; that is not what is wrong."""
    net = nn.Linear(3, 3).to(dtype)
    x = Stream(1).normal(30, 3).to(dtype)
    with pytest.raises(InputError, match=r"\(\)") as refused:
        audit_density(lambda v: reduced(-net(v).square().sum(-1)), x, 2 * x)
    assert "dtype" not in str(refused.value)


def test_a_continuous_flow_is_read_with_its_solvers_error() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        flow = zuko.flows.CNF(2, hidden_features=(8,), atol=1e-4, rtol=1e-4)
        x = flow().sample((16,))
    report = audit_density(flow, x, 1.5 * x, points=8, seconds=4)
    rows = next(finding for finding in report.findings if finding.name == "rows on their own")
    assert rows.status in {Status.HOLDS, Status.UNDECIDED}
    assert report.status is not Status.REFUTED


class _FromTheFirstBatch(nn.Module):
    """Standardises by the mean and spread of the first batch that it is given."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.shift, self.log_scale = nn.Parameter(torch.zeros(dim)), nn.Parameter(torch.zeros(dim))
        self.register_buffer("seen", torch.zeros((), dtype=torch.bool))

    def log_prob(self, x: Tensor) -> Tensor:
        if not bool(self.seen):
            with torch.no_grad():
                self.shift.copy_(x.mean(0))
                self.log_scale.copy_(x.std(0).log())
                self.seen.fill_(value=True)
        z = (x - self.shift) / self.log_scale.exp()
        return -z.square().sum(1) / 2 - self.log_scale.sum() - x.shape[1] / 2 * math.log(2 * math.pi)


@pytest.mark.parametrize("bare", [True, False], ids=["a module", "its method"])
def test_a_first_call_that_initialises_is_refused_and_changes_nothing(bare: bool) -> None:
    flow, x = _FromTheFirstBatch(3).double(), Stream(1).normal(30, 3)
    before = {name: value.clone() for name, value in flow.state_dict().items()}
    with pytest.raises(InputError, match=r"\.eval\(\)"):
        audit_density(flow if bare else flow.log_prob, x, 2 * x)
    assert all(torch.equal(value, before[name]) for name, value in flow.state_dict().items())


@pytest.mark.parametrize("missing", ["outliers", "inliers", "log_prob"])
def test_a_name_that_a_file_does_not_define_is_told_and_no_other_is_to_be_renamed(
    missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = {
        "log_prob": "log_prob = lambda x: -x.square().sum(1) / 2",
        "inliers": "inliers = torch.randn(9, 2)",
        "outliers": "outliers = torch.randn(9, 2)",
    }
    path = tmp_path / "mine.py"
    path.write_text("import torch\n" + "\n".join(line for name, line in lines.items() if name != missing))
    code = main(["audit", "density", str(path)])
    said = capsys.readouterr().err
    assert code == exits.USAGE
    assert f"does not define {missing}" in said
    assert "ename" not in said


@pytest.mark.parametrize("name", ["heavy tails", "splines"])
def test_an_ordinary_model_takes_seconds(name: str) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if name == "heavy tails":
            model: Any = laws.Independent(laws.HalfCauchy(torch.ones(2)), 1)
            x, y = model.sample((50,)), 4 * model.sample((50,))
        else:
            model, x, y = (
                zuko.flows.NSF(2, transforms=2, hidden_features=(16,)),
                torch.randn(50, 2),
                torch.randn(50, 2) + 1,
            )
    started = time.process_time()
    report = audit_density(model, x, y)
    assert time.process_time() - started < SECONDS
    assert report.status is Status.HOLDS, report
