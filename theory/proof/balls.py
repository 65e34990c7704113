r"""Rigorous complex balls around the values of SymPy expressions.

:func:`enclose` gives a ball that contains the value of an expression at an
:class:`Instantiation`; an expression is refuted by a ball that excludes zero. Every
node is evaluated in ball arithmetic (FLINT) or refused with :class:`CannotEnclose`;
there is no floating-point fallback. What is trusted: FLINT's enclosures, SymPy's
derivatives and automatic simplification, and the handlers below. Powers, logarithms and
inverse functions take SymPy's principal branches.

**Integrals** go through :math:`\int_a^b g = (b-a)\int_0^1 g(a+(b-a)s)\,ds` to FLINT's
adaptive Gauss-Legendre rule, whose error bound needs g holomorphic on complex
neighbourhoods of pieces of the path. Each bound variable therefore carries a flag;
while it is set, every node that depends on that variable must either be holomorphic on
the whole ball or return a non-finite ball: logarithms and roots off their cuts, |u| =
+-u off Re u = 0, a Piecewise only where its condition is decided. conj g(x) continues
as conj(g(conj z)), which is holomorphic where g is.
"""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportReturnType=false
# SymPy declares the arguments of a node as Basic, whatever they are.

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy as sp
from flint import acb, acb_mat, arb, ctx, fmpq, fmpz
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.core.function import AppliedUndef
from sympy.logic.boolalg import Boolean

from theory.proof import ball_gamma as factorials
from theory.proof.ball_evaluator import Evaluator, Handler, Scope
from theory.proof.ball_truncation import truncate
from theory.proof.instances import Instantiation
from theory.proof.normal_forms import is_zero_normal_form
from theory.proof.prepare import CannotEnclose, Interior, entries, prepare

__all__ = [
    "CannotEnclose", "Instantiation", "contains_zero", "enclose", "entries", "excludes_zero", "exclusion_margin",
    "is_zero_normal_form", "proves", "radius_bits", "widen",
]  # fmt: skip

_Limits = tuple[sp.Tuple, ...]
TARGET_BITS = 200
_TERMS = 20_000  # longest sum or product that is evaluated term by term
_CALLS = 150_000  # integrand evaluations spent on one expression at one precision
_NAN = acb(arb.nan(), arb.nan())


# -- handlers: one per kind of node -------------------------------------------------------------------------------------


def _symbol(ev: Evaluator, node: sp.Symbol, scope: Scope) -> acb:
    if node in scope.values:
        return scope.values[node]
    value = ev.symbols.get(node)
    if value is None:
        raise CannotEnclose(node, "a free symbol without a value in the instantiation")
    return ev(value, ev.root)


def _add(ev: Evaluator, node: sp.Add, scope: Scope) -> acb:
    total = acb(0)
    for arg in node.args:
        total = total + ev(arg, scope)
    return total


def _mul(ev: Evaluator, node: sp.Mul, scope: Scope) -> acb:
    total = acb(1)
    for arg in node.args:
        total = total * ev(arg, scope)
    return total


def _pow(ev: Evaluator, node: sp.Pow, scope: Scope) -> acb:
    base, exponent = ev(node.base, scope), node.exp
    if exponent.is_Integer:
        return base ** int(exponent)
    smooth = ev.holomorphic(node.base, scope)
    if exponent.is_Rational and exponent.q == 2:
        return base.sqrt(smooth) ** int(exponent.p)  # sqrt = exp(log/2), so that its integer powers are principal too
    power = ev(exponent, scope)
    whole = power.imag == 0 and power.real.is_integer()
    if whole and not ev.holomorphic(exponent, scope):
        return base ** fmpz(power.real.unique_fmpz())
    if base.is_zero():
        return acb(0) if power.real > 0 else _NAN
    result = base.pow(power, smooth)
    if not result.is_finite() and not smooth and power.imag == 0 and power.real > 0:
        return _disc(arb(base.abs_upper()) ** power.real)  # base next to 0: |b^e| = |b|^e for real e > 0
    return result


