"""A bound above that of row prices: no rep can serve a part of an account.

Row prices prove no more than the relaxation, in which accounts may be divided. Here each account
also has a price of its own, what the rep who serves it is paid, and each rep looks for the set of
whole accounts that costs it least, its own rows charged in full (Lagrangian decomposition by rep;
Guignard and Kim, 1987; Savelsbergh, 1997, for assignment). With account prices ``u`` and reduced
costs ``c``,

    bound = constant + sum_i (u_i + sum_p min(0, c_p - u_i)) - sum f*(prices) + sum_r loss_r

where ``loss_r`` is the least, over sets of whole accounts, of what the set differs by from the
pairs that pay for themselves, and of what the rep's rows cost beyond their prices. It is found by
enumeration, so that the bound is proved again without a solver.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optiterr.certificate import Bound, reduced_cost
from optiterr.errors import AuditError
from optiterr.model import Model
from optiterr.rowfunctions import Band, Piecewise, slack_of
from optiterr.straight import straight

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

AIM = 0.3
"""Steps aim at so much of the way from the bound to the plan."""

PATIENCE = 6
"""After so many steps that do not help they become shorter."""

SETS, ALL_SETS = 500_000, 50_000_000
"""Sets that are looked at for one rep, and for all reps together, at most."""

NODES, NODE_PAIRS = 2_000, 300_000_000
"""Nodes of branch and bound that are looked at for one rep, at most, and pairs in all of them."""

CLOSED = 1e-6
"""Stakes are good enough where they leave no more than that between bound and plan, relative to its
cost."""

FEW_SETS, FEW_NODES = 20_000, 100
"""Sets and nodes that are looked at for one rep while stakes are sought."""

NODE_PAIR = 0.5
"""A pair in a node takes as long as so many sets."""

LIGHT = 0.05
"""Stakes of an account below this weight move as those of one of this weight."""

MOST_EACH, MOST_PAIRS = 300, 2_000_000
"""With more accounts a rep, or more pairs, whole accounts hardly cost more than divided ones."""

MOST_ROWS = 12
"""Rows of a rep that are charged in full, at most: those with the most at stake."""

HARD = 1e4
"""Missing a hard limit is charged so many times the largest price: a finite charge proves less."""


@dataclass(frozen=True, eq=False)
class Undivided:
    """A proved lower bound ``value`` over the model's pairs, and what proves it.

    Account ``i`` is paid ``stakes[i]`` above its cheapest reduced cost at ``prices``; ``losses[r]``
    is what rep ``r`` loses at least, after looking at ``sets`` sets and ``nodes`` nodes at most.
    ``chosen`` says which pairs the best sets found hold, shape (P,); ``looked`` is how many sets
    were looked at in all, ``weighed`` how many pairs there were in all nodes.
    """

    value: float
    prices: Floats
    stakes: Floats
    losses: Floats
    sets: int
    nodes: int
    chosen: NDArray[np.bool_]
    looked: int
    weighed: int = 0


@dataclass(frozen=True, eq=False)
class Left:
    """What is left of a model once some reps have their sets: ``accounts`` is a mask, ``reps`` are
    positions."""

    accounts: NDArray[np.bool_]
    reps: Ints


def worthwhile(model: Model) -> bool:
    """Whether the bound is likely to be worth its time: few accounts a rep, and not too many."""
    few = 0 < len(model.pairs) <= MOST_PAIRS
    return few and model.pairs.accounts <= MOST_EACH * serving(model)


def short(stakes: Floats) -> Floats:
    """The stakes to seven digits: any stakes prove a bound, and files are read by people."""
    return np.array([float(f"{one:.7g}") for one in stakes.tolist()])


def sets_each(model: Model) -> int:
    """How many sets are looked at for each rep of ``model``."""
    return int(min(SETS, ALL_SETS // max(1, serving(model))))


def nodes_each(model: Model) -> int:
    """How many nodes are looked at for each rep of ``model``."""
    return int(min(NODES, NODE_PAIRS // max(1, len(model.pairs))))


def serving(model: Model) -> int:
    """How many reps have a pair."""
    return int(np.count_nonzero(np.bincount(model.pairs.rep)))


class Sets:
    """The pairs of each rep with the rows that only its own pairs load, at the prices of a bound.

    ``bound`` is one over the pairs of ``model``. Rows of functions other than straight lines, or
    loaded by several reps, stay at their prices.
    """

    def __init__(self, model: Model, bound: Bound) -> None:
        self._model, self._bound = model, bound
        rep = model.pairs.rep
        self._reps = int(rep.max(initial=-1)) + 1
        self._order = np.argsort(rep, kind="stable")
        self._first = np.searchsorted(rep[self._order], np.arange(self._reps + 1))
        reduced = reduced_cost(model, bound.prices)
        self._regret = reduced - bound.cheapest[model.pairs.account]
        self._base = model.constant - sum(float(part.sum()) for part in bound.conjugates)
        self._lay_out()

    def _lay_out(self) -> None:
        """The rows charged in full, rep by rep: what each is charged beyond its price."""
        rows, owners, weights = _own_rows(self._model, self._bound.prices)
        order = np.lexsort((-weights, owners))
        rank = np.arange(len(order)) - np.searchsorted(owners[order], owners[order])
        order = order[rank < MOST_ROWS]
        self._row, owner = rows[order], owners[order]
        self._row_first = np.searchsorted(owner, np.arange(self._reps + 1))
        place = np.full(self._model.rows, -1)
        place[self._row] = np.arange(len(order)) - self._row_first[owner]
        width = int(place.max(initial=-1)) + 1
        value = np.zeros((len(self._regret), width))
        at: list[Floats] = []
        slope: list[Floats] = []
        level: list[Floats] = []
        worth: list[Floats] = []
        conjugates = self._bound.conjugates
        for start, block, conjugate in zip(
            self._model.row_start, self._model.blocks, conjugates, strict=False
        ):
            own = np.flatnonzero(place[start : start + block.rows] >= 0)
            if not len(own):
                continue
            part = block.matrix[own].tocoo()
            value[part.col, place[start + own[part.row]]] = part.data
            points = _excess(block.function, self._bound.prices[start : start + block.rows])
            # One line per row: points, then slopes with the one before the first point in front.
            at += list(points[0][own])
            slope += list(points[1][own])
            level += list(points[2][own])
            # Let out by the tolerance, limits are worth a little more than the bound counts.
            worth.append(np.maximum(points[3], conjugate)[own])
            self._base -= float((worth[-1] - conjugate[own]).sum())
        self._value = np.ascontiguousarray(value[self._order])
        # The blocks' order back to the order by rep.
        back = np.argsort(np.argsort(self._row))
        self._lines = _Lines.of([(at[k], slope[k], level[k]) for k in back])
        self._row_worth = np.concatenate([np.zeros(0), *worth])[back]

    def halfway(self) -> Floats:
        """Stakes halfway between the best and the second best pair of each account."""
        model = self._model
        account = model.pairs.account
        order = np.lexsort((self._regret, account))
        start, count = model.pairs.start[:-1], np.diff(model.pairs.start)
        several = count > 1
        stakes = np.zeros(model.pairs.accounts)
        stakes[several] = self._regret[order[start[several] + 1]] / 2
        # Who has one pair stays there: leaving it costs more than anything else.
        stakes[~several] = 2 * float(self._regret.max(initial=0.0)) + 1.0
        return stakes

    @property
    def rows(self) -> Ints:
        """The rows that are charged in full, rep by rep."""
        return self._row

    @property
    def owner(self) -> Ints:
        """The rep of each of ``rows``."""
        return np.repeat(np.arange(self._reps), np.diff(self._row_first))

    @cached_property
    def weight(self) -> Floats:
        """How much each account weighs: what it loads on the rows charged in full, a usual account
        of the rep being 1 on each row; a mean over its pairs."""
        owner = np.repeat(np.arange(self._reps), np.diff(self._first))
        each = np.zeros(len(owner))
        for size in np.abs(self._value).T:
            count = np.bincount(owner, size > 0.0, minlength=self._reps)
            usual = np.bincount(owner, size, minlength=self._reps) / np.maximum(count, 1)
            each += size / np.where(usual > 0.0, usual, 1.0)[owner]
        pairs = self._model.pairs
        total = np.bincount(pairs.account[self._order], each, minlength=pairs.accounts)
        return np.asarray(total / np.maximum(np.diff(pairs.start), 1))

    @property
    def reach(self) -> Floats:
        """How far the stake of each account moves: by the square root of its weight."""
        return np.sqrt(np.maximum(self.weight, LIGHT))

    @property
    def cheapest(self) -> Floats:
        """The least reduced cost of each account: what a stake of 0 pays."""
        return self._bound.cheapest

    def bound(
        self,
        stakes: Floats,
        sets: int,
        threads: int = 1,
        nodes: int = 0,
        left: Left | None = None,
    ) -> Undivided:
        """The bound at ``stakes``, after ``sets`` sets and ``nodes`` nodes for each rep at most.

        With ``left`` it is one on what the accounts and reps that are left cost.
        """
        from optiterr.enumeration import rep_losses

        model, lines = self._model, self._lines
        reps = np.arange(self._reps) if left is None else left.reps
        apart = self._regret - stakes[model.pairs.account]
        if left is not None:
            apart[~left.accounts[model.pairs.account]] = np.inf
        ordered = apart[self._order]
        loss, seen = np.zeros(self._reps), np.zeros(self._reps)
        differs = np.zeros(len(ordered), dtype=np.int8)

        told = (
            self._first,
            ordered,
            self._value,
            self._row_first,
            lines.first,
            lines.at,
            lines.level,
            lines.slope,
            lines.before,
        )
        ends = lines.least, lines.most, lines.fall, lines.rise

        def look(span: tuple[int, int]) -> tuple[int, int]:
            looked: int = rep_losses(*span, *told, *ends, sets, loss, seen, differs)
            own = slice(*span)
            if nodes == 0 or (loss[own] == seen[own]).all():
                return looked, 0
            # Only here: it takes seconds to compile, once, and small books do without.
            from optiterr.branching import branch_losses

            weighed: int = branch_losses(*span, *told, nodes, loss, seen, differs)
            return looked, weighed

        spans = _spans(reps, 4 * threads)
        if threads == 1:
            work = list(map(look, spans))
        else:
            with ThreadPoolExecutor(threads) as pool:
                work = list(pool.map(look, spans))
        looked, weighed = (sum(one) for one in zip((0, 0), *work, strict=True))
        paid = self._bound.cheapest + stakes
        gained = np.minimum(apart, 0.0)
        base = self._base
        if left is not None:
            gone = np.ones(self._reps, dtype=bool)
            gone[reps] = False
            paid = paid[left.accounts]
            gained[gone[model.pairs.rep]] = 0.0
            base += float(self._row_worth[gone[self.owner]].sum())
        parts = float(paid.sum()), float(gained.sum()), float(loss.sum())
        size = float(np.abs(paid).sum()) - parts[1] + parts[2] + abs(base)
        value = sum(parts) + base - self._bound.rounding - 1e-12 * size - 1e-9 * parts[2]
        chosen = np.zeros(len(ordered), dtype=bool)
        chosen[self._order] = (ordered < 0) + differs > 0
        return Undivided(
            value, self._bound.prices, stakes, loss, sets, nodes, chosen, looked, weighed
        )

    def served(self, found: Undivided) -> Floats:
        """How many reps' best sets hold each account."""
        pairs = self._model.pairs
        return np.bincount(pairs.account, found.chosen, minlength=pairs.accounts).astype(float)

    def least(self, found: Undivided) -> Floats:
        """What a plan that picks a pair costs at least, shape (P,).

        The account then differs from the pairs that pay for themselves, at the pair's rep or at
        those; each rep that it does so at loses no less than that.
        """
        account, rep = self._model.pairs.account, self._model.pairs.rep
        apart = self._regret - found.stakes[account]
        beyond = np.maximum(np.abs(apart) - found.losses[rep], 0.0)
        left = np.where(apart < 0, beyond, 0.0)
        every = np.bincount(account, left, minlength=self._model.pairs.accounts)
        return np.asarray(found.value + every[account] - left + np.where(apart < 0, 0.0, beyond))

    def spare(self, choice: Ints, found: Undivided) -> Floats:
        """What each rep of the plan ``choice`` loses beyond ``found.losses``: never less than 0.

        Raises AuditError when it is, by more than rounding: then the enumeration is wrong.
        """
        model = self._model
        apart = self._regret - found.stakes[model.pairs.account]
        picked = np.zeros(len(apart), dtype=bool)
        picked[choice] = True
        differs = np.where(picked == (apart < 0), 0.0, np.abs(apart))
        lost = np.bincount(model.pairs.rep, differs, minlength=self._reps)
        load = np.zeros(len(self._row))
        at = picked[self._order]
        owner = np.repeat(np.arange(self._reps), np.diff(self._first))
        for k in range(self._value.shape[1]):
            total = np.bincount(owner, self._value[:, k] * at, minlength=self._reps)
            has = np.diff(self._row_first) > k
            load[self._row_first[:-1][has] + k] = total[has]
        excess = self._lines.excess(load)
        lost += np.bincount(self.owner, excess, minlength=self._reps)
        spare = lost - found.losses
        noise = 1e-7 * max(1.0, float(np.abs(self._bound.cheapest).max(initial=0.0)), lost.max())
        if (spare < -noise).any():
            rep = int(np.argmin(spare))
            raise AuditError(
                "certificate",
                f"rep {model.rep_ids[rep]} loses {lost[rep]:.9g} in this plan, less than the least "
                f"of all sets, {found.losses[rep]:.9g}",
                "the bound or the model is wrong: do not use this plan",
            )
        return np.asarray(spare)


