"""Every assignment of a tiny scenario judged by the rules' findings, and by the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from campaigns.ranks import Terms
from optiterr.compile import with_optional
from optiterr.conformance import as_series, assignments, plans
from optiterr.findings import Weight
from optiterr.model import Model
from optiterr.problem import Problem
from optiterr.rules import Rule

AGREE = 1e-6
"""Costs of one plan may differ by this much, times the larger of 1 and the cost."""


@dataclass(frozen=True, eq=False)
class Counted:
    """The least cost over the candidates and over all pairs, and how many plans were judged.

    ``terms`` are the costs by rule of plans that keep every hard rule, and whether all their pairs
    are candidates.
    """

    least: float
    least_of_all: float
    plans: int
    terms: tuple[tuple[Terms, bool], ...] = ()


def counted(rules: dict[str, Rule], problem: Problem, model: Model) -> Counted:
    """Every assignment judged by findings; the model says the same of those among its candidates.

    With candidates chosen by distance, assignments over all pairs are judged.
    """
    data = tabled(with_optional(rules, problem))
    wide = data
    if data.candidates == "nearest":
        wide = data.full(np.arange(len(data.accounts)))
    least = of_all = np.inf
    count, alive = 0, list[tuple[Terms, bool]]()
    for rep in assignments(wide):
        terms = judged(rules, data, as_series(data, rep))
        cost = np.inf if terms is None else sum(terms.values())
        count += 1
        of_all = min(of_all, cost)
        served = np.flatnonzero(rep >= 0)
        candidate = not (data.pairs.find(served, rep[served]) < 0).any()
        if terms is not None:
            alive.append((terms, candidate))
        if not candidate:
            continue
        least = min(least, cost)
        choice = model.choose(rep)
        said = np.inf if (choice < 0).any() else model.value(model.picks(choice))
        room = AGREE * max(1.0, abs(cost)) if np.isfinite(cost) else 0.0
        assert said == cost or abs(said - cost) <= room, (
            f"plan {as_series(data, rep).to_dict()}: the model says {said}, findings {cost}"
        )
    values = [model.value(model.picks(choice)) for choice in plans(model.pairs)]
    best = min(values, default=np.inf)
    assert best == least or abs(best - least) <= AGREE * max(1.0, abs(least)), (best, least)
    return Counted(least, of_all, count, tuple(alive))


@dataclass(frozen=True, eq=False)
class Table:
    """A measure of pairs that is looked up: worked out once rather than for every plan."""

    values: NDArray[np.float64]

    def at(self, problem: Problem, account: Any, rep: Any) -> NDArray[np.float64]:
        return np.asarray(self.values[account, rep])


def tabled(data: Problem) -> Problem:
    """The same problem with its measures of pairs worked out for every account and rep."""
    accounts, reps = len(data.accounts), len(data.reps)
    account, rep = np.repeat(np.arange(accounts), reps), np.tile(np.arange(reps), accounts)
    made = {
        name: Table(data.measured(name, account, rep).reshape(accounts, reps))
        for name in data.pair_measures
    }
    return data.with_(pair_measures=made)


def judged(rules: dict[str, Rule], data: Problem, assignment: pd.Series[str]) -> Terms | None:
    """What the findings on an assignment cost, by rule; None where one is a breach."""
    total: dict[str, float] = {}
    # Hard rules first: one breach is enough.
    for name, rule in sorted(rules.items(), key=lambda one: one[1].price is not None):
        for one in rule.check(name, data, assignment):
            if one.weight is Weight.BREACH:
                return None
            if one.weight is Weight.PRICED:
                assert rule.price is not None
                total[name] = total.get(name, 0.0) + rule.price * one.amount
    return total
