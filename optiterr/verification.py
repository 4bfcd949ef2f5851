"""A plan re-checked from its file and the tables alone: no solver, nothing believed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from optiterr.audit import AGREE, prices_of, recount
from optiterr.certificate import certify, relative_gap
from optiterr.compile import Compiled, compile_model
from optiterr.engine import proved_bound, read
from optiterr.errors import AuditError
from optiterr.explain.infeasible import blocking, elastic, proof_at
from optiterr.model import Model
from optiterr.plan import Plan
from optiterr.problem import Problem
from optiterr.scenario.loading import Scenario
from optiterr.solution import Status


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
        _check("scenario fingerprint", plan.fingerprint, scenario.fingerprint()),
        _check("data files", _told(plan.data), _told(problem.hashes)),
        _check("model digest", plan.digest, compiled.model.digest()),
    ]
    if plan.has_plan:
        checks += _plan_checks(plan, scenario, problem, compiled.model)
    elif plan.status is Status.INFEASIBLE:
        checks.append(_blocked(plan, problem, compiled))
    return Verification(plan=str(path), checks=tuple(checks))


def _blocked(plan: Plan, problem: Problem, compiled: Compiled) -> Check:
    """Whether everything said to block every plan is found again, by direct checks or by prices."""
    found = list(blocking(problem, compiled))
    if plan.prices:
        try:
            found += proof_at(compiled.model, prices_of(elastic(compiled.model), plan.prices))
        except AuditError as error:
            return Check(what="what blocks every plan", holds=False, recounted=str(error))
    again = sum(one in found for one in plan.blocking)
    return Check(
        what="what blocks every plan",
        holds=0 < again == len(plan.blocking),
        claimed=f"{len(plan.blocking)} findings",
        recounted=f"{again} of them proved again without a solver",
    )


def _plan_checks(plan: Plan, scenario: Scenario, problem: Problem, model: Model) -> list[Check]:
    assignment = pd.Series(plan.assignment, dtype=object).reindex(problem.account_ids)
    extra = sorted(set(plan.assignment) - set(map(str, problem.account_ids)))
    counted = recount(scenario.rules, problem, assignment)
    place = {str(rep): at for at, rep in enumerate(problem.rep_ids)}
    reps = np.array([place.get(str(rep), -1) for rep in assignment], dtype=np.int64)
    choice = model.pairs.find(np.arange(len(reps)), reps)
    checks = [
        _check("accounts assigned that do not exist", "none", ", ".join(extra[:5]) or "none"),
        _check("accounts without a candidate rep", "0", str(int((choice < 0).sum()))),
        _check("hard rules broken", "0", str(len(counted.breaches))),
        _near("cost", plan.cost, counted.cost),
        *(
            _near(f"cost of {name}", plan.terms.get(name), counted.terms.get(name))
            for name in dict.fromkeys([*plan.terms, *counted.terms])
        ),
    ]
    try:
        prices = prices_of(model, plan.prices)
        bound, pairs = proved_bound(scenario.rules, problem, model, prices, plan.pairs)
    except AuditError as error:
        return [*checks, Check(what="row prices", holds=False, recounted=str(error))]
    size = max(abs(plan.cost or 0.0), 1.0)
    checks += [
        _near("proved bound", plan.bound_proved, bound.value, size),
        _near("proved gap", plan.gap_proved, relative_gap(counted.cost, bound.value), 1.0),
        _check("pairs considered", str(plan.pairs.considered), str(pairs.considered)),
        _check("pairs possible", str(plan.pairs.possible), str(pairs.possible)),
    ]
    if (choice >= 0).all():
        try:
            certify(model, model.picks(choice), bound)
            checks.append(Check(what="cost - bound = regrets + residuals", holds=True))
        except AuditError as error:
            checks.append(
                Check(what="cost - bound = regrets + residuals", holds=False, recounted=str(error))
            )
    return checks


def _check(what: str, claimed: str, recounted: str) -> Check:
    return Check(what=what, holds=claimed == recounted, claimed=claimed, recounted=recounted)


def _near(what: str, claimed: float | None, recounted: float | None, size: float = 1.0) -> Check:
    if claimed is None or recounted is None:
        return Check(
            what=what, holds=claimed is recounted, claimed=str(claimed), recounted=str(recounted)
        )
    same = claimed == recounted or abs(claimed - recounted) <= AGREE * max(
        size, abs(claimed), abs(recounted)
    )
    return Check(what=what, holds=same, claimed=f"{claimed:.9g}", recounted=f"{recounted:.9g}")


def _told(hashes: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {hashes[name][:12]}" for name in sorted(hashes)) or "none"
