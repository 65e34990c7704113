"""Concrete instances of symbolic statements: numbers for symbols, elementary functions for undefined ones.

Pure SymPy, exact, deterministic. An :class:`Instantiation` maps every free symbol to an exact number and every undefined
function to a `Lambda`; :func:`concretize` puts the functions in, performs the derivatives and renames bound variables. Which
draws meet a statement's relations is decided in :mod:`theory.balls`, by ball arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

import sympy as sp
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.core.function import AppliedUndef, UndefinedFunction
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

Key = UndefinedFunction
_ORDER = (sp.StrictGreaterThan, sp.GreaterThan, sp.StrictLessThan, sp.LessThan)
_DENOMINATORS = (5, 7, 8, 9, 11, 13, 17, 19)


class CannotEnclose(Exception):
    """A node of an expression has no rigorous enclosure here. `node` is the node, `reason` says why."""

    def __init__(self, node: object, reason: str) -> None:
        self.node, self.reason = node, reason
        super().__init__(f"Cannot enclose {_short(node)}: {reason}")


class NoInstance(Exception):
    """No draw met the assumptions. The message names the relation or the symbol that was never met, and the tries."""


@dataclass(frozen=True)
class Instantiation:
    """One concrete instance.

    Args:
        symbols: Symbol -> exact number (rational, Gaussian rational, or integer).
        functions: undefined function -> `Lambda` of the same arity over elementary functions with exact coefficients.
    """

    symbols: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    functions: Mapping[Key, sp.Lambda] = field(default_factory=dict)

    def plain(self) -> dict[str, str]:
        """The witness in print: `{"x": "3/7", "f(a)": "sin(2*a/5) + 1"}`; a repeated name gets a count, `x#2`."""
        letters, witness = sp.symbols("a b c d e g h k", cls=sp.Symbol), {}
        for symbol, value in self.symbols.items():
            witness[_unused(symbol.name, witness)] = str(value)
        for function, law in self.functions.items():
            names = letters[: len(law.variables)]
            names = names if len(names) == len(law.variables) else law.variables
            head = f"{function.__name__}({', '.join(map(str, names))})"
            witness[_unused(head, witness)] = str(law.expr.xreplace(dict(zip(law.variables, names, strict=True))))
        return witness


def _unused(name: str, taken: Mapping[str, str]) -> str:
    tries = (name if n == 1 else f"{name}#{n}" for n in range(1, len(taken) + 2))
    return next(label for label in tries if label not in taken)


def _short(node: object) -> str:
    text = str(node)
    return f"{type(node).__name__} {text if len(text) <= 120 else text[:117] + '...'}"


def entries(expr: sp.Basic) -> list[sp.Expr]:
    """The scalar entries of an explicit matrix, row by row, or the expression itself, as a list."""
    if isinstance(expr, sp.MatrixBase):
        return list(expr)
    if isinstance(expr, sp.MatrixExpr):
        return list(expr.as_explicit())
    if not isinstance(expr, sp.Expr):
        raise TypeError(f"Expected a SymPy expression or an explicit matrix, got {type(expr).__name__}: {expr!r}.")
    return [expr]


def relations(assuming: Iterable[Boolean]) -> list[Relational]:
    """The conjunction `assuming` as a flat list of relations. Raises TypeError for what is not one, NoInstance for `False`."""
    flat: list[Relational] = []
    for relation in assuming:
        if relation is True or relation == sp.true:
            continue
        if relation is False or relation == sp.false:
            raise NoInstance("An assumption is the constant False: SymPy refutes it from the symbols' own assumptions.")
        if isinstance(relation, sp.And):
            flat += relations(relation.args)
        elif isinstance(relation, (*_ORDER, sp.Ne)):
            flat.append(relation)
        elif isinstance(relation, sp.Eq):
            raise NoInstance(f"The equation {relation} cannot be met by sampling: substitute it into the statement instead.")
        else:
            raise TypeError(f"Expected relations (>, >=, <, <=, Ne, And), got {type(relation).__name__}: {relation}.")
    return flat


# -- putting the functions in -------------------------------------------------------------------------------------------


class _Interior(sp.Piecewise):
    """A derivative of a Piecewise: it has a value only strictly inside the pieces, never where two of them meet."""


class _Concretizer:
    """Replaces undefined functions by laws, performs derivatives, and gives every bound variable a fresh name."""

    def __init__(self, functions: Mapping[Key, sp.Lambda]) -> None:
        self.functions, self.memo = functions, {}

    def __call__(self, node: sp.Basic) -> sp.Basic:
        if not node.args:
            return node
        if node not in self.memo:
            self.memo[node] = self._visit(node)
        return self.memo[node]

    def _visit(self, node: sp.Basic) -> sp.Basic:
        if isinstance(node, AppliedUndef):
            return self._apply(node)
        if isinstance(node, sp.Derivative):
            return self._differentiate(node)
        if isinstance(node, sp.Subs):
            return self._substitute(node)
        if isinstance(node, ExprWithLimits):
            return self._bind(node)
        if isinstance(node, sp.MatrixBase):
            return node.applyfunc(self)
        args = [self(arg) for arg in node.args]
        return node if all(new is old for new, old in zip(args, node.args, strict=True)) else node.func(*args)

    def _apply(self, node: AppliedUndef) -> sp.Basic:
        law = self.functions.get(node.func)
        if law is None:
            raise CannotEnclose(node, f"the instantiation has no concrete function for {node.func.__name__}")
        if len(law.variables) != len(node.args):
            raise CannotEnclose(node, f"its concrete function takes {len(law.variables)} arguments")
        return law.expr.xreplace(dict(zip(law.variables, map(self, node.args), strict=True)))

    def _differentiate(self, node: sp.Derivative) -> sp.Basic:
        expr, restore = node.expr, {}
        steps: list[tuple[sp.Symbol, int]] = []
        for variable, count in node.variable_count:
            if not isinstance(count, (sp.Integer, int)):
                raise CannotEnclose(node, "a derivative of symbolic order")
            if not isinstance(variable, sp.Symbol):
                expr, variable = self._as_symbol(node, expr, variable, restore)
            steps.append((variable, int(count)))
        result = self(expr)
        for variable, count in steps:
            result = sp.diff(_spelled_out(result), variable, count)
        if result.has(sp.Derivative, sp.Subs):
            raise CannotEnclose(node, "SymPy has no closed form for this derivative")
        return _strict(result).xreplace({dummy: self(value) for dummy, value in restore.items()})

    def _as_symbol(
        self, node: sp.Derivative, expr: sp.Expr, variable: sp.Expr, restore: dict[sp.Symbol, sp.Expr]
    ) -> tuple[sp.Expr, sp.Symbol]:
        """d/du for u = g(x) or g'(x): u becomes a symbol, derivatives of g count as independent of g, as in SymPy."""
        frozen = {}
        for inner in expr.atoms(sp.Derivative) - {variable}:
            if inner.has(variable):
                if inner.expr != variable:
                    raise CannotEnclose(node, f"it differentiates by {variable}, on which {inner} depends")
                frozen[inner] = sp.Dummy()
        slot = sp.Dummy()
        restore.update({dummy: inner for inner, dummy in frozen.items()})
        restore[slot] = variable
        return expr.xreplace(frozen).xreplace({variable: slot}), slot

    def _substitute(self, node: sp.Subs) -> sp.Basic:
        # The inner derivative is taken first; bound variables have fresh names by then, so that replacing is safe.
        fresh = {old: sp.Dummy(old.name, **old._assumptions_orig) for old in node.variables}
        inner = self(node.expr).xreplace(fresh)
        return inner.xreplace({fresh[v]: self(p) for v, p in zip(node.variables, node.point, strict=True)})

    def _bind(self, node: ExprWithLimits) -> sp.Basic:
        body, limits = self(node.function), []
        for limit in node.limits:  # innermost first; a variable is seen by the body and by the limits further in
            if len(limit) != 3:
                raise CannotEnclose(node, "it has no lower and upper limit")
            fresh = sp.Dummy(limit[0].name, **limit[0]._assumptions_orig)
            body = body.xreplace({limit[0]: fresh})
            limits = [tuple(part.xreplace({limit[0]: fresh}) for part in inner) for inner in limits]
            limits.append((fresh, self(limit[1]), self(limit[2])))
        return node.func(body, *limits)


