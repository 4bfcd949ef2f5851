"""Tiny problems with everything in them that rules easily get wrong."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.pairs import Pairs
from optiterr.problem import DEPARTED, NOBODY, Groups, Problem


def _at(*positions: int) -> NDArray[np.int64]:
    return np.array(positions, dtype=np.int64)


def _days(days: list[str]) -> NDArray[np.datetime64]:
    return np.array(days, dtype="datetime64[s]")


def toys() -> dict[str, Problem]:
    """Tiny problems that together hold what is easily got wrong: accounts of nobody and of reps who
    left or leave, zeros, empty texts, ties, sparse pairs, a pairs file, one rep, no account."""
    accounts = pd.DataFrame(
        {
            "account_id": ["a", "b", "c", "d"],
            "owner_id": ["ann", "bob", None, "zoe"],
            "workload": [2.0, 3.0, 0.0, 1.5],
            "revenue": [10.0, 20.0, 15.0, 7.0],
            "skills": ["cloud", "", "cloud:2;bank", "bank"],
            "tier": [1.0, 2.0, 0.0, 3.0],
            "industry": ["bank", "retail;bank", "", "retail"],
            "segment": ["gold", "", "gold", "silver"],
            "region": ["east", "west", "east", ""],
            "zone": [-5.0, -5.0, -8.0, -6.0],
            "zip": ["10", "20", "10", ""],
            "renewal": _days(["2026-02-15", "", "2026-01-01", "2027-06-30"]),
            "since": _days(["2020-01-01", "2025-12-01", "", "2024-01-01"]),
            "last_touch": _days(["2025-12-25", "2025-01-01", "", ""]),
            "stage": [3.0, 1.0, 0.0, 4.0],
            "at_risk": [False, True, False, False],
            "latitude": [0.0, 40.7, -33.9, 40.7],
            "longitude": [0.0, -74.0, 151.2, -74.0],
        }
    )
    reps = pd.DataFrame(
        {
            "rep_id": ["ann", "bob", "eve"],
            "capacity": [5.0, 3.0, 2.0],
            "floor": [1.0, 0.0, 1.5],
            "skills": ["cloud:2; bank", "bank", "cloud"],
            "level": [3.0, 2.0, 2.0],
            "industry": ["bank", "retail; bank", ""],
            "team": ["east", "east", "west"],
            "manager": ["mia", "mia", "noa"],
            "region": ["east", "west", "east"],
            "zone": [-5.0, -8.0, -6.0],
            "role": ["specialist", "generalist", "generalist"],
            "latitude": [0.0, 40.7, 51.5],
            "longitude": [0.0, -74.0, -0.1],
        }
    )
    owner = np.array([0, 1, NOBODY, DEPARTED], dtype=np.int32)
    groups = {
        "family": Groups(
            ("a", "d"), _at(0, 1, 2, 3), _at(0, 0, 0, 1), _at(-1, 0, 1, -1), _at(0, 1, 2, 0)
        ),
        "investor": Groups(("north fund", "south fund"), _at(0, 2, 2, 3), _at(0, 0, 1, 1)),
    }
    near = Problem(
        accounts,
        reps,
        owner,
        Pairs.of([0, 0, 0, 1, 1, 2, 2, 2, 3, 3], [0, 1, 2, 0, 1, 0, 1, 2, 1, 2], 4),
        12,
        candidates="nearest",
        tables={
            "locks": pd.DataFrame(
                {
                    "account": ["a", "c", "d", "b"],
                    "rep": [None, "eve", "eve", "bob"],
                    "action": ["keep", "forbid", "keep", "forbid"],
                    "reason": ["renewal", "", "trial", ""],
                    "until": ["2026-03-31", None, "2025-12-31", "2026-01-01"],
                }
            )
        },
        planning_date=dt.date(2026, 1, 1),
        groups=groups,
    )
    leaver = Problem(
        accounts,
        reps,
        np.array([0, DEPARTED, NOBODY, DEPARTED], dtype=np.int32),
        Pairs.of([0, 0, 1, 1, 2, 2, 3, 3], [0, 2, 0, 2, 0, 2, 0, 2], 4),
        8,
        serves=np.array([True, False, True]),
        planning_date=dt.date(2026, 1, 1),
        groups=groups,
    )
    listed = Problem(
        accounts,
        reps,
        owner,
        Pairs.of([0, 0, 1, 1, 1, 2, 3, 3], [0, 2, 0, 1, 2, 1, 0, 1], 4),
        8,
        candidates="file",
        planning_date=dt.date(2026, 1, 1),
        groups=groups,
        pair_columns={
            "drive": np.array([1.0, 4.0, 2.5, 0.0, 3.0, 2.0, 0.5, 8.0]),
            "score": np.array([1.0, 0.25, 0.5, 1.0, 0.0, 0.75, 0.5, 0.5]),
            "margin": np.array([-1.0, 4.0, 2.0, 0.0, -3.5, 1.0, 2.0, 2.0]),
        },
    )
    single = Problem(
        accounts[:2], reps[:1], np.array([0, DEPARTED], dtype=np.int32), Pairs.full(2, 1), 2
    )
    empty = Problem(accounts[:0], reps, np.zeros(0, dtype=np.int32), Pairs.full(0, 3), 0)
    return {"near": near, "leaver": leaver, "listed": listed, "single": single, "empty": empty}
