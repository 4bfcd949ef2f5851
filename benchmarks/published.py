"""Instances from published data beside the repository: real places, and assignment benchmarks.

    zips(300, seed=1)      35,001 US ZIP codes, establishments and payroll
    hospitals(80, seed=1)  US hospitals with beds
    gap("d801600")         generalised assignment: 1,600 jobs, 80 agents, with the best known cost

The data may not be shipped. ``missing`` says where it is looked for when it is not there. The sales
teams and today's books of the real places are CONSTRUCTED; the places and their sizes are not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from instance_tables import Instance, Tables, instance_of
from instances import CANDIDATES, price, travel_of
from numpy.typing import NDArray
from territories import Nearest, candidates, homes, regions

from optiterr.errors import DataError, meant
from optiterr.pairs import EARTH_RADIUS_KM, Pairs, great_circle_km

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
"""Where the published data lies."""

WORKLOAD_WITHIN = 0.1
"""Hard band around an equal part of the workload; wider where the places are too large for it."""

MOVE_PRICE = 0.25
"""Moving an average account's revenue costs so many times the average travel of an account."""

REAL = ("zips", "hospitals")


def missing(name: str) -> str | None:
    """What to do when the data ``name`` (a folder) is not there; None when it is."""
    folder = DATA / name
    return None if folder.is_dir() else f"no {name} data: put it into {folder}"


def _need(name: str) -> None:
    if missing(name) is not None:
        raise DataError(name, "the published data is not there", f"put it into {DATA / name}")


def real(family: str, reps: int, seed: int) -> Instance:
    """The instance of a family of ``REAL``."""
    return instance_of(family, real_tables(family, reps, seed), seed)


def zips(reps: int, seed: int) -> Instance:
    """US ZIP codes as accounts: workload is establishments, revenue the payroll."""
    return real("zips", reps, seed)


def hospitals(reps: int, seed: int) -> Instance:
    """Open US hospitals as accounts: workload grows with the root of beds, revenue is beds."""
    return real("hospitals", reps, seed)


def real_tables(family: str, reps: int, seed: int) -> Tables:
    """Tables and rules of that instance; DataError without the data."""
    folder = {"zips": "us_zip_business", "hospitals": "us_hospitals"}[family]
    _need(folder)
    if family == "zips":
        places = pd.read_csv(DATA / folder / "zip_business_2022.csv.gz", dtype={"zip": str})
        load = places["establishments"].to_numpy(dtype=float)
        revenue = places["annual_payroll_kusd"].to_numpy(dtype=float)
        told = ""
    else:
        every = pd.read_csv(DATA / folder / "hospitals.csv", dtype={"account_id": str})
        places = every[(every["status"] == "OPEN") & (every["beds"] > 0)]
        revenue = places["beds"].to_numpy(dtype=float)
        load = np.round(1.5 * np.sqrt(revenue), 2)
        told = f"; {len(every) - len(places)} closed ones or without a bed count are left out"
    north, east = (places[name].to_numpy(dtype=float) for name in ("latitude", "longitude"))
    state = pd.factorize(places["state"])[0].astype(np.int64)
    return _team(family, np.stack([north, east]), state, load, revenue, reps, seed, told)


