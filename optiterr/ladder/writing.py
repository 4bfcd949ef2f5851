"""A ladder as files: ladder.json, and ladder.csv with a line for each account that moves."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from optiterr.ladder.records import Ladder
from optiterr.plan import seen_from
from optiterr.scenario.loading import Scenario

FILES = ("ladder.json", "ladder.csv")
"""What a ladder is written to."""

COLUMNS = (
    "rung",
    "account_id",
    "from_rep_id",
    "to_rep_id",
    "why",
    "moved",
    "cost",
    "share",
    "breaks",
    "best_found",
    "best_bound_proved",
    "gap_proved",
)


def table_of(ladder: Ladder) -> pd.DataFrame:
    """A row for each account that moves; what the books cost is that of its whole rung."""
    rows = []
    for one in ladder.rungs:
        stands = one.certified
        rows += [
            (
                one.rung,
                move.account,
                move.from_rep,
                move.to_rep,
                move.why,
                one.moved,
                one.cost,
                one.share,
                "; ".join(dict.fromkeys(breach.rule for breach in one.breaches)),
                None if stands is None else stands.best_found,
                None if stands is None else stands.best_bound_proved,
                None if stands is None else stands.gap_proved,
            )
            for move in one.moves
        ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def placed(ladder: Ladder, scenario: Scenario, folder: Path) -> Ladder:
    """The ladder with the way to the data from ``folder``, where it is to be written."""
    way = seen_from(folder / FILES[0], scenario.folder)
    return ladder.model_copy(update={"folder": way})


def write(ladder: Ladder, folder: Path) -> list[Path]:
    """Writes ladder.json and ladder.csv to ``folder``; returns their paths.

    ``optiterr verify`` finds the tables again from a ladder that was :func:`placed`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in FILES]
    paths[0].write_text(ladder.to_json() + "\n", encoding="utf-8")
    table_of(ladder).to_csv(paths[1], index=False, lineterminator="\r\n", encoding="utf-8")
    return paths
