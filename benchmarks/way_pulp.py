"""The model as it is written by hand with PuLP: an object for each pick, sums over lists.

Two hands: one writes ``lpSum(number * pick)`` and lets ``pulp.HiGHS`` fill HiGHS; the quick one
makes each sum of (pick, number) terms at once and goes through an MPS file.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import highspy
import pandas as pd
import pulp
from books import BALANCE_PRICE, BALANCE_WITHIN, MAX_SHARE, TRAVEL_PRICE
from watch import Watch

VERSIONS = {name: version(name) for name in ("pulp", "pandas", "highspy")}
COLUMNS_MORE = 1
"""Beside the two priced columns, each rep has one for the free deviation."""
QUICK = False
"""Whether sums are made of terms at once and HiGHS reads an MPS file."""


class Way:
    """One build, phase by phase, up to a filled ``highspy.Highs``."""

    def __init__(self, folder: Path, watch: Watch) -> None:
        with watch.phase("read"):
            accounts = pd.read_csv(folder / "accounts.csv").set_index("account_id")
            reps = pd.read_csv(folder / "reps.csv").set_index("rep_id")
            pairs = pd.read_csv(folder / "pairs.csv")
            workload, revenue = accounts["workload"].to_dict(), accounts["revenue"].to_dict()
            owner, capacity = accounts["owner"].to_dict(), reps["capacity"].to_dict()
            listed = list(zip(pairs["account_id"], pairs["rep_id"], strict=True))
            km = dict(zip(listed, pairs["km"].tolist(), strict=True))
        with watch.phase("compile"):
            self.problem = _problem(workload, revenue, owner, capacity, km)
        with watch.phase("pass"):
            self.highs = _through_a_file(self.problem) if QUICK else _filled(self.problem)

    def audit(self, watch: Watch, x: Any, objective: float | None) -> dict[str, Any]:
        """Nothing: a model written by hand has no audit."""
        return {}


def _filled(problem: pulp.LpProblem) -> Any:
    solver = pulp.HiGHS(msg=False)
    solver.createAndConfigureSolver(problem)
    solver.buildSolverModel(problem)
    return problem.solverModel


def _through_a_file(problem: pulp.LpProblem) -> Any:
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    with TemporaryDirectory() as folder:
        file = str(Path(folder) / "books.mps")
        problem.writeMPS(file)
        highs.readModel(file)
    return highs


def _sum(terms: Iterable[tuple[pulp.LpVariable, float]]) -> pulp.LpAffineExpression:
    """The sum of number times pick, in either hand."""
    if QUICK:
        return pulp.LpAffineExpression(terms)
    return pulp.lpSum(number * pick for pick, number in terms)


def _problem(
    workload: dict[str, float],
    revenue: dict[str, float],
    owner: dict[str, str],
    capacity: dict[str, float],
    km: dict[tuple[str, str], float],
) -> pulp.LpProblem:
    problem = pulp.LpProblem("books", pulp.LpMinimize)
    pick = {
        (account, rep): problem.add_variable(f"pick_{account}_{rep}", cat=pulp.LpBinary)
        for account, rep in km
    }
    target = sum(revenue.values()) / len(capacity)
    free = BALANCE_WITHIN * target
    over = {rep: problem.add_variable(f"over_{rep}", lowBound=0) for rep in capacity}
    under = {rep: problem.add_variable(f"under_{rep}", lowBound=0) for rep in capacity}
    drift = {rep: problem.add_variable(f"drift_{rep}", -free, free) for rep in capacity}
    candidates: dict[str, list[str]] = {account: [] for account in workload}
    served: dict[str, list[str]] = {rep: [] for rep in capacity}
    for account, rep in km:
        candidates[account].append(rep)
        served[rep].append(account)
    deviation = pulp.lpSum(BALANCE_PRICE / target * (over[rep] + under[rep]) for rep in capacity)
    problem += _sum((pick[pair], TRAVEL_PRICE * way) for pair, way in km.items()) + deviation
    for account, reps in candidates.items():
        problem += _sum((pick[account, rep], 1) for rep in reps) == 1, f"coverage_{account}"
    for rep, accounts in served.items():
        load = _sum((pick[account, rep], workload[account]) for account in accounts)
        problem += load <= capacity[rep], f"capacity_{rep}"
    for rep, accounts in served.items():
        sold = _sum((pick[account, rep], revenue[account]) for account in accounts)
        problem += sold == target + drift[rep] + over[rep] - under[rep], f"balance_{rep}"
    stays = _sum((pick[account, rep], revenue[account]) for account, rep in owner.items())
    problem += stays >= (1 - MAX_SHARE) * sum(revenue.values()), "disruption"
    return problem
