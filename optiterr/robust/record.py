"""The record of a robust plan: what it costs in every future, and how well that is proved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from optiterr.futures.spec import FuturesSpec
from optiterr.plan import read_file
from optiterr.solution import Status

Aim = Literal["mean", "cvar", "worst-cost", "worst-regret"]
"""What is minimised over the futures."""

HardIn = Literal["today", "all"]
"""Where hard rules hold."""

TODAY = "today"
"""The data as they are: where hard rules hold."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class InFuture(_Value):
    """One future: what the robust plan and today's best plan cost in it, recounted."""

    name: str = Field(description="name of the future")
    probability: float = Field(description="its weight; all weights add up to 1")
    cost: float | None = Field(description="what the robust plan costs there")
    nominal_cost: float = Field(description="what the plan made for today costs there")
    best: float | None = Field(
        None, description="least cost found for this future alone, which regrets are counted from"
    )
    best_proved: float | None = Field(
        None, description="no plan costs less in this future: proved by prices"
    )
    best_books: dict[str, str] = Field(
        default_factory=dict, description="rep id by account id of the plan that costs ``best``"
    )
    prices: dict[str, tuple[float, ...]] = Field(
        default_factory=dict, description="row prices by block that prove ``best_proved``"
    )

    @property
    def regret(self) -> float | None:
        """What the robust plan costs more than the best found for this future."""
        return None if self.best is None or self.cost is None else self.cost - self.best

    @property
    def nominal_regret(self) -> float | None:
        """What the plan made for today costs more than the best found for this future."""
        return None if self.best is None else self.nominal_cost - self.best


class Case(_Value):
    """A scenario whose data are one of the futures."""

    scenario: dict[str, Any] = Field(description="the scenario with every default written out")
    folder: str = Field("", description="folder of its data, seen from this file")
    data: dict[str, str] = Field(default_factory=dict, description="SHA-256 of each table file")


class Source(_Value):
    """What a robust plan was made of, so that its futures can be made again."""

    scenario: dict[str, Any] = Field(description="the scenario with every default written out")
    folder: str = Field("", description="folder of the scenario's data, seen from this file")
    data: dict[str, str] = Field(default_factory=dict, description="SHA-256 of each table file")
    draws: int = Field(0, description="futures that were drawn, beside today")
    month: int = Field(12, description="months from now at which they were drawn")
    cases: dict[str, Case] = Field(
        default_factory=dict, description="further futures: scenarios with other measures"
    )


class RobustPlan(_Value):
    """One plan for all futures, its value over them, and the bound that prices prove.

    ``bound_proved`` covers the pairs that were considered; ``status`` goes by the solver's bound.
    Costs are recounted from the tables of
    each future; broken hard rules cost nothing in futures where hard rules need not hold.
    """

    schema_version: Literal[1] = Field(1, alias="schema", description="version of this format")
    kind: Literal["robust"] = Field("robust", description="what this file holds")
    scenario: str = Field(description="name of the scenario")
    fingerprint: str = Field(description="SHA-256 of the scenario")
    status: Status = Field(description="how the search ended")
    minimise: Aim = Field(description="what was minimised over the futures")
    share: float | None = Field(
        None, description="the dearest share of the futures whose mean cost was minimised"
    )
    hard_in: HardIn = Field(description="where hard rules hold: in today's data, or in all futures")
    value: float | None = Field(None, description="what the plan reaches of what was minimised")
    bound_proved: float | None = Field(None, description="no plan has less: proved by prices")
    bound_claimed: float | None = Field(None, description="the solver's own bound, not re-checked")
    gap_proved: float | None = Field(None, description="(value - bound_proved) / |value|")
    gap_of_cost: float | None = Field(
        None, description="(value - bound_proved) / expected cost: what the gap means in costs"
    )
    nominal_value: float | None = Field(
        None, description="the same for the plan made for today alone"
    )
    nominal_keeps: bool | None = Field(
        None, description="whether that plan keeps the hard rules wherever they have to hold"
    )
    futures: tuple[InFuture, ...] = Field(description="every future")
    sampled: FuturesSpec | None = Field(
        None, description="what futures were drawn from, where they were drawn"
    )
    differs: int | None = Field(
        None, description="accounts that go to another rep than in the plan made for today"
    )
    assignment: dict[str, str] = Field(default_factory=dict, description="rep id by account id")
    nominal: dict[str, str] = Field(
        default_factory=dict, description="the plan made for today: rep id by account id"
    )
    source: Source | None = Field(
        None, description="what it was made of; none where futures were handed over in Python"
    )
    open: tuple[str, ...] = Field((), description="accounts that stay open: nobody serves them")
    prices: dict[str, tuple[float, ...]] = Field(
        default_factory=dict, description="row prices by block: the proof of the bound"
    )

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False
    )

    def to_json(self) -> str:
        """The record as JSON text; numbers round-trip exactly."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=1, ensure_ascii=False)

    @classmethod
    def read(cls, path: Path) -> RobustPlan:
        """The record in file ``path``; DataError when it is not one."""
        return read_file(cls, path, "robust.json")
