"""A frontier between three or four goals: each plan as a line over an axis for each goal.

A line shows what a plan gives up for what it gains: it falls where the plan is good and rises where
it pays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from optiterr.comparison.figures import show
from optiterr.findings import counted
from optiterr.frontier.values import Frontier, Point
from optiterr.outputs.drawing import GREY, INK, SOFT, Listing, Picture, library, picture, short

COLOUR = "#0072b2"
"""The plans; where none can be is grey, which reads on light and dark pages."""

RAMP = ("#e06c00", "#9a8f86", COLOUR)
"""Least, middling and most of the first goal: told apart by colour-blind readers, light or dark."""

TODAY = "today"

HEIGHT = 330

NEAR = 0.05
"""Plans no farther apart than this share of an axis have one label together."""


def lines(made: Frontier) -> Picture | None:
    """Each plan as a line over an axis for each goal, best at the bottom; knee and today marked."""
    if len(made.names) < 3 or len(made.points) < 2:
        return None
    ends = {name: _ends(made, name) for name in made.names}
    rows = [row for told in _plans(made) for row in _along(made, *told, ends)]
    alt, last = library(), len(made.names) - 1
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.3, last + 0.3], nice=False))
    scale = alt.Scale(domain=[-0.16, 1.24 if last == 3 else 1.16], nice=False)
    y = alt.Y("y:Q", axis=None, scale=scale)
    colour = alt.Color(
        "first:Q", legend=None, scale=alt.Scale(domain=[0.0, 0.5, 1.0], range=list(RAMP))
    )
    base = alt.Chart(alt.Data(values=rows)).encode(x=x, y=y)
    plans = base.transform_filter(f"datum.what != '{TODAY}'")
    knee = base.transform_filter("datum.what == 'knee'")
    today = base.transform_filter(f"datum.what == '{TODAY}'")
    axes = (
        alt.Chart(alt.Data(values=[{"x": at, "y": 0.0, "end": 1.0} for at in range(last + 1)]))
        .mark_rule(color=GREY, strokeWidth=1)
        .encode(x=x, y=y, y2="end:Q")
    )
    chart = (
        axes
        + plans.mark_line(strokeWidth=1.6, opacity=0.8).encode(detail="plan:N", color=colour)
        + today.mark_line(strokeWidth=1.6, strokeDash=[5, 4], color=SOFT)
        + knee.mark_line(strokeWidth=4, opacity=1, color=INK)
        + plans.mark_circle(size=34, opacity=1).encode(color=colour)
        + knee.mark_circle(size=95, opacity=1, color=INK)
        + today.mark_point(shape="diamond", size=60, filled=True, fill="#ffffff", stroke=SOFT)
    )
    for words in _words_of_lines(made, rows, ends):
        chart = chart + _text(words, x, scale)
    names = ", ".join(made.names)
    said = f"{marks(made)}. " + "; ".join(_said(name, one, made.names) for name, one in _all(made))
    return picture(f"What each plan costs in {names}", said, chart, HEIGHT, listing(made))


def _along(
    made: Frontier, name: str, one: Point, ends: dict[str, tuple[float, float]]
) -> Iterator[dict[str, Any]]:
    """A row for each goal of one plan: how far it is from the best of the axis to its worst."""
    knee = made.knee is not None and name == str(made.knee + 1)
    what = name if name == TODAY else "knee" if knee else "plan"
    scaled = []
    for goal in made.names:
        low, high = ends[goal]
        scaled.append((one.values[goal] - low) / (high - low) if high > low else 0.0)
    for at, y in enumerate(scaled):
        yield {"x": at, "y": y, "plan": name, "what": what, "first": min(scaled[0], 1.0)}


def _words_of_lines(
    made: Frontier, rows: Sequence[dict[str, Any]], ends: dict[str, tuple[float, float]]
) -> Iterator[list[dict[str, Any]]]:
    """What is written: goals and their ends, numbers of plans at both sides, and the marks."""
    last = len(made.names) - 1
    plain = {"dx": 0, "align": "center", "size": 11, "ink": INK}
    found = []
    for at, name in enumerate(made.names):
        low, high = ends[name]
        # Names of four goals would meet: every other one stands higher.
        above = 1.21 if last == 3 and at % 2 else 1.13
        found.append({"x": at, "y": above, "text": short(name), **plain, "bold": True})
        found.append({"x": at, "y": 1.06, "text": show(high), **plain, "ink": SOFT})
        found.append({"x": at, "y": -0.06, "text": show(low), **plain, "ink": SOFT})
    found.append({"x": last / 2, "y": -0.135, "text": marks(made), **plain, "ink": SOFT})
    yield found
    sides = ((0, "right", -9), (last, "left", 9))
    for place, align, dx in sides:
        own = [(row["y"], row["plan"]) for row in rows if row["x"] == place]
        yield [
            {"x": place, "y": y, "text": text, **plain, "align": align, "dx": dx}
            for y, text in _clusters(own)
        ]


def _text(words: Sequence[dict[str, Any]], x: Any, scale: Any) -> Any:
    """Words at their places; a layer for each way to set them."""
    alt = library()
    layers = []
    for key in dict.fromkeys((w["align"], w["dx"], w["ink"], w.get("bold", False)) for w in words):
        align, dx, ink, bold = key
        own = [
            {name: w[name] for name in ("x", "y", "text")}
            for w in words
            if (w["align"], w["dx"], w["ink"], w.get("bold", False)) == key
        ]
        weight = "bold" if bold else "normal"
        layers.append(
            alt.Chart(alt.Data(values=own))
            .mark_text(align=align, dx=dx, color=ink, fontSize=11, fontWeight=weight)
            .encode(x=x, y=alt.Y("y:Q", axis=None, scale=scale), text="text:N")
        )
    return alt.layer(*layers)


def _clusters(own: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Labels of plans that lie close together as one: where it stands, and the plans it names."""
    groups: list[list[tuple[float, str]]] = []
    for y, plan in sorted(own, key=lambda one: one[0]):
        if groups and y - groups[-1][0][0] <= NEAR:
            groups[-1].append((y, plan))
        else:
            groups.append([(y, plan)])
    found: list[tuple[float, str]] = []
    for group in groups:
        numbers = [int(plan) for _, plan in group if plan != TODAY]
        text = ", ".join([joined(numbers)] if numbers else [])
        if len(numbers) < len(group):
            text = f"{text}, {TODAY}" if text else TODAY
        at = sum(y for y, _ in group) / len(group)
        found.append((max(at, found[-1][0] + NEAR) if found else at, short(text, 14)))
    return found


