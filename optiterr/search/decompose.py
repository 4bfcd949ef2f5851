"""Plans of proved quality for models of any size: prices, relaxation, moves, small programs.

Prices are climbed to, the relaxation is solved over the pairs that matter and proved over all; its
plan is made whole and mended by random moves charged at its prices; then neighbourhoods of reps are
solved as small programs until the gap or the time is reached.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter

import numpy as np

from optiterr.certificate import lower_bound
from optiterr.model import Model
from optiterr.search.ascent import Passes, ascend, units, usual_change
from optiterr.search.booking import Booking, bookable
from optiterr.search.chains import STIFF
from optiterr.search.cooling import (
    BLOCK,
    GENTLE,
    TIGHT,
    WARM,
    Cooling,
    cooled,
    linked,
    mended,
    simmered,
)
from optiterr.search.core import Core, Floats, Ints
from optiterr.search.diving import dive
from optiterr.search.exact import MOST_PAIRS, finish, useful
from optiterr.search.ground import Ground
from optiterr.search.neighbourhoods import Hunt, State
from optiterr.search.programs import SOLVERS
from optiterr.search.relaxation import Relaxed, relaxed
from optiterr.search.watch import Watch
from optiterr.solution import Limits, Solution, Status
from optiterr.solvers import Report, Solver, register, requires
from optiterr.undivided import (
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

CLIMB_SHARE, RELAX_SHARE, DIVE_SHARE, MOVE_SHARE = 0.15, 0.45, 0.6, 0.7
"""The climb, the relaxation, the dive and the moves end when these shares of the time are gone."""

SMALL_PAIRS, SMALL_MOVES = 50_000, 40.0
"""With so many pairs at most, moves take at most so many seconds: HiGHS and the neighbourhoods,
which begin after them, make more of a long time."""

DIVE_MOST = 0.12
"""The dive takes at most this share of the time."""

TRIES_A_SECOND = 1_500_000
"""Moves that a usual machine tries in a second: the time for moves is handed out in tries."""

BOOK_SHARE, DIVES = 0.35, 10
"""Dives over whole books end when this share of the time is gone, or after so many of them."""

ROUND_SHARE = 0.01
"""Of the time, at most about so much goes into one round of looking for books."""

TURN, DIVE_TURN = 0.05, 0.15
"""Neighbourhoods take turns of this share of the time, and dives between them."""

WHOLE_SHARE = 0.08
"""Of the time, so much goes into what whole accounts cost beyond divided ones."""

SETS_A_SECOND = 5_000_000
"""Sets of accounts that a usual machine looks at in a second: that time is handed out in sets."""

NODE_PAIRS_A_SECOND = 10_000_000
"""Pairs in nodes of branch and bound that a usual machine looks at in a second."""

SOFT = 4.0
"""While plans are sought, a missed limit costs this many times its price in the relaxation."""

FIRM = 16.0
"""How much dearer missed limits are while neighbourhoods are to drive them out."""

HANDOVER = 1e-5
"""Seconds that one thread may keep Python from another while HiGHS runs beside neighbourhoods."""

SMALL_SHARE = 0.7
"""Of a small model with one thread, the search of the whole ends at this share of the time."""

TRIES_AN_ACCOUNT = 4000
"""Tries for each account of the first cooling, at most; in each later round there are twice as
many as in the one before."""

EARLY = 8
"""The first of several rounds of cooling takes one part in so many: a plan is there early."""

ROUNDS = 5
"""Rounds of cooling where one block holds all reps, at most: in the first two both ways, then the
better one, for as long as that makes better plans."""


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
    core = Core.of(model)
    seconds = {"build": watch.spent}
    first = None if start is None else model.choice(start)
    if first is not None and (first < 0).any():
        first = None
    if first is not None:
        watch.offer(first, core.worth(first))
    passes = Passes(core, limits.threads)
    try:
        found = _relaxed(core, passes, watch, first, price, seconds)
        if found.infeasible:
            text = "not even plans of fractions keep the hard rules"
            return Solution(Status.INFEASIBLE, "decompose", VERSION, seconds=seconds, message=text)
        _, regret, best, _ = passes.regrets(found.price)
    finally:
        passes.close()
    if begin is not None:
        begin = np.where(begin < 0, best, begin)
    whole = _search(model, core, watch, found, regret, begin, limits, far, seconds)
    return _answer(model, watch, found, whole, seconds)


def _relaxed(
    core: Core,
    passes: Passes,
    watch: Watch,
    begin: Ints | None,
    price: Floats | None,
    seconds: dict[str, float],
) -> Relaxed:
    """The first phases: prices and relaxation."""
    mark = watch.spent
    end = watch.until(CLIMB_SHARE)
    if price is None:
        climb = ascend(core, passes, STEPS, lambda: perf_counter() > end or watch.over())
        price = climb.price
    seconds["prices"] = watch.spent - mark
    mark = watch.spent
    found = relaxed(core, passes, core.inside(price), watch.until(RELAX_SHARE), watch.prove, begin)
    seconds["relaxation"] = watch.spent - mark
    return found


def _search(
    model: Model,
    core: Core,
    watch: Watch,
    found: Relaxed,
    regret: Floats,
    begin: Ints | None,
    limits: Limits,
    far: float,
    seconds: dict[str, float],
) -> Undivided | None:
    """Dive, moves, then neighbourhoods; ``watch`` keeps the best plan.

    Returns what whole accounts prove beyond the prices, where anything was sought.
    """
    ground = Ground.of(core, found, regret, _hard(core, found.price))
    mark = watch.spent
    first = None if begin is None else _begun(ground, watch, begin, limits, far)
    sought, books = first is None, None
    if first is None and bookable(model):
        books = _Books(model, ground, watch, limits)
        books.dives(DIVES, watch.until(BOOK_SHARE))
        first = watch.best if books.near else None
    seconds["books"] = watch.spent - mark
    mark = watch.spent
    if first is None:
        end = min(watch.until(DIVE_SHARE), perf_counter() + DIVE_MOST * limits.seconds)
        dived = dive(core, found, ground.hard, lambda: perf_counter() > end or watch.over())
        first, found = dived.choice, replace(found, load=dived.load)
        ground = replace(ground, found=found)
    seconds["dive"] = watch.spent - mark
    mark = watch.spent
    choice = _moved(ground, watch, first, limits, sought and first is not watch.best)
    seconds["moves"] = watch.spent - mark
    mark = watch.spent
    # Each account has a useful pair: with more accounts than that may be, nothing is looked for.
    least = found.bound + regret if core.accounts <= MOST_PAIRS else None
    whole = None if books is None else books.proved
    if worthwhile(model) and not watch.over():
        sets = Sets(model, lower_bound(model, found.price)) if books is None else books.sets
        whole = _whole(model, sets, watch, limits, whole)
        least = None if least is None else np.maximum(least, sets.least(whole))
    seconds["whole accounts"] = watch.spent - mark
    mark = watch.spent
    _hunted(ground, watch, choice, limits, least, books)
    seconds["neighbourhoods"] = watch.spent - mark
    return whole


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
        most = int(WHOLE_SHARE * limits.seconds * SETS_A_SECOND * limits.threads) // 2
        begin = stakes if books is None else books.stakes
        stakes = raised(sets, begin, watch.worth, few, most, limits.threads).stakes
    found = sets.bound(short(stakes), each, limits.threads, nodes)
    if books is not None and books.value >= found.value:
        return books
    watch.prove(found.value)
    return found


def _looks(model: Model, limits: Limits) -> tuple[int, int]:
    """Sets and nodes that are looked at for each rep in a small part of the time."""
    seconds = WHOLE_SHARE * limits.seconds * limits.threads
    sets = int(seconds * SETS_A_SECOND) // (4 * max(1, len(model.rep_ids)))
    nodes = int(seconds * NODE_PAIRS_A_SECOND) // len(model.pairs)
    return max(1, min(sets_each(model), sets)), min(nodes_each(model), nodes)


def _hunted(
    ground: Ground,
    watch: Watch,
    choice: Ints,
    limits: Limits,
    least: Floats | None,
    books: _Books | None,
) -> None:
    """Neighbourhoods from ``choice`` on, in turn with dives over ``books``, and beside them the
    whole model where it is small.

    ``least`` is what plans with each pair cost at least; None where the model is large.
    """
    core = ground.core

    def hunt(state: State, end: float, threads: int, solvers: tuple[str, ...] = SOLVERS) -> None:
        hunter = Hunt(ground, watch, limits.seed, threads, solvers)
        while not watch.over() and perf_counter() < end:
            before = hunter.rounds
            hunter.run(state, min(end, perf_counter() + TURN * limits.seconds))
            if books is None and hunter.rounds == before:
                return
            if books is not None:
                books.dives(DIVES, min(end, perf_counter() + DIVE_TURN * limits.seconds))
            # Somebody else may have found a better plan.
            if watch.best is not None and (state.hard is not None or watch.worth < state.cost):
                state = State(watch.best, core.loads(watch.best), watch.worth)

    if watch.over():
        return
    state = _state(ground, watch, choice)
    if least is None or len(useful(least, watch.worth)) > MOST_PAIRS:
        hunt(state, watch.end, limits.threads)
        return
    if limits.threads == 1:
        finish(core, least, watch, limits, watch.until(SMALL_SHARE))
        hunt(_state(ground, watch, choice), watch.end, 1)
        return
    with _prompt(), ThreadPoolExecutor(1) as beside:
        whole = beside.submit(finish, core, least, watch, limits, watch.end)
        # One thread for the whole, the others for neighbourhoods; HiGHS does not like to share.
        hunt(state, watch.end, limits.threads - 1, SOLVERS[:1])
        whole.result()


@contextmanager
def _prompt() -> Iterator[None]:
    """Threads hand Python over at once: HiGHS asks it hundreds of times a second whether to stop,
    and would wait 5 ms each time while another thread computes."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(HANDOVER)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _state(ground: Ground, watch: Watch, choice: Ints) -> State:
    """The best plan, or ``choice`` with missed limits very dear while there is none."""
    core = ground.core
    if watch.best is not None:
        return State(watch.best, core.loads(watch.best), watch.worth)
    load = core.loads(choice)
    return State(choice, load, ground.cost(choice, load), FIRM * ground.hard)


