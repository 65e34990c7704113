"""Limits by the laws of limits, for all values of the parameters.

SymPy takes the limit of (e^(a t) - 1 - 100 t) / (e^(a t) - 1 - 100 t + t^2) for t to 0
to be 1, which is false at a = 100. Here a sum, product or power has a limit where its
parts have limits and the form is determinate; 0 times infinity is 0 where powers and
logarithms are outweighed; a quotient of polynomials goes by leading coefficients that
are known not to vanish. What these laws do not give stays as it stands.
"""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportReturnType=false, reportOperatorIssue=false, reportIndexIssue=false, reportGeneralTypeIssues=false, reportOptionalMemberAccess=false
# SymPy declares the arguments of a node as Basic, whatever they are.

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

_AT_INFINITY = {sp.erf: (1, -1), sp.tanh: (1, -1), sp.atan: (sp.pi / 2, -sp.pi / 2), sp.exp: (sp.oo, sp.S.Zero)}
_CONTINUOUS = (sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.tanh, sp.erf, sp.erfc, sp.atan, sp.asinh)


def with_limits(expr: Any) -> Any:
    """``expr`` with its limits taken: balls know none."""
    if not expr.has(sp.Limit):
        return expr
    return expr.replace(lambda node: isinstance(node, sp.Limit), limit_of)


def limit_of(node: sp.Limit) -> sp.Expr:
    """The limit, or ``node`` as it stands where no law gives it."""
    inner, variable, point, side = node.args
    s = sp.Dummy("s", positive=True)
    if str(side) not in "+-" or inner.has(sp.Derivative, sp.Integral, sp.Sum, sp.Product, sp.Subs, sp.Limit):
        return node
    if point.is_infinite:
        place = s if point.is_extended_positive else -s
    else:
        place = point + 1 / s if str(side) == "+" else point - 1 / s
    value = _limit(sp.expand_log(inner.subs(variable, place), force=False), s)
    if value is None:
        value = _limit(sp.expand(sp.expand_log(sp.expand(inner.subs(variable, place)))), s)
    return node if value is None else value


def _limit(expr: sp.Expr, s: sp.Symbol) -> sp.Expr | None:
    """The limit for s to infinity, a number, oo or -oo; None where no law gives it."""
    if not expr.has(s):
        return None if expr.has(sp.nan, sp.zoo) else expr
    if expr == s:
        return sp.oo
    if isinstance(expr, sp.Add):
        found = _of_sum([_limit(part, s) for part in expr.args])
    elif isinstance(expr, sp.Mul):
        found = _of_product([_limit(part, s) for part in expr.args])
    elif isinstance(expr, sp.Pow) and not isinstance(expr, sp.exp):
        found = _of_power(expr, s)
    elif isinstance(expr, sp.log):
        found = _of_logarithm(expr.args[0], s)
    else:
        found = _of_function(expr, s)
    if found is None:
        found = _of_quotient(expr, s)
    if found is None and (lead := _leading(expr, s)) is not None and lead != expr:
        found = _limit(lead, s)
    if found is None and expr.is_Add:
        simpler = sp.expand(sp.Add(*(_log_of_leading(term, s) for term in expr.args)))
        found = _limit(simpler, s) if simpler != expr else None
    if found is None and (order := _order(expr, s)) is not None and order.vanishes:
        return sp.S.Zero
    return found


def _of_sum(parts: list[sp.Expr | None]) -> sp.Expr | None:
    if None in parts:
        return None
    endless = {part for part in parts if part.is_infinite}
    if not endless:
        return sp.Add(*parts)
    return endless.pop() if len(endless) == 1 and endless <= {sp.oo, -sp.oo} else None


def _of_product(parts: list[sp.Expr | None]) -> sp.Expr | None:
    if None in parts:
        return None
    if not any(part.is_infinite for part in parts):
        return sp.Mul(*parts)
    if all(part.is_extended_positive or part.is_extended_negative for part in parts):
        return -sp.oo if sum(bool(part.is_extended_negative) for part in parts) % 2 else sp.oo
    return None


