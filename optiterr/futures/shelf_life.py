"""How long a plan keeps: how likely its reps stay within their bands, month after month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from optiterr.comparison.counting import Count
from optiterr.engine import read
from optiterr.errors import AuditError, SpecError
from optiterr.futures.bands import Watched, watched
from optiterr.futures.sampling import Drawn, pieces, unchanged
from optiterr.futures.spec import FuturesSpec
from optiterr.pairs import Floats, Ints, Mask
from optiterr.plan import Plan
from optiterr.problem import Problem
from optiterr.rules import Rule
from optiterr.scenario.loading import Scenario

NORMAL_95 = 1.959963984540054
"""Standard deviations on either side that hold 95 % of a normal distribution."""

NAMED = 5
"""So many are named of those who leave their bands most often."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Chance(_Value):
    """A probability counted in draws, and the 95 % interval that the number of draws leaves."""

    share: float = Field(description="share of the draws")
    low: float = Field(description="lower end of the interval (Wilson)")
    high: float = Field(description="upper end")


class Outlook(_Value):
    """What becomes of the band of one rule by some month."""

    rule: str = Field(description="name of the rule")
    measure: str = Field(description="measure that is carried")
    band: str = Field(description="the band in words")
    months: int = Field(description="months from now")
    holds: Chance = Field(description="chance that all stay within the band")
    outside_now: int = Field(description="number of those outside before anything changes")
    outside: float = Field(description="expected number of those outside")
    worst_median: float | None = Field(
        description="how far the worst is off, as a share of its target or limit: in half of the "
        "futures no more than this"
    )
    worst_nine_in_ten: float | None = Field(description="as before, in nine of ten futures")
    most_often: dict[str, float] = Field(
        description="who is outside most often, and in what share of the futures"
    )


class Horizon(_Value):
    """All rules together by some month."""

    months: int = Field(description="months from now")
    holds: Chance = Field(description="chance that all stay within all bands")
    accounts_left: float = Field(description="expected number of accounts that have left")
    reps_left: float = Field(description="expected number of serving reps who have left")
    uncovered: float = Field(
        description="expected number of accounts whose rep has left, so that nobody serves them"
    )


class Prospects(_Value):
    """What becomes of one set of books."""

    horizons: tuple[Horizon, ...] = Field(description="all rules together, by month")
    outlooks: tuple[Outlook, ...] = Field(description="each rule, by month")
    through: Chance = Field(description="chance that all bands hold at every month looked at")


class ShelfLife(_Value):
    """A plan and today's books in the same drawn futures."""

    scenario: str = Field(description="name of the scenario")
    futures: FuturesSpec = Field(description="what the futures were drawn from")
    plan: Prospects = Field(description="what becomes of the plan")
    today: Prospects = Field(description="what becomes of today's books")


def shelf_life(
    scenario: Scenario, plan: Plan, spec: FuturesSpec, problem: Problem | None = None
) -> ShelfLife:
    """How likely ``plan`` and today's books keep their bands in the futures of ``spec``.

    Judged are the balance and capacity rules: who is there and serves stays within the band, with
    the accounts that have not left. SpecError where the scenario has no such rule, AuditError where
    the plan is none or was made from other data.
    """
    problem = read(scenario) if problem is None else problem
    if not plan.has_plan:
        raise AuditError("plan", f"holds no assignment: {plan.status}", "solve the scenario first")
    if plan.data != dict(problem.hashes):
        raise AuditError("plan", "the data changed since it was made", "solve the scenario again")
    count = Count(problem, scenario.rules)
    books = {"plan": count.positions(plan), "today": count.owner}
    found = outlook(scenario.rules, problem, spec, books)
    return ShelfLife(scenario=scenario.name, futures=spec, **found)


def outlook(
    rules: Mapping[str, Rule],
    problem: Problem,
    spec: FuturesSpec,
    books: Mapping[str, Ints],
    drawn: Iterable[Drawn] | None = None,
) -> dict[str, Prospects]:
    """What becomes of each of the ``books`` (rep positions, -1: nobody) in the same draws."""
    bands = {name: watched(rules, problem, spec, rep) for name, rep in books.items()}
    if not all(bands.values()):
        raise SpecError(
            "rules",
            "no balance or capacity rule sets a band that could be left",
            "add one, with a price of 0 if it is to change nothing",
        )
    tallies = {name: _Tally.empty(problem, spec, bands[name]) for name in books}
    first = 0
    for piece in pieces(problem, spec) if drawn is None else drawn:
        for name, rep in books.items():
            tallies[name].add(first, piece, problem.serves, rep, bands[name])
        first += piece.draws
    return {name: tally.prospects(spec, bands[name]) for name, tally in tallies.items()}