def _disc(radius: arb) -> acb:
    """A ball that contains every complex number of modulus up to `radius`."""
    around = arb(0, radius.upper()) if radius.is_finite() else arb.nan()
    return acb(around, around)


def _simple(method: str) -> Handler:
    """A function that is meromorphic in its argument: balls at its poles are not finite
    by themselves."""

    def handler(ev: Evaluator, node: sp.Basic, scope: Scope) -> acb:
        return getattr(ev(_only(node), scope), method)()

    return handler


def _only(node: sp.Basic) -> sp.Expr:
    """The argument of a function of one; SymPy has several of the same name with more
    (zeta, erfinv)."""
    if len(node.args) != 1:
        raise CannotEnclose(node, "known here for one argument alone")
    return node.args[0]


def _cut(method: str, on_cut: Callable[[acb], bool]) -> Handler:
    """A function with a branch cut: where holomorphy is asked, a ball that may meet the
    cut gives no finite value."""

    def handler(ev: Evaluator, node: sp.Basic, scope: Scope) -> acb:
        ball = ev(_only(node), scope)
        if on_cut(ball) and ev.holomorphic(node.args[0], scope):
            return _NAN
        return getattr(ball, method)()

    return handler


def _left(ball: acb, end: int | arb) -> bool:
    """May the ball meet the ray (-oo, end] of the real line?"""
    return not (ball.imag > 0 or ball.imag < 0 or ball.real > end)


def _beyond_one(ball: acb) -> bool:
    return _left(ball, -1) or _left(-ball, -1)


def _beyond_i(ball: acb) -> bool:
    return _beyond_one(acb(-ball.imag, ball.real))


def _log(ev: Evaluator, node: sp.log, scope: Scope) -> acb:
    return ev(_only(node), scope).log(ev.holomorphic(node.args[0], scope))


def _lambertw(ev: Evaluator, node: sp.LambertW, scope: Scope) -> acb:
    ball, branch = ev(node.args[0], scope), ev.integer(node.args[1], scope) if len(node.args) == 2 else 0
    end = 0 if branch else -(arb.const_e() ** -1)
    if ev.holomorphic(node.args[0], scope) and _left(ball, end):
        return _NAN
    return ball.lambertw(branch)


def _inverse_error(name: str) -> Handler:
    def handler(ev: Evaluator, node: sp.Basic, scope: Scope) -> acb:
        if ev.holomorphic(_only(node), scope):
            return _NAN  # known on the real line alone
        return acb(getattr(ev.real(node.args[0], scope), name)())

    return handler


def _abs(ev: Evaluator, node: sp.Abs, scope: Scope) -> acb:
    arg = node.args[0]
    ball = ev(arg, scope)
    if not ev.holomorphic(arg, scope):
        return acb(abs(ball))
    if arg.is_extended_real:
        return ball.real_abs(True)
    return (ball * ev.conjugate(arg, scope)).sqrt(True)


def _sign(ev: Evaluator, node: sp.sign, scope: Scope) -> acb:
    arg = node.args[0]
    ball = ev(arg, scope)
    if ev.holomorphic(arg, scope):
        return ball.real_sgn(True) if arg.is_extended_real else ball / (ball * ev.conjugate(arg, scope)).sqrt(True)
    if ball.imag == 0:
        return ball.real_sgn()
    return _disc(arb(1)) if ball.contains(0) or not ball.is_finite() else ball / abs(ball)


def _conjugate(ev: Evaluator, node: sp.conjugate, scope: Scope) -> acb:
    return ev.conjugate(node.args[0], scope)


def _re(ev: Evaluator, node: sp.re, scope: Scope) -> acb:
    ball = ev(node.args[0], scope)
    return (ball + ev.conjugate(node.args[0], scope)) / 2 if ev.holomorphic(node, scope) else acb(ball.real)


