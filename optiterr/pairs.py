"""The account-rep pairs that may be picked, and the distance between their ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth in km (IUGG, R1)."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Candidate pairs, sorted by account and then by rep, each at most once.

    ``account`` and ``rep`` are positions, shape (P,). ``start`` has one entry per account and one
    more: the pairs of account ``i`` are ``start[i]:start[i + 1]``.
    """

    account: Ints
    rep: Ints
    start: NDArray[np.int64]

    @classmethod
    def of(cls, account: ArrayLike, rep: ArrayLike, accounts: int) -> Pairs:
        """Pairs from positions that are already sorted by account, then rep, without repeats."""
        account = np.ascontiguousarray(account, dtype=np.int32)
        rep = np.ascontiguousarray(rep, dtype=np.int32)
        if len(account) > 1:
            step = np.diff(account)
            if (step < 0).any() or ((step == 0) & (np.diff(rep) <= 0)).any():
                raise ValueError("pairs must be sorted by account and rep, each at most once")
        start = np.searchsorted(account, np.arange(accounts + 1)).astype(np.int64)
        return cls(account, rep, start)

    @classmethod
    def full(cls, accounts: int, reps: int) -> Pairs:
        """Every rep for every account."""
        return cls.over(np.arange(accounts), accounts, reps)

    @classmethod
    def over(cls, which: ArrayLike, accounts: int, reps: int) -> Pairs:
        """Every rep for each of the accounts ``which`` (rising positions), none for the others."""
        which = np.asarray(which, dtype=np.int32)
        rep = np.tile(np.arange(reps, dtype=np.int32), len(which))
        return cls.of(np.repeat(which, reps), rep, accounts)

    @property
    def accounts(self) -> int:
        """Number of accounts, with or without a pair."""
        return len(self.start) - 1

    def __len__(self) -> int:
        return len(self.account)

    def keep(self, mask: Mask) -> Pairs:
        """Only the pairs where ``mask`` is true."""
        count = np.concatenate([[0], np.cumsum(mask, dtype=np.int64)])
        return Pairs(self.account[mask], self.rep[mask], count[self.start])

    def find(self, account: ArrayLike, rep: ArrayLike) -> NDArray[np.int64]:
        """Position of each asked pair, or -1 where it is no candidate."""
        account, rep = np.broadcast_arrays(
            np.asarray(account, dtype=np.int64), np.asarray(rep, dtype=np.int64)
        )
        asked = np.flatnonzero((account >= 0) & (account < self.accounts) & (rep >= 0))
        found = np.full(account.shape, -1, dtype=np.int64)
        wanted, place = rep.ravel()[asked], account.ravel()[asked]
        # A binary search among the pairs of each asked account: no array as long as all pairs.
        low, end = self.start[place], self.start[place + 1]
        high = end.copy()
        while (open_ := low < high).any():
            middle = (low + high) // 2
            less = open_ & (self.rep[np.minimum(middle, len(self) - 1)] < wanted)
            low = np.where(less, middle + 1, low)
            high = np.where(open_ & ~less, middle, high)
        hit = low < end
        hit[hit] = self.rep[low[hit]] == wanted[hit]
        found.ravel()[asked[hit]] = low[hit]
        return found


def great_circle_km(
    latitude_a: ArrayLike, longitude_a: ArrayLike, latitude_b: ArrayLike, longitude_b: ArrayLike
) -> Floats:
    """Great-circle distance in km between points in degrees (haversine form, spherical Earth)."""
    a, b = np.radians(np.asarray(latitude_a, float)), np.radians(np.asarray(latitude_b, float))
    turn = np.radians(np.asarray(longitude_b, float) - np.asarray(longitude_a, float))
    h = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(turn / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(h, 1.0))))
