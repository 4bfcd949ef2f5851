"""The plan that is best over several futures, with the bound that prices prove."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from optiterr.audit import prove
from optiterr.engine import solve_problem
from optiterr.errors import SpecError
from optiterr.futures.spec import FuturesSpec
from optiterr.goals import aim
from optiterr.model import Model
from optiterr.pairs import Floats
from optiterr.plan import Plan
from optiterr.priorities import Ranked, solve_levels
from optiterr.problem import Problem
from optiterr.robust.combining import LIMITS, WORST, Futures, futures_models
from optiterr.robust.record import TODAY, Aim, HardIn, RobustPlan, Source
from optiterr.robust.recounting import Bests, Found, as_plan, recorded
from optiterr.scenario.formulation import NAME, PriorityLevel
from optiterr.scenario.loading import Scenario
from optiterr.search.route import Route, route
from optiterr.solution import Limits
from optiterr.solving import Report, Stop, limits_of, priced, search

WEIGHTED_SHARE = 0.25
"""This share of the time, at most, goes into a plan that is good for a mix of the futures."""


@dataclass(frozen=True)
class Robust:
    """A robust plan and, as ordinary plans of the scenario, itself and the plan made for today."""

    record: RobustPlan
    plan: Plan | None
    nominal: Plan


def robust(
    scenario: Scenario,
    problem: Problem,
    futures: Mapping[str, Problem],
    *,
    minimise: Aim = "worst-regret",
    share: float = 0.2,
    probability: Mapping[str, float] | None = None,
    hard_in: HardIn = "today",
    sampled: FuturesSpec | None = None,
    source: Source | None = None,
    report: Report | None = None,
    stop: Stop | None = None,
) -> Robust:
    """The plan that is best over ``futures`` (which may hold ``today``), all rules as in today's.

    ``mean`` is the expected cost, ``cvar`` the mean cost of the dearest ``share`` of the futures,
    ``worst-cost`` the cost of the dearest, and ``worst-regret`` the most that a plan costs more
    than the best plan of a future. Among plans that are equal in that, one of least expected cost.
    ``probability`` is even unless given; ``source`` says how the futures can be made again.
    SpecError for what cannot be meant.
    """
    weight = _checked(scenario, problem, futures, probability, share)
    nominal = solve_problem(scenario, problem, stop=stop)
    record = RobustPlan(
        scenario=scenario.name,
        fingerprint=scenario.fingerprint(),
        status=nominal.status,
        minimise=minimise,
        share=share if minimise == "cvar" else None,
        hard_in=hard_in,
        futures=(),
        sampled=sampled,
        source=source,
    )
    if not nominal.has_plan:
        return Robust(record, None, nominal)
    limits = {TODAY: problem, **(futures if hard_in == "all" else {})}
    seen = futures_models(scenario.rules, futures, limits, weight)
    answers = _Answers(scenario, seen, report, stop)
    start = _picks(seen.base, problem, nominal)
    known = [x for x in (start,) if x is not None and seen.keeps(x)]
    bests = Bests.unknown(len(weight))
    if minimise == "worst-regret":
        bests = answers.bests(known)
    ranked = _solved(answers, minimise, share, bests.cost, known)
    if ranked.solution.x is None:
        failed = record.model_copy(update={"status": ranked.solution.status})
        return Robust(failed, None, nominal)
    found = Found(seen, ranked, bests)
    done = recorded(scenario, futures, found, record, nominal)
    return Robust(done, as_plan(scenario, problem, nominal, done), nominal)


def _checked(
    scenario: Scenario,
    problem: Problem,
    futures: Mapping[str, Problem],
    probability: Mapping[str, float] | None,
    share: float,
) -> Floats:
    """The probabilities in the order of the futures; SpecError for what cannot be meant."""
    if not futures:
        raise SpecError("futures", "there is none", "give at least one")
    for name in futures:
        if name in (LIMITS, WORST) or not re.fullmatch(NAME, name):
            raise SpecError(
                "futures",
                f"a future cannot be called {name!r}",
                "use letters, digits, - and _, and neither 'limits' nor 'worst'",
            )
    if futures.get(TODAY, problem) is not problem:
        raise SpecError("futures", "'today' is the scenario's own data", "use another name")
    if scenario.priorities:
        raise SpecError(
            "priorities",
            "a robust plan is best by what it costs over the futures, and the levels of priorities "
            "do not add up to one cost",
            "drop priorities for a robust plan, and give each rule a price",
        )
    if not 0 < share <= 1:
        raise SpecError("share", f"{share:g} is no share of futures", "above 0, and at most 1")
    given = dict.fromkeys(futures, 1.0) if probability is None else dict(probability)
    if set(given) != set(futures) or min(given.values()) <= 0:
        raise SpecError(
            "probability",
            "does not give every future a number above 0",
            f"name each of: {', '.join(futures)}",
        )
    weight = np.array([given[name] for name in futures], dtype=float)
    return np.asarray(weight / weight.sum())


def _picks(model: Model, problem: Problem, plan: Plan) -> Floats | None:
    """The plan as picks of the model; None where it has no such pairs."""
    named = pd.Series(plan.assignment, dtype=object).reindex(problem.account_ids)
    choice = model.choose(problem.rep_index.get_indexer(pd.Index(named, dtype=object)))
    return None if (choice < 0).any() else model.picks(choice)


@dataclass(frozen=True, eq=False)
class _Answers:
    """Solves one model after the other within the scenario's limits."""

    scenario: Scenario
    seen: Futures
    report: Report | None
    stop: Stop | None

    @property
    def limits(self) -> Limits:
        return limits_of(self.scenario)

    @property
    def route(self) -> Route:
        return route(self.seen.base, self.scenario.solve.solver)

    def bests(self, known: list[Floats]) -> Bests:
        """The least cost found for each future alone, its plan, and the bound proved for it.

        Plans found on the way join those ``known``.
        """
        names = list(self.seen.models)
        limits = replace(self.limits, seconds=self.limits.seconds / (2 * len(names)))
        bounds = []
        for name in names:
            model = self.seen.alone(name)
            start = min(known, key=model.value, default=None)
            relaxed = priced(model, limits, self.stop)
            answer = search(self.route, model, limits, start, self.report, self.stop)
            bounds.append((model, prove(model, relaxed.prices)))
            if answer.x is not None:
                known.append(model.picks(model.choice(answer.x)))
        proved = np.array([bound.value for _, bound in bounds])
        prices = tuple(model.by_block(bound.prices) for model, bound in bounds)
        if not known:
            return replace(Bests.unknown(len(names)), proved=proved, prices=prices)
        costs = np.array([self.seen.costs(x) for x in known])
        books = tuple(known[at] for at in costs.argmin(axis=0))
        return Bests(costs.min(axis=0), proved, books, prices)

    def weighted(self, worst: Model, known: list[Floats]) -> Iterator[Floats]:
        """The plan of least mean cost at the weights that the relaxed ``worst`` model gives.

        These are the weights at which the futures hold each other in balance, so that the plan is
        near the best for the dearest of them, and much easier to find.
        """
        limits = replace(self.limits, seconds=self.limits.seconds * WEIGHTED_SHARE)
        relaxed = priced(worst, limits, self.stop)
        if relaxed.prices is None:
            return
        weight = np.maximum(relaxed.prices[-len(self.seen.models) :], 0.0)
        if weight.sum() <= 0:
            return
        model = replace(self.seen, probability=weight / weight.sum()).together()
        start = min(known, key=model.value, default=None)
        answer = search(self.route, model, limits, start, self.report, self.stop)
        if answer.x is not None:
            yield model.picks(model.choice(answer.x))


def most_of(minimise: Aim, share: float, probability: Floats) -> Floats | None:
    """The weight that each future can take at most; None where every one has its probability."""
    if minimise == "mean":
        return None
    return probability / share if minimise == "cvar" else np.ones(len(probability))


def _solved(
    answers: _Answers, minimise: Aim, share: float, best: Floats, known: list[Floats]
) -> Ranked:
    """What was asked first, then the expected cost among the plans that are equal in it."""
    seen = answers.seen
    most = most_of(minimise, share, seen.probability)
    model = seen.together(most, np.nan_to_num(best))
    names = tuple(seen.models)
    levels = [(WORST,), names] if most is not None else [names]
    if most is not None:
        known = [*known, *answers.weighted(aim(model, (WORST,)), known)]

    def first(x: Floats) -> float:
        charged = model.charge(x)
        return sum(charged[rule] for rule in levels[0])

    return solve_levels(
        model,
        [PriorityLevel(rules=rules) for rules in levels],
        answers.route,
        answers.limits,
        _nothing_left_out,
        min(known, key=first, default=None),
        answers.report,
        answers.stop,
    )


def _nothing_left_out() -> Iterator[Model]:
    """Robust plans are proved over the pairs that were considered."""
    return iter(())
