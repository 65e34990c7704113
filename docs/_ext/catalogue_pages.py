"""Pages made from the catalogue before Sphinx reads: one for each claim, one for each section of the lecture.

They are written into ``docs/claims`` and ``docs/lecture``, which are not kept; a page that has not changed is left alone,
so that building again is quick.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from proofs_checks.claim import lecture
from proofs_checks.claim.claim import Claim
from proofs_checks.claim.collection import Collection
from proofs_checks.kernel import Verdict
from proofs_checks.report.figures import figure_svg
from proofs_checks.report.table import scope_text
from proofs_checks.wording import count

HERE = Path(__file__).resolve().parents[1]


def write_pages(app: Sphinx) -> None:
    """Every page, and the two lists of them."""
    catalogue = Collection(plugins=False)
    draw, run = Drawer(app.config.catalogue_figures), Run(app.config.catalogue_run)
    pages = {f"claims/{claim.topic}/{claim.slug}.md": claim_page(claim, draw, run) for claim in catalogue.values()}
    pages["claims/index.md"] = claims_index(catalogue)
    for number, section in enumerate(lecture.sections(), start=1):
        pages[f"lecture/{section.slug}.md"] = section_page(number, section, catalogue, draw, run)
    pages["lecture/index.md"] = lecture_index()
    for folder in ("claims", "lecture"):
        for old in (HERE / folder).rglob("*.md"):
            if str(old.relative_to(HERE)) not in pages:
                old.unlink()
    for name, text in pages.items():
        path = HERE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


class Drawer:
    """Figures of claims as lines of a page; none where the site is built without them, which takes a tenth of the time."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def lines(self, claim: Claim, prefix: str) -> list[str]:
        svg = figure_svg(claim, prefix).svg if self.on else None
        return ["```{raw} html", f'<div class="figure-of-claim">{svg}</div>', "```", ""] if svg else []


class Run:
    """The verdicts of a run, from the file that ``preality verify --json`` wrote; none where there is no such file."""

    def __init__(self, path: str) -> None:
        found = (
            json.loads(Path(path).read_text(encoding="utf-8")) if Path(path).is_file() else {"run": {}, "claims": []}
        )
        self.settings, self.results = found["run"], {one["id"]: one for one in found["claims"]}

    def lines(self, claim: Claim) -> Iterator[str]:
        """The verdict, and what each route covered."""
        result = self.results.get(claim.id)
        if result is None:
            yield from ("No run was handed to this build (`make docs` makes one).", "")
            return
        made = f"{self.settings['profile']} profile, seed {self.settings['seed']}, {self.settings['started'][:10]}"
        refuted = sum(one["refuted"] for one in result["controls"])
        yield from (
            f"**{result['status']}** ({made}); {refuted} of {count(len(result['controls']), 'check')} of controls refuted.",
            "",
        )
        for name, plain in result["routes"].items():
            verdict = Verdict.from_plain(plain)
            covered = scope_text(verdict, claim.page.routes[name].means) if verdict.holds else verdict.why
            yield f"- {name} {verdict.status}: {text(covered)}"
        yield ""


def claims_index(catalogue: Collection) -> str:
    lines = [
        "# Claims",
        "",
        "Every claim under its permanent id. A claim HOLDS when each of its routes holds and each of its controls, a",
        "falsehood next door, was refuted by the same check.",
    ]
    for topic in catalogue.topics:
        lines += ["", f"## {topic}", "", "| claim | routes | controls |", "|---|---|---:|"]
        lines += [
            f"| [{cell(claim.title)}]({topic}/{claim.slug}.md) | {', '.join(claim.routes)} | {len(claim.page.controls)} |"
            for claim in catalogue.values()
            if claim.topic == topic
        ]
        slugs = [claim.slug for claim in catalogue.values() if claim.topic == topic]
        lines += ["", "```{toctree}", ":hidden:", "", *[f"{topic}/{slug}" for slug in slugs], "```"]
    return "\n".join(lines) + "\n"


def claim_page(claim: Claim, draw: Drawer, run: Run) -> str:
    return "\n".join(claim_lines(claim, draw, run)) + "\n"


def claim_lines(claim: Claim, draw: Drawer, run: Run) -> Iterator[str]:
    page = claim.page
    yield from (
        f"# {prose(claim.title)}",
        "",
        f"`{claim.id}`",
        "",
        "$$",
        page.statement,
        "$$",
        "",
        prose(page.plain),
        "",
    )
    drawn = draw.lines(claim, f"{claim.topic}-{claim.slug}-")
    yield from drawn
    if drawn and page.caption:
        yield from (prose(page.caption), "")
    yield from listed("Assuming", page.assumptions)
    yield from ("## Verdict", "", *run.lines(claim))
    yield from ("## How it is judged", "", "| route | what it shows | its cases reach |", "|---|---|---|")
    for name, route in page.routes.items():
        reach = "; ".join(f"{letter} = {low:.12g} .. {high:.12g}" for letter, (low, high) in route.covers.items())
        yield f"| {name} | {cell(route.shows)} | {cell(reach) or 'one object'} |"
    yield from ("", "| control, which has to be refuted | routes |", "|---|---|")
    for name, control in page.controls.items():
        yield f"| `{name}`: {cell(control.statement)} | {', '.join(control.routes)} |"
    yield ""
    for erratum in page.errata:
        yield from ("## Erratum", "", f"Printed: {prose(erratum.printed)}", "", f"True: {prose(erratum.corrected)}", "")
        yield from ("```console", f"$ preality verify {claim.id} --control {erratum.witness}", "```", "")
    yield from listed("Not proved", page.not_proved)
    yield from listed("Left out", [f"{item}, because {reason}" for item, reason in page.omissions])
    if page.requires:
        links = ", ".join(f"[{other}](../{other.replace('.', '/', 1)}.md)" for other in page.requires)
        yield from (f"Rests on {links}.", "")
    yield from (
        "## Run it",
        "",
        "```console",
        f"$ preality verify {claim.id} -v",
        "```",
        "",
        "```python",
        "import preality",
        "",
    )
    yield from (f"preality.claims.{claim.topic}.{claim.slug.replace('-', '_')}.check()", "```", "")
    for name, words in page.objects.items():
        yield from (f"`check({name}=...)`: {prose(words)}", "")
    if claim.source:
        yield from ("## Source", "", *(f"- {text(line)}" for line in claim.cite().splitlines()), "")
        yield from ("```bibtex", claim.bibtex(), "```", "")


