"""Tiny problems for tests of rules, built straight as values, and what a rule says of a plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from string import ascii_lowercase
from typing import Any

import numpy as np
import pandas as pd

from optiterr.compile import compile_model
from optiterr.errors import OptiterrError
from optiterr.findings import Finding, Weight
from optiterr.pairs import Pairs
from optiterr.problem import DEPARTED, NOBODY, Groups, Problem
from optiterr.rules import Rule

NAME = "rule"


def problem(
    accounts: Mapping[str, Sequence[Any]],
    reps: Mapping[str, Sequence[Any]] | int,
    *,
    owner: Sequence[str | None] | None = None,
    leaves: Sequence[str] = (),
    pairs: Mapping[tuple[str, str], float | Mapping[str, float]] | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    planning_date: dt.date | None = None,
    groups: Mapping[str, Groups] | None = None,
) -> Problem:
    """Accounts ``a, b, ...`` and reps ``r1, r2, ...`` with the columns given; all pairs, or those
    listed with their measures. An owner who is not in the roster, or leaves, is a departed one."""
    count = len(next(iter(accounts.values())))
    roster = reps if isinstance(reps, int) else len(next(iter(reps.values())))
    rep_ids = [f"r{place + 1}" for place in range(roster)]
    owners = list(owner) if owner is not None else [None] * count
    account_table = pd.DataFrame(
        {
            "account_id": list(ascii_lowercase[:count]),
            "owner_id": pd.Series(owners, dtype=object),
            **accounts,
        }
    )
    columns = {} if isinstance(reps, int) else reps
    serves = np.array([rep not in leaves for rep in rep_ids], dtype=bool)
    place = {rep: at for at, rep in enumerate(rep_ids) if rep not in leaves}
    held = [NOBODY if one is None else place.get(one, DEPARTED) for one in owners]
    if pairs is None:
        candidates = Pairs.full(count, roster).keep(np.tile(serves, count))
        measures: dict[str, np.ndarray] = {}
    else:
        listed = sorted(pairs)
        candidates = Pairs.of(
            [ascii_lowercase.index(account) for account, _ in listed],
            [rep_ids.index(rep) for _, rep in listed],
            count,
        )
        rows = [
            one if isinstance(one, Mapping) else {"value": one} for one in map(pairs.get, listed)
        ]
        measures = {name: np.array([row[name] for row in rows], float) for name in rows[0]}
    return Problem(
        account_table,
        pd.DataFrame({"rep_id": rep_ids, **columns}),
        np.array(held, dtype=np.int32),
        candidates,
        len(candidates),
        candidates="all" if pairs is None else "file",
        pair_columns=measures,
        tables=dict(tables or {}),
        planning_date=planning_date,
        serves=serves,
        groups=dict(groups or {}),
    )


def assign(**reps: str | None) -> pd.Series[str]:
    """The plan that gives account ``a`` to rep ``a=...``, and so on."""
    return pd.Series(reps, dtype=object)


def findings(rule: Rule, data: Problem, **reps: str | None) -> list[Finding]:
    """What ``rule`` finds in the plan."""
    return list(rule.check(NAME, data, assign(**reps)))


def amounts(rule: Rule, data: Problem, **reps: str | None) -> dict[str, float]:
    """Amounts found in the plan by what they are about, notes left out; one finding for each."""
    found = [one for one in findings(rule, data, **reps) if one.weight is not Weight.NOTE]
    said = {one.where: one.amount for one in found}
    assert len(said) == len(found), "two findings about one thing: compare messages instead"
    return said


def messages(rule: Rule, data: Problem, **reps: str | None) -> list[str]:
    """The sentences found in the plan."""
    return [one.message for one in findings(rule, data, **reps)]


def cost(rule: Rule, data: Problem, **reps: str | None) -> float:
    """What the compiled model charges for the plan of all accounts; ``inf`` where it forbids it.

    None leaves an account open.
    """
    model = compile_model({NAME: rule}, data).model
    place = {None: -1, **{rep: at for at, rep in enumerate(data.rep_ids)}}
    choice = model.choose([place[reps.get(account)] for account in data.account_ids])
    if (choice < 0).any():
        return float("inf")
    return model.charge(model.picks(choice)).get(NAME, 0.0)


def refusal(rule: Rule, data: Problem) -> str:
    """The error that compiling raises, as text."""
    try:
        compile_model({NAME: rule}, data)
    except OptiterrError as error:
        return str(error)
    raise AssertionError("compiled without an error")
