"""The group axioms of a table, in order: closure, associativity (Light's test, a
decision and no sample), identity, inverses.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from proofs_checks.findings import Finding
from proofs_checks.inputs.group_tables import LabelledTable
from proofs_checks.kernel import Status
from proofs_checks.wording import short
from theory.groups.cayley_tables import latin_failure, light_test, magma_generators, two_sided_identity

MAX_ASSOCIATIVITY_WORK = 5 * 10**8  # products that Light's test may look up
AXIOMS = ("closure", "associativity", "identity", "inverses")
MOST_CELLS = 1000  # products outside the table that are listed for the picture
Cell = tuple[int, int]


@dataclass(frozen=True)
class Axioms:
    """The findings; ``failed`` is the first axiom that does not hold, empty for a
    group; ``cells`` are entries that show a failure.
    """

    findings: list[Finding]
    failed: str = ""
    is_latin: bool = True
    cells: tuple[Cell, ...] = ()


def axioms_of(table: LabelledTable) -> Axioms:
    """Every axiom that can be asked, and the Latin square where one fails."""
    labels, products = table.labels, table.products
    closure = _closure(table)
    if table.strange is not None:
        unasked = [
            Finding(axiom, Status.INAPPLICABLE, "not asked, since some products are not elements")
            for axiom in AXIOMS[1:]
        ]
        outside = tuple((int(i), int(j)) for i, j in np.argwhere(products < 0)[:MOST_CELLS])
        return Axioms([closure, *unasked], "closure", cells=outside)
    latin, e = latin_failure(products), two_sided_identity(products)
    associativity, triple = _associativity(products, labels, latin is not None)
    findings = [closure, associativity, _identity(products, labels, e), _inverses(products, labels, e)]
    failed = next((finding for finding in findings if finding.status is not Status.HOLDS), None)
    if failed is None:
        return Axioms(findings)
    if latin is not None:
        findings.append(_latin(latin, labels, products))
    return Axioms(findings, failed.name, latin is None, (*triple, *_repeated(latin)))


def _repeated(latin: tuple[str, int, int, int, int] | None) -> tuple[Cell, ...]:
    """The two cells that hold one symbol."""
    if latin is None:
        return ()
    line, k, _, first, second = latin
    return ((k, first), (k, second)) if line == "row" else ((first, k), (second, k))


def _closure(table: LabelledTable) -> Finding:
    n, note = len(table.labels), f" ({table.note})" if table.note else ""
    if table.strange is None:
        return Finding("closure", Status.HOLDS, f"all {n * n} products are among the {n} elements{note}")
    i, j, cell = table.strange
    a, b, outside = table.labels[i], table.labels[j], int((table.products < 0).sum())
    more = f"; there are {outside} such products" if outside > 1 else ""
    alike = next((label for label in table.labels if _letters(label) == _letters(cell)), None)
    hint = f"; it looks like {alike!a}, and is {cell!a}" if alike is not None else ""
    text = f"{a} * {b} = {cell}, which is none of the {n} elements{note}{hint}{more}"
    return Finding("closure", Status.REFUTED, text, {"a": a, "b": b, "product": cell})


def _letters(label: str) -> str:
    """What a user sees: one Unicode form, one case."""
    return unicodedata.normalize("NFKC", label).casefold()


def _associativity(products: np.ndarray, labels: Sequence[str], not_latin: bool) -> tuple[Finding, tuple[Cell, ...]]:
    """The finding, and the four entries of a triple that does not associate."""
    n, name = len(labels), "associativity"
    generators = magma_generators(products)
    if len(generators) * n * n > MAX_ASSOCIATIVITY_WORK:
        in_any_case = "and the table is no Latin square, so it is no group in any case"
        why = in_any_case if not_latin else "use a table of fewer elements"
        text = f"Light's test would need {len(generators)} generators times {n}^2 products; {why}"
        return Finding(name, Status.UNDECIDED, text), ()
    triple = light_test(products)
    if triple is None:
        plural = "s" * (len(generators) != 1)
        text = f"Light's test with {len(generators)} generator{plural}: all {n}^3 triples associate"
        return Finding(name, Status.HOLDS, text), ()
    x, g, y = triple
    first, second = int(products[x, g]), int(products[g, y])
    left, right = labels[products[first, y]], labels[products[x, second]]
    a, b, c = labels[x], labels[g], labels[y]
    text = f"({a} * {b}) * {c} = {left}, but {a} * ({b} * {c}) = {right}"
    witness = {"a": a, "b": b, "c": c, "left": left, "right": right}
    return Finding(name, Status.REFUTED, text, witness), ((x, g), (first, y), (g, y), (x, second))


def _identity(products: np.ndarray, labels: Sequence[str], e: int | None) -> Finding:
    if e is not None:
        return Finding(
            "identity", Status.HOLDS, f"{labels[e]} * x = x * {labels[e]} = x for every x", {"identity": labels[e]}
        )
    everything = np.arange(len(labels))
    one_sided = {
        "left": [labels[k] for k in np.flatnonzero((products == everything).all(axis=1))],
        "right": [labels[k] for k in np.flatnonzero((everything == products.T).all(axis=1))],
    }
    found = [
        f"{side} identities: {', '.join(names[:6])}{', ...' if len(names) > 6 else ''}"
        for side, names in one_sided.items()
        if names
    ]
    return Finding(
        "identity",
        Status.REFUTED,
        "no element e satisfies e * x = x * e = x for every x" + (f" ({'; '.join(found)})" if found else ""),
        one_sided,
    )


def _inverses(products: np.ndarray, labels: Sequence[str], e: int | None) -> Finding:
    if e is None:
        return Finding("inverses", Status.INAPPLICABLE, "not asked, since there is no identity")
    without_inverse = np.flatnonzero(~((products == e) & (e == products.T)).any(axis=1))
    if not without_inverse.size:
        return Finding("inverses", Status.HOLDS, f"every x has a y with x * y = y * x = {labels[e]}")
    x = labels[without_inverse[0]]
    more = f" ({len(without_inverse)} such elements)" if len(without_inverse) > 1 else ""
    return Finding("inverses", Status.REFUTED, f"no y satisfies {x} * y = y * {x} = {labels[e]}{more}", {"x": x})


def _latin(failure: tuple[str, int, int, int, int], labels: Sequence[str], products: np.ndarray) -> Finding:
    line, k, symbol, first, second = failure
    other = "columns" if line == "row" else "rows"
    places = f"{other} {first + 1}, {second + 1}"
    square = (np.sort(products if line == "column" else products.T, axis=1) == np.arange(len(labels))).all()
    hint = f" All {other} are in order. Is the table transposed?" if square else ""
    witness = {"line": line, "of": labels[k], "symbol": labels[symbol], "at": [labels[first], labels[second]]}
    return Finding(
        "Latin square",
        Status.REFUTED,
        f"{short(labels[symbol])} stands twice in {line} {short(labels[k])} ({places}).{hint}",
        witness,
    )
