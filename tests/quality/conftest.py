"""What the tests of planted faults share: a page's route, run at the cases of the test's own module and judged."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from numerics.streams import Stream
from proofs_checks import kernel

Statuses = Callable[[ModuleType, str], set[kernel.Status]]

collect_ignore = ["pretended_device.py", "endurance"]  # test_pretended_device.py runs the one, `make endure` the others


@pytest.fixture
def statuses(request: pytest.FixtureRequest) -> Statuses:
    """From a page and a route to the statuses at ``CASES[page, route]`` of the module that asks; a route without cases is run once."""
    cases = request.module.CASES

    def judged(page: ModuleType, route: str) -> set[kernel.Status]:
        found = set()
        for k, case in enumerate(cases.get((page, route), [None]), start=1):
            given: dict[str, Any] = {} if case is None else {"case": case, "stream": Stream(1000 + k)}
            evidence = getattr(page, route)(**given)
            found.add(kernel.judge(evidence, route=route, alpha=kernel.level(k), case=case).status)
        return found

    return judged
