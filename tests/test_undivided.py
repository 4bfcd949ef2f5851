"""Bounds for whole accounts: by hand, against every set and every plan, and against lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from search_toys import every_choice, every_value, middle, tiny, tiny_ones

from optiterr import undivided
from optiterr.certificate import lower_bound, reduced_cost
from optiterr.engine import save
from optiterr.engine import solve as solve_scenario
from optiterr.errors import AuditError
from optiterr.model import Model, ModelBuilder
from optiterr.pairs import Pairs
from optiterr.plan import Plan
from optiterr.rowfunctions import Band, Piecewise, slack_of, worst
from optiterr.scenario.loading import load
from optiterr.search.decompose import solve
from optiterr.solution import Limits
from optiterr.tighten import tightened
from optiterr.undivided import (
    Left,
    Sets,
    Undivided,
    nodes_each,
    raised,
    sets_each,
    short,
    worthwhile,
)
from optiterr.verification import verify

QUICKSTART = Path(__file__).resolve().parents[1] / "scenarios" / "quickstart" / "quickstart.yaml"

MANY = 1_000_000


def builder(accounts: int, reps: int) -> ModelBuilder:
    ids = (
        np.array([f"{one}{at}" for at in range(count)], dtype=object)
        for one, count in (("a", accounts), ("r", reps))
    )
    return ModelBuilder(*ids, Pairs.full(accounts, reps))


def one_for_two() -> Model:
    """One account of size 2, two reps whose part is 1; each unit off costs 3."""
    made = builder(1, 2)
    made.add_rep_rows("even", Band.of(2, low=1.0, high=1.0, price_below=3.0, price_above=3.0), 2.0)
    return made.build()


def test_an_account_that_two_reps_would_share_by_hand() -> None:
    """Divided, nobody is off by anything. Whole, one rep has 1 too much and one 1 too little: 6.

    At stakes of 0 either rep loses 3 with the account and 3 without it.
    """
    model = one_for_two()
    bound = lower_bound(model, np.zeros(2))
    assert bound.value == pytest.approx(0.0, abs=1e-9)
    found = Sets(model, bound).bound(np.zeros(1), MANY)
    assert found.losses.tolist() == [3.0, 3.0]
    assert found.value == pytest.approx(6.0, abs=1e-6)
    assert found.value <= 6.0


def test_limits_count_too_by_hand() -> None:
    """Two accounts of 2 hours; r0 costs nothing and has room for 3, r1 costs 5 for each.

    Divided, half an account goes to r1: 2.5. Whole, r0 can have one: 5. With the price 2.5 an hour
    accounts are tied; a stake of 0 leaves r0 its choice: with one it wastes an hour, 2.5.
    """
    made = builder(2, 2)
    made.add_cost("travel", [0.0, 5.0, 0.0, 5.0])
    made.add_rows("hours", Band.of(1, upper=3.0), ["r0"], [0, 0], [0, 2], 2.0)
    model = made.build()
    bound = lower_bound(model, np.array([2.5]))
    assert bound.value == pytest.approx(2.5)
    found = Sets(model, bound).bound(np.zeros(2), MANY)
    assert found.losses == pytest.approx([2.5, 0.0], abs=1e-5)
    assert found.value == pytest.approx(5.0, abs=1e-4)


def own_rows_excess(model: Model, prices: np.ndarray, x: np.ndarray, rep: int) -> float:
    """What the rows that only ``rep`` loads cost beyond their prices at the picks ``x``."""
    total = 0.0
    for start, block in zip(model.row_start, model.blocks, strict=False):
        if not isinstance(block.function, Band | Piecewise):
            continue
        y, p = block.matrix @ x, prices[start : start + block.rows]
        excess = block.function.value(y) + block.function.conjugate(p) - p * y
        for row in range(block.rows):
            mine = model.pairs.rep[block.matrix[[row]].indices]
            if len(mine) and (mine == rep).all():
                total += float(excess[row])
    return total


def losses_counted(model: Model, price: np.ndarray, stakes: np.ndarray) -> np.ndarray:
    """What each rep loses at least, over all sets of its pairs."""
    bound = lower_bound(model, price)
    apart = reduced_cost(model, bound.prices) - (bound.cheapest + stakes)[model.pairs.account]
    found = []
    for rep in range(int(model.pairs.rep.max()) + 1):
        own = np.flatnonzero(model.pairs.rep == rep)
        least = np.inf
        for picks in product((0, 1), repeat=len(own)):
            x = np.zeros(len(model.pairs))
            x[own] = picks
            lost = float(np.abs(apart[own])[(x[own] == 1) != (apart[own] < 0)].sum())
            least = min(least, lost + own_rows_excess(model, bound.prices, x, rep))
        found.append(least)
    return np.array(found)


@pytest.mark.parametrize("seed", range(30))
def test_losses_are_the_least_over_all_sets(seed: int) -> None:
    model, rng = tiny([41, seed]), np.random.default_rng(seed)
    price = rng.normal(size=model.rows) * 2.0
    ledger = Sets(model, lower_bound(model, price))
    stakes = ledger.halfway() * rng.uniform(0.5, 1.5, model.pairs.accounts)
    counted = losses_counted(model, price, stakes)
    found = ledger.bound(stakes, MANY)
    # Hard limits are let out by the tolerance, and cost much, not everything.
    soft = counted < 1e3
    assert soft.any()
    assert found.losses[soft] == pytest.approx(counted[soft], rel=1e-4, abs=1e-4)
    assert (found.losses <= counted + 1e-4 * np.maximum(1.0, np.abs(counted))).all()


@pytest.mark.parametrize("seed", range(30))
def test_nodes_find_the_least_where_sets_do_not(seed: int) -> None:
    """One set proves next to nothing; branch and bound goes on to the end from there."""
    model, rng = tiny([46, seed]), np.random.default_rng(seed)
    price = rng.normal(size=model.rows) * 2.0
    ledger = Sets(model, lower_bound(model, price))
    stakes = ledger.halfway() * rng.uniform(0.2, 1.8, model.pairs.accounts)
    counted = losses_counted(model, price, stakes)
    found = ledger.bound(stakes, 1, nodes=5_000)
    soft = counted < 1e3
    assert found.losses[soft] == pytest.approx(counted[soft], rel=1e-4, abs=1e-4)
    assert (found.losses <= counted + 1e-4 * np.maximum(1.0, np.abs(counted))).all()
    for nodes in (1, 3):
        few = ledger.bound(stakes, 1, nodes=nodes).losses
        assert (few <= counted + 1e-4 * np.maximum(1.0, np.abs(counted))).all()
    # The sets that it names lose that much, and no other set was mistaken for them.
    picked = found.chosen
    for rep in np.flatnonzero(soft & (counted < 100.0)):
        own = np.flatnonzero(model.pairs.rep == rep)
        only = loses_with(model, price, stakes, own[picked[own]], int(rep))
        assert only == pytest.approx(counted[rep], rel=1e-4, abs=1e-4)


def loses_with(
    model: Model, price: np.ndarray, stakes: np.ndarray, pairs: np.ndarray, rep: int
) -> float:
    """What ``rep`` loses with exactly these pairs."""
    bound = lower_bound(model, price)
    apart = reduced_cost(model, bound.prices) - (bound.cheapest + stakes)[model.pairs.account]
    own = model.pairs.rep == rep
    x = np.zeros(len(own))
    x[pairs] = 1.0
    lost = float(np.abs(apart[own])[(x[own] == 1) != (apart[own] < 0)].sum())
    return lost + own_rows_excess(model, bound.prices, x, rep)


def test_more_nodes_never_prove_less_and_never_too_much() -> None:
    lifts = []
    for seed in range(40):
        model = tiny([47, seed])
        least = float(every_value(model, every_choice(model.pairs)).min())
        ledger = Sets(model, lower_bound(model, np.zeros(model.rows)))
        stakes = ledger.halfway()
        values = [ledger.bound(stakes, 1, nodes=nodes).value for nodes in (0, 1, 4, 1_000)]
        assert values == sorted(values)
        assert values[-1] <= least + 1e-6 * max(1.0, abs(least))
        lifts.append(values[-1] - values[0])
    assert sum(lift > 1e-3 for lift in lifts) > 10


def test_reps_that_sets_settle_hide_no_others_from_nodes() -> None:
    """Two or three reps at a time, and each alone: the same losses, some raised by nodes."""
    raised_by = 0
    for seed in range(6):
        model, _ = middle([48, seed], 60, 9)
        ledger = Sets(model, lower_bound(model, np.zeros(model.rows)))
        bare, together, alone = (
            ledger.bound(ledger.halfway(), 1, threads, nodes).losses
            for threads, nodes in ((1, 0), (1, 40), (9, 40))
        )
        assert together == pytest.approx(alone)
        raised_by += 0 < np.count_nonzero(together > bare) < 9
    assert raised_by


@pytest.mark.parametrize("seed", range(20))
def test_what_is_left_is_bounded_alone(seed: int) -> None:
    """Some reps have their sets: what the others cost, accounts that are left among reps that are
    left, is never overstated, and exact where each account has one rep."""
    rng = np.random.default_rng(seed)
    accounts, reps = 5, 3
    made = builder(accounts, reps)
    made.add_cost("cost", rng.integers(1, 20, accounts * reps).astype(float))
    size = rng.integers(1, 6, accounts * reps).astype(float)
    made.add_rep_rows(
        "part", Band.of(reps, low=4.0, high=5.0, price_below=2.0, price_above=3.0), size
    )
    model = made.build()
    left = Left(rng.random(accounts) < 0.7, np.flatnonzero(rng.random(reps) < 0.7))
    ledger = Sets(model, lower_bound(model, rng.uniform(-2, 3, reps)))
    found = ledger.bound(ledger.halfway(), MANY, nodes=100, left=left)
    function, least = model.blocks[0].function, np.inf
    served = np.flatnonzero(left.accounts)
    for to in product(left.reps.tolist(), repeat=len(served)):
        pairs = served * reps + np.array(to, dtype=int)
        load = np.bincount(np.array(to, dtype=int), size[pairs], minlength=reps)
        charge = function.value(load)[left.reps].sum()
        least = min(least, float(model.cost[pairs].sum() + charge))
    assert found.value <= least + 1e-6
    if len(left.reps) == 1:
        # Paid more than they can cost, all are served: nothing is lost by not knowing that.
        dear = ledger.bound(np.full(accounts, 1e3), MANY, nodes=1_000, left=left)
        assert dear.value == pytest.approx(least, abs=1e-6)


@pytest.mark.parametrize("points", [1, 2, 4])
def test_what_a_row_costs_beyond_its_price_is_never_overstated(points: int) -> None:
    """Lines for curves with hard and soft ends stay below ``f(y) + f*(p) - p y``, where ``f*`` lets
    hard ends out: inside, at the ends and in the slack. And their slopes bound them from below."""
    rng = np.random.default_rng(points)
    for _ in range(300):
        at = np.cumsum(rng.uniform(0.2, 3.0, (1, points)), axis=1) + rng.uniform(-40, 40)
        slopes = np.sort(rng.uniform(-3, 3, points + 1))
        cost = np.append(0.0, np.cumsum(slopes[1:-1] * np.diff(at[0])))[None, :]
        ends = np.where(rng.random(2) < 0.6, (-np.inf, np.inf), slopes[[0, -1]])
        curve = Piecewise.of(at, cost, ends[0], ends[1])
        price = curve.project(rng.uniform(-4, 4, 1))
        where, slope, level, conjugate = undivided._excess(curve, price)
        lines = undivided._Lines.of([(where[0], slope[0], level[0])])
        slack = slack_of(at[0])
        loads = np.concatenate(
            [at[0], at[0] - slack, at[0] + slack, rng.uniform(at[0, 0] - 2, at[0, -1] + 2, 20)]
        )
        for y in loads:
            one = np.array([y])
            true = float((curve.value(one) + conjugate - price * one)[0])
            told = float(lines.excess(one)[0])
            assert told <= true + 1e-9
            if np.isfinite(true):
                off = max(lines.least[0] - y, 0.0) * lines.fall[0] if lines.fall[0] else 0.0
                off += max(y - lines.most[0], 0.0) * lines.rise[0] if lines.rise[0] else 0.0
                assert off <= told + 1e-9


def test_few_sets_prove_less_and_never_more() -> None:
    lifts = []
    for seed in range(30):
        model = tiny([42, seed])
        least = float(every_value(model, every_choice(model.pairs)).min())
        answer = solve(model, Limits(seconds=1.0, seed=1))
        if answer.prices is None:
            continue
        bound = lower_bound(model, answer.prices)
        ledger = Sets(model, bound)
        values = [ledger.bound(ledger.halfway(), sets).value for sets in (1, 30, MANY)]
        assert values == sorted(values)
        assert values[-1] <= least + 1e-6 * max(1.0, abs(least))
        lifts.append(values[-1] - bound.value)
    assert len(lifts) > 20
    assert sum(lift > 1e-3 for lift in lifts) > 5


def test_better_stakes_prove_more() -> None:
    better = 0
    for model, least in tiny_ones(43, 30):
        ledger = Sets(model, lower_bound(model, np.zeros(model.rows)))
        first = ledger.bound(ledger.halfway(), 1000)
        found = raised(ledger, ledger.halfway(), least, 1000, 100_000)
        assert first.value <= found.value <= least + 1e-6 * max(1.0, abs(least))
        better += found.value > first.value + 1e-6
    assert better > 5


def test_weights_by_hand() -> None:
    """Accounts of 2 and 6 hours, 4 is usual: one weighs a half, the other one and a half.

    On a second row, of one unit each, both are usual. A row that nobody loads changes nothing.
    """
    made = builder(2, 2)
    for rule, size in (("even", np.array([2.0, 2.0, 6.0, 6.0])), ("count", 1.0), ("idle", 0.0)):
        made.add_rep_rows(rule, Band.of(2, low=4.0, price_below=3.0), size)
    model = made.build()
    ledger = Sets(model, lower_bound(model, np.zeros(model.rows)))
    assert ledger.weight == pytest.approx([1.5, 2.5])


def test_stakes_of_heavy_accounts_move_farther() -> None:
    """Both reps want both accounts: the heavier one's stake falls by more, by the square root."""
    made = builder(2, 2)
    made.add_rep_rows("even", Band.of(2, low=8.0, price_below=3.0), np.array([2.0, 2.0, 6.0, 6.0]))
    model = made.build()
    asked: list[np.ndarray] = []

    class Told(Sets):
        def bound(self, stakes: np.ndarray, *given: Any, **named: Any) -> Undivided:
            asked.append(stakes)
            return super().bound(stakes, *given, **named)

    ledger = Told(model, lower_bound(model, np.zeros(model.rows)))
    for reach, far in ((None, 1.0), (ledger.reach, np.sqrt(3.0))):
        asked.clear()
        raised(ledger, np.array([1.0, 1.0]), 100.0, 100, 1000, 1, 5, reach)
        moved = asked[1] - asked[0]
        assert (moved < 0).all()
        assert moved[1] / moved[0] == pytest.approx(far)


