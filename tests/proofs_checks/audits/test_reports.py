"""Every kind of audit prints as its findings, draws its picture, tells its progress, and keeps its findings when interrupted."""

from __future__ import annotations

import json
import pickle
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from proofs_checks import audit, exits
from proofs_checks.audits import KINDS
from proofs_checks.audits.report_files import read_audit, to_json
from proofs_checks.findings import AuditReport, Finding, Findings, Interrupted
from proofs_checks.kernel import Status
from proofs_checks.report.html import render_audit_html

ROOT = Path(__file__).resolve().parents[3]
NORMAL = torch.distributions.MultivariateNormal(torch.zeros(2).double(), torch.eye(2).double())


def points(n: int, spread: float = 1.0, seed: int = 0) -> torch.Tensor:
    return spread * torch.randn(n, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Classes(torch.nn.Module):
    """A Gaussian for each of two labels, with means that both heads read."""

    def __init__(self) -> None:
        super().__init__()
        self.means = torch.nn.Parameter(torch.tensor([[-1.0, 0.0], [1.0, 0.0]]))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        joint = -((x[:, None] - self.means) ** 2).sum(-1) / 2
        return joint, torch.logsumexp(joint, 1) - 2.5310242469692907


@cache
def made(kind: str) -> AuditReport:
    """A small report of each kind."""
    return small(kind)


def small(kind: str, **more: Any) -> AuditReport:
    """A small audit of each kind, with further options."""
    objects: dict[str, Callable[[], Any]] = {
        "group": lambda: audit.group(ROOT / "examples" / "not_a_group.csv"),
        "representation": lambda: audit.representation(ROOT / "examples" / "lecture_d4.json"),
        "equivariance": lambda: audit.equivariance(ROOT / "examples" / "equivariance_zero_padding.json"),
        "pit": lambda: audit.pit(points(200), NORMAL, **more),
        "typicality": lambda: audit.typicality(NORMAL, points(100), points(60, 2.0, 1), points=40, **more),
        "density": lambda: audit.density(NORMAL, points(60), points(40, 2.0, 1), points=40, **more),
        "entangle": lambda: audit.entangle(
            lambda z: z, [torch.distributions.Normal(0.0, 1.0)] * 2, samples=1000, **more
        ),
        "flow": lambda: audit.flow(NORMAL, seconds=5.0, **more),
        "hybrid": lambda: audit.hybrid(Classes(), points(40), torch.arange(40) % 2, seconds=5.0, **more),
        "embedding": lambda: audit.embedding([(0, 1), (0, 2), (0, 3), (3, 4)], sarkar=3.0, **more),
        "fit": lambda: audit.fit(points(200), points(200, 1.0, 1), **more),
        "score": lambda: audit.score(lambda x: -x, points(200), **more),
        "rate_distortion": lambda: audit.rate_distortion(lambda z: z, 2, points(40), samples=1 << 10, calls=20, **more),
        "disentangled": lambda: audit.disentangled(points(12).reshape(1, 3, 4, 2), **more),
        "wrapped": lambda: audit.wrapped(NORMAL, points(200), model="normal", **more),
    }
    return objects[kind]()


@pytest.fixture(params=sorted(KINDS))
def report(request: pytest.FixtureRequest) -> AuditReport:
    return made(request.param)


class Outline(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_a_report_prints_as_its_findings(report: AuditReport, capsys: pytest.CaptureFixture[str]) -> None:
    print(report)
    assert capsys.readouterr().out == f"{report.text()}\n"
    assert repr(report) == str(report) == report.text()
    assert all(finding.name in report.text() for finding in report.findings)
    assert "tensor(" not in repr(report)
    assert "facts=" not in repr(report)


def test_a_dataclass_decorator_does_not_change_how_a_report_prints() -> None:
    @dataclass
    class Late(AuditReport):
        weights: Any = None

    assert repr(Late("late", "x", [], "m", "n", weights=torch.zeros(3))).startswith("late audit of x")


def test_a_report_draws_its_picture(report: AuditReport) -> None:
    assert isinstance(report.figure(), Figure)


def test_a_notebook_shows_the_findings_and_the_picture(report: AuditReport) -> None:
    tags = Outline(report._repr_html_()).tags
    assert sum(tag == "tr" for tag, _ in tags) == len(report.findings)
    (image,) = [attributes for tag, attributes in tags if tag == "img"]
    assert str(image["src"]).startswith("data:image/svg+xml;base64,")
    assert not any(tag == "script" for tag, _ in tags)


def test_the_page_is_self_contained_and_holds_the_picture(report: AuditReport) -> None:
    page = render_audit_html(report)
    outline = Outline(page)
    (policy,) = [
        a["content"] for tag, a in outline.tags if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert "default-src 'none'" in str(policy)
    assert "script-src 'none'" in str(policy)
    assert not any(
        tag == "script" or str(a.get("src", "data:")).startswith("http") or str(a.get("href", "#"))[:1] not in "#d"
        for tag, a in outline.tags
    )
    assert any(tag == "svg" for tag, _ in outline.tags), re.findall(r"The figure [^<]*", page)
    assert all(tag != "style" or "style" not in a for tag, a in outline.tags)


def test_a_stored_report_keeps_its_picture(report: AuditReport, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text(to_json(report), encoding="utf-8")
    stored = read_audit(tmp_path / "f.json")
    assert stored.text() == report.text()
    assert isinstance(stored.figure(), Figure)


def test_hostile_findings_stay_text_in_a_notebook_and_on_a_page() -> None:
    hostile = "<script>alert(1)</script>\x1b[31m $\\text{<b>}$"
    report = AuditReport("none", hostile, [Finding(hostile, Status.HOLDS, hostile)], hostile, hostile)
    for page in (report._repr_html_(), render_audit_html(report)):
        assert not any(
            tag in ("script", "b") and not attributes for tag, attributes in Outline(page).tags if tag == "script"
        )
        assert "\x1b" not in page
        assert "<script>alert" not in page
    assert not report.has_picture
    with pytest.raises(ValueError, match="no picture"):
        report.figure()


@pytest.mark.parametrize("kind", ["../x", "face", "stored", "", "os"])
def test_a_kind_without_a_picture_has_none(kind: str) -> None:
    assert not AuditReport(kind, "s", [], "m", "n", {"a": 1}).has_picture


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        ("pit", "the model's distribution functions at the samples"),
        ("typicality", "the model and its points"),
        ("entangle", "the model and its twin"),
    ],
)
def test_stages_are_told_as_they_begin(kind: str, first: str) -> None:
    told: list[tuple[float, str]] = []

    def progress(share: float, what: str) -> None:
        told.append((share, what))

    calls = {
        "pit": lambda: audit.pit(points(100), NORMAL, progress=progress),
        "typicality": lambda: audit.typicality(NORMAL, points(60), points=20, progress=progress),
        "entangle": lambda: audit.entangle(
            lambda z: z, [torch.distributions.Normal(0.0, 1.0)] * 2, samples=200, progress=progress
        ),
    }
    calls[kind]()
    assert told[0][1] == first
    assert len(told) >= 3
    assert all(0 <= share <= 1 for share, _ in told)
    assert [share for share, _ in told] == sorted(share for share, _ in told)


def test_an_interruption_carries_the_findings_of_the_stages_before() -> None:
    findings = Findings(stages=2)
    with findings.stage("first"):
        findings.append(Finding("a", Status.HOLDS, "t"))
    with pytest.raises(Interrupted) as stop, findings.stage("second"):
        raise KeyboardInterrupt
    assert [finding.name for finding in stop.value.findings] == ["a"]
    assert isinstance(stop.value, KeyboardInterrupt), "whoever knows nothing of audits is interrupted all the same"


def test_ctrl_c_prints_what_was_found(tmp_path: Path, call: Callable[..., Any]) -> None:
    (tmp_path / "mine.py").write_text(
        "import torch\n"
        "torch.manual_seed(0)\n"
        "def decoder(z):\n"
        "    if len(z) == 1000:  # the first draws that are compared\n"
        "        raise KeyboardInterrupt\n"
        "    return z\n"
        "prior = [torch.distributions.Normal(0.0, 1.0)] * 2\n"
        "samples = 2000\n",
        encoding="utf-8",
    )
    outcome = call("audit", "entangle", tmp_path / "mine.py", "--json", tmp_path / "out.json")
    assert outcome.code == exits.INTERRUPTED
    assert "f preserves the prior" in outcome.out
    assert "identical samples" not in outcome.out
    assert "Interrupted after 4 findings" in outcome.err
    assert not (tmp_path / "out.json").exists()


def test_the_command_writes_the_page(tmp_path: Path, call: Callable[..., Any]) -> None:
    outcome = call(
        "audit", "group", ROOT / "examples" / "klein.csv", "--html", tmp_path / "v.html", "--json", tmp_path / "v.json"
    )
    assert outcome.code == exits.HOLDS
    assert "<svg" in (tmp_path / "v.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))["audit"] == "group"


WITH_PROGRESS = sorted(set(KINDS) - {"group", "representation", "equivariance"})  # these three take no time


@pytest.mark.parametrize("kind", WITH_PROGRESS)
def test_an_interruption_at_the_last_moment_keeps_what_was_found(kind: str) -> None:
    """Ctrl-C falls where progress is told for the last time, the likeliest place of all that the bar is."""
    told: list[float] = []
    small(kind, progress=lambda share, what: told.append(share))
    last, calls = len(told), [0]
    assert last

    def stop(share: float, what: str) -> None:
        calls[0] += 1
        if calls[0] == last:
            raise KeyboardInterrupt

    try:
        found = small(kind, progress=stop).findings
    except Interrupted as interrupted:
        found = interrupted.findings
    assert calls[0] >= last
    assert found


STATES = {
    "numpy": lambda: str(np.random.get_state()[1].tolist()),
    "python": lambda: str(random.getstate()),
    "torch": lambda: str(torch.get_rng_state().tolist()),
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_audit_moves_the_random_numbers_of_its_user(kind: str) -> None:
    before = {name: state() for name, state in STATES.items()}
    small(kind)
    assert {name: state() for name, state in STATES.items()} == before


@pytest.mark.parametrize(
    "kind", ["hybrid", "flow", "density", "score", "pit", "typicality", "rate_distortion", "entangle"]
)
def test_no_audit_changes_a_module_bit_by_bit(kind: str) -> None:
    """Parameters, buffers, gradients and mode of a module that is handed in."""
    torch.manual_seed(3)
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Identity()).double().eval()
    with torch.no_grad():
        net[0].weight.copy_(torch.eye(2) + 0.1)
    log_det = torch.linalg.slogdet(net[0].weight.detach()).logabsdet

    class Flow(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def log_prob(self, x: torch.Tensor) -> torch.Tensor:
            return NORMAL.log_prob(self.net(x)) + log_det

    flow = Flow().eval()
    calls: dict[str, Callable[[], Any]] = {
        "hybrid": lambda: audit.hybrid(classes, points(40), torch.arange(40) % 2, seconds=5.0),
        "flow": lambda: audit.flow(flow, points(64), seconds=5.0),
        "density": lambda: audit.density(flow, points(60), points(40, 2.0, 1), points=24),
        "score": lambda: audit.score(net, points(200)),
        "pit": lambda: audit.pit(points(100), flow),
        "typicality": lambda: audit.typicality(flow, points(60), points(40, 2.0, 1), points=24),
        "rate_distortion": lambda: audit.rate_distortion(net, 2, points(40), samples=1 << 10, calls=20),
        "entangle": lambda: audit.entangle(net, [torch.distributions.Normal(0.0, 1.0)] * 2, samples=1000),
    }
    classes = Classes()
    objects = [flow, net, classes]
    before = [
        (
            pickle.dumps({k: v.tolist() for k, v in one.state_dict().items()}),
            one.training,
            [p.grad for p in one.parameters()],
        )
        for one in objects
    ]
    calls[kind]()
    after = [
        (
            pickle.dumps({k: v.tolist() for k, v in one.state_dict().items()}),
            one.training,
            [p.grad for p in one.parameters()],
        )
        for one in objects
    ]
    assert after == before
