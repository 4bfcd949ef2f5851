"""Route planners' lists: one CSV file per rep and case with the accounts to visit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from optiterr.comparison.accounts import NOBODY_THERE
from optiterr.comparison.case import TODAY
from optiterr.comparison.side_by_side import Comparison
from optiterr.findings import counted
from optiterr.frontier.values import Frontier
from optiterr.outputs.csvs import text_of
from optiterr.outputs.forms.made import File
from optiterr.outputs.forms.plain import file_names
from optiterr.outputs.forms.tidy import Cell, Column, measure_columns, of_rows

STOP = (
    Column("id", "account"),
    Column("name", "name of the account, where the data has one"),
    Column("latitude", "degrees north; empty: not told", "number", "degrees"),
    Column("longitude", "degrees east; empty: not told", "number", "degrees"),
)
INDEX = (
    Column("case", "name of the case; 'today' is today's books"),
    Column("rep_id", "rep; empty: accounts that nobody serves"),
    Column("rep_name", "name of the rep"),
    Column("file", "the rep's list, seen from this file; empty: the rep serves no account"),
    Column("accounts", "rows of the list", "whole", "accounts"),
    Column("without_place", "rows of the list without latitude or longitude", "whole", "accounts"),
)


def routes(comparison: Comparison, _: Sequence[Frontier] = ()) -> Iterator[File]:
    """``routes/<case>/<rep>.csv`` for every rep who serves, and ``routes/index.csv``.

    Names of files are made safe; the index says which rep each file belongs to. Accounts without
    a place stay in the lists and are counted in the index. Cells are exact, as in the CSV tables.
    """
    table = comparison.accounts
    if table is None:
        return
    named = measure_columns((one for one in table.measures if one != "accounts"), STOP, "{}")
    parts = (table.ids, table.names, table.latitude, table.longitude)
    columns: tuple[Sequence[Cell], ...] = (*parts, *(table.measures[one] for one in named))
    place = [(a is None or b is None) for a, b in zip(*parts[2:], strict=True)]
    plans = {TODAY: table.today, **table.served}
    ends = [*((rep.rep_id, rep.name) for rep in comparison.reps), ("", "")]
    files = [*file_names((rep.rep_id for rep in comparison.reps), ".csv"), "_nobody.csv"]
    files = file_names((name.removesuffix(".csv") for name in files), ".csv")
    index: list[Sequence[Cell]] = []
    notes = []
    for (case, served), folder in zip(plans.items(), file_names(plans), strict=True):
        books: list[list[int]] = [[] for _ in ends]
        for account, rep in enumerate(served):
            if rep >= NOBODY_THERE:
                books[rep].append(account)  # nobody is the last of the ends
        for (rep_id, rep_name), name, book in zip(ends, files, books, strict=True):
            if not book and not rep_id:
                continue
            lost = sum(place[account] for account in book)
            file = f"{folder}/{name}" if book else ""
            index.append((case, rep_id, rep_name, file, float(len(book)), float(lost)))
            if book:
                rows = zip(*([column[at] for at in book] for column in columns), strict=True)
                stops = of_rows("stops", "", (*STOP, *named.values()), rows)
                yield File(f"routes/{file}", text_of(stops).encode())
    if any(place):
        notes.append(
            f"routes: {counted(sum(place), 'account')} without a place stay in the lists with "
            "empty cells; routes/index.csv counts them by rep"
        )
    told = text_of(of_rows("index", "", INDEX, index))
    yield File("routes/index.csv", told.encode(), tuple(notes))
