"""Per-sample gradient norms of a network of a million parameters, beside a loop over samples and ``vmap(grad)`` in chunks; and the exponent in D."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from numerics.likelihoods.gradient_sizes import Ladder
from numerics.likelihoods.per_sample import per_sample_loop, per_sample_pulls
from numerics.streams import Stream

BATCH, PIXELS, WIDTH, CHUNK = 256, 784, 704, 32


def network() -> nn.Sequential:
    """784-704-704, a classifier and 784 Bernoulli logits on top: 1.6 million parameters."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Linear(PIXELS, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 10 + PIXELS)
        )


def objectives(model: nn.Module, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """log p(y|x), and a Bernoulli log likelihood of the pixels."""
    out = model(x)
    label = torch.log_softmax(out[:, :10], -1).gather(1, y[:, None])[:, 0]
    return label, -nn.functional.binary_cross_entropy_with_logits(out[:, 10:], (x > 0).to(x), reduction="none").sum(1)


def by_vmap(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Squared norms of both gradients, shape (2, N): vmap(grad), a chunk of rows at a time."""
    parameters = {name: value.detach() for name, value in model.named_parameters()}

    class Wrapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
            return objectives(self.model, x, y)

    wrapped = Wrapped()

    def value(p: dict[str, Tensor], one: Tensor, label: Tensor, which: int) -> Tensor:
        named = {f"model.{name}": part for name, part in p.items()}
        return torch.func.functional_call(wrapped, named, (one[None], label[None]))[which][0]

    rows = []
    for which in range(2):
        over = torch.func.vmap(
            torch.func.grad(lambda p, a, b, which=which: value(p, a, b, which)), in_dims=(None, 0, 0)
        )
        parts = []
        for start in range(0, len(x), CHUNK):
            found = over(parameters, x[start : start + CHUNK], y[start : start + CHUNK])
            parts.append(sum(part.flatten(1).square().sum(1) for part in found.values()))
        rows.append(torch.cat(parts))
    return torch.stack(rows)


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def test_per_sample_norms_of_a_million_parameters(benchmark, record_property) -> None:
    model, x, y = network(), Stream(1).normal(BATCH, PIXELS).float(), Stream(2).integers(0, 10, BATCH)
    found = benchmark.pedantic(per_sample_pulls, args=(model, objectives, x, y), rounds=5, warmup_rounds=1)
    ours = min(seconds(lambda: per_sample_pulls(model, objectives, x, y)) for _ in range(5))
    slow: list[Tensor] = []
    loop = seconds(lambda: slow.append(per_sample_loop(model, objectives, x, y)))
    peers: list[Tensor] = []
    chunks = seconds(lambda: peers.append(by_vmap(model, x, y)))
    norms = torch.stack([found.first.sum(0), found.second.sum(0)])
    for other in (slow[0][:2].sum(1), peers[0]):
        # single precision: sums of 784 products, about 1e3 roundings of 6e-8
        assert float(((norms - other) / other).abs().max()) < 2e3 * torch.finfo(torch.float32).eps
    ladder = seconds(lambda: [Ladder("agreeing", 2**20, Stream(3)), Ladder("orthogonal", 2**20, Stream(4))])
    told = {
        "parameters": (sum(parameter.numel() for parameter in model.parameters()), "at least 1e6"),
        "times faster than a loop over samples": (round(loop / ours, 1), "at least 3"),
        "times faster than vmap(grad) in chunks": (round(chunks / ours, 1), ""),
        "milliseconds, both objectives, batch 256": (round(1e3 * ours, 1), ""),
        "parameters whose gradients were never formed": (f"{len(found.by_products)} of {len(found.names)}", ""),
        "seconds, exponents over D = 1 .. 2^20": (round(ladder, 2), "at most 20"),
        "threads": (torch.get_num_threads(), ""),
    }
    for name, (value, limit) in told.items():
        benchmark.extra_info[name] = value
        record_property(name, f"{value} {limit and f'({limit})'}".strip())
    assert loop / ours >= 3
    assert ladder <= 20
