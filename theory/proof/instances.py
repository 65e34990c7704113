"""Concrete instances of symbolic statements: numbers for symbols, elementary laws for
undefined functions.

Pure SymPy, exact, deterministic. :func:`demand` reads off what a statement needs,
:func:`draw_symbol` and
:func:`draw_function` draw it. Which draws meet the statement's relations is decided by
ball arithmetic in :mod:`theory.proof.balls`.
"""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportReturnType=false
# SymPy declares the arguments of a node as Basic, whatever they are.

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from random import Random

import sympy as sp
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.core.function import AppliedUndef, UndefinedFunction
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from theory.proof.prepare import CannotEnclose, derivative, entries, prepare, print_form

_ORDER = (sp.StrictGreaterThan, sp.GreaterThan, sp.StrictLessThan, sp.LessThan)
_DENOMINATORS = (5, 7, 8, 9, 11, 13, 17, 19)


class NoInstance(Exception):
    """No draw met the assumptions. The message names the relation or the symbol that
    was never met, and the tries."""


@dataclass(frozen=True)
class Law:
    """A concrete function: an expression in `variables` and named coefficients, with
    the coefficients' exact values.

    Laws drawn from one template share its derivatives, which SymPy then computes once.
    """

    variables: tuple[sp.Symbol, ...]
    template: sp.Expr
    values: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)

    @classmethod
    def of(cls, law: sp.Lambda) -> Law:
        """The law of an explicit `Lambda`."""
        fresh = {v: sp.Dummy(v.name, **v._assumptions_orig) for v in law.variables}
        return cls(tuple(fresh.values()), prepare(law.expr.xreplace(fresh)))

    def jet(self, orders: tuple[int, ...]) -> sp.Expr:
        """The derivative of these orders in the variables, as an expression in
        variables and coefficients."""
        return _jet(self.template, self.variables, orders)

    def expression(self, names: Sequence[sp.Symbol]) -> sp.Expr:
        """The law with its coefficients put in and its variables called `names`."""
        return self.template.xreplace({**self.values, **dict(zip(self.variables, names, strict=True))})


@lru_cache(maxsize=1024)
def _jet(template: sp.Expr, variables: tuple[sp.Symbol, ...], orders: tuple[int, ...]) -> sp.Expr:
    pairs = [(variable, order) for variable, order in zip(variables, orders, strict=True) if order]
    return prepare(derivative(template, *pairs)) if pairs else template


@dataclass(frozen=True)
class Instantiation:
    """One concrete instance.

    Args:
        symbols: Symbol -> exact number (rational, Gaussian rational, or integer).
        functions: undefined function -> its :class:`Law`, or a `Lambda` over elementary
            functions with exact coefficients.
    """

    symbols: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    functions: Mapping[UndefinedFunction, Law | sp.Lambda] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "symbols", {symbol: _exact(symbol, value) for symbol, value in self.symbols.items()})

    def plain(self) -> dict[str, str]:
        """The witness in print: `{"x": "3/7", "f(a)": "sin(2*a/5) + 1"}`; a repeated
        name gets a count, `x#2`."""
        witness: dict[str, str] = {}
        for symbol, value in self.symbols.items():
            witness[_unused(symbol.name, witness)] = str(value)
        for function, given in self.functions.items():
            law = Law.of(given) if isinstance(given, sp.Lambda) else given
            names = [sp.Symbol(f"a{i + 1}" if len(law.variables) > 1 else "a") for i in range(len(law.variables))]
            head = _unused(f"{function.__name__}({', '.join(map(str, names))})", witness)
            witness[head] = str(law.expression(names))
        return witness


def _exact(symbol: sp.Symbol, value: object) -> sp.Expr:
    exact = sp.Rational(value.numerator, value.denominator) if isinstance(value, (int, Fraction)) else value
    if not isinstance(exact, sp.Expr) or not all(part.is_Rational for part in exact.as_real_imag()):
        raise TypeError(
            f"Expected an exact rational or Gaussian rational for {symbol}, got {type(value).__name__} {value!r}."
        )
    if not _fits(exact, symbol):
        raise ValueError(f"Expected a value with the assumptions of {symbol} {symbol._assumptions_orig}, got {exact}.")
    return exact


def _fits(value: sp.Expr, symbol: sp.Symbol) -> bool:
    assumed = symbol._assumptions_orig
    return all(getattr(value, f"is_{name}") is wanted for name, wanted in assumed.items() if wanted is not None)


