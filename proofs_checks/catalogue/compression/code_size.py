"""Larger ranges reach smaller distortions, larger classes a smaller F where they were
trained; the rest of the curve may rise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from numerics.compression import gibbs_encoders as gibbs
from numerics.compression import nested_ranges as nested
from numerics.streams import Stream
from proofs_checks.catalogue.compression.figures_bounds import code_size as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, enclosed, measured
from proofs_checks.strategies.compression import source_cases
from theory.compression import gibbs_encoders
from theory.compression import nested_ranges as exactly

__all__ = ["cases", "certified", "controls", "exact", "figure", "numeric"]

Relation = Literal["> 0", "< 0"]
ALWAYS = [Case(source="plane", n=4, m=4, beta=1.0, seed=1), Case(source="plane", n=24, m=24, beta=4.0, seed=2)]
POWERED = [Case(source="plane", n=24, m=16, beta=4.0, seed=1), Case(source="plane", n=24, m=24, beta=4.0, seed=2)]
cases = {"numeric": Cases(source_cases, always=ALWAYS)}


def exact(*, claim: exactly.Claim = exactly.no_more, third: Callable[[Any], Any] = exactly.far) -> list[Any]:
    """Nested ranges of small decoders; a code that makes every rate larger; what a
    linear unit leaves, and the curve over F."""
    return [
        exactly.two_ways_to_the_least(),
        exactly.nested_minima(claim),
        exactly.worse_at_every_slope(third),
        exactly.least_distortions(),
        exactly.gap_in_symbols(),
        gibbs_encoders.legendre(),
    ]


def certified(*, change: Relation = "> 0") -> list[Evidence]:
    """Two linear decoders whose values cross: the larger one is worse at slope 1 and
    better at slope 2000."""
    return [
        enclosed(exactly.gap_of_two_decoders(1), relation=change, name="F of the larger decoder at slope 1"),
        enclosed(exactly.gap_of_two_decoders(2000), relation="< 0", name="F of the larger decoder at slope 2000"),
    ]


def numeric(case: Case, stream: Stream, *, factor: float = 1.0) -> list[Evidence]:
    """A random source, a quarter of its reproductions, a half, three quarters and
    all."""
    source = gibbs.SOURCES[case.source](case.n, case.m, Stream(case.seed, stream.device, stream.dtype))
    least, rises = nested.least_distortions(source)
    return [
        measured(least, resolves=1e-4, name="F/beta is the least distortion"),
        measured(rises, resolves=1e-4, name="D_min of growing ranges"),
        measured(
            nested.growing_classes(source, case.beta, factor),
            resolves=1e-3,
            name="F of classes where they were trained",
        ),
    ]


controls = {
    "larger-is-strictly-better": [Control(exact, fails="least distortion of nested ranges", claim=exactly.less)],
    "third-code-at-hand": [Control(exact, fails="the larger code has the smaller Z", third=exactly.at_hand)],
    "whole-curve-falls": [Control(certified, fails="F of the larger decoder at slope 1", change="< 0")],
    "better-at-every-slope": [Control(numeric, fails="F of classes", cases=POWERED, factor=0.125)],
}
