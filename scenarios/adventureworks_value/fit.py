"""Fits elasticity and level of the sales response to what the sellers sold: ``python fit.py``.

For each seller with stores, the logarithm of sales (mean of the two years of sales.csv) is a level
plus the logarithm of what the seller's hours earn in today's book at an elasticity. Least squares
over both; see README.md for what that can tell and what not.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.stats import t as student

from optiterr.engine import read
from optiterr.rules.earning import earning
from optiterr.rules.value import Value
from optiterr.scenario.loading import load

HERE = Path(__file__).parent
COVER = 0.9
"""The interval covers the elasticity with this chance, if the response were true."""


def fitted(without: str | None = None) -> dict[str, float]:
    """Elasticity with its error and interval, level, spread and sellers; one may be left out."""
    scenario = load(HERE / "value.yaml")
    problem, rule = read(scenario), cast(Value, scenario.rules["earn"])
    sold = pd.read_csv(HERE / "sales.csv", dtype={"rep_id": str}).set_index("rep_id").mean(axis=1)

    def misses(elasticity: float) -> pd.Series[float]:
        """How far each seller's sales are off, in logarithms, before the level is taken off."""
        told = earning(rule.model_copy(update={"elasticity": elasticity}), problem, problem.today)
        earns = pd.Series({rep: one for rep, one in told.by_rep().items() if one > 0})
        return np.log(sold / earns).dropna().drop(labels=[without] if without else [])

    def squares(elasticity: float) -> float:
        off = misses(elasticity)
        return float(((off - off.mean()) ** 2).sum())

    best = float(minimize_scalar(squares, bounds=(0.05, 0.95), method="bounded").x)
    off, step = misses(best), 1e-4
    slope = (misses(best + step) - misses(best - step)) / (2 * step)
    freedom = len(off) - 2
    variance = squares(best) / freedom
    error = float(np.sqrt(variance / ((slope - slope.mean()) ** 2).sum()))
    reach = float(student.ppf((1 + COVER) / 2, freedom)) * error
    return {
        "elasticity": best,
        "error": error,
        "low": best - reach,
        "high": best + reach,
        "level": float(np.exp(off.mean())),
        "spread": float(np.sqrt(variance)),
        "sellers": float(len(off)),
    }


if __name__ == "__main__":
    found = fitted()
    for name, value in found.items():
        print(f"{name:>10}  {value:.4f}")
    sellers = pd.read_csv(HERE / "sales.csv", dtype={"rep_id": str})["rep_id"]
    each = [fitted(seller)["elasticity"] for seller in sellers]
    print(f"with one seller left out: {min(each):.2f} to {max(each):.2f}")
