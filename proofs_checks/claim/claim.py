"""A claim: its page of data, and its page of code when somebody runs it. Reading a
claim imports nothing heavy."""

from __future__ import annotations

import html
import importlib
import re
import textwrap
import tomllib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from proofs_checks.claim.page import Page, RoutePage
from proofs_checks.errors import CatalogueError
from proofs_checks.wording import clean, clean_lines
from proofs_checks.wording.formulas import unicode_formula, unicode_prose

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.kernel import Control

SOURCES = Path(__file__).resolve().parents[1] / "catalogue" / "sources.toml"


class Claim:
    """One claim of the catalogue.

    >>> from proofs_checks.claim.collection import Collection
    >>> claim = Collection()["hybrid.value-imbalance"]
    >>> claim.topic, claim.slug
    ('hybrid', 'value-imbalance')
    """

    def __init__(self, page: Page, *, apart: bool = False) -> None:
        self.page = page
        self.apart = apart  # its code is somebody else's, and is not to be run in this process

    id = property(lambda self: self.page.id)
    title = property(lambda self: self.page.title)
    statement = property(lambda self: self.page.statement, doc="The statement in LaTeX, without delimiters.")
    plain = property(lambda self: self.page.plain, doc="The statement in words, for a newcomer.")
    assumptions = property(lambda self: self.page.assumptions)
    source = property(lambda self: self.page.source, doc="Keys of the bibliography; .cite() prints them.")
    requires = property(lambda self: self.page.requires, doc="Ids of the claims that this one rests on.")
    not_proved = property(lambda self: self.page.not_proved)
    errata = property(lambda self: self.page.errata)
    objects = property(lambda self: self.page.objects, doc="What .check(...) accepts of the user's own.")
    topic = property(lambda self: self.page.topic)
    slug = property(lambda self: self.page.slug)

    @property
    def routes(self) -> dict[str, RoutePage]:
        """The declared routes, strongest first or as the page has them."""
        return self.page.routes

    @property
    def searchable(self) -> str:
        """All the page's words in lower case."""
        page = self.page
        words = [page.id, page.title, page.statement, page.plain, *page.assumptions, *page.not_proved]
        words += [control.statement for control in page.controls.values()] + [
            erratum.corrected for erratum in page.errata
        ]
        return " ".join(words).lower()

    @cached_property
    def code(self) -> ModuleType:
        """The claim's page of code; importing it may import SymPy and torch.

        Raises:
            CatalogueError: the page of code and the page of data do not agree.
        """
        try:
            module = importlib.import_module(self.page.module)
        except ModuleNotFoundError as error:
            if error.name != self.page.module:
                raise
            raise CatalogueError(
                f"{self.id} has a page of data but no code: expected the module {self.page.module}."
            ) from None
        for route in self.page.routes:
            if not callable(getattr(module, route, None)):
                raise CatalogueError(
                    f"{self.id} declares the route {route!r}, but {module.__name__} defines no function {route}()."
                )
        return module

    @cached_property
    def code_controls(self) -> dict[str, Sequence[Control]]:
        """The controls as code, checked against the page of data: the same names on the
        same routes."""
        from proofs_checks.kernel import Control

        declared = getattr(self.code, "controls", {})
        found: dict[str, Sequence[Control]] = {
            name: (value,) if isinstance(value, Control) else tuple(value) for name, value in declared.items()
        }
        if set(found) != set(self.page.controls):
            odd = sorted(set(found) ^ set(self.page.controls))
            raise CatalogueError(f"{self.id}: the controls of the code and of the page differ: {', '.join(odd)}.")
        for name, variants in found.items():
            if foreign := [c for c in variants if c.check is not getattr(self.code, c.route, None)]:
                raise CatalogueError(
                    f"{self.id}: control {name!r} runs another function called {foreign[0].route}; a control is the route's own check."
                )
            routes = {control.route for control in variants}
            if routes != set(self.page.controls[name].routes):
                raise CatalogueError(
                    f"{self.id}: control {name!r} is declared on {', '.join(self.page.controls[name].routes)}, the code has it on {', '.join(sorted(routes))}."
                )
        return found

    @property
    def weight(self) -> float:
        """This claim's share of a run's error budget; it depends on nothing else in the
        catalogue."""
        from proofs_checks import kernel

        return kernel.THIRD_PARTY_WEIGHT if ":" in self.id else kernel.BUILT_IN_WEIGHT

    @property
    def code_hash(self) -> str:
        """SHA-256 over the page of data and all the first-party code that the claim
        runs."""
        from proofs_checks.claim import provenance

        self.code  # noqa: B018  a claim file's module has to be loaded before its source can be found
        return provenance.code_hash(self.page.module, self.page.origin)

    def cite(self) -> str:
        """The sources in full, one a line."""
        known = tomllib.loads(SOURCES.read_text(encoding="utf-8"))
        return "\n".join(known[key]["text"] if key in known else key for key in self.source)

    def bibtex(self) -> str:
        """The sources as BibTeX entries.

        >>> from proofs_checks.claim.collection import Collection
        >>> print(Collection()["anomaly.knothe-rosenblatt"].bibtex().splitlines()[1])
          author = {M. Rosenblatt},
        """
        known = tomllib.loads(SOURCES.read_text(encoding="utf-8"))
        return "\n\n".join(_entry(key, known.get(key, {"text": key})) for key in self.source)

    def figure(self) -> Figure:
        """The claim's figure, as a matplotlib ``Figure``.

        Raises:
            CatalogueError: the claim has none.
        """
        draw = getattr(self.code, "figure", None)
        if draw is None:
            raise CatalogueError(f"{self.id} has no figure.")
        return draw()

    def summary(self) -> str:
        """The statement as text, in words, and what it assumes."""
        page = self.page
        lines = [
            f"{page.id}: {page.title}",
            "",
            *_wrapped(unicode_formula(page.statement)),
            "",
            *_wrapped(unicode_prose(page.plain)),
        ]
        if page.assumptions:
            lines += ["", *(line for text in page.assumptions for line in _wrapped(f"assuming {unicode_prose(text)}"))]
        return clean_lines("\n".join(lines))

    def explain(self) -> str:
        """Everything on the claim's page, in words."""
        page = self.page
        lines = []
        for name, route in page.routes.items():
            reach = "".join(f"; {letter} = {low:.12g}..{high:.12g}" for letter, (low, high) in route.covers.items())
            lines.append(f"{name}: {route.shows}{reach}")
        for name, control in page.controls.items():
            lines.append(f"control {name} ({', '.join(control.routes)}): {control.statement}")
        for erratum in page.errata:
            lines.append(
                f"erratum: printed as: {erratum.printed} True is: {erratum.corrected} (witness: control {erratum.witness})"
            )
        lines += [f"not proved: {text}" for text in page.not_proved]
        lines += [f"left out: {item}, because {reason}" for item, reason in page.omissions]
        lines += [f"yours to give, .check({name}=...): {text}" for name, text in page.objects.items()]
        if page.requires:
            lines.append(f"rests on: {', '.join(page.requires)}")
        told = [line for text in lines for line in _wrapped(unicode_prose(text))]
        return "\n".join([self.summary(), "", *map(clean, told), "", clean_lines(self.cite())])

    def __repr__(self) -> str:
        return clean(f"<claim {self.id}: {self.title} [{', '.join(self.routes)}]>")

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name.startswith("_") or name.startswith("__")]

    def _repr_html_(self) -> str:
        return (
            f"<div><b>{html.escape(self.title)}</b> <code>{html.escape(self.id)}</code>"
            f"<div>${html.escape(self.statement)}$</div><p>{html.escape(self.plain)}</p></div>"
        )

    def _repr_latex_(self) -> str:
        return f"${self.statement}$"


_AUTHOR = re.compile(r"(?:[A-Z][a-z]?[.-]+\s?)+\S.*")  # begins with initials


def _entry(key: str, source: dict[str, str]) -> str:
    """A reference "A. Author, B. Author, Title, venue year." as BibTeX; a title with a
    comma is named in ``source``."""
    parts = source["text"].rstrip(".").split(", ")
    count = next((k for k, part in enumerate(parts) if not _AUTHOR.match(part)), 0)
    title = source.get("title") or (parts[count] if count < len(parts) else source["text"])
    rest = ", ".join(parts[count:]).removeprefix(title).lstrip(", ")
    years = re.findall(r"\b(?:1[89]|20)\d\d\b", rest)
    fields = {"author": " and ".join(parts[:count]), "title": title}
    if years:
        rest = re.sub(rf"[,\s(]*\b{years[-1]}\b\)?", "", rest).strip(", ")
    fields |= {"howpublished": rest, "year": years[-1] if years else ""}
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{key},", *lines, "}"])


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 100, initial_indent="  ", subsequent_indent="    ")
