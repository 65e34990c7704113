"""A source of Hypothesis's choices that depends on the seed alone. Imported by
Hypothesis under the name that ``drawing`` registers."""

from __future__ import annotations

from typing import Any

from hypothesis.internal.conjecture.providers import HypothesisProvider


class SeedOnly(HypothesisProvider):
    """Hypothesis's own distribution of choices, without the constants that it collects
    from the modules that happen to be loaded."""

    def _maybe_draw_constant(self, *args: Any, **options: Any) -> None:
        return None
