"""Faults in disentanglement and radial maps, each planted where it would be made, and noticed by the catalogue's own checks."""

from __future__ import annotations

from functools import reduce
from operator import matmul
from types import ModuleType

import pytest

from numerics.representations import grid_codes
from numerics.streams import Stream
from numerics.transports import radial_maps
from proofs_checks import kernel
from proofs_checks.catalogue.disentanglement import irreps_anomaly, symmetry_based
from proofs_checks.kernel import Case, Status
from proofs_checks.run import checks
from theory.arithmetic.matrices import ExactArray
from theory.representations import exact_codes, factor_subspaces

CODES = Case(k=3, d=5, sizes=(4, 6, 3), frequencies=((1, 2), (1, 3), (1,)), room=4, seed=1)
RAYS = Case(D=5, size=8, seed=1)


def judged(page: ModuleType, route: str, case: Case | None = None) -> Status:
    given = {} if case is None else {"case": case, "stream": Stream(0)}
    return kernel.judge(checks.gather(getattr(page, route), **given), route=route, case=case).status


@pytest.mark.parametrize(
    ("page", "route", "case"),
    [(symmetry_based, "exact", None), (symmetry_based, "numeric", CODES), (irreps_anomaly, "numeric", RAYS)],
)
def test_the_sound_code_holds_at_the_cases_of_the_faults(page, route, case):
    assert judged(page, route, case) is Status.HOLDS


def test_a_dropped_projector_onto_the_fixed_vectors_is_noticed(monkeypatch):
    def without(means):
        size, eye = means[0].shape[0], ExactArray.eye(means[0].shape[0], means[0].field)
        parts = [reduce(matmul, means, eye)]
        parts += [
            reduce(matmul, [m for j, m in enumerate(means) if j != i], eye) for i in range(len(means))
        ]  # no "- P"
        rest = reduce(lambda left, part: left - part, parts, eye)
        assert size == len(rest)
        return factor_subspaces.FactorSubspaces(tuple(part.column_basis() for part in parts), rest.column_basis())

    monkeypatch.setattr(factor_subspaces, "subspaces_of_means", without)
    assert judged(symmetry_based, "exact") is not Status.HOLDS


def test_a_swapped_conjugate_in_the_transform_is_noticed(monkeypatch):
    sound = exact_codes.ExactCodes.transform.func
    monkeypatch.setattr(exact_codes.ExactCodes, "transform", property(lambda self: _swapped(sound(self))))
    assert judged(symmetry_based, "exact") is not Status.HOLDS


def _swapped(transform):
    """The frequency u of the first factor read where u + 1 belongs."""
    order = [*range(1, transform.shape[0]), 0]
    return transform[order]


def test_a_choice_of_pieces_that_forgets_pairs_is_noticed(monkeypatch):
    sound = grid_codes.best_pieces

    def greedy(listed, room):
        return sound([grid_codes.Piece(p.factor, p.frequency, p.energy, 1) for p in listed], room)

    monkeypatch.setattr(grid_codes, "best_pieces", greedy)
    assert judged(symmetry_based, "numeric", CODES) is Status.REFUTED


def test_one_power_of_t_too_few_is_noticed(monkeypatch):
    sound = radial_maps.shell_nodes

    def flatter(dim, nodes=radial_maps.NODES):
        t, log_w = sound(dim, nodes)
        return t, log_w - t.log()

    monkeypatch.setattr(radial_maps, "shell_nodes", flatter)
    # the moments of the shells are measured: the bound grows with the fault, and decides nothing
    assert judged(irreps_anomaly, "numeric", RAYS) is not Status.HOLDS


def test_a_forgotten_slope_is_noticed(monkeypatch):
    monkeypatch.setattr(radial_maps.RadialMap, "log_det", lambda self, x: self.dim * self.log_stretch(x))
    assert judged(irreps_anomaly, "numeric", RAYS) is Status.REFUTED
