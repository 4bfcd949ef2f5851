"""Who answers the models of a frontier: prices, plans, and plans gone on to from a neighbour's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from optiterr.model import Model
from optiterr.pairs import Floats
from optiterr.search.decompose import DECOMPOSE, resume
from optiterr.search.route import Route
from optiterr.solution import Limits, Solution
from optiterr.solvers import solver
from optiterr.solving import Stop, priced, search


@dataclass(frozen=True)
class Hands:
    """Who answers models: prices of the relaxed one, and a plan from a start.

    ``resume``, where there is one, goes on from a plan and from row prices instead of finding
    prices of its own; the last argument tells whether the plan is near the best: then the search
    looks around it.
    """

    relax: Callable[[Model, Limits], Solution]
    search: Callable[[Model, Limits, Floats | None], Solution]
    resume: Callable[[Model, Limits, Floats | None, Floats | None, bool], Solution] | None = None


def supervised_hands(chosen: Route, stop: Stop | None) -> Hands:
    """Solvers in processes of their own; answers come from several threads at a time."""
    return Hands(
        lambda model, limits: priced(model, limits, stop),
        lambda model, limits, start: search(chosen, model, limits, start, None, stop),
        None if chosen.solver != DECOMPOSE.name else partial(_resumed, chosen, stop),
    )


def _resumed(
    chosen: Route,
    stop: Stop | None,
    model: Model,
    limits: Limits,
    start: Floats | None,
    prices: Floats | None,
    near: bool,
) -> Solution:
    """The decomposition search going on from prices and, where it is near, from a plan."""
    begin = model.choice(start) if near and start is not None else None
    go_on = partial(resume, price=prices, begin=begin)
    one = replace(solver(chosen.solver), solve=go_on)
    return search(chosen, model, limits, start, None, stop, one)
