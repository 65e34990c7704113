"""Findings on pairs of codes before and after a step: least-squares actions, whether
they close up, commute, and act on subspaces of their own."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from numerics.representations.fitted_actions import (
    FittedAction,
    commutator,
    fit_action,
    join_spans,
    moved_by_both,
    order_defect,
    principal_angles,
    span,
)
from proofs_checks.audits.disentangled.meanings import SEPARATE
from proofs_checks.findings import Finding
from proofs_checks.inputs.factor_codes import Pairs
from proofs_checks.kernel import Status
from proofs_checks.wording import count, number_text


class PairFindings:
    """What is found on pairs; :attr:`facts` and :attr:`actions` are filled on the
    way."""

    def __init__(self, given: Pairs, tolerance: float | None) -> None:
        self.given = given
        self.limit = given.accuracy if tolerance is None else tolerance
        self.said = given.said or tolerance is not None
        self.fitted: dict[str, FittedAction] = {}
        self.codes = torch.cat(list(given.before.values()))
        self.facts: dict[str, Any] = {"dimension": given.dimension}

    @property
    def actions(self) -> dict[str, Tensor]:
        """The fitted matrices by factor."""
        return {name: fitted.matrix for name, fitted in self.fitted.items()}

    def fits(self) -> list[Finding]:
        """One linear map for the steps of each factor."""
        found = []
        d = self.given.dimension
        for name, before in self.given.before.items():
            self.fitted[name] = fitted = fit_action(before, self.given.after[name], floor=self.given.accuracy)
            text = f"{count(len(before), 'pair')}: least squares leaves {number_text(fitted.residual)} of the norm"
            label = f"a linear map makes the step of {name}"
            if len(before) <= fitted.rank and len(before) < 2 * d:
                more = f"{text}; {fitted.rank} independent codes are fitted by some matrix whatever the steps do: give more than {2 * d} pairs"
                found.append(Finding(label, Status.UNDECIDED, more))
            else:
                found.append(Finding(label, self._status(fitted.residual, fitted), text))
        self.facts["step_residuals"] = {name: fitted.residual for name, fitted in self.fitted.items()}
        return found

    def _status(self, value: float, *fitted: FittedAction) -> Status:
        """Against what errors of the codes explain: each is moved by the maps."""
        size = 1.0
        for one in fitted:
            size *= 1 + float(torch.linalg.matrix_norm(one.matrix, 2))
        limit = self.limit * size * self.given.dimension**0.5
        if value <= limit:
            return Status.HOLDS
        return Status.UNDECIDED if not self.said and value <= 10 * limit else Status.REFUTED

    def orders(self) -> list[Finding]:
        """Whether a step repeated as often as its order says comes back."""
        found = []
        for name, order in self.given.orders.items():
            value = order_defect(self.fitted[name].matrix, order, self.codes)
            status = self._status(value / order, self.fitted[name])
            found.append(
                Finding(
                    f"{name} has order {order}",
                    status,
                    f"R^{order} - 1 moves the codes by {number_text(value)} of their norm",
                )
            )
        return found

    def together(self) -> list[Finding]:
        """Commutators, and what two factors move together."""
        found = []
        mixed: dict[str, float] = {}
        for a, b in combinations(self.fitted, 2):
            first, second = self.fitted[a], self.fitted[b]
            gap = commutator(first.matrix, second.matrix, self.codes)
            found.append(
                Finding(
                    f"{a} and {b} commute",
                    self._status(gap, first, second),
                    f"R_{a} R_{b} - R_{b} R_{a} moves the codes by {number_text(gap)} of their norm",
                )
            )
            mixed[f"{a} and {b}"] = both = moved_by_both(first.matrix, second.matrix, self.codes)
            text = f"(R_{a} - 1)(R_{b} - 1) moves the codes by {number_text(both)} of their norm; where it is 0 no vector is moved by both"
            found.append(
                Finding(
                    f"{a} and {b} move subspaces of their own",
                    self._status(both, first, second),
                    text,
                    None if both <= self.limit else {"moved by both": both},
                )
            )
        self.facts["moved_by_both"] = mixed
        return found

    def subspaces(self) -> list[Finding]:
        """The images of R - 1 on the codes, their dimensions and angles."""
        eye = torch.eye(self.given.dimension, dtype=self.codes.dtype)
        norm = float(torch.linalg.matrix_norm(self.codes))
        floor = max(self.limit, self.given.accuracy) * norm * 8
        spans = {name: span(self.codes @ (m - eye).mT, floor) for name, m in self.actions.items()}
        sizes = {name: part.rank for name, part in spans.items()}
        angles = {
            f"{a} and {b}": float(principal_angles(spans[a].basis, spans[b].basis)[0] * 180 / torch.pi)
            for a, b in combinations(spans, 2) if sizes[a] and sizes[b]
        }  # fmt: skip
        self.facts |= {"subspaces": sizes, "angles_in_degrees": angles}
        still = [name for name, size in sizes.items() if not size]
        text = ", ".join(f"{name} moves {count(size, 'dimension')}" for name, size in sizes.items())
        if angles:
            name, least = min(angles.items(), key=lambda pair: pair[1])
            text += f"; the smallest angle is {number_text(least)} degrees ({name})"
        if still:
            return [
                Finding(
                    "a subspace for each factor", Status.REFUTED, f"{text}; nothing is encoded of {', '.join(still)}"
                )
            ]
        independent = join_spans(list(spans.values())).independent
        return [Finding("a subspace for each factor", SEPARATE[independent], text)]
