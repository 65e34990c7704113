"""Claims by their permanent id. Making a collection reads pages of data and imports no
claim's code."""

from __future__ import annotations

import difflib
import html
import importlib.util
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, distributions, entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from proofs_checks.claim.claim import Claim
from proofs_checks.claim.isolation import Apart, call_apart
from proofs_checks.claim.page import Page, make_page, plain_data, read_page
from proofs_checks.errors import CatalogueError
from proofs_checks.inputs.code_files import run_file
from proofs_checks.inputs.files import file_label, quoted_name
from proofs_checks.wording import clean_lines, error_line, short

if TYPE_CHECKING:
    import networkx

__all__ = ["Collection", "Topic"]

HERE = Path(__file__).resolve().parents[1] / "catalogue"
GROUP = "preality.claims"


class Topic(Mapping[str, Claim]):
    """The claims of one topic, as attributes with completion:
    ``claims.anomaly.arbitrary_score``."""

    def __init__(self, name: str, members: dict[str, Claim]) -> None:
        self._name, self._members = name, members

    def __getitem__(self, slug: str) -> Claim:
        return self._members[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(slug.replace("-", "_") for slug in self._members)]

    def __getattr__(self, name: str) -> Claim:
        try:
            return self._members[name.replace("_", "-")]
        except KeyError:
            raise AttributeError(f"No claim {self._name}.{name}; there are {', '.join(self._members)}.") from None

    def __repr__(self) -> str:
        return _table(self._members.values())


