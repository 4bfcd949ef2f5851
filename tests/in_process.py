"""HiGHS in this process instead of a watched one, so that many tiny instances are quick."""

from __future__ import annotations

from typing import Any

import pytest

from optiterr.model import Model
from optiterr.oracle import Oracle
from optiterr.pairs import Floats
from optiterr.solution import Limits, Solution
from optiterr.solvers import highs


def plan(model: Model, limits: Limits, start: Floats | None = None) -> Solution:
    """The best plan."""
    return highs.solve(model, limits, start)


ORACLE = Oracle(plan, highs.relax)


def solve_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every solve of the engine happens in this process."""

    def solve(_: str, model: Model, limits: Limits, **more: Any) -> Solution:
        return highs.solve(model, limits, more.get("start"))

    def relax(_: str, model: Model, limits: Limits, *__: Any, **___: Any) -> Solution:
        return highs.relax(model, limits)

    monkeypatch.setattr("optiterr.solving.supervised", solve)
    monkeypatch.setattr("optiterr.solving.supervised_relax", relax)
