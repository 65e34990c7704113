"""The report as one self-contained HTML file: no network, no framework, complete and
readable without its script.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from proofs_checks.claim.claim import Claim
from proofs_checks.claim.page import ROUTES
from proofs_checks.findings import AuditReport
from proofs_checks.report import figures as drawing
from proofs_checks.report import view
from proofs_checks.report.mathml import formula, prose
from proofs_checks.report.view import Run
from proofs_checks.run.results import ClaimResult
from proofs_checks.wording import clip, visible

HERE = Path(__file__).parent


def render_html(
    results: Sequence[ClaimResult], catalogue: Mapping[str, Claim], run: Run, *, figures: bool = True
) -> str:
    """The whole report.

    Every string reaches the page through one filter that makes hidden characters
    visible and escapes markup; formulas and figures are rebuilt from allow-lists; a
    content security policy names the page's own style and script by their hashes, and
    allows nothing else.

    Args:
        figures: Draw the claims' figures, which imports their code.
    """
    first = view.order_by_urgency(results)
    claims = [
        view.claim_view(result, catalogue.get(result.id), position) for position, result in enumerate(first, start=1)
    ]
    drawn = {
        claim.id: drawing.figure_svg(catalogue[claim.id], f"f{position}-")
        for position, claim in enumerate(claims, start=1)
        if figures and claim.page is not None
    }
    audits = [view.audit_view(report, position) for position, report in enumerate(run.audits, start=1)]
    drawn |= {audit.anchor: drawing.audit_svg(audit.report, f"{audit.anchor}-") for audit in audits if figures}
    css = (HERE / "report.css").read_text(encoding="utf-8")
    script = (HERE / "report.js").read_text(encoding="utf-8")
    return (
        _environment()
        .get_template("template.html.j2")
        .render(
            sentence=view.sentence(results),
            run=run,
            started=_when(run.started),
            claims=claims,
            audits=audits,
            conflicts=[claim for claim in claims if claim.conflict],
            anchors={claim.id: claim.anchor for claim in claims},
            figures=drawn,
            nothing=drawing.Drawing(),
            topics=sorted({claim.topic for claim in claims}),
            routes=sorted({route.name for claim in claims for route in claim.routes}, key=_strength),
            verdicts=[(str(status), view.WORDS[status]) for status in view.ORDER if _occurs(str(status), claims)],
            machines=len({record["device_name"] for result in results for record in result.records}),
            hashes=any(claim.code for claim in claims),
            policy=_policy(css, script),
            css=Markup(css),
            script=Markup(script),
        )
    )


def render_audit_html(report: AuditReport) -> str:
    """One audit as a self-contained page: its findings, its picture, what they mean;
    no script at all.
    """
    view_ = view.audit_view(report, 1)
    css = (HERE / "report.css").read_text(encoding="utf-8")
    return (
        _environment()
        .get_template("audit_page.html.j2")
        .render(
            audit=view_, figure=drawing.audit_svg(report, f"{view_.anchor}-"), policy=_policy(css, ""), css=Markup(css)
        )
    )


def _environment() -> Environment:
    """Escapes everything, and passes whatever is printed through :func:`visible`
    first.
    """

    def shown(value: Any) -> Any:
        return value if isinstance(value, Markup) else "" if value is None else visible(value)

    made = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(formula=formula, prose=prose, clip=clip, control_command=view.control_command)
    return made


def _policy(css: str, script: str) -> str:
    def source(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    scripts = source(script) if script else "'none'"
    return f"default-src 'none'; style-src {source(css)}; script-src {scripts}; img-src data:; base-uri 'none'; form-action 'none'"


def _strength(route: str) -> tuple[int, str]:
    return (ROUTES.index(route) if route in ROUTES else len(ROUTES), route)


def _occurs(status: str, claims: Sequence[view.ClaimView]) -> bool:
    return any(status == claim.status or any(status == route.status for route in claim.routes) for claim in claims)


def _when(text: str) -> str:
    """``2025-03-01T10:20:30+00:00`` as ``1 March 2025, 10:20 UTC``; as it stands
    where it is not ISO 8601.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    zone = f" {moment.tzname()}" if moment.tzinfo else ""
    return f"{moment.day} {moment:%B %Y, %H:%M}{zone}"
