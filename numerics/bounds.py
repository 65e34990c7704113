"""What a measurement brings with it: the residual, and a derived bound on it, term by
term. Inert; nothing here decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Bound:
    """How far from zero rounding and truncation alone could have carried a residual.

    Args:
        terms: Named contributions, floats or tensors that broadcast with the residual;
            their sum is the bound.
        derivation: Where the terms come from, in words, with the source.
        estimated: Names of the terms that are estimates and not bounds; they are
            printed as such.
        assumes: Properties (smoothness, say) that the derivation uses and that nobody
            has checked.

    >>> Bound({"rounding": 1e-15}, "Two additions.").terms["rounding"]
    1e-15
    """

    terms: Mapping[str, Any]
    derivation: str
    estimated: Sequence[str] = ()
    assumes: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not self.terms or not str(self.derivation).strip():
            raise TypeError("A bound needs at least one named term and its derivation; a bare number is not evidence.")
        for word in (*self.terms, self.derivation, *self.estimated, *self.assumes):
            if not isinstance(word, str) or any(0xD800 <= ord(letter) <= 0xDFFF for letter in word):
                raise TypeError(
                    f"Terms of a bound, its derivation and what it assumes are named by text, got {ascii(word)[:60]}."
                )
        unknown = set(self.estimated) - set(self.terms)
        if unknown:
            raise TypeError(f"Estimated terms {sorted(unknown)} are not among the bound's terms {sorted(self.terms)}.")


@dataclass(frozen=True)
class Measurement:
    """A nonnegative residual at ``points`` points, and what bounds it there.

    >>> Measurement(0.0, Bound({"rounding": 1e-15}, "Two additions."), 1).residual
    0.0
    """

    residual: Any
    bound: Bound
    points: int
