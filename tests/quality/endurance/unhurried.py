"""A claim of sixty small checks, each of which takes its time, so that a signal meets a run in the middle."""

from __future__ import annotations

import time

from hypothesis import strategies
from sympy import Symbol

from proofs_checks.kernel import Bound, Case, Cases, Control, identity, measured

x = Symbol("x", real=True)
cases = {
    "numeric": Cases(
        lambda profile: strategies.builds(Case, D=strategies.integers(1, 8)), always=[Case(D=k) for k in range(1, 61)]
    )
}


def exact(*, right=(x + 1) ** 2):
    return identity(x**2 + 2 * x + 1, right)


def numeric(case, stream, *, shift=0.0):
    time.sleep(0.04)
    u = stream.uniform(case.D, 10)
    bound = Bound({"rounding": 16 * 2.0**-52}, "eight roundings of numbers below 4")
    return measured(((u + 1) ** 2 - (u * u + 2 * u + 1 + shift)).abs(), bound, points=10 * case.D, resolves=1e-6)


controls = {
    "wrong-square": [
        Control(exact, right=(x + 2) ** 2),
        Control(numeric, cases=[Case(D=k) for k in range(1, 9)], shift=1e-3),
    ]
}
CLAIMS = {
    "toy.unhurried": {
        "title": "A square expands, without hurry", "statement": "(x+1)^2 = x^2 + 2x + 1", "plain": "Squares of sums expand.", "source": ["lecture"],
        "routes": {"exact": {"shows": "expansion"}, "numeric": {"shows": "sampled points", "covers": {"D": [1, 60]}}},
        "controls": {"wrong-square": {"statement": "It is the square of x + 2.", "routes": ["exact", "numeric"]}},
    }
}  # fmt: skip
