"""What a rule says about a finished plan: where, how much, in words."""

from __future__ import annotations

from collections.abc import Iterable
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


def written(number: float) -> str:
    """``number`` as people write it: thousands apart, two decimals at most, small ones kept."""
    if number != 0 and abs(number) < 0.1:
        return f"{number:.2g}"
    text = f"{number + 0.0:,.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def counted(number: int, noun: str) -> str:
    """``number`` of a thing, in the plural where there is not just one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: Iterable[object], most: int = 5) -> str:
    """The first few ``names`` and how many more there are."""
    every = [str(name) for name in names]
    rest = len(every) - most
    return ", ".join(every[:most]) + (f" and {rest:,} more" if rest > 0 else "")
