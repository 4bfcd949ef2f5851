"""The candidate pairs of a problem: all, the nearest reps of each account, or those of a table."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optiterr.pairs import Floats, Ints, Mask, Pairs, great_circle_km

CHUNK_ACCOUNTS = 50_000
"""Nearest reps are looked up for this many accounts at a time."""
MORE = 4
"""Sites looked up beyond the number asked for, to see ties at the edge."""

Keys = NDArray[np.int64]


def pairs_of(account: ArrayLike, rep: ArrayLike, accounts: int, reps: int) -> Pairs:
    """Pairs from positions in any order; a pair given twice is one pair."""
    width = max(reps, 1)
    keys = _each_once([np.asarray(account, np.int64) * width + np.asarray(rep, np.int64)])
    return Pairs.of(keys // width, keys % width, accounts)


def all_pairs(accounts: int, serves: Mask) -> Pairs:
    """Every rep that serves, for every account."""
    rep = np.flatnonzero(serves).astype(np.int32)
    account = np.repeat(np.arange(accounts, dtype=np.int32), len(rep))
    return Pairs(
        account, np.tile(rep, accounts), np.arange(accounts + 1, dtype=np.int64) * len(rep)
    )


def nearest_pairs(
    account_at: tuple[Floats, Floats],
    rep_at: tuple[Floats, Floats],
    owner: Ints,
    nearest: int,
    kind: NDArray[np.int64],
    may: Mask,
) -> Pairs:
    """For each account its ``nearest`` reps among those its kind may have, and always its owner.

    Places are (latitudes, longitudes) in degrees; ``owner`` is a rep position or negative. Nearness
    is the great-circle distance to the millimetre; of reps equally far, the earlier in the roster
    is taken. Where fewer reps are eligible, all of them are candidates.
    """
    accounts, reps = len(kind), may.shape[1]
    owned = np.flatnonzero(owner >= 0)
    found = [owned * np.int64(reps) + owner[owned]]
    rows, group = np.unique(may, axis=0, return_inverse=True)
    group = group.reshape(-1)[kind]
    for row in range(len(rows)):
        rep = np.flatnonzero(rows[row])
        if not len(rep):
            continue
        sites = _Sites(rep, rep_at[0][rep], rep_at[1][rep], reps)
        members = np.flatnonzero(group == row)
        for first in range(0, len(members), CHUNK_ACCOUNTS):
            chunk = members[first : first + CHUNK_ACCOUNTS]
            found.append(sites.nearest(chunk, account_at[0][chunk], account_at[1][chunk], nearest))
    keys = _each_once(found)
    return Pairs.of(keys // reps, keys % reps, accounts)


def _each_once(runs: list[Keys]) -> Keys:
    """All keys in order, each once; quick where the runs are in order already."""
    keys = np.sort(np.concatenate(runs), kind="stable")
    return keys[np.append(True, np.diff(keys) > 0)] if len(keys) else keys


def _on_sphere(latitude: Floats, longitude: Floats) -> Floats:
    north, east = np.radians(latitude), np.radians(longitude)
    flat = np.cos(north)
    return np.column_stack([flat * np.cos(east), flat * np.sin(east), np.sin(north)])


class _Sites:
    """Distinct places of reps, each with the reps that sit there in roster order."""

    def __init__(self, rep: NDArray[np.int64], north: Floats, east: Floats, reps: int) -> None:
        from scipy.spatial import cKDTree

        places, at = np.unique(np.column_stack([north, east]), axis=0, return_inverse=True)
        at = at.reshape(-1)
        self.north, self.east = places[:, 0], places[:, 1]
        self.size = np.bincount(at, minlength=len(places))
        self.rep = rep[np.argsort(at, kind="stable")]
        self.start = np.cumsum(self.size) - self.size
        self.tree = cKDTree(_on_sphere(self.north, self.east))
        self.reps = reps

    def nearest(self, account: NDArray[np.int64], north: Floats, east: Floats, k: int) -> Keys:
        """Keys (account x reps + rep) of the ``k`` nearest reps of each account, in order."""
        points = _on_sphere(north, east)
        found: list[Keys] = []
        left, look = np.arange(len(account)), min(k + MORE, len(self.size))
        while len(left):
            keys, left = self._among(account, points, north, east, left, look, k)
            found.append(keys)
            look = min(4 * look, len(self.size))
        return found[0] if len(found) == 1 else _each_once(found)

    def _among(
        self,
        account: NDArray[np.int64],
        points: Floats,
        north: Floats,
        east: Floats,
        asked: NDArray[np.int64],
        look: int,
        k: int,
    ) -> tuple[Keys, NDArray[np.int64]]:
        """Keys for the accounts that ``look`` sites settle, and the accounts they do not settle."""
        site = self.tree.query(points[asked], k=np.arange(1, look + 1), workers=-1)[1]
        far = _millimetres(north[asked, None], east[asked, None], self.north[site], self.east[site])
        order = np.argsort(far, axis=1, kind="stable")
        site, far = np.take_along_axis(site, order, 1), np.take_along_axis(far, order, 1)
        reach = np.cumsum(self.size[site], axis=1)
        edge = np.minimum((reach < k).sum(axis=1), look - 1)
        last = np.take_along_axis(far, edge[:, None], 1)
        settled = np.full(len(asked), True)
        if look < len(self.size):
            settled = far[:, -1] > last[:, 0] + 2  # a site not seen may be nearer by rounding only
        used = (far <= last) & settled[:, None]
        row, col = np.nonzero(used)
        size = self.size[site[row, col]]
        step = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        rep = self.rep[np.repeat(self.start[site[row, col]], size) + step]
        owner_row, distance = np.repeat(row, size), np.repeat(far[row, col], size)
        count = np.bincount(owner_row, minlength=len(asked))
        if (count > k).any():
            best = np.lexsort((rep, distance, owner_row))
            rank = np.arange(len(best)) - (np.cumsum(count) - count)[owner_row[best]]
            best = best[rank < k]
            owner_row, rep = owner_row[best], rep[best]
        keys = account[asked[owner_row]] * self.reps + rep
        count = np.bincount(owner_row, minlength=len(asked))
        if (count == count[0]).all():  # rows of one length sort fast
            keys = np.sort(keys.reshape(len(asked), -1), axis=1).reshape(-1)
        else:
            keys = np.sort(keys)
        return keys, asked[~settled]


def _millimetres(
    north_a: ArrayLike, east_a: ArrayLike, north_b: ArrayLike, east_b: ArrayLike
) -> NDArray[np.int64]:
    return np.rint(great_circle_km(north_a, east_a, north_b, east_b) * 1e6).astype(np.int64)
