"""A claim's page of data: read from TOML, checked, and never in need of SymPy or torch."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proofs_checks.errors import CatalogueError

ROUTES = ("exact", "certified", "numeric", "statistical")
_ID = re.compile(r"(?:[a-z0-9_.-]+:)?[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*")
_KEYS = {
    "title", "statement", "plain", "assumptions", "source", "requires", "not_proved",
    "routes", "controls", "objects", "errata", "omissions", "figure",
}  # fmt: skip


@dataclass(frozen=True)
class RoutePage:
    """What a route is declared to show, and the ranges that its cases have to reach."""

    shows: str
    covers: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class ControlPage:
    """A falsehood in words, and the routes that have to refute it."""

    statement: str
    routes: tuple[str, ...]


@dataclass(frozen=True)
class Erratum:
    """A wording that is wrong, incomplete or loose, what is true instead, and the control that shows it."""

    printed: str
    corrected: str
    witness: str


@dataclass(frozen=True)
class Page:
    """The data of one claim. ``id`` is permanent: ``topic.slug``, or ``namespace:topic.slug`` for third parties."""

    id: str
    title: str
    statement: str
    plain: str
    assumptions: tuple[str, ...]
    source: tuple[str, ...]
    routes: dict[str, RoutePage]
    controls: dict[str, ControlPage]
    requires: tuple[str, ...] = ()
    not_proved: tuple[str, ...] = ()
    objects: dict[str, str] = field(default_factory=dict)
    errata: tuple[Erratum, ...] = ()
    omissions: tuple[tuple[str, str], ...] = ()
    caption: str = ""
    module: str = ""
    origin: str = ""

    @property
    def topic(self) -> str:
        """The part before the dot, without a namespace."""
        return self.id.rpartition(":")[2].partition(".")[0]

    @property
    def slug(self) -> str:
        """The part after the dot."""
        return self.id.rpartition(":")[2].partition(".")[2]


def read_page(path: Path, claim_id: str, module: str) -> Page:
    """The page in the TOML file ``path``.

    Raises:
        CatalogueError: the file is not TOML, or a field is missing, unknown or of the wrong shape; the message names it.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"The page of {claim_id} is not valid TOML ({path.name}): {error}") from None
    return make_page(data, claim_id, module, str(path))


def make_page(data: dict[str, Any], claim_id: str, module: str, origin: str) -> Page:
    """A page from parsed data; refuses whatever is missing, unknown or misshapen."""

    def refuse(problem: str) -> CatalogueError:
        return CatalogueError(f"{claim_id}: {problem} (in {Path(origin).name})")

    if not _ID.fullmatch(claim_id):
        raise refuse("expected an id like topic.slug in lower case, with dashes inside words")
    if unknown := set(data) - _KEYS:
        raise refuse(f"unknown field {sorted(unknown)[0]!r}; the fields are {', '.join(sorted(_KEYS))}")
    for name in ("title", "statement", "plain"):
        if not isinstance(data.get(name), str) or not data[name].strip():
            raise refuse(f"{name!r} is missing or empty")
    lists = {}
    for name in ("assumptions", "source", "requires", "not_proved"):
        value = data.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise refuse(f"{name!r} has to be a list of strings")
        lists[name] = tuple(value)
    routes = {name: _route(name, value, refuse) for name, value in _table(data, "routes", refuse).items()}
    controls = {name: _control(name, value, routes, refuse) for name, value in _table(data, "controls", refuse).items()}
    if not routes:
        raise refuse("no route is declared; add [routes.exact] or another")
    covered = {route for control in controls.values() for route in control.routes}
    if bare := [name for name in routes if name not in covered]:
        raise refuse(f"route {bare[0]!r} has no control; every route needs a nearby falsehood that it refutes")
    try:
        errata = tuple(Erratum(**entry) for entry in data.get("errata", []))
        omissions = tuple((entry["item"], entry["reason"]) for entry in data.get("omissions", []))
    except (TypeError, KeyError) as error:
        raise refuse(
            f"an erratum has printed, corrected and witness; an omission has item and reason ({error})"
        ) from None
    if missing := [entry.witness for entry in errata if entry.witness not in controls]:
        raise refuse(f"the erratum's witness {missing[0]!r} is no control of this claim")
    return Page(
        claim_id, data["title"], data["statement"], data["plain"], lists["assumptions"], lists["source"], routes, controls,
        lists["requires"], lists["not_proved"], dict(data.get("objects", {})), errata, omissions,
        data.get("figure", {}).get("caption", ""), module, origin,
    )  # fmt: skip


def _table(data: dict[str, Any], name: str, refuse: Any) -> dict[str, Any]:
    value = data.get(name, {})
    if not isinstance(value, dict) or not all(isinstance(item, dict) for item in value.values()):
        raise refuse(f"{name!r} has to be a table of tables, as in [{name}.some-name]")
    return value


def _route(name: str, value: dict[str, Any], refuse: Any) -> RoutePage:
    if name not in ROUTES:
        raise refuse(f"unknown route {name!r}; the routes are {', '.join(ROUTES)}")
    if set(value) - {"shows", "covers"} or not isinstance(value.get("shows"), str):
        raise refuse(f"route {name!r} takes 'shows' (a line) and 'covers' (ranges like {{ D = [1, 64] }})")
    covers = value.get("covers", {})
    if not all(isinstance(ends, list) and len(ends) == 2 and ends[0] <= ends[1] for ends in covers.values()):
        raise refuse(f"route {name!r}: each range in 'covers' is [low, high]")
    return RoutePage(value["shows"], {key: (float(low), float(high)) for key, (low, high) in covers.items()})


def _control(name: str, value: dict[str, Any], routes: dict[str, RoutePage], refuse: Any) -> ControlPage:
    if set(value) != {"statement", "routes"} or not value["routes"]:
        raise refuse(f"control {name!r} takes 'statement' and a non-empty list 'routes'")
    if stray := [route for route in value["routes"] if route not in routes]:
        raise refuse(f"control {name!r} names route {stray[0]!r}, which the claim does not declare")
    return ControlPage(value["statement"], tuple(value["routes"]))
