"""Futures drawn: how much every account has grown, who is still there, month by month.

Each draw has a random stream of its own, made from the seed and its number, and takes from it month
by month. So a draw is the same however many others are drawn beside it, in whatever pieces, and
whichever months are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.errors import SpecError
from optiterr.futures.spec import FuturesSpec, SegmentRates
from optiterr.pairs import Floats, Mask
from optiterr.problem import COUNT, Problem

CELLS = 4_000_000
"""Accounts, months and draws of one piece: at most about this many numbers at a time."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """Some draws at some months from now.

    ``growth`` (months, accounts, draws) is the factor of each account's measures; ``stays`` (same
    shape) tells which accounts have not left, ``here`` (months, reps, draws) which reps have not.
    ``ready`` (months, reps) is the share of its capacity that each rep has reached.
    """

    months: tuple[int, ...]
    growth: Floats
    stays: Mask
    here: Mask
    ready: Floats

    @property
    def draws(self) -> int:
        """Number of draws."""
        return int(self.growth.shape[2])


@dataclass(frozen=True, eq=False)
class _Rates:
    """Rates of each account, and the segment that shares its luck, counted from 0."""

    growth: Floats
    growth_sd: Floats
    churn: Floats
    segment: NDArray[np.int64]


def _rates(problem: Problem, spec: FuturesSpec) -> _Rates:
    count = len(problem.accounts)
    fields = ("growth", "growth_sd", "churn")
    values = {name: np.full(count, getattr(spec, name)) for name in fields}
    if spec.segment is None:
        return _Rates(**values, segment=np.zeros(count, dtype=np.int64))
    text = problem.accounts[spec.segment].fillna("").astype(str)
    strange = sorted(set(spec.by_segment) - set(text))
    if strange:
        raise SpecError(
            "futures, by_segment",
            f"no account has {strange[0]!r} in column {spec.segment!r}",
            f"its values are: {', '.join(sorted(set(text))[:10])}",
        )
    place, names = pd.factorize(text, sort=True)
    for name, each in values.items():
        own = [getattr(spec.by_segment.get(one, SegmentRates()), name) for one in map(str, names)]
        rates = np.array([getattr(spec, name) if one is None else one for one in own], dtype=float)
        each[:] = rates[place]
    return _Rates(**values, segment=place.astype(np.int64))


def sample(
    problem: Problem,
    spec: FuturesSpec,
    months: Sequence[int] | None = None,
    draws: range | None = None,
    seed: int | None = None,
) -> Drawn:
    """The draws numbered ``draws`` at ``months`` from now; as ``spec`` says unless given."""
    spec.ensure_columns(problem)
    at = np.array(spec.months if months is None else months, dtype=np.int64)
    numbers = range(spec.draws) if draws is None else draws
    seed = spec.seed if seed is None else seed
    rates, accounts, reps = _rates(problem, spec), len(problem.accounts), len(problem.reps)
    segments = int(rates.segment.max(initial=-1)) + 1
    shape = (len(at), accounts, len(numbers))
    luck, leaving = np.zeros(shape), np.empty((accounts, len(numbers)))
    going = np.empty((reps, len(numbers)))
    moves = bool((rates.growth_sd > 0).any())
    for place, number in enumerate(numbers):
        rng = np.random.default_rng([seed, number])
        leaving[:, place], going[:, place] = rng.random(accounts), rng.random(reps)
        if moves:
            steps = rng.standard_normal((int(at[-1]), segments + accounts))
            path = np.cumsum(steps, axis=0)[at - 1]
            common, own = path[:, rates.segment], path[:, segments:]
            luck[:, :, place] = np.sqrt(spec.together) * common + np.sqrt(1 - spec.together) * own
    years = at / 12
    variance = np.log1p((rates.growth_sd / (1 + rates.growth)) ** 2)
    trend = np.outer(years, np.log1p(rates.growth) - variance / 2)
    luck *= np.sqrt(variance / 12)[:, None]
    growth = np.exp(luck + trend[:, :, None])
    stays = leaving >= (1 - (1 - rates.churn) ** years[:, None])[:, :, None]
    here = going >= (1 - (1 - spec.attrition) ** years)[:, None, None]
    return Drawn(tuple(map(int, at)), growth, stays, here, _ready(problem, spec, at))


def _ready(problem: Problem, spec: FuturesSpec, months: NDArray[np.int64]) -> Floats:
    ready = np.ones((len(months), len(problem.reps)))
    if spec.ramping is not None:
        late = spec.ramping.mask(problem.reps, problem.planning_date)
        ready[np.ix_(months <= spec.ramp_slip, late)] = spec.late_share
    return ready


def unchanged(problem: Problem) -> Drawn:
    """One draw in which nothing happens."""
    accounts, reps = len(problem.accounts), len(problem.reps)
    stays = np.ones((1, accounts, 1), dtype=bool)
    here = np.ones((1, reps, 1), dtype=bool)
    return Drawn((0,), stays.astype(float), stays, here, np.ones((1, reps)))


def pieces(problem: Problem, spec: FuturesSpec, cells: int = CELLS) -> Iterator[Drawn]:
    """All draws of ``spec``, a piece at a time, so that memory stays small."""
    step = max(1, cells // max(1, len(problem.accounts) * len(spec.months)))
    for first in range(0, spec.draws, step):
        yield sample(problem, spec, draws=range(first, min(first + step, spec.draws)))


def futures_of(
    problem: Problem, spec: FuturesSpec, measures: Sequence[str], month: int, count: int
) -> dict[str, Problem]:
    """The first ``count`` draws at ``month`` as problems: the same accounts with other measures.

    ``measures`` are those that rules add up. Reps all stay: a plan is made for those who are there.
    """
    drawn = sample(problem, spec, [month], range(count))
    return {
        f"future-{place + 1}": _grown(
            problem, spec, measures, drawn.growth[0, :, place], drawn.stays[0, :, place]
        )
        for place in range(count)
    }


def _grown(
    problem: Problem, spec: FuturesSpec, measures: Sequence[str], growth: Floats, stays: Mask
) -> Problem:
    factor = {True: growth * stays, False: stays.astype(float)}
    accounts = problem.accounts.copy(deep=False)
    columns = dict(problem.pair_columns)
    for name in dict.fromkeys([*measures, COUNT]):
        times = factor[spec.has_grown(name)]
        if name in columns:
            columns[name] = columns[name] * times[problem.pairs.account]
        elif name not in problem.pair_measures:
            accounts[name] = problem.account_number(name) * times
    return problem.with_(accounts=accounts, pair_columns=MappingProxyType(columns))
