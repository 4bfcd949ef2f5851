"""The relaxed model solved over the pairs that matter, and proved over all candidates.

Accounts whose best pair is clear at the prices at hand stay with it; the others are left to HiGHS
among the pairs of small regret. Its prices are then judged on every pair, and pairs that would be
better come in, until none is (Dantzig and Wolfe, 1960, with whole accounts as the parts).
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from optiterr.linear import linearise
from optiterr.rowfunctions import Band, Piecewise, RowFunction
from optiterr.search.ascent import Passes, ascend
from optiterr.search.core import Core, Floats, Ints, Mask
from optiterr.search.part import has_choice, part_of
from optiterr.solution import Limits

EXTRAS, EXTRAS_PER_ROW = 20_000, 12
"""Pairs beyond each account's best that take part at first: at least, and for each row."""

CLOSE = 1e-7
"""The relaxation counts as solved when bound and value differ by no more, relative to the value."""

ROUNDS = 12
"""Most rounds of solving and pricing."""

MOST_WHOLE = 2_000_000
"""Models with more pairs are never given to HiGHS whole, which takes 800 bytes for each pair."""

MORE_STEPS = 60
"""Steps of the climb that goes on where plans of the pairs that take part break hard rules."""


@dataclass(frozen=True, eq=False)
class Relaxed:
    """Prices with the bound that they prove over all candidates (constant included).

    ``choice`` is the pair that each account has most of in the relaxed plan, ``divided`` the
    accounts that have several, ``load`` the loads of the relaxed plan. ``solved`` tells whether the
    bound is that of the relaxation, up to rounding; ``infeasible`` whether not even fractions keep
    the hard rules.
    """

    price: Floats
    bound: float
    choice: Ints
    divided: Ints
    load: Floats
    solved: bool
    infeasible: bool = False
    kernel: Restricted | None = None


def relaxed(
    core: Core,
    passes: Passes,
    price: Floats,
    end: float,
    told: Callable[[float], None],
    begin: Ints | None = None,
) -> Relaxed:
    """The relaxation from the prices ``price`` on, until the clock shows ``end``.

    ``told`` hears of each better bound. ``begin`` is a plan whose pairs take part.
    """
    total, regret, best, _ = passes.regrets(price)
    bound = total - core.conjugate(price) + core.constant
    told(bound)
    extras = max(EXTRAS, EXTRAS_PER_ROW * core.rows)
    kept = _first(core, regret, best, begin, extras)
    answer = _unsolved(core, price, bound, best)
    for _ in range(ROUNDS):
        left = end - perf_counter()
        if left <= 0.05:
            return answer
        kernel = Restricted(core, np.flatnonzero(kept), answer.choice, answer.price, left)
        solved = kernel.solve()
        if solved is None:
            return answer
        if solved.infeasible:
            if kept.all():
                return solved
            if len(kept) <= MOST_WHOLE:
                kept[:] = True
                continue
            # Rough prices hold the wrong accounts fast: they climb on, and more pairs take part.
            extras *= 2
            climb = ascend(core, passes, MORE_STEPS, lambda: perf_counter() > end, answer.price)
            total, regret, best, _ = passes.regrets(climb.price)
            bound = total - core.conjugate(climb.price) + core.constant
            if bound > answer.bound:
                told(bound)
                answer = _unsolved(core, climb.price, bound, best)
            kept |= _first(core, regret, best, begin, extras)
            continue
        total, regret, best, _ = passes.regrets(solved.price)
        proved = total - core.conjugate(solved.price) + core.constant
        better = proved > answer.bound
        value = solved.bound
        if better:
            told(proved)
        closed = value - proved <= CLOSE * max(1.0, abs(value))
        answer = Relaxed(
            solved.price if better else answer.price,
            max(proved, answer.bound),
            solved.choice,
            solved.divided,
            solved.load,
            closed,
            kernel=kernel,
        )
        if closed:
            return answer
        fresh = _wanted(core, regret, kept, solved.choice)
        if not len(fresh):
            return answer
        kept[fresh] = True
    return answer


