"""Rebuilds the tables of this folder from the AdventureWorks sample: ``python build.py SOURCE``.

SOURCE is a folder with ``accounts.csv``, ``reps.csv`` and ``territories.csv`` (see README.md for
where they come from). Columns marked CONSTRUCTED are not in the sample; README.md says how they are
made. Same input, same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

MANAGERS = "Manager"
"""Job titles with this word lead a team and own no accounts: they are no sellers."""

VISITS = {30_000: 2, 80_000: 4, 100_000: 4, 150_000: 6, 300_000: 12}
"""CONSTRUCTED: visits a year by annual revenue (the sample knows only these five levels)."""
HOURS_A_VISIT = 3.0
"""CONSTRUCTED: hours of a visit, with preparation and the way there."""
HOURS_AN_EMPLOYEE = 0.1
"""CONSTRUCTED: hours a year of product training for each employee of the store."""
CAPACITY = 1600.0
"""CONSTRUCTED: hours a year that a seller has for accounts."""
MARKETS = {"North America": "US;CA", "Pacific": "AU", "FR": "FR;GB", "DE": "DE;GB", "GB": "GB"}
"""CONSTRUCTED: countries a seller may serve, by region or, in Europe, by country."""
NEW_REP = "291"
"""CONSTRUCTED: the seller who joins in one case of the study, based in Charlotte, NC."""
CITIES = {
    "Ascheim": (48.17, 11.72), "Augsburg": (48.37, 10.90), "Berkshire": (51.45, -0.97),
    "Berlin": (52.52, 13.40), "Braunschweig": (52.27, 10.52), "Dresden": (51.05, 13.74),
    "Duesseldorf": (51.23, 6.78), "Frankfurt am Main": (50.11, 8.68), "Grevenbroich": (51.09, 6.59),
    "Hamburg": (53.55, 9.99), "Hannover": (52.37, 9.73), "Kiel": (54.32, 10.14),
    "Leipzig": (51.34, 12.37), "Muehlheim": (51.43, 6.88), "München": (48.14, 11.58),
    "Münster": (51.96, 7.63), "Offenbach": (50.10, 8.76), "Oxon": (51.75, -1.26),
    "Paderborn": (51.72, 8.75), "Paris La Defense": (48.89, 2.24), "Poing": (48.17, 11.82),
    "Salzgitter": (52.15, 10.33), "Stuttgart": (48.78, 9.18), "Sulzbach Taunus": (50.13, 8.53),
    "West Sussex": (50.93, -0.46),
}  # fmt: skip
"""CONSTRUCTED: degrees of the city, for the 30 stores that the sample puts at (0, 0)."""


def centre(places: pd.DataFrame) -> tuple[float, float]:
    """Revenue-weighted centre of ``places`` on the sphere: latitude and longitude in degrees."""
    latitude, longitude = np.radians(places["latitude"]), np.radians(places["longitude"])
    weight = places["annual_revenue"]
    x = (weight * np.cos(latitude) * np.cos(longitude)).sum()
    y = (weight * np.cos(latitude) * np.sin(longitude)).sum()
    z = (weight * np.sin(latitude)).sum()
    north = float(np.degrees(np.arctan2(z, np.hypot(x, y))))
    return round(north, 4), round(float(np.degrees(np.arctan2(y, x))), 4)


def accounts_table(source: Path) -> pd.DataFrame:
    """The accounts with the columns the scenarios use, and their CONSTRUCTED workload."""
    table = pd.read_csv(source / "accounts.csv", dtype={"account_id": str, "owner_rep_id": str})
    visits = table["annual_revenue"].map(VISITS)
    hours = visits * HOURS_A_VISIT + table["employees"] * HOURS_AN_EMPLOYEE
    table["workload"] = hours.round(1)
    table["located_by"] = "source"
    lost = (table["latitude"] == 0) & (table["longitude"] == 0)
    for column, which in (("latitude", 0), ("longitude", 1)):
        found = table["city"].map({city: place[which] for city, place in CITIES.items()})
        table[column] = table[column].where(~lost, found).round(4)
    table.loc[lost, "located_by"] = "city"
    if table[["latitude", "longitude"]].isna().any(axis=None):
        raise ValueError("a store at (0, 0) lies in a city that CITIES does not know")
    return table[
        [
            "account_id", "account", "owner_rep_id", "territory_id", "business_type", "specialty",
            "annual_revenue", "square_feet", "employees", "city", "state", "country",
            "latitude", "longitude", "located_by", "workload",
        ]
    ]  # fmt: skip


def reps_table(source: Path, accounts: pd.DataFrame) -> pd.DataFrame:
    """The sellers with region and CONSTRUCTED base, capacity and markets."""
    table = pd.read_csv(source / "reps.csv", dtype={"rep_id": str})
    table = table[~table["job_title"].str.contains(MANAGERS)].copy()
    table["territory_id"] = table["territory_id"].astype(int)
    table = table.merge(pd.read_csv(source / "territories.csv").iloc[:, :4], on="territory_id")
    table = table.sort_values("rep_id", ignore_index=True).rename(
        columns={"region_group": "region"}
    )
    places = []
    for rep, territory in zip(table["rep_id"], table["territory_id"], strict=True):
        own = accounts[accounts["owner_rep_id"] == rep]
        home = accounts["territory_id"] == territory
        places.append(centre(own if len(own) else accounts[home]))
    table["latitude"] = [north for north, _ in places]
    table["longitude"] = [east for _, east in places]
    table["capacity"] = CAPACITY
    market = table["region"].where(table["region"] != "Europe", table["country"])
    table["markets"] = market.map(MARKETS)
    return table[
        ["rep_id", "territory_id", "territory", "region", "markets", "hire_date",
         "latitude", "longitude", "capacity"]
    ]  # fmt: skip


def with_targets(reps: pd.DataFrame, accounts: pd.DataFrame) -> pd.DataFrame:
    """``reps`` with CONSTRUCTED targets: an equal part of what the accounts of the region hold."""
    region = accounts["country"].map(
        {"US": "North America", "CA": "North America", "AU": "Pacific"}
    )
    held = accounts.groupby(region.fillna("Europe"))[["annual_revenue", "workload"]].sum()
    part = held.loc[reps["region"]].to_numpy()
    part /= reps.groupby("region")["rep_id"].transform("size").to_numpy()[:, None]
    return reps.assign(revenue_target=part[:, 0].round(2), hours_target=part[:, 1].round(4))


def main(source: Path, target: Path) -> None:
    """Write accounts.csv, reps.csv and reps_one_more.csv into ``target``."""
    accounts = accounts_table(source)
    reps = reps_table(source, accounts)
    southeast = reps[reps["territory"] == "Southeast"].iloc[0]
    new = {
        **southeast.to_dict(), "rep_id": NEW_REP, "hire_date": "2014-07-01",
        "latitude": 35.2271, "longitude": -80.8431,
    }  # fmt: skip
    accounts.to_csv(target / "accounts.csv", index=False, lineterminator="\n")
    seats = with_targets(reps, accounts)
    seats.to_csv(target / "reps.csv", index=False, lineterminator="\n")
    more = pd.concat([reps, pd.DataFrame([new])], ignore_index=True)
    more = with_targets(more, accounts)
    more.to_csv(target / "reps_one_more.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parent)
