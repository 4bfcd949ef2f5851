"""The plan: what we recounted ourselves about an assignment, in one file that can be re-checked."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from optiterr.errors import DataError, Fault
from optiterr.findings import Finding
from optiterr.solution import Status

Kind = TypeVar("Kind", bound=BaseModel)


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PairCount(_Value):
    """How much of the full problem was looked at."""

    considered: int = Field(description="candidate pairs that the solver could pick")
    possible: int = Field(description="pairs that the rules allow in all")
    proved: Literal["all", "considered"] = Field(
        "all", description="whether the proved bound covers all possible pairs or only candidates"
    )


class SolverReport(_Value):
    """Who solved, how it ended in the solver's own words, and how long each phase took."""

    name: str = Field(description="solver that produced the plan")
    version: str = Field("", description="its version")
    prices_from: str = Field("", description="where the row prices of the proof came from")
    why: str = Field("", description="why this solver was chosen, when it was chosen for you")
    message: str = Field("", description="the solver's own closing words")
    seconds: dict[str, float] = Field(default_factory=dict, description="seconds by phase")
    seed: int = Field(0, description="seed of everything random")
    threads: int = Field(1, description="threads that the solver could use")

    @property
    def spent(self) -> float:
        """Seconds of all phases together; those named ``solver …`` are parts of ``solve``."""
        return sum(one for name, one in self.seconds.items() if not name.startswith("solver "))


class Step(_Value):
    """One line of the improvement log."""

    seconds: float = Field(description="seconds since the solver began")
    incumbent: float | None = Field(None, description="cost of the best plan so far")
    bound: float | None = Field(None, description="the solver's bound so far")
    phase: str = Field("", description="what the solver worked on, where it says so")


class Gap(_Value):
    """Where the difference between cost and proved bound sits (identity checked at 1e-7)."""

    regret: float = Field(description="sum of the accounts' regrets at the prices")
    residual: float = Field(description="sum of the rows' Fenchel-Young residuals")
    rounding: float = Field(description="taken off the bound to cover rounding")
    worst_accounts: dict[str, float] = Field(description="accounts with the largest regrets")
    worst_rows: dict[str, float] = Field(description="rows with the largest residuals")


class Whole(_Value):
    """Why the bound is above that of the prices alone: no rep can serve a part of an account.

    Each account pays the rep who serves it ``stakes`` above its cheapest reduced cost at the
    prices; then each rep loses at least ``losses``, whichever accounts it serves. The proof looks
    at ``sets`` sets of accounts and ``nodes`` nodes of branch and bound for each rep, and can be
    repeated without a solver.
    """

    lift: float = Field(description="how far the bound is above that of the prices")
    sets: int = Field(gt=0, description="sets of accounts looked at for each rep, at most")
    nodes: int = Field(0, ge=0, description="nodes looked at for each rep, at most")
    losses: dict[str, float] = Field(description="what each rep loses in any plan, where anything")
    stakes: dict[str, float] = Field(description="payment by account: with the prices, the proof")


class Place(_Value):
    """Whether an account is with a rep."""

    account: str = Field(description="account id")
    rep: str = Field(description="rep id")
    served: bool = Field(description="whether that rep serves the account in this case")


class Told(_Value):
    """One of the cases that cover all plans: where everything in ``where`` holds, no plan costs
    less than ``bound``.

    By ``prices``, and by ``whole`` where given, over the pairs that ``where`` leaves. The weakest
    case proves the bound of the plan.
    """

    where: tuple[Place, ...] = Field(description="what the plans of this case have in common")
    bound: float = Field(description="no plan of this case costs less")
    prices: dict[str, tuple[float, ...]] = Field(description="row prices by block: the proof")
    whole: Whole | None = Field(None, description="what whole accounts add; none where nothing")


class Level(_Value):
    """One level of the priorities: the terms that it minimises, and how well that is proved.

    Later levels keep ``value`` below ``most``. ``prices`` prove ``bound_proved`` on the model of
    this level, in which the levels before it stay below their ``most``.
    """

    rules: tuple[str, ...] = Field(description="rules whose terms this level adds up")
    value: float = Field(description="least that was found, with the levels before it kept")
    final: float = Field(description="what the terms add up to in this plan, recounted")
    most: float = Field(description="most that later levels may let them add up to")
    bound_proved: float = Field(description="no plan that keeps the levels before has less")
    bound_claimed: float | None = Field(None, description="the solver's own bound")
    gap_proved: float | None = Field(None, description="(value - bound_proved) / |value|")
    status: Status = Field(description="how the search at this level ended")
    prices: dict[str, tuple[float, ...]] = Field(description="row prices by block: the proof")


