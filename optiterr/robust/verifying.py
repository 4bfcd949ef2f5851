"""A robust plan re-checked from its file and the tables alone: no solver, nothing believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from optiterr.audit import AGREE, prices_of, prove, recount, trusted_status
from optiterr.certificate import relative_gap
from optiterr.engine import read
from optiterr.errors import AuditError, DataError
from optiterr.goals import aim
from optiterr.model import Model
from optiterr.problem import Problem
from optiterr.robust.asking import futures_from
from optiterr.robust.combining import WORST, Futures, futures_models
from optiterr.robust.planning import most_of
from optiterr.robust.record import TODAY, InFuture, RobustPlan, Source
from optiterr.robust.recounting import keeps, over_futures, recounted, share_of
from optiterr.scenario.loading import Scenario
from optiterr.solving import finite
from optiterr.verification import Check, Verification, near, same, together


def verify_robust(
    path: str | Path, *, folder: Path | None = None, frames: Mapping[str, Any] | None = None
) -> Verification:
    """Repeats what a robust plan claims: its futures, what it costs in each, its aim and the bound.

    The futures are drawn again, or read again from the cases. ``folder`` says where the scenario's
    data lies when it is not where the file says. Raises DataError when the file or the data cannot
    be read at all, or the futures cannot be made again.
    """
    path = Path(path)
    told = RobustPlan.read(path)
    source = told.source
    if source is None:
        what = "does not say what its futures were made of, so there is nothing to count it from"
        raise DataError(str(path), what, "make it again with optiterr robust")
    home = folder if folder is not None else path.parent / source.folder
    scenario = Scenario.from_dict(source.scenario, folder=home, frames=frames)
    cases = {
        name: read(Scenario.from_dict(one.scenario, folder=path.parent / one.folder))
        for name, one in source.cases.items()
    }
    problem = read(scenario)
    futures = futures_from(source, scenario, problem, cases, told.sampled)
    checks = [
        same("scenario fingerprint", told.fingerprint, scenario.fingerprint()),
        same("data files", str(source.data), str(dict(problem.hashes))),
        *(
            same(f"data files of case {name}", str(source.cases[name].data), str(dict(one.hashes)))
            for name, one in cases.items()
        ),
        *_rules_of_cases(source, scenario),
    ]
    if scenario.priorities:
        checks.append(same("levels of priorities", "by cost", "a robust plan knows no levels"))
    if not told.status.has_plan:
        empty = told.value is None and not told.assignment and told.bound_proved is None
        checks.append(Check(what="no plan, no value, no bound", holds=empty))
        return Verification(plan=str(path), checks=tuple(checks))
    names = [one.name for one in told.futures]
    checks.append(same("futures", ", ".join(names), ", ".join(futures)))
    checks += _strange(told, problem)
    if all(one.holds for one in checks):
        checks += _Again.of(told, scenario, problem, futures).checks()
    return Verification(plan=str(path), checks=tuple(checks))


def _rules_of_cases(source: Source, scenario: Scenario) -> Iterator[Check]:
    """Whether every case has the rules of the scenario."""
    for name, one in source.cases.items():
        if one.scenario.get("rules") != source.scenario.get("rules"):
            yield same(f"rules of case {name}", "those of the scenario", "others")


def _strange(told: RobustPlan, problem: Problem) -> Iterator[Check]:
    """Accounts and reps that there are not, and weights that are none."""
    accounts, reps = set(map(str, problem.account_ids)), set(map(str, problem.rep_ids))
    books = {"plan": told.assignment, "plan made for today": told.nominal}
    books |= {f"best of {one.name}": one.best_books for one in told.futures}
    for whose, each in books.items():
        strange = sorted((set(each) - accounts) | (set(each.values()) - reps))
        yield same(f"{whose}: unknown accounts or reps", "none", ", ".join(strange[:5]) or "none")
    weight = [one.probability for one in told.futures]
    good = bool(weight) and min(weight) > 0 and abs(sum(weight) - 1.0) <= AGREE
    yield Check(what="weights of the futures add up to 1", holds=good)


@dataclass(frozen=True, eq=False)
class _Again:
    """A record that was told, and the futures that it speaks of."""

    told: RobustPlan
    scenario: Scenario
    problem: Problem
    futures: Mapping[str, Problem]
    limits: Mapping[str, Problem]
    seen: Futures

    @classmethod
    def of(
        cls,
        told: RobustPlan,
        scenario: Scenario,
        problem: Problem,
        futures: Mapping[str, Problem],
    ) -> _Again:
        """The models of the futures, as they were made for the plan."""
        limits = {TODAY: problem, **(futures if told.hard_in == "all" else {})}
        weight = np.array([one.probability for one in told.futures])
        seen = futures_models(scenario.rules, futures, limits, weight)
        return cls(told, scenario, problem, futures, limits, seen)

    def books(self, each: Mapping[str, str]) -> pd.Series[str]:
        """Books by account in the order of the tables."""
        return pd.Series(dict(each), dtype=object).reindex(self.problem.account_ids)

    def checks(self) -> Iterator[Check]:
        """Every claim."""
        told, books, before = (
            self.told,
            self.books(self.told.assignment),
            self.books(self.told.nominal),
        )
        yield same(
            "accounts that stay open",
            str(sorted(told.open)),
            str(sorted(map(str, books.index[books.isna()]))),
        )
        yield from self._kept(books)
        costs = recounted(self.scenario, self.futures, books)
        nominal = recounted(self.scenario, self.futures, before)
        for at, one in enumerate(told.futures):
            yield from together(
                f"future {one.name}", self._future(one, float(costs[at]), float(nominal[at]))
            )
        best = np.array([np.nan if one.best is None else one.best for one in told.futures])
        share = told.share or 1.0
        if (told.minimise == "cvar") != (told.share is not None) or not 0 < share <= 1:
            yield same("share of the futures", str(told.share), "above 0 and at most 1, for cvar")
            return
        weight = self.seen.probability
        value = over_futures(told.minimise, share, weight, costs, best)
        yield near("value", told.value, value)
        before_value = over_futures(told.minimise, share, weight, nominal, best)
        yield near("value of the plan made for today", told.nominal_value, before_value)
        kept = str(keeps(self.seen, before))
        yield same("the plan made for today keeps the hard rules", str(told.nominal_keeps), kept)
        differ = int((books.fillna("") != before.fillna("")).sum())
        yield same("accounts that differ from it", str(told.differs), str(differ))
        yield from self._proof(value, float(weight @ costs), best)

    def _kept(self, books: pd.Series[str]) -> Iterator[Check]:
        """Whether the plan keeps the hard rules wherever they have to hold."""
        for name, problem in self.limits.items():
            breaches = recount(self.scenario.rules, problem, books).breaches
            told = "; ".join(f"{one.rule}: {one.message}" for one in breaches[:3])
            yield same(f"hard rules broken in {name}", "none", told or "none")
        kept = keeps(self.seen, books)
        yield Check(what="every account goes to a rep who may serve it in all of them", holds=kept)

    def _future(self, one: InFuture, cost: float, nominal: float) -> Iterator[Check]:
        """What the plans cost in one future, and the best of it alone with its proof."""
        yield near(f"{one.name}, cost", one.cost, cost)
        yield near(f"{one.name}, cost of the plan made for today", one.nominal_cost, nominal)
        if self.told.minimise != "worst-regret":
            none = one.best is None and one.best_proved is None
            yield Check(what=f"{one.name}, no best was sought", holds=none)
            return
        best = self.books(one.best_books)
        future = {one.name: self.futures[one.name]}
        yield near(f"{one.name}, best", one.best, float(recounted(self.scenario, future, best)[0]))
        yield Check(what=f"{one.name}, its best keeps hard rules", holds=keeps(self.seen, best))
        model = self.seen.alone(one.name)
        yield from self._proved(
            f"{one.name}, bound on the best", model, one.prices, one.best_proved
        )

    def _proof(self, value: float, expected: float, best: np.ndarray[Any, Any]) -> Iterator[Check]:
        """Whether the prices prove the bound on what was minimised, and the gaps follow."""
        told = self.told
        most = most_of(told.minimise, told.share or 1.0, self.seen.probability)
        model = self.seen.together(most, np.nan_to_num(best))
        target = aim(model, (WORST,) if most is not None else tuple(self.seen.models))
        proof = list(self._proved("proved bound", target, told.prices, told.bound_proved))
        yield from proof
        if not proof[0].holds or told.bound_proved is None:
            return
        bound = told.bound_proved
        room = AGREE * max(1.0, abs(value))
        yield near("proved gap", told.gap_proved, finite(relative_gap(value, bound)))
        yield near("gap in costs", told.gap_of_cost, finite(share_of(value - bound, expected)))
        for what, one in (("proved", bound), ("claimed", told.bound_claimed)):
            holds = one is None or one <= value + room
            yield Check(what=f"the {what} bound is no more than the value", holds=holds)
        status = trusted_status(told.status, value, told.bound_claimed, self.scenario.solve.gap)
        yield same("status, by the bound that the solver claims", str(told.status), str(status))

    def _proved(
        self, what: str, model: Model, prices: Mapping[str, Any], told: float | None
    ) -> Iterator[Check]:
        try:
            bound = prove(model, prices_of(model, prices)).value
        except AuditError as error:
            yield Check(what=f"{what}, row prices", holds=False, recounted=str(error))
            return
        yield near(what, told, finite(bound))
