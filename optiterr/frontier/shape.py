"""What the points of a frontier look like together: who is dominated, the knee, and what to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from optiterr.comparison.figures import show
from optiterr.findings import counted
from optiterr.frontier.values import Point

SAME = 1e-7
"""Two values of a goal count as one within this share of the larger of 1 and their size."""

MOST_OF_IT = 0.8
"""The share of an improvement that a sentence looks for."""

Values = Sequence[float]


def same(a: float, b: float) -> bool:
    """Whether two values of a goal count as one."""
    return abs(a - b) <= SAME * max(1.0, abs(a), abs(b))


def dominates(a: Values, b: Values) -> bool:
    """Whether ``a`` is nowhere worse than ``b`` and somewhere better."""
    level = [same(x, y) for x, y in zip(a, b, strict=True)]
    nowhere_worse = all(x < y or tie for x, y, tie in zip(a, b, level, strict=True))
    return nowhere_worse and not all(level)


def efficient(rows: Sequence[Values]) -> tuple[list[int], int, int]:
    """Places of the rows that none dominates, the first of each kind, in the order of their values;
    how many are dominated, and how many repeat another."""
    kept: list[int] = []
    dominated = repeated = 0
    for at, row in enumerate(rows):
        if any(dominates(other, row) for other in rows):
            dominated += 1
        elif any(all(map(same, row, rows[one])) for one in kept):
            repeated += 1
        else:
            kept.append(at)
    return sorted(kept, key=lambda at: tuple(rows[at])), dominated, repeated


def scaled(row: Values, ideal: Values, nadir: Values) -> list[float]:
    """Each goal as 0 at its ideal and 1 at its nadir; 0 for a goal without a range."""
    return [
        (value - low) / (high - low) if high > low else 0.0
        for value, low, high in zip(row, ideal, nadir, strict=True)
    ]


def knee_of(rows: Sequence[Values], ideal: Values, nadir: Values) -> int | None:
    """The place of the row with the least sum of scaled goals, when it is below every end's.

    For two goals the ends add up to 1 and the distance of a point from the straight line between
    them is ``(1 - sum) / sqrt(2)``: the knee lies farthest below it. Of equal ones the first.
    """
    sums = [sum(scaled(row, ideal, nadir)) for row in rows]
    if len(rows) < 3:
        return None
    best = min(range(len(rows)), key=lambda at: (round(sums[at], 9), at))
    ends = [at for at, row in enumerate(rows) if any(map(same, row, ideal))]
    below = best not in ends and sums[best] < min((sums[at] for at in ends), default=1.0) - SAME
    return best if below else None


def volume_of(rows: Sequence[Values], ideal: Values, nadir: Values) -> float | None:
    """The share of the rectangle between ideal and nadir that ``rows`` dominate; two goals only.

    ``rows`` rise in the first goal.
    """
    if len(ideal) != 2 or any(high <= low for low, high in zip(ideal, nadir, strict=True)):
        return None
    area, before = 0.0, 1.0
    for row in rows:
        x, y = scaled(row, ideal, nadir)
        if y < before:
            area += max(0.0, 1.0 - x) * (before - y)
            before = y
    return area


def sentences(
    points: Sequence[Point], today: Point | None, names: Sequence[str]
) -> tuple[str, ...]:
    """For each goal that moves better: the fewest moves that give most of the improvement.

    It is counted from today's books, or from the point with the fewest moves where today's books
    break a rule, to the best point. For the last of two goals it is also said how much no plan with
    as little of the first one can exceed.
    """
    if not points:
        return ()
    start = today or min(points, key=lambda one: one.moves)
    told = []
    for name in names:
        best = min(points, key=lambda one: (one.values[name], one.moves))
        whole = start.values[name] - best.values[name]
        if whole <= 0 or best.moves <= start.moves or same(best.values[name], start.values[name]):
            continue
        reach = [
            one for one in points if start.values[name] - one.values[name] >= MOST_OF_IT * whole
        ]
        few = min(reach, key=lambda one: (one.moves, one.values[name]))
        got = (start.values[name] - few.values[name]) / whole
        base = (
            "today’s books"
            if today is not None
            else f"the plan with {counted(start.moves, 'move')}"
        )
        if few is best:
            told.append(
                f"{_give(best.moves)} all that there is in {name}: from "
                f"{show(start.values[name])} in {base} down to {show(best.values[name])}."
            )
            continue
        text = (
            f"{_give(few.moves)} {show(got, 'share')} of what {_give(best.moves)} in {name}: "
            f"{show(few.values[name])}, from {show(start.values[name])} in {base} down to "
            f"{show(best.values[name])}."
        )
        if name == names[-1] and len(names) == 2:
            most = min((start.values[name] - few.bound) / whole, 1.0)
            text += (
                f" No plan that costs at most {show(few.values[names[0]])} in {names[0]} "
                f"gives more than {show(most, 'share', 'up')}: proved."
            )
        told.append(text)
    return tuple(told)


def _give(moves: int) -> str:
    return f"{counted(moves, 'move')} give{'s' if moves == 1 else ''}"


def in_order(values: Mapping[str, float], names: Sequence[str]) -> list[float]:
    """The values of the goals, in their order."""
    return [values[name] for name in names]
