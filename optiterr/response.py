"""Sales response: what the hours of a rep earn in a book when they are shared out as best can be.

An account with sales ``s`` at reference hours ``n`` earns ``s (t / n)^b`` in ``t`` hours (a concave
power; Lodish, *CALLPLAN*, 1971, and Skiera and Albers, *COSTA*, 1998, share out effort like this).
Of ``H`` hours each account then gets a part in proportion to its worth ``a = (s / n^b)^(1/(1-b))``,
and the book earns ``H^b (sum of a)^(1-b)``: concave in a plain sum over its accounts.
"""

from __future__ import annotations

import numpy as np

from optiterr.pairs import Floats

REACH = 1000.0
"""The first straight line ends at a fair part divided by this: smaller books are hardly made."""


def log_worth(sales: Floats, reference: Floats, elasticity: float) -> Floats:
    """Logarithm of the worth of accounts; ``-inf`` where nothing is sold."""
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = (np.log(sales) - elasticity * np.log(reference)) / (1.0 - elasticity)
    return np.where(sales > 0, worth, -np.inf)


def added(logs: Floats) -> float:
    """Logarithm of the sum of what ``logs`` are the logarithms of; ``-inf`` for nothing."""
    most = float(logs.max(initial=-np.inf))
    return most + float(np.log(np.exp(logs - most).sum())) if np.isfinite(most) else most


def earned(hours: float, log_worths: Floats, elasticity: float) -> float:
    """What ``hours`` earn in a book of accounts of these worths, shared out as best can be."""
    if hours <= 0:
        return 0.0
    return float(np.exp(elasticity * np.log(hours) + (1.0 - elasticity) * added(log_worths)))


def marks(whole: float, books: int, count: int) -> Floats:
    """Loads between which straight lines stand for the curve: 0, then ``count`` up to ``whole``.

    Each is the same multiple of the one before; the first is a small part of a fair part.
    """
    return np.concatenate([[0.0], whole * np.geomspace(1.0 / (REACH * books), 1.0, count)])


def line_error(books: int, count: int, elasticity: float) -> float:
    """Share of its value by which a straight line between two marks falls short, at most."""
    # On [1, r] the line is alpha + beta u and the curve u^c. The least of their ratio is where its
    # derivative is 0: u = c alpha / (beta (1 - c)).
    rest = 1.0 - elasticity
    step = (REACH * books) ** (1.0 / (count - 1))
    beta = (step**rest - 1.0) / (step - 1.0)
    at = rest * (1.0 - beta) / (beta * elasticity)
    return float(1.0 - (1.0 - beta + beta * at) / at**rest)


def first_error(elasticity: float) -> float:
    """How far the first line falls short, at most: a share of the value at its end."""
    rest = 1.0 - elasticity
    return float(elasticity * rest ** (rest / elasticity))


# -- curves of any concave shape, as points (hours over reference hours, sales over reference sales)


def envelope(points: Floats) -> Floats:
    """The corners of the least concave rising curve over ``points``, shape (corners, 2).

    Where a curve rises faster and faster, hours in bursts earn what the envelope says.
    """
    kept: list[tuple[float, float]] = []
    for x, y in points:
        while kept and y >= kept[-1][1] and len(kept) > 1 and _bends_up(kept[-2], kept[-1], (x, y)):
            kept.pop()
        if not kept or y > kept[-1][1]:
            kept.append((float(x), float(y)))
    return np.array(kept)


def _bends_up(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    return (b[1] - a[1]) * (c[0] - b[0]) <= (c[1] - b[1]) * (b[0] - a[0])


LEVEL = 0.99
"""A logistic curve counts as level where this share of its rise is done."""


def logistic(floor: float, ceiling: float, steepness: float, count: int = 120) -> Floats:
    """Points of a curve from ``floor`` without hours to ``ceiling``, 1 at the reference hours.

    ``floor + (ceiling - floor) u^d / (k + u^d)`` (Little, *Models and managers*, 1970), up to where
    a hundredth of the rise is left; level from there on. Each point but that at the reference is as
    much higher than the one before.
    """
    half = (ceiling - 1.0) / (1.0 - floor)
    rise = np.union1d(np.linspace(0.0, LEVEL, count), [(1.0 - floor) / (ceiling - floor)])
    u = (half * rise / (1.0 - rise)) ** (1.0 / steepness)
    sales = floor + (ceiling - floor) * rise
    known = np.argmin(np.abs(u - 1.0))
    u[known], sales[known] = 1.0, 1.0
    return np.column_stack([u, sales])


def logistic_error(floor: float, ceiling: float, steepness: float, count: int = 120) -> float:
    """How far, in parts of the reference sales, its points fall short of the curve, at most.

    As far as the curve goes: what it may still rise behind its last point is the rest.
    """
    curve = envelope(logistic(floor, ceiling, steepness, count))
    fine = logistic(floor, ceiling, steepness, 200 * count)
    return float((fine[:, 1] - np.interp(fine[:, 0], curve[:, 0], curve[:, 1])).max())


def slopes(curve: Floats) -> Floats:
    """Slope between each corner of a concave ``curve`` and the next, falling."""
    return np.asarray(np.diff(curve[:, 1]) / np.diff(curve[:, 0]))


def profit(curve: Floats, price: Floats) -> Floats:
    """Most of ``sales - price x hours`` along ``curve``, at each price of its unit of hours."""
    corner = np.searchsorted(-slopes(curve), -price, side="left")
    return np.asarray(curve[corner, 1] - price * curve[corner, 0])


def hour_prices(steepest: float, count: int) -> Floats:
    """Prices of an hour at which books are looked at: 0, then ``count`` up to ``steepest``.

    Each is the same multiple of the one before; the first is a thousandth of the last.
    """
    return np.concatenate([[0.0], steepest * np.geomspace(1e-3, 1.0, count)])


def price_error(curve: Floats, count: int) -> float:
    """Share of its reference sales by which a book may be counted too high between two prices.

    The curve of a book's profits by price lies below the straight line between two prices by no
    more than those of its accounts, whatever their rates; this is the most for any rate.
    """
    step = 1000.0 ** (1.0 / (count - 1))
    steep = slopes(curve)
    low = np.geomspace(steep[-1] / step, steep[0], 4000)[:, None]
    part = np.linspace(0.0, 1.0, 65)[None, :]
    ends = profit(curve, low), profit(curve, low * step)
    inside = profit(curve, low * (1.0 + part * (step - 1.0)))
    return float((ends[0] + part * (ends[1] - ends[0]) - inside).max())