def _im(ev: Evaluator, node: sp.im, scope: Scope) -> acb:
    ball = ev(node.args[0], scope)
    return (ball - ev.conjugate(node.args[0], scope)) / acb(0, 2) if ev.holomorphic(node, scope) else acb(ball.imag)


def _arg(ev: Evaluator, node: sp.arg, scope: Scope) -> acb:
    ball = ev(node.args[0], scope)
    return _NAN if ev.holomorphic(node, scope) or ball.contains(0) else acb(ball.arg())


def _atan2(ev: Evaluator, node: sp.atan2, scope: Scope) -> acb:
    if ev.holomorphic(node, scope):
        return _NAN
    y, x = (ev.real(arg, scope) for arg in node.args)
    return _NAN if y.contains(0) and x.contains(0) else acb(arb.atan2(y, x))


def _round(method: str) -> Handler:
    def handler(ev: Evaluator, node: sp.Basic, scope: Scope) -> acb:
        if ev.holomorphic(node, scope):
            return getattr(ev(node.args[0], scope), f"real_{method}")(True)
        exact = ev.exactly(node, scope)
        return acb(getattr(ev.real(node.args[0], scope), method)()) if exact is None else acb(int(exact))

    return handler


def _heaviside(ev: Evaluator, node: sp.Heaviside, scope: Scope) -> acb:
    if ev.holomorphic(node, scope):
        return ev(node.args[0], scope).real_heaviside(True)
    x = ev.real(node.args[0], scope)
    if x > 0 or x < 0:
        return acb(int(x > 0))
    return _NAN if x.is_exact() else acb(arb(0).union(arb(1)).union(ev.real(node.args[1], scope)))


def _extreme(name: str) -> Handler:
    def handler(ev: Evaluator, node: sp.Basic, scope: Scope) -> acb:
        first, *rest = node.args
        if ev.holomorphic(node, scope):
            best = ev(first, scope)
            for arg in rest:
                best = getattr(best, f"real_{name}")(ev(arg, scope), True)
            return best
        real = ev.real(first, scope)
        for arg in rest:
            real = getattr(real, name)(ev.real(arg, scope))
        return acb(real)

    return handler


def _piecewise(ev: Evaluator, node: sp.Piecewise, scope: Scope) -> acb:
    hull = ev.hull(node, scope, isinstance(node, Interior))
    return _NAN if hull is None else hull


def _kronecker(ev: Evaluator, node: sp.KroneckerDelta, scope: Scope) -> acb:
    equal = ev.decide(sp.Eq(node.args[0], node.args[1], evaluate=False), scope)
    return acb(0, arb.nan()) if equal is None else acb(int(equal))


def _repeated(ev: Evaluator, node: ExprWithLimits, scope: Scope) -> acb:
    """Finite sums and products, by Karr's convention for reversed limits: sum over m..n
    is minus the sum over n+1..m-1."""
    summing = isinstance(node, sp.Sum)

    def level(limits: Sequence[sp.Tuple], scope: Scope) -> acb:
        if not limits:
            return ev(node.function, scope)
        symbol, lower, upper = limits[-1]
        start, stop = ev.integer(lower, scope), ev.integer(upper, scope) + 1
        backwards = stop < start
        if abs(stop - start) > _TERMS:
            raise CannotEnclose(
                node, f"{abs(stop - start)} terms are more than the {_TERMS} that are evaluated one by one"
            )
        total = acb(0 if summing else 1)
        for index in range(min(start, stop), max(start, stop)):
            term = level(limits[:-1], ev.index_scope(scope, symbol, acb(index), index))
            total = total + term if summing else total * term
        return total if not backwards else -total if summing else 1 / total

    return level(node.limits, scope)


def _integral(ev: Evaluator, node: sp.Integral, scope: Scope) -> acb:
    return _over(ev, node, tuple(node.limits), scope)


