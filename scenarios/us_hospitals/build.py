"""Rebuilds the tables of this folder from the HIFLD hospitals: ``python build.py hospitals.csv``.

The hospitals are real. The sales team, its seats, who owns what, the workload and the capacity are
CONSTRUCTED: nobody's sales force looks like this. Same input, same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SEATS = 80
SEED = 7
ROUNDS = 40
CAPACITY = 1700.0
"""CONSTRUCTED: hours a year that a seat has for hospitals."""
HOURS = 1.5
"""CONSTRUCTED: hours a year for a hospital of b beds are HOURS * sqrt(b)."""
ELSEWHERE = ("AS", "GU", "MP", "PR", "PW", "VI")
"""Territories outside the 50 states and DC: left out."""

Floats = NDArray[np.float64]


def on_sphere(table: pd.DataFrame) -> Floats:
    """Unit vectors of the places, shape (rows, 3)."""
    north, east = np.radians(table["latitude"]), np.radians(table["longitude"])
    x, y = np.cos(north) * np.cos(east), np.cos(north) * np.sin(east)
    return np.column_stack([x, y, np.sin(north)])


def apportioned(beds: pd.Series[float]) -> pd.Series[int]:
    """Seats by state in proportion to its beds, by largest remainder; small states get none."""
    exact = beds / beds.sum() * SEATS
    whole = np.floor(exact).astype(int)
    rest = (exact - whole).sort_values(ascending=False, kind="stable").index
    whole[rest[: SEATS - whole.sum()]] += 1
    return whole[whole > 0]


def centres(points: Floats, weight: Floats, seats: int) -> Floats:
    """Centres of ``seats`` clusters by weighted k-means: k-means++ starts, then Lloyd's rounds."""
    draw = np.random.default_rng(SEED)
    found = points[draw.choice(len(points), 1, p=weight / weight.sum())]
    while len(found) < seats:
        far = np.min(((points[:, None] - found[None]) ** 2).sum(axis=2), axis=1) * weight
        found = np.vstack([found, points[draw.choice(len(points), p=far / far.sum())]])
    for _ in range(ROUNDS):
        label = np.argmax(points @ found.T, axis=1)
        for seat in np.unique(label):
            mean = (points[label == seat] * weight[label == seat, None]).sum(axis=0)
            found[seat] = mean / np.linalg.norm(mean)
    return found


def main(source: Path, target: Path) -> None:
    """Write hospitals.csv and seats.csv into ``target``."""
    table = pd.read_csv(source, dtype={"account_id": str, "zip": str, "county_fips": str})
    keep = (table["status"] == "OPEN") & table["beds"].notna() & ~table["state"].isin(ELSEWHERE)
    table = table[keep].sort_values("account_id", ignore_index=True)
    table["beds"] = table["beds"].astype(int)
    table["workload"] = (HOURS * np.sqrt(table["beds"])).round(1)
    table["latitude"], table["longitude"] = table["latitude"].round(4), table["longitude"].round(4)
    points, beds = on_sphere(table), table["beds"].to_numpy(float)

    # Seats go to states by beds; inside a state each sits at the hospital nearest to its centre.
    homes = []
    for state, seats_here in apportioned(table.groupby("state")["beds"].sum()).items():
        inside = np.flatnonzero(table["state"] == state)
        middle = centres(points[inside], beds[inside], seats_here)
        homes.append(inside[np.unique(np.argmax(points[inside] @ middle.T, axis=0))])
    home = np.concatenate(homes)
    seats = table.loc[home, ["city", "state", "latitude", "longitude"]].reset_index(drop=True)
    seats.insert(0, "rep_id", [f"S{number:02d}" for number in range(1, len(seats) + 1)])
    seats["capacity"] = CAPACITY

    # Today: the nearest seat of one's own state; a state without a seat goes whole to the one
    # nearest to the middle of its beds. State lines make uneven books, as they do in real teams.
    near = points @ points[home].T
    own = table["state"].to_numpy()[:, None] == seats["state"].to_numpy()[None]
    owner = np.argmax(np.where(own, near, -2.0), axis=1)
    for state in sorted(set(table["state"]) - set(seats["state"])):
        inside = (table["state"] == state).to_numpy()
        middle = (points[inside] * beds[inside, None]).sum(axis=0)
        owner[inside] = np.argmax(points[home] @ middle)
    table["owner"] = seats["rep_id"].to_numpy()[owner]

    columns = ["account_id", "name", "city", "state", "latitude", "longitude", "type", "beds"]
    table[[*columns, "workload", "owner"]].to_csv(
        target / "hospitals.csv", index=False, lineterminator="\n"
    )
    seats.to_csv(target / "seats.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parent)
