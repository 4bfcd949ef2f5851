"""Which sales rep serves which customer account, with a proved gap on every plan.

    from optiterr import load, solve

    plan = solve(load("scenario.yaml"))
    plan.cost, plan.bound_proved, plan.assignment

Names are imported when first used, so that ``import optiterr`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optiterr.comparison.side_by_side import Comparison, compare
    from optiterr.compile import compile_model
    from optiterr.engine import diagnose, read, solve
    from optiterr.errors import (
        AuditError,
        DataError,
        OptiterrError,
        OptiterrWarning,
        SolverError,
        SpecError,
    )
    from optiterr.model import Model
    from optiterr.outputs import render
    from optiterr.plan import Plan
    from optiterr.problem import Problem
    from optiterr.rules import Rule
    from optiterr.runs import run
    from optiterr.scenario.loading import Scenario, load
    from optiterr.scenario.study import Study, load_study
    from optiterr.verification import verify

_HOME = {
    "AuditError": "errors",
    "Comparison": "comparison.side_by_side",
    "DataError": "errors",
    "Model": "model",
    "OptiterrError": "errors",
    "OptiterrWarning": "errors",
    "Plan": "plan",
    "Problem": "problem",
    "Rule": "rules",
    "Scenario": "scenario.loading",
    "SolverError": "errors",
    "SpecError": "errors",
    "Study": "scenario.study",
    "compare": "comparison.side_by_side",
    "compile_model": "compile",
    "diagnose": "engine",
    "load": "scenario.loading",
    "load_study": "scenario.study",
    "read": "engine",
    "render": "outputs",
    "run": "runs",
    "solve": "engine",
    "verify": "verification",
}

__all__ = [
    "AuditError",
    "Comparison",
    "DataError",
    "Model",
    "OptiterrError",
    "OptiterrWarning",
    "Plan",
    "Problem",
    "Rule",
    "Scenario",
    "SolverError",
    "SpecError",
    "Study",
    "compare",
    "compile_model",
    "diagnose",
    "load",
    "load_study",
    "read",
    "render",
    "run",
    "solve",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'optiterr' has no attribute {name!r}")
    return getattr(import_module(f"optiterr.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
