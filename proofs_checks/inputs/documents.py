"""Documents from outside, decoded into typed structs: an error names the place, what
was expected there, and what came.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from proofs_checks.errors import InputError
from proofs_checks.wording import short

T = TypeVar("T")
HERE = "\ue000"  # stands for the place, in a message that is written before the place is known
_AT = re.compile(r"(?P<what>.*) - at (?P<key>`key` in )?`\$(?P<path>[^`]*)`", re.DOTALL)
_STEP = re.compile(r"\.(?P<field>\w+)|\[(?P<index>\d+)\]|\[\.\.\.\]")
_NAMES = {
    "str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "array": "a list", "null": "null",
    "object": "an object with named fields",
}  # fmt: skip


def decode(data: Any, kind: type[T], place: str = "") -> T:
    """``data``, as JSON or Python has it, as a value of the type ``kind``.

    Types of this project among the fields (those with a method ``from_document``) are
    asked to read what stands there; whatever they raise may name the place by
    ``HERE``.

    Args:
        place: Where ``data`` itself stands, in words; "the file" when left out.
    Raises:
        InputError: ``Expected a whole number in group.permutations.r[2], got 'x'.``
    """
    if isinstance(data, Mapping) and issubclass(
        kind, msgspec.Struct
    ):  # numbers that remember their digits, and NumPy's, are floats of another class
        data = {key: float(x) if isinstance(x, float) else x for key, x in data.items()}
    try:
        return msgspec.convert(data, kind, dec_hook=_asked)
    except msgspec.ValidationError as error:
        raise InputError(_explained(str(error), data, kind, place)) from None


def expectation_error(what: str, got: object) -> InputError:
    """The error of a ``from_document`` that expected something else here."""
    return InputError(f"Expected {what} in {HERE}, got {short(got)}.")


def decode_nested(value: Any, kind: type[T]) -> T:
    """:func:`decode` for use inside a ``from_document``: the place within ``value``
    becomes a part of the whole place.
    """
    try:
        return msgspec.convert(value, kind, dec_hook=_asked)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None


def _asked(kind: Any, value: Any) -> Any:
    return kind.from_document(value)


def _explained(message: str, data: Any, kind: Any, place: str) -> str:
    path, at_key = "", False
    while found := _AT.fullmatch(message):  # the outermost place stands last
        message, path, at_key = found["what"], path + found["path"], at_key or bool(found["key"])
    steps, value, inner = _followed(path, data, kind)
    name = f"{place}{steps if place.strip(': ') == place else steps.removeprefix('.')}".removeprefix(".") or "the file"
    if at_key:
        return f"Expected text for every name in {name}, got {short(next((k for k in value if not isinstance(k, str)), value))}."
    if message.startswith("Invalid enum value"):
        return f"Expected one of {', '.join(str(one.value) for one in inner)} in {name}, got {short(value)}."
    if HERE in message or not message.startswith(("Expected", "Object")):
        return message.replace(HERE, name)
    if message.startswith("Object"):
        field = message.partition("`")[2].partition("`")[0]
        fields = ", ".join(getattr(inner, "__struct_fields__", ()))
        return (
            f"Unknown field {field!r} in {name}; the fields are {fields}."
            if "unknown" in message
            else (f"The field {field!r} is missing in {name}; its fields are {fields}.")
        )
    return f"Expected {_words(message.removeprefix('Expected ').partition(', got')[0])} in {name}, got {short(value)}."


def _words(what: str) -> str:
    """``int | str`` and ``int >= 2`` in words."""
    for sign, words in (
        (" of length >= 1", ""),
        (" >= ", " of at least "),
        (" < ", " below "),
        (" > ", " above "),
        (" <= ", " of at most "),
    ):
        if sign.endswith("1") and sign in what:
            what = f"non-empty {what.replace(sign, '')}"
        what = what.replace(sign, words)
    alternatives = re.sub(
        r"`([^`]*)`", lambda found: " or ".join(_NAMES.get(x, x) for x in found[1].split(" | ") if x != "null"), what
    )
    return re.sub(r"^non-empty (an? )", "a non-empty ", alternatives)


def _followed(path: str, data: Any, kind: Any) -> tuple[str, Any, Any]:
    """The place in words, the value there and its type; of a mapping, the first
    entry that its type does not take.
    """
    words = ""
    for step in _STEP.finditer(path):
        kind, inner = _plain(kind), _inner(_plain(kind), step["field"])
        if step["field"] is not None and isinstance(data, Mapping):
            words, data = f"{words}.{step['field']}", data.get(step["field"])
        elif step["index"] is not None and isinstance(data, Sequence) and not isinstance(data, str):
            words, data = f"{words}[{step['index']}]", data[int(step["index"])]
        elif step["index"] is None and isinstance(data, Mapping):
            key = next((key for key, value in data.items() if not _takes(inner, value)), None)
            words, data = f"{words}.{key}", data.get(key)
        else:
            break  # a number where a matrix of one entry is meant
        kind = inner
    return words, data, _plain(kind)


def _takes(kind: Any, value: Any) -> bool:
    try:
        msgspec.convert(value, kind, dec_hook=_asked)
    except msgspec.ValidationError:
        return False
    return True


def _plain(kind: Any) -> Any:
    """Without annotations, and without None among alternatives."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        rest = [_plain(one) for one in get_args(kind) if one is not type(None)]
        return rest[0] if len(rest) == 1 else Any
    return kind


def _inner(kind: Any, field: str | None) -> Any:
    if field is not None and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return get_type_hints(kind, include_extras=True).get(field, Any)
    inner = [one for one in get_args(kind) if one is not Ellipsis]
    return inner[-1] if inner else Any
