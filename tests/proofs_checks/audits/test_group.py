"""The group audit: groups are recognised, the first axiom that fails is named with its elements, ugly tables are explained."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from proofs_checks.audits.group import audit_group
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport, Finding
from proofs_checks.kernel import Status
from proofs_checks.strategies.groups import broken_tables, relabelled_tables
from theory.groups import FiniteGroup
from theory.groups.families import cyclic, dihedral

EXAMPLES = Path(__file__).parents[3] / "examples"


def saved(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refuted(report):
    return [f.name for f in report.findings if f.status is Status.REFUTED]


def test_the_klein_group_is_recognised():
    report = audit_group(EXAMPLES / "klein.csv")
    assert report.status is Status.HOLDS
    assert report.facts["isomorphic_to"] == "C2 x C2"
    assert report.facts["centre"] == ["e", "a", "b", "ab"]


def test_the_spoiled_table_names_triple_and_repetition():
    report = audit_group(EXAMPLES / "not_a_group.csv")
    assert report.facts["first_failure"] == "associativity"
    assert refuted(report) == ["associativity", "Latin square"]
    latin = report.findings[-1]
    assert latin.witness == {"line": "row", "of": "r", "symbol": "rs", "at": ["s", "r2s"]}
    assert "'rs' stands twice in row 'r' (columns 5, 7)" in latin.text
    triple = report.findings[1].witness
    assert triple["left"] != triple["right"]


@given(relabelled_tables())
def test_every_shuffled_group_passes_with_its_order_and_classes(table):
    report = audit_group(table)
    group = FiniteGroup.from_cayley_table(table)
    assert report.status is Status.HOLDS
    assert report.facts["elements"] == group.order
    assert sorted(map(len, report.facts["classes"])) == sorted(len(c) for c in group.classes)


@given(broken_tables())
def test_every_spoiled_group_is_refuted_with_a_latin_witness(table):
    report = audit_group(table)
    assert report.status is Status.REFUTED
    assert "Latin square" in refuted(report)


@pytest.mark.parametrize(
    ("text", "axiom", "shown"),
    [
        ("*,e,a\ne,e,a\na,a,q", "closure", "a * a = q"),
        ("0,1,2\n2,0,1\n1,2,0", "associativity", "(1 * 0) * 0 = 1"),
        ("0,1,2,3,4\n1,0,3,4,2\n2,4,0,1,3\n3,2,4,0,1\n4,3,1,2,0", "associativity", "(1 * 1) * 2 = 2"),
        ("0,1,2\n0,1,2\n0,1,2", "identity", "left identities: 0, 1, 2"),
        ("0,0\n1,1", "identity", "right identities: 0, 1"),
        ("0,0\n0,1", "inverses", "no y satisfies 0 * y"),
        ("0,1\n1,1", "inverses", "no y satisfies 1 * y"),
        ("9" * 5000 + ",1\n1,0", "closure", "1 * 1 = 0"),
        ("-1,0\n1,-1", "closure", "0 * 0 = -1"),
        ("0,2\n2,1", "closure", "0 * 1 = 2"),
    ],
)
def test_the_first_axiom_that_fails_is_named(tmp_path, text, axiom, shown):
    report = audit_group(saved(tmp_path, text))
    assert report.facts["first_failure"] == axiom
    assert shown in report.text()
    assert f"{axiom} is the first axiom that fails" in report.meaning


def test_a_one_sided_table_is_asked_about_its_orientation(tmp_path):
    assert "Is the table transposed?" in audit_group(saved(tmp_path, "0,0\n1,1")).text()


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("e", 1), ("0", 1), ("*,e\ne,e", 1), ("0,1,2\n1,2,0\n2,0,1", 3), ("1;2;3\n2;3;1\n3;1;2", 3), ("0 1\n1 0", 2), ("0\t1\n1\t0", 2),
        (b"\xef\xbb\xbf*,e,a\r\ne,e,a\r\na,a,e\r\n", 2), ("*,a,e\ne,a,e\na,e,a", 2), ("e,a,b\na,b,e\nb,e,a", 3), ("0,1,\n1,0,", 2), ("0,1\n\n1,0\n", 2),
        ('*,"(0,1)",b\n"(0,1)","(0,1)",b\nb,b,"(0,1)"', 2), ("00,01\n01,00", 2), ("*,<script>,b\n<script>,<script>,b\nb,b,<script>", 2), ("2,0,1\n0,1,2\n1,2,0", 3),
        ("1,-1\n-1,1", 2), ("1,2,4\n2,4,1\n4,1,2", 3), ("0,1\r1,0\r", 2),
    ],
)  # fmt: skip
def test_tables_are_read_in_many_dresses(tmp_path, text, order):
    report = audit_group(saved(tmp_path, text))
    assert report.status is Status.HOLDS
    assert report.facts["elements"] == order


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"), (" \n,,\n", "empty"), ("0,1\n1", "ragged: row 2 has 1 cells"), ("0,1,2\n1,2,0", "square table, got 2 rows of 3"),
        ("e,a\ne,a\na,e", "head column"), ("*,e,a\ne,e,\na,a,e", "product 'e' \\* 'a' is missing"), ("*,e,e\ne,e,e\na,a,e", "stands twice in the head row"),
        ("*,e,a\ne,e,a\ne,a,e", "stands twice in the head column"), ("*,e,a\ne,e,a\nb,a,e", "different elements"), ("b,e\na,b", "no head row and column"),
        (b"0,1\0\n1,0", "NUL"), (bytes(range(255, 0, -1)), "UTF"), ("0,1\n1,0".encode("utf-16"), "UTF-16"), ('"e,a\na,e', "not readable as CSV"),
        ("\n".join(["0"] * 5000), "exact audits stop at 4096"), ("*,,a\n,e,a\na,a,e", "empty label"), ("G,e\ne,e", "element or a title"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_read_are_explained(tmp_path, text, complaint):
    with pytest.raises(InputError, match=complaint):
        audit_group(saved(tmp_path, text))


@pytest.mark.parametrize("rows", [[], [[0.5]], [[True]], [[None]], ["ab", "ba"], 3])
def test_python_objects_that_are_no_tables_are_refused(rows):
    with pytest.raises(InputError):
        audit_group(rows)


def test_a_thousand_elements_are_decided_exactly():
    table = cyclic(1000).table.copy()
    assert audit_group(table).status is Status.HOLDS
    table[500, [700, 701]] = table[500, [701, 700]]
    report = audit_group(table)
    assert report.facts["first_failure"] == "associativity"
    assert "All rows are in order" in report.text()


def test_hopeless_associativity_is_left_undecided_but_the_answer_is_not():
    report = audit_group(np.zeros((900, 900), dtype=int))
    assert report.status is Status.REFUTED
    assert report.findings[1].status is Status.UNDECIDED
    assert "which axiom fails first was not decided" in report.meaning


def test_large_dihedral_groups_are_named():
    assert audit_group(dihedral(64).table).facts["isomorphic_to"] == "D64"


def test_escape_sequences_in_labels_stay_text(tmp_path):
    report = audit_group(saved(tmp_path, b"*,\x1b[31m,b\n\x1b[31m,\x1b[31m,b\nb,b,q"))
    assert "\x1b" not in report.text()


def test_a_report_without_findings_is_undecided_and_plain_data_is_json():
    report = AuditReport("group", "nothing", [], "m", "n")
    assert report.status is Status.UNDECIDED
    report.findings.append(Finding("a", Status.INAPPLICABLE, "t"))
    assert report.status is Status.INAPPLICABLE
    report.findings.append(Finding("b", Status.HOLDS, "t", {"x": 1}))
    assert report.status is Status.HOLDS
    assert report.plain()["findings"][1] == {"name": "b", "status": "HOLDS", "text": "t", "witness": {"x": 1}}


# -- files that are no CSV ---------------------------------------------------------------------------------------------


def written(tmp_path, content) -> Path:
    if isinstance(content, dict) and any(isinstance(v, np.ndarray) for v in content.values()):
        path = tmp_path / "given.npz"
        np.savez(path, **content)
        return path
    path = tmp_path / "given.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("content", "order"),
    [
        ([["e", "a"], ["a", "e"]], 2),
        ({"title": "a pair", "table": [["e", "a"], ["a", "e"]]}, 2),
        ({"table": [[0, 1, 2], [1, 2, 0], [2, 0, 1]], "labels": ["e", "r", "r2"]}, 3),
        ({"table": [["e", "a"], ["a", "e"]], "labels": ["e", "a"]}, 2),
        ({"permutations": {"a": [1, 0, 2], "b": [1, 2, 0]}}, 6),
        ({"generators": ["r", "s"], "relations": ["r^4", "s^2", "s*r*s = r^-1"]}, 8),
        ({"table": np.array([[0, 1], [1, 0]])}, 2),
        ({"table": np.array([[0, 1], [1, 0]]), "labels": np.array(["e", "a"])}, 2),
    ],
)
def test_tables_come_from_json_and_npz_too(tmp_path, content, order):
    report = audit_group(written(tmp_path, content))
    assert report.status is Status.HOLDS
    assert report.facts["elements"] == order


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (5, "Expected rows, an object"),
        ({}, "got fields none"),
        ({"elements": ["e"]}, "got fields elements"),
        ({"table": [[0]], "names": ["e"]}, "Unknown field 'names' in the file; the fields are table, labels, title."),
        ({"table": 7}, "Expected a list in table, got 7"),
        ({"table": [7]}, "Expected a list in table[0], got 7"),
        ({"table": [[0, 1], [1, 0]], "labels": ["e"]}, "Expected 2 labels for 2 rows"),
        ({"table": [[0, 1], [1, 0]], "labels": "ea!"}, "Expected a list in labels"),
        ({"table": [[[0]]], "labels": ["e"]}, "texts or integers"),
        ({"table": [[0, 1.5], [1, 0]]}, "texts or integers"),
        ({"table": [[0, True], [True, 0]]}, "texts or integers"),
        ({"table": [["e", "a"], ["a"]], "labels": ["e", "a"]}, "ragged"),
        ("[[0, NaN], [NaN, 0]]", "no number"),
        ('{"table": [[0, 1], [1', "not JSON"),
        ("[]", "empty"),
        ({"permutations": {"a": [1, 1, 2]}}, "no permutation"),
        ({"permutations": [[1, "x"]]}, "whole number in group.permutations.g0[1]"),
        ({"generators": ["r"], "relations": []}, "Take a subgroup or a quotient"),
        ({"relations": ["r^2"]}, "group.generators"),
        ({"table": np.array([[0.5]])}, "whole numbers"),
        ({"table": np.zeros((2, 2, 2), dtype=int)}, "whole numbers"),
        ({"other": np.eye(2)}, "array 'table'"),
        ({"table": np.array([[0, None]], dtype=object)}, "pickles, which are never read"),
    ],
)
def test_ugly_json_and_npz_are_explained(tmp_path, content, word):
    with pytest.raises(InputError, match=re.escape(word)):
        audit_group(written(tmp_path, content))


def test_a_product_that_is_no_element_is_named_as_in_csv(tmp_path):
    report = audit_group(written(tmp_path, {"table": [[0, 1], [1, 2]], "labels": ["e", "a"]}))
    assert report.findings[0].name == "closure"
    assert report.status is Status.REFUTED


def test_a_file_that_is_no_archive_is_not_unpacked(tmp_path):
    path = tmp_path / "given.npz"
    path.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(InputError, match="no NPZ archive"):
        audit_group(path)
    with pytest.raises(InputError, match="No file"):
        audit_group(tmp_path / "absent.npz")


# -- what looks like another thing -----------------------------------------------------------------------------------------


def test_positions_with_labels_may_count_from_one(tmp_path):
    table = [[1, 2, 3], [2, 3, 1], [3, 1, 2]]
    report = audit_group(written(tmp_path, {"table": table, "labels": ["e", "a", "b"]}))
    assert report.status is Status.HOLDS
    assert report.facts["identity"] == "e"
    assert report.facts["orders"] == {"e": 1, "a": 3, "b": 3}


def test_rows_of_whole_numbers_are_read_alike_from_lists_and_arrays():
    for rows in (
        [[1, -1], [-1, 1]],
        [[3, 5, 9], [5, 9, 3], [9, 3, 5]],
        [[0, 2], [2, 1]],
        [[2, 1], [1, 2]],
        [[0, 1], [1, 7]],
    ):
        lists, array, tensor = (audit_group(x).plain() for x in (rows, np.array(rows), torch.tensor(rows)))
        assert lists == array == tensor


@given(relabelled_tables())
def test_arrays_and_lists_give_one_report(table):
    assert audit_group(np.asarray(table)).plain() == audit_group(np.asarray(table).tolist()).plain()


def test_data_and_groups_from_python_are_judged_too():
    assert audit_group({"permutations": {"a": [1, 0, 2], "b": [1, 2, 0]}}).facts["elements"] == 6
    assert audit_group(dihedral(5)).facts["isomorphic_to"] == "D5"
    assert audit_group([[np.int64(0), np.int64(1)], [np.int64(1), np.int64(0)]]).status is Status.HOLDS


def test_what_was_taken_for_the_elements_is_said():
    assert "(no labels: elements are 0..1)" in audit_group([[0, 3], [3, 1]]).findings[0].text
    assert "elements are 1..2" in audit_group([[1, 2], [2, 1]]).findings[0].text


@pytest.mark.parametrize(("label", "cell"), [("\u00e9", "e\u0301"), ("A", "a"), ("\u0410", "\u0430")])
def test_a_cell_that_only_looks_like_a_label_is_shown_as_it_is_written(label, cell):
    report = audit_group([["", "1", label], ["1", "1", label], [label, cell, "1"]])
    assert report.facts["first_failure"] == "closure"
    assert f"it looks like {label!a}, and is {cell!a}" in report.text()


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        (np.eye(2), "write 1, not 1.0"), (np.eye(2) > 0, "write 1, not 1.0 or true"), (np.array([[0j, 1], [1, 0]]), "complex"), ([[0, 1], [1, float("nan")]], "row 2, column 2"),
        (np.array([0, 1]), "Expected a path, rows"), (np.array(3), "Expected a path, rows"), (np.zeros((0, 0), dtype=int), "empty"), (np.zeros((2, 3), dtype=int), "2 rows of 3 cells"),
        (torch.eye(2), "table.astype"), (torch.eye(2).to_sparse(), "to_dense"), (np.zeros((4097, 4097), dtype=np.int16), "stop at 4096"), (np.zeros((5000, 5000), dtype=np.int8), "200000 elements"),
        ({"permutations": {"a": [2, 4, 1]}}, "image k is where point k goes"), ({"permutations": {"a": [1, 2, 3, 4, 5, 6, 7, 0], "b": [1, 0, 2, 3, 4, 5, 6, 7]}}, "more than 4096 elements"),
        (iter([[0]]), "Expected a path, rows"), ([[0, 1], [1]], "Every row needs a product"), (None, "got None"),
    ],
)  # fmt: skip
def test_objects_that_are_no_tables_are_told_what_to_become(given_, words):
    with pytest.raises(InputError, match=re.escape(words)):
        audit_group(given_)


@pytest.mark.parametrize("name", ["t.pkl", "t.npy", "t.pt", "t.PICKLE"])
def test_files_that_may_hold_pickles_are_refused_by_name(tmp_path, name):
    (tmp_path / name).write_bytes(b"cos\nsystem\n")
    with pytest.raises(InputError, match=r"numpy\.savez, or write JSON or CSV"):
        audit_group(tmp_path / name)


@pytest.mark.parametrize("ending", ["csv", "json", "npz"])
def test_a_folder_is_called_one(tmp_path, ending):
    (tmp_path / f"t.{ending}").mkdir()
    with pytest.raises(InputError, match="it is a folder"):
        audit_group(tmp_path / f"t.{ending}")


def test_json_that_is_cut_off_is_asked_about(tmp_path):
    with pytest.raises(InputError, match="is the file complete"):
        audit_group(written(tmp_path, '{"table": [[0, 1], [1'))


# -- brute force -----------------------------------------------------------------------------------------------------------


def first_axiom(table):
    """The definition, in as many words."""
    every = range(len(table))
    if any(table[table[a][b]][c] != table[a][table[b][c]] for a in every for b in every for c in every):
        return "associativity"
    units = [e for e in every if all(table[e][x] == x == table[x][e] for x in every)]
    if not units:
        return "identity"
    return None if all(any(table[x][y] == units[0] == table[y][x] for y in every) for x in every) else "inverses"


@given(
    st.integers(1, 4).flatmap(
        lambda n: st.lists(st.lists(st.integers(0, n - 1), min_size=n, max_size=n), min_size=n, max_size=n)
    )
)
def test_the_axiom_named_is_the_one_that_a_search_finds_and_the_triple_fails(table):
    labels = [f"x{k}" for k in range(len(table))]
    report = audit_group({"table": table, "labels": labels})
    assert report.facts.get("first_failure") == first_axiom(table)
    witness = report.findings[1].witness
    if witness is not None:
        a, b, c = (labels.index(witness[k]) for k in "abc")
        left, right = table[table[a][b]][c], table[a][table[b][c]]
        assert left != right
        assert (witness["left"], witness["right"]) == (labels[left], labels[right])
