"""A frontier as a value: its goals, its points, and the lines that nothing can cross."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from optiterr.plan import read_file
from optiterr.solution import Status


class _Value(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False
    )


class Goal(_Value):
    """One axis of a frontier: the terms of some priced rules, added up."""

    name: str = Field(description="the rules as they were asked for, such as travel+moves")
    rules: tuple[str, ...] = Field(description="rules whose terms are added up")


class Line(_Value):
    """What row prices prove of one goal at any ceilings on the others.

    No plan that keeps every hard rule and has at most ``e`` of each other goal has less of ``goal``
    than ``bound + sum of multiplier * (ceiling - e)``. It holds for every ``e``, not only at the
    ceilings at which the prices were found.
    """

    goal: str = Field(description="goal that the line bounds from below")
    ceilings: dict[str, float] = Field(description="ceilings at which the prices were found")
    multipliers: dict[str, float] = Field(description="worth of one unit more of each ceiling")
    bound: float = Field(description="least of the goal at the ceilings, proved by the prices")
    prices: dict[str, tuple[float, ...]] = Field(description="row prices by block: the proof")

    def at(self, most: Mapping[str, float]) -> float:
        """Least of the goal when the others are at most ``most``; other entries do not matter."""
        return self.bound + sum(
            worth * (self.ceilings[name] - most[name])
            for name, worth in self.multipliers.items()
            if worth > 0
        )


class Point(_Value):
    """One plan of a frontier: what it costs by goal, and how well that is proved.

    ``bound`` is what the lines prove of the last goal for every plan with no more of the others
    than this one. ``gap`` is relative to the value, ``gap_of_range`` to what the goal ranges over.
    """

    values: dict[str, float] = Field(description="value by goal, recounted from the tables")
    terms: dict[str, float] = Field(description="cost by rule, recounted from the tables")
    moves: int = Field(description="accounts of reps who stay that go to another rep, or nobody")
    ceilings: dict[str, float] = Field({}, description="ceilings under which it was found")
    status: Status = Field(description="how the search ended, by the solver's word")
    bound: float = Field(description="no plan with as little of the others has less: proved")
    gap: float | None = Field(description="(value - bound) / |value|; none at value 0 with a gap")
    gap_of_range: float | None = Field(
        description="(value - bound) / range of the last goal; none without a range"
    )
    seconds: float = Field(description="seconds that it took")
    assignment: dict[str, str] = Field(description="rep id by account id")
    open: tuple[str, ...] = Field((), description="accounts that stay open")


class Dropped(_Value):
    """Searches that gave no point of the frontier."""

    dominated: int = Field(0, description="points that another one beats at every goal")
    repeated: int = Field(0, description="points with the same values as another one")
    without: int = Field(0, description="ceilings under which no plan was found")
    known: int = Field(0, description="ceilings not searched: a point found before answers them")


class Frontier(_Value):
    """Plans between which one goal can only be bettered at the cost of another.

    The last goal is minimised under ceilings on those before it; ``points`` are ordered by the
    first goal. ``payoff`` has a row for each goal: the values of the plan that is best at that goal
    first. ``nadir`` is the worst value over the payoff rows: exact for two goals, for more the
    usual estimate. ``knee`` is the place of the point with the least sum of goals, each scaled to 0
    at its ideal and 1 at its nadir: for two goals the one farthest below the straight line between
    the ends. There is none when no point lies below that line. ``volume`` is the share of the
    rectangle between ideal and nadir that the points dominate, for two goals.
    """

    schema_version: Literal[1] = Field(1, alias="schema", description="version of this format")
    kind: Literal["frontier"] = Field("frontier", description="what this file holds")
    name: str = Field(description="name of the scenario")
    title: str = Field("", description="title of the scenario")
    status: Status = Field(description="optimal when every point is, by the solver's word")
    goals: tuple[Goal, ...] = Field(description="the goals; the last one is minimised")
    points: tuple[Point, ...] = Field(description="plans that none of the others dominates")
    today: Point | None = Field(None, description="today's books, when they keep every hard rule")
    payoff: tuple[dict[str, float], ...] = Field(description="values when each goal comes first")
    ideal: dict[str, float] = Field(description="least value found of each goal")
    nadir: dict[str, float] = Field(description="worst value of each goal in the payoff rows")
    lines: tuple[Line, ...] = Field(description="what is proved: the outer envelope")
    knee: int | None = Field(None, description="place of the knee among the points")
    volume: float | None = Field(None, description="share of ideal to nadir that is dominated")
    sentences: tuple[str, ...] = Field((), description="what the points say, in words")
    dropped: Dropped = Field(description="searches that gave no point")
    gap_asked: float = Field(description="gap at which a search may stop")
    seconds: float = Field(description="seconds that all took")
    solver: str = Field("", description="solver that searched")
    digest: str = Field(description="SHA-256 of the compiled model")
    fingerprint: str = Field(description="SHA-256 of the scenario")
    scenario: dict[str, Any] = Field(description="the scenario with every default written out")
    folder: str = Field("", description="folder of the scenario's data, seen from this file")
    data: dict[str, str] = Field(default_factory=dict, description="SHA-256 of each table file")
    versions: dict[str, str] = Field(default_factory=dict, description="software that took part")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the goals."""
        return tuple(goal.name for goal in self.goals)

    @property
    def widest_gap(self) -> float | None:
        """The largest gap of any point; None when a point has none."""
        gaps = [point.gap for point in self.points]
        return (
            max((gap for gap in gaps if gap is not None), default=0.0) if all_known(gaps) else None
        )

    def least(self, goal: str, most: Mapping[str, float]) -> float:
        """What the lines prove of ``goal`` for plans with at most ``most`` of every other goal."""
        return max(
            (line.at(most) for line in self.lines if line.goal == goal), default=float("-inf")
        )

    def to_json(self) -> str:
        """The frontier as JSON text; numbers round-trip exactly."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=1, ensure_ascii=False)

    @classmethod
    def read(cls, path: Path) -> Frontier:
        """The frontier in file ``path``; DataError when it is not one."""
        return read_file(cls, path, "frontier.json")


def all_known(numbers: list[float | None]) -> bool:
    """Whether none is missing."""
    return all(number is not None for number in numbers)