def _over(ev: Evaluator, node: sp.Integral, limits: _Limits, scope: Scope) -> acb:
    """The integral over the innermost `limits`, the others being fixed by `scope`."""
    if not limits:
        return ev(node.function, scope)
    _, lower, upper = limits[-1]
    goal = min(_goal(ctx.prec, 24), 10 + scope.sharpness(frozenset().union(*map(ev.depends, (node.function, *limits)))))
    if not (lower.is_infinite or upper.is_infinite):
        return _between(ev, node, limits, (lower, upper), scope, goal=goal)
    pieces, tail = truncate(ev, node, limits, scope, goal)
    total = _disc(tail)
    for sign, ends in pieces:
        total = total + sign * _between(ev, node, limits, ends, scope, goal=goal)
    return total


def _between(
    ev: Evaluator, node: sp.Integral, limits: _Limits, ends: tuple[sp.Expr, sp.Expr], scope: Scope, *, goal: int
) -> acb:
    """The integral over `limits`, the outermost of them running between the finite
    `ends`."""
    symbol = limits[-1][0]
    complex_limits = any(ev.holomorphic(end, scope) for end in ends)
    start, stop = (ev(end, scope) if complex_limits else acb(ev.real(end, scope)) for end in ends)
    width = stop - start
    if width.is_zero() or not width.is_finite():
        return width
    failures: list[BaseException] = []

    def integrand(s: acb, analytic: bool) -> acb:
        ev.calls += 1
        if failures or ev.calls > _CALLS:
            return _NAN
        try:
            return _over(
                ev, node, limits[:-1], ev.running(scope, symbol, start + width * s, analytic or complex_limits)
            )
        except (CannotEnclose, KeyboardInterrupt) as failure:  # C code is above: no exception may pass through it
            failures.append(failure)
            return _NAN

    effort = 2000 + 100 * ctx.prec if goal > 50 else 200  # wide parameters need a rough bound only
    accuracy = arb(2) ** -goal
    mean = acb.integral(
        integrand, 0, 1, rel_tol=accuracy, abs_tol=accuracy / (1 + abs(width)).upper(), eval_limit=effort
    )
    if failures:
        raise failures[0]
    if ev.calls > _CALLS:
        raise CannotEnclose(node, f"more than {_CALLS} evaluations of integrands at {ctx.prec} bits")
    return width * mean


def _undefined(ev: Evaluator, node: AppliedUndef, scope: Scope) -> acb:
    return ev.apply(node, node.func, (0,) * len(node.args), node.args, scope)


def _derivative(ev: Evaluator, node: sp.Derivative, scope: Scope) -> acb:
    """The derivative of an undefined function by its own arguments; all others were
    performed before."""
    inner = node.expr
    if not isinstance(inner, AppliedUndef):
        raise CannotEnclose(node, "SymPy has no closed form for this derivative")
    orders = [0] * len(inner.args)
    for variable, order in node.variable_count:
        places = [i for i, arg in enumerate(inner.args) if arg.has(variable)]
        if len(places) != 1 or inner.args[places[0]] != variable or not order.is_Integer:
            raise CannotEnclose(node, f"not a derivative of fixed order by one argument of {inner.func.__name__}")
        orders[places[0]] += int(order)
    return ev.apply(node, inner.func, tuple(orders), inner.args, scope)


def _subs(ev: Evaluator, node: sp.Subs, scope: Scope) -> acb:
    return ev(node.expr, ev.bind(tuple(node.variables), tuple(node.point), scope, scope))


def _determinant(ev: Evaluator, node: sp.Determinant, scope: Scope) -> acb:
    return _matrix(ev, node.arg, scope).det()


def _trace(ev: Evaluator, node: sp.Trace, scope: Scope) -> acb:
    matrix = _matrix(ev, node.arg, scope)
    total = acb(0)
    for i in range(matrix.nrows()):
        total = total + matrix[i, i]
    return total


def _matrix(ev: Evaluator, node: sp.Basic, scope: Scope) -> acb_mat:
    rows = node.as_explicit().tolist()
    return acb_mat([[ev(entry, scope) for entry in row] for row in rows])


