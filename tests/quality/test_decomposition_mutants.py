"""Faults planted under the decomposition and its claim: the certificate, or a route, has to notice; the sound code has to pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sympy
import torch

from numerics.representations import commutant, decomposition, regular_action, splitting
from numerics.representations.averaging import permutation_matrices
from numerics.representations.regular_action import discover
from numerics.streams import Stream
from proofs_checks import kernel
from proofs_checks.catalogue.groups import numerical_decomposition as page
from proofs_checks.kernel import Status
from proofs_checks.run import checks
from theory.representations import perturbation, separating_elements

S4 = torch.tensor([[1, 0, 2, 3], [1, 2, 3, 0]])
CASES = [
    page._CYCLIC,
    page._POWERED,
]


def regular_s4() -> torch.Tensor:
    action = discover(permutation_matrices(S4).to(torch.float64), Stream(0))
    R = permutation_matrices(torch.as_tensor(action.images)).to(torch.float64)
    Q = torch.linalg.qr(Stream(5).normal(24, 24)).Q
    return Q @ R @ Q.mT


def certified(monkeypatch: pytest.MonkeyPatch, place: Any, attribute: str, fault: Callable[[Any], Any]) -> bool:
    R = regular_s4()
    monkeypatch.setattr(place, attribute, fault(getattr(place, attribute)))
    return decomposition.decompose(R, Stream(1)).decided


def truncated(sound: Any) -> Any:
    return lambda self, X: X if self.action is None else (X + self.element(1) @ X @ self.element(1).mH) / 2


UNDER_THE_CERTIFICATE = {
    "a mean over two elements": (commutant.Mean, "__call__", truncated),
    "eigenvectors of something else": (torch.linalg, "eigh", lambda sound: lambda a: sound(a + torch.diag(torch.arange(a.shape[-1], dtype=torch.float64)).to(a))),
    "copies turned wrongly": (decomposition, "_unitary_mean", lambda sound: lambda copies: sound(copies).mH),
    "irreps that do not multiply": (decomposition, "_unitary_mean", lambda sound: lambda copies: torch.linalg.qr(sound(copies) + 0.3).Q),
    "columns in another order": (decomposition, "_sort_irreps", lambda sound: lambda basis, irreps: (basis.flip(1), irreps)),
}  # fmt: skip


@pytest.mark.parametrize("name", UNDER_THE_CERTIFICATE)
def test_nothing_wrong_is_certified(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert not certified(monkeypatch, *UNDER_THE_CERTIFICATE[name])


def test_the_sound_code_is_certified(monkeypatch: pytest.MonkeyPatch) -> None:
    assert certified(monkeypatch, decomposition, "check", lambda sound: sound)


def test_pieces_left_whole_are_seen_by_their_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clusters that are too coarse, and nobody who splits them again: the equation holds, the norm of a character does not."""
    monkeypatch.setattr(commutant, "CLUSTER", 1e12)
    monkeypatch.setattr(decomposition, "reducible", lambda *a: [])
    found = decomposition.decompose(regular_s4(), Stream(1))
    assert not found.decided
    assert "reducible" in found.why


def test_copies_taken_for_different_irreps_are_seen_by_inner_products(monkeypatch: pytest.MonkeyPatch) -> None:
    def strangers(blocks: torch.Tensor, *rest: Any) -> tuple[torch.Tensor, torch.Tensor]:
        p, b = blocks.shape[1:3]
        same = torch.zeros(p, dtype=torch.bool)
        same[0] = True
        return torch.eye(b, dtype=blocks.dtype).repeat(p, 1, 1), same

    monkeypatch.setattr(decomposition, "_intertwiners", strangers)
    found = decomposition.decompose(regular_s4(), Stream(1))
    assert not found.decided
    assert "copies" in found.why


def test_a_wrong_group_is_seen_along_its_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same group with its generators confused: a transposition takes the place of a four-cycle."""
    sound = decomposition.discover

    def confused(*args: Any, **options: Any) -> regular_action.RegularAction:
        return regular_action.RegularAction.from_images(sound(*args, **options).images[::-1])

    monkeypatch.setattr(decomposition, "discover", confused)
    found = decomposition.decompose(regular_s4(), Stream(1))
    assert not found.decided


# -- the claim -----------------------------------------------------------------------------------------------------------


def statuses_of(route: str) -> set[Status]:
    if route == "exact":
        return {kernel.judge(page.exact(), route="exact", alpha=kernel.level(1), case=None).status}
    return {
        kernel.judge(
            checks.gather(page.numeric, case=case, stream=Stream(k)),
            route="numeric",
            alpha=kernel.level(k + 1),
            case=case,
        ).status
        for k, case in enumerate(CASES)
    }


def test_the_sound_claim_holds() -> None:
    """The exact route holds in proofs_checks/test_claims.py, at no case but its own."""
    assert statuses_of("numeric") == {Status.HOLDS}


FAULTS = {
    "an element that repeats an eigenvalue": ("exact", separating_elements, "staircase", lambda sound: lambda m: [0 * A for A in sound(m)]),
    "an angle bound of the wrong constant": ("exact", perturbation.RotatedPair, "difference", lambda sound: lambda self: tuple(x / 2 for x in sound(self))),
    "a family that is turned twice": ("exact", perturbation, "rotated_pair", lambda sound: lambda g, t: sound(g, 2 * t)),
    "a sample that is not symmetric": ("exact", separating_elements, "symmetric_sample", lambda sound: lambda d: sound(d) + sympy.I * (sound(d).upper_triangular(1) - sound(d).upper_triangular(1).T)),
    "copies that share an eigenvalue": ("exact", separating_elements, "separate", lambda sound: separating_elements.isotypic),
    "eigenvectors of something else": ("numeric", torch.linalg, "eigh", lambda sound: lambda a: (sound(a)[0], sound(a)[1].roll(1, -1))),
    "a mean over two elements": ("numeric", commutant.Mean, "__call__", truncated),
    "copies that are not counted": ("numeric", splitting, "decompose", lambda sound: lambda *args, **options: replace(sound(*args, **options), irreps=sound(*args, **options).irreps[1:])),
    "matrices that are not unitary": ("numeric", splitting, "unitarity_errors", lambda sound: lambda R, U, L: sound(R, U * (1 + 1e-3), L)),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_not_called_holding(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    route, place, attribute, fault = FAULTS[name]
    monkeypatch.setattr(place, attribute, fault(getattr(place, attribute)))
    assert Status.HOLDS not in statuses_of(route)
