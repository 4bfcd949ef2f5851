"""The best plan and the best bound of a running search, and when it has to end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import numpy as np

from optiterr.certificate import relative_gap
from optiterr.clock import Clock
from optiterr.model import Model
from optiterr.search.core import Ints
from optiterr.solution import Improvement, Limits
from optiterr.solvers import Report

REST = 0.02, 0.5
"""Share of the time (and seconds at most) that is kept for handing in the answer."""

SPACING = 2e-7
"""Seconds between two reports of plans, for each candidate pair: a plan of millions is heavy."""


class Watch:
    """Keeps the best plan and bound, tells of both, and knows when to end; threads may share it.

    ``began`` is the clock when the search was called; the end follows from the limits.
    ``lines`` holds each better plan or bound.
    """

    def __init__(self, model: Model, limits: Limits, report: Report | None, began: float) -> None:
        self.best: Ints | None = None
        self.worth, self.bound = np.inf, -np.inf
        self.lines: list[Improvement] = []
        self._clock, self._phase = Clock(), ""
        self._model, self._limits, self._report, self._began = model, limits, report, began
        self._stopped = False
        self._told = -np.inf
        self._turn = threading.RLock()
        share, most = REST
        self.end = began + limits.seconds - min(share * limits.seconds, most)

    @property
    def spent(self) -> float:
        """Seconds since the search began."""
        return perf_counter() - self._began

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Tells that phase ``name`` begins, and adds the time spent inside to it."""
        self._phase = name
        if self._report is not None:
            self._stopped |= bool(self._report(Improvement(self.spent, phase=name)))
        with self._clock.phase(name):
            yield

    @property
    def seconds(self) -> dict[str, float]:
        """What each phase took."""
        return self._clock.seconds

    @property
    def gap(self) -> float:
        """Relative gap between the best plan and the best bound; ``inf`` without a plan."""
        return relative_gap(self.worth, self.bound) if np.isfinite(self.worth) else np.inf

    @property
    def closed(self) -> bool:
        """Whether the gap asked for is reached."""
        return self.gap <= self._limits.gap

    def over(self) -> bool:
        """Whether time is up, the gap is reached, or somebody asked to stop."""
        if self._report is not None and not self._stopped:
            self._stopped = bool(self._report(Improvement(self.spent)))
        return self._stopped or perf_counter() >= self.end or self.closed

    def until(self, share: float) -> float:
        """The clock at ``share`` of the time, or at its end."""
        return min(self.end, self._began + share * self._limits.seconds)

    def prove(self, bound: float) -> None:
        """A bound was found."""
        with self._turn:
            if bound > self.bound:
                self.bound = bound
                self._tell(None)

    def offer(self, choice: Ints, worth: float) -> bool:
        """A plan was found; True when it is the best so far."""
        with self._turn:
            if not worth < self.worth:
                return False
            self.best, self.worth = choice.copy(), worth
            now = self.spent
            if now - self._told >= SPACING * len(self._model.pairs):
                self._told = now
                self._tell(self.best)
            else:
                self._tell(None)
            return True

    def _tell(self, choice: Ints | None) -> None:
        line = Improvement(
            self.spent,
            float(self.worth) if np.isfinite(self.worth) else None,
            float(self.bound) if np.isfinite(self.bound) else None,
            self._phase,
        )
        self.lines.append(line)
        if self._report is not None:
            x = None if choice is None else self._model.picks(choice)
            self._stopped |= bool(self._report(line, x))
