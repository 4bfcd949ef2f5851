"""Places on paper: which outline stands behind them, and how degrees become positions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Literal

import numpy as np

from optiterr.pairs import Floats, Mask

WIDTH = 20_000
"""Steps across a map; positions are whole steps."""

WIDE = 100.0
"""Places that span more degrees of longitude are drawn on a map of the whole Earth."""

MARGIN = 0.06
"""Room around the places, as a share of what they span."""

Project = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""Degrees north and east as positions to the right and downwards, in any unit."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A map without its accounts: its size in steps, its outlines, and where a place lies on it.

    ``rings`` hold positions in whole steps, x and y in turn; they may reach over the edge.
    """

    kind: Literal["us", "world", "plain"]
    height: int
    rings: tuple[tuple[int, ...], ...]
    place: Project


@cache
def outline(name: str) -> tuple[Floats, ...]:
    """The rings of an outline file in degrees east and north, shape (points, 2) each."""
    text = (files("optiterr.outputs") / "outlines" / f"{name}.json").read_text(encoding="utf-8")
    data = json.loads(text)
    rings = (
        np.cumsum(np.array(ring, dtype=float).reshape(-1, 2), axis=0) / data["units"]
        for ring in data["rings"]
    )
    return tuple(part for ring in rings for part in cut(ring))


def cut(ring: Floats) -> list[Floats]:
    """The ring as it is, or in parts where it crosses the 180th degree: one on each side of it."""
    east = np.unwrap(ring[:, 0], period=360)
    if np.array_equal(east, ring[:, 0]):
        return [ring]
    parts = []
    for turn in (-360.0, 0.0, 360.0):
        part = np.stack([east + turn, ring[:, 1]], axis=1)
        for side in (1.0, -1.0):
            part = _before(part, side)
        if len(part) > 2:
            parts.append(part)
    return parts


def _before(ring: Floats, side: float) -> Floats:
    """The part of a ring up to 180 degrees east (side 1) or west (-1)."""
    kept: list[Floats] = []
    for here, there in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        now, then = side * here[0] - 180, side * there[0] - 180
        if now <= 0:
            kept.append(here)
        if now * then < 0:
            at = here + (there - here) * now / (now - then)
            kept.append(np.array([side * 180, at[1]]))
    return np.array(kept).reshape(-1, 2)


def sheet(north: Floats, east: Floats) -> Sheet | None:
    """The map that shows the places given; None when none of them is known."""
    known = np.isfinite(north) & np.isfinite(east)
    if not known.any():
        return None
    north, east = north[known], east[known]
    if in_us(north, east):
        return _fitted("us", united_states, [ring.T[::-1] for ring in outline("us")], None)
    if np.ptp(east) > WIDE:
        project: Project = equal_earth
    else:
        project = partial(flat, middle=float(np.clip((north.min() + north.max()) / 2, -75, 75)))
    rings = [ring.T[::-1] for ring in outline("world")]
    return _fitted("world", project, rings, project(north, east))


def _fitted(
    kind: Literal["us", "world"],
    project: Project,
    rings: Iterable[Floats],
    shown: tuple[Floats, Floats] | None,
) -> Sheet:
    """The sheet that fits ``shown``, or else the outlines themselves."""
    drawn = [project(north, east) for north, east in rings]
    x, y = (
        shown
        if shown is not None
        else (np.concatenate([one[0] for one in drawn]), np.concatenate([one[1] for one in drawn]))
    )
    span = max(float(np.ptp(x)), float(np.ptp(y)), 1e-3)
    room = MARGIN * span if shown is not None else 0.01 * span
    wide, high = max(float(np.ptp(x)), 0.6 * span), max(float(np.ptp(y)), 0.35 * span)
    wide, high = wide + 2 * room, high + 2 * room
    left = (x.min() + x.max() - wide) / 2
    top = (y.min() + y.max() - high) / 2
    scale = WIDTH / wide

    def place(north: Floats, east: Floats) -> tuple[Floats, Floats]:
        across, down = project(north, east)
        return (across - left) * scale, (down - top) * scale

    height = round(high * scale)
    kept = []
    for across, down in drawn:
        line = np.stack([(across - left) * scale, (down - top) * scale], axis=1)
        low, most = line.min(axis=0), line.max(axis=0)
        if (most < 0).any() or low[0] > WIDTH or low[1] > height:
            continue
        grid = np.rint(line).astype(int)
        moved = np.concatenate([[True], np.diff(grid, axis=0).any(axis=1)])
        if moved.sum() > 2:
            kept.append(tuple(int(one) for one in grid[moved].ravel()))
    return Sheet(kind if kept else "plain", height, tuple(kept), place)


