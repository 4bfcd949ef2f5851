"""Trades between two reps: worked by hand, against all of them, and how they are drawn."""

from __future__ import annotations

from itertools import combinations, product
from types import MappingProxyType

import numpy as np
import pytest
from scipy import sparse
from search_toys import Floats, Ints, ground_of, middle

from optiterr.model import Block, Model
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band
from optiterr.search import cooling
from optiterr.search.chains import STIFF
from optiterr.search.cooling import missed_rows, simmered
from optiterr.search.core import Core
from optiterr.search.ground import Ground
from optiterr.search.moves import Field
from optiterr.search.points import Lines, lines
from optiterr.search.trades import FEW, traded

COLD = np.zeros(1)


def sales(
    cost: Floats, sizes: Floats, target: Floats, price: float, most: float | None = None
) -> Core:
    """Accounts and reps, shapes (N, R): each column of ``sizes`` loads rows of its own, a unit off
    ``target``, shape (R, columns), costs ``price``. All pairs load a common row, which may carry
    ``most``: by their account's number away from the first rep, else by a quarter."""
    accounts, reps = cost.shape
    pairs, nobody = Pairs.full(accounts, reps), np.empty(0, dtype=object)
    cell = np.arange(accounts * reps)
    blocks = []
    for k, size in enumerate(sizes.T):
        matrix = sparse.csr_array((np.repeat(size, reps), (pairs.rep, cell)), (reps, len(cell)))
        off = Band.of(
            reps, low=target[:, k], high=target[:, k], price_below=price, price_above=price
        )
        blocks.append(Block(f"size {k}", f"size {k}", ("",) * reps, matrix, off))
    if most is not None:
        away = np.where(pairs.rep == 0, 0.25, pairs.account + 1.0)
        row = sparse.csr_array(away.reshape(1, -1))
        blocks.append(Block("away", "away", ("",), row, Band.of(1, upper=most)))
    costs = MappingProxyType({"": cost.ravel().astype(float)})
    return Core.of(Model(nobody, nobody, pairs, costs, MappingProxyType({}), tuple(blocks)))


def plan(core: Core, reps: list[int]) -> Ints:
    return core.pairs.start[:-1] + np.array(reps)


def made(
    core: Core, choice: Ints, heats: Floats = COLD, price: Floats | None = None, seed: int = 0
) -> Ints:
    """The plan that trades make of ``choice``, a missed limit costing 1000 a unit."""
    field, load = Field.of(core, np.arange(len(core.pairs))), core.loads(choice)
    price = np.zeros(core.rows) if price is None else price
    table = lines(core, price, load, np.full(core.rows, 1000.0), load)
    picked, change = traded(core, field, choice, load, table, seed, price, heats)
    after = choice.copy()
    after[field.account] = picked
    told = load.copy()
    told[field.rows] += change
    np.testing.assert_allclose(told, core.loads(after), atol=1e-9)
    return after


