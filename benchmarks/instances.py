"""Seeded benchmark instances of any size: the same seed gives the same model, byte for byte.

    make("geo", 5000, 100, seed=1)       # fair territories: travel, a workload band, balance
    make("books", 5000, 100, seed=1)     # books with skills, two capacities, three budgets

Every instance of these families has a plan that keeps all hard rules, for it is drawn around one.
First the accounts are cut into compact regions of nearly equal workload (``territories.regions``):
the hidden plan. Reps live somewhere in their own region. Today's books are the hidden plan after
years of drift (``territories.strayed``), which stays within less than what the budgets on change
allow to be moved back. Limits are set around the loads of the hidden plan, and the candidates of an
account are its nearest reps and its owner, one of which is its rep in the hidden plan. ``make``
recounts that plan and refuses an instance whose plan breaks a hard rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from instance_tables import Instance, Tables, broken, instance_of, soft_cost
from numpy.typing import NDArray
from territories import (
    Nearest,
    candidates,
    clustered,
    homes,
    kilometres,
    lognormals,
    regions,
    strayed,
)

from optiterr.errors import DataError, meant

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

__all__ = ["FAMILIES", "Instance", "broken", "instance_of", "make", "soft_cost", "tables"]

CANDIDATES = 20
"""Nearest reps that are candidates of an account, beside its owner; all reps when there are no
more."""

FEWEST = 5
"""Accounts that there are at least for each rep."""

WORKLOAD_WITHIN = 0.05
"""Hard band around an equal part of the workload, in geo."""

MAX_SHARE = 0.12
"""Share of all revenue, and in books of all accounts, that may move."""

REP_OUT_MAX_SHARE = 0.25
"""Share of the accounts that any one rep may lose, in books."""

SLACKS = (0.08, 0.03, 0.01)
"""Room in both capacities of books, over the hidden plan; by the seed unless asked for."""

SKILLS = 8

REVENUE_PRICE, COUNT_PRICE = 1.0, 0.25
"""An average account's revenue (or one account) too much or too little costs so many times the
average travel of an account in the hidden plan."""

WORST_PRICE = 0.05
"""The farthest rep off its fair part by all of it costs this share of the travel of everyone in the
hidden plan."""

MISFIT_PRICE = 0.5
"""The worst fit costs so many times the average travel of an account in the hidden plan."""


def make(family: str, accounts: int, reps: int, seed: int, slack: float | None = None) -> Instance:
    """The instance of ``family`` of that size and seed.

    ``slack`` is for books only. Raises DataError for an unknown family, too few accounts, or when
    the plan that it was drawn around breaks a hard rule (accounts too large for so few a rep).
    """
    return instance_of(family, tables(family, accounts, reps, seed, slack), seed)


def tables(family: str, accounts: int, reps: int, seed: int, slack: float | None = None) -> Tables:
    """The tables and rules of that instance, for its model and for its files."""
    if family not in FAMILIES:
        fix = meant(family, FAMILIES, f"use one of {', '.join(FAMILIES)}")
        raise DataError("instance", f"there is no family {family!r}", fix)
    if slack is not None and (family != "books" or slack < 0):
        raise DataError(
            f"instance {family}", f"slack {slack:g}", "give books a share of at least 0"
        )
    if reps < 2 or accounts < FEWEST * reps:
        raise DataError(
            f"instance {family}",
            f"{accounts} accounts for {reps} reps",
            f"ask for at least 2 reps and {FEWEST} accounts for each",
        )
    rng = np.random.default_rng([seed, accounts, reps, list(FAMILIES).index(family)])
    if slack is None:
        slack = SLACKS[(seed - 1) % len(SLACKS)]
    made = FAMILIES[family](rng, accounts, reps, slack)
    more = f"-slack{100 * slack:g}" if family == "books" else ""
    return replace(made, name=f"{family}-{accounts}x{reps}-seed{seed}{more}")


def travel_of(plan: Ints, at: Floats, home: Floats, visits: Floats) -> float:
    """Average cost of travel of an account in ``plan``: what prices are measured by."""
    step = at - home[plan]
    return float(np.mean(np.hypot(step[:, 0], step[:, 1]) * visits))


def price(amount: float) -> float:
    """``amount`` to six digits: a number that a scenario file can show."""
    return float(f"{amount:.6g}")


def _geo(rng: np.random.Generator, accounts: int, reps: int, slack: float) -> Tables:
    """Fair territories: travel, a hard band on workload, balance of revenue and count, a budget."""
    at = clustered(rng, accounts)
    load, revenue = lognormals(rng, accounts, (0.6, 1.1), together=0.5)
    load, revenue = np.round(10 * load, 2), np.round(100 * revenue, 2)
    visits = np.ceil(load / 5.0)
    hidden = regions(at, load, reps)
    home = homes(rng, at, hidden, reps)
    everyone = np.zeros(accounts, dtype=np.int64), np.ones((1, reps), dtype=bool)
    near = Nearest.of(at, home, *everyone, CANDIDATES)
    owner = strayed(rng, near, hidden, revenue)
    pairs = candidates(near, owner)
    each = travel_of(hidden, at, home, visits)
    rules: dict[str, dict[str, Any]] = {
        "travel": {"kind": "travel", "measure": "km", "visits": "visits", "price": 1.0},
        "workload": {"kind": "balance", "measure": "workload", "within": WORKLOAD_WITHIN},
        "revenue": {
            "kind": "balance",
            "measure": "revenue",
            "price": price(REVENUE_PRICE * each / revenue.mean()),
            "per": "unit",
        },
        "count": {
            "kind": "balance",
            "measure": "accounts",
            "price": price(COUNT_PRICE * each),
            "per": "unit",
        },
        "moved-revenue": {"kind": "disruption", "of": "revenue", "max_share": MAX_SHARE},
    }
    return Tables(
        "geo",
        pairs,
        reps,
        {"workload": load, "revenue": revenue, "visits": visits},
        {},
        {"km": kilometres(at, home, pairs)},
        rules,
        owner,
        hidden,
        f"workload within {WORKLOAD_WITHIN:.0%} of the mean, at most {MAX_SHARE:.0%} of revenue "
        "moves",
    )


def _books(rng: np.random.Generator, accounts: int, reps: int, slack: float) -> Tables:
    """Books with skills: travel, fit, two capacities, balance, the worst rep, three budgets."""
    at = clustered(rng, accounts)
    hours, revenue, calls = lognormals(rng, accounts, (0.6, 1.1, 0.6), together=0.5)
    hours, revenue, calls = np.round(10 * hours, 2), np.round(100 * revenue, 2), np.ceil(3 * calls)
    hidden = regions(at, hours, reps)
    home = homes(rng, at, hidden, reps)
    has = _some(rng, np.ones((reps, SKILLS), dtype=bool), rng.integers(3, 6, reps))
    needs = _some(rng, has[hidden], rng.integers(1, 3, accounts))
    mask = needs @ (1 << np.arange(SKILLS))
    masks, kind = np.unique(mask, return_inverse=True)
    wanted = (masks[:, None] >> np.arange(SKILLS) & 1).astype(np.int64)
    near = Nearest.of(at, home, kind, wanted @ (~has).T.astype(np.int64) == 0, CANDIDATES)
    owner = strayed(rng, near, hidden, revenue)
    pairs = candidates(near, owner)
    each = travel_of(hidden, at, home, calls)
    limit = {
        f"{name}_limit": np.round((1 + slack) * np.bincount(hidden, amount, reps), 2)
        for name, amount in (("hours", hours), ("calls", calls))
    }
    rules: dict[str, dict[str, Any]] = {
        "skills": {"kind": "skills"},
        "travel": {"kind": "travel", "measure": "km", "visits": "calls", "price": 1.0},
        "misfit": {"kind": "cost", "value": "misfit", "price": price(MISFIT_PRICE * each)},
        "hours": {"kind": "capacity", "measure": "hours", "limit": "hours_limit"},
        "calls": {"kind": "capacity", "measure": "calls", "limit": "calls_limit"},
        "revenue": {
            "kind": "balance",
            "measure": "revenue",
            "price": price(REVENUE_PRICE * each / revenue.mean()),
            "per": "unit",
        },
        "worst": {
            "kind": "fairness",
            "measure": "revenue",
            "how": "worst",
            "small": 0.0,
            "price": price(WORST_PRICE * each * accounts),
        },
        "moved-accounts": {"kind": "disruption", "of": "accounts", "max_share": MAX_SHARE},
        "moved-revenue": {"kind": "disruption", "of": "revenue", "max_share": MAX_SHARE},
        "lost-accounts": {
            "kind": "disruption",
            "of": "accounts",
            "rep_out_max_share": REP_OUT_MAX_SHARE,
        },
    }
    return Tables(
        "books",
        pairs,
        reps,
        {"hours": hours, "revenue": revenue, "calls": calls},
        limit,
        {
            "km": kilometres(at, home, pairs),
            "misfit": np.round(rng.random(len(pairs)), 3),
        },
        rules,
        owner,
        hidden,
        f"{len(masks)} kinds of accounts by skills, {slack:.0%} room in both capacities",
        {"skills": _listed(needs)},
        {"skills": _listed(has)},
    )


def _some(rng: np.random.Generator, of: NDArray[np.bool_], count: Ints) -> NDArray[np.bool_]:
    """``count[r]`` of the skills that row ``r`` of ``of`` has, drawn evenly."""
    order = np.argsort(np.where(of, rng.random(of.shape), np.inf), axis=1)
    found = np.zeros(of.shape, dtype=bool)
    np.put_along_axis(found, order, np.arange(of.shape[1]) < count[:, None], axis=1)
    return found


def _listed(skills: NDArray[np.bool_]) -> NDArray[np.object_]:
    """The skills of each row as a scenario file lists them."""
    kinds, kind = np.unique(skills, axis=0, return_inverse=True)
    texts = [";".join(f"s{skill}" for skill in np.flatnonzero(one)) for one in kinds]
    return np.asarray(np.array(texts, dtype=object)[kind.reshape(-1)])


FAMILIES: dict[str, Callable[[np.random.Generator, int, int, float], Tables]] = {
    "geo": _geo,
    "books": _books,
}
