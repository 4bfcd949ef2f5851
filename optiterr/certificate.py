"""A lower bound that anyone can recompute, and where the gap of a plan sits.

Any row prices give a bound on every plan by weak duality (Geoffrion, *Lagrangean relaxation for
integer programming*, 1974):

    bound(prices) = constant + sum_i min_p (cost_p + prices A_p) - sum_parts f*(prices)

and for every plan ``cost - bound`` equals, exactly, the accounts' regrets plus the rows'
Fenchel-Young residuals ``f(y) + f*(prices) - prices y``, each of them non-negative. Nothing here
needs a solver.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optiterr.errors import AuditError
from optiterr.model import TOLERANCE, Model

Floats = NDArray[np.float64]

IDENTITY = 1e-7
"""How far, relative to the size of the numbers, the two sides of the identity may differ."""


@dataclass(frozen=True, eq=False)
class Bound:
    """A proved lower bound: ``value``, the ``prices`` that prove it, the cheapest reduced cost of
    each account in ``cheapest``, and the conjugates in ``conjugates`` (one array per block)."""

    value: float
    prices: Floats
    cheapest: Floats
    conjugates: tuple[Floats, ...]
    rounding: float


@dataclass(frozen=True, eq=False)
class Certificate:
    """Where the gap of one plan sits.

    ``regret`` has one entry per account, ``residual`` one array per block (one entry per part).
    ``cost - bound.value == regret.sum() + residuals + bound.rounding``, to rounding.
    """

    cost: float
    bound: Bound
    regret: Floats
    residual: tuple[Floats, ...]

    @property
    def gap(self) -> float:
        """``(cost - bound) / |cost|``, at least 0; 0 when both are 0."""
        return relative_gap(self.cost, self.bound.value)


def relative_gap(cost: float, bound: float) -> float:
    """``(cost - bound) / |cost|``; 0 when they meet, ``inf`` when a plan of cost 0 has a gap."""
    room = max(cost - bound, 0.0)
    if room == 0.0:
        return 0.0
    return room / abs(cost) if cost else float("inf")


def inside(model: Model, prices: Floats) -> Floats:
    """``prices`` moved into the domain of every block's conjugate."""
    checked = np.nan_to_num(np.asarray(prices, dtype=float), nan=0.0, posinf=0.0, neginf=0.0)
    if checked.shape != (model.rows,):
        raise ValueError(f"{model.rows} rows need {model.rows} prices, not {checked.shape}")
    parts = [
        block.function.project(checked[start : start + block.rows])
        for start, block in zip(model.row_start, model.blocks, strict=False)
    ]
    return np.concatenate([np.zeros(0), *parts])


def reduced_cost(model: Model, prices: Floats) -> Floats:
    """Cost of each pair with its loads charged at ``prices``, shape (P,)."""
    reduced = model.cost.copy()
    for start, block in zip(model.row_start, model.blocks, strict=False):
        reduced += block.matrix.T @ prices[start : start + block.rows]
    return reduced


def cheapest(model: Model, prices: Floats) -> Floats:
    """Least reduced cost of each account; ``inf`` for an account without a pair."""
    least = np.full(model.pairs.accounts, np.inf)
    filled = np.flatnonzero(np.diff(model.pairs.start))
    if len(filled):
        reduced = reduced_cost(model, prices)
        least[filled] = np.minimum.reduceat(reduced, model.pairs.start[filled])
    return least


def lower_bound(model: Model, prices: Floats, left_out: Iterable[Model] | None = None) -> Bound:
    """Lower bound on the cost of any plan, proved by ``prices``; valid for every ``prices``.

    ``left_out`` are models of the same blocks over further pairs (eligible, but not candidates of
    ``model``): with them the bound holds for plans that use those pairs too. ``inf`` when an
    account has no pair at all. An amount that covers the rounding of the sums is taken off.
    """
    prices = inside(model, prices)
    least = cheapest(model, prices)
    for other in left_out or ():
        np.minimum(least, cheapest(other, prices), out=least)
    conjugates = tuple(
        block.function.conjugate(prices[start : start + block.rows])
        for start, block in zip(model.row_start, model.blocks, strict=False)
    )
    charges = np.concatenate([np.zeros(0), *conjugates])
    size = float(np.abs(least).sum() + np.abs(charges).sum() + abs(model.constant))
    rounding = 1e-12 * size if np.isfinite(size) else 0.0
    value = float(least.sum()) - float(charges.sum()) + model.constant - rounding
    return Bound(value, prices, least, conjugates, rounding)


def certify(model: Model, x: Floats, bound: Bound) -> Certificate:
    """The gap of plan ``x`` against ``bound``, account by account and row by row.

    Raises AuditError when ``x`` does not serve every account once, breaks a hard row, when a regret
    or a residual is negative, or when the identity fails: then the cost, the bound or a row
    function is wrong. What the identity alone cannot see, a value or a conjugate that stands on
    both of its sides, the signs do.
    """
    choice = model.choice(x)
    if (choice < 0).any():
        names = model.account_ids[choice < 0][:5]
        raise AuditError(
            "certificate",
            f"accounts without exactly one rep: {', '.join(names)}",
            "report this plan as no plan; the solver's values are not a plan",
        )
    x = model.picks(choice)
    regret = reduced_cost(model, bound.prices)[choice] - bound.cheapest
    residual = []
    for start, block, conjugate, load in zip(
        model.row_start, model.blocks, bound.conjugates, model.loads(x), strict=False
    ):
        function, price = block.function, bound.prices[start : start + block.rows]
        paid = np.bincount(function.part, price * load, minlength=len(conjugate))
        residual.append(function.value(load) + conjugate - paid)
    _refuse_negative(model, bound, regret, residual)
    cost = model.value(x)
    sides = float(regret.sum()) + sum(float(part.sum()) for part in residual) + bound.rounding
    scale = max(1.0, abs(cost), abs(bound.value), bound.rounding * 1e12)
    if not abs(cost - bound.value - sides) <= IDENTITY * scale:
        raise AuditError(
            "certificate",
            f"cost - bound is {cost - bound.value:.9g}, but regrets and residuals give {sides:.9g}",
            "the cost, the bound or the loads are wrong: do not use this plan",
        )
    return Certificate(cost, bound, regret, tuple(residual))


def _refuse_negative(model: Model, bound: Bound, regret: Floats, residual: list[Floats]) -> None:
    """AuditError when a part of the gap is negative by more than rounding and tolerance allow.

    A load may miss a hard limit by the tolerance, which lets its residual fall by its price times
    that much.
    """
    noise = 1e-9 * max(1.0, float(np.abs(bound.cheapest).max(initial=0.0)))
    below = np.flatnonzero(regret < -noise)
    wrong = [("account", str(model.account_ids[at]), float(regret[at])) for at in below]
    for start, block, parts in zip(model.row_start, model.blocks, residual, strict=False):
        price = np.abs(bound.prices[start : start + block.rows])
        reach = abs(block.matrix).sum(axis=1) + 1.0
        room = np.bincount(block.function.part, price * TOLERANCE * reach, minlength=len(parts))
        wrong += [
            ("row", f"{block.name} {block.labels[at]}", float(parts[at]))
            for at in np.flatnonzero(parts < -room - noise)
        ]
    if wrong:
        what, name, part = wrong[0]
        raise AuditError(
            "certificate",
            f"{len(wrong)} parts of the gap are negative, the first at {what} {name}: {part:.6g}",
            "the bound or a row function is wrong: do not use this plan",
        )
