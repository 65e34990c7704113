"""Three models that KL, JSD and MMD rank in three pairwise different orders; with two
models two of the measures agree."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from proofs_checks.catalogue.evaluation.figures import measures_disagree as figure
from proofs_checks.kernel import Control, Evidence, enclosed
from theory.distributions import rankings

__all__ = ["certified", "controls", "exact", "figure"]

Orders = dict[str, tuple[str, ...]]


def exact(*, orders: Orders = rankings.ORDERS, models: int = 2) -> list[Any]:
    """The three orders differ pairwise; three measures cannot do so with two models."""
    return [rankings.pairwise_different(orders), rankings.two_models(models)]


def gaussian(i: int, j: int) -> Fraction:
    """log k(i, j) as the statement has it."""
    return Fraction(-((i - j) ** 2), 8)


def certified(
    *,
    orders: Orders = rankings.ORDERS,
    log_kernel: Callable[[int, int], Fraction] = gaussian,
    times: Fraction = Fraction(1),
) -> list[Evidence]:
    """Each measure's order, neighbour by neighbour, by the sign of a ball; MMD^2 by
    three expectations of the kernel."""
    means = [
        enclosed(ball, name=f"MMD of {name} by three expectations")
        for name, ball in rankings.off_three_means(log_kernel)
    ]
    return means + [
        enclosed(ball, relation="> 0", name=f"{measure}: {better} before {worse}")
        for measure, order in orders.items()
        for better, worse, ball in rankings.neighbours(measure, order, times=times)
    ]


AS_UNDER_KL: Orders = {**rankings.ORDERS, "MMD": rankings.ORDERS["KL"]}
AS_UNDER_JSD: Orders = {**rankings.ORDERS, "MMD": rankings.ORDERS["JSD"]}
controls = {
    "kl-decides-for-mmd": [
        Control(certified, fails="MMD: q3 before q2", orders=AS_UNDER_KL),
        Control(exact, fails="orders differ", orders=AS_UNDER_KL),
    ],
    "jsd-decides-for-mmd": [Control(certified, fails="MMD: q3 before q1", orders=AS_UNDER_JSD)],
    "a-quarter-apart": [Control(certified, fails="KL: q2 before q1", times=Fraction(25, 23))],
    "three-models-too": [Control(exact, fails="two of the measures agree", models=3)],
}
