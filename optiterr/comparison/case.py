"""One column of a comparison: a scenario's plan or today's books, recounted into figures."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from optiterr.comparison.figures import Figure
from optiterr.comparison.ground import Ground
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

    rep_id: str = Field(description="the rep")
    name: str = Field(default="", description="name of the rep, where the roster has one")
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

    account_id: str = Field(description="the account")
    name: str = Field(default="", description="its name, where the data has one")
    from_rep: str | None = Field(description="today's owner, as written; None: nobody")
    from_name: str = Field(default="", description="name of that rep")
    to_rep: str | None = Field(description="rep in the plan; None: nobody")
    to_name: str = Field(default="", description="name of that rep")
    kind: Literal["moved", "forced", "new"] = Field(
        description="moved: the owner stays; forced: the owner leaves or left; new: nobody's today"
    )
    measures: dict[str, float] = Field(description="its measures by name")
    worth: float | None = Field(
        default=None,
        description="change of the plan's cost if this account alone stayed as it is today; None: "
        "not allowed, or not judged",
    )
    why: str = Field(default="", description="what speaks for the move, in words")


class Flow(_Value):
    """What goes from one rep to another, added up."""

    from_rep: str | None = Field(description="today's owner, as written; None: nobody")
    from_name: str = Field(default="", description="name of that rep")
    to_rep: str | None = Field(description="rep in the plan; None: nobody")
    to_name: str = Field(default="", description="name of that rep")
    kind: Literal["moved", "forced", "new"] = Field(description="as of moves")
    measures: dict[str, float] = Field(description="measures of the accounts, added up")


class Case(_Value):
    """One column of a comparison: a scenario's plan, or today's books judged by the same rules.

    ``values`` holds each figure that applies; a figure that does not apply is absent.
    ``today_values`` holds the same figures for today's books under this case's own rules and data,
    so that an improvement compares like with like.
    """

    name: str = Field(description="name of the case; 'today' for today's books")
    title: str = Field(default="", description="its title")
    is_today: bool = Field(default=False, description="whether it is today's books")
    status: str = Field(description="the solver's status, or 'today'")
    solver: str = Field(default="", description="solver that produced the plan")
    version: str = Field(default="", description="its version")
    why: str = Field(default="", description="why it was chosen, when it was chosen for you")
    message: str = Field(default="", description="the solver's own closing words")
    proved: Literal["all", "considered"] = Field(
        default="all", description="the pairs that the proved bound covers"
    )
    accounts: int = Field(description="accounts in the data")
    reps: int = Field(description="reps who stay")
    measures: tuple[str, ...] = Field(description="measures of every book")
    move_measures: tuple[str, ...] = Field(description="measures of every move: one per account")
    lead: str = Field(description="the measure that a short report speaks of")
    rules: tuple[RuleLine, ...] = Field(default=(), description="what the case asks for")
    figures: tuple[Figure, ...] = Field(default=(), description="what its figures mean")
    values: dict[str, float] = Field(
        default_factory=dict, description="figures by key; one that does not apply is absent"
    )
    today_values: dict[str, float] = Field(
        default_factory=dict, description="the same of today's books, judged by these rules"
    )
    today_breaches: tuple[Finding, ...] = Field(
        default=(), description="hard rules that today's books break"
    )
    findings: tuple[Finding, ...] = Field(default=(), description="what rules found in the plan")
    blocking: tuple[Finding, ...] = Field(default=(), description="why there is no plan")
    books: tuple[Book, ...] = Field(default=(), description="what each rep carries")
    moves: tuple[Move, ...] = Field(default=(), description="largest of the lead measure first")
    flows: tuple[Flow, ...] = Field(default=(), description="moves from rep to rep, added up")
    log: tuple[Step, ...] = Field(default=(), description="how the solve went")
    fingerprint: str = Field(default="", description="SHA-256 of the scenario")
    prices: str = Field(description="SHA-256 of the priced rules: the currency of the cost")
    charges: str = Field(description="SHA-256 of the priced rules and of the data they read")
    problem: str = Field(description="SHA-256 of all rules and of the data they read")
    _ground: Ground | None = PrivateAttr(default=None)

    @property
    def ground(self) -> Ground | None:
        """The tables behind the case; None when it was read from a file."""
        return self._ground

    def on(self, ground: Ground | None) -> Case:
        """The same case over other ground."""
        made = self.model_copy()
        made._ground = ground
        return made

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


def spoken(name: str) -> str:
    """A case's name as its title: swept settings in words, ``stay.max_share=0.02`` as Stay max
    share 2 %; other names as they are."""
    if "=" not in name:
        return name
    told = []
    for piece in name.split(", "):
        place, is_set, value = piece.partition("=")
        words = place.replace(".", " ").replace("_", " ").replace("-", " ")
        if is_set and place.endswith("share"):
            with suppress(ValueError):
                value = f"{float(value) * 100:.12g}\u00a0%"
        told.append(f"{words} {value}" if is_set else piece)
    text = ", ".join(told)
    return text[:1].upper() + text[1:]
