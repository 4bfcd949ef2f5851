"""Maps: where places lie on paper, which outline stands behind them, which colour a rep gets."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from tiny_comparison import RULES, plan_of, tiny

from optiterr.comparison.case import Case, Flow
from optiterr.comparison.side_by_side import Comparison, compare, summarise, summarise_today
from optiterr.outputs.charts_flows import MOST_ENDS, flows
from optiterr.outputs.charts_shares import curve, shares
from optiterr.outputs.maps import drawings, map_of
from optiterr.outputs.maps_colours import PALETTE, apart, colours
from optiterr.outputs.maps_projection import (
    WIDTH,
    _within,
    cut,
    equal_earth,
    in_us,
    outline,
    sheet,
    united_states,
)
from optiterr.outputs.outlines.vendored import UNITS, outlines, simple, steps

CITIES = {
    "Chicago": (41.88, -87.63),
    "Anchorage": (61.22, -149.90),
    "Honolulu": (21.31, -157.86),
    "Toronto": (43.65, -79.38),
    "Paris": (48.86, 2.35),
    "Sydney": (-33.87, 151.21),
}


def at(*names: str) -> tuple[np.ndarray, np.ndarray]:
    points = np.array([CITIES[name] for name in names])
    return points[:, 0], points[:, 1]


def test_places_choose_their_map() -> None:
    """States alone: the states on one sheet. With a neighbour abroad, or none of it: the world."""
    assert in_us(*at("Chicago", "Anchorage", "Honolulu"))
    assert not in_us(*at("Chicago", "Toronto"))
    assert not in_us(*at("Paris"))
    kinds = [
        None if found is None else found.kind
        for found in (
            sheet(*at("Chicago", "Honolulu")),
            sheet(*at("Chicago", "Toronto")),
            sheet(*at("Chicago", "Paris", "Sydney")),
            sheet(np.array([np.nan]), np.array([np.nan])),
            sheet(np.array([-40.0, -41.0]), np.array([-30.0, -31.0])),
        )
    ]
    assert kinds == ["us", "world", "world", None, "plain"]


@pytest.mark.parametrize("names", [("Chicago", "Honolulu"), ("Paris",), tuple(CITIES)])
def test_every_place_lies_on_its_sheet(names: tuple[str, ...]) -> None:
    """Places lie inside the edges, also one alone."""
    north, east = at(*names)
    found = sheet(north, east)
    assert found is not None
    x, y = found.place(north, east)
    assert (x > 0).all() and (x < WIDTH).all()  # noqa: PT018
    assert (y > 0).all() and (y < found.height).all()  # noqa: PT018
    assert found.rings
    assert all(len(ring) % 2 == 0 and len(ring) >= 6 for ring in found.rings)


def test_the_whole_earth_keeps_areas() -> None:
    """The published values at pole and equator; areas at 0 and 60 degrees north are equal."""
    x, y = equal_earth(np.array([0.0, 90.0]), np.array([180.0, 0.0]))
    assert x[0] == pytest.approx(2.70663, abs=1e-5)
    assert -y[1] == pytest.approx(1.31737, abs=1e-5)

    def area(north: float) -> float:
        side = np.array([0.0, 1.0])
        low_x, low_y = equal_earth(np.full(2, north), side)
        high_x, high_y = equal_earth(np.full(2, north + 1.0), side)
        wide = (np.diff(low_x) + np.diff(high_x))[0] / 2
        return float(wide * (low_y[0] - high_y[0]) / np.cos(np.radians(north + 0.5)))

    assert area(60) == pytest.approx(area(0), rel=1e-3)


def test_alaska_and_hawaii_stand_below_the_other_states() -> None:
    """South and west of Chicago and within the width of the country."""
    x, y = united_states(*at("Chicago", "Anchorage", "Honolulu"))
    assert y[1] > y[0]
    assert y[2] > y[0]
    assert x[1] < x[2] < x[0]
    west, _ = united_states(np.array([47.6]), np.array([-124.7]))
    assert x[1] > west[0] - 0.02


def test_the_outlines_are_whole() -> None:
    """Fifty states and a district, and countries that lie where they should."""
    for name, least in (("us", 51), ("world", 170)):
        rings = outline(name)
        assert len(rings) >= least
        assert all(np.abs(ring[:, 0]).max() <= 180.01 for ring in rings)
        assert all(np.abs(ring[:, 1]).max() <= 90 for ring in rings)
    assert min(ring[:, 1].min() for ring in outline("world")) > -60  # no Antarctica
    assert min(ring[:, 1].min() for ring in outline("us")) > 18  # no islands overseas


def test_arcs_become_rings() -> None:
    """Two triangles share the arc from (0, 0) to (10, 10), one of them backwards."""
    topology = {
        "transform": {"scale": [1.0, 1.0], "translate": [0.0, 0.0]},
        # (0,0)-(10,10); (10,10)-(10,0)-(0,0); (10,10)-(0,10)-(0,0)
        "arcs": [
            [[0, 0], [10, 10]],
            [[10, 10], [0, -10], [-10, 0]],
            [[10, 10], [-10, 0], [0, -10]],
        ],
        "objects": {
            "states": {
                "geometries": [
                    {"type": "Polygon", "id": "1", "arcs": [[0, 1]]},
                    {"type": "MultiPolygon", "id": "2", "arcs": [[[-3, -1]]]},
                    {"type": "Polygon", "id": "3", "arcs": [[0, 1]]},
                ]
            }
        },
    }
    found = outlines(topology, "states", frozenset({"3"}), 0.01, 1.0)
    ten = 10 * UNITS
    assert found == [[0, 0, ten, ten, 0, -ten], [0, 0, 0, ten, ten, 0]]
    assert outlines(topology, "states", frozenset(), 0.01, 51.0) == []  # each has an area of 50


def test_lines_lose_only_what_is_near_them() -> None:
    """A bump of 0.5 goes at a tolerance of 1 and stays at 0.4; a closed line keeps a point."""
    line = np.array([[0.0, 0.0], [5.0, 0.5], [10.0, 0.0]])
    assert len(simple(line, 1.0)) == 2
    assert len(simple(line, 0.4)) == 3
    closed = np.array([[0.0, 0.0], [5.0, 0.0], [5.0, 5.0], [0.0, 0.0]])
    assert simple(closed, 1.0).tolist() == closed.tolist()
    assert steps(np.array([[1.0, 2.0], [1.001, 2.0], [1.5, 2.0]])) == [100, 200, 50, 0]


def test_colours_are_told_apart() -> None:
    """Up to twenty reps have colours of their own; no two are alike to any of three sights."""
    place = np.arange(20.0)
    assert sorted(colours(place, place)) == sorted(PALETTE)
    few = colours(place[:5], place[:5])
    assert len(set(few)) == 5
    assert set(few) <= set(PALETTE[:8])
    unlike = apart()
    assert unlike[~np.eye(len(PALETTE), dtype=bool)].min() > 10
    assert colours(np.array([np.nan, 1.0]), np.array([np.nan, 1.0])) == colours(
        np.array([np.nan, 1.0]), np.array([np.nan, 1.0])
    )


def test_many_reps_share_colours_far_from_each_other() -> None:
    """A hundred reps on a grid: no two neighbours have one colour."""
    x, y = (axis.ravel() * 100.0 for axis in np.meshgrid(np.arange(10), np.arange(10)))
    found = colours(x, y)
    near = [
        (a, b) for a, b in combinations(range(100), 2) if np.hypot(x[a] - x[b], y[a] - y[b]) < 150
    ]
    assert len(near) == 342
    assert not [pair for pair in near if found[pair[0]] == found[pair[1]]]


def told() -> Comparison:
    case = summarise("tiny", plan_of(bound=20.0), tiny(), RULES, scenario_title="Tiny")
    return compare("s", "S", [case], summarise_today(tiny(), RULES))


def test_a_map_draws_each_account_once_in_the_colour_of_its_rep() -> None:
    """Tiny's plan: a, d and e in one colour, b and c in another; today d is of nobody."""
    shown = told()
    drawn = map_of(shown)
    assert drawn is not None
    today, plan = drawings(shown, drawn, shown.cases)

    def dots(svg: str) -> dict[str, int]:
        strokes = re.findall(r'<path d="([^"]*)" stroke="(#\w+)"', svg)
        return {colour: line.count("h0") for line, colour in strokes}

    r1, r2, r3 = drawn.colours
    assert dots(plan.svg) == {r1: 3, r2: 2}
    assert dots(today.svg) == {"#98a2b3": 1, r1: 2, r2: 1, r3: 1}
    assert plan.text == "5 accounts coloured by the 2 reps who serve them"


