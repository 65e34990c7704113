"""Claims that do not hold, one for each way of not holding, with hostile strings in their pages and errors."""

from __future__ import annotations

import os
import sys
from types import ModuleType

from hypothesis import strategies

from proofs_checks.kernel import Bound, Case, Cases, Control, measured, undecided

HOSTILE = "[red]red[/red] \x1b[31mred\x1b]0;title\x07 \u202egnp.exe <script>alert(1)</script> {{7*7}} \x9b2J"
ONE = Bound({"rounding": 1.0}, "an example")


def honest(case, stream, *, residual=0.5):
    return measured(residual, ONE, points=1, resolves=1.0, name=HOSTILE)


def refuted(case, stream, *, residual=50.0):
    """Refuted for D >= 3, so that the case shrinks to D = 3."""
    return measured(residual if case.D >= 3 else 0.0, ONE, points=1, resolves=1.0)


def doubtful(case, stream, *, residual=None):
    return undecided("nobody knows") if residual is None else measured(residual, ONE, points=1, resolves=1.0)


def failing(case, stream, *, residual=None):
    if residual is None:
        raise ValueError(f"a mishap {HOSTILE}")
    return measured(residual, ONE, points=1, resolves=1.0)


def dying(case, stream, *, residual=None):
    if residual is None:
        os._exit(7)
    return measured(residual, ONE, points=1, resolves=1.0)


def leaving(case, stream, *, residual=None):
    if residual is None:
        sys.exit(0)
    return measured(residual, ONE, points=1, resolves=1.0)


CLAIMS = {}
for check in (honest, refuted, doubtful, failing, dying, leaving):
    name = check.__name__
    module = ModuleType(f"crooked_{name}")
    check.__name__ = "numeric"
    module.numeric = check
    module.cases = {
        "numeric": Cases(lambda profile: strategies.builds(Case, D=strategies.integers(1, 9)), always=[Case(D=9)])
    }
    module.controls = {"large": Control(check, cases=[Case(D=9)], residual=1e3)}
    sys.modules[module.__name__] = module
    CLAIMS[f"crooked.{name}"] = {
        "code": module.__name__,
        "title": f"{name} {HOSTILE}",
        "statement": rf"x = \text{{{HOSTILE}}}",
        "plain": HOSTILE,
        "assumptions": [HOSTILE],
        "source": [HOSTILE],
        "routes": {"numeric": {"shows": HOSTILE}},
        "controls": {"large": {"statement": HOSTILE, "routes": ["numeric"]}},
        "errata": [{"printed": HOSTILE, "corrected": HOSTILE, "witness": "large"}],
    }
