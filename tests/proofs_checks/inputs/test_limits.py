"""What is small as a file and large as an object is refused before it is made; extreme numbers are judged or refused, never a failure."""

from __future__ import annotations

import json
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from proofs_checks import audit
from proofs_checks.audits.report_files import to_json
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status
from proofs_checks.run.mutants import read_faults
from theory.arithmetic.matrices import ExactArray
from theory.groups.cayley_tables import GroupTooLarge
from theory.groups.presentations import MAX_CELLS, MAX_STEPS, coset_table
from theory.groups.words import read_all_relations

SECONDS = 10.0
Z2 = {"generators": ["r"], "relations": ["r^2"]}


def cycle(n: int) -> list[int]:
    """x -> x + 1 modulo n."""
    return [*range(1, n), 0]


def representation(group: Any, **matrices: Any) -> dict[str, Any]:
    return {"group": group, "representations": {"A": matrices or {"r": 1}}}


LARGE: list[tuple[str, Any, str]] = [
    ("group", {"generators": ["r", "s"], "relations": ["r^2"] * 50_000}, "More than 20000 cosets"),
    ("group", {"generators": ["r"], "relations": [f"r^{k}" for k in range(1000, 2000)]}, "more than 500000 letters"),
    ("group", {"generators": ["r"], "relations": [f"e{' ' * k}" for k in range(11_000)]}, "more than 10000 relations"),
    ("group", {"generators": [f"g{k}" for k in range(5000)], "relations": []}, "at most 4096 are read"),
    ("group", {"generators": [f"g{k}" for k in range(4000)], "relations": ["g0^2"]}, "More than 1250 cosets"),
    ("group", {"permutations": {"a": cycle(20_000)}}, "generate more than 1677 elements"),
    ("representation", representation({"permutations": {"r": cycle(20_000)}}), "generate more than 1024 elements"),
    ("representation", representation({"generators": ["r"], "relations": ["r^1000"]}), "1000 x 1000 values in Q"),
    ("representation", representation({**Z2, "elements": {f"a{k}": "r" for k in range(3)}}), "3 names for 2 elements"),
    (
        "equivariance",
        {
            "map": {"weight": [[1.5] * 600]},
            "actions": {"r": {"input": cycle(600), "output": "trivial"}},
            "relations": [f"r^{k}" for k in range(1, 700)],
        },
        "too many to apply to 600 coordinates",
    ),
]


@pytest.mark.parametrize(("kind", "data", "words"), LARGE)
def test_what_would_grow_is_refused_before_it_is_made(kind: str, data: Any, words: str, tmp_path: Path) -> None:
    path = tmp_path / "given.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    started = time.process_time()
    with pytest.raises(InputError, match=words):
        getattr(audit, kind)(path)
    assert time.process_time() - started < SECONDS


def test_the_limits_of_an_enumeration_are_reached_by_work_too() -> None:
    long = [tuple([1] * 2000 + [2] * k) for k in range(1, 200)]
    assert sum(map(len, long)) < MAX_STEPS
    with pytest.raises(GroupTooLarge, match="letters of relations were traced"):
        coset_table(2, long, limit=10**9)
    with pytest.raises(GroupTooLarge, match=f"More than {MAX_CELLS // 20_000} cosets"):
        coset_table(10_000, [], limit=10**9)
    assert len(coset_table(1, [(1,) * 2000, (1,) * 300])) == 100


def test_relations_are_read_once_each() -> None:
    assert read_all_relations(["r^2", "r*r", "r^2"], ["r"]) == [("r^2", (1, 1)), ("r*r", (1, 1))]


# -- extreme numbers


@pytest.mark.parametrize("entry", [10**299, f"1/{'7' * 290}", [[10**298, 0], [0, 1]], [[f"1/{'7' * 290}", 1], [0, 1]]])
def test_entries_that_no_float_and_no_int64_holds_are_judged(entry: Any) -> None:
    report = audit.representation(representation(Z2, r=entry))
    assert report.status is Status.REFUTED
    assert "is not R(" in report.findings[0].text
    assert json.loads(to_json(report))["findings"]


def test_zeros_over_a_denominator_beyond_int64_are_zero() -> None:
    small = ExactArray.of([[Fraction(1, 7**200), 0]])
    assert (small - small).is_zero
    assert (small[:, 1:] @ small[:, 1:]).denominator == 1
    assert ExactArray.build(small.field, small.numerators[:, :0], 7**200).denominator == 1


@pytest.mark.parametrize("size", [5e-324, 1e-310])
def test_a_map_below_the_normal_numbers_tells_nothing(size: float) -> None:
    data = {"map": {"weight": [[size, 0.0], [0.0, size]]}, "actions": {"r": {"input": [1, 0], "output": [1, 0]}}}
    report = audit.equivariance(data)
    assert report.findings[-1].status is Status.UNDECIDED
    assert "below the normal numbers" in report.findings[-1].text


# -- fault files, which are read as every other file

FAULT = '[[fault]]\nid = "x"\nfile = "f"\nold = "o"\nnew = "n"\nclaims = ["a.b"]\nwhy = "w"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fault = [1]", "expected a table of fields, got 1"),
        (f"{FAULT}equivalent = 5", "expected a text in 'equivalent', got 5"),
        (f'{FAULT}profile = "hasty"', "expected quick or full"),
        ("a = " + "[" * 100_000, "cannot be read"),
        ("a = " + "9" * 6000, "cannot be read"),
        ("a = 1", r"declares no \[\[fault\]\]"),
    ],
)
def test_a_misshapen_fault_file_is_refused(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_faults([path])