def test_threads_change_nothing() -> None:
    model = tiny([44, 0])
    ledger = Sets(model, lower_bound(model, np.zeros(model.rows)))
    one, two = (ledger.bound(ledger.halfway(), 3, threads, 5) for threads in (1, 2))
    assert one.value == two.value
    assert one.losses.tolist() == two.losses.tolist()
    assert one.looked == two.looked > 0
    assert one.weighed == two.weighed > 0


def test_a_rep_that_loses_less_than_proved_is_told() -> None:
    model = one_for_two()
    ledger = Sets(model, lower_bound(model, np.zeros(2)))
    found = ledger.bound(np.zeros(1), MANY)
    assert ledger.spare(np.array([0]), found) == pytest.approx([0.0, 0.0], abs=1e-9)
    found.losses[1] = 3.5
    with pytest.raises(AuditError, match=r"rep r1 loses 3 in this plan, less than .* 3\.5"):
        ledger.spare(np.array([0]), found)


def test_stakes_begin_halfway_to_the_second_best_pair() -> None:
    """Reduced costs 1, 4, 9 and 5, 5, 2 at prices of 0: 3 apart each, so 1.5."""
    made = builder(2, 3)
    made.add_cost("travel", [1.0, 4.0, 9.0, 5.0, 5.0, 2.0])
    model = made.build()
    assert Sets(model, lower_bound(model, np.zeros(0))).halfway().tolist() == [1.5, 1.5]


