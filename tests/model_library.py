"""Small models with known answers: one shared library for every solver, and an oracle that counts.

The models are built straight with :class:`ModelBuilder`, small enough to try every plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from optiterr.model import Model, ModelBuilder
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band, Piecewise, RowFunction, WorstShare, worst

Rng = np.random.Generator


@dataclass(frozen=True, eq=False)
class Case:
    """A model and what it is made of."""

    name: str
    model: Model


def builder(accounts: int, pairs: Pairs, reps: int) -> ModelBuilder:
    """An empty builder over ``pairs`` with ids ``a0, a1, ...`` and ``r0, r1, ...``."""
    account_ids = np.array([f"a{place}" for place in range(accounts)], dtype=object)
    rep_ids = np.array([f"r{place}" for place in range(reps)], dtype=object)
    return ModelBuilder(account_ids, rep_ids, pairs)


def some_pairs(rng: Rng, accounts: int, reps: int) -> Pairs:
    """Each account has a random set of one to four reps."""
    account, rep = [], []
    for place in range(accounts):
        own = rng.choice(reps, size=int(rng.integers(1, min(reps, 4) + 1)), replace=False)
        account += [place] * len(own)
        rep += sorted(own.tolist())
    return Pairs.of(account, rep, accounts)


@dataclass(frozen=True)
class Draft:
    """What the families draw from: the builder, sizes of accounts, and the rep rows."""

    rng: Rng
    build: ModelBuilder
    reps: int
    weight: NDArray[np.float64]

    def rows(self, name: str, function: RowFunction, weight: NDArray[np.float64]) -> None:
        """One row per rep that adds up ``weight`` of the accounts served."""
        pairs = self.build.pairs
        labels = [f"r{place}" for place in range(self.reps)]
        self.build.add_rows(
            name, function, labels, pairs.rep, np.arange(len(pairs)), weight[pairs.account]
        )

    @property
    def fair(self) -> float:
        return float(self.weight.sum() / self.reps)


def _cover(draft: Draft) -> None:
    """Nothing but coverage and costs."""


def _capacity(draft: Draft) -> None:
    limit = np.round(draft.fair * draft.rng.uniform(0.9, 1.8, draft.reps), 1)
    draft.rows("capacity", Band.of(draft.reps, upper=limit), draft.weight)


def _floor(draft: Draft) -> None:
    limit = np.round(draft.fair * draft.rng.uniform(0.0, 0.8, draft.reps), 1)
    draft.rows("floor", Band.of(draft.reps, lower=limit), draft.weight)


def _band(draft: Draft) -> None:
    limits = {"lower": 0.4 * draft.fair, "upper": 1.7 * draft.fair}
    draft.rows("band", Band.of(draft.reps, **limits), draft.weight)


def _l1(draft: Draft) -> None:
    prices = {"price_below": 0.5, "price_above": 0.7}
    function = Band.of(draft.reps, low=draft.fair, high=draft.fair, **prices)
    draft.rows("l1", function, draft.weight)


def _l1_exact(draft: Draft) -> None:
    target = np.floor(draft.fair)
    function = Band.of(draft.reps, low=target, high=target, price_below=0.25, price_above=1.5)
    draft.rows("l1", function, draft.weight)


def _dead_zone(draft: Draft) -> None:
    function = Band.of(
        draft.reps,
        low=0.9 * draft.fair,
        high=1.1 * draft.fair,
        upper=2.2 * draft.fair,
        price_below=0.3,
        price_above=0.4,
    )
    draft.rows("zone", function, draft.weight)


def _overflow(draft: Draft) -> None:
    function = Band.of(draft.reps, high=np.round(draft.fair, 1), price_above=2.0)
    draft.rows("overflow", function, draft.weight)


def _piecewise(draft: Draft) -> None:
    at = draft.fair * np.array([0.4, 0.9, 1.3])
    cost = np.array([3.0, 1.0, 2.0])
    closed = draft.rng.random(draft.reps) < 0.2
    function = Piecewise.of(
        np.tile(at, (draft.reps, 1)),
        np.tile(cost, (draft.reps, 1)),
        left=-20.0,
        right=np.where(closed, np.inf, 30.0),
    )
    draft.rows("curve", function, draft.weight)


def _worst(draft: Draft) -> None:
    function = worst(np.zeros(draft.reps), draft.fair, 3.0, scale=1 / max(draft.fair, 1.0))
    draft.rows("worst", function, draft.weight)


def _mean_of_worst(draft: Draft) -> None:
    group = np.arange(draft.reps) // 2
    size = np.bincount(group)
    count = np.minimum(1.5, size)
    function = WorstShare.of(group, draft.fair, np.full(len(size), 2.0), count)
    draft.rows("worst", function, draft.weight)


def _stay(draft: Draft) -> None:
    """At most half the accounts may leave their first candidate."""
    pairs = draft.build.pairs
    stays = pairs.start[:-1][np.diff(pairs.start) > 0]
    least = len(stays) // 2
    draft.build.add_rows(
        "stay", Band.of(1, lower=least), ["all"], np.zeros(len(stays), int), stays, 1.0
    )


def _empty_block(draft: Draft) -> None:
    draft.build.add_rows("nothing", Band.of(0), [], [], [], [])


def _empty_rows(draft: Draft) -> None:
    """Rows that no pair loads; the second costs 0.5 whatever is picked."""
    function = Band.of(2, low=[0.0, 1.0], upper=[5.0, 2.0], price_below=0.5)
    draft.build.add_rows("idle", function, ["x", "y"], [], [], [])


def _overfull(draft: Draft) -> None:
    """No plan: the reps together may carry less than there is."""
    draft.rows("capacity", Band.of(draft.reps, upper=0.6 * draft.fair), draft.weight)


def _unreachable(draft: Draft) -> None:
    """No plan: a row that no pair loads must reach 1."""
    draft.build.add_rows("idle", Band.of(1, lower=1.0), ["x"], [], [], [])


FAMILIES: dict[str, tuple[Callable[[Draft], None], ...]] = {
    "cover": (_cover,),
    "capacity": (_capacity,),
    "floor": (_floor,),
    "band": (_band,),
    "l1": (_l1,),
    "l1 exact": (_l1_exact,),
    "dead zone": (_dead_zone,),
    "overflow": (_overflow,),
    "piecewise": (_piecewise,),
    "worst": (_worst,),
    "mean of worst": (_mean_of_worst,),
    "stay": (_stay,),
    "stay and capacity": (_stay, _capacity),
    "l1 and capacity": (_l1, _capacity),
    "worst and piecewise": (_worst, _piecewise),
    "band and worst": (_band, _mean_of_worst),
    "empty block": (_empty_block, _l1),
    "empty rows": (_empty_rows, _capacity),
    "overfull": (_overfull,),
    "unreachable": (_unreachable,),
}
"""What a case can be made of; the library takes them in turn."""


def case(family: str, seed: int) -> Case:
    """One random model of ``family``; the same for the same seed."""
    rng = np.random.default_rng([seed, list(FAMILIES).index(family)])
    accounts, reps = int(rng.integers(1, 7)), int(rng.integers(1, 5))
    build = builder(accounts, some_pairs(rng, accounts, reps), reps)
    # One case in four has weights of many digits.
    places = 12 if rng.random() < 0.25 else int(rng.integers(0, 3))
    weight = np.round(rng.uniform(1, 20, accounts), places)
    pairs = len(build.pairs)
    build.add_cost("travel", np.round(rng.uniform(0, 10, pairs), 12 if places == 12 else 2))
    if rng.random() < 0.3:
        build.add_cost("fit", -np.round(rng.uniform(0, 5, pairs), 1))
        build.add_constant("fit", 5.0)
    draft = Draft(rng, build, reps, weight)
    for part in FAMILIES[family]:
        part(draft)
    return Case(f"{family}-{seed}", build.build())


def orphan() -> Case:
    """No plan: the second of three accounts has no candidate."""
    build = builder(3, Pairs.of([0, 0, 2], [0, 1, 1], 3), 2)
    build.add_cost("travel", [1.0, 2.0, 3.0])
    return Case("orphan", build.build())


def library(count: int = 200, seed: int = 0) -> list[Case]:
    """``count`` small models, every family in turn, feasible and not; same seed, same models."""
    families = list(FAMILIES)
    made = [case(families[k % len(families)], seed + k // len(families)) for k in range(count - 1)]
    return [*made, orphan()]


def repeated(function: RowFunction, times: int) -> RowFunction:
    """``function`` over ``times`` copies of its rows, one copy after the other."""
    values = {each.name: getattr(function, each.name) for each in fields(function)}  # type: ignore[arg-type]
    tiled = {
        name: np.tile(value, (times,) + (1,) * (value.ndim - 1)) for name, value in values.items()
    }
    if "group" in tiled:
        groups = len(values["weight"])
        tiled["group"] = tiled["group"] + groups * np.repeat(np.arange(times), function.rows)
    return type(function)(**tiled)


def brute_force(model: Model) -> tuple[float, NDArray[np.int64] | None]:
    """The least cost of any plan and the pairs it picks, by trying all; ``inf`` and None if none.

    For models of a few thousand plans.
    """
    spans = [
        np.arange(first, last)
        for first, last in zip(model.pairs.start, model.pairs.start[1:], strict=False)
    ]
    plans = np.stack([side.ravel() for side in np.meshgrid(*spans, indexing="ij")], axis=1)
    if not len(plans):
        return np.inf, None
    cost = model.constant + model.cost[plans].sum(axis=1)
    for block in model.blocks:
        if not block.rows:
            continue
        columns = block.matrix.toarray().T
        loads = np.sum([columns[picked] for picked in plans.T], axis=0)
        values = repeated(block.function, len(plans)).value(loads.ravel())
        cost = cost + values.reshape(len(plans), -1).sum(axis=1)
    best = int(np.argmin(cost))
    if not np.isfinite(cost[best]):
        return np.inf, None
    return float(cost[best]), plans[best]
