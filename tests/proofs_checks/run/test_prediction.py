"""How long a deep run takes, from records of a pilot."""

from __future__ import annotations

from typing import Any

import pytest

from proofs_checks.cli import verify_command as command
from proofs_checks.run import checks
from proofs_checks.run.interactive import Catalogue
from proofs_checks.run.prediction import Prediction, pilot_plans, predict
from proofs_checks.run.workers import Plan


def plan(*ids: str, profile: str = "deep") -> Plan:
    catalogue = Catalogue(plugins=False)
    return Plan([catalogue[name] for name in ids], profile, 0, "cpu")


def record(
    route: str, size: int | None, seconds: float, *, control: str = "", profile: str = "quick"
) -> dict[str, Any]:
    case = {} if size is None else {"size": size}
    return {
        "claim": "hybrid.value-imbalance",
        "route": route,
        "control": control,
        "case": case,
        "seconds": seconds,
        "profile": profile,
    }


def test_statistical_checks_cost_a_constant_and_an_amount_a_point() -> None:
    deep = plan("hybrid.value-imbalance")
    (claim,) = deep.claims
    sizes = [
        trial.case.plain()["size"]
        for trial in checks.trials(claim, checks.Task(claim.id, "statistical"), deep.settings)
        if trial.case
    ]
    assert max(sizes) >= 500_000_000  # 1e9 points or more in two cases
    pilot = [
        record("statistical", n, 0.5 + 1e-7 * n, profile=name) for n, name in ((25_000, "quick"), (500_000, "pilot"))
    ]
    found = predict(deep, pilot)
    assert found.by_route == {"statistical": pytest.approx(sum(0.5 + 1e-7 * n for n in sizes))}
    assert found.longest == found.by_route["statistical"]
    assert found.pilot == pytest.approx(1.0525)


def test_other_routes_cost_what_they_cost_on_average_and_controls_what_they_cost() -> None:
    deep = plan("hybrid.value-imbalance")
    (claim,) = deep.claims
    name = next(iter(claim.page.controls))
    route = claim.page.controls[name].routes[0]
    pilot = [
        record("exact", None, 2.0),
        *(record("numeric", None, seconds) for seconds in (0.1, 0.3)),
        record(route, None, 0.7, control=name),
        record(route, None, 9.0, control=name, profile="pilot"),  # made twice; once in the run
    ]
    always = len(claim.code.cases["numeric"].always)
    assert predict(deep, pilot).by_route == {
        "exact": 2.0,
        "numeric": pytest.approx(0.2 * (always + 400)),
        "controls": pytest.approx(0.7),
    }


def test_more_processes_than_work_wait_for_the_longest_task() -> None:
    found = Prediction({"exact": 4.0, "statistical": 6.0}, longest=5.0, pilot=1.0)
    assert [found.wall_seconds(n) for n in (1, 2, 9)] == [10.0, 5.0, 5.0]


def test_the_pilot_is_quick_and_draws_more_where_the_deep_profile_does() -> None:
    quick, larger = pilot_plans(plan("evaluation.kl-covers", "hybrid.chain-rule"))
    assert quick.profile == "quick"
    assert {task.route for task in larger.tasks()} <= {"statistical"}
    assert larger.settings.profile.samples > quick.settings.profile.samples


def test_a_deep_run_says_what_it_will_take_before_it_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command.say_prediction(plan("hybrid.value-imbalance"), jobs=1)
    assert "Predicted: about" in (out := capsys.readouterr().out)
    assert "statistical" in out
    assert "by a pilot of" in out
