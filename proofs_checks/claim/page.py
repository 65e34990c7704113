"""A claim's page of data: read from TOML, checked, and never in need of SymPy or
torch."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from proofs_checks.errors import CatalogueError, InputError, PrealityError
from proofs_checks.inputs.files import file_label, read_bytes
from proofs_checks.wording import encodable

ROUTES = ("exact", "certified", "numeric", "statistical")
_ID = re.compile(r"(?:[a-z0-9_.-]+:)?[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*")


@dataclass(frozen=True)
class RoutePage:
    """What a route is declared to show, and the ranges that its cases have to reach."""

    shows: str
    covers: dict[str, tuple[float, float]] = field(default_factory=dict)
    means: dict[str, str] = field(default_factory=dict)  # words for the symbols of the exact scope


@dataclass(frozen=True)
class ControlPage:
    """A falsehood in words, and the routes that have to refute it."""

    statement: str
    routes: tuple[str, ...]


@dataclass(frozen=True)
class Erratum:
    """A wording that is wrong, incomplete or loose, what is true instead, and the
    control that shows it."""

    printed: str
    corrected: str
    witness: str


@dataclass(frozen=True)
class Page:
    """The data of one claim. ``id`` is permanent: ``topic.slug``, or
    ``namespace:topic.slug`` for third parties."""

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

    def fields(self) -> dict[str, Any]:
        """The fields as a page of data has them: what :func:`make_page` was given."""
        plain = asdict(self)
        for name in ("id", "module", "origin", "caption"):
            del plain[name]
        plain["omissions"] = [{"item": item, "reason": reason} for item, reason in self.omissions]
        return {**plain, "figure": {"caption": self.caption}}

    @property
    def home(self) -> str:
        """Whose code the claim is: a claim file's path, a package's namespace, or
        nothing for the catalogue's own."""
        if ":" not in self.id:  # whatever module a page of somebody else's names
            return ""
        return self.origin if self.origin.endswith(".py") else self.id.rpartition(":")[0]


MAX_BYTES = 2**20  # of a page of data
MAX_DEPTH = 10
_LISTS = ("assumptions", "source", "requires", "not_proved", "errata", "omissions")
_TABLES = ("routes", "controls", "objects", "figure")


def read_page(path: Path, claim_id: str, module: str) -> Page:
    """The page in the TOML file ``path``.

    Raises:
        CatalogueError: the file is not TOML, or a field is missing, unknown or of the
            wrong type; the message names it.
    """

    try:
        data = tomllib.loads(read_bytes(path, MAX_BYTES).decode("utf-8"))
    except InputError as error:
        raise CatalogueError(f"The page of {claim_id} cannot be read: {error}") from None
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, a number that is too long
        raise CatalogueError(f"The page of {claim_id} is not valid TOML ({file_label(path)}): {error}") from None
    return make_page(data, claim_id, module, str(path))


def make_page(data: Any, claim_id: str, module: str, origin: str) -> Page:
    """A page from parsed data; refuses whatever is missing, unknown or misshapen.

    Raises:
        CatalogueError: the message names the claim, the place and the file.
    """

    def refuse(problem: str) -> CatalogueError:
        return CatalogueError(f"{claim_id}: {problem} (in {file_label(origin)})")

    if not isinstance(claim_id, str) or not _ID.fullmatch(claim_id):
        raise refuse("expected an id like topic.slug in lower case, with dashes inside words")
    try:
        fields = _checked(plain_data(data))
    except PrealityError as error:
        raise refuse(str(error).replace(" in the file", " in the page").removesuffix(".")) from None
    if blank := [name for name in ("title", "statement", "plain") if not fields[name].strip()]:
        raise refuse(f"{blank[0]!r} is blank")
    routes, controls = _routes(fields, refuse), _controls(fields, refuse)
    covered = {route for control in controls.values() for route in control.routes}
    if bare := [name for name in routes if name not in covered]:
        raise refuse(f"route {bare[0]!r} has no control; every route needs a nearby falsehood that it refutes")
    errata = tuple(Erratum(**entry) for entry in fields["errata"])
    if missing := [entry.witness for entry in errata if entry.witness not in controls]:
        raise refuse(f"the erratum's witness {missing[0]!r} is no control of this claim")
    return Page(
        claim_id, fields["title"], fields["statement"], fields["plain"], tuple(fields["assumptions"]), tuple(fields["source"]),
        routes, controls, tuple(fields["requires"]), tuple(fields["not_proved"]), dict(fields["objects"]), errata,
        tuple((entry["item"], entry["reason"]) for entry in fields["omissions"]), fields["figure"].get("caption", ""), module, origin,
    )  # fmt: skip


