"""Ways to cut out neighbourhoods: which pairs they take, and how they are chosen and sized."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from search_toys import model

from optiterr.search.arms import CURIOUS, FEW, FIRST, MANY, TRIALS, Arm, Arms, Pool, least
from optiterr.search.core import Core
from optiterr.search.programs import Answer


def test_least_takes_all_that_equal_the_last() -> None:
    """Of 0, 3, 1, 1, 5 the three least are 0, 1 and 1; the two least are the same, for 1 ties."""
    regret = np.array([0.0, 3.0, 1.0, 1.0, 5.0])
    assert least(regret, 3).tolist() == [0, 2, 3]
    assert least(regret, 2).tolist() == [0, 2, 3]
    assert least(regret, 0).tolist() == [0]
    assert least(regret, 99).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("seed", range(5))
def test_a_pool_gives_the_pairs_between_reps(seed: int) -> None:
    """All pairs of the pool whose rep is a member, of accounts that a member has, and what these
    accounts have now: as many as counting one by one finds."""
    rng = np.random.default_rng(seed)
    made, _ = model(rng, 40, 6, ["soft"], 2)
    core = Core.of(made)
    start, account, rep = made.pairs.start, made.pairs.account, made.pairs.rep
    choice = np.array([rng.integers(a, b) for a, b in pairwise(start.tolist())])
    some = np.flatnonzero(rng.random(len(made.pairs)) < 0.5)
    pool = Pool.of(core, some, 6)
    for members in (np.array([0, 3]), np.arange(6), np.array([5])):
        has = {int(a) for a in range(40) if rep[choice[a]] in members}
        wanted = {int(p) for p in some if account[p] in has and rep[p] in members}
        wanted |= {int(choice[a]) for a in has}
        found = pool.between(members, core, choice)
        assert found.tolist() == sorted(wanted)


def test_sizes_go_where_programs_are_just_done() -> None:
    """Quickly done ones grow by a quarter, others that are done by 6 %, the rest shrink by 6 %."""
    pool = Pool(*(np.zeros(0, dtype=np.int64),) * 3)
    arm = Arm("highs", pool)
    arm.learn(0.0, Answer(None, True, 0.05))
    assert arm.size == pytest.approx(1.25 * FIRST)
    arm.learn(0.0, Answer(None, True, 0.8))
    assert arm.size == pytest.approx(1.25 * 1.06 * FIRST)
    arm.learn(0.0, Answer(None, False, 1.0))
    assert arm.size == pytest.approx(1.25 * 1.06 * 0.94 * FIRST)
    for _ in range(99):
        arm.learn(0.0, Answer(None, False, 1.0))
    assert arm.size == FEW
    for _ in range(99):
        arm.learn(0.0, Answer(None, True, 0.0))
    assert arm.size == MANY
    arm.learn(3.0, Answer(None, None, 1.0))
    assert (arm.size, arm.calls) == (MANY, 202)
    arm.size = FIRST
    arm.learn(3.0, Answer(None, None, 1.0))
    assert arm.size == FIRST


def test_what_was_gained_long_ago_counts_less() -> None:
    """10 gained for 1 unit, then 0 for 1 unit: 9 for 1.9 units."""
    arm = Arm("highs", Pool(*(np.zeros(0, dtype=np.int64),) * 3))
    assert arm.rate == 0.0
    arm.learn(10.0, Answer(None, True, 1.0))
    assert arm.rate == pytest.approx(10.0)
    arm.learn(0.0, Answer(None, True, 1.0))
    assert arm.rate == pytest.approx(9.0 / 1.9)


def test_the_best_way_is_asked_most_but_not_alone() -> None:
    """Each way is tried first; then the one that gains most is preferred, the others now and then,
    and one that begins to gain more takes over."""
    pool = Pool(*(np.zeros(0, dtype=np.int64),) * 3)
    good, bad = Arm("highs", pool), Arm("cp_sat", pool)
    arms = Arms([bad, good], np.random.default_rng(1))

    def asked(gains: dict[str, float], times: int) -> dict[str, int]:
        count = {"highs": 0, "cp_sat": 0}
        for _ in range(times):
            arm = arms.next()
            count[arm.solver] += 1
            arm.learn(gains[arm.solver], Answer(None, True, 1.0))
        return count

    assert asked({"highs": 2.0, "cp_sat": 1.0}, 2 * TRIALS) == {"highs": TRIALS, "cp_sat": TRIALS}
    later = asked({"highs": 2.0, "cp_sat": 1.0}, 400)
    assert 0 < later["cp_sat"] < 400 * CURIOUS
    assert asked({"highs": 0.1, "cp_sat": 1.0}, 400)["cp_sat"] > 200


def test_when_nothing_gains_all_ways_are_asked() -> None:
    """Without any gain no way is preferred."""
    pool = Pool(*(np.zeros(0, dtype=np.int64),) * 3)
    arms = Arms([Arm("highs", pool), Arm("cp_sat", pool)], np.random.default_rng(1))
    count = {"highs": 0, "cp_sat": 0}
    for _ in range(300):
        arm = arms.next()
        count[arm.solver] += 1
        arm.learn(0.0, Answer(None, True, 1.0))
    assert min(count.values()) > 100


def test_work_beside_the_program_counts_for_the_rate_but_not_for_the_size() -> None:
    """A plan that had to be made makes its way dearer; the program itself was quick."""
    alone, dear = Arm("cp_sat", None), Arm("cp_sat", None)
    alone.learn(6.0, Answer(None, True, 0.05))
    dear.learn(6.0, Answer(None, True, 0.05), 2.95)
    assert dear.rate == pytest.approx(2.0)
    assert alone.rate == pytest.approx(120.0)
    assert alone.size == dear.size > FIRST
