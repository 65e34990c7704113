"""The line that calls each audit, put under a refusal that names no line to write."""

from __future__ import annotations

import re

from proofs_checks.errors import InputError

__all__ = ["LINES", "has_line", "with_line"]

LINES = {
    "group": 'audit.group("table.csv")',
    "representation": 'audit.representation("matrices.json")',
    "equivariance": 'audit.equivariance(layer, inputs=x, actions={"g": (on_inputs, on_outputs)})',
    "embedding": "audit.embedding(edges, points) or audit.embedding(edges, sarkar=3.0)",
    "flow": "audit.flow(flow, data)",
    "density": "audit.density(flow, inliers, outliers)",
    "pit": "audit.pit(samples, log_prob=flow)",
    "typicality": "audit.typicality(flow, inliers, outliers)",
    "entangle": "audit.entangle(decoder, torch.distributions.Normal(torch.zeros(d), torch.ones(d)))",
    "hybrid": "audit.hybrid(module, x, y)",
    "wrapped": "audit.wrapped(log_prob, points, curvature=-1.0)",
    "fit": "audit.fit(samples, data)",
    "score": "audit.score(network, data)",
    "rate_distortion": "audit.rate_distortion(decoder, torch.distributions.Normal(torch.zeros(k), torch.ones(k)), data)",
    "disentangled": "audit.disentangled(codes), codes of a grid of factor values (orbits, n_1, .., n_k, d)",
}
_CODE = re.compile(r"\b[A-Za-z_][\w.]*\([^)]*\)|\b[A-Za-z_]\w*=[^=\s]|`[^`]+`|(?<!\w)\.[a-z]\w+\(|--[a-z]{2,}")
_ECHO = re.compile(r"\b(?:got|raised) .*?(?=\. [A-Z]|$)", re.DOTALL)  # what came, and what another's code said


def has_line(text: str) -> bool:
    """Whether a message shows something that one can write: a call, an argument, a
    command; what it repeats of the user's own does not count.

    >>> has_line("Convert with x.double()."), has_line("Expected a tensor, got 3.")
    (True, False)
    """
    return _CODE.search(_ECHO.sub("", text)) is not None


def with_line(refused: InputError, kind: str) -> InputError:
    """The refusal, with the line that calls the audit where it shows none.

    >>> print(with_line(InputError("Expected a tensor, got 3."), "fit"))
    Expected a tensor, got 3. The line: audit.fit(samples, data).
    """
    text = str(refused)
    if has_line(text) or kind not in LINES:
        return refused
    return InputError(f"{text.rstrip().removesuffix('.')}. The line: {LINES[kind]}.")
