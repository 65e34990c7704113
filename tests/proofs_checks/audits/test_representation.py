"""The representation audit: the lecture's table, conventions, decimals, and ugly input."""

import copy
import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from proofs_checks.audits.representation import audit_representation
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status
from theory.groups.families import dihedral, symmetric
from theory.representations import regular_representation

EXAMPLE = Path(__file__).parents[3] / "examples" / "lecture_d4.json"
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
    assert complete.witness == {
        "sum_of_squares": 7,
        "order": 8,
        "columns": {"g": "e", "h": "r2", "inner_product": "-1"},
    }
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
    report = audit_representation(
        with_representations(V={"r": [[0, -1, 0], [1, 0, 0], [0, 0, 1]], "s": [[1, 0, 0], [0, -1, 0], [0, 0, 1]]})
    )
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
    data = {
        "group": {"table": [["e", "a", "b"], ["a", "b", "e"], ["b", "e", "a"]]},
        "representations": {"chi": {"a": "zeta(3)"}, "psi": {"a": "zeta(3)^2"}},
        "complete": True,
    }
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
        (b"", "empty"), (b"{", "not JSON"), (b"[1]", "an object with named fields in the file"), (b"[" * 100_000, "nested"), (b'{"group": {}, "group": {}}', "twice"),
        ('{"a": 1}'.encode("utf-16"), "UTF-16"), (b'{"\xe9": 1}', "not UTF-8"), (b'{"group": {}, "representations": {"a": NaN}}', "NaN"),
        (b'{"representations": {"R": {"r": 1}, "S": {"r": 1}}}', "'group' is missing"), (b'{"group": {}}', "'representations' is missing"), (b'{"group": {}, "representations": {"R": {"r": 1}}, "x": 1}', "Unknown field 'x'"),
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
        ({}, "non-empty object with named fields in representations.V"), ({"q": 1}, "neither an element's name nor a word"), ({"r": -1}, "generate only 4 of 8"), ({"r": [[1, 2]], "s": 1}, "square matrix"),
        ({"r": [[1, 0], [0, 1]], "s": 1}, "differ in size"), ({"r": [[1, 1], [1, 1]], "s": [[1, 0], [0, 1]]}, "singular"), ({"r": True, "s": 1}, "finite number"),
        ({"r": None, "s": 1}, "finite number"), ({"r": "0.5", "s": 1}, "write a fraction"), ({"r": "__import__('os')", "s": 1}, "exact number"),
        ({"r": float("inf"), "s": 1}, "finite number"), ({"r": {"re": 1.0}, "s": 1}, "finite number"), ({"r": 1, "r^5": 1, "s": 1}, "one element of the group"),
        ({"r": 10**500, "s": 1}, "finite number"), ({"r": [[]], "s": 1}, "square matrix"), ({"r": [], "s": 1}, "list of rows"),
        ({"r": [[0.0]], "s": 1}, "is singular"), ([1], "named fields in representations.V"),
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
        ({"permutations": {"r": [1, 3]}}, "no permutation"), ({"permutations": {"r": [0.5]}}, "a whole number in group.permutations.r"), ({"permutations": {"a": [1, 0, 2, 3, 4, 5, 6], "b": [1, 2, 3, 4, 5, 6, 0]}}, "too large"),
        ({"table": [["e", "a"], ["a", "a"]]}, "inverses fails at a"), ({"table": [["e", "a"], ["a", "q"]]}, "Closure fails"), ({"table": [["e"], ["a"]]}, "square"),
        ({"table": [["e", "e"], ["e", "e"]]}, "no head row and column"), ({"generators": ["r"], "relations": ["r^2"], "elements": {"e": "e", "x": "r^2"}}, "one element"), (3, "named fields in group, got 3"),
    ],
)  # fmt: skip
def test_groups_that_cannot_be_built_are_explained(group, complaint):
    with pytest.raises(InputError, match=complaint):
        audit_representation(lecture(group=group, representations={"A": {"r": 1}}))


