"""Plans put together: which pairs are left open, which plans are kept, and that it pays."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from search_toys import Ints, every_value, ground_of, middle

from optiterr.model import Model
from optiterr.search import merging, neighbourhoods, rounds
from optiterr.search.arms import Arm
from optiterr.search.core import Core
from optiterr.search.ground import Ground
from optiterr.search.merging import Plans, differing, knockout, near, put_together
from optiterr.search.neighbourhoods import Found, Hunt, State, Task
from optiterr.search.part import part_of
from optiterr.search.programs import Answer, solved
from optiterr.search.rounds import Rounds
from optiterr.search.watch import Watch
from optiterr.solution import Limits

sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))

import instances


def test_only_pairs_of_accounts_that_differ_are_open() -> None:
    """By hand: the second account has the same pair in all plans."""
    plans = [np.array([0, 3, 6]), np.array([1, 3, 6]), np.array([0, 3, 7])]
    assert differing(plans).tolist() == [0, 1, 6, 7]
    assert differing(plans[:1]).tolist() == []
    assert differing([plans[0], plans[0]]).tolist() == []


def test_plans_join_while_they_differ_in_few_pairs() -> None:
    """The first one always does; the next ones only while all pairs together are few."""
    plan, *others = np.array([0, 3, 6]), np.array([1, 3, 6]), np.array([0, 4, 6])
    assert put_together(plan, others, 4).tolist() == [0, 1, 3, 4]
    assert put_together(plan, others, 3).tolist() == [0, 1]
    assert put_together(plan, others, 1).tolist() == [0, 1]
    assert put_together(plan, [], 9).tolist() == []


def test_around_some_reps_accounts_keep_the_pair_they_have() -> None:
    """Pairs at other reps go, and so do all pairs of accounts that are at other reps."""
    core = ground_of(middle(7)[0])[0].core
    start, rep = core.pairs.start, core.pairs.rep
    one = int(np.flatnonzero(np.diff(start) >= 3)[0])
    own = np.arange(start[one], start[one + 1])
    choice = start[:-1].copy()
    members = np.unique(rep[own[:2]])
    assert near(core, own[:3], choice, members, 8).tolist() == own[:2].tolist()
    choice[one] = own[2]
    assert near(core, own[:3], choice, members, 8).tolist() == []


def test_the_cheapest_new_plan_comes_first_and_the_cheapest_used_ones_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(merging, "MOST", 2)
    plans, random = Plans(), np.random.default_rng(1)
    assert plans.new() is None
    assert plans.used(random) == []
    for cost in (5.0, 3.0, 4.0):
        plans.add(np.array([int(cost)]), cost)
    given = [plans.new() for _ in range(4)]
    assert [None if one is None else one.tolist() for one in given] == [[3], [4], [5], None]
    assert sorted(one.tolist() for one in plans.used(random)) == [[3], [4]]
    plans.add(np.array([1]), 1.0, used=True)
    assert sorted(one.tolist() for one in plans.used(random)) == [[1], [3]]
    assert plans.new() is None


def hunt(
    threads: int, turns: int, monkeypatch: pytest.MonkeyPatch, merges: bool = True
) -> tuple[Ground, State, Rounds]:
    """Neighbourhoods after a first round, from a plan of cheapest pairs."""
    monkeypatch.setattr(neighbourhoods, "WORK", 0.02)
    monkeypatch.setattr(neighbourhoods, "MERGING", 0.05)
    monkeypatch.setattr(rounds, "TRIES_AN_ACCOUNT", 50)
    monkeypatch.setattr(rounds, "EACH_MERGED", 1 if merges else 1_000)
    model = middle(7, 60, 4)[0]
    ground, first = ground_of(model)
    limits = Limits(seconds=60.0, gap=0.0, seed=1, threads=threads)
    watch = Watch(model, limits, None, perf_counter())
    made = Rounds(ground, watch, first, limits, True)
    made.early(threads)
    choice = made.choice
    load = ground.core.loads(choice)
    state = State(choice, load, ground.cost(choice, load), ground.hard)
    hunter = Hunt(ground, watch, 1, threads, rounds=made)
    while hunter.rounds < turns:
        hunter.run(state, perf_counter() + 0.05)
    return ground, state, made


def test_programs_over_plans_take_turns_with_neighbourhoods(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Plans are made when all were used, and kept; what is found is counted as any plan is, and so
    is the work of making them."""
    works: list[float] = []
    learn = Arm.learn

    def learnt(self: Arm, gain: float, answer: Answer, more: float = 0.0) -> None:
        works.append(more)
        learn(self, gain, answer, more)

    monkeypatch.setattr(Arm, "learn", learnt)
    ground, state, made = hunt(2, 10, monkeypatch)
    assert max(works) == pytest.approx(50 * 60 / rounds.TRIES_A_SECOND)
    used = made.plans.used(np.random.default_rng(1))
    assert len(used) > 2
    core = ground.core
    assert state.load == pytest.approx(core.loads(state.choice), abs=1e-6)
    assert (core.pairs.account[state.choice] == np.arange(core.accounts)).all()


def test_few_accounts_a_rep_are_not_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then only the plans of the rounds are there, and none of them was used."""
    _, _, made = hunt(1, 3, monkeypatch, merges=False)
    assert not made.merge
    assert made.plans.used(np.random.default_rng(1)) == []


@dataclass(frozen=True, eq=False)
class Two:
    """Two plans, and the cheapest that takes each account's pair from one of them, by counting."""

    model: Model
    core: Core
    plans: tuple[Ints, Ints]
    least: float


