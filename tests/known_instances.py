"""Published instances with proven optima, written as scenario YAML and CSV files alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
"""Where the instances lie; they may not be shipped, so what reads them skips without them."""

GAP_SCENARIO = """\
schema: 1
name: {name}
title: Generalised assignment, {name}
data:
  accounts: {{file: accounts.csv}}
  reps: {{file: reps.csv}}
  pairs: {{file: pairs.csv}}
rules:
  cost: {{kind: cost, value: cost}}
  capacity: {{kind: capacity, measure: use, limit: capacity}}
solve: {{solver: {solver}, seconds: {seconds}, gap: 0, threads: {threads}}}
"""


def write_gap(
    name: str, folder: Path, solver: str = "highs", seconds: float = 60, threads: int = 1
) -> Path:
    """The scenario file of one generalised assignment instance, with its tables beside it.

    Jobs are accounts and agents are reps; what a job costs and uses depends on the agent, so both
    stand in the pairs file.
    """
    numbers = np.array((DATA / "gap" / "instances" / f"{name}.txt").read_text().split(), dtype=int)
    agents, jobs = numbers[:2]
    cost, use = numbers[2 : 2 + 2 * agents * jobs].reshape(2, agents, jobs)
    capacity = numbers[2 + 2 * agents * jobs :]
    assert len(capacity) == agents, f"{name}: {len(capacity)} capacities for {agents} agents"
    accounts = np.array([f"job {job + 1}" for job in range(jobs)])
    reps = np.array([f"agent {agent + 1}" for agent in range(agents)])
    pairs = {"account_id": np.tile(accounts, agents), "rep_id": np.repeat(reps, jobs)}
    pairs |= {"cost": cost.ravel(), "use": use.ravel()}
    pd.DataFrame({"account_id": accounts}).to_csv(folder / "accounts.csv", index=False)
    pd.DataFrame({"rep_id": reps, "capacity": capacity}).to_csv(folder / "reps.csv", index=False)
    pd.DataFrame(pairs).to_csv(folder / "pairs.csv", index=False)
    path = folder / f"{name}.yaml"
    path.write_text(GAP_SCENARIO.format(name=name, solver=solver, seconds=seconds, threads=threads))
    return path


def gap_optima() -> dict[str, int]:
    """The proven optimum of each instance whose optimum is proven; empty without the data."""
    source = DATA / "gap" / "best_known.csv"
    if not source.is_file():
        return {}
    table = pd.read_csv(source)
    table = table[table["proven_optimal"] == "yes"]
    return dict(zip(table["instance"], table["best_known_value"].astype(int), strict=True))


PFIZER_SCENARIO = """\
schema: 1
name: pfizer
title: 22 bricks, 4 reps
data:
  accounts: {{file: bricks.csv, id: brick, owner: current_rep}}
  reps: {{file: reps.csv, id: rep}}
  pairs: {{file: pairs.csv, account: brick, rep: rep}}
rules:
  workload: {{kind: capacity, measure: index_value, limit: {most}, at_least: {least}}}
  distance: {{kind: travel, measure: km, price: {distance}}}
  disruption: {{kind: disruption, of: index_value, price: {disruption}}}
solve: {{solver: highs, gap: 0}}
"""


def write_pfizer(
    least: float, most: float, distance: float, disruption: float, folder: Path
) -> Path:
    """The scenario file of the case with a workload band and the two prices, with its tables."""
    source = DATA / "pfizer_turkey"
    wide = pd.read_csv(source / "distance_brick_to_rep.csv", dtype={"brick": str})
    pairs = wide.melt("brick", var_name="rep", value_name="km")
    pairs["rep"] = pairs["rep"].str.removeprefix("rep_")
    pairs.to_csv(folder / "pairs.csv", index=False)
    for name in ("bricks.csv", "reps.csv"):
        (folder / name).write_bytes((source / name).read_bytes())
    path = folder / "pfizer.yaml"
    path.write_text(
        PFIZER_SCENARIO.format(least=least, most=most, distance=distance, disruption=disruption)
    )
    return path
