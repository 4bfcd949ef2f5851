"""One drawing: its axes and labels, and how it is made fit to stand in a page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

WIDTH = 400
"""Width of a drawing; wide pages show several side by side, narrow ones show one."""

INK, SOFT, LINE, GREY = "#344054", "#667085", "#e4e7ec", "#98a2b3"
"""Colours of words and lines; the page's style turns them round for dark screens."""

SVG = "http://www.w3.org/2000/svg"
KEPT = {"svg", "g", "path", "rect", "line", "circle", "text", "tspan", "defs", "clipPath"}
"""The only elements that a drawing may hold."""


@dataclass(frozen=True)
class Listing:
    """The numbers of a drawing as a table; text as people read it."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Picture:
    """A drawing with its title, what it shows in words, and its numbers as a table."""

    title: str
    text: str
    svg: str
    data: Listing | None = None


def library() -> Any:
    """The drawing library, loaded when the first picture is asked for."""
    import altair

    return altair


_TICK = (
    "abs(datum.value) < 1000 ? format(datum.value, '.6~r') "
    ": replace(replace(format(datum.value, '.4~s'), 'G', 'bn'), 'T', 'tn')"
)
"""A number on an axis: thousands and more as k, M, bn, tn; small ones plain, never as milli."""


def axis(title: str, *, share: bool = False) -> Any:
    """An axis of numbers; shares in percent."""
    return library().Axis(
        title=short(title, 48),
        **({"format": ".0~%"} if share else {"labelExpr": _TICK}),
        tickCount=5,
        domain=False,
        ticks=False,
        labelPadding=6,
    )


def names_axis(**more: Any) -> Any:
    """An axis of names."""
    plain = {"title": None, "domain": False, "ticks": False, "grid": False}
    return library().Axis(**{**plain, "labelLimit": 150, "labelPadding": 6, **more})


def short(text: str, most: int = 22) -> str:
    """The text on one line, without control characters, cut to ``most`` characters."""
    plain = "".join(" " if unicodedata.category(one)[0] == "C" else one for one in text)
    plain = " ".join(plain.split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"


def labels_of(ends: Iterable[tuple[str, str]], most: int = 22) -> list[str]:
    """A short label for each (id, name), no two alike."""
    pairs = list(ends)
    labels = [short(name, most) for _, name in pairs]
    taken: dict[str, int] = {}
    found = []
    for (one, _), label in zip(pairs, labels, strict=True):
        told = label if labels.count(label) == 1 else short(f"{short(one, 10)} {label}", most)
        taken[told] = taken.get(told, 0) + 1
        found.append(told if taken[told] == 1 else f"{told} #{taken[told]}")
    return found


def picture(title: str, text: str, chart: Any, height: int, data: Listing | None = None) -> Picture:
    """The chart drawn as text, at one width and in one style."""
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
    svg = inline(vl_convert.vegalite_to_svg(chart.to_json()), title, text)
    return Picture(title, text, svg, data)


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
        told.text = " ".join(short(words, 600).split())
        root.insert(place, told)
    return ElementTree.tostring(root, encoding="unicode")


def _clean(element: ElementTree.Element) -> None:
    for child in list(element):
        if child.tag.removeprefix(f"{{{SVG}}}") in KEPT:
            _clean(child)
        else:
            element.remove(child)
    for name in list(element.attrib):
        strange = name.startswith(("{", "on", "aria-")) or "href" in name or name == "role"
        outward = "url(" in element.attrib[name] and not re.fullmatch(
            r"url\(#[\w-]+\)", element.attrib[name]
        )
        if strange or outward or name in ("id", "clip-path", "class", "pointer-events", "style"):
            del element.attrib[name]