def _of_power(expr: sp.Pow, s: sp.Symbol) -> sp.Expr | None:
    base, exponent = expr.base, expr.exp
    if exponent.has(s):
        return _of_moving_exponent(base, exponent, s)
    value = _limit(base, s)
    if value is None:
        return None
    if value == sp.oo:
        return sp.oo if exponent.is_positive else sp.S.Zero if exponent.is_negative else None
    if value == -sp.oo:
        whole = exponent.is_Integer
        return None if not whole else (sp.S.NegativeOne**exponent * sp.oo if exponent > 0 else sp.S.Zero)
    if value.is_zero:
        if exponent.is_positive:
            return sp.S.Zero
        return sp.oo if exponent.is_negative and base.is_positive else None
    if value.is_positive or (exponent.is_Integer and (exponent > 0 or value.is_zero is False)):
        return value**exponent
    return None


def _of_moving_exponent(base: sp.Expr, exponent: sp.Expr, s: sp.Symbol) -> sp.Expr | None:
    """b^e as exp(e log b), and with b - 1 for log b where b tends to 1."""
    if not base.has(s):
        return _of_function(sp.exp(exponent * sp.log(base), evaluate=False), s) if base.is_positive else None
    value = _limit(base, s)
    if value is None or value.is_positive is not True:
        return None
    slope = _limit(sp.expand(exponent * (base - 1)), s) if value == 1 else None
    return None if slope is None or slope.is_infinite else sp.exp(slope)


def _of_logarithm(inner: sp.Expr, s: sp.Symbol) -> sp.Expr | None:
    value = _limit(inner, s)
    if value is None:
        return None
    if value == sp.oo or value.is_positive:
        return sp.log(value)
    return -sp.oo if value.is_zero and inner.is_positive else None


def _of_function(expr: sp.Expr, s: sp.Symbol) -> sp.Expr | None:
    """Of functions that are continuous on the line, with their ends where they have
    some."""
    if not isinstance(expr, _CONTINUOUS):
        return None
    value = _limit(expr.args[0], s)
    if value is None:
        return None
    if value.is_infinite:
        ends = next((ends for kind, ends in _AT_INFINITY.items() if isinstance(expr, kind)), None)
        return None if ends is None else sp.S(ends[0] if value == sp.oo else ends[1])
    return expr.func(value) if value.is_finite is not False else None


def _of_quotient(expr: sp.Expr, s: sp.Symbol) -> sp.Expr | None:
    """A quotient of polynomials by its leading terms, if neither can vanish."""
    if not expr.is_rational_function(s):
        return None
    above, below = (sp.Poly(part, s) for part in sp.fraction(sp.together(expr)))
    lead = [part.LC() for part in (above, below)]
    if any(part.is_zero is not False for part in lead):
        return None
    gap = above.degree() - below.degree()
    if gap < 0:
        return sp.S.Zero
    if gap == 0:
        return lead[0] / lead[1]
    sign = lead[0] / lead[1]
    return sp.oo if sign.is_positive else -sp.oo if sign.is_negative else None


def _leading(expr: sp.Expr, s: sp.Symbol) -> sp.Expr | None:
    """A term c e^(r s) s^p, c not 0, whose ratio to ``expr`` tends to 1."""
    if not expr.has(s):
        return expr if expr.is_zero is False else None
    if expr.is_Add:
        terms = [_leading(part, s) for part in expr.args]
        orders: list = [None if term is None else _order(term, s) for term in terms]
        if None in orders:
            return None
        for k, order in enumerate(orders):
            others = [*orders[:k], *orders[k + 1 :]]
            if all(order.covers(other) and not other.covers(order) for other in others):
                return terms[k]
        return None
    if expr.is_Mul:
        parts = [_leading(part, s) for part in expr.args]
        return None if None in parts else sp.Mul(*parts)
    if isinstance(expr, sp.Pow) and not isinstance(expr, sp.exp) and expr.exp.is_Integer:
        inner = _leading(expr.base, s)
        return None if inner is None else inner**expr.exp
    if expr == s:
        return s
    return expr if isinstance(expr, sp.exp) and _order_of_exponential(expr, s) is not None else None


