"""What a robust plan is asked of: futures drawn or given, and words that must be known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict, cast, get_args

from optiterr.engine import read
from optiterr.errors import Fault, SpecError, meant
from optiterr.futures.sampling import futures_of
from optiterr.futures.spec import FuturesSpec, read_futures
from optiterr.outputs.plan_tables import measures_of
from optiterr.plan import seen_from
from optiterr.problem import COUNT, Problem
from optiterr.robust.record import TODAY, Aim, Case, HardIn, RobustPlan, Source
from optiterr.scenario.loading import Scenario

FILE = "robust.json"
"""What the record of a robust plan is written to."""


class Asked(TypedDict):
    """Arguments of :func:`optiterr.robust.planning.robust`."""

    futures: Mapping[str, Problem]
    minimise: Aim
    hard_in: HardIn
    sampled: FuturesSpec | None
    source: Source


def asked(
    scenario: Scenario,
    problem: Problem,
    cases: Mapping[str, Scenario],
    spec: Path | None,
    month: int,
    draws: int,
    minimise: str,
    hard_in: str,
) -> Asked:
    """Today, ``draws`` futures drawn at ``month`` (by the file ``spec``), and the ``cases``.

    The cases need the scenario's rules. SpecError with every word that is not known, and where
    every future drawn is as today.
    """
    faults = [
        Fault(
            option, f"{word!r} is none of them", meant(word, known, f"one of: {', '.join(known)}")
        )
        for option, word, known in (
            ("--minimise", minimise, get_args(Aim)),
            ("--hard-in", hard_in, get_args(HardIn)),
        )
        if word not in known
    ]
    faults += [
        Fault(f"case {name!r}", "has other rules", "change only data: measures of the accounts")
        for name, one in cases.items()
        if one.rules != scenario.rules
    ]
    if faults:
        raise SpecError.of(faults)
    drawn = read_futures(spec)
    further = {name: read(one) for name, one in cases.items()}
    source = Source(
        scenario=scenario.to_dict(),
        data=dict(problem.hashes),
        draws=draws,
        month=month,
        cases={
            name: Case(scenario=one.to_dict(), data=dict(further[name].hashes))
            for name, one in cases.items()
        },
    )
    futures = futures_from(source, scenario, problem, further, drawn)
    if draws and all(
        _is_today(one, problem) for name, one in futures.items() if name not in further
    ):
        what = "nothing happens in the futures drawn: each of them is today"
        fix = "say what may happen in a file: growth_sd, churn and so on; or take --futures 0"
        raise SpecError("--spec", what, fix)
    return Asked(
        futures=futures,
        minimise=cast("Aim", minimise),
        hard_in=cast("HardIn", hard_in),
        sampled=drawn if draws else None,
        source=source,
    )


def _is_today(future: Problem, problem: Problem) -> bool:
    """Whether nothing has changed: no measure, and no account or rep has left."""
    accounts = future.accounts[list(problem.accounts)].equals(problem.accounts)
    reps = future.reps[list(problem.reps)].equals(problem.reps)
    stay = COUNT not in future.accounts or bool((future.accounts[COUNT] == 1).all())
    return accounts and reps and stay


def futures_from(
    source: Source,
    scenario: Scenario,
    problem: Problem,
    cases: Mapping[str, Problem],
    drawn: FuturesSpec | None,
) -> dict[str, Problem]:
    """Today, the futures drawn as ``source`` says, and the ``cases``: the same each time."""
    futures = {TODAY: problem}
    if source.draws:
        measures = measures_of(problem, scenario.rules)
        spec = drawn or FuturesSpec()
        futures |= futures_of(problem, spec, measures, source.month, source.draws)
    return futures | dict(cases)


def placed(
    record: RobustPlan, scenario: Scenario, cases: Mapping[str, Scenario], folder: Path
) -> RobustPlan:
    """The record with the ways to all data from ``folder``, where it is to be written."""
    if record.source is None:
        return record
    file = folder / FILE
    ways = {
        name: record.source.cases[name].model_copy(update={"folder": seen_from(file, one.folder)})
        for name, one in cases.items()
    }
    changes = {"folder": seen_from(file, scenario.folder), "cases": ways}
    return record.model_copy(update={"source": record.source.model_copy(update=changes)})
