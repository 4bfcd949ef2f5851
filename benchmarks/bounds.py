"""Bounds of the decomposition search: ``python benchmarks/bounds.py [--models 10000] [--mid 200]``.

Draws tiny random models over all row functions and counts every plan. No prices prove more than the
least cost: not those of the climb, not those of the relaxation, not random ones; the search and the
certificate say the same bound; a gap is, account by account and row by row, what the certificate
says. On tiny models and on some of 200 accounts and 8 reps the relaxation is worth what HiGHS finds
for the whole program, in half of them beginning with few pairs. Whole accounts, too, prove no more
than the least cost, at any stakes and after any number of sets and nodes, and no rep loses less
than is proved; nor do payments by generation of books, and no plan made of books costs less. Every
plan is in one of the cases, and no case proves more than its best plan costs. A tightened model
costs every plan the same. Prints what was counted; ends with 1 when anything differs, and names the
seed that draws it.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from search_toys import Floats, Ints, every_choice, every_value, middle, tiny

from optiterr.cases import allowed, covering
from optiterr.certificate import certify, lower_bound
from optiterr.model import Model
from optiterr.search import relaxation
from optiterr.search.ascent import Passes, ascend
from optiterr.search.booking import Booking
from optiterr.search.core import Core
from optiterr.search.relaxation import Relaxed, relaxed
from optiterr.search.splitting import Splitting
from optiterr.solution import Limits, Status
from optiterr.solvers import highs
from optiterr.solving import case_told
from optiterr.tighten import tightened
from optiterr.undivided import Sets, raised, short

CLOSE = 1e-6
"""Costs and bounds of one model may differ by this much, times the larger of 1 and their size."""

STEPS = 60
"""Steps of each climb."""

RANDOM = 6
"""Random prices tried on each tiny model."""

FEW_TINY, FEW = 1, 40
"""Pairs beyond the best that the relaxation of half the models begins with: tiny ones, others."""

BOOK_ROUNDS = 25
"""Rounds of generation, at most: enough for tiny models."""

PART = 50
"""Models that a process is given at once."""


@contextmanager
def few_pairs(most: int) -> Iterator[None]:
    """The relaxation begins with few pairs, so that others have to come in, and never with all."""
    kept = relaxation.EXTRAS, relaxation.EXTRAS_PER_ROW, relaxation.MOST_WHOLE
    relaxation.EXTRAS, relaxation.EXTRAS_PER_ROW, relaxation.MOST_WHOLE = most, 0, 0
    try:
        yield
    finally:
        relaxation.EXTRAS, relaxation.EXTRAS_PER_ROW, relaxation.MOST_WHOLE = kept


def bounded(model: Model, few: int = 0) -> tuple[Relaxed, float]:
    """The relaxation of ``model`` after a short climb, and what the climb alone proved.

    ``few`` limits the pairs that it begins with; 0 is as it is.
    """
    core = Core.of(model)
    with closing(Passes(core, 1)) as passes:
        climb = ascend(core, passes, STEPS, lambda: False)
        end = time.perf_counter() + 60.0
        if few:
            with few_pairs(few):
                found = relaxed(core, passes, climb.price, end, lambda bound: None)
        else:
            found = relaxed(core, passes, climb.price, end, lambda bound: None)
    return found, climb.value + core.constant


def close(one: float, other: float) -> bool:
    """Whether two costs are the same but for rounding."""
    return abs(one - other) <= CLOSE * max(1.0, abs(one), abs(other))


def above(bound: float, cost: float) -> bool:
    """Whether a bound proves more than a plan costs."""
    return bound > cost + CLOSE * max(1.0, abs(cost)) if np.isfinite(cost) else False


def count_tiny(seed: list[int]) -> Counter[str]:
    """What was looked at in one tiny model; AssertionError where anything differs."""
    model, rng = tiny(seed), np.random.default_rng([*seed, 1])
    choices = every_choice(model.pairs)
    values = every_value(model, choices)
    least = float(values.min())
    seen = Counter(models=1, plans=len(choices), infeasible=int(not np.isfinite(least)))
    found, climbed = bounded(model, FEW_TINY * (seed[-1] % 2))
    assert not above(climbed, least), f"the climb proves {climbed}, a plan costs {least}"
    seen += whole_program(model, found)
    assert not (found.infeasible and np.isfinite(least)), f"infeasible, yet a plan costs {least}"
    assert not above(found.bound, least), f"{found.bound} is proved, a plan costs {least}"
    for _ in range(RANDOM):
        price = rng.normal(size=model.rows) * rng.choice([0.3, 3.0, 30.0])
        proved = lower_bound(model, price).value
        assert not above(proved, least), f"random prices prove {proved}, a plan costs {least}"
        same_bound(model, price)
        seen["random prices"] += 1
    kept = np.flatnonzero(np.isfinite(values))
    tight = tightened(model)
    same = every_value(tight, choices)
    assert np.allclose(values, same, rtol=CLOSE, atol=CLOSE, equal_nan=False), "tightening costs"
    for which in (model, tight):
        seen += whole_accounts(which, found.price, rng, least, choices[kept])
    seen += whole_books(tight, found.price, least)
    if found.solved and np.isfinite(least):
        seen += cases_hold(model, found, choices, values)
    for at in rng.choice(kept, min(3, len(kept)), replace=False):
        certified(model, choices[at], found.price, float(values[at]))
        seen["certificates"] += 1
    return seen


def whole_books(model: Model, price: Floats, least: float) -> Counter[str]:
    """What generation proves, and again at its prices, is no more than a plan costs; a dive's plan
    costs no less."""
    core = Core.of(model)
    bound = lower_bound(model, price)
    if not np.isfinite(bound.value):
        return Counter()
    booking = Booking(model, core, price, np.full(model.rows, 1e3))
    rounds = iter(range(BOOK_ROUNDS))
    booking.generate(lambda: next(rounds, None) is None)
    found = booking.proved
    assert found is not None
    assert not above(found.value, least), f"books prove {found.value}, a plan costs {least}"
    sets = Sets(model, lower_bound(model, found.prices))
    again = sets.bound(short(found.stakes), 100_000, nodes=200).value
    assert not above(again, least), f"books prove {again} again, a plan costs {least}"
    seen = Counter({"bounds of books": 2})
    choice = booking.dive(None, lambda: False, np.inf)
    if choice is not None and (choice >= 0).all():
        worth = core.worth(choice)
        assert not above(least, worth), f"a dive's plan costs {worth}, the best {least}"
        seen["plans of books"] += int(np.isfinite(worth))
    return seen


def cases_hold(model: Model, found: Relaxed, choices: Ints, values: Floats) -> Counter[str]:
    """Cases cover all plans, each once, and prove no more than the best plan of each costs."""
    core = Core.of(model)
    with closing(Passes(core, 1)) as passes:
        _, regret, _, _ = passes.regrets(found.price)
    sets, least = Sets(model, lower_bound(model, found.price)), float(values.min())
    first, unit = sets.bound(sets.halfway(), 50), np.ones(model.rows)
    made = Splitting(model, core, found, regret, unit, (50, 5), 1)
    value, cases = made.cases(first, least, 60.0, lambda: False)
    assert not above(value, least), f"cases prove {value}, a plan costs {least}"
    if not cases:
        return Counter()
    assert covering([case.where for case in cases]), "a plan is in none of the cases"
    within = np.array([allowed(model, case.where)[choices].all(axis=1) for case in cases])
    assert (within.sum(axis=0) == 1).all(), "a plan is not in one case"
    best = model.picks(choices[int(np.argmin(values))])
    told = [case_told(model, case, best).bound for case in cases]
    for bound, mine in zip(told, within, strict=True):
        cost = float(values[mine].min(initial=np.inf))
        assert not above(bound, cost), f"a case proves {bound}, its best plan costs {cost}"
    assert close(min(told), value), f"cases prove {value}, and again {min(told)}"
    return Counter({"split": 1, "cases": len(cases), "split above": int(value > first.value)})


def whole_accounts(
    model: Model, price: Floats, rng: np.random.Generator, least: float, plans: Ints
) -> Counter[str]:
    """What whole accounts prove, at usual and at random stakes, is no more than a plan costs."""
    seen = Counter[str]()
    for prices in (price, rng.normal(size=model.rows) * 3.0):
        bound = lower_bound(model, prices)
        if not np.isfinite(bound.value):
            continue
        ledger = Sets(model, bound)
        usual = ledger.halfway()
        tried = [usual, usual * rng.normal(size=len(usual))]
        if np.isfinite(least):
            tried.append(raised(ledger, usual, least, 500, 20_000).stakes)
        for stakes in tried:
            for sets, nodes in ((3, 0), (1, 200), (100_000, 0)):
                found = ledger.bound(stakes, sets, nodes=nodes)
                assert not above(found.value, least), f"whole accounts prove {found.value}: {least}"
                reach = ledger.least(found)
                for choice in plans[:: max(1, len(plans) // 4)]:
                    ledger.spare(choice, found)
                    cost = model.value(model.picks(choice))
                    assert not above(float(reach[choice].max()), cost), "a pair costs less"
                seen["bounds of whole accounts"] += 1
                seen["above the prices"] += int(found.value > bound.value + CLOSE)
    return seen


def count_middle(seed: list[int]) -> Counter[str]:
    """What was looked at in a model of some size; AssertionError where anything differs."""
    model, hidden = middle(seed)
    found, climbed = bounded(model, FEW * (seed[-1] % 2))
    seen = Counter(models=1) + whole_program(model, found)
    cost = model.value(model.picks(hidden))
    assert not above(found.bound, cost), f"{found.bound} is proved, a plan costs {cost}"
    assert found.infeasible or not above(climbed, found.bound), "the climb proves more"
    if np.isfinite(cost):
        assert not found.infeasible, f"infeasible, yet a plan costs {cost}"
        certified(model, hidden, found.price, cost)
        seen["certificates"] += 1
    return seen


def whole_program(model: Model, found: Relaxed) -> Counter[str]:
    """The relaxation is that of the whole program as HiGHS solves it, infeasible or worth as much,
    and its prices prove what it says."""
    answer = highs.relax(model, Limits())
    if answer.status is Status.INFEASIBLE:
        assert found.infeasible, f"bound {found.bound}, but the program is infeasible"
        return Counter({"infeasible programs": 1})
    assert answer.status is Status.OPTIMAL, f"HiGHS: {answer.message}"
    assert answer.objective is not None
    assert not found.infeasible, f"infeasible, but HiGHS finds {answer.objective}"
    assert close(found.bound, answer.objective), f"{found.bound}, but HiGHS {answer.objective}"
    assert found.solved, "the relaxation does not know that it is solved"
    proved = same_bound(model, found.price)
    assert close(proved, found.bound), f"{found.bound} is said, its prices prove {proved}"
    return Counter(programs=1)


def same_bound(model: Model, price: Floats) -> float:
    """What search and certificate both say that ``price`` proves."""
    core = Core.of(model)
    with closing(Passes(core, 1)) as passes:
        moved = core.inside(price)
        total, _, _, _ = passes.regrets(moved)
    mine = total - core.conjugate(moved) + core.constant
    proved = lower_bound(model, price)
    assert abs(mine - proved.value) <= proved.rounding + 1e-9 * max(1.0, abs(mine)), (
        f"the search proves {mine}, the certificate {proved.value}"
    )
    return mine


def certified(model: Model, choice: object, price: Floats, cost: float) -> None:
    """The gap of a plan is where the certificate says, and adds up."""
    told = certify(model, model.picks(np.asarray(choice)), lower_bound(model, price))
    assert close(told.cost, cost), f"the certificate says {told.cost}, counted {cost}"


Count = Callable[[list[int]], Counter[str]]


def part(count: Count, seed: int, numbers: range) -> tuple[Counter[str], list[str]]:
    """What was looked at in some models, and what differs."""
    seen, wrong = Counter[str](), []
    for number in numbers:
        try:
            seen += count([seed, number])
        except Exception:  # noqa: BLE001  the campaign goes on and tells
            wrong.append(f"WRONG {count.__name__}([{seed}, {number}])\n{traceback.format_exc(-3)}")
    return seen, wrong


def run(count: Count, models: int, seed: int, processes: int) -> tuple[Counter[str], int]:
    """What was looked at in all models, and how many differ; those are told as they are found."""
    ranges = [range(at, min(at + PART, models)) for at in range(0, models, PART)]
    seen, wrong = Counter[str](), 0
    with ProcessPoolExecutor(processes) as pool:
        for one, faults in pool.map(partial(part, count, seed), ranges):
            seen += one
            wrong += len(faults)
            for fault in faults:
                print(fault, flush=True)
    return seen, wrong


def main(argv: list[str] | None = None) -> int:
    """Run the campaign; 1 when any bound is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=10_000)
    parser.add_argument("--mid", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args(argv)
    wrong = 0
    for name, count, models in (
        ("tiny", count_tiny, asked.models),
        ("of 200 accounts and 8 reps", count_middle, asked.mid),
    ):
        begun = time.perf_counter()
        seen, faults = run(count, models, asked.seed, asked.processes)
        wrong += faults
        said = ", ".join(f"{number:,} {what}" for what, number in seen.items() if what != "models")
        print(
            f"{models:,} models {name}: {said}; {faults} wrong; {time.perf_counter() - begun:.0f} s"
        )
    print("no bound crosses" if not wrong else "NOT all bounds hold")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
