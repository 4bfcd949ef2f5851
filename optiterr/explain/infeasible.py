"""Why there is no plan: the accounts and rules that block it, found by direct checks and proved.

The checks need no solver: an account that no rep may serve, a load that is above its limit whatever
is picked, limits that add up to less than the need of the accounts that can go nowhere else. Where
they find nothing, :func:`proof` shows by row prices that the hard rows cannot hold together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optiterr.certificate import lower_bound
from optiterr.compile import Compiled
from optiterr.explain.heavy import too_heavy
from optiterr.findings import Finding, Weight
from optiterr.linear import activity
from optiterr.model import Block, Model, ModelBuilder
from optiterr.pairs import Mask
from optiterr.problem import Problem
from optiterr.rowfunctions import TOLERANCE, Band, RowFunction, slack_of
from optiterr.solution import Solution
from optiterr.spread import Spread

Floats = NDArray[np.float64]

NAMED = 20
"""So many accounts, rows or sets are named one by one; the rest is counted."""

SETS = 400
"""So many different sets of eligible reps are looked at, the most common first."""

LOOKS = 40_000_000
"""At size fewer sets are looked at: sets times pairs stay below this, for seconds, not minutes."""


def blocking(problem: Problem, compiled: Compiled) -> tuple[Finding, ...]:
    """What blocks every plan, as far as direct checks can tell; empty when they find nothing.

    ``problem`` is the problem as read and ``compiled`` its model. Each finding alone is enough to
    rule out every plan over the candidate pairs.
    """
    found = (
        *_without_rep(problem, compiled),
        *_out_of_reach(compiled.model),
        *_too_little_room(compiled.model),
    )
    return found or tuple(too_heavy(compiled.model, compiled.joined_by))


def _finding(rule: str, where: str, amount: float, unit: str, message: str) -> Finding:
    return Finding(
        rule=rule, weight=Weight.BREACH, where=where, amount=amount, unit=unit, message=message
    )


def _names(ids: NDArray[np.object_], count: int = 5) -> str:
    shown = ", ".join(str(one) for one in ids[:count])
    return shown if len(ids) <= count else f"{shown} and {len(ids) - count} more"


def _without_rep(problem: Problem, compiled: Compiled) -> Iterator[Finding]:
    """Accounts whose every candidate rep is forbidden, by the set of rules that forbid them."""
    stranded = np.flatnonzero(np.diff(compiled.model.pairs.start) == 0)
    if not len(stranded):
        return
    blocked_by = np.zeros((len(stranded), len(compiled.forbids)), dtype=bool)
    unit = compiled.model.unit
    unit = np.arange(len(problem.accounts)) if unit is None else unit
    place = np.full(len(problem.accounts), -1)
    place[stranded] = np.arange(len(stranded))
    for column, mask in enumerate(compiled.forbids.values()):
        hit = place[unit[problem.pairs.account[mask]]]
        blocked_by[hit[hit >= 0], column] = True
    rules = np.array(list(compiled.forbids), dtype=object)
    for row in range(min(len(stranded), NAMED)):
        names = rules[blocked_by[row]]
        account = compiled.model.account_ids[stranded[row]]
        members = np.flatnonzero(unit == stranded[row])
        tried = int(np.diff(problem.pairs.start)[members].sum())
        together = f", kept together by {_names(np.array(compiled.joined_by, dtype=object))},"
        why = (
            f"rules {', '.join(names)} together forbid"
            if len(names) > 1
            else f"rule {names[0]!r} forbids"
            if len(names)
            else "there are no candidates among"
        )
        yield _finding(
            ", ".join(names) or "candidates",
            f"account {account}",
            1.0,
            "accounts",
            f"account {account}{together if len(members) > 1 else ''} has no eligible rep: {why} "
            + (f"all {tried} candidate reps" if len(members) == 1 else "every rep they share"),
        )
    if len(stranded) > NAMED:
        rest = stranded[NAMED:]
        yield _finding(
            "candidates",
            "all",
            float(len(rest)),
            "accounts",
            f"{len(rest)} more accounts have no eligible rep: "
            f"{_names(compiled.model.account_ids[rest])}",
        )


def _hard(block: Block) -> Band | None:
    """The block's function when it has hard limits that can be read off."""
    function = block.function
    return function if isinstance(function, Band) else None


def _out_of_reach(model: Model) -> Iterator[Finding]:
    """Rows whose load misses a hard limit whatever is picked."""
    for block in model.blocks:
        band = _hard(block)
        if band is None:
            continue
        least, most = activity(block, model.pairs)
        over = least > band.upper + slack_of(band.upper)
        under = most < band.lower - slack_of(band.lower)
        for row in np.flatnonzero(over | under)[:NAMED]:
            label = block.labels[row]
            if over[row]:
                held = _must_load(block, model, int(row))
                amount = float(least[row] - band.upper[row])
                message = (
                    f"{label}: at least {least[row]:,.6g} whatever is picked, but the limit is "
                    f"{band.upper[row]:,.6g}; accounts that can go nowhere else: {_names(held)}"
                )
            else:
                amount = float(band.lower[row] - most[row])
                message = (
                    f"{label}: at most {most[row]:,.6g} can be reached, but at least "
                    f"{band.lower[row]:,.6g} is asked for"
                )
            yield _finding(block.rule, label, amount, "", message)


