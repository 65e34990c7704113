"""Disentanglement needs interaction: how many actions of a product of cycles are left
open by static observations, and how few transitions decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proofs_checks.catalogue.disentanglement.figures_symmetry import interaction_needed as figure
from proofs_checks.kernel import Control, Evidence, Family
from theory.groups import labelled_actions as actions
from theory.groups import observed_transitions as transitions

__all__ = ["controls", "exact", "figure"]


def exact(
    *,
    labelled: actions.Count = actions.labelled_count,
    relabelled: actions.Count = actions.relabelled_count,
    partitions: actions.Count = actions.partitions_count,
    by_states: actions.Count = actions.labelled_count,
    by_one_step: actions.Count = actions.left_by_one_step_count,
    missing: int = 1,
    change: Callable[[Any], Any] = transitions.reversed_factor,
    trees: Callable[..., Family] = transitions.spanning_trees,
) -> list[Evidence]:
    """All actions on up to eight states by two searches, what observations leave of
    them, and what a change of generators does to the orbits.

    With an object substituted only the obligations that speak of it are gathered.
    """
    counts = actions.counts(labelled, relabelled, partitions)
    left = actions.left_open(by_states, by_one_step)
    short = transitions.trees_identify(trees(missing=missing))
    reversed_ = transitions.arrows_of_time(change)
    speaking = [
        (labelled is not actions.labelled_count, counts[0]),
        (relabelled is not actions.relabelled_count, counts[1]),
        (partitions is not actions.partitions_count, counts[2]),
        (by_states is not actions.labelled_count, left[0]),
        (by_one_step is not actions.left_by_one_step_count, left[1]),
        (missing != 1, short),
        (change is not transitions.reversed_factor, reversed_),
    ]
    changed = [evidence for is_changed, evidence in speaking if is_changed]
    if changed:
        return changed
    full = transitions.trees_identify(trees())
    return [
        *counts,
        actions.coprime_counts(),
        *left,
        actions.static_learners(),
        full,
        short,
        transitions.trees_identify(trees(missing=2), 2),
        reversed_,
        transitions.time_is_reversed(),
    ]


controls = {
    "count-by-the-holomorph": Control(exact, fails="actions up to relabelling", relabelled=actions.holomorph_count),
    "states-identify": Control(exact, fails="actions left by the distribution of states", by_states=actions.one),
    "one-step-each-identifies": Control(exact, fails="actions left by one transition", by_one_step=actions.one),
    "two-states-unvisited": Control(exact, fails="transitions along a tree", missing=2),
    "any-automorphism": Control(exact, fails="arrows of time", change=transitions.sheared_steps),
    "partitions-tell-all": Control(exact, fails="pairs of partitions", partitions=actions.relabelled_count),
}