def test_stakes_are_kept_to_seven_digits() -> None:
    assert short(np.array([1 / 3, 1234567.89, 0.0])).tolist() == [0.3333333, 1234568.0, 0.0]


def test_where_it_is_worth_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    model = one_for_two()
    assert worthwhile(model)
    assert sets_each(model) == undivided.SETS
    monkeypatch.setattr(undivided, "ALL_SETS", 1000)
    assert sets_each(model) == 500
    assert nodes_each(model) == undivided.NODES
    monkeypatch.setattr(undivided, "NODE_PAIRS", 20)
    assert nodes_each(model) == 10
    monkeypatch.setattr(undivided, "MOST_PAIRS", 1)
    assert not worthwhile(model)


# ------------------------------------------------------------------------- accounts that are large


def test_an_account_beyond_its_part_is_paid_with_the_pair_by_hand() -> None:
    """Of 2 units, 1 is beyond either rep's part: 3 is paid with any pair, and 1 stays in the row.

    Row prices alone prove these 3 now; that the other rep lacks 1 needs whole accounts.
    """
    model = one_for_two()
    tight = tightened(model)
    assert tight.cost.tolist() == [3.0, 3.0]
    assert tight.blocks[0].matrix.toarray().tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert lower_bound(tight, np.zeros(2)).value == pytest.approx(3.0)
    for x in np.eye(2):
        assert tight.value(x) == model.value(x) == 6.0