def _spelled_out(expr: sp.Expr) -> sp.Expr:
    """Determinants and traces written in entries, so that SymPy can differentiate them."""
    table = {node: _det(node.arg) for node in expr.atoms(sp.Determinant)}
    table |= {node: node.arg.as_explicit().trace() for node in expr.atoms(sp.Trace)}
    return expr.xreplace(table) if table else expr


def _det(matrix: sp.MatrixBase) -> sp.Expr:
    return matrix.as_explicit().det(method="berkowitz")


def _strict(derivative: sp.Expr) -> sp.Expr:
    """Make a derivative undefined where its function has a kink: sign(0) and the seams of a Piecewise."""
    if derivative.has(sp.Piecewise):
        derivative = derivative.replace(lambda e: type(e) is sp.Piecewise, lambda e: _Interior(*e.args))
    if derivative.has(sp.sign):
        derivative = derivative.replace(sp.sign, lambda u: u / sp.Abs(u))
    return derivative


def concretize(expr: sp.Basic, functions: Mapping[Key, sp.Lambda]) -> sp.Basic:
    """`expr` with every undefined function replaced by its law and every derivative performed.

    Symbols stay symbols, integrals and sums stay unevaluated (their variables get fresh names). A derivative of |u| or of a
    Piecewise is given no value at the kink. Raises :class:`CannotEnclose` for indefinite integrals, derivatives that SymPy
    leaves open, and functions without a law.
    """
    return _Concretizer(functions)(expr)