def _unused(name: str, taken: Mapping[str, str]) -> str:
    tries = (name if n == 1 else f"{name}#{n}" for n in range(1, len(taken) + 2))
    return next(label for label in tries if label not in taken)


def relations(assuming: Iterable[Boolean]) -> list[Relational]:
    """The conjunction `assuming` as a flat list of relations. Raises TypeError for what
    is not one, NoInstance for `False`."""
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
            raise NoInstance(
                f"The equation {print_form(relation)} cannot be met by sampling: substitute it into the statement instead."
            )
        else:
            raise TypeError(
                f"Expected relations (>, >=, <, <=, Ne, And), got {type(relation).__name__}: {print_form(relation)}."
            )
    return flat


# -- what has to be drawn -----------------------------------------------------------------------------------------------


@dataclass
class Shape:
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
    shapes: dict[UndefinedFunction, Shape]
    relations: list[Relational]


def demand(expr: sp.Basic, assuming: Iterable[Boolean] = ()) -> Demand:
    """Collect what must be drawn for `expr` (a scalar or an explicit matrix) under the
    relations `assuming`."""
    asked = relations(assuming)
    parts: list[sp.Basic] = [*entries(expr), *asked]
    symbols = set().union(*(part.free_symbols for part in parts))
    for symbol in symbols:
        if not isinstance(symbol, sp.Symbol):
            raise CannotEnclose(symbol, "only scalar symbols are drawn: write the matrix in entries")
    applied = sorted(set().union(*(part.atoms(AppliedUndef) for part in parts)), key=print_form)
    real = _forced_real(parts, symbols)
    shapes: dict[UndefinedFunction, Shape] = {}
    for node in applied:
        shape = shapes.setdefault(node.func, Shape(len(node.args)))
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
    return Demand(
        ordered, real, dict(sorted(shapes.items(), key=lambda kv: (kv[0].__name__, str(kv[0]._kwargs)))), asked
    )


def _comparisons(parts: Iterable[sp.Basic]) -> Iterator[Relational]:
    for part in parts:
        yield from part.atoms(*_ORDER)


def _forced_real(parts: Sequence[sp.Basic], symbols: set[sp.Symbol]) -> set[sp.Symbol]:
    """Symbols that are compared, or bound an integral, or are bound by one: they have
    to lie on the real line."""
    real = set().union(*(r.free_symbols for r in _comparisons(parts)), set())
    for part in parts:
        for node in part.atoms(ExprWithLimits):
            for limit in node.limits:
                real |= set().union(*(bound.free_symbols for bound in limit))
    return real


def _from_assumptions(function: UndefinedFunction, shape: Shape) -> None:
    known = function._kwargs
    if any(
        known.get(k) for k in ("integer", "even", "odd", "rational", "irrational", "algebraic", "imaginary", "infinite")
    ):
        raise NoInstance(
            f"The function {function.__name__} is assumed {known}: no family of such functions is drawn here."
        )
    shape.real = bool(known.get("real") or known.get("extended_real"))
    if known.get("nonnegative") or known.get("positive"):
        shape.lower = sp.S.Zero
    elif known.get("nonpositive") or known.get("negative"):
        shape.upper = sp.S.Zero
    elif known.get("nonzero") and shape.real:
        shape.lower = sp.S.Zero


