"""What a rule says about a finished plan: where, how much, in words."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Weight(StrEnum):
    """What a finding means for the plan."""

    BREACH = "breach"  # a hard rule is broken: the plan is not valid
    PRICED = "priced"  # a price is paid: amount x price is booked under the rule
    NOTE = "note"  # worth knowing, costs nothing


class Finding(BaseModel):
    """One thing that a rule found in a plan.

    A rule's priced findings, summed and multiplied by its price, are its term of the cost.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str = Field(description="name of the rule in the scenario")
    weight: Weight = Field(description="breach, priced, or note")
    where: str = Field(description="the account, rep or group it is about, or 'all'")
    amount: float = Field(description="how much, in the unit that the rule's price counts")
    unit: str = Field("", description="the unit of the amount")
    message: str = Field(description="the finding in words")