def test_escape_sequences_in_names_stay_text():
    report = audit_representation(with_representations(**{"\x1b[31mred\n": {"r": -1, "s": 1}}))
    assert "\x1b" not in report.text()
    assert "\\x1b[31mred  homomorphism" in report.text()  # one line, whatever the name holds


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


# -- other files, and objects from Python ----------------------------------------------------------------------------------

D4 = {"permutations": {"r": [1, 2, 3, 0], "s": [0, 3, 2, 1]}}
R, S = np.array([[0, -1], [1, 0]]), np.array([[1, 0], [0, -1]])


def archive(tmp_path, **arrays):
    np.savez(tmp_path / "file.npz", **arrays)
    return tmp_path / "file.npz"


def table_of(tmp_path, text):
    (tmp_path / "file.csv").write_text(text)
    return tmp_path / "file.csv"


def as_matrix(images):
    """e_x -> e_{g(x)}."""
    return np.eye(len(images))[:, list(images)]


@pytest.mark.parametrize(
    "given",
    [
        {"r": R, "s": S}, np.stack([R, S]), [R.tolist(), S.tolist()], {"r": torch.tensor(R, dtype=torch.bfloat16), "s": torch.tensor(S, dtype=torch.float32, requires_grad=True)},
        {"r": R.astype(np.float16), "s": S}, {"r": [["0+1j", 0], [0, "-1j"]], "s": [[0, 1], [1, 0]]}, {"r": [[1j, 0], [0, -1j]], "s": [[0, 1], [1, 0]]},
        {"r": [[Fraction(0), np.int64(-1)], [1, 0]], "s": S},
    ],
)  # fmt: skip
def test_arrays_tensors_and_lists_are_read(given):
    report = audit_representation(given, D4)
    assert report.status is Status.HOLDS
    json.dumps(report.plain(), allow_nan=False)


def test_callables_are_asked_with_permutations_or_names():
    assert statuses(audit_representation(as_matrix, symmetric(3)))["R homomorphism"] is Status.HOLDS
    turned = audit_representation(lambda g: as_matrix(g).T, symmetric(3))
    assert statuses(turned)["R homomorphism"] is Status.REFUTED
    named = audit_representation(lambda name: {"e": 1, "a": -1}[name], [["e", "a"], ["a", "e"]])
    assert named.status is Status.HOLDS


def test_a_torch_module_is_a_callable():
    class Still(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.eye(2))

        def forward(self, g):
            return self.weight

    assert statuses(audit_representation(Still(), D4))["R irreducible"] is Status.REFUTED


def test_representations_of_theory_are_judged_as_they_are():
    report = audit_representation(regular_representation(dihedral(4)), subject="regular")
    assert statuses(report)["permutation irreducible"] is Status.REFUTED


def test_npz_archives(tmp_path):
    assert (
        audit_representation(
            archive(tmp_path, generators=np.stack([R, S]), permutations=np.array([[1, 2, 3, 0], [0, 3, 2, 1]]))
        ).status
        is Status.HOLDS
    )
    assert (
        audit_representation(
            archive(tmp_path, matrices=np.array([[[1.0]], [[-1.0]]]), table=np.array([[0, 1], [1, 0]]))
        ).status
        is Status.HOLDS
    )
    alone = audit_representation(archive(tmp_path, r=R.astype(float), s=S.astype(float)))
    assert alone.facts["order"] == 8
    assert alone.facts["irreps"] == [{"degree": 2, "multiplicity": 1, "type": "real"}]


def test_csv_tables(tmp_path):
    head = '# {"group": {"permutations": {"r": [1, 2, 3, 0], "s": [0, 3, 2, 1]}}, "complete": true}\n'
    report = audit_representation(table_of(tmp_path, head + "R2(r),1\nR2(s),-1\nR4(r),i,0,0,-i\nR4(s),0,1,1,0\n"))
    assert statuses(report)["R4 irreducible"] is Status.HOLDS
    assert statuses(report)["complete"] is Status.REFUTED
    assert audit_representation(table_of(tmp_path, "a,-0.5,-0.8660254,0.8660254,-0.5\n")).facts["order"] == 3
    assert audit_representation(table_of(tmp_path, "a,-0.5,-0.87,0.87,-0.5\n")).status is Status.UNDECIDED


