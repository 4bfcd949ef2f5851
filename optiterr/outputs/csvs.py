"""Tidy CSV tables of a comparison, and a dictionary of their columns.

Cells hold exactly what the data holds: an id or a name that begins with ``=``, ``+``, ``-`` or
``@`` is written as it is, so that files can be joined by id again. A spreadsheet may take such a
cell for a formula: import the files there with every column as text. The dictionary says so.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from optiterr.comparison.case import Case
from optiterr.comparison.figures import AVERAGE
from optiterr.comparison.side_by_side import Comparison
from optiterr.findings import Finding

Cell = str | float | None

FIGURES = {
    "case": "name of the case; 'today' is today's books",
    "figure": "key of the figure: family, or family:measure, or family:rule",
    "title": "the figure in words",
    "unit": "what one unit is; empty: the unit of prices, or a share (1 is all)",
    "value": "the value, exact",
    "today": "the same figure of today's books, judged by the rules of this case",
}
BOOKS = {
    "case": "name of the case",
    "rep_id": "rep",
    "rep_name": "name of the rep, where the roster has one",
    "leaves": "1 when the rep leaves or has left",
    "measure": "what is added up",
    "before": "load today",
    "after": "load in the plan",
    "index": "load in the plan over the mean of reps who stay, times 1000; empty for who leaves",
    "target": "load that a balance or fairness rule aims at; empty without one",
    "kept": "load of accounts that stay with the rep",
    "gained": "load of accounts that come to the rep",
    "lost": "load of accounts that leave the rep",
}
USE = {
    "case": "name of the case",
    "rep_id": "rep",
    "rule": "capacity rule",
    "limit": "limit of the rep",
    "use_before": "load / limit today",
    "use": "load / limit in the plan",
}
MOVES = {
    "case": "name of the case",
    "account_id": "account",
    "account_name": "name of the account, where the data has one",
    "from_rep": "owner today, as written; empty: nobody",
    "from_name": "name of that rep",
    "to_rep": "rep in the plan; empty: nobody",
    "to_name": "name of that rep",
    "kind": "moved: the owner stays; forced: the owner leaves or left; new: nobody owns it today",
}
FINDINGS = {
    "case": "name of the case",
    "of": "plan, today (today's books break a hard rule), or blocking (why there is no plan)",
    "rule": "rule that says it",
    "weight": "breach, priced, or note",
    "where": "account, rep or group it is about",
    "amount": "how much, in the unit of the rule's price",
    "unit": "unit of the amount",
    "message": "the finding in words",
}


def tables(comparison: Comparison) -> Mapping[str, str]:
    """Text of every CSV file by its name."""
    measures = _move_columns(comparison)
    moves = MOVES | {column: f"{name} of the account" for name, column in measures.items()}
    heads = {
        "figures.csv": FIGURES,
        "books.csv": BOOKS,
        "capacity.csv": USE,
        "moves.csv": moves,
        "findings.csv": FINDINGS,
    }
    return {
        "figures.csv": _csv(FIGURES, _figures(comparison)),
        "books.csv": _csv(BOOKS, _books(comparison)),
        "capacity.csv": _csv(USE, _use(comparison)),
        "moves.csv": _csv(moves, _moves(comparison, list(measures))),
        "findings.csv": _csv(FINDINGS, _findings(comparison)),
        "data_dictionary.csv": _csv(["file", "column", "meaning"], _dictionary(comparison, heads)),
    }


def _csv(head: Iterable[str], rows: Iterable[Sequence[Cell]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return file.getvalue()


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return value


def _figures(comparison: Comparison) -> Iterable[Sequence[Cell]]:
    for row in comparison.rows:
        form = row.figure
        for case in comparison.columns:
            value = case.values.get(form.key)
            if value is not None:
                today = case.today_values.get(form.key)
                yield case.name, form.key, form.title, form.unit, value, today


def _books(comparison: Comparison) -> Iterable[Sequence[Cell]]:
    for case in comparison.cases:
        for book in case.books:
            who = (case.name, book.rep_id, book.name, float(book.leaves))
            for measure in case.measures:
                mean = 0.0 if book.leaves else case.values.get(f"mean:{measure}", 0.0)
                index = {measure: AVERAGE * book.after[measure] / mean} if mean > 0 else {}
                loads = (book.before, book.after, index, book.target)
                parts = (*loads, book.kept, book.gained, book.lost)
                yield *who, measure, *(part.get(measure) for part in parts)


def _use(comparison: Comparison) -> Iterable[Sequence[Cell]]:
    for case in comparison.cases:
        for book in case.books:
            for rule, limit in book.limit.items():
                yield (
                    *(case.name, book.rep_id, rule, limit),
                    *(book.use_before.get(rule), book.use.get(rule)),
                )


def _move_columns(comparison: Comparison) -> dict[str, str]:
    """Column of each measure of moves; one that is called like another column gets a line."""
    names = dict.fromkeys(
        name for case in comparison.cases for name in case.move_measures if name != "accounts"
    )
    return {name: f"{name}_" if name in MOVES else name for name in names}


def _moves(comparison: Comparison, measures: Sequence[str]) -> Iterable[Sequence[Cell]]:
    for case in comparison.cases:
        for move in case.moves:
            yield (
                *(case.name, move.account_id, move.name, move.from_rep, move.from_name),
                *(move.to_rep, move.to_name, move.kind),
                *(move.measures.get(name) for name in measures),
            )


def _findings(comparison: Comparison) -> Iterable[Sequence[Cell]]:
    def lines(case: Case, of: str, findings: Iterable[Finding]) -> Iterable[Sequence[Cell]]:
        for one in findings:
            yield (
                *(case.name, of, one.rule, str(one.weight), one.where, float(one.amount)),
                *(one.unit, one.message),
            )

    for case in comparison.cases:
        yield from lines(case, "plan", case.findings)
        yield from lines(case, "today", case.today_breaches)
        yield from lines(case, "blocking", case.blocking)


def _dictionary(
    comparison: Comparison, heads: Mapping[str, Mapping[str, str]]
) -> Iterable[Sequence[Cell]]:
    yield (
        "*",
        "",
        "UTF-8, commas, numbers with a point. Cells are exact: text that begins with = + - or @ is "
        "written as it is; import every column as text where a spreadsheet might run formulas",
    )
    for file, columns in heads.items():
        for column, meaning in columns.items():
            yield file, column, meaning
    for row in comparison.rows:
        yield "figures.csv", row.figure.key, row.figure.meaning
