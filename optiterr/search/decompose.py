"""Plans of proved quality for models of any size: prices, relaxation, moves, small programs.

Prices are climbed to, the relaxation is solved over the pairs that matter and proved over all; its
plan is made whole and mended by random moves charged at its prices; then neighbourhoods of reps are
solved as small programs until the gap or the time is reached.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, repeat
from time import perf_counter

import numpy as np

from optiterr.cases import Case
from optiterr.certificate import lower_bound
from optiterr.model import Model
from optiterr.search.ascent import Passes, ascend, units, usual_change
from optiterr.search.booking import Booking, bookable
from optiterr.search.cooling import FIRM, mended
from optiterr.search.core import Core, Floats, Ints
from optiterr.search.diving import dearness, dive
from optiterr.search.exact import MOST_PAIRS, Beside, few, finish
from optiterr.search.ground import Ground
from optiterr.search.neighbourhoods import Hunt, State
from optiterr.search.programs import SOLVERS
from optiterr.search.relaxation import Relaxed, relaxed
from optiterr.search.repricing import repriced
from optiterr.search.rounds import Rounds
from optiterr.search.splitting import MOST_PAIRS as MOST_SPLIT
from optiterr.search.splitting import Splitting
from optiterr.search.watch import Watch
from optiterr.solution import Limits, Solution, Status
from optiterr.solvers import Report, Solver, register, requires
from optiterr.undivided import (
    FEW_NODES,
    FEW_SETS,
    Sets,
    Undivided,
    nodes_each,
    raised,
    serving,
    sets_each,
    short,
    worthwhile,
)

VERSION = "1"

STEPS = 300
"""Steps of the climb to the first prices."""

CLIMB_SHARE, RELAX_SHARE, DIVE_SHARE = 0.15, 0.45, 0.6
"""The climb, the relaxation and the dive end when these shares of the time are gone."""

DIVE_MOST = 0.2
"""The dive takes at most this share of the time."""

SETTLED = 6
"""Where a dive had no time to settle one account for each so many reps, the first plan settles
them, and prices are looked for once more."""

REPRICE_MOST = 0.1
"""That takes at most this share of the time."""

BOOK_SHARE, DIVES = 0.35, 10
"""Dives over whole books end when this share of the time is gone, or after so many of them."""

ROUND_SHARE = 0.01
"""Of the time, at most about so much goes into one round of looking for books."""

TURN, DIVE_TURN = 0.05, 0.15
"""Neighbourhoods take turns of this share of the time, and dives between them."""

WHOLE_SHARE, RAISE_SHARE = 0.08, 0.12
"""Of the time, so much goes into what whole accounts cost beyond divided ones, and at most so much
into better stakes for that."""

SPLIT_SHARE = 0.25
"""Of the time, at most so much goes into cases."""

SETS_A_SECOND = 5_000_000
"""Sets of accounts that a usual machine looks at in a second: that time is handed out in sets."""

NODE_PAIRS_A_SECOND = 10_000_000
"""Pairs in nodes of branch and bound that a usual machine looks at in a second."""

SOFT = 4.0
"""While plans are sought, a missed limit costs this many times its price in the relaxation."""

SMALL_MOVES = 40.0
"""In a small model moves take at most so many seconds: HiGHS and the neighbourhoods make more of
the rest of a long time."""

SMALL_SHARE = 0.7
"""Of a small model with one thread, the search of the whole ends at this share of the time."""


def solve(
    model: Model, limits: Limits, start: Floats | None = None, report: Report | None = None
) -> Solution:
    """A plan and the prices that prove its bound over all candidates; see the module's words."""
    return resume(model, limits, start, report)


def resume(
    model: Model,
    limits: Limits,
    start: Floats | None,
    report: Report | None,
    price: Floats | None = None,
    begin: Ints | None = None,
    gap: float = 0.0,
    far: float = np.inf,
) -> Solution:
    """As :func:`solve`, going on from the row prices ``price`` and the plan ``begin`` where given.

    ``begin`` holds pairs, -1 where there is none any more. It then ends at ``gap`` already: a small
    edit needs no more than a look around what it changed. Where, mended, it is farther from the
    bound than the share ``far`` of its cost, a plan is sought anew, from the prices alone.
    """
    began = perf_counter()
    limits = replace(limits, gap=max(limits.gap, gap))
    empty = np.flatnonzero(np.diff(model.pairs.start) == 0)
    if len(empty):
        text = f"account {model.account_ids[empty[0]]!r} has no candidate"
        return Solution(Status.INFEASIBLE, "decompose", VERSION, message=text)
    watch = Watch(model, limits, report, began)
    with watch.phase("build"):
        core = Core.of(model)
    first = None if start is None else model.choice(start)
    if first is not None and (first < 0).any():
        first = None
    if first is not None:
        watch.offer(first, core.worth(first))
    passes = Passes(core, limits.threads)
    try:
        found = _relaxed(core, passes, watch, first, price)
        if found.infeasible:
            text = "not even plans of fractions keep the hard rules"
            return Solution(
                Status.INFEASIBLE, "decompose", VERSION, seconds=watch.seconds, message=text
            )
        _, regret, best, _ = passes.regrets(found.price)
    finally:
        passes.close()
    if begin is not None:
        begin = np.where(begin < 0, best, begin)
    whole, split = _search(model, core, watch, found, regret, begin, limits, far)
    return _answer(model, watch, found, whole, split)


