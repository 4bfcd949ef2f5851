"""A frontier between three or four goals: a small drawing for each two of them.

It shows which plans trade these two, and hollow those that another plan beats at both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from optiterr.comparison.figures import show
from optiterr.frontier.shape import dominates, efficient
from optiterr.frontier.values import Frontier
from optiterr.outputs.drawing import GREY, INK, SOFT, Picture, axis, library, picture, short
from optiterr.outputs.frontier_lines import COLOUR, TODAY, joined, marks

HEIGHT = 260


def pairs(made: Frontier) -> list[Picture]:
    """A drawing for each two of three or four goals: who trades them, who is beaten at both."""
    if len(made.names) < 3 or len(made.points) < 2:
        return []
    return [_pair(made, *two) for two in combinations(made.names, 2)]


def _pair(made: Frontier, first: str, last: str) -> Picture:
    """The plans by two of the goals. Not beaten at both: filled, joined by steps, with a number."""
    rows, alt = list(_dots(made, first, last)), library()
    xs, ys = ([row[key] for row in rows] for key in "xy")
    wide, tall = (max(one) - min(one) or 1.0 for one in (xs, ys))
    x_scale = alt.Scale(domain=[min(xs) - 0.06 * wide, max(xs) + 0.12 * wide], nice=False)
    y_scale = alt.Scale(domain=[min(ys) - 0.08 * tall, max(ys) + 0.14 * tall], nice=False)
    x = alt.X("x:Q", axis=axis(_cost(first)), scale=x_scale)
    y = alt.Y("y:Q", axis=axis(_cost(last)), scale=y_scale)
    base = alt.Chart(alt.Data(values=rows)).encode(x=x, y=y)
    kept = base.transform_filter("datum.kept && !datum.today")
    dots = base.transform_filter("!datum.today")
    steps = kept.mark_line(interpolate="step-after", color=COLOUR, opacity=0.45, strokeWidth=1.4)
    pale = dots.transform_filter("!datum.kept").mark_point(
        size=40, color=GREY, opacity=0.75, strokeWidth=1.2
    )
    today = base.transform_filter("datum.today").mark_point(
        shape="diamond", size=90, filled=True, fill="#ffffff", stroke=SOFT, strokeWidth=2, opacity=1
    )
    ring = base.transform_filter("datum.knee").mark_point(
        size=210, color=INK, strokeWidth=1.8, opacity=1
    )
    _place_labels(rows, wide, tall)
    names = (
        base.transform_filter("datum.label != ''")
        .mark_text(align="left", dx=8, dy=-8, fontSize=11, color=INK)
        .encode(text="label:N")
    )
    full = kept.mark_circle(size=64, opacity=1, color=COLOUR)
    chart = steps + pale + full + today + ring + names
    beaten = joined([row["plan"] for row in rows if not row["kept"] and not row["today"]])
    said = "; ".join(
        f"{row['name']}: {first} {show(row['x'])}, {last} {show(row['y'])}" for row in rows
    )
    said = f"{marks(made)}. Another plan is better at both than {beaten or 'none'}. {said}"
    return picture(f"{first} and {last}", said, chart, HEIGHT)


def _dots(made: Frontier, first: str, last: str) -> Iterator[dict[str, Any]]:
    """A row for each plan, rising in the first goal, and one for today's books."""
    told = [(one.values[first], one.values[last]) for one in made.points]
    order = sorted(range(len(told)), key=lambda at: (told[at][0], -told[at][1]))
    labelled = set(efficient(told)[0])
    for at in order:
        knee = at == made.knee
        kept = not any(dominates(other, told[at]) for other in told)
        label = f"{at + 1} knee" if knee else str(at + 1) if at in labelled else ""
        yield {
            "x": told[at][0],
            "y": told[at][1],
            "plan": at + 1,
            "name": f"plan {at + 1}",
            "kept": kept,
            "knee": knee,
            "today": False,
            "label": label,
        }
    if made.today is not None:
        yield {
            "x": made.today.values[first],
            "y": made.today.values[last],
            "plan": 0,
            "name": TODAY,
            "kept": False,
            "knee": False,
            "today": True,
            "label": TODAY,
        }


def _place_labels(rows: Sequence[dict[str, Any]], wide: float, tall: float) -> None:
    """Drops labels that would lie on another one; the knee and today keep theirs."""
    placed: list[tuple[float, float, float]] = []
    first = sorted(rows, key=lambda row: not (row["knee"] or row["today"]))
    for row in first:
        if not row["label"]:
            continue
        x, y = row["x"] / wide, row["y"] / tall
        end = x + 0.022 * len(row["label"]) + 0.01
        if any(x < e and s < end and abs(y - p) < 0.075 for s, e, p in placed):
            row["label"] = ""
        else:
            placed.append((x, end, y))


def _cost(goal: str) -> str:
    return f"Cost of {short(goal, 34)}"
