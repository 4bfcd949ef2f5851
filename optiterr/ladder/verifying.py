"""A ladder re-checked from its file and the tables alone: no solver, nothing believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from optiterr.audit import AGREE
from optiterr.compile import Compiled, compile_model
from optiterr.engine import read
from optiterr.errors import DataError
from optiterr.findings import Finding
from optiterr.ladder.climbing import Climb, Ints, moves_of, rungs_of
from optiterr.ladder.ordering import EXACT, Way, order_of, summed
from optiterr.ladder.recertifying import Ground, certified_again
from optiterr.ladder.records import Ladder, Rung
from optiterr.ladder.telling import words_of
from optiterr.model import Model
from optiterr.problem import Problem
from optiterr.scenario.loading import Scenario
from optiterr.solving import left_out_models
from optiterr.verification import Check, Verification, near, same, together

RECOUNTED = 200
"""So many rungs, spread over the ladder, are counted from the tables, and all that break a rule or
are certified; of a longer ladder the others are counted by the model, made anew from the tables."""


def verify_ladder(
    path: str | Path, *, folder: Path | None = None, frames: Mapping[str, Any] | None = None
) -> Verification:
    """Repeats what a ladder claims: data, nested rungs, their costs and breaches, and the bounds.

    ``folder`` says where the scenario's data lies when it is not where the file says. Not repeated
    is how good a plan the search for the best with as many moves found: only that its cost fits
    between the bound and the rung. Raises DataError when file or data cannot be read at all.
    """
    path = Path(path)
    told = Ladder.read(path)
    if not told.scenario:
        what = "was written without its scenario, so there is nothing to count it from"
        raise DataError(str(path), what, "make it again with optiterr ladder")
    home = folder if folder is not None else path.parent / told.folder
    scenario = Scenario.from_dict(told.scenario, folder=home, frames=frames)
    problem = read(scenario)
    compiled = compile_model(scenario.rules, problem)
    checks = [
        same("scenario fingerprint", told.fingerprint, scenario.fingerprint()),
        same("data files", str(told.data), str(dict(problem.hashes))),
        same("model digest", told.digest, compiled.model.digest()),
    ]
    strange = list(_strange(told, scenario, problem, compiled))
    if strange:
        return Verification(plan=str(path), checks=(*checks, *strange))
    checks += _Again.of(told, scenario, problem, compiled).checks()
    return Verification(plan=str(path), checks=tuple(checks))


def _strange(
    told: Ladder, scenario: Scenario, problem: Problem, compiled: Compiled
) -> Iterator[Check]:
    """What makes the rungs no ladder at all: then there is nothing to count."""
    if scenario.priorities:
        yield same("levels of priorities", "by cost", "a ladder knows no levels")
    numbers = [rung.rung for rung in told.rungs]
    if numbers != list(range(len(numbers))) or not numbers:
        yield same("numbers of the rungs", str(numbers), "0, 1, 2 and so on")
        return
    unknown = list(_unknown(told, problem))
    if unknown:
        yield from unknown
        return
    after = _after(told, problem, compiled.model)
    if (after < 0).any():
        names = ", ".join(map(str, compiled.model.account_ids[after < 0][:5]))
        yield same("accounts without a rep who may serve them", "none", names)
    else:
        yield from _steps_or_not(told, problem, compiled.model, after)


def _unknown(told: Ladder, problem: Problem) -> Iterator[Check]:
    """Accounts and reps that there are not, and accounts that move twice."""
    known, reps = set(map(str, problem.account_ids)), set(map(str, problem.rep_ids))
    seen: dict[str, int] = {}
    for rung in told.rungs:
        for move in rung.moves:
            where = f"rung {rung.rung}, account {move.account!r}"
            if move.account not in known:
                yield same(f"{where}: there is such an account", "yes", "no")
            if move.to_rep is not None and move.to_rep not in reps:
                yield same(f"{where}: there is a rep {move.to_rep!r}", "yes", "no")
            if move.account in seen:
                yield same(f"{where}: moves once", "once", f"on rung {seen[move.account]}, too")
            seen[move.account] = rung.rung


def _after(told: Ladder, problem: Problem, model: Model) -> Ints:
    """The pair of each account of the model after all rungs; -1 where there is none."""
    to = {move.account: move.to_rep for rung in told.rungs for move in rung.moves}
    owner = [str(problem.rep_ids[at]) if at >= 0 else None for at in problem.owner]
    ids = map(str, problem.account_ids)
    given = [to.get(one, mine) for one, mine in zip(ids, owner, strict=True)]
    place = problem.rep_index.get_indexer(pd.Index(given, dtype=object))
    return model.choose(place)


def _steps_or_not(told: Ladder, problem: Problem, model: Model, after: Ints) -> Iterator[Check]:
    """Whether rung 0 holds what every plan moves, and each later rung what moves as one."""
    unit = _units_of(problem, model)
    today = model.choose(problem.owner)
    free = set(np.flatnonzero(today < 0).tolist())
    for rung in told.rungs:
        units = {int(unit[move.account]) for move in rung.moves}
        if rung.rung == 0 and not units <= free:
            names = [move.account for move in rung.moves if int(unit[move.account]) not in free]
            yield same("rung 0, accounts that need not move", "none", ", ".join(names[:5]))
        if rung.rung > 0 and (len(units) != 1 or units <= free):
            what = f"rung {rung.rung}: accounts that move together, and need not"
            yield same(what, "yes", f"{len(units)} of them, of which {len(units & free)} have to")
    left = set(np.flatnonzero((today >= 0) & (after != today)).tolist())
    told_of = {int(unit[move.account]) for rung in told.rungs[1:] for move in rung.moves}
    if left - told_of:
        yield same("accounts kept together that move in part", "none", str(len(left - told_of)))


def _units_of(problem: Problem, model: Model) -> dict[str, int]:
    """The account of the model that each account of the tables is part of."""
    unit = np.arange(len(problem.owner)) if model.unit is None else model.unit
    return dict(zip(map(str, problem.account_ids), unit.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class _Again:
    """A ladder that was told, and the same one climbed again."""

    told: Ladder
    climb: Climb
    ground: Ground
    rungs: tuple[Rung, ...]
    sure: frozenset[int]

    @classmethod
    def of(cls, told: Ladder, scenario: Scenario, problem: Problem, compiled: Compiled) -> _Again:
        """Climbed in the order told; AuditError where model and tables disagree."""
        model = compiled.model
        after = _after(told, problem, model)
        unit = _units_of(problem, model)
        steps = [unit[rung.moves[0].account] for rung in told.rungs[1:]]
        order = np.array(steps, dtype=np.int64)
        climb = Climb.of(scenario.rules, problem, model, after, order)
        sure = set(np.linspace(0, len(steps), min(RECOUNTED, len(steps) + 1)).round().astype(int))
        sure |= {one.rung for one in told.rungs if one.breaches or one.certified}
        counted = [climb.told(at, recounted=at in sure) for at in range(len(steps) + 1)]
        moves = moves_of(compiled, problem, climb.today, after, order)
        ground = Ground(model, partial(left_out_models, scenario.rules, problem))
        return cls(told, climb, ground, tuple(rungs_of(counted, moves)), frozenset(sure))

    def checks(self) -> Iterator[Check]:
        """Every claim; one line for all rungs where it holds on all of them."""
        both = list(zip(self.told.rungs, self.rungs, strict=True))
        by_model = len(both) - len(self.sure)
        yield Check(
            what="rungs counted from the tables",
            holds=True,
            recounted=f"{len(self.sure)}, and {by_model} by the model" if by_model else "all",
        )
        yield from together("who moves, from whom, to whom and why", map(_moves_check, both))
        yield from together("accounts moved", (_number(one, "moved") for one in both))
        yield from together("cost", (_number(one, "cost") for one in both))
        yield from together("cost by rule", (one for two in both for one in _terms(*two)))
        yield from together("hard rules broken", map(_breaches, both))
        yield from together("share of the improvement", (_number(one, "share") for one in both))
        yield self._order()
        for rung in self.told.rungs:
            if rung.certified is not None:
                yield from together(
                    f"rung {rung.rung}, the best plan with as many moves",
                    certified_again(self.ground, self.climb, rung, self.rungs),
                )
        last = self.rungs[-1]
        yield same(
            f"rung {last.rung} is the plan: hard rules broken", "none", _listed(last.breaches)
        )
        if not last.breaches:
            certified = [one.certified for one in self.told.rungs]
            again = [
                one.model_copy(update={"certified": stands})
                for one, stands in zip(self.rungs, certified, strict=True)
            ]
            yield same("sentences", _first_other(self.told.words, tuple(words_of(again))), "")

    def _order(self) -> Check:
        """Whether no other order is better, where the file says so."""
        what, steps = "order of the rungs", len(self.climb.steps)
        if self.told.order != "exact":
            return Check(what=what, holds=True, claimed="greedy", recounted="not proved, as told")
        if steps > EXACT:
            return same(what, "exact", f"not proved: more than {EXACT} rungs")
        climb = self.climb
        way = Way.between(climb.model, climb.before, climb.after)
        place = {unit: at for at, unit in enumerate(np.flatnonzero(climb.before != climb.after))}
        mine = summed(way, [place[unit] for unit in climb.steps])
        best = summed(way, order_of(way))
        good = mine[0] <= best[0] and (mine[0] < best[0] or mine[1] <= best[1] + AGREE)
        return Check(
            what=what, holds=good, claimed="exact", recounted="" if good else "a better one"
        )


def _number(both: tuple[Rung, Rung], name: str) -> Check:
    told, again = both
    return near(f"rung {told.rung}, {name}", getattr(told, name), getattr(again, name))


def _terms(told: Rung, again: Rung) -> Iterator[Check]:
    for name in dict.fromkeys([*told.terms, *again.terms]):
        what = f"rung {told.rung}, cost of {name}"
        yield near(what, told.terms.get(name), again.terms.get(name))


def _moves_check(both: tuple[Rung, Rung]) -> Check:
    told, again = both
    differ = [(a, b) for a, b in zip(told.moves, again.moves, strict=False) if a != b]
    claimed, recounted = (
        (str(differ[0][at]) if differ else f"{len(one.moves)} moves")
        for at, one in enumerate((told, again))
    )
    return same(f"rung {told.rung}, who moves", claimed, recounted)


def _breaches(both: tuple[Rung, Rung]) -> Check:
    told, again = both
    return same(
        f"rung {told.rung}, hard rules broken", _listed(told.breaches), _listed(again.breaches)
    )


def _listed(findings: Sequence[Finding]) -> str:
    return "; ".join(f"{one.rule}: {one.message}" for one in findings) or "none"


def _first_other(told: Sequence[str], again: Sequence[str]) -> str:
    """The first sentence that is not what the rungs say; empty where none is."""
    for a, b in zip(told, again, strict=False):
        if a != b:
            return a
    return "" if len(told) == len(again) else f"{len(told)} sentences, not {len(again)}"
