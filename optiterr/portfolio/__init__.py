"""A portfolio: plans near the best that differ as much as they can, to choose from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from optiterr.compile import compile_model
from optiterr.engine import read, save, solve_problem
from optiterr.errors import DataError, Fault, SpecError
from optiterr.oracle import Oracle, watched
from optiterr.pairs import Floats
from optiterr.plan import Plan
from optiterr.portfolio.differing import Maker, different
from optiterr.portfolio.records import Member, Portfolio
from optiterr.portfolio.telling import words_of
from optiterr.problem import COUNT, Problem
from optiterr.scenario.loading import Scenario
from optiterr.solving import limits_of

Notify = Callable[[str], object]


def portfolio(
    scenario: Scenario,
    count: int = 3,
    within: float = 0.02,
    by: str = COUNT,
    problem: Problem | None = None,
    *,
    best: Plan | None = None,
    oracle: Oracle | None = None,
    notify: Notify | None = None,
) -> Portfolio:
    """The best plan and up to ``count - 1`` more within a share of its cost that differ most.

    ``by`` is what is counted where two plans differ: accounts, or an account measure that is never
    negative. ``best`` is the plan of the scenario, where it was solved before. There are fewer
    plans where none differs any more. Each search may take the scenario's seconds. Refuses a
    scenario with priorities (SpecError): its best plan is not the one of least cost.
    """
    if count < 1 or within < 0:
        what = f"{count} plans within {within:g} of the best cost cannot be asked for"
        raise SpecError("portfolio", what, "ask for one plan or more, within 0 or more")
    if scenario.priorities:
        raise SpecError(
            "priorities",
            "plans near the best are near in cost, and priorities do not add up to one cost",
            "drop priorities for a portfolio, and give each rule a price",
        )
    problem = read(scenario) if problem is None else problem
    amount = amount_of(problem, by)
    best = solve_problem(scenario, problem) if best is None else best
    model = compile_model(scenario.rules, problem).model
    maker = Maker(scenario, problem, model, amount, oracle or watched(scenario))
    ceiling = None if best.cost is None else best.cost + within * abs(best.cost)
    plans, members = [best], [_first(best)] if best.has_plan else []
    if ceiling is not None and best.has_plan:
        limits = limits_of(scenario)
        while len(members) < count:
            if notify is not None:
                notify(f"plan {len(members) + 1} of {count}")
            found = maker.another(plans, ceiling, limits)
            if found is None:
                break
            plans.append(found[0])
            members.append(found[1])
    differ = [[different(problem, one, other) for other in plans] for one in plans]
    made = Portfolio(
        asked=count,
        name=scenario.name,
        title=scenario.title,
        within=within,
        by=by,
        whole=float(amount.sum()),
        ceiling=ceiling,
        members=tuple(members),
        accounts=tuple(tuple(int(each.sum()) for each in row) for row in differ if members),
        amounts=tuple(
            tuple(float(amount[each].sum()) for each in row) for row in differ if members
        ),
        words=(),
        digest=best.digest,
        fingerprint=best.fingerprint,
        plans=tuple(plans),
    )
    return made.model_copy(update={"words": tuple(words_of(made, count))})


def amount_of(problem: Problem, by: str) -> Floats:
    """What counts for each account; DataError for a measure that is not there or negative."""
    if by != COUNT and by not in problem.accounts:
        known = ", ".join(sorted(map(str, problem.accounts)))
        fix = f"use accounts, or a measure that a rule of the scenario reads; columns: {known}"
        raise DataError("portfolio", f"there is no account measure {by!r}", fix)
    try:
        amount = problem.account_number(by)
    except (TypeError, ValueError) as error:
        fix = "choose a measure of numbers, or accounts"
        raise DataError("portfolio", f"{by!r} holds something else than numbers", fix) from error
    wrong = ~(np.isfinite(amount) & (amount >= 0))
    if wrong.any():
        raise DataError.of(
            Fault(
                f"account {account!r}",
                f"{by} is {value:g}",
                "choose a measure that is filled in and never negative",
            )
            for account, value in zip(problem.account_ids[wrong], amount[wrong], strict=True)
        )
    return amount


def _first(best: Plan) -> Member:
    assert best.cost is not None
    return Member(
        name="plan-1",
        cost=best.cost,
        above_best=0.0,
        gap_proved=best.gap_proved,
        terms=best.terms,
        difference=None,
        difference_proved=None,
        status=None,
    )


def write(made: Portfolio, scenario: Scenario, folder: Path) -> list[Path]:
    """Writes portfolio.json and each plan as plan-1/plan.json and so on; returns their paths."""
    paths = []
    for one, plan in zip(made.members, made.plans, strict=True):
        path = folder / one.name / "plan.json"
        save(plan, scenario, path)
        paths.append(path)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "portfolio.json").write_text(made.to_json() + "\n", encoding="utf-8")
    return [*paths, folder / "portfolio.json"]
