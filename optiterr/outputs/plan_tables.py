"""The tidy tables of one plan: who serves whom, who moves, what every book holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from optiterr.plan import Plan
from optiterr.problem import COUNT, DEPARTED, Problem
from optiterr.rules import Rule


def measures_of(problem: Problem, rules: Mapping[str, Rule]) -> list[str]:
    """The account and pair measures that the rules read, in the rules' order, without repeats."""
    read = [
        column.name
        for rule in rules.values()
        for column in rule.asks()
        if column.table == "measure" and column.name != COUNT
    ]
    return list(dict.fromkeys(read))


def write_plan_tables(
    plan: Plan, problem: Problem, rules: Mapping[str, Rule], folder: Path
) -> list[Path]:
    """Writes assignments.csv, moves.csv, reps.csv and accounts.csv; returns their paths.

    Cells are exact: ids and names are written as they were read. Nothing is written without a plan.
    """
    if not plan.has_plan:
        return []
    assignment = pd.Series(plan.assignment, dtype=object)
    books = problem.books(assignment)
    measures = measures_of(problem, rules)
    owner = problem.accounts.get("owner_id", pd.Series(None, index=books.index, dtype=object))
    owner = pd.Series(owner.to_numpy(dtype=object), books.index, dtype=object)
    nobody = books["rep_id"].isna()
    changed = (owner.isna() & ~nobody) | (owner.notna() & (owner != books["rep_id"]))
    kind = pd.Series("moved", index=books.index)
    kind[problem.owner == DEPARTED] = "forced"
    kind[owner.isna()] = "new"
    kind[nobody & (problem.owner >= 0)] = "opened"
    ours = {
        "account_id": books["account_id"],
        "from_rep_id": owner,
        "to_rep_id": books["rep_id"],
        "kind": kind,
    }
    moves = pd.DataFrame(ours)[changed]
    for name in measures:
        moves[_free(name, map(str, moves))] = books.loc[changed, name]
    tables = {
        "assignments": books[["account_id", "rep_id"]],
        "moves": moves,
        "reps": _reps(problem, books, owner, measures),
        "accounts": _beside(books, {"from_rep_id": owner}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        table.to_csv(path, index=False, lineterminator="\r\n", encoding="utf-8")
        paths.append(path)
    return paths


def _free(name: str, taken: Iterable[str]) -> str:
    """``name``, with a line behind it where a column is called so already."""
    taken = set(taken)
    while name in taken:
        name += "_"
    return name


def _beside(frame: pd.DataFrame, ours: Mapping[str, pd.Series[Any]]) -> pd.DataFrame:
    """``frame`` with our columns at its end; its own of the same names get a line behind them."""
    names: dict[str, str] = {}
    for name in map(str, frame):
        if name in ours:
            names[name] = _free(name, {*map(str, frame), *ours, *names.values()})
    return frame.rename(columns=names).assign(**ours)


def _reps(
    problem: Problem, books: pd.DataFrame, owner: pd.Series[str], measures: list[str]
) -> pd.DataFrame:
    found: dict[str, pd.Series[Any]] = {}
    ids = problem.reps["rep_id"]
    for when, rep in (("before", owner), ("after", books["rep_id"])):
        found[f"accounts_{when}"] = ids.map(rep.value_counts()).fillna(0).astype(int)
        for name in measures:
            if name in problem.accounts or when == "after":
                found[f"{name}_{when}"] = ids.map(books[name].groupby(rep).sum()).fillna(0.0)
    return _beside(problem.reps, found)
