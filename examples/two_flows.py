"""Two flows of two moons that KL and MMD rank in opposite orders.

    python examples/two_flows.py                trains both (under a minute on two cores) and prints the audit
    preality audit fit examples/two_flows.py    the same, through the command line

The first is a spline flow that was trained well and whose data were then standardised with another mean: it is off by 0.22 standard deviations, which is more
than the moons are wide, so that its likelihood pays for nearly every point, while its draws look right. The second is a single affine autoregressive layer: a broad
density that covers everything and has draws where there are no data. Held-out likelihood prefers the second, MMD the first.
"""

from __future__ import annotations

from functools import cache

import torch
import zuko
from sklearn.datasets import make_moons
from torch import Tensor
from torch.distributions import Distribution, TransformedDistribution
from torch.distributions.transforms import AffineTransform

from proofs_checks.audits.fit import audit_fit

SHIFT, STEPS = 0.22, 200
subject = "a displaced flow (a) and a broad flow (b) of two moons"
length = 0.5


@cache
def points() -> Tensor:
    """Standardised moons ``(4000, 2)``."""
    found = torch.tensor(make_moons(4000, noise=0.05, random_state=0)[0], dtype=torch.float32)
    return (found - found.mean(0)) / found.std(0)


@cache
def trained(kind: str, seed: int = 0, steps: int = STEPS) -> zuko.flows.Flow:
    """A flow trained on half of the points by maximum likelihood; a function of the seed on one machine."""
    rows = points()[::2]
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        flow = (
            zuko.flows.NSF(2, transforms=2, hidden_features=(32,))
            if kind == "sharp"
            else zuko.flows.MAF(2, transforms=1, hidden_features=(4,))
        )
    optimiser = torch.optim.Adam(flow.parameters(), lr=5e-3)
    with torch.enable_grad():
        for _ in range(steps):
            x = rows[torch.randint(len(rows), (256,), generator=generator)]
            loss = -flow().log_prob(x).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return flow.double().eval().requires_grad_(False)


def displaced(flow: zuko.flows.Flow, shift: float) -> Distribution:
    """The flow with all of its draws moved by that much in both coordinates."""
    return TransformedDistribution(flow(), [AffineTransform(shift, 1.0, event_dim=1)])


model = displaced(trained("sharp"), SHIFT)
second = trained("broad")()
data = points()[1::2].double()  # points that neither was trained on


def main() -> None:
    """Train and print."""
    print(audit_fit(model, second, data, length=length, subject=subject).text())


if __name__ == "__main__":
    main()
