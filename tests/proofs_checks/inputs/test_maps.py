"""A user's bijection and densities: read, asked, refused by name."""

from __future__ import annotations

import pytest
import torch

from numerics.transports import bijections
from proofs_checks import claims
from proofs_checks.catalogue.anomaly import change_of_variables as page
from proofs_checks.errors import InputError
from proofs_checks.inputs import maps
from proofs_checks.kernel import Case, Status


class Doubled:
    """x -> 2x, with whatever log-determinant."""

    def __init__(self, log_det=None):
        if log_det is not None:
            self.log_det = log_det

    def forward(self, x):
        return 2 * x

    def inverse(self, y):
        return y / 2


def stated(x):
    return x.shape[1] * torch.log(torch.full_like(x[:, 0], 2.0))


def test_a_right_log_determinant_holds_and_a_wrong_one_does_not():
    assert claims["anomaly.change-of-variables"].check(f=Doubled(stated), route="numeric").status is Status.HOLDS
    wrong = Doubled(lambda x: stated(x) + 1e-6)
    assert claims["anomaly.change-of-variables"].check(f=wrong, route="numeric").status is Status.REFUTED


def test_cases_follow_the_dimensions_that_a_map_accepts():
    assert [case.D for case in page.cases_for(f=Doubled())] == [1, 8, 64]
    assert page.cases_for() == list(page.cases["numeric"].always)
    assert [case.D for case in maps.cases_of_pairs(f=torch.nn.Linear(3, 3).double())] == [3]


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (Doubled(), "f has none"),
        (Doubled(lambda x: x), "of shape"),
        (Doubled(lambda x: stated(x) * torch.nan), "NaN or infinite"),
    ],
)
def test_a_log_determinant_that_is_none_is_refused_by_name(f, words):
    found = claims["anomaly.change-of-variables"].check(f=f, route="numeric", case=Case(D=2, seed=1, size=8))
    assert found.status is Status.INAPPLICABLE
    assert words in " ".join(str(found).split())


def test_methods_are_asked_for_by_name():
    with pytest.raises(InputError, match="no inverse"):
        maps.given_map(torch.nn.Linear(2, 2), "forward", "inverse")
    assert maps.given_map(None, "forward") is None
    assert maps.given_map(bijections.Cube(), "forward").breaks == bijections.Cube.breaks
