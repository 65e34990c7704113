"""``preality new``: a claim file and its test, which run as they stand and are there to
be changed."""

from __future__ import annotations

import re
from pathlib import Path

from proofs_checks.claim.collection import Collection
from proofs_checks.errors import InputError

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
_ID = re.compile(r"(?:[a-z0-9_.-]+:)?(?P<topic>[a-z][a-z0-9-]*)\.(?P<slug>[a-z][a-z0-9-]*)")


def write_claim(claim_id: str, folder: Path) -> tuple[Path, Path]:
    """Write ``topic_slug.py`` and ``test_topic_slug.py`` into ``folder`` and return
    their paths.

    Raises:
        InputError: not an id, the id of a built-in claim, no such folder, or a file
            that is there already; nothing is overwritten.
    """
    parts = _ID.fullmatch(claim_id)
    if parts is None:
        raise InputError(f"Expected an id like topic.slug in lower case, with dashes inside words, got {claim_id!r}.")
    if claim_id in Collection():
        raise InputError(f"{claim_id} is in the catalogue already; ids are permanent, so choose another.")
    if not folder.is_dir():
        raise InputError(f"There is no folder {str(folder)!r}; make it first.")
    name = f"{parts['topic']}_{parts['slug']}".replace("-", "_")
    paths = folder / f"{name}.py", folder / f"test_{name}.py"
    words = {"@ID@": claim_id, "@KEY@": claim_id, "@FILE@": paths[0].name, "@TEST@": paths[1].name}
    texts = [_filled(TEMPLATES / template, words) for template in ("claim.py.txt", "test_claim.py.txt")]
    if present := [path for path in paths if path.exists()]:
        raise InputError(f"{str(present[0])!r} is there already, and is left as it is. Choose another id, or --folder.")
    for path, text in zip(paths, texts, strict=True):
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise InputError(f"{str(path)!r} cannot be written: {error.strerror}.") from None
    return paths


def _filled(template: Path, words: dict[str, str]) -> str:
    text = template.read_text(encoding="utf-8")
    for mark, word in words.items():
        text = text.replace(mark, word)
    return text