def _must_load(block: Block, model: Model, row: int) -> NDArray[np.object_]:
    """Accounts all of whose pairs load the row, the heaviest first."""
    matrix, pairs = block.matrix, model.pairs
    span = slice(matrix.indptr[row], matrix.indptr[row + 1])
    account, load = pairs.account[matrix.indices[span]], matrix.data[span]
    used = np.bincount(account[load > 0], minlength=pairs.accounts)
    always = (used > 0) & (used == np.diff(pairs.start))
    weight = np.bincount(account, load, minlength=pairs.accounts)
    order = np.argsort(-weight, kind="stable")
    held: NDArray[np.object_] = model.account_ids[order[always[order]]]
    return held


def _too_little_room(model: Model) -> Iterator[Finding]:
    """Sets of reps whose limits add up to less than the accounts that only they may serve need.

    Looked at for the set of all reps and for each distinct set of eligible reps (Hall's condition
    on the sets that occur), for blocks of non-negative loads with at most one row per rep.
    """
    place = {str(rep): at for at, rep in enumerate(model.rep_ids)}
    sets = _eligible_sets(model)
    for block in model.blocks:
        band = _hard(block)
        if band is None or (block.matrix.data < 0).any():
            continue
        if not all(label in place for label in block.labels):
            continue
        at = np.array([place[label] for label in block.labels], dtype=np.int64)
        upper = np.full(len(model.rep_ids), np.inf)
        upper[at] = band.upper
        found = 0
        for reps, inside in sets:
            room = float(upper[reps].sum())
            if found == NAMED or not np.isfinite(room):
                continue
            least, _ = _amounts(block.matrix[np.flatnonzero(reps[at])], model)
            need = float(least[inside].sum())
            if need > room + float(slack_of(upper[reps]).sum()):
                found += 1
                who = f"reps {_names(model.rep_ids[reps])}"
                yield _finding(
                    block.rule,
                    who,
                    need - room,
                    "",
                    f"{who} can take {room:,.6g} together, but the {int(inside.sum())} accounts "
                    f"that only they may serve need {need:,.6g}",
                )
        asked = float(band.lower.sum())
        give = float(_amounts(block.matrix, model)[1].sum())
        if np.isfinite(asked) and give < asked - float(slack_of(band.lower).sum()):
            yield _finding(
                block.rule,
                "all reps together",
                asked - give,
                "",
                f"all reps together are asked to carry at least {asked:,.6g}, but all accounts "
                f"together amount to {give:,.6g} at most",
            )


def _amounts(matrix: sparse.csr_array, model: Model) -> tuple[Floats, Floats]:
    """The least and the most that each account adds to the rows of ``matrix`` together."""
    load = np.asarray(matrix.sum(axis=0), dtype=float).ravel()
    least, most = np.zeros(model.pairs.accounts), np.zeros(model.pairs.accounts)
    filled = np.flatnonzero(np.diff(model.pairs.start))
    if len(filled):
        least[filled] = np.minimum.reduceat(load, model.pairs.start[filled])
        most[filled] = np.maximum.reduceat(load, model.pairs.start[filled])
    return least, most


