"""One solver on one instance, in a process of its own: what scaling.py starts for each run.

Nothing that a solver says is believed: its plan is recounted by the model, and its row prices,
where it gives any, prove a bound that is recounted too. Bounds of other solvers stay claims.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import pkgutil
import threading
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import psutil
from instances import Instance, broken, make, soft_cost
from machine import load
from numpy.typing import NDArray
from published import REAL, gap, real

from optiterr import search
from optiterr.certificate import lower_bound, relative_gap
from optiterr.errors import OptiterrError
from optiterr.model import Model
from optiterr.solution import Improvement, Limits, Solution
from optiterr.solvers import solver
from optiterr.solvers.priced import climb
from optiterr.solvers.processes import NURSERY
from optiterr.solvers.supervise import supervised
from optiterr.solving import case_told, whole_bound

Ints = NDArray[np.int64]
Line = tuple[float, float | None, float | None]
"""Seconds since the solver was called, its incumbent and its bound, as it says."""

GAPS = (0.01, 0.005, 0.001)
"""The gaps whose times are told."""

BASELINES = ("round_robin", "today")
"""Plans without a solver: accounts dealt to their candidates in turn, and today's books."""

CLIMBS = 300
"""Steps of the climb that proves a bound beside a solver that gives no prices."""

LINES = 400
"""At most so many lines of a log are kept, the first and the last among them."""

NOISE = 1e-9
"""A claim that is above what prices prove by less than this share of it is the same bound."""

AGREE = 1e-6
"""A plan may cost this share more or less than the solver says."""

TICK = 0.1
"""Seconds between two looks at the memory of the solver's processes."""


def instance(asked: dict[str, Any]) -> Instance:
    """The instance that a run asks for."""
    family = asked["family"]
    if family == "gap":
        return gap(asked["name"])
    if family in REAL:
        return real(family, asked["reps"], asked["seed"])
    return make(family, asked["accounts"], asked["reps"], asked["seed"], asked.get("slack"))


def round_robin(model: Model) -> Ints:
    """The pairs when accounts are dealt to reps in turn, each to the next who is a candidate."""
    pairs, reps = model.pairs, len(model.rep_ids)
    turn = np.arange(pairs.accounts) % reps
    wait = (pairs.rep - turn[pairs.account]) % reps
    least = np.minimum.reduceat(wait, pairs.start[:-1])
    return np.asarray(np.flatnonzero(wait == least[pairs.account]))


class Memory:
    """The most memory that all processes started by this one held together, in MiB.

    A sum of resident sizes, looked at every tenth of a second: pages that two of them share count
    twice, and a short peak may be missed.
    """

    def __init__(self) -> None:
        self.peak = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        own = psutil.Process()
        while not self._over.wait(TICK):
            held = 0
            with contextlib.suppress(psutil.Error):
                for one in own.children(recursive=True):
                    # What the nursery holds its forks share, and it is counted there.
                    if one.pid == NURSERY.pid:
                        continue
                    with contextlib.suppress(psutil.Error):
                        held += one.memory_info().rss
            self.peak = max(self.peak, held / 2**20)


def reached(
    lines: Sequence[Line], least: float | None, most: float | None
) -> dict[str, float | None]:
    """Seconds until a plan and a bound were first so near, by gap; None where they never were.

    Incumbents below ``least``, the recounted cost of the last plan, are not believed, nor are
    bounds above ``most``, the bound that stands at the end.
    """
    found: dict[str, float | None] = {f"{one:g}": None for one in GAPS}
    if least is None or most is None:
        return found
    incumbent, bound = np.inf, -np.inf
    for seconds, plan, under in sorted(lines, key=lambda line: line[0]):
        incumbent = min(incumbent, np.inf if plan is None else max(plan, least))
        bound = max(bound, -np.inf if under is None else min(under, most))
        if not np.isfinite(incumbent) or not np.isfinite(bound):
            continue
        gap_now = relative_gap(incumbent, bound)
        for one in GAPS:
            if gap_now <= one and found[f"{one:g}"] is None:
                found[f"{one:g}"] = round(seconds, 3)
    return found