def _relaxed(
    core: Core, passes: Passes, watch: Watch, begin: Ints | None, price: Floats | None
) -> Relaxed:
    """The first phases: prices and relaxation."""
    if price is None:
        end = watch.until(CLIMB_SHARE)
        with watch.phase("prices"):
            climb = ascend(core, passes, STEPS, lambda: perf_counter() > end or watch.over())
        price = climb.price
    with watch.phase("relaxation"):
        end = watch.until(RELAX_SHARE)
        return relaxed(core, passes, core.inside(price), end, watch.prove, begin)


def _search(
    model: Model,
    core: Core,
    watch: Watch,
    found: Relaxed,
    regret: Floats,
    begin: Ints | None,
    limits: Limits,
    far: float,
) -> tuple[Undivided | None, tuple[float, tuple[Case, ...]]]:
    """Dive, moves, then neighbourhoods; ``watch`` keeps the best plan.

    Returns what whole accounts prove beyond the prices, where anything was sought, and what cases
    prove, with those that prove more.
    """
    relaxation = found
    ground = Ground.of(core, found, regret, _hard(core, found.price))
    first = None
    if begin is not None:
        with watch.phase("mending"):
            first = _begun(ground, watch, begin, limits, far)
    sought, books, rushed = first is None, None, False
    if first is None and bookable(model):
        with watch.phase("books"):
            books = _Books(model, ground, watch, limits)
            books.dives(DIVES, watch.until(BOOK_SHARE))
            first = watch.best if books.near else None
    if first is None:
        with watch.phase("dive"):
            first, load, rushed = _dived(ground, watch, limits)
        found = replace(found, load=load)
        ground = replace(ground, found=found)
    with watch.phase("moves"):
        rounds = Rounds(ground, watch, first, limits, sought and first is not watch.best)
        rounds.early(limits.threads)
        if rounds.large and rushed:
            ground = _repriced(ground, watch, limits)
            rounds.go_by(ground)
    # Each account has a useful pair: with more accounts than that may be, nothing is looked for.
    least = found.bound + regret if core.accounts <= MOST_PAIRS else None
    small = least is not None and watch.best is not None and few(least, watch.worth)
    most = SMALL_MOVES if small else np.inf
    beside = Beside(core, watch, limits)
    with beside:
        # What whole accounts prove is sought with a plan to aim at, and tells HiGHS what to leave.
        later = watch.best is not None
        if not later:
            with watch.phase("moves"):
                rounds.rest(limits.threads, most)
        whole = None if books is None else books.proved
        split: tuple[float, tuple[Case, ...]] = -np.inf, ()
        if worthwhile(model) and not watch.over():
            with watch.phase("whole accounts"):
                sets = Sets(model, lower_bound(model, found.price)) if books is None else books.sets
                whole = _whole(model, sets, watch, limits, whole)
                least = None if least is None else np.maximum(least, sets.least(whole))
        if whole is not None and not small and len(core.pairs) <= MOST_SPLIT and not watch.over():
            with watch.phase("cases"):
                split = _split(model, core, watch, relaxation, regret, ground.hard, whole, limits)
        if least is not None and limits.threads > 1:
            beside.begin(least)
        if later:
            with watch.phase("moves"):
                rounds.rest(beside.threads, most)
        with watch.phase("neighbourhoods"):
            _hunted(ground, watch, rounds, limits, least, beside, books)
    return whole, split


def _dived(ground: Ground, watch: Watch, limits: Limits) -> tuple[Ints, Floats, bool]:
    """The plan of a dive, the loads of its relaxation, and whether it was cut short before it had
    settled the accounts that matter."""
    end = min(watch.until(DIVE_SHARE), perf_counter() + DIVE_MOST * limits.seconds)
    core, found = ground.core, ground.found
    dived, settled = dive(
        core, found, ground.hard, lambda: perf_counter() > end or watch.over(), limits.threads
    )
    return dived.choice, dived.load, perf_counter() > end and settled * SETTLED < core.reps


