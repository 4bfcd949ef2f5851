"""What the page's script reads: the comparison's accounts, moves and books, column by column.

Nothing is worked out here that the comparison does not hold; names are shared and positions stand
for reps and accounts, so that thousands of accounts take little room.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from optiterr.comparison.accounts import AccountTable
from optiterr.comparison.case import Book, Case
from optiterr.comparison.side_by_side import Comparison
from optiterr.outputs.maps import Map

KINDS = ("moved", "forced", "new")
"""Kinds of moves by their number in the data."""

DIGITS = 7
"""Significant digits of what is worth or needed; measures and loads are exact."""


def embedded(
    comparison: Comparison, drawn: Map | None, colours: Mapping[str, str], measures: Sequence[str]
) -> str:
    """The data as JSON that may stand in a page: no mark in it can end the element around it."""
    data = _data(comparison, drawn, colours, measures)
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for mark in ("<", ">", "&", "\u2028", "\u2029"):
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


def _data(
    comparison: Comparison, drawn: Map | None, colours: Mapping[str, str], measures: Sequence[str]
) -> dict[str, Any]:
    table = comparison.accounts
    if table is None:
        return {"accounts": None}
    at = {rep.rep_id: place for place, rep in enumerate(comparison.reps)}
    row = {account: place for place, account in enumerate(table.ids)}
    shown = [name for name in measures if name in table.measures]
    return {
        "lead": comparison.lead,
        "measures": shown,
        "reps": [
            {
                "id": rep.rep_id,
                "name": rep.name,
                "manager": rep.manager,
                "leaves": int(rep.leaves),
                "colour": drawn.colours[place] if drawn is not None else "#667085",
            }
            for place, rep in enumerate(comparison.reps)
        ],
        "accounts": {
            "id": table.ids,
            "name": table.names,
            "measures": [[_short(one) for one in table.measures[name]] for name in shown],
            "today": table.today,
        },
        "cases": [
            _case(case, table, colours[case.name], shown, at, row)
            for case in comparison.cases
            if case.name in table.served
        ],
        "differences": [
            {
                "first": one.first,
                "second": one.second,
                "accounts": one.accounts,
                "unmatched": one.unmatched,
                "measures": [_short(one.measures.get(name)) for name in shown],
                "flows": [
                    [_at(at, flow.first_rep), _at(at, flow.second_rep), flow.measures["accounts"]]
                    for flow in one.flows
                ],
                "largest": [
                    [
                        row[each.account_id],
                        _at(at, each.first_rep),
                        _at(at, each.second_rep),
                        _digits(each.worth),
                        each.broken,
                    ]
                    for each in one.largest
                ],
            }
            for one in comparison.differences
        ],
        "teams": [
            {
                "case": team.case,
                "manager": team.manager,
                "reps": [at[rep] for rep in team.reps],
                "moves": [
                    _short(way.get("accounts", 0.0))
                    for way in (team.moves_in, team.moves_out, team.moves_within)
                ],
                "before": {name: _short(team.before.get(name)) for name in ("accounts", *shown)},
                "after": {name: _short(team.after.get(name)) for name in ("accounts", *shown)},
            }
            for team in comparison.teams
        ],
        "map": None if drawn is None else _map(drawn),
    }


def _map(drawn: Map) -> dict[str, Any]:
    rings = []
    for ring in drawn.sheet.rings:
        points = np.array(ring).reshape(-1, 2)
        rings.append(np.diff(points, axis=0, prepend=np.zeros((1, 2), int)).ravel().tolist())
    return {
        "height": drawn.sheet.height,
        "x": drawn.accounts[0].tolist(),
        "y": drawn.accounts[1].tolist(),
        "homes": [axis.tolist() for axis in drawn.homes],
        "rings": rings,
    }


def _case(
    case: Case,
    table: AccountTable,
    colour: str,
    shown: Sequence[str],
    at: Mapping[str, int],
    row: Mapping[str, int],
) -> dict[str, Any]:
    words: dict[str, int] = {}
    moves = [
        [
            row[move.account_id],
            KINDS.index(move.kind),
            _digits(move.worth),
            words.setdefault(move.why, len(words)),
        ]
        for move in case.moves
    ]
    own = {
        str(row[move.account_id]): [_short(move.measures.get(name)) for name in shown]
        for move in case.moves
        if any(
            name in move.measures and table.measures[name][row[move.account_id]] != value
            for name, value in ((name, move.measures.get(name)) for name in shown)
        )
    }
    limits = list(dict.fromkeys(rule for book in case.books for rule in book.limit))
    return {
        "name": case.name,
        "title": case.title,
        "colour": colour,
        "served": table.served[case.name],
        "moves": [list(column) for column in zip(*moves, strict=True)] or [[], [], [], []],
        "why": list(words),
        "own": own,
        "limits": limits,
        "measures": ["accounts", *(name for name in shown if name in case.measures)],
        "books": [_book(book, case, shown, limits, at) for book in case.books],
    }


def _book(
    book: Book, case: Case, shown: Sequence[str], limits: Sequence[str], at: Mapping[str, int]
) -> list[Any]:
    names = ["accounts", *(name for name in shown if name in case.measures)]
    return [
        _at(at, book.rep_id),
        *(
            [_short(values.get(name)) for name in names]
            for values in (book.before, book.after, book.target)
        ),
        [[_short(values.get(rule)) for rule in limits] for values in (book.use_before, book.use)],
    ]


def _at(places: Mapping[str, int], rep: str | None) -> int:
    return -1 if rep is None else places.get(rep, -1)


def _short(value: float | None) -> float | int | None:
    """The number as JSON writes it most shortly."""
    if value is None:
        return None
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def _digits(value: float | None) -> float | int | None:
    return None if value is None else _short(float(f"{value:.{DIGITS}g}"))
