"""One digest everywhere: ``python digests.py [--files N] [CLAIM ...]`` (the whole catalogue where none is named).

Cases: each claim alone against all together, under two hash seeds, from an installed wheel, and with another version of
Hypothesis (where pip can fetch these; the draw may then differ, and the record says why). Verdicts: one, two and three
processes, and beside N files of other people's that change, raise or keep running what they can.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
DRAWING = Path(__file__).parent / "drawing.py"
OTHER_HYPOTHESIS = "6.140.0"  # the oldest that is allowed


def python(*arguments: str, path: list[str], hash_seed: str = "0") -> str:
    """What a process prints, in a folder that holds none of the code."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONHASHSEED": hash_seed,
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd="/",
        timeout=3000,
    )
    return done.stdout


def pip(*arguments: str) -> bool:
    """Whether pip did it."""
    return (
        subprocess.run(
            [sys.executable, "-m", "pip", "--quiet", *arguments], check=False, capture_output=True
        ).returncode
        == 0
    )


def cases(folder: Path, claims: list[str]) -> dict[str, Any]:
    """How many tasks were drawn, and whether each circumstance draws the same."""
    together = json.loads(python(str(DRAWING), *claims, path=[str(ROOT)]))
    found: dict[str, Any] = {"tasks": len(together)}
    found["each alone, another hash seed"] = together == json.loads(
        python(str(DRAWING), "alone", *claims, path=[str(ROOT)], hash_seed="7")
    )
    if pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT)):
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            wheel.extractall(folder / "wheel")
        found["from the wheel"] = together == json.loads(
            python(str(DRAWING), *claims, path=[str(folder / "wheel")], hash_seed="1")
        )
    else:
        found["from the wheel"] = "not tried: pip built none"
    if pip("install", "--no-deps", "--target", str(folder / "hypothesis"), f"hypothesis=={OTHER_HYPOTHESIS}"):
        path = [str(folder / "hypothesis"), str(ROOT)]
        found[f"hypothesis {OTHER_HYPOTHESIS} draws the same"] = together == json.loads(
            python(str(DRAWING), *claims, path=path)
        )
        found[f"and the record says {OTHER_HYPOTHESIS}"] = OTHER_HYPOTHESIS in python(
            "-c", "from proofs_checks.claim.provenance import versions; print(versions()['hypothesis'])", path=path
        )
    else:
        found[f"hypothesis {OTHER_HYPOTHESIS}"] = "not tried: pip fetched none"
    return found


def verdicts(
    folder: Path, claims: list[str], jobs: int, files: list[str] | tuple[str, ...] = ()
) -> tuple[str, dict[str, str]]:
    """The digest of the catalogue's own records in a run, and each claim's status."""
    from proofs_checks.run.checks import digest

    report = folder / f"{jobs}-{len(files)}.json"
    command = [
        sys.executable,
        "-m",
        "proofs_checks",
        "verify",
        *claims,
        *files,
        f"--jobs={jobs}",
        f"--ledger={folder / 'l.sqlite'}",
        f"--json={report}",
    ]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False, capture_output=True, timeout=3000)
    told = json.loads(report.read_text(encoding="utf-8"))
    own = [record for record in told["records"] if ":" not in record["claim"]]
    return digest(own), {claim["id"]: claim["status"] for claim in told["claims"] if ":" not in claim["id"]}


def others(folder: Path, count: int) -> list[str]:
    """Files of other people's, of every kind in turn."""
    place = ROOT / "tests" / "proofs_checks" / "run" / "test_other_code.py"
    spec = importlib.util.spec_from_file_location("other_code", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = []
    for k in range(count):
        name = list(module.FILES)[k % len(module.FILES)]
        path = folder / f"{name}{k}.py"
        path.write_text(module.FILES[name], encoding="utf-8")
        made.append(str(path))
    return made


def main(arguments: list[str]) -> int:
    """Run one command line."""
    count = 0
    if "--files" in arguments:
        at = arguments.index("--files")
        count = int(arguments[at + 1])
        del arguments[at : at + 2]
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        drawn = cases(folder, arguments)
        print(json.dumps(drawn), flush=True)
        claims = arguments or list(__import__("proofs_checks").claims)
        found = {str(jobs): verdicts(folder, claims, jobs) for jobs in (1, 2, 3)}
        if count:
            found[f"beside {count} files"] = verdicts(folder, claims, 2, others(folder, count))
    same = (
        len({digest for digest, _ in found.values()}) == 1
        and len({json.dumps(statuses) for _, statuses in found.values()}) == 1
    )
    print(
        json.dumps(
            {"claims": len(claims), "digests": {name: digest for name, (digest, _) in found.items()}, "same": same}
        )
    )
    return bool(not same or not all(value for name, value in drawn.items() if "hypothesis" not in name))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
