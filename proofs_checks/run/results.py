"""What a run came to, claim by claim: computed from records alone, so that a ledger, a
report and a REPL agree."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from proofs_checks import kernel
from proofs_checks.claim.claim import Claim
from proofs_checks.kernel import Status, Verdict
from proofs_checks.run import checks
from proofs_checks.run.checks import Record
from proofs_checks.wording import clean, number_text

MARK = "record was"  # begins the note of a verdict whose record was not made by a run here


@dataclass(frozen=True)
class ClaimResult:
    """The verdicts of one claim's routes and controls, and what they come to
    together."""

    id: str
    title: str
    status: Status
    why: str
    given: tuple[str, ...]
    routes: dict[str, Verdict]
    controls: dict[tuple[str, str], Verdict]
    seconds: float
    records: tuple[Record, ...] = field(repr=False)

    def __bool__(self) -> bool:
        raise TypeError(
            f"A result is not a truth value (this one is {self.status}). Ask for .holds, or call .assert_holds()."
        )

    @property
    def holds(self) -> bool:
        """HOLDS, and on no condition."""
        return self.status is Status.HOLDS and not self.given

    @property
    def margin(self) -> float | None:
        """The least margin by which a control was refuted; ``None`` where all were
        refuted exactly, or there is none."""
        measured = [verdict for verdict in self.controls.values() if verdict.route not in ("exact", "certified")]
        margins = [verdict.margin for verdict in measured if verdict.margin is not None]
        return min(margins) if margins else None

    @property
    def refuted_controls(self) -> int:
        """How many of ``controls`` did their work."""
        return sum(verdict.holds for verdict in self.controls.values())

    @property
    def word(self) -> str:
        """The status as it is printed, with the ids that it is conditional on."""
        word = f"{self.status} given {', '.join(self.given)}" if self.given else str(self.status)
        return f"{word}, on evidence that was {' and '.join(self.origins)}" if self.origins else word

    @property
    def origins(self) -> tuple[str, ...]:
        """Where records come from that were not made by a run here."""
        return tuple(dict.fromkeys(str(record["origin"]) for record in self.records if record.get("origin")))

    def assert_holds(self) -> ClaimResult:
        """Return self, or raise ``AssertionError`` with every reason. HOLDS given other
        claims passes; ``.given`` names them."""
        if self.status is not Status.HOLDS:
            raise AssertionError(f"{self.id} {self.word}: {self.why}\n{self!r}")
        return self

    def __repr__(self) -> str:
        lines = [f"{self.id}: {self.word}" + (f" ({self.why})" if self.why and not self.given else "")]
        for name, verdict in self.routes.items():
            lines.append(f"  {name:<12} {verdict.status:<10} {verdict.scope.text}{_share(verdict)}")
            if verdict.why:
                lines.append(f"  {'':<12} {verdict.why}")
            if verdict.witness is not None:
                lines.append(f"  {'':<12} witness: {verdict.witness}")
        for (name, route), verdict in self.controls.items():
            outcome = f"refuted, {margin_text(verdict)}" if verdict.holds else f"{verdict.status}: {verdict.why}"
            lines.append(f"  control      {name} ({route}): {outcome}")
        return "\n".join(clean(line) for line in lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td><b>{verdict.status}</b></td><td>{html.escape(verdict.scope.text)}</td></tr>"
            for name, verdict in self.routes.items()
        )
        return f"<div><b>{html.escape(self.id)}</b>: {html.escape(self.word)}<table>{rows}</table></div>"


def _share(verdict: Verdict) -> str:
    return (
        f"; residual {verdict.residual:.2g} of bound {verdict.bound:.2g}"
        if verdict.residual is not None and verdict.bound is not None
        else ""
    )


def margin_text(verdict: Verdict) -> str:
    """A margin as the table and the report print it."""
    if verdict.margin is None or verdict.route in ("exact", "certified"):
        return "exactly"
    return f"x{number_text(verdict.margin)} its bound"


def marked_verdict(record: Record) -> Verdict:
    """The verdict of a record, marked where the record was not made by a run here.

    What an exact route decides is decided here: an imported record does not carry it,
    and one that was changed after it was kept carries nothing. One that was merged
    from another ledger was made by the code that is here, and carries what it says.
    """
    verdict = Verdict.from_plain(record["verdict"])
    origin = record.get("origin", "")
    if not origin:
        return verdict
    note = f"{MARK} {origin}"
    notes = (note, *(other for other in verdict.notes if other != note))
    decided = verdict.status in (Status.HOLDS, Status.REFUTED)
    carries = verdict.status is (Status.REFUTED if record["control"] else Status.HOLDS)
    exact = record["route"] in ("exact", "certified")
    trusted = origin == checks.MERGED or (origin == checks.IMPORTED and not (exact and carries))
    if decided and not trusted:
        said = f"{str(verdict.status).lower()} according to a record that was {origin}"
        why = f"It {said}; `preality replay --all RUN` makes the checks of a run again."
        return replace(verdict, status=Status.UNDECIDED, why=why, notes=notes)
    return replace(verdict, notes=notes)


def summarise(
    claim: Claim,
    records: Iterable[Record],
    statuses: Mapping[str, Status] | None = None,
    *,
    declared: Sequence[str] | None = None,
) -> ClaimResult:
    """One claim's result from its records.

    Args:
        statuses: Statuses of the claims that this one rests on; one that is missing
            does not hold.
        declared: The routes that have to hold; those that the claim declares unless
            told otherwise.
    """
    mine = [record for record in records if record["claim"] == claim.id]
    by_route: dict[str, list[Verdict]] = {}
    by_control: dict[tuple[str, str], list[Verdict]] = {}
    for record in sorted(mine, key=lambda record: record["k"]):
        verdict = marked_verdict(record)
        if record["control"]:
            by_control.setdefault((record["control"], record["route"]), []).append(verdict)
        else:
            by_route.setdefault(record["route"], []).append(verdict)
    wanted = tuple(claim.routes if declared is None else declared)
    own_objects = declared is not None
    routes = {
        name: kernel.combine(
            by_route.get(name, []), route=name, covers=None if own_objects else claim.routes[name].covers
        )
        for name in wanted
    }
    expected = [(name, route) for name, page in claim.page.controls.items() for route in page.routes if route in wanted]
    pairs = list(by_control) if own_objects else expected
    controls = {pair: kernel.control_verdict(by_control.get(pair, []), route=pair[1]) for pair in pairs}
    requires = {other: (statuses or {}).get(other, Status.UNDECIDED) for other in claim.requires}
    status, why, given = kernel.aggregate(
        routes,
        [(f"{name} ({route})", verdict) for (name, route), verdict in controls.items()],
        declared=wanted,
        requires=requires,
    )
    return ClaimResult(
        claim.id,
        claim.title,
        status,
        why,
        given,
        routes,
        controls,
        sum(record["seconds"] for record in mine),
        tuple(mine),
    )


def summarise_all(claims: Sequence[Claim], records: Sequence[Record]) -> list[ClaimResult]:
    """Results of several claims, each conditional on those that it rests on; in the
    order given."""
    by_id = {claim.id: claim for claim in claims}
    found: dict[str, ClaimResult] = {}

    def result(claim: Claim, above: tuple[str, ...] = ()) -> ClaimResult:
        if claim.id not in found:
            below = [by_id[other] for other in claim.requires if other in by_id and other not in above]
            statuses = {
                other.id: outcome.status for other in below if not (outcome := result(other, (*above, claim.id))).given
            }
            found[claim.id] = summarise(claim, records, statuses)
        return found[claim.id]

    return [result(claim) for claim in claims]


def summarise_control(claim: Claim, name: str, records: Sequence[Record]) -> ClaimResult:
    """The result of one control alone: HOLDS when every case of the falsehood was
    refuted with room to spare."""
    result = summarise(claim, [record for record in records if record["control"] == name], declared=())
    held = bool(result.controls) and all(verdict.holds for verdict in result.controls.values())
    why = "; ".join(verdict.why for verdict in result.controls.values() if not verdict.holds) or (
        "" if held else "The control was not run."
    )
    status = (
        Status.HOLDS
        if held
        else next(
            (verdict.status for verdict in result.controls.values() if verdict.status is Status.ERRORED),
            Status.UNDECIDED,
        )
    )
    return ClaimResult(
        f"{claim.id} / {name}", result.title, status, why, (), {}, result.controls, result.seconds, result.records
    )