def joined(numbers: Sequence[int]) -> str:
    """``1, 3–5`` for 1, 3, 4 and 5."""
    runs: list[list[int]] = []
    for one in sorted(numbers):
        if runs and one == runs[-1][-1] + 1:
            runs[-1].append(one)
        else:
            runs.append([one])
    return ", ".join(
        str(run[0]) if len(run) == 1 else f"{run[0]}{'–' if len(run) > 2 else ', '}{run[-1]}"
        for run in runs
    )


def marks(made: Frontier) -> str:
    """What the marks mean, in words."""
    told = ["less is better at every goal"]
    if made.knee is not None:
        told.append(f"knee: plan {made.knee + 1}, thick")
    if made.today is not None:
        told.append("today’s books: dashed")
    return "; ".join(told)


def _ends(made: Frontier, goal: str) -> tuple[float, float]:
    """Least and most of a goal over everything drawn."""
    values = [one.values[goal] for _, one in _plans(made)]
    return min(values), max(values)


def _plans(made: Frontier) -> list[tuple[str, Point]]:
    """Every plan with its number, and today's books."""
    found = [(str(at), one) for at, one in enumerate(made.points, start=1)]
    return found if made.today is None else [*found, (TODAY, made.today)]


def _all(made: Frontier) -> list[tuple[str, Point]]:
    """Every plan and today's books, by the names that people read."""
    return [(name if name == TODAY else f"plan {name}", one) for name, one in _plans(made)]


def _said(name: str, one: Point, goals: Sequence[str]) -> str:
    values = ", ".join(f"{goal} {show(one.values[goal])}" for goal in goals)
    return f"{name}: {values} ({counted(one.moves, 'move')})"


def listing(made: Frontier) -> Listing:
    """Every plan and today's books: values of the goals, moves, and what is proved of the last."""
    knee = "" if made.knee is None else f"plan {made.knee + 1}"
    rows = [
        (
            f"{name} (knee)" if name == knee else name,
            *(show(one.values[goal]) for goal in made.names),
            show(one.moves, "count"),
            show(one.bound, "amount", "down"),
        )
        for name, one in _all(made)
    ]
    proved = f"No plan has less {made.names[-1]}"
    return Listing(("Plan", *made.names, "Accounts that move", proved), tuple(rows))
