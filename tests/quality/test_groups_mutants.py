"""Faults planted under the claims on axioms, the square, equivalence and complements: each breaks its route or a control of it.

A fault is a patch of theory or numerics, put wherever the name is bound. Exact routes decide everything twice, so that a fault in one of the two
shows as a refutation or as a disagreement; a fault that makes a check lax shows in a control that is no longer refuted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import sympy
import torch

from numerics.representations import (
    averaging as measured_representations,
)
from numerics.representations import (
    complement_measurements,
    complements,
    conjugate_pairs,
    square_symmetries,
)
from numerics.representations import intertwiners as measured_equivalence
from numerics.representations import point_symmetries as measured_square
from numerics.streams import Stream
from proofs_checks import kernel
from proofs_checks.catalogue.groups import axioms, d4, equivalence, orthogonal_complement
from proofs_checks.kernel import Status
from proofs_checks.run import checks
from theory.groups import axiom_statements, d4_statements
from theory.groups import axioms as exact_axioms
from theory.groups import d4 as square
from theory.proof import terms as equations
from theory.proof import words as rewriting
from theory.representations import complements as orthogonality
from theory.representations import intertwiners as exact_equivalence
from theory.representations import modules

PAGES = (axioms, d4, equivalence, orthogonal_complement)
MODULES = (
    exact_axioms, axiom_statements, equations, rewriting, square, d4_statements, exact_equivalence, orthogonality, modules,
    measured_square, square_symmetries, measured_equivalence, conjugate_pairs, measured_representations, complements,
    complement_measurements, *PAGES,
)  # fmt: skip
CACHES = (
    square.corner_permutations, square.matrices, square.table_by_corners, square.table_by_matrices, exact_equivalence.dimension,
    exact_equivalence.equivalent_by_averaging, exact_equivalence.averaging_rank, exact_equivalence._pairs,
    orthogonality.regular_subspaces, axiom_statements.small_tables, axiom_statements._translations,
)  # fmt: skip


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    for cached in CACHES:
        cached.cache_clear()
    yield
    for cached in CACHES:
        cached.cache_clear()


def verdicts(
    page: ModuleType, route: str, cases: Any, fails: str | None = None, **objects: Any
) -> list[kernel.Verdict]:
    found = []
    for k, case in enumerate(cases or [None], start=1):
        given: dict[str, Any] = {} if case is None else {"case": case, "stream": Stream(1000 + k)}
        evidence = checks.gather(getattr(page, route), **given, **objects)
        found.append(kernel.judge(evidence, route=route, case=case, fails=fails))
    return found


def statuses(page: ModuleType, route: str) -> set[Status]:
    cases = page.cases[route].always if route == "numeric" else None
    return {verdict.status for verdict in verdicts(page, route, cases)}


def idle_controls(page: ModuleType, route: str) -> list[str]:
    """Controls of this route that do not do their work."""
    found = []
    for name, variants in page.controls.items():
        for control in variants:
            if control.route == route:
                outcome = kernel.control_verdict(
                    verdicts(page, route, control.cases, control.fails, **control.objects), route=route
                )
                found += [name] if not outcome.holds else []
    return found


def plant(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, fault: Callable[[Any], Any]) -> None:
    """Replace ``module.name`` by ``fault(module.name)`` wherever that object is bound, defaults of checks included."""
    sound = getattr(module, name)
    broken = fault(sound)
    for place in MODULES:
        for bound, value in list(vars(place).items()):
            if value is sound:
                monkeypatch.setattr(place, bound, broken)
    for page in PAGES:
        for route in ("exact", "numeric"):
            check = getattr(page, route, None)
            if check is not None:
                defaults = {
                    key: broken if value is sound else value for key, value in (check.__kwdefaults__ or {}).items()
                }
                monkeypatch.setattr(check, "__kwdefaults__", defaults)


MEASURED = [page for page in PAGES if hasattr(page, "numeric")]


@pytest.mark.parametrize("page", MEASURED, ids=lambda page: page.__name__.rpartition(".")[2])
def test_the_sound_code_holds_and_all_its_controls_are_refuted(page):
    """The exact routes hold in proofs_checks/test_claims.py, at no case but their own."""
    assert statuses(page, "numeric") == {Status.HOLDS}
    assert idle_controls(page, "numeric") == []


def always(value: Any) -> Callable[[Any], Any]:
    return lambda sound: lambda *args, **kwargs: value


EXACT = {
    "associativity-never-checked": (axioms, exact_axioms, "associates", always(True)),
    "associativity-on-the-diagonal": (
        axioms, exact_axioms, "associates",
        lambda sound: lambda t: all(t[t[x][x]][x] == t[x][t[x][x]] for x in range(len(t)) if -1 not in (t[x][x], t[t[x][x]][x])),
    ),
    "identity-on-one-side": (axioms, exact_axioms, "_neutral", lambda sound: lambda t, e, side: sound(t, e, "left" if side == "two-sided" else side)),
    "inverses-not-looked-for": (axioms, exact_axioms, "_invertible", always(True)),
    "any-latin-square-a-group": (axioms, exact_axioms, "are_groups", lambda sound: lambda L: (L.sum(2) == 1).all((1, 2)) & (L.sum(3) == 1).all((1, 2))),
    "places-not-compared": (axioms, equations, "_replaced", lambda sound: lambda term, at, before, after: after if not at else sound(term, at, before, after)),
    "substitution-forgotten": (axioms, equations, "_substituted", lambda sound: lambda term, values: term),
    "every-tree-replays": (axioms, equations, "replays", always(True)),
    "every-word-splices": (axioms, equations, "splices", always(True)),
    "first-factor-twice": (d4, square, "compose", lambda sound: lambda a, b: sound(a, a)),
    "every-subset-closed": (d4, square, "closed_under_products", always(True)),
    "conjugate-means-equal": (d4, square, "conjugate", lambda sound: lambda table, x, y: x == y),
    "directions-forgotten": (
        d4, square, "automorphisms_by_search", lambda sound: lambda edges: sound(edges | {(y, x, letter) for x, y, letter in edges}),
    ),
    "cosets-of-a-smaller-group": (d4, square, "table_by_cosets", lambda sound: lambda relators: sound((*relators, "rr"))),
    "overlaps-forgotten": (d4, rewriting, "_overlaps", always([])),
    "averaged-without-inverse": (
        equivalence, exact_equivalence, "averaged_intertwiner",
        lambda sound: lambda pair, X: (pair.second.matrices @ X[None] @ pair.first.matrices).sum(),
    ),
    "degrees-for-characters": (equivalence, exact_equivalence, "characters", lambda sound: lambda r: r.degree),
    "product-without-conjugate": (equivalence, exact_equivalence, "hermitian_product", lambda sound: exact_equivalence.bilinear_product),
    "every-chain-replays": (equivalence, rewriting, "_one_step", always(True)),
    "adjoint-without-reversal": (equivalence, rewriting, "adjoint", lambda sound: lambda word, adjoints: "".join(adjoints[x] for x in word)),
    "every-pair-joins": (equivalence, rewriting, "joins", always(True)),
    "root-without-the-sum": (equivalence, exact_equivalence, "root_commutes", lambda sound: lambda: replace(sound(), left=2 * sound().left)),
    "average-over-half": (orthogonal_complement, orthogonality, "unitarising_form", lambda sound: lambda r: orthogonality.averaged_over_half(orthogonality.Subspace(r, r.matrices[0]))),
    "complement-without-form": (orthogonal_complement, orthogonality, "orthogonal_complement", lambda sound: lambda W, form: W.H.nullspace()),
    "every-complement-invariant": (orthogonal_complement, orthogonality, "complement_is_invariant", always(True)),
    "axis-in-the-given-product": (orthogonal_complement, orthogonality, "complement_of_the_first_axis", lambda sound: lambda form: sound(0 * form + sympy.eye(2))),
}  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_a_planted_fault_in_the_derivations_breaks_the_route_or_a_control(monkeypatch, name):
    page, module, attribute, fault = EXACT[name]
    plant(monkeypatch, module, attribute, fault)
    assert statuses(page, "exact") != {Status.HOLDS} or idle_controls(page, "exact")


def stretched(sound: Any) -> Any:
    def fault(shape: torch.Tensor, *args: Any) -> Any:
        return sound(shape * torch.tensor([1.0, 1.0 + 1e-5], dtype=torch.float64), *args)

    return fault


def without_reflections(sound: Any) -> Any:
    def fault(*args: Any) -> Any:
        found = sound(*args)
        flips = torch.linalg.det(found.matrices) < 0
        return replace(found, misses=found.misses + flips)

    return fault


def shaken(sound: Any) -> Any:
    def fault(*args: Any) -> Any:
        found = sound(*args)
        return replace(found, matrices=found.matrices + 1e-4)

    return fault


def other_factor(sound: Any) -> Any:
    def fault(matrix: torch.Tensor) -> Any:
        parts = sound(matrix)
        return measured_equivalence.PolarFactor(
            parts.factor.mT, parts.smallest, parts.largest, parts.residual, parts.orthogonality_defect
        )

    return fault


def one_less(sound: Any) -> Any:
    def fault(*args: Any) -> Any:
        found = sound(*args)
        return measured_equivalence.Nullity(found.count - (found.count > 1), found.error, found.next)

    return fault


NUMERIC = {
    "square-stretched": (d4, measured_square, "placed_points", stretched),
    "reflections-lost": (d4, measured_square, "symmetries", without_reflections),
    "matrices-shaken": (d4, measured_square, "symmetries", shaken),
    "average-without-transpose": (
        equivalence, measured_equivalence, "average_between", lambda sound: lambda R, moved, X, e: sound(R.mT.contiguous(), moved, X, e),
    ),
    "polar-factor-transposed": (equivalence, measured_equivalence, "polar", other_factor),
    "one-intertwiner-too-few": (equivalence, measured_equivalence, "nullity", one_less),
    "one-generator-only": (equivalence, measured_equivalence, "intertwiner_equations", lambda sound: lambda a, b: sound(a[:1], b[:1])),
    "pairing-of-sums": (equivalence, measured_equivalence, "pairing", lambda sound: lambda a, b: len(a) * sound(a, b)),
    "form-of-the-adjoints": (orthogonal_complement, complements, "averaged_form", lambda sound: lambda R: sound(R.mT.contiguous())),
    "form-of-half": (orthogonal_complement, complements, "averaged_form", lambda sound: lambda R: sound(R[: (len(R) + 1) // 2])),
    "complement-in-the-wrong-product": (
        orthogonal_complement, complements, "complement", lambda sound: lambda W, form, e: sound(W, torch.eye(len(form), dtype=form.dtype), e),
    ),
    "the-subspace-for-its-complement": (
        orthogonal_complement, complements, "complement",
        lambda sound: lambda W, form, e: complements.Complement(W, sound(W, form, e).normal, 0.0, 0.0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NUMERIC)
def test_a_planted_fault_in_the_measurements_is_refuted(monkeypatch, name):
    page, module, attribute, fault = NUMERIC[name]
    plant(monkeypatch, module, attribute, fault)
    assert Status.REFUTED in statuses(page, "numeric")


LAX = {
    "nothing-leaks": (orthogonal_complement, complements, "leak", lambda sound: lambda R, found: 0 * sound(R, found)),
    "every-polar-error-infinite": (equivalence, measured_equivalence, "polar_intertwining_error", always(float("inf"))),
    "no-sign": (equivalence, measured_equivalence, "determinant_signs", lambda sound: lambda m: torch.ones(len(m), dtype=torch.int64)),
    "everything-a-symmetry": (
        d4, measured_square, "symmetries",
        lambda sound: lambda *a: replace(sound(*a), misses=0 * sound(*a).misses, skews=0 * sound(*a).skews),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAX)
def test_a_check_made_lax_shows_in_its_controls_or_its_route(monkeypatch, name):
    page, module, attribute, fault = LAX[name]
    plant(monkeypatch, module, attribute, fault)
    assert idle_controls(page, "numeric") or statuses(page, "numeric") != {Status.HOLDS}
