"""The best prefix code needs the entropy and less than one bit more; blocks share that
bit."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from numerics.compression import source_codes as codes
from numerics.streams import Stream
from proofs_checks.catalogue.compression.figures import source_coding as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.compression import source_code_cases
from theory.compression import source_codes as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

UNEVEN = Case(m=2, n=4, skew=40.0, seed=1)  # a symbol that hardly occurs: a block needs nearly the whole bit
ALWAYS = [UNEVEN, Case(m=2, n=4, skew=2.0, seed=1), Case(m=1000, n=1, skew=0.5, seed=2)]
cases = {"numeric": Cases(source_code_cases, always=ALWAYS)}


def exact(
    *,
    claim: exactly.Claim = exactly.within_a_bit,
    blocks: Callable[[Fraction, Fraction], bool] = exactly.rises_at_seven,
    excess: Callable[[Any, Any], Any] = exactly.shorter_than_the_entropy,
) -> list[Any]:
    """Both inequalities for any number of words, every small source, blocks, and a code
    that is not prefix-free."""
    return [
        exactly.mean_length(),
        exactly.shannon_lengths(),
        exactly.blocks(),
        exactly.huffman_is_best(),
        exactly.small_sources(claim),
        exactly.blocks_of_six_and_seven(blocks),
        exactly.one_to_one_code(excess),
    ]


def numeric(
    case: Case, stream: Stream, *, lengths: codes.Lengths = codes.huffman_lengths, bits: float = 1.0
) -> list[Evidence]:
    """A random source in blocks, and a message of two thousand symbols."""
    masses = codes.random_source(case.m, case.skew, stream.fork(case.seed))
    within = codes.lengths_against_entropy(masses, case.n, lengths, bits=bits)
    read = codes.messages_that_differ(masses, 2000, stream.fork("message"))
    return [
        measured(within, resolves=1e-6, name="H <= L < H + 1/n"),
        measured(read, resolves=0.75, name="messages are read back"),
    ]


controls = {
    "equals-entropy": [Control(exact, fails="best mean length", claim=exactly.equal_to_the_entropy)],
    "half-a-bit-of-room": [Control(numeric, fails="H <= L", cases=[UNEVEN], bits=0.5)],
    "rounded-down": [Control(numeric, fails="H <= L", cases=ALWAYS[1:], lengths=codes.truncated_lengths)],
    "one-to-one-needs-entropy": [
        Control(exact, fails="entropy above the mean length", excess=exactly.longer_than_the_entropy)
    ],
    "block-rates-decrease": [Control(exact, fails="block rates", blocks=exactly.never_rises)],
}
