"""The form of a record, versioned: what a ledger stores, what another machine sends,
what the published schema says."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from proofs_checks.errors import InputError
from proofs_checks.inputs.files import MAX_DEPTH
from proofs_checks.kernel import Case, canonical
from proofs_checks.run.checks import RECORD_VERSION

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class ScopeRecord(msgspec.Struct, forbid_unknown_fields=True):
    """What was covered; ``text`` is how it is printed."""

    quantifiers: list[str]
    exhausted: list[str]
    ranges: dict[str, Annotated[list[float], msgspec.Meta(min_length=2, max_length=2)]]
    kinds: dict[str, list[str]]
    cases: Count
    points: Count
    given: list[str]
    estimated: list[str]
    text: str


Number = float | Literal["inf", "-inf", "nan"] | None  # JSON has no infinity


class VerdictRecord(msgspec.Struct, forbid_unknown_fields=True):
    """What one check came to."""

    status: Literal["HOLDS", "REFUTED", "UNDECIDED", "INAPPLICABLE", "ERRORED"]
    route: str
    why: str
    scope: ScopeRecord
    witness: Any
    residual: Number
    bound: Number
    margin: Number
    notes: list[str]
    derivations: list[str]
    obligation: str
    decided: Count
    constructed: Count
    detects: Number
    detects_deep: Number = None


class First(msgspec.Struct, forbid_unknown_fields=True):
    """A refuted case before it was shrunk."""

    case: dict[str, Any]
    verdict: VerdictRecord


class Record(msgspec.Struct, forbid_unknown_fields=True):
    """One check: all that is needed to make it again, and what it came to."""

    version: Count
    claim: str
    route: str
    control: str
    k: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    case: dict[str, Any] | None
    seed: Count
    profile: str
    device: str
    device_name: str
    dtype: str
    threads: Count
    versions: dict[str, str]
    code: str
    verdict: VerdictRecord
    seconds: Annotated[float, msgspec.Meta(ge=0)]
    traceback: str | None
    first: First | None


def parse(text: str | bytes) -> dict[str, Any]:
    """The record in a line of JSON, checked field by field, as plain data.

    Raises:
        InputError: not JSON, not a record, or of a version that this release does not
            read.
    """
    try:
        record = msgspec.json.decode(text, type=Record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            f"Expected a record as `preality verify --json` or proofs_checks.measure writes it: {error}"
        ) from None
    if record.version != RECORD_VERSION:
        raise InputError(f"The record is of version {record.version}; this release reads version {RECORD_VERSION}.")
    plain = msgspec.to_builtins(record)
    for name, case in (("case", plain["case"]), ("first.case", (plain["first"] or {}).get("case"))):
        _require_case(case, name)
    _require_shallow(plain)
    try:
        msgspec.json.encode(plain)
    except (OverflowError, TypeError, ValueError) as error:
        raise InputError(f"The record holds a number that cannot be written: {error}") from None
    return plain


def _require_case(case: dict[str, Any] | None, name: str) -> None:
    try:
        if case is not None and canonical(Case.from_plain(case).plain()) != canonical(case):
            raise ValueError("it is not written as a check writes it")
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"Expected a case in {name}: {error}") from None


def _require_shallow(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for one in level
            for item in (one.values() if isinstance(one, dict) else one)
            if isinstance(item, (dict, list))
        ]
        if not level:
            return
    raise InputError(f"A record is nested at most {MAX_DEPTH} deep.")


def encode(record: dict[str, Any]) -> bytes:
    """A record as JSON, refused by ``msgspec.ValidationError`` where it misses the
    published form."""
    return msgspec.json.encode(msgspec.convert(record, Record))


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of :class:`Record`, as published in
    ``docs/record.schema.json``."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Record)}
