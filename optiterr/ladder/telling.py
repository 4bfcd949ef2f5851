"""A ladder in words: how far the first moves lead, and which rules break on the way."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from optiterr.findings import Finding, counted, listed, written
from optiterr.ladder.records import Rung
from optiterr.solution import Status

MARKS = (0.5, 0.8, 0.95)
"""Shares of the improvement; the first rung that reaches one and keeps every rule is named."""

NAMED = 8
"""So many broken rules are named one by one; the rest is counted."""

Stretch = tuple[int, int, Finding]
"""First and last rung that breaks a rule at one place, and the worst finding of them."""


def words_of(rungs: Sequence[Rung]) -> Iterator[str]:
    """What to know of a ladder, a sentence each."""
    yield _moves(rungs)
    yield from _shares(rungs)
    yield from _dearer(rungs)
    yield from _breaks(rungs)
    yield from _proofs(rungs)


def _moves(rungs: Sequence[Rung]) -> str:
    first, moved = rungs[0].moved, rungs[-1].moved
    if not moved:
        return "No account moves: the plan is today's books."
    steps = counted(len(rungs) - 1, "rung")
    if not first:
        return f"{counted(moved, 'account')} move, on {steps}."
    have = "has" if first == 1 else "have"
    return (
        f"{counted(moved, 'account')} move: {first:,} of them {have} to in every plan (rung 0), "
        f"{moved - first:,} on {steps} after that."
    )


def _shares(rungs: Sequence[Rung]) -> Iterator[str]:
    first, last = rungs[0], rungs[-1]
    if len(rungs) == 1:
        return
    if last.share is None:
        yield (
            f"The plan costs {written(last.cost)}, no less than rung 0 with {written(first.cost)}: "
            "the moves do something else than save cost."
        )
        return
    yield (
        f"The plan brings the cost from {written(first.cost)} after rung 0 down to "
        f"{written(last.cost)}."
    )
    told, keeping = set[int](), [rung for rung in rungs if not rung.breaches]
    for mark in MARKS:
        one = next(rung for rung in keeping if (rung.share or 0.0) >= mark - 1e-9)
        if one.rung in told or one.rung in (0, last.rung):
            continue
        told.add(one.rung)
        moves, of = one.moved - first.moved, last.moved - first.moved
        gives = "gives" if moves == 1 else "give"
        yield (
            f"The first {counted(moves, 'move')} of {of:,} {gives} "
            f"{percent(one.share or 0.0)} of the improvement (rung {one.rung})."
        )


def _dearer(rungs: Sequence[Rung]) -> Iterator[str]:
    """Rungs where it is better to have stopped before: half of an exchange, mostly."""
    least, dear = math.inf, list[int]()
    for rung in rungs:
        if not rung.breaches:
            if rung.cost > least + 1e-9 * max(1.0, abs(least)):
                dear.append(rung.rung)
            least = min(least, rung.cost)
    if rungs[-1].share is None:
        return
    cheapest = min((rung for rung in rungs if not rung.breaches), key=lambda rung: rung.cost)
    if dear and dear[-1] == rungs[-1].rung:
        yield (
            f"Rung {cheapest.rung} costs {written(cheapest.cost)}, less than the plan itself: "
            "stop there, or solve the scenario for longer."
        )
    elif dear:
        places = "places" if len(dear) > 1 else "place"
        yield f"No good {places} to stop: rung {listed(dear, NAMED)}, dearer than one before."


def _breaks(rungs: Sequence[Rung]) -> Iterator[str]:
    broken = stretches(rungs)
    if not broken:
        yield "Every rung keeps every hard rule."
        return
    keeps = max(rung.rung for rung in rungs if rung.breaches) + 1
    if keeps <= rungs[-1].rung:
        yield f"From rung {keeps} on every hard rule is kept."
    for first, last, worst in broken[:NAMED]:
        where = f"Rung {first} breaks" if first == last else f"Rungs {first} to {last} break"
        mended = f"; mended by rung {last + 1}" if last < rungs[-1].rung else ""
        yield f"{where} {worst.rule}: {worst.message}{mended}."
    if len(broken) > NAMED:
        yield f"{len(broken) - NAMED:,} more such stretches are in ladder.json."


def stretches(rungs: Sequence[Rung]) -> list[Stretch]:
    """Runs of rungs that break one rule at one place, by first rung, with their worst finding."""
    running: dict[tuple[str, str], Stretch] = {}
    done: list[Stretch] = []
    for rung in rungs:
        here = {(one.rule, one.where): one for one in rung.breaches}
        done += [running.pop(key) for key in [*running] if key not in here]
        for key, one in here.items():
            first, _, worst = running.get(key, (rung.rung, rung.rung, one))
            running[key] = (first, rung.rung, max(worst, one, key=lambda each: each.amount))
    done += running.values()
    return sorted(done, key=lambda one: (one[0], one[1], one[2].rule, one[2].where))


def _proofs(rungs: Sequence[Rung]) -> Iterator[str]:
    reached = {
        rung.rung: rung.certified.share_proved
        for rung in rungs
        if rung.certified is not None
        and rung.certified.share_proved is not None
        and rung.certified.share_proved >= 0
    }
    if reached:
        share, least = min((share, rung) for rung, share in reached.items())
        several = len(reached) > 1
        who = f"Rungs {', '.join(map(str, reached))} save" if several else f"Rung {least} saves"
        far = f"; the furthest away is rung {least}" if several else ""
        yield (
            f"{who} at least {percent(share)} of what any plan with as many moves could "
            f"(proved{far})."
        )
    for proved, by in ((True, "(proved)"), (False, "(by the solver's word)")):
        none = [
            str(rung.rung)
            for rung in rungs
            if rung.certified is not None
            and rung.certified.status is Status.INFEASIBLE
            and bool(rung.certified.blocking) == proved
        ]
        if none:
            rung = ", ".join(none)
            yield f"No plan with as many moves as rung {rung} keeps every hard rule {by}."


def percent(share: float) -> str:
    """``share`` in whole percent, rounded down: what is reached, never more."""
    return f"{math.floor(100 * share + 1e-6)} %"
