"""A plan re-checked from its file and the tables alone: no solver, nothing believed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from optiterr.audit import (
    AGREE,
    gap_of,
    improvement_gap,
    prices_of,
    recount,
    trusted_status,
)
from optiterr.cases import Case, Decision, covering
from optiterr.certificate import Bound, relative_gap
from optiterr.compile import Compiled, compile_model
from optiterr.engine import read
from optiterr.errors import AuditError
from optiterr.explain.infeasible import blocking, elastic, proof_at, stranded
from optiterr.findings import Finding, Weight, counted
from optiterr.model import Model
from optiterr.pairs import Floats
from optiterr.plan import PairCount, Plan, Told, Whole
from optiterr.priorities import proved_again
from optiterr.problem import Problem
from optiterr.scenario.loading import Scenario
from optiterr.scenario.ranking import levels_of
from optiterr.solution import Status
from optiterr.solving import case_told, finite, left_out_models, proved_bound, whole_bound
from optiterr.undivided import NODES, SETS


class Check(BaseModel):
    """One claim of a plan file and what a recount gives."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str = Field(description="the claim")
    holds: bool = Field(description="whether the recount agrees")
    claimed: str = Field("", description="what the file says")
    recounted: str = Field("", description="what we found")


class Verification(BaseModel):
    """All checks of one plan file; ``holds`` only when every one does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: str
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return all(check.holds for check in self.checks)


def verify(
    path: str | Path, *, folder: Path | None = None, frames: Mapping[str, Any] | None = None
) -> Verification:
    """Repeats everything a plan claims: data, model, cost, rules, bound, gap and identity.

    ``folder`` says where the scenario's data lies when it is not where the plan says. Raises
    DataError when the plan or the data cannot be read at all; a claim that does not hold is a
    check that fails, not an exception.
    """
    path = Path(path)
    plan = Plan.read(path)
    home = folder if folder is not None else path.parent / plan.folder
    scenario = Scenario.from_dict(plan.scenario, folder=home, frames=frames)
    problem = read(scenario)
    compiled = compile_model(scenario.rules, problem)
    checks = [
        same("scenario fingerprint", plan.fingerprint, scenario.fingerprint()),
        same("data files", _told(plan.data), _told(problem.hashes)),
        same("model digest", plan.digest, compiled.model.digest()),
    ]
    if plan.has_plan:
        checks += _plan_checks(plan, scenario, problem, compiled.model)
    else:
        empty = plan.cost is None and not plan.assignment and plan.bound_proved is None
        checks.append(Check(what="no plan, no cost, no bound", holds=empty))
    if plan.status is Status.INFEASIBLE:
        checks.append(_blocked(plan, scenario, problem, compiled))
    return Verification(plan=str(path), checks=tuple(checks))


def _blocked(plan: Plan, scenario: Scenario, problem: Problem, compiled: Compiled) -> Check:
    """Whether everything said to block every plan is found again, by direct checks or by prices."""
    model, what = compiled.model, "what blocks every plan"
    breaches = [one for one in plan.blocking if one.weight is Weight.BREACH]
    if plan.blocking and not breaches:
        return Check(
            what="that there is no plan",
            holds=True,
            claimed="by the solver's word",
            recounted="not proved, as the file says",
        )
    nearest = problem.candidates == "nearest"
    found: list[Finding] = []
    if plan.prices:
        try:
            prices = prices_of(elastic(model), plan.prices)
        except AuditError as error:
            return Check(what=what, holds=False, recounted=str(error))
        found += proof_at(model, prices, left_out_models(scenario.rules, problem))
    elif not nearest or stranded(model, left_out_models(scenario.rules, problem)):
        found += blocking(problem, compiled)
    again = sum(one in found for one in breaches)
    return Check(
        what=what,
        holds=0 < again == len(breaches),
        claimed=f"{len(breaches)} findings",
        recounted=f"{again} of them proved again without a solver",
    )


def _plan_checks(plan: Plan, scenario: Scenario, problem: Problem, model: Model) -> list[Check]:
    assignment = pd.Series(plan.assignment, dtype=object).reindex(problem.account_ids)
    extra = sorted(set(plan.assignment) - set(map(str, problem.account_ids)))
    counted = recount(scenario.rules, problem, assignment)
    place = {str(rep): at for at, rep in enumerate(problem.rep_ids)}
    reps = np.array([place.get(str(rep), -1) for rep in assignment], dtype=np.int64)
    choice = model.choose(reps)
    checks = [
        same("accounts assigned that do not exist", "none", ", ".join(extra[:5]) or "none"),
        same("accounts without a candidate rep", "0", str(int((choice < 0).sum()))),
        same("hard rules broken", "0", str(len(counted.breaches))),
        near("cost", plan.cost, counted.cost),
        *(
            near(f"cost of {name}", plan.terms.get(name), counted.terms.get(name))
            for name in dict.fromkeys([*plan.terms, *counted.terms])
        ),
    ]
    checks += [
        same("findings", _listed(plan.findings), _listed(counted.findings)),
        same(
            "status, by the bound that the solver claims",
            str(plan.status),
            str(_status_of(plan, scenario)),
        ),
    ]
    try:
        prices = prices_of(model, plan.prices)
        bound, pairs = proved_bound(scenario.rules, problem, model, prices)
    except AuditError as error:
        return [*checks, Check(what="row prices", holds=False, recounted=str(error))]
    size = max(abs(counted.cost), 1.0)
    proved = bound.value
    if plan.whole is not None and (choice >= 0).all():
        proved, more = _whole(plan.whole, model, bound, pairs, model.picks(choice), size)
        checks += more
    if plan.cases and (choice >= 0).all():
        least, more = _cases(plan.cases, model, pairs, model.picks(choice), size)
        proved = max(proved, least)
        checks += more
    checks += [
        near("proved bound", plan.bound_proved, proved, size),
        near("proved gap", plan.gap_proved, finite(relative_gap(counted.cost, proved)), 1.0),
        near(
            "proved gap of the improvement",
            plan.gap_improvement,
            improvement_gap(scenario.rules, problem, counted.cost, proved),
        ),
        Check(
            what="the solver's claimed bound is no more than the cost",
            holds=plan.bound_claimed is None or plan.bound_claimed <= counted.cost + AGREE * size,
        ),
        same("pairs that the bound covers", plan.pairs.proved, pairs.proved),
        same("pairs considered", str(plan.pairs.considered), str(pairs.considered)),
        same("pairs possible", str(plan.pairs.possible), str(pairs.possible)),
    ]
    checks += _level_checks(plan, scenario, problem, model, counted.terms)
    if (choice >= 0).all():
        checks += _identity(plan, model, model.picks(choice), bound, counted.cost)
    return checks


def _status_of(plan: Plan, scenario: Scenario) -> Status:
    """The status that the claimed bounds support: of the plan, or of every level."""
    gap = scenario.solve.gap
    if not plan.levels:
        return trusted_status(plan.status, plan.cost, plan.bound_claimed, gap)
    told = [trusted_status(one.status, one.value, one.bound_claimed, gap) for one in plan.levels]
    return Status.OPTIMAL if all(one is Status.OPTIMAL for one in told) else Status.FEASIBLE


def _level_checks(
    plan: Plan, scenario: Scenario, problem: Problem, model: Model, terms: Mapping[str, float]
) -> list[Check]:
    """Whether every level is kept, adds up and is proved as the file says."""
    wanted = [level.rules for level in levels_of(scenario)]
    checks = []
    if wanted or plan.levels:
        told = [level.rules for level in plan.levels]
        checks.append(same("levels of priorities", str(told), str(wanted)))
    left_out = partial(left_out_models, scenario.rules, problem)
    try:
        for place, (level, bound) in enumerate(proved_again(model, plan.levels, left_out), start=1):
            spec, final = levels_of(scenario)[place - 1], sum(terms[one] for one in level.rules)
            most = level.value + max(spec.within * abs(level.value), spec.by)
            room = AGREE * max(1.0, abs(most))
            checks += [
                near(f"level {place}, in this plan", level.final, final),
                near(f"level {place}, most allowed", level.most, most),
                near(f"level {place}, proved bound", level.bound_proved, bound),
                near(
                    f"level {place}, proved gap",
                    level.gap_proved,
                    finite(relative_gap(level.value, bound)),
                    1.0,
                ),
                Check(
                    what=f"level {place} is kept, and not below its bound",
                    holds=bool(final <= most + room and bound <= level.value + room),
                ),
            ]
    except (AuditError, IndexError) as error:
        checks.append(Check(what="levels of priorities", holds=False, recounted=str(error)))
    return checks


def _identity(plan: Plan, model: Model, x: Floats, bound: Bound, cost: float) -> list[Check]:
    """Whether the gap sits where the plan says, and adds up."""
    what = "cost - bound of the prices = regrets + residuals"
    try:
        found = gap_of(model, x, bound, cost)
    except AuditError as error:
        return [Check(what=what, holds=False, recounted=str(error))]
    size = max(1.0, abs(cost))
    said = plan.gap
    return [
        Check(what=what, holds=True),
        near("regrets of accounts", said.regret if said else None, found.regret, size),
        near("residuals of rows", said.residual if said else None, found.residual, size),
    ]


def _whole(
    said: Whole, model: Model, bound: Bound, pairs: PairCount, x: Floats, size: float
) -> tuple[float, list[Check]]:
    """The bound for whole accounts, proved again from the plan's stakes, and what it was said."""
    what = "each rep loses no less than whole accounts cost it"

    def refused(why: str) -> tuple[float, list[Check]]:
        return bound.value, [Check(what=what, holds=False, recounted=why)]

    if pairs.considered != pairs.possible:
        return refused("pairs are left out, whose sets were not looked at")
    try:
        stakes = _stakes_of(said, model)
        proved, found = whole_bound(model, bound, x, stakes, (said.sets, said.nodes))
    except AuditError as error:
        return refused(str(error))
    losses = {} if found is None else found.losses
    names = {**said.losses, **losses}
    far = max((abs(said.losses.get(rep, 0.0) - losses.get(rep, 0.0)) for rep in names), default=0.0)
    return proved, [
        Check(what=what, holds=far <= AGREE * size, recounted=f"{sum(losses.values()):.9g} in all"),
        near("what whole accounts add", said.lift, found.lift if found is not None else 0.0, size),
    ]


