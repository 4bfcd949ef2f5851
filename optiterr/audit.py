"""Nothing is believed: plans are recounted from the tables, bounds are proved again from prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.certificate import Bound, Certificate, certify, lower_bound
from optiterr.compile import with_optional
from optiterr.errors import AuditError, Fault
from optiterr.findings import Finding, Weight
from optiterr.model import TOLERANCE, Model
from optiterr.plan import Gap
from optiterr.problem import Problem
from optiterr.rules import Rule
from optiterr.solution import Solution, Status

Floats = NDArray[np.float64]

AGREE = 1e-6
"""Two countings of one cost may differ by this much, times the larger of 1 and the cost."""


@dataclass(frozen=True)
class Recount:
    """What the rules say of an assignment, from the tables alone.

    ``terms`` is price times the amounts found, by rule; ``cost`` is their sum and means something
    only when ``breaches`` is empty.
    """

    findings: tuple[Finding, ...]
    terms: dict[str, float]

    @property
    def cost(self) -> float:
        """Sum of the terms."""
        return float(sum(self.terms.values()))

    @property
    def breaches(self) -> tuple[Finding, ...]:
        """Findings that make the assignment invalid."""
        return tuple(one for one in self.findings if one.weight is Weight.BREACH)


def recount(rules: Mapping[str, Rule], problem: Problem, assignment: pd.Series[str]) -> Recount:
    """Every rule's findings on ``assignment`` (rep id by account id), and the cost they amount to.

    ``problem`` is the problem as read, before any rule forbade a pair.
    """
    problem = with_optional(rules, problem)
    findings: list[Finding] = []
    terms: dict[str, float] = {}
    for name, rule in rules.items():
        found = tuple(rule.check(name, problem, assignment))
        findings += found
        if rule.price is not None:
            priced = (one.amount for one in found if one.weight is Weight.PRICED)
            terms[name] = float(rule.price * sum(priced))
    return Recount(tuple(findings), terms)


def assignment_of(model: Model, x: Floats) -> pd.Series[str]:
    """Rep id by account id as picked by ``x``; missing where not exactly one pair is picked, and
    for accounts that stay open."""
    ids = model.served_by(model.choice(x))
    return pd.Series(ids, index=model.scenario_ids, dtype=object)


def audit(rules: Mapping[str, Rule], problem: Problem, model: Model, solution: Solution) -> Recount:
    """The recount of a solver's plan; AuditError when the solver, the model or a rule lies.

    Checked: every account has one rep, no hard rule is broken in the tables, each term costs in the
    tables what the model says, and the claimed objective and bound fit.
    """
    if solution.x is None:
        raise ValueError("a solution without values has no plan to audit")
    assignment = assignment_of(model, solution.x)
    counted = recount(rules, problem, assignment)
    faults = list(_lies(model, solution, counted))
    if faults:
        raise AuditError.of(faults)
    return counted


def _lies(model: Model, solution: Solution, counted: Recount) -> Iterable[Fault]:
    who = f"solver {solution.solver}"
    distrust = "do not use this plan; try another solver and report this one"
    for breach in counted.breaches[:20]:
        yield Fault(
            who,
            f"its plan breaks rule {breach.rule!r} at {breach.where}: {breach.message}",
            distrust,
        )
    if counted.breaches or solution.x is None:
        return
    x = model.picks(model.choice(solution.x))
    cost, charged = counted.cost, model.charge(x)
    for term in dict.fromkeys([*charged, *counted.terms]):
        said, found = charged.get(term, 0.0), counted.terms.get(term, 0.0)
        if not _agree(said, found, cost):
            yield Fault(
                f"rule {term!r}",
                f"costs {said:.9g} in the model but {found:.9g} in the tables",
                "its compile and its check disagree: this is a fault in the rule",
            )
    if solution.objective is not None and not _agree(solution.objective, cost, cost):
        yield Fault(who, f"claims cost {solution.objective:.9g}, recounted {cost:.9g}", distrust)
    slack = AGREE * max(1.0, abs(cost))
    if solution.bound is not None and solution.bound > cost + slack:
        yield Fault(
            who,
            f"claims that no plan costs less than {solution.bound:.9g}; this one costs {cost:.9g}",
            distrust,
        )


def _agree(a: float, b: float, size: float) -> bool:
    room = AGREE * max(1.0, abs(a), abs(b), abs(size))
    return bool(np.isfinite(room) and abs(a - b) <= room)


def prove(model: Model, prices: Floats | None, left_out: Iterable[Model] = ()) -> Bound:
    """The lower bound that ``prices`` prove; without prices, what each account costs at least."""
    return lower_bound(model, np.zeros(model.rows) if prices is None else prices, left_out)


def gap_of(model: Model, x: Floats, bound: Bound, cost: float, worst: int = 10) -> Gap:
    """Where ``cost - bound`` sits, after the identity was asserted against the recounted cost."""
    certificate = certify(model, x, bound)
    if not _agree(certificate.cost, cost, cost):
        raise AuditError(
            "certificate",
            f"cost {certificate.cost:.9g} differs from the recount {cost:.9g}",
            "do not use this plan: the model and the tables disagree",
        )
    if bound.value > cost + AGREE * max(1.0, abs(cost)):
        raise AuditError(
            "certificate",
            f"the proved bound {bound.value:.9g} is above the cost {cost:.9g}",
            "do not use this plan: a row function or the model is wrong",
        )
    return Gap(
        regret=float(certificate.regret.sum()),
        residual=float(sum(part.sum() for part in certificate.residual)),
        rounding=bound.rounding,
        worst_accounts=_largest(model.account_ids, certificate.regret, worst),
        worst_rows=_worst_rows(model, certificate, worst),
    )


def _largest(names: NDArray[np.object_], amounts: Floats, count: int) -> dict[str, float]:
    order = np.argsort(-amounts, kind="stable")[:count]
    return {str(names[at]): float(amounts[at]) for at in order if amounts[at] > TOLERANCE}


def _worst_rows(model: Model, certificate: Certificate, count: int) -> dict[str, float]:
    names: list[str] = []
    amounts: list[Floats] = []
    for block, residual in zip(model.blocks, certificate.residual, strict=True):
        single = len(residual) == block.rows
        labels = block.labels if single else [f"group {part + 1}" for part in range(len(residual))]
        names += [f"{block.name}: {label}" for label in labels]
        amounts.append(residual)
    if not amounts:
        return {}
    return _largest(np.array(names, dtype=object), np.concatenate(amounts), count)


def prices_of(model: Model, stored: Mapping[str, tuple[float, ...]]) -> Floats:
    """Row prices in the model's order from a plan's; AuditError when they do not fit the model."""
    try:
        return model.from_blocks(stored)
    except ValueError as error:
        raise AuditError(
            "prices",
            str(error),
            "the plan belongs to another scenario, other data or another version",
        ) from error


def improvement_gap(
    rules: Mapping[str, Rule], problem: Problem, cost: float, bound: float
) -> float | None:
    """The share of the improvement over today's books that is not proved to be reached.

    ``(cost - bound) / (cost of today's books - bound)``; None when today's books leave an account
    unserved (their cost then compares with nothing) or cost no more than the bound.
    """
    if not problem.today.notna().all():
        return None
    room = recount(rules, problem, problem.today).cost - bound
    return (cost - bound) / room if room > 0 else None


def trusted_status(
    status: Status, objective: float | None, bound: float | None, gap_asked: float
) -> Status:
    """The solver's status, with optimal taken back when its own bound does not support it."""
    if status is not Status.OPTIMAL or objective is None:
        return status
    if bound is None:
        return Status.FEASIBLE
    allowed = max(gap_asked, 1e-9) * max(abs(objective), 1e-9) + AGREE
    return Status.OPTIMAL if objective - bound <= allowed else Status.FEASIBLE
