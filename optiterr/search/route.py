"""Which solver a model is sent to when the user leaves the choice to us, and why."""

from __future__ import annotations

from dataclasses import dataclass

from optiterr.model import Model
from optiterr.solvers import solver

LARGE = 1_000_000
"""From this many candidate pairs on, general solvers rarely find a plan within minutes."""


@dataclass(frozen=True)
class Route:
    """The chosen solver and one line that says why."""

    solver: str
    why: str


def route(model: Model, asked: str = "auto") -> Route:
    """The solver for ``model``: the one asked for, or by size the one most likely to end well."""
    if asked != "auto":
        return Route(solver(asked).name, "")
    pairs, accounts = len(model.pairs), model.pairs.accounts
    if pairs > LARGE:
        return Route("greedy", f"{pairs:,} pairs are more than general solvers end well with")
    return Route(
        "highs",
        f"{accounts:,} accounts and {pairs:,} pairs fit a general solver; "
        "a greedy plan is its safety net",
    )
