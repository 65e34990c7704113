"""The only maker of verdicts. Evidence goes in; a status, a route, a scope and a margin come out.

Nothing else in the project may say HOLDS. The kernel computes every radius and every scope itself, believes no
number that comes without a derivation, and says UNDECIDED when in doubt.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from proofs_checks.evidence import (
    Bound,
    Case,
    Cases,
    Control,
    Enclosed,
    Evidence,
    Finite,
    Identity,
    Inapplicable,
    Measured,
    Profile,
    Structural,
    Test,
    Tested,
    Undecided,
    enclosed,
    finite,
    identity,
    inapplicable,
    measured,
    structural,
    tested,
    undecided,
)
from proofs_checks.verdicts import Route, Scope, Status, Verdict, number_text, union

__all__ = [
    "Bound", "Case", "Cases", "Control", "Profile", "Route", "Scope", "Status", "Test", "Verdict", "aggregate", "combine",
    "control_verdict", "enclosed", "finite", "identity", "inapplicable", "judge", "level", "measured", "radius", "structural",
    "tested", "undecided",
]  # fmt: skip

FALSE_ALARMS = 1e-9  # of a whole run, whatever is selected
BUILT_IN_WEIGHT = 2.0**-8  # a claim's share: at most 128 built-in statistical routes, tested; they hold half the budget
THIRD_PARTY_WEIGHT = 2.0**-17  # and at most 65,536 others hold the rest
BALL_BITS = 200  # an identity's ball must be this narrow before it counts
INSTANTIATIONS = 8
LOOSE = 1e-6  # a bound this much larger than its residual explains too much, and is reported
DOUBT = 10.0  # an estimated bound refutes only beyond this many times itself
REQUIRED_MARGIN = {"exact": 1.0, "certified": 1.0, "numeric": 10.0, "statistical": 2.0}  # of a control
_WORST_FIRST = (Status.REFUTED, Status.ERRORED, Status.UNDECIDED, Status.INAPPLICABLE, Status.HOLDS)


def level(k: int, weight: float = BUILT_IN_WEIGHT) -> float:
    """The false-alarm probability granted to check number ``k`` (from 1) of a claim's statistical route.

    Summed over every k and every route this is at most ``FALSE_ALARMS``, so that neither the selection of claims nor
    sharding nor resumption changes any check's level.
    """
    return FALSE_ALARMS * weight * 6 / (math.pi * k) ** 2


def radius(test: Test, alpha: float, statistic: float = 0.0) -> float:
    """The deviation that a true statement exceeds with probability at most ``alpha``."""
    alpha = alpha / test.tests
    if test.kind == "dkw":
        return math.sqrt(math.log(2 / alpha) / (2 * test.n))
    if test.kind == "dkw_two_sample":
        return math.sqrt(math.log(4 / alpha) / (2 * test.n)) + math.sqrt(math.log(4 / alpha) / (2 * test.m))
    if test.kind == "hoeffding":
        return test.width * math.sqrt(math.log(2 / alpha) / (2 * test.n))
    return _clopper_pearson_radius(test, alpha, statistic)


def _clopper_pearson_radius(test: Test, alpha: float, count: float) -> float:
    from scipy.special import betainccinv, betaincinv

    observed = count / test.n
    if test.p <= observed:
        return observed - float(betaincinv(count, test.n - count + 1, alpha / 2) if count > 0 else 0.0)
    return float(betainccinv(count + 1, test.n - count, alpha / 2) if count < test.n else 1.0) - observed


def judge(
    evidence: Evidence | Sequence[Evidence], *, route: str, alpha: float = level(1), case: Case | None = None
) -> Verdict:
    """One check's evidence, judged.

    Args:
        evidence: What the check returned. A bare bool or number is refused with ``TypeError``.
        route: The route that the claim declared; evidence of a weaker kind is refused.
        alpha: The level for all the tests in this evidence together.
        case: The case that was run; its fields enter the scope.
    """
    items = list(evidence) if isinstance(evidence, (list, tuple)) else [evidence]
    if not items:
        return Verdict(Status.UNDECIDED, route, "The check returned no evidence.")
    count = max(1, sum(_count_tests(item) for item in items))
    verdicts: list[Verdict] = []
    for item in items:
        verdicts.append(verdict := _judge_one(item, alpha / count))
        decided = verdict.status in (Status.HOLDS, Status.REFUTED)
        if decided and Route(verdict.route).rank > Route(route).rank:
            raise TypeError(
                f"The route is declared {route}, but its evidence is {verdict.route}; a weaker route never prints a stronger word."
            )
        if verdict.status is Status.REFUTED:
            break  # nothing that follows could change the verdict
    status = next(status for status in _WORST_FIRST if any(verdict.status is status for verdict in verdicts))
    decisive = [verdict for verdict in verdicts if verdict.status is status]
    worst = max(
        decisive,
        key=lambda verdict: math.inf if verdict.margin is None and status is Status.REFUTED else verdict.margin or 0.0,
    )
    scope = Scope()
    if status is not Status.INAPPLICABLE:
        for verdict in verdicts:
            scope = replace(scope.joined(verdict.scope), points=max(scope.points, verdict.scope.points))
        scope = replace(scope, **_scope_of_case(case), cases=1 if case is not None else 0)
    notes = union(*(verdict.notes for verdict in verdicts))
    derivations = union(*(verdict.derivations for verdict in verdicts))
    return replace(worst, route=route, scope=scope, notes=notes, derivations=derivations)


def _count_tests(item: Any) -> int:
    if isinstance(item, Structural):
        return sum(_count_tests(part) for part in (*item.base, *item.step, *item.small))
    return int(isinstance(item, Tested))


def _judge_one(item: Any, alpha: float) -> Verdict:
    match item:
        case Identity():
            verdict = _judge_identity(item)
        case Finite():
            verdict = _judge_finite(item)
        case Structural():
            verdict = _judge_structural(item, alpha)
        case Enclosed():
            verdict = _judge_enclosed(item)
        case Measured():
            verdict = _judge_measured(item)
        case Tested():
            verdict = _judge_tested(item, alpha)
        case Inapplicable():
            return Verdict(Status.INAPPLICABLE, Route.EXACT, f"The case misses an assumption: {item.assumption}")
        case Undecided():
            return Verdict(Status.UNDECIDED, Route.EXACT, item.why)
        case _:
            raise TypeError(
                f"A check returned {type(item).__name__} ({str(item)[:60]}). Return evidence (identity, finite, structural, enclosed, "
                "measured, tested, inapplicable, undecided); the verdict is the kernel's to give."
            )
    return replace(verdict, why=f"{item.name}: {verdict.why}") if item.name and verdict.why else verdict


def _judge_identity(item: Identity) -> Verdict:
    import sympy

    from theory import balls
    from theory.preparation import written

    pairs = _entries(item.left, item.right)
    given = tuple(written(relation) for relation in item.assuming if relation is not sympy.true)
    scope = Scope(quantifiers=_quantifiers(pairs), given=given)
    notes = ("both sides evaluate to one expression at once",) if all(left == right for left, right in pairs) else ()
    fewest = math.inf
    try:
        everything: Any = sympy.Matrix([side for pair in pairs for side in pair])
        for instance in balls.instantiate(everything, item.assuming, count=INSTANTIATIONS):
            for left, right in pairs:
                ball, bits = _difference(balls.enclose(left, instance), balls.enclose(right, instance))
                if balls.excludes_zero(ball):
                    witness = {**instance.plain(), "left minus right": _ball_text(ball)}
                    why = "A ball excludes zero: the two sides differ."
                    return Verdict(
                        Status.REFUTED,
                        Route.EXACT,
                        why,
                        scope,
                        witness,
                        margin=balls.exclusion_margin(ball),
                        notes=notes,
                    )
                fewest = min(fewest, bits)
    except (balls.NoInstance, balls.CannotEnclose) as error:
        return Verdict(Status.UNDECIDED, Route.EXACT, f"{type(error).__name__}: {error}", scope, notes=notes)
    if fewest < BALL_BITS:
        return Verdict(
            Status.UNDECIDED,
            Route.EXACT,
            f"A ball contains zero but is sharp to {fewest} bits only.",
            scope,
            notes=notes,
        )
    if not all(balls.is_zero_normal_form(left - right) for left, right in pairs):
        return Verdict(
            Status.UNDECIDED,
            Route.EXACT,
            "Every ball contains zero, but no normal form reached zero.",
            scope,
            notes=notes,
        )
    return Verdict(Status.HOLDS, Route.EXACT, "", scope, notes=notes)


def _difference(left: Any, right: Any) -> tuple[Any, int]:
    """The ball of a difference, and how many bits sharp it is beside the larger of 1 and the two sides."""
    from flint import acb, arb, ctx

    with ctx.workprec(8192):  # so that the subtraction itself rounds nothing away
        ball = acb(left) - acb(right)
        scale = arb(1).max(acb(left).abs_lower()).max(acb(right).abs_lower())
        radius = (ball.real.rad() + ball.imag.rad()) / scale
        bits = 10**6 if radius == 0 else math.floor(-float(radius.log()) / math.log(2))
    return ball, bits


def _ball_text(ball: Any) -> str:
    return str(ball.str(15) if hasattr(ball, "str") else ball)


def _decide(ball: Any, relation: str) -> tuple[bool, bool]:
    """Whether an enclosure proves a relation to zero, and whether it disproves it."""
    from theory import balls

    if relation == "== 0":
        return balls.contains_zero(ball) and balls.radius_bits(ball) >= BALL_BITS, balls.excludes_zero(ball)
    real = getattr(ball, "real", ball)
    flat = not hasattr(ball, "imag") or ball.imag == 0
    above, below = bool(flat and real > 0), bool(flat and real < 0)
    return (above, below) if relation == "> 0" else (below, above)


def _entries(left: Any, right: Any) -> list[tuple[Any, Any]]:
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
    """Over what the two sides are universally quantified: read off the expressions, symbol by symbol."""
    from sympy.core.function import AppliedUndef

    symbols, functions = set(), set()
    for side in (side for pair in pairs for side in pair):
        symbols |= side.free_symbols
        functions |= {str(applied.func) for applied in side.atoms(AppliedUndef)}
    found = [f"every {_kind(symbol)} {symbol}" for symbol in sorted(symbols, key=str)]
    return (*(f"every function {name}" for name in sorted(functions)), *found) or ("one instance",)


def _kind(symbol: Any) -> str:
    whole = "integer" if symbol.is_integer else ""
    sign = (
        "positive"
        if symbol.is_positive
        else "nonnegative"
        if symbol.is_nonnegative
        else "nonzero"
        if symbol.is_nonzero
        else ""
    )
    number = whole or ("real" if symbol.is_extended_real and not sign else "" if sign else "complex")
    return " ".join(word for word in (sign, number) if word)


def _judge_finite(item: Finite) -> Verdict:
    total, failures, witness = 0, 0, None
    for instance in item.instances:
        total += 1
        first, second = bool(item.holds(instance)), bool(item.second(instance))
        if first != second:
            why = f"Two algorithms disagree ({first} against {second}); one of them is wrong."
            return Verdict(
                Status.UNDECIDED, Route.EXACT, why, Scope(exhausted=(f"{total} {item.of}",)), str(instance)[:400]
            )
        if not first:
            failures += 1
            witness = str(instance)[:400] if witness is None else witness
    if not total:
        return Verdict(Status.UNDECIDED, Route.EXACT, f"No instance among {item.of}.")
    if failures:
        return Verdict(
            Status.REFUTED,
            Route.EXACT,
            f"Fails for {failures} of {total} {item.of}.",
            Scope(exhausted=(f"{total} {item.of}",)),
            witness,
        )
    return Verdict(Status.HOLDS, Route.EXACT, "", Scope(exhausted=(f"{total} of {total} {item.of}",)))


def _judge_structural(item: Structural, alpha: float) -> Verdict:
    mentioned = set()
    for part in item.step:
        if isinstance(part, Identity):
            for left, right in _entries(part.left, part.right):
                mentioned |= left.free_symbols | right.free_symbols
    if item.variable not in mentioned:
        raise TypeError(
            f"The induction step never mentions {item.variable}, so it is not a step. State it as an identity in {item.variable}."
        )
    functions: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    for name, parts in (("base", item.base), ("step", item.step), ("small values", item.small)):
        for verdict in [_judge_one(part, alpha) for part in parts] or [
            Verdict(Status.UNDECIDED, Route.EXACT, "nothing stated")
        ]:
            if not verdict.holds:
                return replace(verdict, why=f"{name} of the induction on {item.variable}: {verdict.why}")
            functions = union(
                functions, [text for text in verdict.scope.quantifiers if text.startswith("every function")]
            )
            given = union(given, verdict.scope.given)
    scope = Scope(quantifiers=(f"every {item.variable} >= {item.start}", *functions), given=given)
    return Verdict(Status.HOLDS, Route.EXACT, "", scope)


def _judge_enclosed(item: Enclosed) -> Verdict:
    from theory import balls

    ball = item.ball
    scope = Scope(quantifiers=("one instance",))
    holds, fails = _decide(ball, item.relation)
    if holds:
        return Verdict(Status.HOLDS, Route.CERTIFIED, "", scope)
    if fails:
        witness = {"ball": _ball_text(ball), "claimed": item.relation}
        return Verdict(
            Status.REFUTED,
            Route.CERTIFIED,
            f"The enclosure contradicts '{item.relation}'.",
            scope,
            witness,
            margin=balls.exclusion_margin(ball),
        )
    return Verdict(
        Status.UNDECIDED,
        Route.CERTIFIED,
        f"The enclosure {_ball_text(ball)} is too wide to decide '{item.relation}'.",
        scope,
    )


def _judge_measured(item: Measured) -> Verdict:
    residual = _array(item.residual)
    terms = {name: _array(term) for name, term in item.bound.terms.items()}
    scope = Scope(points=item.points, given=tuple(item.bound.assumes), estimated=tuple(item.bound.estimated))
    if residual.size == 0 or item.points < 1:
        return Verdict(Status.UNDECIDED, Route.NUMERIC, "No point was measured.", scope)
    bound = sum(np.broadcast_arrays(residual, *terms.values())[1:], start=np.zeros_like(residual))
    finite_here = np.isfinite(residual) & np.isfinite(bound)
    if not finite_here.all():
        why = f"{int((~finite_here).sum())} of {residual.size} residuals or bounds are not finite."
        return Verdict(Status.UNDECIDED, Route.NUMERIC, why, scope)
    if (residual < 0).any() or any((term < 0).any() for term in terms.values()):
        raise TypeError("Residuals and terms of a bound are nonnegative; take absolute values first.")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(residual == 0, 0.0, residual / bound)
    worst = int(ratio.argmax())
    numbers = {
        "residual": float(residual.flat[worst]),
        "bound": float(bound.flat[worst]),
        "margin": float(ratio.flat[worst]),
    }
    notes = (f"loose bound: {numbers['margin']:.0e} of it is used",) if 0 < numbers["margin"] < LOOSE else ()
    verdict = Verdict(
        Status.HOLDS, Route.NUMERIC, "", scope, None, **numbers, notes=notes, derivations=(item.bound.derivation,)
    )
    limit = DOUBT if item.bound.estimated else 1.0
    if numbers["margin"] > limit:
        why = (
            f"The residual {numbers['residual']:.3g} is {numbers['margin']:.3g} times its bound {numbers['bound']:.3g}."
        )
        return replace(
            verdict,
            status=Status.REFUTED,
            why=why,
            witness={
                "point": worst,
                **{name: float(np.broadcast_to(term, residual.shape).flat[worst]) for name, term in terms.items()},
            },
        )
    if numbers["margin"] > 1:
        return replace(
            verdict,
            status=Status.UNDECIDED,
            why=f"The residual is {numbers['margin']:.2g} times a bound that is an estimate.",
        )
    if (bound > item.resolves).any():
        why = f"The bound reaches {float(bound.max()):.3g}, and nothing above {item.resolves:.3g} tells the claim from its neighbours. Use more precision or a milder case."
        return replace(verdict, status=Status.UNDECIDED, why=why)
    return verdict


def _judge_tested(item: Tested, alpha: float) -> Verdict:
    allowance = radius(item.test, alpha, item.statistic)
    slack = float(sum(_array(term).max() for term in item.slack.terms.values())) if item.slack else 0.0
    deviation = (
        abs(item.statistic / item.test.n - item.test.p) if item.test.kind == "clopper_pearson" else item.statistic
    )
    slack_notes = (tuple(item.slack.assumes), tuple(item.slack.estimated)) if item.slack else ((), ())
    scope = Scope(points=item.test.n, given=slack_notes[0], estimated=slack_notes[1])
    bound = allowance + slack
    if not (math.isfinite(deviation) and math.isfinite(bound)):
        return Verdict(Status.UNDECIDED, Route.STATISTICAL, "The statistic or its radius is not finite.", scope)
    derivation = f"{item.test.kind} at level {alpha:.1e}, n = {item.test.n}" + (
        f"; {item.slack.derivation}" if item.slack else ""
    )
    margin = deviation / bound if bound else math.inf * (deviation > 0) if deviation else 0.0
    verdict = Verdict(
        Status.HOLDS, Route.STATISTICAL, "", scope, None, deviation, bound, margin, derivations=(derivation,)
    )
    if margin > 1:
        return replace(
            verdict,
            status=Status.REFUTED,
            why=f"The statistic {deviation:.3g} is {margin:.3g} times its radius {bound:.3g} at level {alpha:.1e}.",
            witness={"statistic": deviation, "radius": bound},
        )
    if bound > item.resolves:
        return replace(
            verdict,
            status=Status.UNDECIDED,
            why=f"The radius {bound:.3g} exceeds {item.resolves:.3g}: too few samples to tell. Use a larger profile.",
        )
    return verdict


def combine(
    verdicts: Sequence[Verdict], *, route: str, covers: dict[str, tuple[float, float]] | None = None
) -> Verdict:
    """A route's verdict from its checks'. No case exercised, or a declared cover not reached, is UNDECIDED."""
    exercised = [verdict for verdict in verdicts if verdict.status is not Status.INAPPLICABLE]
    if not exercised:
        reason = verdicts[0].why if verdicts else "No case was exercised."
        return Verdict(Status.INAPPLICABLE if verdicts else Status.UNDECIDED, route, reason)
    status = next(status for status in _WORST_FIRST if any(verdict.status is status for verdict in exercised))
    decisive = [verdict for verdict in exercised if verdict.status is status]
    worst = max(decisive, key=lambda verdict: verdict.margin or 0.0)
    scope = Scope()
    for verdict in exercised:
        if verdict.holds or verdict is worst:
            scope = scope.joined(verdict.scope)
    skipped = len(verdicts) - len(exercised)
    notes = union(
        *(verdict.notes for verdict in exercised),
        (f"{skipped} cases met no assumption and were not counted",) if skipped else (),
    )
    whole = replace(
        worst, route=route, scope=scope, notes=notes, derivations=union(*(verdict.derivations for verdict in exercised))
    )
    for name, (low, high) in (covers or {}).items():
        seen = scope.ranges.get(name)
        if whole.holds and (seen is None or seen[0] > low or seen[1] < high):
            got = f"{number_text(seen[0])}..{number_text(seen[1])}" if seen else "nothing"
            return replace(
                whole,
                status=Status.UNDECIDED,
                why=f"The claim declares {name} = {number_text(low)}..{number_text(high)}; the cases run reach {got}.",
            )
    return whole


def control_verdict(verdicts: Sequence[Verdict], *, route: str) -> Verdict:
    """A control's: HOLDS (the control did its work) when every declared case was REFUTED with room to spare.

    The margin is the least over the cases: how many bounds beyond the bound the falsehood was seen.
    """
    if not verdicts:
        return Verdict(Status.UNDECIDED, route, "The control has no case, so nothing was refuted.")
    for verdict in verdicts:
        if verdict.status is Status.ERRORED:
            return replace(verdict, route=route)
        if verdict.status is not Status.REFUTED:
            return replace(
                verdict,
                route=route,
                status=Status.UNDECIDED,
                why=f"The falsehood came out {verdict.status}, not REFUTED: the check has no teeth here. {verdict.why}",
            )
    least = min(verdicts, key=lambda verdict: math.inf if verdict.margin is None else verdict.margin)
    if least.margin is not None and least.margin < REQUIRED_MARGIN[route]:
        why = f"Refuted only barely: {least.margin:.2g} bounds, where {REQUIRED_MARGIN[route]:g} are asked for."
        return replace(least, route=route, status=Status.UNDECIDED, why=why)
    return replace(least, route=route, status=Status.HOLDS)


def aggregate(
    routes: dict[str, Verdict],
    controls: Iterable[tuple[str, Verdict]],
    *,
    declared: Sequence[str],
    requires: dict[str, Status] | None = None,
) -> tuple[Status, str, tuple[str, ...]]:
    """A claim's status, the reason, and the ids it is conditional on.

    REFUTED if any route is; HOLDS only if every declared route holds and every control was refuted; conditional
    ("HOLDS given ids") while a claim that it rests on does not hold.
    """
    refuted = [name for name, verdict in routes.items() if verdict.status is Status.REFUTED]
    if refuted:
        held = [name for name, verdict in routes.items() if verdict.holds]
        conflict = f" CONFLICT: {', '.join(held)} holds; one of the routes is wrong." if held else ""
        return Status.REFUTED, f"{', '.join(refuted)}: {routes[refuted[0]].why}{conflict}", ()
    weak = [(name, routes.get(name, Verdict(Status.UNDECIDED, name, "The route was not run."))) for name in declared]
    weak += [(f"control {name}", verdict) for name, verdict in controls]
    for status in (Status.ERRORED, Status.UNDECIDED, Status.INAPPLICABLE):
        found = [(name, verdict) for name, verdict in weak if verdict.status is status]
        if found:
            return status, "; ".join(f"{name}: {verdict.why}" for name, verdict in found), ()
    if not declared:
        return Status.UNDECIDED, "No route is declared.", ()
    given = tuple(sorted(claim for claim, status in (requires or {}).items() if status is not Status.HOLDS))
    return Status.HOLDS, f"given {', '.join(given)}" if given else "", given


def errored(route: str, why: str) -> Verdict:
    """The runner's, for a check that raised; the traceback goes into the record."""
    return Verdict(Status.ERRORED, route, why)


def unconfirmed(verdict: Verdict) -> Verdict:
    """A statistical refutation that fresh seeds did not repeat: neither believed nor forgotten."""
    return replace(verdict, status=Status.UNDECIDED, why=f"Refuted once, not confirmed on fresh seeds. {verdict.why}")


def _scope_of_case(case: Case | None) -> dict[str, Any]:
    ranges, kinds = {}, {}
    for name, value in (case or {}).items():
        if name in ("seed", "size") or isinstance(value, tuple):
            continue
        if isinstance(value, (bool, str)):
            kinds[name] = (str(value),)
        else:
            ranges[name] = (float(value), float(value))
    return {"ranges": ranges, "kinds": kinds}


def _array(value: Any) -> np.ndarray:
    if hasattr(value, "detach"):  # a tensor, wherever it lives
        value = value.detach().cpu()
    return np.asarray(value, dtype=np.float64)
