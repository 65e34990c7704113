"""The command line answers every request, good or bad, with a clear text and the right exit code, and shows no traceback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from proofs_checks import exits
from proofs_checks.report import terminal
from proofs_checks.run.interactive import Catalogue
from proofs_checks.run.ledger import Ledger
from proofs_checks.wording import visible
from proofs_checks.wording.formulas import unicode_formula, unicode_prose

ROOT = Path(__file__).resolve().parents[3]
FILES = Path(__file__).parents[1] / "claim_files"
SQUARE, CROOKED = FILES / "square.py", FILES / "crooked.py"
Call = Callable[..., Any]
HOSTILE_BYTES = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **more}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def crooked(folder: Path) -> SimpleNamespace:
    """One run of every way of not holding, as a process of its own, with all four files written."""
    written = [f"--{name}={folder / f'v.{name}'}" for name in ("html", "json", "md", "junit")]
    command = [
        sys.executable,
        "-m",
        "proofs_checks",
        "verify",
        str(CROOKED),
        f"--ledger={folder / 'ledger.sqlite'}",
        "--jobs=2",
        *written,
    ]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, timeout=300)
    return SimpleNamespace(code=done.returncode, out=done.stdout, err=done.stderr)


@pytest.fixture
def ledger(crooked: SimpleNamespace, folder: Path) -> Path:
    return folder / "ledger.sqlite"


def test_each_claim_of_a_crooked_file_gets_its_own_verdict(crooked: SimpleNamespace) -> None:
    found = dict(re.findall(r"^  crooked\.(\w+) +- +(\w+) ", crooked.out, re.MULTILINE))
    expected = {
        "honest": "holds",
        "refuted": "REFUTED",
        "doubtful": "undecided",
        "failing": "ERROR",
        "dying": "ERROR",
        "leaving": "ERROR",
    }
    assert found == expected
    assert crooked.code == exits.REFUTED, "a refutation comes before an error and a doubt"
    assert "exit code 7" in crooked.out, "the worker that died is accounted for"


def test_a_refuted_case_is_shrunk_and_the_first_one_kept(crooked: SimpleNamespace, ledger: Path) -> None:
    address = re.findall(r"preality replay (\S+)", crooked.out)[0]
    with Ledger(ledger, reading=True) as book:
        record = book.record(address)
    assert (record["case"], record["first"]["case"]) == ({"D": 3}, {"D": 9})


def test_nothing_hostile_and_no_traceback_reaches_the_terminal(
    crooked: SimpleNamespace, ledger: Path, call: Call
) -> None:
    outcomes = [
        crooked,
        *(
            call(*words)
            for words in (("show", CROOKED), ("report", "--ledger", ledger), ("history", "--ledger", ledger))
        ),
    ]
    for outcome in outcomes:
        for text in (outcome.out, outcome.err):
            assert not HOSTILE_BYTES.search(text), ascii(text)
            assert "Traceback" not in text
    assert any("[red]red[/red]" in outcome.out for outcome in outcomes), "markup is shown as it is written"


def test_every_format_is_written_and_keeps_hostile_strings_text(crooked: SimpleNamespace, folder: Path) -> None:
    page = (folder / "v.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "crooked:crooked.honest" in page
    assert json.loads((folder / "v.json").read_text(encoding="utf-8"))
    assert (folder / "v.junit").read_text(encoding="utf-8").startswith("<?xml")
    assert all(f"Wrote {folder / f'v.{name}'}" in crooked.out for name in ("html", "json", "md", "junit"))


@pytest.mark.parametrize("columns", [40, 60, 80, 119, 120, 200])
def test_the_table_fits_its_columns_and_says_everything(
    columns: int, ledger: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    told = call("report", "--ledger", ledger).out.partition("\nRun ")[0]
    lines = [
        line for line in told.splitlines() if not line.startswith("    preality replay")
    ]  # a command is never broken
    assert max(map(len, lines)) <= columns
    for words in ("crooked.honest", "holds", "REFUTED", "undecided", "ERROR", "1 of 1", "1000", "nobody knows"):
        assert words in told


def test_the_table_survives_a_terminal_without_unicode(ledger: Path) -> None:
    command = [sys.executable, "-m", "proofs_checks", "report", f"--ledger={ledger}"]
    done = subprocess.run(
        command, env=environment(PYTHONIOENCODING="ascii", COLUMNS="160"), capture_output=True, check=False, timeout=120
    )
    assert done.returncode == exits.REFUTED
    assert b"crooked.refuted" in done.stdout
    assert b"failed" not in done.stderr


@pytest.mark.parametrize(
    ("kept", "code"),
    [
        (("honest",), exits.HOLDS),
        (("honest", "doubtful"), exits.UNDECIDED),
        (("doubtful", "failing"), exits.ERRORED),
        (("leaving",), exits.ERRORED),
        (("doubtful", "failing", "refuted"), exits.REFUTED),
        ((), exits.NOTHING),
    ],
)
def test_report_exits_as_the_worst_of_its_claims(
    kept: tuple[str, ...], code: int, ledger: Path, tmp_path: Path, call: Call
) -> None:
    with Ledger(ledger, reading=True) as book:
        stored = book.run()
        chosen = [record for record in book.records(stored.id) if record["claim"].rpartition(".")[2] in kept]
    with Ledger(tmp_path / "part.sqlite") as part:
        run = part.start("a part", stored.settings, stored.selection)
        for record in chosen:
            part.add(run, record)
    assert call("report", run, "--ledger", tmp_path / "part.sqlite").code == code


@pytest.mark.parametrize(
    ("statuses", "strict", "lenient"),
    [
        (["HOLDS"], 0, 0),
        (["HOLDS", "UNDECIDED"], 3, 0),
        (["INAPPLICABLE"], 3, 0),
        (["UNDECIDED", "ERRORED"], 4, 4),
        (["UNDECIDED", "ERRORED", "REFUTED"], 1, 1),
        ([], 5, 5),
    ],
)
def test_exit_codes_and_their_precedence(statuses: list[str], strict: int, lenient: int) -> None:
    assert exits.exit_code(statuses) == strict
    assert exits.exit_code(statuses, allow_undecided=True) == lenient


def bad(tmp_path: Path) -> dict[str, Path]:
    """Files that are no claim files, each in its own way."""
    texts = {
        "raising.py": "raise RuntimeError('on \\x1b[31mpurpose')",
        "empty.py": "x = 1\n",
        "leaving.py": "import sys; sys.exit(0)",
        "broken.py": "def (",
        "notes.txt": "CLAIMS = {}\n",
    }
    texts["unfinished.py"] = "CLAIMS = {'a.b': {'title': 't'}}\n"
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return {name: tmp_path / name for name in texts}


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (
            ["verify", "hybrid.value-imbalanse"],
            ["no claim 'hybrid.value-imbalanse'", "Did you mean hybrid.value-imbalance"],
        ),
        (["verify", "no-such-thing-at-all"], ["no claim", "preality list"]),
        (["show", "hybrid.value_imbalance"], ["Did you mean hybrid.value-imbalance"]),
        (["verify", "raising.py"], ["raising.py raised RuntimeError", "on \\x1b[31mpurpose"]),
        (["verify", "broken.py"], ["raised SyntaxError"]),
        (["verify", "leaving.py"], ["leaving.py raised SystemExit: 0"]),
        (["verify", "empty.py"], ["defines no claim", "preality new"]),
        (["verify", "unfinished.py"], ["unfinished:a.b", "'statement' is missing"]),
        (["verify", "missing.py"], ["There is no claim file"]),
        (["verify", "./notes.txt"], ["not a Python file"]),
        (["verify", "notes.txt"], ["not a Python file"]),
        (["verify", "."], ["There is no claim"]),
        (["verify", ""], ["There is no claim ''"]),
        (["verify", "--jobs", "0"], ["--jobs", "at least 1"]),
        (["verify", "--jobs", "many"], ["many"]),
        (["verify", "--seed", "-1"], ["--seed", "from 0"]),
        (["verify", "--seed=-1"], ["--seed", "from 0"]),
        (["verify", "--seed", "9223372036854775808"], ["--seed"]),
        (["verify", "--profile", "hasty"], ["no profile 'hasty'", "quick, full, deep"]),
        (["verify", "--device", "tpu"], ["auto, cpu or cuda"]),
        (["verify", "--control", "no-such-control"], ["No selected claim has a control"]),
        (["verify", "--html", "no/such/folder/v.html"], ["there is no folder", "Nothing was run"]),
        (["verify", "--json", "."], ["names the folder"]),
        (["verify", "--json", "same.out", "--md", "same.out"], ["named twice"]),
        (["verify", "--frobnicate"], ["--frobnicate", "--help"]),
        (["frobnicate"], ["frobnicate", "--help"]),
        (["show"], ["--help"]),
        (["replay", "nonsense"], ["RUN:NUMBER"]),
        (["replay", "{}"], ["Expected a record"]),
        (["replay", "notes.txt"], ["Expected a record"]),
        (["report", "--ledger", "nowhere.sqlite"], ["no ledger at", "preality verify"]),
        (["history", "--ledger", "nowhere.sqlite"], ["no ledger at"]),
        (["audit", "grup", "notes.txt"], ["no audit 'grup'", "group"]),
        (["audit", "group", "missing.csv"], ["no file 'missing.csv'"]),
        (["import", "missing.jsonl"], ["No file"]),
        (["new", "Not An Id"], ["topic.slug"]),
    ],
)
def test_bad_input_is_answered_with_a_clear_message(
    arguments: list[str],
    fragments: list[str],
    tmp_path: Path,
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(bad(tmp_path))
    ledger = ["--ledger", "ledger.sqlite"] if arguments[0] == "verify" and "--ledger" not in arguments else []
    outcome = call(*arguments, *ledger)
    assert outcome.code == exits.USAGE
    for fragment in fragments:
        assert fragment in outcome.err
    assert not HOSTILE_BYTES.search(outcome.err)
    assert "Traceback" not in outcome.err + outcome.out
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "__pycache__") == before, (
        "nothing was run and nothing was made"
    )


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="CUDA is here")
def test_cuda_asked_for_and_absent_is_refused_before_anything_runs(tmp_path: Path, call: Call) -> None:
    outcome = call("verify", SQUARE, "--device", "cuda", "--ledger", tmp_path / "l.sqlite")
    assert outcome.code == exits.USAGE
    assert "torch sees no CUDA device" in outcome.err
    assert not (tmp_path / "l.sqlite").exists()


def test_a_traceback_is_shown_with_debug_alone(tmp_path: Path, call: Call) -> None:
    path = bad(tmp_path)["raising.py"]
    assert "Traceback" in call("verify", path, "--debug").err
    assert "Traceback" not in call("verify", path).err


def test_a_fault_of_preality_itself_is_told_without_a_traceback(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(self: Catalogue, words: str) -> list[Any]:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(Catalogue, "search", fault)
    outcome = call("list")
    assert outcome.code == exits.ERRORED
    assert "preality itself failed: ZeroDivisionError: on purpose" in outcome.err
    assert "Traceback" not in outcome.err


def test_an_empty_catalogue_runs_nothing(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Catalogue, "_all", property(lambda self: {}))
    outcome = call("verify", "--ledger", tmp_path / "l.sqlite")
    assert outcome.code == exits.NOTHING
    assert "Nothing ran" in outcome.err


def test_list_and_show_agree_with_the_catalogue(call: Call) -> None:
    catalogue = Catalogue()
    listed = call("list")
    assert listed.code == exits.HOLDS
    assert [line.split()[0] for line in listed.out.splitlines()] == list(catalogue)
    pages = json.loads(call("list", "--json").out)
    assert [page["id"] for page in pages] == list(catalogue)
    for claim_id, claim in catalogue.items():
        shown, whole = call("show", claim_id), call("show", claim_id, "--all")
        assert shown.code == whole.code == exits.HOLDS
        assert "\\" not in shown.out + whole.out, "no LaTeX is left"
        words = [
            word for text in (claim.title, *claim.assumptions) for word in re.findall(r"[a-z]{4,}", unicode_prose(text))
        ]
        assert set(words) <= set(re.findall(r"[a-z]{4,}", shown.out))
        assert all(name in whole.out for name in [*claim.routes, *claim.page.controls])


def test_show_leads_with_the_statement_and_ends_with_the_last_verdict(tmp_path: Path, call: Call) -> None:
    before = call("show", SQUARE, "--ledger", ledger_of(tmp_path, call))
    text = before.out
    claim = next(iter(Catalogue().select([str(SQUARE)])))
    statement = " ".join(unicode_formula(claim.statement).split())[:30]
    assert (
        text.index(claim.title) < text.index(statement) < text.index("Last run") < text.index("Run it: preality verify")
    )
    assert "HOLDS" in text
    assert "controls refuted" in text.replace("control refuted", "controls refuted")
    assert not any(name in text for name in claim.page.controls), "controls stand behind --all"
    assert call("show", SQUARE, "--ledger", tmp_path / "none.sqlite").code == exits.USAGE


def ledger_of(tmp_path: Path, call: Call) -> Path:
    path = tmp_path / "l.sqlite"
    assert call("verify", SQUARE, "--jobs", "1", "--ledger", path).code == exits.HOLDS
    return path


def test_errata_name_the_control_that_shows_them(call: Call) -> None:
    told = call("errata").out
    for claim in Catalogue().values():
        for erratum in claim.errata:
            assert f"preality verify {claim.id} --control {erratum.witness}" in told


def test_version_and_help(call: Call) -> None:
    from proofs_checks import __version__

    assert __version__ in call("--version").out
    told = call("--help")
    assert told.code == exits.HOLDS
    assert all(
        name in told.out
        for name in (
            "list",
            "show",
            "errata",
            "verify",
            "replay",
            "report",
            "history",
            "audit",
            "import",
            "doctor",
            "new",
            "Exit codes",
        )
    )
    assert "allow-undecided" in call("verify", "--help").out


def drawn(monkeypatch: pytest.MonkeyPatch, work: Callable[[], None]) -> str:
    """What ``work`` draws where stderr is a terminal."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as screen:
        monkeypatch.setattr(sys, "stderr", screen)
        work()
        monkeypatch.undo()
        screen.write("\n.")
        screen.flush()
        seen = b""
        while not seen.endswith(b"\n."):  # a terminal hands out what it has, in pieces
            seen += os.read(ours, 65536)
    os.close(ours)
    return seen.decode()


