"""The audit of a list of representations of a finite group: homomorphisms, irreducible, inequivalent, complete.

The file names a group (a table, permutations, or generators with relations) and gives matrices on all elements or on enough of them to
generate. Exact entries are decided; decimals are judged within the digits that were written.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from proofs_checks.audits import AuditReport, Finding
from proofs_checks.audits.representation_decimals import to_complex
from proofs_checks.audits.representation_file import GivenRepresentation, NamedGroup
from proofs_checks.audits.representation_input import Generated, Representable, read_source
from proofs_checks.kernel import DOUBT, Status
from theory.cyclotomic import Cyclotomic
from theory.exact_matrices import ExactArray
from theory.representations import Defect, Representation, decompose, intertwiners_dimension
from theory.representations.character_tables import CharacterTable, character_table

WIDE = 0.125  # a bound on a number that is an integer in theory says nothing beyond this


@dataclass(frozen=True)
class Judged:
    """A representation after its own findings; ``multiplicities`` by row of the character table, None when it is no homomorphism."""

    name: str
    degree: int
    multiplicities: tuple[int, ...] | None


def audit_representation(
    source: Representable,
    group: Any = None,
    *,
    subject: str = "",
    name: str = "R",
    complete: bool = False,
    accuracy: float | None = None,
) -> AuditReport:
    """Judge representations: those in a file, or matrices and callables from Python.

    Args:
        source: A path to JSON, CSV or NPZ (:mod:`proofs_checks.audits.representation_file` and ``representation_input`` describe them); data as in the JSON
            file; a mapping from elements to matrices; matrices on all elements or on the generators, in order (arrays, tensors, nested
            lists); a callable element -> matrix (asked with the permutation as a tuple of images, or with the element's name); or a
            :class:`theory.representations.Representation`.
        group: A :class:`theory.groups.FiniteGroup`, a multiplication table, a path to one, or data as in a JSON file. Without a group the matrices are
            taken for generators, and decomposed numerically.
        subject: What to call it; the file's ``title`` or name otherwise.
        name: What to call the one representation that matrices from Python make.
        complete: Whether that one is claimed to be, with the trivial one, a complete list.
        accuracy: How far decimals may be from the true entries; otherwise the digits written, or the dtype, say it.
    Raises:
        InputError: the group or the matrices cannot be read; the message names the place.
    """
    fallback = (
        Path(source).name
        if isinstance(source, (str, Path))
        else "a list of representations"
        if isinstance(source, dict)
        else "matrices"
    )
    content = read_source(source, group, name=name, complete=complete, accuracy=accuracy)
    if isinstance(content, Generated):
        from proofs_checks.audits.representation_generated import audit_generated

        return audit_generated(content, subject or fallback)
    table = character_table(content.group.group)
    findings: list[Finding] = []
    judged = []
    for given in content.representations:
        own, outcome = _judge(given, content.group, table)
        findings += own
        judged.append(outcome)
    findings += _equivalences(judged, table)
    findings += _completeness(judged, table, content.group, content.complete)
    return _report(subject or content.title or fallback, findings, judged, content.group, table)


def _judge(given: GivenRepresentation, named: NamedGroup, table: CharacterTable) -> tuple[list[Finding], Judged]:
    if given.exact is None:
        return _judge_numeric(given, named, table)
    return _judge_modular(given, named) if given.exact.field.characteristic else _judge_exact(given, named, table)


# -- one representation ------------------------------------------------------------------------------------------------


def _judge_exact(given: GivenRepresentation, named: NamedGroup, table: CharacterTable) -> tuple[list[Finding], Judged]:
    representation = Representation(named.group, given.exact, name=given.name)
    degree = representation.degree
    if (broken := _broken(given, named, representation)) is not None:
        return broken, Judged(given.name, degree, None)
    order = named.group.order
    first = Finding(
        f"{given.name} homomorphism",
        Status.HOLDS,
        f"all {order**2} products of {degree} x {degree} matrices over {representation.field} agree",
    )
    projections = (table.on_elements().conj() @ representation.character.reshape(order, 1)).reshape(-1)
    counts = tuple(int(projections.entry(k).as_fraction() / order) for k in range(len(table.degrees)))
    return [first, _irreducibility(given.name, degree, counts, table)], Judged(given.name, degree, counts)


MODULAR_DEGREE = 100  # up to which a representation over F_p is split while a person waits


def _judge_modular(given: GivenRepresentation, named: NamedGroup) -> tuple[list[Finding], Judged]:
    """Over F_p: products are decided; irreducibility by splitting, where p does not divide |G| and Maschke's theorem holds."""
    representation = Representation(named.group, given.exact, name=given.name)
    order, p, degree = named.group.order, representation.field.characteristic, representation.degree
    unknown = Judged(given.name, degree, None)
    if (broken := _broken(given, named, representation)) is not None:
        return broken, unknown
    first = Finding(
        f"{given.name} homomorphism",
        Status.HOLDS,
        f"all {order**2} products of {degree} x {degree} matrices over F_{p} agree",
    )
    name = f"{given.name} irreducible"
    if degree == 1:
        return [first, Finding(name, Status.HOLDS, "of degree one")], unknown
    if order % p == 0:
        text = f"{p} divides the order {order}: averages over the group do not exist, characters do not decide, and an invariant subspace may have no complement"
        return [first, Finding(name, Status.UNDECIDED, text, {"characteristic": p, "order": order})], unknown
    return [first, _irreducibility_modulo(name, representation)], unknown


def _irreducibility_modulo(name: str, representation: Representation) -> Finding:
    """Split over F_p, p not dividing the order; every part comes with a proof that it is irreducible, replayed by multiplication."""
    p = representation.field.characteristic
    if representation.degree > MODULAR_DEGREE:
        size = intertwiners_dimension(representation, representation)
        text = f"its commutant has dimension {size}; splitting it over F_{p} is left to degrees up to {MODULAR_DEGREE}"
        return Finding(name, Status.HOLDS if size == 1 else Status.UNDECIDED, text, {"commutant_dimension": size})
    found = decompose(representation)
    if not found.certificate.replay():
        return Finding(
            name,
            Status.UNDECIDED,
            "its splitting did not replay",
            {"commutant_dimension": sum(m * m for m in found.multiplicities)},
        )
    if len(found.summands) == 1 and found.multiplicities[0] == 1:
        return Finding(
            name, Status.HOLDS, f"over F_{p}, which does not divide the order; {found.summands[0].schur_type}"
        )
    parts = " + ".join(str(summand) for summand in found.summands)
    return Finding(
        name,
        Status.REFUTED,
        f"it is {parts}",
        {"multiplicities": list(found.multiplicities), "degree": representation.degree},
    )


def _broken(given: GivenRepresentation, named: NamedGroup, representation: Representation) -> list[Finding] | None:
    """What keeps exact matrices from being a representation: a pair, or R(e); None where nothing does."""
    defect = representation.defect()
    if defect is not None:
        found = _not_a_homomorphism(given, named, representation, defect)
    elif (representation.matrices[0] - ExactArray.eye(representation.degree, representation.field)).nonzero().any():
        e = named.label(0)
        text = f"the products agree, but R({e}) is not the unit matrix: it is idempotent and singular, and so is every R(g) = R(g) R({e})"
        witness = {"g": e, "R(e)": _texts(representation.matrices[0])}
        found = Finding(f"{given.name} homomorphism", Status.REFUTED, text, witness)
    else:
        return None
    reason = "not asked of matrices that are no representation"
    return [found, Finding(f"{given.name} irreducible", Status.INAPPLICABLE, reason)]


def _not_a_homomorphism(
    given: GivenRepresentation, named: NamedGroup, representation: Representation, defect: Defect
) -> Finding:
    """The first pair that fails, and the worst: over Q(zeta_n) by the size of R(g)R(h) - R(gh), over F_p by its entries that are not zero."""

    def product(pair: tuple[int, int]) -> tuple[str, str, str]:
        g, h = pair
        return named.label(g), named.label(h), named.label(int(named.group.multiply(g, h)))

    g, h, gh = product(defect.pair)
    a, b, ab = product(defect.worst)
    modular = bool(representation.field.characteristic)
    size = float(defect.size) if modular else math.sqrt(defect.size)
    by = f"{int(size)} entries" if modular else f"{size:.3g}"
    text = f"R({g}) R({h}) is not R({gh}), though {g} * {h} = {gh}; {defect.failing} of {defect.pairs} pairs fail, the worst at ({a}, {b}), off by {by}"
    reversed_order = Representation(named.group, representation.matrices.T).defect() is None
    if reversed_order:
        text += ". R(h) R(g) = R(gh) throughout: the products were read in the opposite order (here r*s means r times s, s acting first)"
    first, second = (representation.matrices[k] for k in defect.pair)
    witness = {
        "g": g,
        "h": h,
        "gh": gh,
        "R(g)R(h)": _texts(first @ second),
        "R(gh)": _texts(representation.matrices[int(named.group.multiply(*defect.pair))]),
        "worst": {"g": a, "h": b, "gh": ab, "off_by": size},
    }
    return Finding(f"{given.name} homomorphism", Status.REFUTED, text, witness)


def _irreducibility(name: str, degree: int, counts: Sequence[int], table: CharacterTable) -> Finding:
    norm = sum(m * m for m in counts)
    if norm == 1:
        row = counts.index(1)
        return Finding(f"{name} irreducible", Status.HOLDS, f"its character has norm 1; {_kind(table.indicators[row])}")
    parts = [f"{m} x chi{k + 1} (degree {table.degrees[k]})" for k, m in enumerate(counts) if m]
    return Finding(
        f"{name} irreducible",
        Status.REFUTED,
        f"its character has norm {norm}: it is {' + '.join(parts)}",
        {"multiplicities": list(counts), "degree": degree},
    )


def _kind(indicator: int) -> str:
    return {
        1: "of real type (indicator +1)",
        -1: "of quaternionic type (indicator -1, not realisable over R)",
        0: "of complex type (indicator 0)",
    }[indicator]


def _texts(matrix: ExactArray) -> list[list[str]]:
    return [[str(x) for x in row] for row in matrix.tolist()]


@dataclass(frozen=True)
class _Worst:
    """The pair of elements whose product is off by most, measured by what the digits explain; and the widest of these explanations."""

    text: str
    witness: dict[str, Any]
    ratio: float
    widest: float


def _judge_numeric(
    given: GivenRepresentation, named: NamedGroup, table: CharacterTable
) -> tuple[list[Finding], Judged]:
    """Decimals: the residual of every product against what the digits written can explain; then the multiplicities, which are integers.

    A multiplicity is an average of chi(g) conj chi_k(g), off by at most the mean of sqrt(d) |E(g)|_F, times the degree of chi_k, plus rounding.
    """
    assert given.numeric is not None
    matrices, errors, degree = given.numeric.matrices, given.numeric.errors, given.numeric.matrices.shape[1]
    with np.errstate(over="ignore", invalid="ignore"):  # products that overflow explain everything, and decide nothing
        worst = _worst_pair(given, named)
    name = f"{given.name} homomorphism"
    digits = f"entries taken as within {given.numeric.accuracy:.1e} of the true ones"
    if given.numeric.condition > 1:
        digits += f"; multiplied out in the basis of the invariant form, condition {given.numeric.condition:.1e}"
    unknown = Judged(given.name, degree, None)
    reason = "not asked before the matrices are known to be a representation"
    unasked = Finding(f"{given.name} irreducible", Status.INAPPLICABLE, reason)
    if not given.said and 1 < worst.ratio <= DOUBT:
        text = f"{worst.text}, {worst.ratio:.3g} times what the digits explain: more digits, or accuracy beside them, would decide ({digits})"
        return [Finding(name, Status.UNDECIDED, text, worst.witness), unasked], unknown
    if worst.ratio > 1:
        text = f"{worst.text}, {worst.ratio:.3g} times what the digits explain ({digits})"
        return [Finding(name, Status.REFUTED, text, worst.witness), unasked], unknown
    terms = (len(matrices) + degree + 8) * float(np.finfo(float).eps) * degree * float(np.abs(matrices).max())
    error = max(table.degrees) * (math.sqrt(degree) * float(errors.mean()) + terms)
    if not (worst.widest <= WIDE and error <= WIDE):
        wide = max(error, worst.widest)
        much = f"as much as {wide:.2g}" if math.isfinite(wide) else "anything whatever"
        text = f"the residuals stay within what the digits explain, but that is {much}: write more decimals, or exact numbers ({digits})"
        return [Finding(name, Status.UNDECIDED, text, worst.witness), unasked], unknown
    counts, apart = _numeric_counts(matrices, named, table)
    if apart > error or sum(m * d for m, d in zip(counts, table.degrees, strict=True)) != degree:
        text = f"the products agree within what the digits explain, and yet a multiplicity is {apart:.2g} from an integer, where {error:.2g} is explained ({digits})"
        return [Finding(name, Status.REFUTED, text, worst.witness), unasked], unknown
    text = f"all {len(matrices) ** 2} products agree within the digits written; worst: {worst.text}, {worst.ratio:.2g} of its bound ({digits})"
    first = Finding(name, Status.HOLDS, text, worst.witness)
    return [first, _irreducibility(given.name, degree, counts, table)], Judged(given.name, degree, counts)


def _worst_pair(given: GivenRepresentation, named: NamedGroup) -> _Worst:
    """R(e) = 1 and R(g) R(h) = R(gh): if R = T + E with T a representation, E R + R E - E E - E(gh) and the rounding of a product is what may be left."""
    assert given.numeric is not None
    matrices, errors = given.numeric.matrices, given.numeric.errors
    degree = matrices.shape[1]
    norms = np.linalg.norm(matrices, axis=(1, 2))
    gamma = (2 * degree + 8) * np.finfo(float).eps
    unit = float(np.linalg.norm(matrices[0] - np.eye(degree)))
    worst, pair, explained, off = unit / max(errors[0] + gamma, np.finfo(float).tiny), None, errors[0] + gamma, unit
    widest = 0.0
    for g in range(len(matrices)):
        rows = named.group.multiply(g, np.arange(len(matrices)))
        residual = np.linalg.norm(matrices[g] @ matrices - matrices[rows], axis=(1, 2))
        bound = errors[g] * (norms + errors) + norms[g] * errors + errors[rows] + gamma * (norms[g] * norms + 1)
        ratio = np.nan_to_num(residual / bound, nan=0.0)
        h = int(ratio.argmax())
        widest = max(widest, float(bound.max()))
        if ratio[h] > worst:
            worst, pair, explained, off = float(ratio[h]), (g, h), float(bound[h]), float(residual[h])
    witness: dict[str, Any] = {"residual": off, "bound": float(explained), "accuracy": given.numeric.accuracy}
    if pair is None:
        e = named.label(0)
        return _Worst(f"R({e}) misses the unit matrix by {off:.2e}", {"g": e, **witness}, worst, widest)
    g, h = (named.label(k) for k in pair)
    return _Worst(f"R({g}) R({h}) misses R({g} * {h}) by {off:.2e}", {"g": g, "h": h, **witness}, worst, widest)


def _numeric_counts(matrices: np.ndarray, named: NamedGroup, table: CharacterTable) -> tuple[tuple[int, ...], float]:
    """The integers nearest to the multiplicities, and how far the farthest is."""
    traces = np.trace(matrices, axis1=1, axis2=2)
    found = []
    for row in table.values:
        values = np.array([to_complex(row[k]) for k in named.group.class_of])
        found.append(complex((traces * values.conj()).mean()))
    counts = tuple(round(x.real) for x in found)
    return counts, max(abs(x - m) for x, m in zip(found, counts, strict=True))


# -- the list as a whole -----------------------------------------------------------------------------------------------


def _row(outcome: Judged) -> int | None:
    """The row of the table that an irreducible one is, else None."""
    counts = outcome.multiplicities
    return counts.index(1) if counts is not None and sum(m * m for m in counts) == 1 else None


def _equivalences(judged: Sequence[Judged], table: CharacterTable) -> list[Finding]:
    found, seen = [], {}
    for outcome in judged:
        if outcome.multiplicities is None:
            continue
        if outcome.multiplicities in seen:
            twin = seen[outcome.multiplicities]
            found.append(
                Finding(
                    f"{outcome.name} new",
                    Status.REFUTED,
                    f"equivalent to {twin}: the same character",
                    {"equivalent_to": twin},
                )
            )
        else:
            seen[outcome.multiplicities] = outcome.name
    return found


def _missing(judged: Sequence[Judged], table: CharacterTable) -> list[int]:
    present = {0} | {
        row for outcome in judged if (row := _row(outcome)) is not None
    }  # the trivial one is always granted
    return [k for k in range(len(table.degrees)) if k not in present]


def _completeness(judged: Sequence[Judged], table: CharacterTable, named: NamedGroup, claimed: bool) -> list[Finding]:
    missing = _missing(judged, table)
    if any(outcome.multiplicities is None for outcome in judged):
        return [
            Finding(
                "complete",
                Status.INAPPLICABLE,
                "not asked while some entries are not known to be representations over C",
            )
        ]
    order = named.group.order
    total = order - sum(table.degrees[k] ** 2 for k in missing)
    listed = any(_row(outcome) == 0 for outcome in judged)
    grant = "" if listed else "with the trivial one "
    if not missing:
        return [
            Finding(
                "complete",
                Status.HOLDS,
                f"{grant}the squares of the degrees of the different irreps sum to {total} of {order}",
            )
        ]
    present = [k for k in range(len(table.degrees)) if k not in missing]
    witness: dict[str, Any] = {"sum_of_squares": total, "order": order}
    text = f"{grant}the squares of the degrees sum to {total} of {order}: {len(missing)} irrep{'s are' if len(missing) > 1 else ' is'} missing"
    columns = _bad_columns(table, present)
    if columns is not None:
        a, b, value = columns
        g, h = (named.label(table.group.classes[k].representative) for k in (a, b))
        witness["columns"] = {"g": g, "h": h, "inner_product": value}
        text += f", and the columns of {g} and {h} have inner product {value} instead of 0"
    return [
        Finding(
            "complete",
            Status.REFUTED if claimed else Status.INAPPLICABLE,
            text + ("" if claimed else " (the file does not claim to be complete)"),
            witness,
        )
    ]


def _bad_columns(table: CharacterTable, present: list[int]) -> tuple[int, int, str] | None:
    k = len(table.degrees)
    for a in range(k):
        for b in range(a + 1, k):
            total = Cyclotomic.rational(0)
            for row in present:
                total = total + table.values[row][a] * table.values[row][b].conjugate()
            if total:
                return a, b, str(total)
    return None


def _as_product(row: int, judged: Sequence[Judged], table: CharacterTable) -> str:
    """``R2 (x) R3`` when a missing row is a product of two listed ones, else an empty text."""
    known = [(outcome.name, at) for outcome in judged if (at := _row(outcome)) is not None and at]
    for k, (name, a) in enumerate(known):
        for other, b in known[k:]:
            if all(x * y == z for x, y, z in zip(table.values[a], table.values[b], table.values[row], strict=True)):
                return f"{name} (x) {other}"
    return ""


def _missing_facts(
    missing: list[int], judged: Sequence[Judged], named: NamedGroup, table: CharacterTable
) -> list[dict[str, Any]]:
    columns = [int(named.group.class_of[named.index(label)]) for label in named.shown]
    return [
        {
            "degree": table.degrees[row],
            "indicator": table.indicators[row],
            "elements": list(named.shown),
            "character": [str(table.values[row][k]) for k in columns],
            "product": _as_product(row, judged, table) or None,
        }
        for row in missing
    ]


def _missing_text(fact: dict[str, Any], limit: int = 16) -> str:
    more = ", ..." if len(fact["elements"]) > limit else ""
    values, over = (", ".join(fact[key][:limit]) + more for key in ("character", "elements"))
    made = f" = {fact['product']}" if fact["product"] else ""
    return f"degree {fact['degree']}{made}: ({values}) on ({over})"


def _report(
    name: str, findings: list[Finding], judged: Sequence[Judged], named: NamedGroup, table: CharacterTable
) -> AuditReport:
    missing = _missing(judged, table)
    lacking = _missing_facts(missing, judged, named, table)
    facts: dict[str, Any] = {
        "group": {
            "order": named.group.order,
            "elements": list(named.shown),
            "classes": len(table.degrees),
            "degrees": list(table.degrees),
        },
        "representations": [
            {
                "name": o.name,
                "degree": o.degree,
                "multiplicities": None if o.multiplicities is None else list(o.multiplicities),
            }
            for o in judged
        ],
        "missing": lacking,
    }
    held = {f.name for f in findings if f.status is Status.HOLDS}
    good = [o.name for o in judged if f"{o.name} irreducible" in held]
    meaning = (
        f"{len(good)} of {len(judged)} {'is' if len(judged) == 1 else 'are'} known to be irreducible, as representations of this group of order {named.group.order}"
        + (f" ({', '.join(good[:8])})." if good else ".")
    )
    if lacking and not any(o.multiplicities is None for o in judged):
        meaning += f" Missing besides the trivial one: {'; '.join(map(_missing_text, lacking[:6]))}{'; ...' if len(lacking) > 6 else ''}."
    bad = [f.name for f in findings if f.status is Status.REFUTED]
    asked = all(o.multiplicities is not None for o in judged)
    return AuditReport(
        "representation", name, findings, meaning, _next_step(bad, missing if asked else [], findings), facts
    )


def _next_step(bad: list[str], missing: list[int], findings: Sequence[Finding]) -> str:
    if any(name.endswith("homomorphism") for name in bad):
        return (
            "Correct what is named first; the matrices must follow the order of products in the group as given (r*s is r times s). "
            "Decimals that are less accurate than their digits need accuracy beside them."
        )
    if any(f.witness and "characteristic" in f.witness for f in findings):
        return "Ask for a complement: theory.representations.modules.complement_by_equations finds one or shows that there is none; or use a field whose characteristic does not divide the order."
    if any(f.witness and "commutant_dimension" in f.witness for f in findings):
        return "Find invariant subspaces with theory.representations.modules.spin, or give the matrices over a larger field."
    if any(f.status is Status.UNDECIDED for f in findings):
        return "Write the entries with more decimals, or exactly (1/2, i, zeta(8)^3), or say with accuracy how far they may be off."
    if any(name.endswith("irreducible") for name in bad):
        return "Split the reducible ones: theory.representations.decompose gives the change of basis."
    if any(name.endswith("new") for name in bad):
        return "Drop the duplicates, which are equivalent to others."
    return (
        "Add the missing characters; theory.representations.irreps gives matrices for them."
        if missing
        else "Nothing is left to do."
    )