def _stakes_of(said: Whole, model: Model) -> Floats:
    """The stakes in the model's order; AuditError where they are not those of its accounts, or more
    is to be looked at than ever is."""
    fix = "the plan belongs to other data, or was changed"
    if said.stakes.keys() != set(map(str, model.account_ids)):
        raise AuditError("whole accounts", "the stakes are not those of the accounts", fix)
    if said.sets > SETS:
        why = f"more than {SETS:,} sets for a rep are not looked at again"
        raise AuditError("whole accounts", why, fix)
    if said.nodes > NODES:
        why = f"more than {NODES:,} nodes for a rep are not looked at again"
        raise AuditError("whole accounts", why, fix)
    return np.array([said.stakes[str(one)] for one in model.account_ids])


def _cases(
    said: Sequence[Told], model: Model, pairs: PairCount, x: Floats, size: float
) -> tuple[float, list[Check]]:
    """What the weakest of the cases proves, each proved again, and what they were said to prove."""
    what = "every plan is in one of the cases"

    def refused(why: str) -> tuple[float, list[Check]]:
        return -np.inf, [Check(what=what, holds=False, recounted=why)]

    if pairs.considered != pairs.possible:
        return refused("pairs are left out, which are in none of them")
    places = [
        {str(one): at for at, one in enumerate(ids)} for ids in (model.account_ids, model.rep_ids)
    ]
    try:
        where = [
            tuple(Decision(places[0][p.account], places[1][p.rep], p.served) for p in one.where)
            for one in said
        ]
    except KeyError as error:
        return refused(f"there is no account or rep {error}")
    if not covering(where):
        return refused("some plan is in none of them")
    checks = [Check(what=what, holds=True, recounted=counted(len(said), "case"))]
    least = np.inf
    for number, (one, decided) in enumerate(zip(said, where, strict=True), start=1):
        try:
            again = _case(one, decided, model, x)
        except AuditError as error:
            return -np.inf, [
                *checks,
                Check(what=f"case {number}", holds=False, recounted=str(error)),
            ]
        least = min(least, again.bound)
        checks.append(near(f"proved bound of case {number}", one.bound, again.bound, size))
    return least, checks


