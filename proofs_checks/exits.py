"""Exit codes, in one place, since the command line and ``proofs_checks.measure`` share
them.

====  ==========================================================================================
   0  every selected claim holds (also on condition of claims that were not selected)
   1  something was refuted
   2  usage: the request could not be understood or carried out, and nothing was decided
   3  something is undecided, or no case met a claim's assumptions (``--allow-undecided`` gives 0)
   4  something errored
   5  nothing ran
 130  interrupted; what was done is kept
====  ==========================================================================================

Where several apply, a refutation comes first, then an error, then doubt: 1 before 4
before 3.
"""

from __future__ import annotations

from collections.abc import Iterable

HOLDS, REFUTED, USAGE, UNDECIDED, ERRORED, NOTHING, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130
_CODES = {"HOLDS": HOLDS, "REFUTED": REFUTED, "UNDECIDED": UNDECIDED, "INAPPLICABLE": UNDECIDED, "ERRORED": ERRORED}


def exit_code(statuses: Iterable[str], *, allow_undecided: bool = False) -> int:
    """The exit code of a run whose claims came to ``statuses``.

    >>> exit_code(["HOLDS", "UNDECIDED", "ERRORED"])
    4
    >>> exit_code(["HOLDS", "UNDECIDED"], allow_undecided=True)
    0
    >>> exit_code([])
    5
    """
    from proofs_checks.kernel import SEVERITY  # here, since to name a code needs no kernel

    found = {str(status) for status in statuses}
    if not found:
        return NOTHING
    code = next(_CODES[status] for status in SEVERITY if status in found)
    return HOLDS if allow_undecided and code == UNDECIDED else code
