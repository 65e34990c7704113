"""log p(x, y) = log p(y | x) + log p(x): a generative model's likelihood is a
classifier's and an image's."""

from __future__ import annotations

from typing import Any

from numerics.likelihoods import class_gaussians
from numerics.likelihoods.class_gaussians import likelihood, posterior, random_classes
from numerics.streams import Stream
from proofs_checks.catalogue.hybrid.figures import chain_rule as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.hybrid import class_cases
from theory.likelihoods import chain_rule

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

POINTS = 256
ENDS = [Case(D=1, K=2), Case(D=64, K=10)]
cases = {"numeric": Cases(class_cases, always=ENDS)}


def exact(*, given: str = "x") -> list[Any]:
    """One of N labels, densities, sequences of any length, and every small table with
    rational masses."""
    factors = [chain_rule.factor(given), chain_rule.factor_of_densities(given), chain_rule.every_table(given)]
    return factors if given != "x" else [*factors, chain_rule.conditional_masses(), chain_rule.sequences()]


def numeric(case: Case, stream: Stream, *, first: Any = posterior) -> list[Evidence]:
    """A Gaussian for each label: joint density, implied linear classifier, and the
    mixture's density, each by its own formula."""
    model = random_classes(case.D, case.K, stream.fork("model"))
    points, _ = model.sample(POINTS, stream.fork("points"))
    found = class_gaussians.chain_rule(model, points, first)
    return [measured(found, resolves=1e-6, name="log p(x, y) = log p(y | x) + log p(x)")]


controls = {
    "likelihood-in-place-of-posterior": [
        Control(exact, fails="chain rule", given="y"),
        Control(exact, fails="every table", given="y"),
        Control(numeric, fails="log p(x, y)", cases=ENDS, first=likelihood),
    ],
}