# -- what has to be drawn -----------------------------------------------------------------------------------------------


@dataclass
class _Shape:
    """What is known about an undefined function before it is drawn."""

    arity: int
    real: bool = False
    entire: bool = False
    lower: sp.Expr | None = None
    upper: sp.Expr | None = None
    slope: dict[int, int] = field(default_factory=dict)


@dataclass
class Demand:
    """The symbols and functions of a statement, with what its relations ask of them."""

    symbols: list[sp.Symbol]
    real: set[sp.Symbol]
    shapes: dict[Key, _Shape]
    relations: list[Relational]


def demand(expr: sp.Basic, assuming: Iterable[Boolean] = ()) -> Demand:
    """Collect what must be drawn for `expr` (a scalar or an explicit matrix) under the relations `assuming`."""
    asked = relations(assuming)
    parts: list[sp.Basic] = [*entries(expr), *asked]
    symbols = set().union(*(part.free_symbols for part in parts))
    applied = sorted(set().union(*(part.atoms(AppliedUndef) for part in parts)), key=str)
    real = _forced_real(parts, symbols)
    shapes: dict[Key, _Shape] = {}
    for node in applied:
        shape = shapes.setdefault(node.func, _Shape(len(node.args)))
        if shape.arity != len(node.args):
            raise TypeError(f"Expected one arity per undefined function, got {node.func.__name__} with {shape.arity} and "
                            f"{len(node.args)} arguments. Give the two functions two names.")  # fmt: skip
    compared = {node.func for r in _comparisons(parts) for node in r.atoms(AppliedUndef)}
    for function, shape in shapes.items():
        _from_assumptions(function, shape)
        shape.real |= function in compared
    for relation in asked:
        _from_relation(relation, shapes)
    real |= {arg for node in applied if shapes[node.func].real for arg in node.args if isinstance(arg, sp.Symbol)}
    axis = {s: sp.Dummy(real=True) for s in real if s.is_extended_real is None}
    for node in applied:
        shapes[node.func].entire |= not all(arg.xreplace(axis).is_extended_real for arg in node.args)
    ordered = sorted(symbols, key=lambda s: (s.name, str(sorted(s._assumptions_orig.items())), s.sort_key()))
    return Demand(ordered, real, dict(sorted(shapes.items(), key=lambda kv: (kv[0].__name__, str(kv[0]._kwargs)))), asked)


