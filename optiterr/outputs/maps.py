"""The map of a comparison: where accounts and reps lie on the sheet, and a drawing without script.

A drawing is one path a rep whose strokes of no length are its accounts, so that fifty thousand
accounts take half a megabyte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optiterr.comparison.accounts import AccountTable
from optiterr.comparison.case import Case
from optiterr.comparison.figures import show
from optiterr.comparison.side_by_side import Comparison
from optiterr.outputs.drawing import SVG, WIDTH, Picture, inline
from optiterr.outputs.maps_colours import colours
from optiterr.outputs.maps_projection import WIDTH as STEPS
from optiterr.outputs.maps_projection import Sheet, sheet
from optiterr.pairs import Floats

MOST_DOTS = 40_000
"""Dots drawn without a script over all maps; today's books and the first plan are always drawn."""

LAND, SHORE, NOBODY = "#eef0f3", "#c3cad4", "#98a2b3"
"""Colours of the ground, of its borders and of accounts that nobody serves."""

Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Map:
    """Where everything lies, in steps of the sheet; -1 where a place is not known.

    ``colours`` has one entry for each rep of the comparison.
    """

    sheet: Sheet
    accounts: tuple[Positions, Positions]
    homes: tuple[Positions, Positions]
    colours: tuple[str, ...]

    @property
    def placed(self) -> int:
        """Accounts that lie on the map."""
        return int((self.accounts[0] >= 0).sum())


def map_of(comparison: Comparison) -> Map | None:
    """The map of a comparison; None without places of accounts."""
    table = comparison.accounts
    if table is None:
        return None
    north, east = _numbers(table.latitude), _numbers(table.longitude)
    home_north = _numbers([rep.latitude for rep in comparison.reps])
    home_east = _numbers([rep.longitude for rep in comparison.reps])
    found = sheet(north, east)
    if found is None:
        return None
    accounts, homes = _on(found, north, east), _on(found, home_north, home_east)
    return Map(found, accounts, homes, tuple(_colours(comparison, table, accounts, homes)))


def _numbers(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if one is None else one for one in values], dtype=float)


def _on(found: Sheet, north: Floats, east: Floats) -> tuple[Positions, Positions]:
    """Positions on the sheet; -1 for places that are not known or not on it."""
    known = np.isfinite(north) & np.isfinite(east)
    x, y = found.place(np.where(known, north, 0.0), np.where(known, east, 0.0))
    x, y = np.rint(x), np.rint(y)
    there = known & (x >= 0) & (x <= STEPS) & (y >= 0) & (y <= found.height)
    return np.where(there, x, -1).astype(np.int64), np.where(there, y, -1).astype(np.int64)


def _colours(
    comparison: Comparison,
    table: AccountTable,
    accounts: tuple[Positions, Positions],
    homes: tuple[Positions, Positions],
) -> list[str]:
    """A colour for each rep, by the middle of what it serves in the first plan, or else today."""
    count = len(comparison.reps)
    plans = [np.array(one) for one in (*list(table.served.values())[:1], table.today)]
    x, y = np.full(count, np.nan), np.full(count, np.nan)
    for served in plans:
        some = (served >= 0) & (accounts[0] >= 0)
        size = np.bincount(served[some], minlength=count)
        here = np.isnan(x) & (size > 0)
        for middle, way in ((x, accounts[0]), (y, accounts[1])):
            total = np.bincount(served[some], way[some].astype(float), minlength=count)
            middle[here] = total[here] / size[here]
    lost = np.isnan(x) & (homes[0] >= 0)
    x[lost], y[lost] = homes[0][lost], homes[1][lost]
    return colours(x, y)


def drawings(comparison: Comparison, drawn: Map | None, cases: Sequence[Case]) -> list[Picture]:
    """Today's books and plans as maps, as many as :data:`MOST_DOTS` allows."""
    table = comparison.accounts
    if drawn is None or table is None:
        return []
    made = [_drawing(comparison, drawn, "Today", np.array(table.today), None)]
    for case in cases:
        if len(made) > 1 and (len(made) + 1) * drawn.placed > MOST_DOTS:
            break
        made.append(
            _drawing(comparison, drawn, case.title, np.array(table.served[case.name]), case)
        )
    return made


def _drawing(
    comparison: Comparison, drawn: Map, title: str, served: Positions, case: Case | None
) -> Picture:
    high = round(WIDTH * drawn.sheet.height / STEPS)
    scale = WIDTH / STEPS
    size = 3.4 if drawn.placed < 3_000 else 2.2 if drawn.placed < 12_000 else 1.3
    x, y = drawn.accounts
    parts = [_ground(drawn.sheet, scale)]
    for rep in (-1, *range(len(comparison.reps))):
        some = np.flatnonzero((served == rep) & (x >= 0))
        if len(some):
            colour = NOBODY if rep < 0 else drawn.colours[rep]
            dots = "".join(
                f"M{a:.1f} {b:.1f}h0" for a, b in zip(x[some] * scale, y[some] * scale, strict=True)
            )
            parts.append(
                f'<path d="{dots}" stroke="{colour}" stroke-width="{size}" stroke-linecap="round" '
                'fill="none"/>'
            )
    svg = f'<svg xmlns="{SVG}" viewBox="0 0 {WIDTH} {high}">{"".join(parts)}</svg>'
    serving = len(set(served[served >= 0].tolist()))
    said = f"{show(drawn.placed, 'count')} accounts coloured by the {serving} reps who serve them"
    moved = "" if case is None else f"; {show(case.values['moved:accounts'], 'count')} moved"
    shown = f"{title}: who serves where{moved}"
    return Picture(shown, said, inline(svg, shown, said))


def _ground(drawn: Sheet, scale: float) -> str:
    """The outlines as one path, in whole numbers of a tenth of the drawing's unit."""
    lines = []
    for ring in drawn.rings:
        points = np.rint(np.array(ring).reshape(-1, 2) * scale * 10).astype(int)
        moved = np.concatenate([[True], np.diff(points, axis=0).any(axis=1)])
        points = points[moved]
        if len(points) > 2:
            steps = np.diff(points, axis=0)
            way = "".join(f"l{a} {b}" for a, b in steps.tolist())
            lines.append(f"M{points[0][0]} {points[0][1]}{way}z")
    return (
        f'<path transform="scale(.1)" d="{"".join(lines)}" fill="{LAND}" stroke="{SHORE}" '
        'stroke-width="6"/>'
    )