def test_accounts_without_a_place_are_left_off_the_map_only() -> None:
    """Two of five have no place: three are drawn and counted."""
    base = tiny()
    gone = base.accounts.assign(latitude=[0.0, np.nan, 0.0, 0.0, np.nan])
    problem = replace(base, accounts=gone)
    rules = {"even": RULES["even"]}
    case = summarise("x", plan_of(terms={"even": 10.0}), problem, rules)
    shown = compare("s", "S", [case], summarise_today(problem, rules))
    drawn = map_of(shown)
    assert drawn is not None
    assert drawn.placed == 3
    assert (drawn.accounts[0] >= 0).tolist() == [True, False, True, True, False]


def test_no_outline_runs_back_around_the_earth() -> None:
    """A square over the 180th degree is cut in two; Chukotka lies on both sides of it in Russia."""
    square = np.array([[170.0, 0], [-170, 0], [-170, 10], [170, 10]])
    parts = [sorted(map(tuple, part.tolist())) for part in cut(square)]
    assert sorted(parts) == [
        [(-180, 0), (-180, 10), (-170, 0), (-170, 10)],
        [(170, 0), (170, 10), (180, 0), (180, 10)],
    ]
    whole = np.array([[0.0, 0], [9, 0], [9, 9]])
    assert cut(whole) == [whole]
    world = outline("world")
    for ring in world:
        assert np.abs(np.diff(ring[:, 0], append=ring[0, 0])).max() < 30
        assert np.abs(ring[:, 0]).max() <= 180
    north, east = np.array([67.0, 66.5]), np.array([177.0, -175.0])
    assert sum(_within(ring, north, east).astype(int) for ring in world).tolist() == [1, 1]


