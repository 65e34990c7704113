"""Every line of the table in docs/bring-your-own.md, run on objects of the libraries' own packages, or of the same form where a package is not installed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Dirichlet, Independent, Normal, Uniform
from torch.distributions import TransformedDistribution as Transformed
from torch.distributions.transforms import AffineTransform

from preality import audit
from proofs_checks.kernel import Status

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries, when they are imported
VON_MISES = math.log(2 * math.pi) + float(torch.special.i0(torch.tensor(2.0).double()).log())
DOCS = Path(__file__).resolve().parents[2] / "docs" / "bring-your-own.md"
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in DOCS.read_text(encoding="utf-8").splitlines()
    if "`audit." in line
]


def rows_of(*kinds: str) -> list[list[str]]:
    """The rows of the audits named, the line without its marks."""
    return [
        [*row[:-1], row[-1].strip("`")]
        for row in ROWS
        if row[-1].startswith(tuple(f"`audit.{kind}(" for kind in kinds))
    ]


FLOWS = [(library, what, line) for library, what, line in rows_of("flow")]
HYBRIDS = [line for *_, line in rows_of("hybrid")]
OTHERS = [(library, line) for library, _, line in rows_of("pit", "equivariance", "density")]
MODELS = [(what, line) for *_, what, line in rows_of("fit", "score")]
DECODERS = [line for *_, line in rows_of("rate_distortion")]
ELSEWHERE = rows_of("embedding", "wrapped", "disentangled")  # the zoos beside this file


class Layer(nn.Module):
    """z = x exp(s)."""

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor([0.3, -0.4, 0.2]))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x * self.log_scale.exp(), self.log_scale.sum().expand(len(x))

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return z * (-self.log_scale).exp(), -self.log_scale.sum().expand(len(z))

    def log_prob(self, x: Tensor) -> Tensor:
        z, log_det = self(x)
        return normal().log_prob(z) + log_det


def normal() -> Independent:
    return Independent(Normal(torch.zeros(3), torch.ones(3)), 1)


def zuko_objects(what: str) -> dict[str, Any]:
    import zuko

    flow = (
        zuko.flows.MAF(3, 2, hidden_features=(8,))
        if "conditional" in what
        else zuko.flows.NSF(3, transforms=2, hidden_features=(8,))
    )
    return {"flow": flow, "distribution": None if "conditional" in what else flow()}


def nflows_objects(what: str) -> dict[str, Any]:
    from nflows.distributions import StandardNormal
    from nflows.flows import Flow
    from nflows.transforms import CompositeTransform, LULinear, MaskedAffineAutoregressiveTransform

    transform, base = CompositeTransform([LULinear(3), MaskedAffineAutoregressiveTransform(3, 8)]), StandardNormal([3])
    return {"transform": transform, "base": base, "flow": Flow(transform, base)}


def normflows_objects(what: str) -> dict[str, Any]:
    import normflows as nf

    conditional = "Conditional" in what
    kind = nf.ConditionalNormalizingFlow if conditional else nf.NormalizingFlow
    flows = [
        nf.flows.MaskedAffineAutoregressive(3, 8, context_features=2 if conditional else None),
        nf.flows.LULinearPermute(3),
    ]
    return {"flow": kind(nf.distributions.DiagGaussian(3), flows)}


def freia_objects(what: str) -> dict[str, Any]:
    import FrEIA.framework as ff
    import FrEIA.modules as fm

    inn = ff.SequenceINN(3)
    inn.append(fm.AllInOneBlock, subnet_constructor=nn.Linear)
    return {"inn": inn}


def pyro_objects(what: str) -> dict[str, Any]:
    import pyro.distributions as pd
    from pyro.distributions import transforms as own

    base = pd.Normal(torch.zeros(3), torch.ones(3))
    return {
        "distribution": pd.TransformedDistribution(base, [own.affine_autoregressive(3), own.spline(3)]),
        "conditional": pd.ConditionalTransformedDistribution(base, [own.conditional_affine_autoregressive(3, 2)]),
    }


def torch_objects(what: str) -> dict[str, Any]:
    return {"distribution": Transformed(normal(), [AffineTransform(1.0, 2.0, event_dim=1)])}


def own_objects(what: str) -> dict[str, Any]:
    first, second = Layer(), Layer()
    return {
        "module": first,
        "first": first,
        "second": second,
        "forward": first.forward,
        "inverse": first.inverse,
        "log_prob": first.log_prob,
    }


OBJECTS: dict[str, Callable[[str], dict[str, Any]]] = {
    "zuko": zuko_objects, "nflows": nflows_objects, "normflows": normflows_objects, "FrEIA": freia_objects, "pyro": pyro_objects, "torch": torch_objects,
    "your own": own_objects,
}  # fmt: skip


@pytest.mark.parametrize(("library", "what", "line"), FLOWS, ids=[f"{library}: {line}" for library, _, line in FLOWS])
def test_the_line_audits_the_object(library: str, what: str, line: str) -> None:
    torch.manual_seed(0)
    given = {
        "audit": audit,
        "data": torch.randn(64, 3),
        "c": torch.randn(2),
        "normal": normal(),
        **OBJECTS[library](what),
    }
    report = eval(line, given)  # a line of this project's own documentation
    assert report.status is Status.HOLDS, report


class Hybrid(nn.Module):
    """A Gaussian for each of two labels."""

    def __init__(self) -> None:
        super().__init__()
        self.means = nn.Parameter(torch.tensor([[-1.0, 0.0, 0.5], [1.0, 0.0, 0.5]]))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        joint = -((x[:, None] - self.means) ** 2).sum(-1) / 2
        return joint, joint.logsumexp(1) - 3.4499629


class Named(Hybrid):
    """The same by methods."""

    def logits(self, x: Tensor) -> Tensor:
        return self(x)[0]

    def log_prob(self, x: Tensor) -> Tensor:
        return self(x)[1]


@pytest.mark.parametrize("line", HYBRIDS)
def test_the_line_audits_the_hybrid_model(line: str) -> None:
    torch.manual_seed(0)
    data = torch.randn(16, 3)
    given = {
        "audit": audit, "data": data, "labels": (data[:, 0] > 0).long(), "hybrid": Hybrid(), "named": Named(),
        "pair": nn.ModuleList([nn.Linear(3, 2), nn.Sequential(nn.Linear(3, 1), nn.Flatten(0))]),
    }  # fmt: skip
    report = eval(line, given)  # a line of this project's own documentation
    assert report.status is Status.HOLDS, report
    assert len(HYBRIDS) == 3


def test_every_line_of_the_page_is_run_somewhere() -> None:
    assert {library for library, _, _ in FLOWS} == set(OBJECTS)
    assert len(ROWS) == sum(map(len, (FLOWS, HYBRIDS, OTHERS, MODELS, DECODERS, ELSEWHERE)))


@pytest.mark.parametrize("line", DECODERS)
def test_the_line_audits_the_decoder(line: str) -> None:
    torch.manual_seed(0)
    decoder, logits, encoder = nn.Sequential(nn.Linear(8, 16), nn.Sigmoid()), nn.Linear(8, 16), nn.Linear(16, 8)
    given = {
        "audit": audit, "torch": torch, "decoder": decoder, "generator": decoder, "logits": logits, "images": decoder(torch.randn(32, 8)).detach(), "codes": torch.randn(16, 8),
        "masses": torch.full((16,), 1 / 16), "encoder": lambda x: Normal(encoder(x), 1.0), "Bernoulli": Bernoulli, "Uniform": Uniform,
    }  # fmt: skip
    report = eval(line, given)  # a line of this project's own documentation
    assert next(f for f in report.findings if f.name == "the band").status is Status.HOLDS, report


def others() -> dict[str, Any]:
    """What the lines of the second table name, in the shapes that those libraries have."""
    import numpy as np
    import scipy.stats
    from sklearn.neighbors import KernelDensity

    seeded, rng = torch.Generator().manual_seed(0), np.random.default_rng(0)
    mean, p = torch.randn(400, generator=seeded), [2, 0, 1, 3]
    turn = torch.linalg.qr(torch.randn(3, 3, generator=seeded))[0]
    turn = turn * torch.linalg.det(turn)  # a rotation: the cross product of two vectors turns with them
    weight = torch.rot90(torch.ones(1, 1, 3, 3), 1, (-2, -1))

    class Graph(nn.Module):
        def forward(self, x: Tensor, a: Tensor) -> Tensor:
            return torch.relu(a @ x)

    return {
        "KernelDensity": KernelDensity, "kde": KernelDensity(bandwidth=0.5).fit(rng.normal(size=(200, 1))), "frozen": scipy.stats.norm(), "predicted": Normal(mean, torch.ones(400)),
        "y": mean + torch.randn(400, generator=seeded), "ranks": torch.randint(0, 100, (500,), generator=seeded), "rho": lambda g: torch.linalg.matrix_power(turn, g), "elements": [0, 1, 2],
        "v": torch.randn(6, 3, generator=seeded), "x": torch.randn(3, 4, 2, generator=seeded), "a": torch.rand(3, 4, 4, generator=seeded), "p": p,
        "relabel": lambda x, a: (x[:, p], a[:, p][:, :, p]), "quarter": lambda v: torch.rot90(v, 1, (-2, -1)), "score": lambda v: torch.nn.functional.conv2d(v, weight, padding=1),
        "images": torch.randn(2, 1, 8, 8, generator=seeded), "graph": Graph(), "norm": lambda v: v * v.norm(dim=-1, keepdim=True), "w": torch.randn(6, 3, generator=seeded),
        "product": torch.linalg.cross, "von_mises": lambda t: 2 * torch.cos(t[:, 0]) - VON_MISES, "angles": torch.randn(40, 1, generator=seeded).clamp(-3, 3) / 2,
        "uniform": 6 * torch.rand(40, 1, generator=seeded) - 3, "dirichlet": Dirichlet(torch.tensor([0.5, 2.0, 3.0])), "shares": torch.rand(40, 3, generator=seeded).softmax(1),
        "others": torch.rand(30, 3, generator=seeded).square().softmax(1), "draws": rng.normal(size=(150, 1)),
    }  # fmt: skip


@pytest.mark.parametrize(("library", "line"), OTHERS)
def test_the_line_of_the_second_table_runs(library: str, line: str) -> None:
    names = others()
    names["layer"] = names["graph"] if "geometric" in library else names["norm"]
    names["data"] = torch.from_numpy(names["draws"])
    if "scikit" in library:  # a smoothed density is that of its own draws
        names["data"] = torch.from_numpy(names["kde"].sample(150, random_state=0))
    assert eval(line, {"audit": audit, **names}).status is Status.HOLDS


@pytest.mark.parametrize(("what", "line"), MODELS, ids=[line[:60] for _, line in MODELS])
def test_the_line_audits_a_model_or_a_score(what: str, line: str) -> None:
    class Output:
        def __init__(self, sample: Tensor) -> None:
            self.sample = sample

    torch.manual_seed(0)
    given = {
        "audit": audit,
        "data": torch.randn(600, 3),
        "samples": torch.randn(700, 3),
        "distribution": normal(),
        "generator": lambda n: torch.randn(n, 3),
        "score": lambda x: -x,
        "eps": lambda x, t: t.sqrt()[:, None] * x,
        "v": lambda x, t: Output(0 * x),
    }
    report = eval(line, given)  # a line of this project's own documentation
    assert report.status is Status.HOLDS, report
