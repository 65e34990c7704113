"""The density audit of flows of the libraries, beside bare evaluations of their log p: time, evaluations, and whether every bijection holds.

Flows are trained for ``SECONDS_OF_TRAINING`` (environment: ``PREALITY_TRAINING_SECONDS``); the table is written to results/density_audit.json.
Where ``PREALITY_TRAINED_FLOWS`` names a folder, weights are kept there and read again, so that the training is not part of every run:
``PREALITY_TRAINED_FLOWS=FOLDER python -m pytest benchmarks/test_density_audit.py``; ``python benchmarks/test_density_audit.py FOLDER`` only trains.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import zuko
from torch import Tensor, nn

from proofs_checks.audits import budget
from proofs_checks.audits.budget import one_thread
from proofs_checks.audits.density import audit_density
from proofs_checks.claim.provenance import processor
from proofs_checks.inputs.densities import read_density

RESULTS = Path(__file__).parent / "results" / "density_audit.json"
SECONDS_OF_TRAINING = float(os.environ.get("PREALITY_TRAINING_SECONDS", "60"))
KEPT = os.environ.get("PREALITY_TRAINED_FLOWS", "")
DIMENSIONS = (2, 8, 64)
POINTS, SCALES = 64, (1.5, 2.0, 4.0, 10.0)
BIJECTIONS = ("uniformized", "reversed")


def nflows_spline(dim: int) -> nn.Module:
    from nflows.distributions import StandardNormal
    from nflows.flows import Flow
    from nflows.transforms import CompositeTransform, ReversePermutation
    from nflows.transforms.autoregressive import MaskedPiecewiseRationalQuadraticAutoregressiveTransform as Spline

    layers = [
        layer
        for _ in range(2)
        for layer in (
            Spline(dim, hidden_features=32, num_bins=8, tails="linear", tail_bound=4.0),
            ReversePermutation(dim),
        )
    ]
    return Flow(CompositeTransform(layers), StandardNormal([dim]))


def normflows_spline(dim: int) -> nn.Module:
    import normflows

    layers = [
        layer
        for _ in range(2)
        for layer in (
            normflows.flows.AutoregressiveRationalQuadraticSpline(dim, 1, 32),
            normflows.flows.LULinearPermute(dim),
        )
    ]
    return normflows.NormalizingFlow(normflows.distributions.DiagGaussian(dim, trainable=False), layers)


def lazy(kind: str, **options: Any) -> Callable[[int], nn.Module]:
    return lambda dim: getattr(zuko.flows, kind)(dim, **options)


WIDE, NARROW = {"hidden_features": (64, 64)}, {"hidden_features": (32, 32)}
FLOWS = {
    "NSF": lazy("NSF", transforms=3, **WIDE), "MAF": lazy("MAF", transforms=3, **WIDE), "NAF": lazy("NAF", transforms=2, **NARROW),
    "NICE": lazy("NICE", transforms=4, **WIDE), "RealNVP": lazy("RealNVP", transforms=4, **WIDE), "GMM": lazy("GMM", components=4),
    "BPF": lazy("BPF", transforms=2, **NARROW), "SOSPF": lazy("SOSPF", transforms=2, **NARROW), "CNF": lazy("CNF", **NARROW),
    "nflows spline": nflows_spline, "normflows spline": normflows_spline,
}  # fmt: skip


def data(dim: int, n: int, seed: int) -> Tensor:
    """Draws of a bent distribution with two modes."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(dim, dim, generator=torch.Generator().manual_seed(1)) / dim**0.5 + torch.eye(dim)
    x = torch.randn(n, dim, generator=generator) @ mixing
    x[:, 0] += 2 * torch.where(torch.rand(n, generator=generator) < 0.5, 1.0, -1.0)
    x[:, 1] += 0.3 * x[:, 0] ** 2 - 1
    return (x - x.mean(0)) / x.std(0)


def log_prob_of(flow: nn.Module) -> Callable[[Tensor], Tensor]:
    return flow.log_prob if hasattr(flow, "log_prob") else lambda x: flow().log_prob(x)


