"""What the findings of an entangled twin mean, and what to do next."""

from __future__ import annotations

from typing import Any

from proofs_checks.inputs.decoders import MOST_OUTPUTS, Decoder

NEXT = (
    "Do not choose between such models by likelihood, samples or any other function of x. What can tell them apart: observed factors or pairs of "
    "observations that share one, interventions, a restricted class of decoders (the twin has to lie outside it), or a task."
)


def meaning(model: Decoder, numbers: dict[str, Any]) -> str:
    """What follows for the user."""
    equal = numbers.get("all entries equal")
    scores_text = (
        " Measured against the latent, the twin's scores are at the level of chance." if equal
        else " How far scores fall is decided by the entries of A: even ones lower them, one large entry a row leaves them high." if equal is False
        else ""
    )  # fmt: skip
    kind = "" if model.deterministic else " The decoder is random; its noise is the same in both models."
    many = (
        ""
        if model.subset is None
        else f" Of {model.outputs} coordinates of x, {MOST_OUTPUTS} were tested one by one and all of them jointly."
    )
    return (
        "The model and its twin have the same distribution of x, so no likelihood, sample or other function of x prefers the given latent to one in which "
        f"every coordinate is mixed with every other.{scores_text} The decoder need not be injective, continuous or trained: the identity of the distributions uses "
        f"the prior alone. Not checked: gaps of the marginals narrower than 1/1024 of the mass.{kind}{many}"
    )
