"""Drawings of frontiers between three and four goals: what is marked, beaten and said."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from frontier_toys import drawn, here
from tiny_comparison import RULES, plan_of, tiny

from optiterr.comparison.side_by_side import compare, summarise, summarise_today
from optiterr.frontier import Frontier, frontier
from optiterr.frontier.values import Goal
from optiterr.outputs import render
from optiterr.outputs.drawing import Picture
from optiterr.outputs.frontier import curve, page, render_frontier
from optiterr.outputs.frontier_lines import lines
from optiterr.outputs.frontier_pairs import pairs

GOALS = ("moves", "travel", "fair", "rest")


@pytest.fixture(scope="module")
def real() -> Frontier:
    """A frontier of three goals, found by search."""
    spec = drawn(np.random.default_rng(5))
    return frontier(spec, ["moves", "worth", "fair"], workers=1, hands=here())


def told(
    real: Frontier, rows: list[tuple[float, ...]], today: tuple[float, ...] | None
) -> Frontier:
    """A frontier of as many goals as the rows have numbers; the second point is its knee."""
    names = GOALS[: len(rows[0])]
    points = [
        real.points[0].model_copy(
            update={"values": dict(zip(names, row, strict=True)), "moves": int(row[0])}
        )
        for row in rows
    ]
    books = None
    if today is not None:
        values = dict(zip(names, today, strict=True))
        books = real.points[0].model_copy(update={"values": values, "moves": 0})
    return real.model_copy(
        update={
            "goals": tuple(Goal(name=name, rules=(name,)) for name in names),
            "points": tuple(points),
            "today": books,
            "knee": 1,
        }
    )


ROWS = [(0.0, 9.0, 9.0), (2.0, 5.0, 4.0), (4.0, 1.0, 8.0), (5.0, 6.0, 0.0)]
"""Of moves and travel the fourth (5, 6) is beaten by the second; of travel and fair it is not."""


TOLD = ("Accounts that move", "No plan has less fair")


def words(picture: Picture) -> list[str]:
    """What is written in a drawing."""
    root = ElementTree.fromstring(picture.svg)
    return [one.text for one in root.iter() if one.tag.endswith("text") and one.text]


def test_each_plan_is_a_line_over_every_goal(real: Frontier) -> None:
    """Axes have names and ends, lines have the numbers of the points, knee and today are named."""
    made = lines(told(real, ROWS, (0.0, 10.0, 9.0)))
    assert made is not None
    written = words(made)
    for name in ("moves", "travel", "fair"):
        assert name in written
    # Ends: travel from 1 to today's 10, moves from 0 to 5.
    assert {"10", "5", "1"} <= set(written)
    assert "less is better at every goal; knee: plan 2, thick; today’s books: dashed" in written
    # Plan 1 and today start together; 3 and 4 lie apart.
    assert "1, today" in written
    assert "plan 2: moves 2, travel 5, fair 4 (2 moves)" in made.text
    assert "today: moves 0, travel 10, fair 9 (0 moves)" in made.text


def test_the_numbers_stand_beside_the_lines_as_a_table(real: Frontier) -> None:
    """A row for each plan and one for today's books, the knee told."""
    made = lines(told(real, ROWS, (0.0, 10.0, 9.0)))
    assert made is not None
    assert made.data is not None
    assert made.data.head == ("Plan", "moves", "travel", "fair", *TOLD)
    assert [row[:-1] for row in made.data.rows[1:2]] == [("plan 2 (knee)", "2", "5", "4", "2")]
    assert made.data.rows[-1][:-1] == ("today", "0", "10", "9", "0")


def test_each_two_goals_have_a_drawing_that_says_who_is_beaten(real: Frontier) -> None:
    """Moves and travel: (5, 6) is beaten by (2, 5). Travel and fair: (9, 9) by (5, 4)."""
    three = pairs(told(real, ROWS, None))
    assert [one.title for one in three] == ["moves and travel", "moves and fair", "travel and fair"]
    first, second, third = (one.text for one in three)
    assert "better at both than 4." in first
    # Moves and fair: (4, 8) is beaten by (2, 4).
    assert "better at both than 3." in second
    assert "better at both than 1." in third
    assert "2 knee" in words(three[0])
    four = [(*row, 1.0) for row in ROWS]
    assert len(pairs(told(real, four, None))) == 6


def test_a_plan_beaten_by_none_says_none(real: Frontier) -> None:
    """Two plans that trade every two goals: one falls where the other rises."""
    made = told(real, [(0.0, 5.0, 5.0), (1.0, 4.0, 4.0)], None)
    assert "better at both than none." in pairs(made)[0].text
    assert "better at both than 1." in pairs(made)[2].text


def test_names_that_are_markup_are_words_in_the_drawing(real: Frontier) -> None:
    """A goal called like an element is written, and makes none."""
    made = told(real, ROWS, None)
    goals = (Goal(name="<script>x</script>", rules=("moves",)), *made.goals[1:])
    points = tuple(
        one.model_copy(update={"values": {goals[0].name: one.values["moves"], **one.values}})
        for one in made.points
    )
    text = page(made.model_copy(update={"goals": goals, "points": points}))
    assert "<script" not in text


def test_the_page_and_the_report_show_them(real: Frontier, tmp_path: Path) -> None:
    """frontier.html holds the lines and a drawing for each pair; report.html holds the lines."""
    made = told(real, ROWS, (0.0, 10.0, 9.0))
    names = [path.name for path in render_frontier(made, tmp_path)]
    assert names == ["frontier.csv", "frontier.html", "frontier.svg"]
    text = (tmp_path / "frontier.html").read_text(encoding="utf-8")
    assert text.count("<svg") == 4
    assert "Two goals at a time" in text
    case = summarise("plan", plan_of(), tiny(), RULES)
    render(compare("toy", "Toy", [case], summarise_today(tiny(), RULES)), tmp_path, [made])
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "What each plan costs in moves, travel, fair" in report


def test_one_point_is_not_drawn(real: Frontier) -> None:
    """A line alone trades nothing; the table says what it costs."""
    made = told(real, ROWS, None)
    alone = made.model_copy(update={"points": made.points[:1], "knee": None})
    assert curve(alone) is None
    assert pairs(alone) == []
    assert "Two goals at a time" not in page(alone)


def test_two_goals_keep_their_plane(real: Frontier) -> None:
    """Lines and pairs are for three and four goals."""
    made = told(real, [(0.0, 5.0), (1.0, 4.0), (3.0, 0.0)], None)
    assert lines(made) is None
    assert pairs(made) == []
