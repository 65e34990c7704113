"""Other people's code harms nobody else: what a claim file or a package changes, raises or keeps running stays with its own claims."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from proofs_checks import exits
from proofs_checks.cli import main
from proofs_checks.errors import CatalogueError
from proofs_checks.run import checks, workers
from proofs_checks.run.interactive import Catalogue
from proofs_checks.run.workers import Plan
from proofs_checks.wording import error_line

OWN = "groups.axioms"
PAGE = """
def page(**more):
    return {"title": "t", "statement": "x", "plain": "p", "routes": {"exact": {"shows": "s"}},
            "controls": {"c": {"statement": "f", "routes": ["exact"]}}, **more}
"""
CHECK = """
from proofs_checks.kernel import Control, Equation
def exact(*, name="n", right=2):
    import sympy
    return Equation(name, sympy.Integer(1) + sympy.Symbol("x"), right - 1 + sympy.Symbol("x"))
controls = {"c": Control(exact, right=3)}
"""
ONCE = """
from pathlib import Path
_seen = Path(__file__).with_suffix(".seen")
again = _seen.exists()
_seen.touch()
"""
STATE = f"""{PAGE}{CHECK}
import os, random, signal, sys
import numpy, torch
numpy.seterr(all="raise"); torch.set_default_dtype(torch.float16); torch.manual_seed(5); random.seed(5)
signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGINT, signal.SIG_IGN)
os.chdir("/"); os.environ["PREALITY"] = "changed"
for name in ("json", "math", "decimal", "theory", "numerics", "proofs_checks.kernel"):
    sys.modules.pop(name, None)
print("printed at import")
CLAIMS = {{"bad.state": page()}}
"""
RENAMED = f"""{PAGE}{CHECK}
import random
CLAIMS = {{f"bad.renamed{{random.SystemRandom().randint(0, 10**12)}}": page()}}
"""
LOOPING = f"""{PAGE}{CHECK}{ONCE}
import time
while again:
    time.sleep(0.1)
CLAIMS = {{"bad.looping": page()}}
"""
EVIDENCE = f"""{PAGE}{CHECK}
import sys, types
from proofs_checks.kernel import Bound, measured, undecided
class Unprintable(BaseException):
    def __str__(self): raise RuntimeError("not even this")
def code(name, check):
    made = types.ModuleType(f"evidence_{{name}}")
    made.exact, made.controls = check, {{"c": Control(check, right=3)}}
    check.__name__ = "exact"
    sys.modules[made.__name__] = made
    return made.__name__
def raising(*, right=2): raise Unprintable()
def interrupting(*, right=2): raise KeyboardInterrupt("mine")
def naming(*, right=2): return exact(name=5)
def counting(*, right=2): return measured(0.0, Bound({{"a": 1e-9}}, "d"), points=10**400, resolves=1.0)
def deriving(*, right=2): return measured(0.0, Bound({{"a": 1e-9}}, "\\ud800"), points=1, resolves=1.0)
def numbering(*, right=2): return measured(0.0, Bound({{5: 1e-9}}, "d"), points=1, resolves=1.0)
def returning(*, right=2): return lambda: 0
checks = [raising, interrupting, naming, counting, deriving, numbering, returning]
CLAIMS = {{f"bad.{{check.__name__}}": page(code=code(check.__name__, check)) for check in list(checks)}}
"""
FILES = {"state": STATE, "renamed": RENAMED, "looping": LOOPING, "evidence": EVIDENCE}


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run of a claim of the catalogue beside all these files: every result by claim, and the run's exit code."""
    folder = tmp_path_factory.mktemp("others")
    for name, text in FILES.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    paths = [str(folder / f"{name}.py") for name in FILES]
    place, patch = os.getcwd(), pytest.MonkeyPatch()
    patch.setattr(workers, "LOADING_SECONDS", 4.0)
    code = main(["verify", OWN, *paths, "--jobs=1", f"--ledger={folder / 'l.sqlite'}", f"--json={folder / 'v.json'}"])
    patch.undo()
    assert os.getcwd() == place
    report = json.loads((folder / "v.json").read_text(encoding="utf-8"))
    return {"code": code, "claims": {claim["id"]: claim for claim in report["claims"]}, "records": report["records"]}


def test_the_catalogue_keeps_its_verdicts_and_its_digest(beside: dict[str, Any]) -> None:
    claim = Catalogue(plugins=False)[OWN]
    alone = [record for task in checks.tasks_of(claim) for record in checks.run_task(claim, task, checks.Settings())]
    mine = [record for record in beside["records"] if record["claim"] == OWN]
    assert beside["claims"][OWN]["status"] == "HOLDS"
    assert checks.digest(mine) == checks.digest(alone)


