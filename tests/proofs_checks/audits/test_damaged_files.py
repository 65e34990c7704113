"""A document with one place damaged is judged or refused in words, whatever stands there."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proofs_checks import audit
from proofs_checks.errors import InputError

EXAMPLES = Path(__file__).parents[3] / "examples"
C2 = {"table": [["e", "a"], ["a", "e"]]}
DOCUMENTS: list[tuple[str, Any]] = [
    ("representation", json.loads((EXAMPLES / "lecture_d4.json").read_text())),
    ("representation", {"group": C2, "representations": {"R": {"a": [[0.0, 1.0], [1.0, 0.0]]}}, "accuracy": 0.1}),
    ("representation", {"group": C2, "representations": {"R": {"a": [[0, 1], [1, 0]]}}, "characteristic": 3}),
    ("equivariance", json.loads((EXAMPLES / "equivariance_circulant.json").read_text())),
    ("equivariance", {"recorded": {"inputs": [[1, 2]], "outputs": [[1]], "moved_outputs": {"s": [[1]]}}, "actions": {"s": {"input": [1, 0], "output": "trivial"}}}),
    ("group", {**C2, "labels": ["e", "a"]}),
    ("group", {"permutations": {"a": [1, 0]}}),
    ("group", {"generators": ["r"], "relations": ["r^3"]}),
]  # fmt: skip
JUNK = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    "r*s",
    "1/2",
    [],
    [[]],
    {},
    [1],
    {"re": 1, "im": 2},
    10**400,
    [None],
    "\ue000",
    "` - at `$.x`",
    [[1, 2], [3]],
]


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


def damaged(document: Any, random: Random) -> Any:
    document = copy.deepcopy(document)
    *above, last = random.choice(places(document)[1:])
    inside = document
    for key in above:
        inside = inside[key]
    if isinstance(inside, dict) and random.random() < 0.2:
        del inside[last]
    else:
        inside[last] = random.choice(JUNK)
    return document


@given(st.sampled_from(DOCUMENTS), st.integers(0, 2**32))
def test_a_damaged_document_is_judged_or_refused_in_words(kind_and_document: tuple[str, Any], seed: int) -> None:
    kind, document = kind_and_document
    data = damaged(document, Random(seed))
    try:
        report = getattr(audit, kind)(data)
    except InputError:
        return
    json.dumps(report.plain(), allow_nan=False)
    assert report.text()
