r"""Annealed importance weights, exactly: every kernel that keeps the tempered masses
makes them unbiased, for any number of temperatures.

A chain starts at the prior; at each temperature its weight is multiplied by the
quotient of the new unnormalised mass and the old one *at the state where it stands*,
and only then a kernel moves it that keeps the new mass. Two states carry the argument:
there every kernel that keeps masses (g, h) moves a flow c each way, with probabilities
c/g and c/h.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import sympy as sp

from theory.compression.variational_bounds import K
from theory.proof.relative_entropy import N, sum_recursion
from theory.proof.statements import Equation, Induction, Recursion

Weighing = Callable[
    [Any, Any, Any], Any
]  # of the carried weight and of a state's new and old mass: what a chain there carries on
Moving = Callable[[Any, Any], Any]  # of a flow and the mass of the state it leaves: the probability of leaving


def before_the_move(carried: Any, new: Any, old: Any) -> Any:
    """The carried weight times the quotient of masses where the chain stands."""
    return carried * new / old


def keeping_the_mass(flow: Any, mass: Any) -> Any:
    """The probability c/g of leaving a state of mass g."""
    return flow / mass


def always_the_flow(flow: Any, mass: Any) -> Any:
    """The probability c of leaving, whatever the masses: a proposal that is always
    accepted."""
    return flow


def _paths(g: Any, h: Any, c: Any, last: int, moving: Moving) -> Callable[[int], Any]:
    """E w with the chain at state ``last`` after k temperatures, as a sum over all
    paths."""

    def mass(state: int, k: Any) -> Any:
        return (g, h)[state](k)

    def step(path: tuple[int, ...], k: int) -> Any:
        old, new = path[k - 2], path[k - 1]
        leave = moving(c(k), mass(old, k))
        return mass(old, k) / mass(old, k - 1) * (1 - leave if old == new else leave)

    def explicit(k: int) -> Any:
        chains = (path for path in product((0, 1), repeat=k) if path[-1] == last)
        return sum(mass(path[0], 1) * sp.Mul(*(step(path, i) for i in range(2, k + 1))) for path in chains)

    return explicit


def unbiased_weights(moving: Moving = keeping_the_mass, weighing: Weighing = before_the_move) -> Induction:
    """n temperatures: E w over chains that end in a state is that state's last mass, so
    that E w is their sum Z."""
    g, h = sp.Function("g", positive=True), sp.Function("h", positive=True)
    c = sp.Function("c", positive=True)
    first, second = sp.Function("A", real=True), sp.Function("B", real=True)
    here, there = weighing(first(N), g(N + 1), g(N)), weighing(second(N), h(N + 1), h(N))
    out, back = moving(c(N + 1), g(N + 1)), moving(c(N + 1), h(N + 1))
    objects = (
        Recursion(first(N), (g(1),), here * (1 - out) + there * back, _paths(g, h, c, 0, moving)),
        Recursion(second(N), (h(1),), there * (1 - back) + here * out, _paths(g, h, c, 1, moving)),
    )
    claim = (
        Equation("E w on chains that end in the first state", first(N), g(N)),
        Equation("E w on chains that end in the second state", second(N), h(N)),
    )
    return Induction("annealed weights are unbiased", N, claim, objects)


STATES = 3


def unbiased_on_three_states(moving: Moving = keeping_the_mass, weighing: Weighing = before_the_move) -> Induction:
    """The same on three states, where a kernel that keeps masses need not be
    reversible: flows f each way, and a circulation e around."""
    masses = [sp.Function(name, positive=True) for name in ("g1", "g2", "g3")]
    flows = [sp.Function(name, positive=True) for name in ("f1", "f2", "f3")]  # between a state and the next
    turning = sp.Function("e", positive=True)
    ends = [sp.Function(name, real=True) for name in ("A", "B", "C")]

    def leave(old: int, new: int, k: Any) -> Any:
        forwards = (new - old) % STATES == 1
        flow = flows[old](k) + turning(k) if forwards else flows[new](k)
        return moving(flow, masses[old](k))

    def chance(old: int, new: int, k: Any) -> Any:
        if old != new:
            return leave(old, new, k)
        return 1 - sum(leave(old, other, k) for other in range(STATES) if other != old)

    def explicit(last: int) -> Callable[[int], Any]:
        def step(path: tuple[int, ...], k: int) -> Any:
            old, new = path[k - 2], path[k - 1]
            return masses[old](k) / masses[old](k - 1) * chance(old, new, k)

        def paths(k: int) -> Any:
            chains = (path for path in product(range(STATES), repeat=k) if path[-1] == last)
            return sum(masses[path[0]](1) * sp.Mul(*(step(path, i) for i in range(2, k + 1))) for path in chains)

        return paths

    weighed = [weighing(end(N), mass(N + 1), mass(N)) for end, mass in zip(ends, masses, strict=True)]
    objects = tuple(
        Recursion(end(N), (masses[j](1),), sum(weighed[i] * chance(i, j, N + 1) for i in range(STATES)), explicit(j))
        for j, end in enumerate(ends)
    )
    claim = tuple(
        Equation(f"E w on chains that end in state {j + 1}", end(N), masses[j](N)) for j, end in enumerate(ends)
    )
    return Induction("annealed weights on three states", N, claim, objects)


def inflow_of_many_states(moving: Moving = keeping_the_mass) -> list[Equation | Induction]:
    """m other states, a flow c(i) each way: what chains that were weighed right bring
    to a state is what leaves it, by induction on m; so that it keeps its mass."""
    old, new = sp.Function("g", positive=True), sp.Function("h", positive=True)
    c, flow = sp.Function("c", positive=True), sp.Function("W", real=True)
    come, gone = sp.Function("I", real=True), sp.Function("O", real=True)
    mass, before = sp.symbols("m p", positive=True)
    objects = (
        sum_recursion(come(K), lambda i: before_the_move(old(i), new(i), old(i)) * moving(c(i), new(i)), K),
        sum_recursion(gone(K), lambda i: mass * moving(c(i), mass), K),
        sum_recursion(flow(K), c, K),
    )
    claim = (Equation("what comes is the flow", come(K), flow(K)), Equation("what goes is the flow", gone(K), flow(K)))
    total = sp.Symbol("S", positive=True)
    carried = before_the_move(before, mass, before)
    return [
        Induction("flows of many states", K, claim, objects),
        Equation("a state keeps its mass", carried * (1 - total / mass) + total, mass),
    ]


def kernels_of_two_states() -> list[Equation]:
    """A kernel that leaves the states with probabilities a and b and keeps masses g and
    h has g a = h b: the flow; three states by a circulation."""
    g, h, c, e = sp.symbols("g h c e", positive=True)
    f = sp.Symbol("f", positive=True)
    K = sp.Matrix([[1 - c / g, c / g], [c / h, 1 - c / h]])
    flows = sp.Matrix([[0, c + e, f], [c, 0, f + e], [f + e, f, 0]])  # reversible flows and a circulation e
    masses = sp.Matrix([[g, h, 1]])
    L = sp.Matrix(3, 3, lambda i, j: flows[i, j] / masses[i] + ((1 - sum(flows[i, :]) / masses[i]) if i == j else 0))
    return [
        Equation("two states keep their masses", sp.Matrix([[g, h]]) * K, sp.Matrix([[g, h]])),
        Equation("three states with a circulation keep theirs", (masses * L).applyfunc(sp.together), masses),
        Equation("rows of three states", L * sp.ones(3, 1), sp.ones(3, 1)),
    ]


def resampled_encoder() -> list[Equation]:
    r"""One of K chains chosen by weight w_i/S: its density over its own path and the
    others' against a target gives log of the mean weight.

    The chosen path has mass P(path) w_i/S under the sampler, and P(path) w_i/(K Z)
    under the extended target: their quotient is K Z/S, so that -log(S/K) averages to
    -log Z and a relative entropy, which no marginal of the path exceeds.
    """
    w, S, K, Z, P = sp.symbols("w S K Z P", positive=True)
    sampler, target = P * w / S, P * w / (K * Z)
    return [
        Equation("log of the quotient of sampler and target", sp.log(sampler / target), -sp.log(S / K) + sp.log(Z)),
    ]
