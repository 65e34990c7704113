"""The audit of a fit: measures between data and one model or two, each with an
interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from numerics.blocks import Over
from numerics.statistics.mmd import GaussianKernel, Kernel, median_length
from numerics.streams import Stream
from proofs_checks.audits.budget import Budget, Progress, one_thread
from proofs_checks.audits.fit import findings as found
from proofs_checks.audits.fit.meanings import facts_of, meaning, next_step
from proofs_checks.audits.fit.normalisation import total_mass
from proofs_checks.audits.fit.preferences import preferences
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport, Findings
from proofs_checks.inputs.fits import FitModel, read_data, read_fit_model
from proofs_checks.inputs.options import read_seed
from proofs_checks.wording import short

DRAWN = 4000  # draws of a model that makes them itself
MOST = 20_000  # points of a sample that are used


def audit_fit(
    model: Any,
    second: Any = None,
    data: Any = None,
    *,
    kernel: Any = None,
    length: float | None = None,
    modes: int = 8,
    permutations: int = 9999,
    seconds: float = 20.0,
    seed: int = 0,
    subject: str = "",
    progress: Progress | None = None,
    over: Over = map,
) -> AuditReport:
    """Audit how a model fits data: ``fit(model, data)``, or ``fit(model_a, model_b,
    data)`` to compare two.

    Args:
        model: An array of its samples ``(n, D)``, a distribution, a module with
            ``log_prob`` or ``sample``, a sampler n -> (n, D), a log density (N, D) ->
            (N,), or a dict with ``samples``, ``sampler`` and ``log_prob`` as far as
            there are.
        second: The data, or another model when ``data`` is given too.
        data: Points ``(N, ...)`` that neither model was trained on.
        kernel: For MMD, a symmetric positive definite function (n, D), (m, D) -> (n, m)
            with values in [0, 1]; a Gaussian kernel when left out.
        length: Its length; the median distance of the pooled points when left out.
        modes: Into how many cells the data are divided to see which of them a model
            misses.
        permutations: For the p-value of MMD, at most; a hundred that are at least as
            large as the observed value are enough.
        seconds: After so many no further measure is begun. seed: Of halves, draws and
            permutations.
        subject: What to call the model. progress: Called with the share of the time
            spent and what begins. over: What carries MMD^2 of all pairs out in blocks:
            ``with preality.executor("dask", jobs=4).blocks() as over``.
    Raises:
        InputError: an object cannot be read; the message says what came and what was
            expected.
    """
    if second is None and data is None:
        raise InputError(
            "Expected data beside the model: audit.fit(model, data), or audit.fit(model_a, model_b, data)."
        )
    given = [model] if data is None or second is None else [model, second]
    points = read_data(second if data is None else data)
    for name, value, least in (("modes", modes, 2), ("permutations", permutations, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InputError(f"Expected {name} as a whole number of at least {least}, got {short(value)}.")
    budget, stream = Budget(seconds, progress), Stream(read_seed(seed))
    findings = Findings(lambda share, what: budget.tell(what), stages=9)
    names = [""] if len(given) == 1 else ["a", "b"]
    with one_thread():
        with findings.stage("the models and the data"):
            models = [_read(one, points, name, seed) for one, name in zip(given, names, strict=True)]
            whole = None if over is map else points
            points = _thinned(points, stream.fork("data"))
            findings += found.sound_data(points)
            chosen = _kernel(kernel, length, points, models, stream)
            findings += found.kernel_is_sound(chosen, points, [one.samples for one in models])
            bounded = findings[-1].witness["bounded"]
        seen: list[dict[str, Any]] = [{} for _ in models]
        halves = stream.fork("halves")

        def all_pairs(model: FitModel) -> found.Made:
            return found.discrepancy(
                model, points, chosen, permutations, halves.fork("mmd"), whole, over, bounded=bounded
            )

        for measure in [
            *_measures(points, modes=modes, stream=halves, seconds=seconds),
            _Measure(found.MMD, all_pairs),
        ]:
            with findings.stage(measure.name):
                for one, name, values in zip(models, names, seen, strict=True):
                    finding, kept = measure.of(one) if budget.open else found.left_open(measure.name)
                    findings.append(found.label_finding(finding, name))
                    values.update(kept)
        if len(models) == 2:
            with findings.stage("which measure prefers which"):
                findings += preferences(models, seen, points, chosen)
    facts = {**facts_of(models, points, seen, chosen), "interrupted": budget.interrupted}
    return AuditReport(
        "fit", subject or "the model" + "s" * (len(models) - 1), findings, meaning(findings), next_step(findings), facts
    )


def _read(model: Any, points: Tensor, name: str, seed: int) -> FitModel:
    read = read_fit_model(model, points, name=f"model {name}".strip(), draws=DRAWN, seed=seed)
    if read.samples is None:
        return read
    some = _thinned(read.samples, Stream(seed % 2**63).fork(("samples", name)))
    return replace(read, samples=some, whole=read.samples)


def _thinned(points: Tensor, stream: Stream) -> Tensor:
    """In random order, since samples often come sorted by component or class, and at
    most :data:`MOST`."""
    return points[stream.permutation(len(points))[:MOST].to(points.device)]


def _kernel(kernel: Any, length: float | None, points: Tensor, models: list[FitModel], stream: Stream) -> Kernel:
    if kernel is not None:
        if not callable(kernel) or length is not None:
            raise InputError(
                f"Expected either a kernel as a function of two samples, or a length, got {short(kernel)} and {short(length)}."
            )
        return kernel
    if length is None:
        pooled = torch.cat([points, *(one.samples for one in models if one.samples is not None)])
        try:
            length = median_length(pooled, stream.fork("length"))
        except ValueError as error:
            raise InputError(f"{error} Pass length=.") from None
    if isinstance(length, bool) or not isinstance(length, (int, float)) or not (math.isfinite(length) and length > 0):
        raise InputError(f"Expected a positive length, got {short(length)}.")
    return GaussianKernel(float(length))


class _Measure(NamedTuple):
    """A finding by name, and how it is made of a model."""

    name: str
    of: Callable[[FitModel], found.Made]


def _measures(points: Tensor, *, modes: int, stream: Stream, seconds: float) -> list[_Measure]:
    """What is asked of every model, quick measures first."""
    return [
        _Measure(found.LIKELIHOOD, lambda model: found.likelihood(model, points)),
        _Measure(found.MASS, lambda model: total_mass(model, points, stream.fork("mass"), seconds=seconds / 8)),
        _Measure(found.MOMENTS, lambda model: found.moments(model, points)),
        _Measure(found.MODES, lambda model: found.modes(model, points, modes, stream.fork("modes"))),
        _Measure(found.FAR, lambda model: found.far(model, points, stream.fork("far"))),
        _Measure(found.CLASSIFIER, lambda model: found.classifier_finding(model, points, stream.fork("classifier"))),
    ]


__all__ = ["audit_fit"]