def in_us(north: Floats, east: Floats) -> bool:
    """Whether the places lie in the fifty states or the district; one in a hundred may lie off the
    simplified shore."""
    if not _near_us(north, east).all():
        return False
    inside = np.zeros(len(north), dtype=bool)
    for ring in outline("us"):
        rest = np.flatnonzero(~inside)
        inside[rest] = _within(ring, north[rest], east[rest])
    return bool((~inside).mean() <= 0.01)


def _near_us(north: Floats, east: Floats) -> Mask:
    main = (north > 24) & (north < 49.6) & (east > -125.2) & (east < -66.5)
    return main | _alaska(north, east) | _hawaii(north, east)


def _alaska(north: Floats, east: Floats) -> Mask:
    return (north > 50.5) & ((east < -129) | (east > 170))


def _hawaii(north: Floats, east: Floats) -> Mask:
    return (north > 18) & (north < 29) & (east < -154) & (east > -180)


def _within(ring: Floats, north: Floats, east: Floats) -> Mask:
    """Whether each place lies inside the ring: an odd number of its sides is to the east."""
    found = np.zeros(len(north), dtype=bool)
    low, high = ring.min(axis=0), ring.max(axis=0)
    near = np.flatnonzero(
        (east >= low[0]) & (east <= high[0]) & (north >= low[1]) & (north <= high[1])
    )
    if not len(near):
        return found
    x, y = ring.T
    x2, y2 = np.roll(x, -1), np.roll(y, -1)
    for at in np.array_split(near, max(1, len(near) * len(ring) // 2_000_000)):
        crosses = (y[None, :] > north[at, None]) != (y2[None, :] > north[at, None])
        rise = np.where(y2 == y, 1.0, y2 - y)
        way = x + (north[at, None] - y) / rise * (x2 - x)
        found[at] = (crosses & (way > east[at, None])).sum(axis=1) % 2 == 1
    return found


def flat(north: Floats, east: Floats, middle: float = 0.0) -> tuple[Floats, Floats]:
    """Degrees as they are, narrowed so that shapes are right at the latitude ``middle``."""
    return east * np.cos(np.radians(middle)), -north


def equal_earth(north: Floats, east: Floats) -> tuple[Floats, Floats]:
    """The whole Earth with areas as they are (Savric, Patterson and Jenny, 2018)."""
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
    turn = np.arcsin(np.sqrt(3) / 2 * np.sin(np.radians(north)))
    t2 = turn**2
    t6 = t2**3
    slope = 9 * a4 * t6 * t2 + 7 * a3 * t6 + 3 * a2 * t2 + a1
    x = 2 * np.sqrt(3) * np.radians(east) * np.cos(turn) / (3 * slope)
    y = turn * (a4 * t6 * t2 + a3 * t6 + a2 * t2 + a1)
    return x, -y


def united_states(north: Floats, east: Floats) -> tuple[Floats, Floats]:
    """The states on one sheet: Alaska at a third of its size and Hawaii stand below the others."""
    x, y = _conic(north, east, (29.5, 45.5), 38.7, -96.6)
    ax, ay = _conic(north, east, (55.0, 65.0), 58.5, -156.0)
    hx, hy = _conic(north, east, (8.0, 18.0), 19.9, -160.0)
    alaska, hawaii = _alaska(north, east), _hawaii(north, east)
    x = np.where(alaska, 0.35 * ax - 0.307, np.where(hawaii, hx - 0.205, x))
    y = np.where(alaska, 0.35 * ay + 0.201, np.where(hawaii, hy + 0.212, y))
    return x, y


def _conic(
    north: Floats, east: Floats, parallels: tuple[float, float], origin: float, middle: float
) -> tuple[Floats, Floats]:
    """Albers' conic with areas as they are (Snyder, Map Projections, 1987, p. 98)."""
    first, second = np.radians(parallels)
    n = (np.sin(first) + np.sin(second)) / 2
    c = np.cos(first) ** 2 + 2 * n * np.sin(first)
    rho = np.sqrt(np.maximum(c - 2 * n * np.sin(np.radians(north)), 0.0)) / n
    rho0 = np.sqrt(c - 2 * n * np.sin(np.radians(origin))) / n
    turn = n * np.radians((east - middle + 540) % 360 - 180)
    return rho * np.sin(turn), rho * np.cos(turn) - rho0
