"""What the kernel says: a status, the route that earned it, and the scope that it
covers. Data; only the kernel makes it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from proofs_checks.kernel.evidence import LARGEST, Plain
from proofs_checks.wording import encodable


class Status(StrEnum):
    """What a check, a route, a control or a claim came to."""

    HOLDS = "HOLDS"
    REFUTED = "REFUTED"
    UNDECIDED = "UNDECIDED"
    INAPPLICABLE = "INAPPLICABLE"
    ERRORED = "ERRORED"


SEVERITY = (Status.REFUTED, Status.ERRORED, Status.UNDECIDED, Status.INAPPLICABLE, Status.HOLDS)  # the worst first


class Route(StrEnum):
    """Strongest first; a route never prints a stronger word than its evidence
    earned."""

    EXACT = "exact"
    CERTIFIED = "certified"
    NUMERIC = "numeric"
    STATISTICAL = "statistical"

    @property
    def rank(self) -> int:
        """0 for the strongest."""
        return list(Route).index(self)


@dataclass(frozen=True)
class Scope:
    """What was covered, computed from the obligations discharged and the cases run;
    never typed by hand."""

    quantifiers: tuple[str, ...] = ()  # "every D >= 1", "every function p"
    exhausted: tuple[str, ...] = ()  # "256 of 256 tables of order 2"
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)  # D -> (1, 64)
    kinds: dict[str, tuple[str, ...]] = field(default_factory=dict)  # family -> ("gaussian", "logistic")
    cases: int = 0
    points: int = 0
    given: tuple[str, ...] = ()  # relations and properties under which all this was found
    estimated: tuple[str, ...] = ()

    def join(self, other: Scope) -> Scope:
        """The scope of two findings together."""
        ranges = dict(self.ranges)
        for name, (low, high) in other.ranges.items():
            known = ranges.get(name, (low, high))
            ranges[name] = (min(known[0], low), max(known[1], high))
        kinds = {
            name: union(self.kinds.get(name, ()), other.kinds.get(name, ())) for name in {**self.kinds, **other.kinds}
        }
        return Scope(
            union(self.quantifiers, other.quantifiers),
            union(self.exhausted, other.exhausted),
            ranges,
            kinds,
            self.cases + other.cases,
            self.points + other.points,
            union(self.given, other.given),
            union(self.estimated, other.estimated),
        )

    @property
    def text(self) -> str:
        """The scope as it is printed."""
        parts = [*_grouped(self.quantifiers), *self.exhausted]
        parts += [
            f"{name} = {number_text(low)}" + (f"..{number_text(high)}" if high != low else "")
            for name, (low, high) in self.ranges.items()
        ]
        parts += [
            f"{name}: {', '.join(values[:6])}" + (", ..." if len(values) > 6 else "")
            for name, values in self.kinds.items()
        ]
        if self.cases and (self.ranges or self.kinds or self.points):
            parts.append(f"{self.cases} case{'s' * (self.cases != 1)}")
        if self.points:
            parts.append(f"{number_text(self.points)} point{'s' * (self.points != 1)}")
        if self.given:
            parts.append("given " + ", ".join(self.given))
        if self.estimated:
            parts.append("error estimated, not bounded: " + ", ".join(self.estimated))
        return "; ".join(parts) or "nothing"


@dataclass(frozen=True)
class Verdict:
    """What one check, one route or one control came to.

    ``margin`` is how many bounds (or radii) the residual amounts to: at most 1 where a
    measurement holds, and how far beyond the bound where it is refuted; ``None`` where
    the decision was exact and there is nothing to compare.
    """

    status: Status
    route: str
    why: str = ""
    scope: Scope = field(default_factory=Scope)
    witness: Plain = None
    residual: float | None = None
    bound: float | None = None
    margin: float | None = None
    notes: tuple[str, ...] = ()
    derivations: tuple[str, ...] = ()
    obligation: str = ""  # the name of the piece of evidence that decided
    decided: int = 0  # statements of theory that were decided
    constructed: int = 0  # equations whose sides were one expression before anything was decided
    detects: float | None = None  # a departure this large is refuted, but for the level of the test
    detects_deep: float | None = None  # the same with as many samples as the deep profile draws

    def __bool__(self) -> bool:
        raise TypeError(
            f"A verdict is not a truth value (this one is {self.status}). Ask for .holds, or compare .status."
        )

    @property
    def holds(self) -> bool:
        """Whether the status is HOLDS."""
        return self.status is Status.HOLDS

    def assert_holds(self) -> Verdict:
        """Return self, or raise ``AssertionError`` with the reason."""
        if not self.holds:
            raise AssertionError(f"{self.status} ({self.route}): {self.why or self.scope.text}")
        return self

    def plain(self) -> dict[str, Plain]:
        """JSON data; infinities are written as strings, since JSON has none."""
        return _json(
            {
                **asdict(self),
                "status": str(self.status),
                "route": str(self.route),
                "scope": {**asdict(self.scope), "text": self.scope.text},
            }
        )

    @classmethod
    def from_plain(cls, data: dict[str, Any]) -> Verdict:
        """The verdict that :meth:`plain` wrote."""
        scope = {name: value for name, value in data["scope"].items() if name != "text"}
        for name in ("quantifiers", "exhausted", "given", "estimated"):
            scope[name] = tuple(scope[name])
        scope["ranges"] = {name: (float(low), float(high)) for name, (low, high) in scope["ranges"].items()}
        scope["kinds"] = {name: tuple(values) for name, values in scope["kinds"].items()}
        numbers = ("residual", "bound", "margin", "detects", "detects_deep")
        residual, bound, margin, detects, deep = (
            None if data.get(name) is None else float(data[name]) for name in numbers
        )
        notes, derivations = (tuple(data[name]) for name in ("notes", "derivations"))
        return cls(
            Status(data["status"]),
            data["route"],
            data["why"],
            Scope(**scope),
            data["witness"],
            residual,
            bound,
            margin,
            notes,
            derivations,
            data["obligation"],
            data["decided"],
            data["constructed"],
            detects,
            deep,
        )


def _grouped(quantifiers: tuple[str, ...], most: int = 6) -> list[str]:
    """Quantifiers for reading: inductions first, then what is alike together ("every
    real x, y, ..."), at most six names a kind."""
    kinds: dict[str, list[str]] = {}
    for text in quantifiers:
        kind, _, name = text.rpartition(" ")
        kinds.setdefault(kind if kind.startswith("every") and ">=" not in text else text, []).append(name)
    if len(kinds) > 1:
        kinds.pop("one instance", None)
    texts = []
    for kind in sorted(kinds, key=lambda kind: (">=" not in kind, "function" not in kind)):
        names = kinds[kind]
        more = f" and {len(names) - most} more" if len(names) > most else ""
        texts.append(
            f"{kind} {', '.join(names[:most])}{more}" if kind.startswith("every") and ">=" not in kind else kind
        )
    return texts


def union(*groups: Iterable[str]) -> tuple[str, ...]:
    """The members of all groups, each once, in the order met."""
    return tuple(dict.fromkeys(item for group in groups for item in group))


def number_text(value: float) -> str:
    """A number as a scope prints it: whole up to 1e8, else three digits."""
    if abs(value) < 1e8 and value == int(value):
        return str(int(value))
    return f"{value:.3g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {encodable(str(key)): _json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and abs(value) >= LARGEST:
        return f"an integer of {value.bit_length()} bits"
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return encodable(str(value))


def largest(numbers: Iterable[float | None]) -> float | None:
    """The largest of the numbers that are there, None where there is none."""
    return max((number for number in numbers if number is not None), default=None)
