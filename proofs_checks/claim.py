"""A claim as a person meets it in a REPL: its statement, its proof, its measurement, its controls, its errata.

Reading a claim imports nothing heavy; proving or checking it does.
"""

from __future__ import annotations

import html
import importlib
import inspect
import textwrap
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from proofs_checks.errors import CatalogueError, InputError
from proofs_checks.page import Page, RoutePage
from proofs_checks.text import clean, clean_lines

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Case, Control
    from proofs_checks.results import ClaimResult

SOURCES = Path(__file__).parent / "catalogue" / "sources.toml"
PROVING = ("exact", "certified")


class Claim:
    """One claim of the catalogue.

    >>> from proofs_checks import claims
    >>> claim = claims["hybrid.value-imbalance"]
    >>> claim.topic, claim.slug
    ('hybrid', 'value-imbalance')
    """

    def __init__(self, page: Page) -> None:
        self.page = page

    id = property(lambda self: self.page.id)
    title = property(lambda self: self.page.title)
    statement = property(lambda self: self.page.statement, doc="The statement in LaTeX, without delimiters.")
    plain = property(lambda self: self.page.plain, doc="The statement in words, for a newcomer.")
    assumptions = property(lambda self: self.page.assumptions)
    source = property(lambda self: self.page.source, doc="Keys of the bibliography; .cite() prints them.")
    requires = property(lambda self: self.page.requires, doc="Ids of the claims that this one rests on.")
    not_proved = property(lambda self: self.page.not_proved)
    errata = property(lambda self: self.page.errata)
    objects = property(lambda self: self.page.objects, doc="What .check(...) accepts of the reader's own.")
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
        """The controls as code, checked against the page of data: the same names on the same routes."""
        from proofs_checks.evidence import Control

        declared = getattr(self.code, "controls", {})
        found: dict[str, Sequence[Control]] = {
            name: (value,) if isinstance(value, Control) else tuple(value) for name, value in declared.items()
        }
        if set(found) != set(self.page.controls):
            odd = sorted(set(found) ^ set(self.page.controls))
            raise CatalogueError(f"{self.id}: the controls of the code and of the page differ: {', '.join(odd)}.")
        for name, variants in found.items():
            routes = {control.route for control in variants}
            if routes != set(self.page.controls[name].routes):
                raise CatalogueError(
                    f"{self.id}: control {name!r} is declared on {', '.join(self.page.controls[name].routes)}, the code has it on {', '.join(sorted(routes))}."
                )
        return found

    @property
    def controls(self) -> ControlTable:
        """The falsehoods that this claim's checks refute; ``claim.controls["name"].check()`` runs one."""
        return ControlTable(self)

    @property
    def weight(self) -> float:
        """This claim's share of a run's error budget; it depends on nothing else in the catalogue."""
        from proofs_checks import kernel

        return kernel.THIRD_PARTY_WEIGHT if ":" in self.id else kernel.BUILT_IN_WEIGHT

    @property
    def code_hash(self) -> str:
        """SHA-256 over the page of data and all the first-party code that the claim runs."""
        from proofs_checks import provenance

        self.code  # noqa: B018  a claim file's module has to be loaded before its source can be found
        return provenance.code_hash(self.page.module, self.page.origin)

    def cite(self) -> str:
        """The sources in full, one a line."""
        known = tomllib.loads(SOURCES.read_text(encoding="utf-8"))
        return "\n".join(known[key]["text"] if key in known else key for key in self.source)

    def figure(self) -> Figure:
        """The claim's figure, as a matplotlib ``Figure``.

        Raises:
            CatalogueError: the claim has none.
        """
        draw = getattr(self.code, "figure", None)
        if draw is None:
            raise CatalogueError(f"{self.id} has no figure.")
        return draw()

    def prove(self) -> ClaimResult:
        """Run the exact and certified routes with their controls."""
        return self._run(tuple(route for route in self.routes if route in PROVING), {}, None, {}, controls=True)

    def check(
        self,
        *,
        device: str = "auto",
        seed: int = 0,
        profile: str = "quick",
        case: Case | Mapping[str, Any] | None = None,
        route: str | None = None,
        **objects: Any,
    ) -> ClaimResult:
        """Run the claim; on the reader's own ``case`` or objects where these are given.

        Args:
            device: ``auto``, ``cpu`` or ``cuda``.
            seed: The run's seed; equal seeds give equal cases and verdicts.
            profile: ``quick``, ``full`` or ``deep``.
            case: One case to run in place of the drawn ones.
            route: One route; all of them when left out.
            objects: Whatever ``claim.objects`` names; only the routes that take them are run, and no control.
        Raises:
            InputError: an unknown route, profile or object; the message lists what there is.
        """
        if route is not None and route not in self.routes:
            raise InputError(f"{self.id} has no route {route!r}; it has {', '.join(self.routes)}.")
        routes = (route,) if route else tuple(self.routes)
        if objects or case is not None:
            routes = self._routes_that_take({*objects, *(["case"] if case is not None else [])}, routes)
        return self._run(
            routes,
            {"device": device, "seed": seed, "profile": profile},
            case,
            objects,
            controls=not objects and case is None,
        )

    def _routes_that_take(self, names: set[str], routes: tuple[str, ...]) -> tuple[str, ...]:
        accepted = {route: set(inspect.signature(getattr(self.code, route)).parameters) for route in routes}
        chosen = tuple(route for route in routes if names <= accepted[route])
        if not chosen:
            offered = ", ".join(self.objects) or "none"
            raise InputError(
                f"No route of {self.id} takes {', '.join(sorted(names))} together. Objects that it takes: {offered}; see .explain()."
            )
        return chosen

    def _run(
        self, routes: tuple[str, ...], options: dict[str, Any], case: Any, objects: dict[str, Any], *, controls: bool
    ) -> ClaimResult:
        from proofs_checks.results import run_here

        return run_here(self, routes, options, case, objects, controls=controls)

    def explain(self) -> str:
        """Everything on the claim's page, in words."""
        page = self.page
        lines = [f"{page.id}: {page.title}", "", *_wrapped(page.plain), "", f"  {page.statement}", ""]
        lines += [line for text in page.assumptions for line in _wrapped(f"assuming {text}")]
        for name, route in page.routes.items():
            reach = "".join(f"; {letter} = {low:.12g}..{high:.12g}" for letter, (low, high) in route.covers.items())
            lines += _wrapped(f"{name}: {route.shows}{reach}")
        for name, control in page.controls.items():
            lines += _wrapped(f"control {name} ({', '.join(control.routes)}): {control.statement}")
        for erratum in page.errata:
            lines += _wrapped(
                f"erratum: printed as: {erratum.printed} True is: {erratum.corrected} (witness: control {erratum.witness})"
            )
        for text in page.not_proved:
            lines += _wrapped(f"not proved: {text}")
        for item, reason in page.omissions:
            lines += _wrapped(f"left out: {item}, because {reason}")
        for name, text in page.objects.items():
            lines += _wrapped(f"yours to give, .check({name}=...): {text}")
        if page.requires:
            lines += _wrapped(f"rests on: {', '.join(page.requires)}")
        return clean_lines("\n".join([*lines, "", self.cite()]))

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