def two_plans(seed: int) -> Two:
    """A plan, and one that differs from it in up to nine accounts."""
    made = instances.make("geo", 60, 3, seed + 1)
    model, random = made.model, np.random.default_rng(seed)
    one = made.hidden_choice
    other, some = one.copy(), random.permutation(60)[:9]
    start, size = model.pairs.start[:-1], np.diff(model.pairs.start)
    other[some] = start[some] + random.integers(size[some])
    free = np.flatnonzero(one != other)
    mixes = np.repeat(one[None], 2 ** len(free), axis=0)
    taken = (np.arange(len(mixes))[:, None] >> np.arange(len(free))) & 1 == 1
    mixes[:, free] = np.where(taken, other[free], one[free])
    return Two(model, Core.of(model), (one, other), every_value(model, mixes).min())


@pytest.mark.parametrize("seed", range(4))
def test_the_best_of_two_plans_is_found(seed: int) -> None:
    """The program over the pairs in which they differ finds the cheapest of all that mix them."""
    two = two_plans(seed)
    core, (one, other) = two.core, two.plans
    part = part_of(core, differing([one, other]), one, core.loads(one))
    answer = solved(part.model, part.choice(one), "highs", 1e3, 1, perf_counter() + 20.0)
    assert answer.picked is not None
    assert core.worth(part.into(one, answer.picked)) == pytest.approx(two.least)


def watching(model: Model, stopped: bool = False) -> Watch:
    """A watch with a minute left, unless somebody stops."""
    return Watch(model, Limits(seconds=60.0, gap=0.0), lambda *_: stopped, perf_counter())


@pytest.mark.parametrize("seed", range(4))
def test_two_plans_leave_the_best_that_mixes_them(seed: int) -> None:
    """The watch hears of it, and a plan alone stays what it is."""
    two = two_plans(seed)
    core, watch = two.core, watching(two.model)
    plans = [(one, core.worth(one)) for one in two.plans]
    choice, cost = knockout(core, watch, plans, 20.0, 1, watch.end)
    assert cost == core.worth(choice) == pytest.approx(two.least) == watch.worth
    assert knockout(core, watch, plans[:1], 20.0, 1, watch.end) == plans[0]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("count", [2, 3, 7, 8])
def test_of_many_plans_one_is_left(count: int, threads: int) -> None:
    """It takes each account's pair from one of them, is no dearer than any, and the same again."""
    made = instances.make("geo", 80, 4, 1)
    core, random = Core.of(made.model), np.random.default_rng(count)
    plans = []
    for _ in range(count):
        choice = made.hidden_choice.copy()
        some = random.permutation(80)[:6]
        choice[some] = core.pairs.start[some]
        plans.append((choice, core.worth(choice)))
    watch = watching(made.model)
    left = [knockout(core, watch, plans, 20.0, threads, watch.end) for _ in range(2)]
    choice, cost = left[0]
    assert (np.stack([plan for plan, _ in plans]) == choice).any(axis=0).all()
    assert cost == core.worth(choice) < min(cost for _, cost in plans)
    assert left[1][1] == cost


@pytest.mark.parametrize("stopped", [False, True])
def test_without_time_or_when_stopped_the_cheapest_plan_is_left(
    stopped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No program is made once somebody stops, and none is solved without time."""
    two = two_plans(1)
    watch = watching(two.model, stopped)
    plans = [(one, two.core.worth(one)) for one in two.plans]
    end = watch.end if stopped else perf_counter()
    if stopped:
        monkeypatch.setattr(merging, "part_of", None)
    assert knockout(two.core, watch, plans, 20.0, 1, end) == min(plans, key=lambda one: one[1])


# ------------------------------------------------------------------- hardly any pairs


def test_programs_of_plans_that_simmer_hold_hardly_any_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The pairs of least regret, one for each account and a twentieth more, beside those of the
    plan; accounts that have but one of them are left out. Without a plan there may be more."""
    monkeypatch.setattr(neighbourhoods, "simmers", lambda core: True)
    monkeypatch.setattr(rounds, "TRIES_AN_ACCOUNT", 50)
    model = middle(7, 60, 4)[0]
    ground, first = ground_of(model)
    limits = Limits(seconds=60.0, gap=0.0, seed=1, threads=1)
    watch = Watch(model, limits, None, perf_counter())
    lost = Hunt(ground, watch, 1, 1)
    Rounds(ground, watch, first, limits, True).early(1)
    assert watch.best is not None
    hunter = Hunt(ground, watch, 1, 1)
    few = np.sort(ground.regret)[int(1.05 * 60) - 1]
    for one, most in ((lost, np.sort(ground.regret)[int(2.5 * 60) - 1]), (hunter, few)):
        arms = [arm for arm in one._ways[0]._arms if arm.solver != neighbourhoods.CHAINS]
        assert arms[0].pool is not None
        assert arms[0].pool.pair.tolist() == np.flatnonzero(ground.regret <= most).tolist()
    tasks: list[Task] = []
    solve = Hunt._solve

    def told(self: Hunt, state: State, task: Task, arm: Arm, end: float) -> Found:
        if arm.solver != neighbourhoods.CHAINS:
            tasks.append(task)
        return solve(self, state, task, arm, end)

    monkeypatch.setattr(Hunt, "_solve", told)
    core = ground.core
    before = State(watch.best, core.loads(watch.best), watch.worth)
    after = hunter.run(before, perf_counter() + 1.0)
    assert after.cost == pytest.approx(core.worth(after.choice))
    used = [task.pairs for task in tasks if len(task.pairs)]
    assert used
    for pairs in used:
        assert np.bincount(core.pairs.account[pairs]).max() > 1
        assert 1 not in np.bincount(core.pairs.account[pairs])
