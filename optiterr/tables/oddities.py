"""Numbers that can be read but cannot be meant: places off the Earth, two units in one column."""

from __future__ import annotations

import math

import numpy as np

from optiterr.errors import Fault
from optiterr.pairs import Floats, Mask
from optiterr.tables.places import Place


def degrees(
    latitude: Floats, longitude: Floats, place: Place, names: tuple[str, str]
) -> list[Fault]:
    """Coordinates that lie nowhere on Earth; a pair that would if swapped is told so."""
    faults: list[Fault] = []
    swapped = (np.abs(latitude) > 90) & (np.abs(latitude) <= 180) & (np.abs(longitude) <= 90)
    rows = np.flatnonzero(swapped)
    faults += place.faults(
        names[0],
        rows,
        lambda at: (
            f"{latitude[rows[at]]:g} is no latitude, but would be a longitude",
            f"{names[0]!r} and {names[1]!r} look swapped: exchange them",
        ),
    )
    for values, most, name in ((latitude, 90, names[0]), (longitude, 180, names[1])):
        out = np.flatnonzero((np.abs(values) > most) & ~swapped)
        said = [f"{value:g} is outside -{most} to {most} degrees" for value in values[out].tolist()]
        faults += place.faults(
            name, out, [(what, "write decimal degrees") for what in said].__getitem__
        )
    return faults


def two_units(values: Floats) -> tuple[float, float, Mask] | None:
    """Medians of two clusters a factor of about 1000 apart, and the members of the smaller.

    None for columns of one cluster, however long their tail: the two must hold at least three
    positive values and one in a hundred each, and lie far apart compared with their own spread.
    Values that are not finite do not count.
    """
    positive = np.flatnonzero((values > 0) & np.isfinite(values))
    if len(positive) < 20:
        return None
    sample = positive[:: -(-len(positive) // 200_000)]
    logs = np.sort(np.log10(values[sample]))
    count = np.arange(1, len(logs))
    total, square = np.cumsum(logs), np.cumsum(logs**2)
    low, high = total[:-1] / count, (total[-1] - total[:-1]) / (len(logs) - count)
    between = count * (len(logs) - count) * (high - low) ** 2
    cut = int(np.argmax(between))
    within = square[-1] - count[cut] * low[cut] ** 2 - (len(logs) - count[cut]) * high[cut] ** 2
    spread = math.sqrt(max(within, 0.0) / len(logs))
    apart = high[cut] - low[cut]
    small = min(count[cut], len(logs) - count[cut])
    if abs(apart - 3) > 0.4 or apart < 5 * spread or small < max(3, 0.01 * len(logs)):
        return None
    edge = 10 ** ((logs[cut] + logs[cut + 1]) / 2)
    lower, upper = values[positive] <= edge, values[positive] > edge
    odd = np.zeros(len(values), dtype=bool)
    odd[positive] = lower if lower.sum() < upper.sum() else upper
    both = values[positive]
    return float(np.median(both[lower])), float(np.median(both[upper])), odd