def _rational(ev: Evaluator, node: sp.Rational, scope: Scope) -> acb:
    return acb(fmpq(node.p, node.q))


def _inherited(node: sp.Basic) -> Handler:
    """The handler of a base class, for SymPy's classes of single numbers and our own
    Piecewise."""
    for kind in (AppliedUndef, sp.Rational, sp.Symbol, sp.Piecewise):
        if isinstance(node, kind) and not isinstance(node, sp.Float):
            return _HANDLERS[kind]
    reason = (
        "a float is not exact: write a Rational"
        if isinstance(node, sp.Float)
        else "no rigorous enclosure is known for it"
    )
    raise CannotEnclose(node, reason)


_HANDLERS: dict[type, Handler] = {
    sp.Symbol: _symbol, sp.Dummy: _symbol, sp.Rational: _rational, sp.Integer: _rational, sp.Add: _add, sp.Mul: _mul,
    sp.Pow: _pow, sp.log: _log, sp.LambertW: _lambertw, sp.Abs: _abs, sp.sign: _sign, sp.conjugate: _conjugate, sp.re: _re,
    sp.im: _im, sp.arg: _arg, sp.atan2: _atan2, sp.Heaviside: _heaviside, sp.Piecewise: _piecewise, sp.beta: factorials.beta,
    sp.factorial: factorials.factorial, sp.binomial: factorials.binomial, sp.polygamma: factorials.polygamma, sp.KroneckerDelta: _kronecker,
    AppliedUndef: _undefined, sp.Derivative: _derivative, sp.Subs: _subs,
    sp.Sum: _repeated, sp.Product: _repeated, sp.Integral: _integral, sp.Determinant: _determinant, sp.Trace: _trace,
    sp.RisingFactorial: factorials.power(rising=True), sp.FallingFactorial: factorials.power(rising=False),
    sp.Max: _extreme("max"), sp.Min: _extreme("min"), sp.floor: _round("floor"), sp.ceiling: _round("ceil"),
    sp.erfinv: _inverse_error("erfinv"), sp.erfcinv: _inverse_error("erfcinv"),
    type(sp.pi): lambda *_: acb.pi(), type(sp.E): lambda *_: acb(arb.const_e()), type(sp.I): lambda *_: acb(0, 1),
    type(sp.EulerGamma): lambda *_: acb(arb.const_euler()), type(sp.Catalan): lambda *_: acb(arb.const_catalan()),
    type(sp.GoldenRatio): lambda *_: acb((1 + arb(5).sqrt()) / 2),
    sp.asin: _cut("asin", _beyond_one), sp.acos: _cut("acos", _beyond_one), sp.atanh: _cut("atanh", _beyond_one),
    sp.atan: _cut("atan", _beyond_i), sp.asinh: _cut("asinh", _beyond_i), sp.acosh: _cut("acosh", lambda z: _left(z, 1)),
    sp.loggamma: _cut("lgamma", lambda z: _left(z, 0)), sp.Ei: _cut("ei", lambda z: _left(z, 0)),
    sp.gamma: _simple("gamma"), sp.digamma: _simple("digamma"),
    **{getattr(sp, name): _simple(name) for name in
       ("exp", "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "sech", "csch", "sinc",
        "erf", "erfc", "erfi", "zeta")},
}  # fmt: skip


# -- the public surface -------------------------------------------------------------------------------------------------