def test_the_worst_rep_is_off_by_what_the_largest_account_is_by_hand() -> None:
    """4 units to two reps with a part of 1: whoever has them is 3 over."""
    made = builder(1, 2)
    made.add_rep_rows("worst", worst([0, 0], 1.0, 2.0), 4.0)
    model = made.build()
    assert lower_bound(model, np.zeros(2)).value == pytest.approx(0.0, abs=1e-9)
    tight = tightened(model)
    assert lower_bound(tight, np.zeros(2)).value == pytest.approx(6.0)
    assert lower_bound(tight, np.array([1.0, 0.0])).value <= 6.0
    assert [tight.value(x) for x in np.eye(2)] == [6.0, 6.0]
    assert lower_bound(tightened(model, all_pairs=False), np.zeros(2)).value <= 1e-9


def test_rows_with_an_upper_limit_or_negative_loads_stay() -> None:
    made = builder(1, 2)
    made.add_rep_rows("limit", Band.of(2, high=1.0, upper=9.0, price_above=3.0), 2.0)
    made.add_rep_rows("both ways", Band.of(2, high=1.0, price_above=3.0), np.array([2.0, -1.0]))
    made.add_rep_rows("free", Band.of(2, low=1.0, high=1.0, price_below=3.0), 2.0)
    model = made.build()
    tight = tightened(model)
    assert tight.blocks[0] is model.blocks[0]
    assert tight.blocks[2] is model.blocks[2]
    # Of the second block only the row without negative loads changes.
    assert tight.blocks[1].matrix.data.tolist() == [1.0, -1.0]
    assert tight.cost.tolist() == [3.0, 0.0]