def _unsolved(core: Core, price: Floats, bound: float, best: Ints) -> Relaxed:
    """What prices alone tell: their bound, and each account at its ``best`` pair."""
    return Relaxed(price, bound, best, np.zeros(0, dtype=np.int64), core.loads(best), False)


def _first(core: Core, regret: Floats, best: Ints, begin: Ints | None, extras: int) -> Mask:
    """The pairs that take part at first: ``extras`` beside the best of each account."""
    kept = np.zeros(len(regret), dtype=bool)
    if len(regret) <= max(3 * extras, core.accounts + extras):
        kept[:] = True
        return kept
    limit = np.partition(regret, core.accounts + extras - 1)[core.accounts + extras - 1]
    kept |= regret <= limit
    kept[best] = True
    if begin is not None:
        kept[begin] = True
    return kept


def _wanted(core: Core, regret: Floats, kept: Mask, choice: Ints) -> Ints:
    """Pairs outside that cost less than the best inside, the most wanted first."""
    start = core.pairs.start
    inside = np.where(kept, regret, np.inf)
    least = np.minimum.reduceat(inside, start[:-1])
    own = regret[choice]
    least = np.minimum(least, own)[core.pairs.account]
    scale = 1e-9 * max(1.0, float(np.abs(core.cost).mean()))
    better = np.flatnonzero(~kept & (regret < least - scale))
    most = max(EXTRAS, EXTRAS_PER_ROW * core.rows)
    if len(better) > most:
        gain = (regret - least)[better]
        better = better[np.argpartition(gain, most)[:most]]
    return better


class Restricted:
    """The relaxation over the pairs ``pair``, other accounts as in ``whole``, held by HiGHS.

    Accounts with a single one of the pairs stay at it.
    """

    def __init__(self, core: Core, pair: Ints, whole: Ints, price: Floats, seconds: float) -> None:
        from optiterr.solvers.highs import load as load_highs

        free = has_choice(core, pair)
        single, pair = pair[~free], pair[free]
        self._core, self._price, self._base = core, price, whole.copy()
        self._base[core.pairs.account[single]] = single
        self.part = part_of(core, pair, self._base, core.loads(self._base))
        self._mip = linearise(self.part.model)
        self._highs = load_highs(self._mip, Limits(seconds=seconds), relaxed=True)
        rest = np.ones(core.accounts, dtype=bool)
        rest[self.part.account] = False
        self._rest_cost = core.constant + float(core.cost[self._base[rest]].sum())
        self._rest_load = core.loads(self._base[rest])
        self._matrix = core.columns[:, pair]

    def twin(self) -> Restricted:
        """The same with all pairs let in, beginning where this one stands: to be solved beside it.

        It has the time that this one has left.
        """
        from optiterr.solvers.highs import load as load_highs

        other = copy(self)
        _, most = self._highs.getOptionValue("time_limit")
        left = max(most - self._highs.getRunTime(), 0.0)
        other._highs = load_highs(self._mip, Limits(seconds=left), relaxed=True)
        other._highs.setBasis(self._highs.getBasis())
        return other

    def solve(self) -> Relaxed | None:
        """The relaxed optimum; None where HiGHS does not get there in time.

        Its bound is that over these pairs only.
        """
        core, part, mip, whole = self._core, self.part, self._mip, self._base
        highs = self._highs
        highs.run()
        name = highs.getModelStatus().name
        if name in ("kInfeasible", "kUnboundedOrInfeasible"):
            return self._impossible()
        if name != "kOptimal":
            return None
        answer = highs.getSolution()
        x = np.array(answer.col_value[: len(part.pair)], dtype=float)
        fresh = self._price.copy()
        duals = np.array(answer.row_dual, dtype=float)
        fresh[part.row] = mip.prices(duals, part.model.rows)
        left_out = np.ones(core.rows, dtype=bool)
        left_out[part.row] = False
        load = self._rest_load + self._matrix @ x
        fresh = core.inside(_supporting(core, fresh, load, left_out))
        begins = part.model.pairs.start[: len(part.account)]
        account = part.model.pairs.account[: len(part.pair)]
        chosen = np.lexsort((-x, account))[begins]
        divided = part.account[x[chosen] < 1 - 1e-6]
        value = float(highs.getInfo().objective_function_value) + self._rest_cost
        value += _charged(core, load, left_out)
        if not np.isfinite(value):
            # The accounts held fast miss a hard limit that no free pair touches.
            return self._impossible()
        self.x = x
        return Relaxed(fresh, value, part.into(whole, chosen), divided, load, False)

    def _impossible(self) -> Relaxed:
        nothing, load = np.zeros(0, dtype=np.int64), np.zeros(self._core.rows)
        return Relaxed(self._price, -np.inf, self._base, nothing, load, False, infeasible=True)

    def hold(self, place: Ints, upper: float = 0.0) -> None:
        """Limit the pairs at ``place`` of the part's to ``upper``: 0 leaves them out, 1 lets in."""
        places = np.asarray(place, dtype=np.int32)
        zeros, most = np.zeros(len(places)), np.full(len(places), upper)
        self._highs.changeColsBounds(len(places), places, zeros, most)

    def claim(self, place: Ints, seconds: float) -> float:
        """What HiGHS claims all to cost at least once the pairs at ``place`` are whole, by one
        thread in about ``seconds``."""
        from highspy import HighsVarType

        whole = np.full(len(place), HighsVarType.kInteger)
        self._highs.changeColsIntegrality(len(place), np.asarray(place, dtype=np.int32), whole)
        self._highs.setOptionValue("threads", 1)
        self.limit(seconds)
        self._highs.run()
        return float(self._highs.getInfo().mip_dual_bound) + self._rest_cost

    def limit(self, seconds: float) -> None:
        """Let the solves from now on take ``seconds`` in all."""
        self._highs.setOptionValue("time_limit", self._highs.getRunTime() + seconds)


