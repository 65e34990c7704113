"""What an audit says about an object: findings, and the report that they make."""

from __future__ import annotations

import base64
import html
import importlib
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from proofs_checks.kernel import SEVERITY, Status
from proofs_checks.wording import clean, visible
from proofs_checks.wording.formulas import unicode_prose

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Finding:
    """One statement about the object.

    Args:
        name: A few words, the same for every object audited.
        status: INAPPLICABLE where an earlier finding, or the file itself, leaves
            nothing to ask.
        text: A sentence; formulas may stand between dollar signs.
        witness: Plain data that shows it: elements, matrices, numbers.
    """

    name: str
    status: Status
    text: str
    witness: dict[str, Any] | None = None

    def plain(self) -> dict[str, Any]:
        """JSON data."""
        return {**asdict(self), "status": str(self.status)}


Progress = Callable[[float, str], None]  # the share that is done, and what begins now


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during an audit; ``findings`` are those made before."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        super().__init__()
        self.findings = tuple(findings)


class Findings(list[Finding]):
    """Findings in the order in which they are made, stage by stage.

    ``progress``, where given, is called as every stage begins; an interruption
    carries the findings so far.

    >>> told = []
    >>> findings = Findings(lambda share, what: told.append((share, what)), stages=2)
    >>> with findings.stage("closure"):
    ...     findings.append(Finding("closure", Status.HOLDS, "all products"))
    >>> with findings.stage("associativity"):
    ...     pass
    >>> told
    [(0.0, 'closure'), (0.5, 'associativity')]
    """

    def __init__(self, progress: Progress | None = None, *, stages: int) -> None:
        super().__init__()
        self._progress, self._total, self._begun = progress, stages, 0

    @contextmanager
    def stage(self, label: str) -> Iterator[None]:
        """What is done inside is told as ``label``."""
        try:
            if self._progress is not None:
                self._progress(min(1.0, self._begun / self._total), label)
            self._begun += 1
            yield
        except KeyboardInterrupt:
            raise Interrupted(self) from None


@dataclass(repr=False)
class AuditReport:
    """What an audit found.

    Args:
        kind: "group", "representation", ...
        subject: What was audited, in the user's words (a title or a file name).
        findings: In the order in which they were made.
        meaning: What follows for the user.
        next_step: What to do now.
        facts: Further plain data: classes, characters, the missing rows; the
            picture is drawn from them.
        provenance: Where it was made: command, time, versions.
    """

    kind: str
    subject: str
    findings: list[Finding]
    meaning: str
    next_step: str
    facts: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    def __init_subclass__(cls, **options: Any) -> None:
        """Every kind prints as its findings; a dataclass decorator would print the
        fields.
        """
        super().__init_subclass__(**options)
        cls.__repr__ = AuditReport.__repr__

    @property
    def status(self) -> Status:
        """The worst of the findings; INAPPLICABLE ones count only when there is
        nothing else.
        """
        found = {finding.status for finding in self.findings}
        counted = found - {Status.INAPPLICABLE} or found
        return next((status for status in SEVERITY if status in counted), Status.UNDECIDED)

    def text(self) -> str:
        """The report as plain lines, without escape codes; hostile characters in
        names are shown, not sent.
        """
        width = max((len(f.name) for f in self.findings), default=0)
        lines = [f"{self.kind} audit of {self.subject}: {self.status}", ""]
        lines += [f"  {f.status:<12}  {f.name.ljust(width)}  {unicode_prose(f.text)}" for f in self.findings]
        lines += ["", f"Meaning: {unicode_prose(self.meaning)}", f"Next: {unicode_prose(self.next_step)}"]
        return "\n".join(clean(line) for line in lines)

    def __repr__(self) -> str:
        return self.text()

    @property
    def has_picture(self) -> bool:
        """Whether this kind of audit draws one, and left the facts that it is drawn
        from.
        """
        return bool(self.facts) and _figure_of(self.kind) is not None

    def figure(self) -> Figure:
        """The picture of this kind of audit, drawn from the report's facts.

        Raises:
            ValueError: the kind has no picture.
        """
        draw = _figure_of(self.kind)
        if draw is None:
            raise ValueError(f"An audit of kind {self.kind!r} has no picture.")
        return draw(self.facts)

    def _repr_html_(self) -> str:
        """What a notebook shows: the findings as a table, and the picture."""

        def cell(text: object) -> str:
            return html.escape(visible(text))

        rows = "".join(
            f"<tr><td>{cell(f.status)}</td><td>{cell(f.name)}</td><td style='text-align:left'>{cell(unicode_prose(f.text))}</td></tr>"
            for f in self.findings
        )
        words = (("Meaning", self.meaning), ("Next", self.next_step))
        said = "".join(f"<p><b>{name}</b> {cell(unicode_prose(text))}</p>" for name, text in words)
        return (
            f"<div><p><b>{cell(self.kind)} audit of {cell(self.subject)}</b>: {self.status}</p>"
            f"<table>{rows}</table>{said}{self._image()}</div>"
        )

    def _image(self) -> str:
        """The picture as an image in the page's own text; nothing where the kind has
        none.
        """
        if not self.has_picture:
            return ""
        buffer = io.BytesIO()
        self.figure().savefig(buffer, format="svg", bbox_inches="tight")
        return f'<img alt="{html.escape(self.kind)} audit" src="data:image/svg+xml;base64,{base64.b64encode(buffer.getvalue()).decode()}">'

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


def _figure_of(kind: str) -> Callable[[dict[str, Any]], Figure] | None:
    """The function that draws the facts of a kind: ``figure`` in its module of that
    name, or in the kind itself.
    """
    place = f"proofs_checks.audits.{kind}"
    spec = find_spec(place) if kind.isidentifier() else None
    if spec is None or spec.submodule_search_locations is None:
        return None
    module = importlib.import_module(f"{place}.figure" if find_spec(f"{place}.figure") else place)
    return getattr(module, "figure", None)