def _team(
    family: str,
    degrees: Floats,
    state: Ints,
    load: Floats,
    revenue: Floats,
    reps: int,
    seed: int,
    told: str,
) -> Tables:
    """A sales team for real places: reps where the work is, today's books along state lines.

    Each rep lives in a region of nearly equal workload. Today an account belongs to the nearest rep
    who lives in its state, or to the nearest of all where nobody does.
    """
    rng = np.random.default_rng([seed, len(load), reps])
    at = _on_sphere(degrees)
    hidden = regions(at, load, reps)
    member = homes(rng, np.arange(len(load), dtype=float)[:, None], hidden, reps)
    base = member[:, 0].astype(np.int64)
    home = at[base]
    kind = np.zeros(len(load), dtype=np.int64)
    near = Nearest.of(at, home, kind, np.ones((1, reps), dtype=bool), CANDIDATES)
    lives = state[base] == np.arange(state.max() + 1)[:, None]
    lives[~lives.any(axis=1)] = True
    owner = Nearest.of(at, home, state, lives, 1).rep[:, 0]
    pairs = candidates(near, owner, hidden)
    (north, east), (base_north, base_east) = degrees[:, pairs.account], degrees[:, base[pairs.rep]]
    km = np.round(great_circle_km(north, east, base_north, base_east), 3)
    visits = np.ceil(np.sqrt(load))
    each = travel_of(hidden, at, home, visits)
    off = np.abs(np.bincount(hidden, load, reps) * reps / load.sum() - 1).max()
    within = max(WORKLOAD_WITHIN, float(np.ceil(100 * off)) / 100)
    worth = each / revenue.mean()
    rules: dict[str, dict[str, Any]] = {
        "travel": {"kind": "travel", "measure": "km", "visits": "visits", "price": 1.0},
        "workload": {"kind": "balance", "measure": "workload", "within": within},
        "revenue": {
            "kind": "balance",
            "measure": "revenue",
            "price": price(worth),
            "per": "unit",
        },
        "moved": {"kind": "disruption", "of": "revenue", "price": price(MOVE_PRICE * worth)},
    }
    columns = {"workload": load, "revenue": revenue, "visits": visits}
    note = f"places are real, reps and today's books CONSTRUCTED; workload within {within:.0%}"
    return Tables(
        f"{family}-{len(load)}x{reps}-seed{seed}",
        pairs,
        reps,
        columns,
        {},
        {"km": np.asarray(km, dtype=float)},
        rules,
        owner,
        hidden,
        note + told,
    )


def _on_sphere(degrees: Floats) -> Floats:
    """Places in km from the middle of the Earth, shape (places, 3): the nearest by straight line is
    the nearest on the ground."""
    north, east = np.radians(degrees)
    flat = np.cos(north)
    return EARTH_RADIUS_KM * np.column_stack(
        [flat * np.cos(east), flat * np.sin(east), np.sin(north)]
    )


def best_known() -> dict[str, dict[str, Any]]:
    """What is published about each generalised assignment instance, by its name."""
    _need("gap")
    table = pd.read_csv(DATA / "gap" / "best_known.csv")
    names = table["instance"].astype(str)
    rows = table.to_dict("records")
    return {
        name: {str(key): one for key, one in row.items()}
        for name, row in zip(names, rows, strict=True)
    }


def gap_names(types: tuple[str, ...]) -> list[str]:
    """Names of the instances at hand whose name begins with one of ``types``, smallest first."""
    known = best_known()
    order = sorted(known, key=lambda name: known[name]["n_jobs"] * known[name]["n_agents"])
    there = [name for name in order if (DATA / "gap" / "instances" / f"{name}.txt").is_file()]
    digits = "0123456789"
    return [name for name in there if name.partition("-")[0].rstrip(digits) in types]


def gap_tables(name: str) -> Tables:
    """Tables of a generalised assignment instance: jobs are accounts, agents reps."""
    known = best_known()
    if name not in known:
        fix = meant(name, known, "use a name in best_known.csv")
        raise DataError("gap", f"there is no instance {name!r}", fix)
    text = (DATA / "gap" / "instances" / f"{name}.txt").read_text(encoding="utf-8")
    numbers = np.array(text.split(), dtype=np.int64)
    agents, jobs = int(numbers[0]), int(numbers[1])
    if len(numbers) != 2 + 2 * agents * jobs + agents:
        what = f"holds {len(numbers)} numbers for {agents} agents and {jobs} jobs"
        raise DataError(f"{name}.txt", what, "fetch the file again")
    cost, use = numbers[2:-agents].reshape(2, agents, jobs).astype(float)
    return Tables(
        name,
        Pairs.full(jobs, agents),
        agents,
        {},
        {"capacity": numbers[-agents:]},
        {"cost": cost.T.ravel(), "use": use.T.ravel()},
        {
            "cost": {"kind": "cost", "value": "cost", "price": 1.0},
            "capacity": {"kind": "capacity", "measure": "use", "limit": "capacity"},
        },
        note=f"best known {known[name]['best_known_value']:g}, "
        f"lower bound {known[name]['lower_bound']:g}",
    )


def gap(name: str) -> Instance:
    """A generalised assignment instance with the best known cost; nobody owns anything today."""
    best = float(best_known()[name]["best_known_value"])
    return instance_of("gap", gap_tables(name), best_known=best)


def gap_solution(name: str) -> Ints:
    """The published agent of each job; FileNotFoundError where none is published."""
    path = DATA / "gap" / "solutions" / f"{name}.sol.txt"
    return np.array(path.read_text(encoding="utf-8").split(), dtype=np.int64)