@pytest.mark.parametrize("seed", range(40))
def test_tightening_costs_no_plan_anything_and_proves_no_less(seed: int) -> None:
    model, rng = tiny([45, seed]), np.random.default_rng(seed)
    choices = every_choice(model.pairs)
    tight = tightened(model)
    assert every_value(tight, choices) == pytest.approx(every_value(model, choices))
    price = rng.normal(size=model.rows)
    proved = lower_bound(tight, price).value
    least = float(every_value(model, choices).min())
    assert proved <= least + 1e-6 * max(1.0, abs(least))


# ------------------------------------------------------------------------------- in a plan's file


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plan file of the quickstart, where whole accounts prove a good part of the bound."""
    asked = load(QUICKSTART)
    file = tmp_path_factory.mktemp("quickstart") / "plan.json"
    save(solve_scenario(asked), asked, file)
    return file


def test_a_plan_says_what_whole_accounts_prove(told: Path) -> None:
    plan = Plan.read(told)
    assert plan.whole is not None
    assert plan.gap is not None
    assert plan.cost is not None
    assert plan.bound_proved is not None
    apart = plan.gap.regret + plan.gap.residual + plan.gap.rounding
    # The identity of prices, less what whole accounts add.
    assert plan.cost - plan.bound_proved == pytest.approx(apart - plan.whole.lift, abs=1e-6)
    assert 0 < plan.whole.lift <= sum(plan.whole.losses.values())
    assert plan.bound_proved <= plan.cost
    assert set(plan.whole.stakes) == set(plan.assignment)


@pytest.mark.parametrize(
    ("change", "fails", "says"),
    [
        (lambda p: p["whole"].update(lift=p["whole"]["lift"] + 0.5), "whole accounts add", ""),
        (lambda p: p["whole"]["losses"].clear(), "no less than whole accounts", "in all"),
        (lambda p: p["whole"].update(sets=1, nodes=0), "proved bound", ""),
        (lambda p: p["whole"].update(sets=10**9), "no less than whole accounts", "looked at again"),
        (
            lambda p: p["whole"].update(nodes=10**9),
            "no less than whole accounts",
            "nodes for a rep",
        ),
        (lambda p: p["whole"]["stakes"].popitem(), "no less than whole accounts", "the accounts"),
        (lambda p: p.update(whole=None), "proved bound", ""),
        (
            lambda p: p["whole"].update(stakes=dict.fromkeys(p["whole"]["stakes"], 50.0)),
            "proved bound",
            "",
        ),
    ],
    ids=["lift", "losses", "few sets", "many sets", "many nodes", "an account", "none", "stakes"],
)
def test_doctored_proofs_of_whole_accounts_are_found_out(
    told: Path, change: Callable[[dict[str, Any]], object], fails: str, says: str
) -> None:
    assert verify(told).holds
    lie = json.loads(told.read_text(encoding="utf-8"))
    change(lie)
    path = told.with_name("lie.json")
    path.write_text(json.dumps(lie), encoding="utf-8")
    wrong = [one for one in verify(path).checks if not one.holds]
    assert any(fails in one.what and says in one.recounted for one in wrong)


def test_branch_and_bound_loses_what_the_best_of_all_sets_loses() -> None:
    """Two reps, fourteen accounts, two loads with targets: looking at all sets, and branching to
    the end from no set at all, say the same of each rep."""
    for seed in range(40):
        rng = np.random.default_rng([76, seed])
        made = ModelBuilder(
            np.array([f"a{at}" for at in range(14)], dtype=object),
            np.array(["r0", "r1"], dtype=object),
            Pairs.full(14, 2),
        )
        made.add_cost("travel", rng.uniform(0.0, 3.0, 28))
        for name in ("hours", "calls"):
            size = rng.uniform(1.0, 6.0, 14)
            part = float(size.sum()) / 2 * rng.uniform(0.9, 1.1)
            target = Band.of(2, low=part, high=part, price_below=2.0, price_above=2.0)
            made.add_rep_rows(name, target, np.repeat(size, 2))
        model = made.build()
        sets = Sets(model, lower_bound(model, rng.normal(scale=0.3, size=model.rows)))
        stakes = rng.uniform(0.0, 2.0, 14)
        every = sets.bound(stakes, 1_000_000).losses
        assert sets.bound(stakes, 1, nodes=2_000).losses == pytest.approx(every, abs=1e-7)
