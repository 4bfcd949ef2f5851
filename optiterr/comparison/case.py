"""One column of a comparison: a scenario's plan or today's books, recounted into figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from optiterr.comparison.figures import Figure
from optiterr.findings import Finding
from optiterr.plan import Step

TODAY = "today"
"""Name of the case that holds today's books."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class RuleLine(_Value):
    """A rule as a report lists it."""

    name: str = Field(description="name in the scenario")
    kind: str = Field(description="kind of rule")
    law: str = Field(description="what the rule demands, in words")
    price: float | None = Field(default=None, description="cost of a unit broken; None: hard")
    settings: dict[str, str] = Field(
        default_factory=dict, description="its other fields, where they are not the default"
    )
    written: str = Field(description="SHA-256 of the rule as written")


class Book(_Value):
    """One rep's book today and in the plan. Measures by name; limits and uses by rule."""

    rep_id: str
    name: str = ""
    leaves: bool = Field(default=False, description="whether the rep leaves or has left")
    before: dict[str, float] = Field(description="load of each measure today")
    after: dict[str, float] = Field(description="load of each measure in the plan")
    target: dict[str, float] = Field(description="target of the measures that a rule balances")
    limit: dict[str, float] = Field(description="limit by capacity rule")
    use_before: dict[str, float] = Field(description="load / limit today, by capacity rule")
    use: dict[str, float] = Field(description="load / limit in the plan, by capacity rule")
    kept: dict[str, float] = Field(description="measures of accounts that stay with the rep")
    gained: dict[str, float] = Field(description="measures of accounts that come to the rep")
    lost: dict[str, float] = Field(description="measures of accounts that leave the rep")


class Move(_Value):
    """One account whose rep changes."""

    account_id: str
    name: str = ""
    from_rep: str | None = Field(description="today's owner, as written; None: nobody")
    from_name: str = ""
    to_rep: str | None = Field(description="rep in the plan; None: nobody")
    to_name: str = ""
    kind: Literal["moved", "forced", "new"] = Field(
        description="moved: the owner stays; forced: the owner leaves or left; new: nobody's today"
    )
    measures: dict[str, float]


class Flow(_Value):
    """What goes from one rep to another, added up."""

    from_rep: str | None
    from_name: str = ""
    to_rep: str | None
    to_name: str = ""
    kind: Literal["moved", "forced", "new"]
    measures: dict[str, float]


class Case(_Value):
    """One column of a comparison: a scenario's plan, or today's books judged by the same rules.

    ``values`` holds each figure that applies; a figure that does not apply is absent.
    ``today_values`` holds the same figures for today's books under this case's own rules and data,
    so that an improvement compares like with like.
    """

    name: str
    title: str = ""
    is_today: bool = False
    status: str = Field(description="the solver's status, or 'today'")
    solver: str = ""
    version: str = ""
    why: str = ""
    message: str = ""
    proved: Literal["all", "considered"] = Field(
        default="all", description="the pairs that the proved bound covers"
    )
    accounts: int = Field(description="accounts in the data")
    reps: int = Field(description="reps who stay")
    measures: tuple[str, ...] = Field(description="measures of every book")
    move_measures: tuple[str, ...] = Field(description="measures of every move: one per account")
    lead: str = Field(description="the measure that a short report speaks of")
    rules: tuple[RuleLine, ...] = ()
    figures: tuple[Figure, ...] = ()
    values: dict[str, float] = Field(default_factory=dict)
    today_values: dict[str, float] = Field(default_factory=dict)
    today_breaches: tuple[Finding, ...] = ()
    findings: tuple[Finding, ...] = ()
    blocking: tuple[Finding, ...] = ()
    books: tuple[Book, ...] = ()
    moves: tuple[Move, ...] = Field(default=(), description="largest of the lead measure first")
    flows: tuple[Flow, ...] = ()
    log: tuple[Step, ...] = ()
    fingerprint: str = Field(default="", description="SHA-256 of the scenario")
    prices: str = Field(description="SHA-256 of the priced rules: the currency of the cost")
    charges: str = Field(description="SHA-256 of the priced rules and of the data they read")
    problem: str = Field(description="SHA-256 of all rules and of the data they read")

    @property
    def has_plan(self) -> bool:
        """Whether there are books to show."""
        return bool(self.books)

    @property
    def today_cost(self) -> float | None:
        """What this case's rules charge for today's books."""
        return self.today_values.get("cost")

    @property
    def today_terms(self) -> dict[str, float]:
        """What each of this case's rules charges for today's books."""
        return _of_family(self.today_values, "term")

    @property
    def terms(self) -> dict[str, float]:
        """What each rule charges for the plan."""
        return _of_family(self.values, "term")


def _of_family(values: Mapping[str, float], family: str) -> dict[str, float]:
    start = f"{family}:"
    return {key[len(start) :]: value for key, value in values.items() if key.startswith(start)}