def _begun(ground: Ground, watch: Watch, begin: Ints, limits: Limits, far: float) -> Ints | None:
    """An earlier plan with what an edit broke mended; None where that is far from the bound."""
    first = mended(ground, begin, limits.seed, watch.over)
    watch.offer(first, ground.core.worth(first))
    cost = ground.cost(first, ground.core.loads(first))
    return None if cost - ground.found.bound > far * abs(cost) and not watch.over() else first


def _moved(ground: Ground, watch: Watch, first: Ints, limits: Limits, sought: bool) -> Ints:
    """The plan that moves make of ``first``; ``watch`` hears of it when it keeps the hard rules.

    Unless ``sought``, ``first`` is good already, and is only looked around.
    """
    end = watch.until(MOVE_SHARE)
    if len(ground.core.pairs) <= SMALL_PAIRS:
        end = min(end, perf_counter() + SMALL_MOVES)
    seconds = max(end - perf_counter(), 0.05 * limits.seconds)
    tries = int(seconds * TRIES_A_SECOND)

    if perf_counter() > end or watch.over():
        return first
    most = TRIES_AN_ACCOUNT * ground.core.accounts
    reps = int(ground.core.pairs.rep.max(initial=0)) + 1
    if not sought or reps > 2 * BLOCK:
        how = GENTLE if sought else WARM
        tries = min(tries * limits.threads, most) // (1 if sought else 20)
        choice, _ = _cooled(ground, watch, first, tries, limits.seed, limits.threads, end, how)
        watch.offer(choice, ground.core.worth(choice))
        return choice
    # One block is cooled by one thread: the others cool with other numbers, and the best counts.
    most = min(most, tries // EARLY)
    best: tuple[Ints, float, Cooling] = (first, np.inf, GENTLE)
    ways, spent = [TIGHT, GENTLE] * max(1, limits.threads // 2), 0
    with ThreadPoolExecutor(limits.threads) as pool:
        for turn in range(ROUNDS):
            each = min(tries - spent, most)
            jobs = [
                pool.submit(_cooled, ground, watch, first, each, limits.seed + number, 1, end, how)
                for number, how in enumerate(ways, start=100 * turn)
            ]
            found = [(*job.result(), how) for job, how in zip(jobs, ways, strict=True)]
            for choice, _, _ in found:
                watch.offer(choice, ground.core.worth(choice))
            before, best = best, min([best, *found], key=lambda one: one[1])
            spent += each * len(ways) // min(len(ways), limits.threads)
            if watch.over() or best is before or spent >= tries:
                break
            most *= 2
            if turn > 0:
                ways = [min(found, key=lambda one: one[1])[2]] * limits.threads
    return best[0]


def _cooled(
    ground: Ground,
    watch: Watch,
    first: Ints,
    tries: int,
    seed: int,
    threads: int,
    end: float,
    how: Cooling,
) -> tuple[Ints, float]:
    """A plan by cooling, trades, mending and chains, and its cost; missed limits are very dear in
    it."""

    def over() -> bool:
        return perf_counter() > end or watch.over()

    choice = cooled(ground, first, tries, seed, threads, over, how)
    choice = simmered(ground, choice, seed, threads, over)
    choice = mended(ground, choice, seed, watch.over)
    choice = linked(ground, choice, seed, threads, over, end)
    return choice, ground.cost(choice, ground.core.loads(choice), STIFF)


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
    seconds: dict[str, float],
) -> Solution:
    stakes = None if whole is None else whole.stakes
    bound = float(watch.bound) if np.isfinite(watch.bound) else None
    if watch.best is None:
        return Solution(
            Status.NO_SOLUTION,
            "decompose",
            VERSION,
            bound=bound,
            prices=found.price,
            seconds=seconds,
            log=tuple(watch.lines),
            message="found no plan within the hard rules in the time given",
            stakes=stakes,
        )
    x = model.picks(watch.best)
    how = "of the relaxation" if found.solved else "by prices, below that of the relaxation"
    if whole is not None and whole.value > found.bound:
        how = "that whole accounts prove"
    if watch.bound > max(found.bound, -np.inf if whole is None else whole.value):
        how = "that HiGHS claims for the whole"
    return Solution(
        Status.OPTIMAL if watch.closed else Status.FEASIBLE,
        "decompose",
        VERSION,
        x,
        model.value(x),
        bound,
        found.price,
        seconds,
        tuple(watch.lines),
        f"a plan within {watch.gap:.3%} of the bound {how}",
        stakes,
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
