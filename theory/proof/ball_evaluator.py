"""The walk over an expression that ball arithmetic shares: scopes of bound variables,
caches, undefined functions, decisions.

No number is computed here: the handlers of :mod:`theory.proof.balls` do that. What this
module keeps straight is *where* a node is evaluated (in the innermost scope on whose
variable it depends), and *whether it has to be holomorphic there*.
"""

# pyright: reportArgumentType=false, reportGeneralTypeIssues=false, reportIndexIssue=false, reportReturnType=false
# SymPy declares the arguments of a node as Basic, whatever they are.

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy.concrete.expr_with_limits import ExprWithLimits

from theory.proof.instances import Law
from theory.proof.prepare import CannotEnclose

Ball = Any  # flint.acb, or flint.arb where a value is real: not named here, so that this module loads without flint
Handler = Callable[["Evaluator", Any, "Scope"], Ball]
_RELATIONS = {
    sp.Eq: "=",
    sp.Ne: "!",
    sp.StrictGreaterThan: ">",
    sp.GreaterThan: ">=",
    sp.StrictLessThan: "<",
    sp.LessThan: "<=",
}


class Scope:
    """Bound variables with their balls.

    `holomorphic` are the variables that run over complex balls just now, so that what
    depends on them has to be holomorphic. `exact` holds exact values where there are
    some. `reflect` makes the scope in which the variables of all integrals around are
    conjugated. `cache` keeps the balls of the nodes that belong here.
    """

    __slots__ = ("applications", "cache", "exact", "holomorphic", "mirror", "parent", "reflect", "values")

    def __init__(
        self,
        parent: Scope | None,
        values: Mapping[sp.Symbol, Ball],
        holomorphic: frozenset[sp.Symbol] = frozenset(),
        reflect: Callable[[], Scope] | None = None,
    ) -> None:
        self.parent, self.values, self.holomorphic, self.reflect = parent, values, holomorphic, reflect
        self.exact: Mapping[sp.Symbol, sp.Expr] = {}
        self.mirror: Scope | None = None
        self.cache: dict[int, Ball] = {}
        self.applications: dict[tuple, Scope] = {}

    def sharpness(self, names: frozenset[sp.Symbol]) -> int:
        """About -log2 of the widest ball among these variables: no value that depends
        on them gets sharper."""
        least, scope = 1_000_000, self
        while scope.parent is not None:
            for name in names & scope.values.keys():
                mantissa, exponent = (scope.values[name].real.rad() + scope.values[name].imag.rad()).man_exp()
                if mantissa:
                    least = min(least, max(0, -int(exponent) - int(mantissa).bit_length()))
            scope = scope.parent
        return least


