"""What loads cost along straight lines, compiled; everything here works on plain arrays.

Imported only inside functions: the compiler takes a while to load.
"""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True, inline="always")
def charge_of(row, load, first, at, level, slope, before):
    """What ``load`` of ``row`` costs: straight lines through its points."""
    low, high = first[row], first[row + 1]
    if load <= at[low]:
        return level[low] - before[row] * (at[low] - load)
    while low + 1 < high and at[low + 1] < load:
        low += 1
    return level[low] + slope[low] * (load - at[low])


@njit(cache=True, nogil=True)
def charge_all(load, first, at, level, slope, before, charge):
    """Fills ``charge`` with what each row costs."""
    for row in range(len(load)):
        charge[row] = charge_of(row, load[row], first, at, level, slope, before)
