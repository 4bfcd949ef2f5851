"""What speaks for each move, in words: the rule that charges or forbids most when it is undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from optiterr.comparison.counting import Count
from optiterr.comparison.figures import show
from optiterr.comparison.worth import NOT_JUDGED, NOT_LISTED, Worth, worth
from optiterr.pairs import Floats, Ints
from optiterr.rowfunctions import TOLERANCE

Places = np.ndarray[Any, np.dtype[np.int64]]

OF_BALANCE = ("balance", "fairness", "mix")
"""Kinds of rules that even books out."""


def undone(view: Count, rep: Ints, account: Places) -> Worth:
    """What it would change to leave each of the accounts alone where it is today.

    The accounts come with the largest first: no more are judged than :mod:`worth` judges.
    """
    return worth(view.rules, view.data, rep, account, view.owner[account].astype(np.int64))


def reasons(view: Count, rep: Ints, account: Places, judged: Worth) -> list[str]:
    """Why each account goes elsewhere than today, a few words each.

    Where the plan would cost less without a move, nothing else is said of it: no reason of that
    move alone outweighs what it costs.
    """
    nearer = _nearer(view, rep)
    found = []
    for place, at in enumerate(account):
        saved = -float(judged.change[place])
        rises = [abs(float(values[place])) for values in judged.terms.values()]
        if saved > TOLERANCE * max([1.0, *rises]):
            found.append(f"undoing it alone would save {show(saved)}: not the cheapest plan")
            continue
        if view.data.owner[at] < 0:
            gone = view.owner_ids[at] is not None
            found.append("the owner leaves or has left" if gone else "nobody owns it today")
            continue
        if judged.broken[place]:
            found.append(_forbidden(view, judged.broken[place]))
            continue
        rule, rise = judged.reason(place)
        found.append(_gain(view.specs, rule, rise, None if nearer is None else nearer[at]))
    return found


def _nearer(view: Count, rep: Ints) -> Floats | None:
    """Kilometres that each account is nearer to its rep than today; None when unknown."""
    found = []
    for who in (view.owner, rep):
        way = view.kilometres(who)
        if way is None:
            return None
        every = np.full(len(who), np.nan)
        every[who >= 0] = way
        found.append(every)
    return np.asarray(found[0] - found[1])


def _forbidden(view: Count, rule: str) -> str:
    if rule == NOT_LISTED:
        return "the pairs file does not list it with its owner"
    if rule == NOT_JUDGED:
        return "not judged alone"
    kind = view.specs[rule]["kind"]
    if kind == "capacity":
        return f"frees capacity: {rule} would be broken without it"
    if kind == "together":
        return f"goes with accounts that {rule} keeps together"
    return f"needed: {rule} would be broken without it"


def _gain(
    specs: Mapping[str, Mapping[str, Any]], rule: str, rise: float, nearer: float | None
) -> str:
    if not rule:
        return "no gain of its own: it makes room for other moves"
    kind = specs[rule]["kind"]
    if kind == "travel":
        if nearer is None or not nearer > 0:
            return f"less travel ({rule})"
        return f"nearer by {show(float(nearer))} km"
    if kind == "capacity":
        return f"frees capacity ({rule})"
    if kind in OF_BALANCE:
        measure = specs[rule].get("measure") or specs[rule].get("column") or "books"
        return f"balances {measure}"
    return f"{rule} costs {show(rise)} less"
