"""Which pair each account picks when loads have prices, with prices climbed to by plain numpy.

The prices climb the lower bound by subgradient steps whose length adapts to each row (Duchi, Hazan
and Singer, *Adaptive subgradient methods*, 2011). Every step handles all pairs at once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from optiterr.certificate import inside, reduced_cost
from optiterr.model import Block, Model

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STRIDE = 1e-6
"""Width, as a share of a row's usual price, over which the slope of a conjugate is taken."""


def climb(model: Model, rounds: int, over: Callable[[], bool]) -> Floats:
    """The best row prices found in ``rounds`` steps, or until ``over()`` says that time is up.

    Needs a candidate for every account. Any prices prove a bound; these prove a better one than
    zeros, and a worse one than those of the solved relaxation.
    """
    start = model.pairs.start
    unit = _units(model)
    price, squares = np.zeros(model.rows), np.zeros(model.rows)
    best_value, best_price = -np.inf, price
    for _ in range(rounds):
        reduced = reduced_cost(model, price)
        least = np.minimum.reduceat(reduced, start[:-1])
        conjugate = sum(
            float(block.function.conjugate(price[first : first + block.rows]).sum())
            for first, block in zip(model.row_start, model.blocks, strict=False)
        )
        value = float(least.sum()) - conjugate
        if value > best_value:
            best_value, best_price = value, price
        if over() or not model.rows:
            break
        loads = model.loads(model.picks(_first(model, reduced, least)))
        slope = np.concatenate([np.zeros(0), *loads]) - _wanted(model, price, unit)
        squares += slope**2
        step = np.divide(slope, np.sqrt(squares), out=np.zeros_like(slope), where=squares > 0)
        price = inside(model, price + unit * step)
    return best_price


def priced_choice(model: Model, rounds: int, over: Callable[[], bool]) -> tuple[Ints, Floats]:
    """The pair that each account picks at the best prices found, and what its second best costs.

    Needs a candidate for every account. The picks ignore that hard rows may be missed.
    """
    start = model.pairs.start
    reduced = reduced_cost(model, climb(model, rounds, over))
    least = np.minimum.reduceat(reduced, start[:-1])
    choice = _first(model, reduced, least)
    reduced[choice] = np.inf
    return choice, np.minimum.reduceat(reduced, start[:-1]) - least


def _first(model: Model, reduced: Floats, least: Floats) -> Ints:
    """The first pair of each account with its least reduced cost."""
    tight = np.flatnonzero(reduced == np.repeat(least, np.diff(model.pairs.start)))
    return tight[np.searchsorted(tight, model.pairs.start[:-1])]


def _units(model: Model) -> Floats:
    """The usual price of each row: what a change of rep costs, for each unit of load."""
    start, owner = model.pairs.start, model.pairs.account
    ranked = model.cost[np.lexsort((model.cost, owner))]
    several = np.flatnonzero(np.diff(start) > 1)
    change = (
        float((ranked[start[several] + 1] - ranked[start[several]]).mean()) if len(several) else 0.0
    )
    units = [np.zeros(0)]
    for block in model.blocks:
        size = abs(block.matrix).sum(axis=1) / np.maximum(np.diff(block.matrix.indptr), 1)
        # Where costs do not tell, the charge does: the dearest price that it allows.
        ends = block.function.project(np.full(block.rows, 1e30))
        charge = np.where(ends < 1e30, ends, 0.0)
        natural = change / np.where(size > 0, size, 1.0) if change > 0 else charge
        units.append(np.where(natural > 0, natural, 1.0))
    return np.concatenate(units)


def _wanted(model: Model, price: Floats, unit: Floats) -> Floats:
    """The loads that each row likes best at ``price``: a slope of its conjugate."""
    wanted = [np.zeros(0)]
    for first, block in zip(model.row_start, model.blocks, strict=False):
        own = slice(first, first + block.rows)
        wanted.append(_slope(block, price[own], unit[own]))
    return np.concatenate(wanted)


def _slope(block: Block, price: Floats, unit: Floats) -> Floats:
    function = block.function
    if not np.array_equal(function.part, np.arange(block.rows)):
        # Charged together: at prices inside the domain the rows want their targets.
        return np.asarray(getattr(function, "target", np.zeros(block.rows)), dtype=float)
    up = function.project(price + STRIDE * unit)
    down = function.project(price - STRIDE * unit)
    rise = function.conjugate(up) - function.conjugate(down)
    return np.divide(rise, up - down, out=np.zeros_like(rise), where=up > down)
