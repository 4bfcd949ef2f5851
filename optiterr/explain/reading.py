"""The data of a scenario beside its model, where they can be read, for counts in its statement."""

from __future__ import annotations

from dataclasses import dataclass

from optiterr.compile import Compiled, compile_model
from optiterr.engine import read
from optiterr.errors import DataError, SpecError
from optiterr.problem import Problem
from optiterr.scenario.loading import Scenario


@dataclass(frozen=True, eq=False)
class Reading:
    """A scenario's data and the model made of them."""

    problem: Problem
    compiled: Compiled


def read_beside(scenario: Scenario) -> tuple[Reading | None, str]:
    """The data and the model of ``scenario``; or None, and in words what stands in the way."""
    try:
        problem = read(scenario)
        return Reading(problem, compile_model(scenario.rules, problem)), ""
    except (DataError, SpecError) as error:
        first, *others = error.faults
        more = f", and {len(others)} more" if others else ""
        return None, f"{first.where}: {first.what}{more}"
