"""Annealing, black boxes, nested ranges and toy models: small cases written out, and falsehoods that the kernel refutes."""

from __future__ import annotations

import pytest
import sympy as sp

from proofs_checks import kernel
from proofs_checks.kernel import Status
from theory.compression import annealing, black_boxes, nested_ranges, toy_models


def status(evidence):
    return kernel.judge(evidence, route="exact", alpha=1e-12).status


@pytest.mark.parametrize("tree", [(3, 1, (0,), (1, 0)), (4, 2, (0, 1, 2), (1, 0, 0, 1))])
def test_a_strategy_answers_alike_for_all_cells_that_it_has_not_seen(tree):
    cells, questions = tree[:2]
    seen = {0} if questions == 1 else {0, 1}
    alike = {black_boxes._answer(tree, cell) for cell in range(cells) if cell not in seen}
    assert alike == {black_boxes._answer(tree, None)}


FALSE = {
    "a step without rejection": lambda: annealing.unbiased_weights(annealing.always_the_flow),
    "a weight after the move": lambda: annealing.unbiased_weights(
        weighing=lambda carried, new, old: carried * old / new
    ),
    "adaptive strategies escape": lambda: black_boxes.adaptive_strategies(black_boxes.fewer),
    "larger ranges are strictly better": lambda: nested_ranges.nested_minima(nested_ranges.less),
    "the ratio turned over": lambda: toy_models.limits(toy_models.first_over_second),
}


@pytest.mark.parametrize("name", FALSE)
def test_a_nearby_falsehood_is_refuted(name):
    assert status(FALSE[name]()) is Status.REFUTED


@pytest.mark.parametrize("distortions", [(0, 1, 2, 2, 1, 0), (2, 2, 2, 1, 1, 1)])
@pytest.mark.parametrize("chosen", range(1, 8))
def test_least_distortions_by_minima_and_by_levels_agree(distortions, chosen):
    assert nested_ranges._least(distortions, chosen) == nested_ranges._least_by_levels(distortions, chosen)


def test_the_gap_in_balls_is_that_of_the_closed_form():
    v = sp.Rational(1, 100)
    exact = nested_ranges.value_of_a_unit(3, v, 7) - nested_ranges.value_of_a_unit(0, v, 7)
    assert abs(float(nested_ranges.gap_of_two_decoders(7)) - float(exact)) < 2**-48
