"""Makes the outline files beside this module from TopoJSON; run once when the sources change.

``python -m optiterr.outputs.outlines.vendored states-10m.json countries-50m.json``
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from optiterr.pairs import Floats

UNITS = 100
"""Steps of a degree: the files keep hundredths, about a kilometre."""

TERRITORIES = frozenset({"60", "66", "69", "72", "78"})
"""Census codes of the islands that are not among the fifty states and the district."""

ANTARCTICA = "010"
"""Number of the continent that no account lies on."""


def arcs_of(topology: dict[str, Any], tolerance: float) -> list[Floats]:
    """The arcs of a topology in degrees, shape (points, 2), simplified within ``tolerance``.

    Arcs are simplified one by one, so that neighbours keep one border.
    """
    scale, shift = (np.array(topology["transform"][name]) for name in ("scale", "translate"))
    return [
        simple(np.cumsum(np.array(arc), axis=0) * scale + shift, tolerance)
        for arc in topology["arcs"]
    ]


def simple(line: Floats, tolerance: float) -> Floats:
    """The line without the points that lie within ``tolerance`` of it (Douglas and Peucker, 1973).

    The ends stay; a closed line keeps the point farthest from its ends too.
    """
    keep = np.zeros(len(line), dtype=bool)
    keep[[0, -1]] = True
    spans = [(0, len(line) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        way, rest = line[last] - line[first], line[first + 1 : last] - line[first]
        length = float(np.hypot(*way))
        off = (
            np.abs(way[0] * rest[:, 1] - way[1] * rest[:, 0]) / length
            if length > 0
            else np.hypot(*rest.T)
        )
        most = int(off.argmax())
        if off[most] > tolerance:
            middle = first + 1 + most
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    return line[keep]


def rings_of(shape: dict[str, Any], arcs: list[Floats]) -> list[Floats]:
    """The rings of a polygon or of several, each arc joined to the next."""
    polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
    return [
        np.concatenate([(arcs[at] if at >= 0 else arcs[~at][::-1])[:-1] for at in ring])
        for polygon in polygons
        for ring in polygon
    ]


def steps(ring: Floats) -> list[int]:
    """The ring as whole steps: its first point, then each point's distance from the one before."""
    grid = np.rint(ring * UNITS).astype(int)
    moved = np.diff(grid, axis=0, prepend=np.zeros((1, 2), dtype=int))
    kept = np.append(True, moved[1:].any(axis=1))
    return [int(value) for value in moved[kept].ravel()]


def outlines(
    topology: dict[str, Any], name: str, without: frozenset[str], tolerance: float, smallest: float
) -> list[list[int]]:
    """The rings of the shapes called ``name``, in :func:`steps`; rings that are smaller than
    ``smallest`` square degrees are left out, as are the shapes ``without``."""
    arcs = arcs_of(topology, tolerance)
    found = []
    for shape in topology["objects"][name]["geometries"]:
        if not shape.get("arcs") or str(shape.get("id")) in without:
            continue
        for ring in rings_of(shape, arcs):
            east, north = ring.T
            area = abs(float(east @ np.roll(north, -1) - north @ np.roll(east, -1))) / 2
            if len(ring) > 2 and area >= smallest:
                found.append(steps(ring))
    return found


def main(states: Path, countries: Path) -> None:
    """Writes ``us.json`` and ``world.json``."""
    here = Path(__file__).parent
    for source, name, without, tolerance, smallest, target in (
        (states, "states", TERRITORIES, 0.02, 0.004, "us.json"),
        (countries, "countries", frozenset({ANTARCTICA}), 0.06, 0.04, "world.json"),
    ):
        topology = json.loads(source.read_text(encoding="utf-8"))
        rings = outlines(topology, name, without, tolerance, smallest)
        text = json.dumps({"units": UNITS, "rings": rings}, separators=(",", ":"))
        (here / target).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
