"""What a comparison says of single accounts, reps and teams, from the tables of its cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optiterr.comparison.accounts import (
    NOBODY_THERE,
    NOT_THERE,
    AccountTable,
    Difference,
    RepLine,
    Team,
)
from optiterr.comparison.case import Case
from optiterr.comparison.differing import differences, told
from optiterr.comparison.ground import Ground
from optiterr.comparison.worth import Places
from optiterr.pairs import Floats, Ints
from optiterr.problem import DEPARTED


@dataclass(frozen=True, eq=False)
class Gathered:
    """What the comparison says of single accounts and reps."""

    reps: tuple[RepLine, ...] = ()
    accounts: AccountTable | None = None
    differences: tuple[Difference, ...] = ()
    teams: tuple[Team, ...] = ()


def gather(cases: Sequence[Case], today: Case, lead: str) -> Gathered:
    """Accounts, reps, differences and teams of ``cases``.

    Empty when a case was read from a file: the tables behind it are no longer at hand.
    """
    grounds = {case.name: case.ground for case in (today, *cases)}
    known = {name: ground for name, ground in grounds.items() if ground is not None}
    if len(known) != len(grounds):
        return Gathered()
    reps = _reps(known.values())
    solved = [case for case in cases if case.has_plan]
    return Gathered(
        reps,
        _table(today, solved, list(known.values()), reps, lead),
        differences(solved, known, lead),
        tuple(team for case in solved for team in _teams(case, known[case.name])),
    )


def _reps(grounds: Iterable[Ground]) -> tuple[RepLine, ...]:
    """Every rep of any roster in its order, then owners who are in none."""
    found: dict[str, RepLine] = {}
    gone: dict[str, RepLine] = {}
    for ground in grounds:
        data = ground.view.data
        north, east = ground.points("reps")
        for at, (rep_id, manager) in enumerate(zip(data.rep_ids, ground.managers, strict=True)):
            if rep_id not in found:
                found[rep_id] = RepLine(
                    rep_id=rep_id,
                    name=ground.view.names.get(rep_id, ""),
                    manager=manager,
                    latitude=told(north[at]),
                    longitude=told(east[at]),
                    leaves=not data.serves[at],
                )
        for rep_id in sorted(set(ground.view.owner_ids[data.owner == DEPARTED])):
            gone.setdefault(rep_id, RepLine(rep_id=rep_id, leaves=True))
    return (*found.values(), *(line for rep_id, line in gone.items() if rep_id not in found))


def _table(
    today: Case,
    solved: Sequence[Case],
    grounds: Sequence[Ground],
    reps: Sequence[RepLine],
    lead: str,
) -> AccountTable:
    ids = list(dict.fromkeys(one for ground in grounds for one in ground.account_ids))
    every, roster = pd.Index(ids), pd.Index([rep.rep_id for rep in reps])
    names = np.full(len(ids), "", dtype=object)
    places = np.full((2, len(ids)), np.nan)
    measures = list(dict.fromkeys([lead, *(m for g in grounds for m in g.view.move_measures)]))
    numbers = {name: np.full(len(ids), np.nan) for name in measures}
    open_rows = np.ones(len(ids), dtype=bool)
    for ground in grounds:
        at = every.get_indexer(ground.account_ids)
        new = np.flatnonzero(open_rows[at])
        open_rows[at] = False
        names[at[new]] = np.array(ground.names, dtype=object)[new]
        for row, values in zip(places, ground.points("accounts"), strict=True):
            row[at[new]] = values[new]
        for name in ground.view.move_measures:
            numbers[name][at[new]] = ground.view.data.account_number(name)[new]
    owner = np.full(len(ids), NOT_THERE)
    first = grounds[0]
    owner[every.get_indexer(first.account_ids)] = roster.get_indexer(
        pd.Index(first.view.owner_ids, dtype=object)
    )
    served = {}
    for case in solved:
        assert case.ground is not None
        served[case.name] = tuple(_positions(case.ground, every, roster).tolist())
    return AccountTable(
        ids=tuple(ids),
        names=tuple(names),
        latitude=_column(places[0]),
        longitude=_column(places[1]),
        measures={name: _column(values) for name, values in numbers.items()},
        today=tuple(owner.tolist()),
        served=served,
    )


def _positions(ground: Ground, every: pd.Index[str], roster: pd.Index[str]) -> Places:
    """Who serves each account of the comparison in a plan, by position in its reps."""
    found = np.full(len(every), NOT_THERE)
    if ground.rep is not None:
        found[every.get_indexer(ground.account_ids)] = _into(ground.rep_ids, roster, ground.rep)
    return found


def _into(own: pd.Index[str], other: pd.Index[str], rep: Ints) -> Places:
    """Positions in ``own`` as positions in ``other``; nobody stays nobody."""
    across = np.append(other.get_indexer(own), NOBODY_THERE)
    return np.where(rep >= 0, across[rep], NOBODY_THERE)


def _column(values: Floats) -> tuple[float | None, ...]:
    return tuple(told(value) for value in values.tolist())


def _teams(case: Case, ground: Ground) -> Iterable[Team]:
    """The teams of a case, in the order of the roster; none when no manager is named."""
    manager = ground.managers
    if not any(manager) or ground.rep is None:
        return
    names = list(dict.fromkeys(manager))
    team = np.append([names.index(one) for one in manager], NOBODY_THERE)
    after = np.where(ground.rep >= 0, team[ground.rep], NOBODY_THERE)
    data = ground.view.data
    roster = pd.Index(data.rep_ids)
    owner = roster.get_indexer(pd.Index(ground.view.owner_ids, dtype=object))
    before = np.where(owner >= 0, team[owner], NOBODY_THERE)
    books = {book.rep_id: book for book in case.books}
    numbers = {name: data.account_number(name) for name in case.move_measures}
    for at, name in enumerate(names):
        reps = [rep for rep, one in zip(data.rep_ids, manager, strict=True) if one == name]
        ways = (
            (after == at) & (before != at),
            (after != at) & (before == at),
            (after == at) & (before == at) & (owner != ground.rep),
        )
        came, left, within = (
            {measure: float(values[way].sum()) for measure, values in numbers.items()}
            for way in ways
        )
        yield Team(
            case=case.name,
            manager=name,
            reps=tuple(reps),
            before=_sum([books[rep].before for rep in reps]),
            after=_sum([books[rep].after for rep in reps]),
            moves_in=came,
            moves_out=left,
            moves_within=within,
        )


def _sum(loads: Iterable[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for load in loads:
        for name, value in load.items():
            total[name] = total.get(name, 0.0) + value
    return total
