"""Frontiers against counting: every point is there, none is dominated, no plan crosses a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from frontier_toys import counted, drawn, four, here, scenario, undominated

from optiterr.engine import read
from optiterr.errors import AuditError, SpecError
from optiterr.frontier import Frontier, frontier, saved, verify_frontier
from optiterr.frontier.asking import Found
from optiterr.frontier.between import goals_of
from optiterr.frontier.desk import Desk
from optiterr.frontier.hands import Hands
from optiterr.frontier.making import point_of
from optiterr.frontier.values import Line
from optiterr.scenario.loading import Scenario
from optiterr.solution import Solution, Status
from optiterr.solvers import highs


def swept(spec: Scenario, between: list[str], **more: Any) -> Frontier:
    """The frontier, by solvers in this process."""
    return frontier(spec, between, workers=1, hands=here(), **{"points": 60, **more})


def values(made: Frontier) -> list[tuple[float, ...]]:
    """Values of the points, in the order of the goals."""
    return [tuple(round(one.values[name], 9) for name in made.names) for one in made.points]


def test_a_frontier_worked_by_hand() -> None:
    """Four accounts: see :func:`frontier_toys.four`. One move of two gives 8 of the 10 hours."""
    made = swept(four(), ["moves", "fair"])
    assert values(made) == [(0, 10), (1, 2), (2, 0)]
    assert [one.moves for one in made.points] == [0, 1, 2]
    assert made.ideal == {"moves": 0, "fair": 0}
    assert made.nadir == {"moves": 2, "fair": 10}
    assert made.payoff == ({"moves": 0, "fair": 10}, {"moves": 2, "fair": 0})
    assert made.today is not None
    assert made.today.values == {"moves": 0, "fair": 10}
    assert made.status is Status.OPTIMAL
    # Scaled sums: 0 + 1, 1/2 + 1/5, 1 + 0: the second point is the knee.
    assert made.knee == 1
    # Above (1/2, 1/5): (1 - 1/2) (1 - 1/5).
    assert made.volume == pytest.approx(0.4)
    assert made.sentences == (
        "1 move gives 80\xa0% of what 2 moves give in fair: 2, from 10 in today’s books down to 0. "
        "No plan that costs at most 1 in moves gives more than 80\xa0%: proved.",
    )


def test_the_frontier_equals_counting_and_no_plan_crosses_a_line() -> None:
    """On 100 tiny instances of two goals: the same points, and every plan above every line."""
    rng = np.random.default_rng(4)
    several = 0
    for place in range(100):
        spec = drawn(rng)
        between = ["moves", "fair"] if place % 2 else ["moves+worth", "fair"]
        problem = read(spec)
        every = counted(spec, between, problem)
        made = swept(spec, between, problem=problem)
        assert values(made) == undominated(every)
        several += len(made.points) > 2
        for row in every:
            told = dict(zip(made.names, row, strict=True))
            assert all(line.at(told) <= told[line.goal] + 1e-6 for line in made.lines)
    assert several > 20


def test_points_between_three_goals_are_never_dominated() -> None:
    """On 15 tiny instances: each point is one of the counted frontier, and the ends are there."""
    rng = np.random.default_rng(5)
    for _ in range(15):
        spec = drawn(rng)
        between = ["moves", "worth", "fair"]
        best = undominated(counted(spec, between))
        made = swept(spec, between, points=20)
        found = values(made)
        assert set(found) <= set(best)
        for at in range(3):
            assert min(row[at] for row in found) == min(row[at] for row in best)
        assert len(made.points) <= 20


def test_a_search_that_is_answered_already_is_not_made() -> None:
    """Three goals over one choice: one plan answers every ceiling of the grid."""
    prices = {"a": 1, "b": 2, "c": 3}
    rules = {name: {"kind": "disruption", "price": price} for name, price in prices.items()}
    made = swept(scenario([1], ["r1"], 1, rules), list(rules), points=30)
    assert len(made.points) == 1
    assert made.dropped.known > 0
    assert made.knee is None


def test_few_points_keep_both_ends() -> None:
    """With three searches: the ends and one between them."""
    rng = np.random.default_rng(6)
    spec = scenario([float(one) for one in rng.integers(3, 40, 9)], ["r1"] * 9)
    made = swept(spec, ["moves", "fair"], points=3)
    assert len(made.points) == 3
    assert made.points[0].moves == 0
    assert made.points[-1].values["fair"] == made.ideal["fair"]


def test_rules_outside_the_goals_are_minimised_last() -> None:
    """Two accounts alike, one dear to move: of two plans with equal goals the cheap one is taken.

    Hours 2, 2 of r1: fair moves one of them; moving a is worth 5, moving b 0.
    """
    rules = {
        "fair": {"kind": "balance", "measure": "workload", "per": "unit", "price": 1},
        "moves": {"kind": "disruption", "price": 1},
        "dear": {"kind": "disruption", "where": {"account_id": "a"}, "price": 5},
    }
    made = swept(scenario([2, 2], ["r1", "r1"], 2, rules), ["moves", "fair"])
    assert values(made) == [(0, 4), (1, 0)]
    assert made.points[1].assignment == {"a": "r1", "b": "r2"}
    assert made.points[1].terms["dear"] == 0


def test_two_runs_give_the_same_points() -> None:
    """Same input, same points and lines, however many work at a time."""

    def told(workers: int) -> Any:
        made = frontier(four(), ["moves", "fair"], workers=workers, hands=here())
        parts = made.model_dump(mode="json", exclude={"seconds"})
        for one in (*parts["points"], parts["today"]):
            del one["seconds"]
        return parts

    assert told(1) == told(2)


def test_no_plan_no_points() -> None:
    """Ten hours and room for five each, in accounts of 6 and 4: nobody can take the 6."""
    rules = {
        "moves": {"kind": "disruption", "price": 1},
        "worth": {"kind": "disruption", "of": "workload", "price": 1},
        "room": {"kind": "capacity", "measure": "workload", "limit": 5},
    }
    made = swept(scenario([6, 4], ["r1", "r1"], 2, rules), ["moves", "worth"])
    assert made.status is Status.INFEASIBLE
    assert made.points == ()
    assert made.knee is None


def test_a_solver_that_misses_plans_gives_no_false_proof() -> None:
    """A solver that never finds anything better than its start: gaps are wide, lines hold."""

    def lazy(model: Any, limits: Any, start: Any) -> Solution:
        if start is None:
            return highs.solve(model, limits)
        return Solution(Status.OPTIMAL, "lazy", x=start, objective=0.0, bound=1e9)

    made = frontier(four(), ["moves", "fair"], workers=1, hands=Hands(highs.relax, lazy))
    for row in counted(four(), ["moves", "fair"]):
        told = dict(zip(made.names, row, strict=True))
        assert made.least("fair", told) <= told["fair"] + 1e-6


def test_a_plan_that_breaks_a_rule_is_no_point() -> None:
    """A solver that picks what it likes: its plans break the hard limit and are not believed."""
    rules = {
        "moves": {"kind": "disruption", "price": 1},
        "fair": {"kind": "balance", "measure": "workload", "per": "unit", "price": 1},
        "room": {"kind": "capacity", "measure": "workload", "limit": 8},
    }

    def liar(model: Any, limits: Any, start: Any) -> Solution:
        x = model.picks(model.pairs.start[:-1])
        return Solution(Status.OPTIMAL, "liar", x=x, objective=0.0, bound=0.0)

    spec = scenario([4, 3, 2, 1], ["r1"] * 4, 2, rules)
    made = frontier(spec, ["moves", "fair"], workers=1, hands=Hands(highs.relax, liar))
    assert made.points == ()


@pytest.mark.parametrize(
    ("between", "words"),
    [
        (["moves"], "1 goals make no frontier"),
        (["moves", "fairr"], "did you mean 'fair'?"),
        (["moves", "moves+fair"], "rule 'moves' stands in two goals"),
        (["moves", "room"], "rule 'room' is hard"),
        (["moves+fair", "rest"], "no priced rule is left for it"),
    ],
)
def test_goals_that_cannot_be_are_refused(between: list[str], words: str) -> None:
    rules = {**four().rules}
    room = scenario(
        [1], ["r1"], 1, {"room": {"kind": "capacity", "measure": "workload", "limit": 9}}
    )
    with pytest.raises(SpecError) as caught:
        goals_of({**rules, **room.rules}, between)
    assert words in str(caught.value)


def test_rest_is_every_priced_rule_that_is_left() -> None:
    goals = goals_of(drawn(np.random.default_rng(1)).rules, ["moves", "rest"])
    assert [goal.rules for goal in goals] == [("moves",), ("fair", "worth")]


def test_a_kind_stands_for_its_priced_rules() -> None:
    """Two rules of the kind disruption have a price."""
    goals = goals_of(drawn(np.random.default_rng(1)).rules, ["disruption", "balance"])
    assert [goal.rules for goal in goals] == [("moves", "worth"), ("fair",)]
    assert [goal.name for goal in goals] == ["disruption", "balance"]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    made = swept(four(), ["moves", "fair"])
    saved(made, four(), tmp_path / "frontier.json")
    return tmp_path / "frontier.json"


def test_a_file_is_proved_again_without_a_solver(written: Path) -> None:
    result = verify_frontier(written, folder=Path())
    assert [one for one in result.checks if not one.holds] == []
    assert Frontier.read(written).to_json() + "\n" == written.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (lambda told: told["points"][1].update(moves=0), "point 2, moves"),
        (lambda told: told["points"][1]["values"].update(fair=1.0), "point 2, fair"),
        (lambda told: told["points"][1]["assignment"].update(a="r1"), "point 2, fair"),
        (lambda told: told["lines"][-1].update(bound=3.0), "proved bound"),
        (lambda told: told.update(knee=0), "knee"),
        (lambda told: told["lines"][0]["prices"].popitem(), "line 1, prices"),
    ],
)
def test_a_changed_file_does_not_hold(written: Path, change: Any, broken: str) -> None:
    told = json.loads(written.read_text(encoding="utf-8"))
    change(told)
    written.write_text(json.dumps(told), encoding="utf-8")
    result = verify_frontier(written, folder=Path())
    assert any(broken in one.what for one in result.checks if not one.holds)


def test_a_bound_above_a_plan_is_caught() -> None:
    """A line that says 5 where a plan has 2 is a lie in the model: no point is made."""
    spec, made = four(), swept(four(), ["moves", "fair"])
    wrong = Line(goal="fair", ceilings={}, multipliers={}, bound=5.0, prices={})
    desk = Desk.of(spec, None, 1, here(), None)
    x = desk.model.picks(desk.model.choose([1, 0, 0, 0]))
    found = Found({}, x, (1.0, 2.0), Status.OPTIMAL, None, 0.0)
    with pytest.raises(AuditError, match="prove that none has less than 5"):
        point_of(desk, made.goals, [wrong], found, 10.0)