def _eligible_sets(model: Model) -> list[tuple[Mask, Mask]]:
    """Sets of reps, the full one first, each with the accounts that only those reps may serve."""
    pairs, reps = model.pairs, len(model.rep_ids)
    serving = np.bincount(pairs.rep, minlength=reps) > 0
    everyone = (serving, np.ones(pairs.accounts, bool))
    if len(pairs) == pairs.accounts * reps or pairs.accounts * reps > 200_000_000:
        return [everyone]
    may = np.zeros((pairs.accounts, reps), dtype=bool)
    may[pairs.account, pairs.rep] = True
    packed, kind = np.unique(np.packbits(may, axis=1), axis=0, return_inverse=True)
    kinds = np.unpackbits(packed, axis=1, count=reps).astype(bool)
    kind = kind.reshape(-1)
    size = np.bincount(kind, minlength=len(kinds))
    most = min(SETS, LOOKS // max(1, len(pairs)))
    common = np.argsort(-size, kind="stable")[:most]
    chosen = [
        (kinds[one], ~(kinds & ~kinds[one]).any(axis=1)[kind])
        for one in common
        if kinds[one].any() and (kinds[one] != serving).any()
    ]
    return [everyone, *chosen]


def elastic(model: Model) -> Model:
    """The model that only charges for broken hard limits: 1 for each whole limit broken."""
    builder = ModelBuilder(model.account_ids, model.rep_ids, model.pairs)
    for block in model.blocks:
        function = _softened(block)
        if function is None:
            continue
        entries = block.matrix.tocoo()
        rule, _, part = block.name.partition("/")
        builder.add_rows(rule, function, block.labels, entries.row, entries.col, entries.data, part)
    return builder.build()


def _softened(block: Block) -> RowFunction | None:
    """The row function that charges 1 for each whole hard limit broken; None without such limits.

    Known for bands and spreads; other functions are left out of a proof.
    """
    function = block.function
    if isinstance(function, Band):
        marks = (function.lower, function.upper)
        if not np.isfinite(marks).any():
            return None
        scale = _scale(block.rows, *marks)
        return Band.of(
            block.rows,
            low=function.lower,
            high=function.upper,
            price_below=1 / scale,
            price_above=1 / scale,
        )
    if isinstance(function, Spread) and np.isfinite(function.upper).any():
        parts = len(function.upper)
        price = np.where(np.isfinite(function.upper), 1 / _scale(parts, function.upper), 0.0)
        return Spread.of(function.cell, function.home, parts, high=function.upper, price=price)
    return None


def _scale(size: int, *marks: Floats) -> Floats:
    """The larger of 1 and the finite marks, in absolute numbers."""
    scale = np.ones(size)
    for mark in marks:
        scale = np.maximum(scale, np.where(np.isfinite(mark), np.abs(mark), 0.0))
    return scale


def proof(
    model: Model,
    relax: Callable[[Model], Solution],
    left_out: Callable[[], Iterable[Model]] = tuple,
) -> tuple[tuple[Finding, ...], dict[str, tuple[float, ...]]]:
    """Rows that cannot hold together, and the prices that prove it; both empty when none can be.

    ``relax`` solves the linear relaxation of a model and gives row prices. The proof itself is the
    lower bound of :func:`elastic` at those prices: above zero, every plan breaks a row.
    ``left_out`` gives models of the same rows over pairs that are no candidates; with them the
    proof holds for plans that use those pairs too. Where one such model holds all pairs, the prices
    are those of its relaxation.
    """
    chunks = list(islice(left_out(), 2))
    source = chunks[0] if len(chunks) == 1 else model
    if (np.diff(source.pairs.start) == 0).any():
        return (), {}
    soft = elastic(source)
    answer = relax(soft)
    if answer.prices is None:
        return (), {}
    found = proof_at(model, answer.prices, left_out())
    return found, (soft.by_block(answer.prices) if found else {})


def stranded(model: Model, left_out: Iterable[Model]) -> bool:
    """Whether some account has no pair at all, not even among the pairs left out."""
    soft = elastic(model)
    bound = lower_bound(soft, np.zeros(soft.rows), map(elastic, left_out))
    return bool(bound.value == np.inf)


def proof_at(model: Model, prices: Floats, left_out: Iterable[Model] = ()) -> tuple[Finding, ...]:
    """What ``prices`` on the rows of :func:`elastic` prove, in words; empty when nothing.

    A plan may miss every limit by the tolerance, so the bound has to exceed what that is worth.
    """
    soft = elastic(model)
    bound = lower_bound(soft, prices, map(elastic, left_out))
    room = sum(
        float(np.abs(bound.prices[start : start + block.rows]) @ _slack(block))
        for start, block in zip(soft.row_start, soft.blocks, strict=False)
    )
    if not np.isfinite(bound.value) or bound.value <= max(2 * room, 10 * TOLERANCE):
        return ()
    rows: dict[str, list[str]] = {}
    largest = np.abs(bound.prices).max()
    for start, block in zip(soft.row_start, soft.blocks, strict=False):
        part = bound.prices[start : start + block.rows]
        for row in np.flatnonzero(np.abs(part) > TOLERANCE * largest):
            rows.setdefault(block.rule, []).append(block.labels[row])
    told = "; ".join(
        f"{rule} ({_names(np.array(labels, dtype=object))})" for rule, labels in rows.items()
    )
    return (
        _finding(
            ", ".join(rows),
            "all",
            bound.value,
            "limits",
            f"these rows cannot hold together: {told}. Every plan misses them by at least "
            f"{bound.value:.4g} times a limit in total (proved by row prices)",
        ),
    )


def _slack(block: Block) -> Floats:
    """The most by which each row may miss its limits and still keep them."""
    function = block.function
    if isinstance(function, Spread):
        return slack_of(function.high)[function.part]
    assert isinstance(function, Band)
    return np.maximum(slack_of(function.low), slack_of(function.high))


def unproved(solver: str, relaxed: bool) -> Finding:
    """What to say when a solver calls a scenario infeasible and nothing here proves it."""
    why = (
        "the linear relaxation has no solution by its own tolerances"
        if relaxed
        else "the linear relaxation can keep all hard rules"
    )
    return _note(
        f"{solver} reports that no plan keeps all hard rules; that is not proved here: no direct "
        f"check finds a cause, and {why}"
    )


def among_candidates(considered: int) -> Finding:
    """What to say when there is no plan among candidates, but there may be one beyond them."""
    return _note(
        f"there is no plan among the {considered:,} candidate pairs; a plan that uses pairs left "
        "out may exist: raise data.pairs.nearest, or write pairs: all"
    )


def _note(message: str) -> Finding:
    return Finding(rule="", weight=Weight.NOTE, where="all", amount=0.0, message=message)
