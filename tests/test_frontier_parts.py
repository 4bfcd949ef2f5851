"""Parts of a frontier: shape, kernels, what the prices trade, files and the command line."""

from __future__ import annotations

import csv
import json
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from frontier_toys import counted, drawn, four, here, scenario, undominated

from optiterr import cli
from optiterr.compile import compile_model
from optiterr.engine import read
from optiterr.errors import SolverError, SpecError
from optiterr.frontier import Frontier, asking, frontier
from optiterr.frontier.asking import Asker, Found
from optiterr.frontier.between import goals_of
from optiterr.frontier.desk import Desk, each
from optiterr.frontier.hands import Hands
from optiterr.frontier.kernel import in_question, widened
from optiterr.frontier.shape import dominates, efficient, knee_of, volume_of
from optiterr.frontier.sweep import Sweep, ceilings_between
from optiterr.frontier.trading import repriced, trade
from optiterr.frontier.values import Line
from optiterr.outputs.frontier import curve, page, table, vertices
from optiterr.scenario.loading import Scenario
from optiterr.search.decompose import resume
from optiterr.solution import Limits, Solution, Status
from optiterr.solvers import highs


def made() -> Frontier:
    """The frontier of four accounts: (0, 10), (1, 2), (2, 0)."""
    return frontier(four(), ["moves", "fair"], workers=1, hands=here())


def test_the_dominated_and_the_repeated_are_told_apart() -> None:
    """(2, 2) is beaten by (1, 2); (1, 2) comes twice."""
    rows = [(1.0, 2.0), (2.0, 2.0), (0.0, 5.0), (1.0, 2.0 + 1e-9)]
    assert efficient(rows) == ([2, 0], 1, 1)
    assert dominates((1.0, 2.0), (2.0, 2.0))
    assert not dominates((1.0, 2.0), (1.0, 2.0))
    assert not dominates((1.0, 2.0), (2.0, 1.0))


def test_a_weakly_dominated_point_is_dominated() -> None:
    """(3, 0) has no less than (1, 0) of the second goal and more of the first."""
    assert efficient([(3.0, 0.0), (1.0, 0.0)]) == ([1], 1, 0)


def test_the_knee_lies_farthest_below_the_line_between_the_ends() -> None:
    """Scaled sums of (0, 8), (1, 4), (2, 3), (4, 0): 1, 1/4 + 1/2, 1/2 + 3/8, 1."""
    rows = [(0.0, 8.0), (1.0, 4.0), (2.0, 3.0), (4.0, 0.0)]
    assert knee_of(rows, (0.0, 0.0), (4.0, 8.0)) == 1
    assert knee_of([(0.0, 8.0), (3.0, 6.0), (4.0, 0.0)], (0.0, 0.0), (4.0, 8.0)) is None
    assert knee_of(rows[:2], (0.0, 4.0), (1.0, 8.0)) is None


def test_volume_is_the_dominated_share() -> None:
    """Unit square: (0, 1) adds nothing, (1/4, 1/2) three eighths, (1, 0) nothing."""
    rows = [(0.0, 8.0), (1.0, 4.0), (4.0, 0.0)]
    assert volume_of(rows, (0.0, 0.0), (4.0, 8.0)) == pytest.approx(0.375)
    assert volume_of([(0.0, 1.0)], (0.0, 1.0), (0.0, 1.0)) is None


def test_lines_hold_for_pairs_that_were_left_out() -> None:
    """Candidates are the nearest rep and the owner; no plan over all pairs crosses a line."""
    rng = np.random.default_rng(11)
    tighter = 0
    for _ in range(6):
        told = drawn(rng).to_dict()
        data = told["data"]
        for one in (*data["accounts"]["records"], *data["reps"]["records"]):
            one["latitude"], one["longitude"] = map(float, rng.uniform(0, 9, 2))
        every = Scenario.from_dict(told)
        near = Scenario.from_dict({**told, "data": {**data, "pairs": {"nearest": 1}}})
        found = frontier(near, ["moves", "fair"], workers=1, hands=here())
        rows = counted(every, ["moves", "fair"])
        tighter += len(counted(near, ["moves", "fair"])) < len(rows)
        for row in rows:
            most = dict(zip(found.names, row, strict=True))
            assert all(line.at(most) <= most[line.goal] + 1e-6 for line in found.lines)
    assert tighter > 2


