"""How two plans differ account by account, and what each account that differs is worth alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from optiterr.comparison.accounts import (
    MOST_SWITCHES,
    NOBODY_THERE,
    NOT_THERE,
    Difference,
    Passage,
    Switch,
)
from optiterr.comparison.case import Case
from optiterr.comparison.ground import Ground
from optiterr.comparison.worth import Places, worth
from optiterr.pairs import Floats

NO_SUCH_REP = "(rep)"
"""Stands for the rule where the first plan's roster lacks the rep of the second."""


def differences(
    solved: Sequence[Case], grounds: Mapping[str, Ground], lead: str
) -> tuple[Difference, ...]:
    """How every two plans differ, the earlier case first."""
    asked = {}
    for first, second in combinations(solved, 2):
        asked[first.name, second.name] = _Asked.of(grounds[first.name], grounds[second.name], lead)
    judged: dict[tuple[str, str], Judged] = {}
    for case in solved:
        own = {pair: one for pair, one in asked.items() if pair[0] == case.name}
        judged |= _judged(grounds[case.name], own)
    return tuple(
        _difference(pair, one, grounds[pair[0]], grounds[pair[1]], judged[pair], lead)
        for pair, one in asked.items()
    )


@dataclass(frozen=True, eq=False)
class _Asked:
    """Accounts that two plans give to different reps, by position in the first case; the largest
    lead measure first. ``to`` is the second plan's rep there, ``NOT_THERE`` for one it lacks."""

    account: Places
    to: Places
    other: Places
    unmatched: int

    @classmethod
    def of(cls, first: Ground, second: Ground, lead: str) -> _Asked:
        assert first.rep is not None
        assert second.rep is not None
        at = second.account_ids.get_indexer(first.account_ids)
        common = np.flatnonzero(at >= 0)
        across = np.append(first.rep_ids.get_indexer(second.rep_ids), NOBODY_THERE)
        rep = second.rep[at[common]]
        to = np.where(rep < 0, NOBODY_THERE, across[rep])
        to = np.where((rep >= 0) & (to < 0), NOT_THERE, to)
        differ = np.flatnonzero(to != first.rep[common])
        account = common[differ]
        size = _numbers(first, lead)[account]
        order = np.lexsort((account, -size))
        unmatched = len(first.account_ids) + len(second.account_ids) - 2 * len(common)
        other = rep[differ][order].astype(np.int64)
        return cls(account[order], to[differ][order], other, unmatched)


Judged = tuple[Floats, list[str]]


def _judged(
    ground: Ground, asked: Mapping[tuple[str, str], _Asked]
) -> dict[tuple[str, str], Judged]:
    """What each account that a plan serves otherwise would change alone, all pairs at one go."""
    width = len(ground.rep_ids) + 1
    keys = [one.account * width + one.to + 1 for one in asked.values()]
    known = [key[one.to != NOT_THERE] for key, one in zip(keys, asked.values(), strict=True)]
    if not known or ground.rep is None:
        return {pair: (np.zeros(0), []) for pair in asked}
    # The largest of every pair of plans come before the smaller ones of any.
    turn = np.concatenate([np.arange(len(key)) for key in known])
    every = np.concatenate(known)[np.argsort(turn, kind="stable")]
    _, place = np.unique(every, return_index=True)
    some = every[np.sort(place)]
    found = worth(ground.view.rules, ground.view.data, ground.rep, some // width, some % width - 1)
    order = np.argsort(some)
    told = {}
    for pair, key, one in zip(asked, keys, asked.values(), strict=True):
        change, words = np.full(len(key), np.nan), [NO_SUCH_REP] * len(key)
        there = np.flatnonzero(one.to != NOT_THERE)
        at = order[np.searchsorted(some, key[there], sorter=order)]
        change[there] = found.change[at]
        for k, place_of in zip(there, at, strict=True):
            words[k] = found.broken[place_of]
        told[pair] = (change, words)
    return told


def _difference(
    pair: tuple[str, str], asked: _Asked, first: Ground, second: Ground, judged: Judged, lead: str
) -> Difference:
    assert first.rep is not None
    account, change, broken = asked.account, *judged
    ids, names = first.account_ids, first.names
    measures = {name: _numbers(first, name)[account] for name in first.view.move_measures}
    before = first.rep[account]
    size = np.where(np.isfinite(change), np.abs(change), -1.0)
    amount = _numbers(first, lead)[account]
    order = np.lexsort((account, -amount, -size))[:MOST_SWITCHES]
    ends, way = np.unique(np.stack([before, asked.other], axis=1), axis=0, return_inverse=True)
    sums = {name: np.bincount(way.ravel(), values, len(ends)) for name, values in measures.items()}
    most = np.argsort(-np.bincount(way.ravel(), minlength=len(ends)), kind="stable")
    return Difference(
        first=pair[0],
        second=pair[1],
        accounts=len(account),
        unmatched=asked.unmatched,
        measures={name: float(values.sum()) for name, values in measures.items()},
        flows=tuple(
            Passage(
                first_rep=_id(first.rep_ids, ends[k, 0]),
                second_rep=_id(second.rep_ids, ends[k, 1]),
                measures={name: float(values[k]) for name, values in sums.items()},
            )
            for k in most
        ),
        largest=tuple(
            Switch(
                account_id=ids[account[k]],
                name=names[account[k]],
                first_rep=_id(first.rep_ids, before[k]),
                second_rep=_id(second.rep_ids, asked.other[k]),
                amount=float(amount[k]),
                worth=told(change[k]),
                broken=broken[k],
            )
            for k in order
        ),
    )


def _id(ids: pd.Index[str], position: int) -> str | None:
    return str(ids[position]) if position >= 0 else None


def _numbers(ground: Ground, measure: str) -> Floats:
    """A measure of every account; 0 where the case does not have it."""
    if measure in ground.view.move_measures:
        return ground.view.data.account_number(measure)
    return np.zeros(len(ground.account_ids))


def told(value: float) -> float | None:
    """The value; None where there is none."""
    return float(value) if np.isfinite(value) else None
