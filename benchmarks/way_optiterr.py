"""The model as optiterr builds it: rules over tables, arrays, one passModel."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import highspy
import numpy as np
from books import BALANCE_PRICE, BALANCE_WITHIN, MAX_SHARE, TRAVEL_PRICE
from watch import Watch

from optiterr.audit import audit, gap_of, prove
from optiterr.compile import compile_model
from optiterr.linear import linearise
from optiterr.rules.balance import Balance
from optiterr.rules.capacity import Capacity
from optiterr.rules.coverage import Coverage
from optiterr.rules.disruption import Disruption
from optiterr.rules.travel import Travel
from optiterr.solution import Solution, Status
from optiterr.solvers.highs import pass_model
from optiterr.tables.reading import read_problem
from optiterr.tables.spec import AccountSource, DataSpec, PairSource, RepSource

VERSIONS = {name: version(name) for name in ("optiterr", "numpy", "scipy", "pandas", "highspy")}
COLUMNS_MORE = 0
"""Columns for each rep beyond the picks and the two that are priced."""

RULES = {
    "coverage": Coverage(),
    "capacity": Capacity(),
    "balance": Balance(measure="revenue", within=BALANCE_WITHIN, price=BALANCE_PRICE),
    "disruption": Disruption(of="revenue", max_share=MAX_SHARE),
    "travel": Travel(measure="km", price=TRAVEL_PRICE),
}


class Way:
    """One build, phase by phase."""

    def __init__(self, folder: Path, watch: Watch) -> None:
        with watch.phase("read"):
            self.problem = read_problem(
                DataSpec(
                    accounts=AccountSource(file="accounts.csv", owner="owner"),
                    reps=RepSource(file="reps.csv"),
                    pairs=PairSource(file="pairs.csv"),
                ),
                [column for rule in RULES.values() for column in rule.reads()],
                folder,
            )
        with watch.phase("compile"):
            self.model = compile_model(RULES, self.problem).model
        with watch.phase("linearise"):
            self.mip = linearise(self.model)
        with watch.phase("pass"):
            self.highs = highspy.Highs()
            self.highs.setOptionValue("output_flag", False)
            pass_model(self.highs, self.mip, relaxed=False)

    def audit(self, watch: Watch, x: np.ndarray | None, objective: float | None) -> dict[str, Any]:
        """Recounts the plan ``x``, or today's books; proves and explains the gap at prices of 0."""
        today = self.model.picks(self.problem.owned_pair)
        plan = today if x is None else np.round(x[: self.mip.pairs])
        claim = None if x is None else objective
        solution = Solution(Status.FEASIBLE, "highs", x=plan, objective=claim)
        with watch.phase("audit"):
            counted = audit(RULES, self.problem, self.model, solution)
        with watch.phase("proof"):
            bound = prove(self.model, None)
            gap_of(self.model, plan, bound, counted.cost)
        with watch.phase("digest"):
            self.model.digest()
        audited = "today's books" if x is None else "the solver's plan"
        return {"audited": audited, "cost": counted.cost, "bound": bound.value}
