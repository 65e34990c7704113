"""Bring a SymPy expression into the form that ball arithmetic evaluates: derivatives
performed, bound variables named apart."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportIndexIssue=false, reportReturnType=false
# SymPy declares the arguments of a node as Basic, whatever they are.

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import sympy as sp
from sympy.concrete.expr_with_limits import ExprWithLimits

_Naming = Callable[[sp.Symbol, sp.Basic], sp.Dummy]


def print_form(node: object) -> str:
    """`node` in print. Plain `str` orders the terms of a sum by size, for which SymPy
    evaluates the integrals in it."""
    return sp.sstr(node, order="none")


class CannotEnclose(Exception):
    """A node of an expression has no rigorous enclosure here. `node` is the node,
    `reason` says why."""

    def __init__(self, node: object, reason: str) -> None:
        self.node, self.reason = node, reason
        text = print_form(node)
        shown = text if len(text) <= 160 else text[:157] + "..."
        super().__init__(f"Cannot enclose the {type(node).__name__} {shown}: {reason}.")

    def __reduce__(self) -> tuple:
        return CannotEnclose, (self.node, self.reason)


class Interior(sp.Piecewise):
    """The derivative of a Piecewise: it has a value strictly inside the pieces, never
    where two of them meet."""


def entries(expr: sp.Basic) -> list[sp.Expr]:
    """The scalar entries of an explicit matrix, row by row, or the expression itself,
    as a list."""
    if isinstance(expr, sp.MatrixBase):
        return list(expr)
    if isinstance(expr, sp.MatrixExpr):
        return list(expr.as_explicit())
    if not isinstance(expr, sp.Expr):
        raise TypeError(f"Expected a SymPy expression or an explicit matrix, got {type(expr).__name__}: {expr!r}.")
    return [expr]


@lru_cache(maxsize=512)
def prepare(expr: sp.Basic) -> sp.Basic:
    """`expr` with its derivatives performed by SymPy and a fresh name for every bound
    variable.

    What stays: derivatives of undefined functions by their own arguments, and `Subs`
    around those. Integrals and sums stay as they are (a derivative goes under the
    integral by Leibniz's rule). The derivative of |u| or of a Piecewise gets no value
    at the kink.
    """
    return _apart(_differentiated(expr, {}), {})


def _rebuilt(node: sp.Basic, args: list[sp.Basic]) -> sp.Basic:
    return node if all(new is old for new, old in zip(args, node.args, strict=True)) else node.func(*args)


def _differentiated(node: sp.Basic, memo: dict[sp.Basic, sp.Basic]) -> sp.Basic:
    if not node.args or (isinstance(node, sp.Tuple) and not node.has(sp.Derivative)):
        return node
    if node not in memo:
        if isinstance(node, sp.MatrixBase):
            memo[node] = node.applyfunc(lambda entry: _differentiated(entry, memo))
        elif isinstance(node, sp.Derivative):
            memo[node] = derivative(_differentiated(node.expr, memo), *node.variable_count)
        elif node.has(sp.Derivative):
            memo[node] = _rebuilt(node, [_differentiated(arg, memo) for arg in node.args])
        else:
            memo[node] = node
    return memo[node]


def derivative(expr: sp.Expr, *variables: sp.Basic) -> sp.Expr:
    """SymPy's derivative, with determinants and traces written out, and made undefined
    at kinks: sign(0), Piecewise seams."""
    table = {node: node.arg.as_explicit().det(method="berkowitz") for node in expr.atoms(sp.Determinant)}
    table |= {node: node.arg.as_explicit().trace() for node in expr.atoms(sp.Trace)}
    result = sp.diff(expr.xreplace(table) if table else expr, *variables)
    if result.has(sp.Piecewise):
        result = result.replace(lambda e: type(e) is sp.Piecewise, lambda e: Interior(*e.args))
    if result.has(sp.sign):
        result = result.replace(sp.sign, lambda u: u / sp.Abs(u))
    return result


def perform_derivatives(expr: sp.Expr) -> sp.Expr:
    """`expr` with derivatives performed, values put in at points and determinants
    written out; integrals, sums and products stay."""
    if isinstance(expr, sp.MatrixBase):
        return expr.applyfunc(perform_derivatives)
    kept: dict[sp.Basic, sp.Basic] = {}

    def name(node: ExprWithLimits) -> sp.Basic:
        free = sorted(node.free_symbols, key=str)
        head = sp.Function(f"kept{len(kept)}_")
        kept[head] = sp.Lambda(tuple(free), node)
        return head(*free)

    named = names_apart(_differentiated(expr, {}))
    masked = named.replace(lambda node: isinstance(node, ExprWithLimits), name).doit()
    for head, value in reversed(kept.items()):
        masked = masked.replace(head, value)
    return masked


def names_apart(expr: sp.Basic) -> sp.Basic:
    """`expr` with names for bound variables that no free one has, nor one bound further
    out, so that what is put in is not captured. Equal sums stay equal."""
    return _apart(expr, {}, _by_height)


def _by_height(variable: sp.Symbol, node: ExprWithLimits | sp.Subs) -> sp.Dummy:
    """One name for all variables of a name that are bound at one height: an expression
    put into a sum mentions variables bound further out alone, which stand higher."""
    kind = tuple(sorted(variable._assumptions_orig.items()))
    return _named(variable.name, kind, _height(node), tuple(map(str, _bound(node))).index(str(variable)))


@lru_cache(maxsize=4096)
def _named(name: str, kind: tuple[tuple[str, bool], ...], height: int, place: int) -> sp.Dummy:
    return sp.Dummy(name, **dict(kind))


def _bound(node: ExprWithLimits | sp.Subs) -> tuple[sp.Basic, ...]:
    return node.variables if isinstance(node, sp.Subs) else tuple(limit[0] for limit in node.limits)


def _height(node: sp.Basic) -> int:
    """How many scopes stand in each other in it."""
    inner = max((_height(arg) for arg in node.args), default=0)
    return inner + isinstance(node, (ExprWithLimits, sp.Subs))


def _fresh(variable: sp.Symbol, node: sp.Basic) -> sp.Dummy:
    return sp.Dummy(variable.name, **variable._assumptions_orig)


def _apart(node: sp.Basic, memo: dict[sp.Basic, sp.Basic], name: _Naming = _fresh) -> sp.Basic:
    if not node.args or (isinstance(node, sp.Derivative) and not node.has(sp.Subs, ExprWithLimits)):
        return node
    if node not in memo:
        if isinstance(node, sp.MatrixBase):
            memo[node] = node.applyfunc(lambda entry: _apart(entry, memo, name))
        elif isinstance(node, ExprWithLimits):
            memo[node] = _limits_apart(node, memo, name)
        elif isinstance(node, sp.Subs):
            names = {old: name(old, node) for old in node.variables}
            if len(names) > 1 and any(part.has(*names) for part in node.point):
                raise CannotEnclose(node, "its points hold its own variables: substituted in turn or at once?")
            point = [_apart(part, memo, name) for part in node.point]
            memo[node] = sp.Subs(_apart(node.expr, memo, name).xreplace(names), tuple(names.values()), point)
        else:
            memo[node] = _rebuilt(node, [_apart(arg, memo, name) for arg in node.args])
    return memo[node]


def _limits_apart(node: ExprWithLimits, memo: dict[sp.Basic, sp.Basic], naming: _Naming) -> sp.Basic:
    body, limits = _apart(node.function, memo, naming), []
    for limit in node.limits:  # innermost first; a variable is seen by the body and by the limits further in
        if len(limit) != 3:
            raise CannotEnclose(node, "it has no lower and upper limit")
        name = {limit[0]: naming(limit[0], node)}
        body = body.xreplace(name)
        limits = [tuple(part.xreplace(name) for part in inner) for inner in limits]
        limits.append((name[limit[0]], _apart(limit[1], memo, naming), _apart(limit[2], memo, naming)))
    return node.func(body, *limits)
