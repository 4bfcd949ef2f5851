"""Tiny random problems with every column that the drawn settings of rules read."""

from __future__ import annotations

import datetime as dt
from string import ascii_lowercase

import numpy as np
import pandas as pd
from toys import problem

from optiterr.problem import Groups, Problem
from rulebook.draws import Rng

DAYS = [None, "2020-05-01", "2025-11-15", "2026-01-01", "2026-03-01", "2027-01-01"]
"""Days around the planning date of the problems, and none."""


def random_problem(rng: Rng, sizes: tuple[int, int] | None = None) -> Problem:
    """Two or three accounts and reps, quarters and ties, some pairs missing, some owners gone.

    ``sizes`` asks for so many accounts (at most 26) and reps.
    """
    accounts, reps = sizes or (int(rng.choice([2, 2, 3])), int(rng.choice([2, 2, 3])))
    ids, names = list(ascii_lowercase[:accounts]), [f"r{place + 1}" for place in range(reps)]
    words = ["", "x", "y", "x;y", "x:2", "y:0.5;x"]
    quarters = lambda most, size: rng.integers(0, most, size) / 4  # noqa: E731
    days = lambda size: pd.to_datetime(rng.choice(DAYS, size))  # noqa: E731
    past = lambda size: pd.to_datetime(rng.choice(DAYS[:4], size))  # noqa: E731
    leaves = names[1:2] if reps == 3 and rng.random() < 0.2 else []
    stays = [name for name in names if name not in leaves]
    listed = {}
    for account in ids:
        used = rng.choice(stays, size=int(rng.integers(1, len(stays) + 1)), replace=False)
        for rep in used:
            listed[account, str(rep)] = {
                "drive": float(rng.integers(0, 9)) / 4,
                "score": float(rng.integers(0, 5)) / 4,
                "margin": float(rng.integers(-8, 9)) / 4,
            }
    return problem(
        {
            "workload": quarters(9, accounts),
            "revenue": quarters(40, accounts) + 0.25,
            "skills": rng.choice(words, accounts),
            "tier": rng.integers(0, 4, accounts).astype(float),
            "industry": rng.choice(["", "x", "y", "x; y"], accounts),
            "segment": rng.choice(["", "gold", "silver"], accounts),
            "region": rng.choice(["east", "west", ""], accounts, p=[0.45, 0.45, 0.1]),
            "zone": rng.choice([-8.0, -6.0, -5.0], accounts),
            "zip": rng.choice(["", "10", "20"], accounts),
            "renewal": days(accounts),
            "since": past(accounts),
            "last_touch": past(accounts),
            "stage": rng.integers(0, 5, accounts).astype(float),
            "at_risk": rng.random(accounts) < 0.3,
            "latitude": rng.uniform(-90, 90, accounts),
            "longitude": rng.uniform(-180, 180, accounts),
        },
        {
            "capacity": quarters(16, reps) + 0.25,
            "seats": rng.integers(1, 4, reps).astype(float),
            "skills": rng.choice(words, reps),
            "level": rng.integers(0, 4, reps).astype(float),
            "industry": rng.choice(["", "x", "y"], reps),
            "team": rng.choice(["east", "west"], reps),
            "manager": rng.choice(["mia", "noa"], reps),
            "region": rng.choice(["east", "west"], reps),
            "zone": rng.choice([-8.0, -6.0, -5.0], reps),
            "role": rng.choice(["specialist", "generalist"], reps),
            "latitude": rng.uniform(-90, 90, reps),
            "longitude": rng.uniform(-180, 180, reps),
        },
        owner=[None if rng.random() < 0.2 else str(rng.choice([*names, "gone"])) for _ in ids],
        leaves=leaves,
        pairs=listed,
        tables={
            "locks": pd.DataFrame(
                {
                    "account": rng.choice(ids, 2),
                    "rep": rng.choice(stays, 2),
                    "action": rng.choice(["keep", "forbid"], 2),
                    "until": rng.choice(["2025-01-01", "", "2027-01-01"], 2),
                }
            )
        },
        planning_date=dt.date(2026, 1, 1),
        groups={"family": family(rng, accounts), "investor": investors(rng, accounts)},
    )


def family(rng: Rng, accounts: int) -> Groups:
    """A random hierarchy: each account but the first may have one before it as its parent."""
    parent = np.array([-1, *(int(rng.integers(-1, at)) for at in range(1, accounts))])
    root, depth = np.arange(accounts), np.zeros(accounts, dtype=np.int64)
    for at in range(1, accounts):
        if parent[at] >= 0:
            root[at], depth[at] = root[parent[at]], depth[parent[at]] + 1
    roots, group = np.unique(root, return_inverse=True)
    labels = tuple(ascii_lowercase[at] for at in roots)
    return Groups(labels, np.arange(accounts), group, parent, depth)


def investors(rng: Rng, accounts: int) -> Groups:
    """Two random groups that may overlap and may be empty."""
    account, group = np.nonzero(rng.random((accounts, 2)) < 0.5)
    return Groups(("north fund", "south fund"), account, group)
