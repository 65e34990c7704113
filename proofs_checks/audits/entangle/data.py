"""The data of a model and of its twin: draws of both, compared coordinate by
coordinate, along random directions, and jointly.
"""

from __future__ import annotations

import math
from typing import Any

from numerics.latents.twin_comparison import Comparison
from numerics.latents.twins import EntangledTwin
from numerics.statistics.two_samples import mean_under_equal_distributions
from numerics.streams import Stream, tiles
from proofs_checks.audits.entangle.map import also, witness_of
from proofs_checks.findings import Finding
from proofs_checks.inputs.decoders import Decoder
from proofs_checks.kernel import Bound, Status, Test, Verdict, judge, level, tested
from proofs_checks.wording import number_text

DIRECTIONS, FEATURES = 8, 128


def same_distribution(
    twin: EntangledTwin, model: Decoder, samples: int, stream: Stream
) -> tuple[list[Finding], dict[str, Any]]:
    """Draws of both models: every coordinate, random projections, and the joint
    embedding; each test at a level that holds at this n.
    """
    pilot = model(twin.prior.sample(1000, stream.fork("pilot")).to(twin.mapping.A))
    seen = Comparison(pilot, stream, directions=DIRECTIONS, features=FEATURES, subset=model.subset)
    first, second = stream.fork("model"), stream.fork("twin")
    for count in tiles(samples, max(1, min(twin.mapping.tile, (1 << 22) // model.outputs))):
        seen.add(model(twin.prior.sample(count, first).to(twin.mapping.A)), 0)
        seen.add(twin.sample(count, second)[1], 1)
    columns, joint = seen.columns, seen.joint
    alpha = level(1)
    slack = Bound(
        {"mean under one distribution": mean_under_equal_distributions(samples, samples), "rounding": joint.rounding()},
        "The distance of two empirical mean embeddings of norm 1 has a mean of at most sqrt(1/n + 1/m) when the distributions agree (Gretton et al. 2012).",
    )
    evidence = {
        "each coordinate of x": tested(
            seen.by_column, Test.dkw_two_sample(samples, samples, tests=columns), resolves=0.25
        ),
        "projections of x": tested(
            seen.by_direction, Test.dkw_two_sample(samples, samples, tests=DIRECTIONS), resolves=0.25
        ),
        "x jointly": tested(joint.distance, Test.hoeffding(2 * samples, joint.width), resolves=0.35, slack=slack),
    }
    what = {
        "each coordinate of x": f"largest Kolmogorov-Smirnov distance over {columns}{f' of {model.outputs}' if model.subset is not None else ''} coordinates",
        "projections of x": f"over {DIRECTIONS} random directions",
        "x jointly": f"distance of mean embeddings, {FEATURES} random frequencies",
    }
    findings, facts = [], {"level of each test of x": alpha / len(evidence)}
    for name, item in evidence.items():
        verdict = judge(item, route="statistical", alpha=alpha / len(evidence))
        facts[name] = {"statistic": verdict.residual, "radius": verdict.bound}
        findings.append(
            Finding(
                f"identical samples: {name}", verdict.status,
                f"{what[name]}: {number_text(verdict.residual or 0.0)}; at level {alpha / len(evidence):.0e} equal distributions stay below "
                f"{number_text(verdict.bound or 0.0)} ({samples} draws of each){_more_samples(verdict, samples, item.resolves)}", witness_of(verdict),
            )
        )  # fmt: skip
    return findings, facts


def _more_samples(verdict: Verdict, samples: int, resolves: float) -> str:
    if verdict.status is not Status.UNDECIDED:
        return also(verdict)
    needed = math.ceil(samples * ((verdict.bound or 1.0) / resolves) ** 2 / 1000) * 1000
    return f": too wide to tell distributions apart; give samples={needed} or more"