def test_without_a_group_the_matrices_are_decomposed():
    seventh = 2 * math.pi / 7
    turn = np.array([[math.cos(seventh), -math.sin(seventh)], [math.sin(seventh), math.cos(seventh)]])
    assert audit_representation([turn]).facts["order"] == 7
    stretched = audit_representation([np.diag([2.0, 1.0])])
    assert stretched.status is Status.REFUTED
    told = stretched.findings[0].witness
    assert abs(told["log_abs_det"] - math.log(2)) <= told["bound"] < 1e-3
    assert audit_representation([np.array([[1.0, 1.0], [0.0, 1.0]])]).status is Status.UNDECIDED


def test_the_characteristic_decides_what_can_be_asked():
    c3 = {"generators": ["r"], "relations": ["r^3"]}
    wild = audit_representation({"group": c3, "representations": {"V": {"r": [[1, 1], [0, 1]]}}, "characteristic": 3})
    assert wild.status is Status.UNDECIDED
    assert "3 divides the order 3" in wild.text()
    assert "complement" in wild.next_step
    assert (
        audit_representation(
            {"group": c3, "representations": {"V": {"r": [[1, 1], [0, 1]]}}, "characteristic": 5}
        ).status
        is Status.REFUTED
    )
    s3 = {"permutations": {"a": [1, 2, 0], "b": [1, 0, 2]}}
    standard = {
        "group": s3,
        "representations": {"V": {"a": [[0, -1], [1, -1]], "b": [[0, 1], [1, 0]]}},
        "characteristic": 5,
    }
    assert audit_representation(standard).status is Status.HOLDS


def test_irreducibility_over_a_small_field_is_that_field_s_own():
    c3 = {"generators": ["r"], "relations": ["r^3"]}
    turn = {"V": {"r": [[0, -1], [1, -1]]}}  # no eigenvalue in F_5, two in F_7
    five = audit_representation({"group": c3, "representations": turn, "characteristic": 5})
    assert five.status is Status.HOLDS
    assert "F_5^2" in five.text()
    seven = audit_representation({"group": c3, "representations": turn, "characteristic": 7})
    assert seven.status is Status.REFUTED
    assert "degree 1" in seven.text()


def objects():
    out = np.empty(2, dtype=object)
    out[0], out[1] = [1], {}
    return out


@pytest.mark.parametrize(
    ("given", "group", "complaint"),
    [
        ({"r": np.zeros((2, 2)), "s": S}, D4, "singular"), ([np.zeros((2, 2))], None, "singular"), ([R, np.eye(3)], None, "differ in size"), ([[[1, 2], [3]]], None, "square"),
        ({"r": R * np.nan, "s": S}, D4, "finite"), ([np.array([[np.inf, 0], [0, 1]])], None, "finite"), ({"r": R}, D4, "generate only 4 of 8"), (objects(), D4, "dtype object"),
        ({"r": np.array([["a"]]), "s": S}, D4, "dtype <U1"), ({"r": R > 0, "s": S}, D4, "dtype bool"), (np.zeros((1, 2100, 2100)), None, "beyond 2048"), (np.array(3.0), None, "stacked"),
        (np.zeros((1, 0, 0)), None, "stacked"), ([], None, "no matrix"), ({}, None, "no matrix"), (None, None, "Expected matrices"), ([], D4, "2, in the order of the generators"),
        (as_matrix, None, "needs group="), (lambda g: None, D4, "finite number"), (lambda g: np.eye(2 if g[0] else 3), D4, "differ in size"), ({"r": np.eye(80), "s": np.eye(80)}, D4, "without the group"),
        ({"a": 1}, {"permutations": {"a": [1, 0, 2, 3, 4, 5, 6], "b": [1, 2, 3, 4, 5, 6, 0]}}, "without the group"), ({"group": D4, "representations": {"V": {"r": 1, "s": 1}}}, D4, "given twice"),
        ({"group": D4, "representations": {"V": {"r": 1, "s": 1}}, "characteristic": 4}, None, "prime"), ({"group": D4, "representations": {"V": {"r": 1.5, "s": 1}}, "characteristic": 5}, None, "whole"),
        ({"a": 1}, "nothere.csv", "No file"), ({"a": 1}, 5, "Expected a path, rows of labels"), ("x.pkl", None, "pickled"), ("x.pt", None, "pickled"), ("none.npz", None, "No file"),
    ],
)  # fmt: skip
def test_objects_that_cannot_be_judged_are_explained(given, group, complaint):
    with pytest.raises(InputError, match=complaint):
        audit_representation(given, group)


