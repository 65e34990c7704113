"""The table of a run: a line a claim under its topic, then what does not hold, then
two lines of summary; scopes on request.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from proofs_checks.wording import clean, count, number_text

if TYPE_CHECKING:
    from proofs_checks.claim.claim import Claim
    from proofs_checks.kernel import Verdict
    from proofs_checks.run.results import ClaimResult

ROUTES = {"exact": "exact", "certified": "certified", "numeric": "numeric", "statistical": "statist."}
NARROW = 76  # below this many columns a claim takes the lines that it needs, its name first
WORDS = {
    "HOLDS": "holds", "REFUTED": "REFUTED", "UNDECIDED": "undecided", "INAPPLICABLE": "no case", "ERRORED": "ERROR", "": "-",
}  # fmt: skip
_EXACT = ("exact", "certified")
ORIGIN = "record was "  # begins the note of a verdict whose record was not made by a run here
Ran = Callable[[str, str], bool]


def table_lines(results: Sequence[ClaimResult], columns: int, *, ran: Ran | None = None) -> Iterator[str]:
    """One line a claim: a word for each route (``~`` where part of the error is an
    estimate), controls, least margin, seconds.
    """
    begun = ran or (lambda claim, route: True)
    results, trial = _trial_apart(results)
    routes = [route for route in ROUTES if route != "certified" or any(route in result.routes for result in results)]
    wide = columns >= NARROW
    left = max((len(_slug(result)) for result in results), default=0) + 4
    left = max(22, min(left, columns - 10 * len(routes) - 27))
    if wide and results:
        yield (
            " " * left
            + "".join(f"{ROUTES[route]:<10}" for route in routes)
            + f"{'controls':<10}{'margin':>7}{'time':>9}"
        )
    topic = ""
    for result in results:
        if _topic(result) != topic:
            topic = _topic(result)
            yield clean(topic)
        cells = {route: _word(result, route, begun) for route in routes}
        refuted = f"{result.refuted_controls} of {len(result.controls)}" if result.controls else "-"
        refuted += "*" if any(map(is_marked, result.controls.values())) else ""
        margin, seconds = margin_word(result), f"{result.seconds:.1f} s"
        if wide:
            name = f"  {_slug(result)}"
            if len(name) >= left:
                yield name
                name = ""
            yield (
                f"{name:<{left}}" + "".join(f"{cells[r]:<10}" for r in routes) + f"{refuted:<10}{margin:>7}{seconds:>9}"
            )
        else:
            yield f"  {_slug(result)}"
            told = [f"{route} {word}" for route, word in cells.items() if word != "-"]
            told.append(f"controls {refuted}, margin {margin}, {seconds}")
            yield from textwrap.wrap(", ".join(told), columns - 1, initial_indent="    ", subsequent_indent="    ")
    yield from textwrap.wrap(trial, columns - 1, subsequent_indent="    ") if trial else ()


def _trial_apart(results: Sequence[ClaimResult]) -> tuple[Sequence[ClaimResult], str]:
    """The claims about the kernel itself as one line, where all of them hold and
    others were run too.
    """
    kernel = [result for result in results if _topic(result) == "kernel"]
    others = [result for result in results if _topic(result) != "kernel"]
    if not others or len(kernel) < 2 or not all(str(result.status) == "HOLDS" for result in kernel):
        return results, ""
    refuted, seconds = sum(result.refuted_controls for result in kernel), sum(result.seconds for result in kernel)
    controls = sum(len(result.controls) for result in kernel)
    return others, (
        f"kernel on trial: {len(kernel)} of {len(kernel)} claims hold, {refuted} of {controls} controls refuted, {seconds:.1f} s"
    )


def _topic(result: ClaimResult) -> str:
    return result.id.rpartition(":")[0] or result.id.partition(".")[0]


def _slug(result: ClaimResult) -> str:
    return clean(result.id.rpartition(":")[2] if ":" in result.id else result.id.partition(".")[2])


def _word(result: ClaimResult, route: str, ran: Ran) -> str:
    verdict = result.routes.get(route)
    mine = [control for (_, on), control in result.controls.items() if on == route]
    if verdict is None and not mine:
        return "-"
    if not ran(result.id, route):
        return "not run"
    if verdict is None:
        return next((WORDS[str(control.status)] for control in mine if not control.holds), "refuted")
    return WORDS[str(verdict.status)] + ("~" if verdict.scope.estimated else "") + ("*" if is_marked(verdict) else "")


def is_marked(verdict: Verdict) -> bool:
    """Whether a record behind the verdict was not made by a run here."""
    return any(note.startswith(ORIGIN) for note in verdict.notes)


def margin_word(result: ClaimResult) -> str:
    """How many bounds or radii beyond the bound the least refuted control lay;
    ``exact`` where every control was refuted exactly.
    """
    measured = [c.margin for c in result.controls.values() if c.margin is not None and c.route not in _EXACT]
    if not measured:
        return "exact" if result.controls else "-"
    least = min(measured)
    return (
        f"{least:.2g}"
        if least < 100
        else f"{least:.0f}"
        if least < 1e4
        else f"{least:.0e}".replace("e+0", "e").replace("e+", "e")
    )


def summary_lines(results: Sequence[ClaimResult], columns: int) -> Iterator[str]:
    """How many claims hold, how many controls were refuted, and the least margin."""
    counts = {
        status: sum(result.status == status for result in results)
        for status in dict.fromkeys(r.status for r in results)
    }
    held = (
        "all hold"
        if list(counts) == ["HOLDS"]
        else ", ".join(f"{n} {WORDS[str(status)].lower()}" for status, n in counts.items())
    )
    controls = [(result, control) for result in results for control in result.controls.values()]
    line = f"{count(len(results), 'claim')}: {held}"
    if controls:
        line += f"; {sum(c.holds for _, c in controls):,} of {len(controls):,} controls refuted"
        measured = [
            (c.margin, r.id, c.route) for r, c in controls if c.holds and c.margin is not None and c.route not in _EXACT
        ]
        if measured:
            margin, claim, route = min(measured)
            line += f", the least by {number_text(margin)} {'radii' if route == 'statistical' else 'bounds'} ({clean(claim)})"
    yield from textwrap.wrap(f"{line}.", columns - 1)
    estimated = any(verdict.scope.estimated for result in results for verdict in result.routes.values())
    note = "~ part of the error is an estimate.  " if estimated else ""
    yield from textwrap.wrap(f"{note}What was covered: preality verify -v, or preality show CLAIM", columns - 1)


# -- scopes, on request ----------------------------------------------------------------------------------------------------


def scope_lines(results: Sequence[ClaimResult], claims: Mapping[str, Claim], columns: int) -> Iterator[str]:
    """For each claim what each route covered, in the words of its page."""
    for result in results:
        page = claims[result.id].page if result.id in claims else None
        yield ""
        yield clean(result.id)
        for route, verdict in result.routes.items():
            means = page.routes[route].means if page and route in page.routes else {}
            text = f"{route}: {scope_text(verdict, means)}"
            yield from textwrap.wrap(clean(text), columns - 1, initial_indent="  ", subsequent_indent="    ")


def scope_text(verdict: Verdict, means: Mapping[str, str]) -> str:
    """A scope without internal symbols: those that the page gives words for are
    named by them, others are left out.
    """
    scope = verdict.scope
    every = [text for text in scope.quantifiers if ">=" in text]
    named = [words for symbol, words in means.items() if any(_symbol(text) == symbol for text in scope.quantifiers)]
    parts = [*every, *([f"every {', '.join(named)}"] if named else []), *scope.exhausted]
    if verdict.decided:
        told = f"{count(verdict.decided, 'statement')} decided"
        parts.append(told + (f", {verdict.constructed} equal by construction" if verdict.constructed else ""))
    rest = replace(scope, quantifiers=(), exhausted=(), given=() if verdict.route in _EXACT else scope.given)
    parts += [rest.text] if rest.text != "nothing" else []
    if verdict.detects is not None:
        parts.append(departures(verdict))
    return "; ".join(parts) or "nothing"


def departures(verdict: Verdict) -> str:
    """The smallest departure that a statistical route refutes, at this profile and at
    the deep one."""
    text = f"refutes a departure of {verdict.detects:.2g}"
    deep = verdict.detects_deep
    return text if deep is None or deep >= (verdict.detects or 0) else f"{text}, of {deep:.2g} at the deep profile"


def _symbol(text: str) -> str:
    return text.rpartition(" ")[2]


# -- what does not hold ------------------------------------------------------------------------------------------------------


def reason_lines(results: Sequence[ClaimResult], columns: int) -> Iterator[str]:
    """Whatever does not hold, with its reason, its witness and how to see it again."""

    def wrapped(text: str, indent: int) -> list[str]:
        return textwrap.wrap(
            clean(text), columns - 1, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2)
        )

    for origin in dict.fromkeys(origin for result in results for origin in result.origins):
        yield from wrapped(f"* on records that were {origin}; `preality replay --all RUN` makes the checks again.", 0)
    for result in results:
        if str(result.status) == "HOLDS":
            continue
        parts = [(route, verdict) for route, verdict in result.routes.items()]
        parts += [(f"control {name} ({route})", verdict) for (name, route), verdict in result.controls.items()]
        yield ""
        yield f"{clean(result.id)}: {result.word}"
        for name, verdict in parts:
            if verdict.holds:
                continue
            yield from wrapped(f"{name}: {verdict.status}. {verdict.why}", 2)
            if verdict.witness is not None:
                yield from wrapped(f"witness: {verdict.witness}"[:600], 4)
        shown = (
            r for r in result.records if r.get("address") and r["verdict"]["status"] != "HOLDS" and not r["control"]
        )
        for record in shown:
            yield f"    preality replay {clean(record['address'])}"
            break
