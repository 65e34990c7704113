"""Judging enumerations: every member of a family by two algorithms, and the family's
count against its formula."""

from __future__ import annotations

import dis
import functools
import inspect
import math
from collections.abc import Callable
from fractions import Fraction
from types import CellType, CodeType, FunctionType, MethodType, MethodWrapperType
from typing import Any

from proofs_checks.kernel.verdicts import Route, Scope, Status, Verdict
from theory.proof.statements import Enumeration, Family

_PLAIN = (bool, int, str, float, Fraction)


def judge_enumeration(item: Enumeration) -> Verdict:
    """Every member by both algorithms; the count against the family's formula, and no
    member twice."""
    family = item.of
    if not isinstance(family, Family):
        raise TypeError(f"Expected a Family, which knows its size by a formula, got {type(family).__name__}.")
    if type(family.size) is not int:
        raise TypeError(f"Expected a whole number as the family's size, got {type(family.size).__name__}.")
    if same_algorithm(item.holds, item.second):
        raise TypeError("The second algorithm is the first one; it has to decide the same by other means.")
    if looks_at_nothing(item.holds) or looks_at_nothing(item.second):
        raise TypeError("An algorithm does not look at the member that it decides about; its answer says nothing.")
    total, failures, witness, seen = 0, 0, None, set()
    for member in family:
        total += 1
        if total > family.size:
            break
        seen.add(identity_of_member(member))
        first, second = boolean_answer(item.holds, member), boolean_answer(item.second, member)
        if first != second:
            why = f"Two algorithms disagree ({first} against {second}); one of them is wrong."
            scope = Scope(exhausted=(f"{total:,} {family.description}",))
            return Verdict(Status.UNDECIDED, Route.EXACT, why, scope, str(member)[:400])
        if not first:
            failures += 1
            witness = str(member)[:400] if witness is None else witness
    scope = Scope(exhausted=(f"{total:,} of {family.size:,} {family.description}",))
    if failures:
        why = f"Fails for {failures:,} of {total:,} {family.description}."
        return Verdict(Status.REFUTED, Route.EXACT, why, scope, witness, decided=1)
    why = _miscounted(family, total, len(seen))
    return Verdict(Status.UNDECIDED if why else Status.HOLDS, Route.EXACT, why, scope, decided=int(not why))


def same_algorithm(first: Any, second: Any) -> bool:
    """Whether two callables are one: equal, bound to equal arguments, or the same
    program twice with the same values."""
    first, second = _unwrapped(first), _unwrapped(second)
    if first is second or first == second:
        return True
    if isinstance(first, MethodType) and isinstance(second, MethodType):
        return first.__func__ is second.__func__ and _same_state(first.__self__, second.__self__)
    if isinstance(first, functools.partial) and isinstance(second, functools.partial):
        same = same_algorithm(first.func, second.func)
        return same and first.args == second.args and first.keywords == second.keywords
    if isinstance(first, FunctionType) and isinstance(second, FunctionType):
        same = first.__globals__ is second.__globals__ and _program(first.__code__) == _program(second.__code__)
        return same and all(map(_alike, _held(first), _held(second)))
    return False


def _same_state(first: Any, second: Any) -> bool:
    """Whether two objects of one class hold the same, as far as they say what they
    hold."""
    if first is second or type(first) is not type(second) or not hasattr(first, "__dict__"):
        return first is second
    mine, other = vars(first), vars(second)
    return mine.keys() == other.keys() and all(_alike(mine[name], other[name]) for name in mine)


def _unwrapped(algorithm: Any) -> Any:
    """What is called in the end: behind caches, decorators that say what they wrap,
    partial functions that bind nothing, and objects that are called."""
    algorithm = inspect.unwrap(algorithm)
    if isinstance(algorithm, functools.partial) and not algorithm.args and not algorithm.keywords:
        return _unwrapped(algorithm.func)
    if isinstance(algorithm, MethodWrapperType) and algorithm.__name__ == "__call__":
        return _unwrapped(algorithm.__self__)
    own = inspect.getattr_static(type(algorithm), "__call__", None)
    return MethodType(own, algorithm) if isinstance(own, FunctionType) else algorithm


