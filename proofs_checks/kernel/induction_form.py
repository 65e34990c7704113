"""The form that an induction has to have. What is refused here could make a step out of
something that is none."""

from __future__ import annotations

from typing import Any

from proofs_checks.kernel.rewriting import applications, as_sympy
from theory.proof.statements import Equation, Induction, Recursion

_HARMLESS = {"integer", "positive", "nonnegative", "nonzero", "real", "finite", "commutative"}


def refuse_malformed(item: Induction) -> None:
    """Raise ``TypeError`` unless variable, objects, claim and relations have the form
    of an induction."""
    if not item.claim or not item.objects:
        raise TypeError(f"The induction on {item.variable} states no claim, or defines no object that it is about.")
    _refuse_variable(item.variable, item.start)
    models: dict[Any, Recursion] = {}
    for recursion in item.objects:
        _refuse_object(item.variable, recursion)
        if recursion.of.func in models:
            raise TypeError(f"The object {recursion.of} is defined twice.")
        models[recursion.of.func] = recursion
    claimed = [equation.left for equation in item.claim]
    for equation in item.claim:
        _refuse_claim(item, equation, models)
    if len(set(claimed)) < len(claimed):
        raise TypeError("Two claims are about one object; state them as one, or as two inductions.")
    for recursion in item.objects:
        _refuse_recursion(item, recursion, models, claimed=recursion.of in claimed)
    for relation in (*item.assuming, *(relation for equation in item.claim for relation in equation.assuming)):
        _refuse_relation(item, relation, models)


def _refuse_variable(n: Any, start: int) -> None:
    import sympy

    if not isinstance(n, sympy.Symbol) or not n.is_integer:
        raise TypeError(f"Expected an integer symbol, got {n}.")
    assumed = {name for name, value in n._assumptions_orig.items() if value is not True}
    if odd := (set(n._assumptions_orig) - _HARMLESS) | assumed:
        raise TypeError(f"{n} is assumed {sorted(odd)[0]}, which does not hold of every integer from {start} on.")
    if (start < 1 and n.is_positive) or (start < 0 and n.is_nonnegative) or (start <= 0 and n.is_nonzero):
        raise TypeError(f"Expected an integer symbol that may be {start}, got {n} with {n._assumptions_orig}.")


def _refuse_object(n: Any, recursion: Recursion) -> None:
    import sympy
    from sympy.core.function import AppliedUndef

    of = recursion.of
    if not isinstance(of, AppliedUndef) or not of.args or of.args[0] != n:
        raise TypeError(f"Expected an object F({n}) or F({n}, x) with {n} first, got {of}.")
    names = of.args[1:]
    if not all(isinstance(name, sympy.Symbol) for name in names) or len({n, *names}) <= len(names):
        raise TypeError(
            f"Expected different symbols as the arguments of {of}, so that it is defined at all their values."
        )
    if not 1 <= len(recursion.first) <= 2:
        raise TypeError(f"Expected one or two first values of {of}, got {len(recursion.first)}.")


def _refuse_claim(item: Induction, equation: Equation, models: dict[Any, Recursion]) -> None:
    left, n = equation.left, item.variable
    if getattr(left, "func", None) not in models or models[left.func].of != left:
        raise TypeError(
            f"Expected the claim in the form F({n}) = .., with an object on the left as its recursion has it, got {left}. "
            f"The step rewrites F({n}) by it."
        )
    if applications(equation.right, {other.left.func for other in item.claim}):
        raise TypeError(f"The right side of the claim {equation.name!r} mentions an object that the claim is about.")
    for node in applications(equation.right, models):
        if node.args[0] != n:
            raise TypeError(f"The claim {equation.name!r} mentions {node}; an object enters a claim at {n} alone.")


def _refuse_recursion(item: Induction, recursion: Recursion, models: dict[Any, Recursion], *, claimed: bool) -> None:
    n = item.variable
    reach = {n - back for back in range(len(recursion.first))}
    for node in applications(recursion.then, models):
        if node.args[0] not in reach:
            known = ", ".join(str(at) for at in sorted(reach, key=str))
            raise TypeError(
                f"The recursion of {recursion.of} mentions {node}; with its first values it knows objects at {known}."
            )
    for value in recursion.first:
        if applications(value, models) or as_sympy(value).has(n):
            raise TypeError(f"A first value of {recursion.of} mentions {n} or an object: {value}.")
    if not claimed:
        _refuse_unshown_assumption(recursion)


def _refuse_unshown_assumption(recursion: Recursion) -> None:
    """What is assumed of an object that no claim rewrites has to pass from its first
    values along the recursion."""
    head = recursion.of.func
    values = [as_sympy(value) for value in (*recursion.first, recursion.then)]
    declared = dict.fromkeys(("positive", "negative", "nonnegative", "nonpositive", "integer", "real", *head._kwargs))
    for name, wanted in ((name, head._kwargs[name]) for name in declared if name in head._kwargs):
        if name != "commutative" and not all(getattr(value, f"is_{name}") is wanted for value in values):
            raise TypeError(
                f"{recursion.of} is declared {name}, but its first values and its recursion do not show that it is. Leave that out."
            )


def _refuse_relation(item: Induction, relation: Any, models: dict[Any, Recursion]) -> None:
    """A relation that mentions the variable has to hold at every smaller size too, or
    the hypothesis is not there."""
    import sympy

    above = (sympy.StrictGreaterThan, sympy.GreaterThan)
    below = (sympy.StrictLessThan, sympy.LessThan)
    n = item.variable
    if relation is True or relation == True:  # noqa: E712  SymPy's true
        return
    if applications(relation, models):
        raise TypeError(f"The assumption {relation} speaks of an object; state it as a claim.")
    if not relation.has(n):
        return
    slack: Any = None
    if isinstance(relation, (*above, *below)):
        sides: Any = relation.args if isinstance(relation, above) else relation.args[::-1]
        slack = sides[0] - sides[1]
    if slack is None or not sympy.expand(slack - slack.subs(n, n + 1)).is_nonnegative:
        raise TypeError(
            f"The assumption {relation} at {n} + 1 does not give it at {n}, where the hypothesis is needed."
        )