def flow(first: str | None, second: str | None, count: float) -> Flow:
    kind = "moved" if first else "new"
    return Flow(from_rep=first, to_rep=second, kind=kind, measures={"accounts": count})


def of_flows(*found: Flow) -> Case:
    return told().cases[0].model_copy(update={"flows": found})


def test_bands_are_as_thick_as_they_are_many() -> None:
    """30 and 10 accounts: three times as thick; what comes from nobody is grey."""
    drawn = flows(of_flows(flow("a", "b", 30), flow(None, "b", 10)), {"a": "#123456"})
    assert drawn is not None
    bands = re.findall(r"v([\d.]+)C[^\"]*\" fill=\"(#\w+)\"", drawn.svg)
    thick = {colour: float(size) for size, colour in bands}
    assert thick["#123456"] == pytest.approx(3 * thick["#98a2b3"], rel=1e-2)
    assert drawn.data is not None
    assert drawn.data.rows == (("a", "b", "30"), ("nobody", "b", "10"))
    assert drawn.text == "Most go from a to b: 30 accounts"
    assert flows(of_flows(), {}) is None


def test_bars_have_the_colours_of_their_reps_on_both_sides() -> None:
    """b gives to a and a to b: each bar has the colour of its rep, each band that of its giver."""
    colours: dict[str | None, str] = {"a": "#123456", "b": "#654321"}
    drawn = flows(of_flows(flow("a", "b", 30), flow("b", "a", 10), flow(None, "c", 5)), colours)
    assert drawn is not None
    bars = re.findall(r"<rect x=\"([\d.]+)\"[^>]*height=\"([\d.]+)\" fill=\"(#\w+)\"", drawn.svg)
    left = min(float(x) for x, _, _ in bars)
    sides = [
        [fill for x, _, fill in bars if (float(x) == left) is first] for first in (True, False)
    ]
    # The largest first: a gives 30, b gives 10, nobody 5; b gets 30, a gets 10, c gets 5.
    assert sides == [["#123456", "#654321", "#98a2b3"], ["#654321", "#123456", "#98a2b3"]]
    bands = re.findall(r"v([\d.]+)C[^\"]*\" fill=\"(#\w+)\"", drawn.svg)
    assert [fill for _, fill in bands] == ["#123456", "#654321", "#98a2b3"]


def test_many_givers_stand_together() -> None:
    """Twenty reps give: thirteen have a band of their own, seven are the others; none is lost."""
    many = [flow(f"r{k:02}", "z", 40 - k) for k in range(20)]
    drawn = flows(of_flows(*many), {})
    assert drawn is not None
    assert drawn.data is not None
    assert len(drawn.data.rows) == MOST_ENDS
    assert sum(int(row[2]) for row in drawn.data.rows) == sum(40 - k for k in range(20))
    given = {row[0]: int(row[2]) for row in drawn.data.rows}
    assert given["(others)"] == sum(40 - k for k in range(13, 20))


def test_the_curve_of_shares() -> None:
    """1, 1 and 2 of 4: a quarter, a half, all. Nothing to share, or below 0: no curve."""
    found = curve([2, 1, 1])
    assert found is not None
    assert found.tolist() == [0, 0.25, 0.5, 1]
    assert curve([0, 0]) is None
    assert curve([-1, 2]) is None
    assert curve([]) is None
    assert shares(told(), [], "revenue") is None
