"""The audit of densities on hyperbolic space: what it refuses and in which words, its one line from Python and the shell, its picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from numerics.hyperbolic.wrapped_measurements import draw_wrapped
from numerics.streams import Stream
from preality import audit
from proofs_checks.audits.wrapped import audit_wrapped
from proofs_checks.cli.audit_command import audit as tool
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status

WRAPPED = draw_wrapped(2, 1.0, Stream(3), sigma=0.4, offset=0.5, chart="ball")
POINTS = WRAPPED.sample(500, Stream(1))


def test_one_line_and_its_picture() -> None:
    report = audit.wrapped(WRAPPED.log_prob, POINTS)
    assert report.status is Status.HOLDS
    low, high = report.facts["enclosure"]
    assert low <= 1 <= high < low + 1e-3
    assert [f.name for f in report.findings if f.status is Status.INAPPLICABLE][-1] == "samples follow log p"
    assert report.has_picture
    assert len(report.figure().axes) == 2


def test_what_would_put_it_right_is_said() -> None:
    report = audit_wrapped(lambda x: WRAPPED.log_prob(x) + 2 * (2 / (1 - x.square().sum(-1))).log(), POINTS)
    assert report.status is Status.REFUTED
    assert report.facts["explanations"] == [
        "it is a density per unit of the chart's coordinates, not of hyperbolic volume"
    ]
    assert "coordinates" in report.meaning


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"curvature": 0}, "negative curvature"),
        ({"curvature": 1.0}, "Libraries that say c > 0"),
        ({"curvature": "-1"}, "a negative number"),
        ({"model": "disc"}, "ball, klein, half-space"),
        ({"points": 3 * POINTS}, "500|no points of the chart 'ball'"),
        ({"points": POINTS, "curvature": -400.0}, "is the curvature right"),
        ({"points": None}, "nothing says where it lies"),
        ({"points": POINTS.reshape(-1, 2, 1)}, "shape"),
        ({"points": POINTS * torch.nan}, "finite"),
        ({"sampler": 3}, "Expected sampler="),
        ({"sampler": lambda n: POINTS[:7]}, "draws from the sampler"),
        ({"seed": -1}, "seed"),
        ({"seconds": 0}, "seconds"),
    ],
)
def test_what_is_refused(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        audit_wrapped(WRAPPED.log_prob, **{"points": POINTS, **options})


def test_a_density_that_refuses_points_of_the_space_is_told() -> None:
    def only_near(x: torch.Tensor) -> torch.Tensor:
        if bool((x.norm(dim=-1) > 0.9).any()):
            raise ValueError("too far out")
        return WRAPPED.log_prob(x)

    with pytest.raises(InputError, match="return -inf"):
        audit_wrapped(only_near, POINTS)


def test_points_on_the_hyperboloid_in_float32_are_read() -> None:
    lorentz = draw_wrapped(2, 1.0, Stream(3), sigma=0.4, offset=0.5, chart="hyperboloid")
    points = lorentz.sample(300, Stream(1)).float()
    assert audit_wrapped(lorentz.log_prob, points, model="hyperboloid").status is Status.HOLDS
    with pytest.raises(InputError, match="time coordinate first"):
        audit_wrapped(lorentz.log_prob, points.flip(-1), model="hyperboloid")


def test_from_a_file_of_code(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "import torch\nfrom numerics.hyperbolic.synthetic import synthetic_density\nfrom numerics.streams import Stream\n"
        "made = synthetic_density('wrapped', 2, 2.0)\nlog_prob = made.log_prob\npoints = made.sample(300, Stream(0))\ncurvature = -0.25\n",
        encoding="utf-8",
    )
    outcome = tool("wrapped", file, json=tmp_path / "mine.json")
    assert outcome == 0
    assert json.loads((tmp_path / "mine.json").read_text(encoding="utf-8"))["facts"]["curvature"] == -0.25
