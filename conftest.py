"""Settings of the whole suite: Hypothesis profiles with every field written out, and what may skip."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import hypothesis
import pytest
from hypothesis.configuration import set_hypothesis_home_dir

collect_ignore = ["docs/conf.py", "docs/_ext"]  # Sphinx's; tests/quality/test_site.py builds the site

set_hypothesis_home_dir(Path(tempfile.gettempdir()) / f"preality-hypothesis-{os.getuid()}")

# A ledger of its own: that of whoever runs the tests may be of another release, and is not to be written to.
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="preality-tests-")


def _profile(name: str, examples: int, *, derandomize: bool) -> None:
    hypothesis.settings.register_profile(
        name,
        max_examples=examples,
        derandomize=derandomize,
        database=None,
        deadline=None,
        stateful_step_count=30,
        print_blob=True,
        report_multiple_bugs=True,
        suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large],
        verbosity=hypothesis.Verbosity.normal,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate, hypothesis.Phase.shrink],
    )


_profile("dev", 25, derandomize=False)
_profile("ci", 25, derandomize=True)
_profile("deep", 2000, derandomize=False)
hypothesis.settings.load_profile(os.environ.get("PREALITY_HYPOTHESIS", "ci" if os.environ.get("CI") else "dev"))


@pytest.fixture(autouse=True)
def _same_global_stream() -> None:
    """Code of others draws from torch's global generator (torch.distributions, zuko): every test begins with it in the same state."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The nodes of a claim stand together, its own last: it is made of the records of its routes and controls, which a worker makes once."""
    places = [k for k, item in enumerate(items) if item.path.name == "test_claims.py" and hasattr(item, "callspec")]
    nodes = sorted((items[k] for k in places), key=lambda item: item.callspec.params["claim_id"])
    for place, node in zip(places, nodes, strict=True):
        items[place] = node


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """With ``PREALITY_SKIPS=cuda-only`` a skip for any reason but a missing CUDA device fails: a check that did not run is no check."""
    report = yield
    if report.skipped and os.environ.get("PREALITY_SKIPS") == "cuda-only" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if (
            "cuda" not in reason.lower() and "data is not there" not in reason
        ):  # nor one for trees that are kept beside the project
            report.outcome, report.longrepr = "failed", f"{item.nodeid} may not skip here: {reason}"
    return report