class Evaluator:
    """Evaluates one prepared expression at one working precision.

    Args:
        symbols: exact values of the free symbols.
        functions: laws of the undefined functions.
        handlers: kind of node -> handler; `fallback(node)` finds one for other kinds or
            raises CannotEnclose.
    """

    def __init__(
        self,
        symbols: Mapping[sp.Symbol, sp.Expr],
        functions: Mapping[Any, sp.Lambda | Law],
        handlers: Mapping[type, Handler],
        fallback: Callable[[sp.Basic], Handler],
    ) -> None:
        self.symbols, self.functions, self.handlers, self.fallback = symbols, functions, handlers, fallback
        self.root = Scope(None, {})
        self.root.exact = symbols
        self.blame: sp.Basic | None = None
        self.calls = 0
        self._plans: dict[sp.Basic, tuple[int, Handler, frozenset[sp.Symbol]]] = {}
        self._depends: dict[sp.Basic, frozenset[sp.Symbol]] = {}
        self._binders: set[sp.Symbol] = set()
        self._laws: dict[int, tuple[Law, Scope]] = {}

    def __call__(self, node: sp.Basic, scope: Scope) -> Ball:
        """The ball of `node`, computed once in the innermost scope on whose variables
        it depends."""
        plan = self._plans.get(node)
        if plan is None:
            plan = len(self._plans), self.handlers.get(type(node)) or self.fallback(node), self.depends(node)
            self._plans[node] = plan
        index, handler, depends = plan
        while scope.parent is not None and depends.isdisjoint(scope.values):
            scope = scope.parent
        ball = scope.cache.get(index)
        if ball is None:
            ball = scope.cache[index] = handler(self, node, scope)
            if scope is self.root and self.blame is None and not ball.is_finite():
                self.blame = node
        return ball

    def depends(self, node: sp.Basic) -> frozenset[sp.Symbol]:
        """The bound variables that occur free in `node`."""
        found = self._depends.get(node)
        if found is None:
            own: set[sp.Symbol] = set()
            if isinstance(node, ExprWithLimits):
                own = {limit[0] for limit in node.limits}
            elif isinstance(node, sp.Subs):
                own = set(node.variables)
            self._binders |= own
            if isinstance(node, sp.Symbol):
                found = frozenset((node,)) if node in self._binders else frozenset()
            elif isinstance(node, sp.Subs):
                found = (self.depends(node.expr) - own).union(*map(self.depends, node.point))
            else:
                found = frozenset().union(*map(self.depends, node.args)) - own
            self._depends[node] = found
        return found

    def holomorphic(self, node: sp.Basic, scope: Scope) -> bool:
        """Whether `node` has to be holomorphic on its ball: it depends on a variable
        that runs over complex balls now."""
        depends, at = self.depends(node), scope
        while at is not None:
            if at.holomorphic and not depends.isdisjoint(at.holomorphic):
                return True
            at = at.parent
        return False

    def conjugate(self, node: sp.Basic, scope: Scope) -> Ball:
        """The conjugate of `node`; where holomorphy is asked, conj(g(conj z)), which
        continues it off the real line."""
        at = self.mirror(scope) if self.holomorphic(node, scope) else scope
        return self(node, at).conjugate()

    def mirror(self, scope: Scope) -> Scope:
        """`scope` with the variables of the integrals around it conjugated."""
        if scope.reflect is None:
            return scope
        if scope.mirror is None:
            scope.mirror = scope.reflect()
            scope.mirror.mirror = scope
        return scope.mirror

    # -- binding ----------------------------------------------------------------------------------------------------------

    def bind(self, names: tuple[sp.Symbol, ...], args: tuple[sp.Basic, ...], scope: Scope, inside: Scope) -> Scope:
        """A scope within `inside` where `names` stand for the values that `args` have
        in `scope`."""
        holomorphic = frozenset(name for name, arg in zip(names, args, strict=True) if self.holomorphic(arg, scope))

        def reflect() -> Scope:
            return self.bind(names, args, self.mirror(scope), self.mirror(inside))

        values = {}
        for name, arg in zip(names, args, strict=True):
            asked = name.is_extended_real and name not in holomorphic  # off the real line, the flag takes care of it
            values[name] = self(arg, scope) if not asked else self(arg, scope) * 0 + self.real(arg, scope)
        bound = Scope(inside, values, holomorphic, reflect)
        bound.exact = {name: value for name, arg in zip(names, args, strict=True)
                       if (value := self.exactly(arg, scope)) is not None}  # fmt: skip
        return bound

    def running(self, scope: Scope, symbol: sp.Symbol, value: Ball, holomorphic: bool) -> Scope:
        """The scope of an integration variable."""

        self._binders.add(symbol)

        def reflect() -> Scope:
            return self.running(self.mirror(scope), symbol, value.conjugate(), holomorphic)

        return Scope(scope, {symbol: value}, frozenset((symbol,)) if holomorphic else frozenset(), reflect)

    def index_scope(self, scope: Scope, symbol: sp.Symbol, value: Ball, index: int) -> Scope:
        """The scope of a summation index."""
        self._binders.add(symbol)
        inner = Scope(
            scope, {symbol: value}, reflect=lambda: self.index_scope(self.mirror(scope), symbol, value, index)
        )
        inner.exact = {symbol: sp.Integer(index)}
        return inner

    def apply(
        self, node: sp.Basic, function: Any, orders: tuple[int, ...], args: tuple[sp.Basic, ...], scope: Scope
    ) -> Ball:
        """The derivative of the given orders of the law of `function`, at the values of
        `args`."""
        law, base = self._law(node, function)
        if len(law.variables) != len(args):
            raise CannotEnclose(node, f"its law takes {len(law.variables)} arguments")
        key = (id(function), args)  # hashing an undefined function is slow; the expression keeps it alive
        if key not in scope.applications:
            scope.applications[key] = self.bind(law.variables, args, scope, base)
        return self(law.jet(orders), scope.applications[key])

    def _law(self, node: sp.Basic, function: Any) -> tuple[Law, Scope]:
        if id(function) not in self._laws:
            law = self.functions.get(function)
            if law is None:
                raise CannotEnclose(node, f"the instantiation has no law for the function {function.__name__}")
            law = Law.of(law) if isinstance(law, sp.Lambda) else law
            self._binders.update(law.variables, law.values)
            base = Scope(self.root, {name: self(value, self.root) for name, value in law.values.items()})
            base.exact = law.values
            self._laws[id(function)] = law, base
        return self._laws[id(function)]

    # -- exact values and decisions -----------------------------------------------------------------------------------------

    def real(self, node: sp.Basic, scope: Scope) -> Ball:
        """The real ball of a node that has to be real. Only for nodes of which no
        holomorphy is asked."""
        ball = self(node, scope)
        if ball.imag == 0 or not ball.is_finite():
            return ball.real
        if node.is_extended_real and ball.imag.contains(0):
            return ball.real  # real by the symbols' assumptions: the exact value has no imaginary part
        raise CannotEnclose(
            node, "it is compared, rounded, a limit of integration or put for a real variable, and not certainly real"
        )

    def exactly(self, node: sp.Basic, scope: Scope) -> sp.Expr | None:
        """The exact rational value of `node`, or None where rational arithmetic alone
        does not give it."""
        if node.is_Rational:
            return node
        if not isinstance(node, (sp.Symbol, sp.Add, sp.Mul, sp.Pow, sp.floor, sp.ceiling, sp.Abs, sp.Max, sp.Min)):
            return None
        if isinstance(node, sp.Symbol):
            at: Scope | None = scope
            while at is not None and node not in at.values and at.parent is not None:
                at = at.parent
            value = at.exact.get(node)
            return value if value is not None and value.is_Rational else None
        args: list[Any] = [self.exactly(arg, scope) for arg in node.args]
        if None in args or (isinstance(node, sp.Pow) and not (args[1].is_Integer and abs(args[1]) <= 64)):
            return None
        value = node.func(*args)
        return value if value.is_Rational else None

    def integer(self, node: sp.Basic, scope: Scope) -> int:
        """The exact integer value of `node`, or CannotEnclose."""
        value = self.exactly(node, scope)
        if value is None or not value.is_Integer:
            raise CannotEnclose(node, "an exact integer is needed here (a limit of a sum or product, an order)")
        return int(value)

    def hull(self, node: sp.Piecewise, scope: Scope, strict: bool) -> Ball | None:
        """A ball around the branches that may apply; None where too little is decided
        for one.

        Where holomorphy is asked there has to be one branch for certain, and where
        `strict`, strictly inside its piece.
        """
        hull = None
        for value, condition in node.args:
            decided = self.decide(condition, scope, strict)
            if decided is False:
                continue
            if decided is None and (strict or self.holomorphic(condition, scope)):
                return None
            ball = self(value, scope)
            hull = ball if hull is None else hull.union(ball)
            if decided:
                return hull
        return hull if _exhaustive(node) else None

    def decide(self, condition: sp.Basic, scope: Scope, strict: bool = False) -> bool | None:
        """Whether `condition` holds on the whole ball; None where the balls do not say.
        `strict`: undecided on its boundary.

        Where variables run over complex balls, real parts are compared: what they
        decide holds on the real segment inside.
        """
        if condition in (sp.true, sp.false):
            return condition == sp.true
        if isinstance(condition, sp.Not):
            inner = self.decide(condition.args[0], scope, strict)
            return None if inner is None else not inner
        if isinstance(condition, (sp.And, sp.Or)):
            parts = [self.decide(part, scope, strict) for part in condition.args]
            settled = isinstance(condition, sp.Or)
            return settled if settled in parts else (None if None in parts else not settled)
        if type(condition) not in _RELATIONS:
            raise CannotEnclose(condition, "not a relation that balls can decide")
        sign = _RELATIONS[type(condition)]
        return (
            self._equal(condition, sign, scope, strict)
            if sign in "=!"
            else self._ordered(condition, sign, scope, strict)
        )

    def _equal(self, condition: sp.Basic, sign: str, scope: Scope, strict: bool) -> bool | None:
        left, right = condition.args
        difference = self(left, scope) - self(right, scope)
        if difference.is_finite() and not difference.contains(0):
            return sign == "!"
        exact = self._exact_difference(left, right, scope)
        return None if exact is None or strict else (exact == 0) == (sign == "=")

    def _ordered(self, condition: sp.Basic, sign: str, scope: Scope, strict: bool) -> bool | None:
        left, right = condition.args
        if self.holomorphic(condition, scope):
            difference = (self(left, scope) - self(right, scope)).real
        else:
            difference = self.real(left, scope) - self.real(right, scope)
        if difference > 0 or difference < 0:
            return (sign[0] == ">") == bool(difference > 0)
        if not strict and len(sign) == 2 and (difference >= 0 if sign == ">=" else difference <= 0):
            return True
        exact = self._exact_difference(left, right, scope)
        if exact is None or (exact == 0 and strict):
            return None
        return len(sign) == 2 if exact == 0 else (sign[0] == ">") == bool(exact > 0)

    def _exact_difference(self, left: sp.Expr, right: sp.Expr, scope: Scope) -> sp.Expr | None:
        first, second = self.exactly(left, scope), self.exactly(right, scope)
        return None if first is None or second is None else first - second


@lru_cache(maxsize=512)
def _exhaustive(node: sp.Piecewise) -> bool:
    return sp.Or(*(condition for _, condition in node.args)) == sp.true
