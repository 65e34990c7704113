"""Draw instances of a statement: what :mod:`theory.proof.instances` draws, kept where
ball arithmetic proves the relations."""

# pyright: reportArgumentType=false
# SymPy declares the arguments of a node as Basic, whatever they are.

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

import sympy as sp
from sympy.logic.boolalg import Boolean

from theory.proof.balls import proves
from theory.proof.instances import Demand, Instantiation, NoInstance, demand, draw_function, draw_symbol
from theory.proof.prepare import prepare, print_form

_SCALES = tuple(sp.Rational(s) for s in (3, 1, 3, "1/2", 10, "1/5", 3, 40))


def instantiate(
    expr: sp.Basic, assuming: Iterable[Boolean] = (), seed: int | str = 0, count: int = 1, tries: int = 600
) -> list[Instantiation]:
    """Draw `count` instances of the symbols and undefined functions of `expr` (a scalar
    or an explicit matrix) and `assuming`.

    Symbols get exact numbers with their assumptions: rationals where real (or compared,
    or a limit of an integral, or an argument of a real function), Gaussian rationals
    otherwise, small integers where integer. Undefined functions get random elementary
    laws, positive, bounded or monotone on the whole line where their assumptions or a
    relation such as ``p(t) > 0``, ``F(x).diff(x) > 0`` ask it. Every relation must be
    *proved* by balls at the drawn instance.

    The draws depend on `seed` and on the statement alone; the first instances stay the
    same when `count` grows.

    Raises:
        NoInstance: no draw met all relations; the message names the relation that was
            met least often.
        TypeError: `assuming` holds something that is no relation.
    """
    return list(instances(expr, assuming, seed, count, tries))


def instances(
    expr: sp.Basic, assuming: Iterable[Boolean] = (), seed: int | str = 0, count: int = 1, tries: int = 600
) -> Iterator[Instantiation]:
    """The same one by one, drawn as they are asked for: the first may decide."""
    wanted = demand(expr, assuming)
    for index in range(count):
        yield _one_instance(wanted, Random(f"{seed}/{index}"), tries)


def _one_instance(wanted: Demand, rng: Random, tries: int) -> Instantiation:
    met, asked = [0] * len(wanted.relations), [prepare(relation) for relation in wanted.relations]
    functions: dict = {}
    for attempt in range(tries):
        if attempt % 20 == 0:
            functions = {function: draw_function(shape, rng) for function, shape in wanted.shapes.items()}
        usual = _SCALES[attempt // 3 % len(_SCALES)]
        symbols = {
            symbol: draw_symbol(symbol, symbol in wanted.real, rng, rng.choice(_SCALES) if attempt % 3 == 2 else usual)
            for symbol in wanted.symbols
        }
        instance = Instantiation(symbols, functions)
        if all(_met(relation, i, instance, met) for i, relation in enumerate(asked)):
            return instance
    worst = min(range(len(met)), key=met.__getitem__)
    raise NoInstance(f"No instance in {tries} draws: the relation {print_form(wanted.relations[worst])} was proved by balls {met[worst]} times, "
                     "never together with all others. Is it contradictory, or too rare to meet by chance?")  # fmt: skip


def _met(relation: sp.Basic, index: int, instance: Instantiation, met: list[int]) -> bool:
    proved = proves(relation, instance)
    met[index] += proved
    return proved
