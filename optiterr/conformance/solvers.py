"""What a solver says is true: compared with the counting of all plans of two dozen tiny models."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from optiterr.conformance.counting import least_cost, promise
from optiterr.model import Model, ModelBuilder
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band, Piecewise, RowFunction, worst
from optiterr.solution import Limits, Solution, Status

SolverLike = Callable[[Model, Limits], Solution]


def check_solver(solve: SolverLike, limits: Limits | None = None) -> None:
    """AssertionError unless ``solve(model, limits)`` is honest on some two dozen tiny models.

    Honest: a plan serves every account once and breaks nothing; claimed costs and bounds are true;
    ``optimal`` is the cheapest plan there is; ``infeasible`` is said only where no plan exists. A
    solver that finds no plan in half of the models that have one fails too.
    """
    limits = limits or Limits(seconds=20.0)
    wrong: list[str] = []
    found = wanted = 0
    for name, model in solver_models():
        best = least_cost(model)
        solution = solve(model, limits)
        wanted += bool(np.isfinite(best))
        found += solution.status.has_plan
        wrong += [f"model {name!r}: {what}" for what in _lies(model, solution, best, limits.gap)]
    if wanted and 2 * found < wanted:
        wrong.append(f"only {found} of {wanted} models that have a plan got one")
    promise(not wrong, "\n".join(wrong))


def _lies(model: Model, solution: Solution, best: float, gap: float) -> Iterator[str]:
    room = 1e-6 * max(1.0, abs(best)) if np.isfinite(best) else 0.0
    status = solution.status
    if status in (Status.UNBOUNDED, Status.FAILED):
        yield f"status {status}: {solution.message}"
    if status is Status.INFEASIBLE and np.isfinite(best):
        yield f"said to be infeasible, yet a plan costs {best:g}"
    if solution.bound is not None and solution.bound > best + room:
        yield f"claims that no plan costs less than {solution.bound:g}, yet one costs {best:g}"
    if solution.x is None:
        return
    choice = model.choice(np.asarray(solution.x))
    if len(solution.x) != len(model.pairs) or (choice < 0).any():
        yield "the plan does not serve every account exactly once"
        return
    value = model.value(model.picks(choice))
    if not np.isfinite(value):
        yield "the plan breaks a hard row"
        return
    if solution.objective is not None and abs(solution.objective - value) > max(room, 1e-6):
        yield f"claims cost {solution.objective:g}, the plan costs {value:g}"
    if status is Status.OPTIMAL and value > best + room + gap * abs(value):
        yield f"calls a plan of cost {value:g} optimal, yet one costs {best:g}"


def solver_models() -> Iterator[tuple[str, Model]]:
    """Some two dozen models of up to five accounts and three reps: every row function, hard and
    priced, ties, negative costs, sparse pairs, loads at a limit, no rows, and no plan at all.
    """
    rng = np.random.default_rng(11)
    for accounts, reps in ((1, 1), (3, 2), (4, 3), (5, 3)):
        pairs = Pairs.full(accounts, reps)
        size = rng.integers(1, 5, accounts).astype(float)
        fair = np.full(reps, size.sum() / reps)
        high = np.full(reps, np.ceil(fair[0]) + 1)
        steps = np.column_stack([fair, fair + 1, fair + 3])
        functions: dict[str, RowFunction] = {
            "capacity": Band.of(reps, upper=high),
            "priced band": Band.of(reps, low=fair, high=fair, price_below=0.7, price_above=1.3),
            "band in a band": Band.of(
                reps,
                lower=0.0,
                low=np.maximum(fair - 1, 0.0),
                high=fair,
                upper=high + 1,
                price_above=2.0,
            ),
            "convex": Piecewise.of(steps, np.tile([0.0, 1.0, 5.0], (reps, 1)), -1.5, 4.0),
            "worst": worst(np.zeros(reps, int), fair, [3.0]),
        }
        for name, function in functions.items():
            build = _numbered(pairs, reps)
            build.add_cost("cost", rng.integers(-3, 6, len(pairs)) / 2)
            labels, entry = build.rep_ids, np.arange(len(pairs))
            build.add_rows(name, function, labels, pairs.rep, entry, size[pairs.account])
            yield f"{name}, {accounts} accounts, {reps} reps", build.build()
    pairs = Pairs.of([0, 0, 1, 2, 2], [0, 1, 1, 0, 1], 3)
    for name, limit, price in (
        ("ties", 3.0, 0.0),
        ("no plan", 0.5, None),
        ("exactly at the limit", 1.5, None),
        ("nothing free", 0.0, 2.0),
    ):
        build = _numbered(pairs, 2)
        build.add_constant("cost", 7.0)
        build.add_rows(
            "rows",
            Band.of(2, upper=limit) if price is None else Band.of(2, high=limit, price_above=price),
            build.rep_ids,
            pairs.rep,
            np.arange(len(pairs)),
            0.75,
        )
        yield name, build.build()
    build = _numbered(pairs, 2)
    build.add_cost("cost", [1.0, 2.0, 3.0, -4.0, 5.0])
    yield "no rows", build.build()
    build = _numbered(Pairs.of([0, 0, 2], [0, 1, 1], 3), 2)
    build.add_cost("cost", [1.0, 2.0, 3.0])
    yield "an account without a pair", build.build()
    # A presolve that moves costs between slacks of single rows (HiGHS 1.14.0) loses the cheapest.
    build = _numbered(Pairs.of([0, 0, 1, 1, 1, 2, 2], [0, 1, 0, 1, 2, 0, 1], 3), 3)
    build.add_cost("cost", [2.0, -2.0, 7.0, 0.0, 0.0, 1.0, 2.0])
    stay, come = Band.of(1, low=15.0, price_below=0.0625), Band.of(3, high=7.25, price_above=0.1875)
    build.add_rows("stay", stay, ["all"], [0, 0], [3, 6], [9.5, 0.5])
    build.add_rows(
        "come", come, build.rep_ids, [1, 2, 0, 2, 0], [0, 1, 2, 4, 5], [10.0, 10.0, 9.5, 9.5, 0.5]
    )
    yield "slacks of single rows", build.build()


def _numbered(pairs: Pairs, reps: int) -> ModelBuilder:
    ids = [
        np.array([f"{one}{n}" for n in range(count)], dtype=object)
        for one, count in (("a", pairs.accounts), ("r", reps))
    ]
    return ModelBuilder(ids[0], ids[1], pairs)
