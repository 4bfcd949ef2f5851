"""Every plan of a tiny model, counted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from optiterr.model import Model
from optiterr.pairs import Pairs

Ints = NDArray[np.int64]


def plans(pairs: Pairs) -> Iterator[Ints]:
    """Every way to pick one pair for each account, as positions of pairs."""
    ranges = [range(*pairs.start[account : account + 2]) for account in range(pairs.accounts)]
    for choice in product(*ranges):
        yield np.array(choice, dtype=np.int64)


def least_cost(model: Model) -> float:
    """Cost of the cheapest plan by counting all; ``inf`` when there is none."""
    return min((model.value(model.picks(choice)) for choice in plans(model.pairs)), default=np.inf)


def promise(kept: object, otherwise: str) -> None:
    """AssertionError that says what came ``otherwise``, unless the promise is ``kept``."""
    if not kept:
        raise AssertionError(otherwise)
