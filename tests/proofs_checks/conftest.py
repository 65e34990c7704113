"""The command line in this process, and made-up results: one of every kind, and one in which every string is hostile."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from proofs_checks.claim.claim import Claim
from proofs_checks.claim.page import ControlPage, Erratum, Page, RoutePage
from proofs_checks.cli import main
from proofs_checks.findings import AuditReport, Finding
from proofs_checks.kernel import Scope, Status, Verdict, aggregate
from proofs_checks.report.formats import Run, render_html
from proofs_checks.run.results import ClaimResult

HOSTILE = (
    '<script>window.pwned=1;alert(1)</script><img src=x onerror="window.pwned=1">\'"</style></title>]]><!-- '
    '<svg onload=window.pwned=1><a href="javascript:window.pwned=1">x</a> {{ 7*7 }} {% raw %} ```\n# h\n| \u202egnp.exe\u2066 \x00\x01\x1b[31m\x7f\x85 \ud800\ufffe &lt;b&gt; $x$ \\'
)
STATEMENT = r"\log\mathrm{Bern}\left(y\mid\tfrac12\right) = -\log 2 \ (y\in\{0,1\}), \qquad p_{f(X)}(f(x)) = p_X(x)\,\left|\det\frac{\partial f}{\partial x}\right|^{-1} \quad\text{for almost every } x \in \mathbb{R}^D"


class DrawnClaim(Claim):
    """A claim whose page of code is given, so that nothing has to be imported."""

    def __init__(self, page: Page, draw: Any = None) -> None:
        super().__init__(page)
        module = ModuleType("made_up_claim")
        if draw is not None:
            module.figure = draw  # type: ignore[attr-defined]
        self.__dict__["code"] = module

    code = None  # type: ignore[assignment]


def plain_figure() -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 2.6))
    axes = figure.subplots()
    grid = [k / 60 for k in range(-180, 181)]
    axes.plot(grid, [x**3 / 9 for x in grid], label="pushed")
    axes.fill_between(grid, [abs(x) for x in grid], color="navy", alpha=0.3, label="<script>alert(1)</script>")
    axes.axhline(0, color="0.6", linewidth=0.7)
    axes.set_xlabel("$x_1$ and <b>bold</b>")
    axes.set_ylabel("density")
    axes.legend()
    return figure


def make_page(claim_id: str = "anomaly.change-of-variables", **changes: Any) -> Page:
    fields: dict[str, Any] = {
        "id": claim_id,
        "title": "Densities change by the Jacobian",
        "statement": STATEMENT,
        "plain": "Push a sample through a bijection, and its density is divided by the volume that the bijection creates.",
        "assumptions": ("f is a bijection, differentiable almost everywhere", "f maps null sets to null sets"),
        "source": ("lelan2021",),
        "routes": {
            "exact": RoutePage("The fundamental theorem of calculus with an undefined f and p"),
            "numeric": RoutePage("Autograd's slogdet against the map's own inverse", {"D": (1.0, 64.0)}),
        },
        "controls": {
            "exponent-plus-one": ControlPage("The density is multiplied by the Jacobian", ("exact", "numeric")),
            "every-x": ControlPage("The formula holds at every x, with a bounded density", ("exact",)),
        },
        "not_proved": ("maps that are not differentiable on a set of positive measure",),
        "errata": (Erratum("the density is multiplied", "It is divided, almost everywhere.", "exponent-plus-one"),),
        "omissions": (("the Cantor bijection by enclosure", "it needs a formal route"),),
        "caption": "A cube and what it does to a bell.",
    }
    return Page(**{**fields, **changes})


def make_record(claim: str, route: str, verdict: Verdict, *, control: str = "", **changes: Any) -> dict[str, Any]:
    record = {
        "version": 1, "claim": claim, "route": route, "control": control, "k": 1, "case": {"D": 64, "size": 4096}, "seed": 0, "profile": "quick",
        "device": "cpu", "device_name": "a processor", "dtype": "float64", "threads": 1, "versions": {"python": "3.11.2", "torch": "2.13.0"},
        "code": "c0de" * 16, "verdict": verdict.plain(), "seconds": 0.25, "traceback": None, "first": None, "address": "12:7",
    }  # fmt: skip
    return {**record, **changes}


def make_result(
    page: Page,
    routes: dict[str, Verdict],
    controls: dict[tuple[str, str], Verdict],
    *,
    requires: Any = None,
    **changes: Any,
) -> ClaimResult:
    records = [make_record(page.id, name, verdict, **changes) for name, verdict in routes.items()]
    records += [
        make_record(page.id, route, verdict, control=name, **changes) for (name, route), verdict in controls.items()
    ]
    weak = [(name, verdict) for (name, _), verdict in controls.items()]
    status, why, given = aggregate(routes, weak, declared=list(page.routes), requires=requires)
    return ClaimResult(page.id, page.title, status, why, given, routes, controls, 0.25 * len(records), tuple(records))


def good_routes() -> dict[str, Verdict]:
    exact = Verdict(
        Status.HOLDS,
        "exact",
        "",
        Scope(quantifiers=("every D >= 1", "every function f"), given=("Derivative(f(x), x) > 0",)),
    )
    scope = Scope(
        ranges={"D": (1.0, 64.0)},
        kinds={"family": ("sinh", "affine")},
        cases=8,
        points=32768,
        given=("f is C^8",),
        estimated=("quadrature",),
    )
    note = "loose bound: 2e-07 of it is used"
    numeric = Verdict(
        Status.HOLDS,
        "numeric",
        "",
        scope,
        None,
        3.1e-13,
        4.4e-12,
        0.07,
        (note,),
        ("8 n eps cond, Higham 2002, section 3.1",),
    )
    return {"exact": exact, "numeric": numeric}


def good_controls() -> dict[tuple[str, str], Verdict]:
    return {
        ("exponent-plus-one", "exact"): Verdict(Status.HOLDS, "exact", margin=1e57),
        ("exponent-plus-one", "numeric"): Verdict(Status.HOLDS, "numeric", residual=0.8, bound=4e-12, margin=2e11),
        ("every-x", "exact"): Verdict(Status.HOLDS, "exact"),
    }


class Outcome(NamedTuple):
    """What a command line came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """The command line in this process: arguments in, outcome out."""

    def run(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def run() -> Run:
    return make_run()


@pytest.fixture
def sample() -> tuple[list[ClaimResult], dict[str, Claim]]:
    return make_sample()


@pytest.fixture(scope="session")
def sample_page() -> str:
    return render_html(*make_sample(), make_run())


def make_run() -> Run:
    return Run(
        "12",
        "2025-03-01T10:20:30+00:00",
        "quick",
        0,
        "cpu",
        "a processor, 2 cores",
        {"python": "3.11.2", "torch": "2.13.0"},
        "d1" * 32,
        True,
        "preality verify",
        (make_audit(),),
    )


def make_audit() -> AuditReport:
    """An audit's findings, every string of them hostile."""
    findings = [Finding(HOSTILE, status, HOSTILE, {HOSTILE: HOSTILE}) for status in Status]
    provenance = {"command": HOSTILE, "versions": {HOSTILE: HOSTILE}}
    return AuditReport(HOSTILE, HOSTILE, findings, HOSTILE, HOSTILE, {HOSTILE: float("nan")}, provenance)


def make_sample() -> tuple[list[ClaimResult], dict[str, Claim]]:
    """Six claims: holding with a figure, refuted with a conflict, errored, undecided, conditional, and hostile in every string."""
    pages = {
        "holds": make_page(),
        "refuted": make_page("hyperbolic.tree-embedding", title="Sarkar's trees are barely bent", caption="", errata=()),
        "errored": make_page("groups.maschke", title="Invariant subspaces have invariant complements", statement=r"\frac{1}{", omissions=()),
        "undecided": make_page("groups.d4-irreps", title="The square's group has five irreducible representations", omissions=()),
        "conditional": make_page(
            "anomaly.arbitrary-score", title="Any score is some density", requires=("groups.maschke",), errata=(),
            routes={"exact": RoutePage("Fibre by fibre"), "numeric": RoutePage("By quadrature"), "statistical": RoutePage("A pushed histogram")},
        ),
        "hostile": make_page(
            "mine:anomaly.hostile", title=HOSTILE, statement=rf"x = \text{{{HOSTILE}}}", plain=HOSTILE, assumptions=(HOSTILE,), source=(HOSTILE,),
            not_proved=(HOSTILE,), errata=(Erratum(HOSTILE, HOSTILE, "hostile"),), omissions=((HOSTILE, HOSTILE),), caption=HOSTILE,
            routes={"exact": RoutePage(HOSTILE), "numeric": RoutePage(HOSTILE)}, controls={"hostile": ControlPage(HOSTILE, ("exact", "numeric"))},
            requires=(HOSTILE,),
        ),
    }  # fmt: skip
    refutation = Verdict(
        Status.REFUTED,
        "numeric",
        "The residual 3 is 700 times its bound 0.0043.",
        Scope(points=10),
        {"tau": 1.25},
        3.0,
        0.0043,
        700.0,
    )
    failed = Verdict(Status.ERRORED, "numeric", "ZeroDivisionError: division by zero")
    weak = Verdict(
        Status.UNDECIDED, "numeric", "The bound reaches 3, and nothing above 0.1 tells the claim from its neighbours."
    )
    toothless = {
        **good_controls(),
        ("every-x", "exact"): Verdict(Status.UNDECIDED, "exact", "The falsehood came out HOLDS, not REFUTED."),
    }
    evil = Scope(quantifiers=(HOSTILE,), kinds={HOSTILE: (HOSTILE,)}, given=(HOSTILE,), estimated=(HOSTILE,))
    evil_verdict = Verdict(
        Status.ERRORED,
        "numeric",
        HOSTILE,
        evil,
        {HOSTILE: HOSTILE},
        float("inf"),
        1.0,
        float("inf"),
        (HOSTILE,),
        (HOSTILE,),
    )
    exact = good_routes()["exact"]
    sampled = Verdict(
        Status.HOLDS,
        "statistical",
        "",
        Scope(cases=3, points=10**9),
        None,
        0.002,
        0.013,
        0.15,
        (),
        ("dkw at level 1e-13",),
    )
    results = [
        make_result(pages["holds"], good_routes(), good_controls()),
        make_result(pages["refuted"], {"exact": exact, "numeric": refutation}, good_controls(), first={"case": {"D": 65}, "verdict": {}}),
        make_result(pages["errored"], {"exact": exact, "numeric": failed}, good_controls(), traceback='Traceback:\n  File "a.py", line 3\nZeroDivisionError'),
        make_result(pages["undecided"], {"exact": exact, "numeric": weak}, toothless),
        make_result(pages["conditional"], {**good_routes(), "statistical": sampled}, good_controls(), requires={"groups.maschke": Status.ERRORED}),
        make_result(
            pages["hostile"], {"exact": exact, "numeric": evil_verdict}, {("hostile", "exact"): evil_verdict, ("hostile", "numeric"): evil_verdict},
            traceback=HOSTILE, case={HOSTILE.replace("\ud800", ""): HOSTILE}, address=HOSTILE,
        ),
    ]  # fmt: skip
    figures = {"holds": plain_figure, "conditional": plain_figure}
    return results, {page.id: DrawnClaim(page, figures.get(name)) for name, page in pages.items()}
