"""Judging equations and signs.

An equation HOLDS when balls around both sides agree to 200 bits at sampled instances
*and* a normal form of their difference is zero; a ball that excludes zero is the
witness that refutes it. Sides that are one expression before anything was decided are
counted apart, as equal by construction. Undefined functions stand for smooth functions
on the whole line; a denominator that may vanish is printed among what is given.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from proofs_checks.kernel.rewriting import as_sympy
from proofs_checks.kernel.special_points import backwards, bound_conditions, excluded_points, occurrences
from proofs_checks.kernel.verdicts import Route, Scope, Status, Verdict, union
from theory.proof.statements import Equation, Sign

BALL_BITS = 200  # an equation's ball must be this narrow before it counts
INSTANTIATIONS = 8
BY_CONSTRUCTION = "both sides evaluate to one expression at once"


# -- equations -----------------------------------------------------------------------------------------------------------


def judge_equation(item: Equation, *, witnessed: bool = True) -> Verdict:
    """Balls at sampled instances, then a normal form; a refutation names its instance
    where ``witnessed``, which takes time."""
    import sympy

    from theory.proof import balls
    from theory.proof.limits import with_limits
    from theory.proof.prepare import print_form
    from theory.proof.sampling import NoInstance, instances

    stated = entries(item.left, item.right)
    pairs = [(with_limits(left), with_limits(right)) for left, right in stated]
    given = tuple(print_form(relation) for relation in item.assuming if relation is not sympy.true)
    given = union(given, _nonzero(pairs))
    constructed = all(left == right for left, right in pairs)
    verdict = Verdict(
        Status.HOLDS, Route.EXACT, "", Scope(quantifiers=_quantifiers(stated), given=given),
        notes=(BY_CONSTRUCTION,) if constructed else (), decided=int(not constructed), constructed=int(constructed),
    )  # fmt: skip
    fewest = math.inf
    try:
        everything: Any = sympy.Matrix([side for pair in pairs for side in pair])
        count = 1 if constructed else INSTANTIATIONS  # of one expression twice it is asked alone whether it has a value
        for instance in instances(everything, item.assuming, count=count):
            for left, right in pairs:
                first = balls.enclose(left, instance)
                ball, bits = _difference(first, first if left == right else balls.enclose(right, instance))
                if balls.excludes_zero(ball):
                    witness = {**instance.plain(), "left minus right": ball_text(ball)} if witnessed else None
                    why = "A ball excludes zero: the two sides differ."
                    return replace(
                        verdict, status=Status.REFUTED, why=why, witness=witness, margin=balls.exclusion_margin(ball)
                    )
                fewest = min(fewest, bits)
    except (NoInstance, balls.CannotEnclose) as error:
        return replace(verdict, status=Status.UNDECIDED, why=f"{type(error).__name__}: {error}")
    if fewest < BALL_BITS:
        return replace(
            verdict, status=Status.UNDECIDED, why=f"A ball contains zero but is sharp to {fewest} bits only."
        )
    if not all(balls.is_zero_normal_form(left - right) for left, right in pairs):
        why = "Every ball contains zero, but no normal form reached zero."
        return replace(verdict, status=Status.UNDECIDED, why=why)
    return verdict


def _difference(left: Any, right: Any) -> tuple[Any, int]:
    """The ball of a difference, and how many bits sharp it is beside the larger of 1
    and the two sides."""
    from flint import acb, arb, ctx

    with ctx.workprec(8192):  # so that the subtraction itself rounds nothing away
        ball = acb(left) - acb(right)
        scale = arb(1).max(acb(left).abs_lower()).max(acb(right).abs_lower())
        radius = (ball.real.rad() + ball.imag.rad()) / scale
        bits = 10**6 if radius == 0 else math.floor(-float(radius.log()) / math.log(2))
    return ball, bits


def ball_text(ball: Any) -> str:
    """A ball in print."""
    return str(ball.str(15) if hasattr(ball, "str") else ball)


def entries(left: Any, right: Any) -> list[tuple[Any, Any]]:
    """Pairs of scalar entries of two matrices of one shape, or the one pair of two
    expressions."""
    import sympy

    if not isinstance(left, sympy.MatrixBase) and not isinstance(right, sympy.MatrixBase):
        return [(sympy.S(left), sympy.S(right))]
    model = left if isinstance(left, sympy.MatrixBase) else right
    sides = [side if isinstance(side, sympy.MatrixBase) else sympy.zeros(*model.shape) for side in (left, right)]
    scalar = [side for side in (left, right) if not isinstance(side, sympy.MatrixBase)]
    if any(side != 0 for side in scalar) or sides[0].shape != sides[1].shape:
        raise TypeError(
            f"Expected two matrices of one shape, or a matrix and 0, got {getattr(left, 'shape', left)} and {getattr(right, 'shape', right)}."
        )
    return list(zip(sides[0].flat(), sides[1].flat(), strict=True))


def _quantifiers(pairs: list[tuple[Any, Any]]) -> tuple[str, ...]:
    """Over what the two sides are universally quantified: read off the expressions,
    symbol by symbol, with all that is assumed."""
    from sympy.core.function import AppliedUndef

    symbols, functions = set(), set()
    for side in (side for pair in pairs for side in pair):
        symbols |= side.free_symbols
        functions |= {applied.func for applied in side.atoms(AppliedUndef)}
    refuse_namesakes(symbols)
    names = [f"every {_kind(symbol)} {symbol}" for symbol in sorted(symbols, key=str)]
    texts = [" ".join(["every", *_words(f._kwargs), "function", str(f)]) for f in sorted(functions, key=str)]
    return (*texts, *names) or ("one instance",)


def refuse_namesakes(symbols: Iterable[Any]) -> None:
    """In print two symbols of one name are one.

    Raises:
        TypeError: two of ``symbols`` have one name.
    """
    names = [str(symbol) for symbol in symbols]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise TypeError(f"Two symbols are named {twice[0]}, with different assumptions; give each a name of its own.")


_SIGNS = ("positive", "negative", "nonnegative", "nonpositive", "nonzero")  # what implies others comes first
_KINDS = ("prime", "composite", "even", "odd", "integer", "irrational", "rational", "imaginary")
_IMPLIED = {
    "prime": ("integer", "rational"),
    "composite": ("integer", "rational"),
    "even": ("integer", "rational"),
    "odd": ("integer", "rational"),
    "integer": ("rational",),
}
_SAID = {*_SIGNS, *_KINDS, "commutative", "complex", "real", "finite", "extended_real", "zero"}


def _kind(symbol: Any) -> str:
    """What a symbol ranges over, in words."""
    assumed = symbol._assumptions_orig
    others = [
        f"{name} = {value}"
        for name, value in assumed.items()
        if name not in _SAID or (not value and name not in ("zero", "commutative"))
    ]
    return " ".join([*(_words(symbol.assumptions0) or ["complex"]), *(f"({text})" for text in others)])


def _words(assumed: Any) -> list[str]:
    """Sign and kind that a symbol or a function is assumed to have; a sign says that it
    is real, a kind whether it is whole."""
    signs = [name for name in _SIGNS if assumed.get(name)][:1]
    kinds = [name for name in _KINDS if assumed.get(name)]
    implied = {other for name in kinds for other in _IMPLIED.get(name, ())}
    kinds = [name for name in kinds if name not in implied]
    if kinds and kinds[-1] in ("even", "odd"):
        kinds.append("integer")
    nonzero = ["nonzero"] if assumed.get("zero") is False and not signs and not kinds else []
    return [*signs, *nonzero, *kinds] or (["real"] if assumed.get("extended_real") else [])


def denominators(expression: Any) -> list[Any]:
    """What is divided by outside of integrals and sums and may vanish for all that is
    assumed, in the order of its text."""
    import sympy

    found = set()
    for power, places in occurrences(sympy.S(expression)):
        if not isinstance(power, sympy.Pow):
            continue
        open_sign = bool(power.exp.free_symbols) and power.exp.is_extended_nonnegative is not True
        if (power.exp.could_extract_minus_sign() or open_sign) and power.base.is_nonzero is not True:
            over = sympy.fraction(sympy.together(power.base.xreplace(places)))[0]
            if over.is_nonzero is not True and over.free_symbols:
                found.add(-over if over.could_extract_minus_sign() else over)
    return sorted(found, key=str)


def _nonzero(pairs: list[tuple[Any, Any]]) -> tuple[str, ...]:
    """The denominators of both sides that their assumptions leave free to vanish, poles
    of functions, here and inside of integrals and sums: equality is claimed
    elsewhere."""
    from theory.proof.prepare import print_form

    sides = [side for pair in pairs for side in pair]
    bases = [f"{print_form(base)} != 0" for side in sides for base in denominators(side)]
    return union(bases, *(excluded_points(side) for side in sides), *(inner_points(side) for side in sides))


def inner_points(expression: Any) -> list[str]:
    """What has to hold inside of the integrals and sums of ``expression``: no pole on
    the way, bounds where the bound variable is as declared, and no sum that runs
    backwards."""
    from sympy import Integral
    from sympy.concrete.expr_with_limits import ExprWithLimits

    from theory.proof.prepare import print_form

    nodes = sorted(as_sympy(expression).atoms(ExprWithLimits), key=print_form)
    counted = [limit for node in nodes if not isinstance(node, Integral) for limit in node.limits]
    return list(
        union(*(_inside(node.function, limit) for node in nodes for limit in node.limits), *map(backwards, counted))
    )


def _inside(body: Any, limit: Any) -> list[str]:
    import sympy

    from theory.proof.prepare import print_form

    name, *ends = limit
    on_the_line = sympy.Symbol(name.name, **{"real": True, **name._assumptions_orig})
    body = body.xreplace({name: on_the_line})
    poles = [f"{print_form(base)} != 0" for base in denominators(body) if base.has(on_the_line)]
    way = f" for {name} from {print_form(ends[0])} to {print_form(ends[1])}" if len(ends) == 2 else ""
    return [*bound_conditions(limit), *(pole + way for pole in [*poles, *excluded_points(body, within=on_the_line)])]


# -- signs ---------------------------------------------------------------------------------------------------------------


def judge_sign(item: Sign) -> Verdict:
    """Coefficients of one sign, or a sum of squares that expands to the expression;
    balls at instances stand against both."""
    import sympy

    from theory.proof import balls
    from theory.proof.sampling import NoInstance, instances

    if item.relation not in (">= 0", "> 0", "!= 0"):
        raise TypeError(f"Expected the relation '>= 0', '> 0' or '!= 0', got {item.relation!r}.")
    expression = sympy.S(item.expression)
    pair = [(expression, sympy.S.Zero)]
    scope = Scope(quantifiers=_quantifiers(pair), given=_nonzero(pair))
    undecided = Verdict(Status.UNDECIDED, Route.EXACT, "", scope)
    try:
        for instance in instances(expression, count=INSTANTIATIONS):
            ball = balls.enclose(expression, instance)
            if _breaks(ball, item.relation):
                witness = {**instance.plain(), "value": ball_text(ball)}
                return replace(
                    undecided, status=Status.REFUTED, why=f"A ball contradicts '{item.relation}'.", witness=witness
                )
    except (NoInstance, balls.CannotEnclose) as error:
        return replace(undecided, why=f"{type(error).__name__}: {error}")
    if item.squares:
        if unreal := [root for _, root in item.squares if sympy.S(root).is_extended_real is not True]:
            return replace(
                undecided, why=f"The root {unreal[0]} is not known to be real, so that its square may be negative."
            )
        whole = sum((weight * root**2 for weight, root in item.squares), start=sympy.S.Zero)
        parts = judge_equation(Equation("the sum of squares", expression, whole))
        if not parts.holds:
            return replace(parts, why=f"the sum of squares: {parts.why}", scope=scope)
        nonnegative = all(one_sign(weight, strict=False) for weight, _ in item.squares)
        surely = any(one_sign(weight, strict=True) and sympy.S(root).is_nonzero for weight, root in item.squares)
        if nonnegative and (surely or item.relation == ">= 0"):
            return replace(undecided, status=Status.HOLDS, decided=1)
        why = (
            f"Squares with nonnegative weights show '>= 0', and '{item.relation}' where one of them is surely positive."
        )
        return replace(undecided, why=why)
    strict = item.relation != ">= 0"
    if one_sign(expression, strict=strict) or (item.relation == "!= 0" and one_sign(-expression, strict=True)):
        return replace(undecided, status=Status.HOLDS, decided=1)
    return replace(undecided, why="The coefficients, in nonnegative symbols, are not of one sign.")


def _breaks(ball: Any, relation: str) -> bool:
    if relation == "!= 0":
        return bool(getattr(ball, "real", ball) == 0 and getattr(ball, "imag", 0) == 0)
    real = getattr(ball, "real", ball)
    return bool(real < 0) or (relation == "> 0" and bool(real == 0))


def one_sign(expression: Any, *, strict: bool) -> bool:
    """A polynomial in nonnegative symbols with no negative coefficient; ``strict``:
    with a term that is positive for all values."""
    import sympy

    expression = sympy.expand(expression)
    symbols = sorted(expression.free_symbols, key=str)
    if not all(symbol.is_nonnegative for symbol in symbols):
        return False
    if not symbols:
        return _constant_sign(expression, strict=strict)
    try:
        terms = sympy.Poly(expression, *symbols).terms()
    except sympy.PolynomialError:
        return False
    if not all(coefficient.is_Rational and coefficient >= 0 for _, coefficient in terms):
        return False
    surely = [
        coefficient > 0 and all(not power or symbol.is_positive for symbol, power in zip(symbols, powers, strict=True))
        for powers, coefficient in terms
    ]
    return any(surely) if strict else True


def _constant_sign(expression: Any, *, strict: bool) -> bool:
    """The sign of a number, by its ball; zero only where it is the number 0."""
    from theory.proof import balls

    if expression.is_Rational:
        return bool(expression > 0) or (not strict and bool(expression == 0))
    try:
        ball = balls.enclose(expression, balls.Instantiation())
    except balls.CannotEnclose:
        return False
    return bool(ball.imag == 0 and ball.real > 0)
