"""Makes the Maven policies runnable: ``python benchmarks/maven/build.py SOURCE OUT``.

SOURCE is the folder of Maven Analytics' "CRM Sales Opportunities" (accounts.csv, products.csv,
sales_pipeline.csv, sales_teams.csv), which has no licence and is therefore not shipped. OUT gets
accounts.csv, agents.csv, past.csv and a copy of the scenarios of this folder. README.md says how
the columns are made. Same input, same bytes.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
SPELT = {"GTXPro": "GTX Pro"}
"""Products that the pipeline spells otherwise than the list of products."""
STAGE = {"Prospecting": 1, "Engaging": 2}
"""How far an open opportunity has come; others are closed."""


def read(source: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Accounts, agents, and the opportunities with the price and the series of their product."""
    accounts = pd.read_csv(source / "accounts.csv")
    agents = pd.read_csv(source / "sales_teams.csv")
    products = pd.read_csv(source / "products.csv")
    deals = pd.read_csv(source / "sales_pipeline.csv")
    deals["product"] = deals["product"].replace(SPELT)
    deals = deals.merge(products, on="product", how="left", validate="many_to_one")
    if deals["sales_price"].isna().any():
        raise ValueError("a product of the pipeline is not in products.csv: add it to SPELT")
    return accounts, agents, deals.merge(accounts[["account", "sector"]], on="account", how="left")


def accounts_table(accounts: pd.DataFrame, deals: pd.DataFrame) -> pd.DataFrame:
    """The accounts with what was won, what is open, and the agent who won most as the owner."""
    by_account = accounts.set_index("account")
    won = deals[deals["deal_stage"] == "Won"]
    each = won.groupby(["account", "sales_agent"], as_index=False)["close_value"].sum()
    each = each.sort_values(
        ["account", "close_value", "sales_agent"], ascending=[True, False, True]
    )
    by_account["owner"] = each.drop_duplicates("account").set_index("account")["sales_agent"]
    by_account["won_value"] = won.groupby("account")["close_value"].sum()
    by_account["deals"] = deals.groupby("account").size()

    live = deals[deals["deal_stage"].isin(STAGE)]
    by_account["pipeline"] = live.groupby("account")["sales_price"].sum()
    by_account["stage"] = live["deal_stage"].map(STAGE).groupby(live["account"]).max()
    worth = live.groupby(["account", "series"], as_index=False)["sales_price"].sum()
    worth = worth.sort_values(["account", "sales_price", "series"], ascending=[True, False, True])
    by_account["series"] = worth.drop_duplicates("account").set_index("account")["series"]
    numbers = ["won_value", "deals", "pipeline", "stage"]
    by_account[numbers] = by_account[numbers].fillna(0).astype(int)
    return by_account.reset_index().rename(columns={"subsidiary_of": "parent"})[
        ["account", "owner", "parent", "sector", "series", "employees", *numbers]
    ]


def agents_table(agents: pd.DataFrame) -> pd.DataFrame:
    """The agents with their manager and office."""
    return agents.rename(columns={"regional_office": "office"})


def past_table(deals: pd.DataFrame) -> pd.DataFrame:
    """The closed opportunities: who, of which sector and series, and whether it was won."""
    closed = deals[deals["deal_stage"].isin(["Won", "Lost"])]
    past = closed[["sales_agent", "sector", "series"]].rename(columns={"sales_agent": "rep"})
    return past.assign(won=(closed["deal_stage"] == "Won").map({True: "true", False: "false"}))


def main(source: Path, target: Path) -> None:
    """Write the three tables into ``target``, and copy the scenarios there."""
    target.mkdir(parents=True, exist_ok=True)
    accounts, agents, deals = read(source)
    tables = {
        "accounts": accounts_table(accounts, deals),
        "agents": agents_table(agents),
        "past": past_table(deals),
    }
    for name, table in tables.items():
        table.to_csv(target / f"{name}.csv", index=False, lineterminator="\n")
    for scenario in sorted(HERE.glob("*.yaml")):
        shutil.copy(scenario, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
