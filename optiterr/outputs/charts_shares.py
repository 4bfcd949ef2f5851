"""How evenly books are shared out: the curve of Lorenz, today and in each plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from optiterr.comparison.case import Book, Case
from optiterr.comparison.figures import MISSING, show
from optiterr.comparison.side_by_side import Comparison
from optiterr.outputs.charts import colour_of
from optiterr.outputs.drawing import GREY, Listing, Picture, axis, labels_of, library, picture
from optiterr.pairs import Floats

LINES = 7
"""Plans drawn over each other; more would be a knot."""


def curve(loads: Sequence[float]) -> Floats | None:
    """The curve of Lorenz: what share of the total the smallest books hold together.

    Entry ``k`` is the share of the ``k`` smallest, from 0 to 1; None when loads are negative or
    add up to nothing.
    """
    rising = np.sort(np.asarray(loads, dtype=float))
    if not len(rising) or rising[0] < 0 or rising.sum() <= 0:
        return None
    return np.concatenate([[0.0], np.cumsum(rising) / rising.sum()])


def shares(comparison: Comparison, cases: Sequence[Case], measure: str) -> Picture | None:
    """The share of a measure that the smallest books hold, against even books."""
    drawn = [case for case in cases if _curve(case.books, measure, "after") is not None][:LINES]
    then = _curve(drawn[0].books, measure, "before") if drawn else None
    if not drawn:
        return None
    names = labels_of([(case.name, case.title) for case in drawn])
    lines: list[tuple[str, str, Floats]] = [] if then is None else [("Today", GREY, then)]
    for name, case in zip(names, drawn, strict=True):
        found = _curve(case.books, measure, "after")
        assert found is not None
        lines.append((name, colour_of(comparison, case.name), found))
    rows: list[dict[str, Any]] = [
        {"reps": k / (len(found) - 1), "share": float(found[k]), "case": name}
        for name, _, found in lines
        for k in _some(len(found))
    ]
    alt = library()
    domain = [name for name, _, _ in lines]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("reps:Q", axis=axis("Reps, smallest book first", share=True)),
        y=alt.Y("share:Q", axis=axis(f"Share of {measure}", share=True)),
    )
    colour = alt.Color(
        "case:N",
        sort=domain,
        scale=alt.Scale(domain=domain, range=[colour for _, colour, _ in lines]),
        legend=alt.Legend(
            title=None, orient="bottom", columns=2, columnPadding=40, symbolType="stroke"
        ),
    )
    even = (
        alt.Chart(alt.Data(values=[{"reps": 0, "share": 0}, {"reps": 1, "share": 1}]))
        .mark_line(color=GREY, strokeDash=[3, 3], strokeWidth=1)
        .encode(x="reps:Q", y="share:Q")
    )
    told = [(name, found, *_said(found)) for name, _, found in lines]
    listing = Listing(
        ("Books", "Gini", "Smallest half of the reps", "Largest tenth of the reps"),
        tuple((name, *(show(part, "share") for part in parts)) for name, _, *parts in told),
    )
    said = "; ".join(f"{name}: Gini {show(gini, 'share')}" for name, _, gini, _, _ in told)
    title = f"Who holds what share of {measure}: the nearer the diagonal, the more even"
    chart = even + base.mark_line(strokeWidth=2).encode(color=colour)
    return picture(title, said or MISSING, chart, 300 + 20 * ((len(domain) + 1) // 2), listing)


def _curve(books: Sequence[Book], measure: str, when: str) -> Floats | None:
    loads = [getattr(book, when).get(measure) for book in books if not book.leaves]
    return None if None in loads else curve(loads)


def _some(count: int) -> list[int]:
    """At most a hundred points of a curve, its ends among them."""
    return sorted({round(at) for at in np.linspace(0, count - 1, min(count, 101))})


def _said(found: Floats) -> tuple[float, float, float]:
    """Gini, and the shares of the smallest half and of the largest tenth of the reps."""
    at = np.linspace(0, 1, len(found))
    half, top = np.interp([0.5, 0.9], at, found)
    gini = 1 - float(np.sum(found[1:] + found[:-1])) / (len(found) - 1)
    return gini, float(half), 1 - float(top)
