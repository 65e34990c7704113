"""Cases drawn by Hypothesis as a pure function of (strategy, count, seed): the same in
any process, whatever else was imported there.

Hypothesis mixes constants of the modules that happen to be loaded into its draws;
:class:`proofs_checks.run.hypothesis_provider.SeedOnly` leaves them out, so that the cases of a
task do not depend on what its worker ran before.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proofs_checks.kernel import Case

BACKEND = "preality-seed-only"


def draw(strategy: Any, count: int, seed: int) -> list[Case]:
    """The first ``count`` different cases that Hypothesis generates from ``strategy``
    under ``seed``."""
    import hypothesis

    found: dict[Case, None] = {}

    @hypothesis.seed(seed)
    @_settings(4 * count, [hypothesis.Phase.generate])
    @hypothesis.given(strategy)
    def collect(case: Case) -> None:
        if len(found) < count:
            found.setdefault(case)

    collect()
    return list(found)


def shrink(strategy: Any, refuted: Callable[[Case], bool], seed: int) -> Case | None:
    """A simple case for which ``refuted`` is true; None where Hypothesis finds none."""
    import hypothesis
    from hypothesis.errors import Flaky, NoSuchExample, Unsatisfiable

    try:
        return hypothesis.find(
            strategy, refuted, random=random.Random(seed),
            settings=_settings(100, [hypothesis.Phase.generate, hypothesis.Phase.shrink]),
        )  # fmt: skip
    except (NoSuchExample, Flaky, Unsatisfiable):
        return None


def _settings(examples: int, phases: list[Any]) -> Any:
    import hypothesis

    _leave_no_files()
    return hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=phases,
        suppress_health_check=list(hypothesis.HealthCheck),  # pyright: ignore[reportArgumentType]
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=hypothesis.Verbosity.quiet,
        backend=_seed_only(),
    )


def _seed_only() -> str:
    """The name of the source of choices, registered with Hypothesis."""
    from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS

    return AVAILABLE_PROVIDERS.setdefault(BACKEND, "proofs_checks.run.hypothesis_provider.SeedOnly") and BACKEND


def _leave_no_files() -> None:
    """Hypothesis keeps what it remembers outside the folder in which the user works."""
    from hypothesis.configuration import set_hypothesis_home_dir

    if "HYPOTHESIS_STORAGE_DIRECTORY" not in os.environ:
        try:
            folder = tempfile.gettempdir()
        except OSError:  # nothing can be written anywhere; then nothing will be
            folder = os.devnull
        set_hypothesis_home_dir(Path(folder) / f"preality-hypothesis-{os.getuid() if hasattr(os, 'getuid') else 0}")
