"""The roster: who serves, whose seat is empty, and who replaces whom."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.errors import Fault, meant, nearest
from optiterr.pairs import Mask
from optiterr.tables import columns as read_as
from optiterr.tables.asked import Table
from optiterr.tables.columns import Cells
from optiterr.tables.places import Place
from optiterr.tables.spec import RepSource

STATES: Mapping[str, str] = MappingProxyType(
    {
        "active": "Serves.",
        "leaver": "Serves nobody. The accounts owned today must move; such moves are forced.",
        "vacancy": "An empty seat that stays empty: serves nobody. Its accounts are nobody's "
        "today, since nobody loses a relationship.",
        "backfill": "Serves, and replaces one leaver or vacancy, named in data.reps.backfill_for.",
        "placeholder": "A hire to come: serves, and owns nothing today.",
        "on_leave": "Serves and keeps accounts as an active rep does; days off belong in the "
        "calendar.",
    }
)
"""What each state of a rep means. Case, blanks and hyphens do not count: 'On leave' is on_leave."""
IDLE = ("leaver", "vacancy")
"""States of reps who serve nobody."""
ANY_STATE = "write one of " + ", ".join(STATES)


@dataclass(frozen=True, eq=False)
class Roster:
    """What the states of the reps come to, one entry per rep.

    ``vacant`` reps are empty seats, ``awaited`` ones placeholders for hires to come.
    """

    serves: Mask
    vacant: Mask
    awaited: Mask


def read_roster(
    reps: Table, rep_ids: Cells, source: RepSource, departed: Collection[str], faults: list[Fault]
) -> Roster:
    """Who serves by ``leaves`` or ``status``; without either, everybody.

    The column of states holds the words of ``STATES`` from now on. ``departed`` are reps who have
    left and need not be in the roster; a backfill may replace one of them too, or a rep whom the
    scenario leaves out.
    """
    nobody = np.zeros(len(reps.frame), dtype=bool)
    if source.status is not None:
        column = _column(reps, source.status, faults)
        if column is not None:
            states = _states(reps, column, source.status, faults)
            _backfills(reps, rep_ids, states, source, [*departed, *sorted(reps.left_out)], faults)
            serves = ~np.isin(states, IDLE)
            if len(states) and not serves.any():
                faults.append(
                    Fault(
                        reps.place.column(source.status),
                        f"all {len(states)} reps are leavers or vacancies: nobody is left to serve",
                        "give those who stay another state",
                    )
                )
            return Roster(serves, states == "vacancy", states == "placeholder")
    elif source.leaves is not None:
        column = _column(reps, source.leaves, faults)
        if column is not None:
            return Roster(~_leaves(reps, column, source.leaves, faults), nobody, nobody)
    return Roster(~nobody, nobody, nobody)


def _column(reps: Table, written: str, faults: list[Fault]) -> str | None:
    """Our name of the column that the file calls ``written``; None with a fault if there is none"""
    ours = next((ours for ours, one in reps.written.items() if one == written), written)
    if ours in reps.frame:
        return ours
    fix = meant(written, reps.frame.columns, f"columns: {', '.join(reps.frame.columns)}")
    faults.append(Fault(reps.place.name, f"has no column {written!r}", fix))
    return None


def _leaves(reps: Table, column: str, written: str, faults: list[Fault]) -> Mask:
    leaves, found = read_as.flags(reps.frame[column], reps.place, written)
    faults += found
    if len(leaves) and leaves.all():
        faults.append(
            Fault(
                reps.place.column(written),
                f"all {len(leaves)} reps leave: nobody is left to serve",
                "write false for those who stay",
            )
        )
    return leaves


def _states(reps: Table, column: str, written: str, faults: list[Fault]) -> Cells:
    """The state of each rep; where the cell holds none, the word as it stands."""
    texts, found = read_as.texts(reps.frame[column], reps.place, written)
    faults += found
    if found:
        return np.full(len(texts), "", dtype=object)
    codes, words = pd.factorize(texts)
    plain = [re.sub(r"[\s_-]+", "_", word.strip().lower()) for word in words]
    states = np.array(plain, dtype=object)[codes] if len(codes) else texts
    wrong = np.flatnonzero(~np.isin(states, list(STATES)))

    def say(n: int) -> tuple[str, str]:
        word = states[wrong[n]]
        if not word:
            return "the state is empty", f"{ANY_STATE}; active is the rep who is there and stays"
        return f"{texts[wrong[n]]!r} is no state of a rep", meant(word, STATES, ANY_STATE)

    faults += reps.place.faults(written, wrong, say)
    reps.frame[column] = pd.Series(states)
    return states


def _backfills(
    reps: Table,
    rep_ids: Cells,
    states: Cells,
    source: RepSource,
    gone: Collection[str],
    faults: list[Fault],
) -> None:
    """Check that each backfill replaces one leaver or vacancy, and no two replace the same."""
    place, written = reps.place, source.backfill_for
    if written is None:
        rows = np.flatnonzero(states == "backfill")
        if len(rows):
            faults.append(
                Fault(
                    place.column(str(source.status)),
                    f"a backfill, and nothing says for whom: {place.rows(rows)}",
                    "write data.reps.backfill_for: the column with the id of the leaver or "
                    "vacancy; or write the state placeholder",
                )
            )
        return
    column = _column(reps, written, faults)
    if column is None:
        return
    whom, found = read_as.ids(reps.frame[column], place, written)
    if not found:
        reps.frame[column] = pd.Series(whom)
        state_of = {**dict.fromkeys(gone, "leaver"), **dict(zip(rep_ids, states, strict=True))}
        for rows, say in _misfits(place, states, whom, state_of):
            found += place.faults(written, rows, partial(_said_of, rows, say))
    faults += found


Told = tuple[str, str]


def _said_of(rows: NDArray[np.int64], say: Callable[[int], Told], n: int) -> Told:
    return say(int(rows[n]))


def _misfits(
    place: Place, states: Cells, whom: Cells, state_of: Mapping[str, str]
) -> Iterator[tuple[NDArray[np.int64], Callable[[int], Told]]]:
    """Each kind of fault of backfills: the rows that have it, and what to say of one (what, fix).

    ``whom`` holds the id that each rep replaces, None where nobody.
    """
    idle = [one for one, state in state_of.items() if state in IDLE]
    named = np.asarray(pd.notna(whom), dtype=bool)
    told = named & np.isin(states, list(STATES)) & (states != "backfill")
    yield (
        np.flatnonzero(told),
        lambda row: (
            f"{_a(states[row])} replaces nobody",
            "leave the cell empty, or write the state backfill",
        ),
    )
    backfill = states == "backfill"
    yield (
        np.flatnonzero(backfill & ~named),
        lambda row: (
            "a backfill replaces somebody, and the cell is empty",
            "write the id of the leaver or vacancy, or the state placeholder",
        ),
    )

    def unknown(row: int) -> Told:
        near = nearest(whom[row], idle)
        fix = f"did you mean {near!r}?" if near else "write the id of a leaver or vacancy"
        return f"rep {whom[row]!r} is not in data.reps", fix

    state = np.array([state_of.get(one, "") for one in whom], dtype=object)
    there = np.array([one in state_of for one in whom], dtype=bool)
    yield np.flatnonzero(backfill & named & ~there), unknown
    stays = np.isin(state, [one for one in STATES if one not in IDLE])
    yield (
        np.flatnonzero(backfill & named & stays),
        lambda row: (
            f"{whom[row]!r} is {_a(state[row])}, whom nobody replaces",
            f"write the id of a leaver or vacancy, or correct the state of {whom[row]!r}",
        ),
    )
    replaced = pd.Series(whom).where(backfill & named & there)
    yield (
        np.flatnonzero((replaced.duplicated() & replaced.notna()).to_numpy(dtype=bool)),
        lambda row: (
            f"{whom[row]!r} is replaced above already, in "
            f"{place.rows(np.flatnonzero((replaced == whom[row]).to_numpy(dtype=bool))[:1])}",
            "name another leaver or vacancy, or write the state placeholder",
        ),
    )


def _a(state: str) -> str:
    """``state`` as it is said of one rep."""
    words = {"active": "an active rep", "on_leave": "a rep on leave"}
    return words.get(state, f"a {state}")