@dataclass(frozen=True, eq=False)
class _Lines:
    """What rows cost beyond their prices, as straight lines; 0 from ``least`` to ``most``.

    A row's points are ``first[k]:first[k + 1]`` of ``at`` and ``level``; ``slope`` follows each
    point and ``before`` the first. Next to where they cost nothing rows fall by ``fall`` a unit,
    and rise by ``rise``.
    """

    first: Ints
    at: Floats
    level: Floats
    slope: Floats
    before: Floats
    least: Floats
    most: Floats
    fall: Floats
    rise: Floats

    @classmethod
    def of(cls, rows: list[tuple[Floats, Floats, Floats]]) -> _Lines:
        """From each row's points, its slopes (one more than points) and its levels."""
        least, most, fall, rise = (np.zeros(len(rows)) for _ in range(4))
        for k, (at, slope, level) in enumerate(rows):
            free = np.flatnonzero(level <= 1e-12 * np.abs(level).max(initial=0.0))
            low, high = free[0], free[-1]
            # The flattest on either side, for bent lines may be steeper nearby than farther off.
            fall[k] = max(-float(slope[: low + 1].max()), 0.0)
            rise[k] = max(float(slope[high + 1 :].min()), 0.0)
            least[k] = at[low] if fall[k] > 0 else -np.inf
            most[k] = at[high] if rise[k] > 0 else np.inf
        empty = [np.zeros(0)]
        return cls(
            np.concatenate([[0], np.cumsum([len(at) for at, _, _ in rows])]).astype(np.int64),
            np.concatenate([*empty, *(at for at, _, _ in rows)]),
            np.concatenate([*empty, *(level for _, _, level in rows)]),
            np.concatenate([*empty, *(slope[1:] for _, slope, _ in rows)]),
            np.array([slope[0] for _, slope, _ in rows], dtype=float),
            least,
            most,
            fall,
            rise,
        )

    def excess(self, load: Floats) -> Floats:
        """What each row costs beyond its price at ``load``."""
        from optiterr.charging import charge_all

        found = np.empty(len(load))
        charge_all(load, self.first, self.at, self.level, self.slope, self.before, found)
        return found