class Collection(Mapping[str, Claim]):
    """Claims by id. ``catalogue["topic.slug"]``, or
    ``catalogue.topic.slug_with_underscores``."""

    _claim_type: type[Claim] = Claim

    def __init__(
        self,
        root: Path = HERE,
        package: str = "proofs_checks.catalogue",
        *,
        plugins: bool = True,
        apart: bool = False,
    ) -> None:
        self._root, self._package, self._plugins, self._apart = root, package, plugins, apart
        self._added: dict[str, Claim] = {}
        self.problems: dict[str, str] = {}  # third parties' pages that could not be read, by origin

    @cached_property
    def _built_in(self) -> dict[str, Claim]:
        return {page.id: self._claim_type(page) for page in _pages_in(self._root, self._package)}

    @cached_property
    def _foreign(self) -> dict[str, Claim]:
        """Claims that installed distributions offer under the entry point group
        ``preality.claims``.

        The entry point's name is the namespace; its value a package laid out as this
        one (``topic/slug.toml`` beside ``topic/slug.py``), whose code is not imported
        to read its pages.
        """
        found: dict[str, Claim] = {}
        for point in _points(self.problems) if self._plugins else ():
            try:
                pages = _pages_in(_folder_of(point.name, point.value), point.value, f"{point.name}:")
                if not pages or any(page.id in found for page in pages):
                    why = "another distribution has its name" if pages else "it has no page topic/slug.toml"
                    raise CatalogueError(f"The entry point {point.name} = {point.value} is left out: {why}.")
                found.update({page.id: self._claim_type(page, apart=self._apart) for page in pages})
            except Exception as error:  # noqa: BLE001  a stranger's distribution: it is named and left out, and the others stay
                self.problems[point.value] = str(error) if isinstance(error, CatalogueError) else error_line(error)
        return found

    @property
    def _all(self) -> dict[str, Claim]:
        return {**self._built_in, **self._foreign, **self._added}

    def add_file(self, path: str | Path) -> list[Claim]:
        """Add the claims that a Python file defines in ``CLAIMS``. The file is code and
        is run: here, or in a process of its own where the collection was made with
        ``apart``; then its pages are read, and its routes cannot be called.

        Raises:
            CatalogueError: the file is missing, raises, or defines no claim; the
                message says which.
        """
        path = Path(path)
        pages = _pages_apart(path) if self._apart else pages_in_file(path)
        added = [self._claim_type(page, apart=self._apart) for page in pages]
        for claim in added:
            known = self._all.get(claim.id)
            if known is not None and known.page.origin != claim.page.origin:
                whose = "the built-in claim" if claim.id in self._built_in else f"the claim of {known.page.origin}"
                raise CatalogueError(
                    f"{file_label(path)} redefines {whose} {claim.id}; ids are permanent, so choose another."
                )
        self._added.update({claim.id: claim for claim in added})
        return added

    def __getitem__(self, claim_id: str) -> Claim:
        try:
            return self._all[claim_id]
        except KeyError:
            close = difflib.get_close_matches(claim_id, self._all, n=3, cutoff=0.4)
            close += [known for known in self._all if claim_id and claim_id in known and known not in close][:3]
            hint = f"Did you mean {' or '.join(close)}?" if close else "`preality list` prints them all."
            raise UnknownClaim(f"There is no claim {claim_id!r}. {hint}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __getattr__(self, name: str) -> Topic:
        if name.startswith("_"):
            raise AttributeError(name)
        members = {claim.slug: claim for claim in self._all.values() if claim.topic == name}
        if not members:
            raise AttributeError(f"There is no topic {name!r}; the topics are {', '.join(self.topics)}.")
        return Topic(name, members)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.topics]

    @property
    def topics(self) -> list[str]:
        """The topics in alphabetical order."""
        return sorted({claim.topic for claim in self._all.values()})

    def search(self, words: str) -> list[Claim]:
        """Claims whose id, title, statement, plain text, controls or errata contain
        every one of ``words``."""
        wanted = words.lower().split()
        return [claim for claim in self._all.values() if all(word in claim.searchable for word in wanted)]

    def select(self, names: Iterable[str] = ()) -> list[Claim]:
        """The claims named by id, by topic (``anomaly``), or by path of a claim file;
        all when nothing is named."""
        chosen: dict[str, Claim] = {}
        for name in names:
            if name.endswith(".py") or "/" in name:
                found = self.add_file(name)
            elif name in self.topics:
                found = [claim for claim in self._all.values() if claim.topic == name]
            else:
                found = [self[name]]
            chosen.update({claim.id: claim for claim in found})
        return list(chosen.values()) if list(names) else list(self._all.values())

    def graph(self) -> networkx.DiGraph:
        """Which claim rests on which: an edge from a claim to each id that it requires.

        Raises:
            CatalogueError: the claims rest on each other in a circle.
        """
        import networkx

        graph = networkx.DiGraph()
        graph.add_nodes_from(self._all)
        graph.add_edges_from((claim.id, other) for claim in self._all.values() for other in claim.requires)
        if not networkx.is_directed_acyclic_graph(graph):
            circle = " -> ".join(edge[0] for edge in networkx.find_cycle(graph))
            raise CatalogueError(f"Claims rest on each other in a circle: {circle}.")
        return graph

    def __repr__(self) -> str:
        return _table(self._all.values())

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td><code>{html.escape(claim.id)}</code></td><td>{html.escape(claim.title)}</td><td>{', '.join(claim.routes)}</td></tr>"
            for claim in self._all.values()
        )
        return (
            f"<table><thead><tr><th>claim</th><th>title</th><th>routes</th></tr></thead><tbody>{rows}</tbody></table>"
        )


class UnknownClaim(CatalogueError, KeyError):
    """There is no such id; the message offers near matches."""

    def __str__(self) -> str:
        return str(self.args[0])


