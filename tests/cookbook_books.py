"""The books of a plan, put together from the CSV files with pandas alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from optiterr.plan import Plan

GONE = ["leaver", "vacancy"]
"""States of seats that serve nobody in a plan."""


@dataclass(frozen=True, eq=False)
class Books:
    """The accounts of a plan with ``owner`` today and ``rep`` then; ``stays``: the owner stays.

    Columns of today's owner begin with ``owner_``, those of the rep with ``rep_``.
    """

    accounts: pd.DataFrame
    reps: pd.DataFrame
    folder: Path

    @classmethod
    def of(cls, plan: Plan, folder: Path) -> Books:
        """What the plan says of the tables that its scenario names."""
        spec = plan.scenario["data"]
        accounts, reps = _table(folder, spec["accounts"]), _table(folder, spec["reps"])
        for column, values in (spec["reps"]["where"] or {}).items():
            reps = reps[reps[column].isin(values if isinstance(values, list) else [values])]
        ids = accounts[spec["accounts"]["id"]]
        accounts = accounts.assign(account=ids, rep=ids.map(plan.assignment))
        accounts["owner"] = accounts[spec["accounts"]["owner"]]
        accounts = accounts[ids.isin({*plan.assignment, *plan.open})].reset_index(drop=True)
        reps = reps.set_index(spec["reps"]["id"])
        state = reps["state"] if "state" in reps else pd.Series("active", reps.index)
        here = reps.index[~state.isin(GONE)]
        for column in reps.columns:
            for who in ("owner", "rep"):
                accounts[f"{who}_{column}"] = accounts[who].map(reps[column])
        accounts["accounts"] = 1.0
        accounts["stays"] = accounts["owner"].isin(here)
        accounts["moves"] = accounts["stays"] & (accounts["rep"] != accounts["owner"])
        return cls(_with_numbers(accounts), reps.loc[here], folder)

    def among(self, where: str | None) -> pd.DataFrame:
        """The accounts of which a pandas query holds."""
        return self.accounts if where is None else self.accounts.query(where, engine="python")


def _table(folder: Path, spec: dict[str, Any]) -> pd.DataFrame:
    named = [spec["id"], spec.get("owner") or spec["id"], "parent"]
    table = pd.read_csv(folder / spec["file"], dtype=dict.fromkeys(named, str))
    return table.rename(columns={theirs: ours for ours, theirs in spec["columns"].items()})


def _with_numbers(accounts: pd.DataFrame) -> pd.DataFrame:
    """The accounts with the numbers that scenarios derive, worked out again."""
    if "square_feet" in accounts:
        accounts["calls"] = _calls(accounts)
        room = (10 * accounts["square_feet"] - accounts["revenue"]).clip(lower=0)
        parts = {"workload": 0.6, "revenue": 0.1}
        index = sum(part * accounts[name] / accounts[name].mean() for name, part in parts.items())
        accounts["weight"] = 1000 * (index + 0.3 * room / room.mean())
        accounts["ideal"] = 10 * (
            4 * (accounts["size"] == "large")
            + 2 * accounts["specialty"].isin(["Touring", "Mountain"])
            + 2 * (accounts["employees"] >= 50)
            + 2 * ~accounts["at_risk"]
        )
        accounts["worth"] = _worth(accounts)
    if "beds" in accounts or "type" in accounts:
        accounts["care"] = _care(accounts)
    if "latitude" in accounts:
        accounts["km"] = _km(accounts)
    return accounts


def _calls(accounts: pd.DataFrame) -> pd.Series[float]:
    """Hours of the call plan: large 12 x 4 + 12 x 0.5, middle 4 x 3.5 + 8 x 0.5, small 2 x 2.5 + 1.

    Visits in Miami: 24 instead.
    """
    visits = accounts["size"].map({"large": 12, "middle": 4, "small": 2}).astype(float)
    visits[accounts["town"] == "Miami, FL"] = 24
    hours = accounts["size"].map({"large": 4.0, "middle": 3.5, "small": 2.5})
    return visits * hours + accounts["size"].map({"large": 6.0, "middle": 4.0, "small": 1.0})


def _worth(accounts: pd.DataFrame) -> pd.Series[float]:
    """Revenue times the factors of tenure and recency, on the planning date of the stores."""
    day = pd.Timestamp("2027-01-04")
    years = (day - pd.to_datetime(accounts["owner_since"])).dt.days / 365.25
    days = (day - pd.to_datetime(accounts["last_touch"])).dt.days
    factor = np.interp(years, [0, 1, 5], [0.2, 0.5, 1])
    return accounts["revenue"] * factor * np.interp(days, [30, 180, 365], [1, 0.6, 0.2])


def _care(accounts: pd.DataFrame) -> pd.Series[float]:
    """Hours of visits with the way there and back at 70 km an hour."""
    visits = {"GENERAL ACUTE CARE": 6, "CRITICAL ACCESS": 6, "REHABILITATION": 3}
    visits["LONG TERM CARE"] = 3
    each = accounts["type"].map(visits).fillna(2)
    return each * (1 + 2 * _km(accounts) / 70)


def _km(accounts: pd.DataFrame) -> pd.Series[float]:
    """Great-circle km from the rep's base, by the spherical law of cosines."""
    a, b = np.radians(accounts["latitude"]), np.radians(accounts["rep_latitude"])
    turn = np.radians(accounts["longitude"] - accounts["rep_longitude"])
    cosine = np.sin(a) * np.sin(b) + np.cos(a) * np.cos(b) * np.cos(turn)
    return 6371.0088 * np.arccos(np.clip(cosine, -1, 1))
