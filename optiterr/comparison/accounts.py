"""Accounts and reps over all cases, column by column, and how two plans differ account by account.

Positions stand for reps: ``NOBODY_THERE`` where nobody serves an account, ``NOT_THERE`` where the
data of a case does not have it.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

NOBODY_THERE = -1
"""Nobody serves the account."""

NOT_THERE = -2
"""The account is not in the data of the case."""

MOST_SWITCHES = 200
"""Accounts told one by one of two plans that differ; the rest is counted."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class RepLine(_Value):
    """One rep of any case."""

    rep_id: str = Field(description="the rep")
    name: str = Field(default="", description="name of the rep, where the roster has one")
    manager: str = Field(default="", description="empty when the roster names none")
    latitude: float | None = Field(default=None, description="degrees north of the base")
    longitude: float | None = Field(default=None, description="degrees east of the base")
    leaves: bool = Field(default=False, description="whether the rep leaves or has left")


class AccountTable(_Value):
    """Every account of any case with who serves it, column by column; rows are in step."""

    ids: tuple[str, ...] = Field(description="every account, once")
    names: tuple[str, ...] = Field(description="names; empty where the data has none")
    latitude: tuple[float | None, ...] = Field(description="degrees north; None: not told")
    longitude: tuple[float | None, ...] = Field(description="degrees east; None: not told")
    measures: dict[str, tuple[float | None, ...]] = Field(
        description="the lead measure and those of moves; of today's data where it has it"
    )
    today: tuple[int, ...] = Field(
        description="position in reps; -1: nobody; -2: not in today's data"
    )
    served: dict[str, tuple[int, ...]] = Field(
        description="by case: position in reps; -1: nobody; -2: not in the data of the case"
    )


class Passage(_Value):
    """Accounts that one plan gives to a rep and another plan to another, added up."""

    first_rep: str | None = Field(description="rep in the first plan; None: nobody")
    second_rep: str | None = Field(description="rep in the second plan; None: nobody")
    measures: dict[str, float] = Field(description="measures of the accounts, added up")


class Switch(_Value):
    """One account that two plans give to different reps."""

    account_id: str = Field(description="the account")
    name: str = Field(default="", description="its name, where the data has one")
    first_rep: str | None = Field(description="rep in the first plan; None: nobody")
    second_rep: str | None = Field(description="rep in the second plan; None: nobody")
    amount: float = Field(description="its lead measure")
    worth: float | None = Field(
        default=None,
        description="change of the first plan's cost, by its own rules, if this account alone went "
        "to the second plan's rep; None: not allowed, or not judged",
    )
    broken: str = Field(default="", description="why it has no worth: the hard rule it breaks")


class Difference(_Value):
    """How the plans of two cases differ, account by account."""

    first: str = Field(description="name of a case")
    second: str = Field(description="name of another")
    accounts: int = Field(description="accounts that go to different reps")
    unmatched: int = Field(default=0, description="accounts in the data of one of the two only")
    measures: dict[str, float] = Field(description="measures of the accounts that differ")
    flows: tuple[Passage, ...] = Field(description="from whom to whom, the most accounts first")
    largest: tuple[Switch, ...] = Field(
        description=f"at most {MOST_SWITCHES}: largest effect on the first plan's cost first"
    )


class Team(_Value):
    """The reps of one manager in one case, added up. Measures by name."""

    case: str = Field(description="name of the case")
    manager: str = Field(description="empty: reps for whom the roster names none")
    reps: tuple[str, ...] = Field(description="reps of the manager in the roster's order")
    before: dict[str, float] = Field(description="load of each measure today")
    after: dict[str, float] = Field(description="load of each measure in the plan")
    moves_in: dict[str, float] = Field(description="measures of accounts that come to the team")
    moves_out: dict[str, float] = Field(description="measures of accounts that leave the team")
    moves_within: dict[str, float] = Field(
        description="measures of accounts that change the rep and stay in the team"
    )