@dataclass(eq=False)
class _Tally:
    """Counts that grow piece by piece; ``kept`` and ``worst`` are (months, rules, draws)."""

    now: tuple[int, ...]
    kept: Mask
    worst: Floats
    out: list[list[Floats]]
    left: Floats

    @classmethod
    def empty(cls, problem: Problem, spec: FuturesSpec, bands: Sequence[Watched]) -> _Tally:
        still = unchanged(problem)
        now = tuple(int(one.judge(still, 0).out.sum()) for one in bands)
        shape = (len(spec.months), len(bands), spec.draws)
        out = [[np.zeros(len(one.labels)) for one in bands] for _ in spec.months]
        return cls(now, np.ones(shape, dtype=bool), np.zeros(shape), out, np.zeros((3, shape[0])))

    def add(
        self, first: int, drawn: Drawn, serves: Mask, rep: Ints, bands: Sequence[Watched]
    ) -> None:
        own = slice(first, first + drawn.draws)
        served = rep >= 0
        for month in range(len(drawn.months)):
            for place, band in enumerate(bands):
                found = band.judge(drawn, month)
                self.kept[month, place, own] = ~found.out.any(axis=0)
                self.worst[month, place, own] = found.worst
                self.out[month][place] += found.out.sum(axis=1)
            stays, here = drawn.stays[month], drawn.here[month]
            self.left[0, month] += (~stays).sum()
            self.left[1, month] += (~here[serves]).sum()
            self.left[2, month] += (stays[served] & ~here[rep[served]]).sum()

    def prospects(self, spec: FuturesSpec, bands: Sequence[Watched]) -> Prospects:
        draws, all_kept = spec.draws, np.asarray(self.kept.all(axis=1))
        mean = self.left / draws
        return Prospects(
            horizons=tuple(
                Horizon(
                    months=month,
                    holds=chance(int(all_kept[place].sum()), draws),
                    accounts_left=float(mean[0, place]),
                    reps_left=float(mean[1, place]),
                    uncovered=float(mean[2, place]),
                )
                for place, month in enumerate(spec.months)
            ),
            outlooks=tuple(
                self._outlook(band, rule, month, place, draws)
                for rule, band in enumerate(bands)
                for place, month in enumerate(spec.months)
            ),
            through=chance(int(all_kept.all(axis=0).sum()), draws),
        )

    def _outlook(self, band: Watched, rule: int, month: int, place: int, draws: int) -> Outlook:
        out, worst = self.out[place][rule], self.worst[place, rule]
        known = worst[~np.isnan(worst)]
        half, nine = np.quantile(known, [0.5, 0.9]) if len(known) else (None, None)
        order = np.argsort(-out, kind="stable")[:NAMED]
        return Outlook(
            rule=band.name,
            measure=band.measure,
            band=band.words,
            months=month,
            holds=chance(int(self.kept[place, rule].sum()), draws),
            outside_now=self.now[rule],
            outside=float(out.sum() / draws),
            worst_median=None if half is None else float(half),
            worst_nine_in_ten=None if nine is None else float(nine),
            most_often={band.labels[at]: float(out[at] / draws) for at in order if out[at] > 0},
        )


def chance(hits: int, draws: int) -> Chance:
    """``hits`` of ``draws`` as a probability with its 95 % interval (Wilson, 1927)."""
    share, square = hits / draws, NORMAL_95**2
    middle = (share + square / (2 * draws)) / (1 + square / draws)
    reach = (
        NORMAL_95
        / (1 + square / draws)
        * sqrt(share * (1 - share) / draws + square / (4 * draws**2))
    )
    return Chance(
        share=share,
        low=min(max(middle - reach, 0.0), share),
        high=max(min(middle + reach, 1.0), share),
    )
