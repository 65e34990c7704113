"""What a check may return, and the only maker of verdicts.

``evidence``: what a check returns, inert. ``verdicts``: what the kernel says.
``judging``: one check's evidence to a verdict, by ``exact``, ``inductions``,
``enumerations`` (statements of theory) and ``measurements`` (residuals, tests, balls).
``budget``: levels and radii.
``seeds``: of checks and of their confirmation. ``aggregation``: routes, controls,
    claims.
"""

from numerics.bounds import Bound, Measurement
from proofs_checks.kernel.aggregation import REQUIRED_MARGIN, aggregate, combine, control_verdict, error_verdict
from proofs_checks.kernel.budget import BUILT_IN_WEIGHT, FALSE_ALARMS, THIRD_PARTY_WEIGHT, level, radius
from proofs_checks.kernel.evidence import (
    Case,
    Cases,
    Control,
    Evidence,
    Profile,
    Test,
    enclosed,
    identity,
    inapplicable,
    induction,
    measured,
    tested,
    undecided,
)
from proofs_checks.kernel.judging import judge
from proofs_checks.kernel.measurements import DOUBT
from proofs_checks.kernel.seeds import canonical, confirm, confirmation_seeds, trial_seed, unconfirmed_verdict
from proofs_checks.kernel.verdicts import SEVERITY, Route, Scope, Status, Verdict
from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion, Sign

__all__ = [
    "BUILT_IN_WEIGHT",
    "DOUBT",
    "FALSE_ALARMS",
    "REQUIRED_MARGIN",
    "SEVERITY",
    "THIRD_PARTY_WEIGHT",
    "Bound",
    "Case",
    "Cases",
    "Control",
    "Enumeration",
    "Equation",
    "Evidence",
    "Family",
    "Induction",
    "Measurement",
    "Profile",
    "Recursion",
    "Route",
    "Scope",
    "Sign",
    "Status",
    "Test",
    "Verdict",
    "aggregate",
    "canonical",
    "combine",
    "confirm",
    "confirmation_seeds",
    "control_verdict",
    "enclosed",
    "error_verdict",
    "identity",
    "inapplicable",
    "induction",
    "judge",
    "level",
    "measured",
    "radius",
    "tested",
    "trial_seed",
    "unconfirmed_verdict",
    "undecided",
]  # fmt: skip
