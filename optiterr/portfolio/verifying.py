"""A portfolio re-checked from its files and the tables alone: no solver, nothing believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from optiterr.audit import AGREE, prices_of, prove
from optiterr.belonging import picks_of
from optiterr.compile import compile_model
from optiterr.engine import read
from optiterr.errors import AuditError, DataError
from optiterr.pairs import Floats
from optiterr.plan import Plan
from optiterr.portfolio import amount_of
from optiterr.portfolio.differing import above, different, room, unlike_of
from optiterr.portfolio.records import Member, Portfolio
from optiterr.portfolio.telling import words_of
from optiterr.problem import Problem
from optiterr.scenario.loading import Scenario
from optiterr.solving import left_out_models
from optiterr.verification import Check, Verification, near, same, together, verify

PLAN = "plan.json"


def verify_portfolio(
    path: str | Path, *, folder: Path | None = None, frames: Mapping[str, Any] | None = None
) -> Verification:
    """Repeats what a portfolio claims: its plans, that they are near the best, how they differ.

    The plans are read from the folders beside the file. ``folder`` says where the scenario's data
    lies when it is not where they say. Raises DataError when a file cannot be read at all.
    """
    path = Path(path)
    told = Portfolio.read(path)
    names = [one.name for one in told.members]
    wanted = [f"plan-{at + 1}" for at in range(len(names))]
    if names != wanted:
        one = same("names of the plans", ", ".join(names), ", ".join(wanted))
        return Verification(plan=str(path), checks=(one,))
    if not names:
        empty = not told.accounts and not told.amounts and told.ceiling is None
        one = Check(what="no plan, no ceiling, no differences", holds=empty)
        return Verification(plan=str(path), checks=(one,))
    files = [path.parent / name / PLAN for name in names]
    missing = [str(one) for one in files if not one.is_file()]
    if missing:
        fix = "keep the folders of the plans beside portfolio.json, or make it again"
        raise DataError(str(path), f"its plan is not there: {missing[0]}", fix)
    plans = [Plan.read(one) for one in files]
    home = folder if folder is not None else files[0].parent / plans[0].folder
    scenario = Scenario.from_dict(plans[0].scenario, folder=home, frames=frames)
    problem = read(scenario)
    checks = [
        same("scenario fingerprint", told.fingerprint, scenario.fingerprint()),
        same("model digest", told.digest, compile_model(scenario.rules, problem).model.digest()),
    ]
    if scenario.priorities:
        checks.append(same("levels of priorities", "by cost", "a portfolio knows no levels"))
    for name, file in zip(names, files, strict=True):
        checks.append(_plan_check(name, verify(file, folder=home, frames=frames)))
    if all(one.holds for one in checks):
        # A measure that the tables do not have, or that is no number, cannot be read: DataError.
        checks += _Again(told, plans, scenario, problem, amount_of(problem, told.by)).checks()
    return Verification(plan=str(path), checks=tuple(checks))


def _plan_check(name: str, found: Verification) -> Check:
    """The plan's own checks as one, which names those that do not hold."""
    wrong = [one for one in found.checks if not one.holds]
    told = "; ".join(
        f"{one.what}: {one.claimed or 'claimed'}, recounted {one.recounted or 'otherwise'}"
        for one in wrong[:3]
    )
    return Check(
        what=f"{name}/{PLAN}, its own {len(found.checks)} checks",
        holds=not wrong,
        claimed="all hold",
        recounted=told if wrong else "all hold",
    )


