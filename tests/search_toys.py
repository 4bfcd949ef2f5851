"""Random models over all row functions, drawn around a hidden plan, and every plan of a tiny one.

Sizes and costs are quarters, so that sums are exact. A hidden plan is drawn first and hard limits
lie around its loads, mostly in such a way that it keeps them; ``KINDS`` names what can be drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optiterr.capped import Capped
from optiterr.fairness import Gini, Range, WorstOver
from optiterr.model import Model, ModelBuilder
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band, Piecewise, RowFunction, WorstShare
from optiterr.search.core import Core
from optiterr.search.ground import Ground
from optiterr.search.relaxation import Relaxed
from optiterr.spread import Spread
from optiterr.stacked import split
from optiterr.worst_of import WorstOf

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rng = np.random.Generator

PLAIN = (
    "hard", "soft", "off", "both", "curve", "wall", "worst", "several", "over", "range", "gini",
    "spread",
)  # fmt: skip
"""Charges that can stand alone or under a ceiling or in a future."""

KINDS = (*PLAIN, "capped", "worst_of")
"""All that can be drawn."""


def quarters(rng: Rng, low: float, high: float, count: int) -> Floats:
    """Random multiples of 1/4 from ``low`` to ``high``."""
    return rng.integers(int(4 * low), int(4 * high) + 1, count) / 4.0


def some_pairs(rng: Rng, accounts: int, reps: int, least: int = 1) -> Pairs:
    """Each account has ``least`` to ``reps`` random reps."""
    order = rng.random((accounts, reps)).argsort(axis=1).argsort(axis=1)
    return Pairs.full(accounts, reps).keep(
        (order < rng.integers(least, reps + 1, accounts)[:, None]).ravel()
    )


@dataclass(frozen=True, eq=False)
class Rows:
    """A charge and the entries that load its rows: row, pair and value of each."""

    function: RowFunction
    row: Ints
    pair: Ints
    value: Floats


def by_rep(rng: Rng, pairs: Pairs, reps: int) -> tuple[int, Ints, Ints, Floats]:
    """A row for each rep, loaded by sizes of accounts or of pairs."""
    every = np.arange(len(pairs))
    if rng.random() < 0.7:
        value = quarters(rng, 1, 5, pairs.accounts)[pairs.account]
    else:
        value = quarters(rng, 0, 5, len(pairs))
    return reps, pairs.rep.astype(np.int64), every, value


def scattered(rng: Rng, pairs: Pairs, reps: int) -> tuple[int, Ints, Ints, Floats]:
    """A few rows that any pairs load, some with less than nothing."""
    rows = int(rng.integers(1, 4))
    row, pair = np.nonzero(rng.random((rows, len(pairs))) < 0.4)
    return rows, row, pair, quarters(rng, -1, 4, len(pair))


def single(rng: Rng, pairs: Pairs, reps: int) -> tuple[int, Ints, Ints, Floats]:
    """A row for each pair, 1 when it is picked."""
    every = np.arange(len(pairs))
    return len(pairs), every, every, np.ones(len(pairs))


def groups(rng: Rng, rows: int) -> Ints:
    """Rows in one or two groups, none empty."""
    two = rows > 3 and rng.random() < 0.5
    return rng.permutation(np.arange(rows) % 2) if two else np.zeros(rows, dtype=np.int64)


def hard(rng: Rng, y: Floats) -> Band:
    """Hard limits above, and below too for some."""
    low = y - quarters(rng, 0, 4, len(y)) if rng.random() < 0.4 else np.full(len(y), -np.inf)
    return Band.of(len(y), lower=low, upper=y + quarters(rng, 0, 4, len(y)))


def soft(rng: Rng, y: Floats) -> Band:
    """A free band with prices on both sides."""
    low = y - quarters(rng, -1, 3, len(y))
    prices = {f"price_{side}": quarters(rng, 0, 3, len(y)) for side in ("below", "above")}
    return Band.of(len(y), low=low, high=low + quarters(rng, 0, 3, len(y)), **prices)


def off(rng: Rng, y: Floats) -> Band:
    """A price on each unit off the target, the mean of all."""
    mean = np.full(len(y), np.round(4 * y.mean()) / 4)
    return Band.of(len(y), low=mean, high=mean, price_below=1.5, price_above=quarters(rng, 0, 3, 1))


def both(rng: Rng, y: Floats) -> Band:
    """A price on each unit off the target, inside a hard band."""
    room = quarters(rng, 0, 4, len(y))
    target = y + quarters(rng, -1, 1, len(y)).clip(-room, room)
    return Band.of(
        len(y), lower=y - room, low=target, high=target, upper=y + room,
        price_below=quarters(rng, 0, 3, len(y)), price_above=quarters(rng, 0, 3, len(y)),
    )  # fmt: skip


def curve(rng: Rng, y: Floats) -> Piecewise:
    """A convex cost with points around the load and finite end slopes."""
    points = int(rng.integers(1, 5))
    at = y[:, None] + np.cumsum(quarters(rng, 0.25, 3, len(y) * points).reshape(-1, points), 1) - 3
    slope = np.sort(quarters(rng, -2, 3, len(y) * (points + 1)).reshape(-1, points + 1), axis=1)
    cost = np.zeros_like(at)
    cost[:, 1:] = np.cumsum(slope[:, 1:-1] * np.diff(at, axis=1), axis=1)
    return Piecewise.of(at, cost + 1.0, slope[:, 0], slope[:, -1])


def wall(rng: Rng, y: Floats) -> Piecewise:
    """As a curve, but loads outside the points are forbidden on one side or on both."""
    made = curve(rng, y)
    at = made.at + np.minimum(y - made.at[:, 0], 0.0)[:, None]
    made = replace(made, at=at)
    kind = rng.integers(3)
    left = np.full(len(y), -np.inf) if kind != 1 else made.left
    # The last point is moved behind the load, so that a wall there leaves the hidden plan alone.
    behind = at[:, -1:] + np.maximum(y - at[:, -1], 0.0)[:, None] + 0.25
    cost = made.cost[:, -1:] + made.right[:, None] * (behind - at[:, -1:])
    right = np.full(len(y), np.inf) if kind != 0 else made.right
    return Piecewise.of(np.hstack([at, behind]), np.hstack([made.cost, cost]), left, right)


def _worst(rng: Rng, y: Floats, several: bool, made: type[WorstShare]) -> WorstShare:
    group = groups(rng, len(y))
    size = np.bincount(group)
    count = quarters(rng, 1, 3, len(size)).clip(1, size) if several else 1.0
    weight, scale = quarters(rng, 0, 4, len(size)), rng.choice([0.5, 1.0, 2.0], len(y))
    return made.of(group, y + quarters(rng, -2, 2, len(y)), weight, count, scale)


def spread(rng: Rng, y: Floats) -> Spread:
    """Cells of a few rows in up to three parts, a number of cells free or a hard limit on it."""
    cells, parts = int(rng.integers(1, len(y) + 1)), int(rng.integers(1, 4))
    cell, home = rng.integers(0, cells, len(y)), rng.integers(0, parts, cells)
    level = np.zeros(cells)
    np.maximum.at(level, cell, y)
    used = np.bincount(home, level, minlength=parts)
    upper = np.where(rng.random(parts) < 0.3, np.ceil(used) + rng.integers(0, 2, parts), np.inf)
    high = np.minimum(rng.integers(0, 3, parts), upper)
    return Spread.of(cell, home, parts, high=high, upper=upper, price=quarters(rng, 0, 3, parts))


MAKE: dict[str, Callable[[Rng, Floats], RowFunction]] = {
    "hard": hard,
    "soft": soft,
    "off": off,
    "both": both,
    "curve": curve,
    "wall": wall,
    "worst": lambda rng, y: _worst(rng, y, False, WorstShare),
    "several": lambda rng, y: _worst(rng, y, True, WorstShare),
    "over": lambda rng, y: _worst(rng, y, rng.random() < 0.5, WorstOver),
    "range": lambda rng, y: Range.of(
        group := groups(rng, len(y)), quarters(rng, 0, 3, int(group.max()) + 1),
        rng.choice([0.5, 1.0, 2.0], len(y)),
    ),
    "gini": lambda rng, y: Gini.of(
        group := groups(rng, len(y)), quarters(rng, 0, 2, int(group.max()) + 1),
        rng.choice([0.5, 1.0, 2.0], len(y)),
    ),
    "spread": spread,
}  # fmt: skip


def rows_of(rng: Rng, kind: str, pairs: Pairs, reps: int, hidden: Ints) -> Rows:
    """A charge of that kind, drawn around the loads of the plan ``hidden``."""
    if kind in ("capped", "worst_of"):
        return _together(rng, kind, pairs, reps, hidden)
    if kind == "spread":
        layout = single if rng.random() < 0.7 else by_rep
    else:
        layout = by_rep if rng.random() < 0.8 else scattered
    rows, row, pair, value = layout(rng, pairs, reps)
    y = _load(rows, row, pair, value, hidden)
    # Now and then the hidden plan misses what is drawn: there may be no plan at all.
    y = y if rng.random() < 0.9 else y + quarters(rng, -3, 3, rows)
    return Rows(MAKE[kind](rng, y), row, pair, value)


def _load(rows: int, row: Ints, pair: Ints, value: Floats, hidden: Ints) -> Floats:
    picked = np.isin(pair, hidden)
    return np.bincount(row[picked], value[picked], minlength=rows).astype(float)


def _together(rng: Rng, kind: str, pairs: Pairs, reps: int, hidden: Ints) -> Rows:
    """Several charges under a ceiling, or in a few futures; then the cost of the picks."""
    futures = 1 if kind == "capped" else int(rng.integers(2, 4))
    count = int(rng.integers(futures, 4))
    inner = [rows_of(rng, str(rng.choice(PLAIN)), pairs, reps, hidden) for _ in range(count)]
    made: list[RowFunction] = [one.function for one in inner]
    height = np.cumsum([0, *(one.rows for one in made)])
    every = np.tile(np.arange(len(pairs)), futures)
    last = height[-1] + np.repeat(np.arange(futures), len(pairs))
    row = np.concatenate([*(one.row + at for one, at in zip(inner, height, strict=False)), last])
    pair = np.concatenate([*(one.pair for one in inner), every])
    value = np.concatenate([*(one.value for one in inner), quarters(rng, 0, 4, len(every))])
    if kind == "capped":
        whole = Capped.of(made, 0.0)
        total = whole.total(_load(whole.rows, row, pair, value, hidden))
        room = float(quarters(rng, -1, 5, 1)[0])
        return Rows(Capped.of(made, total + room if np.isfinite(total) else 8.0), row, pair, value)
    chance = rng.dirichlet(np.ones(futures))
    most = (np.inf, chance, chance / 0.6)[int(rng.integers(3))]
    future = np.sort(np.arange(count) % futures)
    worst = WorstOf.of(made, future, -quarters(rng, 0, 4, futures), most)
    return Rows(worst.scaled(float(rng.integers(1, 3))), row, pair, value)


def model(
    rng: Rng, accounts: int, reps: int, kinds: Sequence[str], least: int = 1
) -> tuple[Model, Ints]:
    """A random model with one block of each of ``kinds``, and the plan that it was drawn around."""
    pairs = some_pairs(rng, accounts, reps, least)
    hidden = rng.integers(pairs.start[:-1], pairs.start[1:])
    builder = ModelBuilder(
        np.array([f"a{at}" for at in range(accounts)], dtype=object),
        np.array([f"r{at}" for at in range(reps)], dtype=object),
        pairs,
    )
    builder.add_cost("cost", quarters(rng, -2, 8, len(pairs)))
    builder.add_constant("cost", float(quarters(rng, -3, 3, 1)[0]))
    for at, kind in enumerate(kinds):
        rows = rows_of(rng, kind, pairs, reps, hidden)
        labels = [str(row) for row in range(rows.function.rows)]
        builder.add_rows(f"{kind}{at}", rows.function, labels, rows.row, rows.pair, rows.value)
    return builder.build(), hidden


def tiny(seed: int | Sequence[int]) -> Model:
    """2 to 6 accounts, 2 to 4 reps, up to four blocks of any kind."""
    rng = np.random.default_rng(seed)
    kinds = [str(kind) for kind in rng.choice(KINDS, size=int(rng.integers(0, 5)))]
    return model(rng, int(rng.integers(2, 7)), int(rng.integers(2, 5)), kinds)[0]


def middle(seed: int | Sequence[int], accounts: int = 200, reps: int = 8) -> tuple[Model, Ints]:
    """A model of some size with three to six blocks of different kinds, and its hidden plan."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(KINDS, size=int(rng.integers(3, 7)), replace=False)
    return model(rng, accounts, reps, [str(kind) for kind in kinds], least=2)


