"""The model as it is written by hand with linopy: whole variables and groupby sums."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import linopy
import numpy as np
import pandas as pd
import xarray as xr
from books import BALANCE_PRICE, BALANCE_WITHIN, MAX_SHARE, TRAVEL_PRICE
from watch import Watch

VERSIONS = {name: version(name) for name in ("linopy", "xarray", "numpy", "pandas", "highspy")}
COLUMNS_MORE = 1
"""Beside the two priced columns, each rep has one for the free deviation."""
SPARSE = False
"""Whether grouped sums stay sparse (an option of newer versions) instead of padded rectangles."""


class Way:
    """One build, phase by phase; handed over as ``solve(io_api="direct")`` does it."""

    def __init__(self, folder: Path, watch: Watch) -> None:
        if SPARSE:
            linopy.options["semantics"] = "v1"
        with watch.phase("read"):
            accounts = pd.read_csv(folder / "accounts.csv").set_index("account_id")
            reps = pd.read_csv(folder / "reps.csv").set_index("rep_id")
            pairs = pd.read_csv(folder / "pairs.csv")
            account = accounts.index.get_indexer(pairs["account_id"])
            rep = reps.index.get_indexer(pairs["rep_id"])
            owner = reps.index.get_indexer(accounts["owner"])
        with watch.phase("compile"):
            self.model = _model(accounts, reps, account, rep, owner, pairs["km"].to_numpy())
        with watch.phase("pass"):
            self.highs = linopy.io.to_highspy(self.model)

    def audit(self, watch: Watch, x: Any, objective: float | None) -> dict[str, Any]:
        """Nothing: a model written by hand has no audit."""
        return {}


def _model(
    accounts: pd.DataFrame,
    reps: pd.DataFrame,
    account: np.ndarray,
    rep: np.ndarray,
    owner: np.ndarray,
    km: np.ndarray,
) -> linopy.Model:
    model = linopy.Model(sparse=True) if SPARSE else linopy.Model()
    pair = pd.RangeIndex(len(km), name="pair")
    every = pd.RangeIndex(len(reps), name="rep")

    def column(values: np.ndarray) -> xr.DataArray:
        return xr.DataArray(values, coords=[pair])

    by_account = pd.Series(account, index=pair, name="account")
    by_rep = pd.Series(rep, index=pair, name="rep")
    workload = accounts["workload"].to_numpy()[account]
    revenue = accounts["revenue"].to_numpy()[account]
    total = accounts["revenue"].sum()
    target = total / len(reps)
    free = BALANCE_WITHIN * target
    pick = model.add_variables(binary=True, coords=[pair], name="pick")
    over = model.add_variables(lower=0, coords=[every], name="over")
    under = model.add_variables(lower=0, coords=[every], name="under")
    drift = model.add_variables(lower=-free, upper=free, coords=[every], name="drift")
    model.add_constraints((1 * pick).groupby(by_account).sum() == 1, name="coverage")
    load = (column(workload) * pick).groupby(by_rep).sum()
    capacity = xr.DataArray(reps["capacity"].to_numpy(), coords=[every])
    model.add_constraints(load <= capacity, name="capacity")
    sold = (column(revenue) * pick).groupby(by_rep).sum()
    model.add_constraints(sold - drift - over + under == target, name="balance")
    stay = np.flatnonzero(rep == owner[account])
    stays = (pick.isel(pair=stay) * column(revenue).isel(pair=stay)).sum()
    model.add_constraints(stays >= (1 - MAX_SHARE) * total, name="disruption")
    model.add_objective(
        (column(TRAVEL_PRICE * km) * pick).sum() + BALANCE_PRICE / target * (over + under).sum()
    )
    return model