def test_two_are_traded_for_two_where_no_exchange_of_one_for_one_fits() -> None:
    """Sizes 5 + 4 against 6 + 3: both reps carry 9, as they should; any other split that moves two
    accounts or fewer is off by one at least, which costs 100. All four change hands and gain 4."""
    sizes = np.array([[5.0], [4.0], [6.0], [3.0]])
    cost = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    core = sales(cost, sizes, np.array([[9.0], [9.0]]), 100.0)
    after = made(core, plan(core, [0, 0, 1, 1]))
    assert core.pairs.rep[after].tolist() == [1, 1, 0, 0]
    assert core.worth(after) == 0.0


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("seed", range(16))
def test_the_best_trade_of_up_to_four_is_made(seed: int, limited: bool) -> None:
    """Eight accounts, two reps, two sizes: of all ways in which up to four accounts can change
    hands the cheapest is found, at any prices of the reps' rows; with a common limit, too."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 9, (8, 2)).astype(float)
    half = np.tile(sizes.sum(axis=0) / 2, (2, 1))
    core = sales(rng.integers(0, 30, (8, 2)), sizes, half, 5.0, 15.0 if limited else None)
    price = core.inside(rng.uniform(-5.0, 5.0, core.rows))
    price[4:] = 0.0
    begin = np.zeros(8, dtype=int) if limited else rng.integers(0, 2, 8)
    best = core.worth(plan(core, begin.tolist()))
    for some in (one for many in range(1, 5) for one in combinations(range(8), many)):
        other = begin.copy()
        other[list(some)] = 1 - other[list(some)]
        best = min(best, core.worth(plan(core, other.tolist())))
    after = made(core, plan(core, begin.tolist()), np.zeros(1), price, seed)
    assert core.worth(after) == pytest.approx(best)


def test_with_heat_plans_are_drawn_by_what_they_cost() -> None:
    """Four accounts, two reps, sixteen plans, each a trade away from every other: what is left
    after one drawing has nothing to do with where it began, and follows exp(-cost / heat)."""
    rng = np.random.default_rng(3)
    sizes = np.array([[1.0], [2.0], [3.0], [5.0]])
    core = sales(rng.integers(0, 6, (4, 2)), sizes, np.array([[5.0], [6.0]]), 1.0)
    heat, many = 2.5, 1500
    plans = [plan(core, list(reps)) for reps in product((0, 1), repeat=4)]
    weight = np.exp(-np.array([core.worth(one) for one in plans]) / heat)
    place = {tuple(one.tolist()): at for at, one in enumerate(plans)}
    # A reach of four heats must hold every account: the dearest move costs less than 4 * 2.5.
    for begin in (plans[0], plans[9]):
        seen = np.zeros(16)
        for seed in range(many):
            seen[place[tuple(made(core, begin, np.array([heat]), seed=seed).tolist())]] += 1
        wanted = weight / weight.sum() * many
        # Chi-square with 15 degrees of freedom: 37.7 is passed by chance once in a thousand.
        assert ((seen - wanted) ** 2 / wanted).sum() < 37.7


def test_of_many_accounts_each_takes_part_sooner_or_later() -> None:
    """Many more accounts than take part at once, the last of them better off elsewhere."""
    accounts = 6 * FEW
    cost = np.zeros((accounts, 2))
    cost[-1, 0] = 1.0
    core = sales(cost, np.zeros((accounts, 1)), np.zeros((2, 1)), 1.0)
    after = made(core, plan(core, [0] * accounts), np.zeros(200))
    assert core.worth(after) == 0.0


def test_nothing_to_trade_leaves_the_plan() -> None:
    """Accounts with one pair each, and fields without any."""
    core = sales(np.zeros((3, 1)), np.ones((3, 1)), np.zeros((1, 1)), 1.0)
    choice = plan(core, [0, 0, 0])
    assert made(core, choice).tolist() == choice.tolist()


@pytest.mark.parametrize(("threads", "block"), [(1, 150), (2, 150), (2, 3)])
def test_simmering_lowers_the_cost_and_repeats_itself(
    monkeypatch: pytest.MonkeyPatch, threads: int, block: int
) -> None:
    """Few accounts a rep are left as they are; else the plan gets cheaper, missed limits counted,
    the same for the same seed, in one block of reps or in several; it ends at once when told to."""
    monkeypatch.setattr(cooling, "BLOCK", block)
    ground, choice = ground_of(middle(7)[0])
    assert simmered(ground, choice, 1, threads, lambda: False) is choice
    monkeypatch.setattr(cooling, "MANY", 1)

    def dear(plan: Ints) -> float:
        return ground.cost(plan, ground.core.loads(plan), cooling.SIMMER[-1][1])

    first = simmered(ground, choice, 1, threads, lambda: False)
    again = simmered(ground, choice, 1, threads, lambda: False)
    assert first.tolist() == again.tolist()
    assert dear(first) < dear(choice)
    assert simmered(ground, choice, 1, threads, lambda: True).tolist() == choice.tolist()
    assert (
        missed_rows(ground.core, ground.core.loads(first)).sum()
        <= missed_rows(ground.core, ground.core.loads(choice)).sum()
    )


def test_missed_limits_become_ever_dearer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stage of trades is charged by lines of its own, the last by those that chains use."""
    ground, choice = ground_of(middle(7)[0])
    monkeypatch.setattr(cooling, "MANY", 1)
    asked: list[float] = []
    lines_of = Ground.lines

    def lines(self: Ground, load: Floats, firm: float = 1.0, together: bool = False) -> Lines:
        if together:
            asked.append(firm)
        return lines_of(self, load, firm, together)

    monkeypatch.setattr(Ground, "lines", lines)
    simmered(ground, choice, 1, 1, lambda: False)
    assert asked == sorted(asked)
    assert asked[0] == 1.0 < asked[-1]
    assert asked[-1] >= STIFF
