"""One more plan near the best: as little like the earlier ones as possible, then cheap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optiterr.audit import assignment_of, audit, gap_of, prices_of, prove
from optiterr.belonging import picks_of
from optiterr.goals import Ceiling, aim
from optiterr.model import Block, Model
from optiterr.oracle import Oracle
from optiterr.pairs import Floats
from optiterr.plan import Plan
from optiterr.portfolio.records import Member
from optiterr.problem import Problem
from optiterr.rowfunctions import Band, RowFunction, worst
from optiterr.scenario.loading import Scenario
from optiterr.solution import Limits, Solution, Status
from optiterr.solving import left_out_models, proof_of

Ints = NDArray[np.int64]

LIKENESS = "(likeness)"
"""Block and term of the rows that count agreement; no rule of a scenario can be called so."""


def different(problem: Problem, one: Plan, other: Plan) -> NDArray[np.bool_]:
    """The accounts that two plans give to different reps, or only one of them to any."""
    ids = [str(account) for account in problem.account_ids]
    pairs = [(one.assignment.get(account), other.assignment.get(account)) for account in ids]
    return np.array([first != second for first, second in pairs], dtype=bool)


def likeness(
    model: Model, reps: Sequence[Ints], size: Floats, charge: Callable[[int], RowFunction]
) -> Model:
    """``model`` with a row per earlier plan: the ``size`` of the units that it gives to its rep.

    ``reps`` holds the rep of each unit in each plan; ``charge(rows)`` charges the rows. Works on a
    model over further pairs alike.
    """
    account = model.pairs.account
    alike = np.array([model.pairs.rep == rep[account] for rep in reps], dtype=bool)
    matrix = sparse.csr_array(np.where(alike, size[account], 0.0))
    labels = tuple(f"plan-{place + 1}" for place in range(len(reps)))
    block = Block(LIKENESS, LIKENESS, labels, matrix, charge(len(reps)))
    return replace(model, blocks=(*model.blocks, block))


def _most(rows: int) -> RowFunction:
    """The largest agreement with any earlier plan."""
    return worst(np.zeros(rows, dtype=np.int64), 0.0, 1.0)


def room(whole: float, bound: float) -> float | None:
    """The most that a plan may differ when it agrees in ``bound`` at least; None where none can."""
    return min(whole, whole - bound) if np.isfinite(bound) else None


def size_of(model: Model, amount: Floats) -> Floats:
    """What counts for each account of the model: the ``amount`` of all that it stands for."""
    return amount if model.unit is None else np.bincount(model.unit, amount).astype(float)


def _reps(model: Model, picked: Sequence[Ints]) -> list[Ints]:
    """The rep of each account of the model in each plan."""
    return [model.pairs.rep[choice].astype(np.int64) for choice in picked]


def unlike_of(
    model: Model, amount: Floats, picked: Sequence[Ints], ceiling: float
) -> Callable[[Model], Model]:
    """What makes of ``model`` the one whose best plan is least like those that pick ``picked``.

    It costs at most ``ceiling``. Works on models over further pairs alike.
    """
    most = Ceiling("cost", tuple(model.terms), ceiling)
    reps, size = _reps(model, picked), size_of(model, amount)
    return lambda one: likeness(aim(one, (), [most]), reps, size, _most)


def above(cost: float, best: float) -> float | None:
    """How much ``cost`` is above the ``best``, as a share of it; None where that is 0."""
    return (cost - best) / abs(best) if best else None


@dataclass(frozen=True, eq=False)
class Maker:
    """Finds one more plan for a portfolio."""

    scenario: Scenario
    problem: Problem
    model: Model
    amount: Floats
    oracle: Oracle

    def another(
        self, plans: Sequence[Plan], ceiling: float, limits: Limits
    ) -> tuple[Plan, Member] | None:
        """The plan that is least like ``plans`` below ``ceiling``; None where none differs."""
        model, size = self.model, size_of(self.model, self.amount)
        picked = [picks_of(plan, self.scenario, self.problem, model) for plan in plans]
        reps = _reps(model, picked)
        target = unlike_of(model, self.amount, picked, ceiling)
        unlike, start = target(model), model.picks(picked[0])
        relaxed = self.oracle.prices(unlike, replace(limits, seconds=0.4 * limits.seconds))
        answer = self.oracle.plan(unlike, replace(limits, seconds=0.6 * limits.seconds), start)
        if answer.x is None:
            return None
        x = model.picks(model.choice(answer.x))
        alike = unlike.charge(x)[LIKENESS]
        whole = float(size.sum())
        if whole - alike <= 1e-9 * max(1.0, whole):
            return None
        x = self._cheapest(x, reps, alike, limits)
        left_out = partial(left_out_models, self.scenario.rules, self.problem)
        bound = prove(unlike, relaxed.prices, map(target, left_out()))
        gap_of(unlike, x, bound, unlike.charge(x)[LIKENESS])
        plan = self._plan(plans[0], x, answer)
        differences = [
            float(self.amount[different(self.problem, plan, one)].sum()) for one in plans
        ]
        first = plans[0].cost
        assert plan.cost is not None
        assert first is not None
        member = Member(
            name=f"plan-{len(plans) + 1}",
            cost=plan.cost,
            above_best=above(plan.cost, first),
            gap_proved=plan.gap_proved,
            terms=plan.terms,
            difference=min(differences),
            difference_proved=room(whole, bound.value),
            status=answer.status,
            prices=unlike.by_block(bound.prices),
        )
        return plan, member

    def _cheapest(self, x: Floats, reps: Sequence[Ints], alike: float, limits: Limits) -> Floats:
        """The cheapest plan found that is no more like the earlier ones than ``x``."""

        def no_more(rows: int) -> RowFunction:
            return Band.of(rows, upper=alike)

        target = likeness(self.model, reps, size_of(self.model, self.amount), no_more)
        answer = self.oracle.plan(target, limits, x)
        if answer.x is None:
            return x
        cheaper = self.model.picks(self.model.choice(answer.x))
        return cheaper if target.value(cheaper) < target.value(x) else x

    def _plan(self, best: Plan, x: Floats, answer: Solution) -> Plan:
        """The plan that picks ``x``, audited, with the bound of the scenario."""
        model, problem = self.model, self.problem
        said = replace(answer, x=x, status=Status.FEASIBLE, objective=model.value(x), bound=None)
        told = audit(self.scenario.rules, problem, model, said)
        prices = prices_of(model, best.prices)
        proof = proof_of(self.scenario.rules, problem, model, x, prices)
        assignment = assignment_of(model, x)
        solver = best.solver.model_copy(
            update={
                "name": answer.solver,
                "version": answer.version,
                "message": "the plan that differs most from others near the best",
                "seconds": {},
            }
        )
        return best.model_copy(
            update={
                "status": Status.FEASIBLE,
                "cost": told.cost,
                "bound_claimed": None,
                **proof.claims(self.scenario.rules, problem, model, x, told.cost),
                "terms": told.terms,
                "findings": told.findings,
                "assignment": {
                    str(account): str(rep) for account, rep in assignment.items() if rep is not None
                },
                "open": tuple(str(account) for account, rep in assignment.items() if rep is None),
                "solver": solver,
                "log": (),
            }
        )