def _table(members: Iterable[Claim]) -> str:
    rows = [(claim.id, ", ".join(claim.routes), claim.title) for claim in members]
    if not rows:
        return "no claims"
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return clean_lines("\n".join(f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}" for row in rows))


def _pages_in(root: Path, package: str, prefix: str = "") -> list[Page]:
    """The pages ``topic/slug.toml`` under ``root``; the code of each is the module of
    the same name beside it."""
    pages = []
    for path in sorted(root.glob("*/*.toml")):
        claim_id = f"{prefix}{path.parent.name}.{path.stem.replace('_', '-')}"
        pages.append(read_page(path, claim_id, f"{package}.{path.parent.name}.{path.stem}"))
    return pages


def _points(problems: dict[str, str]) -> Iterable[EntryPoint]:
    """The entry points of all distributions. One whose metadata cannot be read spoils
    the list of all; then they are asked one by one, and it is put among the
    problems."""
    try:
        return list(entry_points(group=GROUP))
    except Exception:  # noqa: BLE001  a stranger's metadata
        found: list[EntryPoint] = []
    for distribution in distributions():
        try:
            found += [point for point in distribution.entry_points if point.group == GROUP]
        except Exception as error:  # noqa: BLE001  this one's
            place = quoted_name(getattr(distribution, "_path", "a distribution"))
            problems[place] = f"Its entry points do not parse: {error_line(error)}."
    return found


def _folder_of(name: str, package: str) -> Path:
    """Where the pages of an installed package lie, found without importing any of
    it."""
    top, *rest = package.split(".")
    if not all(part.isidentifier() for part in (top, *rest)):
        raise CatalogueError(f"The entry point {name} = {package} is no package of claims.")
    spec = importlib.util.find_spec(top)
    places = [Path(place, *rest) for place in (spec.submodule_search_locations or ())] if spec else []
    folder = next((place for place in places if place.is_dir()), None)
    if folder is None:
        raise CatalogueError(f"The entry point {name} = {package} is no package of claims.")
    return folder


def pages_in_file(path: Path) -> list[Page]:
    """The pages of a claim file, which is run."""
    module = run_file(path, what="claim file", error=CatalogueError)
    namespace = re.sub(r"[^a-z0-9_.-]+", "-", path.stem.replace("_", "-").lower()).strip("-") or "file"
    return _pages_of(module, namespace, str(path.absolute()))


def _pages_apart(path: Path) -> list[Page]:
    """:func:`pages_in_file` in a process of its own."""
    try:
        told_pages = call_apart(_plain_pages, str(path.absolute()))
    except Apart as problem:
        text = str(problem)
        raise CatalogueError(text if problem.whole else f"The claim file {file_label(path)} {text}.") from None
    try:
        read = [(str(claim_id), str(module), fields) for claim_id, module, fields in told_pages]
        if not all(":" in claim_id for claim_id, _, _ in read):
            raise ValueError("an id without a namespace")
    except (TypeError, ValueError) as error:  # what the file's own code made of it
        raise CatalogueError(f"The claim file {file_label(path)} was read as no list of pages: {error}.") from None
    return [make_page(fields, claim_id, module, str(path.absolute())) for claim_id, module, fields in read]


def _plain_pages(path: str) -> list[list[Any]]:
    return [[page.id, page.module, page.fields()] for page in pages_in_file(Path(path))]


def _pages_of(module: ModuleType, namespace: str, origin: str) -> list[Page]:
    """The pages in a module's ``CLAIMS``: id -> table of fields; the fields ``code``
    names the module that has the routes."""
    declared: Any = plain_data(getattr(module, "CLAIMS", None), "CLAIMS")
    if not isinstance(declared, dict) or not declared:
        raise CatalogueError(
            f"The claim file {file_label(origin)} defines no claim: expected CLAIMS, a non-empty dict from id to the fields of a page. "
            "`preality new topic.slug` writes an example."
        )
    pages = []
    for claim_id, fields in declared.items():
        full = claim_id if ":" in claim_id else f"{namespace}:{claim_id}"
        data = dict(fields) if isinstance(fields, dict) else fields
        code = data.pop("code", module.__name__) if isinstance(data, dict) else module.__name__
        if not isinstance(code, str):
            raise CatalogueError(f"{full}: expected the name of a module in code, got {short(code)}")
        pages.append(make_page(data, full, code, origin))
    return pages
