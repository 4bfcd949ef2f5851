"""Who gives accounts to whom: bands from the reps on the left to the reps on the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from optiterr.comparison.case import Case, Flow
from optiterr.comparison.figures import show
from optiterr.outputs.drawing import GREY, INK, SVG, WIDTH, Listing, Picture, inline, labels_of

MOST_ENDS = 14
"""Reps on a side; the smaller ones stand together as one."""

OTHERS = "(others)"
"""Stands for the reps of a side that have no band of their own."""

_GAP, _BAR, _LABEL, _LINE = 7.0, 8.0, 100.0, 15.0

Ways = dict[tuple[str | None, str | None], float]


def flows(case: Case, colours: Mapping[str | None, str]) -> Picture | None:
    """The accounts of a case that change hands, as bands as thick as they are many.

    ``colours`` are those of the reps; a band has the colour of who gives, grey where there is none.
    """
    if not case.flows:
        return None
    names = {end: name for flow in case.flows for end, name in _ends(flow)}
    ways = _ways(case.flows)
    total = sum(ways.values())
    left, right = (_side(ways, at) for at in (0, 1))
    high = 24 + max(len(left), len(right)) * (_LINE + _GAP) + 130
    unit = min((high - 24 - _GAP * len(side)) / total for side in (left, right))
    labels = _labels([*left, *right], names)
    parts, starts = [], []
    for at, side in ((0, left), (1, right)):
        y, start = 12.0, {}
        x = _LABEL if at == 0 else WIDTH - _LABEL - _BAR
        for end, size in side.items():
            start[end] = y
            fill = colours.get(end, GREY)
            thick = max(size * unit, 1.0)
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{_BAR}" height="{thick:.1f}" fill="{fill}"/>'
            )
            words = f"{labels[end]} {show(size, 'count')}"
            where = f'x="{x - 5:.1f}" text-anchor="end"' if at == 0 else f'x="{x + _BAR + 5:.1f}"'
            parts.append(
                f'<text {where} y="{y + thick / 2 + 4:.1f}" font-size="11" fill="{INK}">'
                f"{escape(words)}</text>"
            )
            y += max(thick, _LINE - _GAP) + _GAP
        starts.append(start)
        high = max(high, y + 12)
    bands = _bands(ways, (left, right), (starts[0], starts[1]), unit, colours)
    svg = f'<svg xmlns="{SVG}" viewBox="0 0 {WIDTH} {high:.0f}">{"".join([*bands, *parts])}</svg>'
    largest = max(ways, key=lambda way: ways[way])
    told = [(end, _called(end, names)) for end in largest]
    said = f"Most go from {told[0][1]} to {told[1][1]}: {show(ways[largest], 'count')} accounts"
    title = f"{case.title}: who gives accounts to whom"
    order = sorted(ways.items(), key=lambda one: -one[1])[:60]
    listing = Listing(
        ("From", "To", "Accounts"),
        tuple(
            (_called(a, names), _called(b, names), show(count, "count")) for (a, b), count in order
        ),
    )
    return Picture(title, said, inline(svg, title, said), listing)


def _ends(flow: Flow) -> tuple[tuple[str | None, str], ...]:
    return ((flow.from_rep, flow.from_name), (flow.to_rep, flow.to_name))


def _called(end: str | None, names: Mapping[str | None, str]) -> str:
    return names.get(end) or end or "nobody"


def _ways(found: Sequence[Flow]) -> Ways:
    """Accounts from each rep to each rep; the small ends of a side as one."""
    ways: Ways = {}
    for flow in found:
        way = (flow.from_rep, flow.to_rep)
        ways[way] = ways.get(way, 0.0) + flow.measures["accounts"]
    for at in (0, 1):
        sizes = _side(ways, at)
        if len(sizes) <= MOST_ENDS:
            continue
        kept = set(list(sizes)[: MOST_ENDS - 1])
        joint: Ways = {}
        for way, count in ways.items():
            ends = list(way)
            if ends[at] not in kept:
                ends[at] = OTHERS
            joint[ends[0], ends[1]] = joint.get((ends[0], ends[1]), 0.0) + count
        ways = joint
    return ways


def _side(ways: Ways, at: int) -> dict[str | None, float]:
    """The ends of a side and what goes through each, the largest first and the others last."""
    sizes: dict[str | None, float] = {}
    for way, count in ways.items():
        sizes[way[at]] = sizes.get(way[at], 0.0) + count
    order = sorted(sizes.items(), key=lambda one: (one[0] == OTHERS, -one[1], str(one[0])))
    return dict(order)


def _labels(ends: Sequence[str | None], names: Mapping[str | None, str]) -> dict[str | None, str]:
    every = list(dict.fromkeys(ends))
    told = ["others" if end == OTHERS else _called(end, names) for end in every]
    short = labels_of([(str(end), name) for end, name in zip(every, told, strict=True)], 13)
    return dict(zip(every, short, strict=True))


def _bands(
    ways: Ways,
    sides: tuple[Mapping[str | None, float], Mapping[str | None, float]],
    starts: tuple[dict[str | None, float], dict[str | None, float]],
    unit: float,
    colours: Mapping[str | None, str],
) -> list[str]:
    used = ({}, {})  # type: tuple[dict[str | None, float], dict[str | None, float]]
    found = []
    x1, x2 = _LABEL + _BAR, WIDTH - _LABEL - _BAR
    middle = (x1 + x2) / 2
    places = [{end: k for k, end in enumerate(side)} for side in sides]
    for way in sorted(ways, key=lambda one: (places[0][one[0]], places[1][one[1]])):
        thick = ways[way] * unit
        y1, y2 = (starts[at][way[at]] + used[at].get(way[at], 0.0) for at in (0, 1))
        for at in (0, 1):
            used[at][way[at]] = used[at].get(way[at], 0.0) + thick
        found.append(
            f'<path d="M{x1:.1f} {y1:.1f}C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} '
            f"{y2:.1f}v{thick:.2f}C{middle:.1f} {y2 + thick:.1f} {middle:.1f} {y1 + thick:.1f} "
            f'{x1:.1f} {y1 + thick:.1f}z" fill="{colours.get(way[0], GREY)}" fill-opacity="0.45"/>'
        )
    return found