def test_integers_beyond_64_bits_stay_exact():
    report = audit_representation({"r": np.array([[2**62, 1], [0, 1]]), "s": S}, D4)
    assert report.status is Status.REFUTED
    assert str(2**248) in json.dumps(report.plain())  # R(r) R(r^3), corner


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({"x": objects()}, "never read"), ({"table": np.array([[0, 1], [1, 0]])}, "no matrices"), ({"matrices": np.ones((2, 1, 1)), "table": np.array([[0, 1.0], [1, 0]])}, "whole numbers"),
        ({"generators": np.stack([R, S]), "x": R}, "only 'table'"), ({"x": np.array([["a"]])}, "dtype"), ({}, "holds no array"), ({"generators": np.zeros((1, 2, 2, 2))}, "square"),
    ],
)  # fmt: skip
def test_archives_that_cannot_be_judged_are_explained(tmp_path, arrays, complaint):
    with pytest.raises(InputError, match=complaint):
        audit_representation(archive(tmp_path, **arrays))


def test_archives_that_are_none_are_explained(tmp_path):
    (tmp_path / "file.npz").write_text("hello")
    with pytest.raises(InputError, match="no NPZ"):
        audit_representation(tmp_path / "file.npz")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("r,0,-1,1\n", "3 entries"), ("r,1\nr,1\n", "second time"), ("r,hello\n", "exact number"), ('# {"group"\nr,1\n', "JSON"), ("# [1]\nr,1\n", "JSON object"), ("# {}\n", "no matrix"),
        ("r,nan\n", "exact number"), ("r,1e999\n", "finite"), ("r\n", "0 entries"), (",1\n", "expected a name"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_judged_are_explained(tmp_path, text, complaint):
    with pytest.raises(InputError, match=complaint):
        audit_representation(table_of(tmp_path, text))


@pytest.mark.parametrize("matrix", [torch.eye(2).to_sparse(), torch.eye(2, device="meta")])
def test_tensors_without_dense_entries_are_refused(matrix):
    with pytest.raises(InputError, match=r"dense tensor|meta device"):
        audit_representation({"r": matrix})


def test_the_group_may_stand_in_a_file_of_its_own(tmp_path):
    table = [["e", "a", "b"], ["a", "b", "e"], ["b", "e", "a"]]
    (tmp_path / "g.csv").write_text("\n".join(",".join(row) for row in table))
    (tmp_path / "g.json").write_text(json.dumps({"table": table}))
    (tmp_path / "h.json").write_text(json.dumps({"group": {"permutations": {"a": [1, 2, 0]}}}))
    for name in ("g.csv", "g.json", "h.json"):
        assert audit_representation({"a": "zeta(3)"}, str(tmp_path / name)).status is Status.HOLDS
    np.savez(tmp_path / "g.npz", table=np.array([[0, 1, 2], [1, 2, 0], [2, 0, 1]]))
    assert audit_representation({"1": "zeta(3)"}, tmp_path / "g.npz").status is Status.HOLDS
    np.savez(tmp_path / "no.npz", other=np.eye(2))
    with pytest.raises(InputError, match="array 'table'"):
        audit_representation({"1": 1}, tmp_path / "no.npz")
