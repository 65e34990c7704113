"""Checkerboard, spirals and wrapped Gaussian: masses by lattices, draws on the support, and what is refused."""

from __future__ import annotations

import math

import pytest
import torch

from numerics.hyperbolic import charts
from numerics.hyperbolic.synthetic import Checkerboard, Spirals, TangentDensity, synthetic_density
from numerics.streams import Stream


def test_the_spirals_density_has_mass_one_and_a_bounded_remainder() -> None:
    spirals = Spirals()
    line = torch.linspace(-5, 5, 101, dtype=torch.float64)
    grid = torch.cartesian_prod(line, line)
    assert float(spirals.log_prob(grid).exp().sum()) * 0.1**2 == pytest.approx(
        1, abs=1e-4
    )  # trapezoids on a smooth bump
    assert spirals.remainder < 1e-6
    finer = Spirals()
    finer.PANELS, finer.NODES = 64, 20
    x = spirals.sample(64, Stream(0))
    gap = (spirals.log_prob(x).exp() - finer.log_prob(x).exp()).abs().max()
    assert float(gap) <= spirals.remainder / (2 * math.pi * spirals.noise**2) + 1e-12


@pytest.mark.parametrize("which", ["wrapped", "checkerboard", "spirals"])
@pytest.mark.parametrize(("n", "chart"), [(2, "ball"), (3, "hyperboloid"), (5, "half-space")])
def test_draws_have_a_density(which: str, n: int, chart: str) -> None:
    density = synthetic_density(which, n, 0.5, chart)
    draws = density.sample(200, Stream(3))
    assert draws.shape == (200, n + (chart == "hyperboloid"))
    assert bool(density.log_prob(draws).isfinite().all())


def test_the_board_has_eight_cells_and_draws_never_leave_it() -> None:
    board = Checkerboard(0.7)
    draws = board.sample(4000, Stream(1))
    assert bool(board.log_prob(draws).isfinite().all())
    cells = torch.unique(torch.floor(draws / 0.7), dim=0)
    assert len(cells) == 8
    assert not bool(
        board.log_prob(Checkerboard(0.7, lambda k: torch.fmod(k, 2)).sample(4000, Stream(1))).isfinite().all()
    )


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="noise"):
        Spirals(1.0, 0.01)
    with pytest.raises(ValueError, match="two dimensions"):
        TangentDensity(Checkerboard(), 1, 1.0)
    with pytest.raises(ValueError, match="Expected wrapped, checkerboard or spirals"):
        synthetic_density("moons")
    with pytest.raises(ValueError, match="Poincaré ball"):
        synthetic_density("spirals").log_prob(torch.tensor([[2.0, 0.0]]).double())
    assert charts.CHARTS[0] == "normal"
