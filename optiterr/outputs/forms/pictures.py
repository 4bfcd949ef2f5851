"""Every drawing of a comparison as SVG and PNG, made without a browser."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

from optiterr.comparison.side_by_side import Comparison
from optiterr.frontier.values import Frontier
from optiterr.outputs.charts import DRAWN
from optiterr.outputs.csvs import text_of
from optiterr.outputs.drawing import INK, SVG, Picture, short
from optiterr.outputs.forms.made import File
from optiterr.outputs.forms.tidy import Cell, Column, of_rows
from optiterr.outputs.frontier import curve
from optiterr.outputs.html import pictures_of
from optiterr.outputs.maps import drawings, map_of

SCALE = 2.0
"""Pixels of a PNG file for each unit of the drawing."""

GROUND = "#ffffff"

EDGE, LINE, LETTER = 12, 18, 7.2
"""Space beside a title, height of its lines, and width of its letters, about."""

INDEX = (
    Column("file", "the drawing, without .svg or .png"),
    Column("title", "what it shows"),
    Column("text", "what can be seen there, in words"),
)


def pictures(comparison: Comparison, curves: Sequence[Frontier] = ()) -> Iterator[File]:
    """``pictures/<number>-<section>.svg`` and ``.png`` for every drawing of the report.

    Each stands on white under its title. ``pictures/index.csv`` says each one in words, for readers
    who cannot see it.
    """
    from vl_convert import svg_to_png

    further = [picture for picture in map(curve, curves) if picture is not None]
    every = list(_every(comparison, further))
    wide = max(2, len(str(len(every))))
    index: list[Sequence[Cell]] = []
    for at, (section, picture) in enumerate(every, start=1):
        name, svg = f"{at:0{wide}d}-{section}", alone(picture)
        yield File(f"pictures/{name}.svg", svg.encode())
        yield File(f"pictures/{name}.png", bytes(svg_to_png(svg, scale=SCALE)))
        index.append((name, picture.title, picture.text))
    yield File("pictures/index.csv", text_of(of_rows("index", "", INDEX, index)).encode())


def _every(comparison: Comparison, further: Sequence[Picture]) -> Iterator[tuple[str, Picture]]:
    """The drawings of the report in its order, each with its section."""
    solved = [case for case in comparison.cases if case.has_plan][:DRAWN]
    drawn = map_of(comparison)
    found = pictures_of(comparison, solved, further, drawn)
    parts = {
        "overview": found.overview,
        "map": drawings(comparison, drawn, solved),
        "balance": [one for _, loads in found.balance for one in loads],
        "capacity": found.capacity,
        "shares": found.shares,
        "flows": found.flows,
        "matrix": found.matrices,
        "solve": found.solve,
    }
    for section, pictures in parts.items():
        for picture in pictures:
            yield section, picture


def alone(picture: Picture) -> str:
    """The drawing as a file of its own: on white, under its title."""
    root = ElementTree.fromstring(picture.svg)
    wide, high = (float(one) for one in root.attrib["viewBox"].split()[2:])
    each = max(20, int((wide - 2 * EDGE) / LETTER))
    lines = textwrap.wrap(short(picture.title, 4 * each), each)
    head = EDGE + LINE * len(lines) if lines else 0
    told = [one for one in root if one.tag in (f"{{{SVG}}}title", f"{{{SVG}}}desc")]
    drawn = ElementTree.Element(
        f"{{{SVG}}}g", {"transform": f"translate(0 {head})", "font-family": "sans-serif"}
    )
    for child in [one for one in root if one not in told]:
        root.remove(child)
        drawn.append(child)
    rect = f"{{{SVG}}}rect"
    ElementTree.SubElement(root, rect, {"width": "100%", "height": "100%", "fill": GROUND})
    root.append(drawn)
    # A map may reach over its edge: the ground of the title covers it.
    ElementTree.SubElement(root, rect, {"width": "100%", "height": str(head), "fill": GROUND})
    for at, line in enumerate(lines, start=1):
        style = {"x": str(EDGE), "y": str(LINE * at), "fill": INK, "font-family": "sans-serif"}
        style |= {"font-size": "13", "font-weight": "bold"}
        ElementTree.SubElement(root, f"{{{SVG}}}text", style).text = line
    root.attrib |= {"viewBox": f"0 0 {wide:g} {high + head:g}", "height": f"{high + head:g}"}
    return ElementTree.tostring(root, encoding="unicode")