def _split(
    model: Model,
    core: Core,
    watch: Watch,
    found: Relaxed,
    regret: Floats,
    unit: Floats,
    whole: Undivided,
    limits: Limits,
) -> tuple[float, tuple[Case, ...]]:
    """What cases prove, and those that prove more than ``whole``; none without a plan."""
    if watch.best is None:
        return -np.inf, ()
    dear, looks = dearness(found, unit), _looks(model, limits)
    splitting = Splitting(model, core, found, regret, dear, looks, limits.threads)
    seconds = min(SPLIT_SHARE * limits.seconds, watch.end - perf_counter())
    proved = splitting.cases(whole, watch.worth, seconds, watch.over)
    watch.prove(proved[0])
    return proved


def _repriced(ground: Ground, watch: Watch, limits: Limits) -> Ground:
    """What moves are to go by from now on: the relaxation with weighty accounts as in the best
    plan; ``ground`` while there is none."""
    if watch.best is None or watch.over():
        return ground
    end = min(watch.end, perf_counter() + REPRICE_MOST * limits.seconds)
    dear = dearness(ground.found, ground.hard)
    answer = repriced(ground.core, ground.found, watch.best, dear, limits.threads, end)
    if answer is None:
        return ground
    found, regret = answer
    return Ground.of(ground.core, found, regret, _hard(ground.core, found.price))


class _Books:
    """What whole books prove, and plans made of them, where reps have few accounts.

    ``watch`` hears of all of it.
    """

    def __init__(self, model: Model, ground: Ground, watch: Watch, limits: Limits) -> None:
        self._ground, self._watch, self._seed = ground, watch, limits.seed
        core = ground.core
        each = ROUND_SHARE * limits.seconds * SETS_A_SECOND * limits.threads
        most = int(each / serving(model))
        self._booking = Booking(model, core, ground.found.price, ground.hard, limits.threads, most)
        if watch.best is not None:
            self._booking.put(watch.best)
        end = watch.until(BOOK_SHARE / 2)
        self.near = self._booking.generate(lambda: perf_counter() > end or watch.over())
        # At the prices of the relaxation, which the plan's file keeps.
        self.sets = self._booking.sets
        stakes = short(self._booking.paid - self.sets.cheapest)
        looks, nodes = _looks(model, limits)
        self.proved = self.sets.bound(stakes, looks, limits.threads, nodes)
        watch.prove(self.proved.value)
        order = np.lexsort((ground.regret, core.pairs.account))
        self._cheapest = order[core.pairs.start[:-1]]
        self._rng: np.random.Generator | None = None

    def dives(self, count: int, end: float) -> None:
        """Up to ``count`` plans, none begun once the clock shows ``end``.

        None at all where too little is known of what to pay for accounts.
        """
        watch, core = self._watch, self._ground.core
        for _ in range(count if self.near else 0):
            if perf_counter() > end or watch.over():
                return
            choice = self._booking.dive(self._rng, watch.over, watch.worth)
            self._rng = self._rng or np.random.default_rng(self._seed)
            if choice is None:
                continue
            if (choice < 0).any():
                # A few accounts are left over: to their cheapest pairs, then mended.
                choice = np.where(choice < 0, self._cheapest, choice)
                choice = mended(self._ground, choice, self._seed, watch.over)
            watch.offer(choice, core.worth(choice))


def _whole(
    model: Model, sets: Sets, watch: Watch, limits: Limits, books: Undivided | None
) -> Undivided:
    """What whole accounts prove, as well as a small part of the time allows.

    No less than what ``books`` proved, where they were sought.
    """
    each, nodes = _looks(model, limits)
    stakes = sets.halfway()
    if np.isfinite(watch.worth):
        few = min(each, FEW_SETS)
        most = int(RAISE_SHARE * limits.seconds * SETS_A_SECOND * limits.threads)
        begin = stakes if books is None else books.stakes
        stakes = raised(
            sets, begin, watch.worth, few, most, limits.threads, FEW_NODES, sets.reach
        ).stakes
    found = sets.bound(short(stakes), each, limits.threads, nodes)
    if books is not None and books.value >= found.value:
        return books
    watch.prove(found.value)
    return found


def _looks(model: Model, limits: Limits) -> tuple[int, int]:
    """Sets and nodes that are looked at for each rep in a small part of the time."""
    seconds = WHOLE_SHARE * limits.seconds * limits.threads
    sets = int(seconds * SETS_A_SECOND) // max(1, len(model.rep_ids))
    nodes = int(seconds * NODE_PAIRS_A_SECOND) // len(model.pairs)
    return max(1, min(sets_each(model), sets)), min(nodes_each(model), nodes)


