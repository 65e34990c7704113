"""What ordinary objects were misjudged for: right ones that were refuted, wrong ones that held, reasons that were none."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Independent, MultivariateNormal, Normal

from preality import audit
from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.kernel import Status


def named(report, name: str) -> Finding:
    (found,) = (finding for finding in report.findings if finding.name == name)
    return found


def normal_on_a_line(x: Tensor) -> Tensor:
    return -(x**2) / 2 - math.log(2 * math.pi) / 2


PLANE = Independent(Normal(torch.zeros(2).double(), torch.ones(2).double()), 1)


@pytest.fixture
def points() -> Tensor:
    torch.manual_seed(0)
    return PLANE.sample((60,))


class TestLogDensitiesOnALine:
    def test_a_function_is_log_p_for_both_audits(self):
        x = torch.randn(50, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        report = audit.density(normal_on_a_line, x, 2 * x)
        assert report.status is Status.HOLDS, report
        assert named(report, "change of variables").status is Status.INAPPLICABLE
        assert audit.flow(normal_on_a_line, x).status is Status.HOLDS

    def test_a_monotone_function_is_a_transform(self):
        x = torch.randn(50, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        assert audit.flow(lambda x: 2 * x + 1, x[:, None]).facts["layers"]

    def test_a_monotone_log_density_is_asked_about(self):
        x = torch.linspace(0.01, 5, 64, dtype=torch.float64)[:, None]
        with pytest.raises(InputError, match="is this log p or the transform"):
            audit.flow(lambda x: -x[:, :1], x.flip(0)[::4])


class TestCodeThatWorksInPlace:
    def test_a_function_of_tensors_is_refused_and_points_stay(self, points):
        before = points.clone()

        def doubled(x: Tensor) -> Tensor:
            x *= 2
            return PLANE.log_prob(x)

        with pytest.raises(InputError, match="in place"):
            audit.density(doubled, points, 1.5 * points)
        assert torch.equal(points, before)

    def test_a_function_of_arrays_has_its_own(self, points):
        array = points.numpy().copy()

        def doubled(x: Tensor) -> np.ndarray:
            mine = np.asarray(x)
            mine *= 2
            return -(mine**2).sum(-1) / 2

        audit.density(doubled, array, 1.5 * array, seconds=3.0)
        assert (array == points.numpy()).all()


class TestSamplers:
    @pytest.mark.parametrize(
        ("sampler", "words"),
        [
            (lambda n: torch.randn(n, 1).double().repeat(1, 2), "do not lie on their fibres"),
            (lambda n: torch.zeros(n, 2).double(), "all draws coincide"),
            (lambda n: torch.randint(0, 3, (n, 2)).double(), "different points"),
        ],
    )
    def test_a_wrong_one_is_refuted(self, points, sampler, words):
        found = named(audit.density(PLANE, points, 1.5 * points, sampler=sampler), "samples follow log p")
        assert found.status is Status.REFUTED
        assert words in found.text

    def test_a_right_one_of_dependent_coordinates_holds(self, points):
        leaning = MultivariateNormal(torch.zeros(2).double(), torch.tensor([[1.0, 0.9], [0.9, 1.0]]).double())
        found = named(audit.density(leaning, points, 1.5 * points), "samples follow log p")
        assert found.status is Status.HOLDS, found.text


def test_of_an_invariant_model_scores_within_orbits_tie():
    leaning = MultivariateNormal(torch.zeros(2).double(), torch.tensor([[1.0, 0.5], [0.5, 1.0]]).double())
    torch.manual_seed(0)
    x, y = leaning.sample((60,)), 1.5 * leaning.sample((60,)) + 0.5
    report = audit.density(leaning, x, y, group=[[1, 0]])
    assert "AUROC 0.5000 before" in named(report, "score within an orbit").text
    assert (
        set(report.facts["symmetric"]["auroc_within_after"].values()) == {0.5} if "symmetric" in report.facts else True
    )


@pytest.mark.parametrize(("modulus", "order"), [(5, [1, 2, 4, 3]), (7, [1, 3, 2, 6, 4, 5])])
def test_a_table_in_the_order_of_its_first_row_is_read_so(modulus, order):
    rows = [[a * b % modulus for b in order] for a in order]
    assert audit.group(rows).status is Status.HOLDS
    assert audit.group(np.array(rows)).status is Status.HOLDS
    rows[2][3] = rows[2][2]
    assert audit.group(rows).status is Status.REFUTED


def test_a_code_book_of_one_code_is_refused():
    with pytest.raises(InputError, match="one code"):
        audit.rate_distortion(nn.Linear(2, 5).eval(), torch.randn(1, 2), torch.randn(20, 5))


class TestEmbeddings:
    PATH = nx.path_graph(4)

    @staticmethod
    def on_an_axis(length: float) -> Tensor:
        steps = torch.arange(4.0, dtype=torch.float64)
        return torch.stack([torch.zeros(4).double(), torch.exp(-length * steps)], 1)

    def test_single_precision_is_told_from_double(self):
        angles = 2 * math.pi * torch.arange(5).double() / 5
        star = torch.cat([torch.zeros(1, 2), math.tanh(6) * torch.stack([angles.cos(), angles.sin()], 1)]).float()
        report = audit.embedding(nx.star_graph(5), star)
        assert "float32 has 24" in named(report, "precision").text
        assert ".double()" in report.next_step

    def test_in_the_half_space_nobody_is_sent_there(self):
        assert "half-space" not in audit.embedding(self.PATH, self.on_an_axis(20), model="half-space").next_step

    def test_a_picture_that_cannot_be_drawn_stops_nothing(self):
        report = audit.embedding(self.PATH, self.on_an_axis(120), model="half-space")
        report.figure()
        assert report.status is Status.UNDECIDED

    @pytest.mark.parametrize("length", [1e308, 1e-308])
    def test_lengths_beyond_the_range_are_refused(self, length):
        with pytest.raises(InputError, match="leave the range of float64"):
            audit.embedding(self.PATH, sarkar=length)

    def test_numbers_of_libraries_are_numbers(self):
        x = np.linspace(0, 0.6, 4)[:, None] * [[1.0, 0.0]]
        for curvature in (-torch.tensor(1.0), np.float32(-1), np.int64(-1)):
            assert audit.embedding(self.PATH, x, curvature=curvature).status is Status.HOLDS
        assert audit.embedding(self.PATH, sarkar=np.float32(1.0)).status is Status.HOLDS

    @pytest.mark.parametrize(
        ("coordinates", "words"),
        [
            (torch.eye(4).to_sparse(), "dense tensor"),
            (torch.zeros(4, 2, device="meta"), "meta device"),
            (np.ones((4, 0)), "shape"),
        ],
    )
    def test_what_holds_no_coordinates_is_refused(self, coordinates, words):
        with pytest.raises(InputError, match=words):
            audit.embedding(self.PATH, coordinates, model="hyperboloid")

    def test_an_array_turned_round_is_read(self):
        x = np.linspace(0, 0.6, 4)[:, None] * [[1.0, 0.0]]
        assert audit.embedding(self.PATH, x[::-1]).status is Status.HOLDS
