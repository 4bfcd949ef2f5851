"""The tidy tables of one plan: who serves whom, who moves, what every book holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from optiterr.plan import Plan
from optiterr.problem import COUNT, DEPARTED, Problem
from optiterr.rules import Rule


def measures_of(problem: Problem, rules: Mapping[str, Rule]) -> list[str]:
    """The account and pair measures that the rules read, in the rules' order, without repeats."""
    read = [
        column.name
        for rule in rules.values()
        for column in rule.reads()
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
    books["from_rep_id"] = owner.to_numpy(dtype=object)
    changed = books["from_rep_id"].isna() | (books["from_rep_id"] != books["rep_id"])
    kind = pd.Series("moved", index=books.index)
    kind[problem.owner == DEPARTED] = "forced"
    kind[books["from_rep_id"].isna()] = "new"
    moves = books.loc[changed, ["account_id", "from_rep_id", "rep_id"]].rename(
        columns={"rep_id": "to_rep_id"}
    )
    moves["kind"] = kind[changed]
    for name in measures:
        moves[name] = books.loc[changed, name]
    tables = {
        "assignments": books[["account_id", "rep_id"]],
        "moves": moves,
        "reps": _reps(problem, books, measures),
        "accounts": books,
    }
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
        paths.append(path)
    return paths


def _reps(problem: Problem, books: pd.DataFrame, measures: list[str]) -> pd.DataFrame:
    reps = problem.reps.copy()
    for when, column in (("before", "from_rep_id"), ("after", "rep_id")):
        groups = books.groupby(column)
        reps[f"accounts_{when}"] = reps["rep_id"].map(groups.size()).fillna(0).astype(int)
        for name in measures:
            if name in problem.accounts or when == "after":
                reps[f"{name}_{when}"] = reps["rep_id"].map(groups[name].sum()).fillna(0.0)
    return reps
