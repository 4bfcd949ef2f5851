"""Ids resolved: who owns an account, which pairs a table lists."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.errors import Fault, nearest
from optiterr.pairs import Ints, Mask
from optiterr.problem import DEPARTED, NOBODY
from optiterr.tables import columns as read_as
from optiterr.tables.asked import Table
from optiterr.tables.columns import Cells
from optiterr.tables.roster import Roster
from optiterr.tables.spec import AccountSource

Positions = NDArray[np.int64]


def owners(
    accounts: Table,
    rep_ids: Cells,
    roster: Roster,
    source: AccountSource,
    faults: list[Fault],
    oddities: list[str],
    left_out: Collection[str] = (),
) -> Ints:
    """Today's owner of each account: a rep position, NOBODY, or DEPARTED (it must move).

    An empty seat is nobody: accounts of a vacancy have no ``owner_id`` from now on. ``left_out``
    are reps that a selection leaves out: they may own nothing, and the fault says why.
    """
    if source.owner is None:
        if "owner_id" in accounts.frame:
            faults.append(
                Fault(
                    accounts.place.column("owner_id"),
                    "data.accounts does not say whether this is today's owner",
                    "write data.accounts.owner: owner_id; if nobody is to own anything, give it "
                    "another name with data.accounts.columns: {last_owner: owner_id}",
                )
            )
        accounts.frame["owner_id"] = pd.Series(np.full(len(accounts.frame), None, dtype=object))
        return np.full(len(accounts.frame), NOBODY, dtype=np.int32)
    ids = accounts.ids("owner_id", faults, unique=False)
    fix_both = "take the id out of departed, or say with data.reps.leaves or .status who leaves"
    faults += [
        Fault("data.accounts.departed", f"{one!r} is in the roster too", fix_both)
        for one in source.departed
        if one in set(rep_ids)
    ]
    owner = _positions(ids, rep_ids)
    left = pd.Series(ids, dtype=object).isin(list(source.departed)).to_numpy(dtype=bool)
    oddities += [
        f"data.accounts.departed: {one!r} owns nothing in {accounts.place.name}: is it the id?"
        for one in source.departed
        if one not in set(ids)
    ]
    unknown = np.flatnonzero((owner < 0) & ~left & _plain(ids))

    def fix(one: str, near: str | None) -> str:
        if one in left_out:
            return (
                f"data.reps.where leaves {one!r} out: let it keep that rep, leave the accounts out "
                "with data.accounts.where, or list the rep in data.accounts.departed if they must "
                "move"
            )
        guess = f"did you mean {near!r}? Or " if near else ""
        return (
            f"{guess}list {one!r} in data.accounts.departed if that rep has left, "
            "or leave the cell empty if nobody owns the account"
        )

    faults += _unknown(accounts, "owner_id", "owner", ids, unknown, rep_ids, fix)
    early = np.flatnonzero((owner >= 0) & np.append(roster.awaited, False)[owner])
    if len(early):
        oddities.append(
            f"{accounts.place.name}, {accounts.place.rows(early)}: owned by a placeholder "
            f"({_few(ids[early])}), a hire to come who owns nothing today; is the state right?"
        )
    seat = (owner >= 0) & np.append(roster.vacant, False)[owner]
    if seat.any():
        held = ids.copy()
        held[seat] = None
        accounts.frame["owner_id"] = pd.Series(held)
    stays = np.append(roster.serves, False)[owner]
    gone = left | ((owner >= 0) & ~stays & ~seat)
    return np.select([gone, seat], [DEPARTED, NOBODY], owner).astype(np.int32)


@dataclass(frozen=True, eq=False)
class Listed:
    """The rows of a table of pairs by position; ``rep`` is negative for reps who have departed."""

    table: Table
    accounts: Table
    account: Ints
    rep: Ints


def listed_pairs(
    table: Table,
    accounts: Table,
    account_ids: Cells,
    rep_ids: Cells,
    departed: Collection[str],
    faults: list[Fault],
) -> Listed:
    """The listed pairs; unknown ids, empty ids and pairs listed twice are faults."""
    if not len(table.frame):
        faults.append(Fault(table.place.name, "has no rows", "list the pairs that may be picked"))
    at_once = _at_once(table, account_ids, rep_ids, departed)
    account, rep = at_once or _row_by_row(table, account_ids, rep_ids, departed, faults)
    return Listed(table, accounts, account, rep)


def _at_once(
    table: Table, account_ids: Cells, rep_ids: Cells, departed: Collection[str]
) -> tuple[Ints, Ints] | None:
    """Positions of the accounts and reps of all rows, looked up once for each id that occurs.

    Quick and small where millions of rows name few ids. None when any row may be at fault: what is
    wrong is then found and told row by row.
    """
    told = [_coded(table, column) for column in ("account_id", "rep_id")]
    if told[0] is None or told[1] is None:
        return None
    (account, accounts), (rep, reps) = told[0], told[1]
    account_at, rep_at = _positions(accounts, account_ids), _positions(reps, rep_ids)
    gone = pd.Series(reps, dtype=object).isin(list(departed)).to_numpy(dtype=bool)
    if (account_at < 0).any() or ((rep_at < 0) & ~gone).any():
        return None
    found = account_at.astype(np.int32)[account], rep_at.astype(np.int32)[rep]
    if (rep_at < 0).any() or (np.diff(keys_of(*found, len(rep_ids))) <= 0).any():
        keys = np.sort(keys_of(account, rep, len(reps)))
        if (np.diff(keys) == 0).any():
            return None
    for column, code, names in (("account_id", account, accounts), ("rep_id", rep, reps)):
        table.frame[column] = pd.Categorical.from_codes(code, pd.Index(names, dtype=object))
        table.identified.add(column)
    return found


def keys_of(account: Ints, rep: Ints, reps: int) -> Positions:
    """One number for each pair of positions, rising by account and then by rep."""
    return account.astype(np.int64) * max(reps, 1) + rep


def _coded(table: Table, column: str) -> tuple[Ints, Cells] | None:
    """The ids of a column, each once, and which of them each row holds; None unless all are fit."""
    cells = table.frame.get(column)
    if cells is None or pd.api.types.infer_dtype(cells, skipna=False) != "string":
        return None
    code, names = pd.factorize(cells)
    values, faults = read_as.ids(pd.Series(names), table.place, column)
    if faults or (values == None).any() or (code < 0).any():  # noqa: E711
        return None
    return code.astype(np.int32), values


def _row_by_row(
    table: Table,
    account_ids: Cells,
    rep_ids: Cells,
    departed: Collection[str],
    faults: list[Fault],
) -> tuple[Ints, Ints]:
    """As :func:`_at_once`, with every fault of every row."""
    ids = {column: table.ids(column, faults, unique=False) for column in ("account_id", "rep_id")}
    found: dict[str, Positions] = {}
    for column, known in (("account_id", account_ids), ("rep_id", rep_ids)):
        if column not in table.frame:
            found[column] = np.full(len(table.frame), -1, dtype=np.int64)
            continue
        faults += read_as.empty(ids[column], table.place, table.name(column))
        at = _positions(ids[column], known)
        bad = (at < 0) & _plain(ids[column])
        if column == "rep_id":
            bad &= ~pd.Series(ids[column], dtype=object).isin(list(departed)).to_numpy(dtype=bool)
        said = column.removesuffix("_id")

        def fix(one: str, near: str | None, said: str = said) -> str:
            return f"did you mean {near!r}?" if near else f"use an id of data.{said}s"

        faults += _unknown(table, column, said, ids[column], np.flatnonzero(bad), known, fix)
        found[column] = at
    both = pd.DataFrame(ids)
    whole = both.notna().all(axis=1)
    twice = np.flatnonzero((both.duplicated() & whole).to_numpy(dtype=bool))
    faults += table.place.faults(
        None,
        twice,
        lambda n: (
            f"{ids['account_id'][twice[n]]!r}, {ids['rep_id'][twice[n]]!r} is listed above already",
            "keep one of the rows",
        ),
    )
    return found["account_id"].astype(np.int32), found["rep_id"].astype(np.int32)


def _few(ids: Cells, most: int = 5) -> str:
    """Some of the ids, each once, and how many more there are."""
    names = list(dict.fromkeys(ids.tolist()))
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _plain(ids: Cells) -> Mask:
    """Where there is an id without blanks or control characters (others are told already)."""
    if pd.api.types.infer_dtype(ids, skipna=True) not in ("string", "empty"):
        ids = np.array([one if isinstance(one, str) else None for one in ids], dtype=object)
    odd = read_as.padded(ids) | read_as.controlled(ids)
    return np.asarray(pd.notna(ids) & ~odd, dtype=bool)


def _positions(ids: Cells, known: Cells) -> Positions:
    """Position of each id in ``known``, the first of equal ones; -1 where it is not there."""
    index = pd.Index(known, dtype=object)
    first = np.flatnonzero(~index.duplicated() & index.notna())
    at = pd.Index(known[first], dtype=object).get_indexer(pd.Index(ids, dtype=object))
    return np.where(at >= 0, first[at] if len(first) else -1, -1).astype(np.int64)


def _unknown(
    table: Table,
    column: str,
    said: str,
    ids: Cells,
    rows: Positions,
    known: Iterable[str],
    fix: Callable[[str, str | None], str],
) -> list[Fault]:
    """One fault for each unknown id, however many rows it stands in."""
    if not len(rows):
        return []
    roster = [one for one in known if one is not None]
    if not roster:  # told already
        return []
    lean = {str(one).lstrip("0").casefold(): str(one) for one in roster}
    codes, names = pd.factorize(ids[rows])
    first = rows[np.unique(codes, return_index=True)[1]]
    home = {"owner": "reps", "rep": "reps", "account": "accounts"}[said]

    def say(n: int) -> tuple[str, str]:
        one, at = str(names[n]), rows[codes == n]
        near = lean.get(one.lstrip("0").casefold()) or nearest(one, roster)
        stands = "" if len(at) == 1 else f"; it stands in {table.place.rows(at)}"
        return f"{said} {one!r} is not in data.{home}{stands}", fix(one, near)

    return table.place.faults(table.name(column), first, say)
