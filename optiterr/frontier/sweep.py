"""The sweep: which ceilings are asked for, in which order, and from which plan each starts.

The order depends on the values found only, never on how many work at a time. The ends of the
frontier come first; then two goals are split where the points lie farthest apart, and three or four
are searched over a grid of ceilings, the loosest first, without those that are answered already
(the early exits of AUGMECON2: Mavrotas and Florios, 2013).
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise, product
from math import hypot
from time import perf_counter

import numpy as np

from optiterr.frontier.asking import Asker, Found
from optiterr.frontier.desk import each
from optiterr.frontier.values import Line
from optiterr.pairs import Floats
from optiterr.solution import Status

BATCH = 4
"""So many ceilings are chosen before any of them is answered, however many work at a time."""

RESOLUTION = 1e-3
"""Ceilings closer together than this share of a goal's range count as one."""

SHORT = 1.5
"""A stretch is closed when it is no longer than this many resolutions."""

SWEEP_SHARE = 0.8
"""In a large model this share of the time is for the sweep; the rest is for the widest gaps."""

Notify = Callable[[str], None]


@dataclass
class Sweep:
    """Everything asked and answered so far."""

    asker: Asker
    points: int
    workers: int
    seconds: float
    resolution: float = RESOLUTION
    notify: Notify | None = None
    halt: threading.Event = field(default_factory=threading.Event)
    found: list[Found] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    payoff: list[Found] = field(default_factory=list)
    known: int = 0
    solver: str = ""

    def __post_init__(self) -> None:
        self._begun = perf_counter()
        share = SWEEP_SHARE if self.asker.is_large else 1.0
        self._end = self._begun + share * self.seconds
        self._names = tuple(goal.name for goal in self.asker.goals)

    def run(self, today: Floats | None) -> None:
        """Payoff rows first, then ceilings between them; nothing more without a plan."""
        self._ends(today)
        if len(self.payoff) < len(self._names):
            return
        if len(self._names) == 2:
            self._split()
        else:
            self._grid()
        if self.asker.is_large:
            self._narrow()

    @property
    def ideal(self) -> dict[str, float]:
        """Least value found of each goal."""
        every = [one.values for one in self.found if one.x is not None]
        return {name: min(v[at] for v in every) for at, name in enumerate(self._names)}

    @property
    def nadir(self) -> dict[str, float]:
        """Worst value of each goal over the payoff rows."""
        rows = [one.values for one in self.payoff]
        return {name: max(v[at] for v in rows) for at, name in enumerate(self._names)}

    def _ends(self, today: Floats | None) -> None:
        """Each goal alone, then its plan made efficient; the last goal's comes first.

        Until the range of a goal is known, what today's books cost stands in for it.
        """
        goals, asker = self.asker.goals, self.asker
        if today is not None:
            asker.span |= dict(zip(self._names, np.abs(asker.values(today)), strict=True))
        share = self._share(2 * len(goals) + self.points)
        answers = each(
            [partial(asker.least, goal, {}, today, share) for goal in goals[:-1]],
            self.workers,
            self.halt,
        )
        alone = [one for one, _ in answers]
        for one in alone:
            self._keep_line(one)
        if any(one.x is None for one in alone):
            self.found += alone
            return
        asker.floor |= {one.line.goal: one.line.bound for one in alone if one.line is not None}
        least = [one.values[at] for at, one in enumerate(alone)]
        starts = [today, *(one.x for one in alone)]
        asked: list[dict[str, float]] = [
            {},
            *({n: v} for n, v in zip(self._names, least, strict=False)),
        ]
        ends = self._points(list(zip(asked, starts, strict=True)), 2 * len(goals) + self.points)
        self.payoff = [one for one in (*ends[1:], ends[0]) if one.x is not None]
        if len(self.payoff) == len(goals):
            low, high = self.ideal, self.nadir
            asker.span |= {name: high[name] - low[name] for name in self._names}

    def _split(self) -> None:
        """Two goals: ceilings on the first one, where neighbours lie farthest apart."""
        first, last = self._names
        span = self.asker.span
        fine = self.resolution * span[first]
        solved: list[tuple[float, Found]] = [
            (self.payoff[0].values[0], self.payoff[0]),
            (np.inf, self.payoff[1]),
        ]
        if min(span[first], span[last]) <= 0:
            return
        while (left := self.points - len(self.found)) > 0:
            chosen = ceilings_between(solved, span[first], span[last], fine, min(BATCH, left))
            if not chosen:
                return
            answers = self._points([({first: e}, _start(solved, e)) for e in chosen], left)
            solved += [
                (ceiling, one)
                for ceiling, one in zip(chosen, answers, strict=True)
                if one.x is not None
            ]
            solved.sort(key=lambda one: one[0])
            if any(one.x is None for one in answers):
                return

    def _grid(self) -> None:
        """Three or four goals: a grid of ceilings on all but the last, the loosest first."""
        names, low, high = self._names[:-1], self.ideal, self.nadir
        left = self.points - len(self.found)
        steps = int(np.floor(max(left, 1) ** (1 / len(names)) + 1e-9))
        if steps < 1:
            return
        marks = [np.linspace(low[name], high[name], steps + 1)[1:] for name in names]
        waves: dict[int, list[dict[str, float]]] = {}
        for place in product(range(steps), repeat=len(names)):
            one = {n: float(m[at]) for n, m, at in zip(names, marks, place, strict=True)}
            waves.setdefault(-sum(place), []).append(one)
        for wave in sorted(waves):
            asked = [one for one in waves[wave] if not self._is_known(one)]
            self.known += len(waves[wave]) - len(asked)
            for first in range(0, len(asked), BATCH):
                batch = asked[first : first + BATCH]
                self._points([(one, self._fitting(one)) for one in batch], len(asked) + 1)

    def _narrow(self) -> None:
        """Once more for the points with the widest gaps, from the best plans that are known now."""
        self._end = self._begun + self.seconds
        if self._end - perf_counter() < 0.05 * self.seconds:
            return
        with_gap = [one for one in self.found if one.x is not None and self._gap(one) > 0]
        widest = sorted(with_gap, key=self._gap, reverse=True)[:BATCH]
        asked = [(one.ceilings, self._fitting(one.ceilings)) for one in widest]
        for old, new in zip(widest, self._points(asked, len(asked)), strict=True):
            self.found.remove(new)
            if new.x is not None and new.values[-1] < old.values[-1]:
                self.found[self.found.index(old)] = new

    def _gap(self, one: Found) -> float:
        """How far the last goal is above the line of its own prices, beyond the gap asked for."""
        if one.line is None:
            return np.inf
        value = one.values[-1]
        allowed = self.asker.limits.gap * max(abs(value), self.asker.span[self._names[-1]])
        return value - one.line.bound - allowed

    def _is_known(self, ceilings: Mapping[str, float]) -> bool:
        """Whether looser ceilings gave a plan that keeps these, or gave none at all."""
        for one in self.found:
            looser = all(ceilings.get(n, np.inf) <= most for n, most in one.ceilings.items())
            if looser and (one.status is Status.INFEASIBLE or self._keeps(one, ceilings)):
                return True
        return False

    def _keeps(self, one: Found, ceilings: Mapping[str, float]) -> bool:
        if one.x is None:
            return False
        has = dict(zip(self._names, one.values, strict=True))
        return all(has[name] <= most for name, most in ceilings.items())

    def _fitting(self, ceilings: Mapping[str, float]) -> Floats | None:
        """The best plan so far that keeps ``ceilings``."""
        fits = [one for one in self.found if self._keeps(one, ceilings)]
        return min(fits, key=lambda one: one.values[-1]).x if fits else None

    def _points(
        self, asked: Sequence[tuple[Mapping[str, float], Floats | None]], left: int
    ) -> list[Found]:
        """The answers to ``asked`` in its order; ``left`` tells how many share the time left."""
        share = self._share(max(left, len(asked)))
        found = each(
            [partial(self.asker.point, ceilings, start, share) for ceilings, start in asked],
            self.workers,
            self.halt,
        )
        for one in found:
            self._keep_line(one)
            self.found.append(one)
            self.solver = one.solver or self.solver
            if self.notify is not None:
                told = ", ".join(
                    f"{name} {value:,.6g}"
                    for name, value in zip(self._names, one.values, strict=False)
                )
                self.notify(f"{told or one.status} ({one.seconds:.1f} s)")
        return found

    def _share(self, left: int) -> float:
        """Seconds for each of ``left`` searches, so that all end in time."""
        rest = max(self._end - perf_counter(), 0.05 * self.seconds)
        return rest * max(1, self.workers) / max(left, self.workers)

    def _keep_line(self, one: Found) -> None:
        if one.line is not None:
            self.lines.append(one.line)


