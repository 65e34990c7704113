"""Planted faults: each is put into a copy of the code, claims are judged there, and the
copy is restored.

A fault that no claim notices is a hole in the catalogue. Faults are declared in TOML
files of ``[[fault]]`` tables with ``id``, ``file``, ``old`` (which occurs once in the
file), ``new``, ``claims`` (judged in this order), ``why``, and, where no behaviour
changes,
``equivalent``: the argument. ``profile = "full"`` judges a fault that only many samples
    can show.
"""

from __future__ import annotations

import ast
import compileall
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from py_compile import PycInvalidationMode
from queue import Empty, SimpleQueue
from typing import Any

from proofs_checks.claim import provenance
from proofs_checks.claim.collection import Collection
from proofs_checks.errors import InputError
from proofs_checks.inputs.files import file_label, is_file, quoted_name, read_bytes
from proofs_checks.kernel import canonical
from proofs_checks.wording import short

__all__ = ["Fault", "Result", "judge_faults", "own_faults", "read_faults"]

HERE = Path(__file__).resolve().parents[2]
FAULTS = HERE / "tests" / "quality" / "faults"
SECONDS = 600.0  # after which a fault is taken to have made a loop without an end
_FIELDS = {"id", "file", "old", "new", "claims", "why", "equivalent", "profile"}


@dataclass(frozen=True)
class Fault:
    """One replacement of a text in a file, and the claims that have to notice."""

    id: str
    file: str
    old: str
    new: str
    claims: tuple[str, ...]
    why: str
    equivalent: str = ""
    profile: str = "quick"
    origin: str = ""

    @property
    def floor(self) -> str:
        """Where the fault stands: theory, numerics, kernel, inputs, pages, or
        elsewhere."""
        top, *rest = Path(self.file).parts
        if top != "proofs_checks":
            return top if top in ("theory", "numerics") else "own"
        return {"catalogue": "pages", "kernel": "kernel", "inputs": "inputs"}.get(rest[0], "elsewhere")


@dataclass(frozen=True)
class Result:
    """What became of a fault: ``caught`` by a task of a claim, ``survived``,
    ``equivalent`` (as argued), or ``lost`` (did not end, died)."""

    key: str
    fault: str
    outcome: str
    claim: str = ""
    route: str = ""
    control: str = ""
    obligation: str = ""
    status: str = ""
    why: str = ""


def own_faults() -> list[Path]:
    """The fault files of this project's own repository.

    Raises:
        InputError: this is an installed package, which has none.
    """
    found = sorted(FAULTS.glob("*.toml"))
    if not found:
        raise InputError(
            "There are no fault files here; name one: preality verify --mutants my_faults.toml my_claims.py."
        )
    return found


def read_faults(paths: Iterable[Path]) -> list[Fault]:
    """The faults declared in TOML files.

    Raises:
        InputError: a file that is not TOML, a field that is missing, unknown or of the
            wrong shape, or an id used twice.
    """
    faults: dict[str, Fault] = {}
    for path in paths:
        try:
            tables = tomllib.loads(read_bytes(path).decode("utf-8")).get("fault")
        except InputError:
            raise
        except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, a number that is too long
            raise InputError(f"The fault file {quoted_name(path)} cannot be read: {error}") from None
        if not isinstance(tables, list) or not tables:
            raise InputError(f"The fault file {quoted_name(path)} declares no [[fault]].")
        for number, table in enumerate(tables, start=1):
            fault = _fault(table, f"{file_label(path)}, fault {number}", path)
            if fault.id in faults:
                raise InputError(f"{file_label(path)}: the id {fault.id!r} is used twice.")
            faults[fault.id] = fault
    return list(faults.values())


def _fault(table: Any, place: str, path: Path) -> Fault:
    if not isinstance(table, dict):
        raise InputError(f"{place}: expected a table of fields, got {short(table)}.")
    if unknown := set(table) - _FIELDS:
        raise InputError(f"{place}: unknown field {sorted(unknown)[0]!r}; the fields are {', '.join(sorted(_FIELDS))}.")
    for name in ("id", "file", "old", "new", "why"):
        if not isinstance(table.get(name), str) or (name != "new" and not table[name]):
            raise InputError(f"{place}: {name!r} is missing or not a text.")
    for name in _FIELDS - {"claims"}:
        if not isinstance(table.get(name, ""), str):
            raise InputError(f"{place}: expected a text in {name!r}, got {short(table[name])}.")
    if table.get("profile", "quick") not in ("quick", "full"):
        raise InputError(f"{place}: expected quick or full in 'profile', got {short(table['profile'])}.")
    claims = table.get("claims")
    if not isinstance(claims, list) or not claims or not all(isinstance(claim, str) for claim in claims):
        raise InputError(f"{place}: 'claims' has to be a list of ids, in the order in which they are judged.")
    return Fault(**{**table, "claims": tuple(claims)}, origin=str(path.resolve()))