def test_every_other_claim_gets_an_answer_of_its_own(beside: dict[str, Any]) -> None:
    assert beside["code"] == exits.ERRORED
    whys = {
        name.partition(":")[2].partition(".")[2]: claim["why"]
        for name, claim in beside["claims"].items()
        if name != OWN
    }
    assert {claim["status"] for name, claim in beside["claims"].items() if "bad." in name and "state" not in name} == {
        "ERRORED"
    }
    renamed = next(why for name, why in whys.items() if name.startswith("renamed"))
    for why, words in (
        (renamed, "no longer defines"),
        (whys["looping"], "did not end loading within 4 s"),
        (whys["raising"], "Unprintable"),
        (whys["interrupting"], "KeyboardInterrupt: mine"),
        (whys["naming"], "Expected text as the name of Equation, got int"),
        (whys["counting"], "from 0 to 2**63 - 1"),
        (whys["deriving"], "named by text"),
        (whys["numbering"], "named by text"),
        (whys["returning"], "returned function"),
    ):
        assert words in why


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ("json.dumps = lambda *_, **__: '5'", "answers nonsense"),
        ("json.dumps = lambda *_, **__: '{}'", "answers nonsense"),
        ("json.dumps = lambda *_, **__: '[' * 100000", "ended the process"),
        ("json.dumps = lambda *_, **__: '{\"value\": 7}'", "no list of pages"),
        ("json.dumps = lambda *_, **__: '{\"value\": [[1]]}'", "no list of pages"),
        ('json.dumps = lambda *_, **__: \'{"value": [["groups.mine", "m", {}]]}\'', "an id without a namespace"),
        ('json.dumps = lambda *_, **__: \'{"value": [["a:b.c", "m", 5]]}\'', "named fields in the page, got 5"),
        ("os.closerange(3, 200)", "ended the process"),
        ("os._exit(0)", "ended the process"),
    ],
)
def test_a_file_that_spoils_the_process_that_reads_it_is_refused(spoilt: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "spoilt.py"
    path.write_text(f"import json, os\n{spoilt}\n{PAGE}CLAIMS = {{'bad.claim': page()}}\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=words):
        Catalogue(plugins=False, apart=True).add_file(path)


def test_a_page_that_names_a_module_of_the_catalogue_stays_its_authors(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        f"{PAGE}CLAIMS = {{'bad.claim': page(code='proofs_checks.catalogue.groups.axioms')}}\n", encoding="utf-8"
    )
    claim = Catalogue(plugins=False).add_file(path)[0]
    assert claim.page.home == str(path)
    assert set(Plan([claim], "quick", 0, "cpu").queues()) == {"", str(path)}


class Talking:
    """A connection on which a worker of a stranger's says one thing."""

    def __init__(self, said: bytes) -> None:
        self.said = said

    def recv_bytes(self, longest: int) -> bytes:
        return self.said

    def poll(self) -> bool:
        return True


@pytest.mark.parametrize(
    "said",
    [b"5", b"[" * 100_000, b"{}", b"[[], 1]", b'["record", 5]', b'["kept", []]', b'["failed", "all of it"]', b"\xff"],
)
def test_a_worker_that_talks_nonsense_costs_its_own_check_alone(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers._Worker, "__init__", lambda self: None)
    worker = workers._Worker()
    worker.plan, worker.home, worker.limit = Plan([], "quick", 0, "cpu"), "theirs.py", None
    worker.task, worker.connection = checks.Task("theirs:a.b", "exact"), Talking(said)
    worker.process = SimpleNamespace(join=lambda timeout: None, exitcode=1)
    event = worker.read()
    assert (event.kind, event.record["verdict"]["status"]) == ("lost", "ERRORED")


def package(root: Path, name: str, code: str, page: str) -> None:
    """An installed distribution that offers claims: a package, its page and its entry point."""
    (root / name / "topic").mkdir(parents=True)
    (root / name / "__init__.py").write_text(code, encoding="utf-8")
    (root / name / "topic" / "__init__.py").touch()
    (root / name / "topic" / "slug.toml").write_text(page, encoding="utf-8")
    (root / name / "topic" / "slug.py").write_text(CHECK, encoding="utf-8")
    about = root / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(f"[preality.claims]\n{name} = {name}\n", encoding="utf-8")


GOOD = 'title = "t"\nstatement = "x"\nplain = "p"\n[routes.exact]\nshows = "s"\n[controls.c]\nstatement = "w"\nroutes = ["exact"]\n'
PACKAGES = {
    "raises_at_import": ("raise RuntimeError('not today')", GOOD),
    "exits_at_import": ("import sys; sys.exit(0)", GOOD),
    "prints_at_import": ("print('printed at import')", GOOD),
    "loops_at_import": ("import time\nwhile True: time.sleep(0.1)", GOOD),
    "covers_a_number": ("", GOOD.replace('shows = "s"', 'shows = "s"\ncovers = 5')),
    "titled_by_number": ("", GOOD.replace('"t"', "7")),
}


def test_packages_are_named_and_left_out_and_what_they_do_at_import_stays_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, (code, page) in PACKAGES.items():
        package(tmp_path, name, code, page)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["list", "--json"]) == exits.HOLDS
    told = capfd.readouterr()
    listed = {claim["id"] for claim in json.loads(told.out)}
    assert {f"{name}:topic.slug" for name in PACKAGES if "import" in name} <= listed
    assert OWN in listed
    assert "covers_a_number could not be read: covers_a_number:topic.slug: Expected an object" in told.err
    assert "titled_by_number could not be read" in told.err
    assert main(["doctor", f"--ledger={tmp_path / 'l.sqlite'}"]) == exits.REFUTED
    assert "covers_a_number" in capfd.readouterr().out
    monkeypatch.setattr(workers, "LOADING_SECONDS", 4.0)
    chosen = [f"{name}:topic.slug" for name in ("exits_at_import", "prints_at_import", "loops_at_import")]
    code = main(["verify", *chosen, f"--ledger={tmp_path / 'l.sqlite'}", f"--json={tmp_path / 'v.json'}", "--jobs=2"])
    found = {claim["id"].partition(":")[0]: claim for claim in json.loads((tmp_path / "v.json").read_text())["claims"]}
    assert code == exits.ERRORED
    assert {name: claim["status"] for name, claim in found.items()} == {
        "exits_at_import": "ERRORED", "prints_at_import": "UNDECIDED", "loops_at_import": "ERRORED",
    }  # fmt: skip
    assert "did not end loading" in found["loops_at_import"]["why"]
    assert "printed at import" not in capfd.readouterr().out


BROKEN = {"not_utf8": b"[preality.claims]\n\xff = x\n", "no_pair": b"[preality.claims]\njust words\n"}


@pytest.mark.parametrize("name", BROKEN)
def test_metadata_that_does_not_parse_spoils_no_other_distribution(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    package(tmp_path, "well", "", GOOD)
    package(tmp_path, name, "", GOOD)
    (tmp_path / f"{name}-1.0.dist-info" / "entry_points.txt").write_bytes(BROKEN[name])
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["list", "--json"]) == exits.HOLDS
    told = capfd.readouterr()
    assert {OWN, "well:topic.slug"} <= {claim["id"] for claim in json.loads(told.out)}
    assert f"{name}-1.0.dist-info' could not be read: Its entry points do not parse" in told.err


def test_names_taken_and_packages_without_pages_are_named_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = {"well": "well", "empty": "json", "odd": "well./../..", "nothing": ""}
    package(tmp_path, "well", "", GOOD)
    package(tmp_path, "twin", "", GOOD)
    lines = "".join(f"{name} = {value}\n" for name, value in points.items())
    (tmp_path / "well-1.0.dist-info" / "entry_points.txt").write_text(f"[preality.claims]\n{lines}", encoding="utf-8")
    (tmp_path / "twin-1.0.dist-info" / "entry_points.txt").write_text(
        "[preality.claims]\nwell = twin\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = Catalogue()
    assert [name for name in found if name.endswith(":topic.slug")] == ["well:topic.slug"]
    assert "it has no page" in found.problems["json"]
    assert {"well./../..", ""} <= set(found.problems)
    assert any("another distribution has its name" in problem for problem in found.problems.values())


def test_an_error_is_told_in_a_line_whatever_its_class_does() -> None:
    class Leaving(Exception):
        def __str__(self) -> str:
            raise SystemExit(3)

    assert error_line(Leaving()) == "Leaving"
    assert error_line(ValueError("two\n  lines")) == "ValueError: two lines"
    assert len(error_line(ValueError("x" * 10**8))) < 2100
    assert len(checks._trace(ValueError("x" * 10**8))) < checks.LONGEST_TRACE + 10
