"""Pictures of a comparison: small drawings as text, without scripts, that open anywhere.

Longer than other modules because every picture of the report is one function here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optiterr.comparison.case import TODAY, Book, Case
from optiterr.comparison.figures import MISSING, figure, show
from optiterr.comparison.side_by_side import Comparison
from optiterr.findings import listed
from optiterr.outputs.drawing import (
    GREY,
    INK,
    Listing,
    Picture,
    axis,
    labels_of,
    library,
    names_axis,
    picture,
)

NAMED = 40
"""With more reps than this, books are drawn by rank, without names."""

LISTED = 60
"""Rows of the table under a drawing; further ones are in the files beside the page."""

LABEL = 34
"""Letters of a label in the trade-off; points on one spot share a label up to this."""

DRAWN = 12
"""No more cases than this are drawn one by one."""

CASE_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#aa4499", "#b88a00", "#3a9bd9", "#6b5b95")
TERM_COLOURS = (
    *("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#44aa99"),
)
"""Okabe and Ito's colours for cases and Tol's for terms, told apart by colour-blind readers too."""


def colour_of(comparison: Comparison, case: str) -> str:
    """The colour of a case, the same in every drawing and table."""
    if case == TODAY:
        return GREY
    names = [one.name for one in comparison.cases]
    return CASE_COLOURS[names.index(case) % len(CASE_COLOURS)]


def trade_off(comparison: Comparison) -> Picture | None:
    """What each plan moves against how uneven it leaves the books."""
    lead = comparison.lead
    across, up = f"moved_share:{lead}", f"spread:{lead}"
    labels = labels_of([(case.name, case.title) for case in comparison.columns])
    points: list[dict[str, Any]] = [
        {
            "x": case.values.get(across, 0.0),
            "y": case.values[up],
            "label": labels[i],
            "colour": colour_of(comparison, case.name),
        }
        for i, case in enumerate(comparison.columns)
        if up in case.values and (case.is_today or across in case.values)
    ]
    if len(points) < 2:
        return None
    alt = library()
    widest = max(point["x"] for point in points) or 1.0
    highest = max(point["y"] for point in points) or 1.0
    named = _joined(points, widest, highest)
    _spread_labels(named, widest * 1.55, highest)
    x = alt.X("x:Q", axis=axis(figure("moved_share", lead).title, share=True)).scale(
        domain=[-0.03 * widest, widest * 1.52], nice=False
    )
    y = alt.Y("y:Q", axis=axis(figure("spread", lead).title, share=True)).scale(zero=True)
    base = alt.Chart(alt.Data(values=points)).encode(x=x)
    worded = alt.Chart(alt.Data(values=named)).encode(x=x)
    ways = worded.mark_rule(color=GREY, strokeWidth=0.8).encode(y=y, y2="at:Q", x2="start:Q")
    dots = base.mark_circle(size=110, opacity=1).encode(
        y=y, color=alt.Color("colour:N", scale=None)
    )
    names = worded.mark_text(align="left", dx=3, fontSize=11, color=INK).encode(
        x="start:Q", y="at:Q", text="label:N"
    )
    said = "; ".join(
        f"{point['label']} moves {show(point['x'], 'share')}, spread {show(point['y'], 'share')}"
        for point in points
    )
    listing = Listing(
        ("Case", figure("moved_share", lead).title, figure("spread", lead).title),
        tuple(
            (point["label"], show(point["x"], "share"), show(point["y"], "share"))
            for point in points
        ),
    )
    title = "What is moved against what is left uneven"
    return picture(title, said, ways + dots + names, 300, listing)


def _joined(points: Sequence[Mapping[str, Any]], wide: float, high: float) -> list[dict[str, Any]]:
    """The points with those that lie on each other as one, which has the labels of both."""
    found: list[dict[str, Any]] = []
    for point in points:
        for other in found:
            label = f"{other['label']} = {point['label']}"
            near = abs(point["x"] - other["x"]) < 0.005 * wide
            if near and abs(point["y"] - other["y"]) < 0.005 * high and len(label) <= LABEL:
                other["label"] = label
                break
        else:
            found.append(dict(point))
    return found


def _spread_labels(points: list[dict[str, Any]], wide: float, high: float) -> None:
    """Gives each point a place for its label, (start, at), where it meets no label and no dot."""
    line, letter, gap = high * 14 / 235, wide * 6.4 / 320, wide * 7 / 320
    placed = [(one["x"] - gap / 2, one["x"] + gap / 2, one["y"]) for one in points]

    def meets(start: float, end: float, at: float) -> list[float]:
        near = 0.999 * line
        return [p for s, e, p in placed if s < end and start < e and abs(p - at) < near]

    for point in sorted(points, key=lambda one: -one["y"]):
        start = point["x"] + gap
        end = start + letter * len(point["label"])
        for step in (-line, line):
            at = point["y"]
            while found := meets(start, end, at):
                at = (min if step < 0 else max)(found) + step
            if at >= 0:
                break
        placed.append((start, end, at))
        point |= {"start": start, "at": at}


def costs(comparison: Comparison) -> list[Picture]:
    """Cost by term, one drawing for each set of prices: lengths compare inside a drawing only."""
    groups: dict[str, list[Case]] = {}
    for case in comparison.cases:
        if "cost" in case.values:
            groups.setdefault(case.prices, []).append(case)
    return [_cost(comparison, cases, len(groups) > 1) for cases in groups.values()]


def _cost(comparison: Comparison, cases: Sequence[Case], several: bool) -> Picture:
    names = labels_of([(case.name, case.title) for case in cases])
    bars: list[tuple[str, dict[str, float]]] = [("Today", cases[0].today_terms)]
    for name, case in zip(names, cases, strict=True):
        if case.today_terms != bars[0][1]:
            bars.append((f"{name}, today", case.today_terms))
        bars.append((name, case.terms))
    terms = list(dict.fromkeys(term for _, parts in bars for term in parts))
    tags = labels_of([(term, term) for term in terms])
    rows = [
        {"bar": bar, "term": tag, "value": parts.get(term, 0.0)}
        for bar, parts in bars
        for term, tag in zip(terms, tags, strict=True)
    ]
    alt = library()
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(height={"band": 0.62})
        .encode(
            x=alt.X("sum(value):Q", axis=axis("Cost")),
            y=alt.Y("bar:N", sort=[bar for bar, _ in bars], axis=names_axis()),
            color=alt.Color(
                "term:N",
                sort=tags,
                scale=alt.Scale(
                    domain=tags,
                    range=[TERM_COLOURS[i % len(TERM_COLOURS)] for i in range(len(tags))],
                ),
                legend=alt.Legend(
                    title=None, orient="bottom", columns=2, columnPadding=40, symbolType="square"
                ),
            ),
            order=alt.Order("order:Q"),
        )
    )
    for row in rows:
        row["order"] = tags.index(str(row["term"]))
    said = "; ".join(
        f"{bar}: {', '.join(f'{term} {show(value)}' for term, value in parts.items()) or '0'}"
        for bar, parts in bars
    )
    legend = 22 * ((len(tags) + 1) // 2)
    title = f"Cost by term: {listed(names, 2)}" if several else "Cost by term"
    listing = Listing(
        ("Books", *terms),
        tuple((bar, *(show(parts.get(term, 0.0)) for term in terms)) for bar, parts in bars),
    )
    return picture(title, said, chart, 70 + 30 * len(bars) + legend, listing)


def loads(comparison: Comparison, case: Case, measure: str) -> Picture | None:
    """Each rep's load of a measure today and in the plan, against the target or the mean."""
    books = [book for book in case.books if not book.leaves]
    if not books or case.is_today:
        return None
    books.sort(key=lambda book: -book.before.get(measure, 0.0))
    colour = colour_of(comparison, case.name)
    said = _said_of_books(case, measure)
    if len(books) > NAMED:
        return _ranks(case, books, measure, colour, said)
    labels = labels_of([(book.rep_id, book.name or book.rep_id) for book in books])
    mean = case.values.get(f"mean:{measure}")
    rows: list[dict[str, Any]] = [
        {
            "rep": label,
            "before": book.before.get(measure, 0.0),
            "after": book.after.get(measure, 0.0),
            "target": book.target.get(measure, mean),
        }
        for label, book in zip(labels, books, strict=True)
    ]
    alt = library()
    y = alt.Y("rep:N", sort=labels, axis=names_axis())
    base = alt.Chart(alt.Data(values=rows)).encode(y=y)
    x = alt.X("before:Q", axis=axis(_title(measure))).scale(
        domain=_reach(comparison, measure), nice=False, padding=7
    )
    way = base.mark_rule(color=GREY, strokeWidth=1.5).encode(x=x, x2="after:Q")
    aim = base.mark_tick(color=INK, thickness=2, size=13).encode(x="target:Q")
    then = base.mark_point(
        color=GREY, fill="#ffffff", filled=True, stroke=GREY, strokeWidth=1.6, size=48, opacity=1
    ).encode(x="before:Q")
    now = base.mark_circle(color=colour, size=62, opacity=1).encode(x="after:Q")
    listing = Listing(
        ("Rep", "Today", "Plan", "Target or mean"),
        tuple(
            (
                row["rep"],
                *(show(row[key]) for key in ("before", "after")),
                MISSING if row["target"] is None else show(row["target"]),
            )
            for row in rows
        ),
    )
    title = _told_spread(case, measure)
    return picture(title, said, way + aim + then + now, 56 + 17 * len(rows), listing)


