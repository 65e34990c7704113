"""Audits: theorems as instruments on a reader's own objects.

An audit returns an :class:`AuditReport`: findings in the order in which they were made, what they mean, and what to do next. Input that
cannot be read at all raises :class:`proofs_checks.errors.InputError`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from proofs_checks.kernel import Status

__all__ = ["KINDS", "AuditReport", "Finding", "Kind"]


class Kind(NamedTuple):
    """Where an audit lives, and what it reads: a file of ``data``, or a Python file whose names are its arguments (``code``)."""

    module: str
    function: str
    reads: str


KINDS = {
    name: Kind(f"proofs_checks.audits.{name}", f"audit_{name}", reads)
    for reads, names in {
        "data": ("representation", "group", "equivariance"),
        "code": ("density", "pit", "typicality", "entangle"),
    }.items()
    for name in names
}

_WORST_FIRST = (Status.REFUTED, Status.ERRORED, Status.UNDECIDED, Status.HOLDS, Status.INAPPLICABLE)


@dataclass(frozen=True)
class Finding:
    """One statement about the object.

    Args:
        name: A few words, the same for every object audited.
        status: INAPPLICABLE where an earlier finding, or the file itself, takes the ground away.
        text: What was found, in a sentence.
        witness: Plain data that shows it: elements, matrices, numbers.
    """

    name: str
    status: Status
    text: str
    witness: dict[str, Any] | None = None

    def plain(self) -> dict[str, Any]:
        """JSON data."""
        return {**asdict(self), "status": str(self.status)}


@dataclass(repr=False)
class AuditReport:
    """What an audit found.

    Args:
        kind: "group", "representation", ...
        subject: What was audited, in the reader's words (a title or a file name).
        findings: In the order in which they were made.
        meaning: What follows for the reader.
        next_step: What to do now.
        facts: Further plain data: classes, characters, the missing rows.
        provenance: Where it was made: command, time, versions.
    """

    kind: str
    subject: str
    findings: list[Finding]
    meaning: str
    next_step: str
    facts: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """The worst of the findings; INAPPLICABLE ones count only when there is nothing else."""
        return next(
            (status for status in _WORST_FIRST if any(f.status is status for f in self.findings)), Status.UNDECIDED
        )

    def text(self) -> str:
        """The report as plain lines, without escape codes; hostile characters in names are shown, not sent."""
        width = max((len(f.name) for f in self.findings), default=0)
        lines = [f"{self.kind} audit of {self.subject}: {self.status}", ""]
        lines += [f"  {f.status:<12}  {f.name.ljust(width)}  {f.text}" for f in self.findings]
        lines += ["", f"Meaning: {self.meaning}", f"Next: {self.next_step}"]
        return "\n".join(printable(line) for line in lines)

    def __repr__(self) -> str:
        return self.text()

    def plain(self) -> dict[str, Any]:
        """JSON data, as ``--json`` writes it."""
        return {
            "audit": self.kind,
            "subject": self.subject,
            "status": str(self.status),
            "findings": [f.plain() for f in self.findings],
            "meaning": self.meaning,
            "next_step": self.next_step,
            "facts": self.facts,
            "provenance": self.provenance,
        }


def printable(text: str) -> str:
    """Control characters (escape sequences, direction marks, stray line ends) made visible."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
