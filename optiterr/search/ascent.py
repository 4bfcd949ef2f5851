"""Row prices climbed to over all candidate pairs: a bound, and which pairs a good plan may use.

The dual of the relaxation is smoothed (each account shares itself among its pairs by a soft
minimum, Nesterov, *Smooth minimization of non-smooth functions*, 2005), the smoothing shrinks, and
steps adapt to each row (Kingma and Ba, *Adam*, 2015). Every price on the way proves a bound; the
best is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from optiterr.capped import Capped
from optiterr.rowfunctions import RowFunction
from optiterr.search.core import Core, Floats, Ints, charges_alone
from optiterr.stacked import split

CHUNK = 20_000
"""Accounts that one thread handles at a time; fixed, so that sums do not depend on threads."""

WIDE, NARROW = 1.0, 0.01
"""Width of the soft minimum at the beginning and at the end, in usual changes of cost."""

STEP_WIDE, STEP_NARROW = 2.0, 0.01
"""Length of a step at the beginning and at the end, in usual prices of a row."""

KEEP, KEEP_SQUARE = 0.9, 0.95
"""How much of the past the mean slope and the mean squared slope remember."""


@dataclass(frozen=True, eq=False)
class Climb:
    """Prices, the value of the dual at them (without the constant), and the steps taken."""

    price: Floats
    value: float
    steps: int


class Passes:
    """Passes over all pairs in fixed chunks of accounts, by several threads."""

    def __init__(self, core: Core, threads: int) -> None:
        self._core = core
        marks = np.arange(0, core.accounts + CHUNK, CHUNK)
        marks = np.unique(np.minimum(marks, core.accounts))
        self._chunks = list(zip(marks[:-1].tolist(), marks[1:].tolist(), strict=True))
        self._pool = ThreadPoolExecutor(max(1, min(threads, len(self._chunks) or 1)))

    def close(self) -> None:
        """Lets the threads go."""
        self._pool.shutdown()

    def smooth(self, price: Floats, width: float) -> tuple[float, Floats]:
        """The least reduced costs added up and the smoothed loads at ``price``."""
        from optiterr.search.kernels import smooth_pass

        core = self._core

        def one(chunk: tuple[int, int]) -> tuple[float, Floats]:
            load = np.zeros(core.rows)
            total = smooth_pass(
                core.pairs.start,
                core.cost,
                core.first,
                core.row,
                core.value,
                price,
                width,
                *chunk,
                load,
            )
            return total, load

        parts = list(self._pool.map(one, self._chunks))
        load = np.zeros(core.rows)
        for _, part in parts:
            load += part
        return sum(total for total, _ in parts), load

    def regrets(self, price: Floats) -> tuple[float, Floats, Ints, Floats]:
        """The least reduced costs added up; the regret of each pair; each account's best pair and
        what its second best costs more (``inf`` without one)."""
        from optiterr.search.kernels import regrets

        core = self._core
        regret = np.empty(len(core.pairs))
        best = np.empty(core.accounts, dtype=np.int64)
        second = np.empty(core.accounts)

        def one(chunk: tuple[int, int]) -> float:
            return float(
                regrets(
                    core.pairs.start,
                    core.cost,
                    core.first,
                    core.row,
                    core.value,
                    price,
                    *chunk,
                    regret,
                    best,
                    second,
                )
            )

        total = sum(self._pool.map(one, self._chunks))
        return total, regret, best, second


def usual_change(core: Core) -> float:
    """What the next best rep costs more than the best, for a usual account; 0 where none does."""
    start = core.pairs.start
    wide = np.flatnonzero(np.diff(start) > 1)
    if not len(wide):
        return 0.0
    step = max(1, len(wide) // 20_000)
    gaps = []
    for account in wide[::step].tolist():
        own = core.cost[start[account] : start[account + 1]]
        few = np.partition(own, min(3, len(own) - 1))[: min(4, len(own))]
        gaps.append(float(np.mean(few) - few.min()))
    return float(np.mean(gaps))


def units(core: Core, change: float) -> Floats:
    """The usual price of each row: what a change of rep costs, for each unit of load."""
    size = np.bincount(core.row, np.abs(core.value), minlength=core.rows)
    count = np.bincount(core.row, minlength=core.rows)
    mean = size / np.maximum(count, 1)
    found: Floats = np.full(core.rows, np.inf)
    if change > 0:
        found = change / np.where(mean > 0, mean, 1.0)
    for start, block in zip(core.row_start, core.blocks, strict=False):
        # The dearest price that the charge allows is no longer a step than that.
        own = slice(start, start + block.rows)
        ends = np.maximum(
            block.function.project(np.full(block.rows, 1e30)),
            -block.function.project(np.full(block.rows, -1e30)),
        )
        found[own] = np.minimum(found[own], np.where((ends > 0) & (ends < 1e29), ends, np.inf))
    return np.where(np.isfinite(found) & (found > 0), found, 1.0)


def ascend(
    core: Core, passes: Passes, steps: int, over: Callable[[], bool], begin: Floats | None = None
) -> Climb:
    """The best prices found in ``steps`` steps, or until ``over()``; from ``begin`` when given.

    Needs a candidate for every account. The value is that of the candidates only.
    """
    change = usual_change(core)
    unit = units(core, change)
    width_unit = change if change > 0 else float(np.abs(core.cost).mean() or 1.0)
    warm = begin is not None
    price = core.inside(np.zeros(core.rows) if begin is None else begin)
    mean, square = np.zeros(core.rows), np.zeros(core.rows)
    best, best_price = -np.inf, price
    taken = 0
    first = 0.6 if warm else 0.0
    for at in range(steps):
        part = first + (1 - first) * at / max(1, steps - 1)
        width = width_unit * WIDE * (NARROW / WIDE) ** part
        length = STEP_WIDE * (STEP_NARROW / STEP_WIDE) ** part
        total, load = passes.smooth(price, width)
        value = total - core.conjugate(price)
        taken = at + 1
        if value > best:
            best, best_price = value, price
        if over() or not core.rows:
            break
        slope = (load - wanted(core, price, length * unit)) * unit
        mean = KEEP * mean + (1 - KEEP) * slope
        square = KEEP_SQUARE * square + (1 - KEEP_SQUARE) * slope**2
        lead = mean / (1 - KEEP**taken)
        spread = np.sqrt(square / (1 - KEEP_SQUARE**taken))
        step = np.divide(lead, spread, out=np.zeros_like(lead), where=spread > 0)
        price = core.inside(price + length * unit * step)
    return Climb(best_price, best, taken)


def wanted(core: Core, price: Floats, reach: Floats) -> Floats:
    """The loads that each row likes best near ``price``: a slope of its conjugate.

    Taken over prices ``reach`` to both sides, which softens the kinks.
    """
    parts = [np.zeros(0)]
    for start, block in zip(core.row_start, core.blocks, strict=False):
        own = slice(start, start + block.rows)
        parts.append(_wanted(block.function, price[own], reach[own]))
    return np.concatenate(parts)


def _wanted(function: RowFunction, price: Floats, reach: Floats) -> Floats:
    if isinstance(function, Capped):
        multiplier = max(float(price[-1]), 1e-9)
        inner = [
            _wanted(one.scaled(multiplier), own, step)
            for (one, own), (_, step) in zip(
                split(function.inner, price), split(function.inner, reach), strict=True
            )
        ]
        step = max(float(reach[-1]), 1e-9)
        low = function.project(np.append(price[:-1], max(price[-1] - step, 0.0)))
        high = function.project(np.append(price[:-1], price[-1] + step))
        climb = float((function.conjugate(high) - function.conjugate(low))[0])
        return np.concatenate([*inner, [climb / max(high[-1] - low[-1], 1e-12)]])
    if not charges_alone(function):
        # Charged together: at prices inside the domain the rows want their targets.
        return np.asarray(getattr(function, "target", np.zeros(function.rows)), dtype=float)
    up, down = function.project(price + reach), function.project(price - reach)
    rise = function.conjugate(up) - function.conjugate(down)
    return np.asarray(np.divide(rise, up - down, out=np.zeros_like(rise), where=up > down))
