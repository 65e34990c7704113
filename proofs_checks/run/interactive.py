"""Claims that run in this process: what ``claim.prove()`` and ``claim.check()`` do in a
REPL or a test suite."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from proofs_checks.claim.claim import Claim
from proofs_checks.claim.collection import Collection
from proofs_checks.errors import InputError
from proofs_checks.wording import clean, clean_lines

if TYPE_CHECKING:
    from proofs_checks.kernel import Case
    from proofs_checks.run.results import ClaimResult

PROVING = ("exact", "certified")


class RunnableClaim(Claim):
    """A claim of the catalogue with ``prove()``, ``check()`` and runnable ``controls``;
    running imports what the claim needs.

    >>> from proofs_checks import claims
    >>> claims["hybrid.value-imbalance"].topic
    'hybrid'
    """

    @property
    def controls(self) -> ControlTable:
        """The falsehoods that this claim's checks refute;
        ``claim.controls["name"].check()`` runs one."""
        return ControlTable(self)

    def prove(self) -> ClaimResult:
        """Run the exact and certified routes with their controls."""
        return self._run(tuple(route for route in self.routes if route in PROVING), {}, None, {}, controls=True)

    def check(
        self,
        *,
        device: str = "auto",
        seed: int = 0,
        profile: str = "quick",
        case: Case | Mapping[str, Any] | None = None,
        route: str | None = None,
        **objects: Any,
    ) -> ClaimResult:
        """Run the claim; on the user's own ``case`` or objects where these are given.

        Args:
            device: ``auto``, ``cpu`` or ``cuda``.
            seed: The run's seed; equal seeds give equal cases and verdicts.
            profile: ``quick``, ``full`` or ``deep``.
            case: One case to run in place of the drawn ones.
            route: One route; all of them when left out.
            objects: Whatever ``claim.objects`` names; only the routes that take them
                are run, and no control.
        Raises:
            InputError: an unknown route, profile or object; the message lists what
                there is.
        """
        if route is not None and route not in self.routes:
            raise InputError(f"{self.id} has no route {route!r}; it has {', '.join(self.routes)}.")
        routes = (route,) if route else tuple(self.routes)
        if objects or case is not None:
            routes = self._routes_that_take({*objects, *(["case"] if case is not None else [])}, routes)
        return self._run(
            routes,
            {"device": device, "seed": seed, "profile": profile},
            case,
            objects,
            controls=not objects and case is None,
        )

    def _routes_that_take(self, names: set[str], routes: tuple[str, ...]) -> tuple[str, ...]:
        accepted = {route: set(inspect.signature(getattr(self.code, route)).parameters) for route in routes}
        chosen = tuple(route for route in routes if names <= accepted[route])
        if not chosen:
            offered = ", ".join(self.objects) or "none"
            raise InputError(
                f"No route of {self.id} takes {', '.join(sorted(names))} together. Objects that it takes: {offered}; see .explain()."
            )
        return chosen

    def _run(
        self, routes: tuple[str, ...], options: dict[str, Any], case: Any, objects: dict[str, Any], *, controls: bool
    ) -> ClaimResult:
        from proofs_checks.run.in_process import run_here

        return run_here(self, routes, options, case, objects, controls=controls)


class ControlTable(Mapping[str, "ControlHandle"]):
    """The controls of a claim by name; printing it imports nothing heavy."""

    def __init__(self, claim: RunnableClaim) -> None:
        self._claim = claim

    def __getitem__(self, name: str) -> ControlHandle:
        if name not in self._claim.page.controls:
            raise KeyError(f"{self._claim.id} has no control {name!r}; it has {', '.join(self._claim.page.controls)}.")
        return ControlHandle(self._claim, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._claim.page.controls)

    def __len__(self) -> int:
        return len(self._claim.page.controls)

    def __repr__(self) -> str:
        return clean_lines(
            "\n".join(
                f"{name}  [{', '.join(page.routes)}]  {page.statement}"
                for name, page in self._claim.page.controls.items()
            )
        )


class ControlHandle:
    """One falsehood: its wording, and ``.check()``, which holds when every case of it
    is refuted with room to spare."""

    def __init__(self, claim: RunnableClaim, name: str) -> None:
        self.claim, self.name = claim, name
        self.statement, self.routes = claim.page.controls[name].statement, claim.page.controls[name].routes

    def check(self, *, seed: int = 0, device: str = "auto") -> ClaimResult:
        """Run the falsehood at its declared cases."""
        from proofs_checks.run.in_process import run_control

        return run_control(self.claim, self.name, seed, device)

    def __repr__(self) -> str:
        return clean(f"<control {self.name} of {self.claim.id}: {self.statement}>")


class Catalogue(Collection):
    """Claims by id, each of which can be proved and checked in this process."""

    _claim_type = RunnableClaim


claims = Catalogue()


def verify(
    *selection: str, profile: str = "quick", device: str = "auto", seed: int = 0, catalogue: Catalogue = claims
) -> list[ClaimResult]:
    """Run claims in this process, by id or topic, all when nothing is named; print the
    table, return the results.

    Args:
        selection: Ids, topics, or Python files that define claims (a file is code, and
            is run).
        profile: ``quick``, ``full`` or ``deep``. device: ``auto``, ``cpu`` or ``cuda``.
            seed: Equal seeds give equal cases.
    Raises:
        UnknownClaim: no such id or topic; the message offers near matches.
    """
    from proofs_checks.run.in_process import verify_here

    return verify_here(catalogue.select(selection), {"device": device, "seed": seed, "profile": profile})
