"""The plan of contacts: how often each segment is contacted on each channel, and its overrides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from optiterr.errors import DataError, Fault
from optiterr.filters import Filter
from optiterr.pairs import Floats, Mask

Word = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Amount = Annotated[float, Field(ge=0)]
FIELDS = ("contacts", "hours", "preparation", "travel")
"""What a plan says of a channel, and an override may say otherwise."""


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PlanRow(_Spec):
    """How often and how long a segment is contacted on a channel."""

    segment: Word = Field(description="the accounts' segment")
    channel: Word = Field(description="the channel, such as visit or phone")
    contacts: Amount = Field(description="contacts of an account in a year")
    hours: Amount = Field(description="hours of one contact with the account")
    preparation: Amount = Field(0.0, description="hours before and after each contact")
    travel: bool = Field(False, description="whether the rep travels to each contact")


class Override(_Spec):
    """What the plan says otherwise of one channel, for the accounts that a filter matches."""

    where: Filter = Field(description="the accounts it is for")
    channel: Word = Field(description="the channel it is for")
    contacts: Amount | None = Field(None, description="contacts of an account in a year")
    hours: Amount | None = Field(None, description="hours of one contact with the account")
    preparation: Amount | None = Field(None, description="hours before and after each contact")
    travel: bool | None = Field(None, description="whether the rep travels to each contact")
    owner: Word = Field(description="who answers for it")
    reason: Word = Field(description="why it is so")
    until: dt.date | None = Field(None, description="last day it holds; without it there is none")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if all(getattr(self, name) is None for name in FIELDS):
            raise ValueError(
                "the override changes nothing; write contacts, hours, preparation or travel"
            )
        return self

    @property
    def words(self) -> str:
        """What it is for, and whose it is."""
        return f"{self.channel} where {self.where.words()}, owner {self.owner}"


@dataclass(frozen=True, eq=False)
class ContactPlan:
    """A plan as arrays of shape (segments, channels); ``has`` tells which cells the plan has."""

    segments: pd.Index[str]
    channels: tuple[str, ...]
    has: Mask
    cells: dict[str, NDArray[Any]]

    @classmethod
    def of(cls, rows: pd.DataFrame, where: str) -> ContactPlan:
        """The plan of a table with a row for each segment and channel."""
        twice = rows[rows.duplicated(["segment", "channel"])]
        blank = rows[(rows["segment"] == "") | (rows["channel"] == "")]
        faults = [
            Fault(f"{where}, record {int(at) + 1}", what, fix)
            for wrong, what, fix in (
                (twice, "the segment has this channel already", "keep one of the two rows"),
                (blank, "the segment or the channel is empty", "write both"),
            )
            for at in wrong.index[:20]
        ]
        if not len(rows):
            faults.append(Fault(where, "the plan has no rows", "write at least one"))
        if faults:
            raise DataError.of(faults)
        segment, segments = pd.factorize(rows["segment"])
        channel, channels = pd.factorize(rows["channel"])
        shape = len(segments), len(channels)
        has = np.zeros(shape, dtype=bool)
        has[segment, channel] = True
        cells = {name: np.zeros(shape) for name in FIELDS}
        for name in FIELDS:
            cells[name][segment, channel] = rows[name].to_numpy(dtype=float)
        return cls(pd.Index(segments), tuple(map(str, channels)), has, cells)


@dataclass(frozen=True, eq=False)
class Applied:
    """An override in force, its place in the list from 1, and the accounts it matches."""

    place: int
    override: Override
    mask: Mask


@dataclass(frozen=True, eq=False)
class Spent:
    """Hours without travel and contacts with travel of each account, and the rows that are wrong.

    ``twice`` has the accounts that two overrides claim for one channel, ``lacking`` those for
    which an override changes what the plan does not have.
    """

    hours: Floats
    trips: Floats
    twice: list[tuple[Applied, Applied, Mask]]
    lacking: list[tuple[Applied, Mask]]


def spent(plan: ContactPlan, segment: NDArray[Any], applied: Iterable[Applied]) -> Spent:
    """What a plan asks of accounts, given the row of their segment in it, with overrides."""
    found = Spent(np.zeros(len(segment)), np.zeros(len(segment)), [], [])
    applied = list(applied)
    for at, channel in enumerate(plan.channels):
        cells = {name: plan.cells[name][segment, at] for name in FIELDS}
        mine = [one for one in applied if one.override.channel == channel]
        for one in mine:
            for name in FIELDS:
                if (value := getattr(one.override, name)) is not None:
                    cells[name][one.mask] = value
            if one.override.contacts is None or one.override.hours is None:
                lacking = one.mask & ~plan.has[segment, at]
                found.lacking.extend([(one, lacking)] if lacking.any() else [])
        for place, one in enumerate(mine):
            both = [(other, one, other.mask & one.mask) for other in mine[:place]]
            found.twice.extend(clash for clash in both if clash[2].any())
        found.hours[:] += cells["contacts"] * (cells["hours"] + cells["preparation"])
        found.trips[:] += cells["contacts"] * cells["travel"]
    return found
