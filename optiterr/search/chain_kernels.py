"""The inner loops of chains, compiled: everything here works on plain arrays.

Imported only inside functions: the compiler takes a while to load. What it compiled is kept on disk
under the names of the classes here: a class that is renamed needs a module of another name.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from optiterr.charging import charge_of
from optiterr.search.kernels import _next, _reseat, _rise, _touch


class Given(NamedTuple):
    """What stays: the field, its rows by rep, reduced costs, row prices and the lines."""

    start: np.ndarray
    rep: np.ndarray
    cost: np.ndarray
    first: np.ndarray
    row: np.ndarray
    value: np.ndarray
    own: np.ndarray
    amount: np.ndarray
    reduced: np.ndarray
    price: np.ndarray
    floor: np.ndarray
    at_first: np.ndarray
    at: np.ndarray
    level: np.ndarray
    slope: np.ndarray
    before: np.ndarray
    sink: np.ndarray
    most: np.ndarray
    dear: np.ndarray


class Stand(NamedTuple):
    """What changes: see ``moves.Standing``."""

    choice: np.ndarray
    load: np.ndarray
    charge: np.ndarray
    total: np.ndarray
    seat_first: np.ndarray
    seat: np.ndarray
    seat_of: np.ndarray
    seats: np.ndarray


class Desk(NamedTuple):
    """Scratch: ``tally`` holds the turn, rows touched, and seats looked at."""

    change: np.ndarray
    mark: np.ndarray
    touched: np.ndarray
    fresh: np.ndarray
    extra: np.ndarray
    tally: np.ndarray
    visited: np.ndarray
    account: np.ndarray
    pair: np.ndarray
    sums: np.ndarray
    best_account: np.ndarray
    best_pair: np.ndarray
    next_account: np.ndarray
    next_pair: np.ndarray
    next_sum: np.ndarray
    found: np.ndarray
    taken: np.ndarray


@njit(cache=True, nogil=True)
def _desk(g, s, breadth):
    """An empty desk."""
    rows, deep, wide = len(s.load), len(breadth), breadth.max()
    return Desk(
        np.zeros(rows),
        np.full(rows, -1),
        np.empty(rows, dtype=np.int64),
        np.empty(rows),
        np.zeros(len(g.most)),
        np.zeros(3, dtype=np.int64),
        np.zeros(len(s.seats), dtype=np.bool_),
        np.empty(deep + 1, dtype=np.int64),
        np.empty(deep + 1, dtype=np.int64),
        np.zeros(deep + 1),
        np.empty(deep + 1, dtype=np.int64),
        np.empty(deep + 1, dtype=np.int64),
        np.empty((deep, wide), dtype=np.int64),
        np.empty((deep, wide), dtype=np.int64),
        np.empty((deep, wide)),
        np.zeros(deep + 1, dtype=np.int64),
        np.zeros(deep + 1, dtype=np.int64),
    )


@njit(cache=True, nogil=True, inline="always")
def _turned(g, s, rep, leaves, enters):
    """How much more the rows of ``rep`` cost, above their prices, when one pair leaves and another
    enters; -1 for none."""
    more = 0.0
    for k in range(g.own.shape[1]):
        row = g.own[rep, k]
        if row < 0:
            break
        step = 0.0
        if enters >= 0:
            step += g.amount[enters, k]
        if leaves >= 0:
            step -= g.amount[leaves, k]
        if step != 0.0:
            more -= s.charge[row] + g.price[row] * step
            more += charge_of(row, s.load[row] + step, g.at_first, g.at, g.level, g.slope, g.before)
    return more


@njit(cache=True, nogil=True, inline="always")
def _residual(g, row, load, charge):
    """What ``row`` costs above its price and the least that it can: never below zero."""
    return charge - g.price[row] * load - g.floor[row]


@njit(cache=True, nogil=True, inline="always")
def _above(g, row, load):
    """What ``row`` costs at ``load`` above its price and the least that it can: never below 0."""
    charge = charge_of(row, load, g.at_first, g.at, g.level, g.slope, g.before)
    return _residual(g, row, load, charge)


@njit(cache=True, nogil=True)
def _held(g, s, rep):
    """The residuals of the rows of ``rep``."""
    total = 0.0
    for k in range(g.own.shape[1]):
        row = g.own[rep, k]
        if row < 0:
            break
        total += _residual(g, row, s.load[row], s.charge[row])
    return total


@njit(cache=True, nogil=True, inline="always")
def _traded(g, s, rep, leaves, enters, so_far, most):
    """``so_far`` and the residuals of the rows of ``rep`` when one pair leaves and another enters,
    added up for as long as they stay below ``most``."""
    for k in range(g.own.shape[1]):
        row = g.own[rep, k]
        if row < 0 or so_far >= most:
            break
        load = s.load[row] + g.amount[enters, k] - g.amount[leaves, k]
        so_far += _above(g, row, load)
    return so_far


@njit(cache=True, nogil=True)
def _counted(g, s, d, accounts, pairs, many):
    """What the plan costs more when ``many`` accounts take other pairs, all rows counted."""
    d.tally[0] += 1
    turn, touched, more = d.tally[0], 0, 0.0
    for k in range(many):
        old = s.choice[accounts[k]]
        more += g.cost[pairs[k]] - g.cost[old]
        touched = _touch(
            old, -1.0, g.first, g.row, g.value, d.change, d.mark, turn, d.touched, touched
        )
        touched = _touch(
            pairs[k], 1.0, g.first, g.row, g.value, d.change, d.mark, turn, d.touched, touched
        )
    d.tally[1] = touched
    return more + _rise(
        d.touched, touched, d.change, s.load, s.charge, d.fresh, g.sink, s.total, g.most, g.dear,
        g.at_first, g.at, g.level, g.slope, g.before, d.extra,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _made(g, s, d, accounts, pairs, many):
    """Lets ``many`` accounts take other pairs; what the plan costs more."""
    more = _counted(g, s, d, accounts, pairs, many)
    for k in range(d.tally[1]):
        row = d.touched[k]
        s.load[row] += d.change[row]
        s.charge[row] = d.fresh[k]
    for k in range(len(d.extra)):
        s.total[k] += d.extra[k]
    for k in range(many):
        account = accounts[k]
        old = s.choice[account]
        _reseat(account, g.rep[old], g.rep[pairs[k]], s.seat_first, s.seat, s.seat_of, s.seats)
        s.choice[account] = pairs[k]
    return more


@njit(cache=True, nogil=True)
def _best(g, s, d, begins, breadth, look, least, state):
    """The chain or cycle that begins with ``begins`` and costs least; how many accounts it has.

    It is left in ``best_account`` and ``best_pair``, and must lower the cost by ``least``. Partial
    sums stay below zero: every cycle that gains has an account from which they do (Lin and
    Kernighan, 1973). Of the ways on from each account ``breadth`` are followed, the cheapest; of a
    rep with more than ``look`` accounts as many are looked at, beginning anywhere.
    """
    home = g.rep[s.choice[begins]]
    left = _turned(g, s, home, s.choice[begins], -1)
    best, many = -least, 0
    d.visited[home] = True
    d.account[0], d.sums[0] = begins, 0.0
    depth, fresh = 0, True
    while depth >= 0:
        account = d.account[depth]
        if fresh:
            found, old = 0, s.choice[account]
            wide = breadth[depth] if depth < len(breadth) else 0
            for pair in range(g.start[account], g.start[account + 1]):
                to = g.rep[pair]
                if pair == old or (d.visited[to] and (to != home or depth == 0)):
                    continue
                so_far = d.sums[depth] + g.reduced[pair] - g.reduced[old]
                if to == home:
                    # The cycle closes: in the place of the account that it began with.
                    more = so_far + _turned(g, s, home, s.choice[begins], pair)
                else:
                    more = so_far + left + _turned(g, s, to, -1, pair)
                if more < best:
                    d.pair[depth] = pair
                    more = _counted(g, s, d, d.account, d.pair, depth + 1)
                    if more < best:
                        best, many = more, depth + 1
                        for k in range(many):
                            d.best_account[k] = d.account[k]
                            d.best_pair[k] = d.pair[k]
                if to == home or wide == 0:
                    continue
                seats, begin = s.seats[to], 0
                there = min(seats, look)
                if seats > look:
                    begin = int(_next(state) * seats)
                d.tally[2] += there
                bare = so_far - _held(g, s, to)
                for k in range(there):
                    place = begin + k
                    if place >= seats:
                        place -= seats
                    other = s.seat[s.seat_first[to] + place]
                    most = d.next_sum[depth, wide - 1] if found == wide else 0.0
                    more = _traded(g, s, to, s.choice[other], pair, bare, most)
                    if more < most:
                        into = found if found < wide else wide - 1
                        found = min(found + 1, wide)
                        while into > 0 and d.next_sum[depth, into - 1] > more:
                            d.next_sum[depth, into] = d.next_sum[depth, into - 1]
                            d.next_account[depth, into] = d.next_account[depth, into - 1]
                            d.next_pair[depth, into] = d.next_pair[depth, into - 1]
                            into -= 1
                        d.next_sum[depth, into] = more
                        d.next_account[depth, into], d.next_pair[depth, into] = other, pair
            d.found[depth], d.taken[depth] = found, 0
        if d.taken[depth] < d.found[depth]:
            k = d.taken[depth]
            d.taken[depth] += 1
            d.pair[depth] = d.next_pair[depth, k]
            d.account[depth + 1] = d.next_account[depth, k]
            d.sums[depth + 1] = d.next_sum[depth, k]
            d.visited[g.rep[d.pair[depth]]] = True
            depth, fresh = depth + 1, True
        else:
            if depth > 0:
                d.visited[g.rep[s.choice[account]]] = False
            depth, fresh = depth - 1, False
    d.visited[home] = False
    return many


@njit(cache=True, nogil=True)
def exchange(g, s, order, breadth, look, least, work, state):
    """Makes the best chain from each account in ``order``, until none gains or ``work`` seats were
    looked at; what the plan costs more (negative is better)."""
    d = _desk(g, s, breadth)
    gained = 0.0
    while True:
        before = gained
        for account in order:
            many = _best(g, s, d, account, breadth, look, least, state)
            if many > 0:
                gained += _made(g, s, d, d.best_account, d.best_pair, many)
            if d.tally[2] >= work:
                return gained
        if gained == before:
            return gained


@njit(cache=True, nogil=True)
def _kicked(g, s, d, account, state, accounts, pairs):
    """Draws a move of ``account`` and, where one can, of another one to where it was; how many."""
    low, width = g.start[account], g.start[account + 1] - g.start[account]
    old = s.choice[account]
    pair = low + int(_next(state) * (width - 1))
    if pair >= old:
        pair += 1
    accounts[0], pairs[0] = account, pair
    here, there = g.rep[old], g.rep[pair]
    if s.seats[there] > 0:
        other = s.seat[s.seat_first[there] + int(_next(state) * s.seats[there])]
        for back in range(g.start[other], g.start[other + 1]):
            if g.rep[back] == here:
                accounts[1], pairs[1] = other, back
                return 2
    return 1


@njit(cache=True, nogil=True)
def shake(g, s, breadth, look, least, work, state):
    """Kicks accounts at random and mends around them by chains; what comes out dearer is undone.

    Until ``work`` seats were looked at (iterated local search, Lourenço, Martin and Stützle, 2003);
    what the plan costs more (negative is better).
    """
    d = _desk(g, s, breadth)
    reps = len(s.seats)
    accounts, pairs = np.empty(2, dtype=np.int64), np.empty(2, dtype=np.int64)
    log_account = np.empty(64 * (len(breadth) + 1), dtype=np.int64)
    log_pair = np.empty(len(log_account), dtype=np.int64)
    full = len(log_account) - len(breadth) - 1
    waiting, waits = np.empty(reps + 1, dtype=np.int64), np.zeros(reps, dtype=np.bool_)
    gained = 0.0
    while d.tally[2] < work:
        d.tally[2] += 1
        more, logged, head, tail = 0.0, 0, 0, 0
        account = int(_next(state) * len(s.choice))
        for _ in range(1 + int(_next(state) * 2)):
            many = _kicked(g, s, d, account, state, accounts, pairs)
            there = g.rep[pairs[0]]
            for k in range(many):
                log_account[logged], log_pair[logged] = accounts[k], s.choice[accounts[k]]
                logged += 1
                for rep in (g.rep[s.choice[accounts[k]]], g.rep[pairs[k]]):
                    if not waits[rep]:
                        waits[rep] = True
                        waiting[tail] = rep
                        tail = (tail + 1) % (reps + 1)
            more += _made(g, s, d, accounts, pairs, many)
            if s.seats[there] == 0:
                break
            account = s.seat[s.seat_first[there] + int(_next(state) * s.seats[there])]
        while head != tail:
            rep = waiting[head]
            head = (head + 1) % (reps + 1)
            waits[rep] = False
            place = 0
            while place < s.seats[rep] and logged < full:
                begins = s.seat[s.seat_first[rep] + place]
                place += 1
                many = _best(g, s, d, begins, breadth, look, least, state)
                for k in range(many):
                    old = s.choice[d.best_account[k]]
                    log_account[logged], log_pair[logged] = d.best_account[k], old
                    logged += 1
                    for other in (g.rep[old], g.rep[d.best_pair[k]]):
                        if not waits[other]:
                            waits[other] = True
                            waiting[tail] = other
                            tail = (tail + 1) % (reps + 1)
                if many > 0:
                    more += _made(g, s, d, d.best_account, d.best_pair, many)
        if more <= 0.0:
            gained += more
            continue
        for k in range(logged - 1, -1, -1):
            accounts[0], pairs[0] = log_account[k], log_pair[k]
            _made(g, s, d, accounts, pairs, 1)
    return gained
