"""If p(A) = a > 0 then KL(p||q) is at least that of the two cells A and its complement,
which tends to infinity as q(A) tends to 0."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from numerics.distributions import divergence_values as values
from numerics.streams import Stream
from proofs_checks.catalogue.evaluation.figures import kl_covers as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.evaluation import missing_mode_cases
from theory.distributions import divergences as exactly
from theory.proof import relative_entropy

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

HALF = Fraction(1, 2)
cases = {
    "numeric": Cases(missing_mode_cases, always=[
        Case(n=2, share=HALF, digits=1, seed=1), Case(n=4096, share=Fraction(1, 10), digits=300, seed=2), Case(n=16, share=HALF, digits=12, seed=3),
    ]),
}  # fmt: skip


def exact(*, divergence: exactly.Divergence = exactly.relative_entropy_of_two_cells) -> list[Any]:
    """Cells merged into A and its complement by the log-sum inequality; the divergence
    of the two cells without bound."""
    return [
        exactly.log_sum(),
        relative_entropy.remainder(),
        exactly.grows_without_bound(divergence),
        exactly.price_of_a_missed_cell(),
    ]


def numeric(
    case: Case, stream: Stream, *, divergence: values.Divergence = values.relative_entropy_nats
) -> list[Evidence]:
    """Random distributions on n cells, a set A that q nearly misses: the divergence
    against that of the two cells."""
    inside, p, q = values.missing_mode(case.n, float(case.share), 10.0**-case.digits, stream.fork((case.n, case.seed)))
    short = values.two_cell_shortfall(p, q, inside, divergence)
    return [measured(short, resolves=1e-3, name="divergence against that of A and its complement")]


MISSED = [Case(n=2, share=HALF, digits=12, seed=1), Case(n=257, share=Fraction(1, 10), digits=100, seed=2)]
controls = {
    "jensen-shannon-too": [
        Control(exact, fails="divergence of two cells as q(A) tends to 0", divergence=exactly.jensen_shannon_of_two_cells),
        Control(numeric, fails="divergence against that of A", cases=MISSED, divergence=values.jensen_shannon_nats),
    ],
    "reverse-direction-too": [
        Control(exact, fails="divergence of two cells as q(A) tends to 0", divergence=lambda p, q: exactly.relative_entropy_of_two_cells(q, p)),
        Control(numeric, fails="divergence against that of A", cases=MISSED, divergence=lambda p, q: values.relative_entropy_nats(q, p)),
    ],
}  # fmt: skip
