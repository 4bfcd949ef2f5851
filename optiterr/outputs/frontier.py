"""A frontier as files: a tidy table, a drawing, and a page that opens anywhere."""

from __future__ import annotations

import csv
import io
from itertools import combinations
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from optiterr.comparison.figures import MISSING, show
from optiterr.findings import counted
from optiterr.frontier.values import Frontier, Line
from optiterr.outputs.drawing import GREY, INK, SOFT, Picture, axis, library, picture, short
from optiterr.outputs.frontier_lines import COLOUR, lines, listing
from optiterr.outputs.frontier_pairs import pairs

FILES = ("frontier.json", "frontier.csv", "frontier.svg", "frontier.html")
"""What is written of a frontier; looked at before it is searched, so that nothing is lost."""

HEIGHT = 300


def render_frontier(made: Frontier, folder: Path) -> list[Path]:
    """Writes table, drawing and page into ``folder``; returns the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"frontier.csv": table(made), "frontier.html": page(made)}
    drawn = curve(made)
    if drawn is not None:
        texts["frontier.svg"] = drawn.svg
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return [folder / name for name in texts]


def table(made: Frontier) -> str:
    """A row for each point and one for today's books, exact numbers, as CSV."""
    terms = list(made.points[0].terms) if made.points else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    head = ["point", *(f"goal {name}" for name in made.names), "moves", "knee", "status"]
    writer.writerow(
        [*head, "bound", "gap", "gap_of_range", "seconds", *(f"term {t}" for t in terms)]
    )
    named = [(str(at), one) for at, one in enumerate(made.points, start=1)]
    if made.today is not None:
        named.append(("today", made.today))
    for place, (name, one) in enumerate(named):
        knee = int(name != "today" and place == made.knee)
        row = [name, *(one.values[goal] for goal in made.names), one.moves, knee, one.status]
        row += [one.bound, one.gap, one.gap_of_range, one.seconds]
        writer.writerow([*row, *(one.terms.get(term) for term in terms)])
    return text.getvalue()


def vertices(made: Frontier, low: float, high: float) -> list[tuple[float, float]]:
    """The corners of the outer envelope of two goals from ``low`` to ``high`` of the first one."""
    first, last = made.names
    lines = [line for line in made.lines if line.goal == last]

    def at(x: float) -> float:
        return max(line.at({first: x}) for line in lines)

    crossings = {low, high}
    for a, b in combinations(lines, 2):
        x = _crossing(a, b, first)
        if x is not None and low < x < high and at(x) - a.at({first: x}) <= 1e-9 * abs(at(x)):
            crossings.add(x)
    return [(x, at(x)) for x in sorted(crossings)] if lines else []


def _crossing(a: Line, b: Line, name: str) -> float | None:
    """Where two lines meet, or None when they are parallel."""
    zero = {name: 0.0}
    slope = b.multipliers.get(name, 0.0) - a.multipliers.get(name, 0.0)
    return (b.at(zero) - a.at(zero)) / slope if abs(slope) > 1e-12 else None


def curve(made: Frontier) -> Picture | None:
    """The frontier in one drawing: of two goals a plane, of more a line for each plan.

    None where there are no two points to draw.
    """
    return _plane(made) if len(made.names) == 2 else lines(made)


def _plane(made: Frontier) -> Picture | None:
    """The points of two goals, today's books, and shaded what is proved to be out of reach."""
    if len(made.points) < 2:
        return None
    first, last = made.names
    rows = _rows(made)
    xs, ys = [one["x"] for one in rows], [one["y"] for one in rows]
    wide, tall = (max(one) - min(one) or 1.0 for one in (xs, ys))
    left, right = min(xs) - 0.05 * wide, max(xs) + 0.09 * wide
    edge = vertices(made, min(xs), right)
    low = min([*ys, *(y for _, y in edge)]) - 0.10 * tall
    top = max(ys) + 0.08 * tall
    shade = [{"x": left, "low": low, "high": top}] if made.least(first, {}) > left else []
    shade += [{"x": min(xs), "low": low, "high": top}] if shade else []
    shade += [{"x": x, "low": low, "high": min(max(y, low), top)} for x, y in edge]
    alt = library()
    x = alt.X("x:Q", axis=axis(_named(first))).scale(domain=[left, right], nice=False)
    y_scale = alt.Scale(domain=[low, top], nice=False)
    area = (
        alt.Chart(alt.Data(values=shade))
        .mark_area(color=GREY, opacity=0.28)
        .encode(
            x=x,
            y=alt.Y("low:Q", axis=axis(_named(last)), scale=y_scale),
            y2="high:Q",
        )
    )
    base = alt.Chart(alt.Data(values=rows)).encode(x=x, y=alt.Y("y:Q", scale=y_scale))
    dots = base.transform_filter("datum.what != 'today'").mark_circle(
        size=64, opacity=1, color=COLOUR
    )
    ring = base.transform_filter("datum.what == 'knee'").mark_point(
        size=210, color=COLOUR, strokeWidth=1.8, opacity=1
    )
    today = base.transform_filter("datum.what == 'today'").mark_point(
        shape="diamond", size=90, filled=True, fill="#ffffff", stroke=GREY, strokeWidth=2, opacity=1
    )
    names = base.mark_text(align="left", dx=11, dy=-9, fontSize=11, color=INK).encode(
        text="label:N"
    )
    note = (
        alt.Chart(alt.Data(values=[{"x": left + 0.03 * wide, "y": low + 0.05 * tall}]))
        .mark_text(align="left", fontSize=11, fontStyle="italic", color=SOFT)
        .encode(x=x, y=alt.Y("y:Q", scale=y_scale), text=alt.value("proved: no plan can be here"))
    )
    said = "; ".join(
        f"{first} {show(one['x'])}, {last} {show(one['y'])}"
        + (f" ({one['label']})" if one["label"] else "")
        for one in rows
    )
    chart = area + note + dots + today + ring + names
    return picture(f"What {last} costs in {first}", said, chart, HEIGHT, listing(made))


def _rows(made: Frontier) -> list[dict[str, Any]]:
    first, last = made.names
    rows: list[dict[str, Any]] = [
        {
            "x": one.values[first],
            "y": one.values[last],
            "what": "knee" if place == made.knee else "point",
            "label": f"knee: {counted(one.moves, 'move')}" if place == made.knee else "",
        }
        for place, one in enumerate(made.points)
    ]
    if made.today is not None:
        values = made.today.values
        rows.append({"x": values[first], "y": values[last], "what": "today", "label": "today"})
    return rows


def _named(goal: str) -> str:
    return f"Cost of {short(goal, 34)}"


def page(made: Frontier) -> str:
    """The page as text: what the points say, the drawing, the table, and what is proved."""
    loader = Environment(
        loader=PackageLoader("optiterr.outputs"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    loader.globals |= {"show": show, "MISSING": MISSING}
    drawn = curve(made)
    return loader.get_template("frontier.html").render(
        f=made,
        picture=drawn,
        svg=Markup(drawn.svg) if drawn is not None else "",
        pairs=[(one, Markup(one.svg)) for one in pairs(made)],
    )