def _spans(reps: Ints, parts: int) -> list[tuple[int, int]]:
    """First rep and the one behind the last of stretches of ``reps``, each cut into ``parts``."""
    stretches = np.split(reps, np.flatnonzero(np.diff(reps) != 1) + 1)
    return [
        (int(part[0]), int(part[-1]) + 1)
        for stretch in stretches
        for part in np.array_split(stretch, parts)
        if len(part)
    ]


def _own_rows(model: Model, prices: Floats) -> tuple[Ints, Ints, Floats]:
    """Rows that only pairs of one rep load and that are straight lines; their rep, what is at stake
    in each."""
    rows, owners, weights = [], [], []
    for start, block in zip(model.row_start, model.blocks, strict=False):
        matrix = block.matrix
        filled = np.flatnonzero(np.diff(matrix.indptr))
        if not isinstance(block.function, Band | Piecewise) or not len(filled):
            continue
        rep = model.pairs.rep[matrix.indices]
        begins = matrix.indptr[filled]
        low, high = np.minimum.reduceat(rep, begins), np.maximum.reduceat(rep, begins)
        size = np.maximum.reduceat(np.abs(matrix.data), begins)
        own = low == high
        rows.append(start + filled[own])
        owners.append(low[own].astype(np.int64))
        weights.append(np.abs(prices[start + filled[own]]) * size[own])
    none = np.zeros(0, dtype=np.int64)
    return (
        np.concatenate([none, *rows]).astype(np.int64),
        np.concatenate([none, *owners]).astype(np.int64),
        np.concatenate([np.zeros(0), *weights]),
    )


