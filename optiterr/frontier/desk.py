"""What every search of one scenario needs: its data, its model, today's books, and who answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from optiterr.audit import Recount, assignment_of, audit
from optiterr.compile import compile_model
from optiterr.engine import read
from optiterr.frontier.hands import Hands, supervised_hands
from optiterr.model import Model
from optiterr.pairs import Floats
from optiterr.problem import Problem
from optiterr.scenario.loading import Scenario
from optiterr.search.route import route
from optiterr.solution import Limits, Solution, Status
from optiterr.solvers import demands, ensure, solver
from optiterr.solving import Stop, left_out_models, limits_of

HELD_PAIRS = 5_000_000
"""Models of pairs that are no candidates are kept in memory up to so many pairs in all."""

Chunks = Callable[[], Iterator[Model]]
Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class Desk:
    """A scenario read and compiled; ``books`` are today's, None where they break a hard rule.

    ``limits`` share the scenario's threads among those who work at a time; ``halt``, once set, ends
    every solver.
    """

    scenario: Scenario
    problem: Problem
    model: Model
    books: Floats | None
    limits: Limits
    left_out: Chunks
    hands: Hands
    halt: threading.Event

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        problem: Problem | None,
        workers: int,
        hands: Hands | None,
        stop: Stop | None,
    ) -> Desk:
        """Everything ready; SolverError when the scenario's solver cannot do what is asked."""
        problem = read(scenario) if problem is None else problem
        compiled = compile_model(scenario.rules, problem)
        chosen, asked = route(compiled.model, scenario.solve.solver), limits_of(scenario)
        ensure(solver(chosen.solver), {"mip", *demands(asked, None)})
        threads = max(1, asked.threads // max(1, workers))
        owned = compiled.model.choose(compiled.problem.owner)
        books = compiled.model.picks(owned) if (owned >= 0).all() else None
        if books is not None and not np.isfinite(compiled.model.value(books)):
            books = None
        halt = threading.Event()
        over = partial(_is_over, halt, stop)
        return cls(
            scenario,
            problem,
            compiled.model,
            books,
            Limits(asked.seconds, asked.gap, asked.seed, threads, asked.memory_gb),
            held(partial(left_out_models, scenario.rules, problem), problem),
            hands or supervised_hands(chosen, over),
            halt,
        )

    def counted(self, x: Floats, who: str = "") -> tuple[Recount, dict[str, str | None]]:
        """The plan recounted from the tables, and its rep by account; AuditError for a lie."""
        said = Solution(Status.FEASIBLE, who, x=x)
        again = audit(self.scenario.rules, self.problem, self.model, said)
        reps = assignment_of(self.model, x)
        return again, {str(i): None if rep is None else str(rep) for i, rep in reps.items()}


def _is_over(halt: threading.Event, stop: Stop | None) -> bool:
    return halt.is_set() or (stop is not None and stop())


def each(jobs: Iterable[Callable[[], Answer]], workers: int, halt: threading.Event) -> list[Answer]:
    """The answers of all jobs in their order, ``workers`` at a time; an interrupt ends them all."""
    with ThreadPoolExecutor(max(1, workers)) as pool:
        waiting = [pool.submit(job) for job in jobs]
        try:
            return [one.result() for one in waiting]
        except BaseException:
            halt.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def held(left_out: Chunks, problem: Problem) -> Chunks:
    """``left_out`` with its models compiled once, where they are few enough to keep."""
    if problem.possible > HELD_PAIRS:
        return left_out
    kept = tuple(left_out())
    return lambda: iter(kept)


def moves_of(problem: Problem, reps: dict[str, str] | dict[str, str | None]) -> int:
    """Accounts of reps who stay that go to another rep, or to nobody."""
    ids = problem.rep_ids
    return sum(
        owner >= 0 and reps.get(str(account)) != str(ids[owner])
        for account, owner in zip(problem.account_ids, problem.owner, strict=True)
    )
