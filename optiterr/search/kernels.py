"""The inner loops of the search, compiled: everything here works on plain arrays.

Imported only inside functions: the compiler takes a while to load.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from optiterr.charging import charge_of


@njit(cache=True, nogil=True)
def count_entries(indices, count):
    """Adds the number of entries of each pair to ``count[pair + 1]``."""
    for at in range(len(indices)):
        count[indices[at] + 1] += 1


@njit(cache=True, nogil=True)
def fill_entries(indptr, indices, data, shift, place, row, value):
    """Writes the entries of one block, given by row, to their places by pair."""
    for own in range(len(indptr) - 1):
        for at in range(indptr[own], indptr[own + 1]):
            pair = indices[at]
            to = place[pair]
            row[to] = shift + own
            value[to] = data[at]
            place[pair] = to + 1


@njit(cache=True, nogil=True)
def add_loads(first, row, value, choice, load):
    """Adds what the pairs ``choice`` load to ``load``."""
    for pair in choice:
        for at in range(first[pair], first[pair + 1]):
            load[row[at]] += value[at]


@njit(cache=True, nogil=True)
def price_pairs(cost, first, row, value, price, begin, end, reduced):
    """Reduced cost of each pair ``begin .. end``."""
    for pair in range(begin, end):
        total = cost[pair]
        for at in range(first[pair], first[pair + 1]):
            total += value[at] * price[row[at]]
        reduced[pair] = total


@njit(cache=True, nogil=True)
def smooth_pass(start, cost, first, row, value, price, width, begin, end, load):
    """Least reduced costs of accounts ``begin .. end`` added up, and smoothed loads.

    Each account shares itself among its pairs with weights ``exp(-regret / width)``; what they load
    is added to ``load``.
    """
    most = 0
    for account in range(begin, end):
        most = max(most, start[account + 1] - start[account])
    reduced = np.empty(most)
    total = 0.0
    reach = 12.0 * width
    for account in range(begin, end):
        low, high = start[account], start[account + 1]
        least = np.inf
        for pair in range(low, high):
            sum_ = cost[pair]
            for at in range(first[pair], first[pair + 1]):
                sum_ += value[at] * price[row[at]]
            reduced[pair - low] = sum_
            if sum_ < least:
                least = sum_
        total += least
        weight = 0.0
        for pair in range(low, high):
            regret = reduced[pair - low] - least
            if regret < reach:
                share = np.exp(-regret / width)
                reduced[pair - low] = share
                weight += share
            else:
                reduced[pair - low] = 0.0
        for pair in range(low, high):
            share = reduced[pair - low]
            if share > 0.0:
                share /= weight
                for at in range(first[pair], first[pair + 1]):
                    load[row[at]] += share * value[at]
    return total


@njit(cache=True, nogil=True)
def regrets(start, cost, first, row, value, price, begin, end, regret, best, second):
    """Regret of each pair, the best pair of each account and what its second best costs more.

    Returns the least reduced costs added up.
    """
    total = 0.0
    for account in range(begin, end):
        low, high = start[account], start[account + 1]
        least, next_, at_best = np.inf, np.inf, low
        for pair in range(low, high):
            sum_ = cost[pair]
            for at in range(first[pair], first[pair + 1]):
                sum_ += value[at] * price[row[at]]
            regret[pair] = sum_
            if sum_ < least:
                next_, least, at_best = least, sum_, pair
            elif sum_ < next_:
                next_ = sum_
        total += least
        best[account] = at_best
        second[account] = next_ - least
        for pair in range(low, high):
            regret[pair] -= least
    return total


# -- moves: loads are charged by points and slopes; a row that belongs to a ceiling adds to that


@njit(cache=True, nogil=True, inline="always")
def _next(state):
    """Uniform number in [0, 1) of a xorshift generator."""
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return (x >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True, nogil=True, inline="always")
def _touch(pair, sign, first, row, value, change, mark, turn, touched, count):
    """Adds the entries of ``pair`` to ``change``; returns how many rows are touched this turn."""
    for at in range(first[pair], first[pair + 1]):
        own = row[at]
        if mark[own] != turn:
            mark[own] = turn
            change[own] = 0.0
            touched[count] = own
            count += 1
        change[own] += sign * value[at]
    return count


@njit(cache=True, nogil=True)
def _rise(
    touched, count, change, load, charge, fresh, sink, total, most, dear,
    at_first, at, level, slope, before, extra,
):  # fmt: skip
    """What ``change`` of the loads costs; ``fresh`` receives the new charges of touched rows.

    ``extra`` is scratch: what each ceiling's sum rises by.
    """
    rise = 0.0
    for k in range(len(extra)):
        extra[k] = 0.0
    for k in range(count):
        own = touched[k]
        new = charge_of(own, load[own] + change[own], at_first, at, level, slope, before)
        fresh[k] = new
        if sink[own] < 0:
            rise += new - charge[own]
        else:
            extra[sink[own]] += new - charge[own]
    for k in range(len(extra)):
        if extra[k] != 0.0:
            old = max(total[k] - most[k], 0.0)
            rise += dear[k] * (max(total[k] + extra[k] - most[k], 0.0) - old)
    return rise


@njit(cache=True, nogil=True)
def anneal(
    start, rep, cost, first, row, value,
    choice, load, charge,
    at_first, at, level, slope, before,
    sink, total, most, dear,
    seat_first, seat, seat_of, seats,
    active, tries, hot, cold, state,
):  # fmt: skip
    """Tries ``tries`` random moves, swaps and chains; worse ones are taken ever more seldom.

    A worsening by ``d`` is taken with probability ``exp(-d / t)``, ``t`` falling from ``hot`` to
    ``cold`` (Kirkpatrick, Gelatt and Vecchi, 1983). Changes ``choice``, ``load``, ``charge``,
    ``total`` and the seats in place; returns the cost gained (negative is better) and the number of
    changes taken. Entries ``seat[seat_first[r]:][:seats[r]]`` are the accounts that rep ``r`` has,
    and ``seat_of`` the place of each there.
    """
    rows = len(load)
    change = np.zeros(rows)
    mark = np.full(rows, -1)
    touched = np.empty(rows, dtype=np.int64)
    fresh = np.empty(rows)
    extra = np.zeros(len(total))
    gained, taken = 0.0, 0
    heat = hot
    cool = (cold / hot) ** (1.0 / max(1.0, tries / 256.0)) if hot > 0.0 else 1.0
    for attempt in range(tries):
        if attempt % 256 == 255:
            heat *= cool
        account = active[int(_next(state) * len(active))]
        low, width = start[account], start[account + 1] - start[account]
        old = choice[account]
        new = low + int(_next(state) * (width - 1))
        if new >= old:
            new += 1
        here, there = rep[old], rep[new]
        other, left, right = -1, -1, -1
        kind = _next(state)
        if kind > 0.3 and seats[there] > 0:
            # One of the accounts there makes room: it goes here, or on to a third rep.
            for _ in range(3):
                candidate = seat[seat_first[there] + int(_next(state) * seats[there])]
                if candidate == account:
                    continue
                from_, to = start[candidate], start[candidate + 1]
                if to - from_ < 2:
                    continue
                if kind < 0.9:
                    for pair in range(from_, to):
                        if rep[pair] == here:
                            other, left, right = candidate, choice[candidate], pair
                            break
                else:
                    pair = from_ + int(_next(state) * (to - from_ - 1))
                    if pair >= choice[candidate]:
                        pair += 1
                    other, left, right = candidate, choice[candidate], pair
                if other >= 0:
                    break
            if other < 0:
                continue
        rise = cost[new] - cost[old]
        count = _touch(old, -1.0, first, row, value, change, mark, attempt, touched, 0)
        count = _touch(new, 1.0, first, row, value, change, mark, attempt, touched, count)
        if other >= 0:
            rise += cost[right] - cost[left]
            count = _touch(left, -1.0, first, row, value, change, mark, attempt, touched, count)
            count = _touch(right, 1.0, first, row, value, change, mark, attempt, touched, count)
        rise += _rise(
            touched, count, change, load, charge, fresh, sink, total, most, dear,
            at_first, at, level, slope, before, extra,
        )  # fmt: skip
        if rise <= 0.0 or (
            heat > 0.0 and rise < 30.0 * heat and _next(state) < np.exp(-rise / heat)
        ):
            gained += rise
            taken += 1
            for k in range(count):
                own = touched[k]
                load[own] += change[own]
                charge[own] = fresh[k]
            for k in range(len(extra)):
                total[k] += extra[k]
            _reseat(account, here, there, seat_first, seat, seat_of, seats)
            choice[account] = new
            if other >= 0:
                _reseat(other, there, rep[right], seat_first, seat, seat_of, seats)
                choice[other] = right
    return gained, taken


@njit(cache=True, nogil=True, inline="always")
def _reseat(account, from_, to, seat_first, seat, seat_of, seats):
    """Moves ``account`` from the seats of one rep to those of another."""
    if from_ == to:
        return
    last = seats[from_] - 1
    place = seat_of[account]
    moved = seat[seat_first[from_] + last]
    seat[seat_first[from_] + place] = moved
    seat_of[moved] = place
    seats[from_] = last
    seat[seat_first[to] + seats[to]] = account
    seat_of[account] = seats[to]
    seats[to] += 1