def test_progress_is_drawn_on_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def count() -> None:
        with terminal.progress(3) as tick:
            tick("a.claim \x1b[31m[red]exact", True)

    def share() -> None:
        with terminal.share_progress() as tell:
            tell(0.5, "pairs \x1b[31m[red]of coordinates")

    for work, expected in ((count, "/3"), (share, "of coordinates")):
        work()
        assert capsys.readouterr().err == ""
        seen = drawn(monkeypatch, work)
        assert expected in seen
        assert "\x1b[31m[red]" not in seen


def test_cleaning_agrees_with_the_report_on_what_is_hidden() -> None:
    for code in [
        *range(0x0B, 0x20),
        *range(0x7F, 0xA0),
        0x061C,
        0x200B,
        0x200E,
        0x2028,
        0x202E,
        0x2066,
        0xFEFF,
        0xD800,
        0xE0001,
    ]:
        letter = chr(code)
        assert visible(letter) != letter
        assert terminal.clean(letter) != letter, hex(code)
    for letter in "aé∂ΣĦ中😀":
        assert visible(letter) == terminal.clean(letter) == letter


def test_one_control_can_be_run_alone(tmp_path: Path, call: Call) -> None:
    outcome = call("verify", SQUARE, "--control", "wrong-square", "--jobs", "1", "--ledger", tmp_path / "l.sqlite")
    assert outcome.code == exits.HOLDS
    assert "square:toy.square / wrong-square" in outcome.out
    assert "statistical" not in outcome.out
