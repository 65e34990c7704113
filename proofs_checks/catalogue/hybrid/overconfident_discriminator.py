"""Far from the data a ReLU classifier is certain along every ray on which its logits
grow apart, and a generative part is not."""

from __future__ import annotations

from typing import Any

from sympy import Rational

from numerics.likelihoods import rays as measuring
from numerics.likelihoods.class_gaussians import random_classes
from numerics.likelihoods.rays import linear_head, radial_head, random_relu
from numerics.streams import Stream
from proofs_checks.catalogue.hybrid.figures import overconfident_discriminator as figure
from proofs_checks.inputs.networks import case_of_relu, relu_layers
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.hybrid import ray_cases
from theory.likelihoods import rays

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric"]

RAYS = 128
ENDS = [Case(D=1, K=2, depth=1), Case(D=64, K=10, depth=4)]
cases = {"numeric": Cases(ray_cases, always=ENDS)}


def cases_for(*, network: Any) -> list[Case]:
    """The sizes of the user's network."""
    return [case_of_relu(network)]


def exact(*, limit: Any = 1, head: Any = rays.affine_head, criterion: Any = rays.grows) -> list[Any]:
    """Affine pieces by induction and by cases, confidence at a radius, and every ray of
    2,592 small networks."""
    far = [rays.confidence(limit, head), rays.every_small_network(criterion)]
    if (limit, head, criterion) != (1, rays.affine_head, rays.grows):
        return far
    return [rays.weighted_sum(), rays.unit(), rays.normaliser(), far, rays.densities_far_away()]


def numeric(
    case: Case,
    stream: Stream,
    *,
    uniform: bool = False,
    head: Any = linear_head,
    network: Any = None,
    times: float = 1.0,
) -> list[Evidence]:
    """Random ReLU networks, or the user's, along random rays to radius 1e6; and a
    generative classifier's density on the same points."""
    layers = (
        relu_layers(network, case)
        if network is not None
        else random_relu(case.D, case.K, case.depth, stream.fork("network"))
    )
    along = measuring.Rays(layers, RAYS, stream.fork("rays"))
    limit = 1 / case.K if uniform else 1.0
    found = [measured(along.confidence(limit, head), resolves=1e-2, name="confidence at radius 1e6")]
    if uniform or head is not linear_head:
        return found
    model = random_classes(case.D, case.K, stream.fork("classes"))
    points = along.points().flatten(0, 1)
    return [
        measured(along.slope(), resolves=1e-6, name="slope = network without biases"),
        measured(along.affine(), resolves=1e-3, name="logits are affine beyond the last kink"),
        *found,
        measured(
            measuring.density_far_away(model, points, times),
            resolves=10.0,
            name="log p(x) of a generative classifier falls",
        ),
    ]


controls = {
    "uncertain-far-away": [
        Control(exact, fails="confidence at a radius", limit=Rational(1, 2)),
        Control(numeric, fails="confidence at radius", cases=ENDS, uniform=True),
    ],
    "radial-head": [
        Control(exact, fails="confidence at a radius", head=rays.radial_head),
        Control(numeric, fails="confidence at radius", cases=ENDS, head=radial_head),
    ],
    "faster-than-the-widest": [Control(numeric, fails="log p(x) of a generative", cases=[ENDS[0]], times=1.5)],
    "every-ray": [Control(exact, fails="every small network", criterion=rays.grows_always)],
}
