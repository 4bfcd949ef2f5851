"""What a solver says: a status, a claim, and the prices that let us check it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from optiterr.cases import Case

Floats = NDArray[np.float64]


class Status(StrEnum):
    """How a solve ended. Only ``optimal`` means optimal; a limit with and without a plan differ."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    NO_SOLUTION = "no_solution"
    FAILED = "failed"

    @property
    def has_plan(self) -> bool:
        """Whether values may be read."""
        return self in (Status.OPTIMAL, Status.FEASIBLE)


@dataclass(frozen=True)
class Limits:
    """How long and how hard a solver may try.

    ``seconds`` and ``memory_gb`` are hard limits on the child process; ``gap`` is relative;
    ``threads`` and ``seed`` make a run repeatable where the solver allows it.
    """

    seconds: float = 60.0
    gap: float = 1e-4
    seed: int = 0
    threads: int = 1
    memory_gb: float | None = None


@dataclass(frozen=True)
class Improvement:
    """One line of the improvement log: incumbent and bound (None before there is one), and what
    the solver works on, where it says so."""

    seconds: float
    incumbent: float | None = None
    bound: float | None = None
    phase: str = ""

    @property
    def empty(self) -> bool:
        """Whether it names neither incumbent nor bound."""
        return self.incumbent is None and self.bound is None


@dataclass(frozen=True, eq=False)
class Solution:
    """A solver's answer to one model.

    ``x`` has one value per candidate pair and exists exactly when ``status.has_plan``.
    ``objective`` and ``bound`` are claims. ``prices`` has one entry per block row (the model's row
    order), in the sign of the certificate: a positive price makes load dearer. ``stakes`` has one
    entry per account: with the prices, a proof that counts whole accounts. ``cases``, where any,
    cover all plans: each has prices of its own. ``seconds`` by phase.
    """

    status: Status
    solver: str
    version: str = ""
    x: Floats | None = None
    objective: float | None = None
    bound: float | None = None
    prices: Floats | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    log: tuple[Improvement, ...] = ()
    message: str = ""
    stakes: Floats | None = None
    cases: tuple[Case, ...] = ()

    def __post_init__(self) -> None:
        if (self.x is not None) != self.status.has_plan:
            raise ValueError(f"status {self.status} and the presence of x contradict each other")
