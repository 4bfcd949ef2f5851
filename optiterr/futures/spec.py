"""What may happen after a plan: growth, churn, attrition and late ramps, as numbers a year."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from optiterr.errors import Fault, SpecError, meant
from optiterr.filters import Filter
from optiterr.problem import COUNT, Problem
from optiterr.scenario.checking import check
from optiterr.scenario.layers import NOTHING, layer
from optiterr.scenario.tree import Faults, from_python
from optiterr.scenario.yamltext import read_file

BAND = 0.15
"""Band of a balance rule that has none of its own, as a share of the target: common practice."""

Growth = Annotated[float, Field(gt=-1, le=10)]
Spread = Annotated[float, Field(ge=0, le=10)]
Share = Annotated[float, Field(ge=0, lt=1)]
Months = Annotated[int, Field(ge=1, le=120)]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SegmentRates(_Spec):
    """Rates of the accounts of one segment; what is left out is as for all accounts."""

    growth: Growth | None = Field(None, description="mean growth a year as a share: 0.05 is 5 %")
    growth_sd: Spread | None = Field(
        None, description="standard deviation of one account's growth over a year"
    )
    churn: Share | None = Field(None, description="share of accounts that leave within a year")


class FuturesSpec(_Spec):
    """Growth, churn, attrition and late ramps to draw futures from.

    Measures of an account follow a geometric Brownian path: over a year they grow by ``growth`` on
    average, with standard deviation ``growth_sd``. An account that leaves counts nothing from then
    on. The accounts of a rep who leaves are nobody's, and the rep's capacity and fair part are
    gone. New accounts are left out: put what they bring into growth.
    """

    growth: Growth = Field(0.0, description="mean growth a year as a share: 0.05 is 5 %")
    growth_sd: Spread = Field(
        0.0, description="standard deviation of one account's growth over a year"
    )
    churn: Share = Field(0.0, description="share of accounts that leave within a year")
    attrition: Share = Field(0.0, description="share of reps who leave within a year")
    segment: str | None = Field(
        None,
        min_length=1,
        description="account column: accounts of one value share rates and luck",
    )
    by_segment: dict[str, SegmentRates] = Field(
        default_factory=dict, description="rates by value of the segment column"
    )
    together: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the variance of growth that all accounts of a segment have in "
        "common; without a segment column all accounts are one",
    )
    grows: tuple[str, ...] | None = Field(
        None, description="measures that grow; without it all but the number of accounts"
    )
    ramping: Filter | None = Field(
        None, description="reps who are not at full capacity yet, such as {status: placeholder}"
    )
    ramp_slip: float = Field(
        0.0, ge=0, le=120, description="months from now until ramping reps reach their capacity"
    )
    late_share: float = Field(
        0.0, ge=0, le=1, description="share of their capacity that ramping reps have until then"
    )
    band: float | None = Field(
        None,
        ge=0,
        le=10,
        description="share of its target that a load may be off under balance rules; without it "
        f"each rule's own band, and {BAND:g} where a rule has none",
    )
    months: tuple[Months, ...] = Field(
        (3, 6, 12), min_length=1, max_length=24, description="months from now to look at"
    )
    draws: int = Field(1000, ge=1, le=1_000_000, description="futures to draw")
    seed: int = Field(7, ge=0, lt=2**31, description="seed of everything random")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.by_segment and self.segment is None:
            raise ValueError("by_segment needs segment: the account column with those values")
        if (self.ramping is None) != (self.ramp_slip == 0):
            raise ValueError("ramping says which reps are late, ramp_slip by how much: write both")
        if list(self.months) != sorted(set(self.months)):
            raise ValueError("months rise, each once")
        return self

    def has_grown(self, measure: str) -> bool:
        """Whether ``measure`` grows; an account that leaves takes all measures with it."""
        return measure != COUNT if self.grows is None else measure in self.grows

    def ensure_columns(self, problem: Problem) -> None:
        """SpecError with every column named here that the tables of ``problem`` do not have."""
        asked = [] if self.segment is None else [("segment", problem.accounts, self.segment)]
        if self.ramping is not None:
            names = [column.name for column in self.ramping.columns("reps")]
            asked += [("ramping", problem.reps, name) for name in names]
        faults = [
            Fault(
                f"futures, {field}",
                f"there is no column {name!r}",
                meant(name, map(str, frame), f"one of: {', '.join(map(str, frame))}"),
            )
            for field, frame, name in asked
            if name not in frame
        ]
        if faults:
            raise SpecError.of(faults)


def read_futures(path: Path | None, changes: Mapping[str, Any] | None = None) -> FuturesSpec:
    """The futures in the YAML file at ``path`` (without one: all defaults), ``changes`` on top.

    Changes that are None change nothing. SpecError with every fault.
    """
    faults = Faults()
    tree = NOTHING if path is None else read_file(path, str(path), faults)
    if not isinstance(tree.value, dict):
        raise SpecError(str(path), "holds no mapping", "write lines such as 'growth: 0.05'")
    given = {key: value for key, value in (changes or {}).items() if value is not None}
    spec = check(FuturesSpec, layer(tree, from_python(given, faults)), faults)
    faults.check()
    assert spec is not None
    return spec
