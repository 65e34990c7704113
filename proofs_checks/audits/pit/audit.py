"""The PIT audit: is a model calibrated for these samples? Its own Knothe-Rosenblatt map
has to make them uniform on the cube.

If the samples are independent draws of the model's distribution, F(x_d | x_1..x_{d-1})
is uniform, independently for each d (Rosenblatt 1952). Every test holds at the given
level for every number of samples; a deviation that is smaller than its radius goes
unseen, and the report says how large that is.
"""

from __future__ import annotations

from typing import Any

from proofs_checks.audits.pit.findings import bijection, coordinates, distinct, farthest, inside, pairs
from proofs_checks.audits.pit.meanings import facts_of, meaning, next_step
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport, Findings, Progress
from proofs_checks.inputs.samples import read_uniforms
from proofs_checks.wording import short

STAGES = 4


def audit_pit(
    samples: Any = None,
    log_prob: Any = None,
    conditionals: Any = None,
    pit: Any = None,
    *,
    draws: int | None = None,
    support: Any = None,
    level: float = 1e-3,
    tile: int = 1 << 16,
    subject: str = "",
    progress: Progress | None = None,
) -> AuditReport:
    """Test whether a model is calibrated for samples, through its own Rosenblatt map.

    Give exactly one of ``log_prob``, ``conditionals`` and ``pit``.

    Args:
        samples: Held-out points, shape ``(N, D)`` (or ``(N,)``, or events, which are
            flattened in their order), independent of the model's training.
        log_prob: The model's log density: whatever the density audit reads (a function,
            a module, a distribution, a flow). Its map is made in closed form for
            Gaussians and mixtures of them, from an autoregressive flow's own transform,
            or by quadrature for D <= 3; beyond, a flow's latents are tested under its
            base.
        conditionals: Conditional distributions in any D: an object of
            :mod:`numerics.transports.conditionals`, a KnotheRosenblatt, a torch
            Gaussian (mixture), or a list of one-dimensional distributions; or one
            distribution for each observation, as a batched distribution of torch, a
            frozen one of scipy with arrays of parameters, or a list of N.
        pit: PIT values that you computed, in [0, 1], shape ``(N, D)`` or ``(N,)``; or
            ranks of simulation-based calibration, with ``draws``.
        draws: Among how many draws each rank 0..draws was taken.
        support: Optional ``(low, high)``, a box that holds the mass, for quadrature;
            ``"circle"`` for angles.
        level: Probability that a calibrated model is refuted by any of the tests
            together.
        tile: Points of the density evaluated at once.
        subject: What to call it. progress: Called as every stage begins.
    Raises:
        InputError: input that cannot be read, with the hypothesis that failed and the
            next step.
    """
    _check_numbers(level, tile)
    findings = Findings(progress, stages=STAGES)
    with findings.stage("the model's distribution functions at the samples"):
        found = read_uniforms(
            samples, log_prob=log_prob, conditionals=conditionals, pit=pit, draws=draws, support=support, tile=tile
        )
        findings += found.findings
    with findings.stage("ties and support"):
        findings += [distinct(found), inside(found), farthest(found, level / 4)]
    with findings.stage("each coordinate"):
        findings.append(coordinates(found, level / 2))
    with findings.stage("pairs of coordinates"):
        findings += [pairs(found, level / 4), *bijection(found)]
    return AuditReport(
        kind="pit",
        subject=subject or "a model",
        findings=findings,
        meaning=meaning(findings, found),
        next_step=next_step(findings),
        facts=facts_of(found, level),
    )


def _check_numbers(level: Any, tile: Any) -> None:
    if not isinstance(level, (int, float)) or isinstance(level, bool) or not 0 < level < 1:
        raise InputError(f"Expected a level between 0 and 1, got {short(level)}.")
    if not isinstance(tile, int) or isinstance(tile, bool) or tile < 1:
        raise InputError(f"Expected tile as a positive number of points, got {short(tile)}.")
