"""Figures of the claims about measures of fit; drawn when a report or a user asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def kl_moment_match() -> Figure:
    raise NotImplementedError


def kl_covers() -> Figure:
    raise NotImplementedError


def likelihood_vs_samples() -> Figure:
    raise NotImplementedError


def measures_disagree() -> Figure:
    raise NotImplementedError


def jsd_bounded_metric() -> Figure:
    raise NotImplementedError


def mmd_bandwidth() -> Figure:
    raise NotImplementedError


def score_matching() -> Figure:
    raise NotImplementedError


def noise_from_data() -> Figure:
    raise NotImplementedError
