"""Numeric representations of S5, in a random orthogonal basis, decomposed with certificate. Limit: 5 s in dimension 1,000 on two cores.

Beside each time stands that of one ``torch.linalg.eigh`` of the same size on the same machine in the same minute: every method by eigenspaces of a
commutant element pays at least that. The peer is the plain method (mean over all 120 elements, one complex eigendecomposition, no certificate), as
toolboxes do it. On a CUDA device the same file runs unchanged and records it beside the CPU.
"""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path

import pytest
import torch

from numerics.representations.averaging import cayley_table, closure, permutation_matrices
from numerics.representations.batch import decompose_batch
from numerics.representations.decomposition import decompose
from numerics.representations.irreps import assemble
from numerics.representations.regular_action import RegularAction, discover
from numerics.streams import Stream
from proofs_checks.claim.provenance import processor, versions

S5 = torch.tensor([[1, 0, 2, 3, 4], [1, 2, 3, 4, 0]])
RESULTS = Path(__file__).parent / "results" / "representations_s5.json"
DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=[pytest.mark.cuda, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]
    ),
]


def irreps_of_s5() -> tuple[RegularAction, list[torch.Tensor]]:
    action = discover(permutation_matrices(S5).to(torch.float64), Stream(0))
    regular = permutation_matrices(torch.as_tensor(action.images)).to(torch.float64)
    return action, [i.matrices for i in decompose(regular, Stream(0), action=action).irreps]


def representation(d: int, device: str) -> tuple[torch.Tensor, list[int]]:
    """Random multiplicities that add up to d, in a random orthogonal basis, on the two generators; and the multiplicities by irrep."""
    _, irreps = irreps_of_s5()
    stream, counts, left = Stream(d), [0] * len(irreps), d
    while left:
        k = int(stream.integers(0, len(irreps), 1))
        k = k if irreps[k].shape[-1] <= left else 0
        counts[k] += 1
        left -= irreps[k].shape[-1]
    whole = assemble([r for r, m in zip(irreps, counts, strict=True) if m], [m for m in counts if m])
    Q = torch.linalg.qr(stream.normal(d, d)).Q
    return (Q @ whole @ Q.mT).to(device), counts


def timed(run, device: str):
    if device == "cuda":
        torch.cuda.synchronize()
    started = time.perf_counter()
    out = run()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started, out


def recorded(device: str, entry: dict) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    content = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    name = processor() if device == "cpu" else torch.cuda.get_device_name()
    here = content.setdefault(
        device, {"machine": name, "threads": torch.get_num_threads(), "versions": str(versions()), "by_dimension": {}}
    )
    here.update({"machine": name, "threads": torch.get_num_threads(), "versions": str(versions())})
    here["by_dimension"][str(entry["d"])] = entry
    here["by_dimension"] = dict(sorted(here["by_dimension"].items(), key=lambda item: int(item[0])))
    RESULTS.write_text(json.dumps(content, indent=1) + "\n")


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("d", [125, 250, 500, 1000, 2000])
def test_scaling_on_s5(benchmark, record_property, d: int, device: str) -> None:
    R, counts = representation(d, device)
    timed(lambda: torch.linalg.eigh(R[0] + R[0].mH), device)  # library start-up
    seconds, found = benchmark.pedantic(
        lambda: timed(lambda: decompose(R, Stream(1)), device), rounds=1 if d > 500 else 3
    )
    S = R[1] + R[1].mH + torch.diag(torch.linspace(0, 1, d, dtype=R.dtype, device=R.device))
    floor = min(timed(lambda: torch.linalg.eigh(S), device)[0] for _ in range(2))
    product = min(timed(lambda: R[0] @ S, device)[0] for _ in range(3))
    assert found.decided, found.why
    assert sorted(i.multiplicity for i in found.irreps) == sorted(m for m in counts if m)
    best = min(benchmark.stats.stats.min, seconds) if benchmark.stats else seconds
    recorded(
        device,
        {
            "d": d, "seconds": best, "eigh_seconds": floor, "matmul_seconds": product, "residual": found.certificate.residual,
            "gap": found.gap, "uncertain": found.uncertain, "multiplicities": counts,
        },
    )  # fmt: skip
    limit = " (limit 5)" if d == 1000 else ""
    record_property(f"{device} d = {d}: seconds{limit}", f"{best:.2f}")
    record_property(f"{device} d = {d}: one eigh, the floor", f"{floor:.2f}")
    record_property(f"{device} d = {d}: one product of d x d matrices", f"{product:.3f}")
    record_property(f"{device} d = {d}: certified residual", f"{found.certificate.residual:.1e}")


def test_a_basis_that_is_not_orthogonal_costs_an_averaged_form_more(benchmark, record_property) -> None:
    d = 500
    R, counts = representation(d, "cpu")
    S = torch.eye(d, dtype=R.dtype) + Stream(3).normal(d, d) / (2 * d**0.5)
    R = torch.linalg.solve(S, R @ S)
    found = benchmark.pedantic(lambda: decompose(R, Stream(1)), rounds=1)
    assert found.decided, found.why
    record_property("condition |T| |T^-1| / d", f"{found.condition:.1f}")
    record_property("certified residual", f"{found.certificate.residual:.1e}")
    assert sorted(i.multiplicity for i in found.irreps) == sorted(m for m in counts if m)


def plain(R: torch.Tensor, action: RegularAction) -> list[int]:
    """The peer: every element, the mean of all conjugates, one eigendecomposition, clusters by a fixed tolerance; sizes of the pieces."""
    whole = [torch.eye(R.shape[-1], dtype=R.dtype)]
    for x in range(1, action.order):
        whole.append(R[action.letter[x]] @ whole[action.parent[x]])
    noise = Stream(1).normal(*R.shape[1:])
    C = sum(g @ (noise + noise.mT) @ g.mT for g in whole) / action.order
    values = torch.linalg.eigvalsh((C + C.mT) / 2)
    ends = [0, *((values.diff() > 1e-9).nonzero().ravel() + 1).tolist(), len(values)]
    return [b - a for a, b in itertools.pairwise(ends)]


def test_beside_the_plain_method(benchmark, record_property) -> None:
    d = 250
    R, _ = representation(d, "cpu")
    action, _ = irreps_of_s5()
    slow, sizes = timed(lambda: plain(R, action), "cpu")
    seconds, found = benchmark.pedantic(lambda: timed(lambda: decompose(R, Stream(1)), "cpu"), rounds=3)
    assert sorted(sizes) == sorted(i.dimension for i in found.irreps for _ in range(i.multiplicity))
    record_property("seconds, d = 250, with certificate and copies aligned", f"{seconds:.2f}")
    record_property("seconds of the plain method, pieces alone", f"{slow:.2f}")


def test_many_small_ones_at_once(benchmark, record_property) -> None:
    action, _ = irreps_of_s5()
    table = cayley_table(closure(S5))
    assert len(table) == action.order
    stream = Stream(7)
    natural = permutation_matrices(S5).to(torch.float64)
    S = torch.eye(5, dtype=torch.float64) + stream.normal(1000, 5, 5) / 8
    R = torch.linalg.solve(S[:, None], natural @ S[:, None])
    found = benchmark.pedantic(lambda: decompose_batch(R, Stream(1), action), rounds=3)
    assert all(found.decided)
    record_property("1,000 of dimension 5: seconds", f"{benchmark.stats.stats.min:.2f}")
    one, _ = timed(lambda: [decompose(R[k], Stream(1), action=action) for k in range(20)], "cpu")
    record_property("one by one (20 timed, times 50): seconds", f"{50 * one:.1f}")
