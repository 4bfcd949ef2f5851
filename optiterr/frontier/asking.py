"""One plan of a frontier: a goal minimised under ceilings, then the others, then all the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np

from optiterr.audit import AGREE, prove
from optiterr.frontier.hands import Hands
from optiterr.frontier.kernel import LARGE, WIDTHS, in_question, widened
from optiterr.frontier.values import Goal, Line
from optiterr.goals import CEILING, Ceiling, aim, goal_value
from optiterr.model import Model
from optiterr.pairs import Floats, Mask
from optiterr.solution import Limits, Solution, Status

NEAR = 0.1
"""A plan no farther above its bound than this share of its value is looked around, not left."""

FIRST_SHARE = 0.75
"""At most this share of a point's time goes into its last goal; the rest makes it efficient."""

KERNEL_SHARE = 0.35
"""At most this share of a search in a large model goes into each kernel."""

ROOM = 1e-9
"""A ceiling that keeps a value stands this much above it, relative to its size: rounding."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a search came to; ``x`` is None where it found no plan, ``line`` where it has no proof.

    ``values`` holds each goal in the order of the goals, by the model.
    """

    ceilings: Mapping[str, float]
    x: Floats | None
    values: tuple[float, ...]
    status: Status
    line: Line | None
    seconds: float
    solver: str = ""


@dataclass(eq=False)
class Asker:
    """Asks for plans of one model. ``span`` holds what each goal ranges over, as far as known.

    A search may stop at ``limits.gap`` of the value, or of the span where that is larger: near its
    ideal a goal may be 0, and no gap relative to that is ever reached.
    """

    model: Model
    goals: tuple[Goal, ...]
    rest: tuple[str, ...]
    limits: Limits
    left_out: Callable[[], Iterator[Model]]
    hands: Hands
    span: dict[str, float] = field(default_factory=dict)
    floor: dict[str, float] = field(default_factory=dict)

    @property
    def is_large(self) -> bool:
        """Whether the model is searched by kernels."""
        return len(self.model.pairs) > LARGE

    def values(self, x: Floats) -> tuple[float, ...]:
        """Value of each goal, in their order."""
        charged = self.model.charge(x)
        return tuple(sum(charged.get(rule, 0.0) for rule in one.rules) for one in self.goals)

    def least(
        self, goal: Goal, ceilings: Mapping[str, float], start: Floats | None, seconds: float
    ) -> tuple[Found, Mask | None]:
        """The plan that is best at ``goal`` under ``ceilings``, and the line that is proved of it.

        ``start`` keeps the ceilings. In a large model the pairs in question come with the answer.
        """
        began = perf_counter()
        limits = replace(self.limits, seconds=seconds)
        bars = self._bars(ceilings)
        target = aim(self.model, goal.rules, bars)
        relaxed = self.hands.relax(target, limits)
        if relaxed.status is Status.INFEASIBLE and start is None:
            spent = perf_counter() - began
            return Found(ceilings, None, (), Status.INFEASIBLE, None, spent), None
        line = self._line(goal, bars, target, relaxed.prices)
        keep = None
        if self.is_large and relaxed.prices is not None:
            keep = in_question(target, relaxed.prices, WIDTHS[-1], start)
        left = replace(limits, seconds=max(seconds - (perf_counter() - began), 0.2 * seconds))
        solved = relaxed.status is Status.OPTIMAL
        answer = self._search(
            target, goal.rules, line, relaxed.prices, start, left, self._span(goal), solved=solved
        )
        line = _better_line(line, self._line(goal, bars, target, answer.prices))
        values = () if answer.x is None else self.values(answer.x)
        spent = perf_counter() - began
        found = Found(ceilings, answer.x, values, answer.status, line, spent, answer.solver)
        return found, keep

    def point(self, ceilings: Mapping[str, float], start: Floats | None, seconds: float) -> Found:
        """The plan best at the last goal under ``ceilings``, and of those the best at the others.

        Then the priced rules that stand in no goal are minimised, too, with every goal kept.
        """
        began, last, others = perf_counter(), self.goals[-1], self.goals[:-1]
        found, keep = self.least(last, ceilings, start, FIRST_SHARE * seconds)
        if found.x is None:
            return found
        x, status, most = found.x, found.status, {**ceilings, last.name: found.values[-1]}
        steps = [tuple(rule for one in others for rule in one.rules), self.rest]
        for place, rules in enumerate(steps):
            if not rules or (place == 0 and self._at_floor(x)):
                continue
            left = seconds - (perf_counter() - began)
            share = max(left, 0.1 * seconds) / (len(steps) - place)
            target = aim(self.model, rules, self._bars(most))
            part = None if keep is None else keep | (x > 0.5)
            small = target if part is None else target.only(part)
            known = x if part is None else x[part]
            limits = replace(self.limits, seconds=share)
            span = self._span(*others) if place == 0 else 0.0
            answer = self._search(small, rules, None, None, known, limits, span)
            assert answer.x is not None
            x = answer.x if part is None else widened(answer.x, part)
            if place == 0:
                exact = part is None and answer.status is Status.OPTIMAL
                status = status if exact else Status.FEASIBLE
                most = dict(zip((one.name for one in self.goals), self.values(x), strict=True))
        spent = perf_counter() - began
        return replace(found, x=x, values=self.values(x), status=status, seconds=spent)

    def _span(self, *goals: Goal) -> float:
        """What the goals range over together, as far as known."""
        return sum(self.span.get(goal.name, 0.0) for goal in goals)

    def _at_floor(self, x: Floats) -> bool:
        """Whether no other goal can be any less: its proved least is reached."""
        return all(
            value <= self.floor.get(goal.name, -np.inf) + AGREE
            for goal, value in zip(self.goals[:-1], self.values(x), strict=False)
        )

    def _bars(self, most: Mapping[str, float]) -> list[Ceiling]:
        rules = {goal.name: goal.rules for goal in self.goals}
        return [
            Ceiling(name, rules[name], value + ROOM * max(1.0, abs(value)))
            for name, value in most.items()
        ]

    def _line(
        self, goal: Goal, bars: list[Ceiling], target: Model, prices: Floats | None
    ) -> Line | None:
        if prices is None:
            return None
        return line_of(goal, bars, target, prices, self.left_out)

    def _asked(
        self,
        model: Model,
        limits: Limits,
        start: Floats | None,
        prices: Floats | None,
        near: bool,
    ) -> Solution:
        """A plan of ``model``, gone on to from what is known where that can be done."""
        if self.hands.resume is None:
            return self.hands.search(model, limits, start)
        return self.hands.resume(model, limits, start, prices, near)

    def _search(
        self,
        target: Model,
        rules: tuple[str, ...],
        line: Line | None,
        prices: Floats | None,
        start: Floats | None,
        limits: Limits,
        span: float,
        *,
        solved: bool = False,
    ) -> Solution:
        """The best plan for ``target``: by kernels where it is large, else among all its pairs.

        Where no kernel holds a plan, all pairs are searched, too. Never worse than ``start``;
        optimal only where the proved or the claimed bound says so.
        """
        end, best, claimed = perf_counter() + limits.seconds, start, -np.inf
        proof: Floats | None = None
        bound = -np.inf if line is None else line.bound
        shift = _shift(span, bound)
        moved = replace(target, constants={**target.constants, CEILING: shift})
        widths = WIDTHS if self.is_large and prices is not None else ()
        status, solver = Status.NO_SOLUTION, ""
        for width in (*widths, None):
            if widths and width is None and best is not None:
                break
            left = max(end - perf_counter(), 0.1 * limits.seconds)
            keep, model, known = None, moved, best
            if width is not None:
                assert prices is not None
                keep = in_question(target, prices, width, best)
                model = moved.only(keep)
                known = None if best is None else best[keep]
                left = left if width == WIDTHS[-1] else min(left, KERNEL_SHARE * limits.seconds)
            # Where no bound is asked for, ceilings leave little: it lies around the start.
            near = best is not None and (line is None or _is_near(target, rules, best, bound))
            # Prices that are not those of the relaxation mislead a search: it finds better ones.
            own = prices if solved else None
            answer = self._asked(model, replace(limits, seconds=left), known, own, near)
            status, solver = answer.status, answer.solver
            proof = answer.prices if answer.prices is not None else proof
            if answer.x is not None:
                x = answer.x if keep is None else widened(answer.x, keep)
                best = _better(target, rules, best, x)
            if keep is None and answer.bound is not None:
                claimed = answer.bound - shift
            if best is not None and keep is not None:
                value = goal_value(target, best, rules)
                if value - bound <= limits.gap * max(abs(value), span) + AGREE:
                    return Solution(Status.OPTIMAL, solver, x=best, prices=proof)
        if best is None:
            none = status is Status.INFEASIBLE
            return Solution(Status.INFEASIBLE if none else Status.NO_SOLUTION, solver, prices=proof)
        value = goal_value(target, best, rules)
        room = limits.gap * max(abs(value), span) + AGREE * max(1.0, abs(value))
        done = value - max(bound, claimed) <= room
        return Solution(Status.OPTIMAL if done else Status.FEASIBLE, solver, x=best, prices=proof)


