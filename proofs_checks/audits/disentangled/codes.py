"""Findings on codes of a full grid: interaction, frequencies against rank, distance,
and what each factor moves."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from numerics.representations.code_spans import (
    Ranks,
    additive_ranks,
    factor_spans,
    joint_ranks,
    shared_codes,
    shuffled_share,
)
from numerics.representations.fitted_actions import FittedAction, fit_action, join_spans, principal_angles
from numerics.representations.grid_codes import (
    Effects,
    Nearest,
    effects,
    frequency_matrices,
    interaction_error,
    nearest_disentangled,
    pair_shares,
)
from numerics.streams import Stream
from proofs_checks.audits.disentangled.meanings import SEPARATE
from proofs_checks.findings import Finding
from proofs_checks.inputs.factor_codes import Codes
from proofs_checks.inputs.irreps import numbers_of_irreps
from proofs_checks.kernel import Bound, Measurement, Status, judge, measured
from proofs_checks.wording import count, number_text

SHUFFLES = 99
FEW = 2**22  # entries of codes up to which grids are shuffled and joint frequencies looked at
SHOWN = 12
SPLIT = 120  # elements up to which the irreps of a factor's group are made
LATTICE = 17  # frequencies shown of each factor


class GridFindings:
    """What is found on one grid; :attr:`facts`, :attr:`actions` and :attr:`basis` are
    filled on the way."""

    def __init__(self, given: Codes, tolerance: float | None, stream: Stream) -> None:
        self.given, self.tolerance, self.stream = given, tolerance, stream
        self.codes = given.values
        self.found: Effects = effects(self.codes)
        self.norm = math.sqrt(self.found.energy) or 1.0  # zeros are told as constant codes
        self.floor = (given.accuracy + interaction_error(self.codes)) * self.norm
        self.cyclic = [i for i, factor in enumerate(given.factors) if factor.kind == "cyclic"]
        self.groups = {i: numbers_of_irreps(factor.group) for i, factor in enumerate(given.factors) if factor.group is not None and factor.size <= SPLIT}  # fmt: skip
        self.names = [factor.name for factor in given.factors]
        self.facts: dict[str, Any] = {}
        self.actions: dict[str, Tensor] = {}
        self.basis: Tensor | None = None

    @property
    def level(self) -> float:
        """What counts as zero, in the scale of the norm of the codes: rounding, noise, or
        the tolerance stated."""
        noise = self._noise() if self.given.repeat is not None else 0.0
        return max(self.floor, (self.tolerance or 0.0) * self.norm, noise)

    @property
    def linear(self) -> list[int]:
        """The factors that have a group."""
        return [i for i, factor in enumerate(self.given.factors) if factor.kind != "plain"]

    @property
    def is_spectral(self) -> bool:
        """Whether every factor has frequencies: cyclic, or a group whose irreps are
        known."""
        return len(self.cyclic) + len(self.groups) == len(self.names)

    def grid(self) -> list[Finding]:
        """The shape, and factors that the code does not see."""
        shape = self.found.shape
        text = f"{count(shape[0], 'orbit')}, {', '.join(str(f) for f in self.given.factors)}; codes of {count(shape[-1], 'dimension')}"
        how = "as stated" if self.given.said else "assumed of numbers of this format"
        whole = Finding(
            "grid", Status.HOLDS, f"{text}; known to {number_text(self.given.accuracy)} of their norm, {how}"
        )
        return [whole, *(self._encoded(i) for i in range(len(self.names)))]

    def _encoded(self, i: int) -> Finding:
        energy = self.found.main_energies[i]
        whole = self.found.interaction + sum(self.found.main_energies)
        name = f"{self.names[i]} is encoded"
        if math.sqrt(energy) <= self.level:
            text = "the mean code is the same for all its values"
            return Finding(
                name, Status.REFUTED, f"{text}: an action that moves nothing is disentangled and encodes nothing"
            )
        shared = shared_codes(self.found, i, self.level)
        text = f"{number_text(energy / whole)} of the variance within orbits"
        if shared:
            listed = ", ".join(f"{a} and {b}" for a, b in shared[:SHOWN])
            return Finding(
                name,
                Status.REFUTED,
                f"{text}, but its values {listed} have one mean code on all orbits",
                {"values": shared[:SHOWN]},
            )
        return Finding(name, Status.HOLDS, f"{text}; no two of its {self.given.factors[i].size} values share a code")

    def additive(self) -> list[Finding]:
        """Interaction against rounding, the noise of repeated encodings and the
        tolerance; between whom; and against shuffled grids."""
        root, share = math.sqrt(self.found.interaction), self.found.share
        if math.isnan(share) or self.norm == 0 or root + sum(self.found.main_energies) ** 0.5 <= self.floor:
            self.facts["interaction_share"] = 0.0
            text = "all codes of an orbit are one: constant codes are disentangled, and encode nothing"
            return [Finding("sums of functions of one factor each", Status.INAPPLICABLE, text)]
        terms = {"codes": self.given.accuracy * self.norm, "averages": interaction_error(self.codes) * self.norm}
        estimated = [] if self.given.said else ["codes"]
        if self.given.repeat is not None:
            terms["noise"] = self._noise()
            estimated.append("noise")
        if self.tolerance is not None:
            terms["tolerance"] = self.tolerance * self.norm
        note = "the additive part is an orthogonal projection; averages of N numbers are within gamma_N of the mean of their sizes"
        bound = Bound(terms, note, estimated=tuple(estimated))
        verdict = judge(
            measured(Measurement(root, bound, self.codes.numel()), resolves=self.norm, name="interaction"),
            route="numeric",
        )
        between = {f"{self.names[i]} and {self.names[j]}": value for (i, j), value in pair_shares(self.codes).items()}
        self.facts |= {"interaction_share": share, "interaction_between": between}
        told = f"interaction has {number_text(share)} of the variance within orbits (its norm is {number_text(root)}, explained up to {number_text(verdict.bound or 0.0)})"
        if not verdict.holds and len(self.names) > 2:
            told += "; " + ", ".join(
                f"{name} {number_text(value)}" for name, value in sorted(between.items(), key=lambda p: -p[1])[:3]
            )
        found = [
            Finding(
                "sums of functions of one factor each",
                verdict.status,
                told,
                None if verdict.holds else {"share": share},
            )
        ]
        if self.codes.numel() * SHUFFLES <= 16 * FEW:
            self.facts["p_value"] = p = shuffled_share(self.codes, SHUFFLES, self.stream.fork("shuffles"))
            means = (
                "as much interaction as in a grid with shuffled cells: the code shows no factors"
                if p > 0.05
                else "less interaction than in shuffled grids"
            )
            found.append(
                Finding(
                    "against shuffled grids",
                    Status.HOLDS if p <= 0.05 else Status.UNDECIDED,
                    f"p = {number_text(p)}: {means}",
                )
            )
        return found

    def _noise(self) -> float:
        """The norm that independent noise alone would give the interaction: half of the
        squared difference of two encodings, on its degrees of freedom."""
        assert self.given.repeat is not None
        sizes = self.found.shape[1:-1]
        free = 1 - (1 + sum(n - 1 for n in sizes)) / math.prod(sizes)
        return math.sqrt(float((self.codes - self.given.repeat).square().sum()) / 2 * max(free, 0.0))

    def frequencies(self) -> list[Finding]:
        """Frequencies against the rank, for cyclic factors, and least squares for other
        groups: whether one linear map makes each step."""
        if not self.linear:
            return [Finding("linear action", Status.INAPPLICABLE, "no factor is declared cyclic or a group")]
        floor = self.level
        ranks = additive_ranks(self.found, self.cyclic, floor, self.groups)
        self.facts["ranks"] = {
            "means": ranks.means, "codes": ranks.codes,
            "factors": {self.names[i]: {str(f): r for f, r in own.items()} for i, own in ranks.factors.items()},
        }  # fmt: skip
        found = [self._room(ranks)] if self.is_spectral else []
        found += [self._step(i, floor) for i in self.linear]
        if (
            len(self.cyclic) == len(self.names)
            and self.codes.numel() <= FEW
            and math.sqrt(self.found.interaction) > floor
        ):
            joint, rank = joint_ranks(self.codes, floor)
            self.facts["joint_ranks"] = {"frequencies": joint, "codes": rank}
            text = f"joint frequencies take {joint} dimensions, the codes have rank {rank}"
            means = (
                "one linear action moves all codes, and is entangled"
                if joint == rank
                else "no linear action moves all codes"
            )
            found.append(
                Finding("any linear action", Status.HOLDS if joint == rank else Status.REFUTED, f"{text}: {means}")
            )
        return found

    def _room(self, ranks: Ranks) -> Finding:
        taken = [f"{self.names[i]} {sum(own.values())}" for i, own in ranks.factors.items()]
        whose = "the codes have" if math.sqrt(self.found.interaction) <= self.floor else "their additive part has"
        text = f"frequencies take {ranks.frequencies} dimensions (means {ranks.means}, {', '.join(taken)}), {whose} rank {ranks.codes}"
        if ranks.frequencies <= ranks.codes:
            return Finding("frequencies fill the rank", Status.HOLDS, text)
        return Finding(
            "frequencies fill the rank",
            Status.REFUTED,
            f"{text}{self._sharing(ranks)}",
            {"frequencies": ranks.frequencies, "rank": ranks.codes},
        )

    def _sharing(self, ranks: Ranks) -> str:
        """Which factors share a subspace."""
        spans = factor_spans(self.found, self.level)
        for i, j in combinations(ranks.factors, 2):
            joint = join_spans([spans[i], spans[j]]).rank
            own = sum(ranks.factors[i].values()) + sum(ranks.factors[j].values())
            if own > joint:
                shape = "one plane" if joint == 2 else f"{joint} dimensions"
                return f": {self.names[i]} and {self.names[j]} share {shape}, {own} frequencies in rank {joint}"
        return ": one factor has more frequencies than its subspace has dimensions, or the means take up its room"

    def _step(self, i: int, floor: float) -> Finding:
        """The linear map of least squares for the steps of a factor."""
        factor = self.given.factors[i]
        flat = self.codes.reshape(-1, self.codes.shape[-1])
        steps = [1] if factor.group is None else list(factor.group.generators)
        worst, fitted = 0.0, None
        for step in steps:
            order = (
                (torch.arange(factor.size) + step) % factor.size
                if factor.group is None
                else torch.as_tensor(factor.group.table[step].copy())
            )
            after = self.codes.index_select(1 + i, order).reshape(flat.shape)
            made: FittedAction = fit_action(flat, after, floor=floor / self.norm)
            self.actions[factor.name if len(steps) == 1 else f"{factor.name}[{step}]"] = made.matrix
            if fitted is None or made.residual > worst:
                worst, fitted = made.residual, made
        name = f"a linear map makes the step of {factor.name}"
        self.facts.setdefault("step_residuals", {})[factor.name] = worst
        text = f"least squares leaves {number_text(worst)} of the norm of the codes"
        limit = self._step_limit(fitted, flat, floor)
        if worst <= limit:
            return Finding(name, Status.HOLDS, text)
        status = Status.UNDECIDED if worst <= 10 * limit and not self.given.said else Status.REFUTED
        return Finding(
            name, status, f"{text}, where errors of the codes explain {number_text(limit)}", {"residual": worst}
        )

    def _step_limit(self, fitted: FittedAction | None, flat: Tensor, floor: float) -> float:
        """What errors of the codes leave of least squares: the codes after the step, and
        those before as the map moves them."""
        size = float(torch.linalg.matrix_norm(fitted.matrix, 2)) if fitted is not None else 1.0
        return (1 + size) * floor / self.norm * math.sqrt(min(flat.shape))

    def distance(self) -> list[Finding]:
        """The nearest disentangled codes, in the rank of these codes and in all
        dimensions, with the means of the orbits and without."""
        if not self.is_spectral:
            why = f"its closed form needs the irreps of every factor: cyclic ones, and groups of up to {SPLIT} elements"
            return [Finding("distance to the nearest disentangled codes", Status.INAPPLICABLE, why)]
        rank = self.facts["ranks"]["codes"]
        within = {
            means: nearest_disentangled(self.codes, self.cyclic, dimensions=rank, means=means, groups=self.groups)
            for means in (True, False)
        }
        whole = nearest_disentangled(self.codes, self.cyclic, dimensions=self.codes.shape[-1], groups=self.groups)
        near = within[True]
        self.facts |= {"distance": near.relative, "distance_without_means": within[False].relative, "distance_in_all_dimensions": whole.relative, "kept": self._kept(near), "power": self._power()}  # fmt: skip
        if len(self.cyclic) == 2 and self.codes.numel() <= FEW:
            self.facts["lattice"] = self._lattice()
        text = (
            f"{number_text(near.relative)} of the norm in the {rank} dimensions that the codes span ({number_text(within[False].relative)} with the means of orbits "
            f"subtracted), {number_text(whole.relative)} in all {whole.dimensions}; kept are {', '.join(self._kept(near)) or 'none'}"
        )
        limit = self.floor / self.norm * math.sqrt(1 + len(self.names)) if self.norm else 0.0
        allowed = limit if self.tolerance is None else max(limit, self.tolerance)
        holds = near.relative <= allowed
        close = not holds and self.tolerance is None and near.relative <= 10 * limit and not self.given.said
        status = Status.HOLDS if holds else Status.UNDECIDED if close else Status.REFUTED
        asked = (
            f"within the tolerance {number_text(self.tolerance)}"
            if self.tolerance is not None
            else "within what the codes are known to"
        )
        return [
            Finding(
                "distance to the nearest disentangled codes",
                status,
                text + (f"; {asked}" if holds else ""),
                None if holds else {"distance": near.relative},
            )
        ]

    def _kept(self, near: Nearest) -> list[str]:
        kept = sorted(
            {(-1 if p.factor is None else p.factor, p.frequency) for p in near.kept if math.sqrt(p.energy) > self.floor}
        )
        return ["the means" if i < 0 else f"{self.names[i]}: {f}" for i, f in kept[:SHOWN]]

    def _power(self) -> dict[str, list[float]]:
        """Energy by frequency of each cyclic factor."""
        return {
            self.names[i]: [float(m.abs().square().sum()) * (1 if 2 * f == self.found.shape[1 + i] else 2) for f, m in enumerate(frequency_matrices(self.found.main[i], self.found.points))][1:33]
            for i in self.cyclic
        }  # fmt: skip

    def _lattice(self) -> list[list[float]]:
        """Share of the variance within orbits at each pair of frequencies 0..n/2 of two
        factors, negative ones added to theirs."""
        power = torch.fft.fft2(self.codes, dim=(1, 2)).abs().square().sum((0, 3))
        power[0, 0] = 0.0
        for axis in (0, 1):
            n = power.shape[axis]
            folded = power.index_select(axis, torch.arange(n // 2 + 1))
            back = power.index_select(axis, (-torch.arange(n // 2 + 1)) % n)
            own = (torch.arange(n // 2 + 1) * 2 % n == 0).to(power).reshape([-1, 1] if axis == 0 else [1, -1])
            power = folded + (1 - own) * back
        return (power / power.sum().clamp_min(1e-300))[:LATTICE, :LATTICE].tolist()

    def subspaces(self) -> list[Finding]:
        """What each factor moves, and the angles between these subspaces."""
        spans = factor_spans(self.found, self.level)
        sizes = {name: part.rank for name, part in zip(self.names, spans, strict=True)}
        joint = join_spans(spans)
        self.basis = joint.basis
        angles = {
            f"{self.names[i]} and {self.names[j]}": math.degrees(
                float(principal_angles(spans[i].basis, spans[j].basis)[0])
            )
            for i, j in combinations(range(len(spans)), 2)
            if spans[i].rank and spans[j].rank
        }
        self.facts |= {"subspaces": sizes, "angles_in_degrees": angles}
        moved = ", ".join(f"{name} moves {count(size, 'dimension')}" for name, size in sizes.items())
        least = min(angles.items(), key=lambda pair: pair[1]) if angles else None
        text = moved + (
            f"; the smallest angle between two of these is {number_text(least[1])} degrees ({least[0]})"
            if least
            else ""
        )
        return [Finding("a subspace for each factor", SEPARATE[joint.independent], text)]