def _told_spread(case: Case, measure: str) -> str:
    """What the drawing of loads shows: how far apart the books are today and in the plan."""
    key = f"spread:{measure}"
    if key not in case.values or key not in case.today_values:
        return f"{case.title}: {measure} per rep"
    then, now = show(case.today_values[key], "share"), show(case.values[key], "share")
    return f"{case.title}: spread of {measure} {then} today, {now} in the plan"


def _reach(comparison: Comparison, measure: str) -> list[float]:
    """From the least to the most load of any rep in any case, so that drawings share an axis."""
    loads = [
        load
        for case in comparison.cases
        for book in case.books
        for load in (book.before.get(measure, 0.0), book.after.get(measure, 0.0))
    ]
    return [min(0.0, *loads), max(loads)]


def _ranks(case: Case, books: Sequence[Book], measure: str, colour: str, said: str) -> Picture:
    rows: list[dict[str, Any]] = [
        {"rank": i + 1, "load": load, "when": when}
        for when, loads in (
            ("today", sorted((book.before.get(measure, 0.0) for book in books), reverse=True)),
            ("plan", sorted((book.after.get(measure, 0.0) for book in books), reverse=True)),
        )
        for i, load in enumerate(loads)
    ]
    alt = library()
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("rank:Q", axis=axis("Reps, largest book first")),
            y=alt.Y("load:Q", axis=axis(_title(measure))),
            color=alt.Color(
                "when:N",
                scale=alt.Scale(domain=["today", "plan"], range=[GREY, colour]),
                legend=None,
            ),
            strokeDash=alt.StrokeDash(
                "when:N",
                scale=alt.Scale(domain=["today", "plan"], range=[[4, 3], [1, 0]]),
                legend=None,
            ),
        )
    )
    title = _told_spread(case, measure)
    some = rows[: len(rows) // 2]
    listing = Listing(
        ("Rank", "Today", "Plan"),
        tuple(
            (str(row["rank"]), show(row["load"]), show(other["load"]))
            for row, other in zip(some, rows[len(rows) // 2 :], strict=True)
        )[:LISTED],
    )
    return picture(title, said, chart, 260, listing)


def _said_of_books(case: Case, measure: str) -> str:
    then, now = case.today_values, case.values
    parts = [
        f"{when} from {show(values[f'least:{measure}'])} to {show(values[f'most:{measure}'])}"
        for when, values in (("today", then), ("in the plan", now))
        if f"least:{measure}" in values
    ]
    return f"{_title(measure)} per rep: {'; '.join(parts)}"


def use(comparison: Comparison, rule: str) -> Picture | None:
    """How full each rep is under a capacity rule: one dot a rep, one line a case."""
    with_rule = [case for case in comparison.columns if f"use_most:{rule}" in case.values]
    labels = labels_of([(case.name, case.title) for case in with_rule])
    rows = [
        {"case": label, "use": book.use[rule], "colour": colour_of(comparison, case.name)}
        for label, case in zip(labels, with_rule, strict=True)
        for book in case.books
        if rule in book.use and not book.leaves
    ]
    if not rows:
        return None
    alt = library()
    dots = (
        alt.Chart(alt.Data(values=rows))
        .mark_circle(size=70, opacity=0.55)
        .encode(
            x=alt.X("use:Q", axis=axis("Load / limit", share=True)).scale(
                zero=True, nice=False, padding=8
            ),
            y=alt.Y("case:N", sort=labels, axis=names_axis()),
            color=alt.Color("colour:N", scale=None),
        )
    )
    limit = (
        alt.Chart(alt.Data(values=[{"use": 1.0}]))
        .mark_rule(color=INK, strokeDash=[4, 3], strokeWidth=1.4)
        .encode(x="use:Q")
    )
    said = "; ".join(
        f"{label}: largest use {show(case.values[f'use_most:{rule}'], 'share')}"
        for label, case in zip(labels, with_rule, strict=True)
    )
    listing = Listing(
        ("Case", "Mean use", "Largest use"),
        tuple(
            (
                label,
                *(show(case.values[f"{key}:{rule}"], "share") for key in ("use_mean", "use_most")),
            )
            for label, case in zip(labels, with_rule, strict=True)
        ),
    )
    title = f"Load of each rep as a share of its limit, {rule}"
    return picture(title, said, limit + dots, 60 + 30 * len(labels), listing)


def matrix(comparison: Comparison, case: Case) -> Picture | None:
    """Accounts that go from each rep (down) to each rep (across)."""
    ends = {
        end: name
        for flow in case.flows
        for end, name in ((flow.from_rep, flow.from_name), (flow.to_rep, flow.to_name))
    }
    if not ends or len(ends) > NAMED:
        return None
    order = sorted(ends, key=lambda end: (end is None, ends[end] or str(end)))
    labels = dict(
        zip(order, labels_of([(str(e), ends[e] or e or "Nobody") for e in order], 16), strict=True)
    )
    rows: dict[tuple[str, str], float] = {}
    for flow in case.flows:
        way = (labels[flow.from_rep], labels[flow.to_rep])
        rows[way] = rows.get(way, 0.0) + flow.measures["accounts"]
    alt = library()
    values = [{"from": a, "to": b, "accounts": n} for (a, b), n in rows.items()]
    most = max(rows.values())
    froms = [labels[end] for end in order if any(a == labels[end] for a, _ in rows)]
    tos = [labels[end] for end in order if any(b == labels[end] for _, b in rows)]
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X("to:N", sort=tos, axis=names_axis(labelAngle=-55, orient="top", grid=True)).scale(
            domain=tos
        ),
        y=alt.Y("from:N", sort=froms, axis=names_axis(grid=True)).scale(domain=froms),
    )
    cells = base.mark_circle(color=colour_of(comparison, case.name), opacity=0.85).encode(
        size=alt.Size("accounts:Q", scale=alt.Scale(domain=[0, most], range=[16, 360]), legend=None)
    )
    numbers = base.mark_text(fontSize=9, color="#ffffff").encode(
        text="accounts:Q",
        opacity=alt.condition(f"datum.accounts >= {most * 0.45}", alt.value(1), alt.value(0)),
    )
    largest = max(rows, key=lambda way: rows[way])
    said = f"Most go from {largest[0]} to {largest[1]}: {show(rows[largest], 'count')} accounts"
    ways = sorted(rows.items(), key=lambda one: -one[1])[:LISTED]
    listing = Listing(
        ("From", "To", "Accounts"), tuple((a, b, show(n, "count")) for (a, b), n in ways)
    )
    title = f"{case.title}: {show(sum(rows.values()), 'count')} accounts change hands"
    return picture(title, said, cells + numbers, 110 + 19 * len(froms), listing)


def convergence(comparison: Comparison, case: Case) -> Picture | None:
    """Cost found and bound claimed over the seconds of the solve."""
    rows: list[dict[str, Any]] = [
        {"seconds": step.seconds, "value": value, "line": line}
        for step in case.log
        for line, value in (("cost", step.incumbent), ("bound", step.bound))
        if value is not None
    ]
    if len({row["seconds"] for row in rows}) < 2:
        return None
    alt = library()
    colour = colour_of(comparison, case.name)
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=alt.X("seconds:Q", axis=axis("Seconds")),
            y=alt.Y("value:Q", axis=axis("Cost (line), bound (dashes)")).scale(zero=False),
            color=alt.Color(
                "line:N",
                scale=alt.Scale(domain=["cost", "bound"], range=[colour, GREY]),
                legend=None,
            ),
            strokeDash=alt.StrokeDash(
                "line:N",
                scale=alt.Scale(domain=["cost", "bound"], range=[[1, 0], [4, 3]]),
                legend=None,
            ),
        )
    )
    listing = Listing(
        ("Seconds", "Line", "Value"),
        tuple((show(r["seconds"], "seconds"), r["line"], show(r["value"])) for r in rows[-LISTED:]),
    )
    title = f"{case.title}: cost found and bound claimed"
    last = rows[-1]["seconds"]
    said = f"Cost found and bound claimed over {show(float(last), 'seconds')}"
    return picture(title, said, chart, 220, listing)


def _title(measure: str) -> str:
    return measure[:1].upper() + measure[1:]