def _better_line(one: Line | None, other: Line | None) -> Line | None:
    """The line that proves more at its ceilings: prices of a search may beat a climb's."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda line: line.bound)


def line_of(
    goal: Goal,
    bars: list[Ceiling],
    target: Model,
    prices: Floats,
    left_out: Callable[[], Iterator[Model]],
) -> Line:
    """What ``prices`` prove of ``goal`` under the ceilings ``bars``, over the pairs left out, too.

    ``target`` is the model that minimises the goal under them.
    """
    bound = prove(target, prices, (aim(one, goal.rules, bars) for one in left_out()))
    stored = target.by_block(bound.prices)
    return Line(
        goal=goal.name,
        ceilings={bar.name: bar.most for bar in bars},
        multipliers={bar.name: stored[f"{CEILING}/{bar.name}"][-1] for bar in bars},
        bound=bound.value,
        prices=stored,
    )


def _is_near(model: Model, rules: tuple[str, ...], x: Floats, bound: float) -> bool:
    """Whether a plan is so good already that a better one is to be looked for around it."""
    value = goal_value(model, x, rules)
    return value - bound <= NEAR * max(abs(value), 1.0)


def _shift(span: float, bound: float) -> float:
    """What makes a gap relative to the value one that is relative to the span where that is more.

    Added to the cost of every plan, away from 0.
    """
    if not np.isfinite(bound):
        return span
    room = max(span - abs(bound), 0.0)
    return room if bound >= 0 else -room


def _better(
    model: Model, rules: tuple[str, ...], before: Floats | None, x: Floats
) -> Floats | None:
    """The better of two plans; one that breaks a row is none."""
    if not np.isfinite(model.value(x)):
        return before
    if before is None:
        return x
    old, new = (goal_value(model, one, rules) for one in (before, x))
    return x if new < old else before
