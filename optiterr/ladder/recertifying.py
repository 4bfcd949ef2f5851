"""What is proved of a rung against the best plan with as many moves, proved again from the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from optiterr.audit import AGREE, prices_of, prove
from optiterr.errors import AuditError
from optiterr.explain.infeasible import elastic, proof_at
from optiterr.ladder.certifying import gap_from, share_from
from optiterr.ladder.climbing import Climb, counting_of
from optiterr.ladder.records import Certified, Rung
from optiterr.model import Model
from optiterr.solution import Status
from optiterr.solving import finite
from optiterr.verification import Check, near, same


@dataclass(frozen=True, eq=False)
class Ground:
    """The model of the scenario, and models over the pairs that are no candidates."""

    model: Model
    left_out: Callable[[], Iterator[Model]]


def certified_again(
    ground: Ground, climb: Climb, told: Rung, rungs: Sequence[Rung]
) -> Iterator[Check]:
    """Whether the prices of a certified rung prove its bound, and its gaps follow from that.

    ``rungs`` are recounted. What a solver found is not repeated, only set between the bound and the
    cost of the rung.
    """
    stands, again = told.certified, rungs[told.rung]
    assert stands is not None
    where, breaks = f"rung {told.rung}", bool(again.breaches)
    counting = counting_of(ground.model, climb.today)
    moves = counting.made(ground.model, climb.picks(told.rung))
    yield same(f"{where}, moves allowed", str(stands.moves), str(moves))
    target = counting.within(ground.model, moves)
    chunks = [counting.within(one, moves) for one in ground.left_out()]
    try:
        if stands.status is Status.INFEASIBLE:
            yield _none(where, stands, target, chunks)
            if not breaks:
                yield same(f"{where}, plans with as many moves", "none", "these books are one")
            return
        bound = prove(target, prices_of(target, stands.prices), chunks)
    except AuditError as error:
        yield Check(what=f"{where}, row prices", holds=False, recounted=str(error))
        return
    proved = finite(bound.value)
    share = None if breaks or not moves else share_from(rungs[0].cost, again.cost, proved)
    gap, found = gap_from(again.cost, proved, breaks), stands.best_found
    yield near(f"{where}, proved bound", stands.best_bound_proved, proved)
    yield near(f"{where}, proved gap", stands.gap_proved, gap)
    yield near(f"{where}, proved share", stands.share_proved, share)
    gap = gap_from(again.cost, found, breaks)
    yield near(f"{where}, gap to the best found", stands.gap_found, gap)
    if found is None:
        return
    low, high = -np.inf if proved is None else proved, np.inf if breaks else again.cost
    room = AGREE * max(1.0, abs(found))
    yield Check(
        what=f"{where}, the best found costs no less than the bound, and no more than the rung",
        holds=bool(low - room <= found <= high + room),
        claimed=f"{found:.9g}",
        recounted=f"from {low:.9g} to {high:.9g}",
    )


def _none(where: str, stands: Certified, target: Model, chunks: Sequence[Model]) -> Check:
    """Whether prices prove that no plan with so few moves keeps every hard rule."""
    what = f"{where}, no plan with as few moves"
    if not stands.blocking:
        said = "not proved, as the file says"
        return Check(what=what, holds=True, claimed="by the solver's word", recounted=said)
    source = chunks[0] if len(chunks) == 1 else target
    found = proof_at(target, prices_of(elastic(source), stands.prices), chunks)
    told = ("; ".join(one.message for one in each) for each in (stands.blocking, found))
    return same(what, *told)