def _start(solved: Sequence[tuple[float, Found]], ceiling: float) -> Floats | None:
    """The best plan that keeps ``ceiling``: that of the tightest ceilings below it."""
    fits = [one for _, one in solved if one.values[0] <= ceiling]
    return min(fits, key=lambda one: one.values[-1]).x


def _pieces(
    solved: Sequence[tuple[float, Found]],
) -> Iterator[tuple[float, float, float, float]]:
    """Open stretches of the first goal: from where nothing is known, up to where it is, how much of
    the last goal lies between, and how much of the first one's ceiling is not used at the low end.
    ``solved`` rises."""
    for (low, left), (_, right) in pairwise(solved):
        high, drop = right.values[0], left.values[-1] - right.values[-1]
        if high > low and drop > 1e-9 * max(1.0, abs(left.values[-1])):
            yield low, high, drop, low - left.values[0]


def ceilings_between(
    solved: Sequence[tuple[float, Found]], wide: float, tall: float, fine: float, count: int
) -> list[float]:
    """Up to ``count`` ceilings in the longest open stretches, halved as often as is fair.

    Where the low end leaves as much of its ceiling unused as the stretch is wide, values come in
    steps, and the stretch is asked right below its high end: that closes it.
    """
    heap = [
        (-hypot((high - low) / wide, drop / tall), low, high, drop, unused)
        for low, high, drop, unused in _pieces(solved)
        if high - low > SHORT * fine
    ]
    heapq.heapify(heap)
    chosen: list[float] = []
    while heap and len(chosen) < count:
        _, low, high, drop, unused = heapq.heappop(heap)
        middle, half = (low + high) / 2, drop / 2
        if unused >= (high - low) * (1 - 1e-9) or middle > high - fine:
            chosen.append(high - fine)
            continue
        chosen.append(middle)
        for a, b in ((low, middle), (middle, high)):
            if b - a > SHORT * fine:
                heapq.heappush(heap, (-hypot((b - a) / wide, half / tall), a, b, half, 0.0))
    return sorted(chosen)
