"""Branch and bound over the whole accounts of one rep, compiled; it works on plain arrays.

Imported only inside functions: the compiler takes a while to load.

Each node takes some pairs into the rep's set and keeps others out. What the sets that are left lose
at least is found by moving the prices of the rep's rows: at prices moved by ``m`` a pair costs
``reduced + m value``, every pair that then pays for itself is taken, and the rows charge
``-sup_y (m y - f(y))``; steps are those of Held, Wolfe and Crowder (*Validation of subgradient
optimization*, 1974). The node with the least bound is split next, by a heavy pair that hardly costs
or pays.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from optiterr.charging import charge_of

STEPS, FIRST_STEPS = 15, 60
"""Steps of the prices at a node, and at the first."""

PATIENCE = 2
"""After so many steps that do not help they become half as long."""

EVEN = 1e-9
"""Losses that differ by no more, relative to their size, count as the same."""


@njit(cache=True, nogil=True, inline="always")
def _sup(row, price, load, first, at, level):
    """``sup_y (price y - f(y))`` of a row, and the ``y`` nearest to ``load`` that reaches it."""
    low, high = first[row], first[row + 1]
    best = -np.inf
    for k in range(low, high):
        best = max(best, price * at[k] - level[k])
    near = 1e-12 * (1.0 + abs(best))
    least, most = np.inf, -np.inf
    for k in range(low, high):
        if price * at[k] - level[k] >= best - near:
            least, most = min(least, at[k]), max(most, at[k])
    return best, min(max(load, least), most)


@njit(cache=True, nogil=True, inline="always")
def _moved(pair, reduced, value, move):
    """What ``pair`` costs at prices moved by ``move``."""
    cost = reduced[pair]
    for k in range(len(move)):
        cost += move[k] * value[pair, k]
    return cost


@njit(cache=True, nogil=True)
def _look(
    base, rows, reduced, value, move, state, paid, held,
    first, at, level, slope, before, load, off,
):  # fmt: skip
    """What the sets of a node lose at least at prices moved by ``move``, and what one of them does.

    ``state`` is 0 for pairs that may be taken or not; others cost ``paid`` and load ``held``.
    ``load`` receives the loads of the set, ``off`` what each misses its best load by.
    """
    least = loss = paid
    for k in range(rows):
        load[k] = held[k]
        least += move[k] * held[k]
    for n in range(len(state)):
        if state[n] != 0:
            continue
        cost = _moved(n, reduced, value, move)
        if cost < 0.0:
            least += cost
            loss += reduced[n]
            for k in range(rows):
                load[k] += value[n, k]
    for k in range(rows):
        most, aim = _sup(base + k, move[k], load[k], first, at, level)
        least -= most
        off[k] = load[k] - aim
        loss += charge_of(base + k, load[k], first, at, level, slope, before)
    return least, loss


@njit(cache=True, nogil=True)
def branch_losses(
    begin_rep, end_rep, rep_first, every_reduced, every_value, row_first,
    first, at, level, slope, before, nodes, loss, seen, differs,
):  # fmt: skip
    """Proves more of what reps ``begin_rep .. end_rep`` lose at least, by ``nodes`` nodes each.

    As :func:`optiterr.enumeration.rep_losses`: ``loss`` holds what is proved so far, ``seen`` what
    the best sets known lose, ``differs`` how these differ; all receive what is found. Returns how
    many pairs there were in all nodes.
    """
    weighed = 0
    for rep in range(begin_rep, end_rep):
        begin, end = rep_first[rep], rep_first[rep + 1]
        base = row_first[rep]
        rows, count = row_first[rep + 1] - base, end - begin
        if rows == 0 or loss[rep] >= seen[rep] * (1.0 - EVEN):
            continue
        best, better = seen[rep], False
        # The pairs that a node may decide: all of them at first.
        free = np.arange(count)
        reduced = every_reduced[begin:end].copy()
        value = every_value[begin:end, :rows].copy()
        usual = np.zeros(rows)
        spent = 0.0
        for n in range(count):
            spent -= min(reduced[n], 0.0)
            for k in range(rows):
                usual[k] += abs(value[n, k]) / count
        for k in range(rows):
            usual[k] = max(usual[k], 1e-300)
        room = 2 * nodes + 3
        bound = np.empty(room)
        open_ = np.zeros(room, dtype=np.bool_)
        moves = np.zeros((room, rows))
        # Once for all: pairs that cost too much to be taken, or to be left, at the first prices.
        fixed = np.zeros(count, dtype=np.int8)
        always = np.zeros(rows)
        # What each node takes in (1), keeps out (-1) or leaves, of the free pairs.
        states = np.zeros((1, count), dtype=np.int8)
        found = np.zeros(count, dtype=np.bool_)
        held, load, off = np.empty(rows), np.empty(rows), np.empty(rows)
        move, top_move, top_off = np.empty(rows), np.empty(rows), np.empty(rows)
        made, expanded = 0, 0
        above, heavy = -1, -1
        while True:
            for child in range(1 if above < 0 else 2):
                node = made
                made += 1
                weighed += len(free)
                state = states[node]
                if above >= 0:
                    state[:] = states[above]
                    state[heavy] = 1 - 2 * child
                paid = spent
                held[:] = always
                for n in range(len(free)):
                    if state[n] == 1:
                        paid += reduced[n]
                        for k in range(rows):
                            held[k] += value[n, k]
                if above >= 0:
                    move[:] = moves[above]
                else:
                    move[:] = 0.0
                top, pace, tired = -np.inf, 1.0, 0
                for _ in range(FIRST_STEPS if above < 0 else STEPS):
                    for k in range(rows):
                        row = base + k
                        move[k] = min(max(move[k], before[row]), slope[first[row + 1] - 1])
                    least, lost = _look(
                        base, rows, reduced, value, move, state, paid, held,
                        first, at, level, slope, before, load, off,
                    )  # fmt: skip
                    if lost < best * (1.0 - EVEN):
                        best, better = lost, True
                        for n in range(count):
                            found[n] = fixed[n] == 1
                        for n in range(len(free)):
                            cost = _moved(n, reduced, value, move)
                            found[free[n]] = state[n] == 1 or (state[n] == 0 and cost < 0.0)
                    if least > top + 1e-7 * best:
                        top, tired = least, 0
                        top_move[:], top_off[:] = move, off
                    else:
                        tired += 1
                        if tired == PATIENCE:
                            tired, pace, least = 0, pace / 2, top
                            move[:], off[:] = top_move, top_off
                    far = 0.0
                    for k in range(rows):
                        far += (off[k] / usual[k]) ** 2
                    if far == 0.0 or top >= best * (1.0 - EVEN):
                        break
                    step = pace * (best - least) / far
                    for k in range(rows):
                        move[k] += step * off[k] / usual[k] ** 2
                bound[node] = top if above < 0 else max(top, bound[above])
                moves[node] = top_move
                open_[node] = True
                if above < 0:
                    left = 0
                    for n in range(count):
                        cost = _moved(n, reduced, value, top_move)
                        if abs(cost) < best - top:
                            free[left] = n
                            left += 1
                        elif cost < 0.0:
                            fixed[n] = 1
                            spent += reduced[n]
                            for k in range(rows):
                                always[k] += value[n, k]
                        else:
                            fixed[n] = -1
                    free = free[:left].copy()
                    reduced = reduced[free]
                    value = value[free]
                    states = np.zeros((room, left), dtype=np.int8)
                else:
                    for n in range(len(free)):
                        if state[n] == 0:
                            cost = _moved(n, reduced, value, top_move)
                            if abs(cost) >= best - top:
                                state[n] = 1 if cost < 0.0 else -1
            # The open node with the least bound is next; those that hold one set are done with.
            heavy = -1
            while heavy < 0:
                proved, above = best, -1
                for node in range(made):
                    if open_[node] and bound[node] < proved:
                        proved, above = bound[node], node
                if above < 0 or proved >= best * (1.0 - EVEN) or expanded == nodes:
                    break
                open_[above] = False
                state = states[above]
                score = -1.0
                for n in range(len(free)):
                    if state[n] != 0:
                        continue
                    cost, size = _moved(n, reduced, value, moves[above]), 0.0
                    for k in range(rows):
                        size += abs(value[n, k]) / usual[k]
                    worth = size * max(1.0 - abs(cost) / (best - proved), 0.0)
                    if worth > score:
                        heavy, score = n, worth
            if heavy < 0:
                break
            expanded += 1
        loss[rep] = max(loss[rep], min(proved, best))
        seen[rep] = best
        if better:
            for n in range(count):
                natural = every_reduced[begin + n] < 0.0
                differs[begin + n] = (1 if found[n] else 0) - (1 if natural else 0)
    return weighed