# -- workspaces ------------------------------------------------------------------------------------------------------------


class Workspace:
    """A copy of the code with a process that judges claims in it."""

    def __init__(self, folder: Path, files: Sequence[Path]) -> None:
        self.folder, self.files = folder, files
        for floor in provenance.FIRST_PARTY:
            shutil.copytree(HERE / floor, folder / floor, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "own").mkdir()
        for path in {near for file in files for near in file.parent.glob("*.py")}:
            shutil.copy(path, folder / "own" / path.name)
        compileall.compile_dir(folder, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
        command = [sys.executable, "-P", "-B", str(folder / "proofs_checks" / "run" / "mutant_server.py"), str(folder)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_environment()
        )
        self._line()

    def judge(self, claims: Sequence[str], profile: str, skip: Sequence[str] | None, seconds: float) -> dict[str, Any]:
        """What a fresh process finds of the claims in the copy as it is now."""
        own = [str(self.folder / "own" / path.name) for path in self.files]
        request = {"claims": claims, "files": own, "profile": profile, "skip": skip, "seconds": seconds}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._line()

    def plant(self, fault: Fault) -> Planted:
        """The fault put into the copy while a ``with`` block lasts."""
        return Planted(self.folder / target(fault, self.files)[1], fault)

    def _line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise InputError(f"The process that judges faults ended with code {self.process.wait()}.")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=SECONDS)
        self.process.stdout.close()


def _environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


@dataclass
class Planted:
    """A file with a fault in it, for the time of a ``with`` block."""

    path: Path
    fault: Fault
    text: str = field(default="", repr=False)

    def __enter__(self) -> None:
        self.text = self.path.read_text(encoding="utf-8")
        if self.text.count(self.fault.old) != 1:
            raise InputError(f"Fault {self.fault.id}: {self.fault.file} has changed since the faults were read.")
        self.path.write_text(self.text.replace(self.fault.old, self.fault.new), encoding="utf-8")

    def __exit__(self, *_: object) -> None:
        self.path.write_text(self.text, encoding="utf-8")


def target(fault: Fault, files: Sequence[Path]) -> tuple[Path, Path]:
    """The file that a fault is about, and its place in a workspace.

    Raises:
        InputError: it is neither a file of this project nor one beside the claim files
            selected.
    """
    parts = Path(fault.file).parts
    if is_file(HERE / fault.file) and parts[0] in provenance.FIRST_PARTY and ".." not in parts:
        return HERE / fault.file, Path(fault.file)
    path = Path(fault.origin).parent / fault.file
    path = path.resolve() if is_file(path) else path
    if is_file(path) and path.suffix == ".py" and path.parent in {file.resolve().parent for file in files}:
        return path, Path("own") / path.name
    raise InputError(
        f"Fault {fault.id}: there is no file {fault.file!r} in theory, numerics, proofs_checks or beside a claim file that is selected."
    )


def placement_error(fault: Fault, files: Sequence[Path]) -> str:
    """Why a fault cannot be planted: its text does not occur once, or what replaces it
    is no Python where that was; empty where it can."""
    try:
        path, _ = target(fault, files)
    except InputError as error:
        return str(error)
    text = path.read_text(encoding="utf-8")
    if (count := text.count(fault.old)) != 1:
        return f"Fault {fault.id}: the text to be replaced occurs {count} times in {fault.file}, not once."
    if path.suffix == ".py":
        try:
            ast.parse(text.replace(fault.old, fault.new))
        except SyntaxError as error:
            return f"Fault {fault.id}: {fault.file} is no Python with it: {error.msg}, line {error.lineno}."
    return ""


# -- judging -----------------------------------------------------------------------------------------------------------------


def judge_faults(
    faults: Sequence[Fault], *, files: Sequence[Path] = (), jobs: int = 2, known: Path | None = None, resume: bool = True,
    seconds: float = SECONDS, tell: Callable[[str], None] = lambda text: None,
) -> Iterator[Result]:  # fmt: skip
    """Results as they come in.

    Args:
        faults: What is planted, one at a time.
        files: Claim files of a user's own.
        jobs: Workspaces, each with a process.
        known: A file of JSON lines to which results are added.
        resume: Results of that file are kept where fault, claims and all their code are
            the same.
        seconds: How long one fault may take.
        tell: Called with what fails already without a fault.
    Raises:
        InputError: a fault whose text does not occur once, or a claim that does not
            exist.
    """
    if problems := [problem for fault in faults if (problem := placement_error(fault, files))]:
        raise InputError("\n".join(problems))
    keys = _keys(faults, files)
    earlier = _read(known) if resume else {}
    yield from (earlier[key] for key in keys.values() if key in earlier)
    waiting = [fault for fault in faults if keys[fault.id] not in earlier]
    with ExitStack() as stack:
        folders = [
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="preality-faults-")))
            for _ in range(min(jobs, len(waiting)))
        ]
        spaces = [Workspace(folder, files) for folder in folders]
        for space in spaces:
            stack.callback(space.close)
        sound = _without_faults(spaces, waiting, seconds, tell)
        for fault, answer in _in_parallel(spaces, waiting, lambda space, fault: _judged(space, fault, sound, seconds)):
            result = _result(keys[fault.id], fault, answer)
            _append(known, result)
            yield result


