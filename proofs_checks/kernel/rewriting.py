"""Rewriting of objects F(n, ..) inside SymPy expressions: what an induction unfolds and
substitutes, without capture of bound names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Rules = Mapping[Any, Callable[[Any], Any]]  # from the head F to what F(at, ..) is replaced by


def as_sympy(expression: Any) -> Any:
    """``expression`` as a SymPy expression."""
    import sympy

    return sympy.S(expression)


def applications(expression: Any, heads: Iterable[Any]) -> list[Any]:
    """The places F(..) of ``expression`` whose head is among ``heads``."""
    from sympy.core.function import AppliedUndef

    wanted = set(heads)
    return [node for node in as_sympy(expression).atoms(AppliedUndef) if node.func in wanted]


def replace_function(expression: Any, rules: Rules, at: Any) -> Any:
    """``expression`` with every F(at, ..) replaced by the rule of F; derivatives and
    integrals are kept around it."""
    from sympy.core.function import AppliedUndef

    def applies(node: Any) -> bool:
        return isinstance(node, AppliedUndef) and node.func in rules and node.args[0] == at

    expression = as_sympy(expression)
    if not expression.atoms(AppliedUndef):
        return expression
    return expression.replace(applies, lambda node: rules[node.func](node))


def with_arguments(model: Any, node: Any, value: Any, relations: Iterable[Any] = ()) -> Any:
    """``value``, written for the arguments of ``model`` after the first, for those of
    ``node``.

    Raises:
        TypeError: an argument is not known to have what is assumed of the symbol in its
            place, so that nothing was said of it.
    """
    pairs = [(name, arg) for name, arg in zip(model.args[1:], node.args[1:], strict=True) if name != arg]
    if not pairs:
        return value
    for name, arg in pairs:
        _refuse_outside(name, arg, node)
    for relation in relations:
        if any(relation.has(name) for name, _ in pairs) and relation.subs(pairs, simultaneous=True) != True:  # noqa: E712  SymPy's true
            raise TypeError(f"{node} is used where {relation} is assumed of {model}, and nothing shows it there.")
    taken = set().union(*(arg.free_symbols for _, arg in pairs))
    return apart(value, taken).subs(pairs, simultaneous=True)


def _refuse_outside(name: Any, arg: Any, node: Any) -> None:
    for assumption, wanted in name._assumptions_orig.items():
        if getattr(arg, f"is_{assumption}", None) is not wanted:
            raise TypeError(
                f"{node} stands for a value at {arg}, which is not known to be {assumption} = {wanted}, as {name} is. "
                "State the recursion for a symbol without that assumption, or give the bound variable the same one."
            )


def peel_last_terms(expression: Any, n: Any) -> Any:
    """``expression`` with the last term of every sum and product up to n + 1 written
    apart, so that it meets the one up to n."""
    import sympy

    def last_apart(node: Any) -> Any:
        (index, lower, upper), *outer = node.limits
        if outer or upper != n + 1:
            return node
        rest, last = node.func(node.function, (index, lower, n)), node.function.subs(index, n + 1)
        return rest + last if isinstance(node, sympy.Sum) else rest * last

    return expression.replace(lambda node: isinstance(node, (sympy.Sum, sympy.Product)), last_apart)


def bound_names(expression: Any) -> set[Any]:
    """The variables that integrals, sums, products, substitutions, limits and functions
    bind in ``expression``."""
    import sympy
    from sympy.concrete.expr_with_limits import ExprWithLimits

    names: set[Any] = set()
    for node in sympy.preorder_traversal(expression):
        inside: Any = node  # its fields are not typed
        if isinstance(node, ExprWithLimits):
            names |= {limit[0] for limit in inside.limits}
        elif isinstance(node, (sympy.Subs, sympy.Lambda)):
            names |= set(inside.variables)
        elif isinstance(node, sympy.Limit):
            names.add(inside.args[1])
    return names


def apart(expression: Any, taken: set[Any]) -> Any:
    """``expression`` with every bound variable that is among ``taken`` renamed: x to
    x', the same everywhere.

    Raises:
        TypeError: a limit or a function written out binds such a name; only integrals,
            sums and products are renamed.
    """
    import sympy
    from sympy.concrete.expr_with_limits import ExprWithLimits

    clashes = bound_names(expression) & taken
    if not clashes:
        return expression
    names = {old: _primed(old, expression, taken) for old in clashes}

    def renamed(node: Any) -> Any:
        function, limits = node.function, []
        for limit in node.limits:  # innermost first; a variable is seen by the body and by the limits further in
            own = {limit[0]: names[limit[0]]} if limit[0] in names else {}
            function = function.xreplace(own)
            limits = [tuple(part.xreplace(own) for part in inner) for inner in limits]
            limits.append((own.get(limit[0], limit[0]), *limit[1:]))
        return node.func(function, *limits)

    result = expression.replace(lambda node: isinstance(node, ExprWithLimits), renamed)
    if left := bound_names(result) & taken:
        raise TypeError(
            f"The bound variable {min(left, key=str)} is also free in {sympy.sstr(result, order='none')}: rename it."
        )
    return result


def _primed(name: Any, expression: Any, taken: set[Any]) -> Any:
    import sympy

    used = {symbol.name for symbol in taken | expression.atoms(sympy.Symbol)}
    text = f"{name.name}'"
    while text in used:
        text += "'"
    return sympy.Symbol(text, **name._assumptions_orig)