# ------------------------------------------------------------------------------- counting


def ground_of(model: Model) -> tuple[Ground, Ints]:
    """A ground at usual prices, and a plan of each account's cheapest pair."""
    core = Core.of(model)
    price = core.inside(np.zeros(core.rows))
    least = np.minimum.reduceat(core.cost, core.pairs.start[:-1])
    regret = core.cost - least[core.pairs.account]
    order = np.lexsort((regret, core.pairs.account))
    choice = order[core.pairs.start[:-1]]
    found = Relaxed(price, 0.0, choice, np.zeros(0, np.int64), core.loads(choice), False)
    return Ground.of(core, found, regret, np.full(core.rows, 10.0)), choice


def every_choice(pairs: Pairs) -> Ints:
    """All plans, one a row: the pair of each account."""
    ranges = [np.arange(*pairs.start[at : at + 2]) for at in range(pairs.accounts)]
    if not ranges:
        return np.zeros((1, 0), dtype=np.int64)
    grid = np.meshgrid(*ranges, indexing="ij")
    return np.stack([one.ravel() for one in grid], axis=1)


def every_value(model: Model, choices: Ints) -> Floats:
    """What each plan costs, as :meth:`Model.value` counts it."""
    total = model.constant + model.cost[choices].sum(axis=1)
    for block in model.blocks:
        dense = block.matrix.toarray()
        load = np.zeros((len(choices), block.rows))
        for picked in choices.T:
            load += dense[:, picked].T
        total = total + charges(block.function, load)
    return total


