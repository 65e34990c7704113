"""Judging inductions. An induction is one claim about recursively defined objects: its
small cases and its step are formed here, and nothing else is looked at.

Three sorts of equations are decided: recursion against definition at small values, the
claim at small values with every object as defined, and the step, which is the claim at
n + 1 with every object unfolded once and the hypothesis put in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache, lru_cache, partial
from typing import Any

from proofs_checks.kernel.equations import denominators, inner_points, judge_equation, one_sign, refuse_namesakes
from proofs_checks.kernel.induction_form import refuse_malformed
from proofs_checks.kernel.induction_sizes import beyond_sizes, sizes
from proofs_checks.kernel.rewriting import (
    Rules,
    apart,
    applications,
    as_sympy,
    peel_last_terms,
    replace_function,
    with_arguments,
)
from proofs_checks.kernel.special_points import excluded_points
from proofs_checks.kernel.verdicts import Route, Scope, Status, Verdict, union
from theory.proof.statements import Equation, Induction, Recursion

EVALUATED = 24  # sizes at which recursion and claim are evaluated in search of a pole


def judge_induction(item: Induction) -> Verdict:
    """The objects' two definitions against each other at small values, the claim there,
    and the step."""
    from theory.proof.prepare import print_form

    refuse_malformed(item)
    refuse_namesakes(_free(item))
    item = _with_names_apart(item)
    undecided = Verdict(Status.UNDECIDED, Route.EXACT, "", _scope(item, ()))
    if why := _pole(item) or beyond_sizes(item):
        return replace(undecided, why=why)
    decided = constructed = 0
    quantifiers: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    for equation in _parts(item):
        verdict = judge_equation(equation)
        if not verdict.holds:
            return _of_a_part(item, equation, verdict)
        decided, constructed = decided + verdict.decided, constructed + verdict.constructed
        quantifiers = union(quantifiers, verdict.scope.quantifiers)
        if equation.name.startswith("step of "):  # of it the small sizes are instances
            own = {print_form(relation) for relation in equation.assuming}
            given = union(given, (text for text in verdict.scope.given if text not in own))
    if needless := _needless_hypothesis(item):
        return replace(undecided, why=needless)
    scope = _scope(item, quantifiers)
    scope = replace(scope, given=union(scope.given, given))
    return Verdict(Status.HOLDS, Route.EXACT, "", scope, decided=decided, constructed=constructed)


def _of_a_part(item: Induction, equation: Equation, verdict: Verdict) -> Verdict:
    """A part that fails. A step about an object that no claim rewrites can fail though
    the claim is true."""
    why = f"{equation.name}: {verdict.why}"
    claimed = {claim.left.func for claim in item.claim}
    free = {recursion.of.func for recursion in item.objects} - claimed
    if verdict.status is Status.REFUTED and any(applications(side, free) for side in (equation.left, equation.right)):
        why += (
            " It fails for some values of an object that the claim does not speak of: claim what it needs of that too."
        )
        return replace(verdict, status=Status.UNDECIDED, why=why)
    return replace(verdict, why=why)


def _scope(item: Induction, quantifiers: tuple[str, ...]) -> Scope:
    """What is quantified beside the variable; the objects are none of it, they are
    given by their recursions."""
    own = {str(item.variable), *(str(recursion.of.func) for recursion in item.objects)}
    others = [text for text in quantifiers if text != "one instance" and text.rpartition(" ")[2] not in own]
    return Scope(quantifiers=(f"every {item.variable} >= {item.start}", *others), given=_given(item))


# -- forming what is judged ------------------------------------------------------------------------------------------------


def _with_names_apart(item: Induction) -> Induction:
    """The same induction with no name both free and bound, so that what is put in is
    not captured."""
    taken = _free(item)
    claim = tuple(replace(e, left=as_sympy(e.left), right=apart(as_sympy(e.right), taken)) for e in item.claim)

    def separate(recursion: Recursion) -> Recursion:
        @cache  # definition and claim are compared at the same sizes
        def explicit(k: int) -> Any:
            value = apart(as_sympy(recursion.explicit(k)), taken)
            if value.has(item.variable) or applications(value, {r.of.func for r in item.objects}):
                raise TypeError(
                    f"The definition of {recursion.of} at {k} mentions {item.variable} or an object: {value}."
                )
            return value

        first = tuple(apart(as_sympy(value), taken) for value in recursion.first)
        return Recursion(recursion.of, first, apart(as_sympy(recursion.then), taken), explicit)

    return replace(item, claim=claim, objects=tuple(separate(recursion) for recursion in item.objects))


def _free(item: Induction) -> set[Any]:
    names = {item.variable}
    for recursion in item.objects:
        for part in (recursion.of, recursion.then, *recursion.first):
            names |= as_sympy(part).free_symbols
    for equation in item.claim:
        names |= as_sympy(equation.right).free_symbols
    return names


def _parts(item: Induction) -> Iterator[Equation]:
    yield from _definitions(item)
    yield from _small_cases(item)
    yield from _steps(item)


def _definitions(item: Induction) -> Iterator[Equation]:
    """Recursion against definition: the recursion speaks of the object that it is said
    to speak of."""
    for recursion in item.objects:
        for k in sizes(item):
            name = f"{recursion.of} by recursion and by definition at {item.variable} = {k}"
            yield Equation(name, _unfolded(item, recursion, k), recursion.explicit(k), _at(item, item.assuming, k))


@lru_cache(maxsize=512)
def _unfolded(item: Induction, recursion: Recursion, k: int) -> Any:
    """The object at k from its first values, by its recursion alone."""
    from sympy.core.function import AppliedUndef

    early = k - item.start
    if early < len(recursion.first):
        return recursion.first[early]
    value = recursion.then.subs(item.variable, k - 1)
    for back in range(1, len(recursion.first) + 1):
        heads = {node.func for node in value.atoms(AppliedUndef)}
        values = [(r.of, _unfolded(item, r, k - back)) for r in item.objects if r.of.func in heads]
        rules = _rules(values, item.assuming)
        value = replace_function(value, rules, as_sympy(k - back))
    return value


def _rules(values: Iterable[tuple[Any, Any]], relations: tuple[Any, ...]) -> Rules:
    """From an object F(at, x) and its value, written for x, to the rule that puts the
    value in for F(at, anything)."""
    return {model.func: partial(with_arguments, model, value=value, relations=relations) for model, value in values}


def _at(item: Induction, relations: tuple[Any, ...], k: int) -> tuple[Any, ...]:
    return tuple(found for relation in relations if (found := relation.subs(item.variable, k)) != True)  # noqa: E712  SymPy's true


def _small_cases(item: Induction) -> Iterator[Equation]:
    """The claim itself with every object as defined."""
    for k in sizes(item):
        values = [(r.of, r.explicit(k)) for r in item.objects]
        rules = _rules(values, item.assuming)
        for equation in item.claim:
            left, right = (
                replace_function(side.subs(item.variable, k), rules, as_sympy(k))
                for side in (equation.left, equation.right)
            )
            name = f"{equation.name or item.name} at {item.variable} = {k}"
            yield Equation(name, left, right, _at(item, (*item.assuming, *equation.assuming), k))


def _steps(item: Induction) -> Iterator[Equation]:
    """The claim at n + 1, its objects unfolded once by their recursions and rewritten
    by the claim at n."""
    for equation, left, right in _unfolded_claims(item):
        before, after = (_by_hypothesis(item, side) for side in (left, right))
        yield Equation(f"step of {equation.name or item.name}", before, after, _relations(item, equation))


def _relations(item: Induction, equation: Equation) -> tuple[Any, ...]:
    """What a step may assume; it is taken from the last of the first values on."""
    last = item.start + max(len(recursion.first) for recursion in item.objects) - 1
    relations = (*item.assuming, *equation.assuming, item.variable >= last)
    return tuple(relation for relation in relations if relation != True)  # noqa: E712  SymPy's true


@lru_cache(maxsize=8)  # the step asks for them, and whether it needs its hypothesis
def _unfolded_claims(item: Induction) -> list[tuple[Equation, Any, Any]]:
    n = item.variable
    rules = _rules([(r.of.subs(n, n + 1), r.then) for r in item.objects], item.assuming)
    return [
        (equation, *(replace_function(side.subs(n, n + 1), rules, n + 1) for side in (equation.left, equation.right)))
        for equation in item.claim
    ]


def _hypotheses(item: Induction, back: int) -> Rules:
    """The claim at n - back, as rewriting rules."""
    n = item.variable
    rules: dict[Any, Any] = {}
    for equation in item.claim:
        value = equation.right.subs(n, n - back)
        rules |= _rules([(equation.left, value)], (*item.assuming, *equation.assuming))
    return rules


def _by_hypothesis(item: Induction, expression: Any) -> Any:
    for back in range(max(len(recursion.first) for recursion in item.objects)):
        expression = replace_function(expression, _hypotheses(item, back), item.variable - back)
    return _performed(peel_last_terms(expression, item.variable))


def _performed(expression: Any) -> Any:
    """``expression`` with its derivatives performed, sums and integrals as they are."""
    from theory.proof.prepare import CannotEnclose, perform_derivatives

    try:
        return perform_derivatives(expression)
    except CannotEnclose:  # as the judging of the step will say
        return expression


# -- what is no induction --------------------------------------------------------------------------------------------------


def _needless_hypothesis(item: Induction) -> str:
    """Why this is no induction: some step uses no hypothesis, or any value in its place
    would do as well."""
    import sympy

    from theory.proof.balls import is_zero_normal_form

    claimed = {equation.left.func for equation in item.claim}
    fresh = {head: sympy.Function(f"{head}_any", **head._kwargs) for head in claimed}
    for equation, left, right in _unfolded_claims(item):
        rules = {node: fresh[node.func](*node.args) for side in (left, right) for node in applications(side, claimed)}
        sides = [_performed(side.xreplace(rules)) for side in (left, right)]
        freed = Equation("", sides[0], sides[1], _relations(item, equation))
        verdict = judge_equation(freed, witnessed=False) if rules else None
        if verdict is not None and verdict.status is Status.REFUTED:
            continue
        name = f" of {equation.name}" if equation.name else ""
        if verdict is None or is_zero_normal_form(sides[0] - sides[1]):
            return (
                f"The step{name} holds whatever the hypothesis says, or does not mention it: this is no induction on "
                f"{item.variable}. State it as an equation."
            )
        return f"Whether the step{name} needs its hypothesis was not decided. {verdict.why}"
    return ""


def _pole(item: Induction) -> str:
    """Why the recursion or the claim may have no value at some size: a denominator in
    the variable that is not shown to be nonzero."""
    import sympy
    from sympy.core.function import AppliedUndef

    n = item.variable
    sides = [side for equation in item.claim for side in (equation.right, equation.right.subs(n, n + 1))]
    for expression in [*sides, *(recursion.then for recursion in item.objects)]:
        for base in denominators(expression):
            if not _in_the_variable_alone(base, n):
                continue
            if base.is_polynomial(n) and (roots := _roots(base, item)):
                return f"The denominator {base} of the induction on {n} vanishes at {n} = {roots[0]}."
            if not _never_zero(base, item):
                return f"Nothing shows that the denominator {base} of the induction on {n} is not zero at some {n}."
        plain = as_sympy(expression)
        plain = plain.xreplace({node: sympy.Dummy() for node in plain.atoms(AppliedUndef)})
        if not any(node.has(n) for node in plain.atoms(sympy.Function)):
            continue  # what may have no value is a function like the logarithm
        for k in range(item.start, item.start + EVALUATED):
            if expression.subs(n, k).has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo) and not expression.has(sympy.oo):
                return f"The recursion or the claim has no finite value at {n} = {k}."
    return ""


def _in_the_variable_alone(base: Any, n: Any) -> bool:
    from sympy.core.function import AppliedUndef

    return base.free_symbols == {n} and not base.atoms(AppliedUndef)


def _roots(base: Any, item: Induction) -> list[Any]:
    import sympy

    return [root for root in sympy.Poly(base, item.variable).ground_roots() if root.is_integer and root >= item.start]


def _never_zero(base: Any, item: Induction) -> bool:
    """From sympy's assumptions, or from the signs of the coefficients, with n = start +
    m for m >= 0."""
    import sympy

    n = item.variable
    if base.is_polynomial(n) and all(c.is_Rational for c in sympy.Poly(base, n).coeffs()):
        return True  # a rational polynomial without a root among the integers from the start on
    shifted = base.subs(n, item.start + sympy.Symbol("m", integer=True, nonnegative=True))
    return bool(shifted.is_nonzero or one_sign(shifted, strict=True) or one_sign(-shifted, strict=True))


# -- in print --------------------------------------------------------------------------------------------------------------


def _given(item: Induction) -> tuple[str, ...]:
    """Hypotheses and definitions."""
    from theory.proof.prepare import print_form

    n = item.variable
    relations = (*item.assuming, *(relation for equation in item.claim for relation in equation.assuming))
    texts = [print_form(relation) for relation in relations if relation != True]  # noqa: E712  SymPy's true
    for recursion in item.objects:
        of = recursion.of
        first = ", ".join(
            f"{of.subs(n, item.start + i)} = {print_form(value)}" for i, value in enumerate(recursion.first)
        )
        following = print_form(of).replace(f"({n}", f"({n} + 1", 1)
        texts.append(f"{first}, {following} = {print_form(recursion.then)}")
    expressions = [*(e.right for e in item.claim), *(r.then for r in item.objects)]
    bases = [base for e in expressions for base in denominators(e) if not _in_the_variable_alone(base, n)]
    texts += [f"{print_form(base)} != 0" for base in bases]
    for expression in map(as_sympy, expressions):
        texts += [*excluded_points(expression), *inner_points(expression)]
    return tuple(dict.fromkeys(texts))
