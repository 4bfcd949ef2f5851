"""Places, sizes and books drawn with a seed: what the instances of ``instances.py`` are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from optiterr.pairs import Pairs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

SIDE_KM = 1000.0
"""Accounts and reps lie on a square of this side."""

BACKGROUND = 0.2
"""Share of the accounts that lie anywhere; the others lie in clusters."""

WINDOW, FITS = 64, 4
"""A cut between two regions is evened out by up to ``FITS`` of the next ``WINDOW`` accounts."""

NEIGHBOURS = 6
"""Today's owner of an account that has strayed is one of so many nearest reps, or far away."""

LEFTOVERS = 0.015
"""Share of the accounts whose owner of today may sit anywhere: left over from earlier times."""

STRAYED = 0.1
"""At most this share of all accounts, and of all revenue, has strayed from the hidden plan."""

STRAYED_REP = 0.2
"""At most this share of a rep's accounts in the hidden plan has strayed, and as many came."""


def clustered(rng: np.random.Generator, accounts: int) -> Floats:
    """Places in km, shape (accounts, 2): clusters of Zipf-like sizes before an even background."""
    clusters = int(np.clip(accounts // 150, 8, 400))
    weight = 1.0 / np.arange(1, clusters + 1) ** 0.9
    centre = rng.uniform(0.05 * SIDE_KM, 0.95 * SIDE_KM, (clusters, 2))
    spread = rng.lognormal(np.log(25.0), 0.5, clusters)
    of = rng.choice(clusters, accounts, p=weight / weight.sum())
    at = centre[of] + rng.normal(size=(accounts, 2)) * spread[of, None]
    anywhere = rng.random(accounts) < BACKGROUND
    at[anywhere] = rng.uniform(0, SIDE_KM, (int(anywhere.sum()), 2))
    at = np.abs(at)  # what lies outside is mirrored at the edge
    return np.round(np.clip(SIDE_KM - np.abs(SIDE_KM - at), 0.0, SIDE_KM), 3)


def lognormals(
    rng: np.random.Generator, size: int, sigmas: tuple[float, ...], together: float
) -> list[Floats]:
    """Columns of median 1, one per sigma, whose logarithms correlate by ``together`` with the
    first."""
    first = rng.normal(size=size)
    found = [np.exp(sigmas[0] * first)]
    for sigma in sigmas[1:]:
        own = rng.normal(size=size)
        found.append(np.exp(sigma * (together * first + np.sqrt(1 - together**2) * own)))
    return found


def regions(at: Floats, load: Floats, parts: int) -> Ints:
    """The region of each account: compact regions of nearly equal load, by halving again and again.

    Accounts are cut along the longer side, at the part of the load that each half is for. The
    account that would pass the cut is left to the other half, and a few accounts near the cut
    that fill what is missing take its place.
    """
    region = np.zeros(len(at), dtype=np.int64)
    left = [(np.arange(len(at)), 0, parts)]
    while left:
        members, first, count = left.pop()
        if count == 1:
            region[members] = first
            continue
        half = count // 2
        side = int(np.ptp(at[members], axis=0).argmax())
        order = members[np.argsort(at[members, side], kind="stable")]
        taken = _up_to(load[order], half / count)
        left += [(order[taken], first, half), (order[~taken], first + half, count - half)]
    return region


def _up_to(load: Floats, share: float) -> Mask:
    """The first accounts up to ``share`` of the load, and some behind them that fill it up."""
    total = np.cumsum(load)
    goal = share * total[-1]
    cut = int(np.searchsorted(total, goal, side="right"))
    taken = np.arange(len(load)) < cut
    missing = goal - (total[cut - 1] if cut else 0.0)
    for _ in range(FITS):
        free = cut + np.flatnonzero(~taken[cut : cut + WINDOW])
        if not len(free):
            break
        best = free[np.abs(missing - load[free]).argmin()]
        if abs(missing - load[best]) >= abs(missing):
            break
        taken[best] = True
        missing -= load[best]
    return taken


def homes(rng: np.random.Generator, at: Floats, region: Ints, parts: int) -> Floats:
    """The home of each rep: the place of one account of the rep's region, whichever it is."""
    order = np.argsort(region, kind="stable")
    first = np.searchsorted(region[order], np.arange(parts + 1))
    drawn = first[:-1] + (rng.random(parts) * np.diff(first)).astype(np.int64)
    return np.asarray(at[order[drawn]])


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest reps of each account among those that it may have, nearest first.

    ``rep`` has shape (accounts, k); -1 fills the rows of accounts with fewer reps. ``kind`` and
    ``may`` tell which reps an account may have: ``may[kind[account], rep]``.
    """

    rep: Ints
    kind: Ints
    may: Mask

    @classmethod
    def of(cls, at: Floats, home: Floats, kind: Ints, may: Mask, k: int) -> Nearest:
        """The ``k`` nearest reps by straight line, one tree for each kind of account."""
        k = min(k, len(home))
        found = np.full((len(at), k), -1, dtype=np.int64)
        for one, mask in enumerate(may):
            members, reps = np.flatnonzero(kind == one), np.flatnonzero(mask)
            if not len(members) or not len(reps):
                continue
            look = np.arange(1, min(k, len(reps)) + 1)
            place = cKDTree(home[reps]).query(at[members], k=look, workers=-1)[1]
            found[members, : len(look)] = reps[place]
        return cls(found, kind, may)

    def knows(self, rep: Ints) -> Mask:
        """Whether ``rep[i]`` is one of the nearest reps of account ``i``."""
        return np.asarray((self.rep == rep[:, None]).any(axis=1))


def candidates(near: Nearest, *always: Ints) -> Pairs:
    """The nearest reps of each account, and those of the given plans."""
    accounts, reps = len(near.rep), near.may.shape[1]
    nearest = np.sort(near.rep, axis=1)
    account, place = np.nonzero(nearest >= 0)
    keys = [account * np.int64(reps) + nearest[account, place]]
    everyone = np.arange(accounts, dtype=np.int64) * reps
    keys += [(everyone + plan)[~near.knows(plan)] for plan in always]
    every = np.sort(np.concatenate(keys), kind="stable")  # rows in order already sort fast
    once = every[np.append(True, np.diff(every) > 0)]
    return Pairs.of(once // reps, once % reps, accounts)


def kilometres(at: Floats, home: Floats, pairs: Pairs) -> Floats:
    """Straight line from each account to the rep of each pair, to the metre."""
    step = at[pairs.account] - home[pairs.rep]
    return np.round(np.hypot(step[:, 0], step[:, 1]), 3)


def strayed(rng: np.random.Generator, near: Nearest, hidden: Ints, revenue: Floats) -> Ints:
    """Today's owner of each account: the hidden plan after years of drift.

    Reps are strong or weak, and accounts have gone from weak to strong ones nearby; a few belong to
    a rep far away. Only accounts stray whose rep in the hidden plan is one of the nearest, so that
    the nearest reps and the owner are enough to find back. What strays is within ``STRAYED`` and
    ``STRAYED_REP``.
    """
    accounts, reps = len(hidden), near.may.shape[1]
    strength = rng.normal(size=reps)
    choices = near.rep[:, :NEIGHBOURS]
    pull = strength[choices] - strength[hidden][:, None] - 0.5 * np.arange(choices.shape[1])
    pull += rng.gumbel(size=choices.shape)
    pull[(choices < 0) | (choices == hidden[:, None])] = -np.inf
    best = pull.argmax(axis=1)
    owner, key = choices[np.arange(accounts), best], pull[np.arange(accounts), best]
    key += rng.gumbel(size=accounts)
    far = np.flatnonzero(rng.random(accounts) < LEFTOVERS)
    drawn = rng.integers(0, reps, (len(far), 8))
    fits = near.may[near.kind[far][:, None], drawn] & (drawn != hidden[far][:, None])
    far, drawn, fits = far[fits.any(axis=1)], drawn[fits.any(axis=1)], fits[fits.any(axis=1)]
    owner[far] = drawn[np.arange(len(far)), fits.argmax(axis=1)]
    key[far] = np.inf
    order = np.argsort(-key, kind="stable")
    order = order[(key[order] > -np.inf) & near.knows(hidden)[order]]
    most = np.floor(STRAYED_REP * np.bincount(hidden, minlength=reps)).astype(np.int64)
    order = order[_rank(owner[order]) < most[owner[order]]]
    order = order[_rank(hidden[order]) < most[hidden[order]]]
    order = order[: int(STRAYED * accounts)]
    order = order[np.cumsum(revenue[order]) <= STRAYED * revenue.sum()]
    today = hidden.copy()
    today[order] = owner[order]
    return today


def _rank(group: Ints) -> Ints:
    """How many entries of the same group stand before each entry."""
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], group[order])
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - first
    return rank