def _charged(core: Core, load: Floats, rows: Mask) -> float:
    """What the rows ``rows`` of functions that charge one by one cost."""
    total = 0.0
    for start, block in zip(core.row_start, core.blocks, strict=False):
        own = rows[start : start + block.rows]
        if own.any():
            charge = block.function.value(load[start : start + block.rows])
            total += float(charge[own].sum())
    return total


def _supporting(core: Core, price: Floats, load: Floats, rows: Mask) -> Floats:
    """``price``, moved in ``rows`` just so far that it is a slope of the charge at ``load``.

    A row that no free pair touches has no dual; at such a price it proves all that it costs.
    """
    moved = price.copy()
    for start, block in zip(core.row_start, core.blocks, strict=False):
        own = slice(start, start + block.rows)
        if rows[own].any():
            low, high = _slopes(block.function, load[own])
            moved[own] = np.where(rows[own], np.clip(price[own], low, high), price[own])
    return moved


def _slopes(function: RowFunction, load: Floats) -> tuple[Floats, Floats]:
    """Least and largest slope at ``load`` of a function that charges rows one by one."""
    near = 1e-9 * np.maximum(1.0, np.abs(load))
    if isinstance(function, Piecewise):
        steep = np.diff(function.cost, axis=1) / np.diff(function.at, axis=1)
        slope = np.hstack([function.left[:, None], steep, function.right[:, None]])
        inner = np.clip(load, *_ends(function))
        low, high = (
            np.take_along_axis(slope, (function.at < y[:, None]).sum(axis=1)[:, None], axis=1)[:, 0]
            for y in (inner - near, inner + near)
        )
        return low, high
    assert isinstance(function, Band)
    inner = np.clip(load, function.lower, function.upper)

    def slope_at(y: Floats) -> Floats:
        up = np.where(y > function.high, function.price_above, 0.0)
        down = np.where(y < function.low, -function.price_below, up)
        return np.where(y > function.upper, np.inf, np.where(y < function.lower, -np.inf, down))

    return slope_at(inner - near), slope_at(inner + near)


def _ends(function: Piecewise) -> tuple[Floats, Floats]:
    """Least and largest load that the hard ends of a curve allow."""
    first, last = function.at[:, 0], function.at[:, -1]
    return (
        np.where(np.isinf(function.left), first, -np.inf),
        np.where(np.isinf(function.right), last, np.inf),
    )
