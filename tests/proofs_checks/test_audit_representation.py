"""The representation audit: the lecture's table, conventions, decimals, and ugly input."""

import copy
import json
from pathlib import Path

import pytest

from proofs_checks.audits.representation import audit_representation
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status

EXAMPLE = Path(__file__).parents[2] / "examples" / "lecture_d4.json"
HALF = 0.7071067811865476


def lecture(**changes):
    data = copy.deepcopy(json.loads(EXAMPLE.read_text()))
    data.update(changes)
    return data


def with_representations(**representations):
    return lecture(representations=representations, complete=False)


def statuses(report):
    return {f.name: f.status for f in report.findings}


def written(tmp_path, text):
    path = tmp_path / "file.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_lecture_has_three_irreps_and_lacks_the_product_of_two():
    report = audit_representation(EXAMPLE)
    found = statuses(report)
    for name in ("R2", "R3", "R4"):
        assert found[f"{name} homomorphism"] is found[f"{name} irreducible"] is Status.HOLDS
    assert found["complete"] is report.status is Status.REFUTED
    complete = report.findings[-1]
    assert complete.witness == {"sum_of_squares": 7, "order": 8, "columns": {"g": "e", "h": "r2", "inner_product": "-1"}}
    (missing,) = report.facts["missing"]
    assert missing["character"] == ["1", "-1", "1", "-1", "-1", "1", "-1", "1"]
    assert missing["elements"] == ["e", "r", "r2", "r3", "s", "rs", "r2s", "r3s"]
    assert missing["product"] == "R2 (x) R3"
    assert "7 of 8" in report.text()
    assert "(1, -1, 1, -1, -1, 1, -1, 1)" in report.text()
    json.dumps(report.plain(), allow_nan=False)


def test_with_the_missing_one_added_the_table_is_complete():
    data = lecture()
    data["representations"]["R5"] = {"r": -1, "s": -1}
    assert audit_representation(data).status is Status.HOLDS


def test_the_opposite_convention_is_recognised():
    """R4 with r s read as: first r, then s. The matrices multiply in the opposite order."""
    data = lecture()
    data["representations"]["R4"].update({"rs": [[0, "-i"], ["i", 0]], "r3s": [[0, "i"], ["-i", 0]]})
    (finding,) = [f for f in audit_representation(data).findings if f.name == "R4 homomorphism"]
    assert finding.status is Status.REFUTED
    assert "opposite order" in finding.text
    assert finding.witness["g"] == "r"
    assert finding.witness["h"] == "s"


def test_the_wrong_relation_is_seen_at_a_pair():
    data = lecture()
    data["group"]["relations"][2] = "s*r*s = r"
    report = audit_representation(data)
    (finding,) = [f for f in report.findings if f.name == "R4 homomorphism"]
    assert finding.status is Status.REFUTED
    assert "R(s) R(r)" in finding.text


def test_generators_suffice_and_words_may_name_elements():
    report = audit_representation(with_representations(V={"r": [["i", 0], [0, "-i"]], "r*s": [[0, "i"], ["-i", 0]]}))
    assert report.status is Status.HOLDS
    assert statuses(report)["complete"] is Status.INAPPLICABLE


def test_reducible_and_equivalent_ones_are_named():
    report = audit_representation(with_representations(V={"r": [[0, -1, 0], [1, 0, 0], [0, 0, 1]], "s": [[1, 0, 0], [0, -1, 0], [0, 0, 1]]}))
    assert statuses(report)["V irreducible"] is Status.REFUTED
    twice = audit_representation(with_representations(A={"r": -1, "s": 1}, B={"r": -1, "s": 1}))
    assert statuses(twice)["B new"] is Status.REFUTED


@pytest.mark.parametrize(
    "group",
    [
        {"permutations": {"r": [1, 2, 3, 0], "s": [0, 3, 2, 1]}},
        {"generators": ["r", "s"], "relations": ["r^4", "s^2", "s*r*s*r"]},
    ],
)
def test_other_ways_to_give_the_group(group):
    data = lecture(group=group, representations={"V": {"r": [[0, -1], [1, 0]], "s": [[1, 0], [0, -1]]}}, complete=False)
    assert audit_representation(data).status is Status.HOLDS


def test_a_table_gives_the_group_too():
    data = {"group": {"table": [["e", "a", "b"], ["a", "b", "e"], ["b", "e", "a"]]}, "representations": {"chi": {"a": "zeta(3)"}, "psi": {"a": "zeta(3)^2"}}, "complete": True}
    report = audit_representation(data)
    assert report.status is Status.HOLDS
    assert "complex type" in report.findings[1].text


def decimals(entry):
    return json.dumps(with_representations(V={"r": [[0.0, -1.0], [1.0, 0.0]], "s": [[entry, entry], [entry, -entry]]}))


def test_decimals_are_judged_within_the_digits_written(tmp_path):
    assert audit_representation(written(tmp_path, decimals(HALF))).status is Status.HOLDS
    assert audit_representation(written(tmp_path, decimals(0.70711))).status is Status.HOLDS
    few = audit_representation(written(tmp_path, decimals(0.71)))
    assert few.status is Status.UNDECIDED
    assert "more decimals" in few.findings[0].text
    wrong = audit_representation(written(tmp_path, decimals(0.70811)))
    assert wrong.status is Status.REFUTED
    assert wrong.findings[0].witness["residual"] > 10 * wrong.findings[0].witness["bound"]