def _from_relation(relation: Relational, shapes: dict[UndefinedFunction, Shape]) -> None:
    """Read `f(..) > c`, `f(..) < c`, `f'(..) > 0`, `f'(..) < 0` as demands on the whole
    function f."""
    if relation.lhs.is_number:
        relation = relation.reversed  # pyright: ignore[reportAssignmentType]
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
    """An exact number of size up to about `scale` that has every property assumed of
    `symbol`.

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
        if _fits(value, symbol):
            return value
    raise NoInstance(f"No exact number with the assumptions of {symbol} {dict(assumed)} in 400 draws.")


class _Coefficients:
    """Named coefficients of a template, with the sign each has to have (0: any)."""

    def __init__(self) -> None:
        self.signs: dict[sp.Symbol, int] = {}

    def __call__(self, sign: int = 0) -> sp.Symbol:
        symbol = sp.Dummy(f"c{len(self.signs)}", real=True, nonzero=True)
        self.signs[symbol] = sign
        return symbol


def _cubic(u: sp.Expr) -> sp.Expr:
    return u + u**3


def _swinging(u: sp.Expr) -> sp.Expr:
    return u + sp.sin(u) / 2


class _Terms:
    """Elementary terms in random affine forms of the variables; every variable occurs
    in every form."""

    def __init__(
        self, xs: Sequence[sp.Symbol], rng: Random, slope: Mapping[int, int], entire: bool, tame: bool
    ) -> None:
        self.xs, self.rng, self.slope, self.entire, self.tame = xs, rng, slope, entire, tame
        self.coefficient = _Coefficients()

    def form(self) -> sp.Expr:
        return sp.Add(*(x * self.coefficient(self.slope.get(i, 0)) for i, x in enumerate(self.xs)), self.coefficient())

    def wave(self) -> sp.Expr:
        """A generic real function: a sum of terms and of a product of two, all of whose
        derivatives are generic too."""
        form, c = self.form, self.coefficient
        terms: list[Callable[[], sp.Expr]] = [form, lambda: sp.cos(form()), lambda: sp.sin(form())]
        if not self.tame:
            terms += [lambda: form() ** 2, lambda: form() ** 3, lambda: sp.exp(form() / 2)]
        if not self.entire:
            terms += [lambda: 1 / (1 + form() ** 2), lambda: sp.log(1 + form() ** 2), lambda: sp.atan(form())]
        first, second = self.rng.sample(terms, 2)
        return c() * sp.sin(form()) + c() * first() * sp.cos(form()) + c() * second() + c()

    def climb(self) -> sp.Expr:
        """A real function, strictly monotone in the demanded arguments in the demanded
        sense, on the whole real line."""
        form, c = self.form, self.coefficient
        terms: list[Callable[[], sp.Expr]] = [form]
        if not self.tame:
            terms += [lambda: sp.exp(form() / 2), lambda: sp.sinh(form() / 2), lambda: _cubic(form())]
        if not self.entire:
            terms += [lambda: sp.atan(form()), lambda: sp.tanh(form()), lambda: sp.log(1 + sp.exp(form()))]
        chosen = self.rng.sample(terms, min(2, len(terms)))
        swing = _swinging(form())
        return swing + sp.Add(*(c(+1) * term() for term in chosen)) + c()


@lru_cache(maxsize=256)
def _template(
    arity: int,
    real: bool,
    entire: bool,
    bounded: tuple[bool, bool],
    slope: tuple[tuple[int, int], ...],
    *,
    variety: int,
) -> tuple[tuple[sp.Symbol, ...], sp.Expr, dict[sp.Symbol, int], tuple[sp.Symbol, sp.Symbol]]:
    """A law with named coefficients: its variables, its expression, the coefficients'
    signs, the names of its two bounds."""
    xs = tuple(sp.Dummy(f"x{i}", real=None if entire else True) for i in range(arity))
    terms = _Terms(xs, Random(f"template {variety}"), dict(slope), entire, any(bounded))
    draw = terms.climb if slope else terms.wave
    low, high = sp.Dummy("low", real=True), sp.Dummy("high", real=True)
    if bounded == (True, True):
        law = low + (high - low) / (1 + sp.exp(-draw()))
    elif bounded[0]:
        law = low + sp.exp(draw() / 2)
    elif bounded[1]:
        law = high - sp.exp(-draw() / 2)
    else:
        law = draw() if real else draw() + sp.I * draw()
    return xs, law, terms.coefficient.signs, (low, high)


_VARIETIES = 5


def draw_function(shape: Shape, rng: Random) -> Law:
    """A random elementary law that meets `shape` on the whole real line."""
    low, high = shape.lower, shape.upper
    if low is not None and high is not None and low >= high:
        raise NoInstance(f"A function is asked to lie above {low} and below {high}.")
    key = (
        shape.arity,
        shape.real,
        shape.entire,
        (low is not None, high is not None),
        tuple(sorted(shape.slope.items())),
    )
    xs, law, signs, bounds = _template(*key, variety=rng.randrange(_VARIETIES))
    values: dict[sp.Symbol, sp.Expr] = {
        c: sign * abs(v) if sign else v for c, sign in signs.items() for v in [_coefficient(rng)]
    }
    values |= {name: bound for name, bound in zip(bounds, (low, high), strict=True) if bound is not None}
    return Law(xs, law, values)