def plain_data(value: Any, place: str = "", depth: int = 0) -> Any:
    """``value`` as text, numbers, lists and tables; whatever else a page of code puts
    into its data is refused.

    Raises:
        CatalogueError: the message names the place.
    """
    where = place or "the page"
    if depth > MAX_DEPTH:
        raise CatalogueError(f"More than {MAX_DEPTH} tables and lists inside each other in {where}")
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int) and abs(value) >= 2**63:
        raise CatalogueError(f"Expected a number below 2**63 in {where}, got one of {value.bit_length()} bits")
    if isinstance(value, str):
        return encodable(str(value))
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, dict):
        if odd := [key for key in value if not isinstance(key, str)]:
            raise CatalogueError(f"Expected text for every name in {where}, got a key of type {type(odd[0]).__name__}")
        if odd := [key for key in value if encodable(key) != key]:
            raise CatalogueError(f"Expected names of printable letters in {where}, got {ascii(odd[0])[:60]}")
        return {str(key): plain_data(item, f"{place}.{key}".lstrip("."), depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_data(item, f"{place}[{k}]", depth + 1) for k, item in enumerate(value)]
    raise CatalogueError(f"Expected text, a number, a list or a table in {where}, got {type(value).__name__}")


def _checked(data: Any) -> dict[str, Any]:
    """Every field, typed; as it stands on a machine without msgspec, which measures
    what was checked where it was written."""
    try:
        from proofs_checks.claim.page_schema import check_fields
    except ImportError:
        empty: dict[str, Any] = {**{name: [] for name in _LISTS}, **{name: {} for name in _TABLES}}
        return {**empty, **data}
    return check_fields(data)


def _routes(fields: dict[str, Any], refuse: Callable[[str], CatalogueError]) -> dict[str, RoutePage]:
    if not fields["routes"]:
        raise refuse("no route is declared; add [routes.exact] or another")
    found = {}
    for name, value in fields["routes"].items():
        if name not in ROUTES:
            raise refuse(f"unknown route {name!r}; the routes are {', '.join(ROUTES)}")
        covers = {key: (float(low), float(high)) for key, (low, high) in value.get("covers", {}).items()}
        _require_names([*covers, *value.get("means", {})], f"routes.{name}", refuse)
        if not all(-math.inf < low <= high < math.inf for low, high in covers.values()):
            raise refuse(f"each range in routes.{name}.covers is [low, high]")
        found[name] = RoutePage(value["shows"], covers, dict(value.get("means", {})))
    return found


def _controls(fields: dict[str, Any], refuse: Callable[[str], CatalogueError]) -> dict[str, ControlPage]:
    _require_names([*fields["controls"], *fields["objects"]], "controls and objects", refuse)
    for name, value in fields["controls"].items():
        if stray := [route for route in value["routes"] if route not in fields["routes"]]:
            raise refuse(f"control {name!r} names route {stray[0]!r}, which the claim does not declare")
    return {name: ControlPage(value["statement"], tuple(value["routes"])) for name, value in fields["controls"].items()}


def _require_names(names: Iterable[str], place: str, refuse: Callable[[str], CatalogueError]) -> None:
    """Names are typed on command lines and stand in records: one printable line, not
    too long."""
    for name in names:
        if not name.strip() or not name.isprintable() or len(name) > 200:
            raise refuse(f"expected names of printable letters (at most 200) in {place}, got {name[:60]!r}")
