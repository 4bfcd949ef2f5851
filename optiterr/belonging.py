"""A plan file and what it belongs to: its scenario, its model, the pairs that it picks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.errors import AuditError
from optiterr.model import Model
from optiterr.plan import Plan
from optiterr.problem import Problem
from optiterr.scenario.loading import Scenario

AGAIN = "verify the plan, or solve the scenario again"


def plan_and_scenario(path: Path, folder: Path | None = None) -> tuple[Plan, Scenario]:
    """The plan in the file ``path`` and its scenario.

    ``folder`` says where the scenario's data lies when it is not where the plan says. DataError
    when the file is no plan.
    """
    plan = Plan.read(path)
    home = path.parent / plan.folder if folder is None else folder
    return plan, Scenario.from_dict(plan.scenario, folder=home)


def picks_of(plan: Plan, scenario: Scenario, problem: Problem, model: Model) -> NDArray[np.int64]:
    """The pair of each account of ``model`` that ``plan`` picks.

    AuditError unless there is a plan, it was made of this scenario, this data and this model, and
    gives every account to a candidate.
    """
    if not plan.has_plan:
        raise AuditError("plan", f"holds no assignment: {plan.status}", "solve the scenario first")
    if (plan.fingerprint, plan.digest) != (scenario.fingerprint(), model.digest()):
        what = "belongs to another scenario, other data or another version"
        raise AuditError("plan", what, "solve the scenario again")
    given = pd.Series(plan.assignment, dtype=object).reindex(problem.account_ids)
    choice = model.choose(problem.rep_index.get_indexer(pd.Index(given, dtype=object)))
    if (choice < 0).any():
        names = ", ".join(map(str, model.account_ids[choice < 0][:5]))
        raise AuditError("plan", f"gives accounts to reps who may not serve them: {names}", AGAIN)
    return choice