class ControlTable(Mapping[str, "ControlHandle"]):
    """The controls of a claim by name; printing it imports nothing heavy."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim

    def __getitem__(self, name: str) -> ControlHandle:
        if name not in self._claim.page.controls:
            raise KeyError(f"{self._claim.id} has no control {name!r}; it has {', '.join(self._claim.page.controls)}.")
        return ControlHandle(self._claim, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._claim.page.controls)

    def __len__(self) -> int:
        return len(self._claim.page.controls)

    def __repr__(self) -> str:
        return clean_lines(
            "\n".join(
                f"{name}  [{', '.join(page.routes)}]  {page.statement}"
                for name, page in self._claim.page.controls.items()
            )
        )


class ControlHandle:
    """One falsehood: its wording, and ``.check()``, which holds when every case of it is refuted with room to spare."""

    def __init__(self, claim: Claim, name: str) -> None:
        self.claim, self.name = claim, name
        self.statement, self.routes = claim.page.controls[name].statement, claim.page.controls[name].routes

    def check(self, *, seed: int = 0, device: str = "auto") -> ClaimResult:
        """Run the falsehood at its declared cases."""
        from proofs_checks.results import run_control

        return run_control(self.claim, self.name, seed, device)

    def __repr__(self) -> str:
        return clean(f"<control {self.name} of {self.claim.id}: {self.statement}>")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 100, initial_indent="  ", subsequent_indent="    ")
