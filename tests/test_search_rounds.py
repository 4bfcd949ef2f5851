"""Rounds of moves: the first one short, then longer ones, for as long as that is worth it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from search_toys import Floats, Ints, ground_of, middle

from optiterr.search import cooling, rounds
from optiterr.search.cooling import GENTLE, TIGHT, WARM, Cooling, Pace, cooled
from optiterr.search.core import Core
from optiterr.search.ground import Ground
from optiterr.search.rounds import Rounds
from optiterr.search.watch import Watch
from optiterr.solution import Improvement, Limits

Asked = list[tuple[int, Cooling]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Tries and way of each cooling that is made."""
    seen: Asked = []
    made = rounds.cooled

    def cooled(
        ground: Ground, choice: Ints, tries: int, seed: int, threads: int, *rest: object
    ) -> Ints:
        assert isinstance(rest[1], Cooling)
        seen.append((tries, rest[1]))
        return made(ground, choice, tries, seed, threads, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(rounds, "cooled", cooled)
    monkeypatch.setattr(rounds, "TRIES_AN_ACCOUNT", 100)
    return seen


def begun(
    seconds: float = 60.0, threads: int = 2, sought: bool = True, stopped: bool = False
) -> tuple[Rounds, Ground, Ints, Watch]:
    """Rounds from a plan of cheapest pairs."""

    def stop(line: Improvement, x: Floats | None = None) -> bool:
        return stopped

    model = middle(7, 60, 4)[0]
    ground, first = ground_of(model)
    limits = Limits(seconds=seconds, gap=0.0, seed=1, threads=threads)
    watch = Watch(model, limits, stop, perf_counter())
    return Rounds(ground, watch, first, limits, sought), ground, first, watch


def dear(ground: Ground, plan: Ints) -> float:
    return ground.cost(plan, ground.core.loads(plan), rounds.STIFF)


def test_the_first_round_is_short_and_each_later_one_twice_as_long(asked: Asked) -> None:
    """Two rounds both ways, then the better one; plans get no dearer from round to round."""
    made, ground, first, _ = begun()
    assert made.choice is first
    made.early(2)
    short = rounds.TRIES_AN_ACCOUNT * ground.core.accounts
    assert sorted(asked, key=lambda one: one[1].hot) == [(short, GENTLE), (short, TIGHT)]
    early = made.choice
    assert dear(ground, early) < dear(ground, first)
    made.rest(2)
    assert {tries for tries, _ in asked[2:4]} == {2 * short}
    assert {way for _, way in asked[2:4]} == {GENTLE, TIGHT}
    for number in range(4, len(asked), 2):
        assert asked[number] == asked[number + 1]
        assert asked[number][0] == 2 ** (number // 2) * short
    assert dear(ground, made.choice) <= dear(ground, early)


@pytest.mark.parametrize("found", [True, False])
def test_a_large_model_that_simmers_has_one_round_once_there_is_a_plan(
    found: bool, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neighbourhoods make more of its first plans; without one there are more rounds."""
    monkeypatch.setattr(rounds, "MOST_MERGED", 0)
    monkeypatch.setattr(rounds, "simmers", lambda core: True)
    made, _, _, watch = begun()
    made.early(2)
    assert watch.best is not None
    made._pays = False
    if not found:
        watch.best = None
    plans, coolings = len(made.plans.every()), len(asked)
    made.rest(2)
    assert (len(asked) == coolings) is found
    assert (len(made.plans.every()) == plans) is found


@pytest.mark.parametrize(
    ("large", "many", "share"),
    [(False, False, "SHARE"), (True, False, "HUNTED"), (True, True, "SHARE")],
)
def test_moves_leave_more_time_to_neighbourhoods_in_large_models_of_few_accounts_a_rep(
    large: bool, many: bool, share: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they neither simmer nor are put together beside neighbourhoods."""
    monkeypatch.setattr(rounds, "MOST_MERGED", 0 if large else 60)
    monkeypatch.setattr(rounds, "simmers", lambda core: many)
    made, _, _, watch = begun(seconds=1000.0)
    assert made.large is large
    assert made._end == pytest.approx(watch.until(getattr(rounds, share)), abs=1.0)
    assert rounds.SHARE - rounds.HUNTED > 0.01


def test_one_thread_does_the_work_of_two_in_turn(asked: Asked) -> None:
    """With a thread given away the second round is still made both ways, as long as before."""
    ways = []
    for threads in (2, 1):
        asked.clear()
        made, *_ = begun()
        made.early(2)
        made.rest(threads)
        ways.append(sorted((tries, way.hot) for tries, way in asked[2:4]))
    assert ways[0] == ways[1]


def test_no_time_is_no_round(asked: Asked) -> None:
    """The plan of the first round stays when nothing is left, and when somebody stops."""
    made, *_ = begun()
    made.early(2)
    early, count = made.choice, len(asked)
    made.rest(2, 0.0)
    assert made.choice is early
    assert len(asked) == count
    made, _, first, _ = begun(stopped=True)
    made.early(2)
    made.rest(2)
    assert made.choice is first
    assert len(asked) == count


def test_little_time_is_few_tries(asked: Asked) -> None:
    """What is left of the time is handed out in tries."""
    made, *_ = begun()
    made.early(2)
    made.rest(2, 0.5)
    assert sum(tries for tries, _ in asked[2:]) <= 2 * 0.5 * rounds.TRIES_A_SECOND


def test_a_good_plan_is_only_looked_around(asked: Asked) -> None:
    """One warm cooling with a twentieth of the tries, and no round before it."""
    made, ground, first, _ = begun(sought=False)
    made.early(2)
    assert made.choice is first
    assert not asked
    made.rest(2)
    assert asked == [(rounds.TRIES_AN_ACCOUNT * ground.core.accounts // 20, WARM)]


def test_every_plan_is_offered_at_what_it_is_worth(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, ground, _, watch = begun()
    offered: list[float] = []

    def offer(choice: Ints, worth: float) -> bool:
        assert worth == ground.core.worth(choice)
        offered.append(worth)
        return False

    monkeypatch.setattr(watch, "offer", offer)
    made.early(2)
    made.rest(2)
    assert len(offered) >= len(asked) > 3


@dataclass
class Knockouts:
    """How many plans were to be put together two by two, each time; that closes a share of the gap
    of the cheapest."""

    closes: float = 0.0
    seen: list[int] = field(default_factory=list)
    left: Ints | None = None

    def __call__(
        self, core: Core, watch: Watch, plans: list[tuple[Ints, float]], *_: object
    ) -> tuple[Ints, float]:
        self.seen.append(len(plans))
        choice, cost = min(plans, key=lambda one: one[1])
        cost -= self.closes * (cost - watch.bound)
        watch.offer(choice, cost)
        self.left = choice.copy()
        return self.left, cost


@pytest.fixture
def knockouts(monkeypatch: pytest.MonkeyPatch) -> Knockouts:
    """In place of putting plans together."""
    made = Knockouts()
    monkeypatch.setattr(rounds, "knockout", made)
    return made


@pytest.mark.parametrize("closes", [0.0, 0.5 * rounds.PAYS])
def test_rounds_become_longer_where_putting_plans_together_does_not_pay(
    asked: Asked, knockouts: Knockouts, closes: float
) -> None:
    """It is tried once, with the two plans of the first round, and they count no less for it."""
    made, ground, _, watch = begun()
    knockouts.closes = closes
    watch.prove(ground.found.bound)
    made.early(2)
    assert made.choice is not knockouts.left
    made.rest(2)
    assert knockouts.seen == [2]
    made._together(2, 1)
    every = len(made.plans.every())
    made._together(2)
    assert knockouts.seen[1:] == [1, every]
    assert asked[2][0] == 2 * asked[0][0]
    assert len(asked) < rounds.PLANS


def test_where_it_pays_many_plans_are_cooled_and_put_together(
    asked: Asked, knockouts: Knockouts
) -> None:
    """Equally long ones, both ways in turn; the plan of the first try takes part."""
    made, ground, _, watch = begun()
    knockouts.closes = 2 * rounds.PAYS
    watch.prove(ground.found.bound)
    made.early(2)
    assert made.choice is knockouts.left
    made.rest(2)
    assert knockouts.seen == [2, len(asked) + 1]
    assert len(asked) - 2 == rounds.MOST_PLANS
    assert {tries for tries, _ in asked[2:]} == {2 * asked[0][0]}
    gentle = [way for _, way in asked[2:]].count(GENTLE)
    assert abs(2 * gentle - len(asked[2:])) <= 1


def test_where_plans_are_put_together_later_nothing_is_tried(
    asked: Asked, knockouts: Knockouts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "EACH_MERGED", 1)
    made, *_ = begun()
    made.early(2)
    made.rest(2)
    assert made.merge
    assert len(asked) == 2 * rounds.FEW_ROUNDS
    assert not knockouts.seen


def test_no_plan_is_made_once_time_is_over(asked: Asked) -> None:
    """What is asked for then is the first plan, of which nobody knows the cost."""
    made, _, first, _ = begun(stopped=True)
    choice, cost, _ = made.another(1)
    assert choice is first
    assert cost == np.inf
    assert not asked


def test_plans_that_miss_limits_are_not_put_together(
    asked: Asked, knockouts: Knockouts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Core, "worth", lambda self, choice: np.inf)
    made, *_ = begun()
    made.early(2)
    made.rest(2)
    assert len(asked) > 2
    assert not knockouts.seen


def test_in_large_models_two_plans_that_keep_the_rules_are_sought(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With fewer of them two more are cooled, as long as the first; in other models they are not,
    and no better prices are looked for."""
    monkeypatch.setattr(Core, "worth", lambda self, choice: np.inf)
    made, *_ = begun()
    made.early(2)
    assert len(asked) == 2
    assert not made.large
    asked.clear()
    monkeypatch.setattr(rounds, "MOST_MERGED", 59)
    made, *_ = begun()
    assert made.large
    made.early(2)
    assert len(asked) == 4
    assert len({tries for tries, _ in asked}) == 1
    assert not begun(sought=False)[0].large


def test_later_rounds_go_by_other_prices(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the plan that comes with them; plans so far stay."""
    made, ground, first, _ = begun()
    made.early(2)
    before = len(made.plans.every())
    other = replace(ground, found=replace(ground.found, choice=first.copy()))
    begins: list[tuple[Ground, Ints]] = []
    cooled = rounds.cooled

    def told(ground: Ground, choice: Ints, *rest: object) -> Ints:
        begins.append((ground, choice))
        return cooled(ground, choice, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(rounds, "cooled", told)
    made.go_by(other)
    assert len(made.plans.every()) == before
    made.rest(2)
    assert begins
    assert all(by is other and choice is other.found.choice for by, choice in begins)
    begins.clear()
    made, ground, first, _ = begun()
    made.go_by(ground)
    made.early(2)
    assert all(choice is first for _, choice in begins)


def test_stages_share_the_time_that_is_left_by_hand() -> None:
    """Four stages until 20, each meant to take 10: the first does, the others get a third each of
    the 10 that are left; one that is done sooner gives the last one more."""
    clock = iter([0.0, 10.0, 10.0 + 10.0 / 3, 14.0, 20.0])
    pace = Pace(4, 20.0, lambda: next(clock))
    assert pace.part == 1.0
    pace.done()
    assert pace.part == pytest.approx(1 / 3)
    pace.done()
    assert pace.part == pytest.approx(1 / 3)
    pace.done()
    # Two thirds of a second for a third of a stage: the whole would take 2, and 6 are left.
    assert pace.part == 1.0
    pace.done()
    assert pace.part == 1.0


def test_a_stage_keeps_some_of_its_tries_when_time_is_up() -> None:
    clock = iter([0.0, 10.0, 11.0])
    pace = Pace(3, 5.0, lambda: next(clock))
    pace.done()
    assert pace.part == cooling.LEAST


def test_a_cooling_that_is_short_of_time_still_reaches_the_last_heat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With time for a tenth of the tries all stages are gone through, to the last heat."""
    ground, first = ground_of(middle([75, 1], 60, 6)[0])
    heats: list[tuple[int, float]] = []
    true = cooling.wander

    def told(
        core: Any, field: Any, plan: Any, load: Any, table: Any, tries: int, *heat: Any
    ) -> Any:
        heats.append((tries, heat[1]))
        return true(core, field, plan, load, table, tries, *heat)

    clock = iter(np.arange(0.0, 1000.0, 10.0).tolist())
    monkeypatch.setattr(cooling, "wander", told)
    monkeypatch.setattr(cooling, "Pace", partial(Pace, now=lambda: next(clock)))
    cooled(ground, first, 20_000, 0, 1, lambda: False, GENTLE, 60.0)
    assert len(heats) == cooling.STAGES
    assert heats[-1][1] == pytest.approx(GENTLE.cold * ground.usual)
    assert heats[0][0] == 1000
    assert max(tries for tries, _ in heats[1:]) < 300


@pytest.mark.parametrize(("many", "share"), [(1, 0.6), (1000, 1.0)])
def test_a_cooling_leaves_time_to_trades_where_they_follow(
    monkeypatch: pytest.MonkeyPatch, many: int, share: float
) -> None:
    ends: list[float] = []

    def told(*given: Any) -> Ints:
        ends.append(given[-1])
        return np.asarray(given[1])

    monkeypatch.setattr(cooling, "MANY", many)
    monkeypatch.setattr(rounds, "cooled", told)
    monkeypatch.setattr(rounds, "simmered", told)
    made = begun()[0]
    now = perf_counter()
    made._cooled(10, 0, 1, GENTLE, now + 100.0)
    assert ends == pytest.approx([now + 100.0 * share, now + 100.0], abs=1.0)