class Plan(_Value):
    """An assignment with everything that was recounted about it from the raw tables.

    ``assignment`` is empty exactly when the status has no plan. ``bound_claimed`` is the solver's
    word; ``bound_proved`` and ``gap_proved`` follow from ``prices`` and ``whole``, or from
    ``cases``, and can be recomputed from this file and the tables without a solver. ``status`` is
    the solver's answer over the pairs that it considered.
    """

    schema_version: Literal[1] = Field(1, alias="schema", description="version of this format")
    status: Status = Field(description="how the search for a plan ended")
    name: str = Field(description="name of the scenario")
    title: str = Field("", description="title of the scenario")
    cost: float | None = Field(None, description="cost of the plan, recounted")
    bound_proved: float | None = Field(
        None, description="no plan costs less: proved by prices, whole accounts and cases, if given"
    )
    bound_claimed: float | None = Field(None, description="the solver's own bound, not re-checked")
    gap_proved: float | None = Field(
        None, description="(cost - bound_proved) / |cost|; none for a plan of cost 0 with a gap"
    )
    gap_improvement: float | None = Field(
        None, description="(cost - bound_proved) / (cost of today's books - bound_proved)"
    )
    gap: Gap | None = Field(None, description="where the gap sits")
    whole: Whole | None = Field(
        None, description="what whole accounts add to the bound of the prices; none where nothing"
    )
    cases: tuple[Told, ...] = Field(
        (), description="cases that cover all plans, where they prove more; none where they do not"
    )
    levels: tuple[Level, ...] = Field(
        (), description="priorities in their order; cost and bounds speak of all terms together"
    )
    terms: dict[str, float] = Field(default_factory=dict, description="cost by rule")
    findings: tuple[Finding, ...] = Field((), description="what each rule found in the plan")
    blocking: tuple[Finding, ...] = Field((), description="why there is no plan, where known")
    assignment: dict[str, str] = Field(default_factory=dict, description="rep id by account id")
    reps: tuple[str, ...] = Field((), description="rep ids in the order of rows that reps have")
    open: tuple[str, ...] = Field((), description="accounts that stay open: nobody serves them")
    pairs: PairCount = Field(description="how many pairs were looked at")
    solver: SolverReport = Field(description="who solved, and how it went")
    log: tuple[Step, ...] = Field((), description="improvements in the order of time")
    prices: dict[str, tuple[float, ...]] = Field(
        default_factory=dict, description="row prices by block: the proof of the bound"
    )
    digest: str = Field("", description="SHA-256 of the compiled model")
    fingerprint: str = Field(description="SHA-256 of the scenario")
    scenario: dict[str, Any] = Field(description="the scenario with every default written out")
    folder: str = Field("", description="folder of the scenario's data, seen from this file")
    data: dict[str, str] = Field(default_factory=dict, description="SHA-256 of each table file")
    versions: dict[str, str] = Field(default_factory=dict, description="software that took part")

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False
    )

    @property
    def has_plan(self) -> bool:
        """Whether there is an assignment."""
        return self.status.has_plan

    def to_json(self) -> str:
        """The plan as JSON text; numbers round-trip exactly."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=1, ensure_ascii=False)

    @classmethod
    def read(cls, path: Path) -> Plan:
        """The plan in file ``path``; DataError when it is not one."""
        return read_file(cls, path, "plan.json")


def seen_from(path: Path, folder: Path) -> str:
    """The way to ``folder`` from the folder of the file ``path``; DataError where there is none."""
    try:
        way = os.path.relpath(folder.resolve(), path.parent.resolve())
    except ValueError as error:  # another drive on Windows
        raise DataError(
            str(path),
            "lies on another drive than the data",
            "choose a folder on the drive of the scenario",
        ) from error
    return Path(way).as_posix()


def read_file(kind: type[Kind], path: Path, name: str) -> Kind:
    """The value of ``kind`` in the JSON file ``path``; DataError when it is not one.

    ``name`` is what such a file is called, for the fix.
    """
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(str(path), f"cannot be read: {error}", f"name a {name} file") from error
    except ValidationError as error:
        raise DataError.of(
            Fault(
                f"{path}, {'.'.join(map(str, fault['loc'])) or 'top level'}",
                fault["msg"],
                f"use the {name} as optiterr wrote it",
            )
            for fault in error.errors()
        ) from error
