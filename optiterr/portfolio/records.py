"""The portfolio as a value: what each plan costs, and where any two of them differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from optiterr.plan import Plan, read_file
from optiterr.solution import Status


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Member(_Value):
    """One plan of a portfolio, recounted from the tables."""

    name: str = Field(description="plan-1 is the best plan; the others follow as they were found")
    cost: float = Field(description="cost of the plan, recounted")
    above_best: float | None = Field(description="(cost - cost of plan-1) / |cost of plan-1|")
    gap_proved: float | None = Field(
        description="(cost - bound) / |cost|, against the bound on every plan of the scenario"
    )
    terms: dict[str, float] = Field(description="cost by rule")
    difference: float | None = Field(
        description="least difference from the plans before it, in what the portfolio counts"
    )
    difference_proved: float | None = Field(
        description="no plan near the best differs by more from all plans before it: proved"
    )
    status: Status | None = Field(
        description="optimal where the solver says that none differs by more; none for plan-1"
    )
    prices: dict[str, tuple[float, ...]] = Field(
        default_factory=dict, description="row prices by block that prove difference_proved"
    )


class Portfolio(_Value):
    """Plans within a share of the best cost that differ from each other as much as they can.

    Each plan after the first has the largest least difference from all plans before it that was
    found, and is the cheapest found of those that differ as much.
    """

    schema_version: Literal[1] = Field(1, alias="schema", description="version of this format")
    kind: Literal["portfolio"] = Field("portfolio", description="what this file holds")
    name: str = Field(description="name of the scenario")
    title: str = Field("", description="title of the scenario")
    asked: int = Field(0, description="plans that were asked for; 0 in earlier files")
    within: float = Field(description="share above the best cost that a plan may cost")
    by: str = Field(description="what is counted where plans differ: accounts, or a measure")
    whole: float = Field(description="what it adds up to over all accounts")
    ceiling: float | None = Field(description="most that a plan of the portfolio may cost")
    members: tuple[Member, ...] = Field(description="the plans; empty when there is none")
    accounts: tuple[tuple[int, ...], ...] = Field(
        description="accounts that two plans give to different reps, a row and a column for each"
    )
    amounts: tuple[tuple[float, ...], ...] = Field(
        description="what those accounts add up to in the measure that is counted"
    )
    words: tuple[str, ...] = Field(description="what to know of the portfolio, in sentences")
    digest: str = Field(description="SHA-256 of the compiled model")
    fingerprint: str = Field(description="SHA-256 of the scenario")
    plans: tuple[Plan, ...] = Field(
        (), exclude=True, description="the plans in full; files of their own, not in this one"
    )

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False
    )

    def to_json(self) -> str:
        """The portfolio as JSON text, its plans aside; numbers round-trip exactly."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=1, ensure_ascii=False)

    @classmethod
    def read(cls, path: Path) -> Portfolio:
        """The portfolio in file ``path``; DataError when it is not one."""
        return read_file(cls, path, "portfolio.json")
