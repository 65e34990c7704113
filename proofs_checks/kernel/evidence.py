"""What a check may return: inert descriptions of what was found. Nothing here decides
anything; the kernel does.

A check is handed a :class:`Case` and returns evidence. Statements of theory (equations,
signs, enumerations, inductions), enclosures (:func:`enclosed`), measurements under a
derived bound (:func:`measured`) and tests whose radius the kernel takes from the run's
error budget (:func:`tested`) are the only kinds there are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from numerics.bounds import Bound, Measurement
from theory.proof.statements import Enumeration, Equation, Induction, Recursion, Sign

LARGEST = 2**63
_WRITTEN = {"fraction": re.compile(r"-?\d{1,400}(/0*[1-9]\d{0,399})?"), "integer": re.compile(r"-?\d{1,400}")}
Plain = Any  # what the json module reads and writes: None, bool, int, float, str, lists and dicts of these


class Case(Mapping[str, Any]):
    """One instance that meets a claim's assumptions, as plain immutable data.

    Values are ``int``, ``str``, ``bool``, ``float`` (only where meant exactly),
    ``Fraction`` and nested tuples of these, so that a case can be written down, hashed,
    and read again on another machine. Fields are attributes.

    >>> Case(D=2, weight=Fraction(1, 3)).plain()
    {'D': 2, 'weight': {'fraction': '1/3'}}
    >>> Case.from_plain({'D': 2, 'weight': {'fraction': '1/3'}}).weight
    Fraction(1, 3)
    """

    __slots__ = ("_fields",)
    _fields: dict[str, Any]

    def __init__(self, **fields: Any) -> None:
        object.__setattr__(self, "_fields", {name: _frozen(name, value) for name, value in fields.items()})

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._fields[name]
        except KeyError:
            raise AttributeError(
                f"This case has no field {name!r}; it has {', '.join(self._fields) or 'none'}."
            ) from None

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("A case is immutable; make another with Case(**{**case, ...}).")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Case.from_plain, (self.plain(),))

    def __hash__(self) -> int:
        return hash(tuple(sorted(self._fields.items(), key=lambda item: item[0])))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Case) and self._fields == other._fields

    def __repr__(self) -> str:
        return f"Case({', '.join(f'{name}={value!r}' for name, value in self._fields.items())})"

    def plain(self) -> dict[str, Plain]:
        """The case as JSON data; fractions are written ``{"fraction": "1/3"}``."""
        return {name: _to_plain(value) for name, value in self._fields.items()}

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Case:
        """The case that :meth:`plain` wrote; ``TypeError`` where no case is written
        so."""
        return cls(**{name: _from_plain(value) for name, value in data.items()})


def _frozen(name: str, value: Any) -> Any:
    text(name, "the name of a case's field")
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(name, item) for item in value)
    if isinstance(value, float) and not math.isfinite(value):
        raise TypeError(f"Expected a finite number in the case's field {name!r}, got {value}.")
    if isinstance(value, str):
        return text(value, f"the case's field {name!r}")
    if isinstance(value, (bool, int, float, Fraction)):
        return value
    raise TypeError(
        f"Expected plain data in the case's field {name!r} (int, str, bool, float, Fraction or tuples of them), "
        f"got {type(value).__name__}. Derive tensors from a seed or a size instead."
    )


def text(value: Any, what: str) -> str:
    """``value`` if it is text that can be written down.

    Raises:
        TypeError: another type, or lone surrogates, which no encoding of Unicode has.
    """
    if not isinstance(value, str):
        raise TypeError(f"Expected text as {what}, got {type(value).__name__}.")
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in value):
        raise TypeError(f"Expected text as {what}, got {ascii(value)[:60]}, which no encoding of Unicode has.")
    return value


def _count(value: Any, what: str) -> int:
    number = int(value)
    if not 0 <= number < LARGEST:
        raise TypeError(f"Expected {what} from 0 to 2**63 - 1, got one of {number.bit_length()} bits.")
    return number


def _to_plain(value: Any) -> Plain:
    if isinstance(value, Fraction):
        return {"fraction": str(value)}
    if isinstance(value, int) and abs(value) >= LARGEST:
        return {"integer": str(value)}
    if isinstance(value, tuple):
        return [_to_plain(item) for item in value]
    return value


def _from_plain(value: Any) -> Any:
    if isinstance(value, dict):
        kind = next(iter(value), "")
        written = value.get(kind)
        if (
            len(value) != 1
            or kind not in _WRITTEN
            or not isinstance(written, str)
            or not _WRITTEN[kind].fullmatch(written)
        ):
            raise TypeError(f"Expected a fraction or an integer as a case writes them, got {str(value)[:60]}.")
        return int(written) if kind == "integer" else Fraction(written)
    if isinstance(value, list):
        return tuple(_from_plain(item) for item in value)
    return value


KINDS = ("dkw", "dkw_two_sample", "hoeffding", "clopper_pearson", "e_values")  # of deviation inequalities


@dataclass(frozen=True)
class Test:
    """A deviation inequality that holds at every finite n. The kernel supplies the
    level and computes the radius.

    ``kind`` is one of ``dkw``, ``dkw_two_sample``, ``hoeffding``, ``clopper_pearson``,
    ``e_values``; make one by the methods below.
    """

    __test__ = False  # not a pytest class
    kind: Literal["dkw", "dkw_two_sample", "hoeffding", "clopper_pearson", "e_values"]
    n: int
    m: int = 0
    width: float = 1.0
    p: float = 0.5
    tests: int = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise TypeError(
                f"There is no test {self.kind!r}; make one by {', '.join(f'Test.{kind}' for kind in KINDS)}."
            )
        if any(type(count) is not int for count in (self.n, self.m, self.tests)):
            raise TypeError(
                f"Expected whole numbers of samples and tests, got n={self.n}, m={self.m}, tests={self.tests}."
            )
        if not (0 < self.width < math.inf and 0 <= self.p <= 1):
            raise TypeError(f"Expected an interval of positive width and a probability, got {self.width} and {self.p}.")
        if not 1 <= self.n < LARGEST or not 1 <= self.tests < LARGEST or not 0 <= self.m < LARGEST:
            raise TypeError(
                f"A test needs at least one sample and counts at least itself, got n={self.n}, m={self.m}, tests={self.tests}."
            )

    @classmethod
    def dkw(cls, n: int, *, tests: int = 1) -> Test:
        """sup |F_n - F| of n independent draws (Dvoretzky-Kiefer-Wolfowitz with
        Massart's constant, 1990)."""
        return cls("dkw", n, tests=tests)

    @classmethod
    def dkw_two_sample(cls, n: int, m: int, *, tests: int = 1) -> Test:
        """sup |F_n - G_m| of two independent samples of one distribution: the sum of
        two radii at half the level each."""
        if m < 1:
            raise TypeError(f"Expected a second sample of at least one point, got m={m}.")
        return cls("dkw_two_sample", n, m=m, tests=tests)

    @classmethod
    def hoeffding(cls, n: int, width: float, *, tests: int = 1) -> Test:
        """|mean - expectation| of n independent variables, each in an interval of
        length ``width`` (Hoeffding 1963)."""
        if not width > 0:
            raise TypeError(f"Expected an interval of positive width, got {width}.")
        return cls("hoeffding", n, width=float(width), tests=tests)

    @classmethod
    def clopper_pearson(cls, n: int, p: float, *, tests: int = 1) -> Test:
        """An observed count against the binomial distribution (n, p): exact interval
        (Clopper & Pearson 1934)."""
        if not 0 <= p <= 1:
            raise TypeError(f"Expected a probability, got p={p}.")
        return cls("clopper_pearson", n, p=float(p), tests=tests)

    @classmethod
    def e_values(cls, n: int, *, tests: int = 1) -> Test:
        """The mean of log e over n independent e-values (nonnegative, E e <= 1), in
        nats, from one side: above log(1/alpha)/n with probability at most alpha, by
        Markov's inequality for their product. Any value at or below the
        radius agrees, -inf too."""
        return cls("e_values", n, tests=tests)


@dataclass(frozen=True)
class Enclosed:
    """Made by :func:`enclosed`."""

    ball: Any
    relation: Literal["== 0", "> 0", "< 0"]
    name: str


@dataclass(frozen=True)
class Measured:
    """Made by :func:`measured`."""

    residual: Any
    bound: Bound
    points: int
    resolves: float
    name: str


@dataclass(frozen=True)
class Tested:
    """Made by :func:`tested`."""

    statistic: float
    test: Test
    resolves: float
    slack: Bound | None
    name: str


@dataclass(frozen=True)
class Inapplicable:
    """Made by :func:`inapplicable`."""

    assumption: str


@dataclass(frozen=True)
class Undecided:
    """Made by :func:`undecided`."""

    why: str


Evidence = Equation | Sign | Enumeration | Induction | Enclosed | Measured | Tested | Inapplicable | Undecided


def identity(left: Any, right: Any = 0, *, assuming: Iterable[Any] = (), name: str = "") -> Equation:
    """The SymPy expressions or matrices ``left`` and ``right`` are claimed equal for
    every value of their symbols.

    The two sides are kept apart, so that the kernel can enclose each on its own before
    it compares them. ``assuming`` lists SymPy relations under which equality is
    claimed; symbols carry their own assumptions.
    """
    return Equation(name, left, right, tuple(assuming))


def induction(
    name: str, variable: Any, claim: Any, objects: Any, *, start: int = 1, assuming: Iterable[Any] = (), small: int = 3
) -> Induction:
    """``claim`` for every ``variable >= start``: see
    :class:`theory.proof.statements.Induction`. The kernel forms base and step."""
    equations = (claim,) if isinstance(claim, Equation) else tuple(claim)
    recursions = (objects,) if isinstance(objects, Recursion) else tuple(objects)
    return Induction(name, variable, equations, recursions, start, tuple(assuming), small)


def enclosed(ball: Any, *, relation: Literal["== 0", "> 0", "< 0"] = "== 0", name: str = "") -> Enclosed:
    """A python-flint ball is claimed to be zero (to 2**-200), positive or negative."""
    return Enclosed(ball, relation, text(name, "the name of an enclosure"))


def measured(
    residual: Any, bound: Bound | None = None, *, points: int = 0, resolves: float, name: str = ""
) -> Measured:
    """A residual that is claimed to be explained by its bound, point by point.

    Args:
        residual: A :class:`Measurement`, which brings its bound and its number of
            points; or a nonnegative number or tensor.
        bound: The derived bound of a bare residual; a number is refused.
        points: How many points were measured.
        resolves: The largest bound under which the measurement says anything about the
            claim.
    """
    if isinstance(residual, Measurement):
        residual, bound, points = residual.residual, residual.bound, residual.points
    if not isinstance(bound, Bound):
        raise TypeError(f"Expected a Bound with named terms and a derivation, got {type(bound).__name__}.")
    return Measured(
        residual, bound, _count(points, "a number of points"), float(resolves), text(name, "the name of a measurement")
    )


def tested(statistic: Any, test: Test, *, resolves: float, slack: Bound | None = None, name: str = "") -> Tested:
    """A statistic that is claimed to lie within the radius of ``test`` at the level
    that the kernel assigns.

    ``slack`` is what the computed statistic may differ from the exact one; ``resolves``
    as in :func:`measured`.
    """
    if not isinstance(test, Test):
        raise TypeError(f"Expected a Test, got {type(test).__name__}; the radius is the kernel's to compute.")
    if not isinstance(slack, Bound | None):
        raise TypeError(f"Expected a Bound as slack, got {type(slack).__name__}.")
    return Tested(float(statistic), test, float(resolves), slack, text(name, "the name of a test"))


def inapplicable(assumption: str) -> Inapplicable:
    """The case misses this assumption of the claim, so that it says nothing for or
    against."""
    return Inapplicable(text(assumption, "the assumption that a case misses"))


def undecided(why: str) -> Undecided:
    """The check could not gather evidence that carries the claim, and says why."""
    return Undecided(text(why, "the reason"))


@dataclass(frozen=True)
class Profile:
    """How much effort a run spends.

    Args:
        cases: How many cases are drawn for a route, beside those that are always run.
        samples: How many points a case of a statistical route is asked to sample.
        statistical_cases: How many cases are drawn for a statistical route: few large
            samples say more than many small.
    """

    name: str
    cases: int
    samples: int
    statistical_cases: int = 4


@dataclass(frozen=True)
class Cases:
    """Where a route's cases come from: a strategy that depends on the profile, and
    cases that are always run."""

    strategy: Callable[[Profile], Any]
    always: Sequence[Case] = ()


class Control:
    """A nearby falsehood: a route's own check with objects substituted, at cases
    declared beforehand.

    Args:
        check: The function of the route.
        fails: The name of the obligation that has to be refuted, or how it begins;
            being refuted elsewhere does not count.
        cases: Where it is run.
        objects: What is substituted, by the names of the check's keywords.

    >>> def numeric(case, stream, *, exponent=-1): ...
    >>> Control(numeric, fails="log density", cases=[Case(D=2)], exponent=+1)
    Control(numeric, exponent, 1 case)
    """

    def __init__(
        self, check: Callable[..., Any], *, fails: str | None = None, cases: Sequence[Case] = (), **objects: Any
    ) -> None:
        if not objects:
            raise TypeError("A control substitutes an object into the check; with none it is the check itself.")
        if fails is not None and not fails.strip():
            raise TypeError("A control names the obligation that has to be refuted; an empty name is that of any.")
        self.check, self.fails, self.cases, self.objects = check, fails, tuple(cases), objects

    @property
    def route(self) -> str:
        """The route whose check this is."""
        return self.check.__name__

    def __repr__(self) -> str:
        count = f"{len(self.cases)} case{'s' * (len(self.cases) != 1)}" if self.cases else "no case"
        return f"Control({self.route}, {', '.join(self.objects)}, {count})"
