"""Which rows of a table belong to the scenario, by a filter on columns of the file itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd

from optiterr.errors import DataError, Fault
from optiterr.filters import Filter
from optiterr.tables.asked import Table, typed, unfound

OWN = {"account_id", "rep_id", "owner_id"}


def select(table: Table, where: Filter | None, today: dt.date | None, faults: list[Fault]) -> Table:
    """``table`` with the rows that pass ``where`` only; they keep their numbers in messages.

    The filter's columns must hold what it compares in all rows of the file, also in those that it
    leaves out. ``left_out`` of the result holds the ids of the rows left out. Without rows left, or
    when a column cannot be read, the fault is noted and the table comes back whole.
    """
    if where is None:
        return table
    before = len(faults)
    looked = replace(table, frame=table.frame.copy(deep=False), numbers={}, identified=set(OWN))
    for column in where.columns("accounts"):
        if column.name in looked.frame:
            typed(looked, column.name, [column], faults)
        elif column.name not in table.written:
            faults.append(unfound(column, table, f"{table.key}.where"))
    if len(faults) > before:
        return table
    try:
        keeps = where.mask(looked.frame, today)
    except DataError as error:
        faults += error.faults
        return table
    if not keeps.any():
        faults.append(
            Fault(
                f"{table.key}.where",
                f"no row of {len(keeps)} passes: {where.words()}",
                "loosen the filter, or correct the values that it compares with",
            )
        )
        return table
    kept = np.flatnonzero(keeps)
    ids = {"data.accounts": "account_id", "data.reps": "rep_id"}.get(table.key)
    gone = table.frame.loc[~keeps, ids].dropna().astype(str) if ids in table.frame else ()
    return replace(
        table,
        frame=table.frame.iloc[kept].reset_index(drop=True),
        place=replace(table.place, kept=kept),
        left_out=frozenset(gone),
        rows=len(keeps),
    )


def without_left_out(pairs: Table, accounts: Table, reps: Table) -> Table:
    """``pairs`` without the rows of accounts and reps that selections leave out."""
    keeps = np.ones(len(pairs.frame), dtype=bool)
    for column, home in (("account_id", accounts), ("rep_id", reps)):
        if column in pairs.frame and home.left_out:
            text = pairs.frame[column].astype(object).map(str, na_action="ignore")
            keeps &= ~pd.Series(text).isin(home.left_out).to_numpy(dtype=bool)
    if keeps.all():
        return pairs
    kept = np.flatnonzero(keeps)
    at = kept if pairs.place.kept is None else pairs.place.kept[kept]
    frame = pairs.frame.iloc[kept].reset_index(drop=True)
    return replace(pairs, frame=frame, place=replace(pairs.place, kept=at))
