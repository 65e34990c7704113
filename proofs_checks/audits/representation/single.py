"""One representation: is it a homomorphism, and is it irreducible. Exact entries are
decided; decimals are left to :mod:`.numeric`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from proofs_checks.audits.representation.projective import exact_words
from proofs_checks.findings import Finding
from proofs_checks.inputs.named_groups import NamedGroup
from proofs_checks.inputs.representation_files import GivenRepresentation
from proofs_checks.kernel import Status
from theory.arithmetic.matrices import ExactArray
from theory.representations import Defect, Representation, decompose, intertwiners_dimension
from theory.representations.character_tables import CharacterTable

MODULAR_DEGREE = 100  # up to which a representation over F_p is split while a person waits


@dataclass(frozen=True)
class Judged:
    """A representation after its own findings; ``multiplicities`` by row of the
    character table, None when it is no homomorphism.
    """

    name: str
    degree: int
    multiplicities: tuple[int, ...] | None


def judge_exact(given: GivenRepresentation, named: NamedGroup, table: CharacterTable) -> tuple[list[Finding], Judged]:
    """Over Q(zeta_n): every product is decided, and multiplicities are means of
    characters.
    """
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
    real = given.exact == given.exact.conj()
    return [first, irreducibility(given.name, degree, counts, table, real)], Judged(given.name, degree, counts)


def judge_modular(given: GivenRepresentation, named: NamedGroup) -> tuple[list[Finding], Judged]:
    """Over F_p: products are decided; irreducibility by splitting, where p does not
    divide |G| and Maschke's theorem holds.
    """
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
    """Split over F_p, p not dividing the order; every part comes with a proof that
    it is irreducible, replayed by multiplication.
    """
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
    """What keeps exact matrices from being a representation: a pair, or R(e); None
    where nothing does.
    """
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
    """The first pair that fails, and the worst: over Q(zeta_n) by the size of
    R(g)R(h) - R(gh), over F_p by its entries that are not zero.
    """

    def product(pair: tuple[int, int]) -> tuple[str, str, str]:
        g, h = pair
        return named.label(g), named.label(h), named.label(int(named.group.multiply(g, h)))

    g, h, gh = product(defect.pair)
    a, b, ab = product(defect.worst)
    modular = bool(representation.field.characteristic)
    size = float(defect.size) if modular else _root(defect.size)
    by = f"{int(size)} entries" if modular else f"{size:.3g}" if math.isfinite(size) else "more than 1e308"
    text = f"R({g}) R({h}) is not R({gh}), though {g} * {h} = {gh}; {defect.failing} of {defect.pairs} pairs fail, the worst at ({a}, {b}), off by {by}"
    reversed_order = Representation(named.group, representation.matrices.T).defect() is None
    if reversed_order:
        text += ". R(h) R(g) = R(gh) throughout: the products were read in the opposite order (here r*s means r times s, s acting first), or the matrices or the table are transposed"
    more, factors = ("", {}) if reversed_order else exact_words(representation, named)
    text += more
    first, second = (representation.matrices[k] for k in defect.pair)
    witness = {
        "g": g,
        "h": h,
        "gh": gh,
        "R(g)R(h)": _texts(first @ second),
        "R(gh)": _texts(representation.matrices[int(named.group.multiply(*defect.pair))]),
        "worst": {"g": a, "h": b, "gh": ab, "off_by": size},
        **factors,
    }
    return Finding(f"{given.name} homomorphism", Status.REFUTED, text, witness)


def _root(square: Fraction) -> float:
    """The square root of a nonnegative rational number; infinite where no float holds
    it."""
    try:
        return math.sqrt(square)
    except OverflowError:  # the square is too large, its root perhaps not
        whole = math.isqrt(square.numerator // square.denominator)
        return float(whole) if whole.bit_length() <= 1023 else math.inf


def irreducibility(name: str, degree: int, counts: Sequence[int], table: CharacterTable, real: bool) -> Finding:
    """Over C where the squares of the multiplicities sum to one; over R, where the
    matrices are ``real``, also a pair of conjugates, or twice an irreducible one of
    quaternionic type.
    """
    norm, rows = sum(m * m for m in counts), [k for k, m in enumerate(counts) if m]
    title = f"{name} irreducible"
    if norm == 1:
        field = "over C, and so over R: " if real else "over C: "
        return Finding(title, Status.HOLDS, f"{field}its character has norm 1; {_kind(table.indicators[rows[0]])}")
    parts = " + ".join(f"{counts[k]} x chi{k + 1} (degree {table.degrees[k]})" for k in rows)
    witness = {"multiplicities": list(counts), "degree": degree}
    kind = _real_type(norm, rows, table) if real else ""
    if kind:
        text = f"over R, of {kind}; over C it splits, its character having norm {norm}: it is {parts}"
        return Finding(title, Status.HOLDS, text, {**witness, "field": "R", "over C": "splits"})
    fields = "over R and over C" if real else "over C"
    return Finding(title, Status.REFUTED, f"{fields}: its character has norm {norm}: it is {parts}", witness)


def _real_type(norm: int, rows: Sequence[int], table: CharacterTable) -> str:
    """The type of real matrices that are irreducible over R and not over C; empty where
    they are reducible over R too."""
    if (
        norm == 2
        and table.indicators[rows[0]] == table.indicators[rows[1]] == 0
        and table.degrees[rows[0]] == table.degrees[rows[1]]
    ):
        pairs = zip(table.values[rows[0]], table.values[rows[1]], strict=True)
        if all(x.conjugate() == y for x, y in pairs):
            return "complex type (its commutant is C)"
    if norm == 4 and len(rows) == 1 and table.indicators[rows[0]] == -1:
        return "quaternionic type (its commutant is H)"
    return ""


def _kind(indicator: int) -> str:
    return {
        1: "of real type (indicator +1)",
        -1: "of quaternionic type (indicator -1, not realisable over R)",
        0: "of complex type (indicator 0)",
    }[indicator]


def _texts(matrix: ExactArray) -> list[list[str]]:
    return [[str(x) for x in row] for row in matrix.tolist()]