def trained(name: str, dim: int, folder: str = KEPT) -> nn.Module:
    """The flow after its training, from ``folder`` where its weights stand there."""
    torch.manual_seed(0)
    flow = FLOWS[name](dim)
    file = Path(folder or ".") / f"{name.replace(' ', '-')}-{dim}-{SECONDS_OF_TRAINING:g}s.pt"
    if folder and file.exists():
        flow.load_state_dict(torch.load(file, weights_only=True))
        return flow.eval()
    if (
        name == "GMM"
    ):  # as its library says: log p of random covariances is -1e20 in 64 dimensions, and no descent mends that
        flow.initialize(data(dim, 4000, 0), strategy="kmeans")
    train(flow, data(dim, 4000, 0))
    if folder:
        torch.save(flow.state_dict(), file)
    return flow.eval()


def train(flow: nn.Module, x: Tensor) -> None:
    """Maximum likelihood by Adam for ``SECONDS_OF_TRAINING`` of process time."""
    optimiser = torch.optim.Adam(flow.parameters(), 2e-3)
    generator, started = torch.Generator().manual_seed(0), time.process_time()
    while time.process_time() - started < SECONDS_OF_TRAINING:
        rows = torch.randint(0, len(x), (256,), generator=generator)
        loss = -log_prob_of(flow)(x[rows]).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(flow.parameters(), 1.0)
        optimiser.step()


def bare(flow: nn.Module, x: Tensor, evaluations: int) -> float:
    """Seconds of as many evaluations of log p, in batches of 1,024, on the copy that the audit calls."""
    model = read_density(flow, x)
    batch = model.points.repeat(-(-1024 // len(x)), 1)[:1024]
    count = max(1, min(16, evaluations // 1024))
    with torch.no_grad():
        started = time.process_time()
        for _ in range(count):
            model.log_prob(batch)
        return (time.process_time() - started) * evaluations / (count * 1024)


def audited(flow: nn.Module, name: str, dim: int, scale: float) -> dict[str, Any]:
    """One audit, its seconds those of the process on one thread: of a core that does nothing else."""
    x = data(dim, POINTS, 7).double()
    spread = torch.randn(POINTS, dim, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    started, ticked = time.process_time(), time.perf_counter()
    report = audit_density(flow, x, x.mean(0) + scale * x.std(0) * spread, seconds=60 if name == "CNF" else 30)
    seconds, passed = time.process_time() - started, time.perf_counter() - ticked
    statuses = {finding.name: str(finding.status) for finding in report.findings}
    with one_thread():
        beside = bare(flow, x, report.facts["evaluations"])
    return {
        "flow": name, "D": dim, "outliers": scale, **{key: statuses[key] for key in BIJECTIONS}, "status": str(report.status),
        "open": [key for key, value in statuses.items() if value not in ("HOLDS", "INAPPLICABLE")],
        "seconds": round(seconds, 2), "seconds passed, machine busy": round(passed, 2), "seconds of the bijections": round(report.facts["seconds of the bijections"], 2),
        "evaluations of the bijections": report.facts["evaluations"], "bare seconds of as many": round(beside, 2),
        "points audited": report.facts["inliers"] + report.facts["outliers"],
    }  # fmt: skip


def keep(row: dict[str, Any]) -> None:
    """Put a row into the table in the place of the one that it measures anew."""
    kept = json.loads(RESULTS.read_text())["rows"] if RESULTS.exists() else []
    same = ("flow", "D", "outliers")
    kept = [one for one in kept if any(one[key] != row[key] for key in same)]
    command = "PREALITY_TRAINED_FLOWS=FOLDER python -m pytest benchmarks/test_density_audit.py"
    trained_for = f"{SECONDS_OF_TRAINING:g} s on one thread"
    table = {"command": command, "training": trained_for, "machine": processor(), "rows": [*kept, row]}
    RESULTS.write_text(json.dumps(table, indent=1) + "\n")


@pytest.mark.parametrize("dim", DIMENSIONS)
@pytest.mark.parametrize("name", FLOWS)
def test_the_density_audit_of_a_flow(
    name: str, dim: int, record_property: Callable[[str, object], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "CLOCK", time.process_time)
    flow, rows = trained(name, dim), []
    for scale in SCALES:
        row = audited(flow, name, dim, scale)
        rows.append(row)
        keep(row)
        record_property(
            f"{name} D={dim}, outliers x {scale}", f"{row['seconds']} s, {row['uniformized']}, {row['reversed']}"
        )
    assert all(row[key] == "HOLDS" for row in rows for key in BIJECTIONS), rows


if __name__ == "__main__":
    torch.set_num_threads(1)
    for dim in reversed(DIMENSIONS):
        for name in FLOWS:
            trained(name, dim, sys.argv[1])
