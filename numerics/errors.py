"""What stops a measurement: a hypothesis that fails, or numbers too coarse to carry the
statement."""

from __future__ import annotations


class HypothesisError(ValueError):
    """A hypothesis of a theorem fails for the objects given. The message names the
    hypothesis and what to do."""


class PrecisionError(HypothesisError):
    """The theorem may well apply, but the numbers at hand cannot carry it there: out of
    range, or flat to rounding."""