def test_a_line_falls_with_the_ceiling() -> None:
    """10 at ceiling 3 and worth 2 a unit: 12 at 2, 4 at 6; other goals do not matter."""
    line = Line(goal="b", ceilings={"a": 3.0}, multipliers={"a": 2.0}, bound=10.0, prices={})
    assert line.at({"a": 2.0, "c": 9.0}) == 12.0
    assert line.at({"a": 6.0}) == 4.0


def test_the_envelope_has_corners_where_the_best_line_changes() -> None:
    """Lines 10 - 2 x, 6 - x and 0: corners at 4 (value 2) and at 6."""
    lines = tuple(
        Line(goal="fair", ceilings={"moves": 0.0}, multipliers={"moves": s}, bound=b, prices={})
        for b, s in ((10.0, 2.0), (6.0, 1.0), (0.0, 0.0))
    )
    told = made().model_copy(update={"lines": lines})
    assert vertices(told, 0.0, 8.0) == [(0.0, 10.0), (4.0, 2.0), (6.0, 0.0), (8.0, 0.0)]


def test_a_kernel_holds_the_start_and_the_cheapest_pairs() -> None:
    """What is found among the pairs in question is a plan of the whole model at the same cost."""
    spec = drawn(np.random.default_rng(3))
    model = compile_model(spec.rules, read(spec)).model
    prices = highs.relax(model, Limits()).prices
    assert prices is not None
    start = model.picks(model.pairs.start[1:] - 1)
    keep = in_question(model, prices, 1.0, start)
    assert keep[start > 0.5].all()
    small = model.only(keep)
    answer = highs.solve(small, Limits(gap=0.0))
    assert answer.x is not None
    x = widened(answer.x, keep)
    assert model.value(x) == pytest.approx(small.value(answer.x))


def test_kernels_never_make_a_bound_or_a_point_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """On eight tiny instances searched as if they were large: plans are plans, lines hold."""
    monkeypatch.setattr(asking, "LARGE", 0)
    rng = np.random.default_rng(8)
    exact = 0
    for _ in range(8):
        spec = drawn(rng)
        told = frontier(spec, ["moves", "fair"], workers=1, hands=here(), seconds=60)
        every = counted(spec, ["moves", "fair"])
        values = [tuple(round(p.values[n], 9) for n in told.names) for p in told.points]
        assert set(values) <= set(every)
        exact += values == undominated(every)
        for row in every:
            most = dict(zip(told.names, row, strict=True))
            assert all(line.at(most) <= most[line.goal] + 1e-6 for line in told.lines)
    assert exact > 2