def enclose(expr: sp.Expr, instantiation: Instantiation, bits: int = 256, cap: int = 4096) -> acb:
    """A complex ball that contains the value of `expr` at `instantiation`; real parts
    and imaginary parts are balls.

    Undefined functions are replaced by their laws, derivatives are taken symbolically,
    everything else is evaluated in ball arithmetic at `bits` bits, then at twice as
    many and so on, until the radius is at most ``2^-min(200, bits - 56)`` relative to
    ``max(1, |value|)``, or `cap` is reached, or doubling the bits gains nothing more.

    Returns:
        The best ball. It is rigorous in any case; ask :func:`radius_bits` whether it is
        as narrow as you need.
    Raises:
        CannotEnclose: a node has no rigorous enclosure, or no finite one up to `cap`
            bits; it names the node.
        TypeError: `expr` is not a scalar SymPy expression (use :func:`entries` on a
            matrix).
    """
    if isinstance(expr, sp.MatrixBase) or not isinstance(expr, sp.Expr):
        raise TypeError(
            f"Expected a scalar SymPy expression, got {type(expr).__name__}. Enclose a matrix by its entries()."
        )
    prepared, goal = prepare(expr), _goal(bits)
    best, reached, blame = None, -1, None
    while True:
        evaluator = _evaluator(instantiation)
        with ctx.workprec(bits):
            ball = evaluator(prepared, evaluator.root)
        blame = blame or evaluator.blame
        if ball.is_finite():
            sharpness = radius_bits(ball)
            stalled = best is not None and sharpness < reached + 16
            if best is None or sharpness > reached:
                best, reached = ball, sharpness
            if reached >= goal or stalled:
                return best
        bits *= 2
        if bits > cap or (evaluator.calls and best is None and bits > 1024):
            break
    if best is None:
        raise CannotEnclose(
            blame, "its ball is not finite at any precision tried (a pole, or a kink at the very point?)"
        )
    return best


def _goal(bits: int, extra: int = 0) -> int:
    """How narrow a ball should get at `bits` working bits: radius 2^-goal."""
    return max(8, bits - 56 + extra) if bits <= 256 else max(TARGET_BITS + extra, bits // 2)


def _evaluator(instantiation: Instantiation) -> Evaluator:
    return Evaluator(instantiation.symbols, instantiation.functions, _HANDLERS, _inherited)


def widen(ball: acb, by: acb) -> acb:
    """The ball made wider by the size of another on every side: for what a computation
    left out and that other ball bounds.

    >>> contains_zero(widen(acb(1), acb(2)))
    True
    """
    with ctx.workprec(8192):  # so that the sum rounds nothing away
        return ball + _disc(by.abs_upper())


def contains_zero(ball: acb | arb) -> bool:
    """Whether zero lies in the ball (False also where the ball is not finite: nothing
    is known then)."""
    return bool(ball.is_finite() and ball.contains(0))


def excludes_zero(ball: acb | arb) -> bool:
    """Whether the ball proves that the value is not zero."""
    return bool(ball.is_finite() and not ball.contains(0))


def radius_bits(ball: acb | arb) -> int:
    """The largest k, at most 10^6, with radius <= 2^-k max(1, |midpoint|); -10^6 where
    the ball is not finite or wider."""
    if not ball.is_finite():
        return -1_000_000
    ball = acb(ball)
    with ctx.workprec(64):
        radius = (ball.real.rad() + ball.imag.rad()).upper()
        if radius == 0:
            return 1_000_000
        scale = arb(1).max(ball.real.mid().abs_lower()).max(ball.imag.mid().abs_lower())
        bits = -((radius / scale).log() / arb.const_log2()).upper()
        return int(bits.floor().unique_fmpz())


def exclusion_margin(ball: acb | arb) -> float:
    """By what factor a ball excludes zero: (lower bound of |value|) / max(radius,
    2^-200). At least 0; 0 when zero is inside."""
    if not excludes_zero(ball):
        return 0.0
    ball = acb(ball)
    with ctx.workprec(64):
        radius = (ball.real.rad() + ball.imag.rad()).max(arb(2) ** -TARGET_BITS)
        margin = (ball.abs_lower() / radius).min(arb(2) ** 1000)
        return float(margin.mid())


def proves(relation: Boolean, instantiation: Instantiation, bits: int = 96) -> bool:
    """Whether balls prove a relation, or an And, Or, Not of some, at `instantiation`.
    False where they do not say."""
    with ctx.workprec(bits):
        evaluator = _evaluator(instantiation)
        return evaluator.decide(prepare(relation), evaluator.root) is True
