"""The inner loop of the bound for whole accounts, compiled; everything here works on plain arrays.

Imported only inside functions: the compiler takes a while to load.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from optiterr.charging import charge_of

DEEPEST = 24
"""Most accounts in which one rep's set may differ from the accounts that pay for themselves."""

FIRST = 6
"""The first search looks at sets that cost no more than the pair of this rank."""

GROWTH = 1.5
"""Each search looks at sets that cost so many times as much as those of the search before."""


@njit(cache=True, nogil=True, inline="always")
def _ahead(load, row, rate, least, most, fall, rise):
    """What ``row`` costs at least, however its load is brought back or left where it is.

    A move of a unit costs at least ``rate``, staying off at least ``fall`` below and ``rise``
    above.
    """
    if load < least[row]:
        return min(rate[0], fall[row]) * (least[row] - load)
    if load > most[row]:
        return min(rate[1], rise[row]) * (load - most[row])
    return 0.0


@njit(cache=True, nogil=True)
def rep_losses(
    begin_rep, end_rep, rep_first, reduced, value, row_first,
    first, at, level, slope, before, least, most, fall, rise,
    nodes, loss, seen, differs,
):  # fmt: skip
    """What reps ``begin_rep .. end_rep`` lose at least whichever whole accounts each serves.

    Pairs ``rep_first[r]:rep_first[r + 1]`` are those of rep ``r``; ``value[p, k]`` is what pair
    ``p`` loads on the ``k``-th of its rep's rows ``row_first[r]:row_first[r + 1]``. A pair with a
    negative ``reduced`` cost pays for itself. Sets are those pairs, less and more some others, each
    of which costs the size of its reduced cost; with what the rows cost at their loads that is the
    loss. ``loss[r]`` receives the least, or what is proved of it after ``nodes`` sets; ``seen[r]``
    what the best set found loses; ``differs[p]`` is -1 or 1 where that set leaves out or takes in a
    pair, else 0. Returns how many sets were looked at.
    """
    looked = 0
    for rep in range(begin_rep, end_rep):
        begin, end = rep_first[rep], rep_first[rep + 1]
        base = row_first[rep]
        rows = row_first[rep + 1] - base
        load = np.zeros((DEEPEST + 1, rows))
        for pair in range(begin, end):
            if reduced[pair] < 0.0:
                for k in range(rows):
                    load[0, k] += value[pair, k]
        total = 0.0
        for k in range(rows):
            total += charge_of(base + k, load[0, k], first, at, level, slope, before)
        best = total
        # Pairs by what differing in them costs; the least that a unit of load costs from each on.
        cost = np.abs(reduced[begin:end])
        count = 0
        for pair in range(end - begin):
            if cost[pair] < best:
                count += 1
        order = np.argsort(cost)[:count]
        step = np.empty((count, rows))
        rate = np.full((count + 1, rows, 2), np.inf)
        for n in range(count - 1, -1, -1):
            pair = begin + order[n]
            sign = 1.0 if reduced[pair] >= 0.0 else -1.0
            for k in range(rows):
                moved = sign * value[pair, k]
                step[n, k] = moved
                rate[n, k, 0], rate[n, k, 1] = rate[n + 1, k, 0], rate[n + 1, k, 1]
                if moved > 0.0:
                    rate[n, k, 0] = min(rate[n, k, 0], cost[order[n]] / moved)
                elif moved < 0.0:
                    rate[n, k, 1] = min(rate[n, k, 1], -cost[order[n]] / moved)
        paid = np.zeros(DEEPEST + 1)
        taken = np.empty(DEEPEST + 1, dtype=np.int64)
        next_ = np.zeros(DEEPEST + 2, dtype=np.int64)
        chosen = np.empty(DEEPEST, dtype=np.int64)
        size = 0
        proved = 0.0
        start = min(FIRST, count)
        while start < count and cost[order[start]] <= 1e-12 * best:
            start += 1
        budget = cost[order[start]] if start < count else best
        left = nodes
        while left > 0:
            depth = 0
            next_[0] = 0
            beyond = False
            while True:
                n = next_[depth]
                limit = min(budget, best)
                open_ = n < count and paid[depth] + cost[order[n]] < limit
                if open_ and depth == DEEPEST:
                    beyond = True
                    open_ = False
                if open_:
                    for k in range(rows):
                        ahead = _ahead(
                            load[depth, k], base + k, rate[n, k], least, most, fall, rise
                        )
                        if paid[depth] + ahead >= best:
                            open_ = False
                            break
                if not open_:
                    if depth == 0:
                        break
                    depth -= 1
                    continue
                if left == 0:
                    beyond = True
                    break
                left -= 1
                next_[depth] = n + 1
                total = 0.0
                for k in range(rows):
                    y = load[depth, k] + step[n, k]
                    load[depth + 1, k] = y
                    total += charge_of(base + k, y, first, at, level, slope, before)
                depth += 1
                paid[depth] = paid[depth - 1] + cost[order[n]]
                taken[depth] = n
                next_[depth] = n + 1
                if paid[depth] + total < best:
                    best = paid[depth] + total
                    size = depth
                    for k in range(depth):
                        chosen[k] = taken[k + 1]
            if beyond:
                break
            proved = budget
            if budget >= best:
                break
            budget *= GROWTH
        looked += nodes - left
        loss[rep], seen[rep] = min(best, proved), best
        for k in range(size):
            pair = begin + order[chosen[k]]
            differs[pair] = 1 if reduced[pair] >= 0.0 else -1
    return looked