def _comparisons(parts: Iterable[sp.Basic]) -> Iterator[Relational]:
    for part in parts:
        yield from part.atoms(*_ORDER)


def _forced_real(parts: Sequence[sp.Basic], symbols: set[sp.Symbol]) -> set[sp.Symbol]:
    """Symbols that are compared, or bound an integral, or are bound by one: they have to lie on the real line."""
    real = set().union(*(r.free_symbols for r in _comparisons(parts)), set())
    for part in parts:
        for node in part.atoms(ExprWithLimits):
            for limit in node.limits:
                real |= set().union(*(bound.free_symbols for bound in limit))
    return real


def _from_assumptions(function: Key, shape: _Shape) -> None:
    known = function._kwargs
    if any(known.get(k) for k in ("integer", "even", "odd", "rational", "irrational", "algebraic", "imaginary", "infinite")):
        raise NoInstance(f"The function {function.__name__} is assumed {known}: no family of such functions is drawn here.")
    shape.real = bool(known.get("real") or known.get("extended_real"))
    if known.get("nonnegative") or known.get("positive"):
        shape.lower = sp.S.Zero
    elif known.get("nonpositive") or known.get("negative"):
        shape.upper = sp.S.Zero
    elif known.get("nonzero") and shape.real:
        shape.lower = sp.S.Zero


def _from_relation(relation: Relational, shapes: dict[Key, _Shape]) -> None:
    """Read `f(..) > c`, `f(..) < c`, `f'(..) > 0`, `f'(..) < 0` as demands on the whole function f."""
    if relation.lhs.is_number:
        relation = relation.reversed
    if not isinstance(relation, _ORDER) or not relation.rhs.is_Rational:
        return
    left, bound = relation.lhs, relation.rhs
    above = isinstance(relation, (sp.StrictGreaterThan, sp.GreaterThan))
    if isinstance(left, AppliedUndef):
        shape = shapes[left.func]
        if above:
            shape.lower = bound if shape.lower is None else max(shape.lower, bound)
        else:
            shape.upper = bound if shape.upper is None else min(shape.upper, bound)
        return
    inner = left.expr if isinstance(left, sp.Subs) else left
    if isinstance(inner, sp.Derivative) and isinstance(inner.expr, AppliedUndef) and inner.derivative_count == 1:
        variable = inner.variables[0]
        if variable in inner.expr.args and (bound.is_zero or bound.is_positive == above):
            shapes[inner.expr.func].slope[inner.expr.args.index(variable)] = 1 if above else -1


# -- drawing ------------------------------------------------------------------------------------------------------------


