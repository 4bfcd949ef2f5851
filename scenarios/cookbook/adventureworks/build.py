"""Rebuilds the tables of this folder from those of ../../adventureworks: ``python build.py [OUT]``.

Columns marked CONSTRUCTED are not in the sample; README.md says how they are made: by arithmetic on
ids, without chance. Same input, same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1] / "adventureworks"

PLANNING_DATE = pd.Timestamp("2027-01-04")
REGION = {"US": "North America", "CA": "North America", "AU": "Pacific"}
"""Countries elsewhere are in Europe."""
SIZE = {30_000: "small", 80_000: "small", 100_000: "middle", 150_000: "middle", 300_000: "large"}
"""By annual revenue, of which the sample knows only these five levels."""
TIME_ZONE = {
    -8: "CA WA OR NV BC", -7: "AB AZ CO ID MT NM UT WY", -6: "AL IL MB MN MO MS SD TN TX WI",
    -5: "CT FL GA IN KY MA ME MI NC NH NY OH ON QC RI SC VA", -4: "NB",
}  # fmt: skip
"""Hours to UTC in winter, in most of the state or province."""
WEST = -100.0
"""Stores and sellers west of this meridian belong to the west."""
CHAIN = (3, 6)
"""CONSTRUCTED: fewest and most stores of a chain."""
TOURING = ("277", "281", "282")
"""CONSTRUCTED: sellers who know touring bikes, one each in the middle, the west and Canada."""
FRENCH = ("278", "282")
"""CONSTRUCTED: sellers who speak French, the two of territory Canada."""
DATES = ["renewal", "owner_since", "last_touch", "safe_until"]


def side(longitude: pd.Series[float]) -> pd.Series[str]:
    """Whether a place in North America lies in the west or in the east of it."""
    return (longitude < WEST).map({True: "west", False: "east"})


def chains(stores: pd.DataFrame) -> pd.Series[str]:
    """CONSTRUCTED: the parent of each store, empty at the top of a chain and outside of chains.

    Stores of a North American country whose names begin with the same word are a chain when they
    are three to six. Its head is the store with the most revenue; on either side of the continent
    the next largest one heads all others there.
    """
    word = stores["name"].str.split().str[0] + " " + stores["country"]
    among = stores["region"] == "North America"
    size = word.where(among).map(word[among].value_counts())
    parent = pd.Series("", stores.index)
    order = stores[size.between(*CHAIN)].sort_values(
        ["revenue", "account_id"], ascending=[False, True]
    )
    for _, chain in order.groupby(word[order.index], sort=True):
        top = chain["account_id"].iloc[0]
        below = chain.iloc[1:]
        for _, half in below.groupby(side(below["longitude"]), sort=True):
            parent[half.index[0]] = top
            parent[half.index[1:]] = half["account_id"].iloc[0]
    return parent


def rivals(stores: pd.DataFrame) -> pd.Series[str]:
    """CONSTRUCTED: the two stores with most floor in every North American town of three or more."""
    among = stores[stores["region"] == "North America"]
    among = among[among.groupby("town")["account_id"].transform("size") >= 3]
    order = among.sort_values(["square_feet", "account_id"], ascending=[False, True])
    return order.groupby("town").head(2)["town"].reindex(stores.index).fillna("")


def accounts_table() -> pd.DataFrame:
    """The stores with what the policies speak of."""
    table = pd.read_csv(SOURCE / "accounts.csv", dtype={"account_id": str, "owner_rep_id": str})
    table = table.rename(
        columns={"account": "name", "owner_rep_id": "owner", "annual_revenue": "revenue"}
    )
    table["region"] = table["country"].map(REGION).fillna("Europe")
    table["town"] = table["city"] + ", " + table["state"]
    zones = {state: zone for zone, states in TIME_ZONE.items() for state in states.split()}
    table["time_zone"] = table["state"].map(zones).astype("Int64")
    table.loc[table["region"] != "North America", "time_zone"] = pd.NA
    table["size"] = table["revenue"].map(SIZE)
    table["language"] = table["state"].map({"QC": "french"}).fillna("")
    table["parent"], table["rivals"] = chains(table), rivals(table)

    number = table["account_id"].astype(int) // 2
    day = pd.Series(PLANNING_DATE, table.index)
    table["renewal"] = day + pd.to_timedelta(number * 61 % 365, "D")
    table["owner_since"] = day - pd.to_timedelta(30 + number * 97 % 3000, "D")
    table["last_touch"] = day - pd.to_timedelta(1 + number * 43 % 300, "D")
    table["stage"] = (1 + number // 3 % 5).where(number % 3 == 0, 0)
    table["pipeline"] = (0.2 * table["revenue"]).round().astype(int).where(table["stage"] > 0, 0)
    table["at_risk"] = (number % 13 == 0).map({True: "true", False: "false"})
    table["safe_until"] = (day + pd.to_timedelta(number % 60 - 20, "D")).where(number % 11 == 0)
    for column in DATES:
        table[column] = table[column].dt.strftime("%Y-%m-%d")
    return table[
        [
            "account_id", "name", "owner", "parent", "rivals", "region", "country", "state", "town",
            "latitude", "longitude", "time_zone", "language", "size", "specialty", "revenue",
            "workload", "employees", "square_feet", "pipeline", "stage", "at_risk", "renewal",
            "owner_since", "last_touch", "safe_until",
        ]
    ]  # fmt: skip


def sellers_table() -> pd.DataFrame:
    """The sellers, with a CONSTRUCTED manager, time zone and knowledge."""
    table = pd.read_csv(SOURCE / "reps.csv", dtype={"rep_id": str})
    lead = {"Pacific": "285", "Europe": "287"}
    table["manager"] = table["region"].map(lead).fillna("274-" + side(table["longitude"]))
    table["time_zone"] = (table["longitude"] / 15).round().astype(int)
    table["knows"] = table["rep_id"].isin(TOURING).map({True: "touring", False: ""})
    table["speaks"] = table["rep_id"].isin(FRENCH).map({True: "english;french", False: "english"})
    table["capacity"] = table["capacity"].astype(int)
    columns = ["rep_id", "territory", "region", "manager", "time_zone", "knows", "speaks"]
    return table[[*columns, "latitude", "longitude", "capacity"]]


def newcomer(rep_id: str, like: Mapping[Hashable, Any], **said: Any) -> dict[Hashable, Any]:
    """A row of a roster: ``said``, and the rest from the seller ``like``."""
    return {**like, **dict(rep_id=rep_id, ramp="newcomer", **said)}


def rosters(sellers: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """CONSTRUCTED: North America with two hires in March; and with a leaver and an empty seat."""
    base = sellers[sellers["region"] == "North America"].drop(columns="capacity")
    base = base.assign(start="", ramp="")
    row = base.set_index("rep_id", drop=False).to_dict("index")
    east = newcomer("H1", row["279"], territory="Carolinas", latitude=35.2271, longitude=-80.8431)
    west = newcomer("H2", row["281"], territory="Mountain", latitude=39.7392, longitude=-104.9903)
    hires = [
        {**one, "start": "2027-03-01", "knows": "", "speaks": "english"} for one in (east, west)
    ]
    hires[0]["time_zone"], hires[1]["time_zone"] = -5, -7
    spring = pd.concat([base, pd.DataFrame(hires)], ignore_index=True)

    states = {"279": "leaver", "283": "vacancy", "275": "on leave"}
    change = base.assign(
        state=base["rep_id"].map(states).fillna("active"),
        end=base["rep_id"].map({"279": "2027-03-31"}).fillna(""),
        fte=base["rep_id"].map({"281": 0.6, "283": 0.0}).fillna(1.0),
        days_off=base["rep_id"].map({"275": 40}).fillna(0).astype(int),
        replaces="",
    )
    row = change.set_index("rep_id", drop=False).to_dict("index")
    backfill = newcomer(
        "B1", row["279"], state="backfill", start="2027-04-01", end="", replaces="279"
    )
    return spring, pd.concat([change, pd.DataFrame([backfill])], ignore_index=True)


LOCKS = pd.DataFrame(
    [
        ("308", "277", "keep", "joint launch in spring", "2027-06-30"),
        ("310", "279", "forbid", "asked for somebody else", ""),
        ("330", "283", "keep", "settled in the last quarter", "2026-12-31"),
    ],
    columns=["account", "rep", "action", "reason", "until"],
)
"""CONSTRUCTED: decisions that are not to be reopened, the last one of which has ended."""


def main(target: Path) -> None:
    """Write all tables into ``target``."""
    sellers = sellers_table()
    spring, change = rosters(sellers)
    tables = {
        "stores": accounts_table(), "sellers": sellers, "sellers_spring": spring,
        "sellers_change": change, "locks": LOCKS,
    }  # fmt: skip
    for name, table in tables.items():
        table.to_csv(target / f"{name}.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