def test_python_floats_are_taken_as_rounded_in_the_last_place():
    turn = with_representations(V={"r": [[6.1e-17, -1.0], [1.0, 6.1e-17]], "s": [[1.0, 0], [0, -1.0]]})
    assert audit_representation(turn).status is Status.HOLDS
    turn["representations"]["V"]["r"][0][1] = -1.0001
    assert audit_representation(turn).status is Status.REFUTED
    turn["accuracy"] = 1e-3
    assert audit_representation(turn).status is Status.HOLDS


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"", "empty"), (b"{", "not JSON"), (b"[1]", "JSON object"), (b"[" * 100_000, "nested"), (b'{"group": {}, "group": {}}', "twice"),
        ('{"a": 1}'.encode("utf-16"), "UTF-16"), (b'{"\xe9": 1}', "not UTF-8"), (b'{"group": {}, "representations": {"a": NaN}}', "NaN"),
        (b'{"representations": {}}', "'group'"), (b'{"group": {}}', "'representations'"), (b'{"group": {}, "representations": {}, "x": 1}', "Unknown field"),
        (b'{"group": 1' + b"0" * 5000 + b"}", "too long"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read_are_explained(tmp_path, text, complaint):
    with pytest.raises(InputError, match=complaint):
        audit_representation(written(tmp_path, text))


def test_a_byte_order_mark_does_no_harm(tmp_path):
    assert audit_representation(written(tmp_path, b"\xef\xbb\xbf" + EXAMPLE.read_bytes())).status is Status.REFUTED


@pytest.mark.parametrize(
    ("matrices", "complaint"),
    [
        ({}, "no matrices"), ({"q": 1}, "neither an element's name nor a word"), ({"r": -1}, "generate only 4 of 8"), ({"r": [[1, 2]], "s": 1}, "square matrix"),
        ({"r": [[1, 0], [0, 1]], "s": 1}, "differ in size"), ({"r": [[1, 1], [1, 1]], "s": [[1, 0], [0, 1]]}, "singular"), ({"r": True, "s": 1}, "finite number"),
        ({"r": None, "s": 1}, "finite number"), ({"r": "0.5", "s": 1}, "write a fraction"), ({"r": "__import__('os')", "s": 1}, "exact number"),
        ({"r": float("inf"), "s": 1}, "finite number"), ({"r": {"re": 1.0}, "s": 1}, "finite number"), ({"r": 1, "r^5": 1, "s": 1}, "one element of the group"),
        ({"r": 10**500, "s": 1}, "finite number"), ({"r": [[]], "s": 1}, "square matrix"), ({"r": [], "s": 1}, "list of rows"),
        ({"r": [[0.0]], "s": 1}, "singular to working precision"), ([1], "JSON object"),
    ],
)  # fmt: skip
def test_matrices_that_cannot_be_judged_are_explained(matrices, complaint):
    with pytest.raises(InputError, match=complaint):
        audit_representation(with_representations(V=matrices))


@pytest.mark.parametrize(
    ("group", "complaint"),
    [
        ({}, "generators and relations"), ({"relations": ["r"]}, "generators"), ({"generators": ["r"], "relations": ["q"]}, "Unknown letter"),
        ({"generators": ["r", "r"], "relations": []}, "different names"), ({"generators": ["r", "s"], "relations": ["r^2"]}, "infinite"),
        ({"permutations": {"r": [1, 2]}}, "no permutation"), ({"permutations": {"r": [0.5]}}, "0-based"), ({"permutations": {"a": [1, 0, 2, 3, 4, 5, 6], "b": [1, 2, 3, 4, 5, 6, 0]}}, "too large"),
        ({"table": [["e", "a"], ["a", "a"]]}, "inverses fails at a"), ({"table": [["e", "a"], ["a", "q"]]}, "Closure fails"), ({"table": [["e"], ["a"]]}, "square"),
        ({"table": [["e", "e"], ["e", "e"]]}, "each once"), ({"generators": ["r"], "relations": ["r^2"], "elements": {"e": "e", "x": "r^2"}}, "one element"), (3, "JSON object"),
    ],
)  # fmt: skip
def test_groups_that_cannot_be_built_are_explained(group, complaint):
    with pytest.raises(InputError, match=complaint):
        audit_representation(lecture(group=group, representations={"A": {"r": 1}}))


def test_escape_sequences_in_names_stay_text():
    report = audit_representation(with_representations(**{"\x1b[31mred\n": {"r": -1, "s": 1}}))
    assert "\x1b" not in report.text()
    assert "\\x1b[31mred\\n" in report.text()


def test_trivial_groups_work():
    data = {"group": {"table": [["e"]]}, "representations": {"one": {"e": 1}}, "complete": True}
    assert audit_representation(data).status is Status.HOLDS
    data["representations"]["one"]["e"] = -1
    assert audit_representation(data).status is Status.REFUTED


def test_missing_files_are_named(tmp_path):
    with pytest.raises(InputError, match="No file"):
        audit_representation(tmp_path / "none.json")
    with pytest.raises(InputError, match="Cannot read"):
        audit_representation(tmp_path)