def _judged(space: Workspace, fault: Fault, sound: dict[tuple[str, str], list[str]], seconds: float) -> dict[str, Any]:
    skip = [label for claim in fault.claims for label in sound[claim, fault.profile]]
    with space.plant(fault):
        return space.judge(fault.claims, fault.profile, skip, seconds)


def _without_faults(
    spaces: Sequence[Workspace], faults: Sequence[Fault], seconds: float, tell: Callable[[str], None]
) -> dict[tuple[str, str], list[str]]:
    """For each claim the tasks that fail already without a fault: they cannot catch
    one."""
    pairs = list(dict.fromkeys((claim, fault.profile) for fault in faults for claim in fault.claims))
    found = {}
    for pair, answer in _in_parallel(
        spaces, pairs, lambda space, pair: space.judge([pair[0]], pair[1], None, 4 * seconds)
    ):
        if answer["ended"] != "judged":
            raise InputError(f"{pair[0]} cannot be judged without a fault: {answer['why']}")
        found[pair] = [failure["task"] for failure in answer["failures"]]
        if failures := answer["failures"]:
            first = f"{failures[0]['task']} is {failures[0]['status']}: {failures[0]['why']}"
            tell(
                f"{pair[0]}: {len(failures)} of {answer['tasks']} routes and controls fail without a fault, and catch none. {first}"
            )
    return found


def _in_parallel(
    spaces: Sequence[Workspace], items: Sequence[Any], work: Callable[[Workspace, Any], Any]
) -> Iterator[tuple[Any, Any]]:
    """Every item with what ``work`` made of it, in the order in which they are done; a
    thread for each workspace."""
    waiting: SimpleQueue[Any] = SimpleQueue()
    done: SimpleQueue[Any] = SimpleQueue()
    for item in items:
        waiting.put(item)

    def serve(space: Workspace) -> None:
        try:
            while True:
                item = waiting.get_nowait()
                done.put((item, work(space, item)))
        except Empty:
            return
        except BaseException as error:  # noqa: BLE001  told to the thread that waits
            done.put((None, error))

    threads = [threading.Thread(target=serve, args=(space,), daemon=True) for space in spaces]
    for thread in threads:
        thread.start()
    for _ in items:
        item, found = done.get()
        if isinstance(found, BaseException):
            raise found
        yield item, found


def _result(key: str, fault: Fault, answer: dict[str, Any]) -> Result:
    if answer["ended"] in ("time", "death"):
        return Result(key, fault.id, "lost", why=answer["why"])
    if answer["ended"] == "import":
        return Result(key, fault.id, "caught", claim=fault.claims[0], status="ERRORED", why=answer["why"])
    if not answer["tasks"]:
        return Result(
            key, fault.id, "lost", why="no route and no control of its claims comes out as it should without a fault"
        )
    if not answer["failures"]:
        return Result(key, fault.id, "equivalent" if fault.equivalent else "survived")
    found = answer["failures"][0]
    named = {name: found[name] for name in ("claim", "route", "control", "obligation", "status", "why")}
    return Result(key, fault.id, "caught", **named)


def _keys(faults: Sequence[Fault], files: Sequence[Path]) -> dict[str, str]:
    """From a fault's id to a hash of it, of the claims that judge it and of all their
    code."""
    collection = Collection(plugins=False)
    own = "".join(
        hashlib.sha256(path.read_bytes()).hexdigest() for file in files for path in sorted(file.parent.glob("*.py"))
    )
    hashes: dict[str, str] = {}
    for claim in dict.fromkeys(claim for fault in faults for claim in fault.claims):
        if ":" in claim and files:
            hashes[claim] = own
        else:
            page = collection[claim].page
            hashes[claim] = provenance.code_hash(page.module, page.origin)
    return {
        fault.id: hashlib.sha256(
            canonical([asdict(fault) | {"origin": ""}, [hashes[claim] for claim in fault.claims]]).encode()
        ).hexdigest()
        for fault in faults
    }


def _read(known: Path | None) -> dict[str, Result]:
    if known is None or not known.is_file():
        return {}
    found: dict[str, Result] = {}
    for line in known.read_text(encoding="utf-8", errors="replace").splitlines():
        with suppress(ValueError, TypeError, RecursionError):  # a line that was cut: its fault is judged again
            result = Result(**json.loads(line))
            found[result.key] = result
    return found


def _append(known: Path | None, result: Result) -> None:
    if known is not None:
        known.parent.mkdir(parents=True, exist_ok=True)
        with known.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result)) + "\n")
