"""What a plan gains within groups of reps, against optimum and relaxation of the whole."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from optiterr.search.core import Core, Ints
from optiterr.solution import Limits
from optiterr.solvers import highs

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "benchmarks"))

import instances  # noqa: E402
import within_groups  # noqa: E402

CASE = instances.make("books", 72, 6, 1)


@pytest.fixture(scope="module")
def core() -> Core:
    return Core.of(CASE.model)


@pytest.fixture(scope="module")
def poor(core: Core) -> Ints:
    """A plan that keeps every hard row and is far from the best: the first that HiGHS finds."""
    found = highs.solve(CASE.model, Limits(seconds=20, gap=0.5))
    assert found.x is not None
    return CASE.model.choice(found.x)


@pytest.fixture(scope="module")
def best() -> float:
    """The least cost of the whole problem."""
    found = highs.solve(CASE.model, Limits(seconds=60, gap=1e-7))
    assert found.objective is not None
    return found.objective


def test_a_group_of_all_reps_finds_the_optimum_and_the_relaxation(
    core: Core, poor: Ints, best: float
) -> None:
    """Nothing is held fast, so both are those of the whole problem."""
    found = within_groups.within(core, poor, 0.0, core.reps, 60.0, 1)
    divided = highs.relax(CASE.model, Limits())
    assert (found.groups, found.finished) == (1, 1)
    assert found.whole == pytest.approx(best, rel=1e-5)
    assert found.divided == pytest.approx(divided.objective, rel=1e-5)
    assert found.whole < found.cost - 1
    assert 0 <= found.open <= 1e-5 * found.cost


def test_smaller_groups_gain_less(core: Core, poor: Ints, best: float) -> None:
    """Three reps at a time: no better than the best plan, and divided no worse than whole."""
    found = within_groups.within(core, poor, 0.0, 3, 60.0, 1)
    assert (found.groups, found.finished) == (2, 2)
    assert best * (1 - 1e-6) <= found.whole < found.cost
    assert found.divided < found.whole


def test_what_was_not_finished_is_told(core: Core, poor: Ints) -> None:
    """Without time nothing is gained, and all that the relaxation leaves stays open."""
    found = within_groups.within(core, poor, 0.0, core.reps, 0.0, 1)
    divided = highs.relax(CASE.model, Limits())
    assert divided.objective is not None
    assert (found.finished, found.whole) == (0, found.cost)
    assert found.open == pytest.approx(found.cost - divided.objective, rel=1e-5)


def test_groups_hold_every_rep_once(core: Core, poor: Ints) -> None:
    """Four of six reps, then the two that are left."""
    groups = within_groups.groups_of(core, poor, 4)
    assert [len(group) for group in groups] == [4, 2]
    assert np.array_equal(np.sort(np.concatenate(groups)), np.arange(core.reps))