def _rational(rng: Random, scale: sp.Rational = sp.S.One, signed: bool = True) -> sp.Rational:
    """A random nonzero rational of modulus between scale/8 and scale."""
    denominator = rng.choice(_DENOMINATORS) * 101
    numerator = rng.randrange(denominator // 8 + 1, denominator)
    return sp.Rational(numerator if not signed or rng.random() < 0.5 else -numerator, denominator) * scale


def _coefficient(rng: Random, signed: bool = True) -> sp.Rational:
    denominator = rng.choice(_DENOMINATORS)
    numerator = rng.randrange(denominator // 3 + 1, denominator + 3)
    return sp.Rational(numerator if not signed or rng.random() < 0.5 else -numerator, denominator)


def draw_symbol(symbol: sp.Symbol, real: bool, rng: Random, scale: sp.Rational) -> sp.Expr:
    """An exact number of size up to about `scale` that has every property assumed of `symbol`.

    Raises :class:`NoInstance` if 400 draws had none.
    """
    assumed = symbol._assumptions_orig
    whole = bool(symbol.is_integer)
    for _ in range(400):
        if whole:
            reach = 9 if scale <= 3 else int(3 * scale)
            value: sp.Expr = sp.Integer(rng.randrange(-reach, reach + 1))
        else:
            value = _rational(rng, scale)
            if symbol.is_imaginary:
                value *= sp.I
            elif not real and symbol.is_extended_real is None:
                value += sp.I * _rational(rng, scale)
        if all(getattr(value, f"is_{name}") is wanted for name, wanted in assumed.items() if wanted is not None):
            return value
    raise NoInstance(f"No exact number with the assumptions of {symbol} {dict(assumed)} in 400 draws.")


def _form(xs: Sequence[sp.Symbol], rng: Random, slope: Mapping[int, int]) -> sp.Expr:
    """A random affine form in which every argument occurs, with the demanded signs."""
    terms = [x * (slope[i] * _coefficient(rng, signed=False) if i in slope else _coefficient(rng)) for i, x in enumerate(xs)]
    return sp.Add(*terms, _coefficient(rng) / 2)


def _wave(xs: Sequence[sp.Symbol], rng: Random, entire: bool, tame: bool) -> sp.Expr:
    """A generic real function: a sum of elementary terms and of a product of two, each in its own affine form."""
    def form() -> sp.Expr:
        return _form(xs, rng, {})

    terms: list[Callable[[], sp.Expr]] = [form, lambda: sp.cos(form()), lambda: sp.sin(form())]
    if not tame:
        terms += [lambda: form() ** 2 / 3, lambda: form() ** 3 / 9, lambda: sp.exp(form() / 2)]
    if not entire:
        terms += [lambda: 1 / (1 + form() ** 2), lambda: sp.log(1 + form() ** 2), lambda: sp.atan(form())]
    first, second, third = rng.sample(terms, 3)
    curved = rng.choice([sp.sin, sp.cos] if tame else [sp.sin, sp.cos, lambda u: sp.exp(u / 2)])
    core = _coefficient(rng) * curved(form()) + _coefficient(rng) * first() * sp.sin(form())
    return core + _coefficient(rng) * second() + _coefficient(rng) * third() + _coefficient(rng)


def _climb(xs: Sequence[sp.Symbol], rng: Random, slope: Mapping[int, int], entire: bool, tame: bool) -> sp.Expr:
    """A real function, strictly monotone in the demanded arguments, in the demanded sense, on the whole real line."""
    def form() -> sp.Expr:
        return _form(xs, rng, slope)

    terms: list[Callable[[], sp.Expr]] = [form, lambda: (lambda u: u + sp.sin(u) / 2)(form())]
    if not tame:
        terms += [lambda: sp.exp(form() / 2), lambda: sp.sinh(form() / 2), lambda: (lambda u: u + u**3 / 9)(form())]
    if not entire:
        terms += [lambda: sp.atan(form()), lambda: sp.tanh(form()), lambda: sp.log(1 + sp.exp(form()))]
    size = min(3, len(terms))
    core = (lambda u: u + sp.sin(u) / 2)(form())
    return core + sp.Add(*(_coefficient(rng, signed=False) * term() for term in rng.sample(terms, size))) + _coefficient(rng)


def draw_function(shape: _Shape, rng: Random) -> sp.Lambda:
    """A random elementary function that meets `shape` on the whole real line; real parts and imaginary parts are drawn apart."""
    xs = [sp.Dummy(f"x{i}", real=None if shape.entire else True) for i in range(shape.arity)]
    low, high = shape.lower, shape.upper
    tame = low is not None or high is not None
    if low is not None and high is not None and low >= high:
        raise NoInstance(f"A function is asked to lie above {low} and below {high}.")

    def real_part() -> sp.Expr:
        return _climb(xs, rng, shape.slope, shape.entire, tame) if shape.slope else _wave(xs, rng, shape.entire, tame)

    if low is not None and high is not None:
        law = low + (high - low) / (1 + sp.exp(-real_part()))
    elif low is not None:
        law = low + sp.exp(real_part() / 2)
    elif high is not None:
        law = high - sp.exp(-real_part() / 2)
    else:
        law = real_part() if shape.real else real_part() + sp.I * real_part()
    return sp.Lambda(tuple(xs), law)
