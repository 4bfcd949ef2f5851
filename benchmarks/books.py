"""Seeded books of any size, as CSV files that every way of building the model reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

CANDIDATES = 20
"""Candidate reps of each account."""
ACCOUNTS_PER_REP = 100
FEWEST_REPS = 25
SIDE_KM = 1000.0
"""Accounts and reps are spread evenly over a square of this side."""

TRAVEL_PRICE = 1.0
BALANCE_PRICE = 2000.0
"""For each share of its target by which a rep's revenue is off, beyond the band."""
BALANCE_WITHIN = 0.05
MAX_SHARE = 0.08


def write(folder: Path, pairs: int, seed: int) -> None:
    """Writes accounts.csv, reps.csv and pairs.csv with ``pairs`` pairs, 20 for each account.

    The candidates of an account are its nearest reps; its owner is one of the nearest three. Every
    rep has room for today's books and for a tenth more than a fair part of all work, so that
    today's books keep every hard rule.
    """
    accounts = pairs // CANDIDATES
    reps = max(FEWEST_REPS, accounts // ACCOUNTS_PER_REP)
    rng = np.random.default_rng(seed)
    account_at, rep_at = rng.uniform(0, SIDE_KM, (accounts, 2)), rng.uniform(0, SIDE_KM, (reps, 2))
    rep, km = _nearest(account_at, rep_at)
    owner = rep[np.arange(accounts), rng.integers(0, 3, accounts)]
    workload = np.round(rng.lognormal(1.0, 0.6, accounts), 2)
    revenue = np.round(rng.lognormal(3.0, 1.0, accounts), 2)
    held = np.bincount(owner, workload, minlength=reps)
    capacity = np.round(np.maximum(1.01 * held, 1.1 * workload.sum() / reps), 2)
    account_ids = np.array([f"a{n:07d}" for n in range(accounts)])
    rep_ids = np.array([f"r{n:05d}" for n in range(reps)])
    order = np.argsort(rep, axis=1)
    rep, km = np.take_along_axis(rep, order, 1), np.take_along_axis(km, order, 1)
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "accounts": {
            "account_id": account_ids,
            "owner": rep_ids[owner],
            "workload": workload,
            "revenue": revenue,
        },
        "reps": {"rep_id": rep_ids, "capacity": capacity},
        "pairs": {
            "account_id": np.repeat(account_ids, CANDIDATES),
            "rep_id": rep_ids[rep.ravel()],
            "km": km.ravel(),
        },
    }
    for name, columns in tables.items():
        pd.DataFrame(columns).to_csv(folder / f"{name}.csv", index=False)


def _nearest(
    account_at: np.ndarray, rep_at: np.ndarray, chunk: int = 5_000
) -> tuple[np.ndarray, np.ndarray]:
    """Positions and distances (km, to 10 m) of the nearest reps of each account, nearest first."""
    found, far = [], []
    for first in range(0, len(account_at), chunk):
        step = account_at[first : first + chunk, None, :] - rep_at[None, :, :]
        km = np.sqrt((step**2).sum(axis=2))
        best = np.argsort(km, axis=1, kind="stable")[:, :CANDIDATES]
        found.append(best)
        far.append(np.round(np.take_along_axis(km, best, 1), 2))
    return np.concatenate(found), np.concatenate(far)
