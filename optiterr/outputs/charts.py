"""Pictures of a comparison: small drawings as text, without scripts, that open anywhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from optiterr.case import TODAY, Book, Case
from optiterr.compare import Comparison
from optiterr.figures import figure, show

WIDTH = 400
"""Width of a drawing; wide pages show several side by side, narrow ones show one."""

NAMED = 40
"""With more reps than this, books are drawn by rank, without names."""

DRAWN = 12
"""No more cases than this are drawn one by one."""

INK, SOFT, LINE, GREY = "#344054", "#667085", "#e4e7ec", "#98a2b3"
CASE_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#aa4499", "#b88a00", "#3a9bd9", "#6b5b95")
TERM_COLOURS = (
    *("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#44aa99"),
)
"""Okabe and Ito's colours for cases and Tol's for terms, told apart by colour-blind readers too."""

SVG = "http://www.w3.org/2000/svg"
KEPT = {"svg", "g", "path", "rect", "line", "circle", "text", "tspan", "defs", "clipPath"}
"""The only elements that a drawing may hold."""


@dataclass(frozen=True)
class Picture:
    """A drawing with its title and what it shows in words."""

    title: str
    text: str
    svg: str


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
    labels = _labels([(case.name, case.title) for case in comparison.columns])
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
    alt = _altair()
    most = max(point["x"] for point in points) or 1.0
    x = alt.X("x:Q", axis=_axis(f"{figure(across.split(':')[0], lead).title}", share=True)).scale(
        domain=[-0.03 * most, most * 1.5], nice=False
    )
    y = alt.Y("y:Q", axis=_axis(figure("spread", lead).title, share=True)).scale(zero=True)
    base = alt.Chart(alt.Data(values=points)).encode(
        x=x, y=y, color=alt.Color("colour:N", scale=None)
    )
    dots = base.mark_circle(size=110, opacity=1)
    names = base.mark_text(align="left", dx=9, fontSize=11).encode(
        text="label:N", color=alt.value(INK)
    )
    said = "; ".join(
        f"{point['label']} moves {show(point['x'], 'share')}, spread {show(point['y'], 'share')}"
        for point in points
    )
    return _picture("What is moved against what is left uneven", said, dots + names, 300)


def costs(comparison: Comparison) -> list[Picture]:
    """Cost by term, one drawing for each set of prices: lengths compare inside a drawing only."""
    groups: dict[str, list[Case]] = {}
    for case in comparison.cases:
        if "cost" in case.values:
            groups.setdefault(case.prices, []).append(case)
    return [_cost(comparison, cases, len(groups) > 1) for cases in groups.values()]


def _cost(comparison: Comparison, cases: Sequence[Case], several: bool) -> Picture:
    first = cases[0].today_terms
    shared = all(case.today_terms == first for case in cases)
    names = _labels([(case.name, case.title) for case in cases])
    bars: list[tuple[str, dict[str, float]]] = [("Today", first)] if shared else []
    for name, case in zip(names, cases, strict=True):
        bars += [] if shared else [(f"{name}, today", case.today_terms)]
        bars.append((name, case.terms))
    terms = list(dict.fromkeys(term for _, parts in bars for term in parts))
    tags = _labels([(term, term) for term in terms])
    rows = [
        {"bar": bar, "term": tag, "value": parts.get(term, 0.0)}
        for bar, parts in bars
        for term, tag in zip(terms, tags, strict=True)
    ]
    alt = _altair()
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(height={"band": 0.62})
        .encode(
            x=alt.X("sum(value):Q", axis=_axis("Cost")),
            y=alt.Y("bar:N", sort=[bar for bar, _ in bars], axis=_names()),
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
    title = f"Cost by term: {', '.join(names)}" if several else "Cost by term"
    return _picture(title, said, chart, 70 + 30 * len(bars) + legend)


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
    labels = _labels([(book.rep_id, book.name or book.rep_id) for book in books])
    mean = case.values.get(f"mean:{measure}")
    rows = [
        {
            "rep": label,
            "before": book.before.get(measure, 0.0),
            "after": book.after.get(measure, 0.0),
            "target": book.target.get(measure, mean),
        }
        for label, book in zip(labels, books, strict=True)
    ]
    alt = _altair()
    y = alt.Y("rep:N", sort=labels, axis=_names())
    base = alt.Chart(alt.Data(values=rows)).encode(y=y)
    x = alt.X("before:Q", axis=_axis(_title(measure))).scale(
        domain=_reach(comparison, measure), nice=False, padding=7
    )
    way = base.mark_rule(color=GREY, strokeWidth=1.5).encode(x=x, x2="after:Q")
    aim = base.mark_tick(color=INK, thickness=2, size=13).encode(x="target:Q")
    then = base.mark_point(
        color=GREY, fill="#ffffff", filled=True, stroke=GREY, strokeWidth=1.6, size=48, opacity=1
    ).encode(x="before:Q")
    now = base.mark_circle(color=colour, size=62, opacity=1).encode(x="after:Q")
    return _picture(case.title, said, way + aim + then + now, 56 + 17 * len(rows))


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
    rows = [
        {"rank": i + 1, "load": load, "when": when}
        for when, loads in (
            ("today", sorted((book.before.get(measure, 0.0) for book in books), reverse=True)),
            ("plan", sorted((book.after.get(measure, 0.0) for book in books), reverse=True)),
        )
        for i, load in enumerate(loads)
    ]
    alt = _altair()
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("rank:Q", axis=_axis("Reps, largest book first")),
            y=alt.Y("load:Q", axis=_axis(_title(measure))),
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
    return _picture(case.title, said, chart, 260)


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
    labels = _labels([(case.name, case.title) for case in with_rule])
    rows = [
        {"case": label, "use": book.use[rule], "colour": colour_of(comparison, case.name)}
        for label, case in zip(labels, with_rule, strict=True)
        for book in case.books
        if rule in book.use and not book.leaves
    ]
    if not rows:
        return None
    alt = _altair()
    dots = (
        alt.Chart(alt.Data(values=rows))
        .mark_circle(size=70, opacity=0.55)
        .encode(
            x=alt.X("use:Q", axis=_axis("Load / limit", share=True)),
            y=alt.Y("case:N", sort=labels, axis=_names()),
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
    return _picture(f"Use of {rule}", said, limit + dots, 60 + 30 * len(labels))


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
        zip(order, _labels([(str(e), ends[e] or e or "Nobody") for e in order], 16), strict=True)
    )
    rows: dict[tuple[str, str], float] = {}
    for flow in case.flows:
        way = (labels[flow.from_rep], labels[flow.to_rep])
        rows[way] = rows.get(way, 0.0) + flow.measures["accounts"]
    alt = _altair()
    values = [{"from": a, "to": b, "accounts": n} for (a, b), n in rows.items()]
    most = max(rows.values())
    froms = [labels[end] for end in order if any(a == labels[end] for a, _ in rows)]
    tos = [labels[end] for end in order if any(b == labels[end] for _, b in rows)]
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X("to:N", sort=tos, axis=_names(labelAngle=-55, orient="top", grid=True)).scale(
            domain=tos
        ),
        y=alt.Y("from:N", sort=froms, axis=_names(grid=True)).scale(domain=froms),
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
    return _picture(case.title, said, cells + numbers, 110 + 19 * len(froms))


def convergence(comparison: Comparison, case: Case) -> Picture | None:
    """Cost found and bound claimed over the seconds of the solve."""
    rows = [
        {"seconds": step.seconds, "value": value, "line": line}
        for step in case.log
        for line, value in (("cost", step.incumbent), ("bound", step.bound))
        if value is not None
    ]
    if len({row["seconds"] for row in rows}) < 2:
        return None
    alt = _altair()
    colour = colour_of(comparison, case.name)
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=alt.X("seconds:Q", axis=_axis("Seconds")),
            y=alt.Y("value:Q", axis=_axis("Cost (line), bound (dashes)")).scale(zero=False),
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
    return _picture(case.title, "Cost found and bound claimed over time", chart, 220)


def _altair() -> Any:
    import altair

    return altair


def _axis(title: str, *, share: bool = False) -> Any:
    return _altair().Axis(
        title=_short(title, 48),
        format=".0~%" if share else "~s",
        tickCount=5,
        domain=False,
        ticks=False,
        labelPadding=6,
    )


def _names(**more: Any) -> Any:
    plain = {"title": None, "domain": False, "ticks": False, "grid": False}
    return _altair().Axis(**{**plain, "labelLimit": 150, "labelPadding": 6, **more})


def _title(measure: str) -> str:
    return measure[:1].upper() + measure[1:]


def _short(text: str, most: int = 22) -> str:
    """The text on one line, without control characters, cut to ``most`` characters."""
    plain = "".join(" " if unicodedata.category(one)[0] == "C" else one for one in text)
    plain = " ".join(plain.split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"


def _labels(ends: Iterable[tuple[str, str]], most: int = 22) -> list[str]:
    """A short label for each (id, name), no two alike."""
    pairs = list(ends)
    labels = [_short(name, most) for _, name in pairs]
    taken: dict[str, int] = {}
    found = []
    for (one, _), label in zip(pairs, labels, strict=True):
        told = label if labels.count(label) == 1 else _short(f"{_short(one, 10)} {label}", most)
        taken[told] = taken.get(told, 0) + 1
        found.append(told if taken[told] == 1 else f"{told} #{taken[told]}")
    return found


def _picture(title: str, text: str, chart: Any, height: int) -> Picture:
    import vl_convert

    chart = chart.properties(
        width=WIDTH,
        height=height,
        autosize={"type": "fit", "contains": "padding"},
        background="transparent",
    ).configure(
        font="sans-serif",
        aria=False,
        padding={"left": 14, "right": 10, "top": 6, "bottom": 4},
        view={"stroke": None},
        axis={
            "labelColor": SOFT,
            "titleColor": SOFT,
            "titleFontWeight": "normal",
            "gridColor": LINE,
            "labelFontSize": 11,
            "titleFontSize": 11,
            "titlePadding": 8,
        },
        legend={"labelColor": INK, "labelFontSize": 11, "labelLimit": 160},
    )
    return Picture(title, text, inline(vl_convert.vegalite_to_svg(chart.to_json()), title, text))


def inline(svg: str, title: str, text: str) -> str:
    """The drawing made fit for a page: known elements only, no links, named for screen readers."""
    ElementTree.register_namespace("", SVG)
    root = ElementTree.fromstring(svg)
    _clean(root)
    for name in ("width", "height", "class", "version"):
        root.attrib.pop(name, None)
    wide, high = root.attrib["viewBox"].split()[2:]
    root.attrib |= {"role": "img", "width": wide, "height": high}
    for place, (tag, words) in enumerate((("title", title), ("desc", text))):
        told = ElementTree.Element(f"{{{SVG}}}{tag}")
        told.text = " ".join(_short(words, 600).split())
        root.insert(place, told)
    return ElementTree.tostring(root, encoding="unicode")


def _clean(element: ElementTree.Element) -> None:
    for child in list(element):
        if child.tag.removeprefix(f"{{{SVG}}}") in KEPT:
            _clean(child)
        else:
            element.remove(child)
    for name in list(element.attrib):
        strange = name.startswith(("{", "on")) or "href" in name
        outward = "url(" in element.attrib[name] and not re.fullmatch(
            r"url\(#[\w-]+\)", element.attrib[name]
        )
        if strange or outward or name in ("id", "clip-path", "class", "pointer-events", "style"):
            del element.attrib[name]
