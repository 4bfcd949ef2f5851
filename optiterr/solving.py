"""One model answered: prices for the proof, a search for a plan, and the bound over all pairs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optiterr.audit import gap_of, improvement_gap, prove
from optiterr.cases import Case, allowed
from optiterr.certificate import Bound, lower_bound, relative_gap
from optiterr.compile import models_of_all_pairs
from optiterr.model import Model
from optiterr.pairs import Floats
from optiterr.plan import PairCount, Place, Told, Whole
from optiterr.problem import Problem
from optiterr.rules import Rule
from optiterr.scenario.loading import Scenario
from optiterr.search.route import Route
from optiterr.solution import Improvement, Limits, Solution, Status
from optiterr.solvers import Solver, solver
from optiterr.solvers.priced import climb
from optiterr.solvers.supervise import supervised, supervised_relax
from optiterr.undivided import FEW_SETS, Sets, nodes_each, raised, sets_each, short, worthwhile

Report = Callable[[Improvement], None]
Stop = Callable[[], bool]

PRICING_SHARE = 0.4
"""At most this share of the time goes into the relaxed model, whose prices prove the bound."""

CLIMBING_SHARE = 0.1
"""At most this share of the time (and at least two seconds) goes into prices by climbing, when the
relaxed model took too long."""

CLIMBS = 400
"""Steps of such a climb."""

NET_SHARE = 0.1
"""This share of the time is held back for a greedy plan, in case the solver finds none."""


MANY_SETS = 5_000_000
"""Sets of accounts that are looked at for a better proof of whole accounts: about a second."""


def limits_of(scenario: Scenario) -> Limits:
    """The limits that a scenario sets its solver."""
    asked = scenario.solve
    return Limits(asked.seconds, asked.gap, asked.seed, asked.threads, asked.memory_gb)


def left_out_models(rules: Mapping[str, Rule], problem: Problem) -> Iterator[Model]:
    """Models over the pairs that are no candidates (and those that are); none when all are."""
    if problem.candidates == "nearest":
        yield from models_of_all_pairs(rules, problem)


def relax(model: Model, limits: Limits, stop: Stop | None = None) -> Solution:
    """Row prices of the relaxed model, by HiGHS."""
    return supervised_relax("highs", model, limits, stop, needs=("prices",))


def priced(model: Model, limits: Limits, stop: Stop | None) -> Solution:
    """Row prices to prove a bound with: of the relaxed model, or else those a short climb finds."""
    relaxed = relax(model, replace(limits, seconds=limits.seconds * PRICING_SHARE), stop)
    if relaxed.prices is not None or relaxed.status is Status.INFEASIBLE:
        return relaxed
    return climbed(model, limits, stop, relaxed.message)


def climbed(model: Model, limits: Limits, stop: Stop | None, message: str = "") -> Solution:
    """Row prices that a short climb finds; ``message`` says why there are no better ones."""
    end = time.perf_counter() + max(2.0, limits.seconds * CLIMBING_SHARE)
    over = _never if stop is None else stop
    prices = climb(model, CLIMBS, lambda: time.perf_counter() > end or over())
    return Solution(Status.NO_SOLUTION, "climb", prices=prices, message=message)


def _never() -> bool:
    return False


def search(
    chosen: Route,
    model: Model,
    limits: Limits,
    start: Floats | None,
    report: Report | None,
    stop: Stop | None,
    one: Solver | None = None,
) -> Solution:
    """The chosen solver's answer; when the choice was ours and it finds no plan, a greedy one.

    ``one`` is the chosen solver made ready, where it is not the one of the register.
    """
    one = one or solver(chosen.solver)
    ours = bool(chosen.why) and chosen.solver != "greedy"
    held = NET_SHARE * limits.seconds if ours else 0.0
    takes_start = "start" in one.gives
    answer = supervised(
        one,
        model,
        replace(limits, seconds=limits.seconds - held),
        start=start if takes_start else None,
        report=report,
        stop=stop,
    )
    stopped = stop is not None and stop()
    if not ours or stopped or answer.status not in (Status.NO_SOLUTION, Status.FAILED):
        return answer
    net = supervised(
        "greedy",
        model,
        replace(limits, seconds=max(2.0, held), threads=1),
        report=report,
        stop=stop,
    )
    if net.x is None:
        return answer
    said = f"{answer.solver}: {answer.status} ({answer.message}); this plan is greedy's"
    # What the search proved before it gave up holds for this plan, too.
    return replace(
        net,
        message=said,
        bound=answer.bound,
        prices=answer.prices,
        stakes=answer.stakes,
        cases=answer.cases,
    )


def proved_bound(
    rules: Mapping[str, Rule],
    problem: Problem,
    model: Model,
    prices: Floats | None,
) -> tuple[Bound, PairCount]:
    """The bound over *all* pairs that the rules allow, and how many those are.

    With candidates chosen by distance, the pairs left out are priced too, a chunk at a time.
    """
    if problem.candidates != "nearest":
        possible = model.served_pairs
        return prove(model, prices), PairCount(considered=possible, possible=possible)
    counted = 0

    def chunks() -> Iterator[Model]:
        nonlocal counted
        for chunk in models_of_all_pairs(rules, problem):
            counted += chunk.served_pairs
            yield chunk

    bound = prove(model, prices, chunks())
    return bound, PairCount(considered=model.served_pairs, possible=counted)


@dataclass(frozen=True, eq=False)
class Proof:
    """What is proved of a plan: no plan over ``pairs`` costs less than ``value``.

    By the prices of ``bound`` and, where ``whole`` is given, by whole accounts; or by ``cases``,
    where there are any.
    """

    value: float
    bound: Bound
    whole: Whole | None
    pairs: PairCount
    cases: tuple[Told, ...] = ()

    def claims(
        self, rules: Mapping[str, Rule], problem: Problem, model: Model, x: Floats, cost: float
    ) -> dict[str, Any]:
        """What the file of the plan ``x``, recounted at ``cost``, says of its proof."""
        return {
            "bound_proved": self.value,
            "gap_proved": finite(relative_gap(cost, self.value)),
            "gap_improvement": improvement_gap(rules, problem, cost, self.value),
            "gap": gap_of(model, x, self.bound, cost),
            "whole": self.whole,
            "cases": self.cases,
            "pairs": self.pairs,
        }


def proof_of(
    rules: Mapping[str, Rule],
    problem: Problem,
    model: Model,
    x: Floats,
    prices: Floats | None,
    stakes: Floats | None = None,
    threads: int = 1,
    cases: Sequence[Case] = (),
) -> Proof:
    """What ``prices`` and ``stakes`` (sought unless given) prove, held against the plan ``x``;
    or what ``cases`` prove, where that is more."""
    bound, pairs = proved_bound(rules, problem, model, prices)
    value, whole = bound.value, None
    if pairs.considered != pairs.possible:
        return Proof(value, bound, whole, pairs)
    if worthwhile(model):
        value, whole = whole_bound(model, bound, x, stakes, threads=threads)
    told = tuple(case_told(model, case, x, threads) for case in cases)
    least = min((one.bound for one in told), default=value)
    if least <= value:
        return Proof(value, bound, whole, pairs)
    return Proof(least, bound, whole, pairs, told)


def case_told(model: Model, case: Case, x: Floats, threads: int = 1) -> Told:
    """What the plan's file says of one of the cases that cover all plans.

    Where the plan ``x`` is in it, it is held against what is proved; see :func:`whole_bound`.
    """
    keep = allowed(model, case.where)
    small = model.only(keep)
    bound = lower_bound(small, case.prices)
    value, whole = bound.value, None
    if case.stakes is not None:
        within = x[keep] if x[~keep].sum() == 0.0 else None
        value, whole = whole_bound(small, bound, within, case.stakes, case.looks, threads)
    accounts, reps = model.account_ids, model.rep_ids
    return Told(
        where=tuple(
            Place(account=str(accounts[one.account]), rep=str(reps[one.rep]), served=one.served)
            for one in case.where
        ),
        bound=value,
        prices=model.by_block(bound.prices),
        whole=whole,
    )


def whole_bound(
    model: Model,
    bound: Bound,
    x: Floats | None,
    stakes: Floats | None = None,
    looks: tuple[int, int] | None = None,
    threads: int = 1,
) -> tuple[float, Whole | None]:
    """The bound that counts whole accounts too, and its proof where it is above ``bound``.

    ``bound`` covers the pairs of ``model`` and no others. ``stakes`` are sought unless given, for
    which a plan is needed. ``looks`` are the sets and nodes looked at for each rep, as many as
    usual unless given. AuditError when a rep loses less in the plan ``x`` than is proved.
    """
    ledger = Sets(model, bound)
    each, nodes = looks or (sets_each(model), nodes_each(model))
    if stakes is None:
        assert x is not None
        worth, few = model.value(x), min(each, FEW_SETS)
        stakes = raised(ledger, ledger.halfway(), worth, few, MANY_SETS, threads).stakes
    found = ledger.bound(short(stakes), each, threads, nodes)
    if x is not None:
        ledger.spare(model.choice(x), found)
    if not found.value > bound.value:
        return bound.value, None
    lost = np.flatnonzero(found.losses)
    names = map(str, model.rep_ids[lost])
    return found.value, Whole(
        lift=found.value - bound.value,
        sets=found.sets,
        nodes=found.nodes,
        losses=dict(zip(names, found.losses[lost].tolist(), strict=True)),
        stakes=dict(zip(map(str, model.account_ids), found.stakes.tolist(), strict=True)),
    )


def finite(value: float | None) -> float | None:
    """``value``, or None where it is infinite or no number: plans hold numbers only."""
    return value if value is not None and np.isfinite(value) else None
