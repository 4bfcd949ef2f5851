"""What a robust plan costs in every future, recounted from the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optiterr.audit import AGREE, prices_of, recount
from optiterr.certificate import relative_gap
from optiterr.compile import compile_model
from optiterr.errors import AuditError
from optiterr.pairs import Floats
from optiterr.plan import Plan
from optiterr.priorities import Ranked
from optiterr.problem import Problem
from optiterr.robust.combining import Futures
from optiterr.robust.record import Aim, InFuture, RobustPlan
from optiterr.scenario.loading import Scenario
from optiterr.solution import Status
from optiterr.solving import finite, proof_of


@dataclass(frozen=True, eq=False)
class Bests:
    """The best of each future alone: its cost and bound (or NaN), its picks, and the proof.

    ``books`` and ``prices`` are empty where nothing was sought.
    """

    cost: Floats
    proved: Floats
    books: tuple[Floats, ...]
    prices: tuple[dict[str, tuple[float, ...]], ...]

    @classmethod
    def unknown(cls, futures: int) -> Bests:
        """Nothing is known of any future."""
        nothing = np.full(futures, np.nan)
        return cls(nothing, nothing, (), ())


@dataclass(frozen=True, eq=False)
class Found:
    """What the solves found: the plan, and the best of each future."""

    seen: Futures
    ranked: Ranked
    bests: Bests


def recorded(
    scenario: Scenario,
    futures: Mapping[str, Problem],
    found: Found,
    record: RobustPlan,
    nominal: Plan,
) -> RobustPlan:
    """``record`` with every cost recounted from the tables of its future.

    AuditError where the recount is not what the models say.
    """
    seen, bests, best = found.seen, found.bests, found.bests.cost
    x, top = found.ranked.solution.x, found.ranked.levels[0]
    assert x is not None
    books = books_of(seen, x)
    before = pd.Series(nominal.assignment, dtype=object).reindex(books.index)
    costs = recounted(scenario, futures, books)
    nominal_costs = recounted(scenario, futures, before)
    modelled = seen.costs(x)
    size = np.maximum(1.0, np.abs(modelled))
    if (np.abs(costs - modelled) > AGREE * size).any():
        at = int(np.argmax(np.abs(costs - modelled) / size))
        raise AuditError(
            f"future {list(futures)[at]!r}",
            f"the plan costs {modelled[at]:.9g} in the model but {costs[at]:.9g} in the tables",
            "a rule's compile and its check disagree: this is a fault in the rule",
        )
    value = over_futures(record.minimise, record.share or 1.0, seen.probability, costs, best)
    inside = tuple(
        InFuture(
            name=name,
            probability=float(seen.probability[at]),
            cost=float(costs[at]),
            nominal_cost=float(nominal_costs[at]),
            best=finite(float(best[at])),
            best_proved=finite(float(bests.proved[at])),
            best_books=_named(books_of(seen, bests.books[at])) if bests.books else {},
            prices=bests.prices[at] if bests.prices else {},
        )
        for at, name in enumerate(futures)
    )
    return record.model_copy(
        update={
            "status": top.status,
            "value": value,
            "bound_proved": finite(top.bound_proved),
            "bound_claimed": top.bound_claimed,
            "gap_proved": finite(relative_gap(value, top.bound_proved)),
            "gap_of_cost": finite(
                share_of(value - top.bound_proved, float(seen.probability @ costs))
            ),
            "nominal_value": over_futures(
                record.minimise, record.share or 1.0, seen.probability, nominal_costs, best
            ),
            "nominal_keeps": keeps(seen, before),
            "futures": inside,
            "differs": int((books.fillna("") != before.fillna("")).sum()),
            "assignment": _named(books),
            "nominal": dict(nominal.assignment),
            "open": tuple(map(str, books.index[books.isna()])),
            "prices": top.prices,
        }
    )


def books_of(seen: Futures, x: Floats) -> pd.Series[str]:
    """The rep id of each account that ``x`` picks; none where it stays open."""
    ids = seen.base.served_by(seen.base.choice(x))
    return pd.Series(ids, seen.base.scenario_ids, dtype=object)


def _named(books: pd.Series[str]) -> dict[str, str]:
    return {str(one): str(rep) for one, rep in books.dropna().items()}


def share_of(gap: float, cost: float) -> float | None:
    """What a gap means in costs; None where the cost is 0."""
    return max(gap, 0.0) / abs(cost) if cost else None


def keeps(seen: Futures, books: pd.Series[str]) -> bool:
    """Whether books keep every hard limit that has to hold."""
    place = {rep: at for at, rep in enumerate(seen.base.rep_ids)}
    choice = seen.base.choose([place.get(one, -1) for one in books])
    return bool((choice >= 0).all()) and seen.keeps(seen.base.picks(choice))


def recounted(scenario: Scenario, futures: Mapping[str, Problem], books: pd.Series[str]) -> Floats:
    """What books cost in each future, from its tables."""
    return np.array([recount(scenario.rules, one, books).cost for one in futures.values()])


def over_futures(
    minimise: Aim, share: float, probability: Floats, costs: Floats, best: Floats
) -> float:
    """What plans with these ``costs`` reach: the mean, worst share, worst cost or worst regret."""
    if minimise == "mean":
        return float(probability @ costs)
    if minimise != "cvar":
        return float((costs - best if minimise == "worst-regret" else costs).max())
    order = np.argsort(-costs, kind="stable")
    most = probability[order] / share
    taken = np.clip(1.0 - (np.cumsum(most) - most), 0.0, most)
    return float(taken @ costs[order])


def as_plan(scenario: Scenario, problem: Problem, nominal: Plan, record: RobustPlan) -> Plan:
    """The robust books as a plan of today's scenario, with the proof that today's prices give."""
    books = pd.Series(record.assignment, dtype=object).reindex(problem.account_ids)
    compiled = compile_model(scenario.rules, problem)
    model, counted = compiled.model, recount(scenario.rules, problem, books)
    rep = problem.rep_index.get_indexer(pd.Index(books, dtype=object))
    x = model.picks(model.choose(rep))
    prices = prices_of(model, nominal.prices)
    proof = proof_of(scenario.rules, problem, model, x, prices)
    return nominal.model_copy(
        update={
            "status": Status.FEASIBLE,
            "cost": counted.cost,
            "bound_claimed": None,
            **proof.claims(scenario.rules, problem, model, x, counted.cost),
            "terms": counted.terms,
            "findings": counted.findings,
            "assignment": {str(one): str(to) for one, to in books.dropna().items()},
            "open": tuple(map(str, books.index[books.isna()])),
            "log": (),
        }
    )