def test_points_go_on_from_prices_and_from_plans_that_are_near(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A search is given the prices of a solved relaxation, and its start where that is near.

    Four accounts, all of r1: no move leaves 10 off, above every bound; so the search for the least
    of fair is not to stay around today's books, and the one that makes it efficient starts from it.
    """
    monkeypatch.setattr(asking, "LARGE", 0)
    asked: list[tuple[bool, bool]] = []

    def resumed(model: Any, limits: Limits, start: Any, prices: Any, near: bool) -> Solution:
        asked.append((prices is not None and len(prices) == model.rows, near))
        return highs.solve(model, limits, start)

    solved = here()
    told = frontier(four(), ["moves", "fair"], workers=1, hands=replace(solved, resume=resumed))
    assert [tuple(one.values.values()) for one in told.points] == [(0, 10), (1, 2), (2, 0)]
    assert (True, False) in asked
    assert (False, True) in asked
    asked.clear()
    dull = replace(
        solved, resume=resumed, relax=lambda model, limits: climbed(solved, model, limits)
    )
    told = frontier(four(), ["moves", "fair"], workers=1, hands=dull)
    assert not any(given for given, _ in asked)


def climbed(hands: Hands, model: Any, limits: Limits) -> Solution:
    """Prices as a climb gives them: of no solved relaxation."""
    return replace(hands.relax(model, limits), status=Status.NO_SOLUTION, x=None, objective=None)


def test_the_decomposition_goes_on_and_makes_nothing_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """On two tiny instances searched as if they were large: plans are plans, lines hold."""
    monkeypatch.setattr(asking, "LARGE", 0)

    def resumed(model: Any, limits: Limits, start: Any, prices: Any, near: bool) -> Solution:
        begin = model.choice(start) if near and start is not None else None
        return resume(model, limits, start, None, prices, begin)

    rng = np.random.default_rng(9)
    for _ in range(2):
        spec = drawn(rng)
        hands = replace(here(), resume=resumed)
        told = frontier(spec, ["moves", "fair"], workers=1, hands=hands, seconds=20, points=5)
        every = counted(spec, ["moves", "fair"])
        values = [tuple(round(p.values[n], 9) for n in told.names) for p in told.points]
        assert set(values) <= set(every)
        for row in every:
            most = dict(zip(told.names, row, strict=True))
            assert all(line.at(most) <= most[line.goal] + 1e-6 for line in told.lines)


def test_the_better_of_two_proofs_is_kept() -> None:
    """Prices of a search may prove more than those of a climb, and the other way round."""
    weak = Line(goal="fair", ceilings={}, multipliers={}, bound=1.0, prices={})
    strong = weak.model_copy(update={"bound": 2.0})
    assert asking._better_line(weak, strong) is strong
    assert asking._better_line(strong, weak) is strong
    assert asking._better_line(None, weak) is weak
    assert asking._better_line(weak, None) is weak
    assert asking._better_line(None, None) is None


def test_turned_prices_keep_hard_limits() -> None:
    """Price 1 to 3: terms triple, a broken hard limit stays broken."""
    spec = drawn(np.random.default_rng(2))
    model = compile_model(spec.rules, read(spec)).model
    dear = repriced(model, "fair", 3.0)
    x = model.picks(model.pairs.start[:-1])
    assert dear.charge(x)["fair"] == pytest.approx(3 * model.charge(x)["fair"])
    assert dear.charge(x)["moves"] == model.charge(x)["moves"]
    assert dear.charge(x)["room"] == model.charge(x)["room"]


def test_what_the_prices_trade_by_hand() -> None:
    """Four accounts: one move saves 8 hours, a second one 2. At price 1 both are worth it (cost 2).

    Moves at double price: 2 + 2 = 4 either way; halved: 0 + 1. fair doubled: 2 moves; halved:
    1 + 1 = 2 either way.
    """
    found = trade(four(), 5.0, workers=1, hands=here())
    fair, moves = found.terms
    assert (fair.ideal, fair.nadir, moves.ideal, moves.nadir) == (0, 10, 0, 2)
    assert (fair.value, moves.value) == (0, 2)
    assert (fair.position, moves.position) == (0, 1)
    assert found.payoff == ({"fair": 0, "moves": 2}, {"fair": 10, "moves": 0})
    assert [(one.rule, one.factor) for one in found.turns] == [
        ("fair", 0.5),
        ("fair", 2.0),
        ("moves", 0.5),
        ("moves", 2.0),
    ]
    assert found.turns[1].terms == {"fair": 0, "moves": 2}
    totals = [2 * one.terms["moves"] + one.terms["fair"] for one in found.turns]
    assert totals[3] == 4
    assert all(one.gap is not None for one in found.turns)


def test_nothing_to_trade_is_said() -> None:
    hard = scenario(
        [1], ["r1"], 1, {"room": {"kind": "capacity", "measure": "workload", "limit": 9}}
    )
    with pytest.raises(SpecError, match="no rule has a price"):
        trade(hard, hands=here())
    rules = {
        "room": {"kind": "capacity", "measure": "workload", "limit": 1},
        "moves": {"kind": "disruption", "price": 1},
    }
    with pytest.raises(SolverError, match="no plan was found"):
        trade(scenario([9], ["r1"], 1, rules), hands=here())


def test_the_drawing_shows_points_knee_today_and_what_is_out_of_reach() -> None:
    drawing = curve(made())
    assert drawing is not None
    root = ElementTree.fromstring(drawing.svg)
    words = [one.text for one in root.iter() if one.tag.endswith("text") and one.text]
    assert "today" in words
    assert "knee: 1 move" in words
    assert "proved: no plan can be here" in words
    assert "moves 1, fair 2 (knee: 1 move)" in drawing.text


def test_the_curve_has_its_numbers_as_a_table() -> None:
    """Each point with its moves and what is proved, rounded down: in the report, too."""
    found = made()
    drawing = curve(found)
    assert drawing is not None
    assert drawing.data is not None
    assert drawing.data.head == (
        "Plan",
        "moves",
        "fair",
        "Accounts that move",
        "No plan has less fair",
    )
    assert len(drawing.data.rows) == len(found.points) + 1
    knee = next(row for row in drawing.data.rows if row[0].endswith("(knee)"))
    assert knee[1:4] == ("1", "2", "1")
    assert float(knee[4]) <= 2


def test_priorities_are_never_ignored_silently() -> None:
    """A frontier says that they play no part; a trade of prices between levels is refused."""
    ranked = Scenario.from_dict({**four().to_dict(), "priorities": [["fair"], ["moves"]]})
    told = frontier(ranked, ["moves", "fair"], workers=1, hands=here()).sentences[-1]
    assert told.startswith("The priorities of the scenario play no part here")
    assert not any("priorities" in one for one in made().sentences)
    with pytest.raises(SpecError) as caught:
        trade(ranked, hands=here())
    (fault,) = caught.value.faults
    assert fault.where == "priorities"
    assert "no price trades anything between levels" in fault.what
    assert "drop priorities" in fault.fix


def test_the_table_holds_exact_numbers() -> None:
    rows = list(csv.DictReader(table(made()).splitlines()))
    assert [row["point"] for row in rows] == ["1", "2", "3", "today"]
    assert [float(row["goal fair"]) for row in rows] == [10, 2, 0, 10]
    assert [row["knee"] for row in rows] == ["0", "1", "0", "0"]
    assert [float(row["term moves"]) for row in rows] == [0, 1, 2, 0]


def test_names_are_text_on_the_page() -> None:
    """A title with markup is shown as it is."""
    told = made().model_copy(update={"title": "<script>alert(1)</script>"})
    text = page(told)
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "1 move gives" in text


def test_an_interrupt_ends_every_solver() -> None:
    """The second job is interrupted: solvers that ask hear that all is over."""
    desk = Desk.of(four(), None, 1, None, None)

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        each([lambda: None, interrupted], 1, desk.halt)
    assert desk.halt.is_set()


def test_only_looser_ceilings_answer_tighter_ones() -> None:
    """A plan of 3 and 4 found under ceilings 5 and 5, and none at all under 1 and 9."""
    spec = drawn(np.random.default_rng(1))
    desk = Desk.of(spec, None, 1, here(), None)
    goals = goals_of(spec.rules, ["moves", "worth", "fair"])
    asker = Asker(desk.model, goals, (), desk.limits, desk.left_out, here())
    sweep = Sweep(asker, 12, 1, 60.0)
    x = np.zeros(len(desk.model.pairs))
    plan = Found({"moves": 5.0, "worth": 5.0}, x, (3.0, 4.0, 7.0), Status.OPTIMAL, None, 0.0)
    none = Found({"moves": 1.0, "worth": 9.0}, None, (), Status.INFEASIBLE, None, 0.0)
    sweep.found = [plan, none]
    known = {
        (4, 4): True,  # tighter, and the plan fits
        (6, 4): False,  # looser in moves: there may be something better
        (2, 5): False,  # the plan does not fit
        (1, 8): True,  # tighter than what has no plan
        (1, 10): False,
    }
    for (moves, worth), answered in known.items():
        assert sweep._is_known({"moves": moves, "worth": worth}) is answered


def test_ceilings_halve_the_longest_stretch_and_close_steps() -> None:
    """Ends at 0 (value 10) and 8 (value 0): first the middle, then the middles of both halves.

    With a plan of 4 found under 6, two of the ceiling are unused and two are open up to 8: values
    come in steps, so the next ceiling is right below 8, and the other half is halved.
    """

    def found(first: float, last: float) -> Found:
        return Found({}, np.zeros(1), (first, last), Status.OPTIMAL, None, 0.0)

    ends = [(0.0, found(0, 10)), (np.inf, found(8, 0))]
    assert ceilings_between(ends, 8.0, 10.0, 0.01, 1) == [4.0]
    assert ceilings_between(ends, 8.0, 10.0, 0.01, 3) == [2.0, 4.0, 6.0]
    middle = [ends[0], (6.0, found(4, 5)), ends[1]]
    assert ceilings_between(middle, 8.0, 10.0, 0.01, 2) == [2.0, 7.99]
    closed = [ends[0], (7.99, found(0, 10)), ends[1]]
    assert ceilings_between(closed, 8.0, 10.0, 0.01, 2) == []


def test_a_sweep_without_a_range_stops_at_its_ends() -> None:
    """One account, one rep: every goal is 0 everywhere."""
    told = frontier(scenario([1], ["r1"], 1), ["moves", "fair"], workers=1, hands=here())
    assert len(told.points) == 1
    assert told.knee is None
    assert told.volume is None
    assert told.sentences == ()


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    handler = signal.getsignal(signal.SIGTERM)

    def call(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["optiterr", *map(str, words)])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    yield call
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "four.yaml"
    path.write_text(Scenario.to_yaml(four()), encoding="utf-8")
    return path


def test_the_command_writes_all_files_and_they_hold(run: Run, file: Path) -> None:
    """Both goals follow one --between; files are checked again without a solver."""
    folder = file.parent / "out"
    code, said, told = run("frontier", file, "--between", "disruption", "fair", "-o", folder)
    assert code == 0
    assert "1 knee" not in said
    assert "2 knee" in said
    assert "1 move gives" in said
    names = ["frontier.csv", "frontier.html", "frontier.json", "frontier.svg"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert told.count("wrote") == 4
    code, said, _ = run("verify", folder / "frontier.json")
    assert code == 0
    assert "checks hold" in said


def test_the_command_refuses_unknown_goals(run: Run, file: Path) -> None:
    code, _, told = run("frontier", file, "--between", "moves", "fare")
    assert code == 2
    assert "did you mean 'fair'?" in told


def test_the_trade_as_json(run: Run, file: Path) -> None:
    code, said, _ = run("trade", file, "--seconds", "5", "--json", "-o", file.parent / "out")
    assert code == 0
    told = json.loads(said)
    assert [one["rule"] for one in told["terms"]] == ["fair", "moves"]
    assert json.loads((file.parent / "out" / "trade.json").read_text()) == told


def test_the_comparison_s_page_shows_the_curve(run: Run, file: Path) -> None:
    """Drawn in report.html behind the trade-off, and nowhere without being asked for."""
    folder = file.parent
    run(
        "frontier", file, "--between", "disruption", "fair", "--points", "4", "-o", folder / "curve"
    )
    run("solve", file, "-o", folder / "plan")
    plan, curve = folder / "plan/plan.json", folder / "curve/frontier.json"
    assert run("compare", plan, "-o", folder / "plain")[0] == 0
    assert run("compare", plan, "--frontier", curve, "-o", folder / "drawn")[0] == 0
    plain, drawn = (
        (folder / name / "report.html").read_text(encoding="utf-8") for name in ("plain", "drawn")
    )
    assert "no plan can be here" in drawn
    assert "no plan can be here" not in plain
    code, _, told = run("compare", plan, "--frontier", plan, "-o", folder / "drawn")
    assert code == 2
    assert "use the frontier.json as optiterr wrote it" in told
