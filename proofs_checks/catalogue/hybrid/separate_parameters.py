"""With separate parameters gradients and maxima of a hybrid model decouple; image and
label need not."""

from __future__ import annotations

from typing import Any

import torch

from numerics.likelihoods import logistic_gaussian as measuring
from numerics.streams import Stream
from proofs_checks.catalogue.hybrid.figures import separate_parameters as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.hybrid import point_cases
from theory.likelihoods import separate_parameters as apart

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

ENDS = [Case(n=2, D=1), Case(n=4096, D=64)]
cases = {"numeric": Cases(point_cases, always=ENDS)}


def exact(*, shared: bool = False, criterion: Any = apart.dependent) -> list[Any]:
    """Gradient and mixed derivative of a sum over n points, all small data sets, and
    the information that is left."""
    decoupled = [
        apart.gradient(shared=shared),
        apart.cross_derivative(shared=shared),
        apart.every_data_set(shared=shared),
    ]
    if shared:
        return decoupled
    return [*decoupled, apart.copied_label(), apart.dependence(criterion)]


def numeric(
    case: Case, stream: Stream, *, objective: Any = measuring.separate, information: Any = measuring.binary_entropy
) -> list[Evidence]:
    """A logistic classifier on Gaussian points: joint gradients by autograd against
    each part's closed form."""
    data = measuring.draw_points(case.n, case.D, stream.fork("data"))
    theta, phi = stream.fork("theta").normal(case.D) / case.D, stream.fork("phi").normal(case.D)
    in_theta, in_phi = measuring.decoupling(data, theta, phi, objective)
    p = torch.cat(
        [torch.full((1,), 0.5, dtype=theta.dtype, device=theta.device), 0.01 + 0.98 * stream.fork("p").uniform(15)]
    )
    size = 1e-6 * case.n * case.D
    return [
        measured(in_theta, resolves=size, name="gradient in theta = the classifier's"),
        measured(in_phi, resolves=size, name="gradient in phi = the density's"),
        measured(
            measuring.coupling(data, theta, phi, objective),
            resolves=size,
            name="a step in phi leaves the gradient in theta",
        ),
        measured(measuring.copied_information(p, information), resolves=1e-9, name="I(x; y) = H(x) for a copied label"),
    ]


controls = {
    "shared-parameter": [
        Control(exact, fails="gradient of n points", shared=True),
        Control(exact, fails="mixed second derivative", shared=True),
        Control(exact, fails="every small data set", shared=True),
        Control(numeric, fails="gradient in theta", cases=ENDS, objective=measuring.tied_model),
        Control(numeric, fails="gradient in phi", cases=ENDS, objective=measuring.tied_model),
        Control(numeric, fails="a step in phi", cases=ENDS, objective=measuring.tied_model),
    ],
    "no-information": [
        Control(exact, fails="every table", criterion=apart.independent),
        Control(numeric, fails="I(x; y)", cases=ENDS, information=measuring.no_information),
    ],
}
