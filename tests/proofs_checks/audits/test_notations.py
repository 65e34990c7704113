"""Groups and representations as books, GAP, Sage and SymPy write them: each is read as what it stands for, and what is ambiguous is asked."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import sympy
import sympy.combinatorics as sc
from sympy.combinatorics.fp_groups import FpGroup
from sympy.combinatorics.free_groups import free_group

from proofs_checks.audits.group import audit_group
from proofs_checks.audits.representation import audit_representation
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status

AB = ["a", "b"]
_F, _x, _y = free_group("x,y")
MARKDOWN = "| * | e | s |\n|---|:-:|---|\n| e | e | s |\n| s | s | e |\n"
SAGE = "*  a b c\n +------\na| a b c\nb| b c a\nc| c a b\n"


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"permutations": {"a": "(1,2,3,4)", "b": "(1,3)"}}, "D4"), ({"permutations": {"a": "(1 2 3 4)", "b": "(1 3)"}}, "D4"),
        ({"permutations": {"a": "(1234)", "b": "(13)"}}, "D4"), ({"permutations": {"a": [[1, 2, 3, 4]], "b": [[1, 3]]}}, "D4"),
        ({"permutations": {"a": [2, 3, 4, 1], "b": [3, 2, 1, 4]}}, "D4"), ({"permutations": {"a": [1, 2, 3, 0], "b": [2, 1, 0, 3]}}, "D4"),
        ({"permutations": [[2, 3, 4, 1], [3, 2, 1, 4]]}, "D4"), ({"permutations": "Group([ (1,2,3,4), (1,3) ])"}, "D4"),
        ({"permutations": {"a": "(0,1,2,3)", "b": "(0 2)"}}, "D4"), ({"permutations": {"a": [[1, 2, 3, 4], [2, 3, 4, 1]], "b": "(1,3)"}}, "D4"),
        ({"generators": ["(1,2,3,4)", "(1,3)"]}, "D4"), ({"generators": {"a": [1, 2, 3, 0], "b": [2, 1, 0, 3]}}, "D4"), (["(1,2,3,4)", "(1,3)"], "D4"),
        (sc.DihedralGroup(4), "D4"), ([sc.Permutation(0, 1, 2, 3), sc.Permutation(3)(0, 2)], "D4"), ({"permutations": {"a": "()"}}, "trivial group"),
        ({"generators": AB, "relations": ["a^4 = b^2 = (a*b)^2 = 1"]}, "D4"), ({"generators": AB, "relations": ["a^4 = b^2 = 1", "bab = a^-1"]}, "D4"),
        ({"generators": AB, "relations": ["a**4", "b**2", "(a*b)**2"]}, "D4"), ({"generators": AB, "relations": ["a^{4}", "b^{2}", "b a b = a^{-1}"]}, "D4"),
        ({"generators": AB, "relations": ["a⁴", "b²", "b·a·b = a⁻¹"]}, "D4"), ({"generators": AB, "relations": ["a^4", "b^2", "a^b = a^-1"]}, "D4"),
        ({"generators": AB, "relators": ["a^4", "b^2", "abab"]}, "D4"), ({"generators": "a, b", "relations": "a^4; b^2; (ab)^2 = id"}, "D4"),
        ("<a, b | a^4 = b^2 = (ab)^2 = 1>", "D4"), (FpGroup(_F, [_x**4, _y**2, (_x * _y) ** 2]), "D4"), ({"generators": AB, "relations": ["a^4", "b^2", "a*b/a*b == a^2"]}, "D4"),
        ({"generators": AB, "relations": ["a^4", "b^2", "[a,b]"]}, "C2 x C4"), ({"generators": AB, "relations": ["a^4", "b^2", "Comm(a, b) = a^2"]}, "D4"),
        ({"generators": ["sigma", "tau"], "relations": ["sigma^3 = tau^2 = e", "tau sigma tau = sigma^2"]}, "D3"),
        (MARKDOWN, "C2"), (SAGE, "C3"), ({"table": [["*", "e", "s"], ["e", "e", "s"], ["s", "s", "e"]]}, "C2"),
    ],
)  # fmt: skip
def test_every_notation_gives_the_group_that_it_stands_for(given, kind):
    report = audit_group(given)
    assert report.status is Status.HOLDS
    assert kind in (report.facts["isomorphic_to"], report.meaning.split(", ")[1].split(":")[0])


@pytest.mark.parametrize("suffix", ["md", "txt", "csv"])
def test_tables_of_markdown_and_sage_are_read_from_files(tmp_path, suffix):
    for text, order in ((MARKDOWN, 2), (SAGE, 3)):
        path = tmp_path / f"table.{suffix}"
        path.write_text(text)
        assert audit_group(path).facts["elements"] == order


def test_where_points_count_from_is_said():
    for text, first in (("(1,2,3)", 1), ("(0,1,2)", 0)):
        assert f"points count from {first}" in audit_group({"permutations": {"a": text}}).findings[0].text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"permutations": {"a": "(1,2)(2,3)"}}, "disjoint cycles"), ({"permutations": {"a": "(12)(3,4)"}}, "Put commas between points"),
        ({"permutations": {"a": [2, 5]}}, 'Then write "(2,5)"'), ({"permutations": {"a": "(1,1000000000)"}}, "Number them from 1"), ({"permutations": 5}, "permutations by name"),
        ({"permutations": {"a": "(1,2"}}, "Expected a permutation"), ({"permutations": {"a": [1, 1]}}, "no permutation"), ({"permutations": {}}, "at least one permutation"),
        ({"generators": ["r", "s"], "relations": ["r2 = 1"]}, "Write r^2 for a power"), ({"generators": ["r", "s"], "relations": ["R"]}, "Write r^-1"),
        ({"generators": ["r", "rs", "s"], "relations": ["srs"]}, "s*rs or s*r*s"), ({"generators": ["r"], "relations": ["r^2^3"]}, "Expected a product"),
        ({"generators": ["r"], "relations": ["(" * 60 + "r" + ")" * 60]}, "nested brackets"), ({"generators": AB, "relators": ["a"], "relations": []}, "got both"),
        ({"generators": AB, "relations": ["[[[[[[[[[[[[a,b],b],b],b],b],b],b],b],b],b],b],b]"]}, "2000 letters"), ("<r | >", "Expected a list"),
    ],
)  # fmt: skip
def test_what_is_ambiguous_or_endless_is_asked(given, words):
    with pytest.raises(InputError) as refused:
        audit_group(given)
    assert words in str(refused.value)


S3 = {"generators": ["r", "s"], "relations": ["r^3 = s^2 = 1", "srs = r^-1"]}
C3 = {"generators": ["a"], "relations": ["a^3"]}


def finding(report, name):
    return next(f for f in report.findings if f.name == name)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("zeta(3)", "zeta(3)^2"), ("E(3)", "E(3)^2"), ("exp(2*pi*i/3)", "exp(-2*pi*i/3)"), ("exp(2*I*pi/3)", "exp(-2*I*pi/3)"), ("e^(2*pi*i/3)", "e^(4*pi*i/3)"),
        ("zeta3", "zeta3**2"), ("(-1 + sqrt(3)*i)/2", "(-1 - sqrt(-3))/2"), ("-1/2 + √3/2*i", "-1/2 - √3/2*i"), ("cos(2*pi/3) + i*sin(2*pi/3)", "cos(2*pi/3) - i*sin(2*pi/3)"),
        ("(-1 + i*3^(1/2))/2", "(-1 - i*3**(1/2))/2"), (["-1/2", "sqrt(3)/2"], ["-1/2", "-sqrt(3)/2"]), ("(-1 + i*ER(3))/2", "E(3)**-1"),
        (sympy.exp(2 * sympy.pi * sympy.I / 3), sympy.exp(-2 * sympy.pi * sympy.I / 3)), (complex(-0.5, math.sqrt(3) / 2), complex(-0.5, -math.sqrt(3) / 2)),
        ([-0.5, 0.8660254037844386], [-0.5, -0.8660254037844386]),
    ],
)  # fmt: skip
def test_every_way_to_write_a_cube_root_of_one_is_read(tmp_path, first, second):
    matrices = {"r": [[first, 0], [0, second]], "s": [[0, 1], [1, 0]]}
    report = audit_representation(matrices, group=S3)
    assert finding(report, "R homomorphism").status is Status.HOLDS
    assert finding(report, "R irreducible").status is Status.HOLDS
    if isinstance(first, str):
        path = tmp_path / "e.json"
        path.write_text(json.dumps({"group": S3, "representations": {"E": matrices}}))
        assert finding(audit_representation(path), "E irreducible").status is Status.HOLDS


def test_matrices_of_sympy_and_arrays_of_its_numbers_are_exact():
    half, root = sympy.Rational(1, 2), sympy.sqrt(3) / 2
    turn = sympy.Matrix([[-half, -root], [root, -half]])
    for r in (turn, np.array(turn.tolist(), dtype=object)):
        report = audit_representation(
            {"r": r, "s": sympy.Matrix([[1, 0], [0, -1]])}, group="<r, s | r^3, s^2, srs = r^-1>"
        )
        assert report.status is Status.HOLDS
        assert "over Q(zeta_12)" in finding(report, "R homomorphism").text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("exp(1)", "rational multiple of pi"), ("sqrt(sqrt(2))", "not found among the sums of roots of unity"), ("pi", "alone is no number"), ("sqrt(10^20)", "radicand"), ("sqrt(1000003)", "beyond"),
        ("cos(pi*cos(pi/3))", "within an angle"), ("2^(1/3)", "neither whole nor a half"),
    ],
)  # fmt: skip
def test_what_is_no_cyclotomic_number_is_refused(text, words):
    with pytest.raises(InputError) as refused:
        audit_representation({"a": [[text]]}, group=C3)
    assert words in str(refused.value)


def turn(share):
    c, s = math.cos(2 * math.pi * share), math.sin(2 * math.pi * share)
    return [[c, -s], [s, c]]


def test_irreducible_over_the_reals_is_told_with_its_type():
    c5 = audit_representation({"a": turn(0.2)}, group={"generators": ["a"], "relations": ["a^5"]})
    found = finding(c5, "R irreducible")
    assert found.status is Status.HOLDS
    assert "over R, of complex type" in found.text
    assert "over C it splits" in found.text
    i = [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]]
    j = [[0, 0, -1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, -1, 0, 0]]
    q8 = audit_representation(
        {"i": i, "j": j}, group={"generators": ["i", "j"], "relations": ["i^4", "i^2 = j^2", "i^j = i^-1"]}
    )
    assert "over R, of quaternionic type" in finding(q8, "R irreducible").text
    d3 = audit_representation({"r": turn(1 / 3), "s": [[1, 0], [0, -1]]}, group=S3)
    assert "over C, and so over R" in finding(d3, "R irreducible").text


@pytest.mark.parametrize(
    ("matrices", "group"),
    [
        ({"a": [[1, 0], [0, -1]]}, {"generators": ["a"], "relations": ["a^2"]}),  # two real characters
        (
            {"a": [["i", 0], [0, "-i"]]},
            {"generators": ["a"], "relations": ["a^4"]},
        ),  # conjugates, and the matrices are not real
        ({"a": np.kron(np.eye(2), turn(0.25))}, {"generators": ["a"], "relations": ["a^4"]}),  # twice a plane
    ],
)
def test_what_splits_over_its_field_is_refuted(matrices, group):
    assert finding(audit_representation(matrices, group=group), "R irreducible").status is Status.REFUTED


def test_projective_representations_are_recognised_and_covered():
    klein = {"generators": AB, "relations": ["a^2", "b^2", "[a,b]"]}
    for matrices in (
        {"a": [[0, 1], [1, 0]], "b": [[1, 0], [0, -1]]},
        {"a": np.array([[0, 1], [1, 0.0]]), "b": np.diag([1.0, -1.0])},
    ):
        found = finding(audit_representation(matrices, group=klein), "R homomorphism")
        assert found.status is Status.REFUTED
        assert "up to sign" in found.text
        assert "projective" in found.text
    exact = finding(
        audit_representation({"a": [[0, 1], [1, 0]], "b": [[1, 0], [0, -1]]}, group=klein), "R homomorphism"
    )
    assert "D4 of order 8, a double cover" in exact.text
    shift, clock = [[0, 0, 1], [1, 0, 0], [0, 1, 0]], [[1, 0, 0], [0, "E(3)", 0], [0, 0, "E(3)^2"]]
    three = audit_representation(
        {"a": shift, "b": clock}, group={"generators": AB, "relations": ["a^3", "b^3", "[a,b]"]}
    )
    assert {"1", "zeta(3)", "zeta(3)^2"} == set(finding(three, "R homomorphism").witness["factors"])
    removable = finding(
        audit_representation({"a": [["i"]]}, group={"generators": ["a"], "relations": ["a^2"]}), "R homomorphism"
    )
    assert "Perhaps other multiples" in removable.text
    broken = finding(
        audit_representation({"a": [[0, 1], [1, 0]], "b": [[1, 0], [1, -1]]}, group=klein), "R homomorphism"
    )
    assert "projective" not in broken.text


@pytest.mark.parametrize("kind", [int, float])
def test_matrices_in_the_opposite_order_are_told_so(kind):
    def transposed(images):
        matrix = np.zeros((3, 3), dtype=kind)
        matrix[range(3), images] = 1  # that of the inverse
        return matrix

    found = finding(audit_representation(transposed, group=sc.SymmetricGroup(3)), "R homomorphism")
    assert found.status is Status.REFUTED
    assert "R(h) R(g) = R(gh) throughout" in found.text
    assert "transposed" in found.text


def test_float32_matrices_in_lists_are_recognised_by_their_values():
    def listed(matrix):
        return np.array(matrix, dtype=np.float32).tolist()

    good = {"r": listed(turn(1 / 3)), "s": [[1.0, 0.0], [0.0, -1.0]]}
    assert finding(audit_representation(good, group=S3), "R homomorphism").status is Status.HOLDS
    off = np.array(turn(1 / 3))
    off[1, 1] += 1e-4
    assert (
        finding(audit_representation({**good, "r": listed(off)}, group=S3), "R homomorphism").status is Status.REFUTED
    )
