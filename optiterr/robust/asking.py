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
from optiterr.problem import Problem
from optiterr.robust.planning import TODAY
from optiterr.robust.record import Aim, HardIn
from optiterr.scenario.loading import Scenario


class Asked(TypedDict):
    """Arguments of :func:`optiterr.robust.planning.robust`."""

    futures: Mapping[str, Problem]
    minimise: Aim
    hard_in: HardIn
    sampled: FuturesSpec | None


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

    The cases need the scenario's rules. SpecError with every word that is not known.
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
    measures = measures_of(problem, scenario.rules)
    futures = {TODAY: problem}
    if draws:
        futures |= futures_of(problem, drawn, measures, month, draws)
    futures |= {name: read(one) for name, one in cases.items()}
    return Asked(
        futures=futures,
        minimise=cast("Aim", minimise),
        hard_in=cast("HardIn", hard_in),
        sampled=drawn if draws else None,
    )
