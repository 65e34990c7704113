"""The ways in which a group is written down elsewhere, as the one document that
:mod:`proofs_checks.inputs.named_groups` reads: SymPy's groups, lists of permutations, a
presentation in angle brackets, relators.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from proofs_checks.errors import InputError
from proofs_checks.inputs.permutations import is_permutation
from proofs_checks.wording import short

_PRESENTATION = re.compile(r"\s*[<⟨]\s*(?P<generators>[^|:]+?)\s*(?:\||:)\s*(?P<relations>.*?)\s*[>⟩]\s*", re.DOTALL)


def is_presentation(text: Any) -> TypeGuard[str]:
    """Whether a text is a presentation such as ``<r, s | r^4, s^2>``."""
    return isinstance(text, str) and _PRESENTATION.fullmatch(text) is not None


def as_document(given: Any) -> dict[str, Any] | None:
    """What was given as a document with ``permutations``, or ``generators`` and
    ``relations``, or a ``table``; None where it is nothing of the kind."""
    if hasattr(given, "relators") and hasattr(given, "generators"):  # SymPy's FpGroup
        return {
            "generators": [str(g) for g in given.generators],
            "relations": [str(word) for word in given.relators],
        }
    if hasattr(given, "generators") and not isinstance(given, Mapping) and _all_permutations(list(given.generators)):
        return {"permutations": list(given.generators)}
    if is_presentation(given):
        return _presentation(given)
    if isinstance(given, (list, tuple)) and _all_permutations(given):
        return {"permutations": list(given)}
    return _plain(dict(given)) if isinstance(given, Mapping) else None


def _all_permutations(values: Sequence[Any]) -> bool:
    return bool(values) and all(map(is_permutation, values))


def _presentation(text: str) -> dict[str, Any]:
    parts = _PRESENTATION.fullmatch(text)
    if parts is None:
        raise InputError(f"Expected a presentation such as <r, s | r^4, s^2>, got {short(text)}.")
    return {"generators": separate(parts["generators"]), "relations": separate(parts["relations"])}


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    """A mapping with today's fields: relators for relations, texts for lists,
    generators that are permutations."""
    if "relators" in data:
        if "relations" in data:
            raise InputError(
                "Expected either 'relations' or 'relators' in group, got both. Put all of them in one list."
            )
        data["relations"] = data.pop("relators")
    if is_presentation(data.get("presentation")):
        return {**_presentation(data.pop("presentation")), **data}
    generators = data.get("generators")
    if "relations" not in data and "permutations" not in data and generators is not None:
        values = list(generators.values()) if isinstance(generators, Mapping) else generators
        if (
            isinstance(values, (list, tuple))
            and values
            and all(isinstance(x, (list, tuple)) or is_permutation(x) for x in values)
        ) or (isinstance(values, str) and values.strip().startswith("(")):
            data["permutations"] = data.pop("generators")
    for key in ("generators", "relations"):
        if isinstance(data.get(key), str):
            data[key] = separate(data[key])
    return data


def separate(text: str) -> list[str]:
    """The parts of a list that is written as a text, split at commas, semicolons and
    ends of lines outside brackets.

    >>> separate("r^4, [r, s]; s^2")
    ['r^4', '[r, s]', 's^2']
    """
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        if sign in ",;\n" and depth <= 0:
            parts.append("")
        else:
            parts[-1] += sign
    found = [part.strip() for part in parts if part.strip()]
    if len(found) == 1 and len(found[0].split()) > 1 and all(x.isidentifier() for x in found[0].split()):
        return found[0].split()  # r s
    if not found:
        raise InputError(f"Expected a list such as r, s, got {short(text)}.")
    return found
