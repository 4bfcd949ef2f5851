"""The ladder as a value: its rungs, what each costs and misses, and how near the best it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from optiterr.findings import Finding
from optiterr.plan import read_file
from optiterr.solution import Status

Why = Literal["moved", "forced", "new", "opened", "not allowed", "joined"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Move(_Value):
    """One account that goes to another rep."""

    account: str = Field(description="id of the account")
    from_rep: str | None = Field(description="who owns it today; none where nobody does")
    to_rep: str | None = Field(description="who serves it in the plan; none where it stays open")
    why: Why = Field(
        description="moved: the plan wants it; forced: its owner leaves; new: nobody owned it; "
        "opened: nobody serves it any more; not allowed: rules forbid the owner of today; joined: "
        "rules keep it with accounts that others own today"
    )


class Certified(_Value):
    """How a rung stands against the best plan with as many moves.

    Accounts of rung 0 are free to go to any rep in that plan, and do not count. The bound follows
    from ``prices`` over all pairs that the rules allow, on the model that counts moves.
    """

    moves: int = Field(description="accounts that may move in that plan, those of rung 0 aside")
    status: Status = Field(description="how the search for that plan ended")
    best_found: float | None = Field(
        None, description="cost of the best plan found that keeps every hard rule, recounted"
    )
    best_bound_proved: float | None = Field(
        None, description="no plan with so few moves that keeps every hard rule costs less: proved"
    )
    gap_found: float | None = Field(
        None,
        description="(cost of the rung - best_found) / |cost|; none where the rung breaks rules",
    )
    gap_proved: float | None = Field(
        None,
        description="(cost of the rung - best_bound_proved) / |cost|; none where it breaks rules",
    )
    share_proved: float | None = Field(
        None,
        description="at least this share of what so many moves can save of the cost of rung 0 is "
        "saved; none where the rung breaks rules",
    )
    blocking: tuple[Finding, ...] = Field(
        (), description="what proves that no plan with so few moves keeps every hard rule"
    )
    prices: dict[str, tuple[float, ...]] = Field(description="row prices by block: the proof")


class Rung(_Value):
    """The books after all moves up to this rung."""

    rung: int = Field(description="number of the rung; 0 holds the moves that every plan makes")
    moves: tuple[Move, ...] = Field(description="accounts that move at this rung, all at once")
    moved: int = Field(description="accounts that have moved so far")
    cost: float = Field(description="cost of the books after this rung; hard rules cost nothing")
    terms: dict[str, float] = Field(description="cost by rule")
    breaches: tuple[Finding, ...] = Field(description="hard rules that these books break")
    share: float | None = Field(
        description="share of the improvement of the whole plan that is reached; none where the "
        "plan costs no less than rung 0"
    )
    certified: Certified | None = Field(None, description="against the best with as many moves")


class Ladder(_Value):
    """Moves from today's books to a plan in an order in which one can stop after any of them."""

    schema_version: Literal[1] = Field(1, alias="schema", description="version of this format")
    kind: Literal["ladder"] = Field("ladder", description="what this file holds")
    name: str = Field(description="name of the scenario")
    title: str = Field("", description="title of the scenario")
    order: Literal["exact", "greedy"] = Field(
        description="exact: no other order has rungs that break rules less and then cost less, in "
        "sum; greedy: the best of two greedy orders, improved"
    )
    rungs: tuple[Rung, ...] = Field(description="rung 0 first; the last one is the plan")
    words: tuple[str, ...] = Field(description="what to know of the ladder, in sentences")
    digest: str = Field(description="SHA-256 of the compiled model")
    fingerprint: str = Field(description="SHA-256 of the scenario")
    scenario: dict[str, Any] = Field(
        default_factory=dict, description="the scenario with every default written out"
    )
    folder: str = Field("", description="folder of the scenario's data, seen from this file")
    data: dict[str, str] = Field(default_factory=dict, description="SHA-256 of each table file")

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False
    )

    def to_json(self) -> str:
        """The ladder as JSON text; numbers round-trip exactly."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=1, ensure_ascii=False)

    @classmethod
    def read(cls, path: Path) -> Ladder:
        """The ladder in file ``path``; DataError when it is not one."""
        return read_file(cls, path, "ladder.json")
