"""A claim that holds on three routes, with a control on each; the tests of the runner, ledger and command line run it.

Where the environment variable SQUARE_GATE names a pipe that exists, the fourth numeric check waits until somebody writes to it.
"""

from __future__ import annotations

import os

import torch
from hypothesis import strategies
from sympy import Symbol

from proofs_checks.kernel import Bound, Case, Cases, Control, Test, identity, measured, tested

x = Symbol("x", real=True)
cases = {
    "numeric": Cases(
        lambda profile: strategies.builds(Case, D=strategies.integers(1, 8)), always=[Case(D=1), Case(D=8)]
    ),
    "statistical": Cases(lambda profile: strategies.just(Case(size=20_000))),
}
drawn = []


def exact(*, right=(x + 1) ** 2):
    return identity(x**2 + 2 * x + 1, right)


def numeric(case, stream, *, shift=0.0):
    drawn.append(case)
    if len(drawn) == 4 and os.path.exists(os.environ.get("SQUARE_GATE", "")):
        with open(os.environ["SQUARE_GATE"], encoding="ascii") as gate:
            gate.read()
    u = stream.uniform(case.D, 10)
    residual = ((u + 1) ** 2 - (u * u + 2 * u + 1 + shift)).abs()
    return measured(
        residual,
        Bound({"rounding": 16 * 2.0**-52}, "eight roundings of numbers below 4"),
        points=10 * case.D,
        resolves=1e-6,
    )


def statistical(case, stream, *, power=1):
    ordered, _ = (stream.uniform(case.size) ** power).sort()
    steps = torch.arange(case.size + 1, dtype=ordered.dtype) / case.size
    statistic = torch.maximum((steps[1:] - ordered).abs().max(), (ordered - steps[:-1]).abs().max())
    return tested(statistic, Test.dkw(case.size), resolves=0.2)


controls = {
    "wrong-square": [Control(exact, right=(x + 2) ** 2), Control(numeric, cases=[Case(D=2)], shift=1e-3)],
    "cubes": Control(statistical, cases=[Case(size=20_000)], power=3),
}
CLAIMS = {
    "toy.square": {
        "title": "A square expands",
        "statement": "(x+1)^2 = x^2 + 2x + 1",
        "plain": "Squares of sums expand.",
        "assumptions": ["x is real"],
        "source": ["lecture"],
        "routes": {
            "exact": {"shows": "expansion"},
            "numeric": {"shows": "sampled points", "covers": {"D": [1, 8]}},
            "statistical": {"shows": "uniform draws are uniform"},
        },
        "controls": {
            "wrong-square": {"statement": "It is the square of x + 2.", "routes": ["exact", "numeric"]},
            "cubes": {"statement": "Cubes of uniform draws are uniform.", "routes": ["statistical"]},
        },
    }
}