def _hunted(
    ground: Ground,
    watch: Watch,
    rounds: Rounds,
    limits: Limits,
    least: Floats | None,
    beside: Beside,
    books: _Books | None,
) -> None:
    """Neighbourhoods from the plan of the ``rounds`` on, in turn with dives over ``books``.

    With one thread the whole model comes first where it is small; ``least`` is what plans with
    each pair cost at least, None where the model is large.
    """
    core = ground.core
    if limits.threads == 1 and least is not None and not watch.over():
        finish(core, least, watch, limits, watch.until(SMALL_SHARE))
    # Missed limits become as dear as where moves drive them out, a step with each turn.
    firm = chain(FIRM[1:], repeat(FIRM[-1]))
    state = _state(ground, watch, rounds.choice, limits.seed + 1, next(firm))
    # HiGHS does not like to share with itself.
    solvers = SOLVERS[:1] if beside.busy else SOLVERS
    hunter = Hunt(ground, watch, limits.seed, beside.threads, solvers, rounds)
    while not watch.over():
        before = hunter.rounds
        hunter.run(state, min(watch.end, perf_counter() + TURN * limits.seconds))
        if books is None and hunter.rounds == before:
            return
        if books is not None:
            books.dives(DIVES, min(watch.end, perf_counter() + DIVE_TURN * limits.seconds))
        # Somebody else may have found a better plan.
        if watch.best is not None and (state.hard is not None or watch.worth < state.cost):
            state = State(watch.best, core.loads(watch.best), watch.worth)
        elif state.hard is not None:
            seed = limits.seed + 1 + hunter.rounds
            state = _state(ground, watch, state.choice, seed, next(firm))


def _state(ground: Ground, watch: Watch, choice: Ints, seed: int, firm: float) -> State:
    """The best plan. While there is none the better of ``choice`` and of what moves around missed
    limits make of it, these ``firm`` times as dear."""
    core = ground.core
    plans = [choice]
    if watch.best is None:
        plans.append(mended(ground, choice, seed, watch.over))
        watch.offer(plans[1], core.worth(plans[1]))
    if watch.best is not None:
        return State(watch.best, core.loads(watch.best), watch.worth)
    loads = [core.loads(one) for one in plans]
    costs = [ground.cost(one, load, firm) for one, load in zip(plans, loads, strict=True)]
    at = int(np.argmin(costs))
    return State(plans[at], loads[at], costs[at], firm * ground.hard)


def _begun(ground: Ground, watch: Watch, begin: Ints, limits: Limits, far: float) -> Ints | None:
    """An earlier plan with what an edit broke mended; None where that is far from the bound."""
    first = mended(ground, begin, limits.seed, watch.over)
    watch.offer(first, ground.core.worth(first))
    cost = ground.cost(first, ground.core.loads(first))
    return None if cost - ground.found.bound > far * abs(cost) and not watch.over() else first


def _hard(core: Core, price: Floats) -> Floats:
    """What a unit of a missed hard limit costs at first: a little more than its price."""
    found = units(core, usual_change(core))
    for start, block in zip(core.row_start, core.blocks, strict=False):
        own = slice(start, start + block.rows)
        size = np.abs(price[own])
        found[own] = np.maximum(found[own], SOFT * (size + size.mean()))
    return found


def _answer(
    model: Model,
    watch: Watch,
    found: Relaxed,
    whole: Undivided | None,
    split: tuple[float, tuple[Case, ...]],
) -> Solution:
    proved, cases = split
    stakes = None if whole is None else whole.stakes
    bound = float(watch.bound) if np.isfinite(watch.bound) else None
    if watch.best is None:
        return Solution(
            Status.NO_SOLUTION,
            "decompose",
            VERSION,
            bound=bound,
            prices=found.price,
            seconds=watch.seconds,
            log=tuple(watch.lines),
            message="found no plan within the hard rules in the time given",
            stakes=stakes,
            cases=cases,
        )
    x = model.picks(watch.best)
    proved = max(found.bound, proved, -np.inf if whole is None else whole.value)
    how = "of the relaxation" if found.solved else "by prices, below that of the relaxation"
    if whole is not None and whole.value > found.bound:
        how = "that whole accounts prove"
    if cases:
        how = "that cases prove"
    if watch.bound > proved:
        how = "that HiGHS claims for the whole"
    return Solution(
        Status.OPTIMAL if watch.closed else Status.FEASIBLE,
        "decompose",
        VERSION,
        x,
        model.value(x),
        bound,
        found.price,
        watch.seconds,
        tuple(watch.lines),
        f"a plan within {watch.gap:.3%} of the bound {how}",
        stakes,
        cases,
    )


DECOMPOSE = register(
    Solver(
        "decompose",
        "Decomposition search of our own: prices, relaxation, moves and small programs; for size.",
        frozenset({"mip", "bound", "proof", "start", "threads", "seed", "progress"}),
        requires("numba", "numba>=0.60"),
        solve,
    )
)