def _log_of_leading(term: sp.Expr, s: sp.Symbol) -> sp.Expr:
    """c log(f) with its leading term for f, which changes it by what tends to 0; other
    terms as they are."""
    factor, rest = term.as_independent(s, as_Add=False)
    if not isinstance(rest, sp.log) or rest.args[0].is_positive is not True:
        return term
    lead = _leading(rest.args[0], s)
    return term if lead is None else factor * sp.expand_log(sp.log(lead))


@dataclass(frozen=True)
class _Order:
    """That something is O(e^(rate s) s^power log(s)^logs)."""

    rate: sp.Expr
    power: sp.Expr
    logs: sp.Expr

    @property
    def vanishes(self) -> bool:
        """Whether it tends to 0."""
        for part in (self.rate, self.power, self.logs):
            if part.is_negative:
                return True
            if part.is_zero is not True:
                return False
        return False

    def times(self, other: _Order) -> _Order:
        return _Order(self.rate + other.rate, self.power + other.power, self.logs + other.logs)

    def covers(self, other: _Order) -> bool:
        """Whether it is at least as large."""
        for mine, theirs in ((self.rate, other.rate), (self.power, other.power), (self.logs, other.logs)):
            if (mine - theirs).is_positive:
                return True
            if (mine - theirs).is_zero is not True:
                return False
        return True


_BOUNDED = _Order(sp.S.Zero, sp.S.Zero, sp.S.Zero)


def _order(expr: sp.Expr, s: sp.Symbol) -> _Order | None:
    """A bound of the size for large s."""
    if not expr.has(s):
        return _BOUNDED
    if expr == s:
        return _Order(sp.S.Zero, sp.S.One, sp.S.Zero)
    if isinstance(expr, sp.Mul):
        total = _BOUNDED
        for part in expr.args:
            order = _order(part, s)
            if order is None:
                return None
            total = total.times(order)
        return total
    if isinstance(expr, sp.Add):
        orders: list = [_order(part, s) for part in expr.args]
        if None in orders:
            return None
        return next((one for one in orders if all(one.covers(other) for other in orders)), None)
    if isinstance(expr, sp.exp) or (isinstance(expr, sp.Pow) and expr.exp.has(s)):
        return _order_of_exponential(expr, s)
    if isinstance(expr, sp.Pow) and expr.base == s and expr.exp.is_real:
        return _Order(sp.S.Zero, expr.exp, sp.S.Zero)
    if isinstance(expr, sp.Pow) and expr.exp.is_real and expr.exp.is_positive:
        inner = _order(expr.base, s)
        return inner and _Order(*(part * expr.exp for part in (inner.rate, inner.power, inner.logs)))
    value = _limit_of_parts(expr, s)
    if value is not None and value.is_finite:
        return _BOUNDED
    if isinstance(expr, sp.log) and expr.args[0].is_positive and expr.args[0].is_rational_function(s):
        return _Order(sp.S.Zero, sp.S.Zero, sp.S.One)
    return None


def _order_of_exponential(expr: sp.Expr, s: sp.Symbol) -> _Order | None:
    if isinstance(expr, sp.Pow) and not isinstance(expr, sp.exp):
        if not (expr.base.is_positive and not expr.base.has(s)):
            return None
        exponent = expr.exp * sp.log(expr.base)
    else:
        exponent = expr.args[0]
    if not exponent.is_polynomial(s) or sp.degree(exponent, s) > 1 or exponent.is_extended_real is not True:
        return None
    return _Order(sp.expand(exponent).coeff(s, 1), sp.S.Zero, sp.S.Zero)


def _limit_of_parts(expr: sp.Expr, s: sp.Symbol) -> sp.Expr | None:
    """As :func:`_limit`, without asking for orders again."""
    if isinstance(expr, sp.Pow) and not isinstance(expr, sp.exp):
        return _of_power(expr, s)
    return _of_logarithm(expr.args[0], s) if isinstance(expr, sp.log) else _of_function(expr, s)