def judged(case: Instance, answer: Solution, lines: list[Line], seconds: float) -> dict[str, Any]:
    """What the answer is worth: plan and bound recounted, gaps, and when they were reached."""
    model = case.model
    told: dict[str, Any] = {
        "status": str(answer.status),
        "version": answer.version,
        "message": answer.message[:300],
        "claimed_cost": answer.objective,
        "bound_claimed": answer.bound,
        "phases": {name: round(spent, 3) for name, spent in answer.seconds.items()},
    }
    told |= counted(model, None if answer.x is None else model.choice(answer.x))
    cost, said = told["cost"], answer.objective
    honest = cost is not None and (said is None or abs(said - cost) <= AGREE * max(1.0, abs(cost)))
    told["cost_as_claimed"] = honest if answer.x is not None else None
    begun = perf_counter()
    proved = None if answer.prices is None else proved_again(model, answer)
    told["proof_seconds"] = round(perf_counter() - begun, 3)
    told["bound_proved"] = proved
    bound, kind = answer.bound, "claimed"
    if proved is not None and (bound is None or bound <= proved + NOISE * max(1.0, abs(proved))):
        bound, kind = proved, "proved"
    told |= {"bound": bound, "bound_is": None if bound is None else kind}
    lines = [*lines, (seconds, cost, bound)]
    told["reached"] = reached(lines, cost, bound)
    told["reached_proved"] = reached(lines, cost, proved)
    step = max(1, -(-len(lines) // LINES))
    told["log"] = [lines[at] for at in range(0, len(lines) - 1, step)] + lines[-1:]
    if proved is None:
        end = perf_counter() + 10.0
        prices = climb(model, CLIMBS, lambda: perf_counter() > end)
        told["bound_climbed"] = lower_bound(model, prices).value
    return told


def proved_again(model: Model, answer: Solution) -> float:
    """What the solver's row prices prove and, where it is worth it, whole accounts and cases."""
    assert answer.prices is not None
    bound = lower_bound(model, answer.prices)
    if answer.x is None or answer.stakes is None:
        return bound.value
    value = whole_bound(model, bound, answer.x, answer.stakes)[0]
    told = [case_told(model, case, answer.x).bound for case in answer.cases]
    return max(value, min(told, default=value))


def counted(model: Model, choice: Ints | None) -> dict[str, Any]:
    """The cost of picked pairs as the model counts it; the hard rules that they break."""
    if choice is None or (choice < 0).any():
        return {"cost": None, "breaks": [] if choice is None else ["one rep each"]}
    breaks = broken(model, choice)
    soft = soft_cost(model, choice)
    told: dict[str, Any] = {"cost": None if breaks else soft, "breaks": breaks}
    return told | ({"soft_cost": soft} if breaks else {})


def measured(asked: dict[str, Any]) -> dict[str, Any]:
    """The record of one run."""
    begun = perf_counter()
    case = instance(asked)
    model = case.model
    told: dict[str, Any] = {
        **asked,
        "instance": case.name,
        "accounts": model.pairs.accounts,
        "reps": len(model.rep_ids),
        "pairs": len(model.pairs),
        "rows": model.rows,
        "digest": model.digest(),
        "note": case.note,
        "best_known": case.best_known,
        "made_seconds": round(perf_counter() - begun, 3),
        "load_before": load(),
    }
    today = None
    if case.today_choice is not None:
        today = soft_cost(model, case.today_choice)
        told |= {"today_cost": today, "today_breaks": broken(model, case.today_choice)}
    if asked["solver"] in BASELINES:
        choice = case.today_choice if asked["solver"] == "today" else round_robin(model)
        return told | {"status": "baseline"} | counted(model, choice)
    return told | _solved(case, asked, today)


def _solved(case: Instance, asked: dict[str, Any], today: float | None) -> dict[str, Any]:
    lines: list[Line] = []
    begun = perf_counter()

    def note(one: Improvement) -> None:
        if not one.empty:
            lines.append((round(perf_counter() - begun, 3), one.incumbent, one.bound))

    with Memory() as memory:
        try:
            gives = solver(asked["solver"]).gives
            threads = asked["threads"] if "threads" in gives else 1
            limits = Limits(asked["seconds"], asked["target"], threads=threads)
            begun = perf_counter()
            answer = supervised(asked["solver"], case.model, limits, report=note)
        except OptiterrError as error:
            return {"status": "refused", "message": str(error)[:300]}
        seconds = perf_counter() - begun
    told = judged(case, answer, lines, seconds)
    told |= {"seconds_in_all": round(seconds, 3), "threads_used": threads}
    told |= {"peak_mb": round(memory.peak, 1), "load_after": load()}
    cost, bound = told["cost"], told["bound"]
    if cost is not None and bound is not None:
        told["gap"] = relative_gap(cost, bound)
        if today is not None and today > bound:
            told["improvement_gap"] = max(cost - bound, 0.0) / (today - bound)
    return told


def main() -> None:
    """Reads what is asked for as JSON and writes the record beside it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("asked", type=Path)
    parser.add_argument("into", type=Path)
    files = parser.parse_args()
    for one in pkgutil.iter_modules(search.__path__):
        # Solvers that stand above single ones are known once their module is.
        importlib.import_module(f"{search.__name__}.{one.name}")
    told = measured(json.loads(files.asked.read_text(encoding="utf-8")))
    files.into.write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
