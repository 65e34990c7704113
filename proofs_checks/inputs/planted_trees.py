"""What a user may give to the claims about planted trees: a tree, and an edge
length."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from numerics.hyperbolic.sarkar_trees import Tree, rooted_tree, tree_from_parents
from proofs_checks.errors import InputError
from proofs_checks.kernel import Case, Cases
from proofs_checks.strategies.planted_trees import largest_degree, weighted_case

LARGEST = 1500  # vertices up to which the claims hold all distances in one table


def planted_tree(case: Case, tree: Any) -> Tree:
    """The case's tree, or the user's."""
    return tree_from_parents(case.tree) if tree is None else _users_tree(tree)


def _users_tree(tree: Any) -> Tree:
    try:
        found = rooted_tree(tree)
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error
    if len(found) > LARGEST:
        raise InputError(
            f"Expected a tree of at most {LARGEST} vertices here, got {len(found)}. audit.embedding measures larger ones in tiles."
        )
    return found


def cases_of_planted(declared: Cases) -> Callable[..., list[Case]]:
    """A page's ``cases_for``: one case of the user's tree and edge length."""

    def cases_for(*, tree: Any = None, tau: float | None = None, **others: Any) -> list[Case]:
        if others:
            raise InputError(f"Expected tree or tau, got {', '.join(others)}. Controls alone substitute the rest.")
        if tau is not None and not (math.isfinite(tau) and tau > 0):
            raise InputError(f"Expected a positive finite edge length tau, got {tau}.")
        if tree is None:
            return list(declared.always)
        found = _users_tree(tree)
        degree = largest_degree(found.parents)
        excess = Fraction(math.cosh(tau / 2) * math.sin(math.pi / degree)) - 1 if tau is not None else Fraction(1, 10)
        return [Case(Delta=degree, N=len(found), excess=excess, tree=found.parents)]

    return cases_for


def cases_of_weighted(declared: Cases) -> Callable[..., list[Case]]:
    """A page's ``cases_for``: one case of the user's tree, with unit weights and edges
    three times the threshold unless tau is given."""

    def cases_for(*, tree: Any = None, tau: float | None = None, **others: Any) -> list[Case]:
        if others:
            raise InputError(f"Expected tree or tau, got {', '.join(others)}. Controls alone substitute the rest.")
        if tau is not None and not (math.isfinite(tau) and tau > 0):
            raise InputError(f"Expected a positive finite edge length tau, got {tau}.")
        if tree is None:
            return list(declared.always)
        found = _users_tree(tree)
        return [weighted_case(found.parents, Fraction(3), (Fraction(1),) * len(found))]

    return cases_for