def _case(said: Told, where: tuple[Decision, ...], model: Model, x: Floats) -> Told:
    """One case proved again; AuditError where what it says is no proof."""
    stakes, looks = None, None
    if said.whole is not None:
        stakes, looks = _stakes_of(said.whole, model), (said.whole.sets, said.whole.nodes)
    return case_told(model, Case(where, prices_of(model, said.prices), stakes, looks), x)


def _listed(findings: Sequence[Finding]) -> str:
    """Findings in one line: how many of each kind, and what they add up to."""
    amounts: dict[tuple[str, str], list[float]] = {}
    for one in findings:
        amounts.setdefault((one.rule, str(one.weight)), []).append(one.amount)
    return "; ".join(
        f"{rule} {weight} {len(each)}: {sum(each):.6g}"
        for (rule, weight), each in sorted(amounts.items())
    )


def same(what: str, claimed: str, recounted: str) -> Check:
    """The check that two texts are one."""
    return Check(what=what, holds=claimed == recounted, claimed=claimed, recounted=recounted)


def near(what: str, claimed: float | None, recounted: float | None, size: float = 1.0) -> Check:
    """The check that two numbers differ by rounding only, relative to ``size`` or their own."""
    if claimed is None or recounted is None:
        return Check(
            what=what, holds=claimed is recounted, claimed=str(claimed), recounted=str(recounted)
        )
    room = AGREE * max(size, abs(claimed), abs(recounted))
    same = claimed == recounted or (np.isfinite(room) and abs(claimed - recounted) <= room)
    return Check(
        what=what, holds=bool(same), claimed=f"{claimed:.9g}", recounted=f"{recounted:.9g}"
    )


def together(what: str, checks: Iterable[Check]) -> Iterator[Check]:
    """One check where all of ``checks`` hold, which says how many they are; else the others."""
    every = list(checks)
    yield from [one for one in every if not one.holds] or [
        Check(what=f"{what} ({counted(len(every), 'claim')})", holds=True)
    ]


def _told(hashes: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {hashes[name][:12]}" for name in sorted(hashes)) or "none"