def looks_at_nothing(algorithm: Any) -> bool:
    """Whether a function of Python's reads neither its first argument nor anything
    else: it answers before it was asked."""
    function = _unwrapped(algorithm)
    if not isinstance(function, FunctionType) or not function.__code__.co_argcount:
        return False
    if function.__code__.co_names or function.__code__.co_freevars:
        return False
    name = function.__code__.co_varnames[0]
    read = [instruction.argval for instruction in dis.get_instructions(function)]
    return not any(value == name or (isinstance(value, tuple) and name in value) for value in read)


def _program(code: CodeType) -> tuple[Any, ...]:
    """What a function does, whatever it and its arguments are called and wherever it is
    written."""
    constants = tuple(_program(each) if isinstance(each, CodeType) else (type(each), each) for each in code.co_consts)
    return code.co_code, constants, code.co_names, code.co_argcount, code.co_kwonlyargcount, len(code.co_freevars)


def _held(function: FunctionType) -> list[Any]:
    """The cells that a function closes over, and its defaults."""
    return [*(function.__closure__ or ()), *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]


def _alike(first: Any, second: Any) -> bool:
    """Cells and values that are one object, or plain data that are equal."""
    if isinstance(first, CellType) and isinstance(second, CellType):
        return _contents(first) == _contents(second)
    return first is second or (type(first) is type(second) and type(first) in _PLAIN and first == second)


def _contents(cell: CellType) -> Any:
    """What tells the value in a cell from others: plain data itself, of anything else
    which object it is."""
    try:
        value = cell.cell_contents
    except ValueError:  # not filled yet
        return None
    return value if type(value) in _PLAIN else id(value)


def _miscounted(family: Family, total: int, distinct: int) -> str:
    """Why the enumeration is not the family: more, fewer or other members than the
    formula counts."""
    if total > family.size:
        return f"Enumerated more {family.description} than the {family.size:,} that the formula counts."
    if not total or total != family.size:
        return f"Enumerated {total:,} {family.description}, where the formula counts {family.size:,}."
    if distinct != total:
        return f"Enumerated {total:,} {family.description}, of which only {distinct:,} are distinct."
    return ""


def boolean_answer(algorithm: Callable[[Any], Any], member: Any) -> bool:
    """The algorithm's answer, which has to be true or false: a text or a function would
    count as true.

    Raises:
        TypeError: it is something else.
    """
    answer = algorithm(member)
    if type(answer).__name__ not in ("bool", "bool_", "BooleanTrue", "BooleanFalse"):  # of Python, NumPy and SymPy
        raise TypeError(
            f"Expected true or false for {str(member)[:80]}, got {type(answer).__name__} {str(answer)[:40]}."
        )
    return bool(answer)


def identity_of_member(member: Any) -> Any:
    """What tells a member from others by its value, hashable: two objects that say the
    same are one member.

    Raises:
        TypeError: the member says nothing of its value, so that a repetition could not
            be noticed.
    """
    if member is None or type(member) in _PLAIN:
        undefined = isinstance(member, float) and math.isnan(member)
        return "nan" if undefined else member  # which is equal to nothing, and one member all the same
    if isinstance(member, (tuple, list)):
        return tuple(map(identity_of_member, member))
    if isinstance(member, (set, frozenset)):
        return frozenset(map(identity_of_member, member))
    if isinstance(member, dict):
        return frozenset((identity_of_member(key), identity_of_member(value)) for key, value in member.items())
    if hasattr(member, "tolist") and hasattr(member, "dtype"):  # a tensor or an array; a SymPy matrix has equality
        return (str(member.dtype), tuple(member.shape), identity_of_member(member.tolist()))
    if type(member).__eq__ is not object.__eq__:
        try:
            hash(member)
        except TypeError:
            return (type(member).__name__, repr(member))
        return (type(member).__name__, member)
    if fields := getattr(member, "__dict__", None):
        return (type(member).__name__, identity_of_member(fields))
    raise TypeError(
        f"A member of the family says nothing of its value ({member!r}); give it equality, or list plain data."
    )
