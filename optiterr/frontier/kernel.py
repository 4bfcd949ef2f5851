"""Plans of large models found among the few pairs that the prices leave in question.

At the prices of the relaxed model nearly every account has one rep that is cheapest by far. A
search among the pairs of least regret (kernel search: Angelelli, Mansini and Speranza, 2010) finds
plans close to the bound in seconds. It proves nothing; the bound over all pairs comes from the
prices.
"""

from __future__ import annotations

import numpy as np

from optiterr.certificate import cheapest, inside, reduced_cost
from optiterr.model import Model
from optiterr.pairs import Floats, Mask

LARGE = 20_000
"""Models with more pairs than this are searched by kernels."""

WIDTHS = (1.04, 1.08, 1.2)
"""Pairs kept for each account, one kernel after the other."""


def in_question(model: Model, prices: Floats, width: float, start: Floats | None) -> Mask:
    """The pairs of least regret at ``prices``, about ``width`` for each account, shape (P,).

    The cheapest pair of each account and the pairs of ``start`` are among them.
    """
    prices = inside(model, prices)
    regret = reduced_cost(model, prices) - cheapest(model, prices)[model.pairs.account]
    place = min(int(width * model.pairs.accounts), len(regret) - 1)
    keep = regret <= max(float(np.partition(regret, place)[place]), 1e-9)
    return keep if start is None else keep | (start > 0.5)


def widened(x: Floats, keep: Mask) -> Floats:
    """Picks over all pairs from picks ``x`` over those of ``keep``."""
    every = np.zeros(len(keep))
    every[keep] = x
    return every
