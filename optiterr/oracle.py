"""Who answers a model: a search for plans and a source of prices, watched unless told otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optiterr.model import Model
from optiterr.pairs import Floats
from optiterr.scenario.loading import Scenario
from optiterr.search.route import route
from optiterr.solution import Limits, Solution
from optiterr.solving import Report, Stop, priced, search


@dataclass(frozen=True, eq=False)
class Oracle:
    """``plan(model, limits, start)`` gives a plan, ``prices(model, limits)`` prices for a bound.

    Nothing that either says is believed: plans are recounted and prices only prove what they prove.
    """

    plan: Callable[[Model, Limits, Floats | None], Solution]
    prices: Callable[[Model, Limits], Solution]


def watched(scenario: Scenario, report: Report | None = None, stop: Stop | None = None) -> Oracle:
    """The solver that ``scenario`` asks for, in a process of its own, and prices by HiGHS."""

    def plan(model: Model, limits: Limits, start: Floats | None) -> Solution:
        chosen = route(model, scenario.solve.solver)
        return search(chosen, model, limits, start, report, stop)

    def prices(model: Model, limits: Limits) -> Solution:
        return priced(model, limits, stop)

    return Oracle(plan, prices)