def section_page(number: int, section: lecture.Section, catalogue: Collection, draw: Drawer, run: Run) -> str:
    lines = [f"# {number}. {prose(section.title)}", "", "## What is claimed", ""]
    lines += [paragraph for text_ in section.asserts for paragraph in (prose(text_), "")]
    for one in section.formulas:
        lines += ["$$", one.formula, "$$", "", f"{prose(one.says)} ([{one.claim}]({claim_path(one.claim)}))", ""]
    lines += ["## What is true", "", prose(section.true), ""]
    if section.picture:
        lines += draw.lines(catalogue[section.picture], f"lecture-{section.slug}-")
    for claim_id in section.claims:
        lines += [*section_claim_lines(catalogue[claim_id], run)]
    lines += [
        *listed("Definitions", section.definitions),
        *listed("Opinion, which nothing here proves", section.opinions),
    ]
    lines += [*listed("Open", section.open)]
    if section.audits:
        lines += ["## On a model of yours", ""]
        lines += [
            line
            for name in section.audits
            for line in (f"`preality.audit.{name}(...)` ([what it takes](../audits.md))", "")
        ]
    return "\n".join(lines) + "\n"


def section_claim_lines(claim: Claim, run: Run) -> Iterator[str]:
    yield from (f"### [{prose(claim.title)}]({claim_path(claim.id)})", "", prose(claim.page.plain), "")
    yield from run.lines(claim)
    for erratum in claim.errata:
        yield from (f"*Printed:* {prose(erratum.printed)}", "", f"*True:* {prose(erratum.corrected)}", "")
    yield from (f"*Not proved:* {'; '.join(prose(one) for one in claim.not_proved)}.", "") if claim.not_proved else ()


def lecture_index() -> str:
    lines = ["# The lecture, section by section", ""]
    lines += [
        "*Evaluating Deep Generative Models: A p(reality) check*, by Joey Bose, read with preality: what is claimed, what is true, "
        "and what is opinion, definition or open. Titles and sentences are ours. `preality lecture` prints the same, with the "
        "verdicts of your last run.",
        "",
        "```{toctree}",
        ":maxdepth: 1",
        "",
        *[section.slug for section in lecture.sections()],
        "```",
    ]
    return "\n".join(lines) + "\n"


def claim_path(claim_id: str) -> str:
    return f"../claims/{claim_id.replace('.', '/', 1)}.md"


def listed(heading: str, items: Any) -> Iterator[str]:
    if items:
        yield from (f"## {heading}", "", *(f"- {prose(item)}" for item in items), "")


def text(words: str) -> str:
    """Words as Markdown that means themselves."""
    return re.sub(r"([\\`*_{}\[\]<>#|~^])", r"\\\1", words)


def prose(words: str) -> str:
    """Words with formulas between dollar signs, which stay."""
    parts = re.split(r"(?<!\\)(\$[^$\n]+\$)", words)
    return "".join(part if k % 2 else text(part) for k, part in enumerate(parts))


def cell(words: str) -> str:
    """The same inside a table, where a bar ends a cell."""
    return re.sub(r"(?<!\\)\|", r"\\|", prose(words)).replace("\n", " ")


def readable(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:  # noqa: PLR0917  as Sphinx calls it
    """A docstring as reStructuredText: the bars of |x| are no substitution, and a line that ends an indented part stands apart."""
    found: list[str] = []
    table = False
    for line in lines:
        if line.startswith("====="):  # a module's table of contents, as a list
            table = not table
            found.append("")
            continue
        if table and (row := re.match(r"(\S+)\s+(.*)", line)):
            found.append(f"- ``{row[1]}``: {text(row[2])}")
            continue
        if line and not line[0].isspace() and found and found[-1][:1].isspace() and found[-1].strip():
            found.append("")
        found.append(re.sub(r"(``[^`]*``|:\w+:`[^`]*`)|\|", lambda m: m[1] or r"\|", line))
    lines[:] = found


def remove_pages(app: Sphinx, _error: Exception | None) -> None:
    """Leave the folder of sources as it was kept; what was built stays."""
    for folder in ("claims", "lecture"):
        shutil.rmtree(HERE / folder, ignore_errors=True)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("catalogue_figures", True, "env", bool)
    app.add_config_value("catalogue_run", str(HERE / "_build" / "verification.json"), "env", str)
    app.connect("builder-inited", write_pages)
    app.connect("build-finished", remove_pages)
    app.connect("autodoc-process-docstring", readable, priority=400)  # before napoleon
    return {"parallel_read_safe": True, "parallel_write_safe": True}
