"""Row functions that charge rows one by one, as straight lines between points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optiterr.rowfunctions import Band, Piecewise

Floats = NDArray[np.float64]

Points = tuple[Floats, Floats, Floats, Floats]
"""Where the lines of each row meet and the slope behind each point, shape (rows, points); the slope
before the first and the cost at the first, shape (rows,)."""


def straight(function: Band | Piecewise, hard: Floats) -> Points:
    """The lines of ``function``; missing a hard limit costs ``hard`` a unit, one number a row."""
    return _band(function, hard) if isinstance(function, Band) else _curve(function, hard)


def _band(band: Band, hard: Floats) -> Points:
    marks = np.stack([band.lower, band.low, band.high, band.upper], axis=1)
    steps = np.stack([hard, band.price_below, band.price_above, hard], axis=1)
    steps = np.where(np.isfinite(marks), steps, 0.0)
    before = -steps[:, :2].sum(axis=1)
    slope = before[:, None] + np.cumsum(steps, axis=1)
    # Marks at infinity stand beside the others, with no change of slope.
    finite = np.isfinite(marks)
    first = np.where(finite.any(axis=1), np.where(finite, marks, np.inf).min(axis=1), 0.0)
    at = np.where(finite, marks, -np.inf)
    at = np.maximum.accumulate(np.maximum(at, first[:, None]), axis=1)
    below = np.maximum(np.where(np.isfinite(band.low), band.low - first, 0.0), 0.0)
    return at, slope, before, band.price_below * below


def _curve(curve: Piecewise, hard: Floats) -> Points:
    steep = np.diff(curve.cost, axis=1) / np.diff(curve.at, axis=1)
    ends = [np.zeros(curve.rows)] * 2 if not steep.shape[1] else [steep[:, 0], steep[:, -1]]
    before = np.where(np.isinf(curve.left), ends[0] - hard, curve.left)
    behind = np.where(np.isinf(curve.right), ends[1] + hard, curve.right)
    return curve.at, np.hstack([steep, behind[:, None]]), before, curve.cost[:, 0]
