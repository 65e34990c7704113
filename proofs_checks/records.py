"""The form of a record, versioned: what a ledger stores, what another machine sends, what the published schema says."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from proofs_checks.checks import RECORD_VERSION
from proofs_checks.errors import InputError


class ScopeRecord(msgspec.Struct, forbid_unknown_fields=True):
    """What was covered; ``text`` is how it is printed."""

    quantifiers: list[str]
    exhausted: list[str]
    ranges: dict[str, Annotated[list[float], msgspec.Meta(min_length=2, max_length=2)]]
    kinds: dict[str, list[str]]
    cases: int
    points: int
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


class First(msgspec.Struct, forbid_unknown_fields=True):
    """A refuted case before it was shrunk."""

    case: dict[str, Any]
    verdict: VerdictRecord


class Record(msgspec.Struct, forbid_unknown_fields=True):
    """One check: all that is needed to make it again, and what it came to."""

    version: int
    claim: str
    route: str
    control: str
    k: int
    case: dict[str, Any] | None
    seed: int
    profile: str
    device: str
    device_name: str
    dtype: str
    threads: int
    versions: dict[str, str]
    code: str
    verdict: VerdictRecord
    seconds: float
    traceback: str | None
    first: First | None


def parse(text: str | bytes) -> dict[str, Any]:
    """The record in a line of JSON, checked field by field, as plain data.

    Raises:
        InputError: not JSON, not a record, or of a version that this release does not read.
    """
    try:
        record = msgspec.json.decode(text, type=Record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            f"Expected a record as `preality verify --json` or proofs_checks.measure writes it: {error}"
        ) from None
    if record.version != RECORD_VERSION:
        raise InputError(f"The record is of version {record.version}; this release reads version {RECORD_VERSION}.")
    return msgspec.to_builtins(record)


def encode(record: dict[str, Any]) -> bytes:
    """A record as JSON, refused by ``msgspec.ValidationError`` where it misses the published form."""
    return msgspec.json.encode(msgspec.convert(record, Record))


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of :class:`Record`, as published in ``docs/record.schema.json``."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Record)}
