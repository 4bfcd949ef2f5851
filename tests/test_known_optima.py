"""Published optima come out of a scenario file and CSV files alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from known_instances import DATA, gap_optima, write_gap, write_pfizer

from optiterr.audit import recount
from optiterr.engine import read, solve
from optiterr.plan import Plan
from optiterr.scenario.loading import load
from optiterr.solution import Status

pytestmark = pytest.mark.skipif(
    not (DATA / "gap" / "best_known.csv").is_file()
    or not (DATA / "pfizer_turkey" / "best_known.csv").is_file(),
    reason="the published instances are not shipped; put them into ../shared/data",
)

OPTIMA = gap_optima()
# The first of each small family at hand; benchmarks/known_optima.py runs all of them.
INSTANCES = [f"gap{family}-0" for family in range(1, 13)] + ["a05100", "b05100", "c05100"]


def optimum(path: Path) -> Plan:
    """The plan of the scenario at ``path``, which its solver must prove optimal without a gap."""
    plan = solve(load(path))
    assert plan.status is Status.OPTIMAL
    assert plan.cost is not None
    assert plan.bound_claimed is not None
    assert plan.bound_proved is not None
    assert plan.bound_claimed == pytest.approx(plan.cost, abs=1e-5 * max(1.0, plan.cost))
    assert plan.bound_proved <= plan.cost + 1e-6 * abs(plan.cost)
    return plan


@pytest.mark.parametrize("name", [name for name in INSTANCES if name in OPTIMA] or INSTANCES)
def test_generalised_assignment_reaches_the_proven_optimum(name: str, tmp_path: Path) -> None:
    """Cost and use per pair from a file, capacity per rep: the optimum of the literature."""
    assert optimum(write_gap(name, tmp_path)).cost == pytest.approx(OPTIMA[name], abs=1e-6)


# Distances are whole hundredths of a km, index values whole ten-thousandths, so with these prices
# the first objective is a whole number and the second stays below 1: it only breaks ties.
# Distance first: 100 x km, and at most 0.2 x 4.0 (all index values) = 0.8.
# Disruption first: 10,000 x index, and at most 0.001 x 814 km (22 bricks x 37 km) = 0.8.
PRICES = {"min distance": (100.0, 0.2), "min disruption": (0.001, 10_000.0)}


@pytest.mark.parametrize("first", PRICES)
@pytest.mark.parametrize("band", [(0.8, 1.2), (0.85, 1.15), (0.9, 1.1)], ids=str)
def test_pfizer_optima(first: str, band: tuple[float, float], tmp_path: Path) -> None:
    """Distance or disruption first, the other second: both as published, to the last digit."""
    known = pd.read_csv(DATA / "pfizer_turkey" / "best_known.csv")
    row = known[(known["workload_min"] == band[0]) & (known["objective"] == first)].iloc[0]
    distance, disruption = PRICES[first]
    plan = optimum(write_pfizer(*band, distance, disruption, tmp_path))
    assert plan.terms["distance"] / distance == pytest.approx(row["distance"], abs=1e-6)
    assert plan.terms["disruption"] / disruption == pytest.approx(row["disruption"], abs=1e-6)


def test_pfizer_today(tmp_path: Path) -> None:
    """The books of today cost 187.41 km, and two reps are outside the band."""
    scenario = load(write_pfizer(0.8, 1.2, 1.0, 1.0, tmp_path))
    problem = read(scenario)
    today = recount(scenario.rules, problem, problem.today)
    assert today.terms["distance"] == pytest.approx(187.41, abs=1e-6)
    assert today.terms["disruption"] == 0.0
    # Loads 0.9507, 1.3377, 0.7048, 1.0068: 0.1377 above 1.2 and 0.0952 below 0.8.
    assert {(one.where, round(one.amount, 4)) for one in today.breaches} == {
        ("2", 0.1377),
        ("3", 0.0952),
    }