def _excess(function: Any, price: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Points, slopes and levels of ``f(y) + f*(price) - price y``, which is never below 0; and
    ``f*(price)``.

    Slopes have one column more than points. Loads that keep a hard limit within the tolerance keep
    it here, in ``f*`` too.
    """
    wide = _widened(function)
    hard = np.full(function.rows, HARD * max(1e-9, float(np.abs(price).max(initial=0.0))))
    at, slope, before, base = straight(wide, hard + _steepest(wide))
    climb = np.zeros_like(at)
    climb[:, 1:] = np.cumsum(slope[:, :-1] * np.diff(at, axis=1), axis=1)
    level = base[:, None] + climb - price[:, None] * at
    conjugate = -level.min(axis=1)
    level += conjugate[:, None]
    return at, np.hstack([before[:, None], slope]) - price[:, None], level, conjugate


def _widened(function: Any) -> Any:
    """The function with its hard limits let out by the tolerance."""
    if isinstance(function, Band):
        return replace(
            function,
            lower=function.lower - slack_of(function.lower),
            upper=function.upper + slack_of(function.upper),
        )
    at, cost = function.at.copy(), function.cost.copy()
    if at.shape[1] == 1:
        # One point becomes two, a hair apart where it is not let out.
        hair = 1e-12 * np.maximum(1.0, np.abs(at))
        slope = np.clip(0.0, function.left, function.right)[:, None]
        at, cost = np.hstack([at, at + hair]), np.hstack([cost, cost + slope * hair])
    steep = np.diff(cost, axis=1) / np.diff(at, axis=1)
    before = np.where(np.isinf(function.left), slack_of(at[:, 0]), 0.0)
    behind = np.where(np.isinf(function.right), slack_of(at[:, -1]), 0.0)
    # In the slack the cost is that of the end: a line that falls towards it goes on falling, and
    # one that rises is bent down, so that neither is above the curve anywhere.
    cost[:, 0] -= np.maximum(steep[:, 0], 0.0) * before
    cost[:, -1] += np.minimum(steep[:, -1], 0.0) * behind
    at[:, 0] -= before
    at[:, -1] += behind
    return replace(function, at=at, cost=cost)


def _steepest(function: Any) -> Floats:
    """The largest finite slope of each row."""
    if isinstance(function, Band):
        return np.asarray(function.price_below + function.price_above)
    slopes = [np.zeros((function.rows, 1)), np.diff(function.cost) / np.diff(function.at)]
    return np.asarray(np.abs(np.hstack(slopes)).max(axis=1))


def raised(
    sets: Sets,
    stakes: Floats,
    worth: float,
    each: int,
    most: int,
    threads: int = 1,
    nodes: int = 0,
    reach: Floats | None = None,
) -> Undivided:
    """Better stakes than ``stakes``, by steps along what sets serve too often or not at all.

    ``worth`` is what a plan costs: steps aim at a part of the way there (Polyak, 1969), and are as
    long for each account as ``reach`` says, all alike without. Looks at ``each`` sets and ``nodes``
    nodes a rep in each step, at what takes as long as ``most`` sets in all; ends when steps no
    longer help.
    """
    best = now = sets.bound(stakes, each, threads, nodes)
    reach = np.ones(len(stakes)) if reach is None else reach
    pace, tired, work = 0.5, 0, _work(now)
    while pace > 0.02 and work < most:
        slope = 1.0 - sets.served(now)
        steep = float((slope * reach) @ slope)
        room = worth - best.value
        if steep == 0.0 or room <= CLOSED * abs(worth):
            break
        step = pace * AIM * room / steep * slope * reach
        now = sets.bound(now.stakes + step, each, threads, nodes)
        work += _work(now)
        if now.value > best.value:
            best, tired = now, 0
        else:
            tired += 1
        if tired > PATIENCE:
            pace, tired, now = pace / 2, 0, best
    return best


def _work(found: Undivided) -> int:
    """What was looked at for a bound, in sets."""
    return found.looked + int(NODE_PAIR * found.weighed)
