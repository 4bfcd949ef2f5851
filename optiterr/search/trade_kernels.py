"""The inner loops of trades, compiled: everything here works on plain arrays.

Imported only inside functions: the compiler takes a while to load.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from optiterr.search.chain_kernels import _above, _counted, _desk, _held, _made
from optiterr.search.kernels import _next

LOUD = 8.0
"""Noise above so many times the heat is as good as never drawn: dearer trades are not looked at."""


@njit(cache=True, nogil=True, inline="always")
def _noise(heat, state):
    """A draw from the Gumbel distribution times ``-heat``: the least of costs with such noise is
    each of them with probability in proportion to ``exp(-cost / heat)``."""
    if heat <= 0.0:
        return 0.0
    return heat * np.log(-np.log(_next(state) + 1e-300))


@njit(cache=True, nogil=True)
def _leaving(g, s, here, there, dear, state, account, pair, gain):
    """Accounts of ``here`` that could go to ``there`` for less than ``dear``, their pairs there and
    what that costs at row prices; how many. Of more than there is room for, a random part."""
    found, seen = 0, 0
    for place in range(s.seats[here]):
        who = s.seat[s.seat_first[here] + place]
        old = s.choice[who]
        for to in range(g.start[who], g.start[who + 1]):
            if g.rep[to] != there:
                continue
            more = g.reduced[to] - g.reduced[old]
            if more < dear:
                into = found if found < len(account) else int(_next(state) * (seen + 1))
                if into < len(account):
                    account[into], pair[into], gain[into] = who, to, more
                    found = max(found, into + 1)
                seen += 1
            break
    return found


@njit(cache=True, nogil=True)
def _steps(g, s, reps, leaving, account, pair, step, rows):
    """What each account's move adds to the rows of both reps; how many rows there are.

    The first ``leaving`` accounts leave ``reps[0]``, the others come to it.
    """
    count = 0
    for side in range(2):
        for k in range(g.own.shape[1]):
            row = g.own[reps[side], k]
            if row < 0:
                break
            rows[count] = row
            for n in range(len(account)):
                if (n < leaving) == (side == 0):
                    step[n, count] = -g.amount[s.choice[account[n]], k]
                else:
                    step[n, count] = g.amount[pair[n], k]
            count += 1
    return count


@njit(cache=True, nogil=True)
def _stiffest(g, s, rows, count, step):
    """The row that is bent most over what accounts usually differ by."""
    best, most = 0, -1.0
    for k in range(count):
        size = np.abs(step[:, k])
        usual = np.abs(size - size.mean()).mean()
        load = s.load[rows[k]]
        bend = _above(g, rows[k], load + usual) + _above(g, rows[k], load - usual)
        bend -= 2.0 * _above(g, rows[k], load)
        if bend > most:
            best, most = k, bend
    return best


@njit(cache=True, nogil=True)
def _bottom(g, row):
    """The load at which ``row`` costs least above its price."""
    at, least = 0.0, np.inf
    for point in range(g.at_first[row], g.at_first[row + 1]):
        height = g.level[point] - g.price[row] * g.at[point]
        if height < least:
            at, least = g.at[point], height
    return at


@njit(cache=True, nogil=True)
def _halves(gain, step, key):
    """All sets of up to two accounts: who, the later one first and -1 for none, what they cost and
    what they move in row ``key``."""
    n = len(gain)
    who = np.full((1 + n + n * (n - 1) // 2, 2), -1)
    more, moved = np.zeros(len(who)), np.zeros(len(who))
    at = 1
    for one in range(n):
        for other in range(-1, one):
            who[at, 0], who[at, 1] = one, other
            more[at], moved[at] = gain[one], step[one, key]
            if other >= 0:
                more[at] += gain[other]
                moved[at] += step[other, key]
            at += 1
    return who, more, moved


@njit(cache=True, nogil=True, inline="always")
def _once(one, other):
    """Whether two sets are the halves in which to count what they make together: the later two
    accounts, and those before them. So no account is in both, either."""
    if one[0] < 0 or other[0] < 0:
        return one[0] != other[0]
    if one[0] > other[0]:
        return one[1] > other[0]
    return other[1] > one[0]


@njit(cache=True, nogil=True)
def _with_rows(g, s, rows, key, step, one, other, cost, most):
    """``cost`` and what all ``rows`` but ``key`` cost above their prices after both halves of a
    trade, added up for as long as it stays below ``most``."""
    for k in range(len(rows)):
        if cost >= most:
            break
        if k == key:
            continue
        load = s.load[rows[k]]
        for half in (one, other):
            for at in half:
                if at >= 0:
                    load += step[at, k]
        cost += _above(g, rows[k], load)
    return cost


@njit(cache=True, nogil=True)
def _drawn(g, s, d, here, there, few, dear, heat, least, state, accounts, pairs):
    """A trade between ``here`` and ``there``, left in ``accounts`` and ``pairs``; of how many
    accounts. At heat 0 the best that gains ``least``."""
    account, pair = np.empty(2 * few, dtype=np.int64), np.empty(2 * few, dtype=np.int64)
    gain = np.empty(2 * few)
    leaving = _leaving(g, s, here, there, dear, state, account[:few], pair[:few], gain[:few])
    n = leaving + _leaving(
        g, s, there, here, dear, state, account[leaving:], pair[leaving:], gain[leaving:]
    )
    rows = np.empty(2 * g.own.shape[1], dtype=np.int64)
    step = np.zeros((n, len(rows)))
    count = _steps(g, s, (here, there), leaving, account[:n], pair[:n], step, rows)
    if n == 0 or count == 0:
        return 0
    key = _stiffest(g, s, rows, count, step)
    row, now = rows[key], _held(g, s, here) + _held(g, s, there)
    who, more, moved = _halves(gain[:n], step, key)
    loud, lowest = LOUD * heat, more.min()
    best, many = _noise(heat, state) if heat > 0.0 else -least, 0
    kept = np.flatnonzero(more < now - lowest + best + loud)
    kept = kept[np.argsort(moved[kept])]
    who, more, moved = who[kept], more[kept], moved[kept]
    into, to = np.empty(4, dtype=np.int64), np.empty(4, dtype=np.int64)
    fits = _bottom(g, row) - s.load[row]
    for one in range(len(more)):
        # Of two halves the cheaper one looks for the other.
        if 2.0 * more[one] >= now + best + loud:
            continue
        begin = np.searchsorted(moved, fits - moved[one])
        for way in (-1, 1):
            other = begin - 1 if way < 0 else begin
            while 0 <= other < len(more):
                cost = more[one] - now + _above(g, row, s.load[row] + moved[one] + moved[other])
                if cost + lowest >= best + loud:
                    break
                cost += more[other]
                cheaper = more[one] < more[other] or (more[one] == more[other] and one < other)
                if cost < best + loud and cheaper and _once(who[one], who[other]):
                    cost = _with_rows(
                        g, s, rows[:count], key, step, who[one], who[other], cost, best + loud
                    )
                    noise = _noise(heat, state) if cost < best + loud else 0.0
                    if cost + noise < best:
                        size = 0
                        for half in (one, other):
                            for at in who[half]:
                                if at >= 0:
                                    into[size], to[size] = account[at], pair[at]
                                    size += 1
                        cost = noise + _counted(g, s, d, into, to, size)
                        if cost < best:
                            best, many = cost, size
                            accounts[:size], pairs[:size] = into[:size], to[:size]
                other += way
    return many


@njit(cache=True, nogil=True)
def trade(g, s, breadth, one, other, few, reach, heats, least, state):
    """Draws trades between the reps ``one[k]`` and ``other[k]``, at each of ``heats`` as many as
    there are such pairs; what the plan costs more."""
    d = _desk(g, s, breadth)
    accounts, pairs = np.empty(4, dtype=np.int64), np.empty(4, dtype=np.int64)
    more = 0.0
    for heat in heats:
        dear = reach * heat if heat > 0.0 else np.inf
        for _ in range(len(one)):
            k = int(_next(state) * len(one))
            many = _drawn(g, s, d, one[k], other[k], few, dear, heat, least, state, accounts, pairs)
            if many > 0:
                more += _made(g, s, d, accounts, pairs, many)
    return more
