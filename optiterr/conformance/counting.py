"""Every plan of a tiny model, counted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.model import Model
from optiterr.pairs import Pairs
from optiterr.problem import NOBODY, Problem

Ints = NDArray[np.int64]


def plans(pairs: Pairs) -> Iterator[Ints]:
    """Every way to pick one pair for each account, as positions of pairs."""
    ranges = [range(*pairs.start[account : account + 2]) for account in range(pairs.accounts)]
    for choice in product(*ranges):
        yield np.array(choice, dtype=np.int64)


def assignments(problem: Problem) -> Iterator[Ints]:
    """Every way to give each account one of its candidates, or nobody where it may stay open.

    Rep positions, NOBODY for an account that stays open.
    """
    pairs = problem.pairs
    choices = [
        [*pairs.rep[slice(*pairs.start[account : account + 2])], *([NOBODY] if may_open else [])]
        for account, may_open in enumerate(problem.optional)
    ]
    for reps in product(*choices):
        yield np.array(reps, dtype=np.int64)


def as_series(problem: Problem, rep: Ints) -> pd.Series[str]:
    """The assignment that gives account ``i`` to the rep at ``rep[i]``; nobody where negative."""
    ids = np.append(problem.rep_ids, [None])[np.maximum(rep, -1)]
    return pd.Series(ids, problem.account_ids, dtype=object)


def least_cost(model: Model) -> float:
    """Cost of the cheapest plan by counting all; ``inf`` when there is none."""
    return min((model.value(model.picks(choice)) for choice in plans(model.pairs)), default=np.inf)


def promise(kept: object, otherwise: str) -> None:
    """AssertionError that says what came ``otherwise``, unless the promise is ``kept``."""
    if not kept:
        raise AssertionError(otherwise)