@dataclass(frozen=True, eq=False)
class _Again:
    """A portfolio that was told, and the plans that it is made of, which hold."""

    told: Portfolio
    plans: Sequence[Plan]
    scenario: Scenario
    problem: Problem
    amount: Floats

    def checks(self) -> Iterator[Check]:
        """Every claim about how the plans stand to each other."""
        told, first = self.told, self.plans[0].cost
        assert first is not None
        ceiling = first + told.within * abs(first)
        yield near("most that a plan may cost", told.ceiling, ceiling)
        yield near(f"{told.by} of all accounts", told.whole, float(self.amount.sum()))
        for at, (one, plan) in enumerate(zip(told.members, self.plans, strict=True)):
            what = f"{one.name}, cost, and how far it is from the best"
            yield from together(what, self._costs(at, one, plan, ceiling))
        differ = [
            [different(self.problem, one, other) for other in self.plans] for one in self.plans
        ]
        for what, claimed, found in (
            ("accounts that differ", told.accounts, [[int(a.sum()) for a in b] for b in differ]),
            (
                f"{told.by} that differ",
                told.amounts,
                [[float(self.amount[a].sum()) for a in b] for b in differ],
            ),
        ):
            yield from together(what, _matrix(what, claimed, found))
        for at, one in enumerate(told.members):
            yield from self._differences(at, one)
        asked = max(told.asked, len(told.members))
        words = tuple(words_of(told, asked))
        yield same("sentences", " ".join(told.words), " ".join(words))

    def _costs(self, at: int, one: Member, plan: Plan, ceiling: float) -> Iterator[Check]:
        first = self.plans[0].cost
        assert first is not None
        assert plan.cost is not None
        yield near(f"{one.name}, cost", one.cost, plan.cost)
        yield near(f"{one.name}, proved gap", one.gap_proved, plan.gap_proved)
        for rule in dict.fromkeys([*one.terms, *plan.terms]):
            yield near(f"{one.name}, cost of {rule}", one.terms.get(rule), plan.terms.get(rule))
        yield near(
            f"{one.name}, above the best", one.above_best, above(plan.cost, first) if at else 0.0
        )
        room_left = AGREE * max(1.0, abs(ceiling))
        yield Check(
            what=f"{one.name} costs no more than a plan may",
            holds=plan.cost <= ceiling + room_left,
            claimed=f"{ceiling:.9g} at most",
            recounted=f"{plan.cost:.9g}",
        )

    def _differences(self, at: int, one: Member) -> Iterator[Check]:
        """Whether a plan differs from those before it as told, and prices prove the most."""
        if at == 0:
            claims = (one.difference, one.difference_proved, one.status, one.prices or None)
            none = all(claim is None for claim in claims)
            yield Check(what=f"{one.name} differs from none before it", holds=none)
            return
        apart = [
            float(self.amount[different(self.problem, self.plans[at], other)].sum())
            for other in self.plans[:at]
        ]
        yield near(f"{one.name}, least difference", one.difference, min(apart))
        model = compile_model(self.scenario.rules, self.problem).model
        picks = partial(picks_of, scenario=self.scenario, problem=self.problem, model=model)
        picked = [picks(plan) for plan in self.plans[:at]]
        target = unlike_of(model, self.amount, picked, self.told.ceiling or 0.0)
        unlike = target(model)
        left_out = left_out_models(self.scenario.rules, self.problem)
        try:
            bound = prove(unlike, prices_of(unlike, one.prices), map(target, left_out))
        except AuditError as error:
            yield Check(what=f"{one.name}, row prices", holds=False, recounted=str(error))
            return
        most = room(float(self.amount.sum()), bound.value)
        yield near(f"{one.name}, most that any plan differs", one.difference_proved, most)
        if most is not None:
            yield Check(
                what=f"{one.name} differs by no more than is proved to be possible",
                holds=min(apart) <= most + AGREE * max(1.0, most),
                claimed=f"{most:.9g} at most",
                recounted=f"{min(apart):.9g}",
            )


def _matrix(
    what: str, told: Sequence[Sequence[float]], found: Sequence[Sequence[float]]
) -> Iterator[Check]:
    """Whether each number of two matrices is one; whether they have one shape."""
    shapes = [[len(row) for row in rows] for rows in (told, found)]
    if shapes[0] != shapes[1]:
        yield same(f"{what}, rows and columns", str(shapes[0]), str(shapes[1]))
        return
    for at, rows in enumerate(zip(told, found, strict=True)):
        for other, (claimed, counted) in enumerate(zip(*rows, strict=True)):
            yield near(f"{what}, plan-{at + 1} and plan-{other + 1}", claimed, counted)