def tiny_ones(seed: int, count: int) -> Iterator[tuple[Model, float]]:
    """Of ``count`` tiny models those that have a plan, each with what its best plan costs."""
    for number in range(count):
        model = tiny([seed, number])
        least = float(every_value(model, every_choice(model.pairs)).min())
        if np.isfinite(least):
            yield model, least


def charges(function: RowFunction, load: Floats) -> Floats:
    """What ``function`` charges for each row of ``load``."""
    plans = len(load)
    if isinstance(function, Capped | WorstOf):
        first, inner = 0, []
        for one, _ in split(function.inner, load[0]):
            inner.append(charges(one, load[:, first : first + one.rows]))
            first += one.rows
        if isinstance(function, Capped):
            total = sum(inner) + load[:, -1]
            # The one tolerance, written out.
            room = 1e-6 * max(1.0, abs(function.ceiling))
            return np.where(total <= function.ceiling + room, 0.0, np.inf)
        costs = load[:, -function.futures :] + function.constant
        for one, future in zip(inner, function.future, strict=True):
            costs[:, future] += one
        return _dearest(function, costs)
    return _repeated(function, plans).value(load.ravel()).reshape(plans, -1).sum(axis=1)


def _dearest(function: WorstOf, costs: Floats) -> Floats:
    """The weight goes to the dearest future first, as much as it may take."""
    left = np.full(len(costs), function.weight)
    total = np.zeros(len(costs))
    forbidden = np.isinf(costs).any(axis=1)
    costs = np.where(forbidden[:, None], 0.0, costs)
    for at in np.argsort(-costs, axis=1).T:
        taken = np.minimum(left, function.most[at])
        total += taken * costs[np.arange(len(costs)), at]
        left = left - taken
    return np.where(forbidden, np.inf, total)


def _repeated(function: RowFunction, times: int) -> RowFunction:
    """``function`` so many times, one behind the other, as one."""
    given: dict[str, Any] = {
        each.name: getattr(function, each.name)
        for each in fields(function)  # type: ignore[arg-type]
    }
    size = {
        "group": int(max(function.part, default=-1)) + 1,
        "cell": len(given.get("home", ())),
        "home": len(given.get("high", ())),
    }
    made = {}
    for name, value in given.items():
        shape = (times, *[1] * (value.ndim - 1))
        made[name] = np.tile(value, shape)
        if name in size:
            made[name] += np.repeat(np.arange(times), len(value)) * size[name]
    return type(function)(**made)
