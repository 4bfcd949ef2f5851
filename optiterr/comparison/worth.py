"""What each account alone is worth: how the cost of a plan changes when one account goes elsewhere.

The model is compiled over the pairs asked about only. Limits and labels of rules never depend on
which pairs are candidates, so every change costs what it costs in the whole model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optiterr.compile import Compiled, compile_model
from optiterr.model import Block, Model
from optiterr.pairs import Floats, Ints, Pairs
from optiterr.problem import Problem
from optiterr.rowfunctions import TOLERANCE
from optiterr.rules import Rule

Places = NDArray[np.int64]

MOST_JUDGED = 20_000
"""Changes of one plan that are judged at a time; the callers bring the largest first."""

NOT_LISTED = "(pairs)"
"""Stands for the rule where the data lists no such pair."""

NOT_JUDGED = "(not judged)"
"""Stands for the rule where a change was not judged: too many, or a plan that has no cost."""


@dataclass(frozen=True, eq=False)
class Worth:
    """Changes of a plan, one account each, judged by the plan's own rules.

    ``change`` is the cost after less the cost before, NaN where a hard rule forbids the change;
    ``broken`` then names that rule (empty elsewhere). ``terms`` splits the change by rule.
    """

    change: Floats
    broken: tuple[str, ...]
    terms: Mapping[str, Floats]

    def reason(self, place: int) -> tuple[str, float]:
        """The rule whose charge rises most by change ``place``, and by how much; empty for none."""
        rises = {rule: float(values[place]) for rule, values in self.terms.items()}
        if not rises:
            return "", 0.0
        rule = max(rises, key=lambda name: rises[name])
        small = TOLERANCE * max(1.0, *(abs(rise) for rise in rises.values()))
        return (rule, rises[rule]) if rises[rule] > small else ("", 0.0)


def worth(
    rules: Mapping[str, Rule], problem: Problem, rep: Ints, account: Places, to: Places
) -> Worth:
    """What it would change to send ``account[k]`` alone to rep ``to[k]`` (-1: to nobody).

    ``rep`` holds the plan: a position for each account, -1 for nobody. Changes behind the first
    :data:`MOST_JUDGED` are not judged, nor is a plan that breaks a hard rule.
    """
    judged = min(len(account), MOST_JUDGED)
    asked = np.full((len(account),), np.nan), [NOT_JUDGED] * len(account)
    if not judged:
        return Worth(asked[0], tuple(asked[1]), {})
    account, to = account[:judged], to[:judged]
    small = _over(problem, rep, account, to)
    compiled = compile_model(rules, small)
    model = compiled.model
    choice = model.choose(rep)
    if (choice < 0).any() or not np.isfinite(model.value(model.picks(choice))):
        return Worth(asked[0], tuple(asked[1]), {})
    change, broken = asked
    unit = account if model.unit is None else model.unit[account]
    place, words = _targets(compiled, small, account, to, choice[unit])
    may = np.flatnonzero(place >= 0)
    terms, hard = _changes(model, choice, choice[unit[may]], place[may])
    for k, name in enumerate(words):
        broken[k] = name
    total = np.zeros(len(may))
    for values in terms.values():
        total += values
    change[may] = np.where(np.isfinite(total), total, np.nan)
    for k, name in zip(may.tolist(), hard, strict=True):
        broken[k] = name
    spread = {}
    for name, values in terms.items():
        spread[name] = np.zeros(len(change))
        spread[name][may] = np.where(np.isfinite(values), values, 0.0)
    return Worth(change, tuple(broken), spread)


def _over(problem: Problem, rep: Ints, account: Places, to: Places) -> Problem:
    """The problem over the pairs of the plan and those asked about."""
    width = len(problem.reps)
    served = np.flatnonzero(rep >= 0)
    there = to >= 0
    key = np.unique(
        np.concatenate([served * width + rep[served], account[there] * width + to[there]])
    )
    if problem.candidates == "file":
        pairs = problem.pairs
        return problem.keep(np.isin(pairs.account.astype(np.int64) * width + pairs.rep, key))
    pairs = Pairs.of(key // width, key % width, len(problem.accounts))
    if not problem.serves.all():
        pairs = pairs.keep(problem.serves[pairs.rep])
    return problem.with_(pairs=pairs)


def _targets(
    compiled: Compiled, problem: Problem, account: Places, to: Places, now: Places
) -> tuple[Places, list[str]]:
    """The pair of the model that each change picks, -1 where it may not, and the rule that says so.

    ``problem`` is the one that was compiled, before any rule forbade a pair; ``now`` holds the
    pairs of the plan.
    """
    model = compiled.model
    unit = account if model.unit is None else model.unit[account]
    rep = np.where(to < 0, model.open_rep, to)
    place = model.pairs.find(unit, rep)
    words = [""] * len(account)
    if model.unit is not None:
        tied = (np.bincount(model.unit)[unit] > 1) & (place != now)
        for k in np.flatnonzero(tied):
            words[k] = compiled.joined_by[0]
        place = np.where(tied, -1, place)
    listed = problem.pairs.find(account, to)
    for k in np.flatnonzero(place < 0):
        if words[k]:
            continue
        at = listed[k]
        names = [name for name, mask in compiled.forbids.items() if at >= 0 and mask[at]]
        words[k] = names[0] if names else NOT_LISTED
    return place, words


def _changes(
    model: Model, choice: Places, before: Places, after: Places
) -> tuple[dict[str, Floats], list[str]]:
    """The change of each term when pair ``after[k]`` is picked in place of ``before[k]``, and the
    rule that is broken then."""
    terms = {name: np.zeros(len(before)) for name in model.terms}
    hard = [""] * len(before)
    for name, cost in model.costs.items():
        terms[name] += cost[after] - cost[before]
    x = model.picks(choice)
    for block in model.blocks:
        moved = _of_block(block, block.matrix @ x, before, after)
        terms[block.rule] += moved
        for k in np.flatnonzero(np.isinf(moved)):
            hard[k] = hard[k] or block.rule
    return terms, hard


def _of_block(block: Block, load: Floats, before: Places, after: Places) -> Floats:
    """The change of a block's charge by each change.

    Each part is charged by itself, so one evaluation of the function serves one change of every
    part.
    """
    found = np.zeros(len(before))
    columns = block.matrix.tocsc()
    entries = (columns[:, after] - columns[:, before]).tocoo()
    there = entries.data != 0
    row, change = entries.row[there].astype(np.int64), entries.col[there].astype(np.int64)
    data = entries.data[there]
    if not len(row):
        return found
    part = block.function.part
    count = len(before)
    key, item = np.unique(part[row] * count + change, return_inverse=True)
    home, who = key // count, key % count
    first = np.searchsorted(home, home)
    turn = np.arange(len(key)) - first
    base = block.function.value(load)
    by_turn, by_entry = np.argsort(turn, kind="stable"), np.argsort(turn[item], kind="stable")
    turns = int(turn.max()) + 1
    item_end = np.searchsorted(turn[by_turn], np.arange(turns + 1))
    entry_end = np.searchsorted(turn[item][by_entry], np.arange(turns + 1))
    for now in range(turns):
        items = by_turn[item_end[now] : item_end[now + 1]]
        some = by_entry[entry_end[now] : entry_end[now + 1]]
        trial = load.copy()
        trial[row[some]] += data[some]
        value = block.function.value(trial)
        at = home[items]
        with np.errstate(invalid="ignore"):
            np.add.at(found, who[items], value[at] - base[at])
    return found
